/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Statistics: each figure, exact, and structures of older and newer headers.
 */
#include "support.h"

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
run_frame(size_t size)
{
    test_begin(&w);
    if (size != 0)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, size, 16));
    test_end(&w);
}

/* --- contract --- */

START_TEST(a_new_allocator_has_nothing)
{
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.contexts, 1);
    ck_assert_uint_eq(stats.frame_number, 0);
    ck_assert_uint_eq(stats.frame_count, FA_COUNT_UNKNOWN);
    stats.system_refusals = 0; /* Of the process. */
    ck_assert(test_is_byte(
        &stats.age_frames,
        offsetof(fa_stats, frame_count) - offsetof(fa_stats, age_frames), 0));
    ck_assert(test_is_byte(stats.histogram, sizeof(stats.histogram), 0));
    ck_assert_uint_eq(stats.suggested_reserve, 0);
}
END_TEST

START_TEST(frame_number_and_state_follow_begin_and_end)
{
    test_begin(&w);
    ck_assert_uint_eq(test_stats(w.allocator).frame_number, 1);
    ck_assert(test_stats(w.allocator).frame_is_open);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).frame_number, 1);
    ck_assert(!test_stats(w.allocator).frame_is_open);
}
END_TEST

START_TEST(the_guard_level_in_force_is_told)
{
    test_close(&w);
    test_open_guard(&w, _i == 0 ? FA_GUARD_OFF : (fa_guard)_i);
    ck_assert_int_eq(test_stats(w.allocator).guard, _i);
}
END_TEST

START_TEST(frame_bytes_are_those_of_the_last_frame)
{
    run_frame(1600);
    ck_assert_uint_eq(test_stats(w.allocator).frame_bytes, 1600);
    run_frame(160);
    ck_assert_uint_eq(test_stats(w.allocator).frame_bytes, 160);
    run_frame(100001);
    ck_assert_uint_eq(test_stats(w.allocator).frame_bytes, 100001);
    run_frame(0);
    ck_assert_uint_eq(test_stats(w.allocator).frame_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).frame_peak, 100001);
}
END_TEST

START_TEST(frame_peak_sums_the_contexts)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1600, 16));
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), 320, 16));
    fa_ctx_end_frame(ctx);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).frame_peak, 1920);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(arena_bytes_add_up_over_frames)
{
    for (unsigned i = 1; i <= 10; i++)
        run_frame(i * 16);
    run_frame(100000); /* Not from the arena. */
    ck_assert_uint_eq(test_stats(w.allocator).arena_bytes, 55 * 16);
    ck_assert_uint_eq(test_stats(w.allocator).backend_bytes,
                      test_stats(w.allocator).cache_bytes);
}
END_TEST

START_TEST(a_context_that_has_not_ended_is_behind)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 2);
    test_begin(&w);
    fa_ctx_frame(ctx);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_behind, 0);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_behind, 1);
    fa_ctx_frame(ctx);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_behind, 0);
    ck_assert_uint_eq(test_stats(w.allocator).age_frames, 0);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(a_context_without_a_part_in_the_frame_is_not_behind)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    for (int i = 0; i < 3; i++)
        run_frame(16);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_behind, 0);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(age_tells_how_old_the_oldest_figures_are)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    test_begin(&w);
    fa_ctx_frame(ctx);
    fa_ctx_end_frame(ctx);
    test_end(&w);
    for (int i = 0; i < 5; i++)
        run_frame(16);
    ck_assert_uint_eq(test_stats(w.allocator).age_frames, 5);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(held_bytes_are_what_was_taken)
{
    run_frame(100);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.held_bytes, stats.frame_resident);
    ck_assert_uint_ge(stats.held_bytes, PAGE);
    void *block = fa_heap_alloc(w.ctx, MIB, 16);
    void *small = fa_heap_alloc(w.ctx, 100, 16);
    stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.held_bytes,
                      stats.frame_resident + MIB + stats.pool_bytes);
    ck_assert_uint_eq(stats.held_peak, stats.held_bytes);
    fa_free(w.ctx, block);
    fa_free(w.ctx, small);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_peak, stats.held_peak);
    ck_assert_uint_eq(test_stats(w.allocator).trimmed_bytes,
                      stats.frame_resident);
}
END_TEST

START_TEST(reserved_bytes_are_the_address_space_of_arenas)
{
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, 0);
    run_frame(16);
    ck_assert_uint_eq(test_stats(w.allocator).reserved_bytes, 64 * MIB);
}
END_TEST

