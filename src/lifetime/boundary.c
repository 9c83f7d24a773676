/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The boundary between frames.
 *
 * Closing, in this order: peaks and the section of the tag, red zones, the
 * arena is closed, figures are published, leases returned, retained blocks are
 * copied, what dies by the lag dies (defers newest first, then blocks, then
 * poison or protection), frees for others are pushed, frees from others taken
 * in, idle memory trimmed by a step. Opening rewinds the arena of the new number.
 *
 * Only the owner does this for its context, so no lock is needed (I5). A
 * context in which nothing needed attention takes a short way.
 */
#include "lifetime/boundary.h"

#include "context/ctx.h"
#include "lifetime/phase.h"
#include "lifetime/retain.h"
#include "lifetime/scope.h"
#include "lifetime/settle.h"
#include "lifetime/trim.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/charge.h"
#include "memory/event.h"
#include "memory/frame.h"
#include "memory/guard.h"
#include "memory/magazine.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "memory/queue.h"
#include "memory/remote.h"
#include "os/probe.h"

#include <string.h>

/* The contents of the arena are dead. */
static void
let_die(fa_ctx *ctx, struct fai_arena *arena)
{
    fai_frame_run_defers(arena, NULL);
    fai_frame_free_blocks(ctx, arena, 0);
    if (ctx->guard != 0)
        fai_guard_arena_die(ctx, arena);
    arena->is_live = false;
}

static struct fai_arena *
newest_dead(const fa_ctx *ctx, uint64_t ended)
{
    struct fai_arena *newest = NULL;
    for (uint32_t i = 0; i < ctx->arena_count; i++) {
        struct fai_arena *arena = &ctx->arenas[i];
        if (arena->is_live && arena->number + ctx->lag <= ended &&
            (newest == NULL || arena->number > newest->number))
            newest = arena;
    }
    return newest;
}

static void
let_die_by_lag(fa_ctx *ctx, uint64_t ended)
{
    struct fai_arena *arena;
    while ((arena = newest_dead(ctx, ended)) != NULL)
        let_die(ctx, arena);
}

/* --- closing --- */

static void
reset_frame(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    /* An arena that has spilled is rewound by the slow way of opening. */
    uint32_t kept =
        frame->attention & (FAI_ATTENTION_TRIM | FAI_ATTENTION_CHUNKS);
    frame->marks.count = 0;
    frame->sections.count = 0;
    frame->section = 0;
    frame->high = 0;
    frame->public.high = NULL;
    frame->block_bytes = 0;
    frame->promoted_bytes = 0;
    frame->promoted = NULL;
    frame->block_serial = 0;
    memset(ctx->tag_charged, 0, sizeof(ctx->tag_charged));
    frame->attention &= FAI_ATTENTION_PERMANENT | FAI_ATTENTION_PIN |
                        FAI_ATTENTION_REMOTE | FAI_ATTENTION_FENCE;
    frame->attention |= kept;
}

/* ended: the number of the last frame that is over. */
static FAI_NOINLINE void
close_slowly(fa_ctx *ctx, uint64_t ended)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_arena *arena = frame->arena;
    if ((frame->attention & FAI_ATTENTION_PHASES) != 0)
        fai_phase_close(ctx);
    if (FAI_UNLIKELY(frame->guards != 0))
        fai_scope_forget(ctx);
    fai_frame_note_peak(frame);
    fai_frame_close_section(ctx);
    fai_guard_frame_verify(ctx);
    size_t bytes = fai_frame_position(frame);
    fai_trim_note(arena,
                  frame->high - FAI_MIN(frame->high, frame->block_bytes));
    arena->cursor = frame->public.cursor;
    arena->number = fai_frame_number(frame);
    arena->is_live = true;
    fai_charge_frame_end(ctx);
    frame->public.limit = frame->public.cursor;
    size_t used = bytes + frame->block_bytes, peak = frame->high;
    fai_settle_frame(ctx, used, peak);
    /* Blocks above the window are not the arena's. */
    fai_publish_sub(&ctx->figures.arena_bytes, frame->block_bytes);
    fai_settle_tags(ctx);
    /* From here on the frame is closed; others may read the word. */
    fai_store(&frame->word, frame->word - 1);
    reset_frame(ctx);
    frame->public.floor = FAI_NO_FLOOR;
    if (frame->retained != NULL)
        fai_retain_promote(ctx, used);
    let_die_by_lag(ctx, ended);
    if (arena->is_live)
        frame->attention |= FAI_ATTENTION_BLOCKS;
    if (!fai_ctx_is_annex(ctx)) {
        fai_remote_flush(ctx);
        fai_queue_drain(ctx, FAI_DRAIN_END);
    }
    if ((frame->attention & FAI_ATTENTION_FENCE) != 0)
        fai_pools_fence_bursts(ctx);
    fai_trim_step(ctx);
    FAI_PROBE4(end, ctx->id, frame->word, used, peak);
    if (fai_event_wants(ctx, FA_EVENT_FRAME_END))
        fai_event_end(ctx, used, peak);
}

