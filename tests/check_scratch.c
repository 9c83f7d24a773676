/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Named scratch arenas.
 */
#include "support.h"

#include <pthread.h>
#include <stdio.h>

static struct test_world w;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
prepare_world(void)
{
    test_prepare(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static fa_scratch
make_sized(const char *name, size_t capacity)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    config.capacity = capacity;
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, name, &config, &scratch),
                     FA_OK);
    return scratch;
}

static fa_scratch
make(const char *name)
{
    return make_sized(name, 0);
}

static fa_scratch_stats
stats_of(fa_scratch scratch)
{
    fa_scratch_stats stats = FA_SCRATCH_STATS_INIT;
    ck_assert_int_eq(fa_scratch_stats_read(scratch, &stats), FA_OK);
    return stats;
}

/* --- contract --- */

START_TEST(blocks_live_across_frames_until_the_reset)
{
    fa_scratch scratch = make("level");
    test_begin(&w);
    char *block = fa_frame_alloc(fa_scratch_frame(scratch), 1000, 16);
    test_fill(block, 1000, 1);
    test_end(&w);
    test_begin(&w);
    ck_assert(test_is_filled(block, 1000, 1));
    test_end(&w);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_ptr_eq(fa_frame_alloc(fa_scratch_frame(scratch), 16, 16), block);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_name_finds_its_arena)
{
    fa_scratch a = make("a"), b = make("b");
    ck_assert_ptr_eq(fa_scratch_find(w.allocator, "a").frame, a.frame);
    ck_assert_uint_eq(fa_scratch_find(w.allocator, "b").serial, b.serial);
    ck_assert_ptr_null(fa_scratch_find(w.allocator, "c").frame);
}
END_TEST

START_TEST(a_name_is_taken_once)
{
    fa_scratch first = make("twice"), second = first;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "twice", NULL, &second),
                     FA_ERR_STATE);
    ck_assert_ptr_null(second.frame);
    ck_assert_int_eq(fa_scratch_destroy(first), FA_OK);
    make("twice");
}
END_TEST

START_TEST(the_list_has_all_names)
{
    fa_scratch list[3];
    make("one");
    make("two");
    ck_assert_uint_eq(fa_scratch_list(w.allocator, NULL, 0), 2);
    ck_assert_uint_eq(fa_scratch_list(w.allocator, list, 3), 2);
    ck_assert_str_eq(stats_of(list[0]).name, "two");
    ck_assert_str_eq(stats_of(list[1]).name, "one");
}
END_TEST

START_TEST(figures_tell_bytes_peak_resets_and_capacity)
{
    fa_scratch scratch = make_sized("figures", 10000);
    fa_frame *frame = fa_scratch_frame(scratch);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 5000, 16));
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 100, 16));
    ck_assert_ptr_null(fa_frame_alloc(frame, 10000, 16));
    fa_scratch_stats stats = stats_of(scratch);
    ck_assert_uint_eq(stats.bytes, 112);
    ck_assert_uint_eq(stats.peak, 5008);
    ck_assert_uint_eq(stats.resets, 1);
    ck_assert_uint_eq(stats.capacity, 10000);
    ck_assert_uint_eq(stats.refusals, 1);
    ck_assert_uint_ge(stats.held_bytes, 5008);
    ck_assert_uint_eq(stats.count, FA_COUNT_UNKNOWN);
}
END_TEST

START_TEST(totals_of_the_allocator_know_scratch_bytes)
{
    fa_scratch scratch = make("total");
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(scratch), 999, 16));
    ck_assert_ptr_nonnull(
        fa_frame_alloc(fa_scratch_frame(scratch), 100000, 16));
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.scratches, 1);
    ck_assert_uint_eq(stats.scratch_bytes, 1008 + 100000);
    ck_assert_uint_eq(stats.contexts, 1);
    ck_assert_uint_eq(stats.frame_bytes, 0);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).scratch_bytes, 0);
}
END_TEST

