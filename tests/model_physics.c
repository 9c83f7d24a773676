/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The physics module against an oracle: random changes of a space, and after
 * each step a loop over all pairs of shapes says which must touch.
 *
 * Checked at every step: the table of pairs is the oracle's, and begins minus
 * ends, reported and dropped, is the number of pairs that touch.
 *
 *     FA_TEST_SEED=N   one seed
 */
#include "support.h"

#include <framealloc/physics.h>

#include <chipmunk/chipmunk_private.h>

#include <stdio.h>
#include <stdlib.h>

#define BODIES 60
#define STEPS  1000
#define DT     (1.0 / 60)

struct scene {
    uint64_t seed;
    bool sleeps;
    fa_allocator *allocator;
    cpSpace *space;
    fa_physics *world;
    cpBody *body[BODIES];
    cpShape *shape[BODIES];
    int count;
    cpShape *wall[3];
    long begins, ends;
};

static uint32_t
below(struct scene *s, uint32_t limit)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)(s->seed >> 33) % limit;
}

static cpFloat
between(struct scene *s, cpFloat low, cpFloat high)
{
    return low + (high - low) * below(s, 1 << 20) / (1 << 20);
}

static cpVect
somewhere(struct scene *s)
{
    cpFloat x = between(s, -100, 100);
    return cpv(x, between(s, 0, 150));
}

/* --- changes --- */

static cpShape *
random_shape(struct scene *s, cpBody *body)
{
    cpFloat size = between(s, 4, 18);
    switch (below(s, 3)) {
    case 0:
        return cpCircleShapeNew(body, size / 2, cpvzero);
    case 1:
        return cpBoxShapeNew(body, size, 12, below(s, 2));
    default:
        return cpSegmentShapeNew(body, cpv(-size, 0), cpv(size, 0), 2);
    }
}

/* A static shape does not wake those who sleep on it, so wake them. */
static void
wake_all(struct scene *s)
{
    for (int i = 0; i < s->count; i++)
        if (cpBodyGetType(s->body[i]) == CP_BODY_TYPE_DYNAMIC)
            cpBodyActivate(s->body[i]);
}

static void
add(struct scene *s)
{
    if (s->count == BODIES)
        return;
    uint32_t kind = below(s, 10);
    cpBody *body = kind == 0   ? cpBodyNewStatic()
                   : kind == 1 ? cpBodyNewKinematic()
                               : cpBodyNew(1, 10);
    cpBodySetPosition(body, somewhere(s));
    if (kind == 1)
        cpBodySetVelocity(body, cpv(between(s, -30, 30), 5));
    cpSpaceAddBody(s->space, body);
    cpShape *shape = random_shape(s, body);
    cpShapeSetFriction(shape, 0.7);
    cpShapeSetSensor(shape, below(s, 6) == 0);
    cpShapeSetCollisionType(shape, below(s, 3));
    cpSpaceAddShape(s->space, shape);
    wake_all(s);
    s->body[s->count] = body;
    s->shape[s->count++] = shape;
}

static void
drop(struct scene *s, int i)
{
    cpSpaceRemoveShape(s->space, s->shape[i]);
    cpSpaceRemoveBody(s->space, s->body[i]);
    cpShapeFree(s->shape[i]);
    cpBodyFree(s->body[i]);
    s->count--;
    s->body[i] = s->body[s->count];
    s->shape[i] = s->shape[s->count];
}

static void
drop_batch(struct scene *s)
{
    cpBody *doomed[4];
    size_t count = 0;
    while (count < 4 && s->count > 12) {
        int i = (int)below(s, (uint32_t)s->count);
        doomed[count++] = s->body[i];
        s->count--;
        s->body[i] = s->body[s->count];
        s->shape[i] = s->shape[s->count];
    }
    ck_assert_int_eq(
        fa_physics_remove_bodies(s->world, doomed, count, FA_PHYSICS_FREE),
        FA_OK);
}

