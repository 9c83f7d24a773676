/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Queries of the physics module against a loop over all shapes.
 */
#include "support.h"

#include <framealloc/physics.h>

#define SHAPES 200

static struct test_world w;
static cpSpace *space;
static fa_physics *world;
static cpBody *body[SHAPES];
static cpShape *shape[SHAPES];
static uint64_t seed;

static cpFloat
between(cpFloat low, cpFloat high)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return low + (high - low) * (cpFloat)(seed >> 40) / (1 << 24);
}

static cpShape *
make_shape(cpBody *of, int i)
{
    const cpVect octagon[] = {{4, 2},   {2, 4},   {-2, 4}, {-4, 2},
                              {-4, -2}, {-2, -4}, {2, -4}, {4, -2}};
    if (i % 4 == 0)
        return cpCircleShapeNew(of, between(1, 6), cpvzero);
    if (i % 4 == 1)
        return cpBoxShapeNew(of, between(2, 9), between(2, 9), 0.5);
    if (i % 4 == 2)
        return cpSegmentShapeNew(of, cpv(-5, 0), cpv(5, 1), between(0, 1));
    return cpPolyShapeNewRaw(of, 8, octagon, 0);
}

static void
open_world(void)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    test_prepare(&w);
    test_open(&w);
    space = config.space = cpSpaceNew();
    seed = 7;
    for (int i = 0; i < SHAPES; i++) {
        body[i] = i % 5 == 0 ? cpBodyNewStatic() : cpBodyNew(1, 1);
        cpBodySetPosition(body[i], cpv(between(-90, 90), between(-90, 90)));
        cpBodySetAngle(body[i], between(0, 3));
        cpSpaceAddBody(space, body[i]);
        shape[i] = cpSpaceAddShape(space, make_shape(body[i], i));
        cpShapeSetSensor(shape[i], i % 7 == 0);
        cpShapeSetUserData(shape[i], &shape[i]);
        cpShapeSetFilter(shape[i], cpShapeFilterNew(0, 1u << i % 3, ~0u));
    }
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &world), FA_OK);
    test_begin(&w);
}

static void
close_world(void)
{
    test_end(&w);
    fa_physics_destroy(world);
    for (int i = 0; i < SHAPES; i++) {
        cpSpaceRemoveShape(space, shape[i]);
        cpSpaceRemoveBody(space, body[i]);
        cpShapeFree(shape[i]);
        cpBodyFree(body[i]);
    }
    cpSpaceFree(space);
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 0);
}

static fa_physics_ray
random_ray(int i)
{
    fa_physics_ray ray = {.a = cpv(between(-90, 90), between(-90, 90)),
                          .b = cpv(between(-90, 90), between(-90, 90)),
                          .radius = i % 2 == 0 ? 0 : between(0, 8)};
    ray.filter = cpShapeFilterNew(0, ~0u, i % 3 == 0 ? 3u : ~0u);
    if (i % 11 == 0)
        ray.b = ray.a;
    return ray;
}

static bool
may_see(cpShape *s, cpShapeFilter filter, unsigned flags)
{
    cpShapeFilter own = cpShapeGetFilter(s);
    return (!cpShapeGetSensor(s) || (flags & FA_PHYSICS_SENSORS) != 0) &&
           (own.categories & filter.mask) != 0;
}

