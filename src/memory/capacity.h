/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the open phases of a context leave of its frame.
 */
#ifndef FAI_MEMORY_CAPACITY_H
#define FAI_MEMORY_CAPACITY_H

#include "memory/memory.h"

/* A phase that has not ended; see lifetime/phase.c. */
struct fai_open_phase {
    uint64_t serial;
    size_t begin;      /* Bytes used in the frame; lowered by a rollback. */
    size_t limit;      /* Bytes that it may add; 0: no limit. */
    uint64_t inner;    /* Bytes of the phases that ended in it. */
    uint64_t count;    /* Objects of the context at its begin. */
    uint64_t begin_ns; /* On the clock. */
    uint32_t record;   /* Index in the list, or FA_PHASE_NONE. */
    bool is_counted;   /* Objects were counted at its begin. */
    bool is_told;      /* That its limit has refused. */
    char name[FA_PHASE_NAME_MAX];
};

struct fai_phase_frame {
    uint32_t count;
    bool is_full; /* More than these, and it was told. */
    fa_phase phase[FA_PHASE_MAX];
};

struct fai_phases {
    uint64_t serial; /* Handed out last. */
    uint32_t depth;
    uint32_t current; /* Of the two lists; the other one is the last. */
    struct fai_open_phase open[FA_PHASE_DEPTH_MAX];
    struct fai_phase_frame list[2];
};

/* The limits of the open phases become the capacity of the frame. */
void fai_capacity_apply(fa_ctx *ctx);
/* The same after a rollback, which also moves begins of phases back. */
void fai_capacity_roll_back(fa_ctx *ctx);
/* Tells, once per phase, that a limit has refused so many bytes. */
void fai_capacity_refuse(fa_ctx *ctx, size_t size);

#endif
