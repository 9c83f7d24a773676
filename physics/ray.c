/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Rays.
 *
 * Three things differ from Chipmunk's own queries. A ray with a radius walks
 * the index by the box of what it sweeps: Chipmunk's index does not know the
 * radius and misses what the line alone does not touch. A ray that begins
 * inside of a shape says so, with the point where it begins. Sensors follow
 * one rule for all queries. Neither locks the space, so rays may run on many
 * threads between steps.
 */
#include "ray.h"
#include "collect.h"

struct cast {
    const fa_physics_ray *ray;
    unsigned flags;
    fa_physics_ray_hit *first; /* The nearest so far; or NULL. */
    struct collector *all;     /* All of them; or NULL. */
};

static bool
cast_at(const fa_physics_ray *ray, const cpShape *shape,
        fa_physics_ray_hit *hit)
{
    cpSegmentQueryInfo info;
    if (!cpShapeSegmentQuery(shape, ray->a, ray->b, ray->radius, &info) ||
        !(info.alpha >= 0 && info.alpha <= 1))
        return false;
    bool is_inside = info.alpha == 0;
    *hit = (fa_physics_ray_hit){
        .shape = (cpShape *)(uintptr_t)shape,
        .user = shape->userData,
        .point = is_inside ? ray->a : info.point,
        .normal = is_inside ? cpvzero : info.normal,
        .alpha = info.alpha,
        .flags = is_inside ? FA_PHYSICS_INSIDE : 0,
    };
    return is_finite_vect(hit->point) && is_finite_vect(hit->normal);
}

static bool
is_nearer(const void *x, const void *y)
{
    const fa_physics_ray_hit *a = x, *b = y;
    return a->alpha != b->alpha ? a->alpha < b->alpha
                                : a->shape->hashid < b->shape->hashid;
}

static void
meet(const struct cast *cast, const cpShape *shape)
{
    fa_physics_ray_hit hit;
    if (!is_seen(shape, cast->ray->filter, cast->flags) ||
        !cast_at(cast->ray, shape, &hit))
        return;
    if (cast->all != NULL) {
        fa_physics_ray_hit *item = collect_push(cast->all);
        if (item != NULL)
            *item = hit;
    } else if (cast->first->shape == NULL || is_nearer(&hit, cast->first)) {
        *cast->first = hit;
    }
}

static cpFloat
meet_on_line(void *object, void *shape, void *data)
{
    const struct cast *cast = object;
    (void)data;
    meet(cast, shape);
    /* Boxes behind the nearest hit need no look. */
    return cast->first != NULL && cast->first->shape != NULL
               ? cast->first->alpha
               : 1;
}

static cpCollisionID
meet_in_box(void *object, void *shape, cpCollisionID id, void *data)
{
    (void)data;
    meet(object, shape);
    return id;
}

static void
walk(const fa_physics *world, struct cast *cast)
{
    const fa_physics_ray *ray = cast->ray;
    cpSpatialIndex *indexes[] = {world->space->staticShapes,
                                 world->space->dynamicShapes};
    cpBB box = cpBBNew(cpfmin(ray->a.x, ray->b.x) - ray->radius,
                       cpfmin(ray->a.y, ray->b.y) - ray->radius,
                       cpfmax(ray->a.x, ray->b.x) + ray->radius,
                       cpfmax(ray->a.y, ray->b.y) + ray->radius);
    bool is_point = cpveql(ray->a, ray->b);
    for (int i = 0; i < 2; i++)
        if (ray->radius > 0 || is_point)
            cpSpatialIndexQuery(indexes[i], cast, box, meet_in_box, NULL);
        else
            cpSpatialIndexSegmentQuery(indexes[i], cast, ray->a, ray->b, 1,
                                       meet_on_line, NULL);
}

static bool
is_good(const fa_physics_ray *ray)
{
    return is_finite_vect(ray->a) && is_finite_vect(ray->b) &&
           ray->radius >= 0 && ray->radius - ray->radius == 0;
}

/* --- as Chipmunk answers --- */

static fa_physics_ray_hit
hit_of_info(const cpShape *shape, cpVect point, cpVect normal, cpFloat alpha)
{
    return (fa_physics_ray_hit){
        (cpShape *)(uintptr_t)shape, shape->userData, point, normal, alpha, 0};
}

static void
take_raw(cpShape *shape, cpVect point, cpVect normal, cpFloat alpha, void *data)
{
    fa_physics_ray_hit *hit = collect_push(data);
    if (hit != NULL)
        *hit = hit_of_info(shape, point, normal, alpha);
}

static bool
cast_raw(const fa_physics *world, const fa_physics_ray *ray,
         fa_physics_ray_hit *out)
{
    cpSegmentQueryInfo info;
    const cpShape *shape = cpSpaceSegmentQueryFirst(
        world->space, ray->a, ray->b, ray->radius, ray->filter, &info);
    if (shape == NULL)
        return false;
    *out = hit_of_info(shape, info.point, info.normal, info.alpha);
    return true;
}

/* --- the functions --- */

bool
ray_cast_first(const fa_physics *world, const fa_physics_ray *ray,
               unsigned flags, fa_physics_ray_hit *out)
{
    *out = (fa_physics_ray_hit){.alpha = 1, .point = ray->b};
    if (!is_good(ray))
        return false;
    if ((flags & FA_PHYSICS_CHIPMUNK) != 0)
        return cast_raw(world, ray, out);
    struct cast cast = {ray, flags, out, NULL};
    walk(world, &cast);
    return out->shape != NULL;
}

bool
fa_physics_ray_first(fa_physics *world, const fa_physics_ray *ray,
                     unsigned flags, fa_physics_ray_hit *out)
{
    return ray_cast_first(world, ray, flags, out);
}

fa_status
fa_physics_ray_all(fa_physics *world, const fa_physics_ray *ray, unsigned flags,
                   const fa_physics_ray_hit **out, uint32_t *count)
{
    *out = NULL;
    *count = 0;
    if (!is_good(ray))
        return FA_ERR_USAGE;
    struct collector all = collect_begin(world, sizeof(fa_physics_ray_hit));
    struct cast cast = {ray, flags, NULL, &all};
    if ((flags & FA_PHYSICS_CHIPMUNK) != 0)
        cpSpaceSegmentQuery(world->space, ray->a, ray->b, ray->radius,
                            ray->filter, take_raw, &all);
    else
        walk(world, &cast);
    if ((flags & FA_PHYSICS_SORT) != 0)
        collect_sort(&all, is_nearer);
    return collect_end(&all, (const void **)out, count);
}
