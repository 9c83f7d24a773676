/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Retention: blocks of a frame that live on after it.
 *
 * A block is allocated in the frame, as all others, and marked when it turns
 * out to be worth keeping. At the end of the frame it is copied to where the
 * policy says, before the frame's memory dies, and the program is told its
 * new address. There is one frame end, and it does this by itself.
 */
#ifndef FRAMEALLOC_RETAIN_H
#define FRAMEALLOC_RETAIN_H

#include <framealloc/ctx.h>
#include <framealloc/phase.h>
#include <framealloc/scratch.h>

FA_BEGIN_DECLS

/** What becomes of a block at the end of its frame. */
typedef enum fa_retain_policy {
    FA_RETAIN_DISCARD = 0, /**< It dies, and is counted. */
    FA_RETAIN_POOL = 1,    /**< Copied to a pool of the context. */
    FA_RETAIN_HEAP = 2,    /**< Copied to the heap. */
    FA_RETAIN_SCRATCH = 3, /**< Copied to a named scratch arena. */
    /** The same by importance: of no use later, ... */
    FA_RETAIN_EPHEMERAL = FA_RETAIN_DISCARD,
    FA_RETAIN_REUSABLE = FA_RETAIN_POOL,  /**< ... used for some time, ... */
    FA_RETAIN_PERSISTENT = FA_RETAIN_HEAP /**< ... or for long. */
} fa_retain_policy;

/** What became of it. From FA_RETAINED_NO_BUDGET on: it was lost. */
typedef enum fa_retained_outcome {
    FA_RETAINED_DISCARDED = 0,    /**< As its policy says. */
    FA_RETAINED_POOL = 1,         /**< In a pool: fa_free() it. */
    FA_RETAINED_HEAP = 2,         /**< On the heap: fa_free() it. */
    FA_RETAINED_SCRATCH = 3,      /**< In the scratch arena. */
    FA_RETAINED_NO_BUDGET = 4,    /**< A budget refused. */
    FA_RETAINED_NO_SCRATCH = 5,   /**< The scratch arena is gone. */
    FA_RETAINED_SCRATCH_FULL = 6, /**< Its capacity is too small. */
    FA_RETAINED_TOO_LARGE = 7,    /**< Above FA_POOL_BLOCK_MAX for a pool. */
    FA_RETAINED_NO_MEMORY = 8,    /**< The system refused. */
    FA_RETAINED_RELEASED = 9,     /**< The program has released it. */
    FA_RETAINED_ENDED = 10,       /**< The allocator ends. */
    FA_RETAINED_OUTCOMES = 11     /**< How many there are. */
} fa_retained_outcome;

/** What a program is told at the end of the frame. */
typedef struct fa_retained {
    size_t struct_size;          /**< Bytes of this structure. */
    const void *from;            /**< The block in the frame; it is readable. */
    void *to;                    /**< Its copy, or NULL. */
    size_t size;                 /**< Bytes that were copied. */
    fa_retained_outcome outcome; /**< Where to, or why not. */
    fa_tag tag;                  /**< That the block was retained under. */
} fa_retained;

/**
 * Called once for each retained block, in the order of retaining, while the
 * frame's memory is still readable: the place to follow the new address, also
 * inside of other copies. It may use pools, heap and scratch arenas, but not
 * the frame of the context. After a failure it is the last to see the block.
 */
typedef void (*fa_retained_fn)(void *user, const fa_retained *retained);

/** How to retain a block. Start from FA_RETAIN_INIT. */
typedef struct fa_retain {
    size_t struct_size;      /**< sizeof(fa_retain). */
    fa_retain_policy policy; /**< Where to. */
    fa_scratch scratch;      /**< With FA_RETAIN_SCRATCH. */
    size_t align;            /**< Of the copy; 0: 16. A power of two. */
    /** Gets the new address, or NULL; itself NULL: nobody. It must outlive
     *  the frame. */
    void **slot;
    fa_retained_fn fn; /**< Is told after the slot is set; NULL: nobody. */
    void *user;        /**< Passed to fn. */
} fa_retain;

#define FA_RETAIN_INIT                                                       \
    {                                                                        \
        sizeof(fa_retain), FA_RETAIN_DISCARD, {NULL, 0}, 0, NULL, NULL, NULL \
    }

/** Blocks and their bytes. */
typedef struct fa_retain_count {
    uint64_t count; /**< Blocks. */
    uint64_t bytes; /**< Their sizes. */
} fa_retain_count;

