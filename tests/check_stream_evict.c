/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: what is evicted when, by whose leave, and what is not.
 */
#include "stream.h"

#define BUDGET ((size_t)1000)

/* --- the program's callbacks --- */

static fa_stream_asset vetoed[2]; /* These may not go. */
static fa_stream_asset asked[64];
static unsigned asked_count;
static fa_stream_asset evicted[64];
static unsigned evicted_count;
static fa_stream_asset freed_when_asked;

static bool
may_evict(void *user, const fa_stream_eviction *what)
{
    ck_assert_ptr_eq(user, &w);
    ck_assert_int_eq(fa_stream_asset_state(stream, what->asset),
                     FA_STREAM_EVICTING);
    ck_assert_uint_lt(asked_count, COUNT(asked));
    asked[asked_count++] = what->asset;
    if (what->asset == freed_when_asked)
        ck_assert_int_eq(fa_stream_free(stream, what->asset), FA_OK);
    return what->asset != vetoed[0] && what->asset != vetoed[1];
}

static void
note_evicted(void *user, const fa_stream_eviction *what)
{
    ck_assert_ptr_eq(user, &w);
    ck_assert_int_eq(fa_stream_asset_state(stream, what->asset),
                     FA_STREAM_GONE);
    /* Filled by make(). */
    ck_assert(test_is_filled(what->memory, what->size, (unsigned)what->size));
    ck_assert_uint_lt(evicted_count, COUNT(evicted));
    evicted[evicted_count++] = what->asset;
}

static void
open_stream(void)
{
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    test_open_guard(&w, FA_GUARD_OFF);
    config.name = "textures";
    config.budget = BUDGET;
    config.may_evict = may_evict;
    config.evicted = note_evicted;
    config.user = &w;
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &stream), FA_OK);
    tag = fa_tag_register(w.allocator, "textures");
    vetoed[0] = vetoed[1] = freed_when_asked = FA_STREAM_ASSET_NONE;
    asked_count = evicted_count = 0;
}

