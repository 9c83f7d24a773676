/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scenes after those that Chipmunk and Box2D are measured with: pyramids of
 * boxes, heaps in a bowl, bouncing circles, sensors, and bodies that come and
 * go.
 */
#include "scenes.h"

#include <stdlib.h>
#include <string.h>

const struct scene_kind scene_kinds[SCENES] = {
    {"pyramid14", 106, 300, 1.0 / 180},   {"pyramid50", 1276, 60, 1.0 / 60},
    {"circles1000", 1000, 200, 1.0 / 60}, {"circles5000", 5000, 60, 1.0 / 60},
    {"boxes1000", 1000, 120, 1.0 / 60},   {"bouncy500", 500, 300, 1.0 / 60},
    {"sensors1000", 1000, 200, 1.0 / 60}, {"churn2000", 2000, 60, 1.0 / 60},
    {"logosmash", 3555, 60, 1.0 / 60},
};

cpFloat
scene_random(struct scene *s, cpFloat low, cpFloat high)
{
    s->seed = s->seed * UINT64_C(6364136223846793005) + 1442695040888963407;
    return low + (high - low) * (cpFloat)(s->seed >> 40) / (1 << 24);
}

static cpVect
in_disc(struct scene *s, cpFloat radius)
{
    cpVect v;
    do {
        cpFloat x = scene_random(s, -radius, radius);
        v = cpv(x, scene_random(s, -radius, radius));
    } while (cpvlength(v) > radius);
    return v;
}

static cpBody *
add_body(struct scene *s, cpVect at)
{
    cpBody *body = cpSpaceAddBody(s->space, cpBodyNew(1, 100));
    cpBodySetPosition(body, at);
    return body;
}

static void
add_shape(struct scene *s, cpShape *shape, cpFloat elasticity, cpFloat friction)
{
    cpSpaceAddShape(s->space, shape);
    cpShapeSetElasticity(shape, elasticity);
    cpShapeSetFriction(shape, friction);
    s->body[s->count] = cpShapeGetBody(shape);
    s->shape[s->count++] = shape;
}

static void
add_circle(struct scene *s, cpVect at, cpFloat radius, cpFloat elasticity,
           cpFloat friction)
{
    add_shape(s, cpCircleShapeNew(add_body(s, at), radius, cpvzero), elasticity,
              friction);
}

static void
add_wall(struct scene *s, cpVect a, cpVect b, cpFloat elasticity)
{
    cpShape *shape = cpSegmentShapeNew(cpSpaceGetStaticBody(s->space), a, b, 2);
    cpSpaceAddShape(s->space, shape);
    cpShapeSetElasticity(shape, elasticity);
    cpShapeSetFriction(shape, 0.9);
}

/* A bowl of 48 segments that is closed above. */
static void
add_bowl(struct scene *s, cpFloat radius, cpFloat elasticity)
{
    cpVect last = cpvmult(cpvforangle(0), radius);
    for (int i = 1; i <= 48; i++) {
        cpFloat bump = radius * (1 + 0.06 * (i % 3 == 1));
        cpVect next = cpvmult(cpvforangle(i * 2 * CP_PI / 48), bump);
        add_wall(s, last, next, elasticity);
        last = next;
    }
}

static void
build_pyramid(struct scene *s, int rows)
{
    cpSpaceSetIterations(s->space, 30);
    cpSpaceSetGravity(s->space, cpv(0, -100));
    cpSpaceSetCollisionSlop(s->space, 0.5);
    add_wall(s, cpv(-1000, -17), cpv(1000, -17), 0);
    for (int row = 0; row < rows; row++)
        for (int i = 0; i < rows - row; i++)
            add_shape(s,
                      cpBoxShapeNew(add_body(s, cpv(i * 32 - (rows - row) * 16,
                                                    row * 31)),
                                    30, 30, 0.5),
                      0, 0.8);
    add_circle(s, cpv(-600, 20), 15, 0, 0.9);
    cpBodySetVelocity(s->body[s->count - 1], cpv(30, 0));
}

static void
build_heap(struct scene *s, bool is_box)
{
    cpFloat radius = s->kind->bodies > 2000 ? 560 : 250;
    cpSpaceSetGravity(s->space, cpv(0, -100));
    cpSpaceSetCollisionSlop(s->space, 0.5);
    add_bowl(s, radius, 0);
    for (int i = 0; i < s->kind->bodies; i++) {
        cpVect at = in_disc(s, radius * 0.72);
        if (is_box)
            add_shape(s, cpBoxShapeNew(add_body(s, at), 9, 9, 1), 0, 0.9);
        else
            add_circle(s, at, 5, 0, 0.9);
    }
}

