/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Rays and the threads that cast many.
 */
#ifndef FA_PHYSICS_RAY_H
#define FA_PHYSICS_RAY_H

#include "world.h"

/* The first hit; out->shape is NULL without one. Changes nothing. */
bool ray_cast_first(const fa_physics *world, const fa_physics_ray *ray,
                    unsigned flags, fa_physics_ray_hit *out);

/* Ends the threads of a world, if it has some. */
void batch_destroy(fa_physics *world);

#endif
