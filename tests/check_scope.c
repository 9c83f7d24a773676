/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Guards and frame scopes: what is not committed is gone, however the block is
 * left, and nothing of a newer frame is touched.
 */
#include "support.h"

static struct test_world w;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
open_frame(void)
{
    open_world();
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static size_t
used(void)
{
    return fa_frame_used(w.frame);
}

static void
take(size_t size)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
}

static unsigned deaths;

static void
count_death(void *arg)
{
    (void)arg;
    deaths++;
}

/* --- guards --- */

START_TEST(an_uncommitted_guard_is_rolled_back_at_the_end_of_its_block)
{
    take(48);
    FA_FRAME_GUARD(guard, w.frame)
    {
        ck_assert_ptr_eq(guard->frame, w.frame);
        take(1000);
        take(100000);
    }
    ck_assert_uint_eq(used(), 48);
    ck_assert_no_diag(&w.log);
}
END_TEST

static int
leave_early(int way)
{
    for (int i = 0; i < 3; i++)
        FA_FRAME_GUARD(guard, w.frame)
        {
            take(160);
            if (way == 0)
                return i;
            if (way == 1)
                break;
            if (way == 2)
                continue;
            ck_assert_int_eq(fa_frame_guard_commit(guard), FA_OK);
            return i;
        }
    return 3;
}

START_TEST(a_guard_is_rolled_back_however_its_block_is_left)
{
    ck_assert_int_eq(leave_early(0), 0);
    ck_assert_uint_eq(used(), 0);
    ck_assert_int_eq(leave_early(1), 3);
    ck_assert_uint_eq(used(), 0);
    ck_assert_int_eq(leave_early(2), 3);
    ck_assert_uint_eq(used(), 0);
    ck_assert_int_eq(leave_early(3), 0);
    ck_assert_uint_eq(used(), 160);
}
END_TEST

START_TEST(a_committed_guard_keeps_its_memory)
{
    char *text = NULL;
    FA_FRAME_GUARD(guard, w.frame)
    {
        text = fa_frame_strdup(guard->frame, "kept");
        ck_assert_int_eq(fa_frame_guard_commit(guard), FA_OK);
    }
    ck_assert_uint_eq(used(), 16);
    ck_assert_str_eq(text, "kept");
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(an_inner_commit_does_not_outlive_an_outer_rollback)
{
    FA_FRAME_GUARD(outer, w.frame)
    {
        take(16);
        FA_FRAME_GUARD(inner, outer->frame)
        {
            take(32);
            ck_assert_int_eq(fa_frame_guard_commit(inner), FA_OK);
        }
        ck_assert_uint_eq(used(), 48);
        FA_FRAME_GUARD(dropped, outer->frame)
        take(64);
        ck_assert_uint_eq(used(), 48);
    }
    ck_assert_uint_eq(used(), 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_rollback_refunds_each_tag_exactly)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_tag ai = fa_tag_register(w.allocator, "ai");
    fa_tag_push(w.ctx, ui);
    take(160);
    FA_FRAME_GUARD(guard, w.frame)
    {
        take(320);
        fa_tag_push(w.ctx, ai);
        take(640);
        take(100000);
        fa_tag_pop(w.ctx);
        ck_assert(guard->is_open);
    }
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 160);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ai).frame_bytes, 0);
}
END_TEST

START_TEST(deferred_functions_of_the_part_run_at_its_rollback)
{
    deaths = 0;
    FA_FRAME_GUARD(guard, w.frame)
    ck_assert_int_eq(fa_frame_defer(guard->frame, count_death, NULL), FA_OK);
    ck_assert_uint_eq(deaths, 1);
}
END_TEST

static fa_status
take_and_return(fa_frame *frame, void *arg)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 4096, 16));
    return *(fa_status *)arg;
}

START_TEST(try_keeps_a_success_and_drops_a_failure)
{
    fa_status status = FA_ERR_NOMEM;
    ck_assert_int_eq(fa_frame_try(w.frame, take_and_return, &status),
                     FA_ERR_NOMEM);
    ck_assert_uint_eq(used(), 0);
    status = FA_OK;
    ck_assert_int_eq(fa_frame_try(w.frame, take_and_return, &status), FA_OK);
    ck_assert_uint_eq(used(), 4096);
    ck_assert_int_eq(fa_frame_try(w.frame, NULL, NULL), FA_ERR_USAGE);
}
END_TEST

START_TEST(a_guard_works_in_a_group)
{
    fa_group group;
    ck_assert_int_eq(fa_group_create(w.ctx, NULL, &group), FA_OK);
    fa_frame *frame = fa_group_frame(group);
    FA_FRAME_GUARD(guard, frame)
    ck_assert_ptr_nonnull(fa_frame_alloc(guard->frame, 100, 16));
    ck_assert_uint_eq(fa_frame_used(frame), 0);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
}
END_TEST

/* --- frame scopes --- */

