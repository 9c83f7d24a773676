/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tasks: what dies with them, what leaves them, and what is refused.
 */
#include "support.h"

#include "os/fault.h"

#include <string.h>

static struct test_world w;
static fa_task task;

static void
begin_task(const fa_task_config *config)
{
    ck_assert_int_eq(fa_task_begin(w.ctx, config, &task), FA_OK);
}

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    begin_task(NULL);
}

static void
open_guarded_world(void)
{
    test_open_guard(&w, FA_GUARD_CHECK);
    begin_task(NULL);
}

static void
close_world(void)
{
    if (w.allocator != NULL && fa_task_is_live(task))
        ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    test_close(&w);
}

static void *
take(size_t size)
{
    void *block = fa_task_alloc(w.ctx, task, size, 16);
    ck_assert_ptr_nonnull(block);
    test_fill(block, size, 3);
    return block;
}

static fa_task_stats
stats_of(fa_task which)
{
    fa_task_stats stats = FA_TASK_STATS_INIT;
    ck_assert_int_eq(fa_task_stats_read(w.ctx, which, &stats), FA_OK);
    return stats;
}

static void
end_allocator(void)
{
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
}

/* --- contract --- */

START_TEST(the_end_frees_all_blocks_of_every_size)
{
    for (size_t size = 1; size <= MIB; size *= 2)
        take(size);
    for (unsigned i = 0; i < 3000; i++)
        take(100);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    end_allocator();
    ck_assert_no_diag(&w.log); /* Not 610: nothing leaks. */
}
END_TEST

START_TEST(blocks_survive_frames_until_the_end)
{
    test_begin(&w);
    void *small = take(100);
    void *large = take(100000);
    for (unsigned i = 0; i < 10; i++) {
        test_end(&w);
        test_begin(&w);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100000, 16));
    }
    ck_assert(test_is_filled(small, 100, 3));
    ck_assert(test_is_filled(large, 100000, 3));
}
END_TEST

START_TEST(the_end_tells_what_was_left)
{
    fa_task_stats left = FA_TASK_STATS_INIT;
    take(100);
    take(200);
    ck_assert_int_eq(fa_task_free(w.ctx, task, take(1000)), FA_OK);
    ck_assert_int_eq(fa_task_end(w.ctx, task, &left), FA_OK);
    ck_assert_uint_eq(left.count, 2);
    ck_assert_uint_eq(left.bytes, 300);
    ck_assert_uint_eq(left.peak, 1300);
    ck_assert_uint_eq(left.allocs, 3);
    ck_assert_uint_eq(left.frees, 1);
}
END_TEST

START_TEST(a_block_that_is_freed_early_can_be_had_again)
{
    void *block = take(100);
    ck_assert_int_eq(fa_task_free(w.ctx, task, block), FA_OK);
    ck_assert_ptr_eq(take(100), block);
    ck_assert_int_eq(fa_task_free(w.ctx, task, NULL), FA_OK);
}
END_TEST

static unsigned ran;

static void
look_at_block(void *block)
{
    ck_assert(test_is_filled(block, 100, 3));
    ck_assert(!fa_task_is_live(task));
    ran++;
}

START_TEST(destructors_run_while_the_blocks_are_there)
{
    ran = 0;
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(fa_task_defer(w.ctx, task, look_at_block, take(100)),
                         FA_OK);
    ck_assert_uint_eq(stats_of(task).defers, 4);
    ck_assert_uint_eq(ran, 0);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert_uint_eq(ran, 4);
    ck_assert_no_diag(&w.log);
}
END_TEST

static char letters[4];

static void
append(void *arg)
{
    letters[ran++] = *(const char *)arg;
}

START_TEST(the_last_destructor_runs_first)
{
    ran = 0;
    for (const char *c = "abc"; *c != '\0'; c++)
        ck_assert_int_eq(
            fa_task_defer(w.ctx, task, append, (void *)(uintptr_t)c), FA_OK);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert_str_eq(letters, "cba");
}
END_TEST

