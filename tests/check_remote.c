/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frees by others: any thread may free a pool or heap block of any context of
 * the allocator, while the owner lives and after it has gone.
 */
#include "support.h"

#include "os/pages.h"

#include <pthread.h>

#define BLOCKS 1000

static struct test_world w;
static char *small[BLOCKS];
static char *large[20];

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

static void *
allocate_all(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    (void)arg;
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t size = i % 500 + 1;
        small[i] = fa_pool_alloc(fa_ctx_pool(ctx, size, 8));
        test_fill(small[i], size, i);
    }
    for (unsigned i = 0; i < COUNT(large); i++) {
        large[i] = fa_heap_alloc(ctx, 50000, 16);
        test_fill(large[i], 50000, i);
    }
    return NULL;
}

static void *
free_all(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    (void)arg;
    for (unsigned i = 0; i < BLOCKS; i++)
        fa_free(ctx, small[i]);
    for (unsigned i = 0; i < COUNT(large); i++)
        fa_heap_free(ctx, large[i]);
    return NULL;
}

static bool
are_intact(void)
{
    bool is_ok = true;
    for (unsigned i = 0; i < BLOCKS; i++)
        is_ok &= test_is_filled(small[i], i % 500 + 1, i);
    for (unsigned i = 0; i < COUNT(large); i++)
        is_ok &= test_is_filled(large[i], 50000, i);
    return is_ok;
}

/* The owner takes in what others freed. */
static void
run_frames(int count)
{
    for (int i = 0; i < count; i++) {
        test_begin(&w);
        test_end(&w);
    }
}

/* --- contract --- */

START_TEST(blocks_freed_by_another_thread_return_to_their_owner)
{
    open_guard_of_loop(_i);
    allocate_all(NULL);
    test_run_thread(free_all, NULL);
    run_frames(1);
    ck_assert_uint_eq(test_stats(w.allocator).remote_frees,
                      BLOCKS + COUNT(large));
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(returned_blocks_are_used_again)
{
    for (int round = 0; round < 50; round++) {
        allocate_all(NULL);
        ck_assert(are_intact());
        test_run_thread(free_all, NULL);
        run_frames(1);
    }
    /* The blocks of one round, and what stays in pages. */
    ck_assert_uint_le(test_stats(w.allocator).held_peak, 5 * MIB);
}
END_TEST

START_TEST(an_owner_without_frames_takes_blocks_in_when_it_allocates)
{
    for (int round = 0; round < 50; round++) {
        allocate_all(NULL);
        test_run_thread(free_all, NULL);
    }
    ck_assert_uint_le(test_stats(w.allocator).held_peak, 8 * MIB);
}
END_TEST

START_TEST(blocks_outlive_the_thread_that_made_them)
{
    open_guard_of_loop(_i);
    test_run_thread(allocate_all, NULL);
    ck_assert_uint_eq(test_stats(w.allocator).contexts, 1);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 1);
    ck_assert(are_intact());
    run_frames(3);
    ck_assert(are_intact());
    free_all(NULL);
    run_frames(3);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).remote_frees,
                      BLOCKS + COUNT(large));
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_new_thread_adopts_what_an_exited_one_left)
{
    test_run_thread(allocate_all, NULL);
    uint64_t held = test_stats(w.allocator).held_bytes;
    test_run_thread(free_all, NULL);
    run_frames(2);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
    /* All of it was the new thread's own by then. */
    ck_assert_uint_eq(test_stats(w.allocator).remote_frees, 0);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    ck_assert_uint_lt(test_stats(w.allocator).held_bytes, held);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
use_adopted_usage(void *arg)
{
    fa_usage *usage = arg;
    usage->struct_size = sizeof(*usage);
    fa_ctx_usage_read(fa_ctx_current(w.allocator), usage);
    return NULL;
}

START_TEST(an_adopted_context_begins_with_a_peak_of_what_it_holds)
{
    fa_usage usage;
    test_run_thread(allocate_all, NULL);
    test_run_thread(use_adopted_usage, &usage);
    ck_assert_uint_gt(usage.bytes, 0);
    ck_assert_uint_ge(usage.peak, usage.bytes);
    free_all(NULL);
}
END_TEST

START_TEST(blocks_of_an_explicit_context_outlive_it)
{
    fa_ctx *ctx;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &ctx), FA_OK);
    char *block = fa_heap_alloc(ctx, 100, 16);
    char *big = fa_heap_alloc(ctx, 100000, 16);
    test_fill(block, 100, 1);
    test_fill(big, 100000, 2);
    fa_ctx_destroy(ctx);
    ck_assert(test_is_filled(block, 100, 1));
    ck_assert(test_is_filled(big, 100000, 2));
    fa_free(w.ctx, block);
    fa_free(w.ctx, big);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_tag_gets_its_bytes_back_when_another_thread_frees)
{
    fa_tag ui = fa_tag_register(w.allocator, "ui");
    fa_tag_push(w.ctx, ui);
    allocate_all(NULL);
    fa_tag_pop(w.ctx);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).heap_bytes,
                      50000 * COUNT(large));
    test_run_thread(free_all, NULL);
    run_frames(1);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).heap_bytes, 0);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(test_tag_usage(w.allocator, ui).pool_bytes, 0);
}
END_TEST

/* --- misuse --- */

static void *
free_twice(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fa_free(ctx, arg);
    fa_free(ctx, arg);
    return NULL;
}

