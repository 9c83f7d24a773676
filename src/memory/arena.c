/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Arenas: chunks of reserved address space, used in order and kept.
 *
 * The first chunk is large enough for most programs; it grows in place by
 * moving the limit, so growth costs no system call. What lies below touched is
 * charged and stays resident. A full arena takes a further, larger chunk: a
 * spill. Chunks are kept, so the next frame finds them: right-sizing without
 * exchanging resident pages for fresh ones.
 *
 * The limit also carries the lease of a limited tag: it is never above what
 * has been taken from the tag's budget.
 */
#include "memory/arena.h"

#include "memory/charge.h"
#include "memory/frame.h"
#include "memory/guard.h"
#include "os/checkers.h"
#include "os/clock.h"
#include "os/probe.h"

/* Chunks that grew this far are worth a huge page for the rest. */
#define HUGE_AFTER ((size_t)1 << 20)

static bool
map_chunk(fa_ctx *ctx, struct fai_chunk *chunk, size_t size)
{
    *chunk = (struct fai_chunk){0};
    /* A small one holds no huge page; aligning it would cost calls. */
    chunk->base =
        fai_pages_map(size, size < FAI_HUGE_PAGE ? FAI_PAGE : FAI_HUGE_PAGE);
    if (chunk->base == NULL)
        return false;
    fai_pages_name(chunk->base, size, "framealloc:arena");
    chunk->reserved = size;
    fai_publish_add(&ctx->figures.reserved, size);
    if (ctx->allocator->config.huge_pages == FA_HUGE_ALWAYS) {
        fai_pages_make_huge(chunk->base, size);
        chunk->is_huge = true;
    }
    return true;
}

/* Asks for less where address space is short. */
static bool
map_largest(fa_ctx *ctx, struct fai_chunk *chunk, size_t want, size_t least)
{
    for (; want > least; want = fai_round_up(want / 4, FAI_PAGE))
        if (map_chunk(ctx, chunk, want))
            return true;
    return map_chunk(ctx, chunk, least);
}

static size_t
least_chunk(const fa_ctx *ctx)
{
    return FAI_MAX((size_t)64 << 10, 2 * ctx->frame.window);
}

bool
fai_arena_create(fa_ctx *ctx, struct fai_arena *arena)
{
    size_t reserve = fai_ctx_is_annex(ctx)
                         ? ctx->annex.reserve
                         : ctx->allocator->config.frame_reserve;
    size_t want = FAI_MAX(reserve, least_chunk(ctx));
    if (!map_largest(ctx, &arena->chunk[0], want, least_chunk(ctx))) {
        ctx->status = FA_ERR_NOMEM;
        return false;
    }
    arena->chunk_count = 1;
    arena->cursor = arena->chunk[0].base;
    return true;
}

static void
unmap_chunk(fa_ctx *ctx, struct fai_chunk *chunk)
{
    fai_charge_give(ctx, chunk->touched);
    fai_publish_sub(&ctx->figures.resident, chunk->touched);
    fai_publish_sub(&ctx->figures.reserved, chunk->reserved);
    /* Whoever gets the addresses next may touch them. */
    if (ctx->guard != 0)
        fai_checkers_allow(chunk->base, chunk->touched);
    fai_pages_unmap(chunk->base, chunk->reserved);
    *chunk = (struct fai_chunk){0};
}

void
fai_arena_destroy(fa_ctx *ctx, struct fai_arena *arena)
{
    for (uint32_t i = 0; i < arena->chunk_count; i++)
        unmap_chunk(ctx, &arena->chunk[i]);
    *arena = (struct fai_arena){0};
}

void
fai_arena_shrink(fa_ctx *ctx, struct fai_arena *arena, size_t keep)
{
    if (arena->is_protected)
        return;
    while (arena->chunk_count > 1)
        unmap_chunk(ctx, &arena->chunk[--arena->chunk_count]);
    arena->current = 0;
    arena->prior = 0;
    /* Of a huge page nothing would go back. */
    fai_chunk_trim(ctx, &arena->chunk[0], arena->chunk[0].is_huge ? 0 : keep,
                   SIZE_MAX);
}

static void
ask_for_huge_pages(const fa_ctx *ctx, struct fai_chunk *chunk)
{
    if (chunk->is_huge || chunk->touched < HUGE_AFTER ||
        ctx->allocator->config.huge_pages == FA_HUGE_NEVER)
        return;
    chunk->is_huge = true;
    if (chunk->reserved > FAI_HUGE_PAGE)
        fai_pages_make_huge(chunk->base + FAI_HUGE_PAGE,
                            chunk->reserved - FAI_HUGE_PAGE);
}

