/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The rows that run on the process's malloc, whichever it is, and the row
 * that runs on nothing.
 *
 * `none` answers every request with the same small buffer, which stays in the
 * first-level cache, and folds all touching into it.
 */
#include "replay.h"
#include "replay_loop.h"

#include <stdlib.h>
#include <string.h>

#define HOT_SIZE ((size_t)16 << 10)

static _Alignas(4096) unsigned char hot_buffer[HOT_SIZE];

static LOOP_ALWAYS_INLINE void *
none_alloc(void *state, const struct plan_event *event)
{
    (void)event;
    return state;
}

static LOOP_ALWAYS_INLINE void
none_free(void *state, void *block, const struct plan_event *event)
{
    (void)state;
    (void)block;
    (void)event;
}

static LOOP_ALWAYS_INLINE void *
none_rare(void *state, void *block, const struct plan_event *event)
{
    (void)block;
    (void)event;
    return state;
}

static const struct plan_event *
none_run(void *state, void **blocks, const struct plan_event *event,
         const struct plan_event *end)
{
    static const struct loop_calls calls = {none_alloc, none_alloc,  none_alloc,
                                            none_free,  none_free,   none_free,
                                            none_rare,  HOT_SIZE - 1};

    return run_events(&calls, state, blocks, event, end);
}

static void *
none_create(void)
{
    memset(hot_buffer, 0, sizeof hot_buffer);
    return hot_buffer;
}

static LOOP_ALWAYS_INLINE void *
malloc_alloc(void *state, const struct plan_event *event)
{
    (void)state;
    return malloc(event->size);
}

static LOOP_ALWAYS_INLINE void
malloc_free(void *state, void *block, const struct plan_event *event)
{
    (void)state;
    (void)event;
    free(block);
}

static void *
malloc_aligned(const struct plan_event *event)
{
    void *block;

    if (posix_memalign(&block, (size_t)1 << event->align_log2, event->size))
        return NULL;
    if ((event->flags & TRACE_ZEROED) != 0)
        memset(block, 0, event->size);
    return block;
}

static void *
malloc_rare(void *state, void *block, const struct plan_event *event)
{
    (void)state;
    /* realloc() of size 0 may free and return NULL; one byte never does. */
    if ((event->flags & PLAN_OP_MASK) == TRACE_RESIZE)
        return realloc(block, event->size != 0 ? event->size : 1);
    if (event->align_log2 != 0)
        return malloc_aligned(event);
    return calloc(1, event->size);
}

static const struct plan_event *
malloc_run(void *state, void **blocks, const struct plan_event *event,
           const struct plan_event *end)
{
    static const struct loop_calls calls = {
        malloc_alloc, malloc_alloc, malloc_alloc, malloc_free,
        malloc_free,  malloc_free,  malloc_rare,  SIZE_MAX};

    return run_events(&calls, state, blocks, event, end);
}

static void *
malloc_create(void)
{
    return hot_buffer;
}

static void
do_nothing(void *state)
{
    (void)state;
}

static void
read_no_shares(void *state, const struct plan *plan, struct byte_shares *shares)
{
    (void)state;
    (void)plan;
    *shares = (struct byte_shares){0, 0, 0, 0};
}

const struct driver none_driver = {.create = none_create,
                                   .begin = do_nothing,
                                   .run = none_run,
                                   .end = do_nothing,
                                   .read_shares = read_no_shares,
                                   .destroy = do_nothing};

const struct driver malloc_driver = {.create = malloc_create,
                                     .begin = do_nothing,
                                     .run = malloc_run,
                                     .end = do_nothing,
                                     .read_shares = read_no_shares,
                                     .destroy = do_nothing};
