/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How contexts and allocators end.
 *
 * The context of a thread that exits is closed. If nothing of it is in use any
 * more, it is unmapped. If blocks are live, it waits, whole, for a thread that
 * adopts it; if others may still read its arenas, it waits until their number
 * has ended. Blocks never change their owner, so remote frees need no care.
 */
#include "context/ctx.h"
#include "lifetime/boundary.h"
#include "lifetime/leak.h"
#include "lifetime/retain.h"
#include "lifetime/scratch.h"
#include "lifetime/task.h"
#include "lifetime/transfer.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/event.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "memory/remote.h"

/* The last frame of the context's numbering that is over. */
static uint64_t
ended_number(fa_ctx *ctx)
{
    if (ctx->has_own_frames)
        return UINT64_MAX / 4; /* Its frames end with it. */
    /* Pairs with the releases in fa_begin_frame() and fa_end_frame(). */
    uint64_t word = fai_load_acquire(&ctx->allocator->word);
    return (word >> 1) - (word & 1);
}

static void
drop_arenas(fa_ctx *ctx)
{
    for (uint32_t i = 0; i < ctx->arena_count; i++)
        fai_arena_destroy(ctx, &ctx->arenas[i]);
    ctx->arenas = NULL;
    ctx->arena_count = 0;
    ctx->frame.arena = NULL;
    ctx->frame.attention |= FAI_ATTENTION_NEW;
}

/* Everything that can be given back is. True when something is left. */
static bool
settle(fa_ctx *ctx)
{
    ctx->frame.pins = 0;
    ctx->is_readable = fai_boundary_leave(ctx, ended_number(ctx));
    fai_scratch_leave(ctx);
    if (!ctx->is_readable)
        drop_arenas(ctx);
    fai_remote_flush(ctx);
    fai_pools_flush(ctx);
    fai_cache_flush(ctx);
    return ctx->is_readable || fai_pools_live(ctx) != 0 ||
           fai_cache_live(ctx) != 0;
}

static void
unlink_ctx(fa_allocator *allocator, fa_ctx *ctx)
{
    fa_ctx **link = &allocator->ctxs;
    while (*link != ctx)
        link = &(*link)->next;
    *link = ctx->next;
}

/* A context that no list of threads holds: it waits, or goes. */
static void
retire(fa_ctx *ctx, bool is_new_idle)
{
    fa_allocator *allocator = ctx->allocator;
    /* Busy: a child that is forked meanwhile gives it up. */
    ctx->thread = fai_thread_self();
    bool is_left = settle(ctx);
    fai_lock(&allocator->lock);
    if (is_new_idle) {
        allocator->ctx_count--;
        allocator->idle_count++;
    }
    if (is_left) {
        ctx->is_idle = true;
        ctx->thread = NULL;
        fai_allocator_attend(allocator, FAI_ATTENTION_IDLE);
    } else {
        allocator->idle_count--;
        fai_stats_retire(allocator, ctx);
        fai_event_leave(ctx);
        unlink_ctx(allocator, ctx);
    }
    fai_unlock(&allocator->lock);
    if (!is_left)
        fai_ctx_unmake(ctx);
}

void
fai_ctx_end(fa_ctx *ctx)
{
    retire(ctx, true);
}

/* An idle context that may have something to do; it is not idle meanwhile. */
static fa_ctx *
take_for_sweep(fa_allocator *allocator, uint64_t number)
{
    fa_ctx *ctx;
    fai_lock(&allocator->lock);
    for (ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        if (ctx->is_idle && ctx->swept != number)
            break;
    if (ctx != NULL) {
        ctx->is_idle = false;
        ctx->swept = number;
    }
    fai_unlock(&allocator->lock);
    return ctx;
}

void
fai_ctx_sweep(fa_allocator *allocator)
{
    uint64_t number = fai_load(&allocator->word) >> 1;
    fa_ctx *ctx;
    while ((ctx = take_for_sweep(allocator, number)) != NULL)
        retire(ctx, false);
    fai_lock(&allocator->lock);
    if (allocator->idle_count == 0)
        fai_allocator_rest(allocator, FAI_ATTENTION_IDLE);
    fai_unlock(&allocator->lock);
}

void
fa_ctx_destroy(fa_ctx *ctx)
{
    if (ctx == NULL || ctx->is_refusing)
        return;
    if (!ctx->is_explicit) {
        ctx->status = FA_ERR_THREAD;
        fai_report(&ctx->allocator->reporter, 211, ctx,
                   "fa_ctx_destroy() of a thread's own context %llu",
                   (unsigned long long)ctx->id);
        return;
    }
    ctx->is_lost = false; /* The child of a fork vouches for it. */
    fai_ctx_end(ctx);
}

/* --- allocators --- */

static void
end_ctx(fa_ctx *ctx, struct fai_leaks *leaks)
{
    fai_ctx_detach(ctx);
    if (ctx->is_lost)
        return;
    ctx->thread = NULL; /* Whoever destroys may use it now. */
    leaks->contexts +=
        ctx->is_explicit && !ctx->is_idle && !fai_ctx_is_annex(ctx);
    ctx->frame.pins = 0;
    fai_retain_drop(ctx);
    fai_boundary_leave(ctx, UINT64_MAX / 4);
    fai_remote_flush(ctx);
}

static void
add_leaks(fa_ctx *ctx, struct fai_leaks *leaks)
{
    if (ctx->is_lost || fai_ctx_is_annex(ctx))
        return;
    fai_pools_flush(ctx);
    fai_cache_flush(ctx);
    fai_leaks_add(leaks, ctx);
}

static void
unmake_parts(fa_allocator *allocator)
{
    while (allocator->ctxs != NULL) {
        fa_ctx *ctx = allocator->ctxs;
        allocator->ctxs = ctx->next;
        /* A defer may have made one for this thread meanwhile. */
        fai_ctx_detach(ctx);
        if (!ctx->is_lost)
            fai_ctx_unmake(ctx);
    }
    fai_table_destroy(&allocator->registry);
    fai_page_space_destroy(&allocator->pages);
    fai_spans_destroy(&allocator->spans);
    fai_profile_end(allocator);
    fai_snapshot_end(allocator);
    fai_events_destroy(allocator);
    fai_transfers_destroy(allocator);
    fai_tasks_destroy(allocator);
    fai_tags_destroy(&allocator->tags);
    fai_mutex_destroy(&allocator->behavior.lock);
    fai_mutex_destroy(&allocator->lock);
}

void
fa_allocator_destroy(fa_allocator *allocator)
{
    struct fai_leaks leaks = {0};
    if (allocator == NULL)
        return;
    fai_tasks_drop(allocator);
    fai_transfers_drop(allocator);
    for (fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        end_ctx(ctx, &leaks);
    for (fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        add_leaks(ctx, &leaks);
    fai_leaks_report(&leaks, allocator);
    fai_process_remove(allocator);
    unmake_parts(allocator);
    fai_pages_unmap(allocator, sizeof(*allocator));
}
