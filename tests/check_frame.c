/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames: what begin, alloc and end promise, spills and refusals.
 *
 * Sizes with alignments are in check_frame_align.c, the calls that change the
 * last block and text in check_frame_text.c, workers in check_frame_thread.c.
 */
#include "support.h"

#include "os/fault.h"

#include <errno.h>

static struct test_world w;

static void
open_frame(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
open_small(void)
{
    test_prepare(&w);
    w.config.frame_reserve = 64 * KIB;
    w.config.window = 4 * KIB;
    test_open(&w);
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

/* --- contract --- */

START_TEST(frame_numbers_count_from_one)
{
    ck_assert_uint_eq(fa_frame_number(w.allocator), 1);
    test_end(&w);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 1);
    test_begin(&w);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 2);
}
END_TEST

START_TEST(begin_returns_the_frame_of_the_calling_thread)
{
    ck_assert_ptr_eq(fa_ctx_frame(w.ctx), w.frame);
    test_end(&w);
    ck_assert_ptr_eq(fa_begin_frame(w.allocator), w.frame);
}
END_TEST

START_TEST(blocks_follow_each_other_in_steps_of_16)
{
    char *first = fa_frame_alloc(w.frame, 1, 1);
    char *second = fa_frame_alloc(w.frame, 16, 1);
    char *third = fa_frame_alloc(w.frame, 17, 8);
    ck_assert_ptr_nonnull(first);
    ck_assert_ptr_eq(second, first + 16);
    ck_assert_ptr_eq(third, first + 32);
    ck_assert_ptr_eq(w.frame->cursor, first + 64);
    ck_assert_uint_eq(fa_frame_used(w.frame), 64);
}
END_TEST

START_TEST(a_new_frame_begins_at_the_same_address)
{
    char *first = fa_frame_alloc(w.frame, 100, 8);
    for (int i = 0; i < 3; i++) {
        test_end(&w);
        test_begin(&w);
        ck_assert_uint_eq(fa_frame_used(w.frame), 0);
        ck_assert_ptr_eq(fa_frame_alloc(w.frame, 100, 8), first);
    }
}
END_TEST

START_TEST(blocks_of_all_sizes_keep_their_bytes_until_the_end)
{
    char *block[400];
    size_t size[400];
    for (unsigned i = 0; i < COUNT(block); i++) {
        size[i] = (size_t)i * i % 50000 + 1;
        block[i] = fa_frame_alloc(w.frame, size[i], 16);
        ck_assert_ptr_nonnull(block[i]);
        test_fill(block[i], size[i], i);
    }
    for (unsigned i = 0; i < COUNT(block); i++)
        ck_assert(test_is_filled(block[i], size[i], i));
}
END_TEST

START_TEST(zalloc_gives_zeroes_where_old_bytes_were)
{
    static const size_t sizes[] = {1, 100, 32768, 100000};
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT(sizes); i++) {
            void *block = fa_frame_zalloc(w.frame, sizes[i], 16);
            ck_assert_ptr_nonnull(block);
            ck_assert(test_is_byte(block, sizes[i], 0));
            test_write(block, sizes[i]);
        }
        test_end(&w);
        test_begin(&w);
    }
}
END_TEST

START_TEST(new_and_array_are_zeroed_and_raw_ones_are_not_touched)
{
    test_write(fa_frame_alloc(w.frame, 64, 16), 64);
    test_end(&w);
    test_begin(&w);
    ck_assert(test_is_byte(fa_frame_new_raw(w.frame, uint64_t), 8, 0x33));
    ck_assert_uint_eq(*fa_frame_new(w.frame, uint64_t), 0);
    uint64_t *raw = fa_frame_array_raw(w.frame, uint64_t, 2);
    ck_assert(test_is_byte(raw, 16, 0x33));
    uint64_t *zeroed = fa_frame_array(w.frame, uint64_t, 2);
    ck_assert_ptr_eq(zeroed, raw + 2);
    ck_assert(test_is_byte(zeroed, 16, 0));
}
END_TEST

START_TEST(used_counts_small_blocks_in_steps_and_large_ones_as_asked_for)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100, 16));
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 100001, 16));
    ck_assert_uint_eq(fa_frame_used(w.frame), 112 + 100001);
    test_end(&w);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

