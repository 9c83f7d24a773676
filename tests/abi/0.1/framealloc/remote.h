/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frees by other contexts: when they are taken in, and how many may wait.
 *
 * A block that another context frees waits in the queue of its owner, the
 * context that it was taken from. Without further ado the owner takes all in
 * at the end of its frame and whenever it needs memory, and the queue has no
 * bound. Programs that want to spread the work, or to choose its moment, or
 * to bound what waits, say so by members of fa_allocator_config for all
 * contexts or of fa_ctx_config for one.
 */
#ifndef FRAMEALLOC_REMOTE_H
#define FRAMEALLOC_REMOTE_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** When a context takes in what others have freed. Whatever the mode, all of
 *  it is taken in by fa_allocator_trim(), before a budget refuses a request,
 *  and when the context ends. */
typedef enum fa_drain {
    /** As the allocator says; of an allocator: FA_DRAIN_FRAME_END. */
    FA_DRAIN_DEFAULT = 0,
    FA_DRAIN_FRAME_END = 1, /**< All, at frame ends and when short of memory. */
    FA_DRAIN_FRAME_BEGIN = 2, /**< All, at frame begins and when short. */
    FA_DRAIN_IMMEDIATE = 3,   /**< All, at each slow call, begin and end. */
    /** At most drain_count blocks, at each frame end and when short. */
    FA_DRAIN_INCREMENTAL = 4,
    FA_DRAIN_EXPLICIT = 5 /**< By fa_ctx_drain() alone. */
} fa_drain;

/** What happens to a free when the owner's queue is full. */
typedef enum fa_queue_full {
    /** As the allocator says; of an allocator: FA_QUEUE_GROW. */
    FA_QUEUE_DEFAULT = 0,
    FA_QUEUE_GROW = 1, /**< The queue grows; it is only counted. */
    /** The freeing thread marks the block as free where it lies; the owner
     *  finds the marks when it drains. Costs the owner a walk over its pages
     *  and blocks, and no room in the queue. */
    FA_QUEUE_PROCESS = 2,
    /** The oldest eighth of the queue is set aside until the next trim, the
     *  next refusal of a budget or the end of the context. The memory is not
     *  used until then, but not lost. */
    FA_QUEUE_DROP_OLDEST = 3,
    /** The free is refused with FA017 and FA_NOT_READY, and the block stays
     *  live. Frees for such owners do not travel in batches. */
    FA_QUEUE_FAIL = 4
} fa_queue_full;

/** Figures of one context's queue. Start from FA_REMOTE_USAGE_INIT. */
typedef struct fa_remote_usage {
    size_t struct_size;   /**< sizeof(fa_remote_usage). */
    uint64_t depth;       /**< Blocks that wait now. */
    uint64_t depth_peak;  /**< Most blocks that waited at once. */
    uint64_t bytes;       /**< Bytes of the blocks that wait now. */
    uint64_t processed;   /**< Blocks taken in so far. */
    uint64_t full;        /**< Frees that found the queue full. */
    uint64_t marked;      /**< Blocks marked where they lie, not found yet. */
    uint64_t dropped;     /**< Blocks set aside so far. */
    uint64_t aside;       /**< Blocks that are set aside now. */
    uint64_t aside_bytes; /**< Bytes of them. */
    uint64_t refused;     /**< Frees refused. */
} fa_remote_usage;

#define FA_REMOTE_USAGE_INIT                                  \
    {                                                         \
        sizeof(fa_remote_usage), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Takes in blocks that others have freed.
 *
 * When to use: with FA_DRAIN_EXPLICIT, where the frame has time.
 * @param ctx the context.
 * @param max blocks at most; SIZE_MAX for all. What was set aside stays.
 * @return blocks that were taken in; 0 for another thread's context (FA211).
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: per block about that of a free. Since: 0.1.
 */
FA_API size_t fa_ctx_drain(fa_ctx *ctx, size_t max);

/**
 * Figures of the frees by others that wait for a context.
 *
 * When to use: to size queue_capacity and drain_count.
 * @param ctx the context.
 * @param out with struct_size set; members beyond it are not written.
 * @return FA_OK; FA_ERR_CONFIG, or FA_ERR_USAGE for NULL.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_remote_usage_read(fa_ctx *ctx, fa_remote_usage *out);

FA_END_DECLS

#endif
