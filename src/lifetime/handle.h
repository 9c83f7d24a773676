/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handle spaces: regions that are cut into pieces without a remainder.
 *
 * A piece is an object or a gap. Pieces of a region are linked by address, and
 * no two gaps are neighbours. Gaps are in bins by size, one per doubling. The
 * record of a piece is outside of the region, in chunks that never move; a
 * handle is the index of a record and its generation.
 */
#ifndef FAI_LIFETIME_HANDLE_H
#define FAI_LIFETIME_HANDLE_H

#include "base/atomic.h"
#include "base/bits.h"
#include "os/thread.h"

#include <framealloc/framealloc.h>

#define FAI_HANDLE_CHUNKS 22
/* Records of the first chunk; each further one has twice as many. */
#define FAI_HANDLE_FIRST ((uint32_t)256)
#define FAI_HANDLE_BINS  64
#define FAI_HANDLE_HELD  FAI_HANDLE_BINS /* Gaps that wait for callbacks. */
#define FAI_HANDLE_NAME  32

enum fai_piece_kind {
    FAI_PIECE_SPARE = 0, /* Describes nothing; in a list of spares. */
    FAI_PIECE_GAP,
    FAI_PIECE_OBJECT
};

/* The word of a record: the generation in the upper half, and below it these
 * and the count of pins. */
#define FAI_PIECE_LIVE   ((uint64_t)1 << 31)
#define FAI_PIECE_MOVING ((uint64_t)1 << 30)
#define FAI_PIECE_PINS   (FAI_PIECE_MOVING - 1)

struct fai_handle_region;

struct fai_piece {
    uint64_t word;
    char *address; /* Read without the lock. */
    size_t size;   /* A multiple of 16. */
    struct fai_handle_region *region;
    uint32_t prev; /* By address in the region; 0: none. */
    uint32_t next;
    uint32_t bin_prev;
    uint32_t bin_next; /* Of gaps in a bin, and of spares. */
    uint8_t kind;      /* enum fai_piece_kind */
    uint8_t bin;
    uint8_t align_shift;
    uint8_t slack; /* Of size, not asked for. */
    bool is_fixed;
};

struct fai_handle_region {
    char *base;
    size_t size;
    uint32_t first; /* Pieces. */
    uint32_t last;
    struct fai_handle_region *prev; /* Older. */
    struct fai_handle_region *next;
};

/* Everything but the chunks, used and the words is under the lock. */
struct fa_handle_space {
    fa_allocator *allocator;
    fa_handle_move_fn moved;
    void *user;
    fa_tag tag;
    size_t region_size;
    bool is_guarded;           /* Gaps are forbidden to memory checkers. */
    uint32_t first_generation; /* Not 0. */
    uint32_t last_generation;  /* A record is retired after this one. */
    struct fai_mutex lock;
    struct fai_piece *chunk[FAI_HANDLE_CHUNKS];
    uint32_t used; /* Records that were ever taken; the first is 1. */
    uint32_t room; /* Records in the chunks. */
    uint32_t chunk_count;
    uint32_t spares; /* A list; may become objects. */
    uint32_t spare_count;
    uint32_t retired; /* A list; may become gaps only. */
    uint32_t retired_count;
    uint32_t bin[FAI_HANDLE_BINS + 1];
    uint64_t nonempty; /* Bit i: bin[i] is not empty. */
    struct fai_handle_region *oldest;
    struct fai_handle_region *newest;
    struct fai_handle_region *dying; /* To be given back without the lock. */
    uint32_t cursor;                 /* The compaction is behind this piece. */
    bool is_compacting;
    bool is_holding; /* New gaps wait for callbacks. */
    uint64_t live_count;
    uint64_t fixed_count;
    uint64_t live_bytes;
    uint64_t region_bytes;
    uint64_t region_count;
    uint64_t move_count;
    uint64_t moved_bytes;
    char name[FAI_HANDLE_NAME];
};

static inline struct fai_piece *
fai_piece(const fa_handle_space *space, uint32_t index)
{
    unsigned k = fai_log2(index / FAI_HANDLE_FIRST + 1);
    uint32_t before = ((1u << k) - 1) * FAI_HANDLE_FIRST;
    return &space->chunk[k][index - before];
}

static inline bool
fai_piece_is(const fa_handle_space *space, uint32_t index,
             enum fai_piece_kind kind)
{
    return index != 0 && fai_piece(space, index)->kind == kind;
}

/* --- handle_region.c; all under the lock but those that say so --- */

/* Records that may become objects. */
static inline uint32_t
fai_handle_spares(const fa_handle_space *space)
{
    return space->spare_count + space->room - space->used;
}

/* Makes records; without the lock. False with the status set. */
bool fai_handle_add_records(fa_handle_space *space);
/* Adds a region with room for an object, if there is still none; without the
 * lock. False with the status set. */
bool fai_handle_add_region(fa_handle_space *space, size_t size, size_t align);
/* A gap that the object fits into, or 0. */
uint32_t fai_handle_find_gap(const fa_handle_space *space, size_t size,
                             size_t align);
bool fai_handle_fits(const struct fai_piece *gap, size_t size, size_t align);
/* A record for an object; there are spares. */
uint32_t fai_handle_take_record(fa_handle_space *space);
/* Takes a gap out of its bin. */
void fai_handle_unbin(fa_handle_space *space, uint32_t gap);
/* Puts an object that is in no region at an address in a gap that is in no
 * bin. What remains of the gap is settled. May take one record. */
void fai_handle_place(fa_handle_space *space, uint32_t gap, uint32_t object,
                      char *address);
/* A dead object becomes a gap. */
void fai_handle_bury(fa_handle_space *space, uint32_t object);
/* Takes an object out of its region. The gap that it leaves is in no bin.
 * Takes one record. */
uint32_t fai_handle_lift(fa_handle_space *space, uint32_t object);
/* A gap that is in no bin is put into one, or its region dies. */
void fai_handle_settle(fa_handle_space *space, uint32_t gap);
/* Gaps that waited for callbacks are settled. */
void fai_handle_settle_held(fa_handle_space *space);
/* Unlocks, and gives dying regions back. */
void fai_handle_unlock(fa_handle_space *space);
/* Gives everything back that the space has; without the lock. */
void fai_handle_give_all(fa_handle_space *space);

/* --- handle_check.c --- */

/* What is wrong, or NULL. Takes the lock. */
const char *fai_handle_check(fa_handle_space *space);

#endif