/* A frame with contents in which nothing needed attention: in one chunk, for
 * one tag. */
static inline void
count_plainly(fa_ctx *ctx, uint64_t word, size_t bytes, size_t peak)
{
    struct fai_tag_use *use = ctx->use;
    uint64_t *bucket = &use->plain_histogram[fai_log2(peak)];
    fai_store(&use->number, word >> 1);
    fai_store(&use->last_frame, bytes);
    fai_publish_add(bucket, 1);
    fai_publish_max(&use->plain_peak, peak);
    fai_publish_add(&ctx->figures.arena_bytes, bytes);
}

/* Closes the open frame of this word; false when the trim policy wants a
 * look, then nothing has changed. */
static FAI_INLINE bool
close_plainly(fa_ctx *ctx, uint64_t word)
{
    struct fai_frame *frame = &ctx->frame;
    char *cursor = frame->public.cursor;
    char *high = FAI_MAX(cursor, frame->public.high);
    size_t peak = (size_t)(high - frame->base);
    struct fai_chunk *chunk = &frame->arena->chunk[0];
    if (FAI_UNLIKELY(word >= frame->tick))
        return false;
    if (FAI_UNLIKELY(peak > chunk->recent))
        chunk->recent = peak;
    size_t used = (size_t)(cursor - frame->base);
    count_plainly(ctx, word, used, peak);
    frame->public.high = NULL;
    frame->public.floor = FAI_NO_FLOOR;
    frame->public.limit = cursor;
    frame->hole_count = 0;
    fai_store(&frame->word, word - 1);
    FAI_PROBE4(end, ctx->id, word - 1, used, peak);
    return true;
}

static inline bool
is_empty(const struct fai_frame *frame)
{
    /* A release of size 0 notes the base as what was used most. */
    return frame->public.cursor == frame->base &&
           frame->public.high <= frame->base;
}

/* Something needs attention, or others have freed blocks. */
static inline bool
has_work(const fa_ctx *ctx)
{
    return ((uintptr_t)fai_load(&ctx->inbox.head) | ctx->frame.attention) != 0;
}

static void
close_frame(fa_ctx *ctx, uint64_t ended)
{
    struct fai_frame *frame = &ctx->frame;
    if (has_work(ctx) || frame->high != 0 || is_empty(frame) ||
        !close_plainly(ctx, frame->word))
        close_slowly(ctx, ended);
}

/* --- opening --- */

/* Records are made once; a context that is adopted uses them again. */
static struct fai_arena *
arena_records(fa_ctx *ctx, uint32_t count)
{
    if (ctx->arena_room >= count)
        return ctx->arena_records;
    struct fai_arena *records =
        fai_meta_alloc(&ctx->meta, count * sizeof(struct fai_arena));
    if (records == NULL)
        return fai_fail(ctx, FA_ERR_NOMEM);
    ctx->arena_records = records;
    ctx->arena_room = count;
    return records;
}

