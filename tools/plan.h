/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A replay plan: the trace turned into what the replay loop reads, and nothing
 * more. It lies in an anonymous file that every child maps, so that no child
 * needs its allocator before it is measured.
 *
 * A live block is named by a slot. Slots are given out last-in first-out, so
 * the table of blocks is as small as the number of blocks that are live at
 * once, and the loop dirties no more memory than a program with a pointer in
 * hand. Sizes of blocks that end stand in the event: there is no look-up.
 *
 * Layout of the file: plan_head, padding to PLAN_EVENTS_OFFSET, the events of
 * all frames, the tail (frees of what outlives the last frame), and the index
 * of the first event behind each frame.
 */
#ifndef FRAMEALLOC_TOOLS_PLAN_H
#define FRAMEALLOC_TOOLS_PLAN_H

#include "trace.h"

#define PLAN_EVENTS_OFFSET ((size_t)4096)

struct plan_event {
    uint32_t slot;
    uint32_t size;      /* as in struct trace_event */
    uint32_t old_size;  /* as in struct trace_event */
    uint8_t step;       /* enum trace_op; a child makes it an enum step */
    uint8_t rule;       /* of intent_rules; a child makes it its home */
    uint8_t align_log2; /* 0: no more than 16 */
    uint8_t flags;      /* enum trace_flag; enum trace_op in bits 0-2 */
};

#define PLAN_OP_MASK 0x07

struct plan_head {
    uint32_t frame_count;
    uint32_t event_count; /* in the frames */
    uint32_t tail_count;  /* behind them */
    uint32_t slot_count;
    uint32_t request_count; /* allocations and reallocations */
    uint64_t peak_bytes;    /* of live blocks, as asked for */
};

struct plan {
    int fd;
    struct plan_head *head;
    struct plan_event *events;
    uint32_t *frame_ends;
    size_t mapped_size;
};

/* Plans the first `frames` frames, or all of them when there are fewer.
 * False when memory is short. */
bool plan_create(struct plan *plan, const struct trace *trace, uint32_t frames);

/* Maps the plan that is behind fd, private to this process and resident, so
 * that it may be changed. False with errno set. */
bool plan_open(struct plan *plan, int fd);

void plan_destroy(struct plan *plan);

#endif
