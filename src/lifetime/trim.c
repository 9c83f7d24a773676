/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The trim policy: memory that was idle for many frames goes back.
 *
 * Every trim_frames frames the context looks at what was used since the last
 * look; what lies above it is given back in steps, one per frame end, so that
 * no frame pays more than a few dozen microseconds. What is used in every
 * frame is never given back.
 */
#include "lifetime/trim.h"

#include "memory/arena.h"
#include "memory/block.h"
#include "memory/magazine.h"

/* Most bytes that one frame end gives back to the system. */
#define TRIM_STEP ((size_t)512 << 10)

void
fai_trim_set_tick(fa_ctx *ctx)
{
    uint64_t frames = ctx->allocator->config.trim_frames;
    ctx->frame.tick =
        frames == UINT32_MAX ? UINT64_MAX : ctx->frame.word + 2 * frames;
}

static void
start_trimming(fa_ctx *ctx)
{
    fai_trim_set_tick(ctx);
    ctx->frame.attention |= FAI_ATTENTION_TRIM;
    fai_pools_fence(ctx);
    fai_cache_age(ctx);
    /* Contexts with own frames only: their numbers have to do. */
    uint64_t word = fai_load(&ctx->allocator->word);
    fai_spans_age(&ctx->allocator->spans,
                  (word != 0 ? word : ctx->frame.word) >> 1,
                  ctx->allocator->config.trim_frames);
}

/* Of a chunk: what may still be read, by the lag. */
static size_t
live_bytes(const struct fai_arena *arena, uint32_t i)
{
    const struct fai_chunk *chunk = &arena->chunk[i];
    if (!arena->is_live || i > arena->current)
        return 0;
    return i < arena->current ? chunk->reserved
                              : (size_t)(arena->cursor - chunk->base);
}

/* A rewound arena may not use at once what is not charged any more. */
static void
lower_first_limit(struct fai_frame *frame)
{
    if (frame->first_limit > frame->base + frame->arena->chunk[0].touched)
        frame->first_limit = frame->base;
}

/* One step; what was used since the last look, and an eighth more, stays. */
static void
trim_a_step(fa_ctx *ctx)
{
    size_t left = TRIM_STEP;
    for (uint32_t i = 0; i < ctx->arena_count && left > 0; i++) {
        struct fai_arena *arena = &ctx->arenas[i];
        for (uint32_t j = arena->chunk_count; j-- > 0 && left > 0;) {
            size_t recent = arena->chunk[j].recent;
            size_t keep = FAI_MAX(recent + recent / 8, live_bytes(arena, j));
            size_t done = fai_chunk_trim(ctx, &arena->chunk[j], keep, left);
            left -= FAI_MIN(left, done);
        }
    }
    lower_first_limit(&ctx->frame);
    if (left > 0)
        left -= fai_spans_trim_aged(&ctx->allocator->spans, left);
    if (left == 0)
        return; /* There may be more. */
    ctx->frame.attention &= ~(uint32_t)FAI_ATTENTION_TRIM;
    for (uint32_t i = 0; i < ctx->arena_count; i++)
        for (uint32_t j = 0; j < ctx->arenas[i].chunk_count; j++)
            ctx->arenas[i].chunk[j].recent = 0;
}

void
fai_trim_note(struct fai_arena *arena, size_t peak)
{
    for (uint32_t i = 0; i < arena->current; i++)
        arena->chunk[i].recent = arena->chunk[i].reserved;
    struct fai_chunk *chunk = &arena->chunk[arena->current];
    size_t here = peak > arena->prior ? peak - arena->prior : 0;
    chunk->recent = FAI_MAX(chunk->recent, FAI_MIN(here, chunk->reserved));
}

void
fai_trim_step(fa_ctx *ctx)
{
    if (ctx->frame.word >= ctx->frame.tick)
        start_trimming(ctx);
    if ((ctx->frame.attention & FAI_ATTENTION_TRIM) != 0)
        trim_a_step(ctx);
}
