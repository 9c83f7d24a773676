/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Heap: blocks of all sizes, the cache in front of the backend, realloc,
 * usable sizes and allocation by intent.
 */
#include "support.h"

#include "os/fault.h"

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
    test_open_guard(&w, level == 0 ? FA_GUARD_OFF : (fa_guard)level);
}

static char *
alloc(size_t size)
{
    char *block = fa_heap_alloc(w.ctx, size, 16);
    ck_assert_ptr_nonnull(block);
    return block;
}

/* --- contract --- */

START_TEST(blocks_of_all_sizes_keep_their_bytes)
{
    static const size_t sizes[] = {1,     100,   8192,   8193,    12345,
                                   65536, 65537, 300000, 2 * MIB, 33 * MIB};
    char *block[COUNT(sizes)];
    open_guard_of_loop(_i);
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        block[i] = alloc(sizes[i]);
        test_fill(block[i], sizes[i], i);
    }
    for (unsigned i = 0; i < COUNT(sizes); i++) {
        ck_assert(test_is_filled(block[i], sizes[i], i));
        ck_assert_uint_ge(fa_heap_usable_size(block[i]), sizes[i]);
        fa_heap_free(w.ctx, block[i]);
    }
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(size_zero_counts_as_one)
{
    /* Not a constant: compilers know the attributes of the function. */
    volatile size_t zero = 0;
    open_guard_of_loop(_i);
    for (size_t align = 1; align <= FA_ALIGN_MAX; align *= 2) {
        char *block = fa_heap_alloc(w.ctx, zero, align);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_ge(fa_heap_usable_size(block), 1);
        *block = 'x';
        block = fa_heap_realloc(w.ctx, block, 0, align);
        ck_assert_ptr_nonnull(block);
        ck_assert_int_eq(*block, 'x');
        fa_heap_free(w.ctx, block);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(small_blocks_come_from_pool_pages)
{
    char *block = alloc(FA_POOL_BLOCK_MAX);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 64 * KIB);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    fa_heap_free(w.ctx, block);
}
END_TEST

START_TEST(heap_bytes_count_large_blocks_as_asked_for)
{
    char *first = alloc(100001), *second = alloc(200003);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 300004);
    ck_assert_uint_eq(test_ctx_usage(w.ctx).heap_bytes, 300004);
    fa_heap_free(w.ctx, first);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 200003);
    fa_heap_free(w.ctx, second);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
}
END_TEST

START_TEST(a_freed_block_is_served_again_without_the_backend)
{
    char *block = alloc(MIB);
    uint64_t taken = test_stats(w.allocator).backend_bytes;
    ck_assert_uint_eq(taken, MIB);
    for (unsigned i = 1; i <= 100; i++) {
        fa_heap_free(w.ctx, block);
        ck_assert_ptr_eq(alloc(MIB), block);
    }
    ck_assert_uint_eq(test_stats(w.allocator).backend_bytes, taken);
    fa_heap_free(w.ctx, block);
}
END_TEST

START_TEST(a_warm_pair_causes_no_page_fault)
{
    char *block = alloc(4 * MIB);
    test_write(block, 4 * MIB);
    fa_heap_free(w.ctx, block);
    long before = test_minor_faults();
    for (int i = 0; i < 10; i++) {
        block = fa_heap_alloc(w.ctx, 4 * MIB, 16);
        test_write(block, 4 * MIB);
        fa_heap_free(w.ctx, block);
    }
    ck_assert_int_eq(test_minor_faults() - before, 0);
}
END_TEST

START_TEST(held_bytes_cover_live_and_cached_blocks)
{
    char *block = alloc(MIB);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, MIB);
    fa_heap_free(w.ctx, block);
    ck_assert_uint_eq(test_stats(w.allocator).cache_bytes, MIB);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, MIB);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).cache_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
}
END_TEST

