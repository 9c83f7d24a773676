/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * All memory of a frame is gone when the frame ends, and so is that of a scratch
 * scope, a group and what a rollback takes back. A pointer that is used after it
 * reads and writes what others have put there. Use it before the end, or copy
 * what must live longer to a pool or the heap.
 */
#include <framealloc/framealloc.h>

/* bad */

int
best_score(fa_allocator *allocator, const int *scores)
{
    fa_frame *frame = fa_begin_frame(allocator);
    int *best = fa_frame_new(frame, int);
    if (best != NULL)
        *best = scores[0];
    fa_end_frame(allocator);
    return best != NULL ? *best : 0;
}

/* good */

int
highest_score(fa_allocator *allocator, const int *scores)
{
    fa_frame *frame = fa_begin_frame(allocator);
    int *best = fa_frame_new(frame, int);
    if (best != NULL)
        *best = scores[0];
    int score = best != NULL ? *best : 0;
    fa_end_frame(allocator);
    return score;
}