START_TEST(rays_find_what_a_loop_over_all_shapes_finds)
{
    for (int i = 0; i < 500; i++) {
        fa_physics_ray ray = random_ray(i);
        unsigned flags = i % 3 == 1 ? FA_PHYSICS_SENSORS : 0;
        const fa_physics_ray_hit *hits;
        uint32_t count, found = 0;
        cpFloat nearest = 2;
        ck_assert_int_eq(fa_physics_ray_all(world, &ray,
                                            flags | FA_PHYSICS_SORT, &hits,
                                            &count),
                         FA_OK);
        for (int k = 0; k < SHAPES; k++) {
            cpSegmentQueryInfo info;
            if (!may_see(shape[k], ray.filter, flags) ||
                !cpShapeSegmentQuery(shape[k], ray.a, ray.b, ray.radius, &info))
                continue;
            found++;
            nearest = info.alpha < nearest ? info.alpha : nearest;
        }
        ck_assert_uint_eq(count, found);
        for (uint32_t k = 1; k < count; k++)
            ck_assert_double_le(hits[k - 1].alpha, hits[k].alpha);
        fa_physics_ray_hit first;
        bool is_hit = fa_physics_ray_first(world, &ray, flags, &first);
        ck_assert(is_hit == (found != 0));
        if (is_hit) {
            ck_assert_double_eq(first.alpha, nearest);
            ck_assert_ptr_eq(first.shape, hits[0].shape);
            ck_assert_ptr_eq(first.shape, *(cpShape **)first.user);
        }
    }
}
END_TEST

START_TEST(a_ray_that_begins_inside_says_so)
{
    cpVect at = cpBodyGetPosition(body[4]);
    fa_physics_ray ray = {at, cpv(at.x + 50, at.y), 0, CP_SHAPE_FILTER_ALL};
    const fa_physics_ray_hit *hits;
    uint32_t count;
    ck_assert_int_eq(
        fa_physics_ray_all(world, &ray, FA_PHYSICS_SORT, &hits, &count), FA_OK);
    ck_assert_uint_gt(count, 0);
    ck_assert_uint_eq(hits[0].flags, FA_PHYSICS_INSIDE);
    ck_assert(cpveql(hits[0].point, at) && cpveql(hits[0].normal, cpvzero));
}
END_TEST

START_TEST(a_batch_is_the_same_on_any_number_of_threads)
{
    enum { RAYS = 1000 };
    fa_physics_ray *rays = fa_frame_array(w.frame, fa_physics_ray, RAYS);
    ck_assert_ptr_nonnull(rays);
    for (int i = 0; i < RAYS; i++)
        rays[i] = random_ray(i);
    const fa_physics_ray_hit *alone;
    ck_assert_int_eq(fa_physics_ray_batch(world, rays, RAYS, 1, 0, &alone),
                     FA_OK);
    for (unsigned threads = 2; threads <= 4; threads++) {
        const fa_physics_ray_hit *hits;
        ck_assert_int_eq(
            fa_physics_ray_batch(world, rays, RAYS, threads, 0, &hits), FA_OK);
        for (int i = 0; i < RAYS; i++) {
            ck_assert_ptr_eq(hits[i].shape, alone[i].shape);
            ck_assert(hits[i].alpha == alone[i].alpha);
        }
    }
    for (int i = 0; i < RAYS; i++) {
        fa_physics_ray_hit hit;
        fa_physics_ray_first(world, &rays[i], 0, &hit);
        ck_assert_ptr_eq(hit.shape, alone[i].shape);
    }
}
END_TEST

START_TEST(points_find_what_a_loop_over_all_shapes_finds)
{
    for (int i = 0; i < 500; i++) {
        cpVect point = cpv(between(-90, 90), between(-90, 90));
        cpFloat distance = i % 2 == 0 ? 0 : between(0, 10), least = INFINITY;
        const fa_physics_near *near;
        uint32_t count, found = 0;
        ck_assert_int_eq(fa_physics_point_all(world, point, distance,
                                              CP_SHAPE_FILTER_ALL, 0, &near,
                                              &count),
                         FA_OK);
        for (int k = 0; k < SHAPES; k++) {
            cpPointQueryInfo info;
            cpShapePointQuery(shape[k], point, &info);
            if (cpShapeGetSensor(shape[k]) || info.distance > distance ||
                (distance == 0 && info.distance >= 0))
                continue;
            found++;
            least = info.distance < least ? info.distance : least;
        }
        ck_assert_uint_eq(count, found);
        fa_physics_near nearest;
        ck_assert(fa_physics_point_nearest(world, point, distance,
                                           CP_SHAPE_FILTER_ALL, 0,
                                           &nearest) == (found != 0));
        if (found != 0)
            ck_assert(nearest.distance == least);
    }
}
END_TEST

