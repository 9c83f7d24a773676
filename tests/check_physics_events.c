/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What events of the physics module say, against what Chipmunk's own functions
 * say at the same time: contacts, removals, sleep, moves and callbacks.
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
    config.events = FA_PHYSICS_DEFAULT | FA_PHYSICS_PERSIST;
    ck_assert_int_eq(fa_physics_create(w.allocator, &config, &world), FA_OK);
    test_begin(&w);
}

static void
free_joint(cpBody *body, cpConstraint *joint, void *data)
{
    (void)body;
    (void)data;
    cpSpaceRemoveConstraint(space, joint);
    cpConstraintFree(joint);
}

static void
free_shape(cpBody *body, cpShape *shape, void *data)
{
    (void)body;
    (void)data;
    if (cpShapeGetSpace(shape) != NULL)
        cpSpaceRemoveShape(space, shape);
    cpShapeFree(shape);
}

static void
free_body(cpBody *body)
{
    cpBodyEachConstraint(body, free_joint, NULL);
    cpBodyEachShape(body, free_shape, NULL);
    if (cpBodyGetSpace(body) != NULL)
        cpSpaceRemoveBody(space, body);
    cpBodyFree(body);
}

static void
close_world(void)
{
    test_end(&w);
    fa_physics_destroy(world);
    while (space->sleepingComponents->num != 0)
        cpBodyActivate(space->sleepingComponents->arr[0]);
    while (space->dynamicBodies->num != 0)
        free_body(space->dynamicBodies->arr[0]);
    cpBodyEachShape(cpSpaceGetStaticBody(space), free_shape, NULL);
    cpSpaceFree(space);
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 0);
}

static cpBody *
add_body(cpFloat x, cpFloat y)
{
    cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 10));
    cpBodySetPosition(body, cpv(x, y));
    return body;
}

static cpShape *
add_circle(cpFloat x, cpFloat y)
{
    return cpSpaceAddShape(space, cpCircleShapeNew(add_body(x, y), 1, cpvzero));
}

static cpShape *
add_ground(void)
{
    cpShape *ground = cpSegmentShapeNew(cpSpaceGetStaticBody(space),
                                        cpv(-100, 0), cpv(100, 0), 0.5);
    cpSpaceSetGravity(space, cpv(0, -50));
    cpShapeSetFriction(ground, 1);
    return cpSpaceAddShape(space, ground);
}

static const fa_physics_events *
step(void)
{
    const fa_physics_events *events;
    test_end(&w);
    test_begin(&w);
    ck_assert_int_eq(fa_physics_step(world, DT, &events), FA_OK);
    return events;
}

/* --- contacts --- */

/* What the public functions say in postSolve, where impulses are final. */
struct seen {
    const cpShape *a, *b;
    cpContactPointSet set;
    cpVect impulse;
};

static struct seen seen[64];
static uint32_t seen_count;

static void
see(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)in;
    (void)user;
    CP_ARBITER_GET_SHAPES(arb, a, b);
    ck_assert_uint_lt(seen_count, 64);
    seen[seen_count++] = (struct seen){a, b, cpArbiterGetContactPointSet(arb),
                                       cpArbiterTotalImpulse(arb)};
}

static bool
same_point(const fa_physics_point *point, cpVect a, cpVect b)
{
    return cpveql(point->a, a) && cpveql(point->b, b);
}

/* Points and normal are the same bits; the impulse is rounded elsewhere. */
static bool
is_seen(const fa_physics_contact *contact)
{
    for (uint32_t i = 0; i < seen_count; i++) {
        const struct seen *s = &seen[i];
        bool is_same = contact->pair.shape_a == s->a;
        if (contact->pair.shape_a != (is_same ? s->a : s->b) ||
            contact->pair.shape_b != (is_same ? s->b : s->a))
            continue;
        cpVect normal = is_same ? s->set.normal : cpvneg(s->set.normal);
        ck_assert(cpveql(contact->normal, normal));
        ck_assert_uint_eq(contact->point_count, (uint32_t)s->set.count);
        for (int p = 0; p < s->set.count; p++) {
            cpVect a = s->set.points[p].pointA, b = s->set.points[p].pointB;
            ck_assert(same_point(&contact->point[p], is_same ? a : b,
                                 is_same ? b : a));
        }
        ck_assert_double_eq_tol(contact->impulse, cpvlength(s->impulse),
                                1e-12 * (1 + cpvlength(s->impulse)));
        return true;
    }
    return false;
}

