/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * GPU memory that persists or lives for some frames, on the null device: it is
 * apart, goes back only when the device is done, and lifetimes never mix.
 */
#include "gpu_world.h"

#include <stdlib.h>
#include <string.h>

static struct gpu_world w;

static void
open_manual(void)
{
    gpu_prepare(&w);
    w.null_config.is_manual = true;
    gpu_open(&w);
}

static void
open_simple(void)
{
    gpu_prepare(&w);
    gpu_open(&w);
}

/* --- contract --- */

START_TEST(slices_are_apart_and_share_blocks)
{
    open_simple();
    enum { SLICES = 200 };
    static fa_gpu_slice slices[SLICES];
    for (unsigned i = 0; i < SLICES; i++) {
        slices[i] = gpu_keep(&w, FA_GPU_HOST_VISIBLE, 100 + i * 50, 0);
        test_fill(slices[i].ptr, slices[i].size, i);
    }
    ck_assert_uint_eq(gpu_driver.creates, 1);
    for (unsigned i = 0; i < SLICES; i++) {
        ck_assert(test_is_filled(slices[i].ptr, slices[i].size, i));
        ck_assert_int_eq(fa_gpu_free(w.gpu, &slices[i]), FA_OK);
        ck_assert_uint_eq(slices[i].id, 0);
    }
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(freed_memory_waits_for_the_device)
{
    open_manual();
    gpu_begin(&w);
    fa_gpu_slice old = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1 * MIB, 0);
    uint64_t place = old.offset;
    ck_assert_int_eq(fa_gpu_free(w.gpu, &old), FA_OK);
    fa_gpu_slice next = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1 * MIB, 0);
    ck_assert_uint_ne(next.offset, place);
    gpu_end(&w);
    gpu_begin(&w);
    fa_gpu_slice third = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1 * MIB, 0);
    ck_assert_uint_ne(third.offset, place);
    gpu_end(&w);
    gpu_reach(&w, 1);
    gpu_begin(&w);
    fa_gpu_slice fourth = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1 * MIB, 0);
    ck_assert_uint_eq(fourth.offset, place);
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    fa_gpu_free(w.gpu, &next);
    fa_gpu_free(w.gpu, &third);
    fa_gpu_free(w.gpu, &fourth);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(memory_of_some_frames_dies_with_the_last)
{
    open_manual();
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 3);
    ck_assert_uint_eq(slice.frame, 3);
    gpu_end(&w);
    for (unsigned frame = 2; frame <= 3; frame++) {
        gpu_reach(&w, frame - 1);
        gpu_begin(&w);
        ck_assert(fa_gpu_slice_is_live(w.gpu, &slice));
        gpu_end(&w);
    }
    ck_assert(!fa_gpu_slice_is_live(w.gpu, &slice));
    gpu_reach(&w, 2);
    gpu_begin(&w);
    gpu_end(&w);
    /* Its block is empty only when the device has finished frame 3. */
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(gpu_driver.destroys, 0);
    gpu_reach(&w, 3);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(gpu_driver.destroys, 1);
    gpu_reach(&w, w.serial);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(lifetimes_never_share_a_block)
{
    open_simple();
    gpu_begin(&w);
    fa_gpu_slice frame = gpu_take(&w, FA_GPU_DEVICE_ONLY, 1000);
    fa_gpu_slice some = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 2);
    fa_gpu_slice more = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 3);
    fa_gpu_slice kept = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    ck_assert_uint_ne(frame.buffer, some.buffer);
    ck_assert_uint_ne(frame.buffer, kept.buffer);
    ck_assert_uint_ne(some.buffer, more.buffer);
    ck_assert_uint_ne(some.buffer, kept.buffer);
    ck_assert_uint_ne(more.buffer, kept.buffer);
    gpu_end(&w);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &kept), FA_OK);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

START_TEST(bytes_move_to_incoherent_memory_and_back)
{
    gpu_prepare(&w);
    w.null_config.is_discrete = true;
    w.null_config.is_incoherent = true;
    gpu_open(&w);
    fa_gpu_slice slice = gpu_keep(&w, FA_GPU_READBACK, 1000, 0);
    ck_assert_int_eq(fa_gpu_slice_write(w.gpu, &slice, 3, "framealloc", 11),
                     FA_OK);
    char *device = fa_gpu_null_memory(w.null, slice.buffer, slice.offset, 100);
    ck_assert_str_eq(device + 3, "framealloc");
    memcpy(device + 3, "FRAMEALLOC", 11);
    ck_assert_str_eq((char *)slice.ptr + 3, "framealloc");
    char seen[11];
    ck_assert_int_eq(fa_gpu_slice_read(w.gpu, &slice, 3, seen, 11), FA_OK);
    ck_assert_str_eq(seen, "FRAMEALLOC");
    ck_assert_int_eq(fa_gpu_slice_write(w.gpu, &slice, 990, "framealloc", 11),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

/* --- limits --- */

START_TEST(large_requests_have_a_block_of_their_own)
{
    open_simple();
    fa_gpu_slice large = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 20 * MIB, 0);
    fa_gpu_slice small = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    ck_assert_uint_ne(large.buffer, small.buffer);
    ck_assert_uint_eq(gpu_driver.held_bytes, 28 * MIB);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &large), FA_OK);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(gpu_driver.held_bytes, 8 * MIB);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &small), FA_OK);
    gpu_close(&w);
}
END_TEST

