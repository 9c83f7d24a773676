/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Charges against the budgets of allocator, context and tag.
 *
 * When a limit is met, idle blocks of the context's own cache are given back
 * first: cached memory never makes a request fail.
 */
#include "memory/charge.h"

#include "memory/block.h"

static bool
take_both(fa_ctx *ctx, size_t bytes, struct fai_budget **refused)
{
    fa_allocator *allocator = ctx->allocator;
    uint64_t peak = fai_load(&ctx->budget.peak);
    *refused = &ctx->budget;
    if (!fai_budget_take(&ctx->budget, bytes))
        return false;
    *refused = &allocator->budget;
    if (fai_budget_take(&allocator->budget, bytes))
        return true;
    fai_budget_give(&ctx->budget, bytes);
    /* The context's own, so nobody else has raised it meanwhile. */
    fai_store(&ctx->budget.peak, peak);
    return false;
}

static void
tell_soft(fa_ctx *ctx, size_t bytes)
{
    struct fai_reporter *reporter = &ctx->allocator->reporter;
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->allocator->budget)))
        fai_budget_tell(&ctx->allocator->budget, reporter, bytes, bytes);
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->budget)))
        fai_budget_tell(&ctx->budget, reporter, bytes, bytes);
}

bool
fai_charge_take(fa_ctx *ctx, size_t bytes)
{
    struct fai_budget *refused;
    if (!take_both(ctx, bytes, &refused)) {
        /* The first try does not count. */
        fai_fetch_sub(&refused->refusals, 1);
        fai_cache_flush(ctx);
        if (!take_both(ctx, bytes, &refused)) {
            fai_budget_tell(refused, &ctx->allocator->reporter, bytes, 0);
            ctx->status = FA_ERR_BUDGET;
            return false;
        }
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

bool
fai_charge_tag(fa_ctx *ctx, fa_tag tag, size_t bytes, size_t *charged)
{
    struct fai_budget *budget = &ctx->allocator->tags.tag[tag].budget;
    *charged = 0;
    if (FAI_LIKELY(!fai_budget_is_limited(budget)) || bytes == 0)
        return true;
    bool ok = fai_budget_take(budget, bytes);
    fai_budget_tell(budget, &ctx->allocator->reporter, bytes, ok ? bytes : 0);
    if (ok)
        *charged = bytes;
    else
        ctx->status = FA_ERR_BUDGET;
    return ok;
}

void
fai_charge_refund(fa_ctx *ctx, fa_tag tag, size_t charged)
{
    if (FAI_UNLIKELY(charged != 0))
        fai_budget_give(&ctx->allocator->tags.tag[tag].budget, charged);
}
