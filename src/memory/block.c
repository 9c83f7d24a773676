/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Blocks and the cache of resident ones.
 *
 * A context keeps freed blocks in bins, four per doubling, newest first, in
 * front of the backend. Their records stay in the tables while they are
 * cached, so a cached pair costs one look-up and no lock. Only taking from
 * and giving back to a backend touches the allocator's registry. A block goes
 * back to the backend that it came from (I7).
 */
#include "memory/block.h"

#include "memory/charge.h"
#include "memory/guard.h"
#include "memory/queue.h"
#include "os/checkers.h"

/* Recent of a cache that has handed nothing out. */
static struct fai_block nothing;

/* Above this no system has the memory; the bins end before. */
#define BLOCK_MAX ((size_t)1 << (sizeof(size_t) == 8 ? 46 : 30))

static struct fai_block *
new_record(fa_ctx *ctx)
{
    struct fai_block *block = ctx->cache.spare;
    if (block != NULL) {
        ctx->cache.spare = block->next;
        return block;
    }
    return fai_meta_alloc(&ctx->meta, sizeof(struct fai_block));
}

static void
spare_record(fa_ctx *ctx, struct fai_block *block)
{
    block->next = ctx->cache.spare;
    ctx->cache.spare = block;
}

static bool
register_block(fa_ctx *ctx, struct fai_block *block)
{
    fa_allocator *allocator = ctx->allocator;
    uintptr_t key = fai_block_key(block->address);
    if (!fai_table_insert(&ctx->cache.own, key, block))
        return false;
    fai_lock(&allocator->lock);
    bool ok = fai_table_insert(&allocator->registry, key, block);
    fai_unlock(&allocator->lock);
    if (!ok)
        fai_table_remove(&ctx->cache.own, key);
    return ok;
}

/* Undoes take_block(), of a block that is in no list. */
static void
give_block(fa_ctx *ctx, struct fai_block *block)
{
    fa_allocator *allocator = ctx->allocator;
    const fa_heap_backend *backend = block->backend;
    uintptr_t key = fai_block_key(block->address);
    fai_table_remove(&ctx->cache.own, key);
    fai_lock(&allocator->lock);
    fai_table_remove(&allocator->registry, key);
    fai_unlock(&allocator->lock);
    fai_checkers_allow(block->address, block->capacity);
    backend->free(backend->user, block->address, block->capacity, block->align);
    fai_charge_give(ctx, block->capacity);
    if (ctx->cache.recent == block)
        ctx->cache.recent = &nothing;
    spare_record(ctx, block);
}

static bool
fill_block(fa_ctx *ctx, struct fai_block *block)
{
    const fa_heap_backend *backend = &ctx->allocator->heap;
    block->owner = ctx;
    block->backend = backend;
    block->address =
        backend->alloc(backend->user, block->capacity, block->align);
    if (block->address == NULL)
        return false;
    if (register_block(ctx, block))
        return true;
    backend->free(backend->user, block->address, block->capacity, block->align);
    return false;
}

static struct fai_block *
take_block(fa_ctx *ctx, unsigned bin, size_t capacity, size_t align)
{
    if (!fai_charge_take(ctx, capacity))
        return NULL;
    struct fai_block *block = new_record(ctx);
    if (block != NULL) {
        block->capacity = capacity;
        block->bin = bin;
        block->align = FAI_MAX(align, FAI_PAGE);
        if (fill_block(ctx, block)) {
            fai_publish_add(&ctx->figures.backend_bytes, capacity);
            return block;
        }
        spare_record(ctx, block);
    }
    fai_charge_give(ctx, capacity);
    return fai_fail(ctx, FA_ERR_NOMEM);
}

/* Idle blocks of other sizes are resident: before our own backend touches
 * fresh memory, it gets them back to use them again. */
static bool
backend_needs_idle(const fa_ctx *ctx, size_t capacity)
{
    const fa_allocator *allocator = ctx->allocator;
    return allocator->heap.user == &allocator->spans &&
           fai_load(&ctx->figures.cache_bytes) != 0 &&
           fai_load(&allocator->spans.idle) * FAI_PAGE < capacity;
}

static struct fai_block *
find_or_take(fa_ctx *ctx, size_t size, size_t align)
{
    size_t capacity;
    unsigned bin = fai_block_bin(FAI_MAX(size, 2 * FAI_PAGE), &capacity);
    struct fai_block *block = fai_cache_pop(ctx, bin, align);
    if (FAI_LIKELY(block != NULL))
        return block;
    fai_queue_drain(ctx, FAI_DRAIN_SHORT);
    block = fai_cache_pop(ctx, bin, align);
    if (block == NULL && backend_needs_idle(ctx, capacity))
        fai_cache_trim(ctx, capacity);
    return block != NULL ? block : take_block(ctx, bin, capacity, align);
}

/* Frame blocks are counted by their frame, heap blocks by their tag. */
static inline void
count_block(fa_ctx *ctx, const struct fai_block *block, uint64_t change)
{
    if (block->state == FAI_BLOCK_FRAME)
        fai_publish_add(&ctx->figures.block_bytes, change);
    else
        fai_publish_add(&ctx->tag_use[block->tag].heap_bytes, change);
}

