/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Allocators: making and ending them, isolation, hooks, trim and prepare.
 */
#include "support.h"

#include "os/fault.h"
#include "os/pages.h"

#include <string.h>

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

static void
open_guard_of_loop(int level)
{
    test_close(&w);
    test_prepare(&w);
    w.config.guard = level == 0 ? FA_GUARD_OFF : (fa_guard)level;
    w.config.huge_pages = FA_HUGE_NEVER;
    test_open(&w);
}

static char *
use_frame(size_t size)
{
    test_begin(&w);
    char *first = NULL;
    for (size_t done = 0; done < size; done += 16 * KIB) {
        char *block = fa_frame_alloc(w.frame, 16 * KIB, 16);
        ck_assert_ptr_nonnull(block);
        test_write(block, 16 * KIB);
        first = first == NULL ? block : first;
    }
    test_end(&w);
    return first;
}

/* --- contract --- */

START_TEST(the_version_is_that_of_the_headers)
{
    ck_assert_str_eq(fa_version_string(), FA_VERSION);
}
END_TEST

START_TEST(every_status_has_its_name)
{
    ck_assert_str_eq(fa_status_name(FA_OK), "FA_OK");
    ck_assert_str_eq(fa_status_name(FA_NOT_READY), "FA_NOT_READY");
    ck_assert_str_eq(fa_status_name(FA_TIMEOUT), "FA_TIMEOUT");
    ck_assert_str_eq(fa_status_name(FA_ERR_NOMEM), "FA_ERR_NOMEM");
    ck_assert_str_eq(fa_status_name(FA_ERR_BUDGET), "FA_ERR_BUDGET");
    ck_assert_str_eq(fa_status_name(FA_ERR_CONFIG), "FA_ERR_CONFIG");
    ck_assert_str_eq(fa_status_name(FA_ERR_USAGE), "FA_ERR_USAGE");
    ck_assert_str_eq(fa_status_name(FA_ERR_STATE), "FA_ERR_STATE");
    ck_assert_str_eq(fa_status_name(FA_ERR_STALE), "FA_ERR_STALE");
    ck_assert_str_eq(fa_status_name(FA_ERR_THREAD), "FA_ERR_THREAD");
    ck_assert_str_eq(fa_status_name(FA_ERR_UNSUPPORTED), "FA_ERR_UNSUPPORTED");
    ck_assert_str_eq(fa_status_name(FA_ERR_INTERNAL), "FA_ERR_INTERNAL");
    ck_assert_str_eq(fa_status_name(FA_ERR_DEVICE_LOST), "FA_ERR_DEVICE_LOST");
    ck_assert_str_eq(fa_status_name(FA_ERR_BACKEND), "FA_ERR_BACKEND");
    ck_assert_str_eq(fa_status_name((fa_status)-12), "FA_ERR_UNKNOWN");
    ck_assert_str_eq(fa_status_name((fa_status)3), "FA_ERR_UNKNOWN");
}
END_TEST

START_TEST(destroy_gives_every_mapping_back)
{
    test_close(&w);
    uint64_t mapped = fai_pages_mapped();
    fa_ctx *ctx;
    open_guard_of_loop(_i);
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    use_frame(MIB);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 40 * MIB, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(ctx, 100000, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(ctx, 100, 16));
    test_begin(&w);
    for (int i = 0; i < 1000; i++) {
        ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), 1000, 16));
        fa_frame_checkpoint(fa_ctx_frame(ctx));
    }
    test_close(&w);
    /* The record of this thread stays. */
    ck_assert_uint_le(fai_pages_mapped(), mapped);
}
END_TEST

static unsigned ended[3], order;

static void
note_end(void *arg)
{
    *(unsigned *)arg = ++order;
}

START_TEST(destroy_ends_open_frames_of_every_context)
{
    fa_ctx *ctx, *own;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    memset(ended, 0, sizeof(ended));
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &own), FA_OK);
    test_begin(&w);
    ck_assert_int_eq(fa_frame_defer(w.frame, note_end, &ended[0]), FA_OK);
    ck_assert_int_eq(fa_frame_defer(fa_ctx_frame(ctx), note_end, &ended[1]),
                     FA_OK);
    ck_assert_int_eq(
        fa_frame_defer(fa_ctx_begin_frame(own), note_end, &ended[2]), FA_OK);
    test_close(&w);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_uint_ne(ended[i], 0);
    /* The explicit contexts were left. */
    ck_assert_only_diag(&w.log, 610);
}
END_TEST

