/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scopes: a frame that ends with a block of the program, and a part of a frame
 * that is rolled back with a block unless it was committed.
 *
 *     FA_FRAME_GUARD (guard, frame) {
 *         struct plan *plan = make_plan(guard->frame);
 *         if (plan != NULL && is_good(plan))
 *             best = keep(plan, fa_frame_guard_commit(guard));
 *     }
 *
 * The macros need the cleanup attribute of GCC and Clang; without it, the
 * functions do the same.
 */
#ifndef FRAMEALLOC_SCOPE_H
#define FRAMEALLOC_SCOPE_H

#include <framealloc/allocator.h>
#include <framealloc/frame.h>

FA_BEGIN_DECLS

/** A part of a frame that may be rolled back. Changed by its functions. */
typedef struct fa_frame_guard {
    fa_frame *frame; /**< To allocate from; refuses when the begin failed. */
    fa_mark mark;    /**< Where it began; .frame NULL: the begin failed. */
    uint32_t depth;  /**< Guards of the frame around it, and itself. */
    bool is_open;    /**< Neither committed nor rolled back yet. */
} fa_frame_guard;

/** A frame that ends with a scope, or an inner scope of it. */
typedef struct fa_frame_scope {
    fa_frame *frame;         /**< To allocate from. */
    fa_allocator *allocator; /**< Of the frame. */
    uint64_t number;         /**< Of the frame. */
    bool is_outer;           /**< It began the frame, and ends it. */
    bool is_open;            /**< It has not ended yet. */
} fa_frame_scope;

/**
 * Opens a guard: from here on, the frame may be rolled back.
 *
 * When to use: around work that may fail or be dropped. Guards nest.
 * @param frame the frame, also of a scratch arena or a group.
 * @return the guard. Without an open frame, or when memory for the mark is
 *         missing, there is nothing to commit or to roll back, and its frame
 *         refuses every call; fa_frame_status() of the frame tells why.
 * Valid until: commit, rollback or end; at last the frame's end, where a
 * guard that is still open is FA006.
 * Owner: the caller. Thread: the context's own. Cost: a checkpoint.
 * Since: 0.1.
 */
FA_API FA_MARKS(1) fa_frame_guard fa_frame_guard_begin(fa_frame *frame);

/**
 * Keeps what was allocated since the begin; the guard is over.
 *
 * When to use: when the work has succeeded. Guards inside of it are over, too.
 * @param guard the guard.
 * @return FA_OK; FA_ERR_STATE when the begin failed; FA_ERR_STALE with FA006
 *         when it is over, or its frame or an outer part was given up.
 * Valid until: - Owner: - Thread: the context's own. Cost: constant.
 * Since: 0.1.
 */
FA_API fa_status fa_frame_guard_commit(fa_frame_guard *guard);

/**
 * Drops what was allocated since the begin; the guard is over.
 *
 * When to use: when the work has failed. Tags get back exactly what they were
 * charged, and deferred functions of the part run.
 * @param guard the guard.
 * @return as fa_frame_guard_commit(); a newer frame is never touched.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: as fa_frame_rollback(). Since: 0.1.
 */
FA_API FA_ROLLS_BACK(*1, *1) fa_status
    fa_frame_guard_rollback(fa_frame_guard *guard);

/**
 * Rolls back, unless the guard is over: the end of a block.
 *
 * When to use: on every way out; FA_FRAME_GUARD does it.
 * @param guard the guard.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: as fa_frame_guard_rollback(). Since: 0.1.
 */
FA_API void fa_frame_guard_end(fa_frame_guard *guard);

/** A statement or block with a guard, which is rolled back however the block
 *  is left, unless it was committed. name is a fa_frame_guard *. */
#define FA_FRAME_GUARD(name, of)                                            \
    for (fa_frame_guard name##_guard_ FA_ATTR(                              \
             (__cleanup__(fa_frame_guard_end))) = fa_frame_guard_begin(of), \
     *name##_once_ = &name##_guard_;                                        \
         name##_once_ != NULL; name##_once_ = NULL)                         \
        for (fa_frame_guard * name FA_ATTR((__unused__)) = &name##_guard_;  \
             name##_once_ != NULL; name##_once_ = NULL)

/**
 * Tries something: keeps its memory if it succeeds, else drops it.
 *
 * When to use: for speculative work in a function of its own.
 * @param frame the frame.
 * @param fn gets the frame and arg; anything but FA_OK is a failure.
 * @param arg passed on.
 * @return what fn returned; FA_ERR_USAGE for a NULL fn, or why the guard
 *         could not begin or end; then, too, nothing is kept.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: a checkpoint, and a rollback on failure. Since: 0.1.
 */
FA_API FA_BORROWS(3) fa_status
    fa_frame_try(fa_frame *frame, fa_status (*fn)(fa_frame *frame, void *arg),
                 void *arg);

/**
 * Begins a frame for a scope, or joins the open one.
 *
 * When to use: for functions that need a frame and may be called inside of
 * one: the outermost scope ends it.
 * @param allocator the allocator.
 * @return the scope; its frame as of fa_begin_frame() or fa_ctx_frame().
 * Valid until: fa_frame_scope_end(). Owner: the caller.
 * Thread: the one that opens and closes frames.
 * Cost: as fa_begin_frame(); an inner one as fa_ctx_frame(). Since: 0.1.
 */
FA_API FA_CREATES_ARENA_IN(0, 1) fa_frame_scope
    fa_frame_scope_begin(fa_allocator *allocator);

/**
 * Ends a scope, and its frame when it is the outermost one.
 *
 * When to use: on every way out; FA_FRAME_SCOPE does it.
 * @param scope the scope.
 * @return FA_OK; FA_ERR_STATE with FA004 when the frame has ended inside of
 *         the scope, or the scope has ended before: no frame is ended then.
 * Valid until: - Owner: - Thread: as the begin. Cost: as fa_end_frame().
 * Since: 0.1.
 */
FA_API FA_ENDS_FRAME(*1) fa_status fa_frame_scope_end(fa_frame_scope *scope);

/**
 * The end of FA_FRAME_SCOPE; programs use that instead.
 *
 * When to use: by the macro.
 * @param scope the scope.
 * Valid until: - Owner: - Thread: as the begin.
 * Cost: as fa_frame_scope_end(). Since: 0.1.
 */
FA_API FA_ENDS_FRAME(*1) void fa_frame_end_scope(fa_frame_scope *scope);

/** A statement or block with a frame, which ends however the block is left.
 *  name is a fa_frame *. */
#define FA_FRAME_SCOPE(name, of)                                            \
    for (fa_frame_scope name##_scope_ FA_ATTR(                              \
             (__cleanup__(fa_frame_end_scope))) = fa_frame_scope_begin(of), \
     *name##_once_ = &name##_scope_;                                        \
         name##_once_ != NULL; name##_once_ = NULL)                         \
        for (fa_frame * name FA_ATTR((__unused__)) = name##_scope_.frame;   \
             name##_once_ != NULL; name##_once_ = NULL)

FA_END_DECLS

#endif
