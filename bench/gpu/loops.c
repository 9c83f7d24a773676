/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * See loops.h.
 */
#include "loops.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RANGE ((uint64_t)256 << 20)

void
bench_gpu_die(const char *what, fa_status status)
{
    fprintf(stderr, "bench-gpu: %s: %s\n", what, fa_status_name(status));
    exit(1);
}

/* xorshift64*, Vigna 2016. */
static uint64_t
random_next(uint64_t *state)
{
    uint64_t x = *state;
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    *state = x;
    return x * 0x2545f4914f6cdd1du;
}

/* Evenly spread over the logarithm of 256 to 1 MiB. */
static uint64_t
random_size(uint64_t *state)
{
    double part = (double)(random_next(state) >> 11) / 9007199254740992.0;
    return (uint64_t)(256 * exp2(part * 12));
}

static bool
churn_take(struct churn *churn)
{
    uint64_t begin;
    uint64_t size = churn->asked[churn->next++ % 4096];
    if (fa_offset_alloc(churn->offset, size, 256, &begin,
                        &churn->nodes[churn->count]) != FA_OK)
        return false;
    churn->sizes[churn->count++] = size;
    churn->used += size;
    return true;
}

static void
churn_give(struct churn *churn)
{
    uint64_t random = random_next(&churn->state) >> 32;
    uint32_t i = (uint32_t)(random * churn->count >> 32);
    fa_offset_free(churn->offset, churn->nodes[i]);
    churn->used -= churn->sizes[i];
    churn->count--;
    churn->nodes[i] = churn->nodes[churn->count];
    churn->sizes[i] = churn->sizes[churn->count];
}

void
churn_open(struct churn *churn, fa_allocator *allocator)
{
    memset(churn, 0, sizeof(*churn));
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.size = RANGE;
    fa_status status = fa_offset_create(allocator, &config, &churn->offset);
    if (status != FA_OK)
        bench_gpu_die("offsets", status);
    churn->state = 0x9e3779b97f4a7c15u;
    for (uint32_t i = 0; i < 4096; i++)
        churn->asked[i] = random_size(&churn->state);
    while (churn->used < RANGE / 5 * 4 && churn_take(churn))
        continue;
}

void
churn_close(struct churn *churn)
{
    fa_offset_destroy(churn->offset);
}

void
churn_run(struct churn *churn, uint64_t pairs)
{
    for (uint64_t i = 0; i < pairs; i++) {
        churn_give(churn);
        while (churn->used < RANGE / 5 * 4 && churn->count < 65535) {
            if (!churn_take(churn)) {
                churn->failures++;
                break;
            }
            churn->operations++;
        }
        while (churn->used > RANGE / 5 * 4 + (1 << 20))
            churn_give(churn);
    }
}

uint64_t
churn_largest_hole(const struct churn *churn)
{
    fa_offset_usage usage = FA_OFFSET_USAGE_INIT;
    fa_offset_usage_read(churn->offset, &usage);
    return usage.largest_hole;
}

uint64_t
slice_size(uint64_t i)
{
    return 256 + (i * 2654435761u & 0x3ff) * 8;
}

void
frame_loop(fa_gpu *gpu, uint64_t slices)
{
    for (uint64_t i = 0; i < slices; i++) {
        fa_gpu_slice slice;
        fa_status status =
            fa_gpu_frame_alloc(gpu, FA_GPU_HOST_VISIBLE, 1024, 0, &slice);
        if (status != FA_OK)
            bench_gpu_die("a slice", status);
        *(volatile char *)slice.ptr = 1;
    }
}
