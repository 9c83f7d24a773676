/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handles: generations, pins, placing, and how spaces end. Compaction has a
 * suite of its own.
 */
#include "support.h"

#include "lifetime/handle.h"
#include "os/fault.h"

static struct test_world w;
static fa_handle_space *space;

static void
open_space(void)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    test_open_guard(&w, FA_GUARD_OFF);
    config.region_size = 64 * KIB;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &space),
                     FA_OK);
}

static void
close_space(void)
{
    fa_handle_space_destroy(space);
    space = NULL;
    test_close(&w);
}

static void
check_space(void)
{
    const char *wrong = fai_handle_check(space);
    ck_assert_msg(wrong == NULL, "%s", wrong);
}

static fa_handle_stats
stats(void)
{
    fa_handle_stats out = FA_HANDLE_STATS_INIT;
    ck_assert_int_eq(fa_handle_space_stats_read(space, &out), FA_OK);
    return out;
}

static fa_handle
alloc(size_t size)
{
    fa_handle handle = fa_handle_alloc(space, size, 16, FA_HANDLE_MOVABLE);
    ck_assert_uint_ne(handle, FA_HANDLE_NONE);
    return handle;
}

/* --- contract --- */

START_TEST(an_object_keeps_its_bytes_until_it_is_freed)
{
    fa_handle handle[300];
    for (unsigned i = 0; i < COUNT(handle); i++) {
        handle[i] = alloc(i * 7 + 1);
        test_fill(fa_handle_resolve(space, handle[i]), i * 7 + 1, i);
    }
    check_space();
    for (unsigned i = 0; i < COUNT(handle); i++) {
        ck_assert_uint_eq(fa_handle_size(space, handle[i]), i * 7 + 1);
        ck_assert(
            test_is_filled(fa_handle_resolve(space, handle[i]), i * 7 + 1, i));
        ck_assert_int_eq(fa_handle_free(space, handle[i]), FA_OK);
    }
    check_space();
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_stale_handle_gives_null_and_FA401)
{
    fa_handle handle = alloc(100);
    ck_assert(fa_handle_is_live(space, handle));
    ck_assert_int_eq(fa_handle_free(space, handle), FA_OK);
    ck_assert(!fa_handle_is_live(space, handle));
    ck_assert_no_diag(&w.log);
    ck_assert_ptr_null(fa_handle_resolve(space, handle));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
    ck_assert_ptr_null(fa_handle_pin(space, handle));
    ck_assert_only_diag(&w.log, 401);
    ck_assert_int_eq(fa_handle_unpin(space, handle), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
    ck_assert_int_eq(fa_handle_free(space, handle), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 401);
    ck_assert_uint_eq(fa_handle_size(space, handle), 0);
    ck_assert_only_diag(&w.log, 401);
}
END_TEST

START_TEST(the_next_object_in_a_slot_has_another_handle)
{
    fa_handle old = alloc(100);
    fa_handle_free(space, old);
    for (int i = 0; i < 100; i++) {
        fa_handle handle = alloc(100);
        ck_assert_uint_ne(handle, old);
        ck_assert(!fa_handle_is_live(space, old));
        fa_handle_free(space, handle);
        old = handle;
    }
}
END_TEST

START_TEST(a_slot_whose_generation_would_wrap_is_retired)
{
    space->last_generation = space->first_generation + 2;
    fa_handle seen[100];
    for (unsigned i = 0; i < COUNT(seen); i++) {
        seen[i] = alloc(100);
        unsigned uses = 0;
        for (unsigned j = 0; j < i; j++) {
            uses += (uint32_t)seen[j] == (uint32_t)seen[i];
            ck_assert_uint_ne(seen[j], seen[i]);
            ck_assert(!fa_handle_is_live(space, seen[j]));
        }
        ck_assert_uint_lt(uses, 3);
        fa_handle_free(space, seen[i]);
    }
    ck_assert_uint_gt(stats().retired_count, 30);
    check_space();
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_handle_of_another_space_is_stale)
{
    fa_handle_space *other;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, NULL, &other), FA_OK);
    fa_handle handle = alloc(10);
    fa_handle twin = fa_handle_alloc(other, 10, 16, FA_HANDLE_MOVABLE);
    ck_assert_uint_eq((uint32_t)twin, (uint32_t)handle);
    ck_assert_ptr_null(fa_handle_resolve(other, handle));
    ck_assert_only_diag(&w.log, 401);
    fa_handle_free(other, twin);
    fa_handle_free(space, handle);
    fa_handle_space_destroy(other);
}
END_TEST

