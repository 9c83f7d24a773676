/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the open phases of a context leave of its frame.
 *
 * A phase with a limit may take the frame to what was used at its begin and
 * the limit. The least of these is the capacity of the frame, which the slow
 * paths know already; phases are made in lifetime/phase.c.
 */
#include "memory/capacity.h"

#include "accounting/diag.h"
#include "memory/frame.h"

/* Most bytes that the frame may have for this phase. */
static size_t
end_of(const struct fai_open_phase *open)
{
    size_t end;
    return open->limit != 0 && fai_add_size(open->begin, open->limit, &end)
               ? end
               : FAI_NO_CAPACITY;
}

void
fai_capacity_apply(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    const struct fai_phases *phases = ctx->phases;
    frame->capacity = FAI_NO_CAPACITY;
    frame->attention &= ~(uint32_t)FAI_ATTENTION_CAPACITY;
    for (uint32_t i = 0; i < phases->depth; i++)
        frame->capacity = FAI_MIN(frame->capacity, end_of(&phases->open[i]));
    if (frame->capacity == FAI_NO_CAPACITY)
        return;
    frame->attention |= FAI_ATTENTION_CAPACITY;
    fai_frame_clamp_limit(frame);
}

void
fai_capacity_roll_back(fa_ctx *ctx)
{
    size_t used = fai_frame_position(&ctx->frame) + ctx->frame.block_bytes;
    struct fai_phases *phases = ctx->phases;
    for (uint32_t i = 0; i < phases->depth; i++)
        phases->open[i].begin = FAI_MIN(phases->open[i].begin, used);
    fai_capacity_apply(ctx);
}

void
fai_capacity_refuse(fa_ctx *ctx, size_t size)
{
    struct fai_open_phase *open = ctx->phases->open;
    while (end_of(open) != ctx->frame.capacity)
        open++;
    if (open->is_told)
        return;
    open->is_told = true;
    fai_report(&ctx->allocator->reporter, 314, NULL,
               "phase \"%s\" of %zu bytes refuses %zu in context %llu",
               open->name, open->limit, size, (unsigned long long)ctx->id);
}
