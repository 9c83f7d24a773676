/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets: one counter and its limits per scope.
 *
 * Taking is a compare-and-swap that never passes the hard limit, so the limit
 * holds at every moment. Takes are rare: a window, a page, a block. A budget
 * of frames counts nothing here: what a frame has used is known from its
 * cursor, and only its owner asks.
 */
#ifndef FAI_ACCOUNTING_BUDGET_H
#define FAI_ACCOUNTING_BUDGET_H

#include "accounting/diag.h"
#include "base/atomic.h"

#include <framealloc/budget.h>

/* What belongs together and is read together. */
struct fai_budget_rule {
    fa_budget_policy policy;
    fa_budget_fn callback;
    fa_budget_decide_fn decide;
    void *user;
};

struct fai_budget {
    uint64_t used;
    uint64_t peak;
    uint64_t hard; /* UINT64_MAX: none. */
    uint64_t soft; /* UINT64_MAX: none. */
    uint64_t refusals;
    uint64_t allowed;
    uint64_t promoted;
    uint64_t warnings;
    uint64_t warned;   /* Frame number + 1 of the last soft warning. */
    uint64_t exceeded; /* Frame number + 1 of the last hard warning. */
    fa_budget_scope scope;
    uint64_t id;
    const uint64_t *frames; /* Word of the frames to count by; NULL: the
                             * allocator's. */
    uint32_t version;       /* Odd while the rule is written. */
    struct fai_budget_rule rule;
};

void fai_budget_create(struct fai_budget *budget, fa_budget_scope scope,
                       uint64_t id, const uint64_t *frames);
/* One at a time. */
void fai_budget_set(struct fai_budget *budget, const fa_budget *limits);
/* True when bytes were added to what is used. */
bool fai_budget_take(struct fai_budget *budget, uint64_t bytes);
/* Adds bytes, past the limit if need be. */
void fai_budget_force(struct fai_budget *budget, uint64_t bytes);
void fai_budget_give(struct fai_budget *budget, uint64_t bytes);
/* As many bytes as there is room for, at most want, at least min or none. */
uint64_t fai_budget_lease(struct fai_budget *budget, uint64_t min,
                          uint64_t want);

/* In these two the program is called and may allocate, so no lock is held
 * and no change half done. */

/* What happens to a request that there is no room for, beside what is used:
 * FA_BUDGET_FAIL, _ALLOW or _PROMOTE. Says and counts it. */
fa_budget_policy fai_budget_judge(struct fai_budget *budget,
                                  struct fai_reporter *reporter, uint64_t used,
                                  uint64_t requested);
/* The soft limit is reached by the request; true when that was news. */
bool fai_budget_warn(struct fai_budget *budget, struct fai_reporter *reporter,
                     uint64_t used, uint64_t requested);

static inline bool
fai_budget_is_limited(const struct fai_budget *budget)
{
    /* A limit acts at the next slow call; no pairing is needed. */
    return fai_load(&budget->hard) != UINT64_MAX ||
           fai_load(&budget->soft) != UINT64_MAX;
}

/* Takes pass the limit without being asked. */
static inline bool
fai_budget_may_pass(const struct fai_budget *budget)
{
    fa_budget_policy policy = fai_load(&budget->rule.policy);
    return policy == FA_BUDGET_WARN || policy == FA_BUDGET_ALLOW;
}

#endif
