/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The steady state: a million frames that neither grow nor fault nor call the
 * system; and what a spike leaves behind.
 *
 * Each case runs in a child, so that its resident pages are its own.
 */
#include "stress.h"

#include <framealloc/framealloc.h>

#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#define KEPT 64

static fa_allocator *shared;

static fa_allocator *
make_allocator(uint32_t trim_frames)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    config.trim_frames = trim_frames;
    config.guard = FA_GUARD_OFF;
    CHECK(fa_allocator_create(&config, &allocator) == FA_OK, "create");
    return allocator;
}

static void
touch(void *block, size_t size)
{
    CHECK(block != NULL, "a block of %zu bytes", size);
    for (size_t i = 0; i < size; i += 4096)
        ((char *)block)[i] = 1;
}

static long
faults(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

/* --- small frames of all kinds of memory --- */

static void *kept[KEPT];

/* The same sizes come again every 128 frames. */
static void
run_small_frame(uint64_t number)
{
    uint64_t random = number % 128 + 1;
    fa_frame *frame = fa_begin_frame(shared);
    fa_ctx *ctx = fa_ctx_current(shared);
    for (unsigned i = 0; i < 10; i++) {
        size_t size = 1 + stress_random(&random) % 600;
        touch(fa_frame_alloc(frame, size, 16), size);
    }
    if (number % 16 == 0)
        touch(fa_frame_alloc(frame, 100000, 16), 100000);
    void **slot = &kept[stress_random(&random) % KEPT];
    fa_free(ctx, *slot);
    *slot = fa_heap_alloc(ctx, 16 + stress_random(&random) % 20000, 16);
    CHECK(*slot != NULL, "a heap block");
    fa_end_frame(shared);
}

static void
run_small_frames(uint64_t from, uint64_t count)
{
    for (uint64_t i = from; i < from + count; i++)
        run_small_frame(i);
}

static void
resident_pages_stay(void)
{
    uint64_t frames = stress_size(1000000, 5000);
    shared = make_allocator(0);
    run_small_frames(0, 4096);
    /* The figures themselves need memory the first time. */
    stress_mappings(NULL);
    stress_rss_pages();
    uint64_t rss = stress_rss_pages();
    unsigned mappings = stress_mappings(NULL);
    long before = faults();
    run_small_frames(4096, frames);
    long after = faults();
    uint64_t end = stress_rss_pages();
    printf("  %llu frames: %lld pages more, %ld faults\n",
           (unsigned long long)frames, (long long)(end - rss), after - before);
    if (!stress_is_checked()) {
        CHECK(end <= rss + 1, "at most one page more");
        CHECK(stress_mappings(NULL) == mappings, "as many mappings");
        CHECK(after - before <= 1, "no faults, but %ld", after - before);
    }
    for (unsigned i = 0; i < KEPT; i++)
        fa_free(fa_ctx_current(shared), kept[i]);
    fa_allocator_destroy(shared);
}

/* In strict mode, every call but read, write and exit kills. */
static void
no_system_calls(void)
{
    shared = make_allocator(UINT32_MAX);
    run_small_frames(0, 4096);
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
        printf("  seccomp is not available\n");
        return;
    }
    run_small_frames(4096, 20000);
    syscall(SYS_exit, EXIT_SUCCESS);
}

/* --- spikes --- */

#define UNIT    ((size_t)256 << 10)
#define WORKING 64   /* Units of a usual frame: 16 MiB. */
#define SPIKE   1024 /* 256 MiB. */

/* Half in the arena, in blocks of the window's size, half above it. */
static void
run_large_frame(unsigned units)
{
    fa_frame *frame = fa_begin_frame(shared);
    for (unsigned i = 0; i < units; i++) {
        if (i % 2 == 0)
            touch(fa_frame_alloc(frame, UNIT, 16), UNIT);
        else
            for (size_t j = 0; j < UNIT; j += 4096)
                touch(fa_frame_alloc(frame, 4096, 16), 4096);
    }
    fa_end_frame(shared);
}

static void
spikes_are_given_back(void)
{
    enum { TRIM_FRAMES = 60 };
    shared = make_allocator(TRIM_FRAMES);
    for (unsigned i = 0; i < 2 * TRIM_FRAMES; i++)
        run_large_frame(WORKING);
    uint64_t usual = stress_rss_pages();
    run_large_frame(SPIKE);
    uint64_t spike = stress_rss_pages();
    CHECK(spike > 4 * usual || stress_is_checked(), "there is a spike");
    /* What was used since the last look is not idle, so the second look
     * counts; then 512 KiB go per frame, of the arena and of the blocks. */
    unsigned frames = 2 * TRIM_FRAMES + SPIKE / 2 + 8;
    unsigned needed = 0;
    for (unsigned i = 1; i <= frames; i++) {
        run_large_frame(WORKING);
        if (needed == 0 && stress_rss_pages() * 4 <= usual * 5)
            needed = i;
    }
    uint64_t end = stress_rss_pages();
    printf("  pages: %llu usual, %llu in the spike, %llu %u frames later, "
           "1.25 x after %u\n",
           (unsigned long long)usual, (unsigned long long)spike,
           (unsigned long long)end, frames, needed);
    CHECK(end * 4 <= usual * 5 || stress_is_checked(),
          "at most 1.25 times what is usual");
    fa_allocator_destroy(shared);
}

/* One frame in a thousand has 64 times the median. */
static void
spiky_sizes_do_not_grow(void)
{
    uint64_t frames = stress_size(100000, 2000), peak = 0;
    shared = make_allocator(0);
    stress_rss_pages(); /* What it needs itself is there from now on. */
    for (uint64_t i = 0; i < frames; i++) {
        size_t bytes = i % 1000 == 999 ? 64 * 8192 : 8192;
        fa_frame *frame = fa_begin_frame(shared);
        for (size_t j = 0; j < bytes; j += 128)
            touch(fa_frame_alloc(frame, 128, 16), 128);
        fa_end_frame(shared);
        if (i == 1999)
            peak = stress_rss_pages();
    }
    uint64_t end = stress_rss_pages();
    printf("  %llu frames: %lld pages more than after 2000\n",
           (unsigned long long)frames, (long long)(end - peak));
    CHECK(end <= peak + 1 || stress_is_checked(), "no growth");
    fa_allocator_destroy(shared);
}

int
main(void)
{
    stress_in_child(resident_pages_stay, "small frames", 900);
    if (!stress_is_checked())
        stress_in_child(no_system_calls, "no system calls", 60);
    stress_in_child(spiky_sizes_do_not_grow, "spiky sizes", 900);
    stress_in_child(spikes_are_given_back, "a spike", 900);
    return EXIT_SUCCESS;
}
