/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * While a space is stepped it is locked, and Chipmunk aborts the program when a
 * body, a shape or a joint is added or removed. The deferred commands do so when
 * the step is over.
 */
#include <framealloc/physics-change.h>

/* bad */

static cpBool
remove_at_once(cpArbiter *arbiter, cpSpace *space, cpDataPointer user)
{
    cpShape *a, *b;
    cpArbiterGetShapes(arbiter, &a, &b);
    cpSpaceRemoveShape(space, b);
    return user != NULL;
}

void
world_listen(fa_physics *world)
{
    cpCollisionHandler *handler =
        cpSpaceAddCollisionHandler(fa_physics_space(world), 1, 2);
    handler->userData = world;
    handler->beginFunc = remove_at_once;
}

/* good */

static cpBool
remove_later(cpArbiter *arbiter, cpSpace *space, cpDataPointer user)
{
    cpShape *a, *b;
    (void)space;
    cpArbiterGetShapes(arbiter, &a, &b);
    return fa_physics_defer_remove_shape(user, b, FA_PHYSICS_KEEP) == FA_OK;
}

void
world_hear(fa_physics *world)
{
    cpCollisionHandler *handler =
        cpSpaceAddCollisionHandler(fa_physics_space(world), 1, 2);
    handler->userData = world;
    handler->beginFunc = remove_later;
}
