/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Shared objects: reference counted, freed by whoever lets go last.
 *
 * For what has several owners that end in no fixed order, on any threads: a
 * mesh that scenes share, a message that many workers read. With one owner a
 * plain pool block is enough.
 */
#ifndef FRAMEALLOC_RC_H
#define FRAMEALLOC_RC_H

#include <framealloc/ctx.h>
#include <framealloc/heap.h>

FA_BEGIN_DECLS

/** Bytes in front of an object; its alignment, if that is larger. */
#define FA_RC_HEADER ((size_t)16)

/** Called once, before the object is freed, on the thread that let go last. */
typedef void (*fa_rc_fn)(fa_ctx *ctx, void *object);

/**
 * A shared object; uninitialised, with one reference.
 *
 * When to use: fa_rc_new() where the type is known.
 * @param ctx the calling thread's context.
 * @param size bytes.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @param destroy called before the object is freed; may be NULL.
 * @return the object; NULL as fa_heap_alloc().
 * Valid until: its last reference is released. Owner: all that hold a
 * reference. Thread: the context's own. Cost: of fa_heap_alloc(): a pool block
 * up to FA_POOL_BLOCK_MAX with the header. Since: 0.1.
 */
FA_API FA_RETURNS_MEM(2) FA_CHECKED
    void *fa_rc_alloc(fa_ctx *ctx, size_t size, size_t align, fa_rc_fn destroy);

/**
 * The same, zeroed.
 *
 * When to use: fa_rc_new() where the type is known.
 * @param ctx the calling thread's context.
 * @param size bytes.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @param destroy called before the object is freed; may be NULL.
 * @return as fa_rc_alloc().
 * Valid until: its last reference is released. Owner: all that hold a
 * reference. Thread: the context's own. Cost: fa_rc_alloc() and memset.
 * Since: 0.1.
 */
FA_API FA_RETURNS_MEM(2) FA_CHECKED
    void *fa_rc_zalloc(fa_ctx *ctx, size_t size, size_t align,
                       fa_rc_fn destroy);

/**
 * Adds a reference.
 *
 * When to use: for each further owner, by one that holds a reference.
 * @param ctx the calling thread's context.
 * @param object of fa_rc_alloc(), or NULL.
 * @return the object; NULL for NULL and, with FA241, for one without
 *         references.
 * Valid until: its last reference is released. Owner: the caller, too.
 * Thread: the context's own. Cost: one atomic addition. Since: 0.1.
 */
FA_API FA_RETURNS_PART_OF(2) void *fa_rc_retain(fa_ctx *ctx, void *object);

/**
 * Takes a reference away; with the last one the object is destroyed.
 *
 * When to use: once per reference, on any thread.
 * @param ctx the calling thread's context, of the same allocator: FA008, and
 *        the reference stays, when another one's would free it.
 * @param object of fa_rc_alloc(), or NULL. FA241 for one without references.
 * @return true when it was the last one.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: one atomic operation, and fa_free() for the last. Since: 0.1.
 */
FA_API bool fa_rc_release(fa_ctx *ctx, void *object);

/**
 * References of an object.
 *
 * When to use: 1 tells its only owner that it may change the object; any other
 * number may have changed meanwhile.
 * @param object of fa_rc_alloc(), or NULL.
 * @return the count; 0 for NULL.
 * Valid until: - Owner: - Thread: any that holds a reference.
 * Cost: one acquire load. Since: 0.1.
 */
FA_API FA_BORROWS(1) uint32_t fa_rc_count(const void *object);

/** One zeroed shared T with one reference, or NULL. */
#define fa_rc_new(ctx, T, destroy) \
    FA_CAST(T *, fa_rc_zalloc((ctx), sizeof(T), FA_ALIGNOF(T), (destroy)))
/** Adds a reference to a shared T; a T *, and the type is checked. */
#define fa_rc_share(ctx, T, pointer) \
    FA_CAST(T *, fa_rc_retain((ctx), (true ? (pointer) : FA_CAST(T *, 0))))

FA_END_DECLS

#endif
