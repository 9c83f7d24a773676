/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What tests of the GPU module share: memory on the null backend, whose blocks
 * are counted.
 */
#ifndef FA_TESTS_GPU_WORLD_H
#define FA_TESTS_GPU_WORLD_H

#include "support.h"

#include <framealloc/gpu-backend.h>

struct gpu_world {
    struct test_world core;
    fa_gpu_null_config null_config;
    fa_gpu_config config;
    fa_gpu_null *null;
    fa_gpu *gpu;
    uint64_t serial; /* Of the newest frame that was ended. */
};

/* Calls of the driver, and what it has given. */
struct gpu_driver {
    fa_gpu_backend inner;
    unsigned creates;
    unsigned destroys;
    uint64_t held_bytes;
};

static struct gpu_driver gpu_driver;

static fa_status
gpu_count_create(void *user, const fa_gpu_block_request *request,
                 fa_gpu_block *out)
{
    fa_status status = gpu_driver.inner.block_create(user, request, out);
    gpu_driver.creates++;
    gpu_driver.held_bytes += status == FA_OK ? request->size : 0;
    return status;
}

static void
gpu_count_destroy(void *user, const fa_gpu_block *block)
{
    gpu_driver.destroys++;
    gpu_driver.held_bytes -= block->size;
    gpu_driver.inner.block_destroy(user, block);
}

static inline void
gpu_prepare(struct gpu_world *world)
{
    *world = (struct gpu_world){0};
    test_prepare(&world->core);
    world->null_config = (fa_gpu_null_config)FA_GPU_NULL_CONFIG_INIT;
    world->config = (fa_gpu_config)FA_GPU_CONFIG_INIT;
    world->config.chunk_size = 64 * KIB;
}

static inline void
gpu_open(struct gpu_world *world)
{
    fa_gpu_backend backend;
    test_open(&world->core);
    ck_assert_int_eq(fa_gpu_null_create(world->core.allocator,
                                        &world->null_config, &backend,
                                        &world->null),
                     FA_OK);
    gpu_driver = (struct gpu_driver){.inner = backend};
    backend.block_create = gpu_count_create;
    backend.block_destroy = gpu_count_destroy;
    ck_assert_int_eq(fa_gpu_create(world->core.allocator, &world->config,
                                   &backend, &world->gpu),
                     FA_OK);
}

static inline void
gpu_close(struct gpu_world *world)
{
    fa_gpu_destroy(world->gpu);
    ck_assert_uint_eq(gpu_driver.held_bytes, 0);
    test_close(&world->core);
}

static inline void
gpu_begin(struct gpu_world *world)
{
    ck_assert_int_eq(fa_gpu_begin_frame(world->gpu, 0), FA_OK);
}

/* Ends the frame as if it had been submitted. */
static inline void
gpu_end(struct gpu_world *world)
{
    ck_assert_int_eq(fa_gpu_frame_commit(world->gpu), FA_OK);
    ck_assert_int_eq(fa_gpu_end_frame(world->gpu, ++world->serial), FA_OK);
}

/* The device reaches the frame with this serial. */
static inline void
gpu_reach(struct gpu_world *world, uint64_t serial)
{
    fa_gpu_null_complete(world->null, FA_GPU_LANE_FRAME, serial);
}

static inline fa_gpu_slice
gpu_take(struct gpu_world *world, fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_slice slice;
    ck_assert_int_eq(fa_gpu_frame_alloc(world->gpu, intent, size, 0, &slice),
                     FA_OK);
    return slice;
}

/* Memory that persists, or lives for some frames. */
static inline fa_gpu_slice
gpu_keep(struct gpu_world *world, fa_gpu_intent intent, uint64_t size,
         unsigned frames)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = size;
    request.intent = intent;
    request.frames = frames;
    request.name = "from a test";
    ck_assert_int_eq(fa_gpu_alloc(world->gpu, &request, &slice), FA_OK);
    return slice;
}

#endif
