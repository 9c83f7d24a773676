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

/* Which of Chipmunk's two sides is our a is as good as random. So nothing below
 * branches on it; sides are indexed. */
_Static_assert(offsetof(struct cpContact, r2) == sizeof(cpVect), "two sides");
_Static_assert(offsetof(cpArbiter, body_b) ==
                   offsetof(cpArbiter, body_a) + sizeof(cpBody *),
               "two sides");
_Static_assert(offsetof(struct cpContact, jtAcc) -
                           offsetof(struct cpContact, jnAcc) ==
                       sizeof(cpFloat) &&
                   offsetof(fa_physics_point, tangent_impulse) -
                           offsetof(fa_physics_point, normal_impulse) ==
                       sizeof(cpFloat),
               "impulses stand together");

/* Two numbers that stand together, as those of a cpVect. */
typedef cpFloat lanes TWO_LANES(cpFloat);
typedef lanes memory_lanes LANES_IN_MEMORY(cpFloat);

static INLINE lanes
read_lanes(const void *from)
{
    return *(const memory_lanes *)from;
}

/* What the points of a contact share. */
struct side {
    lanes center;  /* Of the body. */
    size_t offset; /* Of the body's point, in a contact of Chipmunk. */
};

static INLINE struct side
side_of(const cpArbiter *arb, size_t index)
{
    const cpBody *const *bodies =
        (const void *)((const char *)arb + offsetof(cpArbiter, body_a));
    return (struct side){read_lanes(&bodies[index]->p), index * sizeof(cpVect)};
}

/* Returns the impulses. */
static INLINE lanes
fill_point(fa_physics_point *point, const struct cpContact *contact,
           struct side side_a, struct side side_b, lanes normal)
{
    const char *ends = (const char *)contact;
    lanes a = side_a.center + read_lanes(ends + side_a.offset);
    lanes b = side_b.center + read_lanes(ends + side_b.offset);
    lanes along = (a - b) * normal;
    lanes impulse = read_lanes(&contact->jnAcc);
    *(memory_lanes *)&point->a = a;
    *(memory_lanes *)&point->b = b;
    point->depth = along[0] + along[1];
    *(memory_lanes *)&point->normal_impulse = impulse;
    return impulse;
}

/* Of a circle against a polygon with a radius, the point on the polygon is off
 * by twice the radius; see probe.c. */
static NOINLINE void
correct_points(fa_physics_contact *contact, const cpArbiter *arb,
               bool is_flipped)
{
    cpVect error = cpvmult(arb->n, 2 * ((const cpPolyShape *)arb->b)->r);
    for (uint32_t i = 0; i < contact->point_count; i++) {
        fa_physics_point *point = &contact->point[i];
        cpVect *wrong = is_flipped ? &point->a : &point->b;
        *wrong = cpvsub(*wrong, error);
        point->depth = -cpvdot(cpvsub(point->b, point->a), contact->normal);
    }
}

static INLINE void
fill_points(fa_physics_contact *contact, const cpArbiter *arb, uint32_t flags)
{
    static const cpFloat sign[] = {1, -1};
    const struct cpContact *from = arb->contacts;
    size_t flipped = (flags & PAIR_FLIPPED) / PAIR_FLIPPED;
    struct side a = side_of(arb, flipped), b = side_of(arb, 1 - flipped);
    lanes normal = read_lanes(&arb->n) * sign[flipped];
    *(memory_lanes *)&contact->normal = normal;
    contact->point_count = (uint32_t)arb->count;
    lanes sum = fill_point(&contact->point[0], from, a, b, normal);
    if (arb->count == 2)
        sum += fill_point(&contact->point[1], from + 1, a, b, normal);
    /* Along the normal and across: turning it would not make it longer. */
    sum *= sum;
    contact->impulse = cpfsqrt(sum[0] + sum[1]);
    if ((flags & PAIR_ROUNDED) != 0)
        correct_points(contact, arb, flipped != 0);
}

_Static_assert(offsetof(fa_physics_contact, speed) == sizeof(fa_physics_pair),
               "speed follows");
_Static_assert(offsetof(struct pair, speed) - offsetof(struct pair, public) ==
                   sizeof(fa_physics_pair),
               "speed follows");

/* All but the points. */
static inline void
fill_pair(fa_physics_contact *contact, const struct pair *pair, uint32_t age)
{
    /* Pair and speed stand together in both, and are copied as one. */
    memcpy((char *)contact, (const char *)pair + offsetof(struct pair, public),
           sizeof(pair->public) + sizeof(pair->speed));
    contact->flags = pair->flags & PAIR_PUBLIC;
    contact->age = age;
}

