/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Queries by point, box and shape.
 *
 * The index is walked without locking the space, so these may run on many
 * threads between steps. Sensors follow one rule: no query sees them, unless
 * it is asked to.
 */
#include "collect.h"
#include "poly.h"

struct look {
    struct collector *all; /* Or NULL: the nearest only. */
    fa_physics_near *nearest;
    const cpShape *shape; /* Of the overlap; NULL: boxes only. */
    cpVect point;
    cpFloat distance;
    cpShapeFilter filter;
    unsigned flags;
};

typedef cpCollisionID (*look_fn)(void *, void *, cpCollisionID, void *);

static void
walk(const fa_physics *world, struct look *look, cpBB box, look_fn fn)
{
    cpSpatialIndexQuery(world->space->staticShapes, look, box, fn, NULL);
    cpSpatialIndexQuery(world->space->dynamicShapes, look, box, fn, NULL);
}

/* --- points --- */

static bool
is_before(const cpShape *a, const cpShape *b)
{
    return a->hashid < b->hashid;
}

static bool
is_nearer(const fa_physics_near *a, const fa_physics_near *b)
{
    return a->distance != b->distance ? a->distance < b->distance
                                      : is_before(a->shape, b->shape);
}

static bool
is_earlier_near(const void *a, const void *b)
{
    return is_before(((const fa_physics_near *)a)->shape,
                     ((const fa_physics_near *)b)->shape);
}

static void
take_near(struct look *look, const fa_physics_near *near)
{
    if (look->all != NULL) {
        fa_physics_near *item = collect_push(look->all);
        if (item != NULL)
            *item = *near;
    } else if (look->nearest->shape == NULL || is_nearer(near, look->nearest)) {
        *look->nearest = *near;
    }
}

static cpCollisionID
look_near(void *object, void *data, cpCollisionID id, void *unused)
{
    struct look *look = object;
    cpShape *shape = data;
    cpPointQueryInfo info;
    (void)unused;
    if (!is_seen(shape, look->filter, look->flags))
        return id;
    cpShapePointQuery(shape, look->point, &info);
    if (info.distance > look->distance ||
        (look->distance == 0 && info.distance >= 0))
        return id;
    fa_physics_near near = {shape, shape->userData, info.point, info.gradient,
                            info.distance};
    take_near(look, &near);
    return id;
}

static void
take_raw_near(cpShape *shape, cpVect point, cpFloat distance, cpVect gradient,
              void *data)
{
    fa_physics_near near = {shape, shape->userData, point, gradient, distance};
    take_near(data, &near);
}

static bool
is_good(cpVect point, cpFloat distance)
{
    return is_finite_vect(point) && distance >= 0;
}

fa_status
fa_physics_point_all(fa_physics *world, cpVect point, cpFloat distance,
                     cpShapeFilter filter, unsigned flags,
                     const fa_physics_near **out, uint32_t *count)
{
    *out = NULL;
    *count = 0;
    if (!is_good(point, distance))
        return FA_ERR_USAGE;
    struct collector all = collect_begin(world, sizeof(fa_physics_near));
    struct look look = {.all = &all,
                        .point = point,
                        .distance = distance,
                        .filter = filter,
                        .flags = flags};
    if ((flags & FA_PHYSICS_CHIPMUNK) != 0)
        cpSpacePointQuery(world->space, point, distance, filter, take_raw_near,
                          &look);
    else
        walk(world, &look, cpBBNewForCircle(point, distance), look_near);
    if ((flags & FA_PHYSICS_SORT) != 0)
        collect_sort(&all, is_earlier_near);
    return collect_end(&all, (const void **)out, count);
}

bool
fa_physics_point_nearest(fa_physics *world, cpVect point, cpFloat distance,
                         cpShapeFilter filter, unsigned flags,
                         fa_physics_near *out)
{
    *out = (fa_physics_near){.distance = distance};
    if (!is_good(point, distance))
        return false;
    struct look look = {.nearest = out,
                        .point = point,
                        .distance = distance,
                        .filter = filter,
                        .flags = flags};
    cpPointQueryInfo info;
    if ((flags & FA_PHYSICS_CHIPMUNK) == 0)
        walk(world, &look, cpBBNewForCircle(point, distance), look_near);
    else if (cpSpacePointQueryNearest(world->space, point, distance, filter,
                                      &info) != NULL)
        take_raw_near((cpShape *)(uintptr_t)info.shape, info.point,
                      info.distance, info.gradient, &look);
    return out->shape != NULL;
}

/* --- overlaps --- */

static bool
is_earlier_overlap(const void *a, const void *b)
{
    return is_before(((const fa_physics_overlap *)a)->shape,
                     ((const fa_physics_overlap *)b)->shape);
}

static void
take_overlap(struct collector *all, cpShape *shape,
             const cpContactPointSet *contacts)
{
    fa_physics_overlap *item = collect_push(all);
    if (item == NULL)
        return;
    item->shape = shape;
    item->user = shape->userData;
    if (contacts != NULL)
        item->contacts = *contacts;
    else
        memset(&item->contacts, 0, sizeof(item->contacts));
}

static cpCollisionID
look_at_box(void *object, void *data, cpCollisionID id, void *box)
{
    struct look *look = object;
    cpShape *shape = data;
    (void)box;
    if (is_seen(shape, look->filter, look->flags))
        take_overlap(look->all, shape, NULL);
    return id;
}