/* Charges the chunk up to this size, if it is not yet. */
static bool
touch(fa_ctx *ctx, struct fai_chunk *chunk, size_t size)
{
    size_t from = chunk->touched;
    if (size <= from)
        return true;
    size = FAI_MIN(fai_round_up(size, FAI_PAGE), chunk->reserved);
    if (!fai_charge_take(ctx, size - from))
        return false;
    if (FAI_UNLIKELY(chunk->touched != from)) {
        /* A callback of the budget has allocated. */
        fai_charge_give(ctx, size - from);
        return touch(ctx, chunk, size);
    }
    fai_publish_add(&ctx->figures.resident, size - from);
    chunk->touched = size;
    FAI_PROBE3(grow, ctx->id, from, size);
    ask_for_huge_pages(ctx, chunk);
    return true;
}

/* The budget of the current tag, if the frame has to lease from it. */
static struct fai_budget *
leasing_budget(const fa_ctx *ctx)
{
    struct fai_budget *budget = &ctx->allocator->tags.tag[ctx->tag].budget;
    bool is_free = ctx->frame.leased == 0 && !fai_budget_is_limited(budget);
    return FAI_LIKELY(is_free) ? NULL : budget;
}

/* Bytes of the lease that are not used yet. */
static size_t
lease_left(struct fai_frame *frame)
{
    size_t position = fai_frame_position(frame);
    if (frame->leased == 0 || position < frame->lease_from)
        frame->lease_from = position;
    return frame->lease_from + frame->leased - position;
}

/* A lease is the rest of the window, or a share of a small budget, so that
 * other contexts are not refused early. */
static bool
take_lease(fa_ctx *ctx, struct fai_budget *budget, size_t need, size_t room)
{
    struct fai_frame *frame = &ctx->frame;
    size_t left = lease_left(frame);
    size_t share = fai_round_up(fai_load(&budget->hard) / 64, 16);
    size_t want = FAI_MIN(room, FAI_MAX(need, share));
    uint64_t got = fai_budget_lease(budget, need - left, want - left);
    if (got == 0) {
        if (!fai_charge_one(ctx, budget, need - left))
            return false;
        got = need - left;
        /* Who was asked may have ended the lease. */
        (void)lease_left(frame);
    }
    fai_budget_give(budget, got & 15);
    got &= ~(uint64_t)15;
    frame->leased += got;
    frame->attention |= FAI_ATTENTION_TAGS;
    fai_publish_add(&ctx->tag_use[ctx->tag].charged, got);
    fai_charge_tell(ctx, budget, need, got);
    return true;
}

/* A small frame in memory that is resident needs no slow call at all: two
 * windows are open from the start, so blocks of up to that size may come from
 * the arena. */
void
fai_arena_set_first_limit(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    size_t room = FAI_MIN(2 * frame->window, frame->arena->chunk[0].touched);
    room = FAI_MIN(room, frame->capacity);
    if ((frame->attention & FAI_ATTENTION_MODE) != 0 ||
        fai_budget_is_limited(&ctx->frame_budget) ||
        fai_budget_is_limited(&ctx->allocator->tags.tag[ctx->tag].budget))
        room = 0;
    frame->first_limit = frame->base + room;
}

/* Where the window ends that begins at the cursor and goes to end at least:
 * where the budget of the context's frames has to be asked again. */
static char *
window_end(const fa_ctx *ctx, const struct fai_chunk *chunk, char *end)
{
    const struct fai_frame *frame = &ctx->frame;
    char *cursor = frame->public.cursor;
    size_t room =
        FAI_MIN((size_t)(fai_chunk_end(chunk) - cursor), frame->window);
    room = FAI_MIN(room, fai_frame_room(frame));
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->frame_budget)))
        room = FAI_MIN(room, fai_charge_frame_quiet(ctx));
    if ((frame->attention & FAI_ATTENTION_MODE) != 0)
        room = 0;
    return FAI_MAX(cursor + room, end);
}

bool
fai_arena_open_window(fa_ctx *ctx, char *end)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_chunk *chunk = &frame->arena->chunk[frame->arena->current];
    char *cursor = frame->public.cursor;
    if (FAI_UNLIKELY((size_t)(end - cursor) > fai_frame_room(frame)))
        return fai_frame_has_room(ctx, (size_t)(end - cursor));
    char *limit = window_end(ctx, chunk, end);
    struct fai_budget *budget = leasing_budget(ctx);
    if (FAI_UNLIKELY(budget != NULL)) {
        fai_charge_past(ctx, ctx->tag);
        size_t left = lease_left(frame), need = (size_t)(end - cursor);
        if (left < need) {
            if (take_lease(ctx, budget, need, (size_t)(limit - cursor)))
                return true;
            return false;
        }
        limit = left < (size_t)(limit - cursor) ? cursor + left : limit;
    }
    /* Where a budget is short, what is needed is enough. */
    size_t leased = frame->leased;
    if (!touch(ctx, chunk, (size_t)(limit - chunk->base)) &&
        !touch(ctx, chunk, (size_t)((limit = end) - chunk->base)))
        return false;
    /* A callback may have allocated, or set budgets. */
    if (FAI_UNLIKELY(frame->public.cursor != cursor ||
                     frame->leased != leased || leasing_budget(ctx) != budget))
        return true;
    frame->public.limit = FAI_MIN(limit, window_end(ctx, chunk, end));
    if (frame->first_limit < frame->public.release_from)
        fai_arena_set_first_limit(ctx);
    fai_frame_publish(ctx);
    return true;
}