START_TEST(a_thousand_allocators_in_one_thread_are_isolated)
{
    enum { MANY = 1000 };
    static fa_allocator *allocator[MANY];
    static char *block[MANY], *heap[MANY];
    unsigned many = (unsigned)test_scaled(MANY);
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_MINIMAL;
    config.guard = FA_GUARD_OFF;
    for (unsigned i = 0; i < many; i++) {
        ck_assert_int_eq(fa_allocator_create(&config, &allocator[i]), FA_OK);
        block[i] = fa_frame_alloc(fa_begin_frame(allocator[i]), 100, 16);
        heap[i] = fa_heap_alloc(fa_ctx_current(allocator[i]), 100, 16);
        test_fill(block[i], 100, i);
        test_fill(heap[i], 100, i + 1);
    }
    for (unsigned i = 0; i < many; i += 2) {
        fa_end_frame(allocator[i]);
        ck_assert_uint_eq(fa_frame_number(allocator[i]), 1);
        test_write(fa_frame_alloc(fa_begin_frame(allocator[i]), 1000, 16),
                   1000);
    }
    for (unsigned i = 1; i < many; i += 2)
        ck_assert(test_is_filled(block[i], 100, i));
    for (unsigned i = 0; i < many; i++) {
        ck_assert(test_is_filled(heap[i], 100, i + 1));
        fa_heap_free(fa_ctx_current(allocator[i]), heap[i]);
        fa_allocator_destroy(allocator[i]);
    }
}
END_TEST

START_TEST(a_new_allocator_does_not_meet_contexts_of_an_old_one)
{
    for (int i = 0; i < 100; i++) {
        test_close(&w);
        test_open_guard(&w, FA_GUARD_OFF);
        ck_assert_uint_eq(fa_ctx_id(w.ctx), 1);
        ck_assert_uint_eq(fa_frame_number(w.allocator), 0);
        test_begin(&w);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    }
}
END_TEST

/* --- hooks --- */

static char calls[64];

static void
call_begin(void *user, fa_allocator *allocator, uint64_t number)
{
    ck_assert_ptr_eq(allocator, w.allocator);
    ck_assert_uint_eq(number, fa_frame_number(allocator));
    ck_assert_ptr_nonnull(
        fa_frame_alloc(fa_ctx_frame(fa_ctx_current(allocator)), 16, 16));
    strncat(calls, user, 8);
}

static void
call_end(void *user, fa_allocator *allocator, uint64_t number)
{
    char upper[] = {(char)(*(char *)user - 'a' + 'A'), '\0'};
    ck_assert_uint_eq(number, fa_frame_number(allocator));
    ck_assert(test_stats(allocator).frame_is_open);
    ck_assert_ptr_nonnull(
        fa_frame_alloc(fa_ctx_frame(fa_ctx_current(allocator)), 16, 16));
    strncat(calls, upper, 8);
}

static fa_status
add_hook(void (*begin)(void *, fa_allocator *, uint64_t),
         void (*end)(void *, fa_allocator *, uint64_t), const char *name)
{
    fa_frame_hook hook = FA_FRAME_HOOK_INIT;
    hook.begin = begin;
    hook.end = end;
    hook.user = (void *)(uintptr_t)name;
    return fa_allocator_hook_add(w.allocator, &hook);
}

START_TEST(hooks_run_in_order_at_begin_and_in_reverse_at_end)
{
    calls[0] = '\0';
    ck_assert_int_eq(add_hook(call_begin, call_end, "a"), FA_OK);
    ck_assert_int_eq(add_hook(call_begin, NULL, "b"), FA_OK);
    ck_assert_int_eq(add_hook(NULL, call_end, "c"), FA_OK);
    ck_assert_int_eq(add_hook(call_begin, call_end, "d"), FA_OK);
    for (int i = 0; i < 2; i++) {
        test_begin(&w);
        ck_assert_uint_eq(fa_frame_used(w.frame), 48);
        test_end(&w);
    }
    ck_assert_str_eq(calls, "abdDCAabdDCA");
}
END_TEST

