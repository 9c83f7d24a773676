/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The arrays of a step, made after it from what the hooks have noted.
 *
 * Callbacks that write events would read each contact before its impulses are
 * final, and cost more; polling bodies would visit each pair twice. Here the
 * number of events is known before their memory is taken, so an array is one
 * allocation of the right size, and nothing is copied twice.
 *
 * Where memory ends, arrays are cut in this order of priority: end, begin,
 * sensor, sleep, joint, move, persist, hit.
 */
#include "world.h"

/* --- room --- */

static void *
spill(fa_physics *world, size_t bytes)
{
    void **slot = array_push(world, &world->spilled, sizeof(void *));
    if (slot == NULL)
        return NULL;
    *slot = fa_heap_alloc(world->ctx, bytes, 16);
    if (*slot == NULL)
        world->spilled.count--;
    return *slot;
}

static void *
take_from_frame(struct room *room, uint32_t *count, size_t size)
{
    uint32_t n = *count;
    if (n > room->left / size)
        n = (uint32_t)(room->left / size);
    void *block = NULL;
    /* What the frame refuses as a whole may fit in part. */
    while (n != 0 &&
           (block = fa_frame_alloc_array(room->frame, n, size, 16)) == NULL)
        n /= 2;
    *count = n;
    return block;
}

void *
room_take(fa_physics *world, struct room *room, uint32_t *count, size_t size,
          uint32_t *dropped)
{
    uint32_t want = *count;
    if (want == 0)
        return NULL;
    void *block = take_from_frame(room, count, size);
    room->is_spilled = false;
    if (*count < want && world->config.overflow == FA_PHYSICS_SPILL_HEAP &&
        room->may_spill) {
        void *spilled = spill(world, want * size);
        if (spilled != NULL) {
            room->is_spilled = true;
            room->used += want * size;
            *count = want;
            return spilled;
        }
    }
    *dropped += want - *count;
    room->used += *count * size;
    if (room->left != SIZE_MAX)
        room->left -= *count * size;
    return block;
}

/* The array that was taken last is shorter than thought. */
static void
room_shrink(struct room *room, void *block, size_t old_size, size_t new_size)
{
    if (block == NULL || new_size == old_size)
        return;
    room->used -= old_size - new_size;
    if (room->is_spilled)
        return;
    if (room->left != SIZE_MAX)
        room->left += old_size - new_size;
    /* Shrinking the last block of a frame does not fail. */
    void *same = fa_frame_resize(room->frame, block, old_size, new_size, 16);
    (void)same;
}

/* --- contacts --- */

static bool
is_rounded_poly(const cpShape *shape)
{
    return shape->klass->type == CP_POLY_SHAPE &&
           ((const cpPolyShape *)shape)->r > 0;
}

/* By how much Chipmunk is wrong about point b; see probe.c. */
static cpFloat
rounding_error(const cpArbiter *arb)
{
    if (arb->a->klass->type != CP_CIRCLE_SHAPE || !is_rounded_poly(arb->b) ||
        !probe_has_rounded_bug())
        return 0;
    return 2 * ((const cpPolyShape *)arb->b)->r;
}

static void
fill_point(fa_physics_point *point, const cpArbiter *arb,
           const struct cpContact *contact, bool is_flipped)
{
    cpVect a = cpvadd(arb->body_a->p, contact->r1);
    cpVect b = cpvadd(arb->body_b->p, contact->r2);
    cpFloat error = rounding_error(arb);
    if (error != 0)
        b = cpvsub(b, cpvmult(arb->n, error));
    point->a = is_flipped ? b : a;
    point->b = is_flipped ? a : b;
    point->depth = -cpvdot(cpvsub(b, a), arb->n);
    point->normal_impulse = contact->jnAcc;
    point->tangent_impulse = contact->jtAcc;
}

