/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The behaviour filter: fires on crafted traffic, is quiet on clean traffic,
 * and counts nothing while it is off.
 */
#include "support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static struct test_world w;
static fa_tag tag;

static const fa_behavior levels[] = {FA_BEHAVIOR_DEFAULT, FA_BEHAVIOR_STRICT,
                                     FA_BEHAVIOR_RELAXED};

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    tag = fa_tag_register(w.allocator, "crafted");
    ck_assert_int_eq(fa_behavior_set(w.allocator, &levels[0]), FA_OK);
    fa_tag_push(w.ctx, tag);
}

static void
close_world(void)
{
    test_close(&w);
}

/* The only advice that was given, and the only one there is. */
static fa_behavior_issue
only_issue(uint32_t number)
{
    fa_behavior_issue issue;
    ck_assert_uint_eq(test_log_count(&w.log, number), 1);
    ck_assert_only_diag(&w.log, number);
    ck_assert_uint_eq(fa_behavior_read(w.allocator, &issue, 1), 1);
    ck_assert_uint_eq(issue.number, number);
    ck_assert_uint_eq(issue.tag, tag);
    ck_assert(issue.observed > issue.threshold);
    ck_assert_ptr_nonnull(fa_diag_cure(number));
    return issue;
}

static void
run_frames(unsigned count, void (*traffic)(unsigned frame))
{
    for (unsigned i = 0; i < count; i++) {
        test_begin(&w);
        traffic(i);
        test_end(&w);
    }
}

static void
alloc_in_frame(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 64, 16));
}

/* --- crafted traffic --- */

static void *kept[4096];
static unsigned kept_count;

static void
keep_one(size_t size)
{
    ck_assert_ptr_nonnull(kept[kept_count++] = fa_heap_alloc(w.ctx, size, 16));
}

static void
free_kept(void)
{
    while (kept_count > 0)
        fa_free(w.ctx, kept[--kept_count]);
}

/* 12 survivors at the begin, many objects that are none. */
static void
survive_long(unsigned frame)
{
    alloc_in_frame(10);
    for (unsigned i = 0; frame == 0 && i < 12; i++) {
        keep_one(64);
        fa_behavior_promoted(w.ctx);
    }
}

static void
let_live(unsigned frame)
{
    (void)frame;
    alloc_in_frame(10);
}

START_TEST(survivors_of_frames_that_live_long_are_FA501)
{
    run_frames(60, survive_long);
    /* 12 in 60 frames, of 612: nothing else is wrong. */
    ck_assert_no_diag(&w.log);
    run_frames(30, let_live);
    fa_behavior_issue issue = only_issue(501);
    ck_assert(issue.observed > 89 && issue.observed <= 90);
    free_kept();
}
END_TEST

/* One of ten frames, where most is kept, for one frame. */
static void
survive_often(unsigned frame)
{
    if (frame % 10 != 0)
        return;
    free_kept();
    alloc_in_frame(4);
    for (unsigned i = 0; i < 3; i++) {
        keep_one(64);
        fa_behavior_promoted(w.ctx);
    }
}

START_TEST(much_that_survives_is_FA502)
{
    run_frames(60, survive_often);
    ck_assert(only_issue(502).observed == 75.0);
    free_kept();
}
END_TEST

/* The same by retention: the library itself knows. */
static void
retain_often(unsigned frame)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    if (frame % 10 != 0)
        return;
    free_kept();
    for (unsigned i = 0; i < 4; i++) {
        void *block = fa_frame_alloc(w.frame, 64, 16);
        how.slot = &kept[i];
        if (i < 3)
            ck_assert_int_eq(fa_frame_retain(w.frame, block, 64, &how), FA_OK);
    }
    kept_count = 3;
}

START_TEST(what_is_retained_survives)
{
    run_frames(60, retain_often);
    fa_behavior_issue issue = only_issue(502);
    ck_assert(issue.observed == 75.0);
    ck_assert_uint_eq(issue.objects, 24);
    free_kept();
}
END_TEST

