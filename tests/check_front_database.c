/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The reader of compile_commands.json, and of compilers' commands.
 */
#include "check/command.h"
#include "check/database.h"
#include "check/path.h"
#include "check/text.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *
joined(const char *const *words)
{
    fa_string out = TEXT_STRING_INIT;
    for (; *words != NULL; words++)
        fa_string_printf(&out, "[%s]", *words);
    return text_of(&out);
}

static const char *
cleaned(const char *command)
{
    struct command_words words, clean;
    command_split(command, &words);
    command_clean(words.items, words.count, "/src/a.c", "/src", &clean);
    return joined(clean.items);
}

static const char *
split(const char *command)
{
    struct command_words words;
    command_split(command, &words);
    return joined(words.items);
}

static bool
parse(struct database *database, const char *text)
{
    return database_parse(database, "/src/db.json", text, strlen(text));
}

START_TEST(words_are_split_as_a_shell_does)
{
    ck_assert_str_eq(split("cc  -DA=\"b c\" '-DQ=\"x\"' a\\ b.c \"\""),
                     "[cc][-DA=b c][-DQ=\"x\"][a b.c][]");
    ck_assert_str_eq(split("-DS=\\\"s\\\" \"a\\\\b\" 'a\\b' \"a\\nb\""),
                     "[-DS=\"s\"][a\\b][a\\b][a\\nb]");
    ck_assert_str_eq(split("\"unfinished 'x"), "[unfinished 'x]");
    ck_assert_str_eq(split(" \t\n"), "");
    ck_assert_str_eq(split("end\\"), "[end\\]");
}
END_TEST

START_TEST(output_and_file_are_left_out)
{
    ck_assert_str_eq(cleaned("cc -c -o a.o a.c"), "");
    ck_assert_str_eq(cleaned("cc -oa.o -c ../src/./a.c -Iinc"), "[-Iinc]");
    ck_assert_str_eq(cleaned("ccache gcc -MD -MF a.d -MT a.o -MQ x a.c"), "");
    ck_assert_str_eq(cleaned("cc -I inc -isystem /x -DX -U Y a.c"),
                     "[-I][inc][-isystem][/x][-DX][-U][Y]");
}
END_TEST

START_TEST(what_clang_does_not_know_is_left_out)
{
    ck_assert_str_eq(cleaned("gcc -fanalyzer -fconserve-stack -O2 -g3 -Wall "
                             "-fno-tree-vectorize --param x=1 -fPIC -DPIC "
                             "-std=gnu11 -pthread a.c"),
                     "[-std=gnu11][-pthread]");
}
END_TEST

START_TEST(a_value_that_looks_like_an_option_stays)
{
    ck_assert_str_eq(cleaned("cc -D -c -include -o.h a.c"),
                     "[-D][-c][-include][-o.h]");
}
END_TEST

START_TEST(a_compiler_for_cxx_makes_c_cxx)
{
    ck_assert_str_eq(cleaned("/usr/bin/g++-12 -c a.c"), "[-x][c++]");
}
END_TEST

START_TEST(response_files_are_read)
{
    char folder[] = "/tmp/front-XXXXXX";
    ck_assert_ptr_nonnull(mkdtemp(folder));
    const char *file = path_join(folder, "args.rsp");
    FILE *out = fopen(file, "w");
    fputs("-DA -I\"b c\"\n-c @args.rsp\n", out);
    fclose(out);
    struct command_words words, clean;
    command_split("cc @args.rsp @missing a.c", &words);
    command_clean(words.items, words.count, "/x/a.c", folder, &clean);
    ck_assert(text_starts(joined(clean.items), "[-DA][-Ib c][-DA]"));
    ck_assert_ptr_nonnull(strstr(joined(clean.items), "[@missing]"));
    unlink(file);
    rmdir(folder);
}
END_TEST

START_TEST(commands_and_arguments_are_read)
{
    struct database db;
    ck_assert(parse(&db, "[{\"directory\": \"b\", \"file\": \"../a.c\","
                         "\"command\": \"cc -DX=1 -c ../a.c\"},"
                         "{\"directory\": \"/o\", \"file\": \"/b.cc\","
                         "\"arguments\": [\"g++\", \"-c\", \"/b.cc\"]},"
                         "{\"directory\": \"/o\", \"file\": \"x.s\","
                         "\"command\": \"as x.s\"}]"));
    ck_assert_uint_eq(db.count, 2);
    ck_assert_uint_eq(db.left_out, 1);
    ck_assert_str_eq(db.units[0].file, "/b.cc");
    ck_assert_str_eq(db.units[1].file, "/src/a.c");
    ck_assert_str_eq(db.units[1].directory, "/src/b");
    ck_assert_str_eq(joined(db.units[1].args), "[-DX=1]");
}
END_TEST

#define UNIT(flags)                              \
    "{\"directory\": \"/s\", \"file\": \"a.c\"," \
    "\"command\": \"cc " flags " -c a.c\"}"