static bool
spill(fa_ctx *ctx, struct fai_arena *arena, size_t need)
{
    uint64_t start = fai_clock_ns();
    size_t last = arena->chunk[arena->chunk_count - 1].reserved;
    size_t least = FAI_MAX(least_chunk(ctx), fai_round_up(need, FAI_PAGE));
    struct fai_chunk *chunk = &arena->chunk[arena->chunk_count];
    if (arena->chunk_count == FAI_CHUNKS_MAX ||
        !map_largest(ctx, chunk, FAI_MAX(2 * last, least), least)) {
        ctx->status = FA_ERR_NOMEM;
        return false;
    }
    arena->chunk_count++;
    FAI_PROBE3(spill, ctx->id, need, chunk->reserved);
    /* Annexes begin small and are meant to grow. */
    if (fai_ctx_is_annex(ctx))
        return true;
    fai_publish_add(&ctx->figures.spills, 1);
    fai_publish_add(&ctx->figures.spill_bytes, chunk->reserved);
    fai_publish_add(&ctx->figures.spill_ns, fai_clock_ns() - start);
    fai_fetch_add(&ctx->allocator->tags.tag[ctx->tag].spills, 1);
    return true;
}

bool
fai_arena_next_chunk(fa_ctx *ctx, size_t need)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_arena *arena = frame->arena;
    bool is_last = arena->current + 1 == arena->chunk_count;
    if (is_last && !spill(ctx, arena, need))
        return false;
    fai_frame_note_peak(frame);
    arena->prior = fai_frame_position(frame);
    arena->current++;
    frame->public.cursor = frame->public.limit =
        arena->chunk[arena->current].base;
    fai_frame_raise_floor(frame, frame->public.cursor);
    fai_frame_set_release_from(ctx, frame->public.cursor);
    frame->attention |= FAI_ATTENTION_CHUNKS;
    /* The sink may allocate, so all is in place by now. */
    if (is_last && !fai_ctx_is_annex(ctx))
        fai_report(&ctx->allocator->reporter, 5, NULL,
                   "context %llu took a chunk of %zu bytes",
                   (unsigned long long)ctx->id,
                   arena->chunk[arena->chunk_count - 1].reserved);
    return true;
}

bool
fai_arena_has(const fa_ctx *ctx, const void *address)
{
    const char *p = address;
    for (uint32_t i = 0; ctx->arenas != NULL && i < ctx->arena_count; i++)
        for (uint32_t j = 0; j < ctx->arenas[i].chunk_count; j++) {
            const struct fai_chunk *chunk = &ctx->arenas[i].chunk[j];
            if (p >= chunk->base && p < fai_chunk_end(chunk))
                return true;
        }
    return fai_guard_has(ctx, address);
}

size_t
fai_chunk_trim(fa_ctx *ctx, struct fai_chunk *chunk, size_t keep, size_t max)
{
    size_t unit = chunk->is_huge ? FAI_HUGE_PAGE : FAI_PAGE;
    keep = fai_round_up(keep, unit);
    if (chunk->touched <= keep)
        return 0;
    size_t bytes = FAI_MIN(chunk->touched - keep,
                           FAI_MAX(fai_round_down(max, unit), unit));
    size_t rest = chunk->touched - bytes;
    if (ctx->guard != 0)
        fai_checkers_allow(chunk->base + rest, bytes);
    fai_pages_purge(chunk->base + rest, bytes);
    chunk->touched = rest;
    fai_charge_give(ctx, bytes);
    fai_publish_sub(&ctx->figures.resident, bytes);
    fai_publish_add(&ctx->figures.trimmed_bytes, bytes);
    FAI_PROBE3(trim, ctx->id, bytes, rest);
    return bytes;
}

fa_status
fai_arena_prepare(fa_ctx *ctx, struct fai_arena *arena, size_t size)
{
    struct fai_chunk *chunk = &arena->chunk[0];
    size_t from = chunk->touched;
    /* At guard levels 2 and 3, dead arenas cannot be touched. */
    if (arena->is_protected)
        return FA_OK;
    size = FAI_MIN(fai_round_up(size, FAI_PAGE), chunk->reserved);
    if (!touch(ctx, chunk, size))
        return ctx->status;
    if (size > from && !fai_pages_populate(chunk->base + from, size - from))
        return ctx->status = FA_ERR_NOMEM;
    return FA_OK;
}
