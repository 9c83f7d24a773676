/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Contexts of threads: finding, making and adopting.
 */
#ifndef FAI_CONTEXT_CTX_H
#define FAI_CONTEXT_CTX_H

#include "memory/memory.h"

/* What a thread knows: 24 bytes of static TLS. */
struct fai_tls {
    uint64_t id; /* Of the allocator used last; ids are not used again. */
    fa_ctx *ctx; /* The thread's context there. */
    struct fai_thread *thread;
};

extern __thread struct fai_tls fai_tls
    __attribute__((__visibility__("hidden"), __tls_model__("initial-exec")));

/* The slow way of fai_ctx_self(): makes one if need be; never NULL. */
fa_ctx *fai_ctx_find(fa_allocator *allocator);

static inline fa_ctx *
fai_ctx_self(fa_allocator *allocator)
{
    if (FAI_LIKELY(fai_tls.id == allocator->id))
        return fai_tls.ctx;
    return fai_ctx_find(allocator);
}

/* Fills in the calling thread's context and tag, if it has one. */
void fai_ctx_describe(const struct fai_reporter *reporter, fa_diag *diag);
/* The context that refuses every call. */
fa_ctx *fai_ctx_refusing(void);
/* Makes or adopts a context; NULL, with *status set, on failure. */
fa_ctx *fai_ctx_make(fa_allocator *allocator, const fa_ctx_config *config,
                     bool is_explicit, fa_status *status);
/* Makes an annex, which stays one of its kind; NULL when memory is missing. */
fa_ctx *fai_ctx_make_annex(fa_allocator *allocator, enum fai_annex_kind kind);
/* Unmaps a context that holds nothing that others may use. It is in no list
 * any more, and no lock is held. */
void fai_ctx_unmake(fa_ctx *ctx);
/* Takes a context out of its thread's list. */
void fai_ctx_detach(fa_ctx *ctx);
bool fai_ctx_is_live_number(fa_allocator *allocator, uint64_t id,
                            uint64_t number,
                            bool (*is_live)(uint64_t word, uint64_t number,
                                            uint32_t lag));

/* All allocators of the process. */
void fai_process_add(fa_allocator *allocator);
void fai_process_remove(fa_allocator *allocator);
/* Without a lock: for a report before the end. */
const fa_allocator *fai_process_first(void);

/* Of context/stats.c: the totals of a context that ends stay. Under the
 * lock. */
void fai_stats_retire(fa_allocator *allocator, const fa_ctx *ctx);

/* Of context/allocator.c: idle memory of an annex that nobody uses now. */
void fai_ctx_trim_annex(fa_ctx *annex);
/* The same: objects of a tag, over all contexts. */
struct fai_object_counts fai_stats_objects(fa_allocator *allocator, fa_tag tag);

/* The same: bytes, peaks and objects of a tag, without its histogram; usage
 * is added to. */
void fai_stats_tag(fa_allocator *allocator, fa_tag tag, fa_usage *usage,
                   struct fai_object_counts *objects);

/* What one context has published, in short. */
struct fai_ctx_summary {
    uint64_t id;
    char name[FAI_NAME_MAX];
    bool is_idle;
    uint64_t frame_bytes;
    uint64_t pool_bytes;
    uint64_t heap_bytes;
    uint64_t used; /* Of its budget. */
    uint64_t peak;
    uint64_t limit;  /* UINT64_MAX: none. */
    uint64_t queued; /* Blocks freed by others that wait. */
};

#define FAI_CTX_SUMMARIES 32

/* The same: the contexts that follow this id, by rising id; returns how many
 * there are, FAI_CTX_SUMMARIES at most. */
size_t fai_stats_ctxs(fa_allocator *allocator, uint64_t after,
                      struct fai_ctx_summary out[FAI_CTX_SUMMARIES]);

/* The same: what has crossed between contexts so far. */
struct fai_travel {
    uint64_t received; /* Transfers. */
    uint64_t taken_in; /* Blocks that others have freed. */
};

struct fai_travel fai_stats_travel(fa_allocator *allocator);

/* Of observe/snapshot_file.c: nothing is written any more. */
void fai_snapshot_end(fa_allocator *allocator);

/* Of observe/behavior.c: the mean lifetime in frames of a tag's pool and heap
 * objects; below 0 when nothing observes it, or there were none. */
double fai_behavior_lifetime(fa_allocator *allocator, fa_tag tag);

/* Of observe/behavior.c: the filter's thresholds by number, 1 to 3. */
fa_status fai_behavior_start(fa_allocator *allocator, uint32_t level);

/* Of observe/profile.c: no profiler any more. */
void fai_profile_end(fa_allocator *allocator);

/* Of lifetime/end.c: the thread of this context exits. */
void fai_ctx_end(fa_ctx *ctx);
/* Of lifetime/end.c: contexts without a thread, after a frame has ended. */
void fai_ctx_sweep(fa_allocator *allocator);

#endif
