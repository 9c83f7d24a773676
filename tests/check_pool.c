/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pools: blocks of every size, reuse, frees from any thread and after the
 * owner's exit, pages given back, and frees that must be refused.
 */
#include "support.h"

#include <stdio.h>
#include <stdlib.h>
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
    test_open_guard(&w, level == 0 ? FA_GUARD_OFF : (fa_guard)level);
}

/* --- contract --- */

START_TEST(every_size_up_to_the_top_class_comes_from_pages)
{
    for (size_t size = 1; size <= FA_POOL_BLOCK_MAX; size++) {
        fa_pool *pool = fa_ctx_pool(w.ctx, size, 1);
        ck_assert_uint_ge(pool->block_size, size);
        /* Four classes per doubling waste a fifth at most. */
        ck_assert_uint_le(pool->block_size,
                          size < 80 ? size + 15 : size + size / 4);
        char *block = fa_pool_alloc(pool);
        ck_assert_ptr_nonnull(block);
        ck_assert_uint_eq((uintptr_t)block % 16, 0);
        test_write(block, pool->block_size);
        fa_pool_free(pool, block);
    }
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_uint_le(test_stats(w.allocator).pool_bytes, 32 * 64 * KIB);
}
END_TEST

START_TEST(above_the_top_class_pools_hand_out_heap_blocks)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, FA_POOL_BLOCK_MAX + 1, 16);
    ck_assert_ptr_eq(fa_ctx_pool(w.ctx, FA_POOL_BLOCK_MAX + 1, 16), pool);
    ck_assert_uint_eq(pool->block_size, FA_POOL_BLOCK_MAX + 1);
    void *block = fa_pool_alloc(pool);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes,
                      FA_POOL_BLOCK_MAX + 1);
    fa_pool_free(pool, block);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_freed_block_is_the_next_one_given)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 100, 8);
    void *first = fa_pool_alloc(pool);
    void *second = fa_pool_alloc(pool);
    fa_pool_free(pool, first);
    ck_assert_ptr_eq(fa_pool_alloc(pool), first);
    fa_pool_free(pool, second);
    fa_free(w.ctx, first);
    ck_assert_ptr_eq(fa_pool_alloc(pool), first);
    ck_assert_ptr_eq(fa_pool_alloc(pool), second);
}
END_TEST

START_TEST(the_same_size_and_tag_give_the_same_pool)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_pool *pool = fa_ctx_pool(w.ctx, 100, 8);
    ck_assert_ptr_eq(fa_ctx_pool(w.ctx, 97, 1), pool);
    fa_tag_push(w.ctx, ui);
    fa_pool *tagged = fa_ctx_pool(w.ctx, 100, 8);
    ck_assert_ptr_ne(tagged, pool);
    fa_tag_pop(w.ctx);
    ck_assert_ptr_eq(fa_ctx_pool(w.ctx, 100, 8), pool);
}
END_TEST

START_TEST(size_zero_counts_as_one)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 0, 1);
    ck_assert_uint_ge(pool->block_size, 1);
    ck_assert_ptr_nonnull(fa_pool_zalloc(pool, 1));
    fa_pool *large = fa_ctx_pool(w.ctx, 0, 65536);
    ck_assert_uint_ge(large->block_size, 1);
    char *block = fa_pool_zalloc(large, 1);
    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % 65536, 0);
}
END_TEST

