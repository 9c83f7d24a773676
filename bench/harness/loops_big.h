/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The work of everything that gives out large blocks: allocate, write one word
 * per page or nothing, free. A template: define
 *
 *     LOOP(name)                  a name for each function made here
 *     LOOP_STATE                  type of the state
 *     LOOP_HEAP, LOOP_OPEN(state) type of the heap; gives a LOOP_HEAP *
 *     LOOP_GET(heap, size)
 *     LOOP_PUT(heap, p)
 *
 * It makes LOOP(add_heaps)(set, variant, open, state).
 */
#include "bench.h"

#define BIG_LOOP(name, size, touched)                               \
    static void BENCH_UNUSED LOOP(name)(void *opaque, size_t count) \
    {                                                               \
        LOOP_STATE *state = (LOOP_STATE *)opaque;                   \
        LOOP_HEAP *heap = LOOP_OPEN(state);                         \
                                                                    \
        for (size_t i = 0; i < count; i++) {                        \
            char *p = (char *)LOOP_GET(heap, size);                 \
            bench_keep(p);                                          \
            bench_touch(p, touched, 4096);                          \
            LOOP_PUT(heap, p);                                      \
        }                                                           \
    }

BIG_LOOP(8kib, (size_t)8 << 10, (size_t)0)
BIG_LOOP(1mib, (size_t)1 << 20, (size_t)0)
BIG_LOOP(256kib_touch, (size_t)256 << 10, (size_t)256 << 10)
BIG_LOOP(1mib_touch, (size_t)1 << 20, (size_t)1 << 20)
BIG_LOOP(16mib_touch, (size_t)16 << 20, (size_t)16 << 20)

static void
LOOP(add_heaps)(struct bench_set *set, const char *variant,
                void (*open)(void *), void *state)
{
    bench_add(set, "heap-8kib", variant, open, LOOP(8kib), state, 1);
    bench_add(set, "heap-1mib", variant, open, LOOP(1mib), state, 1);
    bench_add(set, "heap-256kib-touch", variant, open, LOOP(256kib_touch),
              state, 1);
    bench_add(set, "heap-1mib-touch", variant, open, LOOP(1mib_touch), state,
              1);
    bench_add(set, "heap-16mib-touch", variant, open, LOOP(16mib_touch), state,
              1);
}

#undef BIG_LOOP
#undef LOOP
#undef LOOP_STATE
#undef LOOP_HEAP
#undef LOOP_OPEN
#undef LOOP_GET
#undef LOOP_PUT
