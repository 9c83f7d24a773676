/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The rows of framealloc as programs use it: inline paths from the headers,
 * frames opened and ended inside the measured time.
 */
#include "../harness/limit.h"
#include "../harness/remote.h"
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define PREFETCH_AHEAD 512

/* One thread's part of work on both cores. */
struct lane {
    fa_ctx *ctx;
};

static struct lane lane;
static struct lane other_lane;
static struct world frame_world;
static struct world counted_world;
static struct world profile_world;
static struct world single_world;
static struct world heap_world;
static struct world remote_world;
static struct world pair_world;
static struct world pool_worlds[3];
static struct world unsized_worlds[3];

static inline fa_frame *
begin(const struct world *world)
{
    return fa_begin_frame(world->allocator);
}

static inline void
end(const struct world *world)
{
    fa_end_frame(world->allocator);
}

/* The original's feature "prefetch", as a caller would write it. */
static inline void *
alloc_and_prefetch(fa_frame *frame, size_t size, size_t align)
{
    char *block = fa_frame_alloc(frame, size, align);

    __builtin_prefetch(block + PREFETCH_AHEAD, 1, 3);
    return block;
}

#define LOOP(name)                    frame_##name
#define LOOP_STATE                    struct world
#define LOOP_ARENA                    fa_frame
#define LOOP_BEGIN(state)             begin(state)
#define LOOP_ALLOC(a, i, size, align) fa_frame_alloc(a, size, align)
#define LOOP_END(state, a, count)     end(state)
#include "../harness/loops_frame.h"

#define LOOP(name)                    profile_##name
#define LOOP_STATE                    struct world
#define LOOP_ARENA                    fa_frame
#define LOOP_BEGIN(state)             begin(state)
#define LOOP_ALLOC(a, i, size, align) fa_frame_alloc(a, size, align)
#define LOOP_END(state, a, count)     end(state)
#include "../harness/loops_profile.h"

#define LOOP(name)                    prefetch_##name
#define LOOP_STATE                    struct world
#define LOOP_ARENA                    fa_frame
#define LOOP_BEGIN(state)             begin(state)
#define LOOP_ALLOC(a, i, size, align) alloc_and_prefetch(a, size, align)
#define LOOP_END(state, a, count)     end(state)
#include "../harness/loops_profile.h"

#define LOOP(name)        pool_##name
#define LOOP_STATE        struct world
#define LOOP_POOL         fa_pool
#define LOOP_OPEN(state)  ((state)->pool)
#define LOOP_GET(pool)    fa_pool_alloc(pool)
#define LOOP_PUT(pool, p) fa_pool_free(pool, p)
#include "../harness/loops_pool.h"

/* Freed by address alone. */
#define LOOP(name)         unsized_##name
#define LOOP_STATE         struct world
#define LOOP_POOL          struct world
#define LOOP_OPEN(state)   (state)
#define LOOP_GET(world)    fa_pool_alloc((world)->pool)
#define LOOP_PUT(world, p) fa_free((world)->ctx, p)
#include "../harness/loops_pool.h"

#define LOOP(name)          heap_##name
#define LOOP_STATE          struct world
#define LOOP_HEAP           fa_ctx
#define LOOP_OPEN(state)    ((state)->ctx)
#define LOOP_GET(ctx, size) fa_heap_alloc(ctx, size, 16)
#define LOOP_PUT(ctx, p)    fa_heap_free(ctx, p)
#include "../harness/loops_big.h"

#define LOOP(name)             remote_##name
#define LOOP_STATE             struct world
#define LOOP_OWNER             fa_pool
#define LOOP_OTHER             fa_ctx
#define LOOP_OPEN(state)       ((state)->pool)
#define LOOP_OPEN_OTHER(state) fa_ctx_current((state)->allocator)
#define LOOP_GET(owner)        fa_pool_alloc(owner)
#define LOOP_PUT(other, p)     fa_free(other, p)
#include "../harness/loops_remote.h"

/* Contexts with a cadence of their own, for work on both cores. */
#define LOOP(name)                    lane_##name
#define LOOP_STATE                    struct lane
#define LOOP_ARENA                    fa_frame
#define LOOP_BEGIN(state)             fa_ctx_begin_frame((state)->ctx)
#define LOOP_ALLOC(a, i, size, align) fa_frame_alloc(a, size, align)
#define LOOP_END(state, a, count)     fa_ctx_end_frame((state)->ctx)
#include "../harness/loops_frame.h"

static struct bench_pair pair = {lane_64_touch, &lane, &other_lane};