START_TEST(frame_count_is_known_with_counts_only)
{
    run_frame(16);
    ck_assert_uint_eq(test_stats(w.allocator).frame_count, FA_COUNT_UNKNOWN);
    test_close(&w);
    test_prepare(&w);
    w.config.counts = true;
    test_open(&w);
    test_begin(&w);
    for (size_t i = 1; i <= 100; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, i * 1000, 16));
    ck_assert_ptr_null(fa_frame_alloc(w.frame, SIZE_MAX / 2, 16));
    ck_assert_uint_eq(test_stats(w.allocator).frame_count, 100);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).frame_count, 100);
}
END_TEST

START_TEST(the_histogram_counts_frames_by_their_peak)
{
    run_frame(16);   /* Less than 32. */
    run_frame(4096); /* Less than 8192. */
    run_frame(4095); /* Rounded up to 4096. */
    run_frame(1024 * 1024);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.histogram[5], 1);
    ck_assert_uint_eq(stats.histogram[13], 2);
    ck_assert_uint_eq(stats.histogram[21], 1);
    uint64_t sum = 0;
    for (size_t i = 1; i < FA_HISTOGRAM_BUCKETS; i++)
        sum += stats.histogram[i];
    ck_assert_uint_eq(sum, 4);
}
END_TEST

START_TEST(the_suggested_reserve_holds_999_of_1000_frames)
{
    for (int i = 0; i < 999; i++)
        run_frame(1000);
    run_frame(100000);
    ck_assert_uint_eq(test_stats(w.allocator).suggested_reserve, 1024);
    run_frame(100000);
    ck_assert_uint_eq(test_stats(w.allocator).suggested_reserve, 131072);
}
END_TEST

START_TEST(refusals_are_counted)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, MIB);
    for (unsigned i = 1; i <= 10; i++) {
        uint64_t before = test_stats(w.allocator).budget_refusals;
        ck_assert_ptr_null(fa_heap_alloc(w.ctx, 2 * MIB, 16));
        ck_assert_uint_gt(test_stats(w.allocator).budget_refusals, before);
    }
}
END_TEST

START_TEST(a_context_tells_its_own_part)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    void *block = fa_heap_alloc(ctx, 100000, 16);
    void *small = fa_heap_alloc(ctx, 100, 16);
    fa_usage usage = test_ctx_usage(ctx);
    ck_assert_uint_eq(usage.heap_bytes, 100000);
    ck_assert_uint_eq(usage.pool_bytes, 64 * KIB);
    ck_assert_uint_eq(usage.bytes, test_stats(w.allocator).held_bytes);
    ck_assert_uint_eq(usage.peak, usage.bytes);
    ck_assert_uint_eq(test_ctx_usage(w.ctx).bytes, 0);
    fa_free(ctx, block);
    fa_free(ctx, small);
    fa_ctx_destroy(ctx);
}
END_TEST

START_TEST(totals_of_a_context_that_is_gone_stay)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(ctx), 1600, 16));
    test_end(&w);
    fa_heap_free(ctx, fa_heap_alloc(ctx, MIB, 16));
    fa_ctx_destroy(ctx);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.arena_bytes, 1600);
    ck_assert_uint_eq(stats.backend_bytes, MIB);
    ck_assert_uint_eq(stats.held_bytes, 0);
    ck_assert_uint_eq(stats.contexts, 1);
    ck_assert_uint_eq(stats.histogram[11], 1);
}
END_TEST

/* --- structures of other sizes --- */

START_TEST(members_beyond_the_structure_are_not_written)
{
    union {
        fa_stats stats;
        unsigned char bytes[sizeof(fa_stats)];
    } old;
    run_frame(1600);
    for (size_t size = sizeof(size_t); size < sizeof(old); size += 4) {
        memset(&old, 0xa5, sizeof(old));
        old.stats.struct_size = size;
        ck_assert_int_eq(fa_stats_read(w.allocator, &old.stats), FA_OK);
        ck_assert_uint_eq(old.stats.struct_size, size);
        ck_assert(test_is_byte(old.bytes + size, sizeof(old) - size, 0xa5));
        if (size >= offsetof(fa_stats, frame_is_open))
            ck_assert_uint_eq(old.stats.frame_number, 1);
    }
}
END_TEST

