/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fixed steps, commands from callbacks, batch removal, and pools of the
 * physics module.
 */
#include "support.h"

#include <framealloc/physics.h>

#include <chipmunk/chipmunk_private.h>

static struct test_world w;
static cpSpace *space;
static fa_physics *world;

#define DT (1.0 / 60)

static void
open_world(void)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    test_prepare(&w);
    test_open(&w);
    space = config.space = cpSpaceNew();
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &world), FA_OK);
    test_begin(&w);
}

static void
close_world(void)
{
    test_end(&w);
    fa_physics_destroy(world);
    cpSpaceFree(space);
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 0);
}

/* A pooled body with a circle, in the space. */
static cpBody *
spawn(cpFloat x, cpFloat y)
{
    cpBody *body = fa_physics_body_new(world, CP_BODY_TYPE_DYNAMIC, 1, 1);
    cpShape *shape = fa_physics_circle_new(world, body, 1, cpvzero);
    cpBodySetPosition(body, cpv(x, y));
    cpSpaceAddBody(space, body);
    cpSpaceAddShape(space, shape);
    return body;
}

static void
remove_all(cpBody **bodies, size_t count)
{
    ck_assert_int_eq(
        fa_physics_remove_bodies(world, bodies, count, FA_PHYSICS_FREE_POOLED),
        FA_OK);
}

static const fa_physics_events *
step(void)
{
    const fa_physics_events *events;
    ck_assert_int_eq(fa_physics_step(world, DT, &events), FA_OK);
    return events;
}

START_TEST(time_is_cut_into_steps_and_the_rest_is_kept)
{
    fa_physics_advanced advanced;
    unsigned steps = 0;
    for (int i = 0; i < 100; i++) {
        ck_assert_int_eq(fa_physics_advance(world, 1.0 / 144, &advanced),
                         FA_OK);
        ck_assert(advanced.alpha >= 0 && advanced.alpha < 1);
        steps += advanced.step_count;
    }
    ck_assert_uint_eq(steps, 41); /* 100 / 144 * 60. */
    ck_assert_int_eq(fa_physics_advance(world, 1, &advanced), FA_OK);
    ck_assert_uint_eq(advanced.step_count, 8);
    ck_assert_double_eq_tol(advanced.dropped_time, 52 * DT, 1e-9);
}
END_TEST

START_TEST(poses_go_from_the_step_before_to_the_last)
{
    fa_physics_advanced advanced;
    const fa_physics_pose *poses;
    uint32_t count;
    cpBody *body = spawn(3, 0);
    cpBodySetVelocity(body, cpv(60, 0));
    ck_assert_int_eq(fa_physics_advance(world, DT, &advanced), FA_OK);
    cpFloat x = cpBodyGetPosition(body).x;
    for (int i = 0; i <= 2; i++) {
        ck_assert_int_eq(fa_physics_interpolate(world, i / 2.0, &poses, &count),
                         FA_OK);
        ck_assert_uint_eq(count, 1);
        ck_assert_double_eq_tol(poses[0].position.x, 3 + (x - 3) * i / 2,
                                1e-12);
    }
    ck_assert(poses[0].position.x == x);
    remove_all(&body, 1);
}
END_TEST

static void
remove_both(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)in;
    (void)user;
    CP_ARBITER_GET_BODIES(arb, a, b);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(
            fa_physics_defer_remove_body(world, a, FA_PHYSICS_FREE_POOLED),
            FA_OK);
        ck_assert_int_eq(
            fa_physics_defer_remove_body(world, b, FA_PHYSICS_FREE_POOLED),
            FA_OK);
    }
    ck_assert_int_eq(fa_physics_remove_bodies(world, &a, 1, FA_PHYSICS_KEEP),
                     FA_ERR_STATE);
}

START_TEST(bodies_removed_in_a_callback_begin_and_end_in_one_step)
{
    cpSpaceAddDefaultCollisionHandler(space)->postSolveFunc = remove_both;
    spawn(0, 0);
    spawn(1, 0);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->begin_count, 1);
    ck_assert_uint_eq(events->end_count, 1);
    uint32_t both = FA_PHYSICS_REMOVED_A | FA_PHYSICS_REMOVED_B;
    ck_assert_uint_eq(events->begin->flags, both);
    ck_assert_uint_eq(events->end->flags, both);
    ck_assert_uint_eq(fa_physics_touching_count(world), 0);
    ck_assert_uint_eq(step()->end_count, 0);
}
END_TEST

static int called;

static void
call_again(fa_physics *in, void *user)
{
    ck_assert_ptr_eq(user, &called);
    if (++called < 3)
        ck_assert_int_eq(fa_physics_defer_call(in, call_again, user), FA_OK);
}