static void
use_pool_as_frame(unsigned frame)
{
    (void)frame;
    for (unsigned i = 0; i < 5; i++)
        fa_free(w.ctx, fa_heap_alloc(w.ctx, 100, 16));
}

START_TEST(pool_objects_that_die_in_their_frame_are_FA510)
{
    run_frames(30, use_pool_as_frame);
    fa_behavior_issue issue = only_issue(510);
    ck_assert(issue.observed == 100.0);
    ck_assert_uint_eq(issue.objects, 150);
}
END_TEST

static void
promote_every_frame(unsigned frame)
{
    (void)frame;
    free_kept();
    alloc_in_frame(10);
    keep_one(64);
    fa_behavior_promoted(w.ctx);
}

START_TEST(a_promotion_in_every_frame_is_FA520)
{
    run_frames(30, promote_every_frame);
    ck_assert(only_issue(520).observed == 100.0);
    free_kept();
}
END_TEST

static void
use_heap_as_frame(unsigned frame)
{
    (void)frame;
    for (unsigned i = 0; i < 2; i++)
        fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 20000, 16));
}

START_TEST(heap_blocks_in_every_frame_are_FA530)
{
    run_frames(30, use_heap_as_frame);
    ck_assert(only_issue(530).observed == 120.0);
}
END_TEST

START_TEST(advice_is_given_once_until_a_reset)
{
    run_frames(300, use_pool_as_frame);
    ck_assert_uint_eq(w.log.count, 1);
    fa_behavior_reset(w.allocator);
    ck_assert_uint_eq(fa_behavior_read(w.allocator, NULL, 0), 0);
    run_frames(60, use_pool_as_frame);
    ck_assert_uint_eq(w.log.count, 2);
}
END_TEST

/* --- clean traffic --- */

/* What a game does: much in the frame, objects that come and go after some
 * frames, a block now and then. */
static void
play(unsigned frame)
{
    alloc_in_frame(100);
    if (frame % 2 == 0)
        keep_one(100);
    if (kept_count > 20) {
        fa_free(w.ctx, kept[0]);
        memmove(kept, kept + 1, --kept_count * sizeof(kept[0]));
    }
    if (frame % 20 == 0)
        fa_heap_free(w.ctx, fa_heap_alloc(w.ctx, 20000, 16));
}

START_TEST(clean_traffic_is_quiet_at_all_levels)
{
    ck_assert_int_eq(fa_behavior_set(w.allocator, &levels[_i]), FA_OK);
    run_frames(600, play);
    ck_assert_no_diag(&w.log);
    ck_assert_uint_eq(fa_behavior_read(w.allocator, NULL, 0), 0);
    free_kept();
}
END_TEST

/* 70 % of pool objects die in their frame. */
static void
mix(unsigned frame)
{
    (void)frame;
    for (unsigned i = 0; i < 7; i++)
        fa_free(w.ctx, fa_heap_alloc(w.ctx, 100, 16));
    for (unsigned i = 0; i < 3; i++)
        keep_one(100);
}

START_TEST(strict_says_what_default_and_relaxed_do_not)
{
    for (unsigned i = 0; i < COUNT(levels); i++) {
        ck_assert_int_eq(fa_behavior_set(w.allocator, &levels[i]), FA_OK);
        run_frames(60, mix);
        ck_assert_uint_eq(w.log.count, i == 1);
        w.log.count = 0;
        free_kept();
    }
}
END_TEST

START_TEST(too_few_samples_are_not_judged)
{
    run_frames(1, use_pool_as_frame);
    fa_behavior_issue issue;
    ck_assert_uint_eq(fa_behavior_read(w.allocator, &issue, 1), 0);
    run_frames(1, use_pool_as_frame);
    ck_assert_uint_eq(fa_behavior_read(w.allocator, &issue, 1), 1);
    ck_assert_uint_eq(issue.objects, 10);
}
END_TEST

