/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Polygons whose planes stand in memory of ours.
 *
 * A polygon keeps one plane per edge, first as moved with its body, then as
 * given. It is made with a triangle of its vertices, which Chipmunk keeps
 * inside of the shape, and then gets the planes of all edges. Mass and center
 * are computed from the vertices, as Chipmunk does.
 */
#include "poly.h"

size_t
poly_planes(int vertex_count)
{
    return vertex_count > CP_POLY_SHAPE_INLINE_ALLOC ? 2 * (size_t)vertex_count
                                                     : 0;
}

static void
set_planes(cpPolyShape *poly, const cpVect *vertices, int count)
{
    for (int i = 0; i < count; i++) {
        cpVect before = vertices[(i + count - 1) % count];
        cpVect normal = cpvnormalize(cpvrperp(cpvsub(vertices[i], before)));
        poly->planes[count + i] =
            (struct cpSplittingPlane){vertices[i], normal};
    }
}

void
poly_init(cpPolyShape *poly, cpBody *body, const cpVect *vertices, int count,
          cpFloat radius, struct cpSplittingPlane *planes)
{
    if (planes == NULL) {
        cpPolyShapeInitRaw(poly, body, count, vertices, radius);
        return;
    }
    cpPolyShapeInitRaw(poly, body, 3, vertices, radius);
    poly->planes = planes;
    poly->count = count;
    set_planes(poly, vertices, count);
    cpVect center = cpCentroidForPoly(count, vertices);
    poly->shape.massInfo.cog = center;
    poly->shape.massInfo.area = cpAreaForPoly(count, vertices, radius);
    poly->shape.massInfo.i =
        cpMomentForPoly(1, count, vertices, cpvneg(center), radius);
}
