/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Canonical stepping, snapshots and replays of the physics module.
 */
#include "support.h"

#include <framealloc/physics.h>

#define DT      (1.0 / 60)
#define STEPS   200
#define BODIES  120
#define ROOM    ((size_t)1 << 20)
#define SCENES  4
#define ROLLERS 1000

/* Memcheck needs a minute for what takes a second. */
static int
steps(void)
{
    return 10 + (int)test_scaled(STEPS - 10);
}

static struct test_world w;
static cpSpace *space;
static fa_physics *world;
static unsigned char *buffer;

static void
add(int i, cpFloat x, cpFloat y, int scene)
{
    cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 20));
    cpShape *shape;
    cpBodySetPosition(body, cpv(x, y));
    cpBodySetAngle(body, i * 0.1);
    if (scene == 0 || (scene >= 2 && i % 2 == 0))
        shape = cpCircleShapeNew(body, 4, cpvzero);
    else
        shape = cpBoxShapeNew(body, 8, 8, 0.3);
    cpSpaceAddShape(space, shape);
    cpShapeSetFriction(shape, 0.6);
    cpShapeSetElasticity(shape, 0.1 * (i % 4));
    cpShapeSetSensor(shape, scene == 3 && i % 9 == 0);
}

static void
add_joints(void)
{
    cpBody *last = NULL;
    for (int i = 0; i < 12; i++) {
        cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 20));
        cpBodySetPosition(body, cpv(-60 + 10 * i, 180));
        cpSpaceAddShape(space, cpCircleShapeNew(body, 3, cpvzero));
        cpBody *to = last != NULL ? last : cpSpaceGetStaticBody(space);
        cpVect at = cpBodyGetPosition(body);
        if (i % 3 == 0)
            cpSpaceAddConstraint(space, cpPivotJointNew(body, to, at));
        else if (i % 3 == 1)
            cpSpaceAddConstraint(
                space, cpDampedSpringNew(body, to, cpvzero, cpvzero, 9, 80, 2));
        else
            cpSpaceAddConstraint(
                space, cpSlideJointNew(body, to, cpvzero, cpvzero, 5, 12));
        last = body;
    }
}

static void
build(int scene, unsigned flags)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    space = config.space = cpSpaceNew();
    config.flags = flags;
    cpSpaceSetGravity(space, cpv(0, -100));
    const cpVect wall[] = {{-90, 300}, {-90, 0}, {90, 0}, {90, 300}};
    for (int i = 0; i < 3; i++)
        cpShapeSetFriction(
            cpSpaceAddShape(space,
                            cpSegmentShapeNew(cpSpaceGetStaticBody(space),
                                              wall[i], wall[i + 1], 2)),
            0.8);
    for (int i = 0; i < BODIES; i++)
        add(i, -75 + i % 12 * 13 + i / 12 % 2, 10 + i / 12 * 12.5, scene);
    if (scene >= 2)
        add_joints();
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &world), FA_OK);
}

static void
free_shape(cpBody *body, cpShape *shape, void *user)
{
    (void)body;
    (void)user;
    cpSpaceRemoveShape(space, shape);
    cpShapeFree(shape);
}

static void
free_joint(cpConstraint *joint, void *user)
{
    cpConstraint ***end = user;
    *(*end)++ = joint;
}

static void
free_body(cpBody *body, void *user)
{
    cpBody ***end = user;
    *(*end)++ = body;
}

static void
destroy(void)
{
    cpBody *bodies[2 * BODIES], **end = bodies;
    cpConstraint *joints[64], **last = joints;
    fa_physics_destroy(world);
    cpSpaceEachConstraint(space, free_joint, &last);
    for (cpConstraint **j = joints; j < last; j++) {
        cpSpaceRemoveConstraint(space, *j);
        cpConstraintFree(*j);
    }
    cpSpaceEachBody(space, free_body, &end);
    for (cpBody **b = bodies; b < end; b++) {
        cpBodyEachShape(*b, free_shape, NULL);
        cpSpaceRemoveBody(space, *b);
        cpBodyFree(*b);
    }
    cpBodyEachShape(cpSpaceGetStaticBody(space), free_shape, NULL);
    cpSpaceFree(space);
}

static void
open_world(void)
{
    test_prepare(&w);
    test_open(&w);
    buffer = malloc(ROOM);
}

static void
close_world(void)
{
    free(buffer);
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 0);
}

static unsigned
step(void)
{
    const fa_physics_events *events;
    test_begin(&w);
    ck_assert_int_eq(fa_physics_step(world, DT, &events), FA_OK);
    unsigned count = events->begin_count * 1000 + events->end_count * 7 +
                     events->sensor_begin_count;
    test_end(&w);
    return count;
}

static size_t
take(void)
{
    size_t used;
    ck_assert_int_eq(fa_physics_snapshot(world, buffer, ROOM, &used), FA_OK);
    ck_assert_uint_eq(used, fa_physics_snapshot_size(world));
    return used;
}