START_TEST(units_that_differ_in_nothing_that_counts_are_one)
{
    struct database db;
    ck_assert(parse(&db, "[" UNIT("-fPIC -DPIC -o 1.o") "," UNIT(
                             "-DA") "," UNIT("-o 2.o") "]"));
    ck_assert_uint_eq(db.count, 2);
    ck_assert_str_eq(joined(db.units[0].args), "");
    ck_assert_str_eq(joined(db.units[1].args), "[-DA]");
}
END_TEST

START_TEST(a_database_that_is_none_is_refused)
{
    static const char *const bad[] = {
        "",
        "{}",
        "[1]",
        "[{}]",
        "[{\"file\": \"a.c\"}]",
        "[{\"file\": \"a.c\", \"directory\": \"/\"}]",
        "[{\"file\": \"a.c\", \"directory\": \"/\", \"arguments\": [1]}]",
        "[{\"file\": \"\", \"directory\": \"/\", \"command\": \"\"}]",
        "[",
        "\"\xff\""};
    struct database db;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert(!parse(&db, bad[i]));
}
END_TEST

START_TEST(files_folders_and_patterns_restrict_units)
{
    const char *here = path_folder();
    const char *text = text_format(
        "[{\"directory\": \"%s\", \"file\": \"s/a.c\", \"command\": \"cc\"},"
        "{\"directory\": \"%s\", \"file\": \"s/t/b.c\", \"command\": \"cc\"},"
        "{\"directory\": \"%s\", \"file\": \"st/c.c\", \"command\": \"cc\"}]",
        here, here, here);
    static const struct {
        const char *name;
        size_t count;
    } cases[] = {{"s/a.c", 1},    {"s", 2},   {"./s/", 2}, {"s/*.c", 1},
                 {"s/**/*.c", 2}, {"*.c", 3}, {"t", 0},    {"s/a", 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct database db;
        ck_assert(parse(&db, text));
        ck_assert(database_restrict(&db, &cases[i].name, 1) ==
                  (cases[i].count > 0));
        ck_assert_uint_eq(db.count, cases[i].count);
    }
}
END_TEST

START_TEST(patterns_match_as_described)
{
    static const struct {
        const char *pattern, *path;
        bool matches;
    } cases[] = {{"*.c", "a.c", true},
                 {"*.c", "b/a.c", true},
                 {"b/*.c", "b/a.c", true},
                 {"b/*.c", "b/c/a.c", false},
                 {"b/**", "b/c/a.c", true},
                 {"b/**/a.c", "b/a.c", true},
                 {"b/**/a.c", "b/x/y/a.c", true},
                 {"b/**/a.c", "b/xa.c", false},
                 {"**/gen/*.c", "x/gen/a.c", true},
                 {"**/gen/*.c", "gen/a.c", true},
                 {"third_party", "x/third_party/z/a.c", true},
                 {"third_party/", "third_party/a.c", true},
                 {"third", "third_party/a.c", false},
                 {"src/third", "src/third/a.c", true},
                 {"[a-c].c", "b.c", true},
                 {"[!a-c].c", "b.c", false},
                 {"[]].c", "].c", true},
                 {"[a", "a", true},
                 {"?.c", "/.c", false},
                 {"a*b*c", "axxbyyc", true},
                 {"a*b*c", "axxbyy", false},
                 {"x/**/a*z", "x/y/abc/az", true}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_msg(path_matches(cases[i].pattern, cases[i].path) ==
                          cases[i].matches,
                      "%s %s", cases[i].pattern, cases[i].path);
}
END_TEST

START_TEST(paths_are_normalised)
{
    static const char *const cases[][3] = {{"/a/b", "c", "/a/b/c"},
                                           {"/a/b", "../c", "/a/c"},
                                           {"/a", "../../..", "/"},
                                           {"/a", "/x//y/./z/", "/x/y/z"},
                                           {"/", "q", "/q"},
                                           {"/a", ".", "/a"},
                                           {"/a/b/", "./../b//c/..", "/a/b"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        ck_assert_str_eq(path_absolute(cases[i][0], cases[i][1]), cases[i][2]);
    ck_assert_str_eq(path_relative("/a", "/a/b"), "b");
    ck_assert_str_eq(path_relative("/a", "/ab"), "/ab");
    ck_assert_str_eq(path_relative("/", "/ab"), "/ab");
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("front_database");
    TCase *commands = tcase_create("contract");
    tcase_add_test(commands, words_are_split_as_a_shell_does);
    tcase_add_test(commands, output_and_file_are_left_out);
    tcase_add_test(commands, what_clang_does_not_know_is_left_out);
    tcase_add_test(commands, a_value_that_looks_like_an_option_stays);
    tcase_add_test(commands, a_compiler_for_cxx_makes_c_cxx);
    tcase_add_test(commands, response_files_are_read);
    tcase_add_test(commands, commands_and_arguments_are_read);
    tcase_add_test(commands, units_that_differ_in_nothing_that_counts_are_one);
    tcase_add_test(commands, files_folders_and_patterns_restrict_units);
    tcase_add_test(commands, patterns_match_as_described);
    tcase_add_test(commands, paths_are_normalised);
    suite_add_tcase(suite, commands);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, a_database_that_is_none_is_refused);
    suite_add_tcase(suite, failure);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
