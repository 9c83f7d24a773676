/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets, figures and dumps of GPU memory.
 *
 * Bytes are counted where they are: in the device's own memory, or in that of
 * the system, together with what the core allocator holds. On a device that
 * shares the CPU's memory there is one pool of both, and each byte is counted
 * once. What counts is what was taken from the driver; what was handed out of
 * it is shown beside.
 */
#ifndef FRAMEALLOC_GPU_BUDGET_H
#define FRAMEALLOC_GPU_BUDGET_H

#include <framealloc/gpu.h>

FA_BEGIN_DECLS

/** How close to its limit a pool is. */
typedef enum fa_gpu_level {
    FA_GPU_LEVEL_LOW = 0,    /**< Below 75 %. */
    FA_GPU_LEVEL_RAISED = 1, /**< 75 % or more. */
    FA_GPU_LEVEL_HIGH = 2,   /**< 90 % or more. */
    FA_GPU_LEVEL_FULL = 3    /**< 100 % or more. */
} fa_gpu_level;

/** Figures of one pool. */
typedef struct fa_gpu_pool_usage {
    uint64_t held_bytes;  /**< Taken from the driver; of the system, and the
                              core allocator's. */
    uint64_t used_bytes;  /**< Handed out of it in slices that persist or live
                              for several frames. */
    uint64_t peak_bytes;  /**< Most of held_bytes that was seen. */
    uint64_t limit_bytes; /**< Hard limit; UINT64_MAX: none. */
    /** What the driver lets the process have; without an answer 80 % of the
     *  heaps. */
    uint64_t driver_budget;
    uint64_t driver_usage; /**< What the driver says that the process has;
                                without an answer, held_bytes of the device. */
} fa_gpu_pool_usage;

/** Figures of a device's memory. */
typedef struct fa_gpu_usage {
    size_t struct_size;      /**< sizeof(fa_gpu_usage). */
    fa_gpu_pool_usage gpu;   /**< The device's own memory. */
    fa_gpu_pool_usage cpu;   /**< The system's; on a unified device the device
                                   has none of it, and this is the core's. */
    uint64_t combined_bytes; /**< Held in both. */
    uint64_t combined_limit; /**< Hard limit; UINT64_MAX: none. */
    fa_gpu_level level;      /**< Of the fullest. */
} fa_gpu_usage;

#define FA_GPU_USAGE_INIT                                                   \
    {                                                                       \
        sizeof(fa_gpu_usage), {0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, 0, 0, \
            FA_GPU_LEVEL_LOW                                                \
    }

/** Limits. Start from FA_GPU_BUDGET_INIT. */
typedef struct fa_gpu_budget {
    size_t struct_size;      /**< sizeof(fa_gpu_budget). */
    uint64_t gpu_bytes;      /**< Hard limit of the device's memory; 0: none. */
    uint64_t cpu_bytes;      /**< Of the system's; 0: none. The core allocator
                                  counts, but has a limit of its own. */
    uint64_t combined_bytes; /**< Of both together; 0: none. */
    uint32_t soft_percent;   /**< Of the hard limit, and of the driver's budget:
                                  above, FA_GPU_WITHIN_BUDGET is refused. 1 to
                                  100; 0: 90. */
    /** Told when a level is passed, up or down; outside of locks, by the thread
     *  that did it; or NULL. */
    void (*pressure)(void *user, fa_gpu *gpu, fa_gpu_level level);
    void *user; /**< Passed to it. */
} fa_gpu_budget;

#define FA_GPU_BUDGET_INIT                            \
    {                                                 \
        sizeof(fa_gpu_budget), 0, 0, 0, 0, NULL, NULL \
    }

/** Counters. */
typedef struct fa_gpu_stats {
    size_t struct_size;      /**< sizeof(fa_gpu_stats). */
    uint64_t frame;          /**< Number of the open or last frame. */
    uint64_t finished;       /**< Newest frame known to be finished. */
    uint64_t held_bytes;     /**< In blocks. */
    uint64_t idle_bytes;     /**< In blocks that nobody uses. */
    uint64_t arena_bytes;    /**< In chunks of frames. */
    uint64_t staging_bytes;  /**< In chunks of the ring and readback. */
    uint32_t blocks;         /**< Number of blocks. */
    uint32_t slices;         /**< That persist or live for several frames. */
    uint32_t retired;        /**< Of them, freed and waiting. */
    uint64_t block_creates;  /**< Driver calls since the start. */
    uint64_t block_destroys; /**< The same. */
    uint64_t flushes;        /**< The same. */
    uint64_t frame_creates;  /**< Of block_creates, since the last begin. */
    uint64_t frame_destroys; /**< Of block_destroys, the same. */
    uint64_t budget_queries; /**< Questions for the driver's budget. */
} fa_gpu_stats;

#define FA_GPU_STATS_INIT                                                 \
    {                                                                     \
        sizeof(fa_gpu_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Sets the limits.
 *
 * When to use: at start, and when the program's settings change. What is held
 * above a new limit stays; nothing more is taken.
 * @param gpu the memory.
 * @param budget copied; NULL removes all limits.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: the next call. Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_budget_set(fa_gpu *gpu,
                                              const fa_gpu_budget *budget);

/**
 * Sets the limit of one tag: bytes of slices that persist or live for several
 * frames.
 *
 * When to use: to give each subsystem its share.
 * @param gpu the memory.
 * @param tag the tag.
 * @param bytes hard limit; 0: none.
 * @return FA_OK; FA_ERR_USAGE for a tag that does not exist.
 * Valid until: the next call. Owner: - Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_gpu_tag_budget_set(fa_gpu *gpu, fa_tag tag,
                                                  uint64_t bytes);

/**
 * Reads how much of each pool is held and used.
 *
 * When to use: for displays, and before large decisions.
 * @param gpu the memory.
 * @param out its struct_size is set by the caller; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock, and
 * fa_stats_read(). Since: 0.1.
 */
FA_API fa_status fa_gpu_usage_read(fa_gpu *gpu, fa_gpu_usage *out);

/**
 * Reads how many bytes a tag has, and had at most.
 *
 * When to use: as fa_gpu_usage_read().
 * @param gpu the memory.
 * @param tag the tag.
 * @param bytes gets the bytes of its slices now.
 * @param peak gets the most there were; or NULL.
 * @return FA_OK; FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_gpu_tag_usage_read(fa_gpu *gpu, fa_tag tag, uint64_t *bytes,
                                       uint64_t *peak);

/**
 * Reads the counters.
 *
 * When to use: for displays and tests.
 * @param gpu the memory.
 * @param out its struct_size is set by the caller; gets the counters.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock, and a look at
 * each block. Since: 0.1.
 */
FA_API fa_status fa_gpu_stats_read(fa_gpu *gpu, fa_gpu_stats *out);

/**
 * Writes all blocks and slices as JSON, with the members that Vulkan Memory
 * Allocator's dumps have, so that viewers of those can read it.
 *
 * When to use: when memory is not where it should be.
 * @param gpu the memory.
 * @param out gets the text with a 0 at its end, cut at size; may be NULL when
 *        size is 0.
 * @param size bytes there.
 * @return length of the whole text without the 0, as snprintf(); nothing is
 *         allocated.
 * Valid until: - Owner: the caller. Thread: any. Cost: a lock, and a line for
 * each range. Since: 0.1.
 */
FA_API size_t fa_gpu_dump(fa_gpu *gpu, char *out, size_t size);

FA_END_DECLS

#endif
