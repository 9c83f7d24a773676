/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Phases: named, nested sections of a frame.
 *
 * Open phases are a stack of what was used at their begins. A rollback lowers
 * these, so the difference at the end is what the phase has added. Limits are
 * a capacity of the frame while the phase is open: see memory/capacity.c.
 *
 * Two lists of records, of the open frame and of the last one, change places
 * when a frame closes.
 */
#include "lifetime/phase.h"

#include "accounting/diag.h"
#include "accounting/sized.h"
#include "base/bits.h"
#include "memory/capacity.h"
#include "memory/frame.h"
#include "os/clock.h"

#include <string.h>

static size_t
used_of(const struct fai_frame *frame)
{
    return fai_frame_position(frame) + frame->block_bytes;
}

static bool
is_counting(const fa_ctx *ctx)
{
    return (ctx->frame.attention & FAI_ATTENTION_MODE) != 0;
}

static const struct fai_open_phase *
innermost(const struct fai_phases *phases)
{
    return &phases->open[phases->depth - 1];
}

/* What the phase has done until now. */
static void
measure(const fa_ctx *ctx, const struct fai_open_phase *open, fa_phase *out)
{
    size_t used = used_of(&ctx->frame);
    uint64_t count = fai_load(&ctx->figures.frame_count);
    out->bytes = used - FAI_MIN(open->begin, used);
    out->self_bytes = out->bytes - FAI_MIN(open->inner, out->bytes);
    out->duration_ns = fai_clock_ns() - open->begin_ns;
    out->count = is_counting(ctx) && open->is_counted ? count - open->count
                                                      : FA_COUNT_UNKNOWN;
}

/* --- ending --- */

static void
end_innermost(fa_ctx *ctx, bool is_forgotten)
{
    struct fai_phases *phases = ctx->phases;
    const struct fai_open_phase *open = innermost(phases);
    fa_phase figures = FA_PHASE_INIT;
    measure(ctx, open, &figures);
    if (open->record != FA_PHASE_NONE) {
        fa_phase *record = &phases->list[phases->current].phase[open->record];
        record->bytes = figures.bytes;
        record->self_bytes = figures.self_bytes;
        record->count = figures.count;
        record->duration_ns = figures.duration_ns;
        record->is_open = false;
        record->is_forgotten = is_forgotten;
    }
    phases->depth--;
    if (phases->depth != 0)
        phases->open[phases->depth - 1].inner += figures.bytes;
    fai_capacity_apply(ctx);
}

static void
forget_innermost(fa_ctx *ctx, uint32_t number, const char *why)
{
    fai_report(&ctx->allocator->reporter, number, NULL,
               "phase \"%s\" of frame %llu %s", fa_phase_name(ctx),
               (unsigned long long)fai_frame_number(&ctx->frame), why);
    end_innermost(ctx, true);
}

void
fai_phase_close(fa_ctx *ctx)
{
    struct fai_phases *phases = ctx->phases;
    while (phases->depth != 0)
        forget_innermost(ctx, 442, "is open at the end");
    phases->current ^= 1;
    phases->list[phases->current].count = 0;
    phases->list[phases->current].is_full = false;
}

/* Position in the stack from 1; 0: it is not open. */
static uint32_t
find_open(const struct fai_phases *phases, uint64_t serial)
{
    uint32_t depth = phases == NULL ? 0 : phases->depth;
    while (depth != 0 && phases->open[depth - 1].serial != serial)
        depth--;
    return depth;
}

static bool
is_foreign(fa_ctx *ctx)
{
    if (FAI_LIKELY(ctx->thread == NULL || ctx->thread == fai_thread_self()))
        return false;
    fai_frame_report_foreign(ctx);
    return true;
}

fa_status
fa_phase_end(fa_phase_scope scope)
{
    fa_ctx *ctx = scope.ctx;
    if (scope.serial == 0)
        return FA_ERR_STATE;
    if (is_foreign(ctx))
        return FA_ERR_THREAD;
    uint32_t depth = find_open(ctx->phases, scope.serial);
    if (depth == 0) {
        ctx->status = FA_ERR_STALE;
        fai_report(&ctx->allocator->reporter, 441, NULL,
                   "a phase that is over was ended in context %llu",
                   (unsigned long long)ctx->id);
        return FA_ERR_STALE;
    }
    while (ctx->phases->depth > depth)
        forget_innermost(ctx, 441, "ends with the one around it");
    end_innermost(ctx, false);
    return FA_OK;
}

void
fa_phase_end_scope(fa_phase_scope *scope)
{
    (void)fa_phase_end(*scope);
}

/* --- beginning --- */

