/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The limit rows of one thread: R, P, and a block that is simply used again.
 *
 * The 8 MiB rows of R are what "keep" costs: the same resident pages, touched
 * every frame.
 */
#include "limit.h"
#include "remote.h"

#include <stdlib.h>
#include <sys/mman.h>

#define POOL_BLOCKS 2048

static struct bench_bump bump;
static struct bench_bump other_bump;
static struct bench_list lists[3];
static char *recycled;

static void *
map_pages(size_t size)
{
    void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (pages == MAP_FAILED)
        bench_die("cannot map memory for a limit row");
    return pages;
}

void
bench_bump_open(struct bench_bump *opened)
{
    if (opened->base != NULL)
        return; /* the rows of R share one arena */
    opened->base = map_pages(BENCH_ARENA);
    opened->cursor = opened->base;
    opened->end = opened->base + BENCH_ARENA;
}

static void
open_bump(void *state)
{
    bench_bump_open(state);
}

static void
open_list(void *state)
{
    struct bench_list *list = state;
    char *blocks = map_pages((size_t)POOL_BLOCKS * BENCH_OBJECT_SIZE);

    for (size_t i = POOL_BLOCKS; i-- > 0;)
        bench_list_put(list, blocks + i * BENCH_OBJECT_SIZE);
}

static void
open_recycled(void *state BENCH_UNUSED)
{
    if (recycled == NULL)
        recycled = map_pages((size_t)16 << 20);
}

static void *
take_recycled(char **place, size_t size BENCH_UNUSED)
{
    return *place;
}

#define LOOP(name)                    frame_##name
#define LOOP_STATE                    struct bench_bump
#define LOOP_ARENA                    struct bench_bump
#define LOOP_BEGIN(state)             (state)
#define LOOP_ALLOC(a, i, size, align) bench_bump_alloc(a, size, align)
#define LOOP_END(state, a, count)     bench_bump_reset(a)
#include "loops_frame.h"

#define LOOP(name)                    profile_##name
#define LOOP_STATE                    struct bench_bump
#define LOOP_ARENA                    struct bench_bump
#define LOOP_BEGIN(state)             (state)
#define LOOP_ALLOC(a, i, size, align) bench_bump_alloc(a, size, align)
#define LOOP_END(state, a, count)     bench_bump_reset(a)
#include "loops_profile.h"

#define LOOP(name)        pool_##name
#define LOOP_STATE        struct bench_list
#define LOOP_POOL         struct bench_list
#define LOOP_OPEN(state)  (state)
#define LOOP_GET(pool)    bench_list_get(pool)
#define LOOP_PUT(pool, p) bench_list_put(pool, p)
#include "loops_pool.h"

#define LOOP(name)           big_##name
#define LOOP_STATE           char *
#define LOOP_HEAP            char *
#define LOOP_OPEN(state)     (state)
#define LOOP_GET(heap, size) take_recycled(heap, size)
#define LOOP_PUT(heap, p)    bench_keep(p)
#include "loops_big.h"

static struct bench_pair pair = {frame_64_touch, &bump, &other_bump};

static void
open_pair(void *state BENCH_UNUSED)
{
    bench_bump_open(&bump);
    bench_bump_open(&other_bump);
}

void
bench_add_limits(struct bench_set *set)
{
    frame_add_frames(set, "limit", open_bump, &bump);
    bench_add(set, "frame-empty", "limit", open_bump, frame_empty, &bump, 1);
    pool_add_pools(set, "limit", open_list, lists);
    big_add_heaps(set, "limit", open_recycled, &recycled);
    profile_add_profiles(set, "limit", open_bump, &bump);
    bench_add_measured(set, "threads-2", "limit", open_pair, bench_pair_measure,
                       &pair);
}
