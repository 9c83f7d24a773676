/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Diagnostics: the registry, what a sink gets, what is printed without one,
 * and sinks that use the allocator.
 */
#include "support.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static struct test_world w;

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

/* --- the registry --- */

struct entry {
    uint32_t number;
    const char *text;
    const char *cure;
};

static const struct entry entries[] = {
#define TEST_ENTRY(number, severity, text, cure) {number, text, cure},
    FA_DIAG_LIST(TEST_ENTRY)
#undef TEST_ENTRY
};

START_TEST(every_number_has_its_text_and_cure)
{
    for (size_t i = 0; i < COUNT(entries); i++) {
        ck_assert_str_eq(fa_diag_text(entries[i].number), entries[i].text);
        ck_assert_str_eq(fa_diag_cure(entries[i].number), entries[i].cure);
    }
}
END_TEST

START_TEST(numbers_rise_so_that_none_is_used_twice)
{
    for (size_t i = 1; i < COUNT(entries); i++)
        ck_assert_uint_lt(entries[i - 1].number, entries[i].number);
}
END_TEST

START_TEST(other_numbers_have_neither)
{
    static const uint32_t others[] = {0, 50, 100, 212, 1000, UINT32_MAX};
    for (size_t i = 0; i < COUNT(others); i++) {
        ck_assert_ptr_null(fa_diag_text(others[i]));
        ck_assert_ptr_null(fa_diag_cure(others[i]));
    }
}
END_TEST

/* --- sinks --- */

static fa_diag seen;
static char seen_detail[256];

static void
take_all(void *user, const fa_diag *diag)
{
    seen = *diag;
    strncpy(seen_detail, diag->detail, sizeof(seen_detail) - 1);
    ck_assert_ptr_eq(user, &seen);
}

START_TEST(a_sink_gets_everything_that_is_known)
{
    int local;
    test_close(&w);
    test_prepare(&w);
    w.config.diag = take_all;
    w.config.diag_user = &seen;
    test_open(&w);
    for (int i = 0; i < 3; i++) {
        test_begin(&w);
        test_end(&w);
    }
    fa_free(w.ctx, &local);
    ck_assert_uint_eq(seen.struct_size, sizeof(fa_diag));
    ck_assert_uint_eq(seen.number, 8);
    ck_assert_int_eq(seen.severity, FA_SEVERITY_ERROR);
    ck_assert_str_eq(seen.text, fa_diag_text(8));
    ck_assert_str_eq(seen.cure, fa_diag_cure(8));
    ck_assert_ptr_eq(seen.address, &local);
    ck_assert_uint_eq(seen.frame, 3);
    ck_assert_str_ne(seen_detail, "");
}
END_TEST

START_TEST(a_sink_gets_every_message_and_not_one_per_frame)
{
    for (int i = 0; i < 50; i++)
        test_end(&w);
    ck_assert_uint_eq(w.log.count, 50);
}
END_TEST

START_TEST(modules_send_messages_of_the_registry)
{
    fa_diag_send(w.allocator, 918, &seen, "version %d", 6);
    fa_diag_send(w.allocator, 1000, NULL, "no such number");
    ck_assert_str_eq(w.log.entry[0].detail, "version 6");
    ck_assert_ptr_eq(w.log.entry[0].address, &seen);
    ck_assert_only_diag(&w.log, 918);
}
END_TEST

START_TEST(messages_do_not_touch_errno)
{
    errno = 4242;
    test_end(&w);
    fa_free(w.ctx, &w);
    ck_assert_int_eq(errno, 4242);
}
END_TEST

static fa_allocator *used_by_sink;
static unsigned used_count;

static void
use_allocator(void *user, const fa_diag *diag)
{
    (void)user;
    (void)diag;
    used_count++;
    fa_ctx *ctx = fa_ctx_current(used_by_sink);
    void *block = fa_heap_alloc(ctx, 100000, 16);
    ck_assert_ptr_nonnull(block);
    fa_free(ctx, fa_heap_alloc(ctx, 100, 16));
    fa_heap_free(ctx, block);
    ck_assert_uint_ne(fa_tag_register(used_by_sink, "sink"), FA_TAG_NONE);
    ck_assert_uint_eq(test_stats(used_by_sink).contexts, 1);
    ck_assert_uint_eq(fa_heap_usable_size(&block), 0);
}

START_TEST(a_sink_may_use_the_allocator)
{
    test_close(&w);
    test_prepare(&w);
    w.config.guard = _i == 0 ? FA_GUARD_OFF : (fa_guard)_i;
    w.config.diag = use_allocator;
    test_open(&w);
    used_by_sink = w.allocator;
    used_count = 0;
    fa_budget budget = FA_BUDGET_INIT;
    fa_frame_hook hook = {0};
    budget.struct_size = 0;
    test_end(&w);
    fa_free(w.ctx, &w);
    fa_tag_pop(w.ctx);
    fa_tag_push(w.ctx, 99);
    fa_tag_pop(w.ctx);
    fa_tag_register(w.allocator, "");
    fa_ctx_destroy(w.ctx);
    fa_ctx_pool(w.ctx, 16, 3);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 16, 3));
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, &w, 16, 16));
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, 0, &budget),
                     FA_ERR_CONFIG);
    ck_assert_int_eq(fa_allocator_hook_add(w.allocator, &hook), FA_ERR_CONFIG);
    ck_assert_uint_eq(used_count, 11);
}
END_TEST

