/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Latency: every single operation is timed and counted in a histogram.
 *
 * A frame is 1000 objects of 16 B to 64 KiB; an operation is one allocation
 * with the first and the last byte written, so that page faults count. Between
 * the frames the control loop takes as many timestamps with nothing between
 * them: what it sees is the machine, not the allocator, and its percentiles
 * stand beside those of the operations.
 */
#ifndef BENCH_LATENCY_LATENCY_H
#define BENCH_LATENCY_LATENCY_H

#include "../harness/bench.h"

#define LATENCY_OBJECTS 1000
#define LATENCY_SPIKE   4 /* times the objects of a normal frame */
#define LATENCY_MAX     (LATENCY_OBJECTS * LATENCY_SPIKE)
#define LATENCY_SIZES   65536
#define HIST_SUB_BITS   6 /* buckets of 1/64: 1.6 % */
#define HIST_BUCKETS    ((64 - HIST_SUB_BITS) << HIST_SUB_BITS)

struct latency_hist {
    uint64_t total;
    uint64_t max;
    uint64_t buckets[HIST_BUCKETS];
};

/** Ticks of one frame, and of the slowest operation in it. */
struct latency_frame {
    uint64_t begin;
    uint64_t alloc;
    uint64_t end;
    uint64_t slowest;
};

struct latency_subject {
    const char *name;
    void (*open)(void);
    /** Runs one frame of so many objects; ops is NULL when not recorded. */
    void (*frame)(const uint32_t *sizes, size_t count,
                  struct latency_frame *out, struct latency_hist *ops);
    void (*trim)(void); /* gives idle memory back; or NULL */
};

static inline uint64_t
latency_begin(void)
{
#if defined(__x86_64__)
    uint32_t low, high;

    /* Earlier work is over before, later work starts after. */
    __asm__ volatile("lfence\n\trdtsc\n\tlfence"
                     : "=a"(low), "=d"(high)
                     :
                     : "memory");
    return (uint64_t)high << 32 | low;
#else
    return bench_now_ns();
#endif
}

static inline uint64_t
latency_end(void)
{
#if defined(__x86_64__)
    uint32_t low, high, core;

    __asm__ volatile("rdtscp\n\tlfence"
                     : "=a"(low), "=d"(high), "=c"(core)
                     :
                     : "memory");
    return (uint64_t)high << 32 | low;
#else
    return bench_now_ns();
#endif
}

static inline size_t
latency_bucket(uint64_t ticks)
{
    if (ticks < (1u << HIST_SUB_BITS))
        return (size_t)ticks;
    unsigned shift = 63u - (unsigned)__builtin_clzll(ticks) - HIST_SUB_BITS;
    return ((size_t)shift << HIST_SUB_BITS) + (size_t)(ticks >> shift);
}

static inline void
latency_record(struct latency_hist *hist, uint64_t ticks)
{
    hist->buckets[latency_bucket(ticks)]++;
    hist->total++;
    if (ticks > hist->max)
        hist->max = ticks;
}

int latency_main(const char *process, const struct latency_subject *subjects,
                 size_t count, int argc, char **argv);

#endif
