/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The count comes from the program's data, and its product with the size may
 * wrap around. Then a small block is returned, and the loop that fills it writes
 * past its end. The array calls refuse such a count.
 */
#include <framealloc/framealloc.h>

/* bad */

float *
copy_heights(fa_frame *frame, size_t count)
{
    return fa_frame_alloc(frame, count * sizeof(float), _Alignof(float));
}

/* good */

float *
make_heights(fa_frame *frame, size_t count)
{
    return fa_frame_alloc_array(frame, count, sizeof(float), _Alignof(float));
}