START_TEST(a_stamp_is_live_until_its_frame_ends)
{
    fa_stamp first = fa_frame_stamp(w.frame);
    ck_assert_uint_eq(first.number, 1);
    ck_assert_uint_eq(first.ctx, 0);
    ck_assert(fa_stamp_is_live(w.allocator, first));
    test_end(&w);
    ck_assert(!fa_stamp_is_live(w.allocator, first));
    test_begin(&w);
    ck_assert(!fa_stamp_is_live(w.allocator, first));
    ck_assert(fa_stamp_is_live(w.allocator, fa_frame_stamp(w.frame)));
}
END_TEST

START_TEST(stamps_that_were_never_given_are_not_live)
{
    ck_assert(!fa_stamp_is_live(w.allocator, (fa_stamp){0, 0}));
    ck_assert(!fa_stamp_is_live(w.allocator, (fa_stamp){2, 0}));
    ck_assert(!fa_stamp_is_live(w.allocator, (fa_stamp){1, 12345}));
}
END_TEST

START_TEST(errno_is_left_alone)
{
    errno = 4242;
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 10 * MIB, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, test_size(SIZE_MAX), 16));
    fa_end_frame(w.allocator);
    fa_end_frame(w.allocator);
    ck_assert_int_eq(errno, 4242);
}
END_TEST

START_TEST(alloc_by_intent_frame_comes_from_the_frame)
{
    char *block = fa_alloc(w.ctx, 100, 16, FA_INTENT_FRAME);
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_eq(w.frame->cursor, block + 112);
}
END_TEST

/* --- spills --- */

START_TEST(a_full_arena_spills_and_the_blocks_keep_their_bytes)
{
    char *block[200];
    for (unsigned i = 0; i < COUNT(block); i++) {
        block[i] = fa_frame_alloc(w.frame, 4000, 16);
        ck_assert_ptr_nonnull(block[i]);
        test_fill(block[i], 4000, i);
    }
    for (unsigned i = 0; i < COUNT(block); i++)
        ck_assert(test_is_filled(block[i], 4000, i));
    ck_assert_uint_eq(fa_frame_used(w.frame), 200 * 4000);
}
END_TEST

START_TEST(a_spill_is_counted_and_reported_once_per_chunk)
{
    ck_assert_uint_eq(test_stats(w.allocator).spills, 0);
    for (unsigned i = 0; i < 17; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4000, 16));
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.spills, 1);
    ck_assert_uint_eq(stats.reserved_bytes, 64 * KIB + stats.spill_bytes);
    ck_assert_uint_gt(stats.spill_ns, 0);
    ck_assert_int_eq(w.log.entry[0].severity, FA_SEVERITY_HINT);
    ck_assert_only_diag(&w.log, 5);
}
END_TEST

START_TEST(the_frame_after_a_spill_does_not_spill_again)
{
    for (int round = 0; round < 100; round++) {
        for (unsigned i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4000, 16));
        test_end(&w);
        if (round == 0)
            w.log.count = 0;
        test_begin(&w);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(alignment_holds_in_every_chunk)
{
    for (unsigned i = 0; test_stats(w.allocator).spills < 4; i++) {
        size_t align = (size_t)1 << i % 13;
        char *block = fa_frame_alloc(w.frame, 1 + i % 4096, align);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % align, 0);
        ck_assert_uint_eq((uintptr_t)block % 16, 0);
    }
}
END_TEST

/* --- limits --- */