static bool
make_arenas(fa_ctx *ctx)
{
    uint32_t count = ctx->lag + 1;
    if (ctx->guard >= 2)
        count += ctx->allocator->config.guard_quarantine;
    struct fai_arena *arenas = arena_records(ctx, count);
    if (arenas == NULL)
        return false;
    size_t prefault = ctx->allocator->config.prefault;
    for (uint32_t i = 0; i < count; i++)
        if (!fai_arena_create(ctx, &arenas[i]) ||
            (prefault != 0 &&
             fai_arena_prepare(ctx, &arenas[i], prefault) != FA_OK)) {
            for (uint32_t j = 0; j <= i; j++)
                fai_arena_destroy(ctx, &arenas[j]);
            return false;
        }
    ctx->arenas = arenas;
    ctx->arena_count = count;
    return true;
}

static fa_frame *
refuse_frame(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    frame->refusal = ctx->status;
    frame->public.limit = frame->public.cursor;
    return &frame->public;
}

static void
rewind_arena(fa_ctx *ctx, struct fai_arena *arena, uint64_t number)
{
    struct fai_frame *frame = &ctx->frame;
    arena->current = 0;
    arena->prior = 0;
    arena->number = number;
    frame->attention &= ~(uint32_t)FAI_ATTENTION_CHUNKS;
    frame->arena = arena;
    frame->base = arena->chunk[0].base;
    fai_frame_set_release_from(ctx, frame->base + 2 * frame->window);
    frame->public.floor = ctx->guard != 0 ? FAI_NO_FLOOR : frame->base;
    frame->hole_count = 0;
    fai_arena_set_first_limit(ctx);
    frame->public.cursor = frame->base;
    frame->public.limit = frame->first_limit;
    fai_store(&frame->word, number * 2 + 1);
    frame->refusal = FA_OK;
    frame->attention &= ~(uint32_t)FAI_ATTENTION_NEW;
    /* The end has something to do, too. */
    if (fai_load(&ctx->allocator->attention) != 0)
        frame->attention |= FAI_ATTENTION_ALLOCATOR;
    if (frame->tick == 0)
        fai_trim_set_tick(ctx);
}

/* The context ended its part of this frame before, and goes on in it. */
static fa_frame *
resume_frame(fa_ctx *ctx, struct fai_arena *arena)
{
    struct fai_frame *frame = &ctx->frame;
    frame->public.cursor = frame->public.limit = arena->cursor;
    frame->public.floor = ctx->guard != 0 ? FAI_NO_FLOOR : arena->cursor;
    frame->hole_count = 0;
    frame->section = fai_frame_position(frame);
    fai_frame_count_again(frame, arena);
    fai_store(&frame->word, frame->word | 1);
    return &frame->public;
}

static FAI_NOINLINE fa_frame *
open_slowly(fa_ctx *ctx, uint64_t number)
{
    struct fai_frame *frame = &ctx->frame;
    if (FAI_UNLIKELY(ctx->is_refusing))
        return &frame->public;
    if (fai_frame_is_open(frame))
        close_frame(ctx, number - 1);
    if (FAI_UNLIKELY(ctx->arenas == NULL) && !make_arenas(ctx))
        return refuse_frame(ctx);
    let_die_by_lag(ctx, number - 1);
    fai_queue_drain(ctx, FAI_DRAIN_BEGIN);
    struct fai_arena *arena = &ctx->arenas[number % ctx->arena_count];
    if (arena->is_live && arena->number == number)
        return resume_frame(ctx, arena);
    if (!fai_guard_arena_revive(ctx, arena))
        return refuse_frame(ctx);
    fai_event_follow(ctx);
    rewind_arena(ctx, arena, number);
    FAI_PROBE2(begin, ctx->id, frame->word);
    if (FAI_UNLIKELY(fai_load(&ctx->allocator->events.kinds) != 0))
        fai_event_begin(ctx);
    return &frame->public;
}

static FAI_INLINE fa_frame *
open_plainly(fa_ctx *ctx, uint64_t word)
{
    struct fai_frame *frame = &ctx->frame;
    /* It is returned: what is addressed by it costs no second register. */
    FAI_FORGET_ORIGIN(frame);
    frame->public.cursor = frame->base;
    frame->public.limit = frame->first_limit;
    frame->public.floor = frame->base;
    fai_store(&frame->word, word);
    FAI_PROBE2(begin, FAI_CONTAINER(frame, fa_ctx, frame)->id, word);
    return &frame->public;
}

