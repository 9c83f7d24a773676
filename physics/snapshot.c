/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Snapshots: bodies, contacts with their impulses, and what joints remember.
 *
 * A step that is canonical needs nothing else. Objects are named by the ids of
 * shapes, which are the same in a space that was built in the same order.
 * Geometry, masses and handlers are the program's and not kept. A snapshot is
 * checked against the space before anything is changed.
 *
 * Layout, all in the byte order and the floats of the machine: a header, bodies,
 * joints, then contacts of one or two points each.
 */
#include "snapshot.h"

#define MAGIC   UINT64_C(0x31537370486166) /* "faHpsS1" read as a number. */
#define SENSOR  1u
#define FLIPPED 2u

struct header {
    uint64_t magic;
    uint64_t bytes;
    uint64_t step;
    uint64_t next_pair;
    cpFloat dt; /* Of the last step: impulses are scaled by it. */
    cpFloat pending;
    uint32_t body_count;
    uint32_t joint_count;
    uint32_t contact_count;
    uint32_t pair_size; /* Tells a build of another layout. */
};

struct body_state {
    uint64_t id;
    cpVect p, v, f, v_bias;
    cpFloat a, w, t, w_bias;
};

struct joint_state {
    uint64_t body_a;
    uint64_t body_b;
    cpFloat value[3];
};

struct point_state {
    uint64_t hash;
    cpFloat normal;
    cpFloat tangent;
};

struct contact_state {
    uint32_t shape_a; /* Ids, in Chipmunk's order. */
    uint32_t shape_b;
    uint8_t state;
    uint8_t count;
    uint16_t age;   /* Stamps since it was used. */
    uint32_t flags; /* Of the pair; 0 and no id: there is none. */
    uint64_t id;
    uint32_t lasted;
    uint32_t wanted;
    cpFloat speed;
};

/* A place in the program's buffer. */
struct cursor {
    char *at;
    size_t left;
};

static void
put(struct cursor *to, const void *from, size_t size)
{
    if (to->left >= size) {
        memcpy(to->at, from, size);
        to->at += size;
        to->left -= size;
    }
}

static bool
get(struct cursor *from, void *to, size_t size)
{
    if (from->left < size)
        return false;
    memcpy(to, from->at, size);
    from->at += size;
    from->left -= size;
    return true;
}

/* --- joints --- */

