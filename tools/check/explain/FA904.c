/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Before its first step a world has not put its shapes where they are, so rays
 * and overlaps miss them.
 */
#include <framealloc/physics-query.h>

/* bad */

bool
world_look(fa_allocator *allocator, fa_physics **out, const fa_physics_ray *ray)
{
    fa_physics_ray_hit hit;
    return fa_physics_create(allocator, NULL, out) == FA_OK &&
           fa_physics_ray_first(*out, ray, 0, &hit);
}

/* good */

bool
world_see(fa_allocator *allocator, fa_physics **out, const fa_physics_ray *ray)
{
    fa_physics_ray_hit hit;
    return fa_physics_create(allocator, NULL, out) == FA_OK &&
           fa_physics_step(*out, 1 / 60.0, NULL) == FA_OK &&
           fa_physics_ray_first(*out, ray, 0, &hit);
}
