/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Removing many at once.
 *
 * Chipmunk looks at all contacts of the space for each shape that is removed.
 * Here the shapes are marked first, and one pass over the contacts finds those
 * of all of them; the same for the list of bodies. What the program's handlers
 * see, and what the space is afterwards, is the same as one by one.
 */
#include "world.h"

static INLINE bool
is_doomed(const fa_physics *world, const void *object)
{
    return map_find(&world->doomed, object) != UINT32_MAX;
}

static bool
push(fa_physics *world, struct array *array, void *object)
{
    if (is_doomed(world, object))
        return true;
    void **slot = array_push(world, array, sizeof(void *));
    if (slot == NULL)
        return false;
    if (!map_set(world, &world->doomed, object, 0)) {
        array->count--;
        return false;
    }
    *slot = object;
    return true;
}

static void
forget(fa_physics *world)
{
    map_clear(&world->doomed);
    world->doomed_shapes.count = 0;
    world->doomed_bodies.count = 0;
    world->doomed_joints.count = 0;
}

static bool
mark_all(fa_physics *world, cpBody *body)
{
    if (!push(world, &world->doomed_bodies, body))
        return false;
    CP_BODY_FOREACH_SHAPE(body, shape)
    if (shape->space == world->space &&
        !push(world, &world->doomed_shapes, shape))
        return false;
    CP_BODY_FOREACH_CONSTRAINT(body, joint)
    if (joint->space == world->space &&
        !push(world, &world->doomed_joints, joint))
        return false;
    return true;
}

static void
unmark(fa_physics *world, struct array *array, size_t count)
{
    void **objects = array->items;
    while (array->count > count)
        map_remove(&world->doomed, objects[--array->count]);
}

static bool
mark_body(fa_physics *world, cpBody *body)
{
    size_t bodies = world->doomed_bodies.count;
    size_t shapes = world->doomed_shapes.count;
    size_t joints = world->doomed_joints.count;
    if (mark_all(world, body))
        return true;
    unmark(world, &world->doomed_bodies, bodies);
    unmark(world, &world->doomed_shapes, shapes);
    unmark(world, &world->doomed_joints, joints);
    return false;
}

/* --- shapes --- */

static bool
is_static(cpBody *body)
{
    return cpBodyGetType(body) == CP_BODY_TYPE_STATIC;
}

/* What Chipmunk does with each as it meets it. */
static void
drop_arbiter(fa_physics *world, cpArbiter *arb)
{
    if (arb->state != CP_ARBITER_STATE_CACHED) {
        arb->state = CP_ARBITER_STATE_INVALIDATED;
        arb->handler->separateFunc(arb, world->space, arb->handler->userData);
    }
    cpArbiterUnthread(arb);
    cpArrayPush(world->space->pooledArbiters, arb);
}

/* Nearly all stay, and most of those are known by two looks at the map. */
static INLINE bool
is_dropped(const fa_physics *world, const cpArbiter *arb)
{
    const struct map *map = &world->doomed;
    const void *first = map->entries[map_place(map, arb->a)].key;
    const void *second = map->entries[map_place(map, arb->b)].key;
    if (first == NULL && second == NULL)
        return false;
    return is_doomed(world, arb->a) || is_doomed(world, arb->b);
}

/* They are only noted, where there is room; see drop_noted(). */
static cpBool
filter(void *element, void *data)
{
    fa_physics *world = data;
    if (!is_dropped(world, element))
        return cpTrue;
    if (world->order.count < world->order.room)
        ((void **)world->order.items)[world->order.count++] = element;
    else
        drop_arbiter(world, element);
    return cpFalse;
}

