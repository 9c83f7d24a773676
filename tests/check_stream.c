/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: the life of assets, pins, names, and the budget. Evictions have a
 * suite of their own.
 */
#include "stream.h"

#include "os/fault.h"

#define BUDGET ((size_t)1000)

static void
open_stream(void)
{
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    test_open_guard(&w, FA_GUARD_OFF);
    config.name = "textures";
    config.budget = BUDGET;
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &stream), FA_OK);
    tag = fa_tag_register(w.allocator, "textures");
}

static void
run_frame(void)
{
    test_begin(&w);
    test_end(&w);
}

static void
expect_refusal(size_t size, fa_stream_priority priority)
{
    run_frame(); /* A message of its own. */
    ck_assert_uint_eq(reserve(size, priority), FA_STREAM_ASSET_NONE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 402);
}

/* --- contract --- */

START_TEST(an_asset_is_reserved_then_loading_then_ready)
{
    fa_stream_asset asset = reserve(300, FA_STREAM_NORMAL);
    ck_assert_state(asset, FA_STREAM_RESERVED);
    ck_assert_ptr_null(fa_stream_pin(stream, asset));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_NOT_READY);
    char *memory = fa_stream_fill_begin(stream, asset);
    ck_assert_uint_eq((uintptr_t)memory % 64, 0);
    for (size_t filled = 0; filled < 300; filled += 100) {
        ck_assert_state(asset, FA_STREAM_LOADING);
        ck_assert_ptr_null(fa_stream_pin(stream, asset));
        test_fill(memory + filled, 100, 7);
        ck_assert_int_eq(fa_stream_progress_set(stream, asset, filled + 100),
                         FA_OK);
        run_frame();
    }
    ck_assert_int_eq(fa_stream_fill_end(stream, asset, FA_OK), FA_OK);
    ck_assert_state(asset, FA_STREAM_READY);
    ck_assert_ptr_eq(fa_stream_pin(stream, asset), memory);
    ck_assert_int_eq(fa_stream_unpin(stream, asset), FA_OK);
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_OK);
    ck_assert_state(asset, FA_STREAM_GONE);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(progress_is_told_of_the_asset_and_of_the_stream)
{
    fa_stream_asset a = reserve(300, FA_STREAM_NORMAL);
    fa_stream_asset b = reserve(100, FA_STREAM_NORMAL);
    ck_assert_double_eq(stats().progress, 0);
    ck_assert_double_eq(stats().utilization, 0.4);
    ck_assert_ptr_nonnull(fa_stream_fill_begin(stream, a));
    fa_stream_progress_set(stream, a, 100);
    ck_assert_uint_eq(info(a).filled, 100);
    ck_assert_uint_eq(stats().loading_bytes, 300);
    ck_assert_double_eq(stats().progress, 0.25);
    fa_stream_fill_end(stream, a, FA_OK);
    fill(b);
    ck_assert_uint_eq(info(a).filled, 300);
    ck_assert_uint_eq(stats().ready_bytes, 400);
    ck_assert_double_eq(stats().progress, 1);
    fa_stream_free(stream, a);
    fa_stream_free(stream, b);
}
END_TEST

START_TEST(a_fill_that_fails_may_be_begun_again)
{
    fa_stream_asset asset = reserve(300, FA_STREAM_NORMAL);
    ck_assert_ptr_nonnull(fa_stream_fill_begin(stream, asset));
    fa_stream_progress_set(stream, asset, 200);
    ck_assert_int_eq(fa_stream_fill_end(stream, asset, FA_ERR_STATE), FA_OK);
    ck_assert_state(asset, FA_STREAM_RESERVED);
    ck_assert_uint_eq(info(asset).filled, 0);
    fill(asset);
    ck_assert_state(asset, FA_STREAM_READY);
    fa_stream_free(stream, asset);
}
END_TEST

