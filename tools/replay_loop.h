/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The replay loop, expanded once per row with that row's calls inlined.
 *
 * Every row runs the same loop, and so does the row that allocates nothing:
 * its time is subtracted from the others, so what the loop costs must be the
 * same in all. That is why the loop jumps to a different place for arena, pool
 * and heap in every row, even where the same malloc is called in all three: a
 * program has its intent in its code and does not pay for looking it up.
 *
 * Memory is touched as a program would: the first and last byte and one byte
 * per 64. A resized block is touched from its old size on.
 */
#ifndef FRAMEALLOC_TOOLS_REPLAY_LOOP_H
#define FRAMEALLOC_TOOLS_REPLAY_LOOP_H

#include "plan.h"

/* Zeroed, aligned and resized blocks are rare: one step for all of them. */
enum step {
    STEP_ARENA_ALLOC,
    STEP_POOL_ALLOC,
    STEP_HEAP_ALLOC,
    STEP_ARENA_FREE,
    STEP_POOL_FREE,
    STEP_HEAP_FREE,
    STEP_RARE
};

/* Keeps the compiler from merging equal steps, see above. */
#define LOOP_KEEP(step)    __asm__ volatile("" : : "i"(step))
#define LOOP_ALWAYS_INLINE inline __attribute__((always_inline))

struct loop_calls {
    void *(*arena_alloc)(void *state, const struct plan_event *event);
    void *(*pool_alloc)(void *state, const struct plan_event *event);
    void *(*heap_alloc)(void *state, const struct plan_event *event);
    void (*arena_free)(void *state, void *block,
                       const struct plan_event *event);
    void (*pool_free)(void *state, void *block, const struct plan_event *event);
    void (*heap_free)(void *state, void *block, const struct plan_event *event);
    /* block: what is resized; of no meaning when the request is new. */
    void *(*rare)(void *state, void *block, const struct plan_event *event);
    /* Offsets are cut to this before memory is touched. */
    size_t touch_mask;
};

static LOOP_ALWAYS_INLINE void
touch(void *block, size_t from, size_t size, size_t mask)
{
    volatile unsigned char *bytes = block;

    for (size_t i = from; i < size; i += 64)
        bytes[i & mask] = (unsigned char)i;
    if (size != 0)
        bytes[(size - 1) & mask] = 1;
}

static LOOP_ALWAYS_INLINE bool
finish_alloc(void **blocks, const struct plan_event *event, void *block,
             size_t mask)
{
    if (block == NULL)
        return false;
    blocks[event->slot] = block;
    touch(block, 0, event->size, mask);
    return true;
}

static LOOP_ALWAYS_INLINE bool
run_rare(const struct loop_calls *calls, void *state, void **blocks,
         const struct plan_event *event)
{
    bool is_resize = (event->flags & PLAN_OP_MASK) == TRACE_RESIZE;
    void *block = calls->rare(state, blocks[event->slot], event);

    if (block == NULL)
        return false;
    blocks[event->slot] = block;
    touch(block, is_resize ? event->old_size : 0, event->size,
          calls->touch_mask);
    return true;
}

static LOOP_ALWAYS_INLINE bool
run_event(const struct loop_calls *calls, void *state, void **blocks,
          const struct plan_event *event)
{
    void *block = NULL;

    switch (event->step) {
    case STEP_ARENA_ALLOC:
        LOOP_KEEP(STEP_ARENA_ALLOC);
        block = calls->arena_alloc(state, event);
        return finish_alloc(blocks, event, block, calls->touch_mask);
    case STEP_POOL_ALLOC:
        LOOP_KEEP(STEP_POOL_ALLOC);
        block = calls->pool_alloc(state, event);
        return finish_alloc(blocks, event, block, calls->touch_mask);
    case STEP_HEAP_ALLOC:
        LOOP_KEEP(STEP_HEAP_ALLOC);
        block = calls->heap_alloc(state, event);
        return finish_alloc(blocks, event, block, calls->touch_mask);
    case STEP_ARENA_FREE:
        LOOP_KEEP(STEP_ARENA_FREE);
        calls->arena_free(state, blocks[event->slot], event);
        return true;
    case STEP_POOL_FREE:
        LOOP_KEEP(STEP_POOL_FREE);
        calls->pool_free(state, blocks[event->slot], event);
        return true;
    case STEP_HEAP_FREE:
        LOOP_KEEP(STEP_HEAP_FREE);
        calls->heap_free(state, blocks[event->slot], event);
        return true;
    default:
        return run_rare(calls, state, blocks, event);
    }
}

static LOOP_ALWAYS_INLINE const struct plan_event *
run_events(const struct loop_calls *calls, void *state, void **blocks,
           const struct plan_event *event, const struct plan_event *end)
{
    for (; event != end; event++)
        if (!run_event(calls, state, blocks, event))
            return event;
    return NULL;
}

#endif
