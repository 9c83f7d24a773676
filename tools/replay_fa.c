/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The two rows of ours: one allocator, one context, default configuration.
 *
 * Calls are those that a program would write: the frame is in a variable, and
 * so is the pool of a type. Here a pool is found by its size, in a table that
 * is filled at first use.
 */
#include "replay.h"
#include "replay_loop.h"

#include <framealloc/framealloc.h>

#include <stdlib.h>
#include <string.h>

#define POOL_COUNT (INTENT_WINDOW / 16 + 1)
#define ALIGN      16

struct ours {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_frame *frame;
    fa_pool *pools[POOL_COUNT]; /* by size in units of 16, rounded up */
};

static struct ours the_state;

static size_t
event_align(const struct plan_event *event)
{
    return event->align_log2 != 0 ? (size_t)1 << event->align_log2 : ALIGN;
}

static LOOP_ALWAYS_INLINE void *
frame_alloc(void *state, const struct plan_event *event)
{
    struct ours *ours = state;

    return fa_frame_alloc(ours->frame, event->size, ALIGN);
}

static LOOP_ALWAYS_INLINE void
frame_free_hint(void *state, void *block, const struct plan_event *event)
{
    struct ours *ours = state;

    fa_frame_release(ours->frame, block, event->size);
}

static LOOP_ALWAYS_INLINE void
frame_free_nothing(void *state, void *block, const struct plan_event *event)
{
    (void)state;
    (void)block;
    (void)event;
}

static LOOP_ALWAYS_INLINE fa_pool *
pool_of(struct ours *ours, uint32_t size)
{
    fa_pool **pool = &ours->pools[(size + 15) / 16];

    if (__builtin_expect(*pool == NULL, 0))
        *pool = fa_ctx_pool(ours->ctx, size, ALIGN);
    return *pool;
}

static LOOP_ALWAYS_INLINE void *
pool_alloc(void *state, const struct plan_event *event)
{
    return fa_pool_alloc(pool_of(state, event->size));
}

static LOOP_ALWAYS_INLINE void
pool_free(void *state, void *block, const struct plan_event *event)
{
    fa_pool_free(pool_of(state, event->size), block);
}

static LOOP_ALWAYS_INLINE void *
heap_alloc(void *state, const struct plan_event *event)
{
    struct ours *ours = state;

    return fa_heap_alloc(ours->ctx, event->size, ALIGN);
}

static LOOP_ALWAYS_INLINE void
heap_free(void *state, void *block, const struct plan_event *event)
{
    struct ours *ours = state;

    (void)event;
    fa_heap_free(ours->ctx, block);
}

static void *
alloc_by_home(struct ours *ours, const struct plan_event *event)
{
    size_t align = event_align(event);
    bool is_zeroed = (event->flags & TRACE_ZEROED) != 0;
    void *block;

    if (event->rule == HOME_ARENA || event->rule == HOME_ARENA_HINT)
        return is_zeroed ? fa_frame_zalloc(ours->frame, event->size, align)
                         : fa_frame_alloc(ours->frame, event->size, align);
    if (event->rule == HOME_POOL && event->align_log2 == 0)
        block = fa_pool_alloc(pool_of(ours, event->size));
    else if (event->rule == HOME_POOL)
        block = fa_alloc(ours->ctx, event->size, align, FA_INTENT_POOL);
    else
        block = fa_heap_alloc(ours->ctx, event->size, align);
    if (block != NULL && is_zeroed)
        memset(block, 0, event->size);
    return block;
}

/* A pool block cannot grow: another one, copied. */
static void *
resize_in_pools(struct ours *ours, void *old, const struct plan_event *event)
{
    size_t kept = event->old_size < event->size ? event->old_size : event->size;

    if (event->size != 0 && event->old_size != 0 &&
        (event->size + 15) / 16 == (event->old_size + 15) / 16)
        return old;
    void *block =
        fa_alloc(ours->ctx, event->size, event_align(event), FA_INTENT_POOL);
    if (block == NULL)
        return NULL;
    memcpy(block, old, kept);
    fa_free(ours->ctx, old);
    return block;
}