static cpCollisionID
look_at_shape(void *object, void *data, cpCollisionID id, void *unused)
{
    struct look *look = object;
    cpShape *shape = data;
    (void)unused;
    if (shape == look->shape || !is_seen(shape, look->filter, look->flags))
        return id;
    cpContactPointSet contacts = cpShapesCollide(look->shape, shape);
    if (contacts.count != 0)
        take_overlap(look->all, shape, &contacts);
    return id;
}

static void
take_raw_box(cpShape *shape, void *data)
{
    take_overlap(data, shape, NULL);
}

static void
take_raw_shape(cpShape *shape, cpContactPointSet *contacts, void *data)
{
    take_overlap(data, shape, contacts);
}

static fa_status
end_overlaps(struct collector *all, unsigned flags,
             const fa_physics_overlap **out, uint32_t *count)
{
    if ((flags & FA_PHYSICS_SORT) != 0)
        collect_sort(all, is_earlier_overlap);
    return collect_end(all, (const void **)out, count);
}

fa_status
fa_physics_overlap_bb(fa_physics *world, cpBB bb, cpShapeFilter filter,
                      unsigned flags, const fa_physics_overlap **out,
                      uint32_t *count)
{
    struct collector all = collect_begin(world, sizeof(fa_physics_overlap));
    struct look look = {.all = &all, .filter = filter, .flags = flags};
    *out = NULL;
    *count = 0;
    if (!is_finite_vect(cpv(bb.l, bb.b)) || !is_finite_vect(cpv(bb.r, bb.t)))
        return FA_ERR_USAGE;
    if ((flags & FA_PHYSICS_CHIPMUNK) != 0)
        cpSpaceBBQuery(world->space, bb, filter, take_raw_box, &all);
    else
        walk(world, &look, bb, look_at_box);
    return end_overlaps(&all, flags, out, count);
}

static fa_status
overlap(fa_physics *world, cpShape *shape, cpTransform transform,
        unsigned flags, const fa_physics_overlap **out, uint32_t *count)
{
    struct collector all = collect_begin(world, sizeof(fa_physics_overlap));
    struct look look = {
        .all = &all, .shape = shape, .filter = shape->filter, .flags = flags};
    if ((flags & FA_PHYSICS_CHIPMUNK) != 0 && shape->body != NULL)
        cpSpaceShapeQuery(world->space, shape, take_raw_shape, &all);
    else
        walk(world, &look, cpShapeUpdate(shape, transform), look_at_shape);
    return end_overlaps(&all, flags, out, count);
}

fa_status
fa_physics_overlap_shape(fa_physics *world, cpShape *shape, unsigned flags,
                         const fa_physics_overlap **out, uint32_t *count)
{
    *out = NULL;
    *count = 0;
    if (shape == NULL)
        return FA_ERR_USAGE;
    return overlap(world, shape,
                   shape->body != NULL ? shape->body->transform
                                       : cpTransformIdentity,
                   flags, out, count);
}

fa_status
fa_physics_overlap_circle(fa_physics *world, cpVect center, cpFloat radius,
                          cpShapeFilter filter, unsigned flags,
                          const fa_physics_overlap **out, uint32_t *count)
{
    cpBody body;
    cpCircleShape circle;
    *out = NULL;
    *count = 0;
    if (!is_good(center, radius))
        return FA_ERR_USAGE;
    memset(&circle, 0, sizeof(circle));
    memset(&body, 0, sizeof(body));
    cpBodyInit(&body, 0, 0);
    cpCircleShapeInit(&circle, &body, radius, center);
    circle.shape.filter = filter;
    return overlap(world, &circle.shape, cpTransformIdentity, flags, out,
                   count);
}

static bool
is_convex(const cpVect *vertices, int count)
{
    for (int i = 0; i < count; i++) {
        cpVect a = vertices[i], b = vertices[(i + 1) % count];
        cpVect c = vertices[(i + 2) % count];
        if (!is_finite_vect(a) || !(cpvcross(cpvsub(b, a), cpvsub(c, b)) > 0))
            return false;
    }
    return true;
}

fa_status
fa_physics_overlap_poly(fa_physics *world, const cpVect *vertices,
                        int vertex_count, cpFloat radius, cpShapeFilter filter,
                        unsigned flags, const fa_physics_overlap **out,
                        uint32_t *count)
{
    cpBody body;
    cpPolyShape poly;
    *out = NULL;
    *count = 0;
    if (vertex_count < 3 || !(radius >= 0) ||
        !is_convex(vertices, vertex_count))
        return FA_ERR_USAGE;
    fa_ctx *ctx = world_ctx(world);
    fa_frame *frame = fa_ctx_frame(ctx);
    size_t planes = poly_planes(vertex_count);
    struct cpSplittingPlane *plane = NULL;
    if (planes != 0) {
        plane = fa_frame_array_raw(frame, struct cpSplittingPlane, planes);
        if (plane == NULL)
            return fa_ctx_status(ctx);
    }
    memset(&poly, 0, sizeof(poly));
    memset(&body, 0, sizeof(body));
    cpBodyInit(&body, 0, 0);
    poly_init(&poly, &body, vertices, vertex_count, radius, plane);
    poly.shape.filter = filter;
    return overlap(world, &poly.shape, cpTransformIdentity, flags, out, count);
}