START_TEST(blocks_do_not_overlap_and_keep_their_bytes)
{
    static const size_t sizes[] = {16, 24, 48, 100, 640, 8192};
    static char *block[6][500];
    open_guard_of_loop(_i);
    for (unsigned i = 0; i < 6; i++) {
        fa_pool *pool = fa_ctx_pool(w.ctx, sizes[i], 8);
        for (unsigned j = 0; j < 500; j++) {
            block[i][j] = fa_pool_alloc(pool);
            ck_assert_ptr_nonnull(block[i][j]);
            test_fill(block[i][j], sizes[i], i * 500 + j);
        }
    }
    for (unsigned i = 0; i < 6; i++)
        for (unsigned j = 0; j < 500; j++) {
            ck_assert(test_is_filled(block[i][j], sizes[i], i * 500 + j));
            fa_free(w.ctx, block[i][j]);
        }
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(new_is_zeroed_and_delete_takes_it_back)
{
    struct thing {
        double x[5];
    };
    struct thing *thing = fa_pool_new(w.ctx, struct thing);
    ck_assert_ptr_nonnull(thing);
    test_write(thing, sizeof(*thing));
    fa_pool_delete(w.ctx, struct thing, thing);
    struct thing *again = fa_pool_new(w.ctx, struct thing);
    ck_assert_ptr_eq(again, thing);
    ck_assert(test_is_byte(again, sizeof(*again), 0));
    fa_pool_delete(w.ctx, struct thing, again);
}
END_TEST

START_TEST(random_frees_of_100000_blocks_keep_the_rest)
{
    enum { MOST = 4096 };
    static uint32_t *block[MOST];
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    uint32_t random = 12345;
    for (uint32_t n = 0; n < test_scaled(100000); n++) {
        random = random * 1664525 + 1013904223;
        uint32_t i = random >> 20;
        if (block[i] != NULL) {
            ck_assert_uint_eq(block[i][15], i);
            fa_pool_free(pool, block[i]);
            block[i] = NULL;
        } else {
            block[i] = fa_pool_alloc(pool);
            block[i][0] = block[i][15] = i;
        }
    }
    for (uint32_t i = 0; i < MOST; i++)
        if (block[i] != NULL)
            fa_free(w.ctx, block[i]);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(free_of_null_does_nothing)
{
    open_guard_of_loop(_i);
    fa_pool *pool = fa_ctx_pool(w.ctx, 16, 16);
    fa_pool_free(pool, NULL);
    fa_free(w.ctx, NULL);
    void *block = fa_pool_alloc(pool);
    fa_pool_free(pool, NULL);
    fa_free(w.ctx, NULL);
    fa_pool_free(pool, block);
    fa_pool_free(pool, NULL);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_block_may_be_freed_through_any_pool_of_the_allocator)
{
    open_guard_of_loop(_i);
    fa_pool *small = fa_ctx_pool(w.ctx, 16, 16);
    fa_pool *large = fa_ctx_pool(w.ctx, 4096, 16);
    for (int i = 0; i < 3000; i++) {
        void *block = fa_pool_alloc(small);
        fa_pool_free(large, block);
    }
    void *block = fa_pool_alloc(large);
    test_write(block, 4096);
    fa_pool_free(small, block);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- pages --- */

static void
churn(size_t size, size_t count)
{
    void **block = malloc(count * sizeof(*block));
    fa_pool *pool = fa_ctx_pool(w.ctx, size, 16);
    for (size_t i = 0; i < count; i++) {
        block[i] = fa_pool_alloc(pool);
        ck_assert_ptr_nonnull(block[i]);
        test_write(block[i], size);
    }
    for (size_t i = 0; i < count; i++)
        fa_pool_free(pool, block[i]);
    free(block);
}

START_TEST(trim_gives_pages_of_freed_blocks_back_to_the_system)
{
    open_guard_of_loop(_i);
    churn(1024, 8192);
    fa_pool *pool = fa_ctx_pool(w.ctx, 1024, 16);
    char *probe = fa_pool_alloc(pool);
    uintptr_t page = (uintptr_t)probe & ~(uintptr_t)65535;
    fa_pool_free(pool, probe);
    ck_assert_uint_ge(test_resident_pages((void *)page, 64 * KIB), 16);
    ck_assert_int_eq(fa_allocator_trim(w.allocator), FA_OK);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).held_bytes, 0);
    ck_assert_uint_eq(test_resident_pages((void *)page, 64 * KIB), 0);
    ck_assert_ptr_nonnull(fa_pool_alloc(fa_ctx_pool(w.ctx, 1024, 16)));
}
END_TEST

START_TEST(a_pool_keeps_working_after_its_pages_were_given_back)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 256, 16);
    for (int round = 0; round < 20; round++) {
        churn(256, 5000);
        fa_allocator_trim(w.allocator);
        ck_assert_ptr_eq(fa_ctx_pool(w.ctx, 256, 16), pool);
    }
    ck_assert_uint_le(test_stats(w.allocator).held_peak,
                      5000 * 256 + 128 * KIB);
}
END_TEST

