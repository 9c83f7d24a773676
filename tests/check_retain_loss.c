/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Retained blocks that cannot be kept, and calls that are refused.
 */
#include "retain.h"

#include <stdlib.h>

/* --- failure --- */

/* One block that is lost for this reason. */
static void
expect_loss(size_t size, fa_retain how, fa_retained_outcome outcome)
{
    int some;
    void *kept = &some;
    how.slot = &kept;
    retain(size, &how);
    w.log.count = 0;
    test_end(&w);
    ck_assert_ptr_null(kept);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.event[0].outcome, outcome);
    ck_assert_ptr_null(told.event[0].to);
    ck_assert(told.was_readable);
    ck_assert_uint_eq(test_log_count(&w.log, 431), 1);
    ck_assert_uint_eq(summary().outcome[outcome].bytes, size);
    ck_assert_uint_eq(summary().failed.count, 1);
    ck_assert(summary().success_rate < 0.01);
}

START_TEST(a_budget_that_refuses_is_the_reason)
{
    fa_tag tag = fa_tag_register(w.allocator, "limited");
    fa_tag_push(w.ctx, tag);
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 70000);
    expect_loss(50000, how_to(FA_RETAIN_HEAP), FA_RETAINED_NO_BUDGET);
}
END_TEST

START_TEST(a_scratch_arena_that_is_gone_is_the_reason)
{
    fa_retain how = how_to(FA_RETAIN_SCRATCH);
    how.scratch = make_scratch(0);
    ck_assert_int_eq(fa_scratch_destroy(how.scratch), FA_OK);
    expect_loss(100, how, FA_RETAINED_NO_SCRATCH);
    ck_assert_uint_eq(w.log.count, 1);
}
END_TEST

START_TEST(a_scratch_arena_that_is_full_is_the_reason)
{
    fa_retain how = how_to(FA_RETAIN_SCRATCH);
    how.scratch = make_scratch(1024);
    expect_loss(1025, how, FA_RETAINED_SCRATCH_FULL);
}
END_TEST

START_TEST(a_block_above_the_pools_is_too_large)
{
    expect_loss(FA_POOL_BLOCK_MAX + 1, how_to(FA_RETAIN_POOL),
                FA_RETAINED_TOO_LARGE);
}
END_TEST

static void *
no_block(void *user, size_t size, size_t align)
{
    (void)user;
    (void)align;
    return size > 64 * KIB ? NULL : aligned_alloc(align, size);
}

static void
free_block(void *user, void *block, size_t size, size_t align)
{
    (void)user;
    (void)size;
    (void)align;
    free(block);
}

START_TEST(memory_that_is_missing_is_the_reason)
{
    fa_heap_backend backend = FA_HEAP_BACKEND_INIT;
    backend.alloc = no_block;
    backend.free = free_block;
    w.config.heap = &backend;
    w.config.window = MIB;
    test_open(&w);
    test_begin(&w);
    expect_loss(MIB - 16, how_to(FA_RETAIN_HEAP), FA_RETAINED_NO_MEMORY);
}
END_TEST

START_TEST(a_block_that_was_released_is_not_copied)
{
    fa_retain how = how_to(FA_RETAIN_HEAP);
    how.fn = NULL;
    char *block = retain(100000, &how);
    fa_frame_release(w.frame, block, 100000);
    test_end(&w);
    ck_assert_uint_eq(summary().outcome[FA_RETAINED_RELEASED].count, 1);
    ck_assert_only_diag(&w.log, 431);
}
END_TEST

START_TEST(the_end_of_the_allocator_keeps_nothing_and_says_so)
{
    void *kept = &kept;
    fa_retain how = how_to(FA_RETAIN_HEAP);
    how.slot = &kept;
    retain(100, &how);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_ptr_null(kept);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_int_eq(told.event[0].outcome, FA_RETAINED_ENDED);
    ck_assert_only_diag(&w.log, 431);
}
END_TEST

/* --- misuse --- */

START_TEST(a_block_that_is_not_of_the_frame_is_refused)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    char local[16];
    char *block = fa_frame_alloc(w.frame, 32, 16);
    void *heap = fa_heap_alloc(w.ctx, 100000, 16);
    void *wrong[] = {local, heap, block + 32};
    for (unsigned i = 0; i < COUNT(wrong); i++) {
        ck_assert_int_eq(fa_frame_retain(w.frame, wrong[i], 16, &how),
                         FA_ERR_USAGE);
        ck_assert_only_diag(&w.log, 432);
    }
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 33, &how), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 432);
    ck_assert_uint_eq(fa_frame_retained(w.frame), 0);
    fa_free(w.ctx, heap);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    void *block = fa_frame_alloc(w.frame, 32, 16);
    ck_assert_int_eq(fa_frame_retain(w.frame, NULL, 1, &how), FA_ERR_USAGE);
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 1, NULL), FA_ERR_USAGE);
    how.align = 3;
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 1, &how), FA_ERR_USAGE);
    how.align = 0;
    how.policy = (fa_retain_policy)9;
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 1, &how), FA_ERR_USAGE);
    ck_assert_no_diag(&w.log);
    how.struct_size = 0;
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 1, &how), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    fa_retain_summary s = {0};
    ck_assert_int_eq(fa_retain_summary_read(w.ctx, &s), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

START_TEST(a_closed_frame_retains_nothing)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    char *block = fa_frame_alloc(w.frame, 32, 16);
    test_end(&w);
    ck_assert_int_eq(fa_frame_retain(w.frame, block, 32, &how), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 1);
}
END_TEST

START_TEST(scratch_arenas_and_groups_do_not_retain)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    fa_frame *frame = fa_scratch_frame(make_scratch(0));
    void *block = fa_frame_alloc(frame, 32, 16);
    ck_assert_int_eq(fa_frame_retain(frame, block, 32, &how),
                     FA_ERR_UNSUPPORTED);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("retain_loss");
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, a_budget_that_refuses_is_the_reason);
    tcase_add_test(failure, a_scratch_arena_that_is_gone_is_the_reason);
    tcase_add_test(failure, a_scratch_arena_that_is_full_is_the_reason);
    tcase_add_test(failure, a_block_above_the_pools_is_too_large);
    tcase_add_test(failure, a_block_that_was_released_is_not_copied);
    tcase_add_test(failure, the_end_of_the_allocator_keeps_nothing_and_says_so);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_block_that_is_not_of_the_frame_is_refused);
    tcase_add_test(misuse, wrong_arguments_are_refused);
    tcase_add_test(misuse, a_closed_frame_retains_nothing);
    tcase_add_test(misuse, scratch_arenas_and_groups_do_not_retain);
    suite_add_tcase(suite, misuse);

    TCase *modes = tcase_create("modes");
    tcase_add_checked_fixture(modes, prepare_world, close_world);
    tcase_add_test(modes, memory_that_is_missing_is_the_reason);
    suite_add_tcase(suite, modes);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
