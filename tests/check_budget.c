/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets: a hard limit is never passed by a byte on any path, requests are
 * refused early by no more than is stated, and warnings come once per frame.
 *
 * Callbacks that allocate are in check_budget_callback.c.
 */
#include "support.h"

#include <pthread.h>
#include <string.h>

static struct test_world w;
static fa_tag ui;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    ui = fa_tag_register(w.allocator, "ui");
}

static void
close_world(void)
{
    test_close(&w);
}

static void
open_small(void)
{
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    ui = fa_tag_register(w.allocator, "ui");
}

/* Allocates until it is refused; the bytes. */
static size_t
fill_frame(fa_frame *frame, size_t size)
{
    size_t given = 0;
    while (given < 64 * MIB && fa_frame_alloc(frame, size, 16) != NULL)
        given += size;
    return given;
}

static size_t
fill_heap(fa_ctx *ctx, size_t size)
{
    size_t given = 0;
    while (given < 64 * MIB && fa_heap_alloc(ctx, size, 16) != NULL)
        given += size;
    return given;
}

/* --- the allocator's limit --- */

#define LIMIT ((size_t)1000000)

static void
limit_allocator(void)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, LIMIT);
}

static void
expect_refusal(uint32_t number)
{
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_uint_ge(test_log_count(&w.log, number), 1);
    ck_assert_uint_le(test_stats(w.allocator).held_peak, LIMIT);
}

START_TEST(the_allocators_limit_holds_for_the_arena)
{
    limit_allocator();
    test_begin(&w);
    size_t given = fill_frame(w.frame, 16);
    ck_assert_uint_le(given, LIMIT);
    /* All but the rest of a page is handed out. */
    ck_assert_uint_gt(given, LIMIT - 4096);
    expect_refusal(311);
}
END_TEST

START_TEST(the_allocators_limit_holds_for_spills)
{
    limit_allocator();
    test_begin(&w);
    size_t given = fill_frame(w.frame, 4000);
    ck_assert_uint_ge(test_stats(w.allocator).spills, 2);
    ck_assert_uint_gt(given, LIMIT - 64 * KIB);
    expect_refusal(311);
}
END_TEST

START_TEST(the_allocators_limit_holds_for_large_frame_blocks)
{
    limit_allocator();
    test_begin(&w);
    size_t given = fill_frame(w.frame, 65536);
    ck_assert_uint_eq(given, LIMIT / 65536 * 65536);
    expect_refusal(311);
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(w.frame, 65536), given);
}
END_TEST

START_TEST(the_allocators_limit_holds_for_pools)
{
    limit_allocator();
    size_t given = fill_heap(w.ctx, 1024);
    ck_assert_uint_eq(given, LIMIT / 65536 * 65536);
    expect_refusal(311);
}
END_TEST

START_TEST(the_allocators_limit_holds_for_the_heap)
{
    limit_allocator();
    size_t given = fill_heap(w.ctx, 65536);
    ck_assert_uint_eq(given, LIMIT / 65536 * 65536);
    expect_refusal(311);
}
END_TEST

START_TEST(memory_limit_of_the_configuration_is_the_same)
{
    test_close(&w);
    test_prepare(&w);
    w.config.memory_limit = LIMIT;
    test_open(&w);
    ck_assert_uint_eq(fill_heap(w.ctx, 65536), LIMIT / 65536 * 65536);
    expect_refusal(311);
}
END_TEST

START_TEST(a_refused_request_is_charged_nowhere)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 32 * KIB);
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 128 * KIB);
    fa_tag_push(w.ctx, ui);
    for (int i = 0; i < 10; i++) {
        ck_assert_ptr_null(fa_heap_alloc(w.ctx, 100, 16));
        ck_assert_ptr_null(fa_heap_alloc(w.ctx, 100000, 16));
    }
    ck_assert_uint_eq(test_ctx_usage(w.ctx).bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, MIB);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 60000, 16));
}
END_TEST

START_TEST(what_is_freed_may_be_taken_again)
{
    limit_allocator();
    for (int i = 0; i < 100; i++) {
        void *block = fa_heap_alloc(w.ctx, 900000, 16);
        ck_assert_ptr_nonnull(block);
        fa_heap_free(w.ctx, block);
        fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 500000, 16));
    }
    ck_assert_no_diag(&w.log);
    ck_assert_uint_le(test_stats(w.allocator).held_peak, LIMIT);
}
END_TEST

/* --- the limit of a context --- */

