/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Guard levels: patterns, red zones, quarantine, protected arenas and guard
 * pages. What faults is touched in a child process.
 *
 * Memory is misused here on purpose, so these tests do not run under a
 * checker, except for the one about what the library does there.
 */
#include "support.h"

#include "os/pages.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test_world w;

typedef volatile char *volatile place;

static void
close_world(void)
{
    test_close(&w);
}

static void
open_level(int level)
{
    test_open_guard(&w, level == 0 ? FA_GUARD_OFF : (fa_guard)level);
}

static void
open_and_begin(int level)
{
    open_level(level);
    test_begin(&w);
}

static bool
is_dead(place block, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (block[i] != (char)0xdd)
            return false;
    return true;
}

/* --- level 1: patterns --- */

START_TEST(fresh_memory_of_every_kind_is_filled)
{
    open_and_begin(_i);
    for (size_t size = 1; size < 100000; size = size * 3 + 1) {
        ck_assert(test_is_byte(fa_frame_alloc(w.frame, size, 16), size, 0xcd));
        void *block = fa_heap_alloc(w.ctx, size, 16);
        ck_assert(test_is_byte(block, size, 0xcd));
        fa_free(w.ctx, block);
        block = fa_heap_alloc(w.ctx, size, 16);
        ck_assert(test_is_byte(block, size, 0xcd));
        fa_free(w.ctx, block);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(dead_memory_of_every_kind_is_filled)
{
    open_and_begin(1);
    place small = fa_frame_alloc(w.frame, 100, 16);
    place large = fa_frame_alloc(w.frame, 100000, 16);
    place pool = fa_heap_alloc(w.ctx, 100, 16);
    place heap = fa_heap_alloc(w.ctx, 100000, 16);
    test_end(&w);
    ck_assert(is_dead(small, 100));
    ck_assert(is_dead(large, 100000));
    fa_free(w.ctx, (void *)(uintptr_t)pool);
    fa_free(w.ctx, (void *)(uintptr_t)heap);
    ck_assert(is_dead(pool, 100));
    ck_assert(is_dead(heap, 100000));
}
END_TEST

/* --- level 1: red zones --- */

static void
expect_overrun(const void *block)
{
    ck_assert_uint_eq(test_log_count(&w.log, 9), 1);
    ck_assert_ptr_eq(w.log.entry[0].address, block);
    ck_assert_int_eq(w.log.entry[0].severity, FA_SEVERITY_ERROR);
    ck_assert_only_diag(&w.log, 9);
}

START_TEST(one_byte_past_a_frame_block_of_any_size_is_found)
{
    /* At level 3, multiples of 16 end at the guard page. */
    for (size_t size = 1; size < 100000; size = size * 5 / 4 + 1) {
        if (_i == 3 && size % 16 == 0)
            continue;
        open_and_begin(_i);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 40, 16));
        place block = fa_frame_alloc(w.frame, size, 16);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 40, 16));
        block[size] = 0;
        ck_assert_no_diag(&w.log);
        test_end(&w);
        expect_overrun((void *)(uintptr_t)block);
        test_close(&w);
    }
}
END_TEST

START_TEST(an_overrun_is_found_at_rollback_too)
{
    open_and_begin(_i);
    place before = fa_frame_alloc(w.frame, 40, 16);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    place after = fa_frame_alloc(w.frame, 40, 16);
    before[41] = after[41] = 0;
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    expect_overrun((void *)(uintptr_t)after);
    test_end(&w);
    expect_overrun((void *)(uintptr_t)before);
}
END_TEST

START_TEST(an_overrun_of_pool_and_heap_blocks_is_found_at_the_free)
{
    open_level(_i);
    for (size_t size = 1; size < 100000; size = size * 5 / 4 + 1) {
        char *block = fa_heap_alloc(w.ctx, size, 16);
        size_t room = fa_heap_usable_size(block);
        ck_assert_uint_ge(room, size);
        place at = block;
        at[room] = 0;
        ck_assert_no_diag(&w.log);
        fa_free(w.ctx, block);
        expect_overrun(block);
    }
}
END_TEST

START_TEST(the_message_names_the_tag_of_the_block)
{
    open_and_begin(1);
    fa_tag_push(w.ctx, fa_tag_register(w.allocator, "physics"));
    place block = fa_frame_alloc(w.frame, 40, 16);
    fa_tag_pop(w.ctx);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 40, 16));
    block[40] = 0;
    test_end(&w);
    ck_assert_ptr_nonnull(strstr(w.log.entry[0].detail, "physics"));
    ck_assert_ptr_nonnull(strstr(w.log.entry[0].detail, "40"));
}
END_TEST

