/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the suites of budgets of a context share.
 */
#ifndef FA_TESTS_BUDGET_H
#define FA_TESTS_BUDGET_H

#include "support.h"

static struct test_world w;
static uint64_t id;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    id = fa_ctx_id(w.ctx);
}

static void
reopen(fa_guard guard)
{
    test_close(&w);
    test_open_guard(&w, guard);
    id = fa_ctx_id(w.ctx);
}

static void
close_world(void)
{
    test_close(&w);
}

static fa_budget
make_budget(uint64_t hard, fa_budget_policy policy)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = hard;
    budget.policy = policy;
    return budget;
}

static void
set(fa_budget_scope scope, fa_budget budget)
{
    ck_assert_int_eq(fa_budget_set(w.allocator, scope,
                                   scope == FA_BUDGET_ALLOCATOR ? 0 : id,
                                   &budget),
                     FA_OK);
}

static fa_budget_usage
usage_of(fa_budget_scope scope)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    ck_assert_int_eq(fa_budget_read(w.allocator, scope,
                                    scope == FA_BUDGET_ALLOCATOR ? 0 : id,
                                    &usage),
                     FA_OK);
    return usage;
}

static size_t
fill_frame(size_t size, size_t most)
{
    size_t given = 0;
    while (given < most && fa_frame_alloc(w.frame, size, 16) != NULL)
        given += size;
    return given;
}

#endif
