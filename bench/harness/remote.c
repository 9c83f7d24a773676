/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Two threads: the helper on the other core and the two ways to time it.
 *
 * There is one helper per process. It sleeps between samples, so that rows of
 * one thread run undisturbed, and spins only inside a sample.
 */
#include "remote.h"

#include <pthread.h>

#define PHASES      9
#define PHASES_WARM 2
#define SLICE       5000
#define SLICES      9
#define SLICES_WARM 2
#define PAIR_UNITS  20
#define TURN_OWNER  0u
#define TURN_OTHER  1u

static pthread_mutex_t helper_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t helper_wake = PTHREAD_COND_INITIALIZER;
static void (*helper_fn)(void *);
static void *helper_arg;
static bool helper_is_started;

struct phased {
    const struct bench_remote *work;
    void *state;
    _Alignas(64) atomic_uint turn;
    _Alignas(64) void *objects[BENCH_OBJECTS];
    double take_ns[PHASES];
    double give_ns[PHASES];
};

struct both {
    const struct bench_pair *pair;
    atomic_bool is_running;
    atomic_bool is_over;
};

struct stream {
    const struct bench_remote *work;
    void *state;
    struct bench_ring ring;
};

static void *
helper_main(void *unused BENCH_UNUSED)
{
    bench_pin(bench_other_core());
    pthread_mutex_lock(&helper_lock);
    for (;;) {
        while (helper_fn == NULL)
            pthread_cond_wait(&helper_wake, &helper_lock);
        pthread_mutex_unlock(&helper_lock);
        helper_fn(helper_arg);
        pthread_mutex_lock(&helper_lock);
        helper_fn = NULL;
        pthread_cond_broadcast(&helper_wake);
    }
    return NULL;
}

void
bench_helper_start(void (*fn)(void *), void *arg)
{
    pthread_t thread;

    if (!helper_is_started) {
        if (pthread_create(&thread, NULL, helper_main, NULL) != 0)
            bench_die("cannot start a thread");
        helper_is_started = true;
    }
    pthread_mutex_lock(&helper_lock);
    helper_arg = arg;
    helper_fn = fn;
    pthread_cond_broadcast(&helper_wake);
    pthread_mutex_unlock(&helper_lock);
}

void
bench_helper_wait(void)
{
    pthread_mutex_lock(&helper_lock);
    while (helper_fn != NULL)
        pthread_cond_wait(&helper_wake, &helper_lock);
    pthread_mutex_unlock(&helper_lock);
}

static void
await_turn(struct phased *phased, unsigned turn)
{
    /* Pairs with the release of the other side: we see its objects. */
    while (atomic_load_explicit(&phased->turn, memory_order_acquire) != turn)
        bench_pause();
}

static void
pass_turn(struct phased *phased, unsigned turn)
{
    atomic_store_explicit(&phased->turn, turn, memory_order_release);
}

static void
give_phases(void *opaque)
{
    struct phased *phased = opaque;

    for (int i = 0; i < PHASES; i++) {
        await_turn(phased, TURN_OTHER);
        uint64_t start = bench_now_ns();
        phased->work->give(phased->state, phased->objects);
        phased->give_ns[i] = (double)(bench_now_ns() - start);
        pass_turn(phased, TURN_OWNER);
    }
}

static void
take_phases(struct phased *phased)
{
    bench_helper_start(give_phases, phased);
    for (int i = 0; i < PHASES; i++) {
        await_turn(phased, TURN_OWNER);
        uint64_t start = bench_now_ns();
        phased->work->take(phased->state, phased->objects);
        phased->take_ns[i] = (double)(bench_now_ns() - start);
        pass_turn(phased, TURN_OTHER);
    }
    bench_helper_wait();
}

double
bench_remote_take(const struct bench_remote *work, void *state)
{
    struct phased phased = {.work = work, .state = state};

    take_phases(&phased);
    return bench_median(phased.take_ns + PHASES_WARM, PHASES - PHASES_WARM) /
           BENCH_OBJECTS;
}

double
bench_remote_give(const struct bench_remote *work, void *state)
{
    struct phased phased = {.work = work, .state = state};

    take_phases(&phased);
    return bench_median(phased.give_ns + PHASES_WARM, PHASES - PHASES_WARM) /
           BENCH_OBJECTS;
}

static void
consume_all(void *opaque)
{
    struct stream *stream = opaque;

    stream->work->consume(stream->state, &stream->ring, (size_t)SLICE * SLICES);
}

double
bench_remote_stream(const struct bench_remote *work, void *state)
{
    struct stream stream = {.work = work, .state = state};
    double slices[SLICES];

    bench_helper_start(consume_all, &stream);
    for (int i = 0; i < SLICES; i++) {
        uint64_t start = bench_now_ns();
        work->produce(state, &stream.ring, SLICE);
        slices[i] = (double)(bench_now_ns() - start) / SLICE;
    }
    bench_helper_wait();
    return bench_median(slices + SLICES_WARM, SLICES - SLICES_WARM);
}

static void
run_other(void *opaque)
{
    struct both *both = opaque;

    both->pair->run(both->pair->other, 1);
    atomic_store(&both->is_running, true);
    while (!atomic_load(&both->is_over))
        both->pair->run(both->pair->other, 1);
}

double
bench_pair_measure(void *pair)
{
    struct both both = {.pair = pair};

    bench_helper_start(run_other, &both);
    while (!atomic_load(&both.is_running))
        bench_pause();
    uint64_t start = bench_now_ns();
    both.pair->run(both.pair->mine, PAIR_UNITS);
    double ns = (double)(bench_now_ns() - start);
    atomic_store(&both.is_over, true);
    bench_helper_wait();
    return ns / PAIR_UNITS / BENCH_OBJECTS;
}