START_TEST(blocks_double_up_to_an_eighth_of_the_heap)
{
    open_simple();
    fa_gpu_slice slices[40];
    for (unsigned i = 0; i < COUNT(slices); i++)
        slices[i] = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 4 * MIB - 256, 0);
    /* 8 + 16 + 32 * 5: the heap has 256 MiB. */
    ck_assert_uint_eq(gpu_driver.creates, 7);
    for (unsigned i = 0; i < COUNT(slices); i++)
        ck_assert_int_eq(fa_gpu_free(w.gpu, &slices[i]), FA_OK);
    gpu_close(&w);
}
END_TEST

START_TEST(bad_requests_are_refused)
{
    open_simple();
    fa_gpu_request bad[6];
    for (unsigned i = 0; i < COUNT(bad); i++) {
        bad[i] = (fa_gpu_request)FA_GPU_REQUEST_INIT;
        bad[i].size = 100;
    }
    bad[0].size = 0;
    bad[1].align = 3;
    bad[2].intent = (fa_gpu_intent)9;
    bad[3].uses = 1u << 20;
    bad[4].frames = FA_GPU_FRAMES_MAX + 1;
    bad[5].flags = 1u << 20;
    fa_gpu_slice slice;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(fa_gpu_alloc(w.gpu, &bad[i], &slice), FA_ERR_USAGE);
        ck_assert_uint_eq(slice.id, 0);
    }
    bad[0].size = UINT64_MAX;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &bad[0], &slice), FA_ERR_NOMEM);
    bad[0] = (fa_gpu_request)FA_GPU_REQUEST_INIT;
    bad[0].struct_size = 1;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &bad[0], &slice), FA_ERR_CONFIG);
    gpu_close(&w);
}
END_TEST

START_TEST(no_growth_means_no_driver_call)
{
    open_simple();
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 1000;
    request.flags = FA_GPU_NO_GROW;
    fa_gpu_slice slice;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_NOT_READY);
    ck_assert_uint_eq(gpu_driver.creates, 0);
    fa_gpu_slice first = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_OK);
    ck_assert_uint_eq(gpu_driver.creates, 1);
    fa_gpu_free(w.gpu, &slice);
    fa_gpu_free(w.gpu, &first);
    gpu_close(&w);
}
END_TEST

/* --- misuse --- */

START_TEST(a_slice_is_freed_once)
{
    open_simple();
    fa_gpu_slice slice = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    fa_gpu_slice copy = slice;
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    ck_assert_no_diag(&w.core.log);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &copy), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    ck_assert(!fa_gpu_slice_is_live(w.gpu, &copy));
    gpu_close(&w);
}
END_TEST

START_TEST(what_is_left_is_reported_at_the_end)
{
    open_simple();
    gpu_keep(&w, FA_GPU_DEVICE_ONLY, 1000, 0);
    gpu_close(&w);
    ck_assert_only_diag(&w.core.log, 557);
}
END_TEST

/* --- model --- */

/* Live slices never overlap in a buffer, and keep their bytes. */
START_TEST(random_slices_keep_their_bytes)
{
    gpu_prepare(&w);
    w.config.block_size = 256 * KIB;
    w.null_config.is_manual = true;
    gpu_open(&w);
    enum { SLOTS = 100 };
    static fa_gpu_slice slots[SLOTS];
    memset(slots, 0, sizeof(slots));
    srand(1 + (unsigned)_i);
    size_t steps = test_scaled(20000);
    for (size_t step = 0; step < steps; step++) {
        unsigned i = (unsigned)rand() % SLOTS;
        if (step % 50 == 0) {
            if (w.serial > 0)
                gpu_reach(&w, w.serial);
            gpu_begin(&w);
            gpu_end(&w);
        }
        if (slots[i].id == 0) {
            uint64_t size = 1 + (uint64_t)rand() % (1u << (rand() % 16));
            slots[i] = gpu_keep(&w, FA_GPU_HOST_VISIBLE, size, 0);
            test_fill(slots[i].ptr, size, i);
        } else {
            ck_assert(test_is_filled(slots[i].ptr, slots[i].size, i));
            ck_assert_int_eq(fa_gpu_free(w.gpu, &slots[i]), FA_OK);
        }
    }
    for (unsigned i = 0; i < SLOTS; i++)
        fa_gpu_free(w.gpu, &slots[i]);
    gpu_reach(&w, w.serial);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_slice");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, slices_are_apart_and_share_blocks);
    tcase_add_test(contract, freed_memory_waits_for_the_device);
    tcase_add_test(contract, memory_of_some_frames_dies_with_the_last);
    tcase_add_test(contract, lifetimes_never_share_a_block);
    tcase_add_test(contract, bytes_move_to_incoherent_memory_and_back);
    tcase_add_loop_test(contract, random_slices_keep_their_bytes, 0, 4);
    tcase_set_timeout(contract, 120);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, large_requests_have_a_block_of_their_own);
    tcase_add_test(limits, blocks_double_up_to_an_eighth_of_the_heap);
    tcase_add_test(limits, bad_requests_are_refused);
    tcase_add_test(limits, no_growth_means_no_driver_call);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, a_slice_is_freed_once);
    tcase_add_test(misuse, what_is_left_is_reported_at_the_end);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
