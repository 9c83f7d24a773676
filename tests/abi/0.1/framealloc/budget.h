/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets: limits on what an allocator, a tag or a context may hold.
 *
 * Limits of an allocator and of a context count what is taken from the system
 * for them: address ranges that were touched, pool pages, blocks. A context
 * may have limits for what its frame hands out and for its pool pages besides.
 * Limits of a tag count what is handed out under it. A context leases room from a tag's
 * budget, at most a window or a fair share at a time, so a limit is never
 * passed by a byte; it may refuse early by at most the unused leases of other
 * contexts, which come back when these end the frame or change the tag, and
 * by the unused blocks of the tag's pool pages (64 KiB per context and class).
 */
#ifndef FRAMEALLOC_BUDGET_H
#define FRAMEALLOC_BUDGET_H

#include <framealloc/status.h>
#include <framealloc/tag.h>

FA_BEGIN_DECLS

/** What a budget is for. */
typedef enum fa_budget_scope {
    FA_BUDGET_ALLOCATOR = 0, /**< The whole allocator; id is 0. */
    FA_BUDGET_TAG = 1,       /**< One tag; id is the fa_tag. */
    FA_BUDGET_CTX = 2,       /**< All of one context; id is fa_ctx_id(). */
    /** What one context hands out in each frame, from the arena and as
     *  blocks; exact to 16 bytes. id is fa_ctx_id(). */
    FA_BUDGET_CTX_FRAME = 3,
    FA_BUDGET_CTX_POOL = 4 /**< Pool pages of one context, by fa_ctx_id(). */
} fa_budget_scope;

/** What happens at the hard limit. */
typedef enum fa_budget_policy {
    FA_BUDGET_FAIL = 0,  /**< Refuse: NULL and FA_ERR_BUDGET. */
    FA_BUDGET_WARN = 1,  /**< Allow, and say so once per frame. */
    FA_BUDGET_ALLOW = 2, /**< Allow, and only count it. */
    /** Serve it from elsewhere, uncounted by this budget: what does not fit
     *  into FA_BUDGET_CTX_FRAME comes from blocks of the cache that die with
     *  the frame, what does not fit into FA_BUDGET_CTX_POOL from the heap, at
     *  least 8 KiB each. For these two scopes only. */
    FA_BUDGET_PROMOTE = 3,
    FA_BUDGET_CUSTOM = 4 /**< The function decide says, each time. */
} fa_budget_policy;

/** What a budget callback is told. */
typedef struct fa_budget_event {
    size_t struct_size;    /**< Bytes of this structure. */
    fa_budget_scope scope; /**< What the budget is for. */
    uint64_t id;           /**< Tag or context. */
    uint64_t used;         /**< Bytes in use, with the request if allowed. */
    uint64_t requested;    /**< Bytes of the request. */
    uint64_t limit;        /**< The limit that was met, in bytes. */
    bool is_refused;       /**< The request was refused. */
} fa_budget_event;

/** Called without any lock held, on the thread that allocates. */
typedef void (*fa_budget_fn)(void *user, const fa_budget_event *event);

/** Decides on a request that would pass the limit: any policy but
 *  FA_BUDGET_CUSTOM; one that is not for the scope refuses. Called as
 *  fa_budget_fn is; it may allocate and set budgets. */
typedef fa_budget_policy (*fa_budget_decide_fn)(void *user,
                                                const fa_budget_event *event);

/** A budget. Start from FA_BUDGET_INIT. */
typedef struct fa_budget {
    size_t struct_size; /**< sizeof(fa_budget). */
    /** Bytes above which one warning per frame is given; 0: by
     *  warn_percent. */
    uint64_t soft_bytes;
    /** Bytes that are not passed; 0: no limit; at least 16, and cut down to a
     *  multiple of 16. */
    uint64_t hard_bytes;
    fa_budget_policy policy; /**< At the hard limit; default FA_BUDGET_FAIL. */
    /** Soft limit in percent of the hard one, 1 to 100; 0: no warning. */
    uint32_t warn_percent;
    fa_budget_fn callback;      /**< Gets each event; NULL: FA311 to FA313. */
    void *user;                 /**< Passed to the callback, and to decide. */
    fa_budget_decide_fn decide; /**< For FA_BUDGET_CUSTOM; otherwise unused. */
} fa_budget;

#define FA_BUDGET_INIT                                               \
    {                                                                \
        sizeof(fa_budget), 0, 0, FA_BUDGET_FAIL, 0, NULL, NULL, NULL \
    }

/** How far a budget is used. Start from FA_BUDGET_USAGE_INIT. */
typedef struct fa_budget_usage {
    size_t struct_size; /**< sizeof(fa_budget_usage). */
    /** Bytes counted now; FA_BUDGET_CTX_FRAME: as of the context's last slow
     *  call or frame end. */
    uint64_t used;
    uint64_t peak;       /**< Most so far; of frames: at a slow call or end. */
    uint64_t remaining;  /**< Bytes to the hard limit; UINT64_MAX: no limit. */
    uint64_t hard_bytes; /**< The hard limit; 0: none. */
    uint64_t soft_bytes; /**< Where it warns, percent resolved; 0: nowhere. */
    uint64_t refused;    /**< Requests refused. */
    uint64_t allowed;    /**< Slow calls let past the limit by policy. */
    uint64_t promoted;   /**< Requests served from elsewhere. */
    uint64_t warned;     /**< Frames with a warning at the soft limit. */
} fa_budget_usage;

#define FA_BUDGET_USAGE_INIT                               \
    {                                                      \
        sizeof(fa_budget_usage), 0, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Sets, replaces or (with hard_bytes and soft_bytes 0) removes a budget.
 *
 * When to use: at start, or when a scene changes.
 * @param allocator the allocator.
 * @param scope what it is for.
 * @param id the tag, or fa_ctx_id() of the context; 0 for the allocator.
 * @param budget copied.
 * @return FA_OK; FA_ERR_CONFIG for a structure that is not initialised or
 *         values out of range; FA_ERR_USAGE for an unknown scope or id.
 * Valid until: replaced or the allocator is destroyed. Owner: the allocator.
 * Thread: any; acts on the calling thread's context at once, on others at
 * their next slow call or frame. What a tag has handed out in the frame before
 * counts as well; heap blocks of before its first budget do not.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_budget_set(fa_allocator *allocator,
                                          fa_budget_scope scope, uint64_t id,
                                          const fa_budget *budget);

/**
 * How far a budget is used; also of a scope that has no limit.
 *
 * When to use: to show budgets, or to plan; in the context's own thread
 * fa_frame_remaining() is exact.
 * @param allocator the allocator.
 * @param scope as in fa_budget_set().
 * @param id as in fa_budget_set().
 * @param out with struct_size set; members beyond it are not written.
 * @return FA_OK; FA_ERR_CONFIG when out is not initialised; FA_ERR_USAGE for
 *         an unknown scope or id. A tag is counted only while it is limited.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: a lock. Since: 0.1.
 */
FA_API fa_status fa_budget_read(fa_allocator *allocator, fa_budget_scope scope,
                                uint64_t id, fa_budget_usage *out);

FA_END_DECLS

#endif
