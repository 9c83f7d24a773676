/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Refusals that no other suite meets, found by dev/coverage: null pointers,
 * sizes of structures, the context that refuses every call, and a system that
 * has nothing left.
 */
#include "support.h"

#include "os/fault.h"
#include "os/pages.h"

#include <framealloc/jemalloc.h>

#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

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

/* --- null pointers and sizes --- */

START_TEST(functions_of_allocators_and_contexts_refuse_null)
{
    fa_ctx *ctx;
    fa_stats stats = FA_STATS_INIT;
    fa_usage usage = FA_USAGE_INIT;
    ck_assert_int_eq(fa_ctx_create(NULL, NULL, &ctx), FA_ERR_USAGE);
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stats_read(NULL, &stats), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stats_read(w.allocator, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_tag_usage_read(NULL, 0, &usage), FA_ERR_USAGE);
    ck_assert_int_eq(fa_tag_usage_read(w.allocator, 0, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, NULL), FA_ERR_USAGE);
    ck_assert_ptr_null(fa_alloc(NULL, 1, 1, (fa_intent)99));
    ck_assert_ptr_null(fa_heap_alloc(NULL, 1, 1));
    test_begin(&w);
    ck_assert_ptr_null(fa_frame_strdup(w.frame, NULL));
}
END_TEST

START_TEST(functions_of_arenas_refuse_null)
{
    fa_scratch scratch;
    fa_group group;
    ck_assert_int_eq(fa_scratch_create(NULL, "a", NULL, &scratch),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_scratch_create(w.allocator, "a", NULL, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_scratch_create(w.allocator, NULL, NULL, &scratch),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_scratch_create(w.allocator, "a", NULL, &scratch),
                     FA_OK);
    ck_assert_int_eq(fa_scratch_stats_read(scratch, NULL), FA_ERR_USAGE);
    ck_assert_uint_eq(fa_scratch_list(NULL, &scratch, 1), 0);
    ck_assert_int_eq(fa_group_create(NULL, NULL, &group), FA_ERR_USAGE);
    ck_assert_int_eq(fa_group_create(w.ctx, NULL, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_group_create(w.ctx, NULL, &group), FA_OK);
    ck_assert_int_eq(fa_group_stats_read(group, NULL), FA_ERR_USAGE);
    fa_group_destroy(group);
    fa_scratch_destroy(scratch);
}
END_TEST

START_TEST(functions_of_events_refuse_null)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    uint64_t id;
    ck_assert_int_eq(fa_event_listener_add(NULL, &listener, &id), FA_ERR_USAGE);
    ck_assert_int_eq(fa_event_listener_add(w.allocator, NULL, &id),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_event_listener_remove(NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_event_ring_set(NULL, 0, 0), FA_ERR_USAGE);
}
END_TEST

START_TEST(structures_of_an_absurd_size_are_refused)
{
    fa_budget budget = FA_BUDGET_INIT;
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    fa_scratch_config scratch_config = FA_SCRATCH_CONFIG_INIT;
    fa_group_config group_config = FA_GROUP_CONFIG_INIT;
    fa_scratch scratch;
    fa_group group;
    budget.struct_size = usage.struct_size = 5000;
    scratch_config.struct_size = group_config.struct_size = 5000;
    ck_assert_int_eq(
        fa_budget_set(w.allocator, FA_BUDGET_ALLOCATOR, 0, &budget),
        FA_ERR_CONFIG);
    ck_assert_int_eq(
        fa_budget_read(w.allocator, FA_BUDGET_ALLOCATOR, 0, &usage),
        FA_ERR_CONFIG);
    ck_assert_int_eq(
        fa_scratch_create(w.allocator, "a", &scratch_config, &scratch),
        FA_ERR_CONFIG);
    ck_assert_int_eq(fa_group_create(w.ctx, &group_config, &group),
                     FA_ERR_CONFIG);
    ck_assert_uint_eq(test_log_count(&w.log, 10), 4);
}
END_TEST

/* --- frames --- */

START_TEST(a_pinned_context_does_not_end_its_frame)
{
    test_begin(&w);
    fa_ctx_frame_pin(w.ctx);
    fa_ctx_end_frame(w.ctx);
    ck_assert_only_diag(&w.log, 4);
    fa_ctx_frame_unpin(w.ctx);
}
END_TEST

START_TEST(a_block_is_not_resized_after_its_frame)
{
    test_begin(&w);
    char *block = fa_frame_alloc(w.frame, 16, 16);
    test_end(&w);
    ck_assert_ptr_null(fa_frame_resize(w.frame, block, 16, 32, 16));
    ck_assert_only_diag(&w.log, 1);
}
END_TEST

static void *
next_frame(void *arg)
{
    (void)arg;
    fa_end_frame(w.allocator);
    fa_begin_frame(w.allocator);
    return NULL;
}

START_TEST(a_frame_that_another_thread_has_ended_is_refused)
{
    test_begin(&w);
    while (fa_frame_used(w.frame) < 32 * KIB)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1024, 16));
    test_run_thread(next_frame, NULL);
    w.frame->limit = w.frame->cursor;
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 1024, 16));
    ck_assert_only_diag(&w.log, 606);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
}
END_TEST

