/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The work of everything whose objects may be freed by another thread. A
 * template: define
 *
 *     LOOP(name)                  a name for each function made here
 *     LOOP_STATE                  type of the state
 *     LOOP_OWNER, LOOP_OPEN(state)        what the allocating thread holds
 *     LOOP_OTHER, LOOP_OPEN_OTHER(state)  what the freeing thread holds
 *     LOOP_GET(owner)             64 bytes
 *     LOOP_PUT(other, p)
 *
 * The first word of each object is written. It makes
 * LOOP(add_remotes)(set, variant, open, state).
 */
#include "remote.h"

static void
LOOP(take)(void *opaque, void **objects)
{
    LOOP_STATE *state = opaque;
    LOOP_OWNER *owner = LOOP_OPEN(state);

    for (size_t i = 0; i < BENCH_OBJECTS; i++) {
        void *p = LOOP_GET(owner);
        *(volatile uint64_t *)p = i;
        objects[i] = p;
    }
    bench_keep(owner);
}

static void
LOOP(give)(void *opaque, void **objects)
{
    LOOP_STATE *state = opaque;
    LOOP_OTHER *other = LOOP_OPEN_OTHER(state);

    for (size_t i = 0; i < BENCH_OBJECTS; i++)
        LOOP_PUT(other, objects[i]);
    bench_keep(other);
}

static void
LOOP(produce)(void *opaque, struct bench_ring *ring, size_t count)
{
    LOOP_STATE *state = opaque;
    LOOP_OWNER *owner = LOOP_OPEN(state);

    for (size_t i = 0; i < count; i++) {
        void *p = LOOP_GET(owner);
        *(volatile uint64_t *)p = i;
        bench_push(ring, p);
    }
    bench_keep(owner);
}

static void
LOOP(consume)(void *opaque, struct bench_ring *ring, size_t count)
{
    LOOP_STATE *state = opaque;
    LOOP_OTHER *other = LOOP_OPEN_OTHER(state);

    for (size_t i = 0; i < count; i++)
        LOOP_PUT(other, bench_pop(ring));
    bench_keep(other);
}

static const struct bench_remote LOOP(remote) = {
    .take = LOOP(take),
    .give = LOOP(give),
    .produce = LOOP(produce),
    .consume = LOOP(consume),
};

static double BENCH_UNUSED
LOOP(measure_take)(void *state)
{
    return bench_remote_take(&LOOP(remote), state);
}

static double BENCH_UNUSED
LOOP(measure_give)(void *state)
{
    return bench_remote_give(&LOOP(remote), state);
}

static double BENCH_UNUSED
LOOP(measure_stream)(void *state)
{
    return bench_remote_stream(&LOOP(remote), state);
}

static void BENCH_UNUSED
LOOP(add_remotes)(struct bench_set *set, const char *variant,
                  void (*open)(void *), void *state)
{
    bench_add_measured(set, "remote-alloc", variant, open, LOOP(measure_take),
                       state);
    bench_add_measured(set, "remote-free", variant, open, LOOP(measure_give),
                       state);
    bench_add_measured(set, "remote-stream", variant, open,
                       LOOP(measure_stream), state);
}

#undef LOOP
#undef LOOP_STATE
#undef LOOP_OWNER
#undef LOOP_OTHER
#undef LOOP_OPEN
#undef LOOP_OPEN_OTHER
#undef LOOP_GET
#undef LOOP_PUT