START_TEST(a_larger_structure_is_filled_as_far_as_it_is_known)
{
    struct {
        fa_stats stats;
        unsigned char more[64];
    } new;
    struct {
        fa_usage usage;
        unsigned char more[64];
    } more;
    memset(&new, 0xa5, sizeof(new));
    memset(&more, 0xa5, sizeof(more));
    new.stats.struct_size = sizeof(new);
    more.usage.struct_size = sizeof(more);
    run_frame(1600);
    ck_assert_int_eq(fa_stats_read(w.allocator, &new.stats), FA_OK);
    ck_assert_uint_eq(new.stats.frame_bytes, 1600);
    ck_assert_uint_eq(new.stats.struct_size, sizeof(new));
    ck_assert(test_is_byte(new.more, sizeof(new.more), 0xa5));
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, &more.usage), FA_OK);
    ck_assert_uint_eq(more.usage.frame_bytes, 1600);
    ck_assert(test_is_byte(more.more, sizeof(more.more), 0xa5));
}
END_TEST

START_TEST(usage_is_not_written_beyond_its_size)
{
    fa_usage usage;
    memset(&usage, 0xa5, sizeof(usage));
    usage.struct_size = offsetof(fa_usage, peak);
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, &usage), FA_OK);
    ck_assert_uint_eq(usage.bytes, 0);
    ck_assert(test_is_byte(&usage.peak, sizeof(usage.peak), 0xa5));
    usage.struct_size = offsetof(fa_usage, peak);
    ck_assert_int_eq(fa_tag_usage_read(w.allocator, FA_TAG_NONE, &usage),
                     FA_OK);
    ck_assert(test_is_byte(&usage.peak, sizeof(usage.peak), 0xa5));
}
END_TEST

/* --- misuse --- */

START_TEST(structures_that_are_not_initialised_are_refused)
{
    fa_stats stats = {0};
    fa_usage usage = {0};
    ck_assert_int_eq(fa_stats_read(w.allocator, &stats), FA_ERR_CONFIG);
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, &usage), FA_ERR_CONFIG);
    stats.struct_size = usage.struct_size = SIZE_MAX;
    ck_assert_int_eq(fa_stats_read(w.allocator, &stats), FA_ERR_CONFIG);
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, &usage), FA_ERR_CONFIG);
}
END_TEST

START_TEST(null_is_refused)
{
    fa_stats stats = FA_STATS_INIT;
    fa_usage usage = FA_USAGE_INIT;
    ck_assert_int_eq(fa_stats_read(NULL, &stats), FA_ERR_USAGE);
    ck_assert_int_eq(fa_stats_read(w.allocator, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_ctx_usage_read(NULL, &usage), FA_ERR_USAGE);
    ck_assert_int_eq(fa_ctx_usage_read(w.ctx, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_tag_usage_read(w.allocator, 0, NULL), FA_ERR_USAGE);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("stats");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_new_allocator_has_nothing);
    tcase_add_test(tc, frame_number_and_state_follow_begin_and_end);
    tcase_add_loop_test(tc, the_guard_level_in_force_is_told, 0, 4);
    tcase_add_test(tc, frame_bytes_are_those_of_the_last_frame);
    tcase_add_test(tc, frame_peak_sums_the_contexts);
    tcase_add_test(tc, arena_bytes_add_up_over_frames);
    tcase_add_test(tc, a_context_that_has_not_ended_is_behind);
    tcase_add_test(tc, a_context_without_a_part_in_the_frame_is_not_behind);
    tcase_add_test(tc, age_tells_how_old_the_oldest_figures_are);
    tcase_add_test(tc, held_bytes_are_what_was_taken);
    tcase_add_test(tc, reserved_bytes_are_the_address_space_of_arenas);
    tcase_add_test(tc, frame_count_is_known_with_counts_only);
    tcase_add_test(tc, the_histogram_counts_frames_by_their_peak);
    tcase_add_test(tc, the_suggested_reserve_holds_999_of_1000_frames);
    tcase_add_test(tc, refusals_are_counted);
    tcase_add_test(tc, a_context_tells_its_own_part);
    tcase_add_test(tc, totals_of_a_context_that_is_gone_stay);
    tcase_add_test(tc, members_beyond_the_structure_are_not_written);
    tcase_add_test(tc, a_larger_structure_is_filled_as_far_as_it_is_known);
    tcase_add_test(tc, usage_is_not_written_beyond_its_size);
    suite_add_tcase(suite, tc);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, structures_that_are_not_initialised_are_refused);
    tcase_add_test(misuse, null_is_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
