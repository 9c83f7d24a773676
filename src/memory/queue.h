/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The queue of a context: blocks that others have freed, on their way back.
 */
#ifndef FAI_MEMORY_QUEUE_H
#define FAI_MEMORY_QUEUE_H

#include "memory/memory.h"

/* Blocks that travel together are listed in the first of them, as many as it
 * holds, so that the others are not touched. */
struct fai_batch {
    struct fai_node node;
    size_t count;
    void *block[];
};

/* When a context looks at its queue. */
enum fai_drain_moment {
    FAI_DRAIN_SHORT, /* It needs memory. */
    FAI_DRAIN_CALL,  /* Any slow call. */
    FAI_DRAIN_BEGIN, /* A frame begins. */
    FAI_DRAIN_END    /* A frame has ended. */
};

/* A block becomes the first of a batch; *room gets how many it can list. */
struct fai_batch *fai_batch_start(void *block, size_t size, size_t *room);
/* A freed block of a page, or the record of a larger one, goes to its owner
 * alone, by the owner's rules. The number of a diagnostic, or 0; 17: the owner
 * refuses it, and it is live again. */
uint32_t fai_queue_add_block(struct fai_page *page, void *block);
uint32_t fai_queue_add_record(struct fai_block *block);
/* The same where a refusal comes too late. */
void fai_queue_force_block(struct fai_page *page, void *block);
/* Takes in what the context's mode wants at this moment. */
void fai_queue_drain_some(fa_ctx *ctx, enum fai_drain_moment moment);
/* Takes in everything, what was set aside as well. */
void fai_queue_drain_all(fa_ctx *ctx);

static inline bool
fai_queue_is_bounded(const fa_ctx *owner)
{
    /* Set when the context is made or adopted; no pairing is needed. */
    return fai_load(&owner->queue.capacity) != 0;
}

/* Blocks that wait now. */
static inline uint64_t
fai_queue_depth(const fa_ctx *ctx)
{
    /* Pairs with the release in leave_queue(): what has left was queued. */
    uint64_t done = fai_load_acquire(&ctx->queue.done);
    return fai_load(&ctx->queue.queued) - done;
}

/* So many blocks are about to be pushed. */
static inline void
fai_queue_count(fa_ctx *owner, size_t count, size_t bytes)
{
    /* Only shown, and compared where there is a bound. */
    fai_fetch_add(&owner->queue.queued, count);
    fai_fetch_add(&owner->queue.queued_bytes, bytes);
}

static inline bool
fai_queue_is_empty(const fa_ctx *ctx)
{
    return fai_load(&ctx->inbox.head) == NULL && ctx->queue.waiting == NULL &&
           fai_load(&ctx->queue.marked) == 0;
}

static inline void
fai_queue_drain(fa_ctx *ctx, enum fai_drain_moment moment)
{
    if (FAI_UNLIKELY(!fai_queue_is_empty(ctx)))
        fai_queue_drain_some(ctx, moment);
}

#endif
