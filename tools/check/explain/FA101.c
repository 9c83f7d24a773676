/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory is asked for and its address thrown away, so nobody can use it. In a
 * frame it is wasted until the frame ends, and elsewhere it is lost.
 */
#include <framealloc/framealloc.h>

/* bad */

void
reserve_path(fa_frame *frame)
{
    fa_frame_alloc(frame, 1024, 16);
}

/* good */

void *
make_path(fa_frame *frame)
{
    return fa_frame_alloc(frame, 1024, 16);
}