static fa_phase_scope
refuse(fa_ctx *ctx, fa_status status, uint32_t number, const char *name)
{
    ctx->status = status;
    if (number != 0)
        fai_report(&ctx->allocator->reporter, number, NULL,
                   "phase \"%s\" in context %llu", name,
                   (unsigned long long)ctx->id);
    return (fa_phase_scope){ctx, 0};
}

static void
copy_name(char *to, const char *name)
{
    size_t size = strnlen(name, FA_PHASE_NAME_MAX - 1);
    memcpy(to, name, size);
    to[size] = '\0';
}

/* Index of the record, or FA_PHASE_NONE. */
static uint32_t
add_record(fa_ctx *ctx, const struct fai_open_phase *open)
{
    struct fai_phases *phases = ctx->phases;
    struct fai_phase_frame *list = &phases->list[phases->current];
    if (list->count == FA_PHASE_MAX) {
        if (!list->is_full)
            fai_report(&ctx->allocator->reporter, 443, NULL,
                       "phase \"%s\" is not listed", open->name);
        list->is_full = true;
        return FA_PHASE_NONE;
    }
    fa_phase *record = &list->phase[list->count];
    *record =
        (fa_phase){.struct_size = sizeof(*record),
                   .frame = fai_frame_number(&ctx->frame),
                   .depth = phases->depth,
                   .parent = phases->depth == 0 ? FA_PHASE_NONE
                                                : innermost(phases)->record,
                   .limit_bytes = open->limit,
                   .is_open = true};
    memcpy(record->name, open->name, sizeof(record->name));
    return list->count++;
}

fa_phase_scope
fa_phase_begin_limited(fa_ctx *ctx, const char *name, size_t limit_bytes)
{
    name = name == NULL ? "" : name;
    if (ctx == NULL || ctx->is_refusing || is_foreign(ctx))
        return (fa_phase_scope){ctx, 0};
    (void)fa_ctx_frame(ctx);
    struct fai_frame *frame = &ctx->frame;
    if (!fai_frame_is_open(frame))
        return refuse(ctx, FA_ERR_STATE, 1, name);
    if (ctx->phases == NULL)
        ctx->phases = fai_meta_alloc(&ctx->meta, sizeof(*ctx->phases));
    struct fai_phases *phases = ctx->phases;
    if (phases == NULL)
        return refuse(ctx, FA_ERR_NOMEM, 0, name);
    if (phases->depth == FA_PHASE_DEPTH_MAX)
        return refuse(ctx, FA_ERR_USAGE, 443, name);
    struct fai_open_phase open = {.serial = ++phases->serial,
                                  .begin = used_of(frame),
                                  .limit = limit_bytes,
                                  .count = fai_load(&ctx->figures.frame_count),
                                  .begin_ns = fai_clock_ns(),
                                  .is_counted = is_counting(ctx)};
    copy_name(open.name, name);
    open.record = add_record(ctx, &open);
    phases->open[phases->depth++] = open;
    frame->attention |= FAI_ATTENTION_PHASES;
    fai_capacity_apply(ctx);
    return (fa_phase_scope){ctx, open.serial};
}

fa_phase_scope
fa_phase_begin(fa_ctx *ctx, const char *name)
{
    return fa_phase_begin_limited(ctx, name, 0);
}

/* --- reading --- */

const char *
fa_phase_name(const fa_ctx *ctx)
{
    if (ctx == NULL || ctx->phases == NULL || ctx->phases->depth == 0)
        return NULL;
    return innermost(ctx->phases)->name;
}

static const struct fai_phase_frame *
find_list(const fa_ctx *ctx, fa_phase_list list)
{
    if (ctx == NULL || ctx->phases == NULL || (unsigned)list > FA_PHASE_LAST)
        return NULL;
    return &ctx->phases->list[ctx->phases->current ^ (unsigned)list];
}

size_t
fa_phase_count(const fa_ctx *ctx, fa_phase_list list)
{
    const struct fai_phase_frame *found = find_list(ctx, list);
    return found == NULL ? 0 : found->count;
}

/* The figures so far of a listed phase that is open. */
static void
measure_open(const fa_ctx *ctx, size_t index, fa_phase *out)
{
    const struct fai_phases *phases = ctx->phases;
    for (uint32_t i = 0; i < phases->depth; i++)
        if (phases->open[i].record == index)
            measure(ctx, &phases->open[i], out);
}

fa_status
fa_phase_read(const fa_ctx *ctx, fa_phase_list list, size_t index,
              fa_phase *out)
{
    const struct fai_phase_frame *found = find_list(ctx, list);
    if (out == NULL || found == NULL || index >= found->count)
        return FA_ERR_USAGE;
    fa_phase phase = found->phase[index];
    if (phase.is_open)
        measure_open(ctx, index, &phase);
    return fai_sized_write(&ctx->allocator->reporter, "fa_phase", &phase,
                           sizeof(phase), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