START_TEST(an_address_within_a_block_of_another_context_is_not_freed)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    char *block = fa_heap_alloc(other, 64, 16);
    fa_free(w.ctx, block + 16);
    ck_assert_only_diag(&w.log, 8);
    fa_free(other, block);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(a_push_past_a_refused_push_is_refused)
{
    fa_tag_push(w.ctx, 200);
    fa_tag_push(w.ctx, FA_TAG_NONE);
    ck_assert_uint_eq(test_log_count(&w.log, 14), 2);
    fa_tag_pop(w.ctx);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(w.log.count, 2);
}
END_TEST

/* --- budgets --- */

static fa_budget_policy
allow(void *user, const fa_budget_event *event)
{
    (void)event;
    ++*(unsigned *)user;
    return FA_BUDGET_ALLOW;
}

START_TEST(the_program_may_allow_what_passes_the_budget_of_a_tag)
{
    unsigned asked = 0;
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 1600;
    budget.policy = FA_BUDGET_CUSTOM;
    budget.decide = allow;
    budget.user = &asked;
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, ui, &budget),
                     FA_OK);
    fa_tag_push(w.ctx, ui);
    for (unsigned frame = 0; frame < 3; frame++) {
        test_begin(&w);
        for (unsigned i = 0; i < 100; i++)
            ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 160, 16));
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 40000, 16));
        test_end(&w);
    }
    ck_assert_uint_ge(asked, 3);
    ck_assert_no_diag(&w.log);
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    fa_budget_read(w.allocator, FA_BUDGET_TAG, ui, &usage);
    ck_assert_uint_eq(usage.used, 0);
}
END_TEST

static void
set_of_ctx(fa_budget_scope scope, uint64_t hard, fa_budget_policy policy)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = hard;
    budget.policy = policy;
    ck_assert_int_eq(
        fa_budget_set(w.allocator, scope, fa_ctx_id(w.ctx), &budget), FA_OK);
}

START_TEST(a_promotion_that_the_context_has_no_room_for_is_refused)
{
    set_of_ctx(FA_BUDGET_CTX_FRAME, 16, FA_BUDGET_PROMOTE);
    set_of_ctx(FA_BUDGET_CTX_POOL, 16, FA_BUDGET_PROMOTE);
    test_begin(&w);
    fa_frame_alloc(w.frame, 16, 16);
    set_of_ctx(FA_BUDGET_CTX, 4096, FA_BUDGET_FAIL);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 100, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 40000, 16));
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 100, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
}
END_TEST

static void
alloc_on_warning(void *user, const fa_budget_event *event)
{
    (void)event;
    /* Past the limit, so that a whole window is open afterwards. */
    test_fill(fa_frame_alloc(w.frame, 3200, 16), 3200, 9);
    ++*(unsigned *)user;
}

