/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle that operations on an allocator of offsets are compared with: a
 * map that has the owner of each granule.
 *
 * model_offset.c feeds it with random numbers, fuzz/fuzz_offset.c with bytes
 * that a fuzzer has made. A broken promise ends the program.
 */
#ifndef FA_TESTS_OFFSET_MODEL_H
#define FA_TESTS_OFFSET_MODEL_H

#include <framealloc/framealloc.h>
#include <framealloc/offset.h>

#define OFFSET_MODEL_UNITS 4096u

struct offset_model {
    /* Where numbers come from: bytes, or else the generator. */
    const uint8_t *input;
    size_t input_left;
    uint64_t random;
    uint64_t operation;
    /* How it was made. */
    fa_offset *offset;
    uint32_t shift; /* Of a granule. */
    uint32_t units;
    /* What is in use. */
    uint32_t owner[OFFSET_MODEL_UNITS]; /* Of each granule: a node, or 0. */
    uint32_t live[OFFSET_MODEL_UNITS];  /* Nodes, in no order. */
    uint32_t begin[OFFSET_MODEL_UNITS]; /* Of each of them. */
    uint32_t count;
};

/* Numbers are set; makes the allocator of offsets. */
void offset_model_begin(struct offset_model *model, fa_allocator *allocator,
                        uint32_t shift, uint32_t units);
/* One operation. */
void offset_model_step(struct offset_model *model);
/* Ranges, holes and figures are those of the map. */
void offset_model_compare(const struct offset_model *model);
/* Frees all, looks whether all came back, and ends it. */
void offset_model_end(struct offset_model *model);

#endif
