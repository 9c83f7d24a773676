/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The hand-over limit of two threads: 1000 objects go to the other core and
 * come back through recycled slots, without any allocator.
 */
#include "limit.h"

#include <stdlib.h>

#define STREAM_OBJECTS 2048

/* The cursors of the two sides must not share a cache line. */
struct hand_over {
    _Alignas(64) size_t next;
    _Alignas(64) size_t back;
    _Alignas(64) void *slots[STREAM_OBJECTS];
};

static struct hand_over phased;
static struct hand_over streamed;

static void
open_hand_over(void *state)
{
    struct hand_over *slots = state;

    if (slots->slots[0] != NULL)
        return;
    char *objects = aligned_alloc(64, (size_t)STREAM_OBJECTS * 64);

    if (objects == NULL)
        bench_die("out of memory");
    for (size_t i = 0; i < STREAM_OBJECTS; i++)
        slots->slots[i] = objects + i * 64;
}

static struct hand_over *
rewind_next(struct hand_over *slots)
{
    slots->next = 0;
    return slots;
}

static struct hand_over *
rewind_back(struct hand_over *slots)
{
    slots->back = 0;
    return slots;
}

#define LOOP(name)             phased_##name
#define LOOP_STATE             struct hand_over
#define LOOP_OWNER             struct hand_over
#define LOOP_OTHER             struct hand_over
#define LOOP_OPEN(state)       rewind_next(state)
#define LOOP_OPEN_OTHER(state) rewind_back(state)
#define LOOP_GET(owner)        ((owner)->slots[(owner)->next++])
#define LOOP_PUT(other, p)     ((void)((other)->slots[(other)->back++] = (p)))
#include "loops_remote.h"

#define LOOP(name)             stream_##name
#define LOOP_STATE             struct hand_over
#define LOOP_OWNER             struct hand_over
#define LOOP_OTHER             struct hand_over
#define LOOP_OPEN(state)       (state)
#define LOOP_OPEN_OTHER(state) (state)
#define LOOP_GET(owner)        ((owner)->slots[(owner)->next++ % STREAM_OBJECTS])
#define LOOP_PUT(other, p)     bench_keep(p)
#include "loops_remote.h"

void
bench_add_remote_limits(struct bench_set *set)
{
    bench_add_measured(set, "remote-alloc", "limit", open_hand_over,
                       phased_measure_take, &phased);
    bench_add_measured(set, "remote-free", "limit", open_hand_over,
                       phased_measure_give, &phased);
    bench_add_measured(set, "remote-stream", "limit", open_hand_over,
                       stream_measure_stream, &streamed);
}
