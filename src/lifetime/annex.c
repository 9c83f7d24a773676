/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Annexes: taken, rewound by hand, and kept as spares.
 *
 * An annex is a context with frames of its own, so whatever works on a frame
 * works on it: marks, defers, guard modes, tags, collections. Its frame is
 * open while it is taken; a reset ends it and opens the next one. A spare
 * keeps its record and the begin of its arena, so that taking it again makes
 * no system call.
 */
#include "lifetime/annex.h"

#include "context/ctx.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/frame.h"

#include <stdio.h>

/* Resident bytes that a spare keeps. */
#define SPARE_BYTES ((size_t)64 << 10)

static fa_ctx *
pop_spare(fa_allocator *allocator, enum fai_annex_kind kind)
{
    fai_lock(&allocator->lock);
    fa_ctx *annex = allocator->annexes.spare[kind];
    if (annex != NULL)
        allocator->annexes.spare[kind] = annex->annex.next;
    fai_unlock(&allocator->lock);
    return annex;
}

static void
push_spare(fa_ctx *annex)
{
    fa_allocator *allocator = annex->allocator;
    fai_lock(&allocator->lock);
    fa_ctx **list = &allocator->annexes.spare[annex->annex.kind];
    annex->annex.next = *list;
    *list = annex;
    fai_unlock(&allocator->lock);
}

static void
set_plan(fa_ctx *annex, const struct fai_annex_plan *plan)
{
    annex->annex.reserve = plan->reserve;
    annex->annex.peak = 0;
    annex->annex.resets = 0;
    annex->annex.scopes = 0;
    annex->annex.parent = annex->annex.child = NULL;
    annex->annex.older = annex->annex.newer = NULL;
    fai_store(&annex->annex.refusals, 0);
    annex->thread = plan->thread;
    annex->is_lost = false; /* The child of a fork vouches for it. */
    annex->status = FA_OK;
    annex->frame.window = plan->window;
    annex->frame.capacity =
        plan->capacity != 0 && plan->capacity < FAI_NO_CAPACITY
            ? fai_round_up(plan->capacity, FA_FRAME_GRANULE)
            : FAI_NO_CAPACITY;
    /* The figures of tags are read under the lock. */
    fai_lock(&annex->allocator->lock);
    fai_store(&annex->tag, plan->tag);
    annex->use = &annex->tag_use[plan->tag];
    snprintf(annex->name, sizeof(annex->name), "%s", plan->name);
    fai_unlock(&annex->allocator->lock);
}

static bool
open_arena(fa_ctx *annex)
{
    annex->annex.objects = fai_load(&annex->figures.frame_count);
    fa_ctx_begin_frame(annex);
    if (fai_frame_is_open(&annex->frame))
        return true;
    /* Nobody asks for stamps of a frame that was not opened. */
    fai_store(&annex->word, annex->word & ~(uint64_t)1);
    return false;
}

fa_ctx *
fai_annex_take(fa_allocator *allocator, const struct fai_annex_plan *plan,
               fa_status *status)
{
    fa_ctx *annex = pop_spare(allocator, plan->kind);
    *status = FA_ERR_NOMEM;
    if (annex == NULL)
        annex = fai_ctx_make_annex(allocator, plan->kind);
    if (annex == NULL)
        return NULL;
    set_plan(annex, plan);
    if (!open_arena(annex)) {
        *status = annex->status;
        push_spare(annex);
        return NULL;
    }
    fai_lock(&allocator->lock);
    /* Pairs with the acquire in fai_annex_serial(). */
    fai_store_release(&annex->annex.serial, ++allocator->annexes.serial);
    fai_unlock(&allocator->lock);
    *status = FA_OK;
    return annex;
}

static void
close_arena(fa_ctx *annex)
{
    annex->annex.peak = fai_annex_peak(annex);
    annex->annex.scopes = 0;
    if (fai_frame_is_open(&annex->frame))
        fa_ctx_end_frame(annex);
}

void
fai_annex_kill(fa_ctx *annex)
{
    /* Pairs with the acquire in fai_annex_serial(): defers find it dead. */
    fai_store_release(&annex->annex.serial, (uint64_t)0);
}

void
fai_annex_give(fa_ctx *annex)
{
    fai_annex_kill(annex);
    close_arena(annex);
    if (annex->cache.own.count != 0)
        fai_cache_flush(annex);
    for (uint32_t i = 0; i < annex->arena_count; i++)
        fai_arena_shrink(annex, &annex->arenas[i], SPARE_BYTES);
    annex->frame.first_limit = annex->frame.base;
    push_spare(annex);
}

void
fai_annex_reset(fa_ctx *annex)
{
    close_arena(annex);
    annex->annex.resets++;
    /* It was open before, so its arena is there. */
    open_arena(annex);
}

bool
fai_annex_is_live(const fa_frame *frame, uint64_t serial,
                  enum fai_annex_kind kind)
{
    if (frame == NULL || serial == 0)
        return false;
    const fa_ctx *ctx = fai_ctx_of_frame(frame);
    return fai_annex_serial(ctx) == serial && ctx->annex.kind == kind;
}

fa_ctx *
fai_annex_find(const fa_frame *frame, uint64_t serial, enum fai_annex_kind kind)
{
    if (frame == NULL || serial == 0)
        return NULL;
    fa_ctx *annex = fai_ctx_of_frame((fa_frame *)(uintptr_t)frame);
    if (!fai_annex_is_live(frame, serial, kind)) {
        fai_report(&annex->allocator->reporter, 421, NULL, "%s %llu",
                   kind == FAI_ANNEX_GROUP ? "group" : "scratch arena",
                   (unsigned long long)serial);
        return NULL;
    }
    if (FAI_UNLIKELY(annex->thread != NULL &&
                     annex->thread != fai_thread_self()))
        return fai_frame_report_foreign(annex);
    return annex;
}

size_t
fai_annex_peak(fa_ctx *annex)
{
    if (fai_frame_is_open(&annex->frame)) {
        fai_frame_note_peak(&annex->frame);
        annex->annex.peak = FAI_MAX(annex->annex.peak, annex->frame.high);
    }
    return annex->annex.peak;
}

uint64_t
fai_annex_held(const fa_ctx *annex)
{
    return fai_load(&annex->budget.used);
}

size_t
fai_annex_capacity(const fa_ctx *annex)
{
    size_t capacity = annex->frame.capacity;
    return capacity == FAI_NO_CAPACITY ? 0 : capacity;
}

uint64_t
fai_annex_objects(const fa_ctx *annex)
{
    if ((annex->frame.attention & FAI_ATTENTION_MODE) == 0)
        return FA_COUNT_UNKNOWN;
    return fai_load(&annex->figures.frame_count) - annex->annex.objects;
}
