/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The objects of the mixed rows and the order of the random rows: made once
 * from a fixed seed, so that every process on every machine does equal work.
 */
#include "bench.h"

#define SEED 0x9e3779b9u

static struct bench_object objects[BENCH_OBJECTS];
static unsigned shuffled[BENCH_OBJECTS];

const struct bench_object *bench_objects = objects;
const unsigned *bench_shuffled = shuffled;

/* xorshift32: good enough to shuffle, and the same everywhere. */
uint32_t
bench_random(uint32_t *state)
{
    uint32_t x = *state;

    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return *state = x;
}

static void
shuffle(unsigned *values, size_t count, uint32_t *state)
{
    for (size_t i = count - 1; i > 0; i--) {
        size_t j = bench_random(state) % (i + 1);
        unsigned other = values[j];

        values[j] = values[i];
        values[i] = other;
    }
}

void
bench_tables_init(void)
{
    uint32_t state = SEED;

    for (size_t i = 0; i < BENCH_OBJECTS; i++) {
        objects[i].size = 16 + bench_random(&state) % 241;
        objects[i].align = bench_random(&state) % 2 == 0 ? 8 : 16;
        shuffled[i] = (unsigned)i;
    }
    shuffle(shuffled, BENCH_OBJECTS, &state);
}