START_TEST(overlaps_find_what_a_loop_over_all_shapes_finds)
{
    for (int i = 0; i < 300; i++) {
        cpVect at = cpv(between(-90, 90), between(-90, 90));
        cpVect ring[12];
        for (int k = 0; k < 12; k++)
            ring[k] = cpvadd(at, cpvmult(cpvforangle(k * CP_PI / 6), 7));
        cpBody *probe_body = cpBodyNewStatic();
        int vertices = i % 2 == 0 ? 12 : 6;
        for (int k = 0; k < 6 && vertices == 6; k++)
            ring[k] = ring[2 * k];
        cpShape *probe = cpPolyShapeNewRaw(probe_body, vertices, ring, 0.25);
        cpShapeUpdate(probe, cpTransformIdentity);
        uint32_t count, found = 0;
        const fa_physics_overlap *overlaps;
        for (int k = 0; k < SHAPES; k++)
            found += !cpShapeGetSensor(shape[k]) &&
                     cpShapesCollide(probe, shape[k]).count != 0;
        ck_assert_int_eq(fa_physics_overlap_poly(world, ring, vertices, 0.25,
                                                 CP_SHAPE_FILTER_ALL, 0,
                                                 &overlaps, &count),
                         FA_OK);
        ck_assert_uint_eq(count, found);
        cpShapeFree(probe);
        cpBodyFree(probe_body);
    }
}
END_TEST

START_TEST(chipmunk_mode_is_what_chipmunk_says)
{
    for (int i = 0; i < 300; i++) {
        fa_physics_ray ray = random_ray(i);
        cpSegmentQueryInfo info;
        fa_physics_ray_hit hit;
        const cpShape *raw = cpSpaceSegmentQueryFirst(
            space, ray.a, ray.b, ray.radius, ray.filter, &info);
        ck_assert(fa_physics_ray_first(world, &ray, FA_PHYSICS_CHIPMUNK,
                                       &hit) == (raw != NULL));
        ck_assert_ptr_eq(hit.shape, raw);
    }
}
END_TEST

struct drawn {
    const fa_physics_draw_item *item;
    uint32_t count;
};

static void
same_circle(cpVect at, cpFloat angle, cpFloat radius, cpSpaceDebugColor outline,
            cpSpaceDebugColor fill, cpDataPointer data)
{
    struct drawn *drawn = data;
    const fa_physics_draw_item *item = &drawn->item[drawn->count++];
    (void)outline;
    ck_assert_int_eq(item->kind, FA_PHYSICS_DRAW_CIRCLE);
    ck_assert(cpveql(item->a, at) && item->angle == angle &&
              item->radius == radius && item->fill.r == fill.r);
}

static void
same_segment(cpVect a, cpVect b, cpFloat radius, cpSpaceDebugColor outline,
             cpSpaceDebugColor fill, cpDataPointer data)
{
    struct drawn *drawn = data;
    const fa_physics_draw_item *item = &drawn->item[drawn->count++];
    (void)outline;
    (void)fill;
    ck_assert_int_eq(item->kind, FA_PHYSICS_DRAW_FAT_SEGMENT);
    ck_assert(cpveql(item->a, a) && cpveql(item->b, b) &&
              item->radius == radius);
}

static void
same_polygon(int count, const cpVect *vertices, cpFloat radius,
             cpSpaceDebugColor outline, cpSpaceDebugColor fill,
             cpDataPointer data)
{
    struct drawn *drawn = data;
    const fa_physics_draw_item *item = &drawn->item[drawn->count++];
    (void)outline;
    (void)fill;
    ck_assert_int_eq(item->kind, FA_PHYSICS_DRAW_POLYGON);
    ck_assert_uint_eq(item->vertex_count, (uint32_t)count);
    ck_assert(item->radius == radius);
    for (int i = 0; i < count; i++)
        ck_assert(cpveql(item->vertices[i], vertices[i]));
}

