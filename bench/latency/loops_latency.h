/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * One timed frame. A template: define
 *
 *     LOOP(name)          a name for the function made here
 *     LOOP_ARENA          type of an open frame
 *     LOOP_BEGIN()        gives a LOOP_ARENA *
 *     LOOP_ALLOC(a, i, size)
 *     LOOP_END(a, count)
 */
#include "latency.h"

static void
LOOP(frame)(const uint32_t *sizes, size_t count, struct latency_frame *out,
            struct latency_hist *ops)
{
    *out = (struct latency_frame){0};
    uint64_t start = latency_begin();
    LOOP_ARENA *arena = LOOP_BEGIN();
    out->begin = latency_end() - start;

    for (size_t i = 0; i < count; i++) {
        size_t size = sizes[i];

        start = latency_begin();
        char *p = LOOP_ALLOC(arena, i, size);
        if (p == NULL)
            bench_die("a frame ran out of memory");
        *(volatile char *)p = 1;
        *(volatile char *)(p + size - 1) = 1;
        uint64_t ticks = latency_end() - start;
        out->alloc += ticks;
        if (ticks > out->slowest)
            out->slowest = ticks;
        if (ops != NULL)
            latency_record(ops, ticks);
    }
    start = latency_begin();
    LOOP_END(arena, count);
    out->end = latency_end() - start;
}

#undef LOOP
#undef LOOP_ARENA
#undef LOOP_BEGIN
#undef LOOP_ALLOC
#undef LOOP_END