static cpBool
push_sleeper(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)in;
    (void)user;
    CP_ARBITER_GET_BODIES(arb, a, b);
    ck_assert_int_eq(
        fa_physics_defer_impulse(world, a, cpv(0, 9), cpBodyGetPosition(a)),
        FA_OK);
    ck_assert_int_eq(fa_physics_defer_wake(world, b), FA_OK);
    ck_assert_int_eq(fa_physics_defer_call(world, call_again, &called), FA_OK);
    return cpTrue;
}

START_TEST(commands_outside_of_a_step_run_at_once_or_not_at_all)
{
    cpBody *body = spawn(0, 0);
    ck_assert_int_eq(fa_physics_defer_impulse(world, body, cpv(0, 9), cpvzero),
                     FA_OK);
    ck_assert_double_eq(cpBodyGetVelocity(body).y, 9);
    cpSpaceLock(space);
    ck_assert_int_eq(fa_physics_defer_impulse(world, body, cpv(0, 9), cpvzero),
                     FA_ERR_STATE);
    cpSpaceUnlock(space, cpTrue);
    step();
    ck_assert_double_eq(cpBodyGetVelocity(body).y, 9);
    remove_all(&body, 1);
}
END_TEST

START_TEST(callbacks_may_push_wake_and_call)
{
    cpBody *body[2] = {spawn(0, 0), spawn(1, 0)};
    cpSpaceSetSleepTimeThreshold(space, 0.1);
    cpBodySleep(body[0]);
    cpSpaceAddDefaultCollisionHandler(space)->beginFunc = push_sleeper;
    called = 0;
    step();
    ck_assert_int_eq(called, 3);
    ck_assert_double_gt(
        cpBodyGetVelocity(body[0]).y + cpBodyGetVelocity(body[1]).y, 8);
    remove_all(body, 2);
}
END_TEST

enum { MANY = 120 };

enum removal { BODIES_AT_ONCE, BODIES_ALONE, SHAPES_AT_ONCE, SHAPES_ALONE };

/* Shapes by Chipmunk itself, where they go one by one. */
static void
remove_half(cpBody **body, enum removal removal)
{
    cpShape *shape[MANY / 2];
    for (int i = 0; i < MANY / 2; i++) {
        shape[i] = body[i]->shapeList;
        if (removal == BODIES_ALONE)
            remove_all(&body[i], 1);
        else if (removal == SHAPES_ALONE)
            cpSpaceRemoveShape(space, shape[i]);
    }
    if (removal == BODIES_AT_ONCE)
        remove_all(body, MANY / 2);
    if (removal == SHAPES_AT_ONCE)
        ck_assert_int_eq(
            fa_physics_remove_shapes(world, shape, MANY / 2, FA_PHYSICS_KEEP),
            FA_OK);
    if (removal < SHAPES_AT_ONCE)
        return;
    for (int i = 0; i < MANY / 2; i++) {
        ck_assert_int_eq(fa_physics_shape_free(world, shape[i]), FA_OK);
        remove_all(&body[i], 1);
    }
}

static uint64_t
state_after_removal(enum removal removal, unsigned *ends)
{
    cpBody *body[MANY];
    uint64_t hash = 5;
    for (int i = 0; i < MANY; i++)
        body[i] = spawn(i % 12 * 1.5, i / 12 * 1.5);
    for (int i = 0; i < 5; i++)
        step();
    remove_half(body, removal);
    *ends = step()->end_count;
    for (int i = 0; i < 100; i++)
        step();
    for (int i = MANY / 2; i < MANY; i++) {
        cpVect p = cpBodyGetPosition(body[i]);
        unsigned char bytes[sizeof(p)];
        memcpy(bytes, &p, sizeof(p));
        for (size_t k = 0; k < sizeof(p); k++)
            hash = hash * 31 + bytes[k];
    }
    remove_all(body + MANY / 2, MANY / 2);
    step();
    return hash;
}

START_TEST(many_at_once_is_the_same_as_one_by_one)
{
    unsigned ends[4];
    uint64_t state[4];
    for (int i = 0; i < 4; i++) {
        state[i] = state_after_removal((enum removal)i, &ends[i]);
        ck_assert_uint_eq(ends[i], ends[0]);
        ck_assert(state[i] == state[0]);
        close_world();
        open_world();
    }
    ck_assert_uint_gt(ends[0], 50);
}
END_TEST

