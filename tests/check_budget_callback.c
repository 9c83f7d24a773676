/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets: soft limits, the policy that allows, what a callback is told, and
 * callbacks and sinks that allocate themselves.
 */
#include "support.h"

#include <string.h>

static struct test_world w;
static fa_tag ui;

/* What the callback was told, and what it does. */
static struct {
    unsigned count;
    fa_budget_event last;
    void (*act)(void);
} told;

static void
take_event(void *user, const fa_budget_event *event)
{
    ck_assert_ptr_eq(user, &told);
    ck_assert_uint_eq(event->struct_size, sizeof(*event));
    told.count++;
    told.last = *event;
    void (*act)(void) = told.act;
    told.act = NULL;
    if (act != NULL)
        act();
    told.act = act;
}

static void
open_world(void)
{
    memset(&told, 0, sizeof(told));
    test_open_guard(&w, FA_GUARD_OFF);
    ui = fa_tag_register(w.allocator, "ui");
}

static void
open_small(void)
{
    memset(&told, 0, sizeof(told));
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    ui = fa_tag_register(w.allocator, "ui");
}

static void
close_world(void)
{
    told.act = NULL;
    test_close(&w);
}

static fa_budget
make_budget(uint64_t soft, uint64_t hard)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.soft_bytes = soft;
    budget.hard_bytes = hard;
    return budget;
}

static void
set(fa_budget_scope scope, uint64_t id, fa_budget budget)
{
    ck_assert_int_eq(fa_budget_set(w.allocator, scope, id, &budget), FA_OK);
}

static void
set_with_callback(fa_budget_scope scope, uint64_t id, uint64_t soft,
                  uint64_t hard)
{
    fa_budget budget = make_budget(soft, hard);
    budget.callback = take_event;
    budget.user = &told;
    set(scope, id, budget);
}

/* --- soft limits --- */

START_TEST(a_soft_limit_warns_once_per_frame)
{
    set(FA_BUDGET_ALLOCATOR, 0, make_budget(300000, 0));
    void *block = fa_heap_alloc(w.ctx, 200000, 16);
    ck_assert_no_diag(&w.log);
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&w);
        for (int i = 0; i < 5; i++)
            ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 200000, 16));
        test_end(&w);
        ck_assert_int_eq(w.log.entry[0].severity, FA_SEVERITY_WARNING);
        ck_assert_only_diag(&w.log, 311);
    }
    fa_heap_free(w.ctx, block);
}
END_TEST

START_TEST(a_warning_comes_from_the_soft_limit_on)
{
    /* A page of the pool is exactly the limit. */
    set(FA_BUDGET_ALLOCATOR, 0, make_budget(64 * KIB + 1, 0));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100, 16));
    ck_assert_no_diag(&w.log);
    set(FA_BUDGET_ALLOCATOR, 0, make_budget(128 * KIB, 0));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 5000, 16));
    ck_assert_only_diag(&w.log, 311);
}
END_TEST

START_TEST(the_soft_limit_may_be_percent_of_the_hard_one)
{
    static const uint32_t percent[] = {1, 50, 80, 99, 100};
    fa_budget budget = make_budget(0, 150 * 64 * KIB + 32);
    budget.warn_percent = percent[_i];
    set(FA_BUDGET_ALLOCATOR, 0, budget);
    uint64_t soft = budget.hard_bytes * percent[_i] / 100;
    uint64_t used = 0;
    while (w.log.count == 0 && used < budget.hard_bytes) {
        ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 64 * KIB, 16));
        used += 64 * KIB;
        if (used + 64 * KIB > budget.hard_bytes)
            break;
    }
    if (percent[_i] == 100) {
        ck_assert_no_diag(&w.log);
        return;
    }
    ck_assert_only_diag(&w.log, 311);
    ck_assert_uint_ge(used, soft);
    ck_assert_uint_lt(used - 64 * KIB, soft);
}
END_TEST

START_TEST(percent_of_a_small_limit_are_exact)
{
    fa_budget budget = make_budget(0, 1600);
    budget.warn_percent = 80;
    set(FA_BUDGET_TAG, ui, budget);
    set_with_callback(FA_BUDGET_TAG, ui, 0, 1600);
    budget.callback = take_event;
    budget.user = &told;
    budget.hard_bytes = 160;
    set(FA_BUDGET_TAG, ui, budget);
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    for (int i = 0; i < 7; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_eq(told.count, 0);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_eq(told.count, 1);
    ck_assert_uint_eq(told.last.limit, 128);
}
END_TEST

START_TEST(soft_limits_of_tags_and_contexts_warn_with_their_numbers)
{
    set(FA_BUDGET_TAG, ui, make_budget(1000, 0));
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    ck_assert_only_diag(&w.log, 312);
    fa_tag_pop(w.ctx);
    set(FA_BUDGET_CTX, fa_ctx_id(w.ctx), make_budget(100000, 0));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 200000, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 200000, 16));
    ck_assert_only_diag(&w.log, 313);
}
END_TEST

