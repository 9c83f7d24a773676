/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Strings that are built: pieces in order, complete or not at all.
 */
#include "support.h"

#include <string.h>

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

/* --- contract --- */

START_TEST(pieces_become_one_text)
{
    fa_string s = FA_STRING_INIT(w.frame);
    ck_assert_int_eq(fa_string_append(&s, "score "), FA_OK);
    ck_assert_int_eq(fa_string_printf(&s, "%d of %s", 12, "20"), FA_OK);
    ck_assert_int_eq(fa_string_append_bytes(&s, "!?", 1), FA_OK);
    ck_assert_int_eq(fa_string_append(&s, NULL), FA_OK);
    ck_assert_str_eq(fa_string_end(&s), "score 12 of 20!");
}
END_TEST

START_TEST(a_string_without_pieces_is_empty)
{
    fa_string s = FA_STRING_INIT(w.frame);
    ck_assert_str_eq(fa_string_end(&s), "");
    ck_assert_int_eq(fa_string_printf(&s, "%s", ""), FA_OK);
    ck_assert_str_eq(fa_string_end(&s), "");
}
END_TEST

START_TEST(the_last_block_grows_where_it_is_and_is_cut_to_size)
{
    fa_string s = FA_STRING_INIT(w.frame);
    ck_assert_int_eq(fa_string_append(&s, "x"), FA_OK);
    const char *first = s.items;
    for (int i = 0; i < 999; i++)
        ck_assert_int_eq(fa_string_printf(&s, "%c", 'a' + i % 26), FA_OK);
    ck_assert_ptr_eq(fa_string_end(&s), first);
    ck_assert_uint_eq(strlen(first), 1000);
    ck_assert_uint_eq(fa_frame_used(w.frame), 1008);
}
END_TEST

START_TEST(a_text_longer_than_the_room_is_printed_whole)
{
    fa_string s = FA_STRING_INIT(w.frame);
    ck_assert_int_eq(fa_string_append(&s, "ab"), FA_OK);
    ck_assert_int_eq(fa_string_printf(&s, "%100000d", 7), FA_OK);
    const char *text = fa_string_end(&s);
    ck_assert_uint_eq(strlen(text), 100002);
    ck_assert_int_eq(text[100001], '7');
    ck_assert_int_eq(text[1], 'b');
}
END_TEST

START_TEST(pieces_may_follow_the_end)
{
    fa_string s = FA_STRING_INIT(w.frame);
    fa_string_append(&s, "one");
    ck_assert_str_eq(fa_string_end(&s), "one");
    fa_string_append(&s, ", two");
    ck_assert_str_eq(fa_string_end(&s), "one, two");
    fa_string_reset(&s);
    fa_string_append(&s, "three");
    ck_assert_str_eq(fa_string_end(&s), "three");
}
END_TEST

/* --- limits --- */

START_TEST(a_fixed_string_takes_its_maximum_and_no_byte_more)
{
    size_t max = (size_t)_i;
    for (int way = 0; way < 3; way++) {
        fa_string s = FA_STRING_FIXED_INIT(w.frame, max);
        for (size_t i = 0; i < max; i++)
            ck_assert_int_eq(way == 0   ? fa_string_append(&s, "x")
                             : way == 1 ? fa_string_printf(&s, "%c", 'x')
                                        : fa_string_append_bytes(&s, "x", 1),
                             FA_OK);
        const char *text = fa_string_end(&s);
        ck_assert_uint_eq(strlen(text), max);
        ck_assert_int_eq(fa_string_reserve(&s, 1), FA_ERR_BUDGET);
        fa_string t = FA_STRING_FIXED_INIT(w.frame, max);
        ck_assert_int_eq(fa_string_printf(&t, "%*d", _i + 1, 1), FA_ERR_BUDGET);
        ck_assert_uint_eq(t.count, 0);
    }
}
END_TEST

/* --- failure --- */

START_TEST(one_refused_piece_means_no_text)
{
    fa_string s = FA_STRING_FIXED_INIT(w.frame, 8);
    fa_string_append(&s, "12345");
    ck_assert_int_eq(fa_string_append(&s, "6789"), FA_ERR_BUDGET);
    ck_assert_int_eq(fa_string_append(&s, "678"), FA_OK);
    ck_assert_uint_eq(s.count, 8);
    ck_assert_ptr_null(fa_string_end(&s));
    fa_string_reset(&s);
    fa_string_append(&s, "again");
    ck_assert_str_eq(fa_string_end(&s), "again");
}
END_TEST

START_TEST(a_size_that_overflows_is_refused)
{
    fa_string s = FA_STRING_INIT(w.frame);
    fa_string_append(&s, "x");
    ck_assert_int_eq(fa_string_reserve(&s, SIZE_MAX), FA_ERR_NOMEM);
    fa_string_reset(&s);
    ck_assert_int_eq(fa_string_reserve(&s, SIZE_MAX - 4), FA_ERR_NOMEM);
}
END_TEST

/* --- misuse --- */

START_TEST(pieces_after_the_end_of_the_frame_are_told)
{
    fa_string s = FA_STRING_INIT(w.frame);
    fa_string_append(&s, "text");
    test_end(&w);
    test_begin(&w);
    ck_assert_int_eq(fa_string_printf(&s, "%d", 1), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 606);
    ck_assert_int_eq(fa_string_reserve(&s, 1000), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 606);
    ck_assert_ptr_null(fa_string_end(&s));
    ck_assert_only_diag(&w.log, 606);
    ck_assert_uint_eq(s.count, 4);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("string");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_frame, close_world);
    tcase_add_test(tc, pieces_become_one_text);
    tcase_add_test(tc, a_string_without_pieces_is_empty);
    tcase_add_test(tc, the_last_block_grows_where_it_is_and_is_cut_to_size);
    tcase_add_test(tc, a_text_longer_than_the_room_is_printed_whole);
    tcase_add_test(tc, pieces_may_follow_the_end);
    suite_add_tcase(suite, tc);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_frame, close_world);
    tcase_add_loop_test(
        limits, a_fixed_string_takes_its_maximum_and_no_byte_more, 0, 40);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_frame, close_world);
    tcase_add_test(failure, one_refused_piece_means_no_text);
    tcase_add_test(failure, a_size_that_overflows_is_refused);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_frame, close_world);
    tcase_add_test(misuse, pieces_after_the_end_of_the_frame_are_told);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
