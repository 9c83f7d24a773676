/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Blocks above the classes of pools: taken from a backend, kept in a cache.
 */
#ifndef FAI_MEMORY_BLOCK_H
#define FAI_MEMORY_BLOCK_H

#include "memory/memory.h"

/* A block in the given live state, tagged and charged; NULL with the status
 * set. align is valid. */
struct fai_block *fai_block_alloc(fa_ctx *ctx, size_t size, size_t align,
                                  enum fai_block_state state);
/* A live block of this context goes back to its cache. */
void fai_block_free(fa_ctx *ctx, struct fai_block *block);
/* An idle block, in no list, goes back to its backend. */
void fai_block_give(fa_ctx *ctx, struct fai_block *block);
/* The live block that begins at the address, of this context or of any of
 * the allocator; NULL when there is none. */
struct fai_block *fai_block_find(fa_ctx *ctx, const void *address);
struct fai_block *fai_block_find_any(fa_allocator *allocator,
                                     const void *address);
/* Gives idle blocks back to their backends: all, or the given bytes. */
void fai_cache_flush(fa_ctx *ctx);
void fai_cache_trim(fa_ctx *ctx, size_t bytes);
/* Gives those back that have been idle since the last call. */
void fai_cache_age(fa_ctx *ctx);
/* Live heap blocks of the context. */
size_t fai_cache_live(const fa_ctx *ctx);
/* An empty cache; the first block pays for its records. */
void fai_cache_prepare(fa_ctx *ctx);
bool fai_cache_create(fa_ctx *ctx);
/* Gives every block back, live or not; the context ends. */
void fai_cache_destroy(fa_ctx *ctx);

static inline uintptr_t
fai_block_key(const void *address)
{
    /* Blocks are at least two pages long, so no two share a key. */
    return (uintptr_t)address >> 12;
}

static inline struct fai_block *
fai_block_own(const fa_ctx *ctx, const void *address)
{
    struct fai_block *block =
        fai_table_find(&ctx->cache.own, fai_block_key(address));
    return block != NULL && block->address == address ? block : NULL;
}

/* The same, for blocks that are mostly freed soon. */
static inline struct fai_block *
fai_block_own_recent(const fa_ctx *ctx, const void *address)
{
    struct fai_block *recent = ctx->cache.recent;
    return recent->address == address ? recent : fai_block_own(ctx, address);
}

/* The bin of a size from 8 KiB on, four per doubling, and its capacity, a
 * multiple of a page. */
static inline unsigned
fai_block_bin(size_t size, size_t *capacity)
{
    size_t n = fai_round_up(size, FAI_PAGE) - 1;
    unsigned shift = fai_log2(n) - 2;
    *capacity = ((n >> shift) + 1) << shift;
    return 4 * (shift - 10) + (unsigned)((n >> shift) & 3);
}

static inline struct fai_block *
fai_cache_pop(fa_ctx *ctx, unsigned bin, size_t align)
{
    struct fai_cache *cache = &ctx->cache;
    struct fai_block *block = cache->bin[bin];
    if (block == NULL || ((uintptr_t)block->address & (align - 1)) != 0)
        return NULL;
    cache->bin[bin] = block->next;
    uint64_t idle = fai_load(&ctx->figures.cache_bytes) - block->capacity;
    fai_store(&ctx->figures.cache_bytes, idle);
    return block;
}

/* False when the cache is full; then nothing has changed. */
static inline bool
fai_cache_push(fa_ctx *ctx, struct fai_block *block)
{
    uint64_t idle = fai_load(&ctx->figures.cache_bytes) + block->capacity;
    if (FAI_UNLIKELY(idle > ctx->cache.limit))
        return false;
    fai_store(&ctx->figures.cache_bytes, idle);
    block->next = ctx->cache.bin[block->bin];
    ctx->cache.bin[block->bin] = block;
    return true;
}

static inline void
fai_block_hand_out(fa_ctx *ctx, struct fai_block *block, size_t size,
                   enum fai_block_state state)
{
    block->size = size;
    block->tag = ctx->tag;
    /* The block is handed out by the caller; nothing is ordered here. */
    fai_store(&block->state, state);
    ctx->cache.recent = block;
}

#endif
