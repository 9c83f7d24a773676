/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Canonical stepping: the result depends on the state and not on its history.
 *
 * Chipmunk solves contacts in the order in which its tree of boxes finds them,
 * and the shape of the tree depends on all that has happened before. So two
 * spaces with equal bodies drift apart. Here the index gets, for the time of one
 * call in each step, a class of ours that finds the same pairs, hands each on
 * with the older shape first and without a remembered separating axis, and then
 * sorts the contacts by the ids of their shapes. cpSpaceStep() itself is as it
 * was.
 */
#include "snapshot.h"

struct finding {
    cpSpatialIndexQueryFunc collide;
    void *space;
};

static cpCollisionID
find(void *first, void *second, cpCollisionID id, void *data)
{
    const struct finding *finding = data;
    cpShape *a = first, *b = second;
    (void)id;
    /* Chipmunk orders shapes of different kinds itself. */
    bool is_turned = a->klass->type == b->klass->type && a->hashid > b->hashid;
    finding->collide(is_turned ? b : a, is_turned ? a : b, 0, finding->space);
    return 0;
}

static struct sort_key
key_of(const cpArbiter *arb, uint32_t index)
{
    cpHashValue a = arb->a->hashid, b = arb->b->hashid;
    return (struct sort_key){a < b ? a : b, a < b ? b : a, index};
}

/* Slow, but without memory. */
static void
sort_in_place(cpArray *arbiters)
{
    for (int i = 1; i < arbiters->num; i++) {
        void *arb = arbiters->arr[i];
        struct sort_key key = key_of(arb, 0);
        int j = i;
        for (; j > 0; j--) {
            struct sort_key before = key_of(arbiters->arr[j - 1], 0);
            if (!sort_is_less(&key, &before))
                break;
            arbiters->arr[j] = arbiters->arr[j - 1];
        }
        arbiters->arr[j] = arb;
    }
}

static void
sort_arbiters(fa_physics *world)
{
    cpArray *arbiters = world->space->arbiters;
    size_t count = (size_t)arbiters->num;
    if (!array_reserve(world, &world->keys, 2 * count,
                       sizeof(struct sort_key)) ||
        !array_reserve(world, &world->order, count, sizeof(void *))) {
        sort_in_place(arbiters);
        return;
    }
    struct sort_key *keys = world->keys.items;
    void **order = world->order.items;
    for (size_t i = 0; i < count; i++) {
        order[i] = arbiters->arr[i];
        keys[i] = key_of(order[i], (uint32_t)i);
    }
    sort_keys(keys, count);
    for (size_t i = 0; i < count; i++)
        arbiters->arr[i] = order[keys[i].index];
}

static void
reindex_query(cpSpatialIndex *index, cpSpatialIndexQueryFunc collide,
              void *space)
{
    fa_physics *world = hooks_world_of(space);
    struct finding finding = {collide, space};
    index->klass = world->index_class;
    cpSpatialIndexReindexQuery(index, find, &finding);
    sort_arbiters(world);
}

void
canonical_before(fa_physics *world)
{
    cpSpatialIndex *index = world->space->dynamicShapes;
    world->index_class = index->klass;
    world->own_class = *index->klass;
    world->own_class.reindexQuery = reindex_query;
    index->klass = &world->own_class;
}

/* --- hash --- */

static uint64_t
mix(uint64_t hash, uint64_t value)
{
    hash = (hash ^ value) * UINT64_C(0xff51afd7ed558ccd);
    return hash ^ hash >> 32;
}

static uint64_t
mix_float(uint64_t hash, cpFloat value)
{
    uint64_t bits = 0;
    memcpy(&bits, &value, sizeof(value));
    return mix(hash, bits);
}

static uint64_t
hash_body(const cpBody *body)
{
    uint64_t hash = mix(1, body_id(body));
    hash = mix_float(hash, body->p.x);
    hash = mix_float(hash, body->p.y);
    hash = mix_float(hash, body->v.x);
    hash = mix_float(hash, body->v.y);
    hash = mix_float(hash, body->a);
    return mix_float(hash, body->w);
}

uint64_t
body_id(const cpBody *body)
{
    uint64_t id = 0;
    for (const cpShape *s = body->shapeList; s != NULL; s = s->next)
        if (id == 0 || s->hashid + 1 < id)
            id = s->hashid + 1;
    return id;
}

uint64_t
fa_physics_hash(const fa_physics *world)
{
    const cpArray *bodies = world->space->dynamicBodies;
    const cpArray *roots = world->space->sleepingComponents;
    /* A sum, so that the order of bodies does not matter. */
    uint64_t hash = 0;
    for (int i = 0; i < bodies->num; i++)
        hash += hash_body(bodies->arr[i]);
    for (int i = 0; i < roots->num; i++)
        CP_BODY_FOREACH_COMPONENT((cpBody *)roots->arr[i], body)
    hash += hash_body(body);
    return hash;
}
