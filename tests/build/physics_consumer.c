/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A program of the physics module: a ball falls on a floor; see cmake.sh. */
#include <framealloc/physics.h>
#include <stdio.h>

/* The begin of the contact is in the first step. */
static int
step(fa_allocator *allocator, fa_physics *world)
{
    const fa_physics_events *events;
    fa_physics_stats stats = FA_PHYSICS_STATS_INIT;

    fa_begin_frame(allocator);
    if (fa_physics_step(world, 1 / 60.0, &events) != FA_OK ||
        events->begin_count != 1 || events->begin[0].point_count != 1)
        return 1;
    fa_end_frame(allocator);
    return fa_physics_stats_read(world, &stats) != FA_OK || stats.steps != 1;
}

int
main(void)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    fa_physics *world;
    fa_allocator *allocator;
    cpSpace *space = cpSpaceNew();
    cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 1));
    cpShape *ball = cpSpaceAddShape(space, cpCircleShapeNew(body, 1, cpvzero));
    cpShape *floor = cpSpaceAddShape(
        space, cpSegmentShapeNew(cpSpaceGetStaticBody(space), cpv(-9, -0.5),
                                 cpv(9, -0.5), 0));

    config.space = space;
    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_physics_create(allocator, &config, &world) != FA_OK ||
        step(allocator, world) != 0)
        return 1;
    fa_physics_destroy(world);
    cpSpaceFree(space);
    cpShapeFree(floor);
    cpShapeFree(ball);
    cpBodyFree(body);
    puts(fa_allocator_heap_name(allocator));
    fa_allocator_destroy(allocator);
    return 0;
}
