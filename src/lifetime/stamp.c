/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Numbers and stamps of frames: whether memory may still be read.
 *
 * A stamp is the number of a frame, and of the context when that numbers its
 * own. Numbers are not used again, so a stamp never becomes true again.
 */
#include "context/ctx.h"

fa_stamp
fa_frame_stamp(const fa_frame *public)
{
    const fa_ctx *ctx =
        FAI_CONTAINER((char *)(uintptr_t) public, fa_ctx, frame);
    return (fa_stamp){fai_frame_number(&ctx->frame),
                      ctx->has_own_frames ? ctx->id : 0};
}

static bool
is_live_number(uint64_t word, uint64_t number, uint32_t lag)
{
    /* Frame N dies at the end of frame N + lag. */
    uint64_t last = number + lag;
    return number != 0 && number <= word >> 1 &&
           (last > word >> 1 || (last == word >> 1 && (word & 1) != 0));
}

bool
fa_stamp_is_live(const fa_allocator *allocator, fa_stamp stamp)
{
    if (stamp.ctx == 0)
        /* Pairs with the releases in fa_begin_frame() and fa_end_frame(). */
        return is_live_number(fai_load_acquire(&allocator->word), stamp.number,
                              allocator->config.frame_lag);
    return fai_ctx_is_live_number((fa_allocator *)(uintptr_t)allocator,
                                  stamp.ctx, stamp.number, is_live_number);
}

uint64_t
fa_frame_number(const fa_allocator *allocator)
{
    /* Pairs with the release in fa_begin_frame(). */
    return fai_load_acquire(&allocator->word) >> 1;
}