START_TEST(a_pinned_object_cannot_be_freed)
{
    fa_handle handle = alloc(100);
    ck_assert_ptr_nonnull(fa_handle_pin(space, handle));
    ck_assert_ptr_nonnull(fa_handle_pin(space, handle));
    ck_assert_uint_eq(stats().pinned_count, 1);
    ck_assert_int_eq(fa_handle_free(space, handle), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 404);
    ck_assert_int_eq(fa_handle_unpin(space, handle), FA_OK);
    ck_assert_int_eq(fa_handle_free(space, handle), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 404);
    ck_assert_int_eq(fa_handle_unpin(space, handle), FA_OK);
    ck_assert_int_eq(fa_handle_free(space, handle), FA_OK);
    ck_assert_uint_eq(stats().pinned_count, 0);
}
END_TEST

START_TEST(freed_room_is_used_again)
{
    fa_handle handle[100];
    for (int round = 0; round < 50; round++) {
        for (unsigned i = 0; i < COUNT(handle); i++)
            handle[i] = alloc((i * 37 + (unsigned)round) % 500 + 1);
        for (unsigned i = 0; i < COUNT(handle); i++)
            fa_handle_free(space, handle[(i * 7) % COUNT(handle)]);
        check_space();
    }
    ck_assert_uint_eq(stats().region_count, 0);
    ck_assert_uint_le(stats().slot_count, 300);
}
END_TEST

START_TEST(an_empty_region_goes_back_to_the_heap)
{
    uint64_t held = test_stats(w.allocator).heap_bytes;
    fa_handle handle[40];
    for (unsigned i = 0; i < COUNT(handle); i++)
        handle[i] = alloc(10000);
    ck_assert_uint_eq(stats().region_count, 7);
    ck_assert_uint_ge(test_stats(w.allocator).heap_bytes - held, 400000);
    for (unsigned i = 0; i < COUNT(handle); i++)
        fa_handle_free(space, handle[i]);
    ck_assert_uint_eq(stats().region_count, 0);
    ck_assert_uint_eq(stats().region_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, held);
}
END_TEST

START_TEST(regions_count_for_the_tag_of_the_space)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    fa_handle_space *tagged;
    config.tag = fa_tag_register(w.allocator, "meshes");
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &tagged),
                     FA_OK);
    fa_handle handle = fa_handle_alloc(tagged, 10, 16, FA_HANDLE_MOVABLE);
    ck_assert_uint_ge(test_tag_usage(w.allocator, config.tag).heap_bytes, MIB);
    ck_assert_uint_eq(fa_tag_current(w.ctx), FA_TAG_NONE);
    fa_handle_free(tagged, handle);
    fa_handle_space_destroy(tagged);
    ck_assert_uint_eq(test_tag_usage(w.allocator, config.tag).heap_bytes, 0);
}
END_TEST

START_TEST(what_is_left_is_reported_and_freed)
{
    alloc(100);
    alloc(5 * MIB);
    close_space();
    ck_assert_only_diag(&w.log, 403);
}
END_TEST

/* --- limits --- */

START_TEST(an_object_larger_than_a_region_has_its_own)
{
    fa_handle handle = alloc(3 * MIB + 1);
    char *p = fa_handle_resolve(space, handle);
    p[0] = p[3 * MIB] = 'x';
    ck_assert_uint_eq(stats().region_count, 1);
    fa_handle_free(space, handle);
    ck_assert_uint_eq(stats().region_count, 0);
}
END_TEST

START_TEST(size_zero_counts_as_one)
{
    fa_handle handle = alloc(0);
    *(char *)fa_handle_resolve(space, handle) = 'x';
    ck_assert_uint_eq(fa_handle_size(space, handle), 1);
    fa_handle_free(space, handle);
}
END_TEST

