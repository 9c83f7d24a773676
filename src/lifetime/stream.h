/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: records of assets, their lists, and the sums over them.
 *
 * One lock guards a stream, and it is never held while the heap or the
 * program is called. Budget and assets change together under it, so there is
 * no moment at which a sum is wrong: an asset's bytes are counted for the
 * state that it is in, and move to another counter when that changes.
 *
 * An asset is the index of its record and a generation. Records move when
 * their array grows; without the lock only indices are kept.
 */
#ifndef FAI_LIFETIME_STREAM_H
#define FAI_LIFETIME_STREAM_H

#include "base/bits.h"
#include "memory/memory.h"
#include "os/thread.h"

#include <framealloc/framealloc.h>

#define FAI_STREAM_NAME       32
#define FAI_STREAM_STATES     (FA_STREAM_EVICTING + 1)
#define FAI_STREAM_PRIORITIES (FA_STREAM_CRITICAL + 1)

struct fai_asset {
    void *memory; /* NULL: the record is free, or its asset is being made. */
    size_t size;
    size_t filled;
    uint64_t frame;  /* Number, of the last use. */
    uint64_t order;  /* Of the last use, among all. */
    uint64_t vetoed; /* The stream's clock at the last veto. */
    uint32_t generation;
    uint32_t pins;
    uint32_t prev; /* In a list; 0: none. */
    uint32_t next; /* Also in a plan, and of free records. */
    uint8_t state; /* fa_stream_state; GONE also while it is told of. */
    uint8_t priority;
    bool is_freed; /* While it is loading or evicting: its name is stale. */
};

struct fai_asset_list {
    uint32_t first; /* Used the longest ago. */
    uint32_t last;
};

/* Everything but the first members is under the lock. */
struct fa_stream {
    fa_allocator *allocator;
    fa_stream_evict_fn may_evict;
    fa_stream_evicted_fn evicted;
    void *user;
    char name[FAI_STREAM_NAME];
    uint64_t budget;
    uint32_t first_generation; /* Not 0. */
    uint32_t last_generation;  /* A record is retired after this one. */
    struct fai_mutex lock;
    struct fai_array records; /* struct fai_asset; the first is none. */
    uint32_t spares;          /* A list. */
    /* What may be evicted: ready, not pinned, not critical; by last use. */
    struct fai_asset_list idle[FAI_STREAM_PRIORITIES];
    uint64_t used; /* Never above the budget. */
    uint64_t peak;
    uint64_t claimed; /* Of used: of reservations that are under way. */
    uint64_t count[FAI_STREAM_STATES];
    uint64_t bytes[FAI_STREAM_STATES];
    uint64_t filled; /* Of assets that are reserved or loading. */
    uint64_t pinned_count;
    uint64_t uses;  /* Counts them. */
    uint64_t clock; /* Counts vetoes. */
    uint64_t eviction_count;
    uint64_t evicted_bytes;
    uint64_t refusal_count;
};

/* Room that is wanted. */
struct fai_stream_request {
    size_t size;
    fa_stream_priority priority;
    uint64_t clock;   /* Assets that were vetoed later are not asked again. */
    uint64_t claimed; /* Taken from the budget. */
    uint64_t planned; /* Bytes of the plan. */
    uint32_t plan;    /* Victims: a list; those that are kept rather first. */
};

static inline struct fai_asset *
fai_asset(const fa_stream *stream, uint32_t index)
{
    return (struct fai_asset *)stream->records.items + index;
}

static inline fa_stream_asset
fai_asset_name(const fa_stream *stream, uint32_t index)
{
    return (uint64_t)fai_asset(stream, index)->generation << 32 | index;
}

/* --- stream_record.c; under the lock --- */

/* A free record, or 0 without memory. */
uint32_t fai_stream_take_record(fa_stream *stream);
/* Its generation ends; the asset is gone or never was. */
void fai_stream_give_record(fa_stream *stream, uint32_t index);
/* The asset's bytes are counted for another state. */
void fai_stream_set_state(fa_stream *stream, struct fai_asset *asset,
                          fa_stream_state state);
/* Sets how much is filled of one that is reserved or loading. */
void fai_stream_set_filled(fa_stream *stream, struct fai_asset *asset,
                           size_t filled);
/* It is used now; it is in no list. */
void fai_stream_touch(fa_stream *stream, struct fai_asset *asset);
/* Ready and not pinned: it may be evicted, unless it is critical. */
void fai_stream_list(fa_stream *stream, uint32_t index);
void fai_stream_unlist(fa_stream *stream, uint32_t index);
/* It was listed before and was not used since: it goes back to its place. */
void fai_stream_relist(fa_stream *stream, uint32_t index);
/* The asset, which is not in a plan, ends and its room is free. The memory is the caller's. */
void *fai_stream_end_asset(fa_stream *stream, uint32_t index);

/* --- stream_evict.c; without the lock --- */

/* Claims room and plans evictions until nobody objects. False: impossible,
 * and nothing has changed. */
bool fai_stream_plan(fa_stream *stream, struct fai_stream_request *request);
/* Undoes it. */
void fai_stream_plan_rollback(fa_stream *stream,
                              struct fai_stream_request *request);
/* Under the lock: the victims end, and the room is the caller's. */
void fai_stream_plan_commit(fa_stream *stream,
                            struct fai_stream_request *request);
/* Tells of the victims and frees them. */
void fai_stream_plan_finish(fa_stream *stream,
                            struct fai_stream_request *request);

/* --- stream_space.c --- */

/* What is wrong, or NULL. Takes the lock; nothing is under way. */
const char *fai_stream_check(fa_stream *stream);

#endif