static void
open_pair(void *state BENCH_UNUSED)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;

    config.own_frames = true;
    world_open(&pair_world);
    if (fa_ctx_create(pair_world.allocator, &config, &lane.ctx) != FA_OK ||
        fa_ctx_create(pair_world.allocator, &config, &other_lane.ctx) != FA_OK)
        bench_die("fa_ctx_create failed");
}

/* What a job does at its start. */
static void
find_context(void *state, size_t count)
{
    const struct world *world = state;

    fa_begin_frame(world->allocator);
    for (size_t i = 0; i < count; i++) {
        fa_frame *frame = fa_ctx_frame(fa_ctx_current(world->allocator));
        bench_keep(frame);
    }
    fa_end_frame(world->allocator);
}

static void
switch_tag(void *state, size_t count)
{
    const struct world *world = state;

    fa_begin_frame(world->allocator);
    for (size_t i = 0; i < count; i++) {
        fa_tag_push(world->ctx, world->tag);
        fa_tag_pop(world->ctx);
    }
    fa_end_frame(world->allocator);
}

static void
roll_back(void *state, size_t count)
{
    const struct world *world = state;
    fa_frame *frame = fa_begin_frame(world->allocator);

    for (size_t i = 0; i < count; i++) {
        fa_mark mark = fa_frame_checkpoint(frame);
        void *p = fa_frame_alloc(frame, BENCH_OBJECT_SIZE, 16);
        bench_keep(p);
        fa_frame_rollback(frame, mark);
    }
    fa_end_frame(world->allocator);
}

static void
release_last(void *state, size_t count)
{
    const struct world *world = state;
    fa_frame *frame = fa_begin_frame(world->allocator);

    for (size_t i = 0; i < count; i++) {
        void *p = fa_frame_alloc(frame, BENCH_OBJECT_SIZE, 16);
        bench_keep(p);
        fa_frame_release(frame, p, BENCH_OBJECT_SIZE);
    }
    fa_end_frame(world->allocator);
}

/* The original's frame_alloc_8, 125 times. */
static void
batches_of_8(void *state, size_t count)
{
    typedef struct {
        char bytes[BENCH_OBJECT_SIZE];
    } object;
    const struct world *world = state;

    for (size_t n = 0; n < count; n++) {
        fa_frame *frame = fa_begin_frame(world->allocator);
        for (size_t i = 0; i < 125; i++) {
            object *eight = fa_frame_array_raw(frame, object, 8);
            bench_keep(eight);
        }
        fa_end_frame(world->allocator);
    }
}

static void
add_single(struct bench_set *set, const char *workload,
           void (*run)(void *, size_t))
{
    bench_add(set, workload, "framealloc", world_open, run, &single_world, 1);
}

static void
add_variants(struct bench_set *set)
{
    bench_add(set, "frame-64", "framealloc, counts", world_open_counting,
              frame_64, &counted_world, BENCH_OBJECTS);
    bench_add(set, "frame-empty", "framealloc, counts", world_open_counting,
              frame_empty, &counted_world, 1);
    bench_add(set, "profile-physics", "framealloc, counts", world_open_counting,
              profile_physics, &counted_world, 1);
    bench_add(set, "profile-write_256", "framealloc, prefetch", world_open,
              prefetch_write_256, &profile_world, 1);
    bench_add(set, "profile-size_256", "framealloc, prefetch", world_open,
              prefetch_size_256, &profile_world, 1);
    bench_add(set, "profile-physics", "framealloc, prefetch", world_open,
              prefetch_physics, &profile_world, 1);
}

void
add_framealloc(struct bench_set *set)
{
    frame_add_frames(set, "framealloc", world_open, &frame_world);
    bench_add(set, "frame-empty", "framealloc", world_open, frame_empty,
              &frame_world, 1);
    pool_add_pools(set, "framealloc", world_open, pool_worlds);
    unsized_add_pools(set, "framealloc, fa_free", world_open, unsized_worlds);
    heap_add_heaps(set, "framealloc", world_open, &heap_world);
    remote_add_remotes(set, "framealloc", world_open, &remote_world);
    profile_add_profiles(set, "framealloc", world_open, &profile_world);
    bench_add_measured(set, "threads-2", "framealloc", open_pair,
                       bench_pair_measure, &pair);
    add_single(set, "ctx-current", find_context);
    add_single(set, "tag-push-pop", switch_tag);
    add_single(set, "checkpoint-rollback", roll_back);
    add_single(set, "alloc-release", release_last);
    add_single(set, "batch-8x125", batches_of_8);
    add_variants(set);
}

int
main(int argc, char **argv)
{
    static struct bench_set set = {.process = "framealloc"};

    bench_add_limits(&set);
    bench_add_remote_limits(&set);
    add_framealloc(&set);
    add_framealloc_calls(&set);
    return bench_main(&set, argc, argv);
}
