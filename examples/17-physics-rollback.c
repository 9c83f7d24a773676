/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Rollback netcode: two machines run the same game on inputs that arrive late.
 *
 * Each machine guesses that the other player goes on doing what he did, keeps
 * a ring of snapshots, and when an input arrives that was guessed wrong, goes
 * back to the frame before it and steps again. At the end both have the same
 * state, bit by bit, as a machine that knew all inputs in time.
 */
#include <framealloc/physics.h>

#include <stdio.h>
#include <stdlib.h>

#define PLAYERS 2
#define BODIES  40
#define FRAMES  300
#define LATE    7 /* Frames until an input arrives. */
#define RING    16
#define ROOM    ((size_t)64 << 10)
#define DT      (1.0 / 60)

struct machine {
    fa_allocator *allocator;
    fa_physics *world;
    cpBody *player[PLAYERS];
    unsigned char *snapshot[RING]; /* Before the frame of that number. */
    size_t size[RING];
    int input[PLAYERS][FRAMES]; /* As known or guessed. */
    int redone;
};

/* What a player presses: left, nothing or right. */
static int
pressed(int player, int frame)
{
    return (frame / (11 + 6 * player)) % 3 - 1;
}

static void
add_crowd(struct machine *m, cpSpace *space)
{
    cpSpaceAddShape(space, cpSegmentShapeNew(cpSpaceGetStaticBody(space),
                                             cpv(-60, 0), cpv(60, 0), 1));
    for (int i = 0; i < BODIES; i++) {
        cpBody *body = cpSpaceAddBody(space, cpBodyNew(1, 10));
        cpBodySetPosition(body, cpv(-30 + i % 10 * 6, 4 + i / 10 * 5));
        cpShape *shape =
            cpSpaceAddShape(space, cpCircleShapeNew(body, 2, cpvzero));
        cpShapeSetFriction(shape, 0.7);
        if (i < PLAYERS)
            m->player[i] = body;
    }
}

static int
open_machine(struct machine *m)
{
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.flags = FA_PHYSICS_CANONICAL;
    config.gravity = cpv(0, -80);
    if (fa_allocator_create(NULL, &m->allocator) != FA_OK ||
        fa_physics_create(m->allocator, &config, &m->world) != FA_OK)
        return -1;
    add_crowd(m, fa_physics_space(m->world));
    fa_ctx *ctx = fa_ctx_current(m->allocator);
    for (int i = 0; i < RING; i++)
        if ((m->snapshot[i] = fa_heap_alloc(ctx, ROOM, 16)) == NULL)
            return -1;
    return 0;
}

/* Steps one frame with what is known or guessed of its inputs. */
static int
simulate(struct machine *m, int frame)
{
    int slot = frame % RING;
    if (fa_physics_snapshot(m->world, m->snapshot[slot], ROOM,
                            &m->size[slot]) != FA_OK)
        return -1;
    for (int p = 0; p < PLAYERS; p++)
        cpBodyApplyImpulseAtLocalPoint(
            m->player[p], cpv(4.0 * m->input[p][frame], 0), cpvzero);
    return fa_physics_step(m->world, DT, NULL) == FA_OK ? 0 : -1;
}

/* An input arrives; if it is not what was guessed, history is stepped anew. */
static int
receive(struct machine *m, int player, int frame, int now)
{
    int real = pressed(player, frame);
    if (m->input[player][frame] == real)
        return 0;
    int slot = frame % RING;
    if (fa_physics_restore(m->world, m->snapshot[slot], m->size[slot]) != FA_OK)
        return -1;
    for (int f = frame; f < now; f++) {
        m->input[player][f] = real; /* And so on, as a guess. */
        m->redone++;
        if (simulate(m, f) != 0)
            return -1;
    }
    return 0;
}

static int
run_frame(struct machine *m, int local, int late, int frame)
{
    fa_begin_frame(m->allocator);
    int status = 0;
    for (int p = 0; p < PLAYERS && status == 0; p++) {
        int seen = frame - late;
        if (p != local && late != 0 && seen >= 0)
            status = receive(m, p, seen, frame);
        m->input[p][frame] = p == local || late == 0
                                 ? pressed(p, frame)
                                 : pressed(p, seen > 0 ? seen : 0);
    }
    if (status == 0)
        status = simulate(m, frame);
    fa_end_frame(m->allocator);
    return status;
}

/* The inputs of the last frames are still on their way. */
static int
settle(struct machine *m, int local)
{
    int status = 0;
    fa_begin_frame(m->allocator);
    for (int f = FRAMES - LATE; f < FRAMES && status == 0; f++)
        status = receive(m, 1 - local, f, FRAMES);
    fa_end_frame(m->allocator);
    return status;
}

static void
collect_body(cpBody *body, void *end)
{
    cpBody ***last = end;
    if (cpBodyGetType(body) == CP_BODY_TYPE_DYNAMIC)
        *(*last)++ = body;
}

static void
free_shape(cpBody *body, cpShape *shape, void *space)
{
    (void)body;
    cpSpaceRemoveShape(space, shape);
    cpShapeFree(shape);
}

static int
close_machine(struct machine *m)
{
    cpBody *bodies[BODIES], **end = bodies;
    cpSpace *space = fa_physics_space(m->world);
    cpSpaceEachBody(space, collect_body, &end);
    cpBodyEachShape(cpSpaceGetStaticBody(space), free_shape, space);
    fa_status status = fa_physics_remove_bodies(
        m->world, bodies, (size_t)(end - bodies), FA_PHYSICS_FREE);
    fa_physics_destroy(m->world);
    for (int i = 0; i < RING; i++)
        fa_heap_free(fa_ctx_current(m->allocator), m->snapshot[i]);
    fa_allocator_destroy(m->allocator);
    return status == FA_OK ? 0 : -1;
}

int
main(void)
{
    static struct machine machine[3]; /* Two players, and one who knows all. */
    for (int i = 0; i < 3; i++)
        if (open_machine(&machine[i]) != 0)
            return 1;
    for (int frame = 0; frame < FRAMES; frame++)
        for (int i = 0; i < 3; i++)
            if (run_frame(&machine[i], i, i < 2 ? LATE : 0, frame) != 0)
                return 1;
    if (settle(&machine[0], 0) != 0 || settle(&machine[1], 1) != 0)
        return 1;
    uint64_t hash = fa_physics_hash(machine[2].world);
    printf("%d and %d frames were stepped again, snapshots of %zu bytes\n",
           machine[0].redone, machine[1].redone, machine[0].size[0]);
    if (machine[0].redone == 0 || fa_physics_hash(machine[0].world) != hash ||
        fa_physics_hash(machine[1].world) != hash)
        return 1;
    for (int i = 0; i < 3; i++)
        if (close_machine(&machine[i]) != 0)
            return 1;
    return 0;
}
