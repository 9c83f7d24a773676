/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Hooks: our begin and separate functions in the place of the program's, which
 * they call first.
 *
 * Only these two functions of a handler are taken, so preSolve and postSolve
 * cost what they did. The default handler's are written directly: to add it
 * through Chipmunk would turn wildcards on, which costs every pair two more
 * look-ups per step. Wildcard handlers are not taken, because the default
 * functions call them.
 *
 * The user data of spaces, shapes and handlers is the program's, so nothing in
 * them leads to the world. During a step a thread-local pointer does; a shape
 * that is removed outside of a step looks the space up in the list of worlds.
 */
#include "world.h"

#include <pthread.h>

static _Thread_local fa_physics *current;
static pthread_mutex_t worlds_lock = PTHREAD_MUTEX_INITIALIZER;
static fa_physics *worlds;

fa_physics *
hooks_enter(fa_physics *world)
{
    fa_physics *before = current;
    current = world;
    return before;
}

void
hooks_add_world(fa_physics *world)
{
    pthread_mutex_lock(&worlds_lock);
    world->next = worlds;
    worlds = world;
    pthread_mutex_unlock(&worlds_lock);
}

void
hooks_remove_world(fa_physics *world)
{
    pthread_mutex_lock(&worlds_lock);
    fa_physics **link = &worlds;
    while (*link != world)
        link = &(*link)->next;
    *link = world->next;
    pthread_mutex_unlock(&worlds_lock);
}

fa_physics *
hooks_world_of(const cpSpace *space)
{
    if (current != NULL && current->space == space)
        return current;
    pthread_mutex_lock(&worlds_lock);
    fa_physics *world = worlds;
    while (world != NULL && world->space != space)
        world = world->next;
    pthread_mutex_unlock(&worlds_lock);
    return world;
}

/* Outside of a call of ours, memory comes from the calling thread's context.
 */
static fa_physics *
world_of_callback(const cpSpace *space)
{
    fa_physics *world = hooks_world_of(space);
    if (world != current)
        world->ctx = world_ctx(world);
    return world;
}

static struct chain *
chain_of(const fa_physics *world, const cpCollisionHandler *handler)
{
    uint32_t index = map_find(&world->by_handler, handler);
    return &((struct chain *)world->chains.items)[index];
}

static cpBool
begin(cpArbiter *arb, cpSpace *space, cpDataPointer user)
{
    fa_physics *world = world_of_callback(space);
    cpBool accepted = chain_of(world, arb->handler)->begin(arb, space, user);
    bool is_rejected = !accepted || arb->state == CP_ARBITER_STATE_IGNORE;
    if (!sleep_resume(world, arb))
        pair_begin(world, arb, is_rejected ? FA_PHYSICS_REJECTED : 0);
    return accepted;
}

static void
separate(cpArbiter *arb, cpSpace *space, cpDataPointer user)
{
    fa_physics *world = world_of_callback(space);
    chain_of(world, arb->handler)->separate(arb, space, user);
    if (!sleep_hold(world, arb))
        pair_end(world, arb, 0);
}

static bool
is_wildcard(const cpCollisionHandler *handler)
{
    return handler->typeB == CP_WILDCARD_COLLISION_TYPE;
}

static struct chain *
add_chain(fa_physics *world, cpCollisionHandler *handler)
{
    uint32_t index = (uint32_t)world->chains.count;
    if (!map_set(world, &world->by_handler, handler, index))
        return NULL;
    struct chain *chain = array_push(world, &world->chains, sizeof(*chain));
    if (chain == NULL) {
        map_remove(&world->by_handler, handler);
        return NULL;
    }
    *chain = (struct chain){handler, NULL, NULL};
    return chain;
}

/* True when the handler had to be hooked. */
static bool
hook(fa_physics *world, cpCollisionHandler *handler)
{
    if (handler->beginFunc == begin && handler->separateFunc == separate)
        return false;
    uint32_t index = map_find(&world->by_handler, handler);
    struct chain *chain = index == UINT32_MAX ? add_chain(world, handler)
                                              : chain_of(world, handler);
    if (chain == NULL)
        return false; /* No memory: its pairs are found later, or not. */
    if (handler->beginFunc != begin)
        chain->begin = handler->beginFunc;
    if (handler->separateFunc != separate)
        chain->separate = handler->separateFunc;
    handler->beginFunc = begin;
    handler->separateFunc = separate;
    return true;
}

struct renewal {
    fa_physics *world;
    bool found;
};

static void
hook_each(void *element, void *data)
{
    cpCollisionHandler *handler = element;
    struct renewal *renewal = data;
    if (!is_wildcard(handler) && hook(renewal->world, handler))
        renewal->found = true;
}

bool
hooks_renew(fa_physics *world)
{
    struct renewal renewal = {world,
                              hook(world, &world->space->defaultHandler)};
    cpHashSetEach(world->space->collisionHandlers, hook_each, &renewal);
    world->stats.hooks_renewed += renewal.found;
    return renewal.found;
}

void
hooks_remove(fa_physics *world)
{
    struct chain *chains = world->chains.items;
    for (size_t i = 0; i < world->chains.count; i++) {
        cpCollisionHandler *handler = chains[i].handler;
        if (handler->beginFunc == begin)
            handler->beginFunc = chains[i].begin;
        if (handler->separateFunc == separate)
            handler->separateFunc = chains[i].separate;
    }
}