START_TEST(size_zero_gives_an_address_and_uses_nothing)
{
    static const fa_guard levels[] = {FA_GUARD_OFF, FA_GUARD_CHECK,
                                      FA_GUARD_FRESH};
    struct test_world other;
    test_open_guard(&other, levels[_i]);
    test_begin(&other);
    ck_assert_ptr_nonnull(fa_frame_alloc(other.frame, 0, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(other.frame, 0, 4096));
    ck_assert_ptr_nonnull(fa_frame_zalloc(other.frame, 0, 1));
    ck_assert_uint_lt(fa_frame_used(other.frame), 2 * PAGE);
    test_close(&other);
    ck_assert_no_diag(&other.log);
}
END_TEST

static const size_t huge_sizes[] = {SIZE_MAX,
                                    SIZE_MAX - 1,
                                    SIZE_MAX - 14,
                                    SIZE_MAX - 15,
                                    SIZE_MAX - 16,
                                    SIZE_MAX - 4095,
                                    SIZE_MAX - 65536,
                                    BIT_BELOW(0) + BIT_BELOW(1),
#if IS_64_BIT
                                    SIZE_MAX / 2,
                                    SIZE_MAX / 2 + 1,
                                    BIT_BELOW(1),
                                    BIT_BELOW(16) + 1
#endif
};

START_TEST(a_size_that_no_system_has_is_refused_and_nothing_changes)
{
    struct test_world other;
    test_open_guard(&other, _i == 0 ? FA_GUARD_OFF : (fa_guard)_i);
    test_begin(&other);
    char *cursor = other.frame->cursor;
    for (size_t i = 0; i < COUNT(huge_sizes); i++)
        for (size_t align = 1; align <= FA_ALIGN_MAX; align *= 2) {
            ck_assert_ptr_null(
                fa_frame_alloc(other.frame, huge_sizes[i], align));
            ck_assert_int_eq(fa_ctx_status(other.ctx), FA_ERR_NOMEM);
        }
    ck_assert_uint_eq(fa_frame_used(other.frame), 0);
    ck_assert_ptr_eq(other.frame->cursor, cursor);
    ck_assert_uint_eq(test_log_count(&other.log, 3),
                      other.log.count > 64 ? 64 : other.log.count);
    test_close(&other);
}
END_TEST

START_TEST(count_times_size_that_overflows_is_refused)
{
    struct test_world other;
    test_open_guard(&other, _i == 0 ? FA_GUARD_OFF : (fa_guard)_i);
    test_begin(&other);
    size_t half = test_size((size_t)1 << sizeof(size_t) * 4);
    ck_assert_ptr_null(fa_frame_alloc_array(other.frame, half, half, 8));
    ck_assert_int_eq(fa_ctx_status(other.ctx), FA_ERR_NOMEM);
    ck_assert_ptr_null(fa_frame_zalloc_array(other.frame, half + 1, half, 8));
    ck_assert_ptr_null(
        fa_frame_array(other.frame, uint64_t, test_size(SIZE_MAX / 8 + 1)));
    ck_assert_ptr_null(
        fa_frame_array_raw(other.frame, uint64_t, test_size(SIZE_MAX)));
    ck_assert_uint_eq(fa_frame_used(other.frame), 0);
    test_close(&other);
}
END_TEST

START_TEST(exactly_the_rest_of_the_window_fits)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    size_t room = (size_t)(w.frame->limit - w.frame->cursor);
    ck_assert_uint_ge(room, 16);
    char *block = fa_frame_alloc(w.frame, room, 16);
    ck_assert_ptr_nonnull(block);
    ck_assert_ptr_eq(w.frame->cursor, block + room);
    char *next = fa_frame_alloc(w.frame, 1, 1);
    ck_assert_ptr_eq(next, block + room);
}
END_TEST

START_TEST(the_arena_is_used_to_its_last_byte_before_it_spills)
{
    for (size_t used = 0; used < 64 * KIB; used += 4096)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4096, 16));
    ck_assert_uint_eq(test_stats(w.allocator).spills, 0);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1, 1));
    ck_assert_uint_eq(test_stats(w.allocator).spills, 1);
}
END_TEST

/* --- failure --- */

START_TEST(a_refused_block_leaves_the_frame_as_it_was)
{
    char *before = fa_frame_alloc(w.frame, 100, 16);
    ck_assert_ptr_nonnull(before);
    test_fill(before, 100, 1);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 64 * KIB);
    w.log.count = 0;
    ck_assert_ptr_null(fa_frame_alloc(w.frame, MIB, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 311);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    ck_assert(test_is_filled(before, 100, 1));
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 100, 16), before + 112);
}
END_TEST

START_TEST(a_frame_without_memory_refuses_and_the_next_one_works)
{
    test_end(&w);
    struct test_world other;
    test_open_guard(&other, FA_GUARD_OFF);
    fai_fault_arm(1, true);
    test_begin(&other);
    ck_assert_ptr_nonnull(other.frame);
    ck_assert_ptr_null(fa_frame_alloc(other.frame, 1, 1));
    ck_assert_int_eq(fa_ctx_status(other.ctx), FA_ERR_NOMEM);
    ck_assert_uint_eq(fa_frame_used(other.frame), 0);
    test_end(&other);
    fai_fault_arm(0, false);
    test_begin(&other);
    ck_assert_ptr_nonnull(fa_frame_alloc(other.frame, 1, 1));
    test_close(&other);
}
END_TEST

