/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Groups: many objects of any size that are freed at once.
 *
 * A group is what a level, a document or a connection owns: it lives as long
 * as the program likes, and its objects die with it, without being freed one
 * by one. Groups nest; a child dies with its parent. A group is an fa_frame,
 * so whatever works on a frame works on it; fa_frame_defer() is a destructor.
 */
#ifndef FRAMEALLOC_GROUP_H
#define FRAMEALLOC_GROUP_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A group. Plain data; copy it freely. {NULL, 0} is none. */
typedef struct fa_group {
    fa_frame *frame; /**< Ask fa_group_frame(), which checks. */
    uint64_t serial; /**< Not used again in the allocator. */
} fa_group;

/** How to make a group. Start from FA_GROUP_CONFIG_INIT. */
typedef struct fa_group_config {
    size_t struct_size; /**< sizeof(fa_group_config). */
    /** Shown in reports; copied, cut to 31 bytes. NULL: "group". */
    const char *name;
    /** Most bytes in use at once, as in fa_scratch_config. 0: it grows. */
    size_t capacity;
    /** The group that it dies with; {NULL, 0}: none. */
    fa_group parent;
} fa_group_config;

#define FA_GROUP_CONFIG_INIT              \
    {                                     \
        sizeof(fa_group_config), NULL, 0, \
        {                                 \
            NULL, 0                       \
        }                                 \
    }

/** Figures of a group. Start from FA_GROUP_STATS_INIT. */
typedef struct fa_group_stats {
    size_t struct_size;  /**< sizeof(fa_group_stats). */
    const char *name;    /**< Valid until it is destroyed. */
    uint64_t bytes;      /**< In use, without children. */
    uint64_t peak;       /**< Most bytes in use at once since it was made. */
    uint64_t held_bytes; /**< Taken from the system, in use or not. */
    uint64_t capacity;   /**< As it was given, rounded; 0: it grows. */
    uint64_t resets;     /**< Calls of fa_group_reset(). */
    uint64_t refusals;   /**< Requests that the capacity refused. */
    uint64_t count;  /**< Objects since the last reset, or FA_COUNT_UNKNOWN. */
    uint32_t groups; /**< Groups below it, of all depths. */
    uint64_t tree_bytes; /**< In use, with all groups below it. */
} fa_group_stats;

#define FA_GROUP_STATS_INIT                                     \
    {                                                           \
        sizeof(fa_group_stats), NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Makes a group.
 *
 * When to use: for hundreds or thousands of owners; each holds 12 KiB at
 * least. Objects that come and go belong in a pool.
 * @param ctx the calling thread's context; its current tag is charged for all
 *        that the group will hold.
 * @param config copied; NULL for defaults.
 * @param out gets the group; {NULL, 0} on failure.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_BUDGET, FA_ERR_CONFIG; FA_ERR_STALE with
 *         FA421 when the parent is gone; FA_ERR_USAGE for NULL or a parent of
 *         another allocator.
 * Valid until: fa_group_destroy(), the parent's reset or end, or the end of
 * the allocator. Owner: the caller. Thread: the context's own.
 * Cost: a lock; two mappings where no destroyed one can be used again.
 * Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*3) FA_CHECKED fa_status
    fa_group_create(fa_ctx *ctx, const fa_group_config *config, fa_group *out);

/**
 * The frame of a group, to allocate from.
 *
 * When to use: once per function; the frame stays the same.
 * @param group the group.
 * @return the frame, never NULL: FA421 and one that refuses every call when
 *         the group is gone. fa_frame_status() explains a NULL from it.
 * Valid until: the group ends; blocks until fa_group_reset(), too.
 * Owner: the group. Thread: any, one at a time for the group and those below
 * it. Cost: constant. Since: 0.1.
 */
FA_API FA_ARENA_OF(1) fa_frame *fa_group_frame(fa_group group);

/**
 * Whether the group has not ended yet.
 *
 * When to use: before using a handle that may be gone.
 * @param group the group.
 * @return true until it ends.
 * Valid until: - Owner: - Thread: any; the allocator must live.
 * Cost: one acquire load. Since: 0.1.
 */
FA_API bool fa_group_is_live(fa_group group);

/**
 * Frees all objects of a group and ends the groups below it, newest first;
 * the group can be used again at once and keeps its memory.
 *
 * When to use: to fill the same group anew.
 * @param group the group.
 * @return FA_OK; FA_ERR_STALE with FA421.
 * Valid until: - Owner: - Thread: as fa_group_frame().
 * Cost: per group constant, O(blocks above 4 KiB + defers). Since: 0.1.
 */
FA_API FA_RESETS(1) fa_status fa_group_reset(fa_group group);

/**
 * Ends a group and those below it, newest first: defers run, all objects die.
 *
 * When to use: when its owner ends.
 * @param group the group. It may have been a parent's.
 * @return FA_OK; FA_ERR_STALE with FA421 when it has ended before.
 * Valid until: - Owner: - Thread: as fa_group_frame().
 * Cost: as fa_group_reset(), and a lock; memory above 64 KiB goes back to the
 * system. Since: 0.1.
 */
FA_API FA_ENDS_FRAME(1) fa_status fa_group_destroy(fa_group group);

/**
 * Reads the figures of a group.
 *
 * When to use: for reports.
 * @param group the group.
 * @param out initialised; gets the figures.
 * @return FA_OK; FA_ERR_STALE with FA421, FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: as fa_group_frame(); totals for
 * any thread are in fa_stats. Cost: O(groups below it). Since: 0.1.
 */
FA_API fa_status fa_group_stats_read(fa_group group, fa_group_stats *out);

FA_END_DECLS

#endif
