/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Particles, one object at a time, in one call, and as one array per member:
 * the same frame memory, and the same result. What a batch saves is the calls;
 * what arrays per member save is cache lines.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>

#define PARTICLES 1000u

struct particle {
    float x;
    float speed;
};

static float
speed_of(unsigned i)
{
    return (float)(i % 10);
}

static double
move_one_by_one(fa_frame *frame)
{
    struct particle *(*list)[PARTICLES] =
        fa_frame_new_n(frame, struct particle *, PARTICLES);
    double sum = 0;
    for (unsigned i = 0; i < PARTICLES && list != NULL; i++) {
        (*list)[i] = fa_frame_new(frame, struct particle);
        if ((*list)[i] == NULL)
            return -1;
        (*list)[i]->speed = speed_of(i);
    }
    for (unsigned i = 0; i < PARTICLES && list != NULL; i++)
        sum += (*list)[i]->x += (*list)[i]->speed;
    return sum;
}

static double
move_batch(fa_frame *frame)
{
    struct particle(*list)[PARTICLES] =
        fa_frame_new_n(frame, struct particle, PARTICLES);
    double sum = 0;
    for (unsigned i = 0; i < PARTICLES && list != NULL; i++)
        (*list)[i].speed = speed_of(i);
    for (unsigned i = 0; i < PARTICLES && list != NULL; i++)
        sum += (*list)[i].x += (*list)[i].speed;
    return sum;
}

static double
move_members(fa_frame *frame)
{
    float(*x)[PARTICLES] = fa_frame_new_n(frame, float, PARTICLES);
    float(*speed)[PARTICLES] = fa_frame_new_n(frame, float, PARTICLES);
    double sum = 0;
    if (x == NULL || speed == NULL)
        return -1;
    for (unsigned i = 0; i < PARTICLES; i++)
        (*speed)[i] = speed_of(i);
    for (unsigned i = 0; i < PARTICLES; i++)
        sum += (*x)[i] += (*speed)[i];
    return sum;
}

/* Small numbers of objects have calls of their own. */
static bool
corners_are_apart(fa_frame *frame)
{
    struct particle(*corner)[4] = fa_frame_new_4(frame, struct particle);
    if (corner == NULL)
        return false;
    for (unsigned i = 0; i < 4; i++)
        (*corner)[i].x = (float)i;
    return (*corner)[0].x == 0 && (*corner)[3].x == 3;
}

int
main(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    fa_frame *frame = fa_begin_frame(allocator);
    double single = move_one_by_one(frame);
    size_t before = fa_frame_used(frame);
    double batch = move_batch(frame);
    size_t bytes = fa_frame_used(frame) - before;
    double members = move_members(frame);
    bool is_good = single == 4500 && batch == single && members == single &&
                   bytes >= PARTICLES * sizeof(struct particle) &&
                   corners_are_apart(frame);
    printf("%u particles moved %.0f; a batch takes %zu bytes\n", PARTICLES,
           batch, bytes);
    fa_end_frame(allocator);
    fa_allocator_destroy(allocator);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
