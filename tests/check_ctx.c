/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Contexts: those of threads and explicit ones, own frames, pins, numbers and
 * status.
 */
#include "support.h"

#include "os/fault.h"

#include <string.h>

static struct test_world w;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

static fa_ctx *
make_ctx(const fa_ctx_config *config)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, config, &ctx), FA_OK);
    ck_assert_ptr_nonnull(ctx);
    return ctx;
}

static fa_ctx *
make_own_frames(void)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    return make_ctx(&config);
}

static void
set_flag(void *arg)
{
    *(int *)arg = 1;
}

/* --- contract --- */

START_TEST(a_thread_has_one_context_per_allocator)
{
    struct test_world other;
    ck_assert_ptr_eq(fa_ctx_current(w.allocator), w.ctx);
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert_ptr_ne(other.ctx, w.ctx);
    ck_assert_ptr_eq(fa_ctx_current(w.allocator), w.ctx);
    ck_assert_ptr_eq(fa_ctx_current(other.allocator), other.ctx);
    test_close(&other);
    ck_assert_ptr_eq(fa_ctx_current(w.allocator), w.ctx);
}
END_TEST

static void *
get_ctx(void *arg)
{
    *(fa_ctx **)arg = fa_ctx_current(w.allocator);
    ck_assert_ptr_ne(*(fa_ctx **)arg, w.ctx);
    return NULL;
}

START_TEST(each_thread_has_its_own_context_until_it_exits)
{
    fa_ctx *ctx;
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 1);
    test_run_thread(get_ctx, &ctx);
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 1);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
}
END_TEST

START_TEST(numbers_of_contexts_count_from_one_and_are_not_used_again)
{
    ck_assert_uint_eq(fa_ctx_id(w.ctx), 1);
    for (uint64_t id = 2; id < 100; id++) {
        fa_ctx *ctx = make_ctx(NULL);
        ck_assert_uint_eq(fa_ctx_id(ctx), id);
        fa_ctx_destroy(ctx);
    }
}
END_TEST

START_TEST(status_tells_the_last_failure_and_stays)
{
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_OK);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, SIZE_MAX / 2, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 16, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 16, 3));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
}
END_TEST

START_TEST(queries_of_null_are_answered)
{
    ck_assert_int_eq(fa_ctx_status(NULL), FA_OK);
    ck_assert_uint_eq(fa_ctx_id(NULL), 0);
    ck_assert_uint_eq(fa_tag_current(NULL), FA_TAG_NONE);
    fa_ctx_destroy(NULL);
    fa_tag_push(NULL, 0);
    fa_tag_pop(NULL);
}
END_TEST

START_TEST(explicit_contexts_follow_the_frames_of_the_allocator)
{
    fa_ctx *ctx = make_ctx(NULL);
    for (uint64_t number = 1; number < 10; number++) {
        test_begin(&w);
        fa_frame *frame = fa_ctx_frame(ctx);
        ck_assert_ptr_ne(frame, w.frame);
        ck_assert_uint_eq(fa_frame_used(frame), 0);
        ck_assert_uint_eq(fa_frame_stamp(frame).number, number);
        ck_assert_ptr_nonnull(fa_frame_alloc(frame, 100, 16));
        ck_assert_ptr_eq(fa_ctx_frame(ctx), frame);
        ck_assert_uint_eq(fa_frame_used(frame), 112);
        test_end(&w);
    }
    fa_ctx_destroy(ctx);
}
END_TEST

static void *
use_explicit(void *arg)
{
    fa_ctx *ctx = arg;
    void *block = fa_frame_alloc(fa_ctx_frame(ctx), MIB, 16);
    ck_assert_ptr_nonnull(block);
    fa_heap_free(ctx, fa_heap_alloc(ctx, MIB, 16));
    fa_free(ctx, fa_pool_alloc(fa_ctx_pool(ctx, 32, 16)));
    return NULL;
}