START_TEST(a_right_program_is_not_accused)
{
    void *block[64] = {NULL};
    open_level(_i);
    for (unsigned frame = 0; frame < 30; frame++) {
        test_begin(&w);
        for (unsigned i = 0; i < 200; i++) {
            size_t size = (i * 7919 + frame) % 3000 + 1;
            test_write(fa_frame_alloc(w.frame, size, (size_t)1 << i % 8), size);
            fa_free(w.ctx, block[i % 64]);
            block[i % 64] = fa_heap_alloc(w.ctx, size, 16);
            test_write(block[i % 64], size);
        }
        test_end(&w);
    }
    for (unsigned i = 0; i < 64; i++)
        fa_free(w.ctx, block[i]);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- level 1: every call and quarantine --- */

static void *
use_small(void *arg)
{
    struct test_world *world = arg;
    return fa_frame_alloc(world->frame, 16, 16);
}

START_TEST(the_first_small_call_of_another_thread_is_refused)
{
    open_and_begin(_i);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    size_t used = fa_frame_used(w.frame);
    test_run_thread(use_small, &w);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_uint_eq(fa_frame_used(w.frame), used);
}
END_TEST

START_TEST(a_write_to_a_freed_block_is_found_when_it_leaves_quarantine)
{
    open_level(_i);
    char *block = fa_heap_alloc(w.ctx, 48, 16);
    fa_free(w.ctx, block);
    place at = block;
    at[20] = 1;
    for (int i = 0; i < 200 && w.log.count == 0; i++)
        fa_free(w.ctx, fa_heap_alloc(w.ctx, 48, 16));
    ck_assert_ptr_eq(w.log.entry[0].address, block);
    ck_assert_only_diag(&w.log, 16);
}
END_TEST

START_TEST(a_freed_block_is_not_given_again_at_once)
{
    open_level(_i);
    char *block = fa_heap_alloc(w.ctx, 48, 16);
    fa_free(w.ctx, block);
    for (int i = 0; i < 60; i++) {
        char *next = fa_heap_alloc(w.ctx, 48, 16);
        ck_assert_ptr_ne(next, block);
        fa_free(w.ctx, next);
    }
}
END_TEST

/* --- level 2 and 3: faults --- */

struct access {
    place at;
    bool is_write;
};

static void
touch(void *arg)
{
    const struct access *access = arg;
    if (access->is_write)
        *access->at = 1;
    else
        (void)*access->at;
}

static int
signal_of_touch(place at, bool is_write)
{
    struct test_child child;
    struct access access = {at, is_write};
    test_run_child(&child, touch, &access);
    return test_child_signal(&child);
}

START_TEST(dead_memory_faults_for_every_age_up_to_the_quarantine)
{
    char *block[12];
    open_level(_i);
    for (unsigned n = 0; n < COUNT(block); n++) {
        test_begin(&w);
        block[n] = fa_frame_alloc(w.frame, 200, 16);
        block[n][199] = 1;
        for (unsigned age = 1; age <= 3 && age <= n; age++)
            ck_assert_int_eq(signal_of_touch(block[n - age], true), SIGSEGV);
        ck_assert_int_eq(signal_of_touch(block[n], true), 0);
        test_end(&w);
        ck_assert_int_eq(signal_of_touch(block[n], false), SIGSEGV);
    }
}
END_TEST

START_TEST(with_lag_memory_faults_only_after_it_has_died)
{
    test_prepare(&w);
    w.config.guard = (fa_guard)_i;
    w.config.frame_lag = 2;
    test_open(&w);
    test_begin(&w);
    char *block = fa_frame_alloc(w.frame, 200, 16);
    for (int i = 0; i < 2; i++) {
        test_end(&w);
        ck_assert_int_eq(signal_of_touch(block, false), 0);
        test_begin(&w);
    }
    test_end(&w);
    ck_assert_int_eq(signal_of_touch(block, false), SIGSEGV);
}
END_TEST

START_TEST(the_byte_behind_a_block_faults_at_level_3)
{
    open_and_begin(3);
    for (size_t size = 16; size <= 65536; size *= 2) {
        char *block = fa_frame_alloc(w.frame, size, 16);
        ck_assert_int_eq(signal_of_touch(block + size - 1, true), 0);
        ck_assert_int_eq(signal_of_touch(block + size, false), SIGSEGV);
    }
}
END_TEST

START_TEST(addresses_are_not_used_again_at_level_3)
{
    static uintptr_t block[500];
    open_level(3);
    for (unsigned n = 0; n < COUNT(block); n++) {
        test_begin(&w);
        block[n] = (uintptr_t)fa_frame_alloc(w.frame, 16, 16);
        test_end(&w);
        for (unsigned i = 0; i < n; i++)
            ck_assert_uint_ne(block[i], block[n]);
    }
    ck_assert_int_eq(signal_of_touch((place)block[0], false), SIGSEGV);
}
END_TEST

START_TEST(memory_of_dead_frames_is_given_back_at_level_3)
{
    open_level(3);
    for (int frame = 0; frame < 50; frame++) {
        test_begin(&w);
        for (int i = 0; i < 100; i++)
            test_write(fa_frame_alloc(w.frame, 1000, 16), 1000);
        ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 100 * PAGE);
        test_end(&w);
        ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    }
}
END_TEST

