/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The table of pairs that touch, kept by the begin and separate hooks.
 *
 * Pairs stand in one dense array, and a map finds them by arbiter. An arbiter
 * is Chipmunk's record of two touching shapes; it is never freed before the
 * space, but used again for other shapes, so a begin for an arbiter that the
 * table has ends the older pair first.
 *
 * Shapes are named by their hashid, a number that rises with each shape that
 * is added to the space: it is the same in every run, as addresses are not.
 */
#include "world.h"

static struct pair *
pair_at(const fa_physics *world, size_t index)
{
    return &((struct pair *)world->pairs.items)[index];
}

struct pair *
pair_find(const fa_physics *world, const cpArbiter *arb)
{
    uint32_t index = map_find(&world->by_arbiter, arb);
    return index == UINT32_MAX ? NULL : pair_at(world, index);
}

bool
pair_describe(const cpShape *a, const cpShape *b, fa_physics_pair *out)
{
    /* The sensor is a; of two sensors, or none, the older shape. */
    bool is_flipped =
        a->sensor != b->sensor ? !a->sensor : a->hashid > b->hashid;
    const cpShape *first = is_flipped ? b : a;
    const cpShape *second = is_flipped ? a : b;
    out->shape_id_a = first->hashid;
    out->shape_id_b = second->hashid;
    out->shape_a = (cpShape *)(uintptr_t)first;
    out->shape_b = (cpShape *)(uintptr_t)second;
    out->body_a = first->body;
    out->body_b = second->body;
    out->user_a = first->userData;
    out->user_b = second->userData;
    out->type_a = first->type;
    out->type_b = second->type;
    return is_flipped;
}

/* How fast the shapes approach at the deepest point; 0 where Chipmunk has no
 * points, as for sensors after the callback. */
static cpFloat
approach_speed(const cpArbiter *arb)
{
    cpFloat speed = 0;
    for (int i = 0; i < arb->count; i++) {
        const struct cpContact *contact = &arb->contacts[i];
        cpFloat v = -normal_relative_velocity(arb->body_a, arb->body_b,
                                              contact->r1, contact->r2, arb->n);
        speed = v > speed ? v : speed;
    }
    return speed;
}

static unsigned
ask_filter(const fa_physics *world, const cpArbiter *arb)
{
    if (world->config.pair_filter == NULL)
        return ~0u;
    return world->config.pair_filter(arb->a, arb->b, world->config.user);
}

static void
count_pair(fa_physics *world, const struct pair *pair, int change)
{
    if ((pair->flags & PAIR_QUIET) != 0)
        world->quiet += (uint32_t)change;
    else if ((pair->flags & FA_PHYSICS_REJECTED) == 0)
        world->touching += (uint32_t)change;
    if (world->touching > world->stats.pairs_peak)
        world->stats.pairs_peak = world->touching;
}

void
pair_drop(fa_physics *world, struct pair *pair)
{
    struct pair *last = pair_at(world, world->pairs.count - 1);
    count_pair(world, pair, -1);
    map_remove(&world->by_arbiter, pair->arb);
    if (pair != last) {
        *pair = *last;
        /* The key is there, so this takes no memory. */
        map_set(world, &world->by_arbiter, pair->arb,
                (uint32_t)(pair - pair_at(world, 0)));
    }
    world->pairs.count--;
}

static struct pair *
add_pair(fa_physics *world, const cpArbiter *arb)
{
    uint32_t index = (uint32_t)world->pairs.count;
    if (!map_set(world, &world->by_arbiter, arb, index))
        return NULL;
    struct pair *pair = array_push(world, &world->pairs, sizeof(*pair));
    if (pair == NULL)
        map_remove(&world->by_arbiter, arb);
    return pair;
}

static bool
push_fresh(fa_physics *world, const cpArbiter *arb)
{
    const cpArbiter **fresh =
        array_push(world, &world->fresh, sizeof(const cpArbiter *));
    if (fresh == NULL)
        return false;
    *fresh = arb;
    return true;
}

/* Later the radius may change, but the kinds do not. */
static bool
is_rounded(const cpArbiter *arb)
{
    return arb->a->klass->type == CP_CIRCLE_SHAPE &&
           arb->b->klass->type == CP_POLY_SHAPE && probe_has_rounded_bug();
}

void
pair_begin(fa_physics *world, const cpArbiter *arb, uint32_t flags)
{
    if (pair_find(world, arb) != NULL)
        pair_end(world, arb, 0);
    bool is_silent = (flags & FA_PHYSICS_ADOPTED) != 0;
    bool is_listed = is_silent || push_fresh(world, arb);
    struct pair *pair = is_listed ? add_pair(world, arb) : NULL;
    if (pair == NULL) {
        /* An entry of the list without a pair is passed over. */
        world->stats.untracked++;
        return;
    }
    *pair = (struct pair){.arb = arb,
                          .born = (uint32_t)world->step,
                          .told_at = UINT32_MAX,
                          .wanted = ask_filter(world, arb),
                          .speed = approach_speed(arb)};
    if (arb->a->sensor || arb->b->sensor)
        flags |= FA_PHYSICS_IS_SENSOR;
    if (is_rounded(arb))
        flags |= PAIR_ROUNDED;
    if (pair_describe(arb->a, arb->b, &pair->public))
        flags |= PAIR_FLIPPED;
    pair->public.id = ++world->next_pair;
    pair->flags = flags | (is_silent ? 0 : PAIR_FRESH);
    count_pair(world, pair, 1);
}

