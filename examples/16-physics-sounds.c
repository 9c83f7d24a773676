/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A game loop with physics: balls fall on a floor, and hard contacts make
 * sounds. Events are arrays of the frame; nobody frees them.
 */
#include <framealloc/physics.h>

#include <stdio.h>

#define BALLS  20
#define FRAMES 240
#define DT     (1.0 / 60)

struct ball {
    char name[8];
    int bounces;
};

struct game {
    fa_allocator *allocator;
    fa_physics *world;
    struct ball ball[BALLS];
    int sounds;
    int moves;
    float loudest;
};

static void
add_floor(cpSpace *space)
{
    cpShape *floor = cpSegmentShapeNew(cpSpaceGetStaticBody(space), cpv(-50, 0),
                                       cpv(50, 0), 1);
    cpShapeSetElasticity(floor, 0.8);
    cpShapeSetFriction(floor, 0.5);
    cpSpaceAddShape(space, floor);
}

static int
add_balls(struct game *game)
{
    cpSpace *space = fa_physics_space(game->world);
    for (int i = 0; i < BALLS; i++) {
        cpBody *body = fa_physics_body_new(game->world, CP_BODY_TYPE_DYNAMIC, 1,
                                           cpMomentForCircle(1, 0, 1, cpvzero));
        cpShape *shape = fa_physics_circle_new(game->world, body, 1, cpvzero);
        if (body == NULL || shape == NULL)
            return -1;
        snprintf(game->ball[i].name, sizeof(game->ball[i].name), "ball%d", i);
        cpBodySetPosition(body, cpv(-40 + 4 * i, 5 + i));
        cpShapeSetElasticity(shape, 0.8);
        /* Events carry a copy of this, even when the shape is gone. */
        cpShapeSetUserData(shape, &game->ball[i]);
        cpSpaceAddBody(space, body);
        cpSpaceAddShape(space, shape);
    }
    return 0;
}

/* A real game would start a sample here; its volume follows the impulse. */
static void
play_sound(struct game *game, const fa_physics_contact *contact)
{
    struct ball *ball = contact->pair.user_a != NULL ? contact->pair.user_a
                                                     : contact->pair.user_b;
    float volume = (float)contact->impulse / 20;
    game->sounds++;
    if (ball != NULL)
        ball->bounces++;
    if (volume > game->loudest)
        game->loudest = volume;
}

static fa_status
run_frame(struct game *game)
{
    const fa_physics_events *events;
    fa_begin_frame(game->allocator);
    fa_status status = fa_physics_step(game->world, DT, &events);
    if (status == FA_OK) {
        for (uint32_t i = 0; i < events->hit_count; i++)
            play_sound(game, events->hit[i]);
        game->moves += (int)events->move_count;
    }
    fa_end_frame(game->allocator); /* All events are gone. */
    return status;
}

static void
free_shape(cpBody *body, cpShape *shape, void *space)
{
    (void)body;
    cpSpaceRemoveShape(space, shape);
    cpShapeFree(shape);
}

static void
collect_body(cpBody *body, void *end)
{
    cpBody ***last = end;
    if (cpBodyGetType(body) == CP_BODY_TYPE_DYNAMIC)
        *(*last)++ = body;
}

static int
remove_all(struct game *game)
{
    cpBody *bodies[BALLS], **end = bodies;
    cpSpace *space = fa_physics_space(game->world);
    cpSpaceEachBody(space, collect_body, &end);
    cpBodyEachShape(cpSpaceGetStaticBody(space), free_shape, space);
    return fa_physics_remove_bodies(game->world, bodies, (size_t)(end - bodies),
                                    FA_PHYSICS_FREE_POOLED) == FA_OK
               ? 0
               : -1;
}

int
main(void)
{
    struct game game = {0};
    fa_physics_config config = FA_PHYSICS_CONFIG_INIT;
    config.gravity = cpv(0, -50);
    config.events = FA_PHYSICS_DEFAULT | FA_PHYSICS_HIT;
    config.hit_speed = 3; /* Softer ones make no sound. */
    if (fa_allocator_create(NULL, &game.allocator) != FA_OK ||
        fa_physics_create(game.allocator, &config, &game.world) != FA_OK)
        return 1;
    add_floor(fa_physics_space(game.world));
    if (add_balls(&game) != 0)
        return 1;
    for (int i = 0; i < FRAMES; i++)
        if (run_frame(&game) != FA_OK)
            return 1;
    printf("%d sounds, %d moves, first ball bounced %d times\n", game.sounds,
           game.moves, game.ball[0].bounces);
    if (game.sounds < BALLS || game.ball[0].bounces < 2 || game.loudest <= 0)
        return 1;
    if (remove_all(&game) != 0)
        return 1;
    fa_physics_destroy(game.world);
    fa_allocator_destroy(game.allocator);
    return 0;
}
