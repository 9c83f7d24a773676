/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Each kind of memory has its own way back: frame memory none, a pool block and
 * a heap block fa_free(), task memory fa_task_free(), what libc gave free(). Any
 * other function takes the block for one of its own and breaks its lists.
 */
#include <framealloc/framealloc.h>

#include <stdlib.h>

/* bad */

size_t
name_length(fa_frame *frame, const char *name)
{
    char *copy = fa_frame_strdup(frame, name);
    size_t length = copy != NULL ? strlen(copy) : 0;
    free(copy);
    return length;
}

/* good */

size_t
label_length(fa_frame *frame, const char *name)
{
    char *copy = fa_frame_strdup(frame, name);
    return copy != NULL ? strlen(copy) : 0;
}