START_TEST(contacts_are_what_chipmunk_says_after_solving)
{
    uint32_t begins = 0, two_points = 0;
    cpSpaceAddDefaultCollisionHandler(space)->postSolveFunc = see;
    add_ground();
    for (int i = 0; i < 12; i++) {
        cpBody *body = add_body(i % 4 * 2.1, 3 + i * 1.2);
        cpShape *shape = i % 2 ? cpBoxShapeNew(body, 2, 2, 0)
                               : cpCircleShapeNew(body, 1, cpvzero);
        cpShapeSetFriction(cpSpaceAddShape(space, shape), 0.5);
    }
    for (size_t i = 0; i < 200; i++) {
        seen_count = 0;
        const fa_physics_events *events = step();
        for (uint32_t k = 0; k < events->begin_count; k++)
            ck_assert(is_seen(&events->begin[k]));
        for (uint32_t k = 0; k < events->persist_count; k++) {
            ck_assert(is_seen(&events->persist[k]));
            two_points += events->persist[k].point_count == 2;
        }
        ck_assert_uint_eq(events->begin_count + events->persist_count,
                          seen_count);
        begins += events->begin_count;
    }
    ck_assert_uint_ge(begins, 12);
    ck_assert_uint_gt(two_points, 100);
}
END_TEST

/* --- handlers --- */

static int calls;

static cpBool
count_begin(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)arb;
    (void)in;
    (void)user;
    calls++;
    return cpTrue;
}

static cpBool
add_handler(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)arb;
    (void)user;
    cpSpaceAddCollisionHandler(in, 7, 8)->beginFunc = count_begin;
    return cpTrue;
}

START_TEST(a_handler_that_a_callback_adds_is_followed)
{
    cpSpaceAddDefaultCollisionHandler(space)->beginFunc = add_handler;
    add_circle(0, 0);
    add_circle(1, 0);
    ck_assert_uint_eq(step()->begin_count, 1);
    cpShapeSetCollisionType(add_circle(50, 0), 7);
    cpShape *late = add_circle(51, 0);
    cpShapeSetCollisionType(late, 8);
    ck_assert_uint_eq(step()->begin_count, 1);
    ck_assert_int_eq(calls, 1);
    cpBodySetPosition(cpShapeGetBody(late), cpv(80, 0));
    ck_assert_uint_eq(step()->end_count, 1);
    calls = 0;
}
END_TEST

/* --- removal --- */

static void
remove_on_separate(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)in;
    CP_ARBITER_GET_SHAPES(arb, a, b);
    cpShape *doomed = a == user ? a : b;
    ck_assert_int_eq(
        fa_physics_defer_remove_shape(world, doomed, FA_PHYSICS_KEEP), FA_OK);
    ck_assert_int_eq(
        fa_physics_defer_remove_shape(world, doomed, FA_PHYSICS_KEEP), FA_OK);
}

START_TEST(a_shape_may_be_removed_when_it_separates)
{
    cpCollisionHandler *handler = cpSpaceAddDefaultCollisionHandler(space);
    cpShape *a = add_circle(0, 0), *b = add_circle(1, 0), *c = add_circle(2, 0);
    step();
    handler->separateFunc = remove_on_separate;
    handler->userData = b;
    cpBodySetPosition(cpShapeGetBody(a), cpv(-50, 0));
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->end_count, 2);
    ck_assert_ptr_eq(events->end[1].pair.shape_b, c);
    ck_assert_uint_ne(events->end[1].flags & FA_PHYSICS_REMOVED_A, 0);
    ck_assert_ptr_null(cpShapeGetSpace(b));
    ck_assert_uint_eq(fa_physics_touching_count(world), 0);
    cpShapeFree(b);
}
END_TEST