/** Names of phases that a summary tells apart. */
#define FA_RETAIN_PHASES 64u

/** What became of the blocks of one tag, or of phases of one name. */
typedef struct fa_retain_share {
    const char *name;          /**< Of the tag or the phases; the library's. */
    uint32_t id;               /**< The fa_tag; of phases 0. */
    fa_retain_count discarded; /**< By their policy. */
    fa_retain_count promoted;  /**< Copied to where they live on. */
    fa_retain_count failed;    /**< Lost. */
} fa_retain_share;

/** What became of the blocks of one frame. Start from FA_RETAIN_SUMMARY_INIT.
 */
typedef struct fa_retain_summary {
    size_t struct_size;    /**< sizeof(fa_retain_summary). */
    uint64_t frame_number; /**< The context's last frame. */
    /** Used by that frame at its end, if it had retained blocks; else 0. */
    uint64_t frame_bytes;
    fa_retain_count outcome[FA_RETAINED_OUTCOMES]; /**< By what became. */
    fa_retain_count promoted; /**< To pools, heap and scratch arenas. */
    fa_retain_count failed;   /**< For whatever reason. */
    double success_rate; /**< Promoted of those that were to be; 1 if none. */
    /** By tag, in the order of the first block; valid until the context's
     *  next frame end. */
    const fa_retain_share *by_tag;
    uint32_t tag_count; /**< Entries of by_tag. */
    /** By the innermost phase when the block was retained, in the order of the
     *  first block; valid as by_tag. Phases of one name are one entry. "" has
     *  the blocks outside of phases, of phases that are not listed, and of
     *  names after the first FA_RETAIN_PHASES. */
    const fa_retain_share *by_phase;
    uint32_t phase_count; /**< Entries of by_phase. */
} fa_retain_summary;

#define FA_RETAIN_SUMMARY_INIT                                                \
    {                                                                         \
        sizeof(fa_retain_summary), 0, 0, {{0, 0}}, {0, 0}, {0, 0}, 1.0, NULL, \
            0, NULL, 0                                                        \
    }

/**
 * Marks a block to be kept when its frame ends.
 *
 * When to use: once the block has its final size and place; what it contains
 * is copied at the end of the frame.
 * @param frame the frame of a context; scratch arenas and groups are refused,
 *        for they have no end to wait for.
 * @param block in this frame.
 * @param size bytes to keep, from 1 to those asked for.
 * @param how copied.
 * @return FA_OK; FA_ERR_USAGE with FA432 for a block that is not of this
 *         frame, or for a wrong policy, size or alignment; FA_ERR_UNSUPPORTED,
 *         FA_ERR_CONFIG, or as after fa_frame_alloc().
 * Valid until: the end of the frame, or a rollback to a mark before this call,
 * which drops it silently. Owner: the frame; the copy is the caller's.
 * Thread: the context's own. Cost: an allocation of 96 bytes; the end of a
 * frame without retained blocks costs nothing. Since: 0.1.
 */
FA_API FA_BORROWS(2) FA_CHECKED fa_status
    fa_frame_retain(fa_frame *frame, void *block, size_t size,
                    const fa_retain *how);

/**
 * Blocks of the open frame that are retained so far.
 *
 * When to use: for reports.
 * @param frame the frame.
 * @return how many.
 * Valid until: the next call. Owner: - Thread: the context's own.
 * Cost: O(retained blocks). Since: 0.1.
 */
FA_API size_t fa_frame_retained(const fa_frame *frame);

/**
 * What became of the retained blocks of the context's last frame.
 *
 * When to use: after fa_end_frame() or fa_ctx_end_frame(). Totals for any
 * thread are in fa_stats.
 * @param ctx the context.
 * @param out initialised; gets the summary: zeroes when the frame had no
 *        retained blocks.
 * @return FA_OK; FA_ERR_CONFIG, FA_ERR_USAGE.
 * Valid until: - Owner: the caller. Thread: the context's own.
 * Cost: a copy. Since: 0.1.
 */
FA_API fa_status fa_retain_summary_read(fa_ctx *ctx, fa_retain_summary *out);

/**
 * Name of an outcome, such as "no budget".
 *
 * When to use: in reports.
 * @param outcome the outcome.
 * @return a static string; "unknown" for other numbers.
 * Valid until: the end of the process. Owner: the library. Thread: any.
 * Cost: constant. Since: 0.1.
 */
FA_API const char *fa_retained_outcome_name(fa_retained_outcome outcome);

FA_END_DECLS

#endif
