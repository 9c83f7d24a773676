/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Barriers over many generations, without a reset: threads that stay, eight
 * per processor, and threads that leave and join again.
 *
 * usage: stress_barrier [GENERATIONS]
 *
 * A wake-up that is lost hangs, and the child that hangs is killed.
 */
#include "stress.h"

#include <framealloc/framealloc.h>

#include <pthread.h>

#define THREADS_MAX 64

static uint64_t generations;
static fa_allocator *allocator;
static fa_barrier *barrier;
static unsigned threads;
static struct {
    uint64_t passed;
    char gap[56];
} at[THREADS_MAX];

static void
meet(fa_barrier_member *member)
{
    CHECK(fa_barrier_arrive_and_wait(barrier, member, FA_BARRIER_FOREVER) ==
              FA_OK,
          "a meeting succeeds");
}

/* Everyone is in the same generation or on the way out of it. */
static void *
stay(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    fa_barrier_member member = FA_BARRIER_MEMBER_INIT;
    for (uint64_t n = 1; n <= generations; n++) {
        __atomic_store_n(&at[me].passed, n, __ATOMIC_RELAXED);
        meet(&member);
        uint64_t other =
            __atomic_load_n(&at[(me + 1) % threads].passed, __ATOMIC_RELAXED);
        CHECK(other == n || other == n + 1, "nobody passes early");
    }
    return NULL;
}

static unsigned gone;

static unsigned
left(void)
{
    return __atomic_load_n(&gone, __ATOMIC_RELAXED);
}

static void *
come_and_go(void *arg)
{
    uint64_t random = (uintptr_t)arg + 1;
    fa_barrier_member member = FA_BARRIER_MEMBER_INIT;
    /* The first stays until the others have left. */
    while ((uintptr_t)arg == 0 && left() < threads - 1)
        meet(&member);
    for (uint64_t n = 1; (uintptr_t)arg != 0 && n <= generations; n++) {
        meet(&member);
        if (stress_random(&random) % 8 == 0) {
            CHECK(fa_barrier_leave(barrier, &member) == FA_OK, "leave");
            CHECK(fa_barrier_join(barrier, &member) == FA_OK, "join");
        }
    }
    if ((uintptr_t)arg != 0)
        CHECK(fa_barrier_leave(barrier, &member) == FA_OK, "leave");
    __atomic_fetch_add(&gone, (uintptr_t)arg != 0, __ATOMIC_RELAXED);
    return NULL;
}

static void
run(unsigned count, void *(*work)(void *))
{
    pthread_t thread[THREADS_MAX];
    threads = count;
    CHECK(fa_allocator_create(NULL, &allocator) == FA_OK, "create");
    fa_ctx *ctx = fa_ctx_current(allocator);
    CHECK(fa_barrier_create(ctx, count, &barrier) == FA_OK, "create");
    for (uintptr_t i = 0; i < count; i++)
        CHECK(pthread_create(&thread[i], NULL, work, (void *)i) == 0, "thread");
    for (unsigned i = 0; i < count; i++)
        pthread_join(thread[i], NULL);
    fa_barrier_stats stats = FA_BARRIER_STATS_INIT;
    CHECK(fa_barrier_stats_read(barrier, &stats) == FA_OK, "stats");
    CHECK(stats.generations >= generations, "%llu generations",
          (unsigned long long)stats.generations);
    fa_barrier_destroy(ctx, barrier);
    fa_allocator_destroy(allocator);
}

static void
run_two(void)
{
    run(2, stay);
}

/* A twentieth of the generations: each costs many context switches. */
static void
run_oversubscribed(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned count = cpus > 8 ? THREADS_MAX : (unsigned)cpus * 8;
    generations = generations / 20 + 1;
    run(count, stay);
}

static void
run_changing(void)
{
    generations = generations / 20 + 1;
    run(5, come_and_go);
}

int
main(int argc, char **argv)
{
    generations =
        argc > 1 ? strtoull(argv[1], NULL, 10) : stress_size(100000, 500);
    double seconds = 60 + (double)generations / 5000;
    stress_in_child(run_two, "two threads", seconds);
    stress_in_child(run_oversubscribed, "eight per processor", seconds);
    stress_in_child(run_changing, "leaving and joining", seconds);
    return 0;
}
