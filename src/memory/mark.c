/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Marks, rollback and defers: going back within a frame.
 *
 * Live marks stand in a stack of the frame; a mark is valid while its entry
 * is, so stale and foreign ones are told apart exactly. Rolling back to a mark
 * drops the newer entries.
 */
#include "memory/arena.h"
#include "memory/capacity.h"
#include "memory/charge.h"
#include "memory/frame.h"
#include "memory/guard.h"

static struct fai_mark *
mark_at(const struct fai_frame *frame, size_t index)
{
    return &((struct fai_mark *)frame->marks.items)[index];
}

static bool
is_here(const fa_ctx *ctx, const struct fai_mark *mark)
{
    const struct fai_frame *frame = &ctx->frame;
    /* Blocks with guard pages move no cursor, but have zones. */
    return mark->zones == ctx->guarding.zones.count &&
           mark->cursor == frame->public.cursor &&
           mark->chunk == frame->arena->current &&
           mark->block_serial == frame->block_serial &&
           mark->defers == frame->arena->defers &&
           mark->retained == frame->retained;
}

static struct fai_mark *
push_mark(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    size_t count = frame->marks.count;
    /* Nothing has happened since the newest mark: the same position. */
    if (count > 0 && is_here(ctx, mark_at(frame, count - 1)))
        return mark_at(frame, count - 1);
    struct fai_mark *mark = fai_array_push(&frame->marks, sizeof(*mark));
    if (mark == NULL)
        return fai_fail(ctx, FA_ERR_NOMEM);
    const struct fai_arena *arena = frame->arena;
    *mark = (struct fai_mark){.serial = ++frame->mark_serial,
                              .cursor = frame->public.cursor,
                              .prior = arena->prior,
                              .block_serial = frame->block_serial,
                              .defers = arena->defers,
                              .retained = frame->retained,
                              .zones = ctx->guarding.zones.count,
                              .chunk = arena->current};
    fai_frame_raise_floor(frame, frame->public.cursor);
    frame->attention |= FAI_ATTENTION_MARKS;
    return mark;
}

static bool
is_foreign(fa_ctx *ctx)
{
    if (FAI_LIKELY(ctx->thread == NULL || ctx->thread == fai_thread_self()))
        return false;
    fai_frame_report_foreign(ctx);
    return true;
}

/* No frame is open: why not, if it could not be opened. The context that
 * refuses every call is everybody's, and stays as it is. */
static void
refuse_closed(fa_ctx *ctx)
{
    if (!ctx->is_refusing)
        ctx->status =
            ctx->frame.refusal != FA_OK ? ctx->frame.refusal : FA_ERR_STATE;
}

fa_mark
fa_frame_checkpoint(fa_frame *public)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    struct fai_mark *mark = NULL;
    if (is_foreign(ctx))
        return (fa_mark){NULL, 0, 0, 0};
    if (!fai_frame_is_open(frame))
        refuse_closed(ctx);
    else
        mark = push_mark(ctx);
    if (mark == NULL)
        return (fa_mark){NULL, 0, 0, 0};
    size_t index = (size_t)(mark - (struct fai_mark *)frame->marks.items);
    return (fa_mark){public, fai_frame_number(frame), mark->serial,
                     (uint32_t)index};
}

static struct fai_mark *
find_mark(const struct fai_frame *frame, fa_mark mark)
{
    if (mark.frame != &frame->public ||
        mark.number != fai_frame_number(frame) ||
        mark.index >= frame->marks.count)
        return NULL;
    struct fai_mark *found = mark_at(frame, mark.index);
    return found->serial == mark.serial ? found : NULL;
}

bool
fai_frame_has_mark(const struct fai_frame *frame, fa_mark mark)
{
    return find_mark(frame, mark) != NULL;
}

static void
refund_section(fa_ctx *ctx, const struct fai_section *section, size_t bytes)
{
    struct fai_tag_use *use = &ctx->tag_use[section->tag];
    fai_publish_sub(&use->frame_bytes, bytes);
    uint64_t charged = FAI_MIN(fai_load(&use->charged), (uint64_t)bytes);
    fai_charge_refund(ctx, section->tag, charged);
    fai_publish_sub(&use->charged, charged);
}

