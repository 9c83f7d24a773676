/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * FRAMEALLOC_OPTIONS: what the parser accepts, names and skips, and what each
 * key does to an allocator of a program that says nothing itself.
 */
#include "support.h"

#include "context/options.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the parser --- */

struct complaint {
    unsigned count;
    uint32_t number[16];
    char item[16][64];
};

static void
take_complaint(void *user, uint32_t number, const char *item, size_t length)
{
    struct complaint *complaint = user;
    unsigned i = complaint->count++;
    if (i >= COUNT(complaint->number))
        return;
    complaint->number[i] = number;
    snprintf(complaint->item[i], sizeof(complaint->item[i]), "%.*s",
             (int)length, item);
}

static struct complaint complaint;
static struct fai_options options;

static void
parse(const char *text)
{
    memset(&complaint, 0, sizeof(complaint));
    memset(&options, 0x11, sizeof(options));
    fai_options_parse(text, &options, take_complaint, &complaint);
}

static void
expect_complaint(uint32_t number, const char *item)
{
    ck_assert_uint_eq(complaint.count, 1);
    ck_assert_uint_eq(complaint.number[0], number);
    ck_assert_str_eq(complaint.item[0], item);
}

START_TEST(nothing_given_leaves_every_key_unset)
{
    static const char *const texts[] = {NULL, "", ",", ":, \t\n,,"};
    parse(texts[_i]);
    ck_assert_uint_eq(complaint.count, 0);
    ck_assert(test_is_byte(&options, sizeof(options), 0xff));
}
END_TEST

START_TEST(every_key_is_read)
{
    parse("guard=3,strict=2,counts=1,report=1,huge=2,trim=77,quarantine=16,"
          "guard_max=4096,sample=5,fail=12345678901");
    ck_assert_uint_eq(complaint.count, 0);
    ck_assert_int_eq(options.guard, 3);
    ck_assert_int_eq(options.strict, 2);
    ck_assert_int_eq(options.counts, 1);
    ck_assert_int_eq(options.report, 1);
    ck_assert_int_eq(options.huge, 2);
    ck_assert_int_eq(options.trim, 77);
    ck_assert_int_eq(options.quarantine, 16);
    ck_assert_int_eq(options.guard_max, 4096);
    ck_assert_int_eq(options.sample, 5);
    ck_assert_int_eq(options.fail, 12345678901);
}
END_TEST

START_TEST(commas_colons_and_blanks_separate)
{
    parse("guard=1 counts=1:report=0,\tsample=2\n");
    ck_assert_uint_eq(complaint.count, 0);
    ck_assert_int_eq(options.guard, 1);
    ck_assert_int_eq(options.counts, 1);
    ck_assert_int_eq(options.report, 0);
    ck_assert_int_eq(options.sample, 2);
}
END_TEST

START_TEST(the_last_of_two_values_counts)
{
    parse("guard=1,guard=2");
    ck_assert_int_eq(options.guard, 2);
}
END_TEST

START_TEST(an_unknown_key_is_named_and_the_rest_is_read)
{
    parse("guard=1,colour=red,counts=1");
    expect_complaint(11, "colour=red");
    ck_assert_int_eq(options.guard, 1);
    ck_assert_int_eq(options.counts, 1);
}
END_TEST

START_TEST(what_is_no_key_and_value_is_an_unknown_key)
{
    static const char *const texts[] = {"guardx",  "guardian=1", "guar=1", "=1",
                                        "GUARD=1", "=",          "guard;1"};
    parse(texts[_i]);
    expect_complaint(11, texts[_i]);
    ck_assert_int_eq(options.guard, -1);
}
END_TEST

START_TEST(a_value_that_cannot_be_used_is_named_and_skipped)
{
    static const char *const texts[] = {
        "guard=",          "guard=4",        "guard=-1",
        "guard=1x",        "guard=0x1",      "guard==1",
        "guard=on",        "counts=2",       "strict=3",
        "huge=3",          "quarantine=17",  "guard_max=1048577",
        "trim=4294967296", "sample=1000001", "fail=99999999999999999999999999",
        "guard=1=1",       "guard"};
    parse(texts[_i]);
    expect_complaint(12, texts[_i]);
    ck_assert(test_is_byte(&options, sizeof(options), 0xff));
}
END_TEST

START_TEST(garbage_of_every_kind_is_survived)
{
    static const char alphabet[] = "guard=0123456789,:- \t\n\x01\xff%s%n=";
    char text[64];
    uint32_t random = 99;
    for (size_t n = 0; n < test_scaled(100000); n++) {
        size_t length = n % (sizeof(text) - 1);
        for (size_t i = 0; i < length; i++) {
            random = random * 1664525 + 1013904223;
            text[i] = alphabet[(random >> 16) % (sizeof(alphabet) - 1)];
        }
        text[length] = '\0';
        parse(text);
        ck_assert_int_ge(options.guard, -1);
        ck_assert_int_le(options.guard, 3);
    }
}
END_TEST

