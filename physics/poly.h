/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Polygons whose planes stand in memory of ours: Chipmunk allocates them for
 * more than six vertices.
 */
#ifndef FA_PHYSICS_POLY_H
#define FA_PHYSICS_POLY_H

#include "world.h"

/* Planes that are needed besides those inside of the shape. */
size_t poly_planes(int vertex_count);
/* As cpPolyShapeInitRaw(); planes may be NULL when none are needed. */
void poly_init(cpPolyShape *poly, cpBody *body, const cpVect *vertices,
               int count, cpFloat radius, struct cpSplittingPlane *planes);

#endif
