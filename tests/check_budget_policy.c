/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What happens at a limit: each policy on every path, where promoted memory
 * comes from and goes, and programs that decide themselves.
 */
#include "budget.h"

#include <string.h>

START_TEST(warn_allows_and_says_so_once_per_frame_of_the_context)
{
    set(FA_BUDGET_CTX_FRAME, make_budget(16000, FA_BUDGET_WARN));
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        ck_assert_uint_eq(fill_frame(1600, MIB) / 1600, MIB / 1600 + 1);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, MIB, 16));
        ck_assert_only_diag(&w.log, 313);
        test_end(&w);
    }
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_FRAME).refused, 0);
    ck_assert_uint_ge(usage_of(FA_BUDGET_CTX_FRAME).allowed, 3);
}
END_TEST

START_TEST(allow_passes_every_limit_in_silence_and_is_counted)
{
    static const fa_budget_scope scopes[] = {FA_BUDGET_ALLOCATOR, FA_BUDGET_CTX,
                                             FA_BUDGET_CTX_FRAME,
                                             FA_BUDGET_CTX_POOL};
    set(scopes[_i], make_budget(16, FA_BUDGET_ALLOW));
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100000, 16));
    ck_assert_no_diag(&w.log);
    test_end(&w);
    ck_assert_uint_ge(usage_of(scopes[_i]).allowed, 1);
    ck_assert_uint_eq(usage_of(scopes[_i]).refused, 0);
    ck_assert_uint_eq(usage_of(scopes[_i]).remaining, 0);
    ck_assert_uint_gt(usage_of(scopes[_i]).used, 16);
}
END_TEST

/* --- promotion --- */

START_TEST(promoted_frame_requests_get_memory_of_their_own_until_the_frame_ends)
{
    static const size_t sizes[] = {0, 1, 48, 1000, 9000, 40000};
    static char *block[400];
    reopen(_i < 6 ? FA_GUARD_OFF : FA_GUARD_CHECK);
    size_t size = sizes[_i % 6];
    set(FA_BUDGET_CTX_FRAME, make_budget(16000, FA_BUDGET_PROMOTE));
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        for (unsigned i = 0; i < COUNT(block); i++) {
            size_t align = (size_t)16 << i % 4;
            block[i] = fa_frame_alloc(w.frame, size, align);
            ck_assert_ptr_nonnull(block[i]);
            ck_assert_uint_eq((uintptr_t)block[i] & (align - 1), 0);
            test_fill(block[i], size, i);
        }
        for (unsigned i = 0; i < COUNT(block); i++)
            ck_assert(test_is_filled(block[i], size, i));
        ck_assert_uint_ge(fa_frame_used(w.frame), COUNT(block) * size);
        test_end(&w);
        ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
    }
    ck_assert_no_diag(&w.log);
    ck_assert_uint_le(usage_of(FA_BUDGET_CTX_FRAME).peak, 16000);
    if (size > 48)
        ck_assert_uint_ge(usage_of(FA_BUDGET_CTX_FRAME).promoted, 3);
}
END_TEST

START_TEST(promoted_memory_is_rolled_back_released_and_refused_like_any_other)
{
    set(FA_BUDGET_CTX_FRAME, make_budget(16, FA_BUDGET_PROMOTE));
    test_begin(&w);
    fa_frame_alloc(w.frame, 16, 16);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    void *small = fa_frame_alloc(w.frame, 100, 16);
    void *large = fa_frame_alloc(w.frame, 100000, 16);
    ck_assert_uint_eq(fa_frame_remaining(w.frame), 0);
    ck_assert_uint_ge(test_stats(w.allocator).block_bytes, 100100);
    fa_free(w.ctx, large);
    ck_assert_only_diag(&w.log, 608);
    fa_frame_release(w.frame, large, 100000);
    fa_frame_release(w.frame, small, 100);
    small = fa_frame_alloc(w.frame, 100, 16);
    test_fill(small, 100, 1);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
    /* The shared block has gone; the next request takes a new one. */
    small = fa_frame_alloc(w.frame, 100, 16);
    test_fill(small, 100, 1);
    small = fa_frame_resize(w.frame, small, 100, 5000, 16);
    ck_assert(test_is_filled(small, 100, 1));
    void *room = fa_frame_reserve(w.frame, 100, 16, &(size_t){0});
    fa_frame_commit(w.frame, room, 0);
    ck_assert(test_is_filled(small, 100, 1));
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(promoted_memory_counts_for_its_tag_and_for_all_of_the_context)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    set(FA_BUDGET_CTX_FRAME, make_budget(16, FA_BUDGET_PROMOTE));
    test_begin(&w);
    fa_frame_alloc(w.frame, 16, 16);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 32 * KIB);
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 100000);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 70000, 16));
    ck_assert_only_diag(&w.log, 312);
    fa_tag_pop(w.ctx);
    set(FA_BUDGET_CTX,
        make_budget(usage_of(FA_BUDGET_CTX).used, FA_BUDGET_FAIL));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_only_diag(&w.log, 313);
}
END_TEST

