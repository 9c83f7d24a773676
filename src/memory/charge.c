/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Charges against the budgets of allocator, context, frame and tag.
 *
 * When a limit is met, idle blocks of the context's own cache are given back
 * first: cached memory never makes a request fail. Then the budget's policy
 * decides. The budget of a context's frames has no counter: the position of
 * the cursor and the bytes in blocks are what is used, so the limit of the
 * frame is all that enforces it.
 */
#include "memory/charge.h"

#include "memory/block.h"
#include "memory/event.h"

fa_budget_policy
fai_charge_judge(fa_ctx *ctx, struct fai_budget *budget, uint64_t used,
                 uint64_t requested)
{
    uint64_t limit = fai_load(&budget->hard);
    fa_budget_policy policy =
        fai_budget_judge(budget, &ctx->allocator->reporter, used, requested);
    if (fai_event_wants(ctx, FA_EVENT_BUDGET))
        fai_event_tell(ctx, FA_EVENT_BUDGET, NULL, requested, limit);
    return policy;
}

static bool
warn(fa_ctx *ctx, struct fai_budget *budget, uint64_t used, uint64_t requested)
{
    uint64_t limit = fai_load(&budget->soft);
    if (!fai_budget_warn(budget, &ctx->allocator->reporter, used, requested))
        return false;
    if (fai_event_wants(ctx, FA_EVENT_PRESSURE))
        fai_event_tell(ctx, FA_EVENT_PRESSURE, NULL, requested, limit);
    return true;
}

void
fai_charge_tell(fa_ctx *ctx, struct fai_budget *budget, uint64_t requested,
                uint64_t taken)
{
    uint64_t used = fai_load(&budget->used);
    uint64_t before = used - FAI_MIN(used, taken);
    if (used > fai_load(&budget->hard)) {
        /* Otherwise it was judged, and told, when it was asked for. */
        if (fai_budget_may_pass(budget))
            (void)fai_charge_judge(ctx, budget, before, requested);
    } else if (used >= fai_load(&budget->soft)) {
        (void)warn(ctx, budget, before, requested);
    }
}

bool
fai_charge_one(fa_ctx *ctx, struct fai_budget *budget, size_t bytes)
{
    if (fai_budget_take(budget, bytes))
        return true;
    if (fai_charge_judge(ctx, budget, fai_load(&budget->used), bytes) !=
        FA_BUDGET_ALLOW) {
        ctx->status = FA_ERR_BUDGET;
        return false;
    }
    fai_budget_force(budget, bytes);
    return true;
}

/* take: fai_charge_one(), or only what there is room for. */
static bool
take_both(fa_ctx *ctx, size_t bytes,
          bool (*take)(fa_ctx *ctx, struct fai_budget *budget, size_t bytes))
{
    uint64_t peak = fai_load(&ctx->budget.peak);
    if (!take(ctx, &ctx->budget, bytes))
        return false;
    if (take(ctx, &ctx->allocator->budget, bytes))
        return true;
    fai_budget_give(&ctx->budget, bytes);
    /* The context's own, so nobody else has raised it meanwhile. */
    fai_store(&ctx->budget.peak, FAI_MAX(peak, fai_load(&ctx->budget.used)));
    return false;
}

static bool
take_room(fa_ctx *ctx, struct fai_budget *budget, size_t bytes)
{
    (void)ctx;
    return fai_budget_take(budget, bytes);
}

static void
tell_soft(fa_ctx *ctx, size_t bytes)
{
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->allocator->budget)))
        fai_charge_tell(ctx, &ctx->allocator->budget, bytes, bytes);
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->budget)))
        fai_charge_tell(ctx, &ctx->budget, bytes, bytes);
}

bool
fai_charge_take(fa_ctx *ctx, size_t bytes)
{
    if (!take_both(ctx, bytes, take_room)) {
        fai_cache_flush(ctx);
        if (!take_both(ctx, bytes, fai_charge_one))
            return false;
    }
    tell_soft(ctx, bytes);
    return true;
}

void
fai_charge_give(fa_ctx *ctx, size_t bytes)
{
    fai_budget_give(&ctx->allocator->budget, bytes);
    fai_budget_give(&ctx->budget, bytes);
}

/* --- tags --- */