START_TEST(polygons_of_any_size_collide_as_chipmunks_do)
{
    cpVect ring[16];
    for (int i = 0; i < 16; i++)
        ring[i] = cpvmult(cpvforangle(i * CP_PI / 8), 3);
    cpBody *own = fa_physics_body_new(world, CP_BODY_TYPE_KINEMATIC, 0, 0);
    cpBody *raw = cpBodyNewKinematic();
    cpShape *pooled = fa_physics_poly_new(world, own, ring, 16, 0.5);
    cpShape *plain = cpPolyShapeNewRaw(raw, 16, ring, 0.5);
    cpShape *box = cpBoxShapeNew(raw, 2, 2, 0);
    for (int i = 0; i < 50; i++) {
        cpTransform at = cpTransformRigid(cpv(i * 0.1, 1), i * 0.3);
        cpShapeUpdate(pooled, at);
        cpShapeUpdate(plain, at);
        cpShapeUpdate(box, cpTransformIdentity);
        cpContactPointSet a = cpShapesCollide(pooled, box);
        cpContactPointSet b = cpShapesCollide(plain, box);
        ck_assert_int_eq(a.count, b.count);
        ck_assert(cpveql(a.normal, b.normal));
        ck_assert_double_eq(cpShapeGetBB(pooled).l, cpShapeGetBB(plain).l);
    }
    ck_assert_double_eq(cpShapeGetArea(pooled), cpShapeGetArea(plain));
    ck_assert_double_eq(cpShapeGetMoment(pooled), cpShapeGetMoment(plain));
    cpShapeFree(plain);
    cpShapeFree(box);
    cpBodyFree(raw);
    ck_assert_int_eq(fa_physics_shape_free(world, pooled), FA_OK);
    ck_assert_int_eq(fa_physics_body_free(world, own), FA_OK);
}
END_TEST

START_TEST(a_pooled_body_is_byte_by_byte_one_of_chipmunk)
{
    const cpFloat masses[] = {1, 0.3, 1e9, 0};
    const cpFloat moments[] = {1, 7, INFINITY, 0};
    for (int m = 0; m < 4; m++)
        for (int i = 0; i < 4; i++) {
            cpBody *body = fa_physics_body_new(world, CP_BODY_TYPE_DYNAMIC,
                                               masses[m], moments[i]);
            cpBody *other = cpBodyNew(masses[m], moments[i]);
            ck_assert_mem_eq(body, other, sizeof(cpBody));
            cpBodyFree(other);
            ck_assert_int_eq(fa_physics_body_free(world, body), FA_OK);
        }
}
END_TEST

START_TEST(what_is_in_the_space_is_not_freed)
{
    cpBody *body = spawn(0, 0);
    ck_assert_int_eq(fa_physics_body_free(world, body), FA_ERR_STATE);
    remove_all(&body, 1);
}
END_TEST

START_TEST(joints_go_with_their_bodies)
{
    cpBody *body[2] = {spawn(0, 0), spawn(5, 0)};
    struct cpPinJoint *joint = fa_physics_joint_alloc(world);
    cpPinJointInit(joint, body[0], body[1], cpvzero, cpvzero);
    cpSpaceAddConstraint(space, &joint->constraint);
    step();
    remove_all(body, 2);
    step();
}
END_TEST

START_TEST(what_is_not_in_the_space_is_not_removed)
{
    cpBody *inside = spawn(0, 0);
    cpBody *outside = cpBodyNew(1, 1);
    cpBody *both[] = {inside, outside};
    ck_assert_int_eq(fa_physics_remove_bodies(world, both, 2, FA_PHYSICS_KEEP),
                     FA_ERR_USAGE);
    ck_assert(cpSpaceContainsBody(space, inside));
    cpBodyFree(outside);
    remove_all(&inside, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics_change");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, time_is_cut_into_steps_and_the_rest_is_kept);
    tcase_add_test(tc, poses_go_from_the_step_before_to_the_last);
    tcase_add_test(tc, bodies_removed_in_a_callback_begin_and_end_in_one_step);
    tcase_add_test(tc, callbacks_may_push_wake_and_call);
    tcase_add_test(tc, commands_outside_of_a_step_run_at_once_or_not_at_all);
    tcase_add_test(tc, many_at_once_is_the_same_as_one_by_one);
    tcase_add_test(tc, polygons_of_any_size_collide_as_chipmunks_do);
    tcase_add_test(tc, a_pooled_body_is_byte_by_byte_one_of_chipmunk);
    tcase_add_test(tc, joints_go_with_their_bodies);
    suite_add_tcase(suite, tc);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, what_is_in_the_space_is_not_freed);
    tcase_add_test(misuse, what_is_not_in_the_space_is_not_removed);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