START_TEST(freed_pages_serve_other_sizes_without_new_memory)
{
    churn(512, 4096);
    fa_allocator_trim(w.allocator);
    uint64_t peak = test_stats(w.allocator).held_peak;
    for (size_t size = 64; size <= 2048; size *= 2) {
        churn(size, 4096 * 512 / size);
        fa_allocator_trim(w.allocator);
    }
    ck_assert_uint_le(test_stats(w.allocator).held_peak, peak + 64 * KIB);
}
END_TEST

START_TEST(pool_bytes_are_whole_pages_of_the_tag)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_tag_push(w.ctx, ui);
    void *block = fa_pool_alloc(fa_ctx_pool(w.ctx, 8192, 16));
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).pool_bytes, 64 * KIB);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).bytes, 64 * KIB);
    ck_assert_uint_eq(test_ctx_usage(w.ctx).pool_bytes, 64 * KIB);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 64 * KIB);
    fa_free(w.ctx, block);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).pool_bytes, 0);
}
END_TEST

/* --- limits and failure --- */

START_TEST(a_large_pool_refuses_what_no_system_has)
{
    open_guard_of_loop(_i);
    static const size_t sizes[] = {SIZE_MAX, SIZE_MAX - 4096, SIZE_MAX / 2};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        fa_pool *pool = fa_ctx_pool(w.ctx, sizes[i], 16);
        ck_assert_ptr_nonnull(pool);
        ck_assert_ptr_null(fa_pool_alloc(pool));
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_NOMEM);
    }
}
END_TEST

START_TEST(zalloc_of_more_than_the_block_is_refused)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    ck_assert_ptr_null(fa_pool_zalloc(pool, pool->block_size + 1));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_ptr_nonnull(fa_pool_zalloc(pool, pool->block_size));
}
END_TEST

START_TEST(a_limit_refuses_a_page_and_the_pool_recovers)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 64 * KIB);
    fa_pool *pool = fa_ctx_pool(w.ctx, 1024, 16);
    void *block[64];
    for (unsigned i = 0; i < 64; i++) {
        block[i] = fa_pool_alloc(pool);
        ck_assert_ptr_nonnull(block[i]);
    }
    ck_assert_ptr_null(fa_pool_alloc(pool));
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_BUDGET);
    ck_assert_only_diag(&w.log, 311);
    fa_pool_free(pool, block[7]);
    ck_assert_ptr_eq(fa_pool_alloc(pool), block[7]);
}
END_TEST

/* --- misuse --- */

START_TEST(a_bad_alignment_gives_a_pool_that_refuses)
{
    static const size_t bad[] = {0, 3, 24, 2 * FA_ALIGN_MAX};
    fa_pool *pool = fa_ctx_pool(w.ctx, 16, bad[_i]);
    ck_assert_only_diag(&w.log, 13);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
    ck_assert_ptr_nonnull(pool);
    ck_assert_ptr_null(fa_pool_alloc(pool));
    ck_assert_ptr_null(fa_pool_zalloc(pool, 0));
    fa_pool_free(pool, NULL);
}
END_TEST

START_TEST(a_pool_of_no_context_refuses)
{
    fa_pool *pool = fa_ctx_pool(NULL, 16, 16);
    ck_assert_ptr_nonnull(pool);
    ck_assert_ptr_null(fa_pool_alloc(pool));
    int local;
    fa_pool_free(pool, &local);
}
END_TEST

START_TEST(the_same_block_twice_in_a_row_is_reported_and_left_alone)
{
    open_guard_of_loop(_i);
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    void *block = fa_pool_alloc(pool);
    fa_pool_free(pool, block);
    ck_assert_no_diag(&w.log);
    fa_pool_free(pool, block);
    ck_assert_ptr_eq(w.log.entry[0].address, block);
    ck_assert_only_diag(&w.log, 609);
    fa_free(w.ctx, block);
    ck_assert_only_diag(&w.log, 609);
    ck_assert_ptr_ne(fa_pool_alloc(pool), fa_pool_alloc(pool));
}
END_TEST

