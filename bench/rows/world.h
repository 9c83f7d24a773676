/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the rows of framealloc stand on: an allocator with default settings,
 * made when its row is first run, and this thread's part of it.
 */
#ifndef BENCH_ROWS_WORLD_H
#define BENCH_ROWS_WORLD_H

#include "../harness/bench.h"

#include <framealloc/framealloc.h>

struct world {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_pool *pool; /* of BENCH_OBJECT_SIZE bytes */
    fa_tag tag;
};

/** Opens a world; dies when a guard mode would spoil the figures. */
void world_open(void *world);
/** The same with objects counted, which makes every call a slow one. */
void world_open_counting(void *world);

void add_framealloc(struct bench_set *set);
void add_framealloc_calls(struct bench_set *set);

#endif
