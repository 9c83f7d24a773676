/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Figures of doc/parity.md that are amounts, not times: memory per allocator
 * and per thread, and what rounding to 16 bytes wastes. Memory is what the
 * process's resident set grew by.
 */
#include "../harness/bench.h"

#include <framealloc/framealloc.h>
#include <pthread.h>
#include <stdlib.h>

#define THREADS 8

static fa_allocator *allocator;
static pthread_barrier_t all_ready;
static pthread_barrier_t all_done;

static void
print(const char *fact, double value, const char *unit)
{
    printf("%s\t%.1f\t%s\n", fact, value, unit);
}

static void
use_frame(void)
{
    fa_frame *frame = fa_ctx_frame(fa_ctx_current(allocator));
    void *p = fa_frame_alloc(frame, 64, 16);

    if (p == NULL)
        bench_die("no frame memory");
    bench_touch(p, 64, 64);
}

static void *
work(void *uses_framealloc)
{
    if (uses_framealloc != NULL)
        use_frame();
    pthread_barrier_wait(&all_ready);
    pthread_barrier_wait(&all_done);
    return NULL;
}

/* Resident bytes that each of THREADS threads adds. */
static double
bytes_per_thread(void *uses_framealloc)
{
    pthread_t threads[THREADS];

    pthread_barrier_init(&all_ready, NULL, THREADS + 1);
    pthread_barrier_init(&all_done, NULL, THREADS + 1);
    uint64_t before = bench_memory("Rss");
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, work, uses_framealloc) != 0)
            bench_die("cannot start a thread");
    pthread_barrier_wait(&all_ready);
    uint64_t after = bench_memory("Rss");
    pthread_barrier_wait(&all_done);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return ((double)after - (double)before) / THREADS;
}

/* Percent of the bytes handed out that nobody asked for. */
static double
waste(const size_t *sizes, size_t count)
{
    fa_frame *frame = fa_begin_frame(allocator);
    size_t asked = 0;

    for (size_t i = 0; i < 999; i++) {
        if (fa_frame_alloc(frame, sizes[i % count], 1) == NULL)
            bench_die("no frame memory");
        asked += sizes[i % count];
    }
    size_t used = fa_frame_used(frame);
    fa_end_frame(allocator);
    return 100 * (1 - (double)asked / (double)used);
}

int
main(void)
{
    const size_t stress[] = {7, 31, 63};
    const size_t tiny[] = {7, 16, 3, 64};

    bench_print_machine(stdout, "facts");
    puts("fact\tvalue\tunit");
    double plain = bytes_per_thread(NULL);
    uint64_t before = bench_memory("Rss");
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        bench_die("fa_allocator_create failed");
    print("allocator", (double)(bench_memory("Rss") - before) / 1024, "KiB");
    before = bench_memory("Rss");
    fa_begin_frame(allocator);
    use_frame();
    print("first thread", (double)(bench_memory("Rss") - before) / 1024, "KiB");
    print("each further thread", (bytes_per_thread(&plain) - plain) / 1024,
          "KiB");
    fa_end_frame(allocator);
    print("waste of 7, 31, 63 bytes", waste(stress, 3), "%");
    print("waste of 7, 16, 3, 64 bytes", waste(tiny, 4), "%");
    fa_allocator_destroy(allocator);
    return EXIT_SUCCESS;
}
