/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Work of two threads on two cores.
 *
 * Phased: the measured thread takes 1000 objects and hands them over, the
 * other one gives them back; both halves are timed apart, the other side idle.
 * Stream: one produces into a ring of 1024 while the other consumes.
 */
#ifndef BENCH_HARNESS_REMOTE_H
#define BENCH_HARNESS_REMOTE_H

#include "bench.h"

#include <stdatomic.h>

#define BENCH_RING 1024

struct bench_ring {
    _Alignas(64) atomic_size_t head; /* written by the producer */
    size_t tail_seen;
    _Alignas(64) atomic_size_t tail; /* written by the consumer */
    size_t head_seen;
    _Alignas(64) void *slots[BENCH_RING];
};

struct bench_remote {
    void (*take)(void *state, void **objects);
    void (*give)(void *state, void **objects);
    void (*produce)(void *state, struct bench_ring *ring, size_t count);
    void (*consume)(void *state, struct bench_ring *ring, size_t count);
};

static inline void
bench_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static inline void
bench_push(struct bench_ring *ring, void *object)
{
    size_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

    while (head - ring->tail_seen == BENCH_RING)
        ring->tail_seen =
            atomic_load_explicit(&ring->tail, memory_order_acquire);
    ring->slots[head % BENCH_RING] = object;
    atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

static inline void *
bench_pop(struct bench_ring *ring)
{
    size_t tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);

    while (tail == ring->head_seen)
        ring->head_seen =
            atomic_load_explicit(&ring->head, memory_order_acquire);
    void *object = ring->slots[tail % BENCH_RING];
    atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
    return object;
}

/** One sample each, in ns per object. */
double bench_remote_take(const struct bench_remote *work, void *state);
double bench_remote_give(const struct bench_remote *work, void *state);
double bench_remote_stream(const struct bench_remote *work, void *state);

/** The same work on both cores at once, each on a state of its own. */
struct bench_pair {
    void (*run)(void *state, size_t count); /* 1000 operations per count */
    void *mine;
    void *other;
};

/** One sample of a bench_pair: ns per operation on the measured core. */
double bench_pair_measure(void *pair);

/** Runs fn(arg) on the other core; returns at once. */
void bench_helper_start(void (*fn)(void *), void *arg);
void bench_helper_wait(void);

#endif
