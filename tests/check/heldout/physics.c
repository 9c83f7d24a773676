/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: physics.
 */
#include <framealloc/physics-change.h>
#include <framealloc/physics-query.h>
#include <framealloc/physics.h>

#include <stdio.h>

struct level {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_physics *world;
    cpShape *floor;
    unsigned hits;
};

/* The cases. */

/* bad: FA903 */
unsigned
physics_steps_unread(struct level *level, unsigned count)
{
    const fa_physics_events *events = NULL;
    for (unsigned i = 0; i < count; i++)
        if (fa_physics_step(level->world, 1 / 60.0, &events) != /* here */
            FA_OK)
            return i;
    return count;
}

/* good */
unsigned
physics_steps_without_events(struct level *level, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (fa_physics_step(level->world, 1 / 60.0, NULL) != FA_OK)
            return i;
    return count;
}

/* bad: FA904 */
uint32_t
physics_touching_before_a_step(fa_allocator *allocator)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    fa_physics *world;
    config.iterations = 8;
    if (fa_physics_create(allocator, &config, &world) != FA_OK)
        return 0;
    uint32_t count = fa_physics_touching_count(world); /* here */
    fa_physics_destroy(world);
    return count;
}

/* good */
uint32_t
physics_touching_of_a_running_world(struct level *level)
{
    return fa_physics_touching_count(level->world);
}

/* bad: FA912 */
bool
physics_space_attached_and_stepped(struct level *level, cpSpace *space)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.space = space;
    if (fa_physics_create(level->allocator, &config, &level->world) != FA_OK)
        return false;
    cpSpaceStep(space, 1 / 60.0); /* here */
    return true;
}

/* good */
bool
physics_space_attached_and_read(struct level *level, cpSpace *space)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    cpSpaceStep(space, 1 / 60.0);
    config.space = space;
    if (fa_physics_create(level->allocator, &config, &level->world) != FA_OK)
        return false;
    return cpSpaceGetIterations(space) > 0;
}

static unsigned
filter_and_add(const cpShape *a, const cpShape *b, void *user)
{
    struct level *level = user;
    (void)b;
    cpSpaceAddBody(fa_physics_space(level->world), /* here */
                   cpShapeGetBody(a));
    return 1;
}

/* bad: FA915 */
bool
physics_body_added_in_a_filter(struct level *level)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.pair_filter = filter_and_add;
    config.user = level;
    return fa_physics_create(level->allocator, &config, &level->world) == FA_OK;
}

static unsigned
filter_only(const cpShape *a, const cpShape *b, void *user)
{
    struct level *level = user;
    level->hits++;
    return cpShapeGetBody(a) != cpShapeGetBody(b);
}

/* good */
bool
physics_body_seen_in_a_filter(struct level *level)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.pair_filter = filter_only;
    config.user = level;
    return fa_physics_create(level->allocator, &config, &level->world) == FA_OK;
}

/* good */
cpFloat
physics_events_in_the_frame(struct level *level)
{
    const fa_physics_events *events = NULL;
    fa_begin_frame(level->allocator);
    fa_status status = fa_physics_step(level->world, 1 / 60.0, &events);
    cpFloat dt = status == FA_OK ? events->dt : 0;
    fa_end_frame(level->allocator);
    return dt;
}