START_TEST(promoted_memory_lives_as_long_as_the_lag_says)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_lag = 2;
    test_open(&w);
    id = fa_ctx_id(w.ctx);
    set(FA_BUDGET_CTX_FRAME, make_budget(16, FA_BUDGET_PROMOTE));
    char *block[6];
    for (unsigned i = 0; i < COUNT(block); i++) {
        test_begin(&w);
        fa_frame_alloc(w.frame, 16, 16);
        block[i] = fa_frame_alloc(w.frame, 1000, 16);
        test_fill(block[i], 1000, i);
        for (unsigned j = i < 2 ? 0 : i - 2; j <= i; j++)
            ck_assert(test_is_filled(block[j], 1000, j));
        test_end(&w);
    }
}
END_TEST

START_TEST(promoted_pool_blocks_come_from_the_heap)
{
    static char *block[3000];
    reopen(_i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK);
    set(FA_BUDGET_CTX_POOL, make_budget(64 * KIB, FA_BUDGET_PROMOTE));
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 64);
    size_t count = test_scaled(COUNT(block));
    for (unsigned i = 0; i < count; i++) {
        block[i] = fa_pool_alloc(pool);
        ck_assert_ptr_nonnull(block[i]);
        ck_assert_uint_eq((uintptr_t)block[i] & 63, 0);
        test_fill(block[i], 64, i);
    }
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 64 * KIB);
    if (count > 1024)
        ck_assert_uint_gt(usage_of(FA_BUDGET_CTX_POOL).promoted, 0);
    for (unsigned i = 0; i < count; i++) {
        ck_assert(test_is_filled(block[i], 64, i));
        if (i % 2 == 0)
            fa_free(w.ctx, block[i]);
        else
            fa_pool_free(pool, block[i]);
    }
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- the program decides --- */

static struct {
    fa_budget_policy verdict;
    unsigned asked;
    fa_budget_event last;
    void (*act)(void);
} judge;

static fa_budget_policy
decide(void *user, const fa_budget_event *event)
{
    ck_assert_ptr_eq(user, &judge);
    ck_assert_uint_eq(event->struct_size, sizeof(*event));
    judge.asked++;
    judge.last = *event;
    void (*act)(void) = judge.act;
    judge.act = NULL;
    if (act != NULL)
        act();
    judge.act = act;
    return judge.verdict;
}

static fa_budget
custom(uint64_t hard)
{
    memset(&judge, 0, sizeof(judge));
    fa_budget budget = make_budget(hard, FA_BUDGET_CUSTOM);
    budget.decide = decide;
    budget.user = &judge;
    return budget;
}

static void *
request(fa_budget_scope scope)
{
    return scope == FA_BUDGET_CTX_POOL ? fa_heap_alloc(w.ctx, 100, 16)
                                       : fa_frame_alloc(w.frame, 40000, 16);
}