START_TEST(a_block_of_another_context_freed_twice_is_reported)
{
    open_guard_of_loop(_i);
    void *block = fa_pool_alloc(fa_ctx_pool(w.ctx, 64, 16));
    test_run_thread(free_twice, block);
    ck_assert_only_diag(&w.log, 609);
    void *big = fa_heap_alloc(w.ctx, 100000, 16);
    test_run_thread(free_twice, big);
    ck_assert_only_diag(&w.log, 609);
    run_frames(2);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
use_pool_of_others(void *arg)
{
    fa_pool *pool = arg;
    /* An empty magazine, so that the slow path is asked. */
    while (pool->top != pool->base)
        pool->top--;
    ck_assert_ptr_null(fa_pool_alloc(pool));
    return NULL;
}

START_TEST(an_empty_pool_of_another_thread_refuses)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 4096, 16);
    test_run_thread(use_pool_of_others, pool);
    ck_assert_only_diag(&w.log, 211);
}
END_TEST

static void *
free_with_ctx_of_others(void *arg)
{
    fa_free(w.ctx, arg);
    return NULL;
}

START_TEST(a_large_block_is_not_freed_with_the_context_of_another_thread)
{
    char *big = fa_heap_alloc(w.ctx, 100000, 16);
    test_run_thread(free_with_ctx_of_others, big);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 100000);
    fa_free(w.ctx, big);
}
END_TEST

/* --- threads --- */

enum { RING = 4, PASSES = 200, LOAD = 64 };

static struct {
    pthread_barrier_t barrier;
    void *slot[RING][LOAD];
    bool is_ok[RING];
} ring;

/* Each member allocates, hands its blocks to the next one, and frees those of
 * the one before. */
static void *
pass_around(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    unsigned before = (me + RING - 1) % RING;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    ring.is_ok[me] = true;
    for (unsigned pass = 0; pass < PASSES; pass++) {
        fa_ctx_frame(ctx);
        for (unsigned i = 0; i < LOAD; i++) {
            size_t size = (i * 37 + pass) % 300 + 1;
            size *= i == 0 ? 100 : 1;
            void *block = fa_heap_alloc(ctx, size, 16);
            ring.is_ok[me] &= block != NULL;
            test_fill(block, size, me);
            ring.slot[me][i] = block;
        }
        pthread_barrier_wait(&ring.barrier);
        for (unsigned i = 0; i < LOAD; i++) {
            size_t size = (i * 37 + pass) % 300 + 1;
            size *= i == 0 ? 100 : 1;
            ring.is_ok[me] &=
                test_is_filled(ring.slot[before][i], size, before);
            fa_free(ctx, ring.slot[before][i]);
        }
        pthread_barrier_wait(&ring.barrier);
    }
    return NULL;
}

START_TEST(blocks_passed_around_a_ring_stay_intact_and_bounded)
{
    pthread_t thread[RING];
    pthread_barrier_init(&ring.barrier, NULL, RING);
    for (unsigned i = 0; i < RING; i++)
        ck_assert_int_eq(
            pthread_create(&thread[i], NULL, pass_around, (void *)(uintptr_t)i),
            0);
    for (unsigned i = 0; i < RING; i++) {
        pthread_join(thread[i], NULL);
        ck_assert(ring.is_ok[i]);
    }
    pthread_barrier_destroy(&ring.barrier);
    run_frames(2);
    fa_allocator_trim(w.allocator);
    run_frames(2);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
    ck_assert_uint_eq(test_stats(w.allocator).remote_frees,
                      RING * PASSES * LOAD);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(threads_that_come_and_go_leave_no_mapping)
{
    test_run_thread(allocate_all, NULL);
    test_run_thread(free_all, NULL);
    run_frames(2);
    fa_allocator_trim(w.allocator);
    uint64_t mapped = fai_pages_mapped();
    for (int i = 0; i < 50; i++) {
        test_run_thread(allocate_all, NULL);
        test_run_thread(free_all, NULL);
        run_frames(2);
    }
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(fai_pages_mapped(), mapped);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("remote");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(
        tc, blocks_freed_by_another_thread_return_to_their_owner, 0, 4);
    tcase_add_test(tc, returned_blocks_are_used_again);
    tcase_add_test(tc,
                   an_owner_without_frames_takes_blocks_in_when_it_allocates);
    tcase_add_loop_test(tc, blocks_outlive_the_thread_that_made_them, 0, 4);
    tcase_add_test(tc, a_new_thread_adopts_what_an_exited_one_left);
    tcase_add_test(tc, an_adopted_context_begins_with_a_peak_of_what_it_holds);
    tcase_add_test(tc, blocks_of_an_explicit_context_outlive_it);
    tcase_add_test(tc, a_tag_gets_its_bytes_back_when_another_thread_frees);
    suite_add_tcase(suite, tc);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_loop_test(
        misuse, a_block_of_another_context_freed_twice_is_reported, 0, 4);
    tcase_add_test(misuse, an_empty_pool_of_another_thread_refuses);
    tcase_add_test(
        misuse, a_large_block_is_not_freed_with_the_context_of_another_thread);
    suite_add_tcase(suite, misuse);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads,
                   blocks_passed_around_a_ring_stay_intact_and_bounded);
    tcase_add_test(threads, threads_that_come_and_go_leave_no_mapping);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
