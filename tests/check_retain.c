/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Retained blocks: where they go, who is told, and that nothing is lost
 * silently.
 */
#include "retain.h"

/* --- contract --- */

START_TEST(a_block_lives_on_in_a_pool)
{
    void *kept = NULL;
    fa_retain how = how_to(FA_RETAIN_POOL);
    how.slot = &kept;
    char *block = retain(100, &how);
    test_end(&w);
    ck_assert_ptr_nonnull(kept);
    ck_assert_ptr_ne(kept, block);
    test_begin(&w);
    memset(fa_frame_alloc(w.frame, 1000, 16), 0, 1000);
    ck_assert(test_is_filled(kept, 100, 1));
    ck_assert_uint_eq(told.count, 1);
    ck_assert(told.was_readable);
    ck_assert_ptr_eq(told.event[0].from, block);
    ck_assert_ptr_eq(told.event[0].to, kept);
    ck_assert_int_eq(told.event[0].outcome, FA_RETAINED_POOL);
    fa_free(w.ctx, kept);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_block_of_any_size_lives_on_on_the_heap)
{
    static const size_t sizes[] = {1, 100, 5000, 40000, 3000000};
    void *kept = NULL;
    fa_retain how = how_to(FA_RETAIN_PERSISTENT);
    how.slot = &kept;
    retain(sizes[_i], &how);
    test_end(&w);
    ck_assert(test_is_filled(kept, sizes[_i], 1));
    ck_assert_int_eq(told.event[0].outcome, FA_RETAINED_HEAP);
    ck_assert_uint_ge(fa_heap_usable_size(kept), sizes[_i]);
    fa_free(w.ctx, kept);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_block_lives_on_in_a_scratch_arena)
{
    fa_retain how = how_to(FA_RETAIN_SCRATCH);
    how.scratch = make_scratch(0);
    retain(100, &how);
    test_end(&w);
    ck_assert_int_eq(told.event[0].outcome, FA_RETAINED_SCRATCH);
    ck_assert(test_is_filled(told.event[0].to, 100, 1));
    ck_assert_uint_eq(fa_frame_used(fa_scratch_frame(how.scratch)), 112);
}
END_TEST

START_TEST(importance_is_another_name_of_the_policy)
{
    ck_assert_int_eq(FA_RETAIN_EPHEMERAL, FA_RETAIN_DISCARD);
    fa_retain how = how_to(FA_RETAIN_EPHEMERAL);
    retain(10, &how);
    how.policy = FA_RETAIN_REUSABLE;
    retain(10, &how);
    test_end(&w);
    ck_assert_int_eq(told.event[0].outcome, FA_RETAINED_DISCARDED);
    ck_assert_int_eq(told.event[1].outcome, FA_RETAINED_POOL);
    fa_free(w.ctx, told.event[1].to);
}
END_TEST

START_TEST(a_discarded_block_is_told_of_and_empties_its_slot)
{
    int some;
    void *kept = &some;
    fa_retain how = how_to(FA_RETAIN_DISCARD);
    how.slot = &kept;
    retain(100, &how);
    test_end(&w);
    ck_assert_ptr_null(kept);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_uint_eq(summary().outcome[FA_RETAINED_DISCARDED].bytes, 100);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(the_copy_has_the_alignment_that_was_asked_for)
{
    fa_retain how = how_to(_i == 0   ? FA_RETAIN_POOL
                           : _i == 1 ? FA_RETAIN_HEAP
                                     : FA_RETAIN_SCRATCH);
    how.scratch = make_scratch(0);
    how.align = 256;
    for (unsigned i = 0; i < 5; i++)
        retain(100, &how);
    test_end(&w);
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_uint_eq((uintptr_t)told.event[i].to % 256, 0);
        if (_i < 2)
            fa_free(w.ctx, told.event[i].to);
    }
}
END_TEST

