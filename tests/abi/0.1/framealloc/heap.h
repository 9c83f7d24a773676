/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Heap: long-lived and oversized blocks, and allocation by intent.
 *
 * Small heap blocks live in pool pages. Larger ones come from a backend:
 * jemalloc when the program has it, the library's own, or one that the
 * program gives. In front of every backend stands a cache of resident blocks
 * per context. A block remembers its backend and its tag.
 */
#ifndef FRAMEALLOC_HEAP_H
#define FRAMEALLOC_HEAP_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/**
 * A source of large blocks. The functions are called from any thread, with
 * no lock of the library held, and must not use the allocator they serve.
 */
typedef struct fa_heap_backend {
    size_t struct_size; /**< sizeof(fa_heap_backend). */
    const char *name;   /**< Shown by fa_allocator_heap_name(). */
    void *user;         /**< Passed to the functions. */
    /** size is at least 4096 and align a power of two; NULL on failure. */
    void *(*alloc)(void *user, size_t size, size_t align);
    /** Gets the size and alignment of the allocation. */
    void (*free)(void *user, void *block, size_t size, size_t align);
    /** Gives idle memory back to the system; may be NULL. */
    void (*trim)(void *user);
} fa_heap_backend;

#define FA_HEAP_BACKEND_INIT                                      \
    {                                                             \
        sizeof(fa_heap_backend), "custom", NULL, NULL, NULL, NULL \
    }

/** What the memory is for, when one call serves several kinds. */
typedef enum fa_intent {
    FA_INTENT_FRAME = 0, /**< Dies with the frame. */
    FA_INTENT_POOL = 1,  /**< Comes and goes; freed by fa_free(). */
    FA_INTENT_HEAP = 2   /**< Lives long; freed by fa_free(). */
} fa_intent;

/**
 * A heap block; uninitialised.
 *
 * When to use: for what outlives frames, in particular what is large.
 * @param ctx the context.
 * @param size bytes; 0 counts as 1.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @return the block, aligned to 16 at least; NULL with fa_ctx_status()
 *         FA_ERR_NOMEM, FA_ERR_BUDGET or FA_ERR_USAGE.
 * Valid until: it is freed. Owner: the caller.
 * Thread: the context's own. Cost: about 5 ns from the cache; a backend call
 * otherwise. Since: 0.1.
 */
FA_API FA_RETURNS_HEAP(1)
    FA_RETURNS_MEM(2) void *fa_heap_alloc(fa_ctx *ctx, size_t size,
                                          size_t align);

/**
 * Grows or shrinks a heap block, in place where its room allows.
 *
 * When to use: for arrays on the heap.
 * @param ctx the calling thread's context.
 * @param block of fa_heap_alloc() or a pool, or NULL for a new one. Other
 *        pointers are refused with FA008 and NULL.
 * @param size bytes wanted; 0 counts as 1.
 * @param align as it was asked for.
 * @return the block, perhaps moved; NULL on failure, then the old block is as
 *         it was.
 * Valid until: it is freed. Owner: the caller.
 * Thread: the context's own. Cost: constant in place, else a copy.
 * Since: 0.1.
 */
FA_API FA_RETURNS_HEAP(1)
    FA_REALLOCS(2) void *fa_heap_realloc(fa_ctx *ctx, void *block, size_t size,
                                         size_t align);

/**
 * Frees a heap block. The same as fa_free().
 *
 * When to use: beside fa_heap_alloc(), to say what is meant.
 * @param ctx the calling thread's context.
 * @param block of this allocator, or NULL.
 * Valid until: the call. Owner: - Thread: the context's own; the block may be
 * another context's. Cost: about 5 ns into the cache. Since: 0.1.
 */
FA_API FA_FREES(2) void fa_heap_free(fa_ctx *ctx, void *block);

/**
 * Bytes that may be used at a pool or heap block.
 *
 * When to use: for adapters that need it; at least what was asked for.
 * @param block a live block of any allocator, or NULL.
 * @return bytes; 0 for NULL and for pointers that are not ours.
 * Valid until: the block is freed. Owner: - Thread: any.
 * Cost: a search over the allocators of the process under a lock.
 * Since: 0.1.
 */
FA_API FA_BORROWS(1) size_t fa_heap_usable_size(const void *block);

/**
 * Memory by intent.
 *
 * When to use: in code that is told the lifetime by its caller.
 * @param ctx the context.
 * @param size bytes.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @param intent frame memory is not freed; pool and heap blocks by fa_free().
 * @return the block; NULL as fa_frame_alloc() or fa_heap_alloc();
 *         FA_ERR_USAGE for an unknown intent.
 * Valid until: by intent. Owner: by intent. Thread: the context's own.
 * Cost: of the kind, and a call. Since: 0.1.
 */
FA_API FA_RETURNS_MEM(2) FA_FREED_BY_INTENT FA_CHECKED
    void *fa_alloc(fa_ctx *ctx, size_t size, size_t align, fa_intent intent);

FA_END_DECLS

#endif
