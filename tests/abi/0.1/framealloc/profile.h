/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Profilers: callbacks in the form that profilers want, over events.
 *
 * A profiler pairs allocations with frees by address, so it is told of pool
 * and heap blocks one by one, and never of a free whose allocation it has not
 * seen. Memory of frames has no frees; it is told as one figure per context
 * and frame. Tracy is served by its C interface, if the process has it.
 */
#ifndef FRAMEALLOC_PROFILE_H
#define FRAMEALLOC_PROFILE_H

#include <framealloc/allocator.h>
#include <framealloc/stats.h>

FA_BEGIN_DECLS

/** Callbacks; each may be NULL. Called one at a time, on the thread that did
 *  it, with a lock held that only profiling takes: they must not allocate from
 *  the allocator. Start from FA_PROFILE_INIT. */
typedef struct fa_profile {
    size_t struct_size; /**< sizeof(fa_profile). */
    /** A pool or heap block was handed out. */
    void (*alloc)(void *user, const void *address, size_t size,
                  const char *tag);
    /** A block that alloc was called for was freed. */
    void (*free)(void *user, const void *address);
    /** A context has closed its frame, which used so many bytes. */
    void (*frame)(void *user, uint64_t ctx, uint64_t number, uint64_t bytes);
    /** A context's frame begins, and what its arena had is gone. */
    void (*zone_begin)(void *user, uint64_t ctx, uint64_t number);
    /** It ends. */
    void (*zone_end)(void *user, uint64_t ctx, uint64_t number);
    void *user; /**< Passed to all. */
} fa_profile;

#define FA_PROFILE_INIT                                        \
    {                                                          \
        sizeof(fa_profile), NULL, NULL, NULL, NULL, NULL, NULL \
    }

/**
 * Has a profiler called from now on, or none.
 *
 * When to use: at start, in profiled builds.
 * @param allocator the allocator.
 * @param profile copied; NULL: none.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE, FA_ERR_NOMEM.
 * Valid until: the next call. Owner: the allocator.
 * Thread: one at a time, not inside of an event listener.
 * Cost: while on, each call takes a slow path and a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_profile_set(fa_allocator *allocator,
                                           const fa_profile *profile);

/**
 * The callbacks that send to Tracy.
 *
 * When to use: fa_profile_set(allocator, fa_profile_tracy()).
 * @return static callbacks; NULL when the process has no Tracy client.
 * Valid until: the end of the process. Owner: the library. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API const fa_profile *fa_profile_tracy(void);

/** Frames that a history keeps. */
#define FA_HISTORY_MAX 300

/** The last frames, for a graph in a user interface. Zeroes are empty. */
typedef struct fa_history {
    uint64_t count; /**< Frames that were added so far. */
    /** Bytes held by the allocator after each; frame i at i % the maximum. */
    uint64_t held_bytes[FA_HISTORY_MAX];
    uint64_t frame_bytes[FA_HISTORY_MAX]; /**< Used by each. */
    uint64_t number[FA_HISTORY_MAX];      /**< Numbers of the frames. */
} fa_history;

/**
 * Adds the frame that has just ended, unless it was added before.
 *
 * When to use: once per frame, after fa_end_frame().
 * @param history of the caller.
 * @param allocator the allocator.
 * @return FA_OK; FA_ERR_USAGE.
 * Valid until: overwritten, FA_HISTORY_MAX frames later. Owner: the caller.
 * Thread: one at a time. Cost: fa_stats_read(). Since: 0.1.
 */
FA_API fa_status fa_history_add(fa_history *history, fa_allocator *allocator);

/**
 * Points of a graph of the bytes of frames, oldest first: each is the most of
 * as many frames as are drawn by one point.
 *
 * When to use: to draw.
 * @param history of the caller.
 * @param out room for max_points values.
 * @param max_points most points to write.
 * @return points written, never more than max_points.
 * Valid until: copies. Owner: the caller. Thread: one at a time.
 * Cost: a walk over the history. Since: 0.1.
 */
FA_API size_t fa_history_read(const fa_history *history, uint64_t *out,
                              size_t max_points);

FA_END_DECLS

#endif