START_TEST(steps_after_a_restore_are_those_of_then)
{
    uint64_t hash[STEPS];
    unsigned events[STEPS];
    build(_i, FA_PHYSICS_CANONICAL);
    for (int i = 0; i < 40; i++)
        step();
    size_t used = take();
    for (int i = 0; i < steps(); i++) {
        events[i] = step();
        hash[i] = fa_physics_hash(world);
    }
    for (int round = 0; round < 3; round++) {
        ck_assert_int_eq(fa_physics_restore(world, buffer, used), FA_OK);
        for (int i = 0; i < steps(); i++) {
            ck_assert_uint_eq(events[i], step());
            ck_assert_uint_eq(hash[i], fa_physics_hash(world));
        }
    }
    destroy();
}
END_TEST

START_TEST(a_fresh_space_goes_on_from_a_snapshot)
{
    uint64_t hash[STEPS];
    build(_i, FA_PHYSICS_CANONICAL);
    for (int i = 0; i < 60; i++)
        step();
    size_t used = take();
    for (int i = 0; i < steps(); i++) {
        step();
        hash[i] = fa_physics_hash(world);
    }
    destroy();
    build(_i, FA_PHYSICS_CANONICAL);
    ck_assert_int_eq(fa_physics_restore(world, buffer, used), FA_OK);
    for (int i = 0; i < steps(); i++) {
        step();
        ck_assert_uint_eq(hash[i], fa_physics_hash(world));
    }
    destroy();
}
END_TEST

START_TEST(random_rollbacks_are_bit_identical)
{
    uint64_t seed = 11, hash[64];
    build(2, FA_PHYSICS_CANONICAL);
    for (size_t i = 0; i < test_scaled(ROLLERS); i++) {
        seed = seed * UINT64_C(6364136223846793005) + 1;
        unsigned count = 1 + (unsigned)(seed >> 40) % 20;
        size_t used = take();
        for (unsigned k = 0; k < count; k++) {
            step();
            hash[k] = fa_physics_hash(world);
        }
        ck_assert_int_eq(fa_physics_restore(world, buffer, used), FA_OK);
        for (unsigned k = 0; k < 1 + count / 2; k++) {
            step();
            ck_assert_uint_eq(hash[k], fa_physics_hash(world));
        }
    }
    destroy();
}
END_TEST

START_TEST(without_canonical_stepping_there_are_no_snapshots)
{
    size_t used;
    build(0, 0);
    step();
    ck_assert_int_eq(fa_physics_snapshot(world, buffer, ROOM, &used),
                     FA_ERR_UNSUPPORTED);
    destroy();
}
END_TEST

START_TEST(a_snapshot_of_other_bodies_is_refused_and_changes_nothing)
{
    build(0, FA_PHYSICS_CANONICAL);
    for (int i = 0; i < 30; i++)
        step();
    size_t used = take();
    add(0, 0, 250, 0);
    step();
    uint64_t hash = fa_physics_hash(world);
    ck_assert_int_eq(fa_physics_restore(world, buffer, used), FA_ERR_STALE);
    ck_assert_uint_eq(hash, fa_physics_hash(world));
    destroy();
}
END_TEST

START_TEST(a_damaged_snapshot_is_refused_or_harmless)
{
    build(3, FA_PHYSICS_CANONICAL);
    for (int i = 0; i < 60; i++)
        step();
    size_t used = take();
    for (size_t cut = 0; cut < used; cut += 1 + used / 97)
        ck_assert_int_ne(fa_physics_restore(world, buffer, cut), FA_OK);
    buffer[0] ^= 1;
    ck_assert_int_eq(fa_physics_restore(world, buffer, used), FA_ERR_USAGE);
    destroy();
}
END_TEST

START_TEST(a_room_that_is_too_small_is_refused)
{
    size_t used;
    build(1, FA_PHYSICS_CANONICAL);
    for (int i = 0; i < 60; i++)
        step();
    size_t size = fa_physics_snapshot_size(world);
    ck_assert_int_eq(fa_physics_snapshot(world, buffer, size - 1, &used),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_physics_snapshot(world, buffer, size, &used), FA_OK);
    destroy();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics_snapshot");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, steps_after_a_restore_are_those_of_then, 0, SCENES);
    tcase_add_loop_test(tc, a_fresh_space_goes_on_from_a_snapshot, 0, SCENES);
    tcase_add_test(tc, random_rollbacks_are_bit_identical);
    suite_add_tcase(suite, tc);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, without_canonical_stepping_there_are_no_snapshots);
    tcase_add_test(misuse,
                   a_snapshot_of_other_bodies_is_refused_and_changes_nothing);
    tcase_add_test(misuse, a_damaged_snapshot_is_refused_or_harmless);
    tcase_add_test(misuse, a_room_that_is_too_small_is_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