START_TEST(a_shape_that_is_named_twice_is_removed_once)
{
    cpShape *a = add_circle(0, 0);
    add_circle(1, 0);
    step();
    cpShape *both[] = {a, a};
    ck_assert_int_eq(fa_physics_remove_shapes(world, both, 2, FA_PHYSICS_KEEP),
                     FA_OK);
    ck_assert_uint_eq(step()->end_count, 1);
    ck_assert_int_eq(fa_physics_remove_shapes(world, &a, 1, FA_PHYSICS_KEEP),
                     FA_ERR_USAGE);
    cpShapeFree(a);
}
END_TEST

START_TEST(a_body_goes_with_all_of_its_shapes)
{
    enum { MANY = 9 };
    cpBody *body = add_body(0, 0);
    for (int i = 0; i < MANY; i++) {
        cpSpaceAddShape(space, cpCircleShapeNew(body, 1, cpv(5 * i, 0)));
        add_circle(5 * i + 1, 0);
    }
    ck_assert_uint_eq(step()->begin_count, MANY);
    ck_assert_int_eq(fa_physics_remove_bodies(world, &body, 1, FA_PHYSICS_FREE),
                     FA_OK);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->end_count, MANY);
    for (int i = 0; i < MANY; i++)
        ck_assert_uint_eq(events->end[i].flags,
                          events->end[i].pair.body_a == body
                              ? FA_PHYSICS_REMOVED_A
                              : FA_PHYSICS_REMOVED_B);
}
END_TEST

/* --- sleep --- */

static int
count_asleep(void)
{
    int count = 0;
    for (int i = 0; i < space->sleepingComponents->num; i++)
        for (const cpBody *body = space->sleepingComponents->arr[i];
             body != NULL; body = body->sleeping.next)
            count++;
    return count;
}

static bool
is_moved(const fa_physics_events *events, const cpBody *body)
{
    for (uint32_t i = 0; i < events->move_count; i++)
        if (events->move[i].body == body)
            return true;
    return false;
}

/* Takes the changes of a step; each must be one. */
static void
follow_sleep(const fa_physics_events *events, cpBody **body, bool *is_asleep,
             int count)
{
    for (uint32_t i = 0; i < events->sleep_count; i++)
        for (int k = 0; k < count; k++)
            if (body[k] == events->sleep[i].body) {
                ck_assert(is_asleep[k] != events->sleep[i].is_asleep);
                is_asleep[k] = events->sleep[i].is_asleep;
            }
}

START_TEST(sleep_and_wake_alternate_and_who_sleeps_does_not_move)
{
    enum { COUNT = 6 };
    cpBody *body[COUNT];
    cpVect old[COUNT];
    bool is_asleep[COUNT] = {false}, slept_at_step_start[COUNT];
    int most = 0;
    cpSpaceSetSleepTimeThreshold(space, 0.2);
    add_ground();
    for (int i = 0; i < COUNT; i++)
        body[i] = cpShapeGetBody(add_circle(i % 3 * 10, 1.5 + i / 3 * 2));
    for (int i = 0; i < 600; i++) {
        if (i % 150 == 149)
            cpBodyApplyImpulseAtLocalPoint(body[i / 150], cpv(0, 9), cpvzero);
        for (int k = 0; k < COUNT; k++) {
            old[k] = cpBodyGetPosition(body[k]);
            slept_at_step_start[k] = cpBodyIsSleeping(body[k]);
        }
        const fa_physics_events *events = step();
        int asleep = 0;
        follow_sleep(events, body, is_asleep, COUNT);
        for (int k = 0; k < COUNT; k++) {
            asleep += is_asleep[k];
            ck_assert(is_asleep[k] == cpBodyIsSleeping(body[k]));
            ck_assert(!slept_at_step_start[k] || !is_asleep[k] ||
                      !is_moved(events, body[k]));
            ck_assert(cpveql(old[k], cpBodyGetPosition(body[k])) ||
                      is_moved(events, body[k]));
        }
        ck_assert_int_eq(asleep, count_asleep());
        most = asleep > most ? asleep : most;
    }
    ck_assert_int_eq(most, COUNT);
}
END_TEST

