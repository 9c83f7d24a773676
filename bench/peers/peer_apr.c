/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The peer APR: a pool of the Apache Portable Runtime with an allocator of its
 * own, without a mutex, cleared once per frame. It aligns to 8 bytes.
 */
#include "../harness/limit.h"

#include <apr_allocator.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <stdlib.h>

struct arena {
    apr_pool_t *pool;
};

static struct arena pool_arena;

static void
open_apr(void *state)
{
    struct arena *opened = state;
    apr_allocator_t *allocator;

    if (opened->pool != NULL)
        return;
    if (apr_initialize() != APR_SUCCESS ||
        apr_allocator_create(&allocator) != APR_SUCCESS ||
        apr_pool_create_ex(&opened->pool, NULL, NULL, allocator) != APR_SUCCESS)
        bench_die("apr does not start");
}

#define LOOP(name)                    frame_##name
#define LOOP_STATE                    struct arena
#define LOOP_ARENA                    apr_pool_t
#define LOOP_BEGIN(state)             ((state)->pool)
#define LOOP_ALLOC(a, i, size, align) ((void)(align), apr_palloc(a, size))
#define LOOP_END(state, a, count)     apr_pool_clear(a)
#include "../harness/loops_frame.h"

int
main(int argc, char **argv)
{
    static struct bench_set set = {.process = "apr"};

    bench_add_limits(&set);
    frame_add_frames(&set, "apr", open_apr, &pool_arena);
    bench_add(&set, "frame-empty", "apr", open_apr, frame_empty, &pool_arena,
              1);
    return bench_main(&set, argc, argv);
}
