/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the files of transfers share: the ring of staging memory, the queued
 * batch, and tickets. All under the device's lock.
 */
#ifndef FA_GPU_TRANSFER_H
#define FA_GPU_TRANSFER_H

#include "state.h"

#include <framealloc/gpu-transfer.h>

/* --- ring.c --- */

/* Chunks that are bumped, one at a time; in use until the device is done with
 * all that was put into them. */
struct ring {
    fa_gpu_intent intent; /* FA_GPU_STAGING or FA_GPU_READBACK. */
    struct gpu_block *first;
    struct gpu_block *open;  /* NULL: none. */
    struct gpu_block *spare; /* Not in the list; NULL: none. */
    uint64_t used_frame;     /* When memory was taken. */
};

/* Memory of a ring; the chunk is held. FA_NOT_READY at the limit. */
fa_status ring_take_locked(fa_gpu *gpu, struct ring *ring, uint64_t size,
                           struct gpu_block **block, uint64_t *offset);
/* The queued copies are in this frame, or this transfer; 0: in none. */
void ring_stamp_locked(fa_gpu *gpu, uint64_t frame, uint64_t serial);
/* Gives chunks back that the device is done with. */
void ring_reclaim_locked(fa_gpu *gpu);
/* Also those that are kept for what comes next. */
void ring_trim_locked(fa_gpu *gpu);
/* Gives all chunks back; the device is idle or lost. */
void ring_close_locked(fa_gpu *gpu, struct ring *ring);

/* --- copy.c --- */

struct queued {
    fa_gpu_copy copy;
    uint64_t source_slice;     /* Id; 0: the source is in the ring. */
    uint64_t target_slice;     /* Id; 0: the target is in the ring. */
    struct gpu_block *staging; /* The source, if it is in the ring. */
    struct gpu_block *result;  /* The target, if it is in the ring. */
    uint64_t ticket;           /* Id; 0: none. */
    uint64_t expires;          /* Last frame of its memory. */
    unsigned visible;          /* FA_GPU_COPY_TO_HOST ... */
};

struct span; /* Of copy.c. */

/* What is queued. One piece of memory holds the arrays. */
struct batch {
    struct queued *items; /* In queue order. */
    fa_gpu_copy *sorted;  /* As backends want them, after batch_sort(). */
    struct span *spans;   /* Twice as many. */
    uint32_t *order;      /* Four times as many. */
    uint32_t count;
    uint32_t promised; /* Entries that writers will fill. */
    uint32_t room;
    unsigned visible; /* Of all items. */
    uint64_t expires; /* Of the one that expires first. */
};

/* Room for one more entry beyond those promised. */
bool batch_reserve(fa_gpu *gpu, struct batch *batch);
void batch_add(struct batch *batch, const struct queued *item);
/* Finds epochs, so that the effect is that of the queue order. */
void batch_sort(fa_gpu *gpu, struct batch *batch);
void batch_clear(struct batch *batch);

/* --- ticket.c --- */

enum ticket_state {
    TICKET_FREE,
    TICKET_QUEUED,    /* In no command buffer yet. */
    TICKET_RECORDED,  /* Done with the frame `point`. */
    TICKET_SUBMITTED, /* Done with the transfer `point`. */
    TICKET_DROPPED,
};

struct ticket {
    enum ticket_state state;
    uint32_t generation; /* In fa_gpu_ticket.id with the number. */
    uint32_t next;       /* Free list. */
    bool is_visible;     /* The result was invalidated. */
    uint64_t point;
    struct gpu_block *block; /* Of the result; NULL: there is none. */
    uint64_t offset;
    uint64_t size;
};

struct tickets {
    struct ticket *entries; /* By number; 0 is not used. */
    uint32_t count;         /* Entries, with entry 0. */
    uint32_t room;
    uint32_t free; /* Head of the list of free entries; 0: none. */
    uint32_t live;
};

/* Room for one more, so that taking cannot fail. */
bool ticket_reserve_locked(fa_gpu *gpu);
/* A queued one; block, offset and size of its result. */
uint64_t ticket_take_locked(fa_gpu *gpu, struct gpu_block *block,
                            uint64_t offset, uint64_t size);
/* NULL: it was released, or is none. */
struct ticket *ticket_find_locked(fa_gpu *gpu, uint64_t id);
void ticket_put_locked(fa_gpu *gpu, uint64_t id);
/* Tickets of a frame of which nothing was submitted. */
void ticket_drop_frame_locked(fa_gpu *gpu, uint64_t number);

/* --- transfer.c --- */

struct gpu_transfer {
    struct batch batch;
    struct ring staging;
    struct ring readback;
    uint64_t held;  /* Bytes of chunks in both rings. */
    uint64_t grain; /* Ranges in chunks are multiples: they share no atom. */
    uint64_t submitted;
    uint64_t completed;
    uint64_t serial; /* Of frames, when the open one began. */
    struct tickets tickets;
};

#endif
