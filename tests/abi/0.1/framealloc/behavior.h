/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Behaviour filter: is each tag's memory of the right kind?
 *
 * Memory that was asked for from a frame and is kept for seconds, or from a
 * pool and is gone in the same frame, works, but there is a better place for
 * it. The filter looks at objects by tag and gives advice: FA501, FA502,
 * FA510, FA520 and FA530, once per tag. It is off by default; while it is on,
 * objects are counted and inline paths are off. Memory: some words per tag.
 *
 * Frame memory that survives is what is retained (fa_frame_retain()) or told
 * by fa_behavior_promoted(). Nothing is kept per object, so a lifetime is the
 * mean of a tag: objects that were live, summed over frames, divided by
 * objects that were made. While they live on, it is a lower bound.
 */
#ifndef FRAMEALLOC_BEHAVIOR_H
#define FRAMEALLOC_BEHAVIOR_H

#include <framealloc/allocator.h>
#include <framealloc/ctx.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** Thresholds. Start from FA_BEHAVIOR_DEFAULT, _STRICT or _RELAXED. */
typedef struct fa_behavior {
    size_t struct_size; /**< sizeof(fa_behavior). */
    /** FA501: survivors of frames, mean lifetime. Frames. */
    uint32_t survivor_frames;
    /** FA502: survivors among a tag's objects of frames. Percent. */
    uint32_t survivor_percent;
    /** FA510: pool objects that are freed in their frame. Percent. */
    uint32_t same_frame_percent;
    /** FA520: promotions in 100 frames. */
    uint32_t promotions_per_100_frames;
    /** FA530: blocks above FA_POOL_BLOCK_MAX from the heap in 60 frames. */
    uint32_t heap_allocs_per_60_frames;
    /** Objects from which on a tag is judged; 0 counts as 1. */
    uint32_t min_samples;
} fa_behavior;

/** For most programs. */
#define FA_BEHAVIOR_DEFAULT                          \
    {                                                \
        sizeof(fa_behavior), 60, 50, 80, 50, 100, 10 \
    }
/** For engines that want every frame the same. */
#define FA_BEHAVIOR_STRICT                         \
    {                                              \
        sizeof(fa_behavior), 10, 20, 50, 20, 10, 5 \
    }
/** For programs that are being moved to frames. */
#define FA_BEHAVIOR_RELAXED                            \
    {                                                  \
        sizeof(fa_behavior), 300, 80, 95, 80, 1000, 50 \
    }

/** One piece of advice. */
typedef struct fa_behavior_issue {
    uint32_t number;    /**< 501, 502, 510, 520 or 530; see fa_diag_cure(). */
    fa_tag tag;         /**< Whose objects. */
    uint64_t objects;   /**< That were looked at. */
    double observed;    /**< In the unit of the threshold. */
    uint32_t threshold; /**< That was passed. */
} fa_behavior_issue;

/**
 * Switches the filter on with these thresholds, or off. What was observed
 * before is forgotten.
 *
 * When to use: in test runs; in the environment by behavior=1 to 3.
 * @param allocator the allocator.
 * @param thresholds copied; NULL switches off.
 * @return FA_OK; FA_ERR_CONFIG for thresholds that are not initialised,
 *         FA_ERR_USAGE, FA_ERR_NOMEM when all event listeners are in use.
 * Valid until: the next call. Owner: - Thread: any, but not inside of an
 * event listener. Cost: a lock, and a look at each tag; while it is on, one
 * such look per frame, and the slow paths. Since: 0.1.
 */
FA_API fa_status fa_behavior_set(fa_allocator *allocator,
                                 const fa_behavior *thresholds);

/**
 * All advice as of now, said before or not.
 *
 * When to use: for reports.
 * @param allocator the allocator.
 * @param out room for count issues; may be NULL when count is 0.
 * @param count most issues to write.
 * @return how many there are; more than count when out is too small.
 * Valid until: copies. Owner: the caller. Thread: any.
 * Cost: a lock, and a look at each tag. Since: 0.1.
 */
FA_API size_t fa_behavior_read(fa_allocator *allocator, fa_behavior_issue *out,
                               size_t count);

/**
 * Forgets what was observed; advice may be given again.
 *
 * When to use: after loading, when other traffic begins.
 * @param allocator the allocator.
 * Valid until: - Owner: - Thread: any.
 * Cost: a lock, and a look at each tag. Since: 0.1.
 */
FA_API void fa_behavior_reset(fa_allocator *allocator);

/**
 * Tells that an object of the current frame was copied to where it lives on.
 *
 * When to use: where the program itself copies from a frame to a pool or the
 * heap; fa_frame_retain() tells by itself.
 * @param ctx the context; its current tag is meant.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: a few instructions. Since: 0.1.
 */
FA_API void fa_behavior_promoted(fa_ctx *ctx);

FA_END_DECLS

#endif