static cpSpaceDebugColor
paint(cpShape *of, void *user)
{
    (void)of;
    return (cpSpaceDebugColor){*(float *)user, 0, 0, 1};
}

static cpSpaceDebugColor
paint_same(cpShape *of, cpDataPointer data)
{
    (void)of;
    (void)data;
    return (cpSpaceDebugColor){0.25f, 0, 0, 1};
}

START_TEST(a_drawing_is_what_chipmunk_draws)
{
    float red = 0.25f;
    struct drawn drawn = {NULL, 0};
    uint32_t count;
    cpSpaceDebugDrawOptions options = {.drawCircle = same_circle,
                                       .drawFatSegment = same_segment,
                                       .drawPolygon = same_polygon,
                                       .flags = CP_SPACE_DEBUG_DRAW_SHAPES,
                                       .colorForShape = paint_same,
                                       .data = &drawn};
    ck_assert_int_eq(fa_physics_draw(world, CP_SPACE_DEBUG_DRAW_SHAPES, paint,
                                     &red, &drawn.item, &count),
                     FA_OK);
    ck_assert_uint_eq(count, SHAPES);
    for (uint32_t i = 0; i < count; i++)
        ck_assert(drawn.item[i].fill.r == red);
    cpSpaceDebugDraw(space, &options);
    ck_assert_uint_eq(drawn.count, SHAPES);
}
END_TEST

START_TEST(queries_that_are_not_finite_are_refused)
{
    fa_physics_ray ray = {{NAN, 0}, {1, 1}, 0, CP_SHAPE_FILTER_ALL};
    const fa_physics_ray_hit *hits;
    const fa_physics_near *near;
    fa_physics_ray_hit hit;
    uint32_t count = 7;
    ck_assert_int_eq(fa_physics_ray_all(world, &ray, 0, &hits, &count),
                     FA_ERR_USAGE);
    ck_assert_uint_eq(count, 0);
    ck_assert(!fa_physics_ray_first(world, &ray, 0, &hit));
    ck_assert_int_eq(fa_physics_point_all(world, ray.a, 1, CP_SHAPE_FILTER_ALL,
                                          0, &near, &count),
                     FA_ERR_USAGE);
}
END_TEST

START_TEST(a_frame_without_room_refuses_and_keeps_nothing)
{
    fa_physics_ray ray = {{-90, 0}, {90, 0}, 9, CP_SHAPE_FILTER_ALL};
    const fa_physics_ray_hit *hits;
    uint32_t count;
    size_t before = fa_frame_used(w.frame);
    fa_tag tag = fa_tag_register(w.allocator, "small");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 512);
    fa_tag_push(w.ctx, tag);
    ck_assert_int_eq(fa_physics_ray_all(world, &ray, 0, &hits, &count),
                     FA_ERR_BUDGET);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(count, 0);
    ck_assert_uint_eq(fa_frame_used(w.frame), before);
    w.log.count = 0;
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics_query");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, rays_find_what_a_loop_over_all_shapes_finds);
    tcase_add_test(tc, a_ray_that_begins_inside_says_so);
    tcase_add_test(tc, points_find_what_a_loop_over_all_shapes_finds);
    tcase_add_test(tc, overlaps_find_what_a_loop_over_all_shapes_finds);
    tcase_add_test(tc, chipmunk_mode_is_what_chipmunk_says);
    tcase_add_test(tc, a_drawing_is_what_chipmunk_draws);
    suite_add_tcase(suite, tc);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, queries_that_are_not_finite_are_refused);
    tcase_add_test(limits, a_frame_without_room_refuses_and_keeps_nothing);
    suite_add_tcase(suite, limits);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, a_batch_is_the_same_on_any_number_of_threads);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
