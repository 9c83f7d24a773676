/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames in flight on the null device: memory is not used again before the
 * device has finished with it, and the steady state asks the driver for
 * nothing.
 */
#include "gpu_world.h"

#include <pthread.h>
#include <string.h>

static struct gpu_world w;

static void
open_flight(uint32_t frames, bool is_manual)
{
    gpu_prepare(&w);
    w.config.frames = frames;
    w.null_config.is_manual = is_manual;
    gpu_open(&w);
}

/* --- contract --- */

START_TEST(slices_of_a_frame_are_apart_and_aligned)
{
    open_flight(2, false);
    gpu_begin(&w);
    fa_gpu_slice before = gpu_take(&w, FA_GPU_HOST_VISIBLE, 100);
    test_fill(before.ptr, 100, 1);
    for (unsigned i = 0; i < 1000; i++) {
        fa_gpu_slice slice;
        uint64_t align = (uint64_t)1 << (i % 13);
        ck_assert_int_eq(fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE,
                                            1 + i * 7, align, &slice),
                         FA_OK);
        ck_assert_uint_eq(slice.offset % align, 0);
        ck_assert_uint_eq(slice.frame, 1);
        memset(slice.ptr, 0xff, slice.size);
    }
    ck_assert(test_is_filled(before.ptr, 100, 1));
    gpu_end(&w);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(a_frame_waits_for_the_one_that_used_its_memory)
{
    uint32_t flight = (uint32_t)_i;
    open_flight(flight, true);
    for (uint32_t i = 0; i < flight; i++) {
        gpu_begin(&w);
        gpu_end(&w);
    }
    for (uint64_t frame = flight + 1; frame < 20; frame++) {
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_NOT_READY);
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 1000), FA_TIMEOUT);
        ck_assert_uint_eq(fa_gpu_frame_number(w.gpu), frame - 1);
        gpu_reach(&w, frame - flight);
        gpu_begin(&w);
        ck_assert_uint_eq(fa_gpu_frame_number(w.gpu), frame);
        ck_assert_uint_eq(fa_gpu_frame_finished(w.gpu), frame - flight);
        gpu_end(&w);
    }
    gpu_reach(&w, w.serial);
    gpu_close(&w);
}
END_TEST

START_TEST(bytes_of_frames_in_flight_stay)
{
    enum { FLIGHT = 3 };
    open_flight(FLIGHT, true);
    fa_gpu_slice slices[64];
    for (uint64_t frame = 1; frame < 60; frame++) {
        if (frame > FLIGHT) {
            /* What the device reads now must be what was written then. */
            fa_gpu_slice *old = &slices[frame - FLIGHT];
            ck_assert(test_is_filled(old->ptr, old->size,
                                     (unsigned)(frame - FLIGHT)));
            gpu_reach(&w, frame - FLIGHT);
        }
        gpu_begin(&w);
        slices[frame] = gpu_take(&w, FA_GPU_HOST_VISIBLE, 1000 + frame * 3000);
        test_fill(slices[frame].ptr, slices[frame].size, (unsigned)frame);
        ck_assert(fa_gpu_slice_is_live(w.gpu, &slices[frame]));
        if (frame > FLIGHT)
            ck_assert(!fa_gpu_slice_is_live(w.gpu, &slices[frame - FLIGHT]));
        gpu_end(&w);
    }
    gpu_reach(&w, w.serial);
    gpu_close(&w);
}
END_TEST

START_TEST(the_steady_state_makes_no_driver_calls)
{
    open_flight(3, false);
    unsigned creates = 0;
    unsigned destroys = 0;
    for (unsigned frame = 0; frame < 100; frame++) {
        gpu_begin(&w);
        for (unsigned i = 0; i < 50; i++) {
            gpu_take(&w, FA_GPU_HOST_VISIBLE, 8000);
            gpu_take(&w, FA_GPU_DEVICE_ONLY, 3000);
        }
        gpu_end(&w);
        if (frame == 20) {
            creates = gpu_driver.creates;
            destroys = gpu_driver.destroys;
        }
    }
    ck_assert_uint_gt(creates, 0);
    ck_assert_uint_eq(gpu_driver.creates, creates);
    ck_assert_uint_eq(gpu_driver.destroys, destroys);
    gpu_close(&w);
}
END_TEST