START_TEST(who_fills_a_cancelled_asset_keeps_its_memory_until_the_end)
{
    fa_stream_asset asset = reserve(600, FA_STREAM_NORMAL);
    char *memory = fa_stream_fill_begin(stream, asset);
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_OK);
    ck_assert_state(asset, FA_STREAM_GONE);
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_ERR_STALE);
    /* Watched by memory checkers. */
    test_fill(memory, 600, 1);
    ck_assert_uint_eq(stats().used_bytes, 600);
    ck_assert_int_eq(fa_stream_progress_set(stream, asset, 600), FA_ERR_STALE);
    ck_assert_int_eq(fa_stream_fill_end(stream, asset, FA_OK), FA_ERR_STALE);
    ck_assert_uint_eq(stats().used_bytes, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(counters_do_not_wrap_when_loaded_assets_are_freed)
{
    for (int i = 0; i < 3; i++) {
        fa_stream_asset asset = make(64, FA_STREAM_NORMAL);
        ck_assert_uint_eq(stats().ready_bytes, 64);
        fa_stream_free(stream, asset);
        fa_stream_stats now = stats();
        ck_assert_uint_eq(now.ready_bytes, 0);
        ck_assert_uint_eq(now.used_bytes, 0);
        ck_assert_uint_eq(now.ready_count, 0);
    }
    ck_assert_uint_eq(stats().peak_bytes, 64);
}
END_TEST

START_TEST(the_next_asset_of_a_record_has_another_name)
{
    fa_stream_asset a = make(10, FA_STREAM_LOW);
    fa_stream_free(stream, a);
    fa_stream_asset b = make(10, FA_STREAM_LOW);
    ck_assert_uint_eq((uint32_t)a, (uint32_t)b);
    ck_assert_uint_ne(a, b);
    ck_assert_ptr_null(fa_stream_pin(stream, a));
    /* The last name of a record: it is not used again (I4). */
    stream->last_generation = (uint32_t)(b >> 32);
    fa_stream_free(stream, b);
    fa_stream_asset c = make(10, FA_STREAM_LOW);
    ck_assert_uint_ne((uint32_t)b, (uint32_t)c);
    ck_assert_state(b, FA_STREAM_GONE);
}
END_TEST

START_TEST(a_use_counts_for_the_frame_it_is_in)
{
    fa_stream_asset asset = make(10, FA_STREAM_LOW);
    run_frame();
    ck_assert_uint_lt(info(asset).frame, fa_frame_number(w.allocator));
    ck_assert_ptr_nonnull(fa_stream_pin(stream, asset));
    ck_assert_uint_eq(info(asset).frame, fa_frame_number(w.allocator));
    run_frame();
    fa_stream_unpin(stream, asset);
    ck_assert_uint_eq(info(asset).frame, fa_frame_number(w.allocator));
}
END_TEST

START_TEST(memory_counts_for_the_tag_of_the_asset_until_it_goes)
{
    fa_tag other = fa_tag_register(w.allocator, "sounds");
    fa_stream_destroy(stream);
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    config.budget = MIB;
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &stream), FA_OK);
    fa_stream_asset asset =
        fa_stream_reserve(stream, 100000, FA_STREAM_LOW, other);
    ck_assert_uint_eq(test_tag_usage(w.allocator, other).heap_bytes, 100000);
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_OK);
    ck_assert_uint_eq(test_tag_usage(w.allocator, other).heap_bytes, 0);
}
END_TEST

START_TEST(what_is_left_is_reported_and_freed)
{
    fa_stream_asset asset = reserve(300, FA_STREAM_NORMAL);
    make(300, FA_STREAM_NORMAL);
    ck_assert_ptr_nonnull(fa_stream_fill_begin(stream, asset));
    fa_stream_destroy(stream);
    stream = NULL;
    ck_assert_only_diag(&w.log, 403);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_no_diag(&w.log); /* Not 610: nothing leaks. */
}
END_TEST

/* --- limits --- */

START_TEST(the_whole_budget_may_be_used_and_not_a_byte_more)
{
    fa_stream_asset asset = reserve(BUDGET, FA_STREAM_LOW);
    ck_assert_uint_ne(asset, FA_STREAM_ASSET_NONE);
    ck_assert_double_eq(stats().utilization, 1);
    expect_refusal(1, FA_STREAM_CRITICAL);
    fa_stream_free(stream, asset);
    expect_refusal(BUDGET + 1, FA_STREAM_CRITICAL);
    expect_refusal(SIZE_MAX, FA_STREAM_CRITICAL);
    ck_assert_uint_eq(stats().used_bytes, 0);
}
END_TEST

