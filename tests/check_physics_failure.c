/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The physics module where memory ends, where the program changes handlers
 * and pairs, and on two threads.
 */
#include "support.h"

#include <framealloc/physics.h>

#include <chipmunk/chipmunk_private.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct test_world w;
static cpSpace *space;
static fa_physics *world;
static fa_physics_config config;
static bool is_out_of_memory;

#define DT (1.0 / 60)

static void *
backend_alloc(void *user, size_t size, size_t align)
{
    (void)user;
    return is_out_of_memory ? NULL : aligned_alloc(align, size);
}

static void
backend_free(void *user, void *block, size_t size, size_t align)
{
    (void)user;
    (void)size;
    (void)align;
    free(block);
}

static void
open_world(void)
{
    static fa_heap_backend backend = FA_HEAP_BACKEND_INIT;
    backend.alloc = backend_alloc;
    backend.free = backend_free;
    is_out_of_memory = false;
    test_prepare(&w);
    w.config.heap = &backend;
    test_open(&w);
    space = cpSpaceNew();
    config = (fa_physics_config)FA_PHYSICS_CONFIG_INIT;
    config.space = space;
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
}

static cpShape *
add_circle(cpSpace *in, cpFloat x, cpFloat y)
{
    cpBody *body = cpSpaceAddBody(in, cpBodyNew(1, 1));
    cpBodySetPosition(body, cpv(x, y));
    return cpSpaceAddShape(in, cpCircleShapeNew(body, 1, cpvzero));
}

