/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Statistics: where the memory is.
 *
 * Bytes are always exact as of the moment a context published them: at slow
 * calls, tag changes and frame ends. Nothing is counted per allocation, so
 * object counts exist only while counting is on.
 */
#ifndef FRAMEALLOC_STATS_H
#define FRAMEALLOC_STATS_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A count that is not known because counting is off. */
#define FA_COUNT_UNKNOWN UINT64_MAX
/** Buckets of a histogram: bucket i counts frames with peaks of less than
 *  2^i bytes, and at least 2^(i-1). Empty frames are not counted. */
#define FA_HISTOGRAM_BUCKETS 40

/** Figures of one allocator. Start from FA_STATS_INIT. */
typedef struct fa_stats {
    size_t struct_size;     /**< sizeof(fa_stats). */
    uint64_t frame_number;  /**< Current frame, or the last one. */
    bool frame_is_open;     /**< A frame is open now. */
    int guard;              /**< Guard level in force, 0 to 3. */
    uint32_t contexts;      /**< Contexts in use. */
    uint32_t contexts_idle; /**< Contexts of threads that have exited. */
    /** Contexts whose part of the last closed frame has not ended yet. */
    uint32_t contexts_behind;
    /** Frames since the oldest publication that is summed here. */
    uint64_t age_frames;
    uint64_t held_bytes;     /**< Taken from the system and in use or cached. */
    uint64_t held_peak;      /**< Most of it ever. */
    uint64_t reserved_bytes; /**< Address space of arenas. */
    /** Used in each context's frame: what is published of the current one,
     *  otherwise the last one. */
    uint64_t frame_bytes;
    uint64_t frame_peak;      /**< Most bytes of one frame, sum of contexts. */
    uint64_t frame_resident;  /**< Of arenas, touched and kept. */
    uint64_t pool_bytes;      /**< Pool pages held. */
    uint64_t heap_bytes;      /**< Live heap blocks, as asked for. */
    uint64_t block_bytes;     /**< Live oversized blocks of frames. */
    uint64_t cache_bytes;     /**< Idle blocks in caches. */
    uint64_t backend_bytes;   /**< Blocks taken from the backend, in total. */
    uint64_t arena_bytes;     /**< Handed out by arenas in ended frames. */
    uint64_t spills;          /**< Chunks taken because an arena was full. */
    uint64_t spill_bytes;     /**< Bytes of these chunks. */
    uint64_t spill_ns;        /**< Time it took to take them. */
    uint64_t budget_refusals; /**< Requests refused by a limit. */
    uint64_t system_refusals; /**< System calls that failed, process-wide. */
    uint64_t remote_frees;    /**< Blocks freed by other contexts. */
    uint64_t trimmed_bytes;   /**< Given back to the system so far. */
    /** Objects allocated from frames; FA_COUNT_UNKNOWN without counts and
     *  guard modes. */
    uint64_t frame_count;
    /** Frames by the peak of each context. */
    uint64_t histogram[FA_HISTOGRAM_BUCKETS];
    /** Bytes that would have held 99.9 % of the frames, blocks above the
     *  window included; a power of two. */
    uint64_t suggested_reserve;
    /** Used in scratch arenas, those of scopes included: what is published. */
    uint64_t scratch_bytes;
    uint32_t scratches;   /**< Named scratch arenas. */
    uint32_t groups;      /**< Groups. */
    uint64_t group_bytes; /**< Used in groups: what is published. */
    /** Bytes of retained blocks that were copied to pools, ... */
    uint64_t promoted_pool;
    uint64_t promoted_heap;      /**< ... to the heap, ... */
    uint64_t promoted_scratch;   /**< ... and to named scratch arenas. */
    uint64_t promotions;         /**< Retained blocks that were copied. */
    uint64_t promotions_failed;  /**< Retained blocks that were lost. */
    uint64_t transfers_sent;     /**< Transfers so far. */
    uint64_t transfers_received; /**< Of them: received. */
    uint64_t transfers_dropped;  /**< Of them: released instead. */
    uint64_t transfers_pending;  /**< Of them: on their way. */
    uint64_t transfer_bytes;     /**< Sent so far. */
    uint64_t tasks;              /**< Tasks that have not ended. */
    uint64_t tasks_begun;        /**< Tasks so far. */
} fa_stats;

#define FA_STATS_INIT                                                         \
    {                                                                         \
        sizeof(fa_stats), 0, false, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
            0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, {0}, 0, 0, 0, 0, 0, 0, 0, 0, 0,  \
            0, 0, 0, 0, 0, 0, 0, 0                                            \
    }

/** Figures of one tag or context. Start from FA_USAGE_INIT. */
typedef struct fa_usage {
    size_t struct_size;   /**< sizeof(fa_usage). */
    uint64_t bytes;       /**< Now: frame, pool pages and heap blocks. */
    uint64_t peak;        /**< Most bytes at a frame's end or slow call. */
    uint64_t frame_bytes; /**< Handed out in the current or last frame. */
    uint64_t frame_peak;  /**< Most bytes of one frame. */
    uint64_t pool_bytes;  /**< Pool pages held. */
    uint64_t heap_bytes;  /**< Live heap blocks. */
    uint64_t spills;      /**< Chunks taken because an arena was full. */
    uint64_t refusals;    /**< Requests refused by its budget. */
    uint64_t histogram[FA_HISTOGRAM_BUCKETS]; /**< Frames by their bytes. */
    uint64_t suggested_reserve;               /**< As in fa_stats. */
    /** Objects handed out and freed since counting began, by where they lie;
     *  FA_COUNT_UNKNOWN while nothing counts. What a rollback takes back stays
     *  counted; blocks count as freed when they are freed, by whomever. */
    uint64_t frame_allocs;
    uint64_t pool_allocs;
    uint64_t pool_frees;
    uint64_t heap_allocs;
    uint64_t heap_frees;
} fa_usage;

#define FA_USAGE_INIT                                                   \
    {                                                                   \
        sizeof(fa_usage), 0, 0, 0, 0, 0, 0, 0, 0, {0}, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Sums what the contexts have published.
 *
 * When to use: once per frame or less.
 * @param allocator the allocator.
 * @param out with struct_size set; members beyond it are not written.
 * @return FA_OK; FA_ERR_CONFIG when out is not initialised.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: a lock and a walk over the contexts. Since: 0.1.
 */
FA_API fa_status fa_stats_read(fa_allocator *allocator, fa_stats *out);

/**
 * Figures of one tag, over all contexts.
 *
 * When to use: to size budgets and to find who uses the memory.
 * @param allocator the allocator.
 * @param tag a tag of it.
 * @param out with struct_size set.
 * @return FA_OK; FA_ERR_CONFIG, or FA_ERR_USAGE for an unknown tag.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: a lock and a walk over the contexts. Since: 0.1.
 */
FA_API fa_status fa_tag_usage_read(fa_allocator *allocator, fa_tag tag,
                                   fa_usage *out);

/**
 * Figures of one context.
 *
 * When to use: to see which thread uses the memory.
 * @param ctx the context.
 * @param out with struct_size set.
 * @return FA_OK; FA_ERR_CONFIG, or FA_ERR_USAGE for NULL.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_ctx_usage_read(fa_ctx *ctx, fa_usage *out);

FA_END_DECLS

#endif
