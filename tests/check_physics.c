/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The physics module: worlds, steps and what they tell.
 */
#include "support.h"

#include <framealloc/physics.h>

static struct test_world w;
static cpSpace *space;
static fa_physics *world;
static fa_physics_config config;

#define DT (1.0 / 60)

static void
open_world(void)
{
    test_prepare(&w);
    test_open(&w);
    space = cpSpaceNew();
    config = (fa_physics_config)FA_PHYSICS_CONFIG_INIT;
    config.space = space;
    world = NULL;
}

static void
attach(void)
{
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &world), FA_OK);
}

static void
close_world(void)
{
    fa_physics_destroy(world);
    cpSpaceFree(space);
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 0);
}

static cpShape *
add_circle(cpFloat x, cpFloat y, cpFloat speed)
{
    cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 1));
    cpBodySetPosition(body, cpv(x, y));
    cpBodySetVelocity(body, cpv(speed, 0));
    return cpSpaceAddShape(space, cpCircleShapeNew(body, 1, cpvzero));
}

static void
remove_circle(cpShape *shape)
{
    cpBody *body = cpShapeGetBody(shape);
    cpSpaceRemoveShape(space, shape);
    cpSpaceRemoveBody(space, body);
    cpShapeFree(shape);
    cpBodyFree(body);
}

static const fa_physics_events *
step(void)
{
    const fa_physics_events *events;
    ck_assert_int_eq(fa_physics_step(world, DT, &events), FA_OK);
    return events;
}

START_TEST(a_touch_has_a_begin_with_final_impulses_and_an_end)
{
    attach();
    cpShape *a = add_circle(0, 0, 60);
    cpShape *b = add_circle(3, 0, 0);
    cpShapeSetUserData(b, &w);
    cpShapeSetElasticity(a, 1);
    cpShapeSetElasticity(b, 1);
    unsigned begins = 0, ends = 0;
    for (int i = 0; i < 20; i++) {
        test_begin(&w);
        const fa_physics_events *events = step();
        begins += events->begin_count;
        ends += events->end_count;
        if (events->begin_count == 1) {
            const fa_physics_contact *contact = events->begin;
            ck_assert_ptr_eq(contact->pair.shape_a, a);
            ck_assert_ptr_eq(contact->pair.user_b, &w);
            ck_assert_uint_eq(contact->point_count, 1);
            ck_assert_double_eq(contact->normal.x, 1);
            ck_assert_double_gt(contact->impulse, 1);
            ck_assert_double_gt(contact->speed, 50);
            ck_assert_uint_eq(fa_physics_touching_count(world), 1);
        }
        test_end(&w);
    }
    ck_assert_uint_eq(begins, 1);
    ck_assert_uint_eq(ends, 1);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

START_TEST(a_shape_that_is_removed_between_steps_ends_flagged)
{
    attach();
    cpShape *a = add_circle(0, 0, 0);
    cpShape *b = add_circle(1, 0, 0);
    test_begin(&w);
    ck_assert_uint_eq(step()->begin_count, 1);
    remove_circle(a);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->end_count, 1);
    ck_assert_uint_eq(events->end->flags, FA_PHYSICS_REMOVED_A);
    ck_assert_uint_eq(fa_physics_touching_count(world), 0);
    test_end(&w);
    remove_circle(b);
}
END_TEST

static int calls;

static cpBool
count_begin(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)arb;
    (void)in;
    ck_assert_ptr_eq(user, &calls);
    calls++;
    return cpTrue;
}

START_TEST(handlers_of_the_program_are_called_and_restored)
{
    cpCollisionHandler *handler = cpSpaceAddDefaultCollisionHandler(space);
    handler->beginFunc = count_begin;
    handler->userData = &calls;
    attach();
    cpShape *a = add_circle(0, 0, 0);
    cpShape *b = add_circle(1, 0, 0);
    calls = 0;
    test_begin(&w);
    ck_assert_uint_eq(step()->begin_count, 1);
    ck_assert_int_eq(calls, 1);
    test_end(&w);
    fa_physics_destroy(world);
    world = NULL;
    ck_assert(handler->beginFunc == count_begin);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

START_TEST(without_room_events_are_dropped_and_counted)
{
    config.event_budget = 1;
    attach();
    cpShape *a = add_circle(0, 0, 0);
    cpShape *b = add_circle(1, 0, 0);
    test_begin(&w);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->begin_count, 0);
    ck_assert_uint_eq(events->dropped.begin, 1);
    ck_assert_uint_eq(fa_physics_touching_count(world), 1);
    test_end(&w);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

START_TEST(a_step_outside_of_a_frame_does_nothing)
{
    const fa_physics_events *events = NULL;
    attach();
    cpShape *a = add_circle(0, 0, 60);
    ck_assert_int_eq(fa_physics_step(world, DT, &events), FA_ERR_STATE);
    ck_assert_ptr_null(events);
    ck_assert_double_eq(cpBodyGetPosition(cpShapeGetBody(a)).x, 0);
    ck_assert_uint_eq(test_log_count(&w.log, 1), 1);
    w.log.count = 0;
    remove_circle(a);
}
END_TEST

START_TEST(a_space_has_one_world)
{
    fa_physics *second;
    attach();
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &second),
                     FA_ERR_USAGE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_touch_has_a_begin_with_final_impulses_and_an_end);
    tcase_add_test(tc, a_shape_that_is_removed_between_steps_ends_flagged);
    tcase_add_test(tc, handlers_of_the_program_are_called_and_restored);
    suite_add_tcase(suite, tc);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, without_room_events_are_dropped_and_counted);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_step_outside_of_a_frame_does_nothing);
    tcase_add_test(misuse, a_space_has_one_world);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