static fa_frame *
open_frame(fa_ctx *ctx, uint64_t word)
{
    if (ctx->frame.attention != 0 || fai_frame_is_open(&ctx->frame) ||
        fai_load(&ctx->allocator->attention) != 0)
        return open_slowly(ctx, word >> 1);
    return open_plainly(ctx, word);
}

bool
fai_boundary_leave(fa_ctx *ctx, uint64_t ended)
{
    if (fai_frame_is_open(&ctx->frame))
        close_slowly(ctx, ended);
    else
        let_die_by_lag(ctx, ended);
    bool is_live = false;
    for (uint32_t i = 0; i < ctx->arena_count; i++)
        is_live |= ctx->arenas[i].is_live;
    return is_live;
}

/* --- public --- */

static FAI_NOINLINE void
run_begin_hooks(fa_allocator *allocator, uint64_t number)
{
    /* Pairs with the release in fa_allocator_hook_add(). */
    for (uint32_t i = 0; i < fai_load_acquire(&allocator->hook_count); i++)
        if (allocator->hooks[i].begin != NULL)
            allocator->hooks[i].begin(allocator->hooks[i].user, allocator,
                                      number);
}

static FAI_NOINLINE void
run_end_hooks(fa_allocator *allocator, uint64_t number)
{
    /* Pairs with the release in fa_allocator_hook_add(). */
    for (uint32_t i = fai_load_acquire(&allocator->hook_count); i-- > 0;)
        if (allocator->hooks[i].end != NULL)
            allocator->hooks[i].end(allocator->hooks[i].user, allocator,
                                    number);
}

/* Whatever is not the usual begin. */
static FAI_NOINLINE fa_frame *
begin_slowly(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_ctx_self(allocator);
    uint64_t word = fai_load(&allocator->word);
    if ((word & 1) != 0) {
        fai_report(&allocator->reporter, 4, NULL,
                   "begin while frame %llu is open",
                   (unsigned long long)(word >> 1));
        return fa_ctx_frame(ctx);
    }
    /* As in fa_begin_frame(). */
    fai_store_release(&allocator->word, word + 3);
    fa_frame *frame =
        ctx->frame.pins != 0 ? fa_ctx_frame(ctx) : open_frame(ctx, word + 3);
    if ((fai_load(&allocator->attention) & FAI_ATTENTION_HOOKS) != 0)
        run_begin_hooks(allocator, (word + 3) >> 1);
    return frame;
}

fa_frame *
fa_begin_frame(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_tls.ctx;
    uint64_t word = fai_load(&allocator->word);
    /* Equal words: the context has seen the end of the last frame. */
    if (FAI_UNLIKELY(fai_tls.id != fai_load(&allocator->plain_id) ||
                     (word & 1) != 0 || ctx->frame.word != word ||
                     ctx->frame.attention != 0))
        return begin_slowly(allocator);
    /* Pairs with the acquire in fa_ctx_frame() and in the slow path: workers
     * that see the number see what the frame's opener did before. */
    fai_store_release(&allocator->word, word + 3);
    return open_plainly(ctx, word + 3);
}

static FAI_NOINLINE void
report_end(struct fai_reporter *reporter, const char *what)
{
    fai_report(reporter, 4, NULL, "%s without an open frame", what);
}

/* Whatever is not the usual end. */
static FAI_NOINLINE void
end_slowly(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_ctx_self(allocator);
    uint64_t word = fai_load(&allocator->word);
    if ((word & 1) == 0) {
        report_end(&allocator->reporter, "end");
        return;
    }
    if ((fai_load(&allocator->attention) & FAI_ATTENTION_HOOKS) != 0)
        run_end_hooks(allocator, word >> 1);
    /* A pinned context stays in its frame. */
    if (!ctx->is_refusing && ctx->frame.pins == 0) {
        if (fai_frame_is_open(&ctx->frame))
            close_slowly(ctx, word >> 1);
        else
            let_die_by_lag(ctx, word >> 1);
    }
    /* As in fa_end_frame(). */
    fai_store_release(&allocator->word, word - 1);
    if ((fai_load(&allocator->attention) & FAI_ATTENTION_IDLE) != 0)
        fai_ctx_sweep(allocator);
}