START_TEST(cached_memory_never_makes_a_request_fail)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 4 * MIB);
    char *cached[3] = {alloc(MIB), alloc(MIB), alloc(MIB)};
    for (int i = 0; i < 3; i++)
        fa_heap_free(w.ctx, cached[i]);
    ck_assert_uint_eq(test_stats(w.allocator).cache_bytes, 3 * MIB);
    for (int i = 0; i < 2000; i++) /* Of pool pages. */
        alloc(1024);
    alloc(MIB + 512 * KIB);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- realloc --- */

START_TEST(realloc_keeps_the_bytes_up_and_down)
{
    size_t size = 1;
    open_guard_of_loop(_i);
    char *block = alloc(size);
    test_fill(block, size, 7);
    while (size < 5 * MIB) {
        size_t next = size * 3 / 2 + 1;
        block = fa_heap_realloc(w.ctx, block, next, 16);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, size, 7));
        test_fill(block, next, 7);
        size = next;
    }
    while (size > 1) {
        size /= 3;
        block = fa_heap_realloc(w.ctx, block, size, 16);
        ck_assert_ptr_nonnull(block);
        ck_assert(test_is_filled(block, size, 7));
    }
    fa_heap_free(w.ctx, block);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(realloc_of_null_is_alloc)
{
    char *block = fa_heap_realloc(w.ctx, NULL, 100000, 64);
    ck_assert_ptr_nonnull(block);
    fa_heap_free(w.ctx, block);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(realloc_within_the_room_stays_in_place_and_is_counted)
{
    char *block = alloc(100000);
    size_t room = fa_heap_usable_size(block);
    ck_assert_ptr_eq(fa_heap_realloc(w.ctx, block, room, 16), block);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, room);
    ck_assert_ptr_eq(fa_heap_realloc(w.ctx, block, 99000, 16), block);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 99000);
    fa_heap_free(w.ctx, block);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
}
END_TEST

START_TEST(realloc_to_a_larger_alignment_is_aligned)
{
    char *block = alloc(100);
    test_fill(block, 100, 1);
    block = fa_heap_realloc(w.ctx, block, 100, 65536);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % 65536, 0);
    ck_assert(test_is_filled(block, 100, 1));
    fa_heap_free(w.ctx, block);
}
END_TEST

START_TEST(realloc_that_is_refused_leaves_the_block)
{
    char *block = alloc(100000);
    test_fill(block, 100000, 1);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, block, SIZE_MAX, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 256 * KIB);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, block, MIB, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, block, 100, 3));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert(test_is_filled(block, 100000, 1));
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 100000);
    fa_heap_free(w.ctx, block);
}
END_TEST

/* --- usable size --- */

START_TEST(usable_size_is_0_for_what_is_not_ours)
{
    int local;
    open_guard_of_loop(_i);
    char *block = alloc(100000);
    ck_assert_uint_eq(fa_heap_usable_size(NULL), 0);
    ck_assert_uint_eq(fa_heap_usable_size(&local), 0);
    ck_assert_uint_eq(fa_heap_usable_size(block + 16), 0);
    char *small = alloc(48);
    ck_assert_uint_eq(fa_heap_usable_size(small + 1), 0);
    fa_heap_free(w.ctx, small);
    fa_heap_free(w.ctx, block);
    ck_assert_uint_eq(fa_heap_usable_size(block), 0);
}
END_TEST

START_TEST(usable_size_finds_blocks_of_every_allocator)
{
    struct test_world other;
    test_open_guard(&other, FA_GUARD_OFF);
    char *block = fa_heap_alloc(other.ctx, 100000, 16);
    ck_assert_uint_ge(fa_heap_usable_size(block), 100000);
    test_close(&other);
    ck_assert_uint_eq(fa_heap_usable_size(block), 0);
}
END_TEST