START_TEST(every_alignment_is_kept)
{
    for (size_t align = 1; align <= FA_ALIGN_MAX; align *= 2) {
        fa_handle pad = alloc(24);
        fa_handle handle =
            fa_handle_alloc(space, 100, align, FA_HANDLE_MOVABLE);
        uintptr_t address = (uintptr_t)fa_handle_resolve(space, handle);
        ck_assert_uint_ne(address, 0);
        ck_assert_uint_eq(address & (align - 1), 0);
        check_space();
        fa_handle_free(space, pad);
        fa_handle_free(space, handle);
    }
    ck_assert_uint_eq(stats().region_count, 0);
}
END_TEST

START_TEST(pins_that_cannot_be_counted_are_refused)
{
    fa_handle handle = alloc(10);
    ck_assert_ptr_nonnull(fa_handle_pin(space, handle));
    fai_piece(space, (uint32_t)handle)->word |= FAI_PIECE_PINS;
    ck_assert_ptr_null(fa_handle_pin(space, handle));
    ck_assert_only_diag(&w.log, 404);
    fai_piece(space, (uint32_t)handle)->word -= FAI_PIECE_PINS;
    fa_handle_free(space, handle);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- failure --- */

START_TEST(a_budget_refuses_a_region_and_nothing_changes)
{
    fa_handle handle = alloc(60 * KIB);
    fa_handle_stats before = stats();
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0,
               test_stats(w.allocator).held_bytes);
    ck_assert_uint_eq(fa_handle_alloc(space, 60 * KIB, 16, FA_HANDLE_MOVABLE),
                      FA_HANDLE_NONE);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_uint_eq(stats().region_count, before.region_count);
    ck_assert_uint_eq(stats().live_count, before.live_count);
    check_space();
    fa_handle_free(space, handle);
}
END_TEST

START_TEST(a_failing_system_call_gives_none_and_no_leak)
{
    for (uint64_t n = 1; n < 12; n++) {
        fai_fault_arm(n, true);
        fa_handle handle =
            fa_handle_alloc(space, 40 * MIB, 16, FA_HANDLE_MOVABLE);
        fai_fault_arm(0, false);
        check_space();
        if (handle == FA_HANDLE_NONE)
            ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
        fa_handle_free(space, handle);
        ck_assert_uint_eq(stats().region_count, 0);
        fa_allocator_trim(w.allocator);
    }
}
END_TEST

START_TEST(a_space_that_cannot_be_made_is_null)
{
    for (uint64_t n = 1; n < 6; n++) {
        fa_handle_space *other = space;
        fai_fault_arm(n, true);
        fa_status status = fa_handle_space_create(w.allocator, NULL, &other);
        fai_fault_arm(0, false);
        ck_assert(status == FA_OK ? other != NULL
                                  : status == FA_ERR_NOMEM && other == NULL);
        fa_handle_space_destroy(other);
        fa_allocator_trim(w.allocator);
    }
}
END_TEST

START_TEST(a_size_that_no_system_has_is_refused)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 8 * 7,
                                   SIZE_MAX / (IS_64_BIT ? 8 : 1)};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        ck_assert_uint_eq(
            fa_handle_alloc(space, sizes[i], FA_ALIGN_MAX, FA_HANDLE_FIXED),
            FA_HANDLE_NONE);
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    }
    check_space();
}
END_TEST

/* --- misuse --- */