START_TEST(memory_of_a_burst_goes_back_to_the_driver)
{
    open_flight(2, false);
    gpu_begin(&w);
    for (unsigned i = 0; i < 100; i++)
        gpu_take(&w, FA_GPU_HOST_VISIBLE, 60 * KIB);
    gpu_end(&w);
    ck_assert_uint_ge(gpu_driver.held_bytes, 100 * 60 * KIB);
    for (unsigned i = 0; i < 60; i++) {
        gpu_begin(&w);
        gpu_take(&w, FA_GPU_HOST_VISIBLE, 100);
        gpu_end(&w);
    }
    ck_assert_uint_le(gpu_driver.held_bytes, 4 * 64 * KIB);
    gpu_close(&w);
}
END_TEST

/* --- limits --- */

START_TEST(large_and_odd_requests_are_served_or_refused)
{
    open_flight(2, false);
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_take(&w, FA_GPU_DEVICE_ONLY, 10 * MIB);
    ck_assert_uint_eq(slice.size, 10 * MIB);
    ck_assert_int_eq(
        fa_gpu_frame_alloc(w.gpu, FA_GPU_DEVICE_ONLY, 0, 0, &slice),
        FA_ERR_USAGE);
    ck_assert_uint_eq(slice.id, 0);
    ck_assert_int_eq(
        fa_gpu_frame_alloc(w.gpu, FA_GPU_DEVICE_ONLY, UINT64_MAX, 0, &slice),
        FA_ERR_NOMEM);
    ck_assert_int_eq(
        fa_gpu_frame_alloc(w.gpu, FA_GPU_DEVICE_ONLY, 16, 3, &slice),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_frame_alloc(w.gpu, (fa_gpu_intent)5, 16, 0, &slice),
                     FA_ERR_USAGE);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(configurations_out_of_range_name_the_member)
{
    gpu_prepare(&w);
    test_open(&w.core);
    fa_gpu_backend backend;
    ck_assert_int_eq(
        fa_gpu_null_create(w.core.allocator, NULL, &backend, &w.null), FA_OK);
    fa_gpu_config bad[] = {FA_GPU_CONFIG_INIT, FA_GPU_CONFIG_INIT,
                           FA_GPU_CONFIG_INIT, FA_GPU_CONFIG_INIT};
    bad[0].frames = 9;
    bad[1].chunk_size = 100;
    bad[2].struct_size = 3;
    bad[3].flags = 1u << 20;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        fa_gpu *gpu;
        ck_assert_int_eq(
            fa_gpu_create(w.core.allocator, &bad[i], &backend, &gpu),
            FA_ERR_CONFIG);
        ck_assert_ptr_null(gpu);
        ck_assert_only_diag(&w.core.log, 10);
    }
    backend.choose = NULL;
    ck_assert_int_eq(fa_gpu_create(w.core.allocator, NULL, &backend, &w.gpu),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.core.log, 10);
    backend.destroy(backend.user);
    test_close(&w.core);
}
END_TEST

/* --- failure --- */

START_TEST(a_lost_device_stays_lost_and_is_told_once)
{
    open_flight(2, true);
    gpu_begin(&w);
    gpu_take(&w, FA_GPU_HOST_VISIBLE, 100);
    gpu_end(&w);
    gpu_begin(&w);
    gpu_end(&w);
    fa_gpu_null_lose(w.null);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX),
                         FA_ERR_DEVICE_LOST);
    ck_assert_only_diag(&w.core.log, 556);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(a_limit_of_blocks_is_an_error_and_nothing_else)
{
    gpu_prepare(&w);
    w.null_config.block_count_max = 2;
    gpu_open(&w);
    gpu_begin(&w);
    gpu_take(&w, FA_GPU_HOST_VISIBLE, 60 * KIB);
    gpu_take(&w, FA_GPU_HOST_VISIBLE, 60 * KIB);
    fa_gpu_slice slice;
    ck_assert_int_eq(
        fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE, 60 * KIB, 0, &slice),
        FA_ERR_NOMEM);
    ck_assert_uint_eq(slice.id, 0);
    gpu_take(&w, FA_GPU_HOST_VISIBLE, 1000);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

/* --- misuse --- */