static size_t
charge_blocks(fa_ctx *ctx, fa_tag tag, struct fai_budget *budget)
{
    size_t bytes = 0;
    for (struct fai_block *block = ctx->frame.arena->blocks; block != NULL;
         block = block->next) {
        if (block->tag != tag)
            continue;
        bytes += block->size;
        if (block->charged != 0)
            continue;
        fai_budget_force(budget, block->size);
        block->charged = block->size;
    }
    return bytes;
}

void
fai_charge_past(fa_ctx *ctx, fa_tag tag)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_tag_use *use = &ctx->tag_use[tag];
    uint64_t bit = (uint64_t)1 << (tag % 64);
    if (!fai_frame_is_open(frame) || (ctx->tag_charged[tag / 64] & bit) != 0)
        return;
    ctx->tag_charged[tag / 64] |= bit;
    frame->attention |= FAI_ATTENTION_TAGS;
    struct fai_budget *budget = &ctx->allocator->tags.tag[tag].budget;
    uint64_t bytes = fai_load(&use->frame_bytes);
    if (bytes != 0)
        bytes -= charge_blocks(ctx, tag, budget);
    if (tag == ctx->tag)
        bytes += fai_frame_position(frame) - frame->section;
    /* Handed out already, so it may pass the limit; it returns when the frame
     * ends, as all that the frame was charged. */
    fai_budget_force(budget, bytes);
    fai_publish_add(&use->charged, bytes);
}

bool
fai_charge_tag(fa_ctx *ctx, fa_tag tag, size_t bytes, size_t *charged)
{
    struct fai_budget *budget = &ctx->allocator->tags.tag[tag].budget;
    *charged = 0;
    if (FAI_LIKELY(!fai_budget_is_limited(budget)) || bytes == 0)
        return true;
    fai_charge_past(ctx, tag);
    if (!fai_charge_one(ctx, budget, bytes))
        return false;
    fai_charge_tell(ctx, budget, bytes, bytes);
    *charged = bytes;
    return true;
}

void
fai_charge_refund(fa_ctx *ctx, fa_tag tag, size_t charged)
{
    if (FAI_UNLIKELY(charged != 0))
        fai_budget_give(&ctx->allocator->tags.tag[tag].budget, charged);
}

/* --- the budget of a context's frames --- */

fa_budget_policy
fai_charge_frame(fa_ctx *ctx, size_t bytes)
{
    struct fai_budget *budget = &ctx->frame_budget;
    for (;;) {
        uint64_t used = fai_charge_frame_used(ctx);
        uint64_t soft = fai_load(&budget->soft);
        fai_store(&budget->used, used);
        if (bytes > fai_charge_frame_room(ctx)) {
            fa_budget_policy policy =
                fai_charge_judge(ctx, budget, used, bytes);
            if (policy == FA_BUDGET_FAIL)
                ctx->status = FA_ERR_BUDGET;
            return policy;
        }
        /* Who is warned may allocate, so it is looked at once more. */
        if (bytes < soft - FAI_MIN(used, soft) || soft == UINT64_MAX ||
            !warn(ctx, budget, used, bytes))
            return FA_BUDGET_ALLOW;
    }
}

bool
fai_charge_frame_growth(fa_ctx *ctx, size_t bytes)
{
    return FAI_LIKELY(!fai_budget_is_limited(&ctx->frame_budget)) ||
           (bytes <= fai_charge_frame_room(ctx) &&
            fai_charge_frame(ctx, bytes) == FA_BUDGET_ALLOW);
}

size_t
fai_charge_frame_quiet(const fa_ctx *ctx)
{
    const struct fai_budget *budget = &ctx->frame_budget;
    uint64_t used = fai_charge_frame_used(ctx);
    uint64_t soft = fai_load(&budget->soft);
    uint64_t room = fai_charge_frame_room(ctx);
    if (room == 0 && fai_budget_may_pass(budget))
        return SIZE_MAX & ~(size_t)15;
    /* The byte that reaches the soft limit is to be seen. */
    if (used < soft)
        room = FAI_MIN(room, soft - used - 1);
    return (size_t)room & ~(size_t)15;
}

void
fai_charge_frame_end(fa_ctx *ctx)
{
    struct fai_budget *budget = &ctx->frame_budget;
    if (FAI_LIKELY(!fai_budget_is_limited(budget)))
        return;
    fai_store(&budget->used, fai_charge_frame_used(ctx));
    fai_publish_max(&budget->peak, budget->used);
}