static void
remove_circle(cpShape *shape)
{
    cpBody *body = cpShapeGetBody(shape);
    cpSpaceRemoveShape(cpShapeGetSpace(shape), shape);
    cpSpaceRemoveBody(cpBodyGetSpace(body), body);
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

/* --- memory --- */

enum { MANY = 3000 };

static cpShape *doomed[MANY];

/* In the middle of a step; then memory ends. */
static void
doom_all(cpBody *first, cpVect gravity, cpFloat damping, cpFloat dt)
{
    cpBodyUpdateVelocity(first, gravity, damping, dt);
    for (int i = 0; i < MANY; i++) {
        /* The same thing may be named twice, and shapes before bodies. */
        cpBody *body = cpShapeGetBody(doomed[i]);
        if (i % 3 == 0)
            ck_assert_int_eq(fa_physics_defer_remove_shape(world, doomed[i],
                                                           FA_PHYSICS_FREE),
                             FA_OK);
        for (int k = 0; k < 2; k++)
            ck_assert_int_eq(
                fa_physics_defer_remove_body(world, body, FA_PHYSICS_FREE),
                FA_OK);
    }
    is_out_of_memory = true;
}

START_TEST(a_removal_without_memory_for_marks_is_not_lost)
{
    for (int i = 0; i < MANY; i++)
        doomed[i] = add_circle(space, 3 * i, 0);
    step();
    cpBodySetVelocityUpdateFunc(cpShapeGetBody(doomed[0]), doom_all);
    step();
    is_out_of_memory = false;
    ck_assert_int_eq(space->dynamicBodies->num, 0);
    ck_assert_int_eq(cpSpatialIndexCount(space->dynamicShapes), 0);
}
END_TEST

START_TEST(a_batch_without_memory_changes_nothing)
{
    static cpShape *shape[MANY];
    for (int i = 0; i < MANY; i++)
        shape[i] = add_circle(space, 3 * i, 0);
    is_out_of_memory = true;
    ck_assert_int_eq(
        fa_physics_remove_shapes(world, shape, MANY, FA_PHYSICS_KEEP),
        FA_ERR_NOMEM);
    is_out_of_memory = false;
    ck_assert_int_eq(cpSpatialIndexCount(space->dynamicShapes), MANY);
    ck_assert_int_eq(
        fa_physics_remove_shapes(world, shape, MANY, FA_PHYSICS_KEEP), FA_OK);
    ck_assert_int_eq(cpSpatialIndexCount(space->dynamicShapes), 0);
    for (int i = 0; i < MANY; i++) {
        cpBody *body = cpShapeGetBody(shape[i]);
        cpShapeFree(shape[i]);
        cpSpaceRemoveBody(space, body);
        cpBodyFree(body);
    }
    w.log.count = 0;
}
END_TEST

/* Circles in a row touch, then fly apart. */
struct figures {
    uint32_t told[4];
    uint32_t dropped[4];
    uint64_t first_begin;
};

static void
count_row(size_t budget, fa_physics_overflow overflow, struct figures *f)
{
    enum { ROW = 12 };
    cpShape *shape[ROW];
    cpSpace *own = cpSpaceNew();
    fa_physics *other;
    fa_physics_config c = FA_PHYSICS_CONFIG_INIT;
    memset(f, 0, sizeof(*f));
    c.space = own;
    c.events = FA_PHYSICS_DEFAULT | FA_PHYSICS_PERSIST;
    c.event_budget = budget;
    c.overflow = overflow;
    ck_assert_int_eq(fa_physics_create(w.allocator, &c, &other), FA_OK);
    for (int i = 0; i < ROW; i++)
        shape[i] = add_circle(own, 1.5 * i, 0);
    for (int i = 0; i < 6; i++) {
        const fa_physics_events *e;
        if (i == 3)
            remove_circle(shape[0]);
        ck_assert_int_eq(fa_physics_step(other, DT, &e), FA_OK);
        const uint32_t told[] = {e->begin_count, e->end_count, e->persist_count,
                                 e->move_count};
        const uint32_t dropped[] = {e->dropped.begin, e->dropped.end,
                                    e->dropped.persist, e->dropped.move};
        for (int k = 0; k < 4; k++) {
            f->told[k] += told[k];
            f->dropped[k] += dropped[k];
        }
        if (e->begin_count != 0 && f->first_begin == 0)
            f->first_begin = e->begin->pair.id;
        ck_assert(budget == 0 || overflow != FA_PHYSICS_DROP ||
                  e->bytes <= budget);
        ck_assert_uint_eq(f->told[0] + f->dropped[0] - f->told[1] -
                              f->dropped[1],
                          fa_physics_touching_count(other));
    }
    fa_physics_destroy(other);
    for (int i = 1; i < ROW; i++)
        remove_circle(shape[i]);
    cpSpaceFree(own);
}

START_TEST(what_a_budget_refuses_is_counted)
{
    struct figures all, some;
    count_row(0, FA_PHYSICS_DROP, &all);
    for (size_t budget = 8; budget < 12000; budget += 56) {
        count_row(budget, FA_PHYSICS_DROP, &some);
        for (int k = 0; k < 4; k++)
            ck_assert_uint_eq(all.told[k], some.told[k] + some.dropped[k]);
        test_end(&w);
        test_begin(&w);
    }
}
END_TEST

START_TEST(what_spills_is_told_as_without_a_budget)
{
    struct figures all, spilled;
    count_row(0, FA_PHYSICS_DROP, &all);
    count_row(8, FA_PHYSICS_SPILL_HEAP, &spilled);
    ck_assert_mem_eq(&all, &spilled, sizeof(all));
}
END_TEST

/* --- handlers and pairs --- */

struct counts {
    int begins, ends;
};

static cpBool
count_begin(cpArbiter *arb, cpSpace *in, cpDataPointer counts)
{
    (void)arb;
    (void)in;
    ((struct counts *)counts)->begins++;
    return cpTrue;
}

static void
count_end(cpArbiter *arb, cpSpace *in, cpDataPointer counts)
{
    (void)arb;
    (void)in;
    ((struct counts *)counts)->ends++;
}

static cpBool
refuse(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)arb;
    (void)in;
    (void)user;
    return cpFalse;
}

static cpBool
ignore(cpArbiter *arb, cpSpace *in, cpDataPointer user)
{
    (void)in;
    (void)user;
    cpArbiterIgnore(arb);
    return cpTrue;
}