START_TEST(the_policy_warn_allows_and_says_so_once_per_frame)
{
    fa_budget budget = make_budget(0, 100000);
    budget.policy = FA_BUDGET_WARN;
    set(FA_BUDGET_ALLOCATOR, 0, budget);
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&w);
        for (int i = 0; i < 5; i++)
            ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 200000, 16));
        test_end(&w);
        ck_assert_only_diag(&w.log, 311);
    }
    ck_assert_uint_eq(test_stats(w.allocator).budget_refusals, 0);
}
END_TEST

START_TEST(the_policy_warn_allows_on_every_path_of_a_tag)
{
    fa_budget budget = make_budget(0, 1600);
    budget.policy = FA_BUDGET_WARN;
    set(FA_BUDGET_TAG, ui, budget);
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100000, 16));
    ck_assert_only_diag(&w.log, 312);
}
END_TEST

/* --- what a callback is told --- */

START_TEST(a_refusal_is_told_with_used_requested_and_limit)
{
    set_with_callback(FA_BUDGET_ALLOCATOR, 0, 0, 300000);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 65536, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, MIB, 16));
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.last.scope, FA_BUDGET_ALLOCATOR);
    ck_assert_uint_eq(told.last.id, 0);
    ck_assert_uint_eq(told.last.used, 65536);
    ck_assert_uint_eq(told.last.requested, MIB);
    ck_assert_uint_eq(told.last.limit, 300000);
    ck_assert(told.last.is_refused);
    ck_assert_no_diag(&w.log);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, MIB, 16));
    ck_assert_uint_eq(told.count, 2);
}
END_TEST

START_TEST(a_warning_is_told_with_what_was_used_before)
{
    set_with_callback(FA_BUDGET_CTX, fa_ctx_id(w.ctx), 100000, 0);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 65536, 16));
    ck_assert_uint_eq(told.count, 0);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 131072, 16));
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.last.scope, FA_BUDGET_CTX);
    ck_assert_uint_eq(told.last.id, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(told.last.used, 65536);
    ck_assert_uint_eq(told.last.requested, 131072);
    ck_assert_uint_eq(told.last.limit, 100000);
    ck_assert(!told.last.is_refused);
}
END_TEST

START_TEST(a_tag_is_told_by_its_number)
{
    set_with_callback(FA_BUDGET_TAG, ui, 0, 1600);
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.last.scope, FA_BUDGET_TAG);
    ck_assert_uint_eq(told.last.id, ui);
    ck_assert_uint_eq(told.last.used, 1600);
    ck_assert_uint_eq(told.last.requested, 16);
    ck_assert_uint_eq(told.last.limit, 1600);
}
END_TEST

/* --- callbacks that allocate --- */

static char *inner;

static void
alloc_frame(void)
{
    inner = fa_frame_alloc(fa_ctx_frame(w.ctx), 64, 16);
    if (inner != NULL)
        test_fill(inner, 64, 99);
}

static void
alloc_heap(void)
{
    inner = fa_heap_alloc(w.ctx, 64, 16);
    if (inner != NULL)
        test_fill(inner, 64, 99);
    fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 20000, 16));
}

static void
raise_limit(void)
{
    fa_budget none = FA_BUDGET_INIT;
    set(told.last.scope, told.last.id, none);
}

/* Blocks of one frame, made while the callback allocates between them. */
static void
alloc_and_check(size_t size, unsigned count)
{
    static char *block[512];
    char *within = NULL;
    ck_assert_uint_le(count, COUNT(block));
    for (unsigned i = 0; i < count; i++) {
        inner = NULL;
        block[i] = fa_frame_alloc(w.frame, size, 16);
        ck_assert_ptr_nonnull(block[i]);
        test_fill(block[i], size, i);
        if (inner != NULL)
            within = inner;
        ck_assert(inner == NULL || test_is_filled(inner, 64, 99));
    }
    for (unsigned i = 0; i < count; i++)
        ck_assert(test_is_filled(block[i], size, i));
    ck_assert_ptr_nonnull(within);
    ck_assert(test_is_filled(within, 64, 99));
}

START_TEST(a_callback_may_allocate_from_the_frame_that_is_growing)
{
    static const size_t sizes[] = {16, 1000, 32768, 40000};
    set_with_callback((fa_budget_scope)(_i % 3),
                      _i % 3 == 0 ? 0 : (_i % 3 == 1 ? ui : fa_ctx_id(w.ctx)),
                      1024, 0);
    fa_tag_push(w.ctx, ui);
    told.act = alloc_frame;
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&w);
        alloc_and_check(sizes[_i / 3], 200);
        test_end(&w);
        fa_allocator_trim(w.allocator);
    }
    ck_assert_uint_ge(told.count, 3);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.held_bytes,
                      stats.frame_resident + stats.cache_bytes);
}
END_TEST

