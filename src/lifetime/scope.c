/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scopes: guards of parts of a frame, and frames that end with a block.
 *
 * A guard is a mark and a depth. The mark says where to go back to; the depth
 * says whether the guard is still open, since an empty guard shares the mark
 * of the one around it. The frame counts its open guards, so one that is
 * forgotten is seen at the frame's end.
 */
#include "lifetime/scope.h"

#include "context/ctx.h"
#include "memory/frame.h"

#include <framealloc/scope.h>

/* --- guards --- */

static fa_status
refuse(fa_ctx *ctx, fa_frame_guard *guard)
{
    guard->is_open = false;
    if (!ctx->is_refusing)
        ctx->status = FA_ERR_STALE;
    fai_report(&ctx->allocator->reporter, 6, NULL,
               "a guard of frame %llu is over",
               (unsigned long long)guard->mark.number);
    return FA_ERR_STALE;
}

/* Takes an open guard off, with those inside of it. */
static fa_status
leave(fa_frame_guard *guard)
{
    if (guard->mark.frame == NULL)
        return FA_ERR_STATE;
    fa_ctx *ctx = fai_ctx_of_frame(guard->mark.frame);
    struct fai_frame *frame = &ctx->frame;
    if (ctx->thread != NULL && ctx->thread != fai_thread_self()) {
        fai_frame_report_foreign(ctx);
        return FA_ERR_THREAD;
    }
    if (!guard->is_open || guard->depth > frame->guards ||
        !fai_frame_has_mark(frame, guard->mark))
        return refuse(ctx, guard);
    guard->is_open = false;
    frame->guards = guard->depth - 1;
    return FA_OK;
}

fa_frame_guard
fa_frame_guard_begin(fa_frame *public)
{
    struct fai_frame *frame = &fai_ctx_of_frame(public)->frame;
    fa_mark mark = fa_frame_checkpoint(public);
    if (mark.frame != NULL)
        return (fa_frame_guard){public, mark, ++frame->guards, true};
    /* A closed frame refuses with a message of its own. */
    if (fai_frame_is_open(frame))
    public = &fai_ctx_refusing()->frame.public;
    return (fa_frame_guard){public, mark, 0, false};
}

fa_status
fa_frame_guard_commit(fa_frame_guard *guard)
{
    return leave(guard);
}

fa_status
fa_frame_guard_rollback(fa_frame_guard *guard)
{
    fa_status status = leave(guard);
    return status == FA_OK ? fa_frame_rollback(guard->frame, guard->mark)
                           : status;
}

void
fa_frame_guard_end(fa_frame_guard *guard)
{
    if (guard->is_open)
        (void)fa_frame_guard_rollback(guard);
}

fa_status
fa_frame_try(fa_frame *frame, fa_status (*fn)(fa_frame *frame, void *arg),
             void *arg)
{
    if (fn == NULL)
        return FA_ERR_USAGE;
    fa_frame_guard guard = fa_frame_guard_begin(frame);
    if (!guard.is_open)
        return guard.frame == frame ? FA_ERR_STATE : fa_frame_status(frame);
    fa_status status = fn(frame, arg);
    if (status == FA_OK)
        return fa_frame_guard_commit(&guard);
    fa_frame_guard_end(&guard);
    return status;
}

void
fai_scope_forget(fa_ctx *ctx)
{
    fai_report(&ctx->allocator->reporter, 6, NULL,
               "frame %llu ends with %u guards open",
               (unsigned long long)fai_frame_number(&ctx->frame),
               (unsigned)ctx->frame.guards);
    ctx->frame.guards = 0;
}

/* --- frames --- */

fa_frame_scope
fa_frame_scope_begin(fa_allocator *allocator)
{
    /* Pairs with the release in fa_begin_frame(). */
    bool is_outer = (fai_load_acquire(&allocator->word) & 1) == 0;
    fa_frame *frame = is_outer ? fa_begin_frame(allocator)
                               : fa_ctx_frame(fa_ctx_current(allocator));
    return (fa_frame_scope){frame, allocator, fa_frame_number(allocator),
                            is_outer, true};
}

fa_status
fa_frame_scope_end(fa_frame_scope *scope)
{
    bool was_open = scope->is_open;
    scope->is_open = false;
    /* As above. */
    uint64_t word = fai_load_acquire(&scope->allocator->word);
    if (!was_open || word != scope->number * 2 + 1) {
        fai_report(&scope->allocator->reporter, 4, NULL,
                   "frame %llu ended before its scope",
                   (unsigned long long)scope->number);
        return FA_ERR_STATE;
    }
    if (scope->is_outer)
        fa_end_frame(scope->allocator);
    return FA_OK;
}

void
fa_frame_end_scope(fa_frame_scope *scope)
{
    if (scope->is_open)
        (void)fa_frame_scope_end(scope);
}