/* Their pairs are not in the caches, so memory is fetched for those to come. */
static void
drop_noted(fa_physics *world)
{
    enum { AHEAD = 8 };
    cpArbiter **arbiters = world->order.items;
    size_t count = world->order.count;
    for (size_t i = 0; i < count; i++) {
        if (i + AHEAD < count) {
            const struct pair *pair = pair_find(world, arbiters[i + AHEAD]);
            PREFETCH(pair);
            PREFETCH((const char *)pair + ALIGN);
        }
        drop_arbiter(world, arbiters[i]);
    }
    world->order.count = 0;
}

/* Those that were dropped; the order of the rest is free between steps. */
static void
forget_arbiters(fa_physics *world)
{
    cpArray *arbiters = world->space->arbiters;
    int kept = 0;
    for (int i = 0; i < arbiters->num; i++) {
        const cpArbiter *arb = arbiters->arr[i];
        if (arb->state != CP_ARBITER_STATE_INVALIDATED)
            arbiters->arr[kept++] = arbiters->arr[i];
    }
    arbiters->num = kept;
}

/* The program's functions are called as under Chipmunk: in a locked space. */
static void
drop_arbiters(fa_physics *world)
{
    cpHashSet *cached = world->space->cachedArbiters;
    world->order.count = 0;
    (void)array_reserve(world, &world->order, (size_t)cpHashSetCount(cached),
                        sizeof(cpArbiter *));
    cpSpaceLock(world->space);
    cpHashSetFilter(cached, filter, world);
    drop_noted(world);
    forget_arbiters(world);
    cpSpaceUnlock(world->space, cpFalse);
}

static void
remove_marked_shapes(fa_physics *world)
{
    cpSpace *space = world->space;
    cpShape **shapes = world->doomed_shapes.items;
    size_t count = world->doomed_shapes.count;
    if (count == 0)
        return;
    for (size_t i = 0; i < count; i++) {
        if (is_static(shapes[i]->body))
            cpBodyActivateStatic(shapes[i]->body, shapes[i]);
        else
            cpBodyActivate(shapes[i]->body);
    }
    for (size_t i = 0; i < count; i++)
        cpBodyRemoveShape(shapes[i]->body, shapes[i]);
    drop_arbiters(world);
    for (size_t i = 0; i < count; i++) {
        cpSpatialIndexRemove(is_static(shapes[i]->body) ? space->staticShapes
                                                        : space->dynamicShapes,
                             shapes[i], shapes[i]->hashid);
        shapes[i]->space = NULL;
        shapes[i]->hashid = 0;
    }
}

/* --- bodies --- */

static void
compact(const fa_physics *world, cpArray *bodies)
{
    int kept = 0;
    if (world->doomed_bodies.count == 0)
        return;
    for (int i = 0; i < bodies->num; i++) {
        cpBody *body = bodies->arr[i];
        if (is_doomed(world, body))
            body->space = NULL;
        else
            bodies->arr[kept++] = body;
    }
    bodies->num = kept;
}

static void
remove_marked_bodies(fa_physics *world)
{
    cpBody **bodies = world->doomed_bodies.items;
    cpConstraint **joints = world->doomed_joints.items;
    for (size_t i = 0; i < world->doomed_bodies.count; i++)
        if (!is_static(bodies[i]))
            cpBodyActivate(bodies[i]);
    for (size_t i = 0; i < world->doomed_joints.count; i++)
        cpSpaceRemoveConstraint(world->space, joints[i]);
    compact(world, world->space->dynamicBodies);
    compact(world, world->space->staticBodies);
}

/* --- freeing --- */

static void
free_joint(fa_physics *world, cpConstraint *joint, fa_physics_fate fate)
{
    if (fate == FA_PHYSICS_FREE_POOLED)
        (void)fa_physics_joint_free(world, joint);
    else if (fate == FA_PHYSICS_FREE)
        cpConstraintFree(joint);
}

static void
free_shape(fa_physics *world, cpShape *shape, fa_physics_fate fate)
{
    if (fate == FA_PHYSICS_FREE_POOLED)
        (void)fa_physics_shape_free(world, shape);
    else if (fate == FA_PHYSICS_FREE)
        cpShapeFree(shape);
}