START_TEST(no_handle_and_no_space_do_nothing)
{
    ck_assert_ptr_null(fa_handle_resolve(space, FA_HANDLE_NONE));
    ck_assert_ptr_null(fa_handle_pin(space, FA_HANDLE_NONE));
    ck_assert_int_eq(fa_handle_unpin(space, FA_HANDLE_NONE), FA_OK);
    ck_assert_int_eq(fa_handle_free(space, FA_HANDLE_NONE), FA_OK);
    ck_assert_uint_eq(fa_handle_size(space, FA_HANDLE_NONE), 0);
    ck_assert(!fa_handle_is_live(space, FA_HANDLE_NONE));
    ck_assert_ptr_null(fa_handle_resolve(NULL, 1));
    ck_assert_ptr_null(fa_handle_pin(NULL, 1));
    ck_assert_int_eq(fa_handle_unpin(NULL, 1), FA_ERR_USAGE);
    ck_assert_int_eq(fa_handle_free(NULL, 1), FA_ERR_USAGE);
    ck_assert_uint_eq(fa_handle_size(NULL, 1), 0);
    ck_assert(!fa_handle_is_live(NULL, 1));
    ck_assert_uint_eq(fa_handle_alloc(NULL, 1, 1, FA_HANDLE_FIXED), 0);
    ck_assert_uint_eq(fa_handle_space_compact(NULL, 0, 0), 0);
    ck_assert(fa_handle_space_fragmentation(NULL) == 0);
    fa_handle_space_destroy(NULL);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(an_unpin_without_a_pin_is_refused)
{
    fa_handle handle = alloc(10);
    ck_assert_int_eq(fa_handle_unpin(space, handle), FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 404);
    fa_handle_free(space, handle);
}
END_TEST

START_TEST(numbers_that_are_no_handles_are_stale)
{
    static const fa_handle bad[] = {1, UINT32_MAX, UINT64_MAX,
                                    (uint64_t)1 << 32, 0x123456789abcdef0};
    fa_handle handle = alloc(10);
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_ptr_null(fa_handle_resolve(space, bad[i]));
        ck_assert_int_eq(fa_handle_free(space, bad[i]), FA_ERR_STALE);
        w.log.count = 0;
    }
    check_space();
    fa_handle_free(space, handle);
}
END_TEST

START_TEST(wrong_arguments_are_refused)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    fa_handle_stats out = {0};
    fa_handle_space *other;
    ck_assert_uint_eq(fa_handle_alloc(space, 10, 24, FA_HANDLE_MOVABLE), 0);
    ck_assert_only_diag(&w.log, 13);
    ck_assert_uint_eq(fa_handle_alloc(space, 10, 8, (fa_handle_kind)2), 0);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_int_eq(fa_handle_space_stats_read(space, &out), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_handle_space_stats_read(space, NULL), FA_ERR_USAGE);
    config.region_size = 4096;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &other),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    config.region_size = 0;
    config.tag = 99;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &other),
                     FA_ERR_USAGE);
    config.struct_size = 0;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, &config, &other),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(fa_handle_space_create(NULL, NULL, &other), FA_ERR_USAGE);
    ck_assert_int_eq(fa_handle_space_create(w.allocator, NULL, NULL),
                     FA_ERR_USAGE);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_space, close_space);
    tcase_add_test(tc, an_object_keeps_its_bytes_until_it_is_freed);
    tcase_add_test(tc, a_stale_handle_gives_null_and_FA401);
    tcase_add_test(tc, the_next_object_in_a_slot_has_another_handle);
    tcase_add_test(tc, a_slot_whose_generation_would_wrap_is_retired);
    tcase_add_test(tc, a_handle_of_another_space_is_stale);
    tcase_add_test(tc, a_pinned_object_cannot_be_freed);
    tcase_add_test(tc, freed_room_is_used_again);
    tcase_add_test(tc, an_empty_region_goes_back_to_the_heap);
    tcase_add_test(tc, regions_count_for_the_tag_of_the_space);
    tcase_add_test(tc, what_is_left_is_reported_and_freed);
    suite_add_tcase(suite, tc);
}

static void
add_limits_and_misuse(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_space, close_space);
    tcase_add_test(limits, an_object_larger_than_a_region_has_its_own);
    tcase_add_test(limits, size_zero_counts_as_one);
    tcase_add_test(limits, every_alignment_is_kept);
    tcase_add_test(limits, pins_that_cannot_be_counted_are_refused);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_space, close_space);
    tcase_add_test(failure, a_budget_refuses_a_region_and_nothing_changes);
    tcase_add_test(failure, a_failing_system_call_gives_none_and_no_leak);
    tcase_add_test(failure, a_space_that_cannot_be_made_is_null);
    tcase_add_test(failure, a_size_that_no_system_has_is_refused);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_space, close_space);
    tcase_add_test(misuse, no_handle_and_no_space_do_nothing);
    tcase_add_test(misuse, an_unpin_without_a_pin_is_refused);
    tcase_add_test(misuse, numbers_that_are_no_handles_are_stale);
    tcase_add_test(misuse, wrong_arguments_are_refused);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("handle");
    add_contract(suite);
    add_limits_and_misuse(suite);
    return test_main(suite);
}
