/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Allocation in a frame whose context has a frame budget.
 *
 * The budget is asked with the bytes that the request would take. What it
 * promotes comes from blocks of the cache that belong to the frame: released,
 * rolled back and freed at its end as others are, so nothing else in the
 * library knows of promotion.
 */
#include "memory/arena.h"
#include "memory/charge.h"
#include "memory/frame.h"

static char *
promote_block(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_block *block = fai_frame_take_block(ctx, size, align);
    if (block == NULL)
        return NULL;
    block->is_promoted = true;
    ctx->frame.promoted_bytes += block->size;
    return block->address;
}

/* A place in the block that small requests share; NULL: a new one is needed. */
static char *
promoted_place(const fa_ctx *ctx, size_t size, size_t align)
{
    const struct fai_frame *frame = &ctx->frame;
    if (frame->promoted == NULL || frame->promoted_tag != ctx->tag)
        return NULL;
    char *at = fai_align_pointer(frame->promoted, align);
    return at + fai_round_up(size, FA_FRAME_GRANULE) <= frame->promoted_end
               ? at
               : NULL;
}

/* Small requests share blocks of a window, which live until the frame dies or
 * is rolled back below their begin. */
static void *
promote(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_frame *frame = &ctx->frame;
    if (size > frame->window / 4 || align > frame->window / 4)
        return promote_block(ctx, size, align);
    char *at = promoted_place(ctx, size, align);
    if (at == NULL) {
        char *block = promote_block(ctx, frame->window, FAI_PAGE);
        if (block == NULL)
            return NULL;
        /* Nothing small has the address of a block that may be released. */
        at = fai_align_pointer(block + FA_FRAME_GRANULE, align);
        frame->promoted_end = block + frame->window;
        frame->promoted_tag = ctx->tag;
    }
    frame->promoted = at + fai_round_up(size, FA_FRAME_GRANULE);
    return at;
}

/* What the cursor would move by. */
static size_t
bytes_to_bump(const fa_ctx *ctx, size_t size, size_t align)
{
    const struct fai_frame *frame = &ctx->frame;
    const struct fai_chunk *chunk = &frame->arena->chunk[frame->arena->current];
    char *cursor = frame->public.cursor;
    char *end = (char *)fai_align_pointer(cursor, align) +
                fai_round_up(size, FA_FRAME_GRANULE);
    return end <= fai_chunk_end(chunk) ? (size_t)(end - cursor)
                                       : fai_round_up(size, FA_FRAME_GRANULE);
}

void *
fai_frame_alloc_budgeted(fa_ctx *ctx, size_t size, size_t align, bool is_large)
{
    switch (fai_charge_frame(ctx, is_large ? size
                                           : bytes_to_bump(ctx, size, align))) {
    case FA_BUDGET_FAIL:
        return NULL;
    case FA_BUDGET_PROMOTE:
        return promote(ctx, size, align);
    default:
        break;
    }
    /* A block takes the room that the limit stood for. */
    if (is_large)
        ctx->frame.public.limit = ctx->frame.public.cursor;
    return fai_frame_alloc_unasked(ctx, size, align, is_large);
}

void
fai_frame_count_again(struct fai_frame *frame, const struct fai_arena *arena)
{
    for (const struct fai_block *block = arena->blocks; block != NULL;
         block = block->next) {
        frame->block_bytes += block->size;
        frame->promoted_bytes += block->is_promoted ? block->size : 0;
    }
}