START_TEST(any_thread_may_use_an_explicit_context_one_at_a_time)
{
    fa_ctx *ctx = make_ctx(NULL);
    test_begin(&w);
    for (int i = 0; i < 10; i++)
        test_run_thread(use_explicit, ctx);
    use_explicit(ctx);
    ck_assert_uint_eq(fa_frame_used(fa_ctx_frame(ctx)), 11 * MIB);
    test_end(&w);
    fa_ctx_destroy(ctx);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(end_frame_of_a_worker_publishes_its_figures_early)
{
    fa_ctx *ctx = make_ctx(NULL);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), 1600, 16));
    fa_ctx_end_frame(ctx);
    ck_assert_uint_eq(test_ctx_usage(ctx).frame_bytes, 1600);
    ck_assert_ptr_null(
        fa_frame_alloc(fa_ctx_frame(w.ctx), test_size(SIZE_MAX), 16));
    test_end(&w);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(the_name_is_cut_to_31_bytes)
{
    char name[100];
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    memset(name, 'n', 99);
    name[99] = '\0';
    config.name = name;
    fa_ctx *ctx = make_ctx(&config);
    ck_assert_ptr_nonnull(fa_heap_alloc(ctx, 100, 16));
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(a_destroyed_context_returns_its_memory)
{
    fa_ctx *ctx = make_ctx(NULL);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), MIB, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), 20000, 16));
    fa_free(ctx, fa_pool_alloc(fa_ctx_pool(ctx, 100, 16)));
    test_end(&w);
    fa_ctx_destroy(ctx);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 1);
}
END_TEST

START_TEST(destroy_of_a_context_runs_its_defers)
{
    int flag = 0;
    fa_ctx *ctx = make_own_frames();
    ck_assert_int_eq(fa_frame_defer(fa_ctx_begin_frame(ctx), set_flag, &flag),
                     FA_OK);
    fa_ctx_destroy(ctx);
    ck_assert_int_eq(flag, 1);
}
END_TEST

/* --- own frames --- */

START_TEST(own_frames_are_not_touched_by_those_of_the_allocator)
{
    fa_ctx *ctx = make_own_frames();
    fa_frame *frame = fa_ctx_begin_frame(ctx);
    char *block = fa_frame_alloc(frame, 100, 16);
    test_fill(block, 100, 1);
    for (int i = 0; i < 10; i++) {
        test_begin(&w);
        test_write(fa_frame_alloc(w.frame, 1000, 16), 1000);
        test_end(&w);
    }
    ck_assert_ptr_eq(fa_ctx_frame(ctx), frame);
    ck_assert(test_is_filled(block, 100, 1));
    ck_assert_uint_eq(fa_frame_used(frame), 112);
    ck_assert_uint_eq(fa_frame_stamp(frame).number, 1);
    fa_ctx_end_frame(ctx);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 10);
    fa_ctx_destroy(ctx);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(own_frames_count_by_themselves)
{
    fa_ctx *ctx = make_own_frames();
    for (uint64_t number = 1; number <= 5; number++) {
        fa_frame *frame = fa_ctx_begin_frame(ctx);
        ck_assert_uint_eq(fa_frame_stamp(frame).number, number);
        ck_assert_uint_eq(fa_frame_stamp(frame).ctx, fa_ctx_id(ctx));
        fa_ctx_end_frame(ctx);
    }
    ck_assert_uint_eq(fa_frame_number(w.allocator), 0);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(own_frames_refuse_outside_of_a_frame)
{
    fa_ctx *ctx = make_own_frames();
    test_begin(&w);
    ck_assert_ptr_null(fa_frame_alloc(fa_ctx_frame(ctx), 16, 16));
    ck_assert_int_eq(fa_ctx_status(ctx), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 1);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(own_frames_may_spill_and_begin_again)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    fa_ctx *ctx = make_own_frames();
    for (int round = 0; round < 10; round++) {
        fa_frame *frame = fa_ctx_begin_frame(ctx);
        ck_assert_uint_eq(fa_frame_used(frame), 0);
        for (int i = 0; i < 50; i++)
            test_fill(fa_frame_alloc(frame, 4096, 16), 4096, 1);
        ck_assert_uint_eq(fa_frame_used(frame), 50 * 4096);
        fa_ctx_end_frame(ctx);
    }
    ck_assert_uint_eq(test_ctx_usage(ctx).frame_bytes, 50 * 4096);
    fa_ctx_destroy(ctx);
}
END_TEST

/* --- pins --- */

START_TEST(a_pinned_context_stays_in_its_frame)
{
    fa_ctx *ctx = make_ctx(NULL);
    test_begin(&w);
    fa_frame *frame = fa_ctx_frame_pin(ctx);
    char *block = fa_frame_alloc(frame, 100, 16);
    test_fill(block, 100, 1);
    test_end(&w);
    test_begin(&w);
    ck_assert_ptr_eq(fa_ctx_frame(ctx), frame);
    ck_assert_uint_eq(fa_frame_stamp(frame).number, 1);
    char *more = fa_frame_alloc(fa_ctx_frame(ctx), MIB, 16);
    ck_assert_ptr_nonnull(more);
    ck_assert(test_is_filled(block, 100, 1));
    fa_ctx_frame_unpin(ctx);
    ck_assert_ptr_eq(fa_ctx_frame(ctx), frame);
    ck_assert_uint_eq(fa_frame_stamp(frame).number, 2);
    ck_assert_uint_eq(fa_frame_used(frame), 0);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(pins_nest)
{
    test_begin(&w);
    fa_frame *frame = fa_ctx_frame_pin(w.ctx);
    ck_assert_ptr_eq(fa_ctx_frame_pin(w.ctx), frame);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 16, 16));
    fa_ctx_frame_unpin(w.ctx);
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(fa_frame_stamp(fa_ctx_frame(w.ctx)).number, 1);
    fa_ctx_frame_unpin(w.ctx);
    ck_assert_uint_eq(fa_frame_stamp(fa_ctx_frame(w.ctx)).number, 2);
}
END_TEST

