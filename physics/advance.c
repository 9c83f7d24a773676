/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fixed steps: an accumulator of time, and poses between the last two steps.
 */
#include "world.h"

static unsigned
steps_due(const fa_physics *world, cpFloat time)
{
    cpFloat steps = time / world->config.timestep;
    /* A hair less than a whole step is a whole step. */
    cpFloat whole = cpffloor(steps + 1e-9);
    return whole < world->config.max_substeps ? (unsigned)whole
                                              : world->config.max_substeps;
}

/* What is left after the steps; more than a step is given up. */
static cpFloat
keep_rest(fa_physics *world, cpFloat time)
{
    cpFloat step = world->config.timestep;
    cpFloat dropped = 0;
    if (time >= step) {
        dropped = cpffloor(time / step) * step;
        time -= dropped;
    }
    world->pending = time > 0 ? time : 0;
    return dropped;
}

fa_status
fa_physics_advance(fa_physics *world, cpFloat real_dt, fa_physics_advanced *out)
{
    *out = (fa_physics_advanced){0, NULL, 0, 0};
    if (!(real_dt >= 0) || real_dt == (cpFloat)INFINITY)
        return FA_ERR_CONFIG;
    cpFloat time = world->pending + real_dt;
    unsigned due = steps_due(world, time);
    const fa_physics_events **events = NULL;
    fa_ctx *ctx = world_ctx(world);
    world->notes_poses = true;
    if (due != 0) {
        events =
            fa_frame_array(fa_ctx_frame(ctx), const fa_physics_events *, due);
        if (events == NULL)
            return fa_ctx_status(ctx);
    }
    for (unsigned i = 0; i < due; i++) {
        fa_status status =
            fa_physics_step(world, world->config.timestep, &events[i]);
        if (status != FA_OK)
            return status;
        time -= world->config.timestep;
        out->step_count++;
    }
    out->events = events;
    out->dropped_time = keep_rest(world, time);
    out->alpha = world->pending / world->config.timestep;
    return FA_OK;
}

static const struct pose *
pose_of(const fa_physics *world, const cpBody *body, size_t guess)
{
    const struct pose *poses = world->poses.items;
    /* Bodies keep their places while none comes or goes. */
    if (guess < world->poses.count && poses[guess].body == body)
        return &poses[guess];
    uint32_t index = map_find(&world->by_body, body);
    return index == UINT32_MAX ? NULL : &poses[index];
}

static bool
is_in_order(const fa_physics *world)
{
    const struct pose *poses = world->poses.items;
    const cpArray *bodies = world->space->dynamicBodies;
    if ((size_t)bodies->num != world->poses.count)
        return false;
    for (int i = 0; i < bodies->num; i++)
        if (poses[i].body != bodies->arr[i])
            return false;
    return true;
}

static bool
index_poses(fa_physics *world)
{
    const struct pose *poses = world->poses.items;
    map_clear(&world->by_body);
    if (is_in_order(world))
        return true;
    for (size_t i = 0; i < world->poses.count; i++)
        if (!map_set(world, &world->by_body, poses[i].body, (uint32_t)i))
            return false;
    return true;
}

static fa_physics_pose
between(const struct pose *from, const cpBody *body, cpFloat alpha)
{
    fa_physics_pose pose = {(cpBody *)(uintptr_t)body, body->userData, body->p,
                            body->a};
    if (from == NULL || alpha == 1)
        return pose;
    pose.position = from->position;
    pose.angle = from->angle;
    if (alpha != 0) {
        pose.position = cpvlerp(from->position, body->p, alpha);
        pose.angle = cpflerp(from->angle, body->a, alpha);
    }
    return pose;
}

fa_status
fa_physics_interpolate(fa_physics *world, cpFloat alpha,
                       const fa_physics_pose **out, uint32_t *count)
{
    const cpArray *bodies = world->space->dynamicBodies;
    *out = NULL;
    *count = 0;
    if (!(alpha >= 0 && alpha <= 1))
        return FA_ERR_USAGE;
    if (bodies->num == 0)
        return FA_OK;
    world->ctx = world_ctx(world);
    if (!index_poses(world))
        return fa_ctx_status(world->ctx);
    fa_physics_pose *poses = fa_frame_array_raw(
        fa_ctx_frame(world->ctx), fa_physics_pose, (size_t)bodies->num);
    if (poses == NULL)
        return fa_ctx_status(world->ctx);
    for (int i = 0; i < bodies->num; i++)
        poses[i] = between(pose_of(world, bodies->arr[i], (size_t)i),
                           bodies->arr[i], alpha);
    *out = poses;
    *count = (uint32_t)bodies->num;
    return FA_OK;
}
