/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Is this the Chipmunk whose headers we were built with?
 *
 * Its private structures are used, so a library of another layout must be
 * refused and not crash: a fork, a build with float instead of double, or one
 * whose compiler has folded comparisons with infinity away, in which static
 * bodies are not static. Values set by public functions are looked for in the
 * structures, and two circles are made to touch. Once per process.
 */
#include "world.h"

#include <pthread.h>

static const char *problem;
static bool has_rounded_bug;
static const cpSpatialIndexClass *tree;

static const char *
look_at_space(cpSpace *space)
{
    cpSpaceSetIterations(space, 7);
    cpSpaceSetGravity(space, cpv(3, -5));
    cpSpaceSetDamping(space, 0.25);
    cpSpaceSetSleepTimeThreshold(space, 11);
    cpSpaceSetCollisionPersistence(space, 13);
    if (space->iterations != 7 || !cpveql(space->gravity, cpv(3, -5)) ||
        space->damping != 0.25 || space->sleepTimeThreshold != 11 ||
        space->collisionPersistence != 13)
        return "its spaces have another layout";
    if (cpSpaceGetStaticBody(space) != &space->_staticBody)
        return "its spaces are of another size";
    cpSpaceSetSleepTimeThreshold(space, INFINITY);
    cpSpaceSetGravity(space, cpvzero);
    cpSpaceSetDamping(space, 1);
    return NULL;
}

struct touch {
    cpContactPointSet points;
    cpVect impulse;
    bool is_same;
};

static void
note_touch(cpArbiter *arb, cpSpace *space, cpDataPointer data)
{
    struct touch *touch = data;
    (void)space;
    touch->points = cpArbiterGetContactPointSet(arb);
    touch->impulse = cpArbiterTotalImpulse(arb);
    touch->is_same = arb->count == 1 && touch->points.count == 1 &&
                     arb->stamp == space->stamp &&
                     cpveql(arb->n, touch->points.normal) &&
                     cpveql(cpvadd(arb->body_a->p, arb->contacts[0].r1),
                            touch->points.points[0].pointA);
}

static const char *
look_at_contact(cpSpace *space)
{
    cpBody *body[2];
    cpShape *shape[2];
    struct touch touch = {0};
    for (int i = 0; i < 2; i++) {
        body[i] = cpSpaceAddBody(space, cpBodyNew(1, 1));
        cpBodySetPosition(body[i], cpv(1.5 * i, 0));
        shape[i] =
            cpSpaceAddShape(space, cpCircleShapeNew(body[i], 1, cpvzero));
        cpShapeSetCollisionType(shape[i], 1);
    }
    cpCollisionHandler *handler = cpSpaceAddCollisionHandler(space, 1, 1);
    handler->postSolveFunc = note_touch;
    handler->userData = &touch;
    cpSpaceStep(space, 0.01);
    const char *text = NULL;
    if (!touch.is_same || space->arbiters->num != 1)
        text = "its contacts have another layout";
    else if (cpBodyGetType(cpSpaceGetStaticBody(space)) !=
                 CP_BODY_TYPE_STATIC ||
             body[0]->sleeping.idleTime != 0)
        text = "it was built with -ffast-math, which breaks static bodies";
    for (int i = 0; i < 2; i++) {
        cpSpaceRemoveShape(space, shape[i]);
        cpSpaceRemoveBody(space, body[i]);
        cpShapeFree(shape[i]);
        cpBodyFree(body[i]);
    }
    return text;
}

/* Circle and rounded box overlap by 1. */
static bool
find_rounded_bug(void)
{
    cpBody *body = cpBodyNewStatic(), *other = cpBodyNewStatic();
    cpShape *circle = cpCircleShapeNew(body, 1, cpvzero);
    cpShape *box = cpBoxShapeNew(other, 2, 2, 3);
    cpBodySetPosition(other, cpv(4, 0));
    cpShapeCacheBB(circle);
    cpShapeUpdate(box, other->transform);
    cpContactPointSet set = cpShapesCollide(circle, box);
    bool is_wrong = set.count != 0 && set.points[0].distance > 0;
    cpShapeFree(circle);
    cpShapeFree(box);
    cpBodyFree(body);
    cpBodyFree(other);
    return is_wrong;
}

static void
run_probe(void)
{
    if (strncmp(cpVersionString, "7.0.", 4) != 0) {
        problem = "its version is not 7.0";
        return;
    }
    cpSpace *space = cpSpaceNew();
    tree = space->dynamicShapes->klass;
    problem = look_at_space(space);
    if (problem == NULL)
        problem = look_at_contact(space);
    if (problem == NULL)
        has_rounded_bug = find_rounded_bug();
    cpSpaceFree(space);
}

const char *
probe_chipmunk(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, run_probe);
    return problem;
}

bool
probe_has_rounded_bug(void)
{
    return has_rounded_bug;
}

bool
probe_is_tree(const cpSpatialIndex *index)
{
    return index->klass == tree;
}