/* What a joint remembers from one step for the next. */
static int
joint_values(cpConstraint *joint, cpFloat *out[3])
{
#define ONE(T, member)            \
    if (cpConstraintIs##T(joint)) \
    return out[0] = &((cp##T *)joint)->member, 1
#define TWO(T, member)                           \
    if (cpConstraintIs##T(joint))                \
    return out[0] = &((cp##T *)joint)->member.x, \
           out[1] = &((cp##T *)joint)->member.y, 2
    ONE(PinJoint, jnAcc);
    ONE(SlideJoint, jnAcc);
    TWO(PivotJoint, jAcc);
    TWO(GrooveJoint, jAcc);
    ONE(DampedSpring, jAcc);
    ONE(DampedRotarySpring, jAcc);
    ONE(RotaryLimitJoint, jAcc);
    ONE(GearJoint, jAcc);
    ONE(SimpleMotor, jAcc);
#undef ONE
#undef TWO
    if (!cpConstraintIsRatchetJoint(joint))
        return 0;
    out[0] = &((cpRatchetJoint *)joint)->jAcc;
    out[1] = &((cpRatchetJoint *)joint)->angle;
    return 2;
}

static void
put_joint(struct cursor *to, cpConstraint *joint)
{
    struct joint_state state = {body_id(joint->a), body_id(joint->b), {0}};
    cpFloat *values[3];
    int count = joint_values(joint, values);
    for (int i = 0; i < count; i++)
        state.value[i] = *values[i];
    put(to, &state, sizeof(state));
}

static void
set_joint(cpConstraint *joint, const struct joint_state *state)
{
    cpFloat *values[3];
    int count = joint_values(joint, values);
    for (int i = 0; i < count; i++)
        *values[i] = state->value[i];
}

/* --- writing --- */

static void
put_body(struct cursor *to, const cpBody *body)
{
    struct body_state state = {body_id(body), body->p,      body->v,
                               body->f,       body->v_bias, body->a,
                               body->w,       body->t,      body->w_bias};
    put(to, &state, sizeof(state));
}

struct writing {
    const fa_physics *world;
    struct cursor to;
    uint32_t count;
    size_t bytes;
};

static void
put_contact(void *element, void *data)
{
    const cpArbiter *arb = element;
    struct writing *writing = data;
    const fa_physics *world = writing->world;
    const struct pair *pair = pair_find(world, arb);
    struct contact_state state = {
        .shape_a = (uint32_t)arb->a->hashid,
        .shape_b = (uint32_t)arb->b->hashid,
        .state = (uint8_t)(arb->state == CP_ARBITER_STATE_FIRST_COLLISION
                               ? CP_ARBITER_STATE_NORMAL
                               : arb->state),
        .count = (uint8_t)arb->count,
        .age = (uint16_t)(world->space->stamp - arb->stamp),
    };
    if (pair != NULL) {
        state.flags = pair->flags;
        state.id = pair->public.id;
        state.lasted = (uint32_t)world->step - pair->born;
        state.wanted = pair->wanted;
        state.speed = pair->speed;
    }
    put(&writing->to, &state, sizeof(state));
    writing->bytes +=
        sizeof(state) + (size_t)arb->count * sizeof(struct point_state);
    writing->count++;
    for (int i = 0; i < arb->count; i++) {
        const struct cpContact *contact = &arb->contacts[i];
        struct point_state point = {contact->hash, contact->jnAcc,
                                    contact->jtAcc};
        put(&writing->to, &point, sizeof(point));
    }
}

static size_t
fixed_size(const cpSpace *space)
{
    return sizeof(struct header) +
           (size_t)space->dynamicBodies->num * sizeof(struct body_state) +
           (size_t)space->constraints->num * sizeof(struct joint_state);
}

/* Why no snapshot can be taken of, or put into, the world now. */
static fa_status
check_world(const fa_physics *world)
{
    const cpSpace *space = world->space;
    if ((world->config.flags & FA_PHYSICS_CANONICAL) == 0)
        return FA_ERR_UNSUPPORTED;
    if (space->locked != 0 || space->sleepingComponents->num != 0 ||
        world->held.count != 0)
        return FA_ERR_STATE;
    for (int i = 0; i < space->dynamicBodies->num; i++)
        if (body_id(space->dynamicBodies->arr[i]) == 0)
            return FA_ERR_UNSUPPORTED;
    return FA_OK;
}

size_t
fa_physics_snapshot_size(const fa_physics *world)
{
    struct writing writing = {.world = world};
    cpHashSetEach(world->space->cachedArbiters, put_contact, &writing);
    return fixed_size(world->space) + writing.bytes;
}

fa_status
fa_physics_snapshot(const fa_physics *world, void *buffer, size_t room,
                    size_t *used)
{
    const cpSpace *space = world->space;
    fa_status status = check_world(world);
    *used = 0;
    if (status != FA_OK)
        return status;
    size_t fixed = fixed_size(space);
    if (room < fixed)
        return FA_ERR_USAGE;
    struct writing writing = {.world = world, .to = {buffer, room}};
    struct header header = {.magic = MAGIC, .pair_size = sizeof(struct pair)};
    put(&writing.to, &header, sizeof(header));
    for (int i = 0; i < space->dynamicBodies->num; i++)
        put_body(&writing.to, space->dynamicBodies->arr[i]);
    for (int i = 0; i < space->constraints->num; i++)
        put_joint(&writing.to, space->constraints->arr[i]);
    cpHashSetEach(space->cachedArbiters, put_contact, &writing);
    if (fixed + writing.bytes > room)
        return FA_ERR_USAGE;
    header.bytes = fixed + writing.bytes;
    header.step = world->step;
    header.next_pair = world->next_pair;
    header.dt = space->curr_dt;
    header.pending = world->pending;
    header.body_count = (uint32_t)space->dynamicBodies->num;
    header.joint_count = (uint32_t)space->constraints->num;
    header.contact_count = writing.count;
    memcpy(buffer, &header, sizeof(header));
    *used = header.bytes;
    return FA_OK;
}

/* --- finding what a snapshot names --- */

/* Ids are addresses that are never followed. */
static const void *
key_of(uint64_t id)
{
    return (const void *)(uintptr_t)(id + 1);
}

struct naming {
    fa_physics *world;
    bool is_complete;
};

static void
name_shape(void *element, void *data)
{
    struct naming *naming = data;
    fa_physics *world = naming->world;
    cpShape *shape = element;
    cpShape **slot = array_push(world, &world->named, sizeof(cpShape *));
    if (slot == NULL || !map_set(world, &world->by_id, key_of(shape->hashid),
                                 (uint32_t)world->named.count - 1))
        naming->is_complete = false;
    else
        *slot = shape;
}

static bool
name_shapes(fa_physics *world)
{
    struct naming naming = {world, true};
    world->named.count = 0;
    map_clear(&world->by_id);
    cpSpatialIndexEach(world->space->dynamicShapes, name_shape, &naming);
    cpSpatialIndexEach(world->space->staticShapes, name_shape, &naming);
    return naming.is_complete;
}

static cpShape *
shape_named(const fa_physics *world, uint64_t id)
{
    uint32_t index = map_find(&world->by_id, key_of(id));
    return index == UINT32_MAX ? NULL : ((cpShape **)world->named.items)[index];
}

static cpBody *
body_named(const fa_physics *world, uint64_t id)
{
    const cpShape *shape = id == 0 ? NULL : shape_named(world, id - 1);
    if (shape == NULL || shape->body->space != world->space ||
        body_id(shape->body) != id)
        return NULL;
    return shape->body;
}

/* --- checking --- */

static bool
check_joints(const fa_physics *world, struct cursor *from, uint32_t count)
{
    struct joint_state state;
    for (uint32_t i = 0; i < count; i++) {
        const cpConstraint *joint = world->space->constraints->arr[i];
        if (!get(from, &state, sizeof(state)) ||
            state.body_a != body_id(joint->a) ||
            state.body_b != body_id(joint->b))
            return false;
    }
    return true;
}

static bool
check_contacts(const fa_physics *world, struct cursor *from, uint32_t count)
{
    struct contact_state state;
    for (uint32_t i = 0; i < count; i++) {
        if (!get(from, &state, sizeof(state)) ||
            state.count > CP_MAX_CONTACTS_PER_ARBITER ||
            state.state > CP_ARBITER_STATE_CACHED ||
            state.shape_a == state.shape_b ||
            shape_named(world, state.shape_a) == NULL ||
            shape_named(world, state.shape_b) == NULL ||
            from->left < state.count * sizeof(struct point_state))
            return false;
        from->at += state.count * sizeof(struct point_state);
        from->left -= state.count * sizeof(struct point_state);
    }
    return from->left == 0;
}

static bool
check_bodies(const fa_physics *world, struct cursor *from, uint32_t count)
{
    struct body_state state;
    for (uint32_t i = 0; i < count; i++)
        if (!get(from, &state, sizeof(state)) ||
            body_named(world, state.id) == NULL)
            return false;
    return true;
}

/* All that the snapshot names is in the space, and nothing else. */
static bool
fits(const fa_physics *world, struct cursor from, const struct header *header)
{
    const cpSpace *space = world->space;
    return header->body_count == (uint32_t)space->dynamicBodies->num &&
           header->joint_count == (uint32_t)space->constraints->num &&
           check_bodies(world, &from, header->body_count) &&
           check_joints(world, &from, header->joint_count) &&
           check_contacts(world, &from, header->contact_count);
}

/* --- putting back --- */

static cpBool
drop_arbiter(void *element, void *data)
{
    cpArbiter *arb = element;
    fa_physics *world = data;
    cpArbiterUnthread(arb);
    cpArrayPush(world->space->pooledArbiters, arb);
    return cpFalse;
}

static void
forget_contacts(fa_physics *world)
{
    cpSpace *space = world->space;
    space->arbiters->num = 0;
    cpHashSetFilter(space->cachedArbiters, drop_arbiter, world);
    map_clear(&world->by_arbiter);
    world->pairs.count = 0;
    world->fresh.count = 0;
    world->ended.count = 0;
    world->slept.count = 0;
    world->poses.count = 0;
    world->touching = 0;
    world->quiet = 0;
}

/* As many as a buffer of Chipmunk's has, and its space frees them. */
static cpBool
add_arbiters(cpSpace *space)
{
    cpArbiter *buffer = cpcalloc(1, CP_BUFFER_BYTES);
    if (buffer == NULL)
        return cpFalse;
    cpArrayPush(space->allocatedBuffers, buffer);
    for (size_t i = 0; i < CP_BUFFER_BYTES / sizeof(cpArbiter); i++)
        cpArrayPush(space->pooledArbiters, buffer + i);
    return cpTrue;
}

static cpCollisionHandler *
handler_for(cpSpace *space, cpCollisionType a, cpCollisionType b)
{
    cpCollisionHandler key = {.typeA = a, .typeB = b};
    const void *found =
        cpHashSetFind(space->collisionHandlers,
                      CP_HASH_PAIR((cpHashValue)a, (cpHashValue)b), &key);
    return found != NULL ? (cpCollisionHandler *)(uintptr_t)found : NULL;
}

static cpCollisionHandler *
wildcard_for(cpSpace *space, cpCollisionType type)
{
    cpCollisionHandler *found =
        space->usesWildcards
            ? handler_for(space, type, CP_WILDCARD_COLLISION_TYPE)
            : NULL;
    return found != NULL ? found : &cpCollisionHandlerDoNothing;
}

static void *
make_arbiter(const void *shapes, void *data)
{
    const cpShape *const *pair = shapes;
    cpSpace *space = data;
    cpArbiter *arb = cpArrayPop(space->pooledArbiters);
    cpCollisionType a = pair[0]->type, b = pair[1]->type;
    cpArbiterInit(arb, (cpShape *)(uintptr_t)pair[0],
                  (cpShape *)(uintptr_t)pair[1]);
    arb->handler = handler_for(space, a, b);
    if (arb->handler == NULL)
        arb->handler = &space->defaultHandler;
    arb->swapped = a != arb->handler->typeA &&
                   arb->handler->typeA != CP_WILDCARD_COLLISION_TYPE;
    arb->handlerA = wildcard_for(space, a);
    arb->handlerB = wildcard_for(space, b);
    return arb;
}

static void
set_points(fa_physics *world, cpArbiter *arb, struct cursor *from, int count)
{
    struct cpContact *contacts = cpContactBufferGetArray(world->space);
    for (int i = 0; i < count; i++) {
        struct point_state point;
        get(from, &point, sizeof(point));
        contacts[i] = (struct cpContact){
            .hash = point.hash, .jnAcc = point.normal, .jtAcc = point.tangent};
    }
    arb->contacts = count == 0 ? NULL : contacts;
    arb->count = count;
    cpSpacePushContacts(world->space, count);
}

static void
set_pair(fa_physics *world, cpArbiter *arb, const struct contact_state *state)
{
    if (state->id == 0)
        return;
    struct pair pair = {.arb = arb,
                        .born = (uint32_t)world->step - state->lasted,
                        .told_at = UINT32_MAX,
                        .flags = state->flags & ~(uint32_t)PAIR_FRESH,
                        .wanted = state->wanted,
                        .speed = state->speed};
    pair_describe(arb->a, arb->b, &pair.public);
    pair.public.id = state->id;
    pair_readd(world, arb, &pair);
}

static void
set_contact(fa_physics *world, struct cursor *from)
{
    struct contact_state state;
    cpSpace *space = world->space;
    get(from, &state, sizeof(state));
    const cpShape *shapes[] = {shape_named(world, state.shape_a),
                               shape_named(world, state.shape_b)};
    cpHashValue hash =
        CP_HASH_PAIR((cpHashValue)shapes[0], (cpHashValue)shapes[1]);
    cpArbiter *arb = (cpArbiter *)(uintptr_t)cpHashSetInsert(
        space->cachedArbiters, hash, shapes, make_arbiter, space);
    arb->state = (enum cpArbiterState)state.state;
    arb->stamp = space->stamp - state.age;
    set_points(world, arb, from, state.count);
    set_pair(world, arb, &state);
}

static void
set_body(cpBody *body, const struct body_state *state)
{
    body->p = state->p;
    /* The transform is made from both. */
    cpBodySetAngle(body, state->a);
    body->v = state->v;
    body->f = state->f;
    body->v_bias = state->v_bias;
    body->w = state->w;
    body->t = state->t;
    body->w_bias = state->w_bias;
}

static void
put_back(fa_physics *world, struct cursor from, const struct header *header)
{
    cpSpace *space = world->space;
    forget_contacts(world);
    world->step = header->step;
    world->next_pair = header->next_pair;
    world->pending = header->pending;
    space->curr_dt = header->dt;
    for (uint32_t i = 0; i < header->body_count; i++) {
        struct body_state state;
        get(&from, &state, sizeof(state));
        set_body(body_named(world, state.id), &state);
    }
    for (uint32_t i = 0; i < header->joint_count; i++) {
        struct joint_state state;
        get(&from, &state, sizeof(state));
        set_joint(space->constraints->arr[i], &state);
    }
    cpSpacePushFreshContactBuffer(space);
    for (uint32_t i = 0; i < header->contact_count; i++)
        set_contact(world, &from);
}

/* Memory is taken before anything changes. */
static bool
prepare(fa_physics *world, uint32_t contacts)
{
    cpArray *pooled = world->space->pooledArbiters;
    while ((uint32_t)pooled->num < contacts)
        if (!add_arbiters(world->space))
            return false;
    return array_reserve(world, &world->pairs, contacts, sizeof(struct pair)) &&
           map_reserve(world, &world->by_arbiter, contacts);
}

fa_status
fa_physics_restore(fa_physics *world, const void *buffer, size_t size)
{
    struct cursor from = {(char *)(uintptr_t)buffer, size};
    struct header header;
    fa_status status = check_world(world);
    if (status != FA_OK)
        return status;
    world->ctx = world_ctx(world);
    if (!get(&from, &header, sizeof(header)) || header.magic != MAGIC ||
        header.pair_size != sizeof(struct pair) || header.bytes > size ||
        header.bytes < sizeof(header))
        return FA_ERR_USAGE;
    from.left = header.bytes - sizeof(header);
    if (!name_shapes(world))
        return FA_ERR_NOMEM;
    if (!fits(world, from, &header))
        return FA_ERR_STALE;
    if (!prepare(world, header.contact_count))
        return FA_ERR_NOMEM;
    fa_physics *before = hooks_enter(world);
    put_back(world, from, &header);
    hooks_enter(before);
    return FA_OK;
}
