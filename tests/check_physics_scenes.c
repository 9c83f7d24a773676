/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The physics module in the scenes of the benchmark: the space goes on as if
 * there were no world, handlers of the program see the same calls, a warm step
 * allocates nothing, and events are the same in every process.
 */
#include "support.h"

#include "physics/modes.h"

#include <chipmunk/chipmunk_private.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what the program's handlers see --- */

/* Calls, in order, without addresses. */
struct calls {
    uint64_t hash;
    unsigned count;
    unsigned by_kind[5];
};

static void
mix(uint64_t *hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++)
        *hash = (*hash ^ byte[i]) * UINT64_C(1099511628211);
}

static void
note(struct calls *calls, const cpArbiter *arb, unsigned kind)
{
    uint64_t what[] = {kind, arb->a->hashid, arb->b->hashid,
                       cpArbiterIsFirstContact(arb)};
    /* Chipmunk separates in the order of addresses. */
    if (kind != 4)
        mix(&calls->hash, what, sizeof(what));
    calls->count++;
    calls->by_kind[kind]++;
}

static cpBool
see_begin(cpArbiter *arb, cpSpace *space, cpDataPointer calls)
{
    (void)space;
    note(calls, arb, 0);
    return cpTrue;
}

static cpBool
see_begin_and_ask(cpArbiter *arb, cpSpace *space, cpDataPointer calls)
{
    note(calls, arb, 1);
    return cpArbiterCallWildcardBeginA(arb, space) &&
           cpArbiterCallWildcardBeginB(arb, space);
}

static cpBool
see_before(cpArbiter *arb, cpSpace *space, cpDataPointer calls)
{
    (void)space;
    note(calls, arb, 2);
    return cpTrue;
}

static void
see_after(cpArbiter *arb, cpSpace *space, cpDataPointer calls)
{
    (void)space;
    note(calls, arb, 3);
}

static void
see_separate(cpArbiter *arb, cpSpace *space, cpDataPointer calls)
{
    (void)space;
    note(calls, arb, 4);
}

static void
set_functions(cpCollisionHandler *handler, struct calls *calls)
{
    handler->beginFunc = see_begin;
    handler->preSolveFunc = see_before;
    handler->postSolveFunc = see_after;
    handler->separateFunc = see_separate;
    handler->userData = calls;
}

/* A handler for two types, one for any with a type, and the default. */
static void
add_handlers(struct scene *scene, struct calls *calls)
{
    for (int i = 0; i < scene->count; i++)
        cpShapeSetCollisionType(scene->shape[i], (cpCollisionType)(i % 4));
    set_functions(cpSpaceAddCollisionHandler(scene->space, 1, 2), calls);
    set_functions(cpSpaceAddWildcardHandler(scene->space, 3), calls);
    cpCollisionHandler *handler =
        cpSpaceAddDefaultCollisionHandler(scene->space);
    handler->beginFunc = see_begin_and_ask;
    handler->userData = calls;
}

/* --- runs --- */

static const struct scene_kind *kind;

struct run {
    struct subject subject;
    struct calls calls;
};

static void
open_run(struct run *run, enum mode mode, cpFloat sleep_time)
{
    memset(run, 0, sizeof(*run));
    subject_open(&run->subject, mode, kind);
    cpSpaceSetSleepTimeThreshold(run->subject.scene.space, sleep_time);
}

static void
step_run(struct run *run, int steps)
{
    for (int i = 0; i < steps; i++) {
        scene_before_step(&run->subject.scene);
        subject_step(&run->subject);
    }
}

static int
steps_for(const struct scene_kind *scene)
{
    int steps = (int)test_scaled(scene->bodies > 2000 ? 60 : 500);
    return steps < 10 ? 10 : steps;
}

static void
compare_runs(cpFloat sleep_time, bool has_handlers)
{
    struct run raw, ours;
    open_run(&raw, MODE_RAW, sleep_time);
    open_run(&ours, MODE_FA_PERSIST, sleep_time);
    if (has_handlers) {
        add_handlers(&raw.subject.scene, &raw.calls);
        add_handlers(&ours.subject.scene, &ours.calls);
    }
    step_run(&raw, steps_for(kind));
    step_run(&ours, steps_for(kind));
    ck_assert_uint_eq(scene_hash(&raw.subject.scene),
                      scene_hash(&ours.subject.scene));
    ck_assert_mem_eq(&raw.calls, &ours.calls, sizeof(raw.calls));
    ck_assert(!has_handlers || raw.calls.count != 0);
    ck_assert_uint_ne(ours.subject.events, 0);
    subject_close(&raw.subject);
    subject_close(&ours.subject);
}

START_TEST(a_scene_goes_on_as_without_a_world)
{
    kind = &scene_kinds[_i];
    compare_runs(INFINITY, false);
}
END_TEST

START_TEST(a_scene_that_sleeps_goes_on_as_without_a_world)
{
    kind = &scene_kinds[_i];
    compare_runs(0.5, false);
}
END_TEST

START_TEST(handlers_see_the_same_calls_in_the_same_order)
{
    kind = &scene_kinds[_i];
    compare_runs(INFINITY, true);
}
END_TEST

/* --- memory --- */

static void
push_gently(cpArbiter *arb, cpSpace *space, cpDataPointer world)
{
    (void)space;
    CP_ARBITER_GET_BODIES(arb, a, b);
    if (fa_physics_defer_impulse(world, b, cpvzero, cpvzero) != FA_OK)
        ck_abort_msg("not deferred");
    (void)a;
}