START_TEST(the_filter_is_off_by_default_and_off_is_off)
{
    ck_assert_int_eq(fa_behavior_set(w.allocator, NULL), FA_OK);
    run_frames(60, use_pool_as_frame);
    ck_assert_no_diag(&w.log);
    ck_assert_uint_eq(fa_behavior_read(w.allocator, NULL, 0), 0);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).pool_allocs,
                      FA_COUNT_UNKNOWN);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert(w.frame->limit > w.frame->cursor);
    test_end(&w);
}
END_TEST

START_TEST(the_environment_and_the_configuration_switch_it_on)
{
    test_close(&w);
    setenv("FRAMEALLOC_OPTIONS", "behavior=2", 1);
    test_prepare(&w);
    w.config.guard = FA_GUARD_OFF;
    w.config.behavior = _i == 0 ? 0 : 1;
    test_open(&w);
    unsetenv("FRAMEALLOC_OPTIONS");
    run_frames(60, mix);
    ck_assert_uint_eq(w.log.count, _i == 0);
    free_kept();
}
END_TEST

/* --- misuse and threads --- */

START_TEST(thresholds_that_are_not_initialised_are_refused)
{
    fa_behavior zeroes = {0, 0, 0, 0, 0, 0, 0};
    ck_assert_int_eq(fa_behavior_set(w.allocator, &zeroes), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_behavior_set(NULL, NULL), FA_ERR_USAGE);
}
END_TEST

static bool must_stop;

static void *
work(void *arg)
{
    (void)arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fa_tag_push(ctx, tag);
    while (!__atomic_load_n(&must_stop, __ATOMIC_ACQUIRE)) {
        fa_frame *frame = fa_ctx_frame(ctx);
        fa_frame_alloc(frame, 32, 16);
        fa_free(ctx, fa_heap_alloc(ctx, 64, 16));
    }
    return NULL;
}

START_TEST(workers_are_observed_while_the_filter_is_switched)
{
    pthread_t thread[3];
    must_stop = false;
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, work, NULL);
    for (unsigned i = 0; i < test_scaled(300); i++) {
        fa_behavior_issue issue[8];
        if (i % 40 == 0)
            fa_behavior_set(w.allocator, i % 80 == 0 ? &levels[1] : NULL);
        if (i % 7 == 0)
            fa_behavior_read(w.allocator, issue, COUNT(issue));
        run_frames(1, use_pool_as_frame);
    }
    __atomic_store_n(&must_stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    /* Workers do not wait for the frame. */
    for (unsigned i = 0; i < w.log.count && i < TEST_LOG_MAX; i++)
        ck_assert(w.log.entry[i].number == 510 || w.log.entry[i].number == 1 ||
                  w.log.entry[i].number == 606);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("behavior");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, survivors_of_frames_that_live_long_are_FA501);
    tcase_add_test(tc, much_that_survives_is_FA502);
    tcase_add_test(tc, what_is_retained_survives);
    tcase_add_test(tc, pool_objects_that_die_in_their_frame_are_FA510);
    tcase_add_test(tc, a_promotion_in_every_frame_is_FA520);
    tcase_add_test(tc, heap_blocks_in_every_frame_are_FA530);
    tcase_add_test(tc, advice_is_given_once_until_a_reset);
    tcase_add_loop_test(tc, clean_traffic_is_quiet_at_all_levels, 0, 3);
    tcase_add_test(tc, strict_says_what_default_and_relaxed_do_not);
    tcase_add_test(tc, too_few_samples_are_not_judged);
    tcase_add_test(tc, the_filter_is_off_by_default_and_off_is_off);
    tcase_add_loop_test(tc, the_environment_and_the_configuration_switch_it_on,
                        0, 2);
    suite_add_tcase(suite, tc);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, thresholds_that_are_not_initialised_are_refused);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, workers_are_observed_while_the_filter_is_switched);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
