/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames of the kinds that doc/parity.md compares: each is a few runs of
 * objects of one size. Included by programs of C only.
 */
#ifndef BENCH_HARNESS_PROFILE_H
#define BENCH_HARNESS_PROFILE_H

#include "bench.h"

#define BENCH_PROFILE_RUNS 3
#define BENCH_PROFILE_MAX  100000 /* objects of the longest one */

struct bench_profile {
    struct {
        size_t count;
        size_t size;
    } runs[BENCH_PROFILE_RUNS];
};

/* X(name, first run, second run, third run); a run is count, size. */
#define BENCH_PROFILES(X)                   \
    X(physics, 500, 96, 100, 256, 200, 64)  \
    X(particles_48, 50000, 48, 0, 0, 0, 0)  \
    X(particles_64, 10000, 64, 0, 0, 0, 0)  \
    X(ui, 200, 160, 0, 0, 0, 0)             \
    X(render, 2000, 24, 5000, 32, 500, 32)  \
    X(tiny, 100000, 16, 0, 0, 0, 0)         \
    X(objects_100, 100, 64, 0, 0, 0, 0)     \
    X(objects_10000, 10000, 64, 0, 0, 0, 0) \
    X(size_64, 1000, 64, 0, 0, 0, 0)        \
    X(size_256, 1000, 256, 0, 0, 0, 0)      \
    X(size_1024, 1000, 1024, 0, 0, 0, 0)    \
    X(size_4096, 1000, 4096, 0, 0, 0, 0)    \
    X(size_65536, 100, 65536, 0, 0, 0, 0)   \
    X(unaligned, 333, 7, 333, 31, 333, 63)

#define BENCH_PROFILE_CONSTANT(name, c1, s1, c2, s2, c3, s3)                \
    static const struct bench_profile bench_profile_##name BENCH_UNUSED = { \
        {{c1, s1}, {c2, s2}, {c3, s3}}};
BENCH_PROFILES(BENCH_PROFILE_CONSTANT)
#undef BENCH_PROFILE_CONSTANT

#endif