START_TEST(a_callback_may_allocate_from_heap_and_pools)
{
    static const size_t sizes[] = {16, 1000, 32768, 40000};
    set_with_callback((fa_budget_scope)(_i % 3),
                      _i % 3 == 0 ? 0 : (_i % 3 == 1 ? ui : fa_ctx_id(w.ctx)),
                      1024, 0);
    fa_tag_push(w.ctx, ui);
    told.act = alloc_heap;
    test_begin(&w);
    alloc_and_check(sizes[_i / 3], 200);
    for (int i = 0; i < 200; i++)
        ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, (size_t)i * 100, 16));
    ck_assert_uint_ge(told.count, 1);
}
END_TEST

START_TEST(a_callback_at_a_refusal_may_allocate_elsewhere)
{
    set_with_callback(FA_BUDGET_TAG, ui, 0, 1600);
    told.act = alloc_heap;
    test_begin(&w);
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_ge(told.count, 1);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
}
END_TEST

START_TEST(a_callback_may_raise_the_limit_for_the_next_request)
{
    set_with_callback(FA_BUDGET_TAG, ui, 0, 1600);
    told.act = raise_limit;
    fa_tag_push(w.ctx, ui);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_uint_eq(told.count, 1);
}
END_TEST

START_TEST(a_callback_may_allocate_while_the_last_block_is_resized)
{
    set_with_callback((fa_budget_scope)_i,
                      _i == 0 ? 0 : (_i == 1 ? ui : fa_ctx_id(w.ctx)), 40000,
                      0);
    fa_tag_push(w.ctx, ui);
    told.act = alloc_frame;
    test_begin(&w);
    size_t size = 100;
    char *block = fa_frame_alloc(w.frame, size, 16);
    test_fill(block, size, 1);
    char *within = NULL;
    while (size < 200000) {
        size_t next = size + 5000;
        inner = NULL;
        block = fa_frame_resize(w.frame, block, size, next, 16);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, size, 1));
        test_fill(block, next, 1);
        within = inner != NULL ? inner : within;
        size = next;
    }
    ck_assert_ptr_nonnull(within);
    ck_assert(test_is_filled(within, 64, 99));
}
END_TEST

/* --- sinks that allocate --- */

static unsigned messages;

static void
alloc_in_sink(void *user, const fa_diag *diag)
{
    (void)user;
    if (diag->number != 5 && diag->number != 311)
        return;
    messages++;
    alloc_frame();
}

START_TEST(a_sink_may_allocate_from_the_frame_that_spills)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    w.config.diag = alloc_in_sink;
    test_open(&w);
    messages = 0;
    test_begin(&w);
    alloc_and_check(4000, 400);
    ck_assert_uint_ge(messages, 2);
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_soft_limit_warns_once_per_frame);
    tcase_add_test(tc, a_warning_comes_from_the_soft_limit_on);
    tcase_add_loop_test(tc, the_soft_limit_may_be_percent_of_the_hard_one, 0,
                        5);
    tcase_add_test(tc, percent_of_a_small_limit_are_exact);
    tcase_add_test(tc,
                   soft_limits_of_tags_and_contexts_warn_with_their_numbers);
    tcase_add_test(tc, the_policy_warn_allows_and_says_so_once_per_frame);
    tcase_add_test(tc, the_policy_warn_allows_on_every_path_of_a_tag);
    tcase_add_test(tc, a_refusal_is_told_with_used_requested_and_limit);
    tcase_add_test(tc, a_warning_is_told_with_what_was_used_before);
    tcase_add_test(tc, a_tag_is_told_by_its_number);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("budget_callback");
    add_contract(suite);
    TCase *tc = tcase_create("contract: re-entrancy");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(
        tc, a_callback_may_allocate_from_the_frame_that_is_growing, 0, 12);
    tcase_add_loop_test(tc, a_callback_may_allocate_from_heap_and_pools, 0, 12);
    tcase_add_test(tc, a_callback_at_a_refusal_may_allocate_elsewhere);
    tcase_add_test(tc, a_callback_may_raise_the_limit_for_the_next_request);
    tcase_add_loop_test(
        tc, a_callback_may_allocate_while_the_last_block_is_resized, 0, 3);
    suite_add_tcase(suite, tc);
    TCase *small = tcase_create("contract: small arenas");
    tcase_add_checked_fixture(small, open_small, close_world);
    tcase_add_test(small, a_sink_may_allocate_from_the_frame_that_spills);
    suite_add_tcase(suite, small);
    return test_main(suite);
}
