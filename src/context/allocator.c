/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Making allocators, and what concerns all their contexts.
 */
#include "accounting/sized.h"
#include "context/config.h"
#include "context/ctx.h"
#include "context/fault_report.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/jemalloc.h"
#include "memory/page.h"
#include "memory/pool.h"

#include <string.h>

static void
use_own_heap(fa_allocator *allocator)
{
    allocator->heap = (fa_heap_backend){
        sizeof(fa_heap_backend), "own",          &allocator->spans,
        fai_spans_alloc,         fai_spans_free, NULL};
    /* Now, so that the first block costs a frame nothing. */
    fai_spans_prepare(&allocator->spans);
}

static void
choose_heap(fa_allocator *allocator, const fa_heap_backend *fallback)
{
    const fa_heap_backend *heap = allocator->config.heap;
    if (heap == NULL)
        heap = fallback != NULL ? fallback : fai_heap_probe();
    if (heap == NULL) {
        use_own_heap(allocator);
        return;
    }
    allocator->heap = (fa_heap_backend)FA_HEAP_BACKEND_INIT;
    memcpy(&allocator->heap, heap,
           FAI_MIN(heap->struct_size, sizeof(allocator->heap)));
    allocator->config.heap = &allocator->heap;
}

static bool
make_parts(fa_allocator *allocator)
{
    if (!fai_table_create(&allocator->registry))
        return false;
    if (!fai_page_space_create(&allocator->pages,
                               allocator->config.huge_pages)) {
        fai_table_destroy(&allocator->registry);
        return false;
    }
    fai_mutex_create(&allocator->lock);
    fai_mutex_create(&allocator->transfers.lock);
    fai_mutex_create(&allocator->tasks.lock);
    fai_mutex_create(&allocator->behavior.lock);
    fai_spans_create(&allocator->spans, allocator->config.huge_pages);
    fai_tags_create(&allocator->tags);
    fai_budget_create(&allocator->budget, FA_BUDGET_ALLOCATOR, 0, NULL);
    fa_budget limits = FA_BUDGET_INIT;
    limits.hard_bytes = allocator->config.memory_limit;
    fai_budget_set(&allocator->budget, &limits);
    return true;
}

fa_status
fa_allocator_create_with(const fa_allocator_config *config,
                         const fa_heap_backend *heap, fa_allocator **out)
{
    struct fai_reporter reporter = {.on_misuse = FA_ON_MISUSE_REPORT};
    fa_allocator_config resolved;
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    fa_status status = fai_config_resolve(config, &resolved, &reporter);
    if (status != FA_OK)
        return status;
    fa_allocator *allocator = fai_pages_map(sizeof(fa_allocator), FAI_PAGE);
    if (allocator == NULL)
        return FA_ERR_NOMEM;
    allocator->config = resolved;
    allocator->reporter = reporter;
    allocator->counting = resolved.counts ? FAI_COUNT_CONFIG : 0;
    allocator->reporter.word = &allocator->word;
    allocator->reporter.describe = fai_ctx_describe;
    if (!make_parts(allocator)) {
        fai_pages_unmap(allocator, sizeof(fa_allocator));
        return FA_ERR_NOMEM;
    }
    choose_heap(allocator, heap);
    fai_process_add(allocator);
    (void)fai_behavior_start(allocator, resolved.behavior); /* Has room. */
    if (resolved.report && resolved.guard >= 2)
        fai_fault_report_install();
    *out = allocator;
    return FA_OK;
}

fa_status(fa_allocator_create)(const fa_allocator_config *config,
                               fa_allocator **out)
{
    return fa_allocator_create_with(config, NULL, out);
}

const char *
fa_allocator_heap_name(const fa_allocator *allocator)
{
    return allocator->heap.name != NULL ? allocator->heap.name : "custom";
}

/* --- trim and prepare --- */

static void
trim_arenas(fa_ctx *ctx)
{
    for (uint32_t i = 0; i < ctx->arena_count; i++) {
        struct fai_arena *arena = &ctx->arenas[i];
        bool is_current =
            fai_frame_is_open(&ctx->frame) && arena == ctx->frame.arena;
        bool is_used = is_current || arena->is_live;
        for (uint32_t j = 0; j < arena->chunk_count; j++) {
            struct fai_chunk *chunk = &arena->chunk[j];
            size_t keep = is_used && j < arena->current ? chunk->reserved : 0;
            if (is_used && j == arena->current)
                keep = (size_t)((is_current ? ctx->frame.public.limit
                                            : arena->cursor) -
                                chunk->base);
            fai_chunk_trim(ctx, chunk, keep, SIZE_MAX);
        }
    }
    /* The first limit may lie above what is charged now. */
    ctx->frame.first_limit = ctx->frame.base;
}

