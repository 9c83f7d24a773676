/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pools: blocks of one size that are freed one by one.
 *
 * A pool is a magazine of free blocks. Allocating pops a pointer, freeing
 * pushes one; an empty magazine, a block of an unknown page or a guard mode go
 * to one slow function. A magazine has a slot for every block of its pool, so
 * it is never full. A pool belongs to one context, one size class and one tag.
 * Blocks live in pages of 64 KiB; the pool knows its own pages by number, so
 * that a foreign pointer is never followed. The structures of this header and
 * the sizes of both tables are frozen for the soname.
 */
#ifndef FRAMEALLOC_POOL_H
#define FRAMEALLOC_POOL_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** log2 of the bytes of a pool page; pages are aligned to their size. */
#define FA_POOL_PAGE_SHIFT 16
/** Entries of a pool's table of own pages; a power of two. */
#define FA_POOL_PAGES ((size_t)256)
/** Entries of a context's table of known pages; a power of two. */
#define FA_CTX_PAGES ((size_t)1024)
/** Largest block of a pool page; above it pools hand out heap blocks. */
#define FA_POOL_BLOCK_MAX ((size_t)8192)

/** The visible part of a pool. Only the functions below may change it. */
typedef struct fa_pool {
    void **top;        /**< One past the newest free block. */
    void **base;       /**< Where the magazine is empty. */
    void **end;        /**< Its end; there is room for every own block. */
    size_t block_size; /**< Bytes that each block may hold. */
    /** Numbers (address >> 16) of own pages, by number modulo size. */
    uintptr_t pages[FA_POOL_PAGES];
} fa_pool;

/** A page and where its blocks go when a context frees them. */
typedef struct fa_page_entry {
    uintptr_t page; /**< Address >> 16. */
    fa_pool *pool;  /**< Its pool, or the batch for the context that owns it. */
} fa_page_entry;

/** The visible part of a context: pages it knows, by number modulo size. */
typedef struct fa_ctx_pages {
    fa_page_entry entry[FA_CTX_PAGES];
} fa_ctx_pages;

/**
 * The pool of a context for a size and its current tag.
 *
 * When to use: once, outside of loops; then fa_pool_alloc().
 * @param ctx the context.
 * @param size bytes of a block; 0 counts as 1. Above FA_POOL_BLOCK_MAX the
 *        pool hands out heap blocks of that size, for the tag of the time.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @return the pool, never NULL: on failure one that refuses every call.
 * Valid until: the context ends. Owner: the context.
 * Thread: the context's own. Cost: a table look-up; the first use of a size
 * makes the pool. Since: 0.1.
 */
FA_API fa_pool *fa_ctx_pool(fa_ctx *ctx, size_t size, size_t align);

/**
 * The slow path of fa_pool_alloc(); programs call that instead.
 *
 * When to use: by the inline functions of this header.
 * @param pool the pool.
 * @return the block, or NULL as fa_pool_alloc().
 * Valid until: it is freed. Owner: the caller. Thread: the context's own.
 * Cost: refills up to 64 blocks at once. Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) FA_NOINLINE void *fa_pool_alloc_slow(fa_pool *pool);

/**
 * The slow path of fa_pool_free() and fa_free(); programs call these instead.
 *
 * When to use: by the inline functions of this header.
 * @param pool the pool that was named, or NULL.
 * @param ctx the context that was named, or NULL.
 * @param block the block; NULL does nothing.
 * Valid until: the call. Owner: - Thread: the context's own.
 * Cost: a look-up of the block's page; a full batch is pushed to its owner by
 * one atomic operation. Since: 0.1.
 */
FA_API FA_FREES(3) FA_NOINLINE
    void fa_pool_free_slow(fa_pool *pool, fa_ctx *ctx, void *block);

