/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The library's own backend: spans of 4 KiB granules in large regions.
 */
#ifndef FAI_MEMORY_SPAN_H
#define FAI_MEMORY_SPAN_H

#include "base/base.h"
#include "os/thread.h"

#include <framealloc/allocator.h>

#define FAI_SPAN_BINS 64

struct fai_span;
struct fai_region;

/* One per allocator; all functions may be called from any thread. */
struct fai_spans {
    struct fai_mutex lock;
    fa_huge huge;
    struct fai_region *regions;
    struct fai_span *bin[FAI_SPAN_BINS];
    uint64_t nonempty; /* Bit i: bin[i] is not empty. */
    size_t idle;       /* Granules, free and perhaps resident. Published. */
    size_t idle_low;   /* Least of it since the last look. */
    size_t surplus;  /* Granules that were idle all the time; to be trimmed. */
    uint64_t looked; /* Frame number of the last look. */
};

void fai_spans_create(struct fai_spans *spans, fa_huge huge);
/* Maps the first region; does nothing when that fails. */
void fai_spans_prepare(struct fai_spans *spans);
/* Gives everything back; blocks that are still live are gone. */
void fai_spans_destroy(struct fai_spans *spans);
void *fai_spans_alloc(void *spans, size_t size, size_t align);
void fai_spans_free(void *spans, void *block, size_t size, size_t align);
/* Gives resident free spans back to the system, at most max bytes (rounded
 * up to a span); returns how many. */
size_t fai_spans_trim(struct fai_spans *spans, size_t max);
/* Looks, once per period of frames, what was idle all the time since. */
void fai_spans_age(struct fai_spans *spans, uint64_t number, uint64_t period);
/* Gives a part of that back, at most max bytes; returns how many. */
size_t fai_spans_trim_aged(struct fai_spans *spans, size_t max);

#endif