static void
fill_contact(const fa_physics *world, fa_physics_contact *contact,
             const struct pair *pair)
{
    const cpArbiter *arb = pair->arb;
    bool is_flipped = (pair->flags & PAIR_FLIPPED) != 0;
    cpVect sum = cpvzero;
    contact->pair = pair->public;
    contact->speed = pair->speed;
    contact->flags = pair->flags & PAIR_PUBLIC;
    contact->age = (uint32_t)(world->step - pair->born);
    contact->point_count = 0;
    contact->normal = cpvzero;
    contact->impulse = 0;
    /* Contacts of earlier steps are not kept. */
    if (arb == NULL || arb->stamp != world->space->stamp || arb->count == 0)
        return;
    contact->normal = is_flipped ? cpvneg(arb->n) : arb->n;
    contact->point_count = (uint32_t)arb->count;
    for (int i = 0; i < arb->count; i++) {
        const struct cpContact *from = &arb->contacts[i];
        fill_point(&contact->point[i], arb, from, is_flipped);
        sum = cpvadd(sum, cpvrotate(arb->n, cpv(from->jnAcc, from->jtAcc)));
    }
    contact->impulse = cpvlength(sum);
}

static bool
is_reported(const fa_physics *world, const struct pair *pair, unsigned event)
{
    if ((pair->flags & FA_PHYSICS_REJECTED) != 0 &&
        (world->config.flags & FA_PHYSICS_REPORT_REJECTED) == 0)
        return false;
    if ((pair->flags & FA_PHYSICS_IS_SENSOR) != 0)
        event = FA_PHYSICS_SENSOR;
    return (world->config.events & pair->wanted & event) != 0;
}

/* --- begins --- */

#define IN_ENDED 0x80000000u

static struct pair *
ended_at(const fa_physics *world, size_t index)
{
    return &((struct pair *)world->ended.items)[index];
}

/* A pair by the index of its sort key. */
static struct pair *
pair_of_key(const fa_physics *world, const struct sort_key *key)
{
    if ((key->index & IN_ENDED) != 0)
        return ended_at(world, key->index & ~IN_ENDED);
    return pair_find(world,
                     ((const cpArbiter **)world->fresh.items)[key->index]);
}

static void
push_key(fa_physics *world, const struct pair *pair, uint32_t index)
{
    struct sort_key *key =
        (struct sort_key *)world->keys.items + world->keys.count++;
    *key = (struct sort_key){pair->public.shape_id_a, pair->public.shape_id_b,
                             index};
}

static void
collect_begins(fa_physics *world)
{
    world->keys.count = 0;
    if (!array_reserve(world, &world->keys,
                       2 * (world->fresh.count + world->ended.count),
                       sizeof(struct sort_key)))
        return;
    for (size_t i = 0; i < world->fresh.count; i++) {
        struct pair *pair =
            pair_find(world, ((const cpArbiter **)world->fresh.items)[i]);
        if (pair == NULL || (pair->flags & PAIR_FRESH) == 0)
            continue;
        pair->flags &= ~(uint32_t)PAIR_FRESH;
        pair->told = world->step;
        pair->told_at = UINT32_MAX;
        if (pair->arb->state == CP_ARBITER_STATE_IGNORE)
            pair_reject(world, pair);
        if (is_reported(world, pair, FA_PHYSICS_BEGIN))
            push_key(world, pair, (uint32_t)i);
    }
    for (size_t i = 0; i < world->ended.count; i++) {
        struct pair *pair = ended_at(world, i);
        if ((pair->flags & PAIR_FRESH) == 0)
            continue;
        pair->flags &= ~(uint32_t)PAIR_FRESH;
        if (is_reported(world, pair, FA_PHYSICS_BEGIN))
            push_key(world, pair, (uint32_t)i | IN_ENDED);
    }
    sort_keys(world->keys.items, world->keys.count);
}

static void
fill_touch(const fa_physics *world, fa_physics_touch *touch,
           const struct pair *pair)
{
    touch->pair = pair->public;
    touch->flags = pair->flags & PAIR_PUBLIC;
    touch->age = (uint32_t)(world->step - pair->born);
}

static uint32_t
count_sensors(const fa_physics *world)
{
    const struct sort_key *keys = world->keys.items;
    uint32_t count = 0;
    for (size_t i = 0; i < world->keys.count; i++)
        count +=
            (pair_of_key(world, &keys[i])->flags & FA_PHYSICS_IS_SENSOR) != 0;
    return count;
}