static void
drop_after_step(cpSpace *space, void *key, void *user)
{
    struct scene *s = user;
    (void)space;
    for (int i = 0; i < s->count; i++)
        if (s->shape[i] == key) {
            drop(s, i);
            return;
        }
}

/* Chipmunk wants the space locked, or it warns. */
static void
drop_later(struct scene *s)
{
    cpSpaceLock(s->space);
    cpSpaceAddPostStepCallback(s->space, drop_after_step,
                               s->shape[below(s, (uint32_t)s->count)], s);
    cpSpaceUnlock(s->space, cpFalse);
}

static void
change_type(struct scene *s, cpBody *body)
{
    /* Chipmunk itself fails when a body of an island becomes static. */
    if (!s->sleeps && cpBodyGetType(body) == CP_BODY_TYPE_DYNAMIC)
        cpBodySetType(body, below(s, 2) ? CP_BODY_TYPE_STATIC
                                        : CP_BODY_TYPE_KINEMATIC);
}

static void
teleport(struct scene *s, cpBody *body)
{
    if (cpBodyGetType(body) != CP_BODY_TYPE_DYNAMIC)
        return;
    cpBodyActivate(body);
    cpBodySetPosition(body, somewhere(s));
}

static void
change(struct scene *s, uint32_t kind)
{
    int i = (int)below(s, (uint32_t)s->count);
    cpShapeFilter other =
        cpShapeFilterNew(1, CP_ALL_CATEGORIES, CP_ALL_CATEGORIES);
    if (kind < 2)
        add(s);
    else if (kind == 2 && s->count > 10)
        drop(s, i);
    else if (kind == 3)
        teleport(s, s->body[i]);
    else if (kind == 4)
        cpShapeSetSensor(s->shape[i], !cpShapeGetSensor(s->shape[i]));
    else if (kind == 5)
        cpShapeSetFilter(s->shape[i],
                         below(s, 2) ? CP_SHAPE_FILTER_ALL : other);
    else if (kind == 6)
        change_type(s, s->body[i]);
    else if (kind == 7 && s->count > 10)
        drop_later(s);
    else if (kind == 8 && s->count > 40)
        drop_batch(s);
    else if (kind == 9)
        cpSpaceStep(s->space, DT);
}

/* --- the oracle --- */

static bool
is_rejected(const cpShape *a, const cpShape *b)
{
    return a->type + b->type == 3 && a->type != b->type && a->type != 0 &&
           b->type != 0 && (a->hashid + b->hashid) % 3 == 0;
}

static cpBool
reject_some(cpArbiter *arb, cpSpace *space, cpDataPointer user)
{
    (void)space;
    (void)user;
    return !is_rejected(arb->a, arb->b);
}

static bool
must_touch(const cpShape *a, const cpShape *b)
{
    struct cpContact contacts[CP_MAX_CONTACTS_PER_ARBITER];
    if (cpBodyGetType(a->body) == CP_BODY_TYPE_STATIC &&
        cpBodyGetType(b->body) == CP_BODY_TYPE_STATIC)
        return false;
    if (a->body == b->body || !cpBBIntersects(a->bb, b->bb) ||
        cpShapeFilterReject(a->filter, b->filter) || is_rejected(a, b))
        return false;
    bool is_ordered = a->klass->type <= b->klass->type;
    return cpCollide(is_ordered ? a : b, is_ordered ? b : a, 0, contacts)
               .count > 0;
}

static void
compare(const struct scene *s)
{
    cpShape *all[BODIES + 3];
    int count = 0;
    uint32_t touching = 0;
    for (int i = 0; i < 3; i++)
        all[count++] = s->wall[i];
    for (int i = 0; i < s->count; i++)
        all[count++] = s->shape[i];
    for (int i = 0; i < count; i++)
        for (int j = i + 1; j < count; j++) {
            bool is_wanted = must_touch(all[i], all[j]);
            touching += is_wanted;
            /* An assertion is a system call, and this is the inner loop. */
            if (is_wanted !=
                fa_physics_touching(s->world, all[i], all[j], NULL))
                ck_abort_msg("shapes %lu and %lu %s",
                             (unsigned long)all[i]->hashid,
                             (unsigned long)all[j]->hashid,
                             is_wanted ? "touch" : "do not touch");
        }
    ck_assert_uint_eq(touching, fa_physics_touching_count(s->world));
}