START_TEST(guard_modes_find_every_double_free)
{
    open_guard_of_loop(_i);
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    void *block[200];
    for (unsigned i = 0; i < 200; i++)
        block[i] = fa_pool_alloc(pool);
    for (unsigned i = 0; i < 200; i++)
        fa_free(w.ctx, block[i]);
    ck_assert_no_diag(&w.log);
    for (unsigned i = 0; i < 200; i++) {
        fa_free(w.ctx, block[i]);
        ck_assert_only_diag(&w.log, 609);
    }
}
END_TEST

START_TEST(a_pointer_that_is_not_ours_is_reported_and_never_followed)
{
    int local;
    static int global;
    void *foreign[] = {&local,
                       &global,
                       malloc(100),
                       (void *)(uintptr_t)0x10,
                       (void *)(uintptr_t)0x100000,
                       (void *)(UINTPTR_MAX & ~(uintptr_t)15)};
    open_guard_of_loop(_i);
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    void *block = fa_pool_alloc(pool);
    for (unsigned i = 0; i < COUNT(foreign); i++) {
        fa_free(w.ctx, foreign[i]);
        ck_assert_ptr_eq(w.log.entry[0].address, foreign[i]);
        ck_assert_only_diag(&w.log, 8);
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_USAGE);
        fa_pool_free(pool, foreign[i]);
        ck_assert_only_diag(&w.log, 8);
    }
    free(foreign[2]);
    fa_pool_free(pool, block);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_block_of_another_allocator_is_not_ours)
{
    struct test_world other;
    open_guard_of_loop(_i);
    test_open_guard(&other, w.config.guard);
    void *block = fa_heap_alloc(other.ctx, 64, 16);
    void *large = fa_heap_alloc(other.ctx, 100000, 16);
    fa_free(w.ctx, block);
    ck_assert_only_diag(&w.log, 8);
    fa_free(w.ctx, large);
    ck_assert_only_diag(&w.log, 8);
    fa_free(other.ctx, block);
    fa_free(other.ctx, large);
    test_close(&other);
    ck_assert_no_diag(&other.log);
}
END_TEST