/* --- misuse --- */

START_TEST(alloc_without_a_frame_is_refused)
{
    test_end(&w);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 1);
}
END_TEST

START_TEST(alloc_before_the_first_frame_is_refused)
{
    struct test_world other;
    test_open_guard(&other, FA_GUARD_OFF);
    fa_frame *frame = fa_ctx_frame(other.ctx);
    ck_assert_ptr_nonnull(frame);
    ck_assert_ptr_null(fa_frame_alloc(frame, 1, 1));
    ck_assert_int_eq(fa_ctx_status(other.ctx), FA_ERR_STATE);
    ck_assert_only_diag(&other.log, 1);
    test_close(&other);
}
END_TEST

START_TEST(begin_while_open_is_reported_and_changes_nothing)
{
    char *first = fa_frame_alloc(w.frame, 16, 16);
    ck_assert_ptr_eq(fa_begin_frame(w.allocator), w.frame);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 1);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 16, 16), first + 16);
}
END_TEST

START_TEST(end_without_begin_is_reported_and_changes_nothing)
{
    test_end(&w);
    ck_assert_no_diag(&w.log);
    test_end(&w);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 1);
    test_begin(&w);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 2);
    ck_assert_no_diag(&w.log);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("frame");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_frame, close_world);
    tcase_add_test(contract, frame_numbers_count_from_one);
    tcase_add_test(contract, begin_returns_the_frame_of_the_calling_thread);
    tcase_add_test(contract, blocks_follow_each_other_in_steps_of_16);
    tcase_add_test(contract, a_new_frame_begins_at_the_same_address);
    tcase_add_test(contract,
                   blocks_of_all_sizes_keep_their_bytes_until_the_end);
    tcase_add_test(contract, zalloc_gives_zeroes_where_old_bytes_were);
    tcase_add_test(contract,
                   new_and_array_are_zeroed_and_raw_ones_are_not_touched);
    tcase_add_test(
        contract,
        used_counts_small_blocks_in_steps_and_large_ones_as_asked_for);
    tcase_add_test(contract, a_stamp_is_live_until_its_frame_ends);
    tcase_add_test(contract, stamps_that_were_never_given_are_not_live);
    tcase_add_test(contract, errno_is_left_alone);
    tcase_add_test(contract, alloc_by_intent_frame_comes_from_the_frame);
    suite_add_tcase(suite, contract);

    TCase *spills = tcase_create("spills");
    tcase_add_checked_fixture(spills, open_small, close_world);
    tcase_add_test(spills, a_full_arena_spills_and_the_blocks_keep_their_bytes);
    tcase_add_test(spills, a_spill_is_counted_and_reported_once_per_chunk);
    tcase_add_test(spills, the_frame_after_a_spill_does_not_spill_again);
    tcase_add_test(spills, alignment_holds_in_every_chunk);
    tcase_add_test(spills, the_arena_is_used_to_its_last_byte_before_it_spills);
    suite_add_tcase(suite, spills);
    return suite;
}

static void
add_other_cases(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_frame, close_world);
    tcase_add_loop_test(limits, size_zero_gives_an_address_and_uses_nothing, 0,
                        3);
    tcase_add_loop_test(
        limits, a_size_that_no_system_has_is_refused_and_nothing_changes, 0, 4);
    tcase_add_loop_test(limits, count_times_size_that_overflows_is_refused, 0,
                        4);
    tcase_add_test(limits, exactly_the_rest_of_the_window_fits);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, a_refused_block_leaves_the_frame_as_it_was);
    tcase_add_test(failure,
                   a_frame_without_memory_refuses_and_the_next_one_works);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, alloc_without_a_frame_is_refused);
    tcase_add_test(misuse, alloc_before_the_first_frame_is_refused);
    tcase_add_test(misuse, begin_while_open_is_reported_and_changes_nothing);
    tcase_add_test(misuse, end_without_begin_is_reported_and_changes_nothing);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = make_suite();
    add_other_cases(suite);
    return test_main(suite);
}
