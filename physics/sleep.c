/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Sleep: events, and two things that Chipmunk gets wrong.
 *
 * (1) A body that wakes inside of a step gets a separate call for pairs that
 * Chipmunk keeps no contacts of, sensors and rejected ones, and a begin in
 * the next step, though they overlap all the time. So a pair that is separated
 * is looked at: if it still overlaps, it is held for a step, and a begin of the
 * same shapes takes it up again.
 *
 * (2) A body that falls asleep in the step in which a pair ends gets no
 * separate call until it wakes. So after a step in which bodies fell asleep,
 * pairs that this step did not touch are looked at. Their end is reported, and
 * they stay in the table quietly until Chipmunk ends them.
 *
 * A body that becomes static has the same effect on its pairs with static
 * bodies as (2); a changed number of bodies tells when to look.
 */
#include "world.h"

static bool
may_sleep(const fa_physics *world)
{
    return world->space->sleepTimeThreshold != (cpFloat)INFINITY;
}

static bool
joint_forbids(cpBody *a, const cpBody *b)
{
    CP_BODY_FOREACH_CONSTRAINT(a, joint)
    if (!joint->collideBodies && (joint->a == b || joint->b == b))
        return true;
    return false;
}

/* As the space would decide now. */
static bool
overlap(const cpShape *a, const cpShape *b)
{
    if (a->body == b->body || !cpBBIntersects(a->bb, b->bb) ||
        cpShapeFilterReject(a->filter, b->filter) ||
        joint_forbids(a->body, b->body))
        return false;
    struct cpContact contacts[CP_MAX_CONTACTS_PER_ARBITER];
    bool is_ordered = a->klass->type <= b->klass->type;
    return cpCollide(is_ordered ? a : b, is_ordered ? b : a, 0, contacts)
               .count > 0;
}

bool
sleep_hold(fa_physics *world, const cpArbiter *arb)
{
    if (!may_sleep(world) || arb->state == CP_ARBITER_STATE_INVALIDATED)
        return false;
    struct pair *pair = pair_find(world, arb);
    if (pair == NULL || (pair->flags & PAIR_QUIET) != 0 ||
        !overlap(arb->a, arb->b))
        return false;
    struct held *held = array_push(world, &world->held, sizeof(*held));
    if (held == NULL)
        return false;
    *held = (struct held){*pair, world->step};
    pair_drop(world, pair);
    return true;
}

static struct held *
held_at(const fa_physics *world, size_t index)
{
    return &((struct held *)world->held.items)[index];
}

static void
drop_held(fa_physics *world, size_t index)
{
    *held_at(world, index) = *held_at(world, --world->held.count);
}

bool
sleep_resume(fa_physics *world, const cpArbiter *arb)
{
    for (size_t i = 0; i < world->held.count; i++) {
        struct pair pair = held_at(world, i)->pair;
        bool is_same =
            (pair.public.shape_a == arb->a && pair.public.shape_b == arb->b) ||
            (pair.public.shape_a == arb->b && pair.public.shape_b == arb->a);
        if (!is_same)
            continue;
        drop_held(world, i);
        pair_readd(world, arb, &pair);
        return true;
    }
    return false;
}

/* Chipmunk forgets an arbiter at once only when a shape of it is removed; the
 * shapes themselves may be gone. */
static bool
is_cached(const fa_physics *world, const struct pair *pair)
{
    const cpShape *shapes[] = {pair->public.shape_a, pair->public.shape_b};
    cpHashValue hash =
        CP_HASH_PAIR((cpHashValue)shapes[0], (cpHashValue)shapes[1]);
    return cpHashSetFind(world->space->cachedArbiters, hash, shapes) != NULL;
}

/* Held in an earlier step, and no begin has come. */
static void
end_held(fa_physics *world)
{
    for (size_t i = 0; i < world->held.count;) {
        struct held *held = held_at(world, i);
        if (held->step == world->step) {
            i++;
            continue;
        }
        if (!is_cached(world, &held->pair))
            held->pair.flags |= FA_PHYSICS_REMOVED_A | FA_PHYSICS_REMOVED_B;
        pair_end_copy(world, &held->pair);
        drop_held(world, i);
    }
}

static bool
is_static(const cpBody *body)
{
    return cpBodyGetType((cpBody *)(uintptr_t)body) == CP_BODY_TYPE_STATIC;
}

static bool
is_over(const fa_physics *world, const struct pair *pair)
{
    const cpArbiter *arb = pair->arb;
    if (is_static(arb->body_a) && is_static(arb->body_b))
        return true;
    return arb->stamp != world->space->stamp && !overlap(arb->a, arb->b);
}

/* Pairs of which no call will tell, or too late. */
static void
look_at_pairs(fa_physics *world)
{
    for (size_t i = 0; i < world->pairs.count; i++) {
        struct pair *pair = &((struct pair *)world->pairs.items)[i];
        if ((pair->flags & PAIR_QUIET) == 0 && is_over(world, pair))
            pair_end_quietly(world, pair);
    }
}

