/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * TOML, .fa.toml, and the levels that come of it.
 */
#include "check/config.h"
#include "check/toml.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static const struct toml *
parse(const char *text)
{
    struct toml_error error = {0};
    const struct toml *root = toml_parse(text, strlen(text), &error);
    ck_assert_msg(root != NULL, "%u:%u: %s", error.line, error.column,
                  error.text);
    return root;
}

static const struct toml *
at(const struct toml *table, const char *key)
{
    const struct toml *found = toml_find(table, key);
    ck_assert_msg(found != NULL, "no %s", key);
    return found;
}

START_TEST(values_of_all_types_are_read)
{
    const struct toml *root =
        parse("\xef\xbb\xbf"
              "a = \"x\\t\\u00e9\\\"\" # end\r\n"
              "b = 'c:\\x'\n"
              "i = -1_000\nh = 0x1F\nf = 2.5e1\nt = true\n"
              "l = [ 1, [\n 2 ], # two\n ]\n"
              "q = { x = 1, 'y z' = { } }\n");
    ck_assert_str_eq(at(root, "a")->string, "x\t\xc3\xa9\"");
    ck_assert_str_eq(at(root, "b")->string, "c:\\x");
    ck_assert_int_eq(at(root, "i")->integer, -1000);
    ck_assert_int_eq(at(root, "h")->integer, 31);
    ck_assert(at(root, "f")->type == TOML_FLOAT);
    ck_assert(at(root, "f")->number > 24.9 && at(root, "f")->number < 25.1);
    ck_assert(at(root, "t")->type == TOML_BOOL);
    ck_assert_int_eq(at(root, "l")->first->next->first->integer, 2);
    ck_assert(at(at(root, "q"), "y z")->type == TOML_TABLE);
}
END_TEST

START_TEST(tables_and_dotted_keys_nest)
{
    const struct toml *root = parse("[a.b]\nc.d = 1\n[a]\ne = 2\n");
    const struct toml *a = at(root, "a");
    ck_assert_int_eq(at(at(at(a, "b"), "c"), "d")->integer, 1);
    ck_assert_int_eq(at(a, "e")->integer, 2);
    ck_assert_uint_eq(at(at(a, "b"), "c")->line, 2);
    ck_assert_uint_eq(at(a, "e")->line, 4);
    ck_assert_uint_eq(at(a, "e")->column, 1);
}
END_TEST

