/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Offsets against a map of granules: a million random operations, with sizes
 * from a granule to all and alignments up to all.
 *
 *     FA_TEST_SEED=N    that seed only
 *     FA_TEST_SCALE=N   N times fewer operations
 *
 * The operation of a broken promise is printed, so the same seed with that
 * many operations is the shortest prefix that shows it.
 */
#include "offset_model.h"

#include <stdio.h>
#include <stdlib.h>

#define SEEDS      16u
#define OPERATIONS 1000000u
#define COMPARE    64u

static struct offset_model model;

static void
run_seed(fa_allocator *allocator, uint64_t seed, uint64_t operations)
{
    model = (struct offset_model){.random = seed * 7919};
    /* Any shift from 1 byte to 64 KiB; any number of granules, 1 included. */
    uint32_t units = seed % 4 == 0
                         ? 1 + (uint32_t)(seed * 37 % 100)
                         : OFFSET_MODEL_UNITS - (uint32_t)(seed * 997 % 3000);
    printf("seed %llu: %u granules of %llu\n", (unsigned long long)seed, units,
           1ull << seed % 17);
    fflush(stdout);
    offset_model_begin(&model, allocator, seed % 17, units);
    for (uint64_t i = 0; i < operations; i++) {
        offset_model_step(&model);
        if (i % COMPARE == 0)
            offset_model_compare(&model);
    }
    offset_model_end(&model);
}

int
main(void)
{
    const char *given = getenv("FA_TEST_SEED");
    const char *scale = getenv("FA_TEST_SCALE");
    uint64_t divisor = scale != NULL ? strtoull(scale, NULL, 10) : 1;
    uint64_t operations = OPERATIONS / SEEDS / (divisor > 0 ? divisor : 1);
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    if (given != NULL)
        run_seed(allocator, strtoull(given, NULL, 10), operations);
    else
        for (uint64_t seed = 1; seed <= SEEDS; seed++)
            run_seed(allocator, seed, operations);
    fa_allocator_destroy(allocator);
    return EXIT_SUCCESS;
}