/* --- what a program sees --- */

/* A child with these options, whose program sets nothing. */
struct program {
    const char *options;
    fa_allocator_config config;
    void (*run)(fa_allocator *allocator);
};

static void
run_program(void *arg)
{
    const struct program *program = arg;
    fa_allocator *allocator;
    setenv("FRAMEALLOC_OPTIONS", program->options, 1);
    if (fa_allocator_create(&program->config, &allocator) != FA_OK)
        exit(3);
    program->run(allocator);
    fa_allocator_destroy(allocator);
}

static struct test_child child;

static void
run_with(const char *text, void (*run)(fa_allocator *))
{
    struct program program = {text, FA_ALLOCATOR_CONFIG_INIT, run};
    test_run_child(&child, run_program, &program);
}

static void
exit_with_guard(fa_allocator *allocator)
{
    exit(10 + test_stats(allocator).guard);
}

START_TEST(guard_sets_the_level)
{
    char text[16];
    snprintf(text, sizeof(text), "guard=%d", _i);
    run_with(text, exit_with_guard);
    ck_assert_int_eq(test_child_exit(&child), 10 + _i);
    ck_assert_str_eq(child.err, "");
}
END_TEST

START_TEST(guard_of_the_program_wins)
{
    struct program program = {"guard=3", FA_ALLOCATOR_CONFIG_INIT,
                              exit_with_guard};
    program.config.guard = _i == 0 ? FA_GUARD_OFF : FA_GUARD_CHECK;
    test_run_child(&child, run_program, &program);
    ck_assert_int_eq(test_child_exit(&child), 10 + _i);
}
END_TEST

static void
misuse(fa_allocator *allocator)
{
    fa_end_frame(allocator);
    fa_free(fa_ctx_current(allocator), allocator);
    exit(7);
}

START_TEST(strict_aborts)
{
    run_with("strict=0", misuse);
    ck_assert_int_eq(test_child_exit(&child), 7);
    run_with("strict=1", misuse);
    ck_assert_int_eq(test_child_signal(&child), SIGABRT);
    ck_assert_uint_eq(test_child_lines(&child, "FA008"), 1);
    run_with("strict=2", misuse);
    ck_assert_int_eq(test_child_signal(&child), SIGABRT);
    ck_assert_uint_eq(test_child_lines(&child, "FA008"), 0);
}
END_TEST

static void
exit_with_count(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    for (int i = 0; i < 5; i++)
        if (fa_frame_alloc(frame, 16, 16) == NULL)
            exit(1);
    exit(test_stats(allocator).frame_count == 5 ? 5 : 6);
}

START_TEST(counts_are_switched_on)
{
    run_with("counts=1,guard=0", exit_with_count);
    ck_assert_int_eq(test_child_exit(&child), 5);
    run_with("counts=0,guard=0", exit_with_count);
    ck_assert_int_eq(test_child_exit(&child), 6);
}
END_TEST

static void
touch_dead_memory(fa_allocator *allocator)
{
    volatile char *block = fa_frame_alloc(fa_begin_frame(allocator), 100, 16);
    fa_end_frame(allocator);
    *block = 1;
}

START_TEST(report_explains_a_fault)
{
    if (test_is_instrumented())
        return;
    run_with("guard=2,report=1", touch_dead_memory);
    ck_assert_int_eq(test_child_signal(&child), SIGSEGV);
    ck_assert_uint_eq(test_child_lines(&child, "FA002"), 1);
    run_with("guard=2", touch_dead_memory);
    ck_assert_int_eq(test_child_signal(&child), SIGSEGV);
    ck_assert_uint_eq(test_child_lines(&child, "FA002"), 0);
}
END_TEST

static void
exit_after_idle(fa_allocator *allocator)
{
    for (int i = 0; i < 100; i++) {
        fa_frame *frame = fa_begin_frame(allocator);
        for (int j = 0; j < (i == 0 ? 100 : 1); j++)
            if (fa_frame_alloc(frame, 16 * KIB, 16) == NULL)
                exit(1);
        fa_end_frame(allocator);
    }
    exit(test_stats(allocator).frame_resident < MIB ? 5 : 6);
}

START_TEST(trim_is_the_number_of_frames)
{
    run_with("trim=10,huge=1,guard=0", exit_after_idle);
    ck_assert_int_eq(test_child_exit(&child), 5);
    run_with("trim=1000,huge=1,guard=0", exit_after_idle);
    ck_assert_int_eq(test_child_exit(&child), 6);
}
END_TEST

static void
exit_with_huge(fa_allocator *allocator)
{
    char *base = fa_frame_alloc(fa_begin_frame(allocator), 16, 16);
    exit(test_smaps_flag(base, "hg") ? 5 : 6);
}

