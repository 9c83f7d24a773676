/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Worlds: allocators for the rows. Tags and statistics are always on; a tag is
 * pushed, so that the rows pay for what a program pays for.
 */
#include "world.h"

static void
open_with(struct world *world, const fa_allocator_config *config)
{
    fa_stats stats = FA_STATS_INIT;

    if (world->allocator != NULL)
        return;
    if (fa_allocator_create(config, &world->allocator) != FA_OK)
        bench_die("fa_allocator_create failed");
    world->ctx = fa_ctx_current(world->allocator);
    world->tag = fa_tag_register(world->allocator, "bench");
    fa_tag_push(world->ctx, world->tag);
    world->pool = fa_ctx_pool(world->ctx, BENCH_OBJECT_SIZE, 16);
    if (fa_stats_read(world->allocator, &stats) != FA_OK)
        bench_die("fa_stats_read failed");
    if (stats.guard != 0)
        bench_die("a guard mode is on; unset FRAMEALLOC_OPTIONS");
}

void
world_open(void *world)
{
    open_with(world, NULL);
}

void
world_open_counting(void *world)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;

    config.counts = true;
    open_with(world, &config);
}