static cpBool
step_again(cpArbiter *arb, cpSpace *in, cpDataPointer status)
{
    const fa_physics_events *events;
    (void)arb;
    (void)in;
    *(fa_status *)status = fa_physics_step(world, DT, &events);
    return cpTrue;
}

START_TEST(handlers_set_anew_and_added_later_are_followed)
{
    struct counts first = {0, 0}, second = {0, 0}, wild = {0, 0};
    cpShape *a = add_circle(space, 0, 0), *b = add_circle(space, 1, 0);
    cpShapeSetCollisionType(a, 1);
    cpShapeSetCollisionType(b, 2);
    cpCollisionHandler *handler = cpSpaceAddCollisionHandler(space, 1, 2);
    handler->beginFunc = count_begin;
    handler->separateFunc = count_end;
    handler->userData = &first;
    ck_assert_uint_eq(step()->begin_count, 1);
    ck_assert_int_eq(first.begins, 1);
    handler->separateFunc = count_end;
    handler->userData = &second;
    cpCollisionHandler *any = cpSpaceAddWildcardHandler(space, 3);
    any->beginFunc = count_begin;
    any->userData = &wild;
    cpBodySetPosition(cpShapeGetBody(b), cpv(50, 0));
    ck_assert_uint_eq(step()->end_count, 1);
    ck_assert_int_eq(first.ends, 0);
    ck_assert_int_eq(second.ends, 1);
    cpShapeSetCollisionType(b, 3);
    cpBodySetPosition(cpShapeGetBody(b), cpv(1, 0));
    ck_assert_uint_eq(step()->begin_count, 1);
    ck_assert_int_eq(wild.begins, 1);
    fa_physics_destroy(world);
    world = NULL;
    ck_assert(handler->beginFunc == count_begin);
    ck_assert(handler->separateFunc == count_end);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

static void
expect_rejection(cpCollisionBeginFunc begin)
{
    cpShape *a = add_circle(space, 0, 0), *b = add_circle(space, 1, 0);
    cpSpaceAddDefaultCollisionHandler(space)->beginFunc = begin;
    for (int i = 0; i < 3; i++) {
        const fa_physics_events *events = step();
        ck_assert_uint_eq(events->begin_count + events->end_count, 0);
        ck_assert_uint_eq(fa_physics_touching_count(world), 0);
    }
    remove_circle(a);
    ck_assert_uint_eq(step()->end_count, 0);
    remove_circle(b);
}

START_TEST(a_pair_that_begin_refuses_is_not_told)
{
    expect_rejection(refuse);
}
END_TEST

START_TEST(a_pair_that_is_ignored_is_not_told)
{
    expect_rejection(ignore);
}
END_TEST

START_TEST(a_step_in_a_step_is_refused)
{
    fa_status status = FA_OK;
    cpShape *a = add_circle(space, 0, 0), *b = add_circle(space, 1, 0);
    cpCollisionHandler *handler = cpSpaceAddDefaultCollisionHandler(space);
    handler->beginFunc = step_again;
    handler->userData = &status;
    step();
    ck_assert_int_eq(status, FA_ERR_STATE);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

START_TEST(a_pair_ends_as_the_kind_that_it_began)
{
    cpShape *a = add_circle(space, 0, 0), *b = add_circle(space, 1, 0);
    cpShapeSetSensor(b, cpTrue);
    ck_assert_uint_eq(step()->sensor_begin_count, 1);
    cpShapeSetSensor(b, cpFalse);
    ck_assert_uint_eq(step()->begin_count, 0);
    cpShapeSetFilter(a, CP_SHAPE_FILTER_NONE);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->sensor_end_count, 1);
    ck_assert_uint_eq(events->end_count, 0);
    remove_circle(a);
    remove_circle(b);
}
END_TEST

START_TEST(an_end_has_copies_of_what_is_freed)
{
    int mark;
    cpShape *a = add_circle(space, 0, 0), *b = add_circle(space, 1, 0);
    cpShapeSetUserData(a, &mark);
    cpShapeSetCollisionType(a, 7);
    step();
    remove_circle(a);
    remove_circle(b);
    const fa_physics_events *events = step();
    ck_assert_uint_eq(events->end_count, 1);
    ck_assert_ptr_eq(events->end->pair.user_a, &mark);
    ck_assert_uint_eq(events->end->pair.type_a, 7);
    ck_assert_uint_ne(events->end->flags & FA_PHYSICS_REMOVED_A, 0);
}
END_TEST

/* --- configuration --- */

START_TEST(a_configuration_of_other_headers_is_taken)
{
    struct {
        fa_physics_config known;
        char later[64];
    } newer = {.known = FA_PHYSICS_CONFIG_INIT};
    fa_physics *other;
    newer.known.struct_size = sizeof(newer);
    ck_assert_int_eq(fa_physics_create(w.allocator, &newer.known, &other),
                     FA_OK);
    fa_physics_destroy(other);
    fa_physics_config older = FA_PHYSICS_CONFIG_INIT;
    older.struct_size = offsetof(fa_physics_config, gravity);
    older.gravity.x = NAN; /* Not of that structure. */
    ck_assert_int_eq(fa_physics_create(w.allocator, &older, &other), FA_OK);
    ck_assert_double_eq(cpSpaceGetGravity(fa_physics_space(other)).x, 0);
    fa_physics_destroy(other);
    older.struct_size = 1;
    ck_assert_int_eq(fa_physics_create(w.allocator, &older, &other),
                     FA_ERR_CONFIG);
}
END_TEST

/* --- threads --- */

static void *
run_world(void *data)
{
    fa_physics_config c = FA_PHYSICS_CONFIG_INIT;
    fa_ctx_config frames = FA_CTX_CONFIG_INIT;
    fa_physics *own;
    cpShape *shape[20];
    uint64_t *events = data;
    /* The program's frames are begun by one thread at a time. */
    frames.own_frames = true;
    c.gravity = cpv(0, -10);
    if (fa_ctx_create(w.allocator, &frames, &c.ctx) != FA_OK ||
        fa_physics_create(w.allocator, &c, &own) != FA_OK)
        return NULL;
    for (int i = 0; i < 20; i++)
        shape[i] = add_circle(fa_physics_space(own), i % 5, i / 5 * 1.5);
    for (size_t i = 0; i < test_scaled(300); i++) {
        const fa_physics_events *e;
        fa_ctx_begin_frame(c.ctx);
        if (fa_physics_step(own, DT, &e) != FA_OK)
            abort();
        *events += e->begin_count + e->end_count;
        fa_ctx_end_frame(c.ctx);
    }
    for (int i = 0; i < 20; i++)
        remove_circle(shape[i]);
    fa_physics_destroy(own);
    fa_ctx_destroy(c.ctx);
    return NULL;
}

START_TEST(worlds_on_two_threads_do_not_meet)
{
    uint64_t events[2] = {0, 0};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, run_world, &events[i]), 0);
    for (int i = 0; i < 2; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_ne(events[0], 0);
    ck_assert_uint_eq(events[0], events[1]);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("physics_failure");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, handlers_set_anew_and_added_later_are_followed);
    tcase_add_test(tc, a_pair_that_begin_refuses_is_not_told);
    tcase_add_test(tc, a_pair_that_is_ignored_is_not_told);
    tcase_add_test(tc, a_pair_ends_as_the_kind_that_it_began);
    tcase_add_test(tc, an_end_has_copies_of_what_is_freed);
    tcase_add_test(tc, a_configuration_of_other_headers_is_taken);
    suite_add_tcase(suite, tc);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_set_timeout(failure, 120);
    tcase_add_test(failure, a_removal_without_memory_for_marks_is_not_lost);
    tcase_add_test(failure, a_batch_without_memory_changes_nothing);
    tcase_add_test(failure, what_a_budget_refuses_is_counted);
    tcase_add_test(failure, what_spills_is_told_as_without_a_budget);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_step_in_a_step_is_refused);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, worlds_on_two_threads_do_not_meet);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