START_TEST(the_usable_room_may_be_written)
{
    open_guard_of_loop(_i);
    for (size_t size = 1; size < 100000; size = size * 2 + 1) {
        char *block = alloc(size);
        test_write(block, fa_heap_usable_size(block));
        fa_heap_free(w.ctx, block);
    }
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- intent --- */

START_TEST(pool_and_heap_intents_are_freed_by_fa_free)
{
    for (size_t size = 1; size < MIB; size = size * 3 + 1) {
        void *pool = fa_alloc(w.ctx, size, 16, FA_INTENT_POOL);
        void *heap = fa_alloc(w.ctx, size, 16, FA_INTENT_HEAP);
        ck_assert_ptr_nonnull(pool);
        ck_assert_ptr_nonnull(heap);
        fa_free(w.ctx, pool);
        fa_free(w.ctx, heap);
    }
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(an_unknown_intent_is_refused)
{
    ck_assert_ptr_null(fa_alloc(w.ctx, 16, 16, (fa_intent)77));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
}
END_TEST

/* --- limits and failure --- */

START_TEST(a_size_that_no_system_has_is_refused)
{
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX - 65536,
                                   SIZE_MAX / 2,
                                   BIT_BELOW(IS_64_BIT ? 17 : 1) + 1};
    open_guard_of_loop(_i);
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (size_t align = 1; align <= FA_ALIGN_MAX; align *= 4) {
            ck_assert_ptr_null(fa_heap_alloc(w.ctx, sizes[i], align));
            ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
        }
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
}
END_TEST

START_TEST(a_bad_alignment_is_refused)
{
    static const size_t bad[] = {0, 3, 24, 2 * FA_ALIGN_MAX, SIZE_MAX};
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 16, bad[_i]));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 13);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 100000, bad[_i]));
    ck_assert_only_diag(&w.log, 13);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, NULL, 16, bad[_i]));
    ck_assert_only_diag(&w.log, 13);
}
END_TEST

START_TEST(a_failing_system_call_gives_nomem_and_no_leak)
{
    for (uint64_t n = 1; n < 6; n++) {
        uint64_t held = test_stats(w.allocator).held_bytes;
        fai_fault_arm(n, true);
        void *block = fa_heap_alloc(w.ctx, 40 * MIB, 16);
        fai_fault_arm(0, false);
        if (block == NULL) {
            ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
            ck_assert_uint_eq(test_stats(w.allocator).held_bytes, held);
        }
        fa_heap_free(w.ctx, block);
        fa_allocator_trim(w.allocator);
    }
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
}
END_TEST

/* --- misuse --- */

START_TEST(realloc_of_what_is_not_ours_is_refused)
{
    int local = 5;
    open_guard_of_loop(_i);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, &local, 100, 16));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 8);
    char *block = alloc(100000);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, block + 4096, 100, 16));
    ck_assert_only_diag(&w.log, 8);
    fa_heap_free(w.ctx, block);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, block, 100, 16));
    ck_assert_only_diag(&w.log, 8);
}
END_TEST

START_TEST(realloc_of_frame_memory_is_refused_and_counts_stay)
{
    open_guard_of_loop(_i);
    test_begin(&w);
    char *small = fa_frame_alloc(w.frame, 100, 16);
    char *large = fa_frame_alloc(w.frame, 100000, 16);
    uint64_t bytes = test_stats(w.allocator).block_bytes;
    ck_assert_uint_ge(bytes, 100000);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, small, 200, 16));
    ck_assert_only_diag(&w.log, 8);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, large, 99000, 16));
    ck_assert_only_diag(&w.log, 8);
    ck_assert_ptr_null(fa_heap_realloc(w.ctx, large, MIB, 16));
    ck_assert_only_diag(&w.log, 8);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, bytes);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).block_bytes, 0);
}
END_TEST

START_TEST(a_large_block_freed_twice_is_reported)
{
    open_guard_of_loop(_i);
    char *block = alloc(100000), *other = alloc(100000);
    fa_heap_free(w.ctx, block);
    fa_heap_free(w.ctx, other);
    ck_assert_no_diag(&w.log);
    fa_heap_free(w.ctx, block);
    ck_assert_only_diag(&w.log, 609);
    fa_free(w.ctx, other);
    ck_assert_only_diag(&w.log, 609);
    ck_assert_ptr_ne(alloc(100000), alloc(100000));
}
END_TEST

