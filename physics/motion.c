/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What bodies and joints did in a step: moves, sleep, load.
 *
 * Poses are noted before the step and compared after it, so a move has both.
 */
#include "world.h"

void
motion_before(fa_physics *world)
{
    const cpArray *bodies = world->space->dynamicBodies;
    size_t count = (size_t)bodies->num;
    world->poses.count = 0;
    bool is_wanted =
        (world->config.events & FA_PHYSICS_MOVE) != 0 || world->notes_poses;
    if (!is_wanted ||
        !array_reserve(world, &world->poses, count, sizeof(struct pose)))
        return;
    struct pose *poses = world->poses.items;
    for (size_t i = 0; i < count; i++) {
        cpBody *body = bodies->arr[i];
        poses[i] = (struct pose){body, body->p, body->a};
    }
    world->poses.count = count;
}

static bool
has_moved(const fa_physics *world, const struct pose *pose)
{
    const cpBody *body = pose->body;
    cpFloat distance = world->config.move_distance;
    cpFloat turn = world->config.turn_angle;
    cpFloat dx = body->p.x - pose->position.x;
    cpFloat dy = body->p.y - pose->position.y;
    return dx * dx + dy * dy > distance * distance ||
           cpfabs(body->a - pose->angle) > turn;
}

static void
fill_move(fa_physics_move *move, const struct pose *pose)
{
    cpBody *body = pose->body;
    uint32_t flags = 0;
    if (cpBodyIsSleeping(body))
        flags |= FA_PHYSICS_FELL_ASLEEP;
    if (cpBodyGetType(body) == CP_BODY_TYPE_KINEMATIC)
        flags |= FA_PHYSICS_KINEMATIC;
    *move = (fa_physics_move){body,           body->userData, body->p,
                              pose->position, body->v,        body->a,
                              pose->angle,    body->w,        flags};
}

void
events_moves(fa_physics *world, struct room *room, fa_physics_events *events)
{
    const struct pose *poses = world->poses.items;
    uint32_t count = 0;
    if ((world->config.events & FA_PHYSICS_MOVE) == 0)
        return;
    for (size_t i = 0; i < world->poses.count; i++)
        count += has_moved(world, &poses[i]);
    fa_physics_move *moves =
        room_take(world, room, &count, sizeof(*moves), &events->dropped.move);
    for (size_t i = 0; events->move_count < count; i++)
        if (has_moved(world, &poses[i]))
            fill_move(&moves[events->move_count++], &poses[i]);
    events->move = moves;
}

void
events_sleep(fa_physics *world, struct room *room, fa_physics_events *events)
{
    uint32_t count = (uint32_t)world->slept.count;
    fa_physics_sleep *slept =
        room_take(world, room, &count, sizeof(*slept), &events->dropped.sleep);
    if (count != 0)
        memcpy(slept, world->slept.items, count * sizeof(*slept));
    events->sleep = slept;
    events->sleep_count = count;
    world->slept.count = 0;
}

static bool
is_loaded(const fa_physics *world, cpConstraint *joint, cpFloat dt)
{
    return cpfabs(cpConstraintGetImpulse(joint)) >
           world->config.joint_force * dt;
}

void
events_joints(fa_physics *world, struct room *room, fa_physics_events *events)
{
    const cpArray *joints = world->space->constraints;
    uint32_t count = 0;
    cpFloat dt = events->dt;
    if ((world->config.events & FA_PHYSICS_JOINT) == 0 || dt == 0 ||
        world->config.joint_force <= 0)
        return;
    for (int i = 0; i < joints->num; i++)
        count += is_loaded(world, joints->arr[i], dt);
    fa_physics_joint *loaded =
        room_take(world, room, &count, sizeof(*loaded), &events->dropped.joint);
    for (int i = 0; events->joint_count < count; i++) {
        cpConstraint *joint = joints->arr[i];
        cpFloat impulse = cpfabs(cpConstraintGetImpulse(joint));
        if (is_loaded(world, joint, dt))
            loaded[events->joint_count++] = (fa_physics_joint){
                joint, joint->userData, impulse, impulse / dt};
    }
    events->joint = loaded;
}
