/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames: resize, release, reserve and commit, copies and formatted strings:
 * everything that changes the last block.
 */
#include "support.h"

#include <stdlib.h>
#include <string.h>

#define WINDOW ((size_t)32 * KIB)

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
alloc_filled(size_t size, unsigned seed)
{
    char *block = fa_frame_alloc(w.frame, size, 16);
    ck_assert_ptr_nonnull(block);
    test_fill(block, size, seed);
    return block;
}

/* --- resize --- */

START_TEST(resize_grows_the_last_block_in_place)
{
    char *block = alloc_filled(100, 1);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 100, 1000, 16), block);
    ck_assert(test_is_filled(block, 100, 1));
    ck_assert_uint_eq(fa_frame_used(w.frame), 1008);
}
END_TEST

START_TEST(resize_shrinks_the_last_block_in_place)
{
    char *block = alloc_filled(1000, 1);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 1000, 100, 16), block);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 16, 16), block + 112);
}
END_TEST

START_TEST(resize_to_zero_keeps_the_block)
{
    char *block = alloc_filled(1000, 1);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 1000, 0, 16), block);
}
END_TEST

START_TEST(resize_copies_a_block_that_is_not_the_last)
{
    char *block = alloc_filled(100, 1);
    char *last = alloc_filled(16, 2);
    char *moved = fa_frame_resize(w.frame, block, 100, 200, 16);
    ck_assert_ptr_eq(moved, last + 16);
    ck_assert(test_is_filled(moved, 100, 1));
    ck_assert(test_is_filled(last, 16, 2));
}
END_TEST

START_TEST(resize_shrinks_an_older_block_without_moving_it)
{
    char *block = alloc_filled(100, 1);
    alloc_filled(16, 2);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 100, 50, 16), block);
    ck_assert_uint_eq(fa_frame_used(w.frame), 128);
}
END_TEST

START_TEST(resize_of_null_is_alloc)
{
    char *block = fa_frame_resize(w.frame, NULL, 0, 100, 64);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % 64, 0);
}
END_TEST

START_TEST(resize_to_a_larger_alignment_moves)
{
    char *block = alloc_filled(16, 1);
    while ((uintptr_t)block % 4096 == 0)
        block = alloc_filled(16, 1);
    char *moved = fa_frame_resize(w.frame, block, 16, 32, 4096);
    ck_assert_ptr_nonnull(moved);
    ck_assert_uint_eq((uintptr_t)moved % 4096, 0);
    ck_assert(test_is_filled(moved, 16, 1));
}
END_TEST

START_TEST(resize_grows_through_every_size_and_keeps_the_bytes)
{
    size_t size = 1;
    char *block = alloc_filled(size, 9);
    while (size < 4 * MIB) {
        size_t next = size + size / 3 + 1;
        block = fa_frame_resize(w.frame, block, size, next, 16);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, size, 9));
        size = next;
        test_fill(block, size, 9);
    }
}
END_TEST

START_TEST(resize_of_a_large_block_uses_its_room)
{
    char *block = alloc_filled(100000, 1);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 100000, 100100, 16),
                     block);
    ck_assert_uint_eq(fa_frame_used(w.frame), 100100);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 100100);
    ck_assert_ptr_eq(fa_frame_resize(w.frame, block, 100100, 99000, 16), block);
    ck_assert_uint_eq(fa_frame_used(w.frame), 99000);
}
END_TEST

START_TEST(resize_of_a_large_block_beyond_its_room_moves)
{
    char *block = alloc_filled(100000, 1), *other = alloc_filled(100000, 2);
    char *moved = fa_frame_resize(w.frame, block, 100000, 300000, 16);
    ck_assert_ptr_nonnull(moved);
    ck_assert_ptr_ne(moved, block);
    ck_assert(test_is_filled(moved, 100000, 1));
    test_fill(moved, 300000, 3);
    ck_assert(test_is_filled(other, 100000, 2));
}
END_TEST

