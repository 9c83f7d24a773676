/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frame memory is asked for where no frame is open, so the call fails with NULL,
 * each time. Begin the frame first.
 */
#include <framealloc/framealloc.h>

/* bad */

void
run_without_frame(fa_allocator *allocator, int rounds)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    for (int i = 0; i < rounds; i++) {
        fa_begin_frame(allocator);
        fa_end_frame(allocator);
        int *score = fa_frame_new(fa_ctx_frame(ctx), int);
        if (score != NULL)
            *score = i;
    }
}

/* good */

void
run_with_frame(fa_allocator *allocator, int rounds)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    for (int i = 0; i < rounds; i++) {
        fa_begin_frame(allocator);
        int *score = fa_frame_new(fa_ctx_frame(ctx), int);
        if (score != NULL)
            *score = i;
        fa_end_frame(allocator);
    }
}
