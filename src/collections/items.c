/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Whether the items of a collection are still there.
 *
 * A collection keeps the stamp of the frame that its first block came from.
 * While that frame is the open one, three compares tell; only then is the
 * stamp looked at.
 */
#include "collections/items.h"

#include "accounting/diag.h"
#include "memory/memory.h"

static bool
is_current(const fa_ctx *ctx, fa_stamp stamp)
{
    const struct fai_frame *frame = &ctx->frame;
    /* Pairs with the release of the boundary: a newer number means that the
     * frame has ended and the context has not followed yet. */
    return frame->word == stamp.number * 2 + 1 &&
           (fai_load_acquire(ctx->frames) == frame->word || frame->pins != 0);
}

static bool
refuse(fa_ctx *ctx, fa_vec *vec)
{
    vec->status = FA_ERR_STALE;
    fai_report(&ctx->allocator->reporter, 606, vec,
               "a collection of frame %llu in context %llu",
               (unsigned long long)vec->stamp.number,
               (unsigned long long)ctx->id);
    return false;
}

bool
fai_items_may_change(fa_vec *vec)
{
    vec->status = FA_OK;
    if (vec->stamp.number == 0)
        return true;
    fa_ctx *ctx = fai_ctx_of_frame(vec->frame);
    return FAI_LIKELY(is_current(ctx, vec->stamp)) || refuse(ctx, vec);
}

bool
fai_items_may_be_read(fa_vec *vec)
{
    vec->status = FA_OK;
    if (vec->stamp.number == 0)
        return true;
    fa_ctx *ctx = fai_ctx_of_frame(vec->frame);
    return FAI_LIKELY(is_current(ctx, vec->stamp)) ||
           fa_stamp_is_live(ctx->allocator, vec->stamp) || refuse(ctx, vec);
}