START_TEST(sixteen_hooks_fit)
{
    for (int i = 0; i < 16; i++)
        ck_assert_int_eq(add_hook(NULL, NULL, "a"), FA_OK);
    ck_assert_int_eq(add_hook(NULL, NULL, "a"), FA_ERR_NOMEM);
    test_begin(&w);
    test_end(&w);
}
END_TEST

START_TEST(a_hook_that_is_not_initialised_is_refused)
{
    fa_frame_hook hook = {0};
    ck_assert_int_eq(fa_allocator_hook_add(w.allocator, &hook), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_allocator_hook_add(w.allocator, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_allocator_hook_add(NULL, &hook), FA_ERR_USAGE);
}
END_TEST

/* --- trim and prepare --- */

START_TEST(trim_gives_unused_parts_of_arenas_back)
{
    open_guard_of_loop(_i);
    char *base = use_frame(4 * MIB);
    if (_i == 0)
        ck_assert_uint_ge(test_resident_pages(base, 4 * MIB), 1024);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).frame_resident, 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    if (_i == 0) {
        ck_assert_uint_eq(test_resident_pages(base, 4 * MIB), 0);
        ck_assert_uint_ge(test_stats(w.allocator).trimmed_bytes, 4 * MIB);
    }
}
END_TEST

START_TEST(frames_after_a_trim_work)
{
    open_guard_of_loop(_i);
    for (int i = 0; i < 20; i++) {
        use_frame(MIB);
        if (i % 3 == 0)
            ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
        if (i % 2 == 0)
            ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_OK);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(trim_inside_of_a_frame_keeps_its_memory)
{
    open_guard_of_loop(_i);
    use_frame(4 * MIB);
    test_begin(&w);
    char *block = fa_frame_alloc(w.frame, 100, 16);
    char *large = fa_frame_alloc(w.frame, 100000, 16);
    test_fill(block, 100, 1);
    test_fill(large, 100000, 2);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
    ck_assert(test_is_filled(block, 100, 1));
    ck_assert(test_is_filled(large, 100000, 2));
    ck_assert_uint_le(test_stats(w.allocator).frame_resident, 64 * KIB);
    test_write(fa_frame_alloc(w.frame, 30 * KIB, 16), 30 * KIB);
    test_write(fa_frame_alloc(w.frame, 30 * KIB, 16), 30 * KIB);
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(trim_with_lag_keeps_what_is_readable)
{
    test_close(&w);
    test_prepare(&w);
    w.config.frame_lag = 2;
    test_open(&w);
    char *first = use_frame(MIB), *second = use_frame(MIB);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
    ck_assert(test_is_byte(first, MIB, 0x33));
    ck_assert(test_is_byte(second, MIB, 0x33));
}
END_TEST

START_TEST(prepare_makes_a_quarter_more_resident)
{
    open_guard_of_loop(_i);
    for (int i = 0; i < 8; i++)
        use_frame(4 * MIB);
    uint64_t before = test_stats(w.allocator).frame_resident;
    ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_OK);
    if (_i == 0) {
        ck_assert_uint_eq(test_stats(w.allocator).frame_resident, 5 * MIB);
        ck_assert_uint_lt(before, 5 * MIB);
    }
    for (int i = 0; i < 8; i++)
        use_frame(5 * MIB);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(growth_that_was_prepared_causes_no_fault)
{
    open_guard_of_loop(0);
    use_frame(4 * MIB);
    ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_OK);
    long before = test_minor_faults();
    use_frame(5 * MIB);
    ck_assert_int_eq(test_minor_faults(), before);
}
END_TEST

START_TEST(prepare_before_the_first_frame_is_fine)
{
    ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_OK);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
}
END_TEST

