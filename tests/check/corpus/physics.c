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
bool
physics_step_unread(struct level *level, cpFloat dt)
{
    const fa_physics_events *events;
    level->hits++;
    return fa_physics_step(level->world, dt, &events) == FA_OK; /* here */
}

/* good */
bool
physics_step_read(struct level *level, cpFloat dt)
{
    const fa_physics_events *events;
    if (fa_physics_step(level->world, dt, &events) != FA_OK)
        return false;
    level->hits += events->hit_count;
    return true;
}

/* bad: FA904 */
bool
physics_asked_before_a_step(struct level *level, const fa_physics_ray *ray)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    fa_physics_ray_hit hit;
    if (fa_physics_create(level->allocator, &config, &level->world) != FA_OK)
        return false;
    return fa_physics_ray_first(level->world, ray, 0, &hit); /* here */
}

/* good */
bool
physics_asked_behind_a_step(struct level *level, const fa_physics_ray *ray)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    fa_physics_ray_hit hit;
    if (fa_physics_create(level->allocator, &config, &level->world) != FA_OK)
        return false;
    if (fa_physics_step(level->world, 1 / 60.0, NULL) != FA_OK)
        return false;
    return fa_physics_ray_first(level->world, ray, 0, &hit);
}

/* bad: FA912 */
void
physics_space_stepped_past_its_world(struct level *level, cpFloat dt)
{
    cpSpace *space = fa_physics_space(level->world);
    cpSpaceSetIterations(space, 4);
    cpSpaceStep(space, dt); /* here */
}

/* good */
void
physics_space_of_its_own(struct level *level, cpFloat dt)
{
    cpSpace *space = cpSpaceNew();
    cpSpaceSetIterations(space, 4);
    cpSpaceStep(space, dt);
    cpSpaceFree(space);
    level->hits = 0;
}

static cpBool
remove_on_touch(cpArbiter *arbiter, cpSpace *space, cpDataPointer user)
{
    cpShape *a, *b;
    (void)user;
    cpArbiterGetShapes(arbiter, &a, &b);
    cpSpaceRemoveShape(space, b); /* here */
    return cpTrue;
}

/* bad: FA915 */
void
physics_shape_removed_in_a_step(struct level *level)
{
    cpCollisionHandler *handler =
        cpSpaceAddCollisionHandler(fa_physics_space(level->world), 1, 2);
    handler->userData = level;
    handler->beginFunc = remove_on_touch;
}

static cpBool
defer_on_touch(cpArbiter *arbiter, cpSpace *space, cpDataPointer user)
{
    struct level *level = user;
    cpShape *a, *b;
    (void)space;
    cpArbiterGetShapes(arbiter, &a, &b);
    if (fa_physics_defer_remove_shape(level->world, b, FA_PHYSICS_KEEP) !=
        FA_OK)
        level->hits++;
    return cpTrue;
}

/* good */
void
physics_shape_removed_behind_a_step(struct level *level)
{
    cpCollisionHandler *handler =
        cpSpaceAddCollisionHandler(fa_physics_space(level->world), 1, 2);
    handler->userData = level;
    handler->beginFunc = defer_on_touch;
}

/* bad: FA601 FA613 */
void
physics_user_data_of_the_frame(struct level *level, cpBody *body)
{
    fa_frame *frame = fa_begin_frame(level->allocator);
    int *id = fa_frame_new(frame, int);
    if (id != NULL)
        cpBodySetUserData(body, id); /* here */
    fa_end_frame(level->allocator);
}

/* good */
void
physics_user_data_of_a_pool(struct level *level, cpBody *body)
{
    fa_frame *frame = fa_begin_frame(level->allocator);
    int *shown = fa_frame_new(frame, int);
    int *id = fa_pool_new(level->ctx, int);
    if (id != NULL) {
        *id = shown != NULL ? *shown : 4;
        cpBodySetUserData(body, id);
    }
    fa_end_frame(level->allocator);
}

/* bad: FA606 */
cpFloat
physics_events_behind_the_frame(struct level *level)
{
    const fa_physics_events *events = NULL;
    fa_begin_frame(level->allocator);
    fa_status status = fa_physics_step(level->world, 1 / 60.0, &events);
    fa_end_frame(level->allocator);
    return status == FA_OK ? events->dt : 0; /* here */
}