START_TEST(a_pin_older_than_the_lag_is_reported)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_lag = (uint32_t)_i;
    test_open(&w);
    fa_ctx *ctx = make_ctx(NULL);
    test_begin(&w);
    fa_ctx_frame_pin(ctx);
    for (int i = 0; i < _i; i++) {
        test_end(&w);
        test_begin(&w);
        fa_ctx_frame(ctx);
    }
    ck_assert_no_diag(&w.log);
    test_end(&w);
    test_begin(&w);
    fa_ctx_frame(ctx);
    ck_assert_only_diag(&w.log, 7);
    fa_ctx_frame_unpin(ctx);
    fa_ctx_frame(ctx);
    ck_assert_no_diag(&w.log);
    fa_ctx_destroy(ctx);
}
END_TEST

/* --- failure --- */

START_TEST(an_explicit_context_without_memory_is_not_made)
{
    fa_ctx *ctx = w.ctx;
    fai_fault_arm(1, true);
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_ERR_NOMEM);
    fai_fault_arm(0, false);
    ck_assert_ptr_null(ctx);
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 1);
}
END_TEST

static void *
use_refusing(void *arg)
{
    (void)arg;
    fai_fault_arm(1, true);
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    ck_assert_ptr_nonnull(ctx);
    ck_assert_uint_eq(fa_ctx_id(ctx), 0);
    ck_assert_int_eq(fa_ctx_status(ctx), FA_ERR_NOMEM);
    fa_frame *frame = fa_ctx_frame(ctx);
    ck_assert_ptr_nonnull(frame);
    ck_assert_ptr_null(fa_frame_alloc(frame, 16, 16));
    ck_assert_ptr_null(fa_ctx_frame_pin(ctx) == NULL ? ctx : NULL);
    fa_ctx_frame_unpin(ctx);
    fa_ctx_end_frame(ctx);
    ck_assert_ptr_eq(fa_ctx_begin_frame(ctx), frame);
    ck_assert_ptr_null(fa_heap_alloc(ctx, 16, 16));
    ck_assert_ptr_null(fa_pool_alloc(fa_ctx_pool(ctx, 16, 16)));
    ck_assert_int_eq(fa_frame_defer(frame, set_flag, NULL), FA_ERR_NOMEM);
    int local;
    fa_free(ctx, &local);
    fa_free(ctx, NULL);
    fa_tag_push(ctx, 0);
    fa_tag_pop(ctx);
    fa_ctx_destroy(ctx);
    fai_fault_arm(0, false);
    ck_assert_uint_ne(fa_ctx_id(fa_ctx_current(w.allocator)), 0);
    return NULL;
}

START_TEST(a_thread_without_memory_gets_a_context_that_refuses)
{
    test_run_thread(use_refusing, NULL);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- misuse --- */

START_TEST(a_configuration_that_is_not_initialised_is_refused)
{
    fa_ctx_config config;
    fa_ctx *ctx = w.ctx;
    memset(&config, 0, sizeof(config));
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &ctx), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_ptr_null(ctx);
    memset(&config, 0xa5, sizeof(config));
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &ctx), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