START_TEST(a_block_moves_when_the_warning_about_its_growth_allocates)
{
    unsigned warnings = 0;
    fa_budget budget = FA_BUDGET_INIT;
    budget.soft_bytes = 3200;
    budget.callback = alloc_on_warning;
    budget.user = &warnings;
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_CTX_FRAME,
                                   fa_ctx_id(w.ctx), &budget),
                     FA_OK);
    test_begin(&w);
    char *block = fa_frame_alloc(w.frame, 1600, 16);
    test_fill(block, 1600, 1);
    char *moved = fa_frame_resize(w.frame, block, 1600, 4800, 16);
    ck_assert_uint_eq(warnings, 1);
    ck_assert_ptr_ne(moved, block);
    ck_assert(test_is_filled(moved, 1600, 1));
    ck_assert(test_is_filled(block + 1600, 3200, 9));
}
END_TEST

START_TEST(a_context_with_a_mode_of_its_own_takes_the_same_memory)
{
    test_close(&w);
    test_prepare(&w);
    w.config.drain = FA_DRAIN_EXPLICIT;
    test_open(&w);
    for (unsigned frame = 0; frame < 3; frame++) {
        test_begin(&w);
        for (unsigned i = 0; i < 200; i++)
            ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1024, 16));
        ck_assert_uint_eq(fa_frame_used(w.frame), 200 * 1024);
        test_end(&w);
    }
}
END_TEST

/* --- the context that refuses every call --- */

static void *
use_refusing(void *arg)
{
    (void)arg;
    fai_fault_arm(1, true);
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fai_fault_arm(0, false);
    fa_usage usage = FA_USAGE_INIT;
    fa_remote_usage remote = FA_REMOTE_USAGE_INIT;
    fa_group group;
    ck_assert_uint_eq(fa_ctx_id(ctx), 0);
    ck_assert_int_eq(fa_ctx_usage_read(ctx, &usage), FA_ERR_USAGE);
    ck_assert_int_eq(fa_remote_usage_read(ctx, &remote), FA_ERR_USAGE);
    ck_assert_uint_eq(fa_ctx_drain(ctx, SIZE_MAX), 0);
    ck_assert_ptr_null(fa_heap_alloc(ctx, 16, 16));
    ck_assert_ptr_null(fa_heap_realloc(ctx, NULL, 16, 16));
    ck_assert_ptr_null(fa_pool_zalloc(fa_ctx_pool(ctx, 16, 16), 16));
    ck_assert_ptr_null(fa_frame_alloc(fa_ctx_frame(ctx), 16, 16));
    ck_assert_int_ne(fa_group_create(ctx, NULL, &group), FA_OK);
    fa_tag_push(ctx, 0);
    fa_tag_pop(ctx);
    fa_ctx_end_frame(ctx);
    fa_ctx_destroy(ctx);
    return NULL;
}

