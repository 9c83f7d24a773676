/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Records of what outlives a frame: retained blocks, scratch arenas and
 * groups. Parts of those of memory.h.
 */
#ifndef FAI_MEMORY_OUTLIVE_H
#define FAI_MEMORY_OUTLIVE_H

#include <framealloc/framealloc.h>

/* --- retained blocks --- */

/* A block that is kept at the end of its frame; lies in the frame. */
struct fai_retained {
    struct fai_retained *next; /* Older; of a taken list, newer. */
    void *block;
    size_t size;
    fa_retain how; /* Without defaults. */
    fa_tag tag;
    uint32_t phase; /* Index in the list of the frame, or FA_PHASE_NONE. */
};

/* What became of the last ones. */
struct fai_retain_record {
    fa_retain_summary summary;
    fa_retain_share by_tag[FA_TAG_MAX];
    /* The last is kept for blocks outside of phases. */
    fa_retain_share by_phase[FA_RETAIN_PHASES + 1];
    char phase_name[FA_RETAIN_PHASES + 1][FA_PHASE_NAME_MAX];
};

/* --- annexes --- */

enum fai_annex_kind {
    FAI_ANNEX_NONE = 0, /* Not an annex: a context of the program. */
    FAI_ANNEX_SCRATCH,  /* A named scratch arena. */
    FAI_ANNEX_SCOPES,   /* One of a context's two for functions. */
    FAI_ANNEX_GROUP,
    FAI_ANNEX_KINDS
};

/* What makes a context an annex: one arena beside the frames, behind a
 * scratch or a group; see lifetime/annex.h. */
struct fai_annex {
    uint64_t serial;  /* Of the handle; 0: spare. Others read. */
    uint64_t objects; /* Counted before the arena's contents began. */
    uint64_t resets;
    uint64_t refusals; /* By the capacity. */
    uint64_t number;   /* Of scopes: the owner's frame that they are in. */
    size_t peak;       /* Most bytes since it was taken. */
    size_t reserve;    /* Of the first chunk. */
    uint32_t kind;     /* enum fai_annex_kind. */
    uint32_t scopes;   /* Open ones, each in the one before. */
    fa_ctx *parent;    /* Of a group, or NULL. */
    fa_ctx *child;     /* Newest group in this one. */
    fa_ctx *older;     /* Next group of the parent. */
    fa_ctx *newer;
    fa_ctx *next; /* Spares, or named ones; under the allocator's lock. */
};

/* Annexes of an allocator; under its lock. */
struct fai_annexes {
    fa_ctx *spare[FAI_ANNEX_KINDS];
    fa_ctx *named;
    uint64_t serial; /* Handed out last. */
};

#endif