START_TEST(the_limit_of_a_context_holds_on_every_path)
{
    static const size_t frame_sizes[] = {16, 4000, 65536};
    static const size_t heap_sizes[] = {1024, 65536};
    test_limit(w.allocator, FA_BUDGET_CTX, fa_ctx_id(w.ctx), LIMIT);
    for (size_t i = 0; i < COUNT(frame_sizes); i++) {
        test_begin(&w);
        size_t given = fill_frame(w.frame, frame_sizes[i]);
        ck_assert_uint_le(given, LIMIT);
        ck_assert_uint_gt(given, LIMIT - 128 * KIB);
        expect_refusal(313);
        test_end(&w);
        fa_allocator_trim(w.allocator);
    }
    for (size_t i = 0; i < COUNT(heap_sizes); i++) {
        void *block[1024];
        unsigned count = 0;
        while ((block[count] = fa_heap_alloc(w.ctx, heap_sizes[i], 16)) != NULL)
            count++;
        ck_assert_uint_gt(count * heap_sizes[i], LIMIT - 65536);
        expect_refusal(313);
        while (count > 0)
            fa_free(w.ctx, block[--count]);
        fa_allocator_trim(w.allocator);
    }
    ck_assert_uint_le(test_ctx_usage(w.ctx).peak, LIMIT);
    ck_assert_uint_gt(test_ctx_usage(w.ctx).refusals, 0);
}
END_TEST

START_TEST(the_limit_of_a_context_is_not_that_of_others)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    test_limit(w.allocator, FA_BUDGET_CTX, fa_ctx_id(other), 65536);
    ck_assert_ptr_null(fa_heap_alloc(other, 100000, 16));
    ck_assert_int_eq(fa_ctx_status(other), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 313);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100000, 16));
    ck_assert_no_diag(&w.log);
    fa_ctx_destroy(other);
}
END_TEST

/* --- the limit of a tag --- */

static void
limit_tag(uint64_t hard)
{
    test_limit(w.allocator, FA_BUDGET_TAG, ui, hard);
    fa_tag_push(w.ctx, ui);
}

START_TEST(the_limit_of_a_tag_is_handed_out_to_the_last_16_bytes)
{
    static const size_t sizes[] = {1, 16, 48, 1000, 4000, 32768};
    size_t step = (sizes[_i] + 15) & ~(size_t)15;
    limit_tag(300000);
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        size_t count = 0;
        while (fa_frame_alloc(w.frame, sizes[_i], 16) != NULL)
            count++;
        ck_assert_uint_eq(count, 300000 / step);
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
        ck_assert_uint_eq(test_log_count(&w.log, 312), 1);
        w.log.count = 0;
        test_end(&w);
    }
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).refusals, 3);
}
END_TEST

START_TEST(the_limit_of_a_tag_holds_over_chunks)
{
    limit_tag(300000);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(w.frame, 4000), 300000);
    ck_assert_uint_ge(test_stats(w.allocator).spills, 1);
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(w.frame, 4000), 300000);
}
END_TEST

START_TEST(the_limit_of_a_tag_holds_for_blocks_and_arena_together)
{
    limit_tag(300000);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 100000, 16));
    ck_assert_uint_eq(fill_frame(w.frame, 16), 100000);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 8193, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    test_end(&w);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 200000, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 8193, 16));
}
END_TEST

START_TEST(the_limit_of_a_tag_holds_for_pools_by_the_page)
{
    limit_tag(300000);
    ck_assert_uint_eq(fill_heap(w.ctx, 1024), 4 * 65536);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_uint_eq(test_log_count(&w.log, 312), 1);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).pool_bytes, 4 * 65536);
}
END_TEST

START_TEST(other_tags_are_not_limited)
{
    limit_tag(64 * KIB);
    test_begin(&w);
    fill_frame(w.frame, 16);
    fa_tag_pop(w.ctx);
    w.log.count = 0;
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4096, 16));
    ck_assert_no_diag(&w.log);
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
}
END_TEST

START_TEST(the_room_of_a_tag_is_exact_after_many_pushes)
{
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 300000);
    test_begin(&w);
    size_t given = 0;
    for (unsigned i = 0; i < 100000; i++) {
        size_t size = i % 7 * 16 + 16;
        fa_tag_push(w.ctx, ui);
        void *block = fa_frame_alloc(w.frame, size, 16);
        fa_tag_pop(w.ctx);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
        if (block == NULL)
            break;
        given += size;
    }
    ck_assert_uint_le(given, 300000);
    ck_assert_uint_gt(given, 300000 - 112);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, given);
}
END_TEST

START_TEST(a_limit_is_cut_down_to_16)
{
    limit_tag(1007);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(w.frame, 16), 992);
}
END_TEST

