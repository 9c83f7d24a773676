/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Defers: functions run newest first when the memory dies or is rolled back.
 */
#include "support.h"

static struct test_world w;

static void
open_frame(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static char *
alloc(size_t size)
{
    char *block = fa_frame_alloc(w.frame, size, 16);
    ck_assert_ptr_nonnull(block);
    return block;
}

static void
roll_back(fa_mark mark)
{
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
}

static int order[64];
static unsigned order_count;

static void
note(void *arg)
{
    order[order_count++] = *(int *)arg;
}

static int numbers[] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};

static void
defer(int number)
{
    ck_assert_int_eq(fa_frame_defer(w.frame, note, &numbers[number]), FA_OK);
}

START_TEST(defers_run_newest_first_at_the_end)
{
    order_count = 0;
    for (int i = 0; i < 5; i++) {
        defer(i);
        alloc(100);
    }
    ck_assert_uint_eq(order_count, 0);
    test_end(&w);
    ck_assert_uint_eq(order_count, 5);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(order[i], 4 - i);
    test_begin(&w);
    test_end(&w);
    ck_assert_uint_eq(order_count, 5);
}
END_TEST

START_TEST(rollback_runs_the_defers_of_after_the_mark_only)
{
    order_count = 0;
    defer(0);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    defer(1);
    defer(2);
    roll_back(mark);
    ck_assert_uint_eq(order_count, 2);
    ck_assert_int_eq(order[0], 2);
    ck_assert_int_eq(order[1], 1);
    defer(3);
    test_end(&w);
    ck_assert_uint_eq(order_count, 4);
    ck_assert_int_eq(order[2], 3);
    ck_assert_int_eq(order[3], 0);
}
END_TEST

START_TEST(a_defer_survives_the_release_of_older_blocks)
{
    order_count = 0;
    char *block = alloc(100);
    defer(7);
    fa_frame_release(w.frame, block, 100);
    test_write(alloc(100), 100);
    test_end(&w);
    ck_assert_uint_eq(order_count, 1);
    ck_assert_int_eq(order[0], 7);
}
END_TEST

START_TEST(a_defer_uses_at_most_48_bytes)
{
    defer(0);
    ck_assert_uint_le(fa_frame_used(w.frame), 48);
}
END_TEST

START_TEST(destroy_runs_defers_of_an_open_frame_newest_first)
{
    order_count = 0;
    defer(1);
    defer(2);
    test_close(&w);
    ck_assert_uint_eq(order_count, 2);
    ck_assert_int_eq(order[0], 2);
}
END_TEST

static void
read_frame_memory(void *arg)
{
    order[order_count++] = test_is_filled(arg, 1000, 5);
}

START_TEST(a_defer_may_still_read_memory_of_its_frame)
{
    order_count = 0;
    char *block = alloc(1000);
    test_fill(block, 1000, 5);
    ck_assert_int_eq(fa_frame_defer(w.frame, read_frame_memory, block), FA_OK);
    char *large = alloc(100000);
    test_fill(large, 1000, 5);
    ck_assert_int_eq(fa_frame_defer(w.frame, read_frame_memory, large), FA_OK);
    test_end(&w);
    ck_assert_int_eq(order[0], 1);
    ck_assert_int_eq(order[1], 1);
}
END_TEST

START_TEST(a_defer_without_a_function_is_refused)
{
    ck_assert_int_eq(fa_frame_defer(w.frame, NULL, NULL), FA_ERR_USAGE);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

START_TEST(a_defer_without_a_frame_or_memory_is_refused)
{
    static int number;
    test_end(&w);
    ck_assert_int_eq(fa_frame_defer(w.frame, note, &number), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 1);
    test_begin(&w);
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 16);
    fa_tag_push(w.ctx, ui);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_int_eq(fa_frame_defer(w.frame, note, &number), FA_ERR_BUDGET);
    fa_tag_pop(w.ctx);
    order_count = 0;
    test_end(&w);
    ck_assert_uint_eq(order_count, 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("defer");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, defers_run_newest_first_at_the_end);
    tcase_add_test(tc, rollback_runs_the_defers_of_after_the_mark_only);
    tcase_add_test(tc, a_defer_survives_the_release_of_older_blocks);
    tcase_add_test(tc, a_defer_uses_at_most_48_bytes);
    tcase_add_test(tc, destroy_runs_defers_of_an_open_frame_newest_first);
    tcase_add_test(tc, a_defer_may_still_read_memory_of_its_frame);
    suite_add_tcase(suite, tc);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, a_defer_without_a_frame_or_memory_is_refused);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, a_defer_without_a_function_is_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
