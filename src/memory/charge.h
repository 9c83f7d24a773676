/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Charges: takes what a context is about to hold from its budgets.
 */
#ifndef FAI_MEMORY_CHARGE_H
#define FAI_MEMORY_CHARGE_H

#include "memory/memory.h"

/* Takes from the allocator's and the context's budget; both or none. On
 * failure the status is set and the budget's owner is told. */
bool fai_charge_take(fa_ctx *ctx, size_t bytes);
void fai_charge_give(fa_ctx *ctx, size_t bytes);
/* As fai_budget_judge(), with an event. */
fa_budget_policy fai_charge_judge(fa_ctx *ctx, struct fai_budget *budget,
                                  uint64_t used, uint64_t requested);
/* Says what a take of so many bytes has found. The program is called and may
 * allocate, so no change is half done. */
void fai_charge_tell(fa_ctx *ctx, struct fai_budget *budget, uint64_t requested,
                     uint64_t taken);
/* Adds the bytes to one budget of the context, or refuses as above. */
bool fai_charge_one(fa_ctx *ctx, struct fai_budget *budget, size_t bytes);
/* The same for a tag, which is charged only while it is limited. *charged
 * gets what was taken. */
bool fai_charge_tag(fa_ctx *ctx, fa_tag tag, size_t bytes, size_t *charged);
void fai_charge_refund(fa_ctx *ctx, fa_tag tag, size_t charged);
/* What a limited tag has got in this frame while it was not limited counts
 * from now on. */
void fai_charge_past(fa_ctx *ctx, fa_tag tag);
/* What the context's frame budget says about so many more bytes of the frame:
 * FA_BUDGET_FAIL with the status set, _ALLOW or _PROMOTE. Tells as above. */
fa_budget_policy fai_charge_frame(fa_ctx *ctx, size_t bytes);
/* Whether a block of the frame may grow where it is. */
bool fai_charge_frame_growth(fa_ctx *ctx, size_t bytes);
/* Bytes that may be handed out before that budget wants to be asked again. */
size_t fai_charge_frame_quiet(const fa_ctx *ctx);

/* What the frame has used is published. */
void fai_charge_frame_end(fa_ctx *ctx);

/* Bytes of the frame that its budget counts. */
static inline uint64_t
fai_charge_frame_used(const fa_ctx *ctx)
{
    const struct fai_frame *frame = &ctx->frame;
    return fai_frame_position(frame) + frame->block_bytes -
           frame->promoted_bytes;
}

static inline uint64_t
fai_charge_frame_room(const fa_ctx *ctx)
{
    uint64_t hard = fai_load(&ctx->frame_budget.hard);
    uint64_t used = fai_charge_frame_used(ctx);
    return hard == UINT64_MAX ? UINT64_MAX : hard - FAI_MIN(used, hard);
}

#endif
