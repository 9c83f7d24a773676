/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The slow path of every free: whose block is it, and may it be freed?
 *
 * The answer comes from records outside of the memory (page space, block
 * tables, arenas), so a pointer that is not ours is reported and never
 * followed, and nothing changes (I6).
 */
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/event.h"
#include "memory/guard.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "memory/queue.h"
#include "memory/remote.h"

static void
refuse_free(fa_ctx *ctx, uint32_t number, const void *block)
{
    /* The status belongs to the owner (I5). */
    if (number != 211)
        ctx->status = number == 17 ? FA_NOT_READY : FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, number, block, "%p, context %llu",
               block, (unsigned long long)ctx->id);
}

static bool
push_own(struct fai_pool *pool, const struct fai_page *page, void *block)
{
    fa_pool *public = &pool->public;
    if (public->top != public->base && public->top[-1] == block)
        return false;
    if (FAI_UNLIKELY(pool->ctx->is_watched) &&
        fai_bit_test(page->free, fai_page_index(page, block)))
        return false;
    fai_pool_push(pool, block);
    return true;
}

static void
free_remotely(fa_ctx *ctx, struct fai_page *page, void *block)
{
    /* Of the pool, before the page may go. */
    fa_tag tag = page->pool->tag;
    size_t size = page->pool->public.block_size;
    fa_ctx *owner = page->pool->ctx;
    uint32_t number = fai_remote_free(ctx, page, block);
    if (number == 0) {
        if (FAI_UNLIKELY(ctx->is_counting))
            fai_event_free(ctx, FA_MEMORY_POOL, tag, block, size, owner);
        return;
    }
    if (number == 17 && ctx->guard != 0)
        fai_guard_keep(page, block);
    refuse_free(ctx, number, block);
}

static void
free_in_page(fa_ctx *ctx, struct fai_page *page, void *block)
{
    if (!fai_page_has(page, block)) {
        refuse_free(ctx, 8, block);
        return;
    }
    if (FAI_UNLIKELY(ctx->guard != 0) && !fai_guard_may_free(page, block)) {
        refuse_free(ctx, 609, block);
        return;
    }
    if (page->pool->ctx != ctx) {
        free_remotely(ctx, page, block);
        return;
    }
    /* Of the pool, before the page may go. */
    fa_tag tag = page->pool->tag;
    size_t size = page->pool->public.block_size;
    bool is_young = FAI_UNLIKELY(ctx->is_counting) &&
                    fai_page_was_young(page, block, fai_load(ctx->frames) >> 1);
    bool ok = FAI_UNLIKELY(ctx->guard != 0)
                  ? fai_guard_pool_free(page->pool, block)
                  : push_own(page->pool, page, block);
    if (ok && is_young)
        fai_publish_add(&ctx->tag_use[tag].objects.same_frame, 1);
    if (!ok)
        refuse_free(ctx, 609, block);
    else if (FAI_UNLIKELY(ctx->is_counting))
        fai_event_free(ctx, FA_MEMORY_POOL, tag, block, size, ctx);
}

/* Number of the diagnostic, or 0 when the block was freed. */
static uint32_t
free_block(fa_ctx *ctx, struct fai_block *block)
{
    fa_ctx *owner = block->owner;
    fa_tag tag = block->tag;
    size_t size = block->size;
    const void *address = block->address;
    uint32_t number;
    switch (fai_load(&block->state)) {
    case FAI_BLOCK_HEAP:
        if (owner == ctx)
            fai_block_free(ctx, block);
        else if ((number = fai_queue_add_record(block)) != 0)
            return number;
        if (FAI_UNLIKELY(ctx->is_counting))
            fai_event_free(ctx, FA_MEMORY_HEAP, tag, address, size, owner);
        return 0;
    case FAI_BLOCK_FRAME:
        return 608;
    default:
        return 609;
    }
}

static void
free_elsewhere(fa_ctx *ctx, void *address)
{
    struct fai_block *block = fai_block_find(ctx, address);
    uint32_t number = block != NULL                 ? free_block(ctx, block)
                      : fai_arena_has(ctx, address) ? 608
                                                    : 8;
    if (number != 0)
        refuse_free(ctx, number, address);
}

void
fa_pool_free_slow(fa_pool *pool, fa_ctx *ctx, void *block)
{
    if (ctx == NULL)
        ctx = fai_pool_of(pool)->ctx;
    if (block == NULL || ctx == NULL || ctx->is_refusing)
        return;
    if (FAI_UNLIKELY(ctx->thread != NULL && ctx->thread != fai_thread_self())) {
        refuse_free(ctx, 211, block);
        return;
    }
    if (fai_remote_free_full(ctx, block))
        return;
    if (FAI_UNLIKELY((ctx->frame.attention & FAI_ATTENTION_DRAIN) != 0))
        fai_queue_drain(ctx, FAI_DRAIN_CALL);
    struct fai_page *page = fai_page_find(&ctx->allocator->pages, block);
    if (page != NULL)
        free_in_page(ctx, page, block);
    else
        free_elsewhere(ctx, block);
}