START_TEST(frame_memory_is_refused_by_every_free)
{
    open_guard_of_loop(_i);
    test_begin(&w);
    void *small = fa_frame_alloc(w.frame, 64, 16);
    char *large = fa_frame_alloc(w.frame, 100000, 16);
    test_fill(large, 100000, 1);
    w.log.count = 0;
    fa_free(w.ctx, small);
    ck_assert_only_diag(&w.log, 608);
    fa_pool_free(fa_ctx_pool(w.ctx, 64, 16), small);
    ck_assert_only_diag(&w.log, 608);
    fa_free(w.ctx, large);
    ck_assert_only_diag(&w.log, 608);
    fa_heap_free(w.ctx, large);
    ck_assert_only_diag(&w.log, 608);
    ck_assert(test_is_filled(large, 100000, 1));
    test_end(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* As the report writes it. */
static void
assert_named(const void *block, const char *rest)
{
    char wanted[128];
    snprintf(wanted, sizeof(wanted), "0x%llx%s",
             (unsigned long long)(uintptr_t)block, rest);
    ck_assert_msg(strstr(w.log.entry[0].detail, wanted) != NULL,
                  "\"%s\" is not in \"%s\"", wanted, w.log.entry[0].detail);
}

static void
assert_two_sites(const char *detail)
{
    const char *at = strstr(detail, "allocated at ");
    ck_assert_ptr_nonnull(at);
    const char *other = strstr(at + 1, "allocated at ");
    ck_assert_ptr_nonnull(other);
    ck_assert_uint_ne(strtoull(at + 13, NULL, 16),
                      strtoull(other + 13, NULL, 16));
}

START_TEST(destroy_names_leaked_blocks_with_size_tag_age_and_site)
{
    open_guard_of_loop(_i);
    fa_tag tag = fa_tag_register(w.allocator, "physics");
    fa_tag_push(w.ctx, tag);
    const void *small = fa_pool_alloc(fa_ctx_pool(w.ctx, 64, 16));
    fa_tag_pop(w.ctx);
    const void *large = fa_heap_alloc(w.ctx, 100000, 16);
    for (unsigned i = 0; i < 3; i++) {
        test_begin(&w);
        test_end(&w);
    }
    test_close(&w);
    ck_assert_uint_eq(w.log.count, 1);
    ck_assert_ptr_eq(w.log.entry[0].address, small);
    assert_named(small, _i == 0 ? " of 64 bytes, tag physics;"
                                : " of 64 bytes, tag physics, 3 frames old, "
                                  "allocated at 0x");
    assert_named(large, " of 100000 bytes, tag ");
    if (_i != 0)
        assert_two_sites(w.log.entry[0].detail);
}
END_TEST

START_TEST(destroy_reports_blocks_that_are_live)
{
    open_guard_of_loop(_i);
    void *block = fa_pool_alloc(fa_ctx_pool(w.ctx, 64, 16));
    ck_assert_ptr_nonnull(block);
    test_close(&w);
    ck_assert_only_diag(&w.log, 610);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, every_size_up_to_the_top_class_comes_from_pages);
    tcase_add_test(tc, above_the_top_class_pools_hand_out_heap_blocks);
    tcase_add_test(tc, a_freed_block_is_the_next_one_given);
    tcase_add_test(tc, the_same_size_and_tag_give_the_same_pool);
    tcase_add_test(tc, size_zero_counts_as_one);
    tcase_add_loop_test(tc, blocks_do_not_overlap_and_keep_their_bytes, 0, 4);
    tcase_add_test(tc, new_is_zeroed_and_delete_takes_it_back);
    tcase_add_test(tc, random_frees_of_100000_blocks_keep_the_rest);
    tcase_add_loop_test(tc, free_of_null_does_nothing, 0, 4);
    tcase_add_loop_test(
        tc, a_block_may_be_freed_through_any_pool_of_the_allocator, 0, 4);
    tcase_add_loop_test(tc, trim_gives_pages_of_freed_blocks_back_to_the_system,
                        0, 4);
    tcase_add_test(tc, a_pool_keeps_working_after_its_pages_were_given_back);
    tcase_add_test(tc, freed_pages_serve_other_sizes_without_new_memory);
    tcase_add_test(tc, pool_bytes_are_whole_pages_of_the_tag);
    suite_add_tcase(suite, tc);
}

static void
add_limits_and_misuse(Suite *suite)
{
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_loop_test(limits, a_large_pool_refuses_what_no_system_has, 0, 4);
    tcase_add_test(limits, zalloc_of_more_than_the_block_is_refused);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, a_limit_refuses_a_page_and_the_pool_recovers);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_loop_test(misuse, a_bad_alignment_gives_a_pool_that_refuses, 0,
                        4);
    tcase_add_test(misuse, a_pool_of_no_context_refuses);
    tcase_add_loop_test(
        misuse, the_same_block_twice_in_a_row_is_reported_and_left_alone, 0, 4);
    tcase_add_loop_test(misuse, guard_modes_find_every_double_free, 1, 4);
    tcase_add_loop_test(
        misuse, a_pointer_that_is_not_ours_is_reported_and_never_followed, 0,
        4);
    tcase_add_loop_test(misuse, a_block_of_another_allocator_is_not_ours, 0, 4);
    tcase_add_loop_test(misuse, frame_memory_is_refused_by_every_free, 0, 4);
    tcase_add_loop_test(misuse, destroy_reports_blocks_that_are_live, 0, 4);
    tcase_add_loop_test(
        misuse, destroy_names_leaked_blocks_with_size_tag_age_and_site, 0, 4);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("pool");
    add_contract(suite);
    add_limits_and_misuse(suite);
    return test_main(suite);
}