START_TEST(a_configuration_of_an_older_header_is_taken)
{
    struct {
        size_t struct_size;
        const char *name;
    } old = {sizeof(old), "old"};
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator,
                                   (const fa_ctx_config *)(const void *)&old,
                                   &ctx),
                     FA_OK);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(the_context_of_a_thread_is_not_destroyed_by_hand)
{
    fa_ctx_destroy(w.ctx);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 16, 16));
}
END_TEST

START_TEST(begin_of_a_context_without_own_frames_is_refused)
{
    fa_ctx_begin_frame(w.ctx);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 0);
}
END_TEST

START_TEST(begin_and_end_of_own_frames_must_pair)
{
    fa_ctx *ctx = make_own_frames();
    fa_ctx_end_frame(ctx);
    ck_assert_only_diag(&w.log, 4);
    fa_frame *frame = fa_ctx_begin_frame(ctx);
    char *block = fa_frame_alloc(frame, 16, 16);
    ck_assert_ptr_eq(fa_ctx_begin_frame(ctx), frame);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_ptr_eq(fa_frame_alloc(frame, 16, 16), block + 16);
    fa_ctx_end_frame(ctx);
    fa_ctx_end_frame(ctx);
    ck_assert_only_diag(&w.log, 4);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(unpin_without_pin_is_reported)
{
    test_begin(&w);
    fa_ctx_frame_unpin(w.ctx);
    ck_assert_only_diag(&w.log, 4);
}
END_TEST

START_TEST(destroy_reports_explicit_contexts_that_are_left)
{
    make_ctx(NULL);
    test_close(&w);
    ck_assert_only_diag(&w.log, 610);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_thread_has_one_context_per_allocator);
    tcase_add_test(tc,
                   numbers_of_contexts_count_from_one_and_are_not_used_again);
    tcase_add_test(tc, status_tells_the_last_failure_and_stays);
    tcase_add_test(tc, queries_of_null_are_answered);
    tcase_add_test(tc, explicit_contexts_follow_the_frames_of_the_allocator);
    tcase_add_test(tc, end_frame_of_a_worker_publishes_its_figures_early);
    tcase_add_test(tc, the_name_is_cut_to_31_bytes);
    tcase_add_test(tc, a_destroyed_context_returns_its_memory);
    tcase_add_test(tc, destroy_of_a_context_runs_its_defers);
    tcase_add_test(tc, own_frames_are_not_touched_by_those_of_the_allocator);
    tcase_add_test(tc, own_frames_count_by_themselves);
    tcase_add_test(tc, own_frames_refuse_outside_of_a_frame);
    tcase_add_test(tc, own_frames_may_spill_and_begin_again);
    tcase_add_test(tc, a_pinned_context_stays_in_its_frame);
    tcase_add_test(tc, pins_nest);
    suite_add_tcase(suite, tc);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, each_thread_has_its_own_context_until_it_exits);
    tcase_add_test(threads,
                   any_thread_may_use_an_explicit_context_one_at_a_time);
    suite_add_tcase(suite, threads);
}

static void
add_failure_and_misuse(Suite *suite)
{
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, an_explicit_context_without_memory_is_not_made);
    tcase_add_test(failure,
                   a_thread_without_memory_gets_a_context_that_refuses);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_loop_test(misuse, a_pin_older_than_the_lag_is_reported, 0, 4);
    tcase_add_test(misuse, a_configuration_that_is_not_initialised_is_refused);
    tcase_add_test(misuse, a_configuration_of_an_older_header_is_taken);
    tcase_add_test(misuse, the_context_of_a_thread_is_not_destroyed_by_hand);
    tcase_add_test(misuse, begin_of_a_context_without_own_frames_is_refused);
    tcase_add_test(misuse, begin_and_end_of_own_frames_must_pair);
    tcase_add_test(misuse, unpin_without_pin_is_reported);
    tcase_add_test(misuse, destroy_reports_explicit_contexts_that_are_left);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("ctx");
    add_contract(suite);
    add_failure_and_misuse(suite);
    return test_main(suite);
}
