/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The space has a world that keeps events and pairs beside it. A step that it
 * does not see makes them those of another moment. fa_physics_step() and
 * fa_physics_advance() step the space, too.
 */
#include <framealloc/physics.h>

/* bad */

void
world_tick(fa_physics *world)
{
    cpSpaceStep(fa_physics_space(world), 1 / 60.0);
}

/* good */

bool
world_advance(fa_physics *world)
{
    return fa_physics_step(world, 1 / 60.0, NULL) == FA_OK;
}