START_TEST(used_and_tags_count_blocks_with_guard_pages)
{
    open_and_begin(3);
    fa_tag tag = fa_tag_register(w.allocator, "ui");
    fa_tag_push(w.ctx, tag);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1000, 16));
    fa_mark mark = fa_frame_checkpoint(w.frame);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 2000, 16));
    ck_assert_uint_eq(fa_frame_used(w.frame), 3000);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_uint_eq(fa_frame_used(w.frame), 1000);
    fa_tag_pop(w.ctx);
    test_end(&w);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag).frame_bytes, 1000);
}
END_TEST

START_TEST(limits_hold_for_blocks_with_guard_pages)
{
    open_level(3);
    fa_tag tag = fa_tag_register(w.allocator, "ui");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 16000);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 16 * PAGE);
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&w);
        unsigned count = 0;
        while (fa_frame_alloc(w.frame, 16, 16) != NULL)
            count++;
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
        ck_assert_uint_eq(count, 16);
        test_end(&w);
        test_begin(&w);
        fa_tag_push(w.ctx, tag);
        for (count = 0; fa_frame_alloc(w.frame, 2000, 16) != NULL;)
            count++;
        ck_assert_uint_eq(count, 8);
        fa_tag_pop(w.ctx);
        test_end(&w);
    }
    ck_assert_uint_le(test_stats(w.allocator).held_peak, 16 * PAGE);
}
END_TEST

/* --- the report of a fault --- */

static void
on_fault(int number)
{
    static const char text[] = "the program's own handler\n";
    ssize_t ignored = write(STDERR_FILENO, text, sizeof(text) - 1);
    (void)ignored;
    (void)number;
    _exit(33);
}

static void
fault_with_report(void *has_handler)
{
    struct test_world child;
    if (has_handler != NULL)
        signal(SIGSEGV, on_fault);
    test_prepare(&child);
    child.config.guard = FA_GUARD_PROTECT;
    child.config.report = true;
    test_open(&child);
    fa_tag_push(child.ctx, fa_tag_register(child.allocator, "physics"));
    for (int i = 0; i < 6; i++) {
        test_begin(&child);
        ck_assert_ptr_nonnull(fa_frame_alloc(child.frame, 123, 16));
        test_end(&child);
    }
    test_begin(&child);
    place block = fa_frame_alloc(child.frame, 123, 16);
    test_end(&child);
    test_begin(&child);
    block[100] = 1;
}

START_TEST(the_report_names_frame_tag_and_size)
{
    struct test_child child;
    test_run_child(&child, fault_with_report, NULL);
    ck_assert_int_eq(test_child_signal(&child), SIGSEGV);
    ck_assert_uint_eq(test_child_lines(&child, "FA002"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "of frame 7, frame now 8"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "123 bytes in frame 7"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "physics"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "context 1"), 1);
}
END_TEST

START_TEST(the_programs_own_handler_runs_after_the_report)
{
    struct test_child child;
    test_run_child(&child, fault_with_report, &w);
    ck_assert_int_eq(test_child_exit(&child), 33);
    ck_assert_uint_eq(test_child_lines(&child, "FA002"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "own handler"), 1);
}
END_TEST

static void
fault_elsewhere(void *arg)
{
    struct test_world child;
    (void)arg;
    test_prepare(&child);
    child.config.guard = FA_GUARD_PROTECT;
    child.config.report = true;
    test_open(&child);
    place nowhere = (place)(uintptr_t)64;
    *nowhere = 1;
}

