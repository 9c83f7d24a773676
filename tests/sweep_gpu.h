/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the sweep over failures of the GPU module shares: which call fails, the
 * world in which it does, and whether an answer is explained by it.
 */
#ifndef FA_TESTS_SWEEP_GPU_H
#define FA_TESTS_SWEEP_GPU_H

#include "support.h"

#include <framealloc/gpu-backend.h>

enum sweep_kind { UNIFIED, INCOHERENT, KINDS };

/* What can fail. */
enum sweep_call {
    HEAP,
    CHOOSE,
    CREATE,
    FLUSH,
    INVALIDATE,
    RECORD,
    SUBMIT,
    COMPLETED,
    WAIT,
    BUDGET
};

struct sweep_fault {
    enum sweep_call call;
    fa_status answer;
    unsigned at; /* Fails from this call on; 0: nothing does. */
    bool is_lasting;
    unsigned count; /* Calls so far. */
    bool is_hit;
};

struct sweep_world {
    struct test_world core;
    fa_gpu_backend inner;
    fa_gpu_null *null;
    fa_gpu *gpu;
    fa_unified *unified;
    uint64_t serial;
    unsigned blocks;     /* Of the driver, not given back. */
    uint64_t held_bytes; /* In them. */
    unsigned pieces;     /* Of the heap, not given back. */
    unsigned failed;     /* Requests that were refused. */
    unsigned told;       /* Times that the pressure changed. */
    bool is_lost;
};

extern struct sweep_fault fault;
extern struct sweep_world world;

/* FA_OK; what the failure explains counts as failed, and nothing else may be
 * answered. */
bool sweep_is_done(fa_status status);
/* The same where this refusal would be right as well. */
bool sweep_is_done_or(fa_status status, fa_status other);

/* Makes a device in the world; false when that failed. */
bool sweep_open(enum sweep_kind kind);
/* Uses all that the module has; see world.failed. */
void sweep_scenario(void);

#endif
