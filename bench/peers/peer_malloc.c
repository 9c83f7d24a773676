/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Peers that are malloc: glibc as it is; jemalloc, mimalloc and tcmalloc when
 * bench/run preloads them. The process says whose malloc it really has.
 *
 * A frame is so many malloc() and then so many free() in the same order; both
 * together count as one operation per object.
 */
#include "../harness/limit.h"
#include "../harness/malloc_name.h"
#include "../harness/profile.h"
#include "../harness/remote.h"

#include <stdlib.h>

/* The blocks of one thread's frame. */
struct lane {
    void *blocks[BENCH_PROFILE_MAX];
};

static struct lane lane;
static struct lane other_lane;
static const char *process;
static int nothing;
static int pools[3];

static inline void
free_all(void **freed, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(freed[i]);
}

#define LOOP(name)                    frame_##name
#define LOOP_STATE                    struct lane
#define LOOP_ARENA                    void *
#define LOOP_BEGIN(state)             ((state)->blocks)
#define LOOP_ALLOC(a, i, size, align) ((void)(align), (a)[i] = malloc(size))
#define LOOP_END(state, a, count)     free_all(a, count)
#include "../harness/loops_frame.h"

#define LOOP(name)                    profile_##name
#define LOOP_STATE                    struct lane
#define LOOP_ARENA                    void *
#define LOOP_BEGIN(state)             ((state)->blocks)
#define LOOP_ALLOC(a, i, size, align) ((void)(align), (a)[i] = malloc(size))
#define LOOP_END(state, a, count)     free_all(a, count)
#include "../harness/loops_profile.h"

#define LOOP(name)        pool_##name
#define LOOP_STATE        int
#define LOOP_POOL         int
#define LOOP_OPEN(state)  (state)
#define LOOP_GET(pool)    malloc(BENCH_OBJECT_SIZE)
#define LOOP_PUT(pool, p) free(p)
#include "../harness/loops_pool.h"

#define LOOP(name)           big_##name
#define LOOP_STATE           int
#define LOOP_HEAP            int
#define LOOP_OPEN(state)     (state)
#define LOOP_GET(heap, size) ((void)(heap), malloc(size))
#define LOOP_PUT(heap, p)    free(p)
#include "../harness/loops_big.h"

#define LOOP(name)             remote_##name
#define LOOP_STATE             int
#define LOOP_OWNER             int
#define LOOP_OTHER             int
#define LOOP_OPEN(state)       (state)
#define LOOP_OPEN_OTHER(state) (state)
#define LOOP_GET(owner)        malloc(BENCH_OBJECT_SIZE)
#define LOOP_PUT(other, p)     free(p)
#include "../harness/loops_remote.h"

static struct bench_pair pair = {frame_64_touch, &lane, &other_lane};

static void
add_rows(struct bench_set *set)
{
    frame_add_frames(set, process, NULL, &lane);
    pool_add_pools(set, process, NULL, pools);
    big_add_heaps(set, process, NULL, &nothing);
    remote_add_remotes(set, process, NULL, &nothing);
    profile_add_profiles(set, process, NULL, &lane);
    bench_add_measured(set, "threads-2", process, NULL, bench_pair_measure,
                       &pair);
}

int
main(int argc, char **argv)
{
    static struct bench_set set;

    process = bench_malloc_name();
    set.process = process;
    bench_add_limits(&set);
    bench_add_remote_limits(&set);
    add_rows(&set);
    return bench_main(&set, argc, argv);
}
