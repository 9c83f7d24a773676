/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Figures of one context: written by its owner with fai_publish_..., read by
 * everybody. context/stats.c sums them.
 */
#ifndef FAI_ACCOUNTING_FIGURES_H
#define FAI_ACCOUNTING_FIGURES_H

#include "base/atomic.h"

#include <framealloc/stats.h>

#define FAI_MEMORY_KINDS 3 /* Of enum fa_memory; annexes count for nobody. */

/* Objects handed out and freed, by enum fa_memory, while they are counted. */
struct fai_object_counts {
    uint64_t allocs[FAI_MEMORY_KINDS];
    uint64_t frees[FAI_MEMORY_KINDS];
    uint64_t same_frame; /* Pool blocks, freed in the frame that made them. */
    uint64_t promotions; /* Objects of frames that were copied to live on. */
};

/* Of one tag in one context; others read. */
struct fai_tag_use {
    struct fai_object_counts objects;
    uint64_t heap_bytes;
    uint64_t frame_bytes; /* Closed sections and blocks of this frame. */
    uint64_t last_frame;  /* Of the frame below. */
    uint64_t number;      /* The last frame with bytes of the tag. */
    uint64_t frame_peak;
    uint64_t pool_bytes;
    uint64_t peak;
    uint64_t charged; /* Of the tag's budget, by this frame. */
    uint64_t histogram[FA_HISTOGRAM_BUCKETS];
    /* Frames that closed the short way, with this tag alone; they are counted
     * here and nowhere else. Bucket i: peaks of 2^i bytes to twice that. */
    uint64_t plain_peak;
    uint64_t plain_histogram[FA_HISTOGRAM_BUCKETS];
};

/* Of one context; others read. */
struct fai_figures {
    uint64_t word; /* Frame of the next member * 2 + open. */
    uint64_t frame_bytes;
    uint64_t frame_peak;
    uint64_t peak;
    uint64_t reserved;
    uint64_t resident;
    uint64_t pool_bytes;
    uint64_t block_bytes;
    uint64_t cache_bytes;
    uint64_t backend_bytes;
    uint64_t arena_bytes;
    uint64_t spills;
    uint64_t spill_bytes;
    uint64_t spill_ns;
    uint64_t remote_frees;
    uint64_t frame_count;
    uint64_t trimmed_bytes;
    uint64_t promoted[3]; /* Bytes to pools, heap and scratch arenas. */
    uint64_t promotions;  /* Blocks. */
    uint64_t promotions_failed;
    uint64_t histogram[FA_HISTOGRAM_BUCKETS];
};

#endif