START_TEST(a_removed_block_outlives_the_task)
{
    void *result = take(1000);
    ck_assert_int_eq(fa_task_remove(w.ctx, task, result), FA_OK);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert(test_is_filled(result, 1000, 3));
    fa_free(w.ctx, result);
    end_allocator();
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(an_added_block_dies_with_the_task)
{
    ck_assert_int_eq(fa_task_add(w.ctx, task, fa_heap_alloc(w.ctx, 100000, 16)),
                     FA_OK);
    void *block = fa_heap_alloc(w.ctx, 100, 16);
    ck_assert_int_eq(fa_task_add(w.ctx, task, block), FA_OK);
    ck_assert_int_eq(fa_task_add(w.ctx, task, block), FA_OK);
    ck_assert_uint_eq(stats_of(task).count, 2);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    end_allocator();
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_resized_block_keeps_its_bytes_and_stays)
{
    void *block = fa_task_realloc(w.ctx, task, NULL, 10, 16);
    test_fill(block, 10, 3);
    for (size_t size = 100; size <= MIB; size *= 3) {
        block = fa_task_realloc(w.ctx, task, block, size, 16);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, 10, 3));
        ck_assert_uint_eq(stats_of(task).bytes, size);
    }
    ck_assert_uint_eq(stats_of(task).count, 1);
    ck_assert_int_eq(fa_task_free(w.ctx, task, block), FA_OK);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(new_and_array_are_zeroed)
{
    memset(take(800), 0xff, 800);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    begin_task(NULL);
    uint64_t *one = fa_task_new(w.ctx, task, uint64_t);
    uint64_t *many = fa_task_array(w.ctx, task, uint64_t, 100);
    ck_assert_uint_eq(*one, 0);
    ck_assert(test_is_byte(many, 800, 0));
}
END_TEST

START_TEST(figures_of_the_allocator_count_tasks)
{
    fa_task other;
    ck_assert_int_eq(fa_task_begin(w.ctx, NULL, &other), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).tasks, 2);
    ck_assert_int_eq(fa_task_end(w.ctx, other, NULL), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).tasks, 1);
    ck_assert_uint_eq(test_stats(w.allocator).tasks_begun, 2);
}
END_TEST

START_TEST(memory_comes_from_pools_and_the_heap_not_from_the_frame)
{
    test_begin(&w);
    size_t used = fa_frame_used(w.frame);
    take(100);
    take(100000);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
    ck_assert_uint_gt(test_stats(w.allocator).pool_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 100000);
}
END_TEST

/* --- guarded --- */

START_TEST(a_write_after_the_end_is_found)
{
    char *block = take(48);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    test_write(block + 20, 1);
    for (int i = 0; i < 200 && w.log.count == 0; i++)
        fa_free(w.ctx, fa_heap_alloc(w.ctx, 48, 16));
    ck_assert_only_diag(&w.log, 16);
}
END_TEST

START_TEST(a_free_after_the_end_is_found)
{
    void *block = take(48);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    fa_free(w.ctx, block);
    ck_assert_only_diag(&w.log, 609);
}
END_TEST

START_TEST(a_block_that_was_freed_behind_the_tasks_back_is_found)
{
    fa_free(w.ctx, take(48));
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert_only_diag(&w.log, 609);
}
END_TEST

/* --- limits --- */