START_TEST(bytes_are_charged_to_the_tag_of_the_arena)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    fa_scratch scratch;
    config.tag = fa_tag_register(w.allocator, "assets");
    ck_assert_int_eq(fa_scratch_create(w.allocator, "t", &config, &scratch),
                     FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(scratch), 160, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(scratch), MIB, 16));
    ck_assert_uint_eq(test_tag_usage(w.allocator, config.tag).frame_bytes,
                      160 + MIB);
    test_limit(w.allocator, FA_BUDGET_TAG, config.tag, 4096);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(scratch), 4000, 16));
    ck_assert_ptr_null(fa_frame_alloc(fa_scratch_frame(scratch), 4000, 16));
    ck_assert_int_eq(fa_frame_status(fa_scratch_frame(scratch)), FA_ERR_BUDGET);
}
END_TEST

START_TEST(a_used_arena_costs_no_system_call_again)
{
    fa_scratch scratch = make("again");
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(scratch), 999, 16));
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    uint64_t held = test_stats(w.allocator).reserved_bytes;
    for (unsigned i = 0; i < 100; i++) {
        scratch = make("again");
        ck_assert_ptr_nonnull(
            fa_frame_alloc(fa_scratch_frame(scratch), 999, 16));
        ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    }
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, held);
}
END_TEST

static unsigned defers;

static void
count_defer(void *arg)
{
    (void)arg;
    defers++;
}

START_TEST(defers_run_at_reset_and_destroy)
{
    fa_scratch scratch = make("defer");
    fa_frame *frame = fa_scratch_frame(scratch);
    defers = 0;
    ck_assert_int_eq(fa_frame_defer(frame, count_defer, NULL), FA_OK);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_uint_eq(defers, 1);
    ck_assert_int_eq(fa_frame_defer(frame, count_defer, NULL), FA_OK);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    ck_assert_uint_eq(defers, 2);
}
END_TEST

START_TEST(stamps_die_with_the_reset)
{
    fa_scratch scratch = make("stamp");
    fa_stamp stamp = fa_frame_stamp(fa_scratch_frame(scratch));
    ck_assert(fa_stamp_is_live(w.allocator, stamp));
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert(!fa_stamp_is_live(w.allocator, stamp));
    stamp = fa_frame_stamp(fa_scratch_frame(scratch));
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    make("stamp");
    ck_assert(!fa_stamp_is_live(w.allocator, stamp));
}
END_TEST

START_TEST(objects_are_counted_where_counting_is_on)
{
    w.config.counts = true;
    test_open(&w);
    fa_scratch scratch = make("counts");
    for (unsigned i = 0; i < 5; i++)
        ck_assert_ptr_nonnull(
            fa_frame_alloc(fa_scratch_frame(scratch), 10, 16));
    ck_assert_uint_eq(stats_of(scratch).count, 5);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_uint_eq(stats_of(scratch).count, 0);
}
END_TEST

/* --- limits --- */

START_TEST(the_capacity_is_reached_and_not_passed)
{
    fa_scratch scratch = make_sized("full", 100000);
    fa_frame *frame = fa_scratch_frame(scratch);
    size_t bytes = 0;
    while (fa_frame_alloc(frame, 160, 16) != NULL)
        bytes += 160;
    ck_assert_uint_eq(bytes, 100000);
    ck_assert_int_eq(fa_frame_status(frame), FA_ERR_BUDGET);
    ck_assert_ptr_null(fa_frame_alloc(frame, 1, 1));
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 40000, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 60000, 16));
    ck_assert_ptr_null(fa_frame_alloc(frame, 16, 16));
    ck_assert_uint_eq(fa_frame_used(frame), 100000);
}
END_TEST

START_TEST(the_capacity_holds_after_a_rollback_and_a_release)
{
    fa_scratch scratch = make_sized("back", 1024);
    fa_frame *frame = fa_scratch_frame(scratch);
    for (unsigned i = 0; i < 4; i++) {
        fa_scratch_scope scope = fa_scratch_begin_in(scratch);
        ck_assert_ptr_nonnull(fa_frame_alloc(frame, 1000, 16));
        ck_assert_ptr_null(fa_frame_alloc(frame, 32, 16));
        ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    }
    void *block = fa_frame_alloc(frame, 1024, 16);
    fa_frame_release(frame, block, 1024);
    block = fa_frame_alloc(frame, 512, 16);
    ck_assert_ptr_nonnull(fa_frame_resize(frame, block, 512, 1024, 16));
    ck_assert_ptr_null(fa_frame_resize(frame, block, 1024, 1040, 16));
    ck_assert_uint_eq(fa_frame_used(frame), 1024);
}
END_TEST