void
fa_end_frame(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_tls.ctx;
    uint64_t word = fai_load(&allocator->word);
    if (FAI_UNLIKELY(fai_tls.id != allocator->id || (word & 1) == 0 ||
                     ctx->frame.word != word || has_work(ctx))) {
        end_slowly(allocator);
        return;
    }
    struct fai_frame *frame = &ctx->frame;
    if (is_empty(frame) && FAI_LIKELY(word < frame->tick)) {
        /* Nothing was allocated: nothing to say. */
        frame->public.limit = frame->base;
        fai_store(&frame->word, word - 1);
        /* As below. */
        fai_store_release(&allocator->word, word - 1);
        FAI_PROBE4(end, ctx->id, word - 1, 0, 0);
        return;
    }
    if (FAI_UNLIKELY(is_empty(frame) || !close_plainly(ctx, word))) {
        end_slowly(allocator);
        return;
    }
    /* Pairs with the acquire in fa_ctx_frame() and fa_stamp_is_live(). */
    fai_store_release(&allocator->word, word - 1);
}

static FAI_NOINLINE fa_frame *
follow_number(fa_ctx *ctx, uint64_t word)
{
    struct fai_frame *frame = &ctx->frame;
    if (ctx->is_refusing)
        return &frame->public;
    if (frame->pins != 0) {
        if ((word >> 1) > fai_frame_number(frame) + ctx->lag)
            fai_report(&ctx->allocator->reporter, 7, NULL,
                       "context %llu is pinned in frame %llu",
                       (unsigned long long)ctx->id,
                       (unsigned long long)fai_frame_number(frame));
        return &frame->public;
    }
    if ((word & 1) != 0)
        return open_frame(ctx, word);
    if (fai_frame_is_open(frame))
        close_frame(ctx, word >> 1);
    return &frame->public;
}

fa_frame *
fa_ctx_frame(fa_ctx *ctx)
{
    /* Pairs with the release in fa_begin_frame() and fa_end_frame(). */
    uint64_t word = fai_load_acquire(ctx->frames);
    if (FAI_LIKELY(word == ctx->frame.word))
        return &ctx->frame.public;
    return follow_number(ctx, word);
}

void
fa_ctx_end_frame(fa_ctx *ctx)
{
    if (ctx == NULL || ctx->is_refusing)
        return;
    if (!fai_frame_is_open(&ctx->frame) || ctx->frame.pins != 0) {
        report_end(&ctx->allocator->reporter, "fa_ctx_end_frame()");
        return;
    }
    uint64_t number = fai_frame_number(&ctx->frame);
    /* Others may read a shared frame's memory until its number ends. */
    close_slowly(ctx, ctx->has_own_frames ? number : number - 1);
    if (ctx->has_own_frames)
        /* Pairs with the acquire in fa_stamp_is_live(). */
        fai_store_release(&ctx->word, ctx->word & ~(uint64_t)1);
}

fa_frame *
fa_ctx_begin_frame(fa_ctx *ctx)
{
    if (ctx->is_refusing)
        return &ctx->frame.public;
    if (!ctx->has_own_frames || (ctx->word & 1) != 0) {
        fai_report(&ctx->allocator->reporter, 4, NULL, "%s",
                   ctx->has_own_frames ? "begin while a frame is open"
                                       : "the context has no own frames");
        return fa_ctx_frame(ctx);
    }
    /* Pairs with the acquire in fa_stamp_is_live(). */
    fai_store_release(&ctx->word, ctx->word + 3);
    return open_frame(ctx, ctx->word);
}

fa_frame *
fa_ctx_frame_pin(fa_ctx *ctx)
{
    fa_frame *frame = fa_ctx_frame(ctx);
    if (ctx->is_refusing || !fai_frame_is_open(&ctx->frame))
        return frame;
    ctx->frame.pins++;
    ctx->frame.attention |= FAI_ATTENTION_PIN;
    return frame;
}

void
fa_ctx_frame_unpin(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    if (ctx->is_refusing)
        return;
    if (frame->pins == 0) {
        report_end(&ctx->allocator->reporter, "fa_ctx_frame_unpin()");
        return;
    }
    if (--frame->pins == 0)
        frame->attention &= ~(uint32_t)FAI_ATTENTION_PIN;
}