START_TEST(what_is_no_toml_is_refused_where_it_stands)
{
    static const struct {
        const char *text;
        unsigned line, column;
        const char *message;
    } cases[] = {
        {"a", 1, 2, "\"=\" is expected"},
        {"a = ", 1, 5, "a value is expected"},
        {"\n  = 1", 2, 3, "a key is expected"},
        {"a = 1\na = 2", 2, 1, "\"a\" is there twice"},
        {"[a]\n[a]", 2, 2, "\"a\" is there twice"},
        {"a = 1\n[a]", 2, 2, "\"a\" is no table"},
        {"a = { }\n[a]", 2, 2, "\"a\" is there twice"},
        {"a = \"x", 1, 5, "the string has no end"},
        {"a = \"\\q\"", 1, 7, "there is no such escape"},
        {"a = \"\\ud800\"", 1, 7, "the escape is not a character"},
        {"a = \"\\u12\"", 1, 7, "the escape has too few digits"},
        {"a = 1 b", 1, 7, "the line should end here"},
        {"a = [1 2]", 1, 8, "\",\" or \"]\" is expected"},
        {"a = {x = 1", 1, 11, "\",\" or \"}\" is expected"},
        {"[[a]]", 1, 2, "arrays of tables are not supported"},
        {"[a", 1, 3, "\"]\" is expected"},
        {"a = \"\"\"x\"\"\"", 1, 5,
         "strings of several lines are not supported"},
        {"a = 1979-05-27", 1, 5,
         "this is no number, and dates are not supported"},
        {"a = 99999999999999999999", 1, 5,
         "this is no number, and dates are not supported"},
        {"a = \"\x01\"", 1, 6, "a control character"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct toml_error error = {0};
        const char *text = cases[i].text;
        ck_assert_msg(toml_parse(text, strlen(text), &error) == NULL, "%s",
                      text);
        ck_assert_str_eq(error.text, cases[i].message);
        ck_assert_msg(error.line == cases[i].line &&
                          error.column == cases[i].column,
                      "%s: %u:%u", text, error.line, error.column);
    }
}
END_TEST

START_TEST(depth_is_bounded)
{
    char text[2000] = "a = ";
    struct toml_error error = {0};
    memset(text + 4, '[', 1000);
    ck_assert_ptr_null(toml_parse(text, strlen(text), &error));
    ck_assert_str_eq(error.text, "nested too deeply");
}
END_TEST

static bool
configure(struct settings *settings, const char *text)
{
    settings_init(settings);
    return config_parse(settings, "test.toml", text, strlen(text));
}

static enum check_level
level(const struct settings *settings, unsigned number)
{
    return settings_level(settings, check_code_find(number));
}

START_TEST(keys_of_the_file_are_taken)
{
    struct settings s;
    ck_assert(configure(
        &s, "[global]\nmin_severity = \"warning\"\ndeny_warnings = true\n"
            "exclude = [\"a\", \"b\"]\nbuild = \"out\"\njobs = 3\n"
            "[lints]\ndisabled = [\"FA606\"]\nFA601 = \"deny\"\n"
            "[lints.levels]\nFA610 = \"allow\"\nphysics = \"off\"\n"
            "[tags]\nknown_tags = [\"ai\"]\nwarn_unknown_tags = true\n"
            "module_tags = { \"src/ai\" = [\"ai\", \"path\"] }\n"
            "[thresholds]\nloop_allocation_limit = 5\n"
            "promotion_churn_rate = 1\n"
            "[limits]\nsteps = 9\nframe_lag = 2\n"
            "[roles]\npalloc = \"frame(1)\"\n[renamed]\nold = \"new\"\n"));
    ck_assert(s.min_severity == CHECK_WARNING && s.deny_warnings);
    ck_assert_uint_eq(s.exclude.count, 2);
    ck_assert(text_ends(s.build, "/out"));
    ck_assert_uint_eq(s.jobs, 3);
    ck_assert_uint_eq(s.module_tags.count, 2);
    ck_assert_uint_eq(s.loop_allocation_limit, 5);
    ck_assert_uint_eq(s.steps, 9);
    ck_assert_uint_eq(s.frame_lag, 2);
    ck_assert_str_eq(s.roles.items[0].function, "palloc");
    ck_assert_str_eq(s.roles.items[1].roles, "renamed(new)");
    ck_assert_int_eq(level(&s, 606), CHECK_OFF);
    ck_assert_int_eq(level(&s, 601), CHECK_ERROR);
    ck_assert_int_eq(level(&s, 610), CHECK_OFF);
    ck_assert_int_eq(level(&s, 904), CHECK_OFF);
    ck_assert_int_eq(level(&s, 802), CHECK_ERROR);
}
END_TEST

START_TEST(what_the_file_should_not_say_is_refused)
{
    static const char *const bad[] = {"globl = 1",
                                      "[globall]",
                                      "[global]\nmin_severty = \"hint\"",
                                      "[global]\nmin_severity = \"off\"",
                                      "[global]\ndeny_warnings = \"yes\"",
                                      "[global]\nexclude = \"a\"",
                                      "[global]\nexclude = [1]",
                                      "[global]\njobs = 2000",
                                      "[global]\njobs = 1.5",
                                      "[lints]\ndisabled = [\"FA999\"]",
                                      "[lints]\nFA999 = \"deny\"",
                                      "[lints]\nFA606 = \"loud\"",
                                      "[lints]\nFA606 = 1",
                                      "[lints.disabled]\nx = 1",
                                      "[roles]\nf = \"nonsense\"",
                                      "[roles]\nf = 1",
                                      "[tags]\nmodule_tags = { a = 1 }",
                                      "[limits]\nframe_lag = 8",
                                      "[limits]\nsteps = -1",
                                      "roles = 1",
                                      "extends = 1",
                                      "extends = \"/nonexistent/x\""};
    struct settings s;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_msg(!configure(&s, bad[i]), "%s", bad[i]);
}
END_TEST

START_TEST(what_init_writes_loads_and_changes_nothing)
{
    struct settings s, plain;
    settings_init(&plain);
    ck_assert(configure(&s, config_template));
    for (size_t i = 0; check_code_at(i) != NULL; i++)
        ck_assert_int_eq(settings_level(&s, check_code_at(i)),
                         settings_level(&plain, check_code_at(i)));
    ck_assert(s.steps == 0 && s.exclude.count == 0 && s.roles.count == 0);
}
END_TEST

/* The template's commented lines are examples that load, too. */
START_TEST(the_examples_that_init_writes_load)
{
    struct settings s;
    fa_string out = TEXT_STRING_INIT;
    for (const char *line = config_template; *line != '\0';) {
        size_t size = strcspn(line, "\n") + 1;
        size_t name =
            strspn(line + 2, "abcdefghijklmnopqrstuvwxyz_FA0123456789");
        bool is_example = text_starts(line, "# ") && name > 0 &&
                          strncmp(line + 2 + name, " = ", 3) == 0 &&
                          !text_starts(line, "# extends");
        fa_string_append_bytes(&out, line + (is_example ? 2 : 0),
                               size - (is_example ? 2 : 0));
        line += size;
    }
    ck_assert(configure(&s, text_of(&out)));
    ck_assert_uint_eq(s.jobs, 4);
    ck_assert_uint_eq(s.roles.count, 4);
    ck_assert_int_eq(level(&s, 610), CHECK_ERROR);
    ck_assert_int_eq(level(&s, 604), CHECK_OFF);
}
END_TEST

START_TEST(a_code_that_is_off_speaks_when_asked_for)
{
    struct settings s;
    settings_init(&s);
    ck_assert_int_eq(level(&s, 602), CHECK_OFF);
    text_push(&s.only, "FA602");
    ck_assert_int_eq(level(&s, 602), CHECK_WARNING);
    ck_assert_int_eq(level(&s, 606), CHECK_OFF);
    ck_assert_int_eq(level(&s, 91), CHECK_ERROR);
}
END_TEST

START_TEST(near_words_are_suggested)
{
    static const char *const words[] = {"exclude", "extends", "build"};
    ck_assert_str_eq(text_nearest("excluded", words, 3), "exclude");
    ck_assert_str_eq(text_nearest("biuld", words, 3), "build");
    ck_assert_ptr_null(text_nearest("zzzzzz", words, 3));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("front_config");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, values_of_all_types_are_read);
    tcase_add_test(contract, tables_and_dotted_keys_nest);
    tcase_add_test(contract, keys_of_the_file_are_taken);
    tcase_add_test(contract, what_init_writes_loads_and_changes_nothing);
    tcase_add_test(contract, the_examples_that_init_writes_load);
    tcase_add_test(contract, a_code_that_is_off_speaks_when_asked_for);
    tcase_add_test(contract, near_words_are_suggested);
    suite_add_tcase(suite, contract);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, what_is_no_toml_is_refused_where_it_stands);
    tcase_add_test(failure, what_the_file_should_not_say_is_refused);
    tcase_add_test(failure, depth_is_bounded);
    suite_add_tcase(suite, failure);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