struct fai_block *
fai_block_alloc(fa_ctx *ctx, size_t size, size_t align,
                enum fai_block_state state)
{
    if (FAI_UNLIKELY(size > BLOCK_MAX))
        return fai_fail(ctx, FA_ERR_NOMEM);
    size_t charged = 0;
    if (FAI_UNLIKELY(fai_load(&ctx->allocator->attention) != 0) &&
        !fai_charge_tag(ctx, ctx->tag, size, &charged))
        return NULL;
    size_t zone = ctx->guard != 0 ? FAI_RED_ZONE : 0;
    struct fai_block *block = find_or_take(ctx, size + zone, align);
    if (FAI_UNLIKELY(block == NULL)) {
        fai_charge_refund(ctx, ctx->tag, charged);
        return NULL;
    }
    block->charged = charged;
    fai_block_hand_out(ctx, block, size, state);
    count_block(ctx, block, size);
    if (FAI_UNLIKELY(ctx->guard != 0))
        fai_guard_block_alloc(ctx, block);
    return block;
}

void
fai_block_free(fa_ctx *ctx, struct fai_block *block)
{
    if (FAI_UNLIKELY(ctx->guard != 0))
        fai_guard_block_free(ctx, block);
    count_block(ctx, block, 0 - (uint64_t)block->size);
    if (FAI_UNLIKELY(block->charged != 0))
        fai_charge_refund(ctx, block->tag, block->charged);
    block->charged = 0; /* As the short way expects of idle blocks. */
    /* Only the owner looks at idle blocks. */
    fai_store(&block->state, FAI_BLOCK_IDLE);
    if (!fai_cache_push(ctx, block))
        give_block(ctx, block);
}

void
fai_block_give(fa_ctx *ctx, struct fai_block *block)
{
    give_block(ctx, block);
}

struct fai_block *
fai_block_find_any(fa_allocator *allocator, const void *address)
{
    fai_lock(&allocator->lock);
    struct fai_block *block =
        fai_table_find(&allocator->registry, fai_block_key(address));
    bool is_out = block != NULL && block->address == address &&
                  fai_load(&block->state) > FAI_BLOCK_OLD;
    fai_unlock(&allocator->lock);
    return is_out ? block : NULL;
}

struct fai_block *
fai_block_find(fa_ctx *ctx, const void *address)
{
    struct fai_block *block = fai_block_own(ctx, address);
    return block != NULL ? block : fai_block_find_any(ctx->allocator, address);
}

void
fai_cache_trim(fa_ctx *ctx, size_t bytes)
{
    struct fai_cache *cache = &ctx->cache;
    size_t done = 0;
    for (unsigned bin = FAI_BLOCK_BINS; bin-- > 0 && done < bytes;)
        while (cache->bin[bin] != NULL && done < bytes) {
            struct fai_block *block = cache->bin[bin];
            cache->bin[bin] = block->next;
            fai_publish_sub(&ctx->figures.cache_bytes, block->capacity);
            done += block->capacity;
            give_block(ctx, block);
        }
}

/* A block that is handed out and freed again is young again. */
void
fai_cache_age(fa_ctx *ctx)
{
    for (unsigned bin = 0; bin < FAI_BLOCK_BINS; bin++) {
        struct fai_block **link = &ctx->cache.bin[bin];
        while (*link != NULL) {
            struct fai_block *block = *link;
            if (fai_load(&block->state) != FAI_BLOCK_OLD) {
                fai_store(&block->state, FAI_BLOCK_OLD);
                link = &block->next;
                continue;
            }
            *link = block->next;
            fai_publish_sub(&ctx->figures.cache_bytes, block->capacity);
            give_block(ctx, block);
        }
    }
}

void
fai_cache_flush(fa_ctx *ctx)
{
    fai_queue_drain_all(ctx);
    fai_cache_trim(ctx, SIZE_MAX);
}

size_t
fai_cache_live(const fa_ctx *ctx)
{
    const struct fai_table *own = &ctx->cache.own;
    size_t live = 0;
    for (size_t i = 0; own->slots != NULL && i <= own->mask; i++) {
        const struct fai_block *block = own->slots[i].value;
        live += block != NULL && fai_load(&block->state) > FAI_BLOCK_OLD;
    }
    return live;
}

void
fai_cache_prepare(fa_ctx *ctx)
{
    ctx->cache.recent = &nothing;
    ctx->cache.limit = ctx->allocator->config.cache_limit;
}

bool
fai_cache_create(fa_ctx *ctx)
{
    fai_cache_prepare(ctx);
    /* The first record, so that the first block costs a frame less. */
    struct fai_block *first = new_record(ctx);
    if (first == NULL)
        return false;
    spare_record(ctx, first);
    return fai_table_create(&ctx->cache.own);
}

void
fai_cache_destroy(fa_ctx *ctx)
{
    struct fai_table *own = &ctx->cache.own;
    fai_cache_flush(ctx);
    for (size_t i = 0; own->slots != NULL && own->count != 0;
         i = (i + 1) & own->mask)
        if (own->slots[i].value != NULL)
            give_block(ctx, own->slots[i].value);
    fai_table_destroy(own);
}