START_TEST(resize_that_is_refused_leaves_the_block)
{
    char *block = alloc_filled(100, 1);
    ck_assert_ptr_null(fa_frame_resize(w.frame, block, 100, SIZE_MAX, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    ck_assert_ptr_null(fa_frame_resize(w.frame, block, 100, 200, 24));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert(test_is_filled(block, 100, 1));
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
}
END_TEST

START_TEST(resize_keeps_the_bytes_at_every_guard_level)
{
    struct test_world other;
    test_open_guard(&other, (fa_guard)_i);
    test_begin(&other);
    char *block = fa_frame_resize(other.frame, NULL, 0, 10, 1);
    for (size_t size = 10; size < 100000; size *= 2) {
        ck_assert_ptr_nonnull(block);
        test_fill(block, size, 3);
        block = fa_frame_resize(other.frame, block, size, 2 * size, 1);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, size, 3));
    }
    test_end(&other);
    ck_assert_no_diag(&other.log);
    test_close(&other);
}
END_TEST

/* --- release --- */

START_TEST(release_pops_the_last_block)
{
    char *block = alloc_filled(100, 1);
    fa_frame_release(w.frame, block, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 7, 1), block);
}
END_TEST

START_TEST(release_newest_first_pops_all)
{
    char *block[50];
    for (unsigned i = 0; i < 50; i++)
        block[i] = alloc_filled(i + 1, i);
    for (unsigned i = 50; i-- > 0;)
        fa_frame_release(w.frame, block[i], i + 1);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

START_TEST(release_of_an_older_block_does_nothing)
{
    char *block = alloc_filled(100, 1);
    char *last = alloc_filled(16, 2);
    fa_frame_release(w.frame, block, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 128);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 16, 16), last + 16);
}
END_TEST

START_TEST(release_gives_a_large_block_to_the_cache_at_once)
{
    char *block = alloc_filled(MIB, 1);
    alloc_filled(16, 2);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, MIB);
    ck_assert_uint_eq(test_stats(w.allocator).cache_bytes, 0);
    fa_frame_release(w.frame, block, MIB);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.block_bytes, 0);
    ck_assert_uint_eq(stats.cache_bytes, MIB);
    ck_assert_uint_eq(fa_frame_used(w.frame), 16);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, MIB, 16), block);
}
END_TEST

