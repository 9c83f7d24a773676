/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A comment with fa-ignore hides nothing any more: the mistake was repaired, the
 * code has another number, or the comment stands on another line. It would hide
 * the next mistake of that place.
 */
#include <framealloc/framealloc.h>

/* bad */

int
first_of_a_frame(fa_frame *frame)
{
    int *values = fa_frame_array(frame, int, 8);
    /* fa-ignore: FA606 was used after the frame once */
    return values != NULL ? values[0] : 0;
}

/* good */

int
first_in_a_frame(fa_frame *frame)
{
    int *values = fa_frame_array(frame, int, 8);
    return values != NULL ? values[0] : 0;
}