static void
free_body(fa_physics *world, cpBody *body, fa_physics_fate fate)
{
    if (fate == FA_PHYSICS_FREE_POOLED)
        (void)fa_physics_body_free(world, body);
    else if (fate == FA_PHYSICS_FREE)
        cpBodyFree(body);
}

static void
free_marked(fa_physics *world, fa_physics_fate fate)
{
    cpShape **shapes = world->doomed_shapes.items;
    cpBody **bodies = world->doomed_bodies.items;
    cpConstraint **joints = world->doomed_joints.items;
    for (size_t i = 0; i < world->doomed_joints.count; i++)
        free_joint(world, joints[i], fate);
    for (size_t i = 0; i < world->doomed_shapes.count; i++)
        free_shape(world, shapes[i], fate);
    for (size_t i = 0; i < world->doomed_bodies.count; i++)
        free_body(world, bodies[i], fate);
}

bool
remove_mark_body(fa_physics *world, cpBody *body)
{
    return mark_body(world, body);
}

bool
remove_mark_shape(fa_physics *world, cpShape *shape)
{
    return push(world, &world->doomed_shapes, shape);
}

void
remove_marked(fa_physics *world, fa_physics_fate fate)
{
    fa_physics *before = hooks_enter(world);
    remove_marked_shapes(world);
    remove_marked_bodies(world);
    hooks_enter(before);
    free_marked(world, fate);
    forget(world);
}

/* --- alone --- */

void
remove_alone_shape(fa_physics *world, cpShape *shape, fa_physics_fate fate)
{
    /* Its body may have been marked since. */
    if (is_doomed(world, shape))
        return;
    cpSpaceRemoveShape(world->space, shape);
    free_shape(world, shape, fate);
}

void
remove_alone_body(fa_physics *world, cpBody *body, fa_physics_fate fate)
{
    cpShape *next_shape;
    for (cpShape *shape = body->shapeList; shape != NULL; shape = next_shape) {
        next_shape = shape->next;
        if (shape->space == world->space)
            remove_alone_shape(world, shape, fate);
    }
    cpConstraint *next;
    for (cpConstraint *joint = body->constraintList; joint != NULL;
         joint = next) {
        next = cpConstraintNext(joint, body);
        if (joint->space != world->space)
            continue;
        cpSpaceRemoveConstraint(world->space, joint);
        free_joint(world, joint, fate);
    }
    cpSpaceRemoveBody(world->space, body);
    free_body(world, body, fate);
}

/* --- the functions --- */

fa_status
fa_physics_remove_shapes(fa_physics *world, cpShape *const *shapes,
                         size_t count, fa_physics_fate fate)
{
    if (world->space->locked != 0)
        return FA_ERR_STATE;
    for (size_t i = 0; i < count; i++)
        if (shapes[i] == NULL || shapes[i]->space != world->space)
            return FA_ERR_USAGE;
    world->ctx = world_ctx(world);
    for (size_t i = 0; i < count; i++)
        if (!push(world, &world->doomed_shapes, shapes[i])) {
            forget(world);
            return FA_ERR_NOMEM;
        }
    remove_marked(world, fate);
    return FA_OK;
}

fa_status
fa_physics_remove_bodies(fa_physics *world, cpBody *const *bodies, size_t count,
                         fa_physics_fate fate)
{
    if (world->space->locked != 0)
        return FA_ERR_STATE;
    for (size_t i = 0; i < count; i++)
        if (bodies[i] == NULL || bodies[i]->space != world->space ||
            bodies[i] == world->space->staticBody)
            return FA_ERR_USAGE;
    world->ctx = world_ctx(world);
    for (size_t i = 0; i < count; i++)
        if (!mark_body(world, bodies[i])) {
            forget(world);
            return FA_ERR_NOMEM;
        }
    remove_marked(world, fate);
    return FA_OK;
}
