/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Phases: named, nested sections of a context's frame.
 *
 *     FA_PHASE_SCOPE (ctx, physics) {
 *         step(world, fa_ctx_frame(ctx));
 *     }
 *
 * The bytes of a phase are the difference of two positions, taken at its begin
 * and end, so nothing is done per allocation, and a frame without phases costs
 * nothing. What is rolled back or released inside of a phase is not counted.
 *
 * The phases of the open frame and of the last one that had any are kept, in
 * the order of their begins.
 */
#ifndef FRAMEALLOC_PHASE_H
#define FRAMEALLOC_PHASE_H

#include <framealloc/ctx.h>

FA_BEGIN_DECLS

/** Bytes of a phase's name that are kept, the final NUL among them. */
#define FA_PHASE_NAME_MAX 32u
/** Phases in each other. */
#define FA_PHASE_DEPTH_MAX 32u
/** Phases of a frame that are listed. */
#define FA_PHASE_MAX 256u
/** The parent of a phase that is in no other. */
#define FA_PHASE_NONE UINT32_MAX

/** An open phase: what fa_phase_end() takes. */
typedef struct fa_phase_scope {
    fa_ctx *ctx;     /**< Whose frame. */
    uint64_t serial; /**< Not used again in the context; 0: refused. */
} fa_phase_scope;

/** Which frame's phases. */
typedef enum fa_phase_list {
    FA_PHASE_CURRENT = 0, /**< Of the open frame. */
    FA_PHASE_LAST = 1     /**< Of the last closed frame that had phases. */
} fa_phase_list;

/** One phase. Start from FA_PHASE_INIT. */
typedef struct fa_phase {
    size_t struct_size;           /**< sizeof(fa_phase). */
    char name[FA_PHASE_NAME_MAX]; /**< As given at the begin, cut. */
    uint64_t frame;               /**< Number of its frame. */
    uint32_t depth;               /**< Phases around it. */
    uint32_t parent;      /**< Index of the one around it, or FA_PHASE_NONE. */
    uint64_t bytes;       /**< Bytes that it added to the frame, inner phases
                          *   included; 0 when it left fewer than it found. */
    uint64_t self_bytes;  /**< Without inner phases. */
    uint64_t count;       /**< Objects allocated, rolled back ones included;
                          *   FA_COUNT_UNKNOWN without counts and guard. */
    uint64_t duration_ns; /**< From begin to end. */
    uint64_t limit_bytes; /**< Most bytes that it may add; 0: no limit. */
    bool is_open;         /**< The figures are those so far. */
    bool is_forgotten;    /**< Its frame or an outer phase ended it. */
} fa_phase;

#define FA_PHASE_INIT                                              \
    {                                                              \
        sizeof(fa_phase), "", 0, 0, 0, 0, 0, 0, 0, 0, false, false \
    }

/**
 * Begins a phase of the context's frame, in the one that is open.
 *
 * When to use: around a part of the frame's work.
 * @param ctx the context; it follows the frame number as in fa_ctx_frame().
 * @param name copied; cut to FA_PHASE_NAME_MAX - 1 bytes. NULL is "".
 * @return what to give to fa_phase_end(). Refused, serial 0: FA001 without an
 *         open frame, FA443 deeper than FA_PHASE_DEPTH_MAX, or without memory;
 *         fa_ctx_status() tells which. To end a refused phase does nothing.
 *         After FA_PHASE_MAX phases in a frame, FA443 is told once, and
 *         further ones work but are not listed.
 * Valid until: fa_phase_end(), or the end of the frame, which ends it with
 * FA442. Owner: the context. Thread: the context's own.
 * Cost: reads a clock; the first one of a context takes 55 KiB of addresses.
 * Since: 0.1.
 */
FA_API fa_phase_scope fa_phase_begin(fa_ctx *ctx, const char *name);

/**
 * The same with a limit on what the phase may add to the frame.
 *
 * When to use: where one part of the frame must not use up the others' room.
 * @param ctx the context.
 * @param name as above.
 * @param limit_bytes most bytes, inner phases included; a request that would
 *        pass them is refused with FA_ERR_BUDGET and FA314. 0: no limit.
 * @return as fa_phase_begin().
 * Valid until: as fa_phase_begin(). Owner: the context.
 * Thread: the context's own. Cost: as fa_phase_begin(); none per allocation.
 * Since: 0.1.
 */
FA_API fa_phase_scope fa_phase_begin_limited(fa_ctx *ctx, const char *name,
                                             size_t limit_bytes);

/**
 * Ends a phase.
 *
 * When to use: once for each begin, newest first. One that is not the newest
 * ends those inside of it with FA441.
 * @param scope of fa_phase_begin().
 * @return FA_OK; FA_ERR_STATE when the begin was refused; FA_ERR_STALE with
 *         FA441 when it is over.
 * Valid until: - Owner: - Thread: the context's own. Cost: reads a clock.
 * Since: 0.1.
 */
FA_API fa_status fa_phase_end(fa_phase_scope scope);

/**
 * The end of FA_PHASE_SCOPE; programs use that instead.
 *
 * When to use: by the macro.
 * @param scope the phase.
 * Valid until: - Owner: - Thread: as the begin. Cost: as fa_phase_end().
 * Since: 0.1.
 */
FA_API void fa_phase_end_scope(fa_phase_scope *scope);

/** A statement or block that is a phase, ended however it is left. name is an
 *  identifier. */
#define FA_PHASE_SCOPE(ctx, name)                                             \
    for (fa_phase_scope name##_phase_ FA_ATTR(                                \
             (__cleanup__(fa_phase_end_scope))) = fa_phase_begin(ctx, #name), \
     *name##_once_ = &name##_phase_;                                          \
         name##_once_ != NULL; name##_once_ = NULL)

/**
 * Name of the innermost open phase.
 *
 * When to use: in reports.
 * @param ctx the context, or NULL.
 * @return the name, or NULL when no phase is open.
 * Valid until: the phase ends. Owner: the context.
 * Thread: the context's own. Cost: constant. Since: 0.1.
 */
FA_API const char *fa_phase_name(const fa_ctx *ctx);

/**
 * How many phases are listed.
 *
 * When to use: before fa_phase_read().
 * @param ctx the context, or NULL.
 * @param list which frame's.
 * @return the number, at most FA_PHASE_MAX.
 * Valid until: the next begin of a phase, or the frame's end. Owner: -
 * Thread: the context's own. Cost: constant. Since: 0.1.
 */
FA_API size_t fa_phase_count(const fa_ctx *ctx, fa_phase_list list);

/**
 * Copies the figures of one phase.
 *
 * When to use: in profilers and reports.
 * @param ctx the context.
 * @param list which frame's.
 * @param index from 0, in the order of the begins.
 * @param out initialised; gets the figures.
 * @return FA_OK; FA_ERR_USAGE for an index without a phase, FA_ERR_CONFIG for
 *         a structure that was not initialised.
 * Valid until: - Owner: the caller. Thread: the context's own.
 * Cost: a copy; an open phase reads the clock. Since: 0.1.
 */
FA_API fa_status fa_phase_read(const fa_ctx *ctx, fa_phase_list list,
                               size_t index, fa_phase *out);

FA_END_DECLS

#endif
