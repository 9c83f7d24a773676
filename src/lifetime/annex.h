/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Annexes: contexts of the library's own, each with one arena beside the
 * frames. A scratch or a group is an annex with a name for it.
 *
 * The handle of a scratch or a group is the annex's frame and a serial number.
 * An annex is never unmapped before its allocator, and no serial number is
 * given twice, so a handle that is gone is always found out.
 */
#ifndef FAI_LIFETIME_ANNEX_H
#define FAI_LIFETIME_ANNEX_H

#include "memory/memory.h"

/* What an annex is taken for. */
struct fai_annex_plan {
    enum fai_annex_kind kind;
    const char *name;
    size_t capacity; /* Bytes; 0: none. */
    size_t reserve;  /* Of the first chunk. */
    size_t window;
    const void *thread; /* NULL: any, one at a time. */
    fa_tag tag;
};

/* Takes a spare annex or makes one, and opens its arena. NULL, with *status
 * set, on failure. */
fa_ctx *fai_annex_take(fa_allocator *allocator,
                       const struct fai_annex_plan *plan, fa_status *status);
/* The handle dies; what is in the annex does not yet. */
void fai_annex_kill(fa_ctx *annex);
/* The handle dies, then what is in the annex; it becomes a spare. */
void fai_annex_give(fa_ctx *annex);
/* What is in the annex dies. */
void fai_annex_reset(fa_ctx *annex);
/* The annex of a handle, or NULL with FA421. */
fa_ctx *fai_annex_find(const fa_frame *frame, uint64_t serial,
                       enum fai_annex_kind kind);
bool fai_annex_is_live(const fa_frame *frame, uint64_t serial,
                       enum fai_annex_kind kind);
/* Most bytes that were in it at once. */
size_t fai_annex_peak(fa_ctx *annex);
/* Resident bytes and blocks that it holds. */
uint64_t fai_annex_held(const fa_ctx *annex);
/* As it was given; 0: none. */
size_t fai_annex_capacity(const fa_ctx *annex);
/* FA_COUNT_UNKNOWN while nothing is counted. */
uint64_t fai_annex_objects(const fa_ctx *annex);

static inline uint64_t
fai_annex_serial(const fa_ctx *annex)
{
    /* Pairs with the release in fai_annex_take(). */
    return fai_load_acquire(&annex->annex.serial);
}

#endif