START_TEST(a_fault_elsewhere_is_not_ours_to_explain)
{
    struct test_child child;
    test_run_child(&child, fault_elsewhere, NULL);
    ck_assert_int_eq(test_child_signal(&child), SIGSEGV);
    ck_assert_str_eq(child.err, "");
}
END_TEST

/* --- resources --- */

START_TEST(every_level_gives_its_mappings_back)
{
    uint64_t mapped = 0;
    for (int round = 0; round < 3; round++) {
        open_level(_i);
        for (int frame = 0; frame < 10; frame++) {
            test_begin(&w);
            for (size_t size = 1; size < 200000; size = size * 2 + 1)
                ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
            test_end(&w);
        }
        test_close(&w);
        if (round == 0)
            mapped = fai_pages_mapped();
        ck_assert_uint_eq(fai_pages_mapped(), mapped);
    }
}
END_TEST

/* --- checkers --- */

START_TEST(level_1_turns_on_by_itself_under_a_checker_only)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    if (getenv("FRAMEALLOC_OPTIONS") != NULL)
        return;
    ck_assert_int_eq(fa_allocator_create(&config, &w.allocator), FA_OK);
    ck_assert_int_eq(test_stats(w.allocator).guard, test_is_watched() ? 1 : 0);
    test_close(&w);
    config.guard = FA_GUARD_OFF;
    ck_assert_int_eq(fa_allocator_create(&config, &w.allocator), FA_OK);
    ck_assert_int_eq(test_stats(w.allocator).guard, 0);
}
END_TEST

static void
add_level_1(Suite *suite)
{
    TCase *tc = tcase_create("contract: level 1");
    tcase_add_checked_fixture(tc, NULL, close_world);
    tcase_add_loop_test(tc, fresh_memory_of_every_kind_is_filled, 1, 4);
    tcase_add_test(tc, dead_memory_of_every_kind_is_filled);
    tcase_add_loop_test(tc, one_byte_past_a_frame_block_of_any_size_is_found, 1,
                        4);
    tcase_add_loop_test(tc, an_overrun_is_found_at_rollback_too, 1, 4);
    tcase_add_loop_test(
        tc, an_overrun_of_pool_and_heap_blocks_is_found_at_the_free, 1, 4);
    tcase_add_test(tc, the_message_names_the_tag_of_the_block);
    tcase_add_loop_test(
        tc, a_write_to_a_freed_block_is_found_when_it_leaves_quarantine, 1, 4);
    tcase_add_loop_test(tc, a_freed_block_is_not_given_again_at_once, 1, 4);
    suite_add_tcase(suite, tc);
}

static void
add_faults(Suite *suite)
{
    TCase *tc = tcase_create("contract: levels 2 and 3");
    tcase_add_checked_fixture(tc, NULL, close_world);
    tcase_add_loop_test(
        tc, dead_memory_faults_for_every_age_up_to_the_quarantine, 2, 4);
    tcase_add_loop_test(tc, with_lag_memory_faults_only_after_it_has_died, 2,
                        4);
    tcase_add_test(tc, the_byte_behind_a_block_faults_at_level_3);
    tcase_add_test(tc, addresses_are_not_used_again_at_level_3);
    tcase_add_test(tc, the_report_names_frame_tag_and_size);
    tcase_add_test(tc, the_programs_own_handler_runs_after_the_report);
    tcase_add_test(tc, a_fault_elsewhere_is_not_ours_to_explain);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("guard");
    if (!test_is_instrumented()) {
        add_level_1(suite);
        add_faults(suite);
    }
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, NULL, close_world);
    tcase_add_loop_test(tc, a_right_program_is_not_accused, 0, 4);
    tcase_add_test(tc, memory_of_dead_frames_is_given_back_at_level_3);
    tcase_add_test(tc, used_and_tags_count_blocks_with_guard_pages);
    tcase_add_test(tc, limits_hold_for_blocks_with_guard_pages);
    tcase_add_loop_test(tc, every_level_gives_its_mappings_back, 0, 4);
    tcase_add_test(tc, level_1_turns_on_by_itself_under_a_checker_only);
    suite_add_tcase(suite, tc);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, NULL, close_world);
    tcase_add_loop_test(
        threads, the_first_small_call_of_another_thread_is_refused, 1, 4);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
