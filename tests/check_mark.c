/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Marks: going back within a frame is exact everywhere, and marks that are
 * gone or of others are refused. Defers are in check_defer.c.
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

static void
expect_stale(fa_frame *frame, fa_mark mark)
{
    size_t used = fa_frame_used(frame);
    w.log.count = 0;
    ck_assert_int_eq(fa_frame_rollback(frame, mark), FA_ERR_STALE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 6);
    ck_assert_uint_eq(fa_frame_used(frame), used);
}

/* --- contract --- */

START_TEST(rollback_on_an_empty_arena_goes_back_to_its_base)
{
    fa_mark mark = fa_frame_checkpoint(w.frame);
    ck_assert_ptr_eq(mark.frame, w.frame);
    ck_assert_uint_eq(mark.number, 1);
    char *first = alloc(100);
    alloc(200 * KIB);
    roll_back(mark);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    ck_assert_ptr_eq(alloc(100), first);
}
END_TEST

START_TEST(rollback_keeps_bytes_from_before_the_checkpoint)
{
    char *kept = alloc(1000);
    test_fill(kept, 1000, 1);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    test_write(alloc(10000), 10000);
    roll_back(mark);
    char *again = alloc(10000);
    ck_assert_ptr_eq(again, kept + 1008);
    test_write(again, 10000);
    ck_assert(test_is_filled(kept, 1000, 1));
}
END_TEST

START_TEST(rollback_works_again_and_again_with_one_mark)
{
    alloc(48);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (int i = 0; i < 1000; i++) {
        alloc((size_t)i * 13 + 1);
        roll_back(mark);
        ck_assert_uint_eq(fa_frame_used(w.frame), 48);
    }
}
END_TEST

START_TEST(rollback_without_any_allocation_changes_nothing)
{
    alloc(48);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    roll_back(mark);
    roll_back(mark);
    ck_assert_uint_eq(fa_frame_used(w.frame), 48);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(nested_marks_go_back_one_by_one)
{
    fa_mark mark[64];
    for (unsigned i = 0; i < 64; i++) {
        mark[i] = fa_frame_checkpoint(w.frame);
        alloc(16 * (i + 1));
    }
    size_t used = fa_frame_used(w.frame);
    for (unsigned i = 64; i-- > 0;) {
        roll_back(mark[i]);
        used -= 16 * (i + 1);
        ck_assert_uint_eq(fa_frame_used(w.frame), used);
    }
    ck_assert_uint_eq(used, 0);
}
END_TEST

START_TEST(ten_thousand_marks_are_kept)
{
    fa_mark first = fa_frame_checkpoint(w.frame), mark = first;
    for (int i = 0; i < 10000; i++) {
        alloc(16);
        mark = fa_frame_checkpoint(w.frame);
        ck_assert_ptr_nonnull(mark.frame);
    }
    alloc(16);
    roll_back(mark);
    ck_assert_uint_eq(fa_frame_used(w.frame), 160000);
    roll_back(first);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

START_TEST(rollback_across_chunks_is_exact)
{
    char *block[64];
    fa_mark mark[64];
    size_t used[64];
    for (unsigned i = 0; i < 64; i++) {
        used[i] = fa_frame_used(w.frame);
        mark[i] = fa_frame_checkpoint(w.frame);
        block[i] = alloc(4000);
        test_fill(block[i], 4000, i);
    }
    ck_assert_uint_ge(test_stats(w.allocator).spills, 2);
    for (unsigned i = 64; i-- > 0;) {
        roll_back(mark[i]);
        ck_assert_uint_eq(fa_frame_used(w.frame), used[i]);
        for (unsigned j = 0; j < i; j++)
            ck_assert(test_is_filled(block[j], 4000, j));
        ck_assert_ptr_eq(alloc(4000), block[i]);
        roll_back(mark[i]);
    }
}
END_TEST

START_TEST(rollback_into_the_first_chunk_and_forth_spills_no_more)
{
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < 64; i++)
            alloc(4000);
        roll_back(mark);
    }
    uint64_t spills = test_stats(w.allocator).spills;
    for (int i = 0; i < 64; i++)
        alloc(4000);
    ck_assert_uint_eq(test_stats(w.allocator).spills, spills);
    ck_assert_uint_le(spills, 2);
}
END_TEST