START_TEST(what_the_program_decides_is_done)
{
    fa_budget_scope scope = (fa_budget_scope)_i;
    set(scope == FA_BUDGET_TAG ? FA_BUDGET_CTX : scope, custom(32));
    scope = scope == FA_BUDGET_TAG ? FA_BUDGET_CTX : scope;
    bool may_promote =
        scope == FA_BUDGET_CTX_FRAME || scope == FA_BUDGET_CTX_POOL;
    test_begin(&w);
    judge.verdict = FA_BUDGET_FAIL;
    ck_assert_ptr_null(request(scope));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_uint_eq(judge.asked, 1);
    ck_assert_uint_eq(judge.last.limit, 32);
    ck_assert_uint_ge(judge.last.requested, 40000);
    ck_assert(judge.last.is_refused);
    ck_assert_uint_eq(w.log.count, 1);
    w.log.count = 0;
    judge.verdict = FA_BUDGET_CUSTOM;
    ck_assert_ptr_null(request(scope));
    w.log.count = 0;
    judge.verdict = FA_BUDGET_PROMOTE;
    ck_assert(may_promote == (request(scope) != NULL));
    w.log.count = 0;
    judge.verdict = FA_BUDGET_ALLOW;
    ck_assert_ptr_nonnull(request(scope));
    ck_assert_no_diag(&w.log);
    test_end(&w);
    test_begin(&w);
    judge.verdict = FA_BUDGET_WARN;
    for (int i = 0; i < 2000; i++)
        ck_assert_ptr_nonnull(request(scope));
    ck_assert_uint_eq(w.log.count, 1);
    fa_budget_usage usage = usage_of(scope);
    ck_assert_uint_eq(usage.refused, may_promote ? 2 : 3);
    ck_assert_uint_eq(usage.promoted, may_promote ? 1 : 0);
    ck_assert_uint_eq(usage.refused + usage.promoted + usage.allowed,
                      judge.asked);
    test_end(&w);
}
END_TEST

/* Everything that a callback may do. */
static void
do_everything(void)
{
    static unsigned turn;
    char *block = fa_frame_alloc(fa_ctx_frame(w.ctx), 64, 16);
    if (block != NULL)
        test_fill(block, 64, 99);
    void *heap = fa_heap_alloc(w.ctx, turn % 2 == 0 ? 100 : 20000, 16);
    fa_heap_free(w.ctx, heap);
    test_stats(w.allocator);
    test_ctx_usage(w.ctx);
    usage_of(FA_BUDGET_CTX_FRAME);
    fa_frame_remaining(fa_ctx_frame(w.ctx));
    fa_budget other = make_budget(MIB + turn++ * 16, FA_BUDGET_WARN);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_CTX, id, &other),
                     FA_OK);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG,
                                   turn % 2 == 0 ? FA_TAG_NONE : 1, &other),
                     FA_OK);
}

START_TEST(a_function_that_decides_may_allocate_set_budgets_and_read_figures)
{
    static const fa_budget_policy verdicts[] = {
        FA_BUDGET_FAIL, FA_BUDGET_WARN, FA_BUDGET_ALLOW, FA_BUDGET_PROMOTE};
    static char *block[300];
    fa_budget_scope scope =
        _i / 4 == 0 ? FA_BUDGET_CTX_FRAME : FA_BUDGET_CTX_POOL;
    fa_tag_register(w.allocator, "ui");
    fa_budget budget = custom(64 * KIB);
    budget.warn_percent = 50;
    set(scope, budget);
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        unsigned count = 0;
        for (unsigned i = 0; i < COUNT(block); i++) {
            judge.verdict = verdicts[_i % 4];
            judge.act = do_everything;
            size_t size = i % 5 == 0 ? 40000 : 1000;
            char *p = i % 2 == 0 ? fa_frame_alloc(w.frame, size, 16)
                                 : fa_heap_alloc(w.ctx, 1000, 16);
            if (p == NULL)
                continue;
            test_fill(p, 1000, count);
            block[count++] = p;
        }
        for (unsigned i = 0; i < count; i++)
            ck_assert(test_is_filled(block[i], 1000, i));
        judge.act = NULL;
        test_end(&w);
    }
    ck_assert_uint_ge(judge.asked, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("budget_policy");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, warn_allows_and_says_so_once_per_frame_of_the_context);
    tcase_add_loop_test(tc, allow_passes_every_limit_in_silence_and_is_counted,
                        0, 4);
    tcase_add_loop_test(
        tc,
        promoted_frame_requests_get_memory_of_their_own_until_the_frame_ends, 0,
        12);
    tcase_add_test(
        tc, promoted_memory_is_rolled_back_released_and_refused_like_any_other);
    tcase_add_test(
        tc, promoted_memory_counts_for_its_tag_and_for_all_of_the_context);
    tcase_add_test(tc, promoted_memory_lives_as_long_as_the_lag_says);
    tcase_add_loop_test(tc, promoted_pool_blocks_come_from_the_heap, 0, 2);
    tcase_add_loop_test(tc, what_the_program_decides_is_done, 0, 5);
    tcase_add_loop_test(
        tc, a_function_that_decides_may_allocate_set_budgets_and_read_figures,
        0, 8);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
