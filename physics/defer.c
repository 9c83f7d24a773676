/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Commands that callbacks give and that run after the step.
 *
 * They are a list in frame memory, because none outlives its step. Outside of
 * a step they run at once. Removals run last, all in one pass per fate, so that
 * no other command meets a body that is gone.
 */
#include "world.h"

enum kind { REMOVE_BODY, REMOVE_SHAPE, ADD, IMPULSE, WAKE, CALL };

struct command {
    struct command *next;
    enum kind kind;
    fa_physics_fate fate;
    bool is_unmarked; /* A removal for which there is no memory. */
    cpBody *body;
    cpShape *shape;
    cpConstraint *joint;
    cpVect impulse;
    cpVect point;
    void (*fn)(fa_physics *world, void *user);
    void *user;
};

static void
add_all(cpSpace *space, const struct command *command)
{
    if (command->body != NULL && command->body->space == NULL)
        cpSpaceAddBody(space, command->body);
    if (command->shape != NULL && command->shape->space == NULL)
        cpSpaceAddShape(space, command->shape);
    if (command->joint != NULL && command->joint->space == NULL)
        cpSpaceAddConstraint(space, command->joint);
}

static void
run(fa_physics *world, const struct command *command)
{
    switch (command->kind) {
    case ADD:
        add_all(world->space, command);
        break;
    case IMPULSE:
        cpBodyActivate(command->body);
        cpBodyApplyImpulseAtWorldPoint(command->body, command->impulse,
                                       command->point);
        break;
    case WAKE:
        cpBodyActivate(command->body);
        break;
    case CALL:
        command->fn(world, command->user);
        break;
    case REMOVE_BODY:
    case REMOVE_SHAPE:
        break;
    }
}

static bool
is_removal(const fa_physics *world, const struct command *c,
           fa_physics_fate fate)
{
    return c->fate == fate &&
           ((c->kind == REMOVE_BODY && c->body->space == world->space) ||
            (c->kind == REMOVE_SHAPE && c->shape->space == world->space));
}

/* Only the first of equal commands is to be carried out alone. */
static void
forget_equals(struct command *first)
{
    for (struct command *c = first->next; c != NULL; c = c->next)
        if (c->kind == first->kind && c->body == first->body &&
            c->shape == first->shape)
            c->is_unmarked = false;
}

/* Without memory for marks, Chipmunk removes one by one. */
static void
remove_alone(fa_physics *world, struct command *first, enum kind kind,
             fa_physics_fate fate)
{
    for (struct command *c = first; c != NULL; c = c->next) {
        if (!c->is_unmarked || c->kind != kind || c->fate != fate)
            continue;
        forget_equals(c);
        c->is_unmarked = false;
        if (kind == REMOVE_SHAPE)
            remove_alone_shape(world, c->shape, fate);
        else
            remove_alone_body(world, c->body, fate);
    }
}

/* All removals of one fate. What is named twice is marked once. */
static void
remove_by_fate(fa_physics *world, struct command *first, fa_physics_fate fate)
{
    bool is_found = false;
    for (struct command *c = first; c != NULL; c = c->next) {
        if (!is_removal(world, c, fate))
            continue;
        is_found = true;
        c->is_unmarked = c->kind == REMOVE_BODY
                             ? !remove_mark_body(world, c->body)
                             : !remove_mark_shape(world, c->shape);
    }
    if (!is_found)
        return;
    remove_alone(world, first, REMOVE_SHAPE, fate);
    remove_marked(world, fate);
    remove_alone(world, first, REMOVE_BODY, fate);
}

void
defer_run(fa_physics *world)
{
    struct command *first = world->commands;
    if (first == NULL)
        return;
    world->runs_commands = true;
    /* A call may add more to the end of the list. */
    for (struct command *c = first; c != NULL; c = c->next)
        run(world, c);
    world->runs_commands = false;
    world->commands = world->last_command = NULL;
    remove_by_fate(world, first, FA_PHYSICS_KEEP);
    remove_by_fate(world, first, FA_PHYSICS_FREE);
    remove_by_fate(world, first, FA_PHYSICS_FREE_POOLED);
}

static fa_status
run_now(fa_physics *world, const struct command *command)
{
    if (command->kind == REMOVE_BODY)
        return fa_physics_remove_bodies(world, &command->body, 1,
                                        command->fate);
    if (command->kind == REMOVE_SHAPE)
        return fa_physics_remove_shapes(world, &command->shape, 1,
                                        command->fate);
    run(world, command);
    return FA_OK;
}

static fa_status
give(fa_physics *world, const struct command *command)
{
    if (world->space->locked == 0 && !world->runs_commands)
        return run_now(world, command);
    /* Nothing would run it before its frame is gone. */
    if (!world->is_stepping)
        return FA_ERR_STATE;
    fa_ctx *ctx = world_ctx(world);
    struct command *copy = fa_frame_new_raw(fa_ctx_frame(ctx), struct command);
    if (copy == NULL)
        return fa_ctx_status(ctx);
    *copy = *command;
    copy->next = NULL;
    if (world->last_command != NULL)
        world->last_command->next = copy;
    else
        world->commands = copy;
    world->last_command = copy;
    return FA_OK;
}

fa_status
fa_physics_defer_remove_body(fa_physics *world, cpBody *body,
                             fa_physics_fate fate)
{
    return give(world, &(struct command){
                           .kind = REMOVE_BODY, .body = body, .fate = fate});
}

fa_status
fa_physics_defer_remove_shape(fa_physics *world, cpShape *shape,
                              fa_physics_fate fate)
{
    return give(world, &(struct command){
                           .kind = REMOVE_SHAPE, .shape = shape, .fate = fate});
}

fa_status
fa_physics_defer_add(fa_physics *world, cpBody *body, cpShape *shape,
                     cpConstraint *joint)
{
    return give(world,
                &(struct command){
                    .kind = ADD, .body = body, .shape = shape, .joint = joint});
}

fa_status
fa_physics_defer_impulse(fa_physics *world, cpBody *body, cpVect impulse,
                         cpVect point)
{
    return give(world, &(struct command){.kind = IMPULSE,
                                         .body = body,
                                         .impulse = impulse,
                                         .point = point});
}

fa_status
fa_physics_defer_wake(fa_physics *world, cpBody *body)
{
    return give(world, &(struct command){.kind = WAKE, .body = body});
}

fa_status
fa_physics_defer_call(fa_physics *world,
                      void (*fn)(fa_physics *world, void *user), void *user)
{
    if (fn == NULL)
        return FA_ERR_USAGE;
    return give(world, &(struct command){.kind = CALL, .fn = fn, .user = user});
}
