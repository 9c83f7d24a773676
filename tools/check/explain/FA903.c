/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The events of a step are made and never read, which costs their memory and
 * time. Pass NULL, or read them.
 */
#include <framealloc/physics.h>

/* bad */

bool
world_step(fa_physics *world)
{
    const fa_physics_events *events;
    return fa_physics_step(world, 1 / 60.0, &events) == FA_OK;
}

/* good */

uint32_t
world_hits(fa_physics *world)
{
    const fa_physics_events *events;
    if (fa_physics_step(world, 1 / 60.0, &events) != FA_OK)
        return 0;
    return events->hit_count;
}