/* Chipmunk calls no begin for a pair that it never separated. */
static void
look_at_quiet(fa_physics *world)
{
    for (size_t i = 0; i < world->pairs.count;) {
        struct pair *pair = &((struct pair *)world->pairs.items)[i];
        if ((pair->flags & PAIR_QUIET) == 0 || is_over(world, pair) ||
            pair->arb->stamp != world->space->stamp) {
            i++;
            continue;
        }
        /* The last pair takes this place, and the new one stands last. */
        pair_begin(world, pair->arb, pair->flags & FA_PHYSICS_REJECTED);
    }
}

/* --- events --- */

static void
tell(fa_physics *world, cpBody *body, bool is_asleep)
{
    fa_physics_sleep *event = array_push(world, &world->slept, sizeof(*event));
    if (event == NULL) {
        world->stats.untracked++;
        return;
    }
    *event = (fa_physics_sleep){body, body->userData, is_asleep};
}

static bool
knows_sleeper(const fa_physics *world, const cpBody *body)
{
    return map_find(&world->is_sleeper, body) != UINT32_MAX;
}

/* The awake bodies among those that were told to be asleep. */
static void
tell_woken(fa_physics *world)
{
    const cpArray *bodies = world->space->dynamicBodies;
    for (int i = 0; i < bodies->num && world->is_sleeper.count != 0; i++) {
        cpBody *body = bodies->arr[i];
        if (!knows_sleeper(world, body))
            continue;
        map_remove(&world->is_sleeper, body);
        tell(world, body, false);
    }
}

static void
tell_sleepers(fa_physics *world)
{
    const cpArray *roots = world->space->sleepingComponents;
    for (int i = 0; i < roots->num; i++)
        CP_BODY_FOREACH_COMPONENT((cpBody *)roots->arr[i], body)
    if (!knows_sleeper(world, body) &&
        map_set(world, &world->is_sleeper, body, 1))
        tell(world, body, true);
}

/* Bodies that were removed while they slept are known by address only. */
static void
forget_removed(fa_physics *world)
{
    const cpArray *roots = world->space->sleepingComponents;
    map_clear(&world->is_sleeper);
    for (int i = 0; i < roots->num; i++)
        CP_BODY_FOREACH_COMPONENT((cpBody *)roots->arr[i], body)
    map_set(world, &world->is_sleeper, body, 1);
}

static bool
has_changed(const fa_physics *world)
{
    const cpSpace *space = world->space;
    return world->static_count != space->staticBodies->num ||
           world->awake_count != space->dynamicBodies->num ||
           world->asleep_count != space->sleepingComponents->num;
}

static void
note_counts(fa_physics *world)
{
    world->static_count = world->space->staticBodies->num;
    world->awake_count = world->space->dynamicBodies->num;
    world->asleep_count = world->space->sleepingComponents->num;
}

static bool
wants_sleep(const fa_physics *world)
{
    return (world->config.events & FA_PHYSICS_SLEEP) != 0;
}

/* What the program has woken or removed since the last step. */
void
sleep_attach(fa_physics *world)
{
    forget_removed(world);
    note_counts(world);
}

void
sleep_before(fa_physics *world)
{
    if (wants_sleep(world) && world->is_sleeper.count != 0) {
        tell_woken(world);
        if (has_changed(world))
            forget_removed(world);
    }
}

void
sleep_after(fa_physics *world)
{
    if (world->held.count != 0)
        end_held(world);
    if (world->quiet != 0)
        look_at_quiet(world);
    if (has_changed(world)) {
        look_at_pairs(world);
        if (wants_sleep(world)) {
            tell_woken(world);
            tell_sleepers(world);
        }
    }
    note_counts(world);
}

/* --- pairs that touch already --- */

struct adoption {
    fa_physics *world;
    bool is_silent;
};

static void
adopt_arbiter(fa_physics *world, const cpArbiter *arb, bool is_silent)
{
    if (pair_find(world, arb) != NULL ||
        arb->state == CP_ARBITER_STATE_CACHED ||
        arb->state == CP_ARBITER_STATE_INVALIDATED)
        return;
    uint32_t flags = is_silent ? FA_PHYSICS_ADOPTED : 0;
    if (arb->state == CP_ARBITER_STATE_IGNORE)
        flags |= FA_PHYSICS_REJECTED;
    pair_begin(world, arb, flags);
}

static void
adopt_cached(void *element, void *data)
{
    struct adoption *adoption = data;
    const cpArbiter *arb = element;
    if (arb->stamp == adoption->world->space->stamp)
        adopt_arbiter(adoption->world, arb, adoption->is_silent);
}

void
adopt_pairs(fa_physics *world, bool is_silent)
{
    struct adoption adoption = {world, is_silent};
    const cpArray *roots = world->space->sleepingComponents;
    cpHashSetEach(world->space->cachedArbiters, adopt_cached, &adoption);
    for (int i = 0; i < roots->num; i++)
        CP_BODY_FOREACH_COMPONENT((cpBody *)roots->arr[i], body)
    CP_BODY_FOREACH_ARBITER(body, arb)
    adopt_arbiter(world, arb, is_silent);
}