START_TEST(large_blocks_do_not_grow_past_the_capacity)
{
    fa_scratch scratch = make_sized("large", 90080);
    fa_frame *frame = fa_scratch_frame(scratch);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 50000, 16));
    char *block = fa_frame_alloc(frame, 40000, 16);
    ck_assert_ptr_null(fa_frame_resize(frame, block, 40000, 40096, 16));
    ck_assert_ptr_eq(fa_frame_resize(frame, block, 40000, 40080, 16), block);
    ck_assert_ptr_null(fa_frame_alloc(frame, 16, 16));
}
END_TEST

START_TEST(without_a_capacity_it_grows_by_chunks_without_a_hint)
{
    w.config.frame_reserve = 64 * KIB;
    test_open(&w);
    fa_scratch scratch = make("grows");
    for (unsigned i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(
            fa_frame_alloc(fa_scratch_frame(scratch), 10000, 16));
    ck_assert_uint_eq(fa_frame_used(fa_scratch_frame(scratch)), 1000000);
    ck_assert_uint_eq(test_stats(w.allocator).spills, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_destroyed_arena_gives_its_memory_back)
{
    fa_scratch scratch = make("big");
    for (unsigned i = 0; i < 1000; i++)
        ck_assert_ptr_nonnull(
            fa_frame_alloc(fa_scratch_frame(scratch), 20000, 16));
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    ck_assert_uint_le(test_stats(w.allocator).held_bytes, 64 * KIB);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
}
END_TEST

START_TEST(names_have_1_to_31_bytes)
{
    fa_scratch scratch;
    make("1234567890123456789012345678901");
    ck_assert_int_eq(fa_scratch_create(w.allocator,
                                       "12345678901234567890123456789012", NULL,
                                       &scratch),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_scratch_create(w.allocator, "", NULL, &scratch),
                     FA_ERR_USAGE);
}
END_TEST

/* --- failure --- */

START_TEST(the_budget_of_the_allocator_holds)
{
    w.config.memory_limit = 1 * MIB;
    test_open(&w);
    fa_scratch scratch = make("budget");
    fa_frame *frame = fa_scratch_frame(scratch);
    size_t bytes = 0;
    while (fa_frame_alloc(frame, 4096, 16) != NULL)
        bytes += 4096;
    ck_assert_uint_le(bytes, 1 * MIB);
    ck_assert_uint_ge(bytes, MIB - 64 * KIB);
    ck_assert_int_eq(fa_frame_status(frame), FA_ERR_BUDGET);
    ck_assert_uint_eq(stats_of(scratch).refusals, 0);
}
END_TEST

/* --- misuse --- */

START_TEST(a_destroyed_arena_is_found_out)
{
    fa_scratch scratch = make("gone");
    ck_assert(fa_scratch_is_live(scratch));
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    ck_assert(!fa_scratch_is_live(scratch));
    fa_scratch other = make("gone");
    ck_assert_ptr_eq(other.frame, scratch.frame);
    ck_assert_ptr_null(fa_frame_alloc(fa_scratch_frame(scratch), 1, 1));
    ck_assert_only_diag(&w.log, 421);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 421);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_scratch_frame(other), 1, 1));
}
END_TEST

START_TEST(no_handle_is_refused)
{
    fa_scratch none = {NULL, 0};
    ck_assert_ptr_null(fa_frame_alloc(fa_scratch_frame(none), 1, 1));
    ck_assert_int_eq(fa_scratch_destroy(none), FA_ERR_STALE);
    ck_assert_int_eq(fa_scratch_end(fa_scratch_begin_in(none)), FA_OK);
}
END_TEST

