/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The records of events: rings, listeners, and who wants what. The functions
 * need contexts and stand in memory/event.h.
 */
#ifndef FAI_ACCOUNTING_EVENT_H
#define FAI_ACCOUNTING_EVENT_H

#include "base/base.h"

#include <framealloc/event.h>

/* Why objects are counted. */
enum fai_counting {
    FAI_COUNT_CONFIG = 1,
    FAI_COUNT_EVENTS = 2,
    FAI_COUNT_BEHAVIOR = 4
};

/* The last events of a context, and of those that had the ring before. */
struct fai_event_ring {
    uint64_t begun; /* Events that were begun to be written. */
    uint64_t done;  /* Events that are complete. */
    uint64_t taken; /* Read, or known to be lost; under the lock. */
    size_t mask;    /* Slots - 1. */
    size_t bytes;   /* Of the mapping. */
    bool is_used;   /* A context has it; under the lock. */
    struct fai_event_ring *next;
    fa_event slot[];
};

struct fai_listener {
    uint64_t version; /* Odd: in use. */
    uint64_t inside;  /* Threads that are looking at it or in its function. */
    fa_event_fn fn;
    void *user;
    uint32_t kinds;
};

/* Changed under the allocator's lock. */
struct fai_events {
    uint32_t kinds; /* Wanted by anybody. */
    uint32_t kept;  /* In rings. */
    uint32_t told;  /* To listeners. */
    uint64_t lost;  /* There was no ring for them. */
    size_t ring_size;
    struct fai_event_ring *rings;
    struct fai_listener listener[FA_EVENT_LISTENERS_MAX];
};

#endif