static void
fill_contact(const fa_physics *world, fa_physics_contact *contact,
             const struct pair *pair)
{
    const cpArbiter *arb = pair->arb;
    fill_pair(contact, pair, (uint32_t)world->step - pair->born);
    /* Contacts of earlier steps are not kept. */
    if (arb != NULL && arb->stamp == world->space->stamp && arb->count != 0) {
        fill_points(contact, arb, pair->flags);
        return;
    }
    contact->point_count = 0;
    contact->normal = cpvzero;
    contact->impulse = 0;
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
    return (struct pair *)world->pairs.items + key->index;
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
        /* It may be older, of a step that was not ours. */
        pair->born = (uint32_t)world->step;
        if (pair->arb->state == CP_ARBITER_STATE_IGNORE)
            pair_reject(world, pair);
        if (is_reported(world, pair, FA_PHYSICS_BEGIN))
            push_key(world, pair,
                     (uint32_t)(pair - (struct pair *)world->pairs.items));
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
    touch->age = (uint32_t)world->step - pair->born;
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

/* The table of pairs is not in the caches after a step, and arbiters come in
 * another order. So they are taken in groups, and while one is told, memory is
 * fetched for two: the pairs of the next, and of that after it the arbiters and
 * the entries of the map that lead to pairs. */
#define GROUP 32

static inline int
group_count(const cpArray *arbiters, int from)
{
    int left = arbiters->num - from;
    return left < GROUP ? left : GROUP;
}

struct group {
    const struct map_entry *entry[GROUP];
    const struct pair *pair[GROUP];
};

static inline void
expect_group(const fa_physics *world, const cpArray *arbiters, int from,
             struct group *group)
{
    struct map map = world->by_arbiter;
    int count = group_count(arbiters, from);
    for (int i = 0; i < count; i++) {
        const cpArbiter *arb = arbiters->arr[from + i];
        group->entry[i] = &map.entries[map_place(&map, arb)];
        PREFETCH(group->entry[i]);
        PREFETCH(&arb->contacts);
    }
}

/* The pair of an arbiter whose entry is not where it belongs. */
static NOINLINE const struct pair *
find_displaced(const fa_physics *world, const cpArbiter *arb)
{
    static const struct pair nobody; /* Wants no events. */
    const struct pair *pair = pair_find(world, arb);
    return pair != NULL ? pair : &nobody;
}

static inline void
find_group(const fa_physics *world, const cpArray *arbiters, int from,
           struct group *group)
{
    const struct pair *pairs = world->pairs.items;
    int count = group_count(arbiters, from);
    for (int i = 0; i < count; i++) {
        const void *arb = arbiters->arr[from + i];
        const struct map_entry *entry = group->entry[i];
        const struct pair *pair = &pairs[entry->value];
        if (entry->key != arb)
            pair = find_displaced(world, arb);
        PREFETCH(pair);
        PREFETCH((const char *)pair + ALIGN);
        group->pair[i] = pair;
    }
}

struct persisting {
    fa_physics_contact *next;
    fa_physics_contact *end;
    uint32_t dropped;
    uint32_t now;    /* Number of the step. */
    uint32_t asked;  /* Events. */
    uint32_t silent; /* Flags of pairs that are not told. */
};

/* All that Chipmunk has in its list are of this step and have points. A pair
 * that was born in this step is in the array of begins. */
static inline void
take_persist(const fa_physics *world, struct persisting *p,
             const struct pair *pair)
{
    uint32_t age = p->now - pair->born;
    uint32_t wanted = pair->wanted & p->asked;
    if ((pair->flags & p->silent) != 0 || age == 0 || wanted == 0)
        return;
    if (p->next == p->end) {
        p->dropped += wanted != FA_PHYSICS_HIT;
        return;
    }
    fill_pair(p->next, pair, age);
    fill_points(p->next, pair->arb, pair->flags);
    if (wanted != FA_PHYSICS_HIT || is_hit(world, p->next))
        p->next++;
}

/* A sensor's pair has no contacts to tell, whatever the shape is now. */
static uint32_t
silent_flags(const fa_physics *world)
{
    uint32_t silent = PAIR_QUIET | FA_PHYSICS_IS_SENSOR;
    if ((world->config.flags & FA_PHYSICS_REPORT_REJECTED) == 0)
        silent |= FA_PHYSICS_REJECTED;
    return silent;
}

static struct persisting
take_persists(const fa_physics *world, struct persisting p)
{
    const cpArray *arbiters = world->space->arbiters;
    struct group group[2];
    if (world->by_arbiter.entries == NULL)
        return p;
    expect_group(world, arbiters, 0, &group[0]);
    expect_group(world, arbiters, GROUP, &group[1]);
    find_group(world, arbiters, 0, &group[0]);
    for (int from = 0; from < arbiters->num; from += GROUP) {
        struct group *now = &group[from / GROUP % 2];
        struct group *next = &group[from / GROUP % 2 ^ 1];
        int count = group_count(arbiters, from);
        expect_group(world, arbiters, from + 2 * GROUP, now);
        find_group(world, arbiters, from + GROUP, next);
        for (int i = 0; i < count; i++)
            take_persist(world, &p, now->pair[i]);
    }
    return p;
}

void
events_persists(fa_physics *world, struct room *room, fa_physics_events *events)
{
    struct persisting p = {.now = (uint32_t)world->step,
                           .asked = world->config.events &
                                    (FA_PHYSICS_PERSIST | FA_PHYSICS_HIT),
                           .silent = silent_flags(world)};
    uint32_t count = (uint32_t)world->space->arbiters->num, unused = 0;
    if (p.asked == 0)
        return;
    fa_physics_contact *contacts =
        room_take(world, room, &count, sizeof(*contacts), &unused);
    p.next = contacts;
    p.end = contacts == NULL ? NULL : contacts + count;
    p = take_persists(world, p);
    uint32_t used = contacts == NULL ? 0 : (uint32_t)(p.next - contacts);
    room_shrink(room, contacts, count * sizeof(*contacts),
                used * sizeof(*contacts));
    if ((world->config.flags & FA_PHYSICS_SORT_PERSIST) != 0)
        sort_persists(world, contacts, used);
    events->dropped.persist = p.dropped;
    events->persist = contacts;
    events->persist_count = used;
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
