/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The rows of framealloc as bindings use it: every function called through the
 * shared library, the out-of-line twins among them.
 */
#define FA_NO_INLINE

#include "../harness/remote.h"
#include "world.h"

static struct world frame_world;
static struct world pool_worlds[3];

#define LOOP(name)                    call_##name
#define LOOP_STATE                    struct world
#define LOOP_ARENA                    fa_frame
#define LOOP_BEGIN(state)             fa_begin_frame((state)->allocator)
#define LOOP_ALLOC(a, i, size, align) fa_frame_alloc(a, size, align)
#define LOOP_END(state, a, count)     fa_end_frame((state)->allocator)
#include "../harness/loops_frame.h"

#define LOOP(name)        call_pool_##name
#define LOOP_STATE        struct world
#define LOOP_POOL         fa_pool
#define LOOP_OPEN(state)  ((state)->pool)
#define LOOP_GET(pool)    fa_pool_alloc(pool)
#define LOOP_PUT(pool, p) fa_pool_free(pool, p)
#include "../harness/loops_pool.h"

void
add_framealloc_calls(struct bench_set *set)
{
    call_add_frames(set, "framealloc, call", world_open, &frame_world);
    call_pool_add_pools(set, "framealloc, call", world_open, pool_worlds);
}