void
fai_ctx_trim_annex(fa_ctx *annex)
{
    if (annex->arena_count != 0)
        trim_arenas(annex);
    fai_cache_flush(annex);
}

static void
trim_ctx(fa_ctx *ctx)
{
    trim_arenas(ctx);
    fai_pools_flush(ctx);
    fai_cache_flush(ctx);
    for (size_t i = 0; i < 2; i++)
        if (ctx->scratch[i] != NULL)
            fai_ctx_trim_annex(ctx->scratch[i]);
}

/* Spares are nobody's; they are taken out under the lock. */
static void
trim_spares(fa_allocator *allocator)
{
    for (size_t kind = 0; kind < FAI_ANNEX_KINDS; kind++) {
        fa_ctx **list = &allocator->annexes.spare[kind];
        fai_lock(&allocator->lock);
        fa_ctx *first = *list;
        *list = NULL;
        fai_unlock(&allocator->lock);
        while (first != NULL) {
            fa_ctx *annex = first;
            first = annex->annex.next;
            fai_ctx_trim_annex(annex);
            fai_lock(&allocator->lock);
            annex->annex.next = *list;
            *list = annex;
            fai_unlock(&allocator->lock);
        }
    }
}

/* Idle contexts are trimmed one at a time: taken out under the lock. */
static void
trim_idle(fa_allocator *allocator)
{
    fai_lock(&allocator->lock);
    for (fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next) {
        if (!ctx->is_idle)
            continue;
        ctx->is_idle = false;
        ctx->thread = fai_thread_self(); /* As in retire(). */
        fai_unlock(&allocator->lock);
        fai_pools_flush(ctx);
        fai_cache_flush(ctx);
        fai_lock(&allocator->lock);
        ctx->thread = NULL;
        ctx->is_idle = true;
    }
    fai_unlock(&allocator->lock);
}

fa_status
fa_allocator_trim(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_ctx_self(allocator);
    if (!ctx->is_refusing)
        trim_ctx(ctx);
    trim_idle(allocator);
    trim_spares(allocator);
    fai_page_space_trim(&allocator->pages, SIZE_MAX);
    fai_spans_trim(&allocator->spans, SIZE_MAX);
    if (allocator->heap.trim != NULL)
        allocator->heap.trim(allocator->heap.user);
    return FA_OK;
}

fa_status
fa_allocator_prepare(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_ctx_self(allocator);
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    fa_usage usage = FA_USAGE_INIT;
    (void)fa_ctx_usage_read(ctx, &usage);
    uint64_t high = usage.frame_peak;
    for (uint32_t i = 0; i < ctx->arena_count; i++) {
        fa_status status =
            fai_arena_prepare(ctx, &ctx->arenas[i], (size_t)(high + high / 4));
        if (status != FA_OK)
            return status;
    }
    return FA_OK;
}

fa_status
fa_allocator_hook_add(fa_allocator *allocator, const fa_frame_hook *hook)
{
    if (allocator == NULL || hook == NULL)
        return FA_ERR_USAGE;
    fa_frame_hook copy = FA_FRAME_HOOK_INIT;
    if (!fai_sized_read(&allocator->reporter, "fa_frame_hook", hook,
                        sizeof(size_t), &copy, sizeof(copy)))
        return FA_ERR_CONFIG;
    fai_lock(&allocator->lock);
    bool has_room = allocator->hook_count < FAI_HOOKS_MAX;
    if (has_room) {
        allocator->hooks[allocator->hook_count] = copy;
        /* Pairs with the acquire in run_begin_hooks(). */
        fai_store_release(&allocator->hook_count, allocator->hook_count + 1);
        fai_allocator_attend(allocator, FAI_ATTENTION_HOOKS);
    }
    fai_unlock(&allocator->lock);
    return has_room ? FA_OK : FA_ERR_NOMEM;
}
