/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the behaviour filter keeps: a few words per tag.
 */
#ifndef FAI_ACCOUNTING_BEHAVIOR_H
#define FAI_ACCOUNTING_BEHAVIOR_H

#include "os/thread.h"

#include <framealloc/behavior.h>

struct fai_tag_behavior {
    /* Counts when observation began. */
    uint64_t frame_allocs;
    uint64_t pool_allocs;
    uint64_t heap_allocs;
    uint64_t same_frame;
    uint64_t promotions;
    uint64_t live;
    uint64_t frames;      /* Since the tag is active. */
    uint64_t live_frames; /* Live objects of each frame, summed up. */
    uint32_t said;        /* Bit i: FA501 + i was told. */
};

struct fai_behavior {
    struct fai_mutex lock; /* Taken before the allocator's. */
    uint64_t listener;     /* 0: off. */
    uint64_t number;       /* The last frame that was observed. */
    uint64_t frames;       /* That were observed. */
    fa_behavior thresholds;
    struct fai_tag_behavior tag[FA_TAG_MAX];
};

#endif
