/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Lag: memory of frame N stays readable until the end of frame N + lag, for
 * every lag, with stamps and defers that follow the same rule.
 */
#include "support.h"

#include <pthread.h>
#include <string.h>

#define LAG_MAX 7
#define FRAMES  30

static struct test_world w;

static void
open_lag(int lag, fa_guard guard)
{
    test_prepare(&w);
    w.config.frame_lag = (uint32_t)lag;
    w.config.guard = guard;
    test_open(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

/* What was allocated in each frame. */
struct past {
    char *small;
    char *large;
    fa_stamp stamp;
};

static void
make_frame(struct past *past, unsigned number)
{
    test_begin(&w);
    past->small = fa_frame_alloc(w.frame, 1000, 16);
    past->large = fa_frame_alloc(w.frame, 100000, 16);
    ck_assert_ptr_nonnull(past->small);
    ck_assert_ptr_nonnull(past->large);
    test_fill(past->small, 1000, number);
    test_fill(past->large, 100000, number + 1000);
    past->stamp = fa_frame_stamp(w.frame);
    ck_assert_uint_eq(past->stamp.number, number);
}

static void
check_readable(const struct past *past, unsigned number)
{
    ck_assert(fa_stamp_is_live(w.allocator, past->stamp));
    ck_assert(test_is_filled(past->small, 1000, number));
    ck_assert(test_is_filled(past->large, 100000, number + 1000));
}

static void
check_past(const struct past *past, unsigned now, unsigned lag, bool is_open)
{
    for (unsigned n = 1; n <= now; n++)
        if (n + lag > now || (is_open && n + lag == now))
            check_readable(&past[n], n);
        else
            ck_assert(!fa_stamp_is_live(w.allocator, past[n].stamp));
}

START_TEST(memory_is_readable_until_the_end_of_frame_n_plus_lag)
{
    static struct past past[FRAMES + 1];
    open_lag(_i % (LAG_MAX + 1),
             _i <= LAG_MAX ? FA_GUARD_OFF : (fa_guard)(_i / (LAG_MAX + 1)));
    unsigned lag = (unsigned)_i % (LAG_MAX + 1);
    for (unsigned n = 1; n <= FRAMES; n++) {
        make_frame(&past[n], n);
        check_past(past, n, lag, true);
        test_end(&w);
        check_past(past, n, lag, false);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(the_frame_pointer_stays_the_same_with_lag)
{
    open_lag(_i, FA_GUARD_OFF);
    test_begin(&w);
    fa_frame *frame = w.frame;
    for (int n = 0; n < FRAMES; n++) {
        test_end(&w);
        test_begin(&w);
        ck_assert_ptr_eq(w.frame, frame);
    }
}
END_TEST

START_TEST(addresses_come_back_after_lag_plus_one_frames)
{
    char *block[FRAMES];
    open_lag(_i, FA_GUARD_OFF);
    for (int n = 0; n < FRAMES; n++) {
        test_begin(&w);
        block[n] = fa_frame_alloc(w.frame, 100, 16);
        for (int back = 1; back <= _i && back <= n; back++)
            ck_assert_ptr_ne(block[n], block[n - back]);
        if (n > _i)
            ck_assert_ptr_eq(block[n], block[n - _i - 1]);
        test_end(&w);
    }
}
END_TEST

static unsigned ran[FRAMES + 1];
static uint64_t ran_at[FRAMES + 1];

static void
note(void *arg)
{
    size_t n = (size_t)(uintptr_t)arg;
    ran[n]++;
    ran_at[n] = fa_frame_number(w.allocator);
}

START_TEST(defers_run_when_the_memory_dies)
{
    open_lag(_i, FA_GUARD_OFF);
    memset(ran, 0, sizeof(ran));
    for (size_t n = 1; n <= FRAMES; n++) {
        test_begin(&w);
        ck_assert_int_eq(fa_frame_defer(w.frame, note, (void *)(uintptr_t)n),
                         FA_OK);
        test_end(&w);
    }
    for (size_t n = 1; n + (size_t)_i <= FRAMES; n++) {
        ck_assert_uint_eq(ran[n], 1);
        ck_assert_uint_eq(ran_at[n], n + (size_t)_i);
    }
    test_close(&w);
    for (size_t n = 1; n <= FRAMES; n++)
        ck_assert_uint_eq(ran[n], 1);
}
END_TEST

START_TEST(oversized_blocks_return_to_the_cache_when_the_memory_dies)
{
    open_lag(_i, FA_GUARD_OFF);
    for (unsigned n = 1; n <= FRAMES; n++) {
        test_begin(&w);
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, MIB, 16));
        test_end(&w);
        unsigned live = n < (unsigned)_i ? n : (unsigned)_i;
        ck_assert_uint_eq(test_stats(w.allocator).block_bytes, live * MIB);
    }
    /* Served by the cache from then on. */
    ck_assert_uint_eq(test_stats(w.allocator).backend_bytes,
                      ((unsigned)_i + 1) * MIB);
}
END_TEST

struct reader {
    pthread_barrier_t barrier;
    const char *block[FRAMES];
    bool is_ok;
};

static void *
read_later(void *arg)
{
    struct reader *reader = arg;
    reader->is_ok = true;
    for (unsigned n = 0; n < FRAMES; n++) {
        pthread_barrier_wait(&reader->barrier);
        for (unsigned back = 0; back <= 3 && back <= n; back++)
            reader->is_ok &=
                test_is_filled(reader->block[n - back], 1000, n - back);
        pthread_barrier_wait(&reader->barrier);
    }
    return NULL;
}

START_TEST(any_thread_may_read_memory_of_the_last_frames)
{
    static struct reader reader;
    pthread_t thread;
    open_lag(3, FA_GUARD_OFF);
    pthread_barrier_init(&reader.barrier, NULL, 2);
    ck_assert_int_eq(pthread_create(&thread, NULL, read_later, &reader), 0);
    for (unsigned n = 0; n < FRAMES; n++) {
        test_begin(&w);
        char *block = fa_frame_alloc(w.frame, 1000, 16);
        test_fill(block, 1000, n);
        reader.block[n] = block;
        pthread_barrier_wait(&reader.barrier);
        pthread_barrier_wait(&reader.barrier);
        test_end(&w);
    }
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&reader.barrier);
    ck_assert(reader.is_ok);
}
END_TEST

static void *
allocate_and_exit(void *arg)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    char *block = fa_frame_alloc(fa_ctx_frame(ctx), 1000, 16);
    test_fill(block, 1000, 77);
    *(char **)arg = block;
    return NULL;
}

