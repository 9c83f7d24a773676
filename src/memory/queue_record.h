/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The record of a context's queue; its functions are in memory/queue.h.
 */
#ifndef FAI_MEMORY_QUEUE_RECORD_H
#define FAI_MEMORY_QUEUE_RECORD_H

#include "base/stack.h"

#include <framealloc/remote.h>

/* Beside the inbox of a context; see memory/queue.c. Counters are changed by
 * all who free. */
struct fai_queue {
    uint64_t queued; /* Blocks so far, and their bytes. */
    uint64_t queued_bytes;
    uint64_t done; /* Of them: taken in or set aside. */
    uint64_t done_bytes;
    uint64_t peak;        /* By the owner. */
    uint64_t marked;      /* Blocks with a mark, not found yet. */
    uint64_t full;        /* Frees that found no place. */
    uint64_t refused;     /* Of them. */
    uint64_t dropped;     /* Blocks set aside so far. */
    uint64_t aside_count; /* And now. */
    uint64_t aside_bytes;
    struct fai_stack aside;
    struct fai_node *waiting; /* Taken from the inbox; the owner's. */
    uint32_t capacity;        /* 0: no bound. */
    uint32_t drain_count;
    fa_drain drain;
    fa_queue_full when_full;
};

#endif