START_TEST(the_outermost_scope_begins_and_ends_the_frame)
{
    fa_frame *seen = NULL;
    FA_FRAME_SCOPE(frame, w.allocator)
    {
        seen = frame;
        ck_assert_ptr_nonnull(fa_frame_alloc(frame, 16, 16));
        FA_FRAME_SCOPE(inner, w.allocator)
        ck_assert_ptr_eq(inner, frame);
        ck_assert_uint_eq(fa_frame_used(frame), 16);
        ck_assert_uint_eq(fa_frame_number(w.allocator), 1);
    }
    ck_assert_uint_eq(fa_frame_used(seen), 0);
    FA_FRAME_SCOPE(frame, w.allocator)
    ck_assert_uint_eq(fa_frame_number(w.allocator), 2);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_frame_that_is_ended_inside_of_its_scope_is_told)
{
    FA_FRAME_SCOPE(frame, w.allocator)
    fa_end_frame(w.allocator);
    ck_assert_only_diag(&w.log, 4);
}
END_TEST

START_TEST(a_scope_does_not_end_a_newer_frame)
{
    fa_frame_scope scope = fa_frame_scope_begin(w.allocator);
    fa_end_frame(w.allocator);
    test_begin(&w);
    take(64);
    ck_assert_int_eq(fa_frame_scope_end(&scope), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_uint_eq(used(), 64);
    ck_assert_int_eq(fa_frame_scope_end(&scope), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 4);
}
END_TEST

/* --- failure --- */

START_TEST(without_a_frame_a_guard_is_none)
{
    test_end(&w);
    fa_frame_guard guard = fa_frame_guard_begin(w.frame);
    ck_assert_ptr_null(fa_frame_alloc(guard.frame, 16, 16));
    ck_assert_only_diag(&w.log, 1);
    ck_assert_int_eq(fa_frame_guard_commit(&guard), FA_ERR_STATE);
    ck_assert_int_eq(fa_frame_guard_rollback(&guard), FA_ERR_STATE);
    fa_frame_guard_end(&guard);
    fa_status status = FA_OK;
    ck_assert_int_eq(fa_frame_try(w.frame, take_and_return, &status),
                     FA_ERR_STATE);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- misuse --- */

START_TEST(a_guard_that_outlives_its_frame_touches_no_newer_one)
{
    fa_frame_guard guard = fa_frame_guard_begin(w.frame);
    take(16);
    test_end(&w);
    ck_assert_only_diag(&w.log, 6);
    test_begin(&w);
    take(160);
    fa_frame_guard newer = fa_frame_guard_begin(w.frame);
    take(16);
    ck_assert_int_eq(fa_frame_guard_rollback(&guard), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 6);
    ck_assert_uint_eq(used(), 176);
    ck_assert_int_eq(fa_frame_guard_commit(&newer), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_guard_ends_once)
{
    fa_frame_guard guard = fa_frame_guard_begin(w.frame);
    take(16);
    ck_assert_int_eq(fa_frame_guard_commit(&guard), FA_OK);
    ck_assert_int_eq(fa_frame_guard_rollback(&guard), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 6);
    ck_assert_uint_eq(used(), 16);
    fa_frame_guard_end(&guard);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(the_end_of_an_outer_guard_ends_an_empty_inner_one)
{
    /* Both have the same mark. */
    fa_frame_guard outer = fa_frame_guard_begin(w.frame);
    fa_frame_guard inner = fa_frame_guard_begin(w.frame);
    ck_assert_int_eq(fa_frame_guard_rollback(&outer), FA_OK);
    take(16);
    ck_assert_int_eq(fa_frame_guard_rollback(&inner), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 6);
    ck_assert_uint_eq(used(), 16);
}
END_TEST

static void *
commit_elsewhere(void *arg)
{
    ck_assert_int_eq(fa_frame_guard_commit(arg), FA_ERR_THREAD);
    return NULL;
}

START_TEST(a_guard_belongs_to_its_thread)
{
    fa_frame_guard guard = fa_frame_guard_begin(w.frame);
    test_run_thread(commit_elsewhere, &guard);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_int_eq(fa_frame_guard_commit(&guard), FA_OK);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc,
                   an_uncommitted_guard_is_rolled_back_at_the_end_of_its_block);
    tcase_add_test(tc, a_guard_is_rolled_back_however_its_block_is_left);
    tcase_add_test(tc, a_committed_guard_keeps_its_memory);
    tcase_add_test(tc, an_inner_commit_does_not_outlive_an_outer_rollback);
    tcase_add_test(tc, a_rollback_refunds_each_tag_exactly);
    tcase_add_test(tc, deferred_functions_of_the_part_run_at_its_rollback);
    tcase_add_test(tc, try_keeps_a_success_and_drops_a_failure);
    tcase_add_test(tc, a_guard_works_in_a_group);
    suite_add_tcase(suite, tc);

    TCase *frames = tcase_create("contract, frames");
    tcase_add_checked_fixture(frames, open_world, close_world);
    tcase_add_test(frames, the_outermost_scope_begins_and_ends_the_frame);
    tcase_add_test(frames, a_frame_that_is_ended_inside_of_its_scope_is_told);
    tcase_add_test(frames, a_scope_does_not_end_a_newer_frame);
    suite_add_tcase(suite, frames);
}

int
main(void)
{
    Suite *suite = suite_create("scope");
    add_contract(suite);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, without_a_frame_a_guard_is_none);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse,
                   a_guard_that_outlives_its_frame_touches_no_newer_one);
    tcase_add_test(misuse, a_guard_ends_once);
    tcase_add_test(misuse, the_end_of_an_outer_guard_ends_an_empty_inner_one);
    tcase_add_test(misuse, a_guard_belongs_to_its_thread);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
