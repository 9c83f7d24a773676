/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Making and ending worlds.
 */
#include "ray.h"

static bool
is_good(const fa_physics_config *config)
{
    return config->iterations >= 0 && config->sleep_time >= 0 &&
           config->timestep >= 0 && config->hit_impulse >= 0 &&
           config->hit_speed >= 0 && config->joint_force >= 0 &&
           config->move_distance >= 0 && config->turn_angle >= 0;
}

/* A program built with older or newer headers: what both know. */
static bool
copy_given(const fa_physics_config *given, fa_physics_config *out)
{
    if (given == NULL)
        return true;
    size_t size = given->struct_size;
    if (size < offsetof(fa_physics_config, space) || size > 4096)
        return false;
    memcpy(out, given, size < sizeof(*out) ? size : sizeof(*out));
    out->struct_size = sizeof(*out);
    return is_good(out);
}

static void
fill_defaults(fa_physics_config *config)
{
    if (config->events == 0)
        config->events = FA_PHYSICS_DEFAULT;
    if (config->iterations == 0)
        config->iterations = 10;
    if (config->sleep_time == 0)
        config->sleep_time = INFINITY;
    if (config->timestep == 0)
        config->timestep = 1.0 / 60;
    if (config->max_substeps == 0)
        config->max_substeps = 8;
}

static fa_status
make_space(fa_physics *world)
{
    const fa_physics_config *config = &world->config;
    if (config->space != NULL) {
        world->space = config->space;
        return FA_OK;
    }
    world->space = cpSpaceNew();
    if (world->space == NULL)
        return FA_ERR_NOMEM;
    world->owns_space = true;
    cpSpaceSetGravity(world->space, config->gravity);
    cpSpaceSetIterations(world->space, config->iterations);
    cpSpaceSetSleepTimeThreshold(world->space, config->sleep_time);
    return FA_OK;
}

static void
attach(fa_physics *world)
{
    hooks_add_world(world);
    hooks_renew(world);
    world->stats.hooks_renewed = 0;
    if ((world->config.flags & FA_PHYSICS_NO_ADOPT) == 0)
        adopt_pairs(world, true);
    sleep_attach(world);
}

static fa_status
check_space(fa_allocator *allocator, const fa_physics_config *config)
{
    const char *problem = probe_chipmunk();
    if (problem != NULL) {
        fa_diag_send(allocator, 918, NULL, "Chipmunk %s: %s", cpVersionString,
                     problem);
        return FA_ERR_UNSUPPORTED;
    }
    if (config->space != NULL &&
        (config->space->locked != 0 || hooks_world_of(config->space) != NULL))
        return FA_ERR_USAGE;
    return FA_OK;
}

fa_status
fa_physics_create(fa_allocator *allocator, const fa_physics_config *given,
                  fa_physics **out)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    if (out == NULL || allocator == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (!copy_given(given, &config))
        return FA_ERR_CONFIG;
    fill_defaults(&config);
    fa_status status = check_space(allocator, &config);
    if (status != FA_OK)
        return status;
    fa_ctx *ctx = config.ctx != NULL ? config.ctx : fa_ctx_current(allocator);
    fa_physics *world = fa_heap_alloc(ctx, sizeof(*world), 16);
    if (world == NULL)
        return fa_ctx_status(ctx);
    memset(world, 0, sizeof(*world));
    world->config = config;
    world->allocator = allocator;
    world->ctx = ctx;
    status = make_space(world);
    if (status != FA_OK) {
        fa_heap_free(ctx, world);
        return status;
    }
    attach(world);
    *out = world;
    return FA_OK;
}

static void
free_arrays(fa_physics *world)
{
    void **blocks = world->spilled.items;
    while (world->spilled.count != 0)
        fa_heap_free(world->ctx, blocks[--world->spilled.count]);
    struct array *arrays[] = {
        &world->pairs,         &world->fresh,         &world->ended,
        &world->held,          &world->chains,        &world->poses,
        &world->slept,         &world->keys,          &world->spilled,
        &world->doomed_shapes, &world->doomed_bodies, &world->doomed_joints,
        &world->order,         &world->named};
    for (size_t i = 0; i < sizeof(arrays) / sizeof(arrays[0]); i++)
        array_free(world, arrays[i]);
    map_free(world, &world->by_arbiter);
    map_free(world, &world->by_handler);
    map_free(world, &world->is_sleeper);
    map_free(world, &world->by_body);
    map_free(world, &world->doomed);
    map_free(world, &world->by_id);
}

void
fa_physics_destroy(fa_physics *world)
{
    if (world == NULL)
        return;
    world->ctx = world_ctx(world);
    batch_destroy(world);
    hooks_remove(world);
    hooks_remove_world(world);
    if (world->owns_space && (world->config.flags & FA_PHYSICS_HASTY) != 0)
        cpHastySpaceFree(world->space);
    else if (world->owns_space)
        cpSpaceFree(world->space);
    free_arrays(world);
    fa_heap_free(world->ctx, world);
}

cpSpace *
fa_physics_space(const fa_physics *world)
{
    return world->space;
}

fa_status
fa_physics_stats_read(const fa_physics *world, fa_physics_stats *out)
{
    if (out == NULL || out->struct_size < sizeof(size_t) ||
        out->struct_size > 4096)
        return FA_ERR_CONFIG;
    fa_physics_stats stats = world->stats;
    size_t size = out->struct_size;
    stats.struct_size = size;
    stats.pairs = fa_physics_touching_count(world);
    memcpy(out, &stats, size < sizeof(stats) ? size : sizeof(stats));
    return FA_OK;
}