START_TEST(a_warm_step_calls_no_malloc)
{
    struct run run;
    uint64_t most = 0;
    kind = &scene_kinds[0];
    open_run(&run, MODE_FA_PERSIST, INFINITY);
    cpCollisionHandler *handler =
        cpSpaceAddDefaultCollisionHandler(run.subject.scene.space);
    handler->postSolveFunc = push_gently;
    handler->userData = run.subject.world;
    step_run(&run, 400);
    for (int i = 0; i < 1000; i++) {
        const fa_physics_events *events;
        const fa_physics_ray_hit *hits;
        const fa_physics_near *points;
        uint32_t count;
        fa_physics_ray ray = {{-400, 50}, {400, 50}, 0, CP_SHAPE_FILTER_ALL};
        uint64_t before = malloc_calls();
        fa_begin_frame(run.subject.allocator);
        fa_status status =
            fa_physics_step(run.subject.world, kind->dt, &events);
        status |= fa_physics_ray_all(run.subject.world, &ray, 0, &hits, &count);
        status |= fa_physics_point_all(run.subject.world, cpv(0, 40), 30,
                                       CP_SHAPE_FILTER_ALL, 0, &points, &count);
        fa_end_frame(run.subject.allocator);
        uint64_t calls = malloc_calls() - before;
        most = calls > most ? calls : most;
        ck_assert_int_eq(status, FA_OK);
    }
    ck_assert_uint_eq(most, 0);
    subject_close(&run.subject);
}
END_TEST

/* --- processes --- */

static void
mix_pair(uint64_t *hash, const fa_physics_pair *pair)
{
    uint64_t ids[] = {pair->id, pair->shape_id_a, pair->shape_id_b};
    mix(hash, ids, sizeof(ids));
}

static void
mix_contacts(uint64_t *hash, const fa_physics_contact *contacts, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const fa_physics_contact *c = &contacts[i];
        cpFloat numbers[] = {c->speed, c->impulse, c->normal.x, c->normal.y};
        mix_pair(hash, &c->pair);
        mix(hash, numbers, sizeof(numbers));
        mix(hash, &c->flags, sizeof(c->flags));
        mix(hash, &c->age, sizeof(c->age));
        mix(hash, c->point, c->point_count * sizeof(c->point[0]));
    }
}

static void
mix_touches(uint64_t *hash, const fa_physics_touch *touches, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        mix_pair(hash, &touches[i].pair);
        mix(hash, &touches[i].flags, sizeof(touches[i].flags));
        mix(hash, &touches[i].age, sizeof(touches[i].age));
    }
}

static void
mix_events(uint64_t *hash, const fa_physics_events *e)
{
    mix_contacts(hash, e->begin, e->begin_count);
    mix_contacts(hash, e->persist, e->persist_count);
    mix_touches(hash, e->end, e->end_count);
    mix_touches(hash, e->sensor_begin, e->sensor_begin_count);
    mix_touches(hash, e->sensor_end, e->sensor_end_count);
}

static uint64_t
replay(size_t padding)
{
    struct run run;
    uint64_t hash = 1;
    void *keep[64];
    /* The heap is another one than in the other process. */
    for (size_t i = 0; i < COUNT(keep); i++)
        keep[i] = malloc(padding * (i + 1) + 1);
    open_run(&run, MODE_FA_PERSIST, INFINITY);
    for (int i = 0; i < steps_for(kind); i++) {
        const fa_physics_events *events;
        scene_before_step(&run.subject.scene);
        fa_begin_frame(run.subject.allocator);
        if (fa_physics_step(run.subject.world, kind->dt, &events) != FA_OK)
            abort();
        mix_events(&hash, events);
        fa_end_frame(run.subject.allocator);
    }
    subject_close(&run.subject);
    for (size_t i = 0; i < COUNT(keep); i++)
        free(keep[i]);
    return hash;
}

/* This program once more, with addresses of its own. */
static uint64_t
replay_elsewhere(int scene, size_t padding)
{
    char path[PATH_MAX] = "", command[PATH_MAX + 64], line[128];
    unsigned long long hash = 0;
    ck_assert_int_gt(readlink("/proc/self/exe", path, sizeof(path) - 1), 0);
    snprintf(command, sizeof(command), "'%s' --replay %d %zu", path, scene,
             padding);
    FILE *pipe = popen(command, "r");
    ck_assert_ptr_nonnull(pipe);
    /* Chipmunk talks too. */
    while (fgets(line, sizeof(line), pipe) != NULL)
        sscanf(line, "events %llx", &hash);
    ck_assert_int_eq(pclose(pipe), 0);
    return hash;
}

START_TEST(events_are_the_same_in_every_process)
{
    kind = &scene_kinds[_i];
    uint64_t here = replay(1);
    ck_assert_uint_eq(here, replay_elsewhere(_i, 100));
    ck_assert_uint_eq(here, replay_elsewhere(_i, 1237));
}
END_TEST

int
main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--replay") == 0) {
        kind = &scene_kinds[atoi(argv[2])];
        printf("events %llx\n",
               (unsigned long long)replay((size_t)atol(argv[3])));
        return 0;
    }
    Suite *suite = suite_create("physics_scenes");
    TCase *tc = tcase_create("contract");
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, a_scene_goes_on_as_without_a_world, 0, SCENES);
    tcase_add_loop_test(tc, a_scene_that_sleeps_goes_on_as_without_a_world, 0,
                        SCENES);
    tcase_add_loop_test(tc, handlers_see_the_same_calls_in_the_same_order, 0,
                        SCENES);
    tcase_add_loop_test(tc, events_are_the_same_in_every_process, 0, SCENES);
    suite_add_tcase(suite, tc);
    TCase *limits = tcase_create("limits");
    tcase_set_timeout(limits, 300);
    /* Checkers have a malloc of their own, which nobody counts. */
    if (!test_is_watched())
        tcase_add_test(limits, a_warm_step_calls_no_malloc);
    suite_add_tcase(suite, limits);
    return test_main(suite);
}