START_TEST(rollback_frees_oversized_blocks_of_after_the_mark_only)
{
    char *kept = alloc(100000);
    test_fill(kept, 100000, 1);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (unsigned i = 0; i < 10; i++)
        alloc(200000);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 2100000);
    roll_back(mark);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.block_bytes, 100000);
    ck_assert_uint_ge(stats.cache_bytes, 2000000);
    ck_assert_uint_eq(fa_frame_used(w.frame), 100000);
    test_write(alloc(200000), 200000);
    ck_assert(test_is_filled(kept, 100000, 1));
}
END_TEST

START_TEST(rollback_frees_a_block_that_alone_was_made_since_the_mark)
{
    /* The cursor is where it was. */
    fa_mark mark = fa_frame_checkpoint(w.frame);
    alloc(MIB);
    roll_back(mark);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
    alloc(MIB);
    fa_mark second = fa_frame_checkpoint(w.frame);
    alloc(MIB);
    roll_back(second);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, MIB);
}
END_TEST

START_TEST(a_reservation_after_rollback_begins_at_the_mark)
{
    size_t room;
    char *block = alloc(64);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    alloc(640);
    roll_back(mark);
    ck_assert_ptr_eq(fa_frame_reserve(w.frame, 16, 16, &room), block + 64);
}
END_TEST

START_TEST(rollback_is_exact_at_every_guard_level)
{
    test_close(&w);
    test_open_guard(&w, (fa_guard)_i);
    test_begin(&w);
    char *kept = alloc(100);
    test_fill(kept, 100, 1);
    size_t used = fa_frame_used(w.frame);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 1; i < 20; i++)
            test_fill(alloc(i * 3000), i * 3000, i);
        roll_back(mark);
        ck_assert_uint_eq(fa_frame_used(w.frame), used);
        ck_assert(test_is_filled(kept, 100, 1));
    }
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- tags --- */

START_TEST(rollback_refunds_each_tag_exactly)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_tag ai = fa_tag_register(w.allocator, "ai");
    fa_tag_push(w.ctx, ui);
    alloc(160);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    alloc(320);
    fa_tag_push(w.ctx, ai);
    alloc(640);
    alloc(100000);
    fa_tag_pop(w.ctx);
    alloc(16);
    fa_tag_pop(w.ctx);
    alloc(48);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 496);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ai).frame_bytes, 100640);
    roll_back(mark);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 160);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ai).frame_bytes, 0);
    alloc(32);
    test_end(&w);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 160);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ai).frame_bytes, 0);
    ck_assert_uint_eq(test_tag_usage(w.allocator, FA_TAG_NONE).frame_bytes, 32);
}
END_TEST

START_TEST(rollback_in_the_middle_of_a_section_refunds_its_end)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_tag_push(w.ctx, ui);
    alloc(160);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    alloc(320);
    roll_back(mark);
    alloc(16);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).frame_bytes, 176);
}
END_TEST

START_TEST(rollback_across_chunks_refunds_tags_exactly)
{
    fa_tag tag[3];
    char name[] = "tag0";
    for (unsigned i = 0; i < 3; i++, name[3]++)
        tag[i] = fa_tag_register(w.allocator, name);
    fa_tag_push(w.ctx, tag[0]);
    alloc(4096);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (unsigned i = 0; i < 60; i++) {
        fa_tag_push(w.ctx, tag[i % 3]);
        alloc(4096);
        fa_tag_pop(w.ctx);
    }
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag[0]).frame_bytes,
                      21 * 4096);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag[2]).frame_bytes,
                      20 * 4096);
    roll_back(mark);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag[0]).frame_bytes, 4096);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag[1]).frame_bytes, 0);
    ck_assert_uint_eq(test_tag_usage(w.allocator, tag[2]).frame_bytes, 0);
}
END_TEST

START_TEST(rollback_gives_a_limited_tag_its_room_back)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    test_limit(w.allocator, FA_BUDGET_TAG, ui, 64 * KIB);
    fa_tag_push(w.ctx, ui);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (int round = 0; round < 10; round++) {
        size_t given = 0;
        while (fa_frame_alloc(w.frame, 1024, 16) != NULL)
            given += 1024;
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
        ck_assert_uint_eq(given, 64 * KIB);
        roll_back(mark);
    }
    fa_tag_pop(w.ctx);
}
END_TEST

