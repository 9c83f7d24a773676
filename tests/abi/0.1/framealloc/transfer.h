/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers: memory that one context gives to another.
 *
 * A transfer is a number of 64 bits. It goes through whatever queue the
 * program has, and exactly one thread gets the memory for it. What nobody
 * receives is freed and counted. Pool and heap blocks change hands as they
 * are; frame memory, which would die with the giver's frame, is copied when it
 * is sent.
 */
#ifndef FRAMEALLOC_TRANSFER_H
#define FRAMEALLOC_TRANSFER_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A transfer. Plain data, not used again; {0} is none. */
typedef struct fa_transfer {
    uint64_t id; /**< To be passed on, as it is. */
} fa_transfer;

/**
 * Offers memory to whoever receives it; it is not the caller's any more.
 *
 * When to use: to hand a result, a message or a buffer to another thread.
 * @param ctx the calling thread's context.
 * @param block of fa_alloc() and its kin. A pool or heap block is handed over
 *        at its address; memory of a frame of ctx is copied now, to a pool
 *        block up to FA_POOL_BLOCK_MAX and to a heap block above.
 * @param size bytes that count, at least 1.
 * @param out gets the transfer; {0} on failure, and the block is the caller's.
 * @return FA_OK; FA_ERR_USAGE with FA008 for memory that is not ours and with
 *         FA015 for a size above the block's; FA_ERR_NOMEM, FA_ERR_BUDGET.
 * Valid until: it is received or released, or the allocator ends.
 * Owner: the library until it is received. Thread: the context's own; what was
 * written before is seen by the receiver.
 * Cost: a look-up and a lock; for frame memory an allocation and a copy.
 * Since: 0.1.
 */
FA_API FA_SENDS_OUT(2, 4) FA_CHECKED fa_status
    fa_transfer_send(fa_ctx *ctx, void *block, size_t size, fa_transfer *out);

/**
 * Takes the memory of a transfer; the first call gets it.
 *
 * When to use: once, by the thread that uses the memory.
 * @param ctx the calling thread's context.
 * @param transfer as it was sent, with the same allocator.
 * @param size gets the bytes that were sent; may be NULL.
 * @return the memory, aligned to 16 at least, to be freed by fa_free(); NULL
 *         with FA232 and FA_ERR_STALE when it was received or released before,
 *         or is of another allocator.
 * Valid until: it is freed. Owner: the caller. Thread: the context's own.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_RECEIVES(2)
    FA_RETURNS_HEAP(1) void *fa_transfer_receive(fa_ctx *ctx,
                                                 fa_transfer transfer,
                                                 size_t *size);

/**
 * Frees the memory of a transfer that nobody will receive.
 *
 * When to use: when a queue is thrown away.
 * @param ctx the calling thread's context.
 * @param transfer as it was sent, or {0}, which does nothing.
 * @return FA_OK; FA_ERR_STALE with FA232 when it was received or released.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: a lock and a free. Since: 0.1.
 */
FA_API FA_RECEIVES(2) fa_status
    fa_transfer_release(fa_ctx *ctx, fa_transfer transfer);

FA_END_DECLS

#endif
