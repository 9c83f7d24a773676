/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The work of everything that has one reset per frame: 1000 objects, then the
 * frame ends. A template: define
 *
 *     LOOP(name)                  a name for each function made here
 *     LOOP_STATE, LOOP_ARENA      types of the state and of an open frame
 *     LOOP_BEGIN(state)           opens a frame, gives a LOOP_ARENA *
 *     LOOP_ALLOC(a, i, size, align)   object number i of the frame
 *     LOOP_END(state, a, count)       after so many objects
 *
 * and include this file; it may be included several times. It makes
 * LOOP(add_frames)(set, variant, open, state). The last address of a frame is
 * checked: an arena that is full keeps returning NULL.
 */
#include "bench.h"

static void BENCH_UNUSED LOOP(64)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        void *p = NULL;

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            p = LOOP_ALLOC(arena, i, BENCH_OBJECT_SIZE, 16);
            bench_keep(p);
        }
        if (p == NULL)
            bench_die("a row ran out of memory");
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

static void BENCH_UNUSED LOOP(64_touch)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            void *p = LOOP_ALLOC(arena, i, BENCH_OBJECT_SIZE, 16);
            *(volatile uint64_t *)p = i;
            bench_keep(p);
        }
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

static void BENCH_UNUSED
LOOP(mixed)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    const struct bench_object *objects = bench_objects;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        void *p = NULL;

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            p = LOOP_ALLOC(arena, i, objects[i].size, objects[i].align);
            bench_keep(p);
        }
        if (p == NULL)
            bench_die("a row ran out of memory");
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

static void BENCH_UNUSED
LOOP(mixed_touch)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    const struct bench_object *objects = bench_objects;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            void *p = LOOP_ALLOC(arena, i, objects[i].size, objects[i].align);
            *(volatile uint64_t *)p = i;
            bench_keep(p);
        }
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

/* Only the size is known at run time; the alignment is a constant. */
static void BENCH_UNUSED
LOOP(sized)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;
    const struct bench_object *objects = bench_objects;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        void *p = NULL;

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            p = LOOP_ALLOC(arena, i, objects[i].size, 16);
            bench_keep(p);
        }
        if (p == NULL)
            bench_die("a row ran out of memory");
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

/* One contiguous block for all 1000 objects. */
static void BENCH_UNUSED
LOOP(batch)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        void *p = LOOP_ALLOC(arena, 0, BENCH_BATCH, 16);

        bench_keep(p);
        LOOP_END(state, arena, 1);
    }
}

static void BENCH_UNUSED
LOOP(batch_touch)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        char *p = (char *)LOOP_ALLOC(arena, 0, BENCH_BATCH, 16);

        bench_touch(p, BENCH_BATCH, BENCH_OBJECT_SIZE);
        LOOP_END(state, arena, 1);
    }
}

static void BENCH_UNUSED
LOOP(empty)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);

        bench_keep(arena);
        LOOP_END(state, arena, 0);
    }
}

/* One block of 8 MiB, one word written in each cache line. */
static void BENCH_UNUSED LOOP(8mib)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        char *p = (char *)LOOP_ALLOC(arena, 0, BENCH_BIG_FRAME, 16);

        bench_touch(p, BENCH_BIG_FRAME, 64);
        LOOP_END(state, arena, 1);
    }
}

/* The same bytes as objects of 1 KiB. */
static void BENCH_UNUSED LOOP(8mib_objects)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);

        for (size_t i = 0; i < BENCH_BIG_FRAME / 1024; i++) {
            char *p = (char *)LOOP_ALLOC(arena, i, 1024, 16);
            bench_touch(p, 1024, 64);
        }
        LOOP_END(state, arena, BENCH_BIG_FRAME / 1024);
    }
}

static void BENCH_UNUSED
LOOP(add_frames)(struct bench_set *set, const char *variant,
                 void (*open)(void *), void *state)
{
    const struct {
        const char *workload;
        void (*run)(void *, size_t);
        double ops;
    } rows[] = {
        {"frame-64", LOOP(64), BENCH_OBJECTS},
        {"frame-64-touch", LOOP(64_touch), BENCH_OBJECTS},
        {"frame-sized", LOOP(sized), BENCH_OBJECTS},
        {"frame-mixed", LOOP(mixed), BENCH_OBJECTS},
        {"frame-mixed-touch", LOOP(mixed_touch), BENCH_OBJECTS},
        {"batch", LOOP(batch), 1},
        {"batch-touch", LOOP(batch_touch), 1},
        {"frame-8mib", LOOP(8mib), 1},
        {"frame-8mib-objects", LOOP(8mib_objects), 1},
    };

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        bench_add(set, rows[i].workload, variant, open, rows[i].run, state,
                  rows[i].ops);
}

#undef LOOP
#undef LOOP_STATE
#undef LOOP_ARENA
#undef LOOP_BEGIN
#undef LOOP_ALLOC
#undef LOOP_END
