/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bodies, shapes and joints in pools.
 *
 * Chipmunk separates memory from making: what cpBodyNew() allocates, here
 * comes from the pool of its size.
 */
#include "poly.h"

union any_joint {
    struct cpPinJoint pin;
    struct cpSlideJoint slide;
    struct cpPivotJoint pivot;
    struct cpGrooveJoint groove;
    struct cpDampedSpring spring;
    struct cpDampedRotarySpring rotary_spring;
    struct cpRotaryLimitJoint rotary_limit;
    struct cpRatchetJoint ratchet;
    struct cpGearJoint gear;
    struct cpSimpleMotor motor;
};

static const size_t size_of[SPAWNED] = {
    [SPAWNED_BODY] = sizeof(cpBody),
    [SPAWNED_CIRCLE] = sizeof(cpCircleShape),
    [SPAWNED_SEGMENT] = sizeof(cpSegmentShape),
    [SPAWNED_JOINT] = sizeof(union any_joint),
};

static NOINLINE void
find_pools(fa_physics *world, fa_ctx *ctx)
{
    for (int i = 0; i < SPAWNED; i++)
        world->pool[i] = fa_ctx_pool(ctx, size_of[i], 16);
    memset(&world->body_model, 0, sizeof(world->body_model));
    cpBodyInit(&world->body_model, 1, 1);
    world->pool_ctx = ctx;
}

static inline fa_pool *
pool_of(fa_physics *world, enum spawned kind)
{
    fa_ctx *ctx = world_ctx(world);
    if (ctx != world->pool_ctx)
        find_pools(world, ctx);
    return world->pool[kind];
}

/* Chipmunk's own memory is zeroed, and its functions count on that. */
static inline void *
take(fa_physics *world, enum spawned kind)
{
    void *block = fa_pool_alloc(pool_of(world, kind));
    return block == NULL ? NULL : memset(block, 0, size_of[kind]);
}

static enum spawned
kind_of(const cpShape *shape)
{
    return shape->klass->type == CP_CIRCLE_SHAPE ? SPAWNED_CIRCLE
                                                 : SPAWNED_SEGMENT;
}

/* A dynamic body is a copy of one that cpBodyInit() has made, most of whose time
 * goes into values that are the same for all. */
static void
copy_body(const fa_physics *world, cpBody *body, cpFloat mass, cpFloat moment)
{
    *body = world->body_model;
    body->m = mass;
    body->m_inv = 1 / mass;
    body->i = moment;
    body->i_inv = 1 / moment;
}

/* Other bodies, and what Chipmunk may refuse, go the common way. */
static void
init_body(cpBody *body, cpBodyType type, cpFloat mass, cpFloat moment)
{
    bool is_dynamic = type == CP_BODY_TYPE_DYNAMIC;
    memset(body, 0, sizeof(*body));
    cpBodyInit(body, is_dynamic ? mass : 0, is_dynamic ? moment : 0);
    if (!is_dynamic)
        cpBodySetType(body, type);
}

cpBody *
fa_physics_body_new(fa_physics *world, cpBodyType type, cpFloat mass,
                    cpFloat moment)
{
    cpBody *body = fa_pool_alloc(pool_of(world, SPAWNED_BODY));
    if (body == NULL)
        return NULL;
    if (type == CP_BODY_TYPE_DYNAMIC && mass > 0 && mass < (cpFloat)INFINITY &&
        moment > 0)
        copy_body(world, body, mass, moment);
    else
        init_body(body, type, mass, moment);
    return body;
}

fa_status
fa_physics_body_free(fa_physics *world, cpBody *body)
{
    if (body == NULL)
        return FA_OK;
    if (body->space != NULL)
        return FA_ERR_STATE;
    cpBodyDestroy(body);
    fa_pool_free(pool_of(world, SPAWNED_BODY), body);
    return FA_OK;
}

cpShape *
fa_physics_circle_new(fa_physics *world, cpBody *body, cpFloat radius,
                      cpVect offset)
{
    cpCircleShape *circle = take(world, SPAWNED_CIRCLE);
    if (circle == NULL)
        return NULL;
    return &cpCircleShapeInit(circle, body, radius, offset)->shape;
}

cpShape *
fa_physics_segment_new(fa_physics *world, cpBody *body, cpVect a, cpVect b,
                       cpFloat radius)
{
    cpSegmentShape *segment = take(world, SPAWNED_SEGMENT);
    if (segment == NULL)
        return NULL;
    return &cpSegmentShapeInit(segment, body, a, b, radius)->shape;
}

cpShape *
fa_physics_poly_new(fa_physics *world, cpBody *body, const cpVect *vertices,
                    int vertex_count, cpFloat radius)
{
    /* The planes follow the shape. */
    size_t planes = poly_planes(vertex_count);
    size_t size =
        sizeof(cpPolyShape) + planes * sizeof(struct cpSplittingPlane);
    cpPolyShape *poly = fa_alloc(world_ctx(world), size, 16, FA_INTENT_POOL);
    if (poly == NULL)
        return NULL;
    memset(poly, 0, size);
    poly_init(poly, body, vertices, vertex_count, radius,
              planes == 0 ? NULL : (struct cpSplittingPlane *)(poly + 1));
    return &poly->shape;
}

fa_status
fa_physics_shape_free(fa_physics *world, cpShape *shape)
{
    if (shape == NULL)
        return FA_OK;
    if (shape->space != NULL)
        return FA_ERR_STATE;
    if (shape->klass->type == CP_POLY_SHAPE) {
        /* Chipmunk would free planes that stand elsewhere. */
        cpPolyShape *poly = (cpPolyShape *)shape;
        poly->planes = poly->_planes;
        poly->count = 0;
    }
    cpShapeDestroy(shape);
    if (shape->klass->type == CP_POLY_SHAPE) /* Of any size. */
        fa_free(world_ctx(world), shape);
    else
        fa_pool_free(pool_of(world, kind_of(shape)), shape);
    return FA_OK;
}

void *
fa_physics_joint_alloc(fa_physics *world)
{
    return take(world, SPAWNED_JOINT);
}

fa_status
fa_physics_joint_free(fa_physics *world, cpConstraint *joint)
{
    if (joint == NULL)
        return FA_OK;
    if (joint->space != NULL)
        return FA_ERR_STATE;
    cpConstraintDestroy(joint);
    fa_pool_free(pool_of(world, SPAWNED_JOINT), joint);
    return FA_OK;
}