START_TEST(blocks_are_copied_in_the_order_of_retaining)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    char *block[5];
    for (unsigned i = 0; i < COUNT(block); i++)
        block[i] = retain(16 + i, &how);
    ck_assert_uint_eq(fa_frame_retained(w.frame), 5);
    test_end(&w);
    for (unsigned i = 0; i < COUNT(block); i++) {
        ck_assert_ptr_eq(told.event[i].from, block[i]);
        fa_free(w.ctx, told.event[i].to);
    }
}
END_TEST

START_TEST(a_copy_counts_for_the_tag_of_retaining)
{
    fa_tag tag = fa_tag_register(w.allocator, "kept");
    fa_retain how = how_to(FA_RETAIN_HEAP);
    fa_tag_push(w.ctx, tag);
    retain(100000, &how);
    fa_tag_pop(w.ctx);
    test_end(&w);
    ck_assert_uint_eq(told.event[0].tag, tag);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).heap_bytes, 100000);
    ck_assert_uint_eq(fa_tag_current(w.ctx), FA_TAG_NONE);
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

START_TEST(the_summary_has_every_field)
{
    fa_tag tag = fa_tag_register(w.allocator, "second");
    fa_retain how = how_to(FA_RETAIN_POOL);
    how.fn = NULL;
    retain(100, &how);
    retain(9000, &how);
    how.policy = FA_RETAIN_HEAP;
    retain(200, &how);
    fa_tag_push(w.ctx, tag);
    how.policy = FA_RETAIN_DISCARD;
    retain(300, &how);
    how.policy = FA_RETAIN_SCRATCH;
    retain(400, &how);
    how.scratch = make_scratch(0);
    retain(500, &how);
    size_t used = fa_frame_used(w.frame);
    test_end(&w);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.frame_number, 1);
    ck_assert_uint_eq(s.frame_bytes, used);
    static const uint64_t bytes[FA_RETAINED_OUTCOMES] = {
        [FA_RETAINED_DISCARDED] = 300,  [FA_RETAINED_POOL] = 100,
        [FA_RETAINED_HEAP] = 200,       [FA_RETAINED_SCRATCH] = 500,
        [FA_RETAINED_NO_SCRATCH] = 400, [FA_RETAINED_TOO_LARGE] = 9000};
    for (unsigned i = 0; i < FA_RETAINED_OUTCOMES; i++) {
        ck_assert_uint_eq(s.outcome[i].bytes, bytes[i]);
        ck_assert_uint_eq(s.outcome[i].count, bytes[i] != 0);
    }
    ck_assert_uint_eq(s.promoted.count, 3);
    ck_assert_uint_eq(s.promoted.bytes, 800);
    ck_assert_uint_eq(s.failed.count, 2);
    ck_assert_uint_eq(s.failed.bytes, 9400);
    ck_assert(s.success_rate > 0.59 && s.success_rate < 0.61);
    ck_assert_uint_eq(s.tag_count, 2);
    ck_assert_uint_eq(s.by_tag[0].promoted.bytes, 300);
    ck_assert_uint_eq(s.by_tag[0].failed.bytes, 9000);
    ck_assert_str_eq(s.by_tag[1].name, "second");
    ck_assert_uint_eq(s.by_tag[1].id, tag);
    ck_assert_uint_eq(s.by_tag[1].discarded.bytes, 300);
    ck_assert_uint_eq(s.by_tag[1].promoted.bytes, 500);
    ck_assert_uint_eq(s.by_tag[1].failed.count, 1);
}
END_TEST

START_TEST(totals_add_up_over_frames)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    how.scratch = make_scratch(0);
    for (unsigned i = 0; i < 3; i++) {
        how.policy = FA_RETAIN_POOL;
        retain(100, &how);
        retain(9000, &how);
        how.policy = FA_RETAIN_HEAP;
        retain(200, &how);
        how.policy = FA_RETAIN_SCRATCH;
        retain(300, &how);
        test_end(&w);
        test_begin(&w);
    }
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.promoted_pool, 300);
    ck_assert_uint_eq(stats.promoted_heap, 600);
    ck_assert_uint_eq(stats.promoted_scratch, 900);
    ck_assert_uint_eq(stats.promotions, 9);
    ck_assert_uint_eq(stats.promotions_failed, 3);
}
END_TEST