void
pair_readd(fa_physics *world, const cpArbiter *arb, const struct pair *old)
{
    if (pair_find(world, arb) != NULL)
        pair_end(world, arb, 0);
    struct pair *pair = add_pair(world, arb);
    if (pair == NULL) {
        /* Not lost: the program is told of the end. */
        pair_end_copy(world, old);
        world->stats.untracked++;
        return;
    }
    *pair = *old;
    pair->arb = arb;
    pair->flags &= ~(uint32_t)PAIR_FLIPPED;
    if (pair->public.shape_a != arb->a)
        pair->flags |= PAIR_FLIPPED;
    count_pair(world, pair, 1);
    if ((pair->flags & PAIR_FRESH) != 0 && !push_fresh(world, arb))
        pair_end(world, arb, 0);
}

void
pair_reject(fa_physics *world, struct pair *pair)
{
    count_pair(world, pair, -1);
    pair->flags |= FA_PHYSICS_REJECTED;
    count_pair(world, pair, 1);
}

/* Of a shape that is being removed, the body's list is rid already. */
static bool
is_removed(const cpShape *shape)
{
    return shape->prev == NULL && shape->body->shapeList != shape;
}

static uint32_t
removal_flags(const struct pair *pair)
{
    uint32_t flags = 0;
    if (is_removed(pair->public.shape_a))
        flags |= FA_PHYSICS_REMOVED_A;
    if (is_removed(pair->public.shape_b))
        flags |= FA_PHYSICS_REMOVED_B;
    return flags;
}

void
pair_end_copy(fa_physics *world, const struct pair *pair)
{
    struct pair *ended = array_push(world, &world->ended, sizeof(*ended));
    if (ended == NULL) {
        world->stats.untracked++;
        return;
    }
    *ended = *pair;
    ended->arb = NULL;
    /* The begin of this step is known to the program already. */
    if (pair->born == (uint32_t)world->step &&
        pair->told_at < world->begin_count)
        world->begins[pair->told_at].flags |= pair->flags & PAIR_PUBLIC;
}

void
pair_end(fa_physics *world, const cpArbiter *arb, uint32_t flags)
{
    struct pair *pair = pair_find(world, arb);
    if (pair == NULL)
        return;
    pair->flags |= flags;
    if (arb->state == CP_ARBITER_STATE_INVALIDATED)
        pair->flags |= removal_flags(pair);
    if ((pair->flags & PAIR_QUIET) == 0)
        pair_end_copy(world, pair);
    pair_drop(world, pair);
}

void
pair_end_quietly(fa_physics *world, struct pair *pair)
{
    pair_end_copy(world, pair);
    count_pair(world, pair, -1);
    pair->flags |= PAIR_QUIET;
    pair->flags &= ~(uint32_t)PAIR_FRESH;
    count_pair(world, pair, 1);
}

/* --- questions --- */

/* Pairs of the table, then those that are held; NULL behind the last. */
static const struct pair *
pair_or_held(const fa_physics *world, size_t index)
{
    if (index < world->pairs.count)
        return pair_at(world, index);
    index -= world->pairs.count;
    if (index < world->held.count)
        return &((struct held *)world->held.items)[index].pair;
    return NULL;
}

static bool
is_touching(const struct pair *pair)
{
    return (pair->flags & (PAIR_QUIET | FA_PHYSICS_REJECTED)) == 0;
}

uint32_t
fa_physics_touching_count(const fa_physics *world)
{
    const struct pair *pair;
    uint32_t count = world->touching;
    for (size_t i = world->pairs.count; (pair = pair_or_held(world, i)) != NULL;
         i++)
        count += is_touching(pair);
    return count;
}

static bool
is_of(const struct pair *pair, const cpShape *shape)
{
    return is_touching(pair) &&
           (pair->public.shape_a == shape || pair->public.shape_b == shape);
}

bool
fa_physics_touching(const fa_physics *world, const cpShape *a, const cpShape *b,
                    fa_physics_pair *out)
{
    const struct pair *pair;
    for (size_t i = 0; (pair = pair_or_held(world, i)) != NULL; i++) {
        if (!is_of(pair, a) || !is_of(pair, b))
            continue;
        if (out != NULL)
            *out = pair->public;
        return true;
    }
    return false;
}

fa_status
fa_physics_overlaps(fa_physics *world, const cpShape *shape,
                    const fa_physics_pair **out, uint32_t *count)
{
    fa_ctx *ctx = world_ctx(world);
    fa_frame *frame = fa_ctx_frame(ctx);
    const struct pair *pair;
    uint32_t n = 0;
    *out = NULL;
    *count = 0;
    for (size_t i = 0; (pair = pair_or_held(world, i)) != NULL; i++)
        n += is_of(pair, shape);
    if (n == 0)
        return FA_OK;
    fa_physics_pair *array = fa_frame_array_raw(frame, fa_physics_pair, n);
    if (array == NULL)
        return fa_ctx_status(ctx);
    for (size_t i = 0; (pair = pair_or_held(world, i)) != NULL; i++)
        if (is_of(pair, shape))
            array[(*count)++] = pair->public;
    *out = array;
    return FA_OK;
}