START_TEST(release_does_not_go_below_a_mark)
{
    char *block = alloc_filled(100, 1);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    fa_frame_release(w.frame, block, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    char *next = fa_frame_alloc(w.frame, 16, 16);
    ck_assert_ptr_eq(next, block + 112);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert(test_is_filled(block, 100, 1));
}
END_TEST

START_TEST(release_does_not_go_below_a_tag_change)
{
    fa_tag tag = fa_tag_register(w.allocator, "ui");
    char *block = alloc_filled(100, 1);
    fa_tag_push(w.ctx, tag);
    fa_frame_release(w.frame, block, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    fa_tag_pop(w.ctx);
}
END_TEST

START_TEST(release_of_null_does_nothing)
{
    alloc_filled(100, 1);
    fa_frame_release(w.frame, NULL, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(peaks_remember_what_was_released)
{
    char *block = alloc_filled(10000, 1);
    fa_frame_release(w.frame, block, 10000);
    test_end(&w);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.frame_bytes, 0);
    ck_assert_uint_eq(stats.frame_peak, 10000);
}
END_TEST

/* --- reserve and commit --- */

START_TEST(commit_keeps_what_was_used)
{
    size_t room;
    char *text = fa_frame_reserve(w.frame, 10, 16, &room);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_ge(room, 10);
    test_fill(text, room, 1);
    fa_frame_commit(w.frame, text, 100);
    ck_assert_uint_eq(fa_frame_used(w.frame), 112);
    ck_assert_ptr_eq(fa_frame_alloc(w.frame, 16, 16), text + 112);
    ck_assert(test_is_filled(text, 100, 1));
}
END_TEST

START_TEST(the_room_may_be_used_to_its_last_byte)
{
    size_t room;
    for (int i = 0; i < 10; i++) {
        char *text = fa_frame_reserve(w.frame, 1, 1, &room);
        ck_assert_ptr_nonnull(text);
        test_fill(text, room, 1);
        fa_frame_commit(w.frame, text, room);
        char *next = alloc_filled(16, 2);
        ck_assert_ptr_eq(next, text + room);
        ck_assert(test_is_filled(text, room, 1));
    }
}
END_TEST

START_TEST(commit_of_nothing_gives_all_back)
{
    size_t room;
    char *small = fa_frame_reserve(w.frame, 10, 16, &room);
    fa_frame_commit(w.frame, small, 0);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    char *large = fa_frame_reserve(w.frame, MIB, 16, &room);
    ck_assert_ptr_nonnull(large);
    fa_frame_commit(w.frame, large, 0);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
}
END_TEST

START_TEST(commit_of_null_does_nothing)
{
    fa_frame_commit(w.frame, NULL, 10);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(reserve_gives_more_than_a_window_and_alignment)
{
    size_t room;
    char *block = fa_frame_reserve(w.frame, 5 * WINDOW, 4096, &room);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_ge(room, 5 * WINDOW);
    ck_assert_uint_eq((uintptr_t)block % 4096, 0);
    test_fill(block, room, 1);
    fa_frame_commit(w.frame, block, 5 * WINDOW);
    ck_assert(test_is_filled(block, room, 1));
}
END_TEST

START_TEST(reserve_that_is_refused_has_no_room)
{
    size_t room = 1234;
    ck_assert_ptr_null(fa_frame_reserve(w.frame, SIZE_MAX, 16, &room));
    ck_assert_uint_eq(room, 0);
    test_end(&w);
    room = 1234;
    ck_assert_ptr_null(fa_frame_reserve(w.frame, 1, 16, &room));
    ck_assert_uint_eq(room, 0);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
}
END_TEST

START_TEST(reserve_and_commit_work_at_every_guard_level)
{
    struct test_world other;
    size_t room;
    test_open_guard(&other, (fa_guard)_i);
    test_begin(&other);
    char *text = fa_frame_reserve(other.frame, 100, 16, &room);
    ck_assert_ptr_nonnull(text);
    ck_assert_uint_ge(room, 100);
    test_fill(text, room, 1);
    fa_frame_commit(other.frame, text, room / 2);
    char *next = fa_frame_alloc(other.frame, 16, 16);
    test_fill(next, 16, 2);
    ck_assert(test_is_filled(text, room / 2, 1));
    test_end(&other);
    ck_assert_no_diag(&other.log);
    test_close(&other);
}
END_TEST

/* --- text --- */

START_TEST(strdup_copies_with_the_end)
{
    char text[] = "textures/wall.png";
    char *copy = fa_frame_strdup(w.frame, text);
    memset(text, 'x', sizeof(text) - 1);
    ck_assert_str_eq(copy, "textures/wall.png");
    ck_assert_str_eq(fa_frame_strdup(w.frame, ""), "");
}
END_TEST

START_TEST(strdup_of_null_is_null)
{
    ck_assert_ptr_null(fa_frame_strdup(w.frame, NULL));
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(strdup_of_a_text_above_the_window_is_whole)
{
    char *text = malloc(100001);
    memset(text, 'y', 100000);
    text[100000] = '\0';
    ck_assert_str_eq(fa_frame_strdup(w.frame, text), text);
    free(text);
}
END_TEST

START_TEST(printf_uses_what_the_text_needs)
{
    char *text = fa_frame_printf(w.frame, "%s-%04d", "level", 7);
    ck_assert_str_eq(text, "level-0007");
    ck_assert_uint_eq(fa_frame_used(w.frame), 16);
    char *next = fa_frame_printf(w.frame, "%d", 1);
    ck_assert_ptr_eq(next, text + 16);
    ck_assert_str_eq(text, "level-0007");
}
END_TEST

START_TEST(printf_of_any_length_at_any_place_is_whole)
{
    for (int length = 0; length < 70000; length += length / 7 + 1) {
        char *text = fa_frame_printf(w.frame, "%*d", length, 5);
        ck_assert_ptr_nonnull(text);
        ck_assert_uint_eq(strlen(text), length < 1 ? 1 : (size_t)length);
        ck_assert_int_eq(text[strlen(text) - 1], '5');
        char *last = alloc_filled(16, 3);
        ck_assert(last < text || last > text + strlen(text));
    }
}
END_TEST

START_TEST(printf_that_ends_exactly_at_the_window_is_whole)
{
    for (int more = -2; more <= 2; more++) {
        alloc_filled(16, 1);
        int room = (int)(w.frame->limit - w.frame->cursor);
        char *text = fa_frame_printf(w.frame, "%*d", room + more, 5);
        ck_assert_ptr_nonnull(text);
        ck_assert_int_eq((int)strlen(text), room + more);
    }
}
END_TEST

START_TEST(printf_of_a_bad_format_gives_null_and_uses_nothing)
{
    /* The C locale has no such character. */
    static const wchar_t bad[] = {0x100, 0};
    ck_assert_ptr_null(fa_frame_printf(w.frame, "%ls", bad));
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

START_TEST(text_without_a_frame_is_null)
{
    test_end(&w);
    ck_assert_ptr_null(fa_frame_strdup(w.frame, "x"));
    ck_assert_ptr_null(fa_frame_printf(w.frame, "%d", 1));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STATE);
}
END_TEST

START_TEST(text_is_whole_at_every_guard_level)
{
    struct test_world other;
    test_open_guard(&other, (fa_guard)_i);
    test_begin(&other);
    for (int length = 1; length < 5000; length = length * 2 + 1) {
        char *text = fa_frame_printf(other.frame, "%*d", length, 5);
        ck_assert_uint_eq(strlen(text), (size_t)length);
        ck_assert_str_eq(fa_frame_strdup(other.frame, text), text);
    }
    test_end(&other);
    ck_assert_no_diag(&other.log);
    test_close(&other);
}
END_TEST

static void
add_resize(Suite *suite)
{
    TCase *tc = tcase_create("contract: resize");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, resize_grows_the_last_block_in_place);
    tcase_add_test(tc, resize_shrinks_the_last_block_in_place);
    tcase_add_test(tc, resize_to_zero_keeps_the_block);
    tcase_add_test(tc, resize_copies_a_block_that_is_not_the_last);
    tcase_add_test(tc, resize_shrinks_an_older_block_without_moving_it);
    tcase_add_test(tc, resize_of_null_is_alloc);
    tcase_add_test(tc, resize_to_a_larger_alignment_moves);
    tcase_add_test(tc, resize_grows_through_every_size_and_keeps_the_bytes);
    tcase_add_test(tc, resize_of_a_large_block_uses_its_room);
    tcase_add_test(tc, resize_of_a_large_block_beyond_its_room_moves);
    tcase_add_test(tc, resize_that_is_refused_leaves_the_block);
    tcase_add_loop_test(tc, resize_keeps_the_bytes_at_every_guard_level, 1, 4);
    suite_add_tcase(suite, tc);
}

static void
add_release(Suite *suite)
{
    TCase *tc = tcase_create("contract: release");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, release_pops_the_last_block);
    tcase_add_test(tc, release_newest_first_pops_all);
    tcase_add_test(tc, release_of_an_older_block_does_nothing);
    tcase_add_test(tc, release_gives_a_large_block_to_the_cache_at_once);
    tcase_add_test(tc, release_does_not_go_below_a_mark);
    tcase_add_test(tc, release_does_not_go_below_a_tag_change);
    tcase_add_test(tc, release_of_null_does_nothing);
    tcase_add_test(tc, peaks_remember_what_was_released);
    suite_add_tcase(suite, tc);
}

static void
add_reserve(Suite *suite)
{
    TCase *tc = tcase_create("contract: reserve");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, commit_keeps_what_was_used);
    tcase_add_test(tc, the_room_may_be_used_to_its_last_byte);
    tcase_add_test(tc, commit_of_nothing_gives_all_back);
    tcase_add_test(tc, commit_of_null_does_nothing);
    tcase_add_test(tc, reserve_gives_more_than_a_window_and_alignment);
    tcase_add_test(tc, reserve_that_is_refused_has_no_room);
    tcase_add_loop_test(tc, reserve_and_commit_work_at_every_guard_level, 1, 4);
    suite_add_tcase(suite, tc);
}

static void
add_text(Suite *suite)
{
    TCase *tc = tcase_create("contract: text");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, strdup_copies_with_the_end);
    tcase_add_test(tc, strdup_of_null_is_null);
    tcase_add_test(tc, strdup_of_a_text_above_the_window_is_whole);
    tcase_add_test(tc, printf_uses_what_the_text_needs);
    tcase_add_test(tc, printf_of_any_length_at_any_place_is_whole);
    tcase_add_test(tc, printf_that_ends_exactly_at_the_window_is_whole);
    tcase_add_test(tc, printf_of_a_bad_format_gives_null_and_uses_nothing);
    tcase_add_test(tc, text_without_a_frame_is_null);
    tcase_add_loop_test(tc, text_is_whole_at_every_guard_level, 1, 4);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("frame_text");
    add_resize(suite);
    add_release(suite);
    add_reserve(suite);
    add_text(suite);
    return test_main(suite);
}
