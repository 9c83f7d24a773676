/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets of one context: its frames, its pools and all of it; and that a
 * frame has one warning, whatever the number of threads.
 *
 * What each policy does is in check_budget_policy.c.
 */
#include "budget.h"

#include <pthread.h>

/* --- frames --- */

#define LIMIT ((size_t)200000)

START_TEST(a_frame_budget_is_handed_out_to_the_last_16_bytes_in_each_frame)
{
    static const size_t sizes[] = {1, 16, 48, 1000, 4000, 32768, 40000};
    size_t size = sizes[_i], step = (size + 15) & ~(size_t)15;
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        ck_assert_uint_eq(fa_frame_remaining(w.frame), LIMIT);
        size_t count = 0;
        while (fa_frame_alloc(w.frame, size, 16) != NULL)
            count++;
        ck_assert_uint_eq(count, LIMIT / step);
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
        ck_assert_uint_eq(fa_frame_remaining(w.frame), LIMIT - count * step);
        ck_assert_only_diag(&w.log, 313);
        ck_assert_ptr_nonnull(
            fa_frame_alloc(w.frame, fa_frame_remaining(w.frame), 16));
        ck_assert_uint_eq(fa_frame_remaining(w.frame), 0);
        test_end(&w);
        ck_assert_uint_eq(fa_frame_remaining(w.frame), 0);
    }
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_FRAME).refused, 3);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_FRAME).peak, LIMIT);
    ck_assert_uint_eq(test_stats(w.allocator).budget_refusals, 3);
}
END_TEST

START_TEST(a_frame_budget_holds_in_guard_modes)
{
    reopen((fa_guard)(_i + 1));
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    for (int round = 0; round < 3; round++) {
        test_begin(&w);
        ck_assert_uint_ge(fill_frame(1000, MIB), LIMIT / 2);
        ck_assert_uint_le(fa_frame_used(w.frame), LIMIT);
        ck_assert_ptr_null(fa_frame_alloc(w.frame, 40000, 16));
        w.log.count = 0;
        test_end(&w);
    }
}
END_TEST

START_TEST(a_frame_budget_counts_arena_and_blocks_and_what_comes_back)
{
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 30000, 16));
    void *block = fa_frame_alloc(w.frame, 100000, 16);
    ck_assert_uint_eq(fa_frame_remaining(w.frame), LIMIT - 130000);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 100000, 16));
    fa_frame_release(w.frame, block, 100000);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    ck_assert_uint_eq(fill_frame(16, MIB), 70000 / 16 * 16);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_uint_eq(fa_frame_remaining(w.frame), LIMIT - 30000);
    ck_assert_uint_eq(fill_frame(16, MIB), LIMIT - 30000);
}
END_TEST

START_TEST(a_frame_budget_set_inside_of_a_frame_counts_what_was_handed_out)
{
    test_begin(&w);
    fill_frame(1600, 160000);
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    ck_assert_uint_eq(fa_frame_remaining(w.frame), LIMIT - 160000);
    ck_assert_uint_eq(fill_frame(16, MIB), LIMIT - 160000);
    set(FA_BUDGET_CTX_FRAME, make_budget(0, FA_BUDGET_FAIL));
    ck_assert_uint_eq(fa_frame_remaining(w.frame), SIZE_MAX);
    ck_assert_uint_eq(fill_frame(16, MIB), MIB);
}
END_TEST

START_TEST(a_block_that_grows_in_place_is_counted)
{
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    test_begin(&w);
    size_t size = 1600;
    char *block = fa_frame_alloc(w.frame, size, 16);
    for (;; size += 1600) {
        char *grown = fa_frame_resize(w.frame, block, size, size + 1600, 16);
        ck_assert_uint_le(fa_frame_used(w.frame), LIMIT);
        if (grown == NULL)
            break;
        ck_assert_ptr_eq(grown, block);
    }
    ck_assert_uint_eq(size, LIMIT / 1600 * 1600);
}
END_TEST

START_TEST(a_context_that_resumes_its_frame_still_counts_its_blocks)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    id = fa_ctx_id(other);
    set(FA_BUDGET_CTX_FRAME, make_budget(LIMIT, FA_BUDGET_FAIL));
    test_begin(&w);
    fa_frame *frame = fa_ctx_frame(other);
    void *block = fa_frame_alloc(frame, 100000, 16);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 160, 16));
    fa_ctx_end_frame(other);
    frame = fa_ctx_frame(other);
    ck_assert_uint_eq(fa_frame_used(frame), 100160);
    ck_assert_uint_eq(fa_frame_remaining(frame), LIMIT - 100160);
    fa_frame_release(frame, block, 100000);
    ck_assert_uint_eq(fa_frame_used(frame), 160);
    fa_ctx_destroy(other);
}
END_TEST

/* --- pools, and all --- */