static void
build_bouncy(struct scene *s, bool is_sensor)
{
    add_bowl(s, is_sensor ? 420 : 250, 1);
    for (int i = 0; i < s->kind->bodies; i++) {
        add_circle(s, in_disc(s, is_sensor ? 300 : 180), 5, 1, 0);
        cpBodySetVelocity(s->body[i], in_disc(s, 50));
        cpShapeSetSensor(s->shape[i], is_sensor);
    }
}

static void
build_logo(struct scene *s)
{
    cpSpaceSetIterations(s->space, 1);
    cpSpaceUseSpatialHash(s->space, 2, 10000);
    for (int i = 0; s->count < s->kind->bodies - 1; i++) {
        int x = i % 188, y = i / 188;
        /* A pattern with holes. */
        if ((x / 5 + y / 4) % 4 == 0)
            continue;
        add_circle(s, cpv(2 * (x - 94) + 0.05 * (y % 2), 2 * (y - 14)), 0.95, 0,
                   0);
    }
    add_circle(s, cpv(-230, -10), 8, 0, 0);
    cpBodySetVelocity(s->body[s->count - 1], cpv(400, 0));
    cpBodySetMass(s->body[s->count - 1], 1e3);
}

void
scene_open(struct scene *s, const struct scene_kind *kind)
{
    *s = (struct scene){.kind = kind, .space = cpSpaceNew(), .seed = 42};
    size_t room = (size_t)kind->bodies + 64;
    s->body = calloc(room, sizeof(cpBody *));
    s->shape = calloc(room, sizeof(cpShape *));
    const char *name = kind->name;
    if (strncmp(name, "pyramid", 7) == 0)
        build_pyramid(s, atoi(name + 7));
    else if (strcmp(name, "bouncy500") == 0)
        build_bouncy(s, false);
    else if (strcmp(name, "sensors1000") == 0)
        build_bouncy(s, true);
    else if (strcmp(name, "logosmash") == 0)
        build_logo(s);
    else
        build_heap(s, strcmp(name, "boxes1000") == 0);
}

static void
free_one(struct scene *s, int i)
{
    cpSpaceRemoveShape(s->space, s->shape[i]);
    cpSpaceRemoveBody(s->space, s->body[i]);
    cpShapeFree(s->shape[i]);
    cpBodyFree(s->body[i]);
}

void
scene_before_step(struct scene *s)
{
    if (strcmp(s->kind->name, "churn2000") != 0)
        return;
    for (int i = 0; i < 50; i++) {
        int gone = (int)scene_random(s, 0, s->count);
        free_one(s, gone);
        s->count--;
        s->body[gone] = s->body[s->count];
        s->shape[gone] = s->shape[s->count];
        add_circle(s, in_disc(s, 180), 5, 0, 0.9);
    }
}

static void
free_wall(cpBody *body, cpShape *shape, void *space)
{
    (void)body;
    cpSpaceRemoveShape(space, shape);
    cpShapeFree(shape);
}

void
scene_close(struct scene *s)
{
    while (s->count != 0)
        free_one(s, --s->count);
    cpBodyEachShape(cpSpaceGetStaticBody(s->space), free_wall, s->space);
    cpSpaceFree(s->space);
    free(s->body);
    free(s->shape);
}

uint64_t
scene_hash(const struct scene *s)
{
    uint64_t hash = 14695981039346656037u;
    for (int i = 0; i < s->count; i++) {
        cpFloat values[6] = {cpBodyGetPosition(s->body[i]).x,
                             cpBodyGetPosition(s->body[i]).y,
                             cpBodyGetVelocity(s->body[i]).x,
                             cpBodyGetVelocity(s->body[i]).y,
                             cpBodyGetAngle(s->body[i]),
                             cpBodyGetAngularVelocity(s->body[i])};
        unsigned char bytes[sizeof(values)];
        memcpy(bytes, values, sizeof(values));
        for (size_t k = 0; k < sizeof(bytes); k++)
            hash = (hash ^ bytes[k]) * 1099511628211u;
    }
    return hash;
}