START_TEST(structures_without_their_size_are_refused)
{
    fa_scratch_config config = {0};
    fa_scratch_stats stats = {0};
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "x", &config, &scratch),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_scratch_stats_read(make("x"), &stats), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

START_TEST(guard_modes_work_on_scratch_arenas)
{
    static const fa_guard levels[] = {FA_GUARD_CHECK, FA_GUARD_PROTECT,
                                      FA_GUARD_FRESH};
    test_close(&w);
    test_open_guard(&w, levels[_i]);
    fa_scratch scratch = make_sized("guard", 64 * KIB);
    for (unsigned i = 0; i < 10; i++) {
        char *block = fa_frame_alloc(fa_scratch_frame(scratch), 100, 16);
        ck_assert_ptr_nonnull(block);
        test_write(block, 100);
        ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    }
    ck_assert_no_diag(&w.log);
    if (!test_is_watched()) {
        char *block = fa_frame_alloc(fa_scratch_frame(scratch), 100, 16);
        test_write(block + 100, 1);
        ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
        ck_assert_only_diag(&w.log, 9);
    }
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    make("guard");
}
END_TEST

/* --- threads --- */

static void *
use_scopes(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    char name[16];
    snprintf(name, sizeof(name), "thread %u", *(unsigned *)arg);
    for (unsigned i = 0; i < test_scaled(200); i++) {
        fa_scratch scratch = make(name);
        fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
        char *a = fa_frame_alloc(scope.frame, 100, 16);
        char *b = fa_frame_alloc(fa_scratch_frame(scratch), 100, 16);
        test_fill(a, 100, i);
        test_fill(b, 100, i + 1);
        (void)test_stats(w.allocator);
        ck_assert(test_is_filled(a, 100, i));
        ck_assert(test_is_filled(b, 100, i + 1));
        ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
        ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    }
    return NULL;
}

START_TEST(threads_make_and_use_their_own)
{
    pthread_t thread[4];
    unsigned number[4];
    for (unsigned i = 0; i < COUNT(thread); i++) {
        number[i] = i;
        pthread_create(&thread[i], NULL, use_scopes, &number[i]);
    }
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(test_stats(w.allocator).scratch_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).scratches, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("scratch");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, blocks_live_across_frames_until_the_reset);
    tcase_add_test(contract, a_name_finds_its_arena);
    tcase_add_test(contract, a_name_is_taken_once);
    tcase_add_test(contract, the_list_has_all_names);
    tcase_add_test(contract, figures_tell_bytes_peak_resets_and_capacity);
    tcase_add_test(contract, totals_of_the_allocator_know_scratch_bytes);
    tcase_add_test(contract, bytes_are_charged_to_the_tag_of_the_arena);
    tcase_add_test(contract, a_used_arena_costs_no_system_call_again);
    tcase_add_test(contract, defers_run_at_reset_and_destroy);
    tcase_add_test(contract, stamps_die_with_the_reset);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, the_capacity_is_reached_and_not_passed);
    tcase_add_test(limits, the_capacity_holds_after_a_rollback_and_a_release);
    tcase_add_test(limits, large_blocks_do_not_grow_past_the_capacity);
    tcase_add_test(limits, a_destroyed_arena_gives_its_memory_back);
    tcase_add_test(limits, names_have_1_to_31_bytes);
    suite_add_tcase(suite, limits);

    TCase *configured = tcase_create("configured");
    tcase_add_checked_fixture(configured, prepare_world, close_world);
    tcase_add_test(configured, objects_are_counted_where_counting_is_on);
    tcase_add_test(configured,
                   without_a_capacity_it_grows_by_chunks_without_a_hint);
    tcase_add_test(configured, the_budget_of_the_allocator_holds);
    suite_add_tcase(suite, configured);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_destroyed_arena_is_found_out);
    tcase_add_test(misuse, no_handle_is_refused);
    tcase_add_test(misuse, structures_without_their_size_are_refused);
    tcase_add_loop_test(misuse, guard_modes_work_on_scratch_arenas, 0, 3);
    suite_add_tcase(suite, misuse);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, threads_make_and_use_their_own);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
