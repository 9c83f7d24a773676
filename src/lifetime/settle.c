/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a frame that closes leaves in the figures and in the budgets of tags.
 * The short way of the boundary counts by itself.
 */
#include "lifetime/settle.h"

static void
count_bucket(uint64_t *histogram, uint64_t bytes)
{
    unsigned bucket = fai_bit_width(bytes);
    fai_publish_add(&histogram[FAI_MIN(bucket, FA_HISTOGRAM_BUCKETS - 1)], 1);
}

void
fai_settle_frame(fa_ctx *ctx, uint64_t bytes, uint64_t peak)
{
    struct fai_figures *figures = &ctx->figures;
    fai_store(&figures->word, fai_frame_number(&ctx->frame) * 2);
    fai_store(&figures->frame_bytes, bytes);
    fai_publish_add(&figures->arena_bytes, bytes);
    if (peak != 0)
        count_bucket(figures->histogram, peak);
    fai_publish_max(&figures->frame_peak, peak);
}

static void
count_tag(fa_ctx *ctx, fa_tag tag, uint64_t bytes)
{
    struct fai_tag_use *use = &ctx->tag_use[tag];
    fai_store(&use->number, fai_frame_number(&ctx->frame));
    fai_store(&use->last_frame, bytes);
    count_bucket(use->histogram, bytes);
    fai_publish_max(&use->frame_peak, bytes);
    fai_publish_max(&use->peak, bytes + fai_load(&use->pool_bytes) +
                                    fai_load(&use->heap_bytes));
}

static void
settle_tag(fa_ctx *ctx, fa_tag tag)
{
    struct fai_tag_use *use = &ctx->tag_use[tag];
    uint64_t charged = fai_load(&use->charged);
    count_tag(ctx, tag, fai_load(&use->frame_bytes));
    fai_store(&use->frame_bytes, 0);
    if (charged != 0) {
        fai_budget_give(&ctx->allocator->tags.tag[tag].budget, charged);
        fai_store(&use->charged, 0);
    }
}

void
fai_settle_tags(fa_ctx *ctx)
{
    for (fa_tag word = 0; word < FA_TAG_MAX / 64; word++)
        while (ctx->tag_dirty[word] != 0) {
            fa_tag bit = fai_lowest_bit(ctx->tag_dirty[word]);
            ctx->tag_dirty[word] &= ctx->tag_dirty[word] - 1;
            settle_tag(ctx, word * 64 + bit);
        }
}