START_TEST(a_limit_that_is_removed_refuses_no_more)
{
    limit_tag(1008);
    test_begin(&w);
    fill_frame(w.frame, 16);
    fa_budget none = FA_BUDGET_INIT;
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, ui, &none),
                     FA_OK);
    w.log.count = 0;
    for (int i = 0; i < 1000; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1000, 16));
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_limit_set_inside_of_a_frame_counts_what_the_tag_has_got_in_it)
{
    test_begin(&w);
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 40000, 16));
    fa_tag_pop(w.ctx);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 5000, 16));
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 160, 16));
    /* The window is open already. */
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 64 * KIB);
    size_t before = 16 + 40000 + 160;
    ck_assert_uint_eq(fill_frame(w.frame, 16), 64 * KIB - before);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 64 * KIB);
    fa_tag_push(w.ctx, ui);
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(w.frame, 16), 64 * KIB);
}
END_TEST

/* --- several contexts --- */

#define CTXS 8

static fa_ctx *ctx[CTXS];

static void
make_ctxs(void)
{
    for (unsigned i = 0; i < CTXS; i++)
        ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx[i]), FA_OK);
}

static void
destroy_ctxs(void)
{
    for (unsigned i = 0; i < CTXS; i++)
        fa_ctx_destroy(ctx[i]);
}

START_TEST(contexts_never_pass_a_tags_limit_and_are_refused_early_by_a_share)
{
    const size_t limit = 200000;
    const size_t share = (limit / 64 + 15) & ~(size_t)15;
    static const size_t sizes[] = {16, 160, 1600};
    size_t size = sizes[_i], given = 0, most = size > share ? size : share;
    test_limit(w.allocator, FA_BUDGET_TAG, ui, limit);
    make_ctxs();
    test_begin(&w);
    for (unsigned i = 0; i < CTXS; i++)
        fa_tag_push(ctx[i], ui);
    /* Round-robin, so that every context has an unused lease. */
    for (unsigned i = 0;; i++) {
        fa_frame *frame = fa_ctx_frame(ctx[i % CTXS]);
        if (fa_frame_alloc(frame, size, 16) == NULL)
            break;
        given += size;
    }
    ck_assert_uint_le(given, limit);
    ck_assert_uint_ge(given + (CTXS - 1) * most + size, limit);
    /* The leases of contexts that end their frame come back. */
    for (unsigned i = 1; i < CTXS; i++)
        given += fill_frame(fa_ctx_frame(ctx[i]), size);
    for (unsigned i = 1; i < CTXS; i++)
        fa_tag_pop(ctx[i]);
    given += fill_frame(fa_ctx_frame(ctx[0]), size);
    ck_assert_uint_le(given, limit);
    ck_assert_uint_gt(given + size, limit);
    destroy_ctxs();
}
END_TEST

START_TEST(leases_come_back_when_a_context_ends_its_frame)
{
    const size_t limit = 200000;
    test_limit(w.allocator, FA_BUDGET_TAG, ui, limit);
    make_ctxs();
    test_begin(&w);
    for (unsigned i = 0; i < CTXS; i++) {
        fa_tag_push(ctx[i], ui);
        ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx[i]), 16, 16));
    }
    for (unsigned i = 1; i < CTXS; i++)
        fa_ctx_end_frame(ctx[i]);
    ck_assert_uint_eq(fill_frame(fa_ctx_frame(ctx[0]), 16), limit - 16);
    test_end(&w);
    destroy_ctxs();
}
END_TEST

static pthread_barrier_t start;
static size_t given_by[CTXS];

static void *
fill_in_thread(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    fa_ctx *mine = fa_ctx_current(w.allocator);
    fa_tag_push(mine, ui);
    fa_frame *frame = fa_ctx_frame(mine);
    pthread_barrier_wait(&start);
    given_by[me] = fill_frame(frame, me % 2 == 0 ? 48 : 4096);
    given_by[me] += fill_heap(mine, 10000);
    pthread_barrier_wait(&start);
    /* Nobody frees before all have been refused. */
    return NULL;
}

START_TEST(threads_together_never_pass_a_limit)
{
    const size_t limit = 2000000;
    pthread_t thread[CTXS];
    size_t sum = 0;
    test_limit(w.allocator, FA_BUDGET_TAG, ui, limit);
    pthread_barrier_init(&start, NULL, CTXS);
    test_begin(&w);
    for (unsigned i = 0; i < CTXS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, fill_in_thread,
                                        (void *)(uintptr_t)i),
                         0);
    for (unsigned i = 0; i < CTXS; i++) {
        pthread_join(thread[i], NULL);
        sum += given_by[i];
    }
    pthread_barrier_destroy(&start);
    ck_assert_uint_le(sum, limit);
    ck_assert_uint_ge(sum, limit - CTXS * (32 * KIB + 10000));
}
END_TEST