static void
roll_sections_back(fa_ctx *ctx, size_t position)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_section *sections = frame->sections.items;
    while (frame->sections.count > 0) {
        struct fai_section *last = &sections[frame->sections.count - 1];
        if (last->end <= position)
            break;
        size_t begin = FAI_MAX(last->begin, position);
        refund_section(ctx, last, last->end - begin);
        last->end = begin;
        if (begin > last->begin)
            break;
        frame->sections.count--;
    }
    frame->section = FAI_MIN(frame->section, position);
}

static void
move_back(fa_ctx *ctx, const struct fai_mark *mark)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_arena *arena = frame->arena;
    arena->current = mark->chunk;
    arena->prior = mark->prior;
    frame->public.cursor = mark->cursor;
    fai_frame_raise_floor(frame, mark->cursor);
    const struct fai_chunk *chunk = &arena->chunk[arena->current];
    fai_frame_set_release_from(
        ctx, chunk->base + (mark->chunk == 0 ? 2 * frame->window : 0));
    size_t resident = chunk->touched - (size_t)(mark->cursor - chunk->base);
    /* With a limited tag, the slow path must look how far the lease goes. */
    if (frame->leased != 0 || fai_budget_is_limited(&ctx->frame_budget) ||
        fai_budget_is_limited(&ctx->allocator->tags.tag[ctx->tag].budget))
        resident = 0;
    if ((frame->attention & FAI_ATTENTION_MODE) != 0)
        resident = 0;
    frame->public.limit = mark->cursor + FAI_MIN(resident, frame->window);
    fai_frame_clamp_limit(frame);
}

fa_status
fa_frame_rollback(fa_frame *public, fa_mark mark)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    if (is_foreign(ctx))
        return FA_ERR_THREAD;
    if (!fai_frame_is_open(frame)) {
        refuse_closed(ctx);
        return FA_ERR_STATE;
    }
    const struct fai_mark *found = find_mark(frame, mark);
    if (found == NULL) {
        ctx->status = FA_ERR_STALE;
        fai_report(&ctx->allocator->reporter, 6, NULL,
                   "mark %llu of frame %llu", (unsigned long long)mark.serial,
                   (unsigned long long)mark.number);
        return FA_ERR_STALE;
    }
    fai_frame_note_peak(frame);
    fai_frame_run_defers(frame->arena, found->defers);
    fai_guard_frame_rollback(ctx, found->zones);
    fai_frame_free_blocks(ctx, frame->arena, found->block_serial);
    frame->retained = found->retained;
    frame->marks.count = mark.index + 1;
    move_back(ctx, found);
    roll_sections_back(ctx, fai_frame_position(frame));
    if (FAI_UNLIKELY((frame->attention & FAI_ATTENTION_PHASES) != 0))
        fai_capacity_roll_back(ctx);
    return FA_OK;
}

void
fai_frame_run_defers(struct fai_arena *arena, const struct fai_defer *last)
{
    while (arena->defers != NULL && arena->defers != last) {
        struct fai_defer defer = *arena->defers;
        arena->defers = defer.next;
        defer.fn(defer.arg);
    }
}

void *
fai_frame_alloc_record(fa_ctx *ctx, size_t size)
{
    fa_frame *frame = &ctx->frame.public;
    if (FAI_LIKELY(!ctx->is_watched))
        return fa_frame_alloc(frame, size, sizeof(void *));
    if (is_foreign(ctx))
        return NULL;
    ctx->is_own = true;
    void *record = fa_frame_alloc(frame, size, sizeof(void *));
    ctx->is_own = false;
    return record;
}

fa_status
fa_frame_defer(fa_frame *public, void (*fn)(void *), void *arg)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    if (fn == NULL)
        return FA_ERR_USAGE;
    struct fai_defer *defer = fai_frame_alloc_record(ctx, sizeof(*defer));
    if (defer == NULL)
        return ctx->is_refusing ? FA_ERR_NOMEM : ctx->status;
    *defer = (struct fai_defer){fn, arg, frame->arena->defers};
    frame->arena->defers = defer;
    /* The record must not be popped by a release of what came before. */
    fai_frame_raise_floor(frame,
                          FAI_MAX(frame->public.floor, frame->public.cursor));
    frame->attention |= FAI_ATTENTION_BLOCKS;
    return FA_OK;
}