/**
 * A block from the pool; uninitialised.
 *
 * When to use: for objects that outlive the frame and come and go.
 * @param pool of fa_ctx_pool().
 * @return the block; NULL when memory or a budget is exhausted:
 *         fa_ctx_status() tells which.
 * Valid until: it is freed. Owner: the caller.
 * Thread: the context's own. Cost: 6 instructions inline. Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) void *fa_pool_alloc(fa_pool *pool);

#ifndef FA_NO_INLINE
FA_INLINE FA_CHECKED void *
fa_pool_alloc(fa_pool *pool)
{
    void **top = pool->top;
    if (FA_UNLIKELY(top == pool->base))
        return fa_pool_alloc_slow(pool);
    pool->top = top - 1;
    return top[-1];
}
#endif

/**
 * Frees a block.
 *
 * When to use: when the pool is at hand; otherwise fa_free().
 * @param pool a pool of the calling thread's context. A block of another pool
 *        or context is taken back to its owner.
 * @param block of any pool of this allocator; NULL does nothing. A block that
 *        is freed twice in a row is reported (FA609) and left alone, as is a
 *        pointer that is not ours (FA008); guard modes find every double free.
 * Valid until: the call. Owner: the pool. Thread: the context's own.
 * Cost: 12 instructions inline. Since: 0.1.
 */
FA_API FA_FREES_POOL(2) void fa_pool_free(fa_pool *pool, void *block);

#ifndef FA_NO_INLINE
FA_INLINE void
fa_pool_free(fa_pool *pool, void *block)
{
    void **top = pool->top;
    uintptr_t page = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    /* The magazine has room for every block of the pool's pages, so it is
     * never full; the slot below base is never a block. */
    if (FA_UNLIKELY(pool->pages[page & (FA_POOL_PAGES - 1)] != page ||
                    top[-1] == block)) {
        fa_pool_free_slow(pool, NULL, block);
        return;
    }
    *top = block;
    pool->top = top + 1;
}
#endif

/**
 * Frees a pool or heap block of which only the address is known.
 *
 * When to use: from any thread, with that thread's context.
 * @param ctx the calling thread's context.
 * @param block of this allocator; NULL does nothing. Frame memory is refused
 *        with FA608, pointers that are not ours with FA008.
 * Valid until: the call. Owner: its pool. Thread: the context's own.
 * Cost: 17 instructions inline, also for blocks of other contexts once their
 * page is known: these travel in batches of 32, the last one when the frame
 * ends. Since: 0.1.
 */
FA_API FA_FREES(2) void fa_free(fa_ctx *ctx, void *block);

#ifndef FA_NO_INLINE
FA_INLINE void
fa_free(fa_ctx *ctx, void *block)
{
    uintptr_t page = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    const fa_page_entry *entry = &((const fa_ctx_pages *)(const void *)ctx)
                                      ->entry[page & (FA_CTX_PAGES - 1)];
    if (FA_LIKELY(entry->page == page)) {
        fa_pool *pool = entry->pool;
        void **top = pool->top;
        if (FA_LIKELY(top != pool->end && top[-1] != block)) {
            *top = block;
            pool->top = top + 1;
            return;
        }
    }
    fa_pool_free_slow(NULL, ctx, block);
}
#endif

/**
 * A block from the pool, the first bytes zeroed.
 *
 * When to use: for objects that start as zeroes.
 * @param pool the pool.
 * @param size bytes to zero, at most the pool's block size.
 * @return as fa_pool_alloc(); NULL with FA_ERR_USAGE when size is too large.
 * Valid until: it is freed. Owner: the caller.
 * Thread: the context's own. Cost: fa_pool_alloc() and memset. Since: 0.1.
 */
FA_API FA_RETURNS_POOL(1) void *fa_pool_zalloc(fa_pool *pool, size_t size);

/** One zeroed T from the context's pool of its size, or NULL. */
#define fa_pool_new(ctx, T)                                                   \
    FA_CAST(T *, fa_pool_zalloc(fa_ctx_pool((ctx), sizeof(T), FA_ALIGNOF(T)), \
                                sizeof(T)))
/** Frees what fa_pool_new() made; the type is checked. */
#define fa_pool_delete(ctx, T, pointer) \
    do {                                \
        T *fa_deleted_ = (pointer);     \
        fa_free((ctx), fa_deleted_);    \
    } while (0)

FA_END_DECLS

#endif
