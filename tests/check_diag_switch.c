/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Switches of diagnostics: strict, verbose, suppressed, by functions and by
 * the environment.
 */
#include "support.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct test_world w;

static void
free_foreign(void)
{
    int local;
    fa_free(w.ctx, &local);
}

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

START_TEST(a_suppressed_number_is_not_told_until_it_is_allowed)
{
    ck_assert_int_eq(fa_diag_suppress_add(w.allocator, 4), FA_OK);
    test_end(&w);
    ck_assert_no_diag(&w.log);
    free_foreign();
    ck_assert_only_diag(&w.log, 8);
    ck_assert_int_eq(fa_diag_suppress_remove(w.allocator, 4), FA_OK);
    test_end(&w);
    ck_assert_only_diag(&w.log, 4);
    ck_assert_int_eq(fa_diag_suppress_add(w.allocator, 100), FA_ERR_USAGE);
    ck_assert_int_eq(fa_diag_suppress_add(NULL, 4), FA_ERR_USAGE);
}
END_TEST

static void
misuse_with(const char *options)
{
    setenv("FRAMEALLOC_OPTIONS", options, 1);
    test_prepare(&w);
    w.config.guard = FA_GUARD_OFF;
    w.config.on_misuse = FA_ON_MISUSE_DEFAULT;
    w.config.diag = NULL;
    test_open(&w);
    fa_tag_push(w.ctx, fa_tag_register(w.allocator, "crates"));
    test_end(&w);
    test_end(&w);
    free_foreign();
}

static void
misuse_in_child(void *options)
{
    misuse_with(options);
}

START_TEST(the_environment_suppresses_numbers)
{
    static struct test_child child;
    test_run_child(&child, misuse_in_child, (void *)"suppress=4,suppress=8");
    ck_assert_uint_eq(test_child_lines(&child, "FA"), 0);
    test_run_child(&child, misuse_in_child, (void *)"suppress=8");
    ck_assert_uint_eq(test_child_lines(&child, "FA"), 1);
}
END_TEST

START_TEST(verbose_prints_every_message_with_thread_context_and_tag)
{
    static struct test_child child;
    test_run_child(&child, misuse_in_child, (void *)"verbose=1");
    ck_assert_uint_eq(test_child_lines(&child, "FA004"), 2);
    ck_assert_uint_eq(test_child_lines(&child, "tag \"crates\""), 3);
    ck_assert_uint_eq(test_child_lines(&child, "context 1 \"context 1\""), 3);
    test_run_child(&child, misuse_in_child, (void *)"verbose=0");
    ck_assert_uint_eq(test_child_lines(&child, "FA004"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "crates"), 0);
}
END_TEST

START_TEST(strict_levels_of_the_environment_end_the_program)
{
    static const char *const options[] = {"strict=0", "strict=1", "strict=2",
                                          "strict=2,suppress=4,suppress=8"};
    static const int signals[] = {0, SIGABRT, SIGABRT, 0};
    static const unsigned errors[] = {1, 1, 0, 0};
    static struct test_child child;
    for (unsigned i = 0; i < COUNT(options); i++) {
        test_run_child(&child, misuse_in_child, (void *)(uintptr_t)options[i]);
        ck_assert_int_eq(test_child_signal(&child), signals[i]);
        ck_assert_uint_eq(test_child_lines(&child, "FA008"), errors[i]);
    }
}
END_TEST

static void
be_strict(void *arg)
{
    (void)arg;
    open_world();
    if (fa_diag_strict_set(w.allocator, FA_ON_MISUSE_ABORT_ERROR) !=
        FA_ON_MISUSE_REPORT)
        _exit(7);
    test_end(&w);
    if (fa_diag_strict_set(w.allocator, FA_ON_MISUSE_REPORT) !=
        FA_ON_MISUSE_ABORT_ERROR)
        _exit(7);
    free_foreign();
    fa_diag_strict_set(w.allocator, FA_ON_MISUSE_ABORT_ERROR);
    free_foreign();
}

START_TEST(strictness_changes_at_run_time)
{
    static struct test_child child;
    test_run_child(&child, be_strict, NULL);
    ck_assert_int_eq(test_child_signal(&child), SIGABRT);
    ck_assert_int_eq(fa_diag_strict_set(w.allocator, (fa_on_misuse)9),
                     FA_ON_MISUSE_DEFAULT);
}
END_TEST

static fa_diag seen;

static void
take(void *user, const fa_diag *diag)
{
    (void)user;
    ck_assert_str_eq(diag->tag_name, "crates");
    ck_assert_str_ne(diag->thread_name, "");
    seen = *diag;
}

START_TEST(a_sink_learns_thread_context_and_tag)
{
    test_close(&w);
    test_prepare(&w);
    w.config.guard = FA_GUARD_OFF;
    w.config.diag = take;
    test_open(&w);
    fa_tag_push(w.ctx, fa_tag_register(w.allocator, "crates"));
    test_end(&w);
    ck_assert_uint_eq(seen.number, 4);
    ck_assert_uint_eq(seen.ctx, fa_ctx_id(w.ctx));
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("diag_switch");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_suppressed_number_is_not_told_until_it_is_allowed);
    tcase_add_test(tc, the_environment_suppresses_numbers);
    tcase_add_test(tc,
                   verbose_prints_every_message_with_thread_context_and_tag);
    tcase_add_test(tc, strict_levels_of_the_environment_end_the_program);
    tcase_add_test(tc, strictness_changes_at_run_time);
    tcase_add_test(tc, a_sink_learns_thread_context_and_tag);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