void
events_begins(fa_physics *world, struct room *room, fa_physics_events *events)
{
    collect_begins(world);
    const struct sort_key *keys = world->keys.items;
    uint32_t sensor_room = count_sensors(world);
    uint32_t begin_room = (uint32_t)world->keys.count - sensor_room;
    fa_physics_contact *begin = room_take(
        world, room, &begin_room, sizeof(*begin), &events->dropped.begin);
    fa_physics_touch *sensor =
        room_take(world, room, &sensor_room, sizeof(*sensor),
                  &events->dropped.sensor_begin);
    for (size_t i = 0; i < world->keys.count; i++) {
        struct pair *pair = pair_of_key(world, &keys[i]);
        if ((pair->flags & FA_PHYSICS_IS_SENSOR) != 0) {
            if (events->sensor_begin_count < sensor_room)
                fill_touch(world, &sensor[events->sensor_begin_count++], pair);
        } else if (events->begin_count < begin_room) {
            pair->told_at = events->begin_count;
            fill_contact(world, &begin[events->begin_count++], pair);
        }
    }
    events->begin = begin;
    events->sensor_begin = sensor;
    world->begins = begin;
    world->begin_count = events->begin_count;
    world->fresh.count = 0;
}

/* --- persists and hits --- */

static bool
is_hit(const fa_physics *world, const fa_physics_contact *contact)
{
    const fa_physics_config *config = &world->config;
    return (config->hit_impulse > 0 &&
            contact->impulse > config->hit_impulse) ||
           (config->hit_speed > 0 && contact->age == 0 &&
            contact->speed > config->hit_speed);
}

static void
sort_persists(fa_physics *world, fa_physics_contact *contacts, uint32_t count)
{
    if (!array_reserve(world, &world->keys, 2 * (size_t)count,
                       sizeof(struct sort_key)))
        return;
    struct sort_key *keys = world->keys.items;
    for (uint32_t i = 0; i < count; i++)
        keys[i] = (struct sort_key){contacts[i].pair.shape_id_a,
                                    contacts[i].pair.shape_id_b, i};
    sort_keys(keys, count);
    /* Cycle by cycle: each place takes what belongs there. */
    for (uint32_t i = 0; i < count; i++) {
        fa_physics_contact first = contacts[i];
        uint32_t to = i;
        while (keys[to].index != i && keys[to].index != UINT32_MAX) {
            uint32_t from = keys[to].index;
            contacts[to] = contacts[from];
            keys[to].index = UINT32_MAX;
            to = from;
        }
        if (to != i) {
            contacts[to] = first;
            keys[to].index = UINT32_MAX;
        }
    }
}

/* The pair goes on, and is to be reported. */
static bool
persists(const fa_physics *world, const struct pair *pair)
{
    return pair != NULL && (pair->flags & PAIR_QUIET) == 0 &&
           pair->told != world->step &&
           is_reported(world, pair, FA_PHYSICS_PERSIST | FA_PHYSICS_HIT);
}

/* Arbiters whose pairs are looked up together. */
#define GROUP 32

/* The table of pairs is not in the caches after a step, and arbiters come in
 * another order. So a group is looked up in three passes, each of which has
 * the memory of the next one fetched. */
static void
find_group(const fa_physics *world, void *const *arbiters, int count,
           const struct pair **out)
{
    for (int i = 0; i < count; i++)
        map_expect(&world->by_arbiter, arbiters[i]);
    for (int i = 0; i < count; i++) {
        out[i] = pair_find(world, arbiters[i]);
        if (out[i] != NULL) {
            PREFETCH(out[i]);
            PREFETCH((const char *)out[i] + 64);
            PREFETCH((const char *)(out[i] + 1) - 1);
        }
    }
}

struct persisting {
    fa_physics_contact *contacts;
    uint32_t room;
    uint32_t used;
    uint32_t dropped;
};

static void
take_persist(const fa_physics *world, struct persisting *p,
             const struct pair *pair)
{
    bool is_wanted =
        (world->config.events & pair->wanted & FA_PHYSICS_PERSIST) != 0;
    if (p->used == p->room) {
        p->dropped += is_wanted;
        return;
    }
    fa_physics_contact *contact = &p->contacts[p->used];
    fill_contact(world, contact, pair);
    p->used += is_wanted || is_hit(world, contact);
}