START_TEST(a_pool_budget_counts_pages_and_nothing_else)
{
    set(FA_BUDGET_CTX_POOL, make_budget(200000, FA_BUDGET_FAIL));
    test_begin(&w);
    fill_frame(1600, MIB);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, MIB, 16));
    size_t given = 0;
    while (fa_heap_alloc(w.ctx, 1024, 16) != NULL)
        given += 1024;
    ck_assert_uint_eq(given, 3 * 64 * KIB);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 313);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_POOL).used, 3 * 64 * KIB);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_POOL).remaining,
                      199984 + 16 - 3 * 64 * KIB);
    ck_assert_uint_eq(test_ctx_usage(w.ctx).refusals, 1);
}
END_TEST

START_TEST(pages_that_go_back_are_given_back_to_the_pool_budget)
{
    void *block[256];
    set(FA_BUDGET_CTX_POOL, make_budget(64 * KIB, FA_BUDGET_FAIL));
    for (int round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 64; i++)
            ck_assert_ptr_nonnull(block[i] = fa_heap_alloc(w.ctx, 1024, 16));
        ck_assert_ptr_null(fa_heap_alloc(w.ctx, 1024, 16));
        ck_assert_only_diag(&w.log, 313);
        for (unsigned i = 0; i < 64; i++)
            fa_free(w.ctx, block[i]);
        fa_allocator_trim(w.allocator);
        ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_POOL).used, 0);
    }
}
END_TEST

START_TEST(a_page_that_the_context_refuses_is_charged_to_no_budget)
{
    set(FA_BUDGET_CTX_POOL, make_budget(MIB, FA_BUDGET_FAIL));
    set(FA_BUDGET_CTX, make_budget(16, FA_BUDGET_FAIL));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 1024, 16));
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_POOL).used, 0);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX).used, 0);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX).refused, 1);
}
END_TEST

START_TEST(the_three_budgets_of_a_context_are_separate)
{
    set(FA_BUDGET_CTX, make_budget(MIB, FA_BUDGET_FAIL));
    set(FA_BUDGET_CTX_FRAME, make_budget(16000, FA_BUDGET_FAIL));
    set(FA_BUDGET_CTX_POOL, make_budget(64 * KIB, FA_BUDGET_FAIL));
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(1600, MIB), 16000);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 1024, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 64, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 700000, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 700000, 16));
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_FRAME).refused, 1);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_POOL).refused, 1);
    ck_assert_uint_eq(usage_of(FA_BUDGET_CTX).refused, 1);
}
END_TEST

/* --- one warning per frame --- */

#define THREADS 8

static struct {
    pthread_barrier_t barrier;
    unsigned frames;
    uint64_t warnings; /* In this frame; by all. */
    uint64_t refusals;
    bool is_wrong;
} pack;

static void
count_event(void *user, const fa_budget_event *event)
{
    (void)user;
    __atomic_fetch_add(event->is_refused ? &pack.refusals : &pack.warnings, 1,
                       __ATOMIC_RELAXED);
}

static void *
allocate_in_frames(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg, random = me + 1;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (unsigned i = 0; i < pack.frames; i++) {
        pthread_barrier_wait(&pack.barrier);
        for (unsigned j = 0; j < 20; j++) {
            random = random * 1103515245u + 12345u;
            size_t size = 1000 + (random >> 16) % 20000;
            fa_heap_free(ctx, fa_heap_alloc(ctx, size, 16));
            fa_frame_alloc(fa_ctx_frame(ctx), size, 16);
        }
        fa_ctx_end_frame(ctx);
        pthread_barrier_wait(&pack.barrier);
    }
    return NULL;
}

START_TEST(many_threads_and_frames_give_one_warning_per_frame)
{
    pthread_t thread[THREADS];
    pack.frames = (unsigned)test_scaled(300);
    pthread_barrier_init(&pack.barrier, NULL, THREADS + 1);
    /* Held after the first frame by each arena, so every frame reaches it. */
    fa_budget budget = make_budget((uint64_t)1 << 32, FA_BUDGET_FAIL);
    budget.soft_bytes = 4096;
    budget.callback = count_event;
    set(FA_BUDGET_ALLOCATOR, budget);
    for (unsigned i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, allocate_in_frames,
                                        (void *)(uintptr_t)i),
                         0);
    for (unsigned i = 0; i < pack.frames; i++) {
        test_begin(&w);
        uint64_t before = __atomic_load_n(&pack.warnings, __ATOMIC_RELAXED);
        pthread_barrier_wait(&pack.barrier);
        pthread_barrier_wait(&pack.barrier);
        /* A take of this thread, so that each frame has one. */
        fa_allocator_trim(w.allocator);
        fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 100000, 16));
        /* Told at the end: the threads wait for the next frame. */
        pack.is_wrong |=
            __atomic_load_n(&pack.warnings, __ATOMIC_RELAXED) - before != 1;
        test_end(&w);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&pack.barrier);
    ck_assert(!pack.is_wrong);
    ck_assert_uint_eq(usage_of(FA_BUDGET_ALLOCATOR).warned, pack.frames);
}
END_TEST

