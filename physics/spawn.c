/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bodies, shapes and joints in pools.
 *
 * Chipmunk separates memory from making: what cpBodyNew() allocates, here
 * comes from the pool of its size.
 */
#include "poly.h"

static void *
take(fa_physics *world, size_t size)
{
    void *block = fa_alloc(world_ctx(world), size, 16, FA_INTENT_POOL);
    /* Chipmunk's own memory is zeroed. */
    return block == NULL ? NULL : memset(block, 0, size);
}

cpBody *
fa_physics_body_new(fa_physics *world, cpBodyType type, cpFloat mass,
                    cpFloat moment)
{
    bool is_dynamic = type == CP_BODY_TYPE_DYNAMIC;
    cpBody *body = take(world, sizeof(*body));
    if (body == NULL)
        return NULL;
    cpBodyInit(body, is_dynamic ? mass : 0, is_dynamic ? moment : 0);
    if (!is_dynamic)
        cpBodySetType(body, type);
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
    fa_free(world_ctx(world), body);
    return FA_OK;
}

cpShape *
fa_physics_circle_new(fa_physics *world, cpBody *body, cpFloat radius,
                      cpVect offset)
{
    cpCircleShape *circle = take(world, sizeof(*circle));
    if (circle == NULL)
        return NULL;
    return &cpCircleShapeInit(circle, body, radius, offset)->shape;
}

cpShape *
fa_physics_segment_new(fa_physics *world, cpBody *body, cpVect a, cpVect b,
                       cpFloat radius)
{
    cpSegmentShape *segment = take(world, sizeof(*segment));
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
    cpPolyShape *poly =
        take(world, sizeof(*poly) + planes * sizeof(struct cpSplittingPlane));
    if (poly == NULL)
        return NULL;
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
    fa_free(world_ctx(world), shape);
    return FA_OK;
}

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

void *
fa_physics_joint_alloc(fa_physics *world)
{
    return take(world, sizeof(union any_joint));
}

fa_status
fa_physics_joint_free(fa_physics *world, cpConstraint *joint)
{
    if (joint == NULL)
        return FA_OK;
    if (joint->space != NULL)
        return FA_ERR_STATE;
    cpConstraintDestroy(joint);
    fa_free(world_ctx(world), joint);
    return FA_OK;
}
