/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The frames of profile.h, an operation being a whole frame, and 1000 objects
 * that are written in full. A template with the names of loops_frame.h; it
 * makes LOOP(add_profiles)(set, variant, open, state).
 */
#include "profile.h"

#include <string.h>

static inline __attribute__((__always_inline__)) void
LOOP(profile)(LOOP_STATE *state, size_t frames,
              const struct bench_profile *profile)
{
    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);
        size_t i = 0;

        for (size_t r = 0; r < BENCH_PROFILE_RUNS; r++) {
            size_t size = profile->runs[r].size;
            size_t last = i + profile->runs[r].count;

            for (; i < last; i++) {
                void *p = LOOP_ALLOC(arena, i, size, 8);
                *(volatile uint32_t *)p = (uint32_t)i;
                bench_keep(p);
            }
        }
        LOOP_END(state, arena, i);
    }
}

#define LOOP_PROFILE(name, c1, s1, c2, s2, c3, s3)                         \
    static void LOOP(name)(void *state, size_t frames)                     \
    {                                                                      \
        LOOP(profile)((LOOP_STATE *)state, frames, &bench_profile_##name); \
    }
BENCH_PROFILES(LOOP_PROFILE)
#undef LOOP_PROFILE

static void
LOOP(write_256)(void *opaque, size_t frames)
{
    LOOP_STATE *state = (LOOP_STATE *)opaque;

    for (size_t f = 0; f < frames; f++) {
        LOOP_ARENA *arena = LOOP_BEGIN(state);

        for (size_t i = 0; i < BENCH_OBJECTS; i++) {
            void *p = LOOP_ALLOC(arena, i, 256, 8);
            memset(p, (int)i, 256);
            bench_keep(p);
        }
        LOOP_END(state, arena, BENCH_OBJECTS);
    }
}

static void BENCH_UNUSED
LOOP(add_profiles)(struct bench_set *set, const char *variant,
                   void (*open)(void *), void *state)
{
#define LOOP_PROFILE(name, c1, s1, c2, s2, c3, s3) \
    bench_add(set, "profile-" #name, variant, open, LOOP(name), state, 1);
    BENCH_PROFILES(LOOP_PROFILE)
#undef LOOP_PROFILE
    bench_add(set, "profile-write_256", variant, open, LOOP(write_256), state,
              1);
}

#undef LOOP
#undef LOOP_STATE
#undef LOOP_ARENA
#undef LOOP_BEGIN
#undef LOOP_ALLOC
#undef LOOP_END