START_TEST(a_frame_budget_warns_in_the_very_request_that_reaches_the_percentage)
{
    static const size_t sizes[] = {16, 48, 1600, 16000, 33000};
    size_t size = sizes[_i], step = (size + 15) & ~(size_t)15;
    fa_budget budget = make_budget(LIMIT, FA_BUDGET_FAIL);
    budget.warn_percent = 80;
    budget.callback = count_event;
    set(FA_BUDGET_CTX_FRAME, budget);
    for (unsigned frame = 1; frame <= 50; frame++) {
        test_begin(&w);
        pack.warnings = 0;
        for (size_t used = step; used <= LIMIT; used += step) {
            ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
            ck_assert_uint_eq(pack.warnings, used >= LIMIT * 80 / 100);
        }
        test_end(&w);
        ck_assert_uint_eq(usage_of(FA_BUDGET_CTX_FRAME).warned, frame);
    }
}
END_TEST

START_TEST(a_context_with_own_frames_is_warned_once_in_each_of_them)
{
    fa_ctx *other;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &other), FA_OK);
    id = fa_ctx_id(other);
    fa_budget budget = make_budget(16000, FA_BUDGET_FAIL);
    budget.warn_percent = 50;
    budget.callback = count_event;
    set(FA_BUDGET_CTX_FRAME, budget);
    pack.warnings = 0;
    for (unsigned frame = 1; frame <= 5; frame++) {
        w.frame = fa_ctx_begin_frame(other);
        fill_frame(160, 16000);
        fa_ctx_end_frame(other);
        ck_assert_uint_eq(pack.warnings, frame);
    }
    fa_ctx_destroy(other);
}
END_TEST

/* --- misuse --- */

START_TEST(a_budget_is_read_of_known_scopes_into_initialised_structures_only)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    ck_assert_int_eq(fa_budget_read(NULL, FA_BUDGET_ALLOCATOR, 0, &usage),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_budget_read(w.allocator, FA_BUDGET_ALLOCATOR, 0, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_budget_read(w.allocator, (fa_budget_scope)5, id, &usage),
        FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_budget_read(w.allocator, FA_BUDGET_CTX_POOL, 99, &usage),
        FA_ERR_USAGE);
    usage.struct_size = 0;
    ck_assert_int_eq(
        fa_budget_read(w.allocator, FA_BUDGET_ALLOCATOR, 0, &usage),
        FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_uint_eq(usage_of(FA_BUDGET_ALLOCATOR).remaining, UINT64_MAX);
    ck_assert_uint_eq(usage_of(FA_BUDGET_ALLOCATOR).hard_bytes, 0);
}
END_TEST

START_TEST(a_budget_of_an_older_program_is_accepted)
{
    fa_budget budget = make_budget(1600, FA_BUDGET_FAIL);
    budget.struct_size = offsetof(fa_budget, decide);
    set(FA_BUDGET_CTX_FRAME, budget);
    test_begin(&w);
    ck_assert_uint_eq(fill_frame(16, MIB), 1600);
    budget.policy = FA_BUDGET_CUSTOM;
    /* A function is not read. */
    w.log.count = 0;
    ck_assert_int_eq(
        fa_budget_set(w.allocator, FA_BUDGET_CTX_FRAME, id, &budget),
        FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

static void
add_warnings(Suite *suite)
{
    TCase *tc = tcase_create("threads");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, many_threads_and_frames_give_one_warning_per_frame);
    tcase_add_loop_test(
        tc,
        a_frame_budget_warns_in_the_very_request_that_reaches_the_percentage, 0,
        5);
    tcase_add_test(tc,
                   a_context_with_own_frames_is_warned_once_in_each_of_them);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("budget_ctx");
    TCase *tc = tcase_create("limits");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(
        tc, a_frame_budget_is_handed_out_to_the_last_16_bytes_in_each_frame, 0,
        7);
    tcase_add_loop_test(tc, a_frame_budget_holds_in_guard_modes, 0, 3);
    tcase_add_test(tc,
                   a_frame_budget_counts_arena_and_blocks_and_what_comes_back);
    tcase_add_test(
        tc, a_frame_budget_set_inside_of_a_frame_counts_what_was_handed_out);
    tcase_add_test(tc, a_block_that_grows_in_place_is_counted);
    tcase_add_test(tc,
                   a_context_that_resumes_its_frame_still_counts_its_blocks);
    tcase_add_test(tc, a_pool_budget_counts_pages_and_nothing_else);
    tcase_add_test(tc, pages_that_go_back_are_given_back_to_the_pool_budget);
    tcase_add_test(tc, a_page_that_the_context_refuses_is_charged_to_no_budget);
    tcase_add_test(tc, the_three_budgets_of_a_context_are_separate);
    suite_add_tcase(suite, tc);
    add_warnings(suite);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(
        misuse,
        a_budget_is_read_of_known_scopes_into_initialised_structures_only);
    tcase_add_test(misuse, a_budget_of_an_older_program_is_accepted);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
