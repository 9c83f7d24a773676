/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A step: Chipmunk's own, then the harvest.
 *
 * Post-step callbacks are kept back until contacts are harvested, because they
 * may remove shapes; ends come after them, so that they include those.
 */
#include "snapshot.h"

fa_ctx *
world_ctx(const fa_physics *world)
{
    return world->config.ctx != NULL ? world->config.ctx
                                     : fa_ctx_current(world->allocator);
}

static void
step_space(fa_physics *world, cpFloat dt)
{
    cpSpace *space = world->space;
    cpBool saved = space->skipPostStep;
    space->skipPostStep = cpTrue;
    if ((world->config.flags & FA_PHYSICS_CANONICAL) != 0)
        canonical_before(world);
    if ((world->config.flags & FA_PHYSICS_HASTY) != 0)
        cpHastySpaceStep(space, dt);
    else
        cpSpaceStep(space, dt);
    space->skipPostStep = saved;
}

static void
renew_hooks(fa_physics *world)
{
    /* Pairs may have begun while a handler had no hook. */
    if (hooks_renew(world))
        adopt_pairs(world, false);
}

static void
run_post_step(cpSpace *space)
{
    cpSpaceLock(space);
    cpSpaceUnlock(space, cpTrue);
}

static void
free_spilled(fa_physics *world)
{
    void **blocks = world->spilled.items;
    while (world->spilled.count != 0)
        fa_heap_free(world->ctx, blocks[--world->spilled.count]);
}

static void
simulate(fa_physics *world, cpFloat dt)
{
    if (dt == 0)
        return;
    renew_hooks(world);
    sleep_before(world);
    motion_before(world);
    step_space(world, dt);
    renew_hooks(world);
    sleep_after(world);
}

static void
harvest(fa_physics *world, struct room *room, fa_physics_events *events)
{
    size_t reserved = events_pending_ends(world);
    bool is_limited = room->left != SIZE_MAX;
    if (is_limited)
        room->left -= reserved < room->left ? reserved : room->left;
    events_begins(world, room, events);
    events_sleep(world, room, events);
    if (events->dt != 0) {
        events_joints(world, room, events);
        events_moves(world, room, events);
        events_persists(world, room, events);
        events_hits(world, room, events);
    }
    run_post_step(world->space);
    defer_run(world);
    world->is_stepping = false;
    if (is_limited) {
        size_t limit = world->config.event_budget;
        room->left = room->used < limit ? limit - room->used : 0;
    }
    events_ends(world, room, events);
}

static void
count_events(fa_physics *world, const struct room *room,
             fa_physics_events *events)
{
    const fa_physics_dropped *dropped = &events->dropped;
    fa_physics_stats *stats = &world->stats;
    events->bytes = room->used;
    stats->steps = world->step;
    stats->event_bytes = room->used;
    if (room->used > stats->event_peak)
        stats->event_peak = room->used;
    stats->dropped += (uint64_t)dropped->begin + dropped->end +
                      dropped->persist + dropped->hit + dropped->sensor_begin +
                      dropped->sensor_end + dropped->move + dropped->sleep +
                      dropped->joint;
}

static struct room
make_room(const fa_physics *world, fa_frame *frame, bool is_wanted)
{
    size_t limit = world->config.event_budget;
    struct room room = {.frame = frame, .may_spill = is_wanted};
    room.left = !is_wanted ? 0 : limit != 0 ? limit : SIZE_MAX;
    return room;
}

fa_status
fa_physics_step(fa_physics *world, cpFloat dt, const fa_physics_events **out)
{
    if (out != NULL)
        *out = NULL;
    if (!(dt >= 0) || dt == (cpFloat)INFINITY)
        return FA_ERR_CONFIG;
    if (world->space->locked != 0)
        return FA_ERR_STATE;
    world->ctx = world_ctx(world);
    fa_frame *frame = fa_ctx_frame(world->ctx);
    fa_physics_events *events = fa_frame_new(frame, fa_physics_events);
    if (events == NULL && fa_ctx_status(world->ctx) == FA_ERR_STATE)
        return FA_ERR_STATE;
    if (events == NULL) {
        events = &world->fallback;
        *events = (fa_physics_events){0};
    }
    fa_physics *before = hooks_enter(world);
    free_spilled(world);
    struct room room = make_room(world, frame, out != NULL);
    events->step = ++world->step;
    events->dt = dt;
    world->is_stepping = true;
    simulate(world, dt);
    harvest(world, &room, events);
    count_events(world, &room, events);
    hooks_enter(before);
    if (out != NULL)
        *out = events;
    return FA_OK;
}