START_TEST(the_capacity_holds_to_the_byte)
{
    fa_task_config config = FA_TASK_CONFIG_INIT;
    config.capacity = 1000;
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    begin_task(&config);
    void *block = take(600);
    ck_assert_ptr_null(fa_task_alloc(w.ctx, task, 401, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    take(400);
    ck_assert_ptr_null(fa_task_realloc(w.ctx, task, block, 601, 16));
    ck_assert(test_is_filled(block, 600, 3));
    ck_assert_int_eq(fa_task_free(w.ctx, task, block), FA_OK);
    take(600);
    ck_assert_uint_eq(stats_of(task).refusals, 2);
    ck_assert_uint_eq(stats_of(task).peak, 1000);
}
END_TEST

START_TEST(sizes_and_names_keep_to_their_limits)
{
    fa_task_config config = FA_TASK_CONFIG_INIT;
    config.name = "a name of more than thirty-one bytes";
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    begin_task(&config);
    ck_assert_str_eq(stats_of(task).name, "a name of more than thirty-one ");
    take(0);
    ck_assert_uint_eq(stats_of(task).bytes, 1);
    size_t many = test_size(SIZE_MAX / 2);
    ck_assert_ptr_null(fa_task_zalloc(w.ctx, task, many, 3, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    void *aligned = fa_task_alloc(w.ctx, task, 100, 4096);
    ck_assert_uint_eq((uintptr_t)aligned % 4096, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(ten_thousand_tasks_use_one_record)
{
    fa_task first = task;
    for (unsigned i = 0; i < 10000; i++) {
        take(100);
        ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
        begin_task(NULL);
        ck_assert_ptr_eq(task.record, first.record);
        ck_assert_uint_ne(task.serial, first.serial);
    }
    ck_assert(!fa_task_is_live(first));
}
END_TEST

/* --- failure --- */

START_TEST(without_memory_the_task_stays_as_it_was)
{
    void *block = take(1000);
    fai_fault_arm(1, true);
    void *refused = fa_task_alloc(w.ctx, task, 200 * MIB, 16);
    void *moved = fa_task_realloc(w.ctx, task, block, 200 * MIB, 16);
    fai_fault_arm(0, false);
    ck_assert_ptr_null(refused);
    ck_assert_ptr_null(moved);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert(test_is_filled(block, 1000, 3));
    ck_assert_uint_eq(stats_of(task).count, 1);
    ck_assert_uint_eq(stats_of(task).bytes, 1000);
}
END_TEST

START_TEST(without_room_in_the_table_the_block_is_given_back)
{
    uint64_t before = test_stats(w.allocator).heap_bytes;
    fa_free(w.ctx, fa_heap_alloc(w.ctx, 100000, 16)); /* In the cache. */
    fai_fault_arm(1, true);
    void *refused = fa_task_alloc(w.ctx, task, 100000, 16);
    fai_fault_arm(0, false);
    ck_assert_ptr_null(refused);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, before);
}
END_TEST

/* --- misuse --- */

START_TEST(a_task_that_is_over_refuses_every_call)
{
    fa_task_stats stats = FA_TASK_STATS_INIT;
    int local;
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert_ptr_null(fa_task_alloc(w.ctx, task, 100, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 251);
    ck_assert_int_eq(fa_task_free(w.ctx, task, &local), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 251);
    ck_assert_int_eq(fa_task_stats_read(w.ctx, task, &stats), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 251);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 251);
}
END_TEST

START_TEST(the_next_task_of_the_record_is_another)
{
    fa_task over = task;
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    begin_task(NULL);
    ck_assert_ptr_null(fa_task_alloc(w.ctx, over, 100, 16));
    ck_assert_only_diag(&w.log, 251);
    take(100);
}
END_TEST

START_TEST(what_the_task_does_not_have_is_not_freed)
{
    fa_task other;
    int local;
    test_begin(&w);
    ck_assert_int_eq(fa_task_begin(w.ctx, NULL, &other), FA_OK);
    void *theirs = fa_task_alloc(w.ctx, other, 100, 16);
    void *block = take(100);
    void *foreign[] = {theirs, &local, fa_frame_alloc(w.frame, 100, 16),
                       (char *)block + 16};
    for (unsigned i = 0; i < COUNT(foreign); i++) {
        ck_assert_int_eq(fa_task_free(w.ctx, task, foreign[i]), FA_ERR_USAGE);
        ck_assert_ptr_eq(w.log.entry[0].address, foreign[i]);
        ck_assert_only_diag(&w.log, 252);
    }
    ck_assert_int_eq(fa_task_remove(w.ctx, task, theirs), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 252);
    ck_assert_ptr_null(fa_task_realloc(w.ctx, task, theirs, 200, 16));
    ck_assert_only_diag(&w.log, 252);
    ck_assert_int_eq(fa_task_end(w.ctx, other, NULL), FA_OK);
}
END_TEST

START_TEST(a_second_early_free_is_found)
{
    void *block = take(100);
    ck_assert_int_eq(fa_task_free(w.ctx, task, block), FA_OK);
    ck_assert_int_eq(fa_task_free(w.ctx, task, block), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 252);
}
END_TEST

START_TEST(frame_memory_does_not_enter_a_task)
{
    int local;
    test_begin(&w);
    void *block = fa_frame_alloc(w.frame, 100, 16);
    ck_assert_int_eq(fa_task_add(w.ctx, task, block), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 8);
    block = fa_frame_alloc(w.frame, 100000, 16);
    ck_assert_int_eq(fa_task_add(w.ctx, task, block), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 8);
    ck_assert_int_eq(fa_task_add(w.ctx, task, &local), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 8);
}
END_TEST

START_TEST(a_task_that_is_left_is_ended_by_the_allocator)
{
    take(100);
    take(100000);
    ran = 0;
    ck_assert_int_eq(
        fa_task_defer(w.ctx, task, append, (void *)(uintptr_t) "x"), FA_OK);
    end_allocator();
    ck_assert_uint_eq(ran, 1);
    ck_assert_only_diag(&w.log, 254); /* Not 610. */
}
END_TEST

START_TEST(another_allocator_has_no_such_task)
{
    struct test_world other;
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert_ptr_null(fa_task_alloc(other.ctx, task, 100, 16));
    ck_assert_only_diag(&other.log, 251);
    test_close(&other);
    take(100);
}
END_TEST

START_TEST(nulls_and_wrong_structures_are_refused)
{
    fa_task none = {NULL, 0};
    fa_task_config config = {0};
    fa_task_stats stats = {0};
    ck_assert_int_eq(fa_task_begin(NULL, NULL, &none), FA_ERR_USAGE);
    ck_assert_int_eq(fa_task_begin(w.ctx, NULL, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_task_defer(w.ctx, task, NULL, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_task_add(w.ctx, task, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_task_end(NULL, task, NULL), FA_ERR_USAGE);
    ck_assert(!fa_task_is_live(none));
    ck_assert_no_diag(&w.log);
    ck_assert_int_eq(fa_task_end(w.ctx, none, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 251);
    ck_assert_int_eq(fa_task_begin(w.ctx, &config, &none), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_task_end(w.ctx, task, &stats), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert(fa_task_is_live(task));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("task");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, the_end_frees_all_blocks_of_every_size);
    tcase_add_test(contract, blocks_survive_frames_until_the_end);
    tcase_add_test(contract, the_end_tells_what_was_left);
    tcase_add_test(contract, a_block_that_is_freed_early_can_be_had_again);
    tcase_add_test(contract, destructors_run_while_the_blocks_are_there);
    tcase_add_test(contract, the_last_destructor_runs_first);
    tcase_add_test(contract, a_removed_block_outlives_the_task);
    tcase_add_test(contract, an_added_block_dies_with_the_task);
    tcase_add_test(contract, a_resized_block_keeps_its_bytes_and_stays);
    tcase_add_test(contract, new_and_array_are_zeroed);
    tcase_add_test(contract, figures_of_the_allocator_count_tasks);
    tcase_add_test(contract,
                   memory_comes_from_pools_and_the_heap_not_from_the_frame);
    suite_add_tcase(suite, contract);
    TCase *guarded = tcase_create("guarded");
    tcase_add_checked_fixture(guarded, open_guarded_world, close_world);
    tcase_add_test(guarded, the_end_frees_all_blocks_of_every_size);
    tcase_add_test(guarded, a_resized_block_keeps_its_bytes_and_stays);
    tcase_add_test(guarded, a_removed_block_outlives_the_task);
    if (!test_is_watched()) {
        tcase_add_test(guarded, a_write_after_the_end_is_found);
        tcase_add_test(guarded, a_free_after_the_end_is_found);
        tcase_add_test(guarded,
                       a_block_that_was_freed_behind_the_tasks_back_is_found);
    }
    suite_add_tcase(suite, guarded);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, the_capacity_holds_to_the_byte);
    tcase_add_test(limits, sizes_and_names_keep_to_their_limits);
    tcase_add_test(limits, ten_thousand_tasks_use_one_record);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, without_memory_the_task_stays_as_it_was);
    tcase_add_test(failure, without_room_in_the_table_the_block_is_given_back);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_task_that_is_over_refuses_every_call);
    tcase_add_test(misuse, the_next_task_of_the_record_is_another);
    tcase_add_test(misuse, what_the_task_does_not_have_is_not_freed);
    tcase_add_test(misuse, a_second_early_free_is_found);
    tcase_add_test(misuse, frame_memory_does_not_enter_a_task);
    tcase_add_test(misuse, a_task_that_is_left_is_ended_by_the_allocator);
    tcase_add_test(misuse, another_allocator_has_no_such_task);
    tcase_add_test(misuse, nulls_and_wrong_structures_are_refused);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