/* --- a run --- */

static void
open_scene(struct scene *s)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    const cpVect corner[] = {{-120, 300}, {-120, 0}, {120, 0}, {120, 300}};
    s->space = config.space = cpSpaceNew();
    cpSpaceSetGravity(s->space, cpv(0, -100));
    if (s->sleeps)
        cpSpaceSetSleepTimeThreshold(s->space, 0.3);
    for (int i = 0; i < 3; i++)
        s->wall[i] = cpSpaceAddShape(
            s->space, cpSegmentShapeNew(cpSpaceGetStaticBody(s->space),
                                        corner[i], corner[i + 1], 2));
    cpSpaceAddCollisionHandler(s->space, 1, 2)->beginFunc = reject_some;
    ck_assert_int_eq(fa_allocator_create(NULL, &s->allocator), FA_OK);
    config.events = FA_PHYSICS_DEFAULT | FA_PHYSICS_PERSIST;
    /* Some events of crowded steps are dropped. */
    config.event_budget = 24 << 10;
    ck_assert_int_eq(fa_physics_create(s->allocator, &config, &s->world),
                     FA_OK);
    for (int i = 0; i < 40; i++)
        add(s);
}

static void
close_scene(struct scene *s)
{
    fa_physics_destroy(s->world);
    while (s->count != 0)
        drop(s, 0);
    for (int i = 0; i < 3; i++) {
        cpSpaceRemoveShape(s->space, s->wall[i]);
        cpShapeFree(s->wall[i]);
    }
    cpSpaceFree(s->space);
    fa_allocator_destroy(s->allocator);
}

static void
step(struct scene *s)
{
    const fa_physics_events *events;
    uint32_t kind = below(s, 24);
    change(s, kind);
    fa_begin_frame(s->allocator);
    ck_assert_int_eq(fa_physics_step(s->world, DT, &events), FA_OK);
    const fa_physics_dropped *dropped = &events->dropped;
    s->begins += events->begin_count + events->sensor_begin_count +
                 dropped->begin + dropped->sensor_begin;
    s->ends += events->end_count + events->sensor_end_count + dropped->end +
               dropped->sensor_end;
    ck_assert_int_eq(s->begins - s->ends,
                     (long)fa_physics_touching_count(s->world));
    /* What was removed after the step is not where the table has it. */
    if (kind != 7)
        compare(s);
    fa_end_frame(s->allocator);
}

static void
run_seed(uint64_t seed, bool sleeps)
{
    struct scene s = {.seed = seed * 7919, .sleeps = sleeps};
    printf("seed %llu%s\n", (unsigned long long)seed,
           sleeps ? " with sleep" : "");
    open_scene(&s);
    for (int i = 0; i < STEPS; i++)
        step(&s);
    close_scene(&s);
}

START_TEST(pairs_are_the_oracles_with_sleep)
{
    run_seed((uint64_t)_i + 1, true);
}
END_TEST

START_TEST(pairs_are_the_oracles_without_sleep)
{
    run_seed((uint64_t)_i + 1, false);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("model_physics");
    TCase *tc = tcase_create("contract");
    const char *given = getenv("FA_TEST_SEED");
    int first = given != NULL ? atoi(given) - 1 : 0;
    int with = given != NULL ? first + 1 : (int)test_scaled(100);
    int without = given != NULL ? first + 1 : (int)test_scaled(40);
    tcase_set_timeout(tc, 300);
    tcase_add_loop_test(tc, pairs_are_the_oracles_with_sleep, first, with);
    tcase_add_loop_test(tc, pairs_are_the_oracles_without_sleep, first,
                        without);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
