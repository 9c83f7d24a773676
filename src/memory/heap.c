/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The heap: small blocks from pools, larger ones from the block cache.
 */
#include "memory/heap.h"

#include "memory/block.h"
#include "memory/event.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "memory/queue.h"

#include <string.h>

static bool
may_use(fa_ctx *ctx, size_t align, const char *function)
{
    if (ctx == NULL || ctx->is_refusing)
        return false;
    struct fai_reporter *reporter = &ctx->allocator->reporter;
    if (FAI_UNLIKELY(!fai_is_alignment(align))) {
        ctx->status = FA_ERR_USAGE;
        fai_report(reporter, 13, NULL, "%zu in %s()", align, function);
        return false;
    }
    if (FAI_UNLIKELY(ctx->thread != NULL && ctx->thread != fai_thread_self())) {
        fai_report(reporter, 211, NULL, "%s() with context %llu", function,
                   (unsigned long long)ctx->id);
        return false;
    }
    return true;
}

static void *
alloc_heap(fa_ctx *ctx, size_t size, size_t align)
{
    size = FAI_MAX(size, (size_t)1);
    if (FAI_UNLIKELY((ctx->frame.attention & FAI_ATTENTION_DRAIN) != 0))
        fai_queue_drain(ctx, FAI_DRAIN_CALL);
    if (fai_pool_serves(ctx, size, align)) {
        struct fai_pool *pool = fai_pool_get(ctx, size, align);
        return pool == NULL ? NULL : fa_pool_alloc(&pool->public);
    }
    struct fai_block *block = fai_block_alloc(ctx, size, align, FAI_BLOCK_HEAP);
    if (FAI_UNLIKELY(block == NULL))
        return NULL;
    if (FAI_UNLIKELY(ctx->is_counting))
        fai_event_alloc(ctx, FA_MEMORY_HEAP, block->address, size);
    return block->address;
}

/* No guard mode, no limits, and this context's thread. */
static inline bool
is_plain(const fa_ctx *ctx)
{
    return ctx->plain_thread == fai_thread_self() &&
           fai_load(&ctx->allocator->attention) == 0;
}

static FAI_NOINLINE void *
alloc_slowly(fa_ctx *ctx, size_t size, size_t align, const void *caller)
{
    if (!may_use(ctx, align, "fa_heap_alloc"))
        return NULL;
    ctx->guarding.caller = caller;
    return alloc_heap(ctx, size, align);
}

/* Above this, the bins are not looked at without a check. */
#define PLAIN_MAX ((size_t)1 << 30)

void *
fa_heap_alloc(fa_ctx *ctx, size_t size, size_t align)
{
    if (FAI_UNLIKELY(ctx == NULL || size - FA_POOL_BLOCK_MAX - 1 >= PLAIN_MAX ||
                     align - 1 >= FAI_PAGE || (align & (align - 1)) != 0 ||
                     !is_plain(ctx)))
        return alloc_slowly(ctx, size, align, __builtin_return_address(0));
    size_t capacity;
    struct fai_block *block =
        fai_cache_pop(ctx, fai_block_bin(size, &capacity), align);
    if (FAI_UNLIKELY(block == NULL))
        return alloc_slowly(ctx, size, align, __builtin_return_address(0));
    fai_block_hand_out(ctx, block, size, FAI_BLOCK_HEAP);
    fai_publish_add(&ctx->tag_use[ctx->tag].heap_bytes, size);
    return block->address;
}

size_t
fai_heap_usable_size(fa_allocator *allocator, const void *address)
{
    struct fai_page *page = fai_page_find(&allocator->pages, address);
    if (page != NULL)
        return fai_page_has(page, address) ? page->pool->public.block_size : 0;
    struct fai_block *block = fai_block_find_any(allocator, address);
    if (block == NULL || fai_load(&block->state) != FAI_BLOCK_HEAP)
        return 0;
    return allocator->config.guard > 0 ? block->size : block->capacity;
}

/* To who counts bytes, it is another block at the same place. */
static void
tell_resize(fa_ctx *ctx, const struct fai_block *block, size_t size)
{
    if (!fai_event_wants(ctx, FA_EVENT_ALLOC))
        return;
    fa_event event = {0};
    event.kind = FA_EVENT_FREE;
    event.memory = FA_MEMORY_HEAP;
    event.tag = block->tag;
    event.address = block->address;
    event.size = block->size;
    event.other = ctx->id;
    if (fai_event_wants(ctx, FA_EVENT_FREE))
        fai_event_emit(ctx, &event);
    event.kind = FA_EVENT_ALLOC;
    event.size = size;
    event.other = 0;
    fai_event_emit(ctx, &event);
}

/* Own blocks that stay in their bin keep their place. */
static bool
resize_in_place(fa_ctx *ctx, void *address, size_t size, size_t room)
{
    if (size > room || size < room / 2 || ctx->guard != 0)
        return false;
    struct fai_block *block = fai_block_own(ctx, address);
    if (block == NULL)
        return true; /* A pool block, or another context's. */
    if (block->charged != 0)
        return size <= block->size;
    uint64_t change = (uint64_t)size - block->size;
    fai_publish_add(&ctx->tag_use[block->tag].heap_bytes, change);
    if (FAI_UNLIKELY(ctx->is_counting))
        tell_resize(ctx, block, size);
    block->size = size;
    return true;
}

void *
fa_heap_realloc(fa_ctx *ctx, void *address, size_t size, size_t align)
{
    if (!may_use(ctx, align, "fa_heap_realloc"))
        return NULL;
    size = FAI_MAX(size, (size_t)1);
    if (address == NULL)
        return alloc_heap(ctx, size, align);
    size_t room = fai_heap_usable_size(ctx->allocator, address);
    if (room == 0) {
        fai_report(&ctx->allocator->reporter, 8, address,
                   "%p in fa_heap_realloc()", address);
        return fai_fail(ctx, FA_ERR_USAGE);
    }
    bool is_aligned = ((uintptr_t)address & (align - 1)) == 0;
    if (is_aligned && resize_in_place(ctx, address, size, room))
        return address;
    void *moved = alloc_heap(ctx, size, align);
    if (moved == NULL)
        return NULL;
    memcpy(moved, address, FAI_MIN(size, room));
    fa_free(ctx, address);
    return moved;
}

static FAI_NOINLINE void
free_slowly(fa_ctx *ctx, void *address)
{
    fa_free(ctx, address);
}

void
fa_heap_free(fa_ctx *ctx, void *address)
{
    struct fai_block *block;
    if (FAI_UNLIKELY(address == NULL || !is_plain(ctx) ||
                     (block = fai_block_own_recent(ctx, address)) == NULL ||
                     fai_load(&block->state) != FAI_BLOCK_HEAP ||
                     block->charged != 0)) {
        free_slowly(ctx, address);
        return;
    }
    fai_publish_sub(&ctx->tag_use[block->tag].heap_bytes, block->size);
    /* Only the owner looks at idle blocks. */
    fai_store(&block->state, FAI_BLOCK_IDLE);
    if (FAI_UNLIKELY(!fai_cache_push(ctx, block)))
        fai_block_give(ctx, block);
}

void *
fa_alloc(fa_ctx *ctx, size_t size, size_t align, fa_intent intent)
{
    switch (intent) {
    case FA_INTENT_FRAME:
        return fa_frame_alloc(fa_ctx_frame(ctx), size, align);
    case FA_INTENT_POOL:
    case FA_INTENT_HEAP:
        return fa_heap_alloc(ctx, size, align);
    }
    return ctx == NULL ? NULL : fai_fail(ctx, FA_ERR_USAGE);
}
