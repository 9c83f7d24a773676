/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames and threads: workers follow the number with arenas of their own, and
 * what a thread may not do with a frame is refused.
 */
#include "support.h"

#include <pthread.h>

static struct test_world w;

static void
open_frame(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

/* --- workers --- */

struct crew {
    pthread_barrier_t barrier;
    fa_allocator *allocator;
    bool is_ok[4];
    uint64_t seen[4];
};

struct hand {
    struct crew *crew;
    unsigned index;
};

static bool
work_a_frame(fa_ctx *ctx, unsigned seed)
{
    fa_frame *frame = fa_ctx_frame(ctx);
    void *block[100];
    bool is_ok = fa_frame_used(frame) == 0;
    for (unsigned i = 0; i < COUNT(block); i++) {
        block[i] = fa_frame_alloc(frame, 500, 16);
        is_ok &= block[i] != NULL;
        test_fill(block[i], 500, seed + i);
    }
    for (unsigned i = 0; i < COUNT(block); i++)
        is_ok &= test_is_filled(block[i], 500, seed + i);
    return is_ok;
}

static void *
run_hand(void *arg)
{
    struct hand *hand = arg;
    struct crew *crew = hand->crew;
    fa_ctx *ctx = fa_ctx_current(crew->allocator);
    crew->is_ok[hand->index] = true;
    for (unsigned i = 0; i < 50; i++) {
        pthread_barrier_wait(&crew->barrier);
        crew->is_ok[hand->index] &= work_a_frame(ctx, hand->index * 1000);
        crew->seen[hand->index] +=
            fa_frame_stamp(fa_ctx_frame(ctx)).number == i + 1;
        pthread_barrier_wait(&crew->barrier);
    }
    return NULL;
}

START_TEST(workers_follow_the_number_and_have_arenas_of_their_own)
{
    struct crew crew = {.allocator = w.allocator};
    struct hand hand[4];
    pthread_t thread[4];
    test_close(&w);
    test_open_guard(&w, FA_GUARD_OFF);
    crew.allocator = w.allocator;
    pthread_barrier_init(&crew.barrier, NULL, 5);
    for (unsigned i = 0; i < 4; i++) {
        hand[i] = (struct hand){&crew, i};
        ck_assert_int_eq(pthread_create(&thread[i], NULL, run_hand, &hand[i]),
                         0);
    }
    for (int i = 0; i < 50; i++) {
        test_begin(&w);
        pthread_barrier_wait(&crew.barrier);
        pthread_barrier_wait(&crew.barrier);
        test_end(&w);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(thread[i], NULL);
        ck_assert(crew.is_ok[i]);
        ck_assert_uint_eq(crew.seen[i], 50);
    }
    pthread_barrier_destroy(&crew.barrier);
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
use_frame_of_others(void *arg)
{
    struct test_world *world = arg;
    /* Larger than the window: always the slow path. */
    ck_assert_ptr_null(fa_frame_alloc(world->frame, MIB, 16));
    return NULL;
}

START_TEST(the_slow_path_refuses_a_frame_of_another_thread)
{
    test_run_thread(use_frame_of_others, &w);
    /* The status is the owner's. */
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_OK);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_uint_eq(fa_frame_used(w.frame), 0);
}
END_TEST

struct stale {
    pthread_barrier_t barrier;
    fa_allocator *allocator;
    fa_status status;
    void *block;
};

static void *
use_a_stale_frame(void *arg)
{
    struct stale *stale = arg;
    fa_ctx *ctx = fa_ctx_current(stale->allocator);
    fa_frame *frame = fa_ctx_frame(ctx);
    pthread_barrier_wait(&stale->barrier);
    pthread_barrier_wait(&stale->barrier);
    stale->block = fa_frame_alloc(frame, MIB, 16);
    stale->status = fa_ctx_status(ctx);
    return NULL;
}

START_TEST(a_worker_that_does_not_follow_is_told_that_its_frame_is_stale)
{
    struct stale stale = {.allocator = w.allocator};
    pthread_t thread;
    pthread_barrier_init(&stale.barrier, NULL, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, use_a_stale_frame, &stale),
                     0);
    pthread_barrier_wait(&stale.barrier);
    test_end(&w);
    test_begin(&w);
    pthread_barrier_wait(&stale.barrier);
    pthread_join(thread, NULL);
    ck_assert_ptr_null(stale.block);
    ck_assert_int_eq(stale.status, FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 606);
    pthread_barrier_destroy(&stale.barrier);
}
END_TEST

static void *
open_a_frame(void *arg)
{
    struct test_world *world = arg;
    fa_frame *frame = fa_begin_frame(world->allocator);
    ck_assert_ptr_ne(frame, world->frame);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 16, 16));
    return NULL;
}

START_TEST(begin_and_end_may_be_on_different_threads)
{
    test_end(&w);
    test_run_thread(open_a_frame, &w);
    ck_assert_uint_eq(fa_frame_number(w.allocator), 2);
    ck_assert_ptr_nonnull(fa_frame_alloc(fa_ctx_frame(w.ctx), 16, 16));
    test_end(&w);
    ck_assert(!test_stats(w.allocator).frame_is_open);
    ck_assert_no_diag(&w.log);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("frame_thread");
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_frame, close_world);
    tcase_add_test(threads,
                   workers_follow_the_number_and_have_arenas_of_their_own);
    tcase_add_test(threads, the_slow_path_refuses_a_frame_of_another_thread);
    tcase_add_test(
        threads, a_worker_that_does_not_follow_is_told_that_its_frame_is_stale);
    tcase_add_test(threads, begin_and_end_may_be_on_different_threads);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