static void
use(fa_stream_asset asset)
{
    ck_assert_ptr_nonnull(fa_stream_pin(stream, asset));
    ck_assert_int_eq(fa_stream_unpin(stream, asset), FA_OK);
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

START_TEST(lower_priorities_go_first_and_older_ones_before_newer_ones)
{
    fa_stream_asset high = make(200, FA_STREAM_HIGH);
    fa_stream_asset old = make(200, FA_STREAM_NORMAL);
    fa_stream_asset new = make(200, FA_STREAM_NORMAL);
    run_frame();
    fa_stream_asset low = make(400, FA_STREAM_LOW);
    use(old);
    run_frame();
    use(new);
    make(400, FA_STREAM_HIGH);
    ck_assert_state(low, FA_STREAM_GONE);
    make(200, FA_STREAM_HIGH);
    ck_assert_state(old, FA_STREAM_GONE);
    make(200, FA_STREAM_HIGH);
    ck_assert_state(new, FA_STREAM_GONE);
    make(200, FA_STREAM_HIGH);
    ck_assert_state(high, FA_STREAM_GONE);
    ck_assert_uint_eq(evicted_count, 4);
    ck_assert_uint_eq(stats().eviction_count, 4);
    ck_assert_uint_eq(stats().evicted_bytes, 1000);
}
END_TEST

START_TEST(an_old_asset_of_equal_priority_makes_room)
{
    fa_stream_asset old = make(600, FA_STREAM_NORMAL);
    run_frame();
    fa_stream_asset new = make(600, FA_STREAM_NORMAL);
    ck_assert_state(old, FA_STREAM_GONE);
    ck_assert_state(new, FA_STREAM_READY);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(nothing_is_evicted_when_that_cannot_suffice)
{
    fa_stream_asset low = make(300, FA_STREAM_LOW);
    fa_stream_asset critical = make(700, FA_STREAM_CRITICAL);
    fa_stream_stats before = stats();
    expect_refusal(301, FA_STREAM_CRITICAL);
    ck_assert_state(low, FA_STREAM_READY);
    ck_assert_state(critical, FA_STREAM_READY);
    ck_assert_uint_eq(stats().used_bytes, before.used_bytes);
    ck_assert_uint_eq(stats().refusal_count, 1);
    ck_assert_uint_eq(asked_count + evicted_count, 0);
}
END_TEST

START_TEST(higher_priorities_and_critical_assets_stay)
{
    fa_stream_asset normal = make(500, FA_STREAM_NORMAL);
    fa_stream_asset critical = make(500, FA_STREAM_CRITICAL);
    expect_refusal(100, FA_STREAM_LOW);
    ck_assert_state(normal, FA_STREAM_READY);
    expect_refusal(600, FA_STREAM_CRITICAL);
    ck_assert_state(critical, FA_STREAM_READY);
}
END_TEST

START_TEST(a_pinned_asset_is_never_evicted)
{
    fa_stream_asset asset = make(600, FA_STREAM_LOW);
    const void *memory = fa_stream_pin(stream, asset);
    ck_assert_ptr_eq(fa_stream_pin(stream, asset), memory);
    fa_stream_unpin(stream, asset);
    expect_refusal(600, FA_STREAM_CRITICAL);
    ck_assert(test_is_filled(memory, 600, 600));
    ck_assert_uint_eq(stats().pinned_count, 1);
    fa_stream_unpin(stream, asset);
    make(600, FA_STREAM_CRITICAL);
    ck_assert_state(asset, FA_STREAM_GONE);
}
END_TEST

START_TEST(reserved_and_loading_assets_are_never_evicted)
{
    fa_stream_asset reserved = reserve(500, FA_STREAM_LOW);
    fa_stream_asset loading = reserve(500, FA_STREAM_LOW);
    ck_assert_ptr_nonnull(fa_stream_fill_begin(stream, loading));
    expect_refusal(1, FA_STREAM_CRITICAL);
    ck_assert_state(reserved, FA_STREAM_RESERVED);
    ck_assert_state(loading, FA_STREAM_LOADING);
    fa_stream_free(stream, reserved);
    fa_stream_fill_end(stream, loading, FA_ERR_STATE);
    fa_stream_free(stream, loading);
}
END_TEST

START_TEST(victims_that_a_larger_one_makes_needless_are_spared)
{
    fa_stream_asset small = make(100, FA_STREAM_LOW);
    fa_stream_asset large = make(900, FA_STREAM_NORMAL);
    make(800, FA_STREAM_NORMAL);
    ck_assert_state(small, FA_STREAM_READY);
    ck_assert_state(large, FA_STREAM_GONE);
    ck_assert_uint_eq(asked_count, 1);
}
END_TEST

START_TEST(a_veto_rolls_the_plan_back_and_another_one_is_made)
{
    fa_stream_asset a = make(300, FA_STREAM_NORMAL);
    fa_stream_asset b = make(300, FA_STREAM_NORMAL);
    fa_stream_asset c = make(400, FA_STREAM_NORMAL);
    vetoed[0] = a;
    make(500, FA_STREAM_NORMAL);
    ck_assert_state(a, FA_STREAM_READY);
    ck_assert_state(b, FA_STREAM_GONE);
    ck_assert_state(c, FA_STREAM_GONE);
    ck_assert_uint_eq(stats().veto_count, 1);
    /* It is asked for the next request again. */
    vetoed[0] = FA_STREAM_ASSET_NONE;
    make(500, FA_STREAM_NORMAL);
    ck_assert_state(a, FA_STREAM_GONE);
}
END_TEST

START_TEST(a_plan_that_vetoes_undo_leaves_all_as_it_was)
{
    fa_stream_asset a = make(500, FA_STREAM_NORMAL);
    fa_stream_asset b = make(500, FA_STREAM_NORMAL);
    vetoed[0] = a;
    expect_refusal(600, FA_STREAM_NORMAL);
    ck_assert_state(a, FA_STREAM_READY);
    ck_assert_state(b, FA_STREAM_READY);
    ck_assert_uint_eq(evicted_count, 0);
    ck_assert_uint_eq(stats().used_bytes, 1000);
    ck_assert_ptr_null(fai_stream_check(stream));
    /* And a is the older one still. */
    vetoed[0] = FA_STREAM_ASSET_NONE;
    make(100, FA_STREAM_NORMAL);
    ck_assert_state(a, FA_STREAM_GONE);
    ck_assert_state(b, FA_STREAM_READY);
}
END_TEST

START_TEST(an_asset_may_be_freed_while_a_plan_has_it)
{
    fa_stream_asset a = make(500, FA_STREAM_NORMAL);
    fa_stream_asset b = make(500, FA_STREAM_NORMAL);
    /* Once in a plan that is committed, ... */
    freed_when_asked = a;
    make(400, FA_STREAM_NORMAL);
    ck_assert_state(a, FA_STREAM_GONE);
    ck_assert_uint_eq(evicted_count, 0);
    /* ... and once in one that is rolled back. */
    freed_when_asked = vetoed[0] = b;
    make(500, FA_STREAM_NORMAL);
    ck_assert_state(b, FA_STREAM_GONE);
    ck_assert_uint_eq(evicted_count, 0);
    ck_assert_uint_eq(stats().used_bytes, 900);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(an_evicted_asset_is_refused_without_a_message)
{
    fa_stream_asset asset = make(600, FA_STREAM_LOW);
    make(600, FA_STREAM_NORMAL);
    ck_assert_ptr_null(fa_stream_pin(stream, asset));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
    ck_assert_int_eq(fa_stream_free(stream, asset), FA_ERR_STALE);
    ck_assert_ptr_null(fa_stream_fill_begin(stream, asset));
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- failure --- */

START_TEST(nothing_is_evicted_when_the_heap_refuses)
{
    fa_stream_asset a = make(500, FA_STREAM_LOW);
    make(500, FA_STREAM_LOW);
    stream->budget = SIZE_MAX;
    ck_assert_uint_eq(reserve(SIZE_MAX / 2, FA_STREAM_LOW),
                      FA_STREAM_ASSET_NONE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert_uint_eq(stats().used_bytes, 1000);
    stream->budget = BUDGET;
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 16);
    ck_assert_uint_eq(reserve(800, FA_STREAM_LOW), FA_STREAM_ASSET_NONE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 312);
    ck_assert_uint_eq(asked_count, 2);
    ck_assert_uint_eq(evicted_count, 0);
    ck_assert_state(a, FA_STREAM_READY);
    ck_assert_uint_eq(stats().used_bytes, 1000);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stream_evict");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_stream, close_stream);
    tcase_add_test(tc,
                   lower_priorities_go_first_and_older_ones_before_newer_ones);
    tcase_add_test(tc, an_old_asset_of_equal_priority_makes_room);
    tcase_add_test(tc, nothing_is_evicted_when_that_cannot_suffice);
    tcase_add_test(tc, higher_priorities_and_critical_assets_stay);
    tcase_add_test(tc, a_pinned_asset_is_never_evicted);
    tcase_add_test(tc, reserved_and_loading_assets_are_never_evicted);
    tcase_add_test(tc, victims_that_a_larger_one_makes_needless_are_spared);
    tcase_add_test(tc, a_veto_rolls_the_plan_back_and_another_one_is_made);
    tcase_add_test(tc, a_plan_that_vetoes_undo_leaves_all_as_it_was);
    tcase_add_test(tc, an_asset_may_be_freed_while_a_plan_has_it);
    tcase_add_test(tc, an_evicted_asset_is_refused_without_a_message);
    suite_add_tcase(suite, tc);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_stream, close_stream);
    tcase_add_test(failure, nothing_is_evicted_when_the_heap_refuses);
    suite_add_tcase(suite, failure);
    return test_main(suite);
}
