/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Ways to learn what happened in a step, to be compared.
 */
#ifndef FA_BENCH_MODES_H
#define FA_BENCH_MODES_H

#include "scenes.h"

#include <framealloc/physics.h>

enum mode {
    MODE_RAW,            /* cpSpaceStep() and nothing else. */
    MODE_NAIVE,          /* A malloc'ed node per begin and end. */
    MODE_NAIVE_PERSIST,  /* And per contact. */
    MODE_ARRAYS,         /* An array of the program, filled in callbacks. */
    MODE_ARRAYS_PERSIST, /* And with each contact. */
    MODE_FA,             /* This module: begin, end, sensor. */
    MODE_FA_PERSIST,     /* And persist. */
    MODES
};

extern const char *const mode_names[MODES];

struct subject {
    enum mode mode;
    struct scene scene;
    fa_allocator *allocator;
    fa_physics *world;
    struct event *list; /* Newest first. */
    struct event *array;
    size_t count;
    uint64_t events;        /* So far. */
    uint64_t pairs;         /* Persisting, so far. */
    fa_physics_events last; /* Counts of the last step; the arrays are gone. */
};

void subject_open(struct subject *subject, enum mode mode,
                  const struct scene_kind *kind);
/* One step with its events consumed. */
void subject_step(struct subject *subject);
void subject_close(struct subject *subject);

/* Calls of the malloc family so far, in the process. */
uint64_t malloc_calls(void);

#endif
