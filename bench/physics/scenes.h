/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scenes for the tests and benchmarks of the physics module.
 *
 * They are built from a fixed seed, so that two spaces of one scene are equal.
 */
#ifndef FA_BENCH_SCENES_H
#define FA_BENCH_SCENES_H

#include <chipmunk/chipmunk.h>
#include <stdbool.h>
#include <stdint.h>

struct scene_kind {
    const char *name;
    int bodies; /* About so many. */
    int steps;  /* For a measurement. */
    cpFloat dt; /* s. */
};

#define SCENES 9
extern const struct scene_kind scene_kinds[SCENES];

struct scene {
    const struct scene_kind *kind;
    cpSpace *space;
    uint64_t seed;
    cpBody **body; /* Those that may be removed. */
    cpShape **shape;
    int count;
};

void scene_open(struct scene *scene, const struct scene_kind *kind);
/* What the game does before a step: bodies come and go, or nothing. */
void scene_before_step(struct scene *scene);
void scene_close(struct scene *scene);
/* A number of all positions and velocities. */
uint64_t scene_hash(const struct scene *scene);
cpFloat scene_random(struct scene *scene, cpFloat low, cpFloat high);

#endif