START_TEST(a_frame_without_retained_blocks_has_an_empty_summary)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    retain(100, &how);
    test_end(&w);
    ck_assert_uint_eq(summary().promoted.count, 1);
    test_begin(&w);
    test_end(&w);
    fa_retain_summary s = summary();
    ck_assert_uint_eq(s.frame_number, 2);
    ck_assert_uint_eq(s.promoted.count, 0);
    ck_assert_uint_eq(s.tag_count, 0);
    ck_assert(s.success_rate > 0.99);
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

/* The original's plain frame end left the list, and the next promotion copied
 * bytes of a dead frame. */
START_TEST(each_frame_end_takes_the_list)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    retain(100, &how);
    fa_ctx_end_frame(w.ctx);
    ck_assert_uint_eq(told.count, 1);
    w.frame = fa_ctx_frame(w.ctx);
    ck_assert_uint_eq(fa_frame_retained(w.frame), 0);
    retain(100, &how);
    test_end(&w);
    ck_assert_uint_eq(told.count, 2);
    ck_assert_uint_eq(summary().promoted.count, 2);
    test_begin(&w);
    test_end(&w);
    ck_assert_uint_eq(told.count, 2);
    fa_free(w.ctx, told.event[0].to);
    fa_free(w.ctx, told.event[1].to);
}
END_TEST

START_TEST(a_worker_that_follows_to_the_next_frame_keeps_its_blocks)
{
    fa_ctx *worker;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &worker), FA_OK);
    fa_retain how = how_to(FA_RETAIN_POOL);
    fa_frame *main_frame = w.frame;
    w.frame = fa_ctx_frame(worker);
    retain(100, &how);
    w.frame = main_frame;
    test_end(&w);
    test_begin(&w);
    ck_assert_uint_eq(told.count, 0);
    (void)fa_ctx_frame(worker);
    ck_assert_uint_eq(told.count, 1);
    ck_assert(told.was_readable);
    fa_free(w.ctx, told.event[0].to);
    fa_ctx_destroy(worker);
}
END_TEST

START_TEST(a_rollback_drops_what_was_retained_after_its_mark)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    retain(100, &how);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    retain(200, &how);
    retain(100000, &how);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_uint_eq(fa_frame_retained(w.frame), 1);
    test_end(&w);
    ck_assert_uint_eq(told.count, 1);
    ck_assert_uint_eq(told.event[0].size, 100);
    ck_assert_no_diag(&w.log);
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

static char *deferred_block;
static bool was_deferred_after;

static void
look_after(void *arg)
{
    (void)arg;
    was_deferred_after = told.count == 1;
    memset(deferred_block, 0, 100);
}

START_TEST(copies_are_made_before_defers_run)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    deferred_block = retain(100, &how);
    ck_assert_int_eq(fa_frame_defer(w.frame, look_after, NULL), FA_OK);
    test_end(&w);
    ck_assert(was_deferred_after);
    ck_assert(test_is_filled(told.event[0].to, 100, 1));
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