/* --- misuse --- */

START_TEST(a_mark_of_an_older_frame_is_refused)
{
    fa_mark mark = fa_frame_checkpoint(w.frame);
    test_end(&w);
    test_begin(&w);
    alloc(64);
    expect_stale(w.frame, mark);
    fa_frame_checkpoint(w.frame);
    expect_stale(w.frame, mark);
}
END_TEST

START_TEST(a_mark_newer_than_a_rollback_is_refused)
{
    fa_mark outer = fa_frame_checkpoint(w.frame);
    alloc(64);
    fa_mark inner = fa_frame_checkpoint(w.frame);
    alloc(64);
    roll_back(outer);
    expect_stale(w.frame, inner);
    alloc(64);
    fa_frame_checkpoint(w.frame);
    alloc(64);
    expect_stale(w.frame, inner);
    roll_back(outer);
}
END_TEST

START_TEST(a_mark_of_another_context_is_refused)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    fa_frame *frame = fa_ctx_frame(other);
    fa_frame_checkpoint(frame);
    w.log.count = 0;
    ck_assert_int_eq(fa_frame_rollback(frame, mark), FA_ERR_STALE);
    ck_assert_int_eq(fa_ctx_status(other), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 6);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(a_mark_of_zeroes_or_garbage_is_refused)
{
    fa_frame_checkpoint(w.frame);
    expect_stale(w.frame, (fa_mark){NULL, 0, 0, 0});
    expect_stale(w.frame, (fa_mark){w.frame, 1, 77, 0});
    expect_stale(w.frame, (fa_mark){w.frame, 1, 1, UINT32_MAX});
    expect_stale(w.frame, (fa_mark){w.frame, 2, 1, 0});
}
END_TEST

START_TEST(a_checkpoint_without_a_frame_is_one_that_rollback_refuses)
{
    test_end(&w);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    ck_assert_ptr_null(mark.frame);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_ERR_STATE);
    test_begin(&w);
    expect_stale(w.frame, mark);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, rollback_on_an_empty_arena_goes_back_to_its_base);
    tcase_add_test(tc, rollback_keeps_bytes_from_before_the_checkpoint);
    tcase_add_test(tc, rollback_works_again_and_again_with_one_mark);
    tcase_add_test(tc, rollback_without_any_allocation_changes_nothing);
    tcase_add_test(tc, nested_marks_go_back_one_by_one);
    tcase_add_test(tc, ten_thousand_marks_are_kept);
    tcase_add_test(tc, rollback_frees_oversized_blocks_of_after_the_mark_only);
    tcase_add_test(tc,
                   rollback_frees_a_block_that_alone_was_made_since_the_mark);
    tcase_add_test(tc, a_reservation_after_rollback_begins_at_the_mark);
    tcase_add_loop_test(tc, rollback_is_exact_at_every_guard_level, 1, 4);
    tcase_add_test(tc, rollback_refunds_each_tag_exactly);
    tcase_add_test(tc, rollback_in_the_middle_of_a_section_refunds_its_end);
    tcase_add_test(tc, rollback_gives_a_limited_tag_its_room_back);
    suite_add_tcase(suite, tc);

    TCase *chunks = tcase_create("contract: chunks");
    tcase_add_checked_fixture(chunks, open_small, close_world);
    tcase_add_test(chunks, rollback_across_chunks_is_exact);
    tcase_add_test(chunks,
                   rollback_into_the_first_chunk_and_forth_spills_no_more);
    tcase_add_test(chunks, rollback_across_chunks_refunds_tags_exactly);
    suite_add_tcase(suite, chunks);
}

static void
add_misuse(Suite *suite)
{
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, a_mark_of_an_older_frame_is_refused);
    tcase_add_test(misuse, a_mark_newer_than_a_rollback_is_refused);
    tcase_add_test(misuse, a_mark_of_another_context_is_refused);
    tcase_add_test(misuse, a_mark_of_zeroes_or_garbage_is_refused);
    tcase_add_test(misuse,
                   a_checkpoint_without_a_frame_is_one_that_rollback_refuses);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("mark");
    add_contract(suite);
    add_misuse(suite);
    return test_main(suite);
}
