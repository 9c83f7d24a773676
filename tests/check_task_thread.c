/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tasks on several threads: one after the other, and against the rule.
 */
#include "support.h"

#include <pthread.h>
#include <sched.h>

static struct test_world w;
static fa_task task;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    ck_assert_int_eq(fa_task_begin(w.ctx, NULL, &task), FA_OK);
}

static void
close_world(void)
{
    if (w.allocator != NULL && fa_task_is_live(task))
        ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    test_close(&w);
}

static fa_task_stats
stats_of_task(void)
{
    fa_task_stats stats = FA_TASK_STATS_INIT;
    ck_assert_int_eq(fa_task_stats_read(w.ctx, task, &stats), FA_OK);
    return stats;
}

static void *
work_there(void *arg)
{
    unsigned *round = arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (unsigned i = 0; i < 100; i++) {
        size_t size = i % 10 == 0 ? 20000 : 100;
        void *block = fa_task_alloc(ctx, task, size, 16);
        ck_assert_ptr_nonnull(block);
        test_fill(block, size, *round);
    }
    if (++*round == 4)
        ck_assert_int_eq(fa_task_end(ctx, task, NULL), FA_OK);
    return NULL;
}

START_TEST(a_task_moves_between_threads_that_end_and_is_ended_by_another)
{
    unsigned round = 0;
    void *mine = fa_task_alloc(w.ctx, task, 100, 16);
    test_fill(mine, 100, 3);
    while (round < 4) {
        ck_assert(test_is_filled(mine, 100, 3));
        test_run_thread(work_there, &round);
    }
    ck_assert(!fa_task_is_live(task));
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_no_diag(&w.log);
}
END_TEST

/* A chain of threads hands it on by a word that orders nothing. */
static unsigned turn;

static void *
take_turns(void *arg)
{
    unsigned own = *(unsigned *)arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (size_t n = 0; n < test_scaled(300); n++) {
        while (__atomic_load_n(&turn, __ATOMIC_RELAXED) % 3 != own)
            sched_yield();
        void *block = fa_task_alloc(ctx, task, 100, 16);
        ck_assert_ptr_nonnull(block);
        test_fill(block, 100, own);
        if (n % 2 == 0)
            ck_assert_int_eq(fa_task_free(ctx, task, block), FA_OK);
        __atomic_fetch_add(&turn, 1, __ATOMIC_RELAXED);
    }
    return NULL;
}

START_TEST(a_task_may_move_by_what_orders_nothing)
{
    static unsigned own[3] = {0, 1, 2};
    pthread_t thread[3];
    turn = 0;
    for (unsigned i = 0; i < 3; i++)
        pthread_create(&thread[i], NULL, take_turns, &own[i]);
    for (unsigned i = 0; i < 3; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(stats_of_task().allocs, 3 * test_scaled(300));
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
collide(void *arg)
{
    unsigned *got = arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (size_t n = 0; n < test_scaled(2000); n++)
        if (fa_task_alloc(ctx, task, 100, 16) != NULL)
            __atomic_fetch_add(got, 1, __ATOMIC_RELAXED);
    return NULL;
}

START_TEST(threads_that_collide_are_refused_and_nothing_is_lost)
{
    pthread_t thread[3];
    unsigned got = 0;
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, collide, &got);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(stats_of_task().count, got);
    ck_assert_uint_eq(got + w.log.count, 3 * test_scaled(2000));
    for (unsigned i = 0; i < w.log.count && i < TEST_LOG_MAX; i++)
        ck_assert_uint_eq(w.log.entry[i].number, 253);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("task_thread");
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 60);
    tcase_add_test(
        threads, a_task_moves_between_threads_that_end_and_is_ended_by_another);
    tcase_add_test(threads, a_task_may_move_by_what_orders_nothing);
    tcase_add_test(threads,
                   threads_that_collide_are_refused_and_nothing_is_lost);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