START_TEST(an_address_inside_of_a_block_is_not_one)
{
    open_guard_of_loop(_i);
    char *block = alloc(100000);
    fa_heap_free(w.ctx, block + 16);
    ck_assert_only_diag(&w.log, 8);
    fa_heap_free(w.ctx, block + 4096);
    ck_assert_only_diag(&w.log, 8);
    fa_heap_free(w.ctx, block);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
use_ctx_of_others(void *arg)
{
    fa_ctx *ctx = arg;
    ck_assert_ptr_null(fa_heap_alloc(ctx, 100000, 16));
    ck_assert_ptr_null(fa_heap_alloc(ctx, 16, 16));
    ck_assert_ptr_null(fa_heap_realloc(ctx, NULL, 16, 16));
    return NULL;
}

START_TEST(a_context_of_another_thread_is_refused)
{
    test_run_thread(use_ctx_of_others, w.ctx);
    ck_assert_uint_eq(test_log_count(&w.log, 211), 3);
    ck_assert_uint_eq(w.log.count, 3);
    /* The status is the owner's. */
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_OK);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, blocks_of_all_sizes_keep_their_bytes, 0, 4);
    tcase_add_loop_test(tc, size_zero_counts_as_one, 0, 4);
    tcase_add_test(tc, small_blocks_come_from_pool_pages);
    tcase_add_test(tc, heap_bytes_count_large_blocks_as_asked_for);
    tcase_add_test(tc, a_freed_block_is_served_again_without_the_backend);
    if (!test_is_instrumented())
        tcase_add_test(tc, a_warm_pair_causes_no_page_fault);
    tcase_add_test(tc, held_bytes_cover_live_and_cached_blocks);
    tcase_add_test(tc, cached_memory_never_makes_a_request_fail);
    tcase_add_loop_test(tc, realloc_keeps_the_bytes_up_and_down, 0, 4);
    tcase_add_test(tc, realloc_of_null_is_alloc);
    tcase_add_test(tc, realloc_within_the_room_stays_in_place_and_is_counted);
    tcase_add_test(tc, realloc_to_a_larger_alignment_is_aligned);
    tcase_add_test(tc, realloc_that_is_refused_leaves_the_block);
    tcase_add_loop_test(tc, usable_size_is_0_for_what_is_not_ours, 0, 4);
    tcase_add_test(tc, usable_size_finds_blocks_of_every_allocator);
    tcase_add_loop_test(tc, the_usable_room_may_be_written, 0, 4);
    tcase_add_test(tc, pool_and_heap_intents_are_freed_by_fa_free);
    suite_add_tcase(suite, tc);
}

static void
add_limits_and_misuse(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_loop_test(limits, a_size_that_no_system_has_is_refused, 0, 4);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, a_failing_system_call_gives_nomem_and_no_leak);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, an_unknown_intent_is_refused);
    tcase_add_loop_test(misuse, a_bad_alignment_is_refused, 0, 5);
    tcase_add_loop_test(misuse, realloc_of_what_is_not_ours_is_refused, 0, 4);
    tcase_add_loop_test(
        misuse, realloc_of_frame_memory_is_refused_and_counts_stay, 0, 4);
    tcase_add_loop_test(misuse, a_large_block_freed_twice_is_reported, 0, 4);
    tcase_add_loop_test(misuse, an_address_inside_of_a_block_is_not_one, 0, 4);
    suite_add_tcase(suite, misuse);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads, a_context_of_another_thread_is_refused);
    suite_add_tcase(suite, threads);
}

int
main(void)
{
    Suite *suite = suite_create("heap");
    add_contract(suite);
    add_limits_and_misuse(suite);
    return test_main(suite);
}
