/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Comments that keep findings quiet.
 */
#include "check/suppress.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static suppressions
scan(const char *text)
{
    suppressions all = TEXT_VEC_INIT;
    suppress_scan(text, strlen(text), &all);
    return all;
}

/* "first-last codes reason" of the only comment, or its problem. */
static const char *
only(const char *text)
{
    suppressions all = scan(text);
    ck_assert_msg(all.count == 1, "%zu in %s", all.count, text);
    const struct suppression *one = &all.items[0];
    if (one->problem != NULL)
        return one->problem;
    fa_string out = TEXT_STRING_INIT;
    if (one->last == ~0u)
        fa_string_printf(&out, "%u-end", one->first);
    else
        fa_string_printf(&out, "%u-%u", one->first, one->last);
    for (size_t i = 0; i < one->code_count; i++)
        fa_string_printf(&out, " %u", one->codes[i]->number);
    fa_string_printf(&out, " <%s>", one->reason);
    return text_of(&out);
}

START_TEST(a_comment_behind_code_covers_its_line)
{
    ck_assert_str_eq(only("\nx(); // fa-ignore: FA606 it is copied \n"),
                     "2-2 606 <it is copied>");
    ck_assert_str_eq(only("x(); /* fa-ignore: FA606 */ y();"), "1-1 606 <>");
}
END_TEST

START_TEST(a_comment_of_its_own_covers_the_next_line)
{
    ck_assert_str_eq(only("  /* fa-ignore: FA606, FA609: why */\nx();"),
                     "1-2 606 609 <why>");
    ck_assert_str_eq(only("/* fa-ignore: FA606\n * over lines\n */\nx();"),
                     "3-4 606 <over lines>");
}
END_TEST

START_TEST(comments_below_each_other_cover_the_same_line)
{
    suppressions all = scan("// fa-ignore: FA606 a\n"
                            "// fa-ignore: FA609 b\n"
                            "// fa-ignore: FA610 c\nx();\n");
    ck_assert_uint_eq(all.count, 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert_uint_eq(all.items[i].last, 4);
}
END_TEST

START_TEST(blocks_and_files_are_covered)
{
    ck_assert_str_eq(only("// fa-ignore-begin: FA601 cache\na\nb\n"
                          "// fa-ignore-end\n"),
                     "1-4 601 <cache>");
    ck_assert_str_eq(only("\n// fa-ignore-file: FA601 cache"),
                     "0-end 601 <cache>");
}
END_TEST

START_TEST(blocks_nest)
{
    suppressions all = scan("// fa-ignore-begin: FA601\n"
                            "// fa-ignore-begin: FA606\n"
                            "// fa-ignore-end\n// fa-ignore-end\n");
    ck_assert_uint_eq(all.count, 2);
    ck_assert_uint_eq(all.items[0].last, 4);
    ck_assert_uint_eq(all.items[1].last, 3);
}
END_TEST

START_TEST(comments_in_strings_are_none)
{
    static const char *const texts[] = {
        "s = \"// fa-ignore: FA606\";",
        "s = \"\\\"// fa-ignore: FA606\";",
        "c = '\"'; s = \"// fa-ignore: FA606\";",
        "n = 1'000; s = \"// fa-ignore: FA606\";",
        "s = R\"x(\" // fa-ignore: FA606)x\";",
        "// see fa-ignore: FA606",
        "/* x\n fa-ignore: FA606 */",
        "fa-ignore: FA606",
        "s = \"a\\\n// fa-ignore: FA606\";"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_msg(scan(texts[i]).count == 0, "%s", texts[i]);
}
END_TEST

START_TEST(what_cannot_be_meant_is_told)
{
    ck_assert_str_eq(only("// fa-ignore"), "the comment names no code");
    ck_assert_str_eq(only("// fa-ignore: all"), "the comment names no code");
    ck_assert_str_eq(only("// fa-ignore: FA999 x"),
                     "there is no code \"FA999\"");
    ck_assert_str_eq(only("// fa-ignore-next: FA606"),
                     "there is no \"fa-ignore-next\"");
    ck_assert_str_eq(only("// fa-ignore-end"),
                     "fa-ignore-end has no fa-ignore-begin");
    ck_assert_str_eq(only("// fa-ignore-begin: FA606"),
                     "fa-ignore-begin has no fa-ignore-end");
    ck_assert_str_eq(only("// fa-ignore: FA601 FA602 FA603 FA604 FA605 FA606 "
                          "FA607 FA608 FA609"),
                     "the comment names too many codes");
}
END_TEST

START_TEST(texts_without_an_end_are_read)
{
    static const char *const texts[] = {"/*",  "/* fa-ignore", "\"",   "'",
                                        "R\"", "R\"x(",        "\"\\", "//",
                                        "/",   "//\\\n"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        ck_assert_uint_le(scan(texts[i]).count, 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("front_suppress");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, a_comment_behind_code_covers_its_line);
    tcase_add_test(contract, a_comment_of_its_own_covers_the_next_line);
    tcase_add_test(contract, comments_below_each_other_cover_the_same_line);
    tcase_add_test(contract, blocks_and_files_are_covered);
    tcase_add_test(contract, blocks_nest);
    tcase_add_test(contract, comments_in_strings_are_none);
    suite_add_tcase(suite, contract);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, what_cannot_be_meant_is_told);
    tcase_add_test(failure, texts_without_an_end_are_read);
    suite_add_tcase(suite, failure);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