static void *
rare(void *state, void *block, const struct plan_event *event)
{
    struct ours *ours = state;

    if ((event->flags & PLAN_OP_MASK) != TRACE_RESIZE)
        return alloc_by_home(ours, event);
    if (event->rule == HOME_POOL)
        return resize_in_pools(ours, block, event);
    if (event->rule == HOME_HEAP)
        return fa_heap_realloc(ours->ctx, block, event->size,
                               event_align(event));
    return fa_frame_resize(ours->frame, block, event->old_size, event->size,
                           event_align(event));
}

static const struct plan_event *
framealloc_run(void *state, void **blocks, const struct plan_event *event,
               const struct plan_event *end)
{
    static const struct loop_calls calls = {
        frame_alloc, pool_alloc, heap_alloc, frame_free_hint,
        pool_free,   heap_free,  rare,       SIZE_MAX};

    return run_events(&calls, state, blocks, event, end);
}

static const struct plan_event *
frames_only_run(void *state, void **blocks, const struct plan_event *event,
                const struct plan_event *end)
{
    static const struct loop_calls calls = {
        frame_alloc, pool_alloc, heap_alloc, frame_free_nothing,
        pool_free,   heap_free,  rare,       SIZE_MAX};

    return run_events(&calls, state, blocks, event, end);
}

static void *
create(void)
{
    if (fa_allocator_create(NULL, &the_state.allocator) != FA_OK)
        return NULL;
    the_state.ctx = fa_ctx_current(the_state.allocator);
    return &the_state;
}

static void
begin(void *state)
{
    struct ours *ours = state;

    ours->frame = fa_begin_frame(ours->allocator);
}

static void
end(void *state)
{
    struct ours *ours = state;

    fa_end_frame(ours->allocator);
}

static void
destroy(void *state)
{
    struct ours *ours = state;

    fa_allocator_destroy(ours->allocator);
}

static bool
goes_to_pool(const struct plan_event *event)
{
    return event->size <= FA_POOL_BLOCK_MAX && event->rule >= HOME_POOL;
}

static bool
goes_to_arena(const struct plan_event *event)
{
    return event->size <= INTENT_WINDOW && event->rule < HOME_POOL;
}

/* What arena and pools handed out is what was asked of them. The rest came
 * from the backend, which the library counts, or else from the block cache. */
static void
read_shares(void *state, const struct plan *plan, struct byte_shares *shares)
{
    struct ours *ours = state;
    fa_stats stats = FA_STATS_INIT;
    uint64_t rest = 0;

    for (uint32_t i = 0; i < plan->head->event_count; i++) {
        const struct plan_event *event = &plan->events[i];
        if ((event->flags & PLAN_OP_MASK) == TRACE_FREE)
            continue;
        if (goes_to_arena(event))
            shares->arena += event->size;
        else if (goes_to_pool(event))
            shares->pool += event->size;
        else
            rest += event->size;
    }
    if (fa_stats_read(ours->allocator, &stats) != FA_OK)
        return;
    shares->backend = stats.backend_bytes < rest ? stats.backend_bytes : rest;
    shares->cache = rest - shares->backend;
}

const struct driver framealloc_driver = {.create = create,
                                         .begin = begin,
                                         .run = framealloc_run,
                                         .end = end,
                                         .read_shares = read_shares,
                                         .destroy = destroy,
                                         .intent_row = INTENT_FULL};

const struct driver frames_only_driver = {.create = create,
                                          .begin = begin,
                                          .run = frames_only_run,
                                          .end = end,
                                          .read_shares = read_shares,
                                          .destroy = destroy,
                                          .intent_row = INTENT_FRAMES_ONLY};
