/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Latency of framealloc, and of the textbook arena over one large mapping.
 */
#include "../harness/limit.h"
#include "latency.h"

#include <framealloc/framealloc.h>
#include <sys/mman.h>

static fa_allocator *allocator;
static struct bench_bump bump;

static void
open_framealloc(void)
{
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        bench_die("fa_allocator_create failed");
}

static void
trim_framealloc(void)
{
    fa_allocator_trim(allocator);
}

static void
open_bump(void)
{
    bench_bump_open(&bump);
}

static void
trim_bump(void)
{
    madvise(bump.base, BENCH_ARENA, MADV_DONTNEED);
}

#define LOOP(name)             framealloc_##name
#define LOOP_ARENA             fa_frame
#define LOOP_BEGIN()           fa_begin_frame(allocator)
#define LOOP_ALLOC(a, i, size) fa_frame_alloc(a, size, 16)
#define LOOP_END(a, count)     fa_end_frame(allocator)
#include "loops_latency.h"

#define LOOP(name)             bump_##name
#define LOOP_ARENA             struct bench_bump
#define LOOP_BEGIN()           (&bump)
#define LOOP_ALLOC(a, i, size) bench_bump_alloc(a, size, 16)
#define LOOP_END(a, count)     bench_bump_reset(a)
#include "loops_latency.h"

int
main(int argc, char **argv)
{
    const struct latency_subject subjects[] = {
        {"framealloc", open_framealloc, framealloc_frame, trim_framealloc},
        {"bump", open_bump, bump_frame, trim_bump},
    };

    return latency_main("framealloc", subjects, 2, argc, argv);
}
