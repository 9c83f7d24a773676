/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The work of everything that gives single objects back: a pair, and 1000
 * objects freed in order or in random order. An operation is one allocation
 * with its first word written, and one free. A template: define
 *
 *     LOOP(name)                  a name for each function made here
 *     LOOP_STATE, LOOP_POOL       types of the state and of the pool
 *     LOOP_OPEN(state)            gives a LOOP_POOL *
 *     LOOP_GET(pool)              64 bytes
 *     LOOP_PUT(pool, p)
 *
 * Nothing stays in a register from one operation to the next, as in a program
 * that does something in between. Each row has a state of its own: the order
 * in which another row freed would decide its speed. It makes
 * LOOP(add_pools)(set, variant, open, states).
 */
#include "bench.h"

static void BENCH_UNUSED
LOOP(pair)(void *opaque, size_t count)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    LOOP_POOL *pool = LOOP_OPEN(state);

    for (size_t i = 0; i < count; i++) {
        void *p = LOOP_GET(pool);
        *(volatile uint64_t *)p = i;
        bench_keep(p);
        LOOP_PUT(pool, p);
        bench_keep(pool);
    }
}

static void BENCH_UNUSED
LOOP(fifo)(void *opaque, size_t count)
{
    static void *objects[BENCH_OBJECTS];
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    LOOP_POOL *pool = LOOP_OPEN(state);

    for (size_t n = 0; n < count; n++) {
        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            void *p = LOOP_GET(pool);
            *(volatile uint64_t *)p = i;
            objects[i] = p;
            bench_keep(p);
        }
        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            LOOP_PUT(pool, objects[i]);
            bench_keep(pool);
        }
    }
}

static void BENCH_UNUSED
LOOP(random)(void *opaque, size_t count)
{
    static void *objects[BENCH_OBJECTS];
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    LOOP_POOL *pool = LOOP_OPEN(state);
    const unsigned *order = bench_shuffled;

    for (size_t n = 0; n < count; n++) {
        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            void *p = LOOP_GET(pool);
            *(volatile uint64_t *)p = i;
            objects[i] = p;
            bench_keep(p);
        }
        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            LOOP_PUT(pool, objects[order[i]]);
            bench_keep(pool);
        }
    }
}

static void
LOOP(add_pools)(struct bench_set *set, const char *variant,
                void (*open)(void *), LOOP_STATE states[3])
{
    bench_add(set, "pool-pair", variant, open, LOOP(pair), &states[0], 1);
    bench_add(set, "pool-fifo", variant, open, LOOP(fifo), &states[1],
              BENCH_OBJECTS);
    bench_add(set, "pool-random", variant, open, LOOP(random), &states[2],
              BENCH_OBJECTS);
}

#undef LOOP
#undef LOOP_STATE
#undef LOOP_POOL
#undef LOOP_OPEN
#undef LOOP_GET
#undef LOOP_PUT