START_TEST(size_zero_counts_as_one)
{
    fa_stream_asset asset = reserve(0, FA_STREAM_LOW);
    ck_assert_uint_eq(info(asset).size, 1);
    fa_stream_free(stream, asset);
}
END_TEST

START_TEST(there_may_be_many_assets)
{
    static fa_stream_asset asset[BUDGET];
    for (size_t i = 0; i < BUDGET; i++)
        asset[i] = make(1, FA_STREAM_LOW);
    ck_assert_uint_eq(stats().ready_count, BUDGET);
    for (size_t i = 0; i < BUDGET; i++)
        ck_assert_int_eq(fa_stream_free(stream, asset[i]), FA_OK);
}
END_TEST

START_TEST(pins_that_cannot_be_counted_are_refused)
{
    fa_stream_asset asset = make(10, FA_STREAM_LOW);
    ck_assert_ptr_nonnull(fa_stream_pin(stream, asset));
    fai_asset(stream, (uint32_t)asset)->pins = UINT32_MAX;
    ck_assert_ptr_null(fa_stream_pin(stream, asset));
    ck_assert_only_diag(&w.log, 404);
    fai_asset(stream, (uint32_t)asset)->pins = 1;
    fa_stream_unpin(stream, asset);
}
END_TEST

/* --- failure --- */

START_TEST(a_failing_system_call_gives_none_and_no_leak)
{
    bool has_failed = false;
    stream->budget = 64 * MIB;
    for (uint64_t n = 1; n < 12; n++) {
        fai_fault_arm(n, true);
        fa_stream_asset asset = reserve(40 * MIB, FA_STREAM_LOW);
        fai_fault_arm(0, false);
        if (asset == FA_STREAM_ASSET_NONE) {
            has_failed = true;
            ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
        }
        ck_assert_ptr_null(fai_stream_check(stream));
        fa_stream_free(stream, asset);
        ck_assert_uint_eq(stats().used_bytes, 0);
        fa_allocator_trim(w.allocator);
    }
    ck_assert(has_failed);
}
END_TEST

/* --- misuse --- */