START_TEST(a_context_that_could_not_be_made_refuses_every_call)
{
    test_begin(&w);
    test_run_thread(use_refusing, NULL);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- the system --- */

START_TEST(a_range_that_the_kernel_refuses_is_no_range)
{
    ck_assert_ptr_null(fai_pages_map(BIT_BELOW(0) + BIT_BELOW(1), 4096));
    ck_assert_ptr_null(fai_pages_map(SIZE_MAX - 100, 4096));
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    ck_assert(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    if (test_is_watched() || test_is_instrumented() || !test_is_forking())
        return;
    /* Room for the range, but not for its alignment. */
    struct rlimit limit = {(rlim_t)pages * 4096 + 64 * MIB + MIB, 0};
    limit.rlim_max = limit.rlim_cur;
    ck_assert_int_eq(setrlimit(RLIMIT_AS, &limit), 0);
    uint64_t mapped = fai_pages_mapped();
    for (size_t size = 64 * MIB; size > 32 * MIB; size -= 12288) {
        char *range = fai_pages_map(size, 32 * MIB);
        if (range != NULL)
            fai_pages_unmap(range, size);
        ck_assert_uint_eq(fai_pages_mapped(), mapped);
    }
}
END_TEST

START_TEST(without_a_key_for_threads_contexts_refuse)
{
    pthread_key_t key[PTHREAD_KEYS_MAX];
    unsigned count = 0;
    if (test_is_watched() || test_is_instrumented() || !test_is_forking())
        return;
    while (count < PTHREAD_KEYS_MAX &&
           pthread_key_create(&key[count], NULL) == 0)
        count++;
    test_prepare(&w);
    fa_allocator *allocator;
    ck_assert_int_eq(fa_allocator_create(&w.config, &allocator), FA_OK);
    ck_assert_uint_eq(fa_ctx_id(fa_ctx_current(allocator)), 0);
    pthread_key_delete(key[--count]);
    ck_assert_uint_ne(fa_ctx_id(fa_ctx_current(allocator)), 0);
    fa_allocator_destroy(allocator);
    while (count > 0)
        pthread_key_delete(key[--count]);
}
END_TEST

/* --- jemalloc --- */

static int control_result;

static void *
fake_alloc(size_t size, int flags)
{
    (void)size;
    (void)flags;
    return NULL;
}

static void
fake_free(void *block, size_t size, int flags)
{
    (void)block;
    (void)size;
    (void)flags;
}

static int
fake_control(const char *name, void *old_value, size_t *old_size,
             void *new_value, size_t new_size)
{
    (void)name;
    (void)old_value;
    (void)old_size;
    (void)new_value;
    (void)new_size;
    return control_result;
}

START_TEST(a_jemalloc_that_lacks_something_or_gives_no_arena_is_not_used)
{
    const fa_jemalloc_api whole = {sizeof(whole), fake_alloc, fake_free,
                                   fake_control};
    fa_jemalloc_api part[4] = {whole, whole, whole, whole};
    part[0].struct_size = 8;
    part[1].mallocx = NULL;
    part[2].sdallocx = NULL;
    part[3].mallctl = NULL;
    ck_assert_ptr_null(fa_heap_jemalloc_backend(NULL));
    for (unsigned i = 0; i < COUNT(part); i++)
        ck_assert_ptr_null(fa_heap_jemalloc_backend(&part[i]));
    /* One set per process, so the loop needs one each. */
    if (!test_is_forking())
        return;
    control_result = _i;
    ck_assert((fa_heap_jemalloc_backend(&whole) != NULL) == (_i == 0));
}
END_TEST

static void
add_system(Suite *suite)
{
    TCase *tc = tcase_create("failure");
    tcase_add_test(tc, a_range_that_the_kernel_refuses_is_no_range);
    tcase_add_test(tc, without_a_key_for_threads_contexts_refuse);
    tcase_add_loop_test(
        tc, a_jemalloc_that_lacks_something_or_gives_no_arena_is_not_used, 0,
        2);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("refusal");
    TCase *tc = tcase_create("misuse");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, functions_of_allocators_and_contexts_refuse_null);
    tcase_add_test(tc, functions_of_arenas_refuse_null);
    tcase_add_test(tc, functions_of_events_refuse_null);
    tcase_add_test(tc, structures_of_an_absurd_size_are_refused);
    tcase_add_test(tc, a_pinned_context_does_not_end_its_frame);
    tcase_add_test(tc, a_block_is_not_resized_after_its_frame);
    tcase_add_test(tc, a_frame_that_another_thread_has_ended_is_refused);
    tcase_add_test(tc,
                   an_address_within_a_block_of_another_context_is_not_freed);
    tcase_add_test(tc, a_push_past_a_refused_push_is_refused);
    suite_add_tcase(suite, tc);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits,
                   the_program_may_allow_what_passes_the_budget_of_a_tag);
    tcase_add_test(limits,
                   a_promotion_that_the_context_has_no_room_for_is_refused);
    tcase_add_test(limits,
                   a_block_moves_when_the_warning_about_its_growth_allocates);
    tcase_add_test(limits,
                   a_context_with_a_mode_of_its_own_takes_the_same_memory);
    tcase_add_test(limits, a_context_that_could_not_be_made_refuses_every_call);
    suite_add_tcase(suite, limits);
    add_system(suite);
    return test_main(suite);
}
