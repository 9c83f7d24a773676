/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A worker takes as much as its jobs ask for. One job with a wrong number in it
 * then takes the memory of all, and the message names none of them. It speaks
 * where a profile shows that the thread allocates much, or when it is asked for.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>

struct worker {
    fa_allocator *allocator;
    pthread_t thread;
};

/* bad */

static void *
work(void *argument)
{
    struct worker *worker = argument;
    fa_ctx *ctx = fa_ctx_current(worker->allocator);
    fa_heap_free(ctx, fa_heap_alloc(ctx, 65536, 16));
    return NULL;
}

bool
worker_start(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, work, worker) == 0;
}

/* good */

static void *
work_within(void *argument)
{
    struct worker *worker = argument;
    fa_ctx *ctx = fa_ctx_current(worker->allocator);
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 1 << 20;
    if (fa_budget_set(worker->allocator, FA_BUDGET_CTX, fa_ctx_id(ctx),
                      &budget) == FA_OK)
        fa_heap_free(ctx, fa_heap_alloc(ctx, 65536, 16));
    return NULL;
}

bool
worker_run(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, work_within, worker) == 0;
}