START_TEST(no_asset_and_no_stream_do_nothing)
{
    fa_stream_info out = FA_STREAM_INFO_INIT;
    fa_stream_destroy(NULL);
    ck_assert_uint_eq(fa_stream_reserve(NULL, 1, FA_STREAM_LOW, tag),
                      FA_STREAM_ASSET_NONE);
    ck_assert_ptr_null(fa_stream_pin(stream, FA_STREAM_ASSET_NONE));
    ck_assert_ptr_null(fa_stream_pin(NULL, 1));
    ck_assert_ptr_null(fa_stream_fill_begin(stream, FA_STREAM_ASSET_NONE));
    ck_assert_int_eq(fa_stream_unpin(stream, FA_STREAM_ASSET_NONE), FA_OK);
    ck_assert_int_eq(fa_stream_free(stream, FA_STREAM_ASSET_NONE), FA_OK);
    ck_assert_int_eq(fa_stream_unpin(NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_free(NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_progress_set(NULL, 1, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_fill_end(NULL, 1, FA_OK), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_asset_state(NULL, 1), FA_STREAM_GONE);
    ck_assert_int_eq(fa_stream_info_read(stream, 77, &out), FA_ERR_STALE);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(pins_that_do_not_pair_give_FA404)
{
    fa_stream_asset asset = make(10, FA_STREAM_LOW);
    ck_assert_int_eq(fa_stream_unpin(stream, asset), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 404);
    run_frame();
    ck_assert_ptr_nonnull(fa_stream_pin(stream, asset));
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 404);
    ck_assert_state(asset, FA_STREAM_READY);
    fa_stream_unpin(stream, asset);
}
END_TEST

START_TEST(names_that_never_were_assets_give_FA401)
{
    fa_stream_asset asset = make(10, FA_STREAM_LOW);
    const fa_stream_asset wrong[] = {asset + 1, asset + ((uint64_t)1 << 32),
                                     asset & UINT32_MAX, UINT64_MAX};
    for (unsigned i = 0; i < COUNT(wrong); i++) {
        run_frame();
        ck_assert_ptr_null(fa_stream_pin(stream, wrong[i]));
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
        ck_assert_only_diag(&w.log, 401);
        run_frame();
        ck_assert_int_eq(fa_stream_free(stream, wrong[i]), FA_ERR_STALE);
        ck_assert_only_diag(&w.log, 401);
    }
}
END_TEST

START_TEST(fills_and_unpins_of_assets_that_are_gone_give_FA401)
{
    fa_stream_asset asset = make(10, FA_STREAM_LOW);
    ck_assert_int_eq(fa_stream_fill_end(stream, asset, FA_OK), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
    run_frame();
    fa_stream_free(stream, asset);
    ck_assert_int_eq(fa_stream_unpin(stream, asset), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
    run_frame();
    ck_assert_int_eq(fa_stream_progress_set(stream, asset, 1), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
}
END_TEST

START_TEST(a_second_fill_and_too_much_progress_are_refused)
{
    fa_stream_asset asset = reserve(10, FA_STREAM_LOW);
    ck_assert_ptr_nonnull(fa_stream_fill_begin(stream, asset));
    ck_assert_ptr_null(fa_stream_fill_begin(stream, asset));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
    ck_assert_int_eq(fa_stream_progress_set(stream, asset, 11), FA_ERR_USAGE);
    ck_assert_uint_eq(info(asset).filled, 0);
    fa_stream_fill_end(stream, asset, FA_ERR_STATE);
    fa_stream_free(stream, asset);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    fa_stream *other = stream;
    fa_stream_config config = {0};
    fa_stream_stats out = {0};
    fa_stream_info about = {0};
    ck_assert_uint_eq(reserve(1, (fa_stream_priority)4), FA_STREAM_ASSET_NONE);
    ck_assert_uint_eq(fa_stream_reserve(stream, 1, FA_STREAM_LOW, 200),
                      FA_STREAM_ASSET_NONE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &other),
                     FA_ERR_CONFIG);
    ck_assert_ptr_null(other);
    ck_assert_only_diag(&w.log, 10);
    run_frame();
    ck_assert_int_eq(fa_stream_stats_read(stream, &out), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    run_frame();
    ck_assert_int_eq(
        fa_stream_info_read(stream, make(1, FA_STREAM_LOW), &about),
        FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_stream_create(NULL, NULL, &other), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_create(w.allocator, NULL, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_stats_read(stream, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stream_info_read(stream, 1, NULL), FA_ERR_USAGE);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_stream, close_stream);
    tcase_add_test(tc, an_asset_is_reserved_then_loading_then_ready);
    tcase_add_test(tc, progress_is_told_of_the_asset_and_of_the_stream);
    tcase_add_test(tc, a_fill_that_fails_may_be_begun_again);
    tcase_add_test(tc,
                   who_fills_a_cancelled_asset_keeps_its_memory_until_the_end);
    tcase_add_test(tc, counters_do_not_wrap_when_loaded_assets_are_freed);
    tcase_add_test(tc, the_next_asset_of_a_record_has_another_name);
    tcase_add_test(tc, a_use_counts_for_the_frame_it_is_in);
    tcase_add_test(tc, memory_counts_for_the_tag_of_the_asset_until_it_goes);
    tcase_add_test(tc, what_is_left_is_reported_and_freed);
    suite_add_tcase(suite, tc);
}

static void
add_limits_and_misuse(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_stream, close_stream);
    tcase_add_test(limits, the_whole_budget_may_be_used_and_not_a_byte_more);
    tcase_add_test(limits, size_zero_counts_as_one);
    tcase_add_test(limits, there_may_be_many_assets);
    tcase_add_test(limits, pins_that_cannot_be_counted_are_refused);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_stream, close_stream);
    tcase_add_test(failure, a_failing_system_call_gives_none_and_no_leak);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_stream, close_stream);
    tcase_add_test(misuse, no_asset_and_no_stream_do_nothing);
    tcase_add_test(misuse, pins_that_do_not_pair_give_FA404);
    tcase_add_test(misuse, names_that_never_were_assets_give_FA401);
    tcase_add_test(misuse, fills_and_unpins_of_assets_that_are_gone_give_FA401);
    tcase_add_test(misuse, a_second_fill_and_too_much_progress_are_refused);
    tcase_add_test(misuse, wrong_arguments_are_refused);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("stream");
    add_contract(suite);
    add_limits_and_misuse(suite);
    return test_main(suite);
}