START_TEST(frames_that_do_not_nest_are_refused)
{
    open_flight(2, false);
    fa_gpu_slice slice;
    ck_assert_int_eq(
        fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE, 16, 0, &slice),
        FA_ERR_STATE);
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, 1), FA_ERR_STATE);
    ck_assert_int_eq(fa_gpu_frame_commit(w.gpu), FA_ERR_STATE);
    gpu_begin(&w);
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_ERR_STATE);
    gpu_end(&w);
    gpu_begin(&w);
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, w.serial), FA_ERR_USAGE);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(a_slice_of_a_finished_frame_is_stale)
{
    open_flight(1, false);
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_take(&w, FA_GPU_HOST_VISIBLE, 16);
    ck_assert_int_eq(fa_gpu_slice_write(w.gpu, &slice, 0, "x", 1), FA_OK);
    gpu_end(&w);
    gpu_begin(&w);
    ck_assert_int_eq(fa_gpu_slice_write(w.gpu, &slice, 0, "x", 1),
                     FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(memory_that_the_cpu_does_not_see_is_not_written)
{
    gpu_prepare(&w);
    w.null_config.is_discrete = true;
    gpu_open(&w);
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_take(&w, FA_GPU_DEVICE_ONLY, 16);
    ck_assert_ptr_null(slice.ptr);
    ck_assert_int_eq(fa_gpu_slice_write(w.gpu, &slice, 0, "x", 1),
                     FA_ERR_UNSUPPORTED);
    ck_assert_only_diag(&w.core.log, 554);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

START_TEST(poison_shows_what_was_handed_back)
{
    gpu_prepare(&w);
    w.config.flags = FA_GPU_CHECK;
    w.config.frames = 1;
    gpu_open(&w);
    for (unsigned i = 0; i < 4; i++) {
        gpu_begin(&w);
        fa_gpu_slice slice = gpu_take(&w, FA_GPU_HOST_VISIBLE, 64);
        if (i > 1)
            ck_assert(test_is_byte(slice.ptr, 64, 0xdd));
        memset(slice.ptr, 1, 64);
        gpu_end(&w);
    }
    gpu_close(&w);
}
END_TEST

/* --- threads --- */

#define THREADS 4

static size_t allocations;
static pthread_barrier_t barrier;

static void *
take_many(void *arg)
{
    unsigned seed = (unsigned)(uintptr_t)arg;
    for (unsigned frame = 0; frame < 20; frame++) {
        pthread_barrier_wait(&barrier);
        fa_gpu_slice previous = {0};
        for (size_t i = 0; i < allocations; i++) {
            fa_gpu_slice slice;
            if (fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE,
                                   64 + (i * 37 + seed) % 900, 0,
                                   &slice) != FA_OK)
                return (void *)(uintptr_t) "refused";
            memset(slice.ptr, (int)seed, slice.size);
            if (i > 0 &&
                !test_is_byte(previous.ptr, previous.size, (unsigned char)seed))
                return (void *)(uintptr_t) "shared";
            previous = slice;
        }
        pthread_barrier_wait(&barrier);
    }
    return NULL;
}

START_TEST(threads_take_memory_of_one_frame)
{
    open_flight(2, false);
    allocations = test_scaled(20000) / 10 + 10;
    pthread_t threads[THREADS];
    pthread_barrier_init(&barrier, NULL, THREADS + 1);
    for (uintptr_t i = 0; i < THREADS; i++)
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, take_many, (void *)(i + 1)), 0);
    for (unsigned frame = 0; frame < 20; frame++) {
        gpu_begin(&w);
        pthread_barrier_wait(&barrier);
        pthread_barrier_wait(&barrier);
        gpu_end(&w);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *fault;
        pthread_join(threads[i], &fault);
        ck_assert_msg(fault == NULL, "%s", (const char *)fault);
    }
    pthread_barrier_destroy(&barrier);
    gpu_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_frame");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, slices_of_a_frame_are_apart_and_aligned);
    tcase_add_loop_test(contract,
                        a_frame_waits_for_the_one_that_used_its_memory, 1, 9);
    tcase_add_test(contract, bytes_of_frames_in_flight_stay);
    tcase_add_test(contract, the_steady_state_makes_no_driver_calls);
    tcase_add_test(contract, memory_of_a_burst_goes_back_to_the_driver);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, large_and_odd_requests_are_served_or_refused);
    tcase_add_test(limits, configurations_out_of_range_name_the_member);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, a_lost_device_stays_lost_and_is_told_once);
    tcase_add_test(failure, a_limit_of_blocks_is_an_error_and_nothing_else);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, frames_that_do_not_nest_are_refused);
    tcase_add_test(misuse, a_slice_of_a_finished_frame_is_stale);
    tcase_add_test(misuse, memory_that_the_cpu_does_not_see_is_not_written);
    tcase_add_test(misuse, poison_shows_what_was_handed_back);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, threads_take_memory_of_one_frame);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