START_TEST(prepare_is_refused_by_a_limit_or_by_the_system)
{
    open_guard_of_loop(0);
    use_frame(4 * MIB);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 4 * MIB + 512 * KIB);
    ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_ERR_BUDGET);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 100 * MIB);
    fai_fault_arm(1, true);
    ck_assert_int_eq(fa_allocator_prepare(w.allocator), FA_ERR_NOMEM);
    fai_fault_arm(0, false);
    use_frame(5 * MIB);
}
END_TEST

START_TEST(the_librarys_own_backend_says_so)
{
    /* These tests do not link jemalloc. */
    test_close(&w);
    test_open_guard(&w, FA_GUARD_OFF);
    ck_assert_str_eq(fa_allocator_heap_name(w.allocator), "own");
}
END_TEST

/* --- failure and misuse --- */

START_TEST(create_without_memory_fails_cleanly)
{
    fa_allocator *out;
    uint64_t mapped = fai_pages_mapped();
    unsigned failures = 0;
    for (uint64_t n = 1; n < 20; n++) {
        fai_fault_arm(n, true);
        fa_status status = fa_allocator_create(&w.config, &out);
        fai_fault_arm(0, false);
        ck_assert_int_eq(status == FA_OK, out != NULL);
        if (status != FA_OK)
            ck_assert_int_eq(status, FA_ERR_NOMEM);
        failures += status != FA_OK;
        fa_allocator_destroy(out);
        ck_assert_uint_eq(fai_pages_mapped(), mapped);
    }
    ck_assert_uint_ge(failures, 1);
}
END_TEST

START_TEST(create_without_a_place_for_the_result_is_refused)
{
    ck_assert_int_eq(fa_allocator_create(NULL, NULL), FA_ERR_USAGE);
}
END_TEST

START_TEST(a_configuration_of_zeroes_or_garbage_is_refused)
{
    fa_allocator_config config;
    fa_allocator *out;
    memset(&config, 0, sizeof(config));
    ck_assert_int_eq(fa_allocator_create(&config, &out), FA_ERR_CONFIG);
    ck_assert_ptr_null(out);
    memset(&config, 0xa5, sizeof(config));
    ck_assert_int_eq(fa_allocator_create(&config, &out), FA_ERR_CONFIG);
    config.struct_size = SIZE_MAX;
    ck_assert_int_eq(fa_allocator_create(&config, &out), FA_ERR_CONFIG);
}
END_TEST

START_TEST(destroy_of_null_does_nothing)
{
    fa_allocator_destroy(NULL);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, the_version_is_that_of_the_headers);
    tcase_add_test(tc, every_status_has_its_name);
    tcase_add_loop_test(tc, destroy_gives_every_mapping_back, 0, 4);
    tcase_add_test(tc, destroy_ends_open_frames_of_every_context);
    tcase_add_test(tc, a_thousand_allocators_in_one_thread_are_isolated);
    tcase_add_test(tc, a_new_allocator_does_not_meet_contexts_of_an_old_one);
    tcase_add_test(tc, hooks_run_in_order_at_begin_and_in_reverse_at_end);
    tcase_add_loop_test(tc, trim_gives_unused_parts_of_arenas_back, 0, 4);
    tcase_add_loop_test(tc, frames_after_a_trim_work, 0, 4);
    tcase_add_loop_test(tc, trim_inside_of_a_frame_keeps_its_memory, 0, 4);
    tcase_add_test(tc, trim_with_lag_keeps_what_is_readable);
    tcase_add_loop_test(tc, prepare_makes_a_quarter_more_resident, 0, 4);
    if (!test_is_instrumented())
        tcase_add_test(tc, growth_that_was_prepared_causes_no_fault);
    tcase_add_test(tc, prepare_before_the_first_frame_is_fine);
    tcase_add_test(tc, the_librarys_own_backend_says_so);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("allocator");
    add_contract(suite);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, sixteen_hooks_fit);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, create_without_memory_fails_cleanly);
    tcase_add_test(failure, prepare_is_refused_by_a_limit_or_by_the_system);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_hook_that_is_not_initialised_is_refused);
    tcase_add_test(misuse, create_without_a_place_for_the_result_is_refused);
    tcase_add_test(misuse, a_configuration_of_zeroes_or_garbage_is_refused);
    tcase_add_test(misuse, destroy_of_null_does_nothing);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