START_TEST(huge_asks_for_huge_pages)
{
    if (test_is_instrumented() || !test_smaps_flag(&child, "rd"))
        return;
    run_with("huge=2,guard=0", exit_with_huge);
    ck_assert_int_eq(test_child_exit(&child), 5);
    run_with("huge=1,guard=0", exit_with_huge);
    ck_assert_int_eq(test_child_exit(&child), 6);
}
END_TEST

static void
exit_with_period(fa_allocator *allocator)
{
    char *first = NULL;
    for (int i = 0; i < 20; i++) {
        char *block = fa_frame_alloc(fa_begin_frame(allocator), 16, 16);
        fa_end_frame(allocator);
        if (i > 0 && block == first)
            exit(i);
        first = first == NULL ? block : first;
    }
    exit(20);
}

START_TEST(quarantine_is_the_number_of_dead_arenas)
{
    run_with("guard=2,quarantine=7", exit_with_period);
    ck_assert_int_eq(test_child_exit(&child), 8);
    run_with("guard=2", exit_with_period);
    ck_assert_int_eq(test_child_exit(&child), 4);
}
END_TEST

static void
exit_with_pages(fa_allocator *allocator)
{
    int count = 0;
    fa_frame *frame = fa_begin_frame(allocator);
    for (size_t size = 16; size <= 640; size += 16) {
        uintptr_t block = (uintptr_t)fa_frame_alloc(frame, size, 16);
        count += (block + size) % PAGE == 0;
    }
    exit(count);
}

static void
exit_with_sampled_pages(fa_allocator *allocator)
{
    int count = 0;
    fa_frame *frame = fa_begin_frame(allocator);
    for (int i = 0; i < 40; i++) {
        uintptr_t block = (uintptr_t)fa_frame_alloc(frame, 48, 16);
        count += (block + 48) % PAGE == 0;
    }
    exit(count);
}

START_TEST(guard_max_and_sample_choose_the_blocks_with_guard_pages)
{
    run_with("guard=3,guard_max=320", exit_with_pages);
    ck_assert_int_eq(test_child_exit(&child), 20);
    run_with("guard=3,sample=4", exit_with_sampled_pages);
    ck_assert_int_eq(test_child_exit(&child), 10);
}
END_TEST

static void
exit_with_refusal(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    exit(fa_frame_alloc(frame, 16, 16) == NULL ? 5 : 6);
}

START_TEST(fail_makes_the_nth_system_call_fail)
{
    run_with("fail=1,guard=0", exit_with_refusal);
    ck_assert_int_eq(test_child_exit(&child), 3);
    run_with("fail=1000,guard=0", exit_with_refusal);
    ck_assert_int_eq(test_child_exit(&child), 6);
}
END_TEST

START_TEST(a_bad_item_is_said_once_per_process_and_nothing_fails)
{
    run_with("colour=red,guard=77,counts=1,guard=0", exit_with_count);
    ck_assert_int_eq(test_child_exit(&child), 5);
    ck_assert_uint_eq(test_child_lines(&child, "FA011"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "colour=red"), 1);
    run_with("guard=77", exit_with_guard);
    ck_assert_uint_eq(test_child_lines(&child, "FA012"), 1);
    ck_assert_uint_eq(test_child_lines(&child, "guard=77"), 1);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("options");
    TCase *parser = tcase_create("contract: parser");
    tcase_add_loop_test(parser, nothing_given_leaves_every_key_unset, 0, 4);
    tcase_add_test(parser, every_key_is_read);
    tcase_add_test(parser, commas_colons_and_blanks_separate);
    tcase_add_test(parser, the_last_of_two_values_counts);
    suite_add_tcase(suite, parser);
    TCase *tc = tcase_create("contract");
    tcase_add_loop_test(tc, guard_sets_the_level, 0, 4);
    tcase_add_loop_test(tc, guard_of_the_program_wins, 0, 2);
    tcase_add_test(tc, strict_aborts);
    tcase_add_test(tc, counts_are_switched_on);
    tcase_add_test(tc, report_explains_a_fault);
    tcase_add_test(tc, trim_is_the_number_of_frames);
    tcase_add_test(tc, huge_asks_for_huge_pages);
    tcase_add_test(tc, quarantine_is_the_number_of_dead_arenas);
    tcase_add_test(tc, guard_max_and_sample_choose_the_blocks_with_guard_pages);
    tcase_add_test(tc, fail_makes_the_nth_system_call_fail);
    suite_add_tcase(suite, tc);
    TCase *bad = tcase_create("misuse");
    tcase_add_test(bad, an_unknown_key_is_named_and_the_rest_is_read);
    tcase_add_loop_test(bad, what_is_no_key_and_value_is_an_unknown_key, 0, 7);
    tcase_add_loop_test(bad, a_value_that_cannot_be_used_is_named_and_skipped,
                        0, 17);
    tcase_add_test(bad, garbage_of_every_kind_is_survived);
    tcase_add_test(bad, a_bad_item_is_said_once_per_process_and_nothing_fails);
    suite_add_tcase(suite, bad);
    return test_main(suite);
}
