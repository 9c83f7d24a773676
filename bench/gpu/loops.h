/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Loops of the GPU benchmark that need no device: they are timed, and their
 * instructions are counted.
 */
#ifndef FA_BENCH_GPU_LOOPS_H
#define FA_BENCH_GPU_LOOPS_H

#include <framealloc/gpu-backend.h>
#include <framealloc/offset.h>

#include <stdint.h>

/* Ranges of 256 bytes to 1 MiB in 256 MiB, filled to 80 %: each operation frees
 * a random range and takes another. */
struct churn {
    fa_offset *offset;
    uint32_t nodes[65536];
    uint64_t sizes[65536];
    uint32_t count;
    uint64_t used;
    uint64_t failures;
    uint64_t operations; /* Pairs. */
    uint64_t state;
    uint64_t asked[4096]; /* Sizes to take, drawn beforehand. */
    uint32_t next;
};

void churn_open(struct churn *churn, fa_allocator *allocator);
void churn_close(struct churn *churn);
/* So many pairs; allocations that failed are counted. */
void churn_run(struct churn *churn, uint64_t pairs);
uint64_t churn_largest_hole(const struct churn *churn);

/* Of the slices of a frame: 256 bytes to 8 KiB. */
uint64_t slice_size(uint64_t i);

/* The open frame's memory. */
void frame_loop(fa_gpu *gpu, uint64_t slices);

/* The program ends with a message. */
void bench_gpu_die(const char *what, fa_status status);

#endif