void
events_persists(fa_physics *world, struct room *room, fa_physics_events *events)
{
    const cpArray *arbiters = world->space->arbiters;
    const unsigned asked = FA_PHYSICS_PERSIST | FA_PHYSICS_HIT;
    const struct pair *group[GROUP];
    struct persisting p = {.room = (uint32_t)arbiters->num};
    uint32_t unused = 0;
    if ((world->config.events & asked) == 0)
        return;
    p.contacts = room_take(world, room, &p.room, sizeof(*p.contacts), &unused);
    for (int from = 0; from < arbiters->num; from += GROUP) {
        int left = arbiters->num - from;
        int count = left < GROUP ? left : GROUP;
        find_group(world, arbiters->arr + from, count, group);
        for (int i = 0; i < count; i++)
            if (persists(world, group[i]))
                take_persist(world, &p, group[i]);
    }
    room_shrink(room, p.contacts, p.room * sizeof(*p.contacts),
                p.used * sizeof(*p.contacts));
    if ((world->config.flags & FA_PHYSICS_SORT_PERSIST) != 0)
        sort_persists(world, p.contacts, p.used);
    events->dropped.persist = p.dropped;
    events->persist = p.contacts;
    events->persist_count = p.used;
}

static uint32_t
collect_hits(const fa_physics *world, const fa_physics_contact *contacts,
             uint32_t count, const fa_physics_contact **hits, uint32_t limit)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        if (is_hit(world, &contacts[i])) {
            if (hits != NULL && found < limit)
                hits[found] = &contacts[i];
            found++;
        }
    return found;
}

void
events_hits(fa_physics *world, struct room *room, fa_physics_events *events)
{
    if ((world->config.events & FA_PHYSICS_HIT) == 0)
        return;
    uint32_t begins =
        collect_hits(world, events->begin, events->begin_count, NULL, 0);
    uint32_t room_for = begins + collect_hits(world, events->persist,
                                              events->persist_count, NULL, 0);
    const fa_physics_contact **hits =
        room_take(world, room, &room_for, sizeof(*hits), &events->dropped.hit);
    if (hits == NULL)
        return;
    collect_hits(world, events->begin, events->begin_count, hits, room_for);
    if (room_for > begins)
        collect_hits(world, events->persist, events->persist_count,
                     hits + begins, room_for - begins);
    events->hit = hits;
    events->hit_count = room_for;
}

/* --- ends --- */

size_t
events_pending_ends(const fa_physics *world)
{
    return world->ended.count * sizeof(fa_physics_touch);
}

static void
collect_ends(fa_physics *world)
{
    world->keys.count = 0;
    if (!array_reserve(world, &world->keys, 2 * world->ended.count,
                       sizeof(struct sort_key)))
        return;
    for (size_t i = 0; i < world->ended.count; i++)
        if (is_reported(world, ended_at(world, i), FA_PHYSICS_END))
            push_key(world, ended_at(world, i), (uint32_t)i | IN_ENDED);
    sort_keys(world->keys.items, world->keys.count);
}

void
events_ends(fa_physics *world, struct room *room, fa_physics_events *events)
{
    collect_ends(world);
    const struct sort_key *keys = world->keys.items;
    uint32_t sensor_room = count_sensors(world);
    uint32_t end_room = (uint32_t)world->keys.count - sensor_room;
    fa_physics_touch *end =
        room_take(world, room, &end_room, sizeof(*end), &events->dropped.end);
    fa_physics_touch *sensor =
        room_take(world, room, &sensor_room, sizeof(*sensor),
                  &events->dropped.sensor_end);
    for (size_t i = 0; i < world->keys.count; i++) {
        const struct pair *pair = pair_of_key(world, &keys[i]);
        if ((pair->flags & FA_PHYSICS_IS_SENSOR) != 0) {
            if (events->sensor_end_count < sensor_room)
                fill_touch(world, &sensor[events->sensor_end_count++], pair);
        } else if (events->end_count < end_room) {
            fill_touch(world, &end[events->end_count++], pair);
        }
    }
    events->end = end;
    events->sensor_end = sensor;
    world->ended.count = 0;
    world->begin_count = 0;
}