START_TEST(memory_of_a_thread_that_exited_is_readable_as_long)
{
    char *block;
    open_lag(2, FA_GUARD_OFF);
    test_begin(&w);
    test_run_thread(allocate_and_exit, &block);
    for (int n = 0; n < 2; n++) {
        ck_assert(test_is_filled(block, 1000, 77));
        test_end(&w);
        ck_assert(test_is_filled(block, 1000, 77));
        test_begin(&w);
    }
    ck_assert(test_is_filled(block, 1000, 77));
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 1);
    test_end(&w);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
}
END_TEST

/* --- own frames --- */

START_TEST(own_frames_have_a_lag_of_their_own)
{
    static struct past past[FRAMES + 1];
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *ctx;
    open_lag(0, FA_GUARD_OFF);
    config.own_frames = true;
    config.frame_lag = (uint32_t)_i;
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &ctx), FA_OK);
    for (unsigned n = 1; n <= FRAMES; n++) {
        fa_frame *frame = fa_ctx_begin_frame(ctx);
        past[n].small = fa_frame_alloc(frame, 1000, 16);
        past[n].large = fa_frame_alloc(frame, 100000, 16);
        test_fill(past[n].small, 1000, n);
        test_fill(past[n].large, 100000, n + 1000);
        past[n].stamp = fa_frame_stamp(frame);
        ck_assert_uint_eq(past[n].stamp.ctx, fa_ctx_id(ctx));
        ck_assert_uint_eq(past[n].stamp.number, n);
        check_past(past, n, (unsigned)_i, true);
        fa_ctx_end_frame(ctx);
        check_past(past, n, (unsigned)_i, false);
    }
    fa_ctx_destroy(ctx);
    ck_assert(!fa_stamp_is_live(w.allocator, past[FRAMES].stamp));
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- limits --- */

START_TEST(a_lag_above_7_is_refused)
{
    fa_ctx *ctx;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    test_prepare(&w);
    w.config.frame_lag = 8;
    ck_assert_int_eq(fa_allocator_create(&w.config, &w.allocator),
                     FA_ERR_CONFIG);
    ck_assert_ptr_null(w.allocator);
    ck_assert_only_diag(&w.log, 10);
    w.config.frame_lag = 7;
    test_open(&w);
    config.own_frames = true;
    config.frame_lag = 8;
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &ctx), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("lag");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, NULL, close_world);
    tcase_add_loop_test(contract,
                        memory_is_readable_until_the_end_of_frame_n_plus_lag, 0,
                        4 * (LAG_MAX + 1));
    tcase_add_loop_test(contract, the_frame_pointer_stays_the_same_with_lag, 0,
                        LAG_MAX + 1);
    tcase_add_loop_test(contract, addresses_come_back_after_lag_plus_one_frames,
                        0, LAG_MAX + 1);
    tcase_add_loop_test(contract, defers_run_when_the_memory_dies, 0,
                        LAG_MAX + 1);
    tcase_add_loop_test(
        contract, oversized_blocks_return_to_the_cache_when_the_memory_dies, 0,
        LAG_MAX + 1);
    tcase_add_loop_test(contract, own_frames_have_a_lag_of_their_own, 0,
                        LAG_MAX + 1);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, NULL, close_world);
    tcase_add_test(limits, a_lag_above_7_is_refused);
    suite_add_tcase(suite, limits);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, NULL, close_world);
    tcase_add_test(threads, any_thread_may_read_memory_of_the_last_frames);
    tcase_add_test(threads, memory_of_a_thread_that_exited_is_readable_as_long);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