START_TEST(with_a_lag_copies_are_made_when_the_frame_ends)
{
    w.config.frame_lag = 2;
    test_open(&w);
    test_begin(&w);
    fa_retain how = how_to(FA_RETAIN_POOL);
    char *block = retain(100, &how);
    test_end(&w);
    ck_assert_uint_eq(told.count, 1);
    ck_assert(test_is_filled(block, 100, 1));
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

START_TEST(a_retained_block_is_not_popped_by_a_release)
{
    fa_retain how = how_to(FA_RETAIN_POOL);
    char *block = retain(100, &how);
    fa_frame_release(w.frame, block, 100);
    test_fill(fa_frame_alloc(w.frame, 100, 16), 100, 2);
    test_end(&w);
    ck_assert(test_is_filled(told.event[0].to, 100, 1));
    fa_free(w.ctx, told.event[0].to);
}
END_TEST

START_TEST(guard_modes_keep_blocks)
{
    static const fa_guard levels[] = {FA_GUARD_CHECK, FA_GUARD_PROTECT,
                                      FA_GUARD_FRESH};
    w.config.guard = levels[_i];
    test_open(&w);
    test_begin(&w);
    fa_retain how = how_to(FA_RETAIN_POOL);
    retain(100, &how);
    how.policy = FA_RETAIN_HEAP;
    retain(100000, &how);
    test_end(&w);
    ck_assert_uint_eq(told.count, 2);
    ck_assert(test_is_filled(told.event[0].to, 100, 1));
    ck_assert(test_is_filled(told.event[1].to, 100000, 1));
    fa_free(w.ctx, told.event[0].to);
    fa_free(w.ctx, told.event[1].to);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- threads --- */

static void *
retain_and_exit(void *arg)
{
    fa_frame *frame = fa_ctx_frame(fa_ctx_current(w.allocator));
    char *block = fa_frame_alloc(frame, 100, 16);
    test_fill(block, 100, 1);
    ck_assert_int_eq(fa_frame_retain(frame, block, 100, arg), FA_OK);
    return NULL;
}

START_TEST(a_thread_that_exits_keeps_its_blocks)
{
    fa_retain how = how_to(FA_RETAIN_HEAP);
    test_run_thread(retain_and_exit, &how);
    ck_assert_uint_eq(told.count, 1);
    ck_assert(test_is_filled(told.event[0].to, 100, 1));
    fa_free(w.ctx, told.event[0].to);
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
retain_foreign(void *arg)
{
    ck_assert_int_eq(fa_frame_retain(w.frame, w.frame->cursor - 16, 16, arg),
                     FA_ERR_THREAD);
    return NULL;
}

START_TEST(another_thread_does_not_retain)
{
    fa_retain how = how_to(FA_RETAIN_HEAP);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    test_run_thread(retain_foreign, &how);
    ck_assert_only_diag(&w.log, 211);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("retain");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, a_block_lives_on_in_a_pool);
    tcase_add_loop_test(contract, a_block_of_any_size_lives_on_on_the_heap, 0,
                        5);
    tcase_add_test(contract, a_block_lives_on_in_a_scratch_arena);
    tcase_add_test(contract, importance_is_another_name_of_the_policy);
    tcase_add_test(contract, a_discarded_block_is_told_of_and_empties_its_slot);
    tcase_add_loop_test(contract, the_copy_has_the_alignment_that_was_asked_for,
                        0, 3);
    tcase_add_test(contract, blocks_are_copied_in_the_order_of_retaining);
    tcase_add_test(contract, a_copy_counts_for_the_tag_of_retaining);
    tcase_add_test(contract, the_summary_has_every_field);
    tcase_add_test(contract, totals_add_up_over_frames);
    tcase_add_test(contract,
                   a_frame_without_retained_blocks_has_an_empty_summary);
    tcase_add_test(contract, each_frame_end_takes_the_list);
    tcase_add_test(contract,
                   a_worker_that_follows_to_the_next_frame_keeps_its_blocks);
    tcase_add_test(contract, a_rollback_drops_what_was_retained_after_its_mark);
    tcase_add_test(contract, copies_are_made_before_defers_run);
    tcase_add_test(contract, a_retained_block_is_not_popped_by_a_release);
    suite_add_tcase(suite, contract);

    TCase *modes = tcase_create("modes");
    tcase_add_checked_fixture(modes, prepare_world, close_world);
    tcase_add_test(modes, with_a_lag_copies_are_made_when_the_frame_ends);
    tcase_add_loop_test(modes, guard_modes_keep_blocks, 0, 3);
    suite_add_tcase(suite, modes);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, a_thread_that_exits_keeps_its_blocks);
    tcase_add_test(threads, another_thread_does_not_retain);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