START_TEST(threads_together_never_pass_the_allocators_limit)
{
    pthread_t thread[CTXS];
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 4 * MIB);
    pthread_barrier_init(&start, NULL, CTXS);
    test_begin(&w);
    for (unsigned i = 0; i < CTXS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, fill_in_thread,
                                        (void *)(uintptr_t)i),
                         0);
    for (unsigned i = 0; i < CTXS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&start);
    ck_assert_uint_le(test_stats(w.allocator).held_peak, 4 * MIB);
    ck_assert_uint_gt(test_stats(w.allocator).held_peak, 4 * MIB - 64 * KIB);
}
END_TEST

/* --- misuse --- */

START_TEST(a_budget_that_is_not_initialised_or_out_of_range_is_refused)
{
    fa_budget bad[7];
    for (unsigned i = 0; i < COUNT(bad); i++)
        bad[i] = (fa_budget)FA_BUDGET_INIT;
    bad[0].struct_size = 0;
    bad[1].warn_percent = 101;
    bad[2].policy = (fa_budget_policy)5;
    bad[3].hard_bytes = 15;
    memset(&bad[4], 0, sizeof(bad[4]));
    bad[5].policy = FA_BUDGET_CUSTOM; /* Without decide. */
    bad[6].policy = FA_BUDGET_PROMOTE;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(
            fa_budget_set(w.allocator, FA_BUDGET_ALLOCATOR, 0, &bad[i]),
            FA_ERR_CONFIG);
        ck_assert_only_diag(&w.log, 10);
    }
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, MIB, 16));
}
END_TEST

START_TEST(an_unknown_scope_or_id_is_refused)
{
    fa_budget budget = FA_BUDGET_INIT;
    ck_assert_int_eq(fa_budget_set(w.allocator, (fa_budget_scope)9, 0, &budget),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_budget_set(w.allocator, FA_BUDGET_ALLOCATOR, 1, &budget),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, 200, &budget),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_budget_set(w.allocator, FA_BUDGET_TAG, (uint64_t)1 << 32, &budget),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_CTX, 0, &budget),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_CTX, 99, &budget),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, ui, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_set(NULL, FA_BUDGET_TAG, ui, &budget),
                     FA_ERR_USAGE);
}
END_TEST

static void
add_hard_limits(Suite *suite)
{
    TCase *tc = tcase_create("limits");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, the_allocators_limit_holds_for_the_arena);
    tcase_add_test(tc, the_allocators_limit_holds_for_large_frame_blocks);
    tcase_add_test(tc, the_allocators_limit_holds_for_pools);
    tcase_add_test(tc, the_allocators_limit_holds_for_the_heap);
    tcase_add_test(tc, memory_limit_of_the_configuration_is_the_same);
    tcase_add_test(tc, a_refused_request_is_charged_nowhere);
    tcase_add_test(tc, what_is_freed_may_be_taken_again);
    tcase_add_test(tc, the_limit_of_a_context_holds_on_every_path);
    tcase_add_test(tc, the_limit_of_a_context_is_not_that_of_others);
    tcase_add_loop_test(
        tc, the_limit_of_a_tag_is_handed_out_to_the_last_16_bytes, 0, 6);
    tcase_add_test(tc, the_limit_of_a_tag_holds_for_blocks_and_arena_together);
    tcase_add_test(tc, the_limit_of_a_tag_holds_for_pools_by_the_page);
    tcase_add_test(tc, other_tags_are_not_limited);
    tcase_add_test(tc, the_room_of_a_tag_is_exact_after_many_pushes);
    tcase_add_test(tc, a_limit_is_cut_down_to_16);
    tcase_add_test(tc, a_limit_that_is_removed_refuses_no_more);
    tcase_add_test(
        tc, a_limit_set_inside_of_a_frame_counts_what_the_tag_has_got_in_it);
    tcase_add_loop_test(
        tc, contexts_never_pass_a_tags_limit_and_are_refused_early_by_a_share,
        0, 3);
    tcase_add_test(tc, leases_come_back_when_a_context_ends_its_frame);
    suite_add_tcase(suite, tc);

    TCase *spills = tcase_create("limits: spills");
    tcase_add_checked_fixture(spills, open_small, close_world);
    tcase_add_test(spills, the_allocators_limit_holds_for_spills);
    tcase_add_test(spills, the_limit_of_a_tag_holds_over_chunks);
    suite_add_tcase(suite, spills);
}

int
main(void)
{
    Suite *suite = suite_create("budget");
    add_hard_limits(suite);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse,
                   a_budget_that_is_not_initialised_or_out_of_range_is_refused);
    tcase_add_test(misuse, an_unknown_scope_or_id_is_refused);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, threads_together_never_pass_a_limit);
    tcase_add_test(threads, threads_together_never_pass_the_allocators_limit);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