static void
alloc_from_frame(void *user, const fa_diag *diag)
{
    (void)user;
    if (diag->number != 9)
        return;
    used_count++;
    char *block =
        fa_frame_alloc(fa_ctx_frame(fa_ctx_current(used_by_sink)), 1000, 16);
    ck_assert_ptr_nonnull(block);
    test_write(block, 1000);
}

START_TEST(a_sink_may_allocate_while_red_zones_are_verified)
{
    if (test_is_watched())
        return;
    test_close(&w);
    test_prepare(&w);
    w.config.guard = FA_GUARD_CHECK;
    w.config.diag = alloc_from_frame;
    test_open(&w);
    used_by_sink = w.allocator;
    used_count = 0;
    test_begin(&w);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    for (int i = 0; i < 600; i++)
        test_write(fa_frame_alloc(w.frame, 16, 16), 17);
    ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
    ck_assert_uint_eq(used_count, 600);
    for (int i = 0; i < 600; i++)
        test_write(fa_frame_alloc(w.frame, 16, 16), 17);
    test_end(&w);
    ck_assert_uint_eq(used_count, 1200);
}
END_TEST

/* --- without a sink --- */

static void
misuse_in_a_loop(void *arg)
{
    struct test_world child;
    (void)arg;
    test_prepare(&child);
    child.config.diag = NULL;
    child.config.frame_reserve = 64 * KIB;
    test_open(&child);
    for (int frame = 0; frame < 3; frame++) {
        test_begin(&child);
        for (int i = 0; i < 10; i++) {
            fa_begin_frame(child.allocator);
            fa_free(child.ctx, &child);
            /* Spills: a hint, which is not printed. */
            ck_assert_ptr_nonnull(fa_frame_alloc(child.frame, 20000, 16));
        }
        test_end(&child);
    }
}

START_TEST(stderr_gets_one_line_per_number_and_frame_and_no_hints)
{
    struct test_child child;
    test_run_child(&child, misuse_in_a_loop, NULL);
    ck_assert_int_eq(test_child_exit(&child), 0);
    ck_assert_uint_eq(test_child_lines(&child, "FA004"), 3);
    ck_assert_uint_eq(test_child_lines(&child, "FA008"), 3);
    ck_assert_uint_eq(test_child_lines(&child, "FA005"), 0);
    ck_assert_uint_eq(test_child_lines(&child, ""), 6);
}
END_TEST

static void
misuse_once(void *arg)
{
    struct test_world child;
    (void)arg;
    test_prepare(&child);
    child.config.diag = NULL;
    test_open(&child);
    fa_free(child.ctx, (void *)(uintptr_t)0x1230);
}

START_TEST(the_line_names_number_severity_text_detail_frame_and_cure)
{
    struct test_child child;
    test_run_child(&child, misuse_once, NULL);
    ck_assert_str_eq(child.err,
                     "framealloc: FA008: error: a pointer that is not from "
                     "this allocator was freed: 0x1230, context 1 (frame 0). "
                     "free it with the allocator that made it.\n");
}
END_TEST

static void *
misuse_in_thread(void *arg)
{
    pthread_barrier_wait(arg);
    for (int i = 0; i < 100; i++)
        fa_free(fa_ctx_current(w.allocator), &w);
    return NULL;
}

START_TEST(threads_may_misuse_at_the_same_time)
{
    pthread_barrier_t barrier;
    pthread_t thread[4];
    pthread_barrier_init(&barrier, NULL, 4);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, misuse_in_thread, &barrier), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&barrier);
    ck_assert_uint_eq(w.log.count, 400);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("diag");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, every_number_has_its_text_and_cure);
    tcase_add_test(tc, numbers_rise_so_that_none_is_used_twice);
    tcase_add_test(tc, other_numbers_have_neither);
    tcase_add_test(tc, a_sink_gets_everything_that_is_known);
    tcase_add_test(tc, a_sink_gets_every_message_and_not_one_per_frame);
    tcase_add_test(tc, modules_send_messages_of_the_registry);
    tcase_add_test(tc, messages_do_not_touch_errno);
    tcase_add_loop_test(tc, a_sink_may_use_the_allocator, 0, 4);
    tcase_add_test(tc, a_sink_may_allocate_while_red_zones_are_verified);
    tcase_add_test(tc, stderr_gets_one_line_per_number_and_frame_and_no_hints);
    tcase_add_test(tc,
                   the_line_names_number_severity_text_detail_frame_and_cure);
    suite_add_tcase(suite, tc);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, threads_may_misuse_at_the_same_time);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