START_TEST(a_static_shape_under_sleepers_ends_when_it_is_removed)
{
    cpSpaceSetSleepTimeThreshold(space, 0.2);
    cpShape *ground = add_ground();
    cpBody *body = cpShapeGetBody(add_circle(0, 1.5));
    for (int i = 0; i < 120 && !cpBodyIsSleeping(body); i++)
        step();
    ck_assert(cpBodyIsSleeping(body));
    ck_assert_uint_eq(fa_physics_touching_count(world), 1);
    ck_assert_int_eq(
        fa_physics_remove_shapes(world, &ground, 1, FA_PHYSICS_FREE), FA_OK);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->end_count, 1);
    ck_assert_uint_eq(events->sleep_count, 1);
    ck_assert(!events->sleep->is_asleep);
    ck_assert_uint_eq(fa_physics_touching_count(world), 0);
}
END_TEST

static cpBool
push_sleeper(cpArbiter *arb, cpSpace *in, cpDataPointer sleeper)
{
    (void)arb;
    (void)in;
    ck_assert_int_eq(fa_physics_defer_impulse(world, sleeper, cpv(0, 20),
                                              cpBodyGetPosition(sleeper)),
                     FA_OK);
    return cpTrue;
}

START_TEST(an_impulse_for_a_sleeper_wakes_it_after_the_step)
{
    cpCollisionHandler *handler = cpSpaceAddDefaultCollisionHandler(space);
    cpSpaceSetSleepTimeThreshold(space, 0.2);
    add_ground();
    cpBody *sleeper = cpShapeGetBody(add_circle(0, 1.5));
    for (int i = 0; i < 120; i++)
        step();
    ck_assert(cpBodyIsSleeping(sleeper));
    handler->beginFunc = push_sleeper;
    handler->userData = sleeper;
    add_circle(50, 1.4);
    step();
    ck_assert(!cpBodyIsSleeping(sleeper));
    ck_assert_double_gt(cpBodyGetVelocity(sleeper).y, 15);
}
END_TEST

/* --- post-step callbacks --- */

static uintptr_t order[16];
static int order_count;

static void
note_key(cpSpace *in, void *key, void *user)
{
    (void)in;
    (void)user;
    order[order_count++] = (uintptr_t)key;
}

/* The second key is known already. */
static cpBool
call_later(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)arb;
    (void)user;
    static const uintptr_t keys[] = {3, 3, 1, 2};
    for (int i = 0; i < 4; i++)
        cpSpaceAddPostStepCallback(in, note_key, (void *)keys[i], NULL);
    return cpTrue;
}

START_TEST(post_step_callbacks_are_called_as_without_a_world)
{
    static const uintptr_t wanted[] = {3, 1, 2};
    cpSpaceAddDefaultCollisionHandler(space)->beginFunc = call_later;
    add_circle(0, 0);
    cpShape *b = add_circle(1, 0);
    for (int i = 0; i < 2; i++) {
        order_count = 0;
        cpBodySetPosition(cpShapeGetBody(b), cpv(1, 0));
        if (i == 0)
            step();
        else
            cpSpaceStep(space, DT);
        ck_assert_int_eq(order_count, 3);
        ck_assert_mem_eq(order, wanted, sizeof(wanted));
        cpBodySetPosition(cpShapeGetBody(b), cpv(90, 0));
        step();
        ck_assert_int_eq(order_count, 3);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics_events");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, contacts_are_what_chipmunk_says_after_solving);
    tcase_add_test(tc, a_handler_that_a_callback_adds_is_followed);
    tcase_add_test(tc, a_shape_may_be_removed_when_it_separates);
    tcase_add_test(tc, a_shape_that_is_named_twice_is_removed_once);
    tcase_add_test(tc, a_body_goes_with_all_of_its_shapes);
    tcase_add_test(tc, sleep_and_wake_alternate_and_who_sleeps_does_not_move);
    tcase_add_test(tc, a_static_shape_under_sleepers_ends_when_it_is_removed);
    tcase_add_test(tc, an_impulse_for_a_sleeper_wakes_it_after_the_step);
    tcase_add_test(tc, post_step_callbacks_are_called_as_without_a_world);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
