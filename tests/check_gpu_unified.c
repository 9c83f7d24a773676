/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * CPU and GPU in step: frames that begin together or not at all, and buffers
 * whose location tells the truth.
 */
#include "gpu_world.h"

#include <string.h>

static struct gpu_world w;
static fa_unified *u;
static const fa_unified_request request_init = FA_UNIFIED_REQUEST_INIT;

static void
open_unified(bool is_manual)
{
    gpu_prepare(&w);
    w.null_config.is_manual = is_manual;
    w.null_config.is_discrete = true;
    w.null_config.is_incoherent = true;
    gpu_open(&w);
    ck_assert_int_eq(fa_unified_create(w.core.allocator, w.gpu, &u), FA_OK);
}

static void
close_unified(void)
{
    fa_unified_destroy(u);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}

static void
begin(void)
{
    fa_frame *frame;
    ck_assert_int_eq(fa_unified_begin_frame(u, 0, &frame), FA_OK);
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, 100, 16));
}

static void
end(void)
{
    ck_assert_int_eq(fa_unified_end_frame(u, ++w.serial), FA_OK);
}

static fa_unified_buffer *
buffer_new(fa_unified_kind kind, uint64_t size)
{
    fa_unified_request request = request_init;
    fa_unified_buffer *buffer;
    request.kind = kind;
    request.size = size;
    ck_assert_int_eq(fa_unified_buffer_new(u, &request, &buffer), FA_OK);
    return buffer;
}

static fa_unified_usage
usage(void)
{
    fa_unified_usage out = FA_UNIFIED_USAGE_INIT;
    ck_assert_int_eq(fa_unified_usage_read(u, &out), FA_OK);
    return out;
}

/* What the device sees of a buffer. */
static char *
device(const fa_unified_buffer *buffer)
{
    fa_gpu_slice slice = fa_unified_buffer_slice(buffer);
    return fa_gpu_null_memory(w.null, slice.buffer, slice.offset, slice.size);
}

static void
record(void)
{
    uint64_t serial = w.serial + 1;
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, &serial), FA_OK);
}

/* --- frames --- */

START_TEST(both_frames_begin_or_none)
{
    open_unified(true);
    for (unsigned i = 0; i < 2; i++) {
        begin();
        end();
    }
    fa_frame *frame = (fa_frame *)(uintptr_t)1;
    ck_assert_int_eq(fa_unified_begin_frame(u, 0, &frame), FA_NOT_READY);
    ck_assert_ptr_null(frame);
    ck_assert_uint_eq(fa_frame_number(w.core.allocator), 2);
    ck_assert_uint_eq(fa_gpu_frame_number(w.gpu), 2);
    ck_assert_uint_eq(fa_unified_frame_number(u), 2);
    gpu_reach(&w, 1);
    begin();
    ck_assert_uint_eq(fa_frame_number(w.core.allocator), 3);
    ck_assert_uint_eq(fa_gpu_frame_number(w.gpu), 3);
    ck_assert_int_eq(fa_unified_end_frame(u, 1), FA_ERR_USAGE);
    end();
    gpu_reach(&w, w.serial);
    close_unified();
}
END_TEST

START_TEST(frames_that_began_apart_are_counted_together)
{
    gpu_prepare(&w);
    gpu_open(&w);
    for (unsigned i = 0; i < 5; i++) {
        test_begin(&w.core);
        test_end(&w.core);
    }
    ck_assert_int_eq(fa_unified_create(w.core.allocator, w.gpu, &u), FA_OK);
    begin();
    ck_assert_uint_eq(fa_unified_frame_number(u), 1);
    ck_assert_int_eq(fa_unified_frame_wait(u, 1, 0), FA_ERR_STATE);
    end();
    ck_assert_int_eq(fa_unified_frame_wait(u, 1, UINT64_MAX), FA_OK);
    close_unified();
}
END_TEST

START_TEST(the_barrier_waits_for_the_device)
{
    open_unified(true);
    begin();
    end();
    ck_assert_int_eq(fa_unified_frame_wait(u, 1, 0), FA_NOT_READY);
    ck_assert_int_eq(fa_unified_frame_wait(u, 1, 1000), FA_TIMEOUT);
    gpu_reach(&w, 1);
    ck_assert_int_eq(fa_unified_frame_wait(u, 1, UINT64_MAX), FA_OK);
    ck_assert_int_eq(fa_unified_frame_wait(u, 2, 0), FA_ERR_USAGE);
    close_unified();
}
END_TEST

START_TEST(an_open_frame_keeps_them_apart)
{
    gpu_prepare(&w);
    gpu_open(&w);
    test_begin(&w.core);
    ck_assert_int_eq(fa_unified_create(w.core.allocator, w.gpu, &u),
                     FA_ERR_STATE);
    test_end(&w.core);
    gpu_begin(&w);
    ck_assert_int_eq(fa_unified_create(w.core.allocator, w.gpu, &u),
                     FA_ERR_STATE);
    ck_assert_ptr_null(u);
    gpu_end(&w);
    gpu_close(&w);
}
END_TEST

/* --- buffers --- */

START_TEST(bytes_go_to_the_device_and_back)
{
    open_unified(true);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_CPU, 1000);
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_CPU_ONLY);
    ck_assert_uint_eq(fa_unified_buffer_slice(buffer).id, 0);
    test_fill(fa_unified_buffer_write(buffer), 1000, 3);
    begin();
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_OK);
    /* Queued is not done. */
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_CPU_ONLY);
    ck_assert_int_eq(fa_unified_wait(u, buffer, UINT64_MAX), FA_ERR_STATE);
    record();
    end();
    ck_assert_int_eq(fa_unified_wait(u, buffer, 0), FA_NOT_READY);
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_CPU_ONLY);
    gpu_reach(&w, 1);
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_SYNCHRONIZED);
    ck_assert(test_is_filled(device(buffer), 1000, 3));

    /* The device writes, and the CPU's bytes are old. */
    test_fill(device(buffer), 1000, 4);
    ck_assert_int_eq(fa_unified_buffer_set_gpu(buffer), FA_OK);
    ck_assert_ptr_null(fa_unified_buffer_read(buffer));
    begin();
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_ERR_STATE);
    ck_assert_int_eq(fa_unified_to_cpu(u, buffer), FA_OK);
    record();
    end();
    ck_assert_ptr_null(fa_unified_buffer_read(buffer));
    gpu_reach(&w, 2);
    ck_assert_int_eq(fa_unified_wait(u, buffer, UINT64_MAX), FA_OK);
    ck_assert(test_is_filled(fa_unified_buffer_read(buffer), 1000, 4));
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_SYNCHRONIZED);
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_OK);
    close_unified();
}
END_TEST

START_TEST(bytes_written_meanwhile_stay_the_newest)
{
    open_unified(true);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_CPU, 1000);
    test_fill(fa_unified_buffer_write(buffer), 1000, 3);
    begin();
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_OK);
    test_fill(fa_unified_buffer_write(buffer), 1000, 5);
    record();
    end();
    gpu_reach(&w, 1);
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_CPU_ONLY);
    ck_assert(test_is_filled(device(buffer), 1000, 3));
    ck_assert(test_is_filled(fa_unified_buffer_read(buffer), 1000, 5));
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_OK);
    close_unified();
}
END_TEST

START_TEST(a_gpu_buffer_gets_cpu_memory_when_it_comes_over)
{
    open_unified(false);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_GPU, 5000);
    ck_assert_uint_eq(usage().cpu_bytes, 0);
    ck_assert_uint_eq(usage().gpu_bytes, 5000);
    ck_assert_ptr_null(fa_unified_buffer_write(buffer));
    test_fill(device(buffer), 5000, 6);
    begin();
    ck_assert_int_eq(fa_unified_to_cpu(u, buffer), FA_OK);
    uint64_t serial;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    end();
    ck_assert_int_eq(fa_unified_wait(u, buffer, UINT64_MAX), FA_OK);
    ck_assert(test_is_filled(fa_unified_buffer_read(buffer), 5000, 6));
    ck_assert_uint_eq(usage().cpu_bytes, 5000);
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_OK);
    ck_assert_uint_eq(usage().cpu_bytes, 0);
    ck_assert_uint_eq(usage().gpu_bytes, 0);
    ck_assert_uint_eq(usage().buffers, 0);
    close_unified();
}
END_TEST

START_TEST(staging_is_one_memory_counted_once)
{
    open_unified(false);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_STAGING, 5000);
    ck_assert_uint_eq(usage().cpu_bytes, 0);
    ck_assert_uint_eq(usage().gpu_bytes, 5000);
    test_fill(fa_unified_buffer_write(buffer), 5000, 7);
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_OK);
    ck_assert_int_eq(fa_unified_buffer_location(u, buffer),
                     FA_UNIFIED_SYNCHRONIZED);
    ck_assert(test_is_filled(device(buffer), 5000, 7));
    test_fill(device(buffer), 5000, 8);
    ck_assert_int_eq(fa_unified_buffer_set_gpu(buffer), FA_OK);
    ck_assert_int_eq(fa_unified_to_cpu(u, buffer), FA_OK);
    ck_assert(test_is_filled(fa_unified_buffer_read(buffer), 5000, 8));
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_OK);
    ck_assert_uint_eq(usage().gpu_bytes, 0);
    close_unified();
}
END_TEST

/* --- misuse --- */

START_TEST(a_buffer_with_a_queued_copy_is_not_freed)
{
    open_unified(false);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_CPU, 1000);
    begin();
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_OK);
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_ERR_STATE);
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_ERR_STATE);
    record();
    ck_assert_int_eq(fa_unified_buffer_free(u, buffer), FA_OK);
    end();
    close_unified();
}
END_TEST

START_TEST(buffers_that_are_left_are_freed_at_the_end)
{
    open_unified(false);
    buffer_new(FA_UNIFIED_CPU, 1000);
    fa_unified_buffer *buffer = buffer_new(FA_UNIFIED_CPU, 1000);
    begin();
    ck_assert_int_eq(fa_unified_to_gpu(u, buffer), FA_OK);
    end();
    close_unified();
}
END_TEST

START_TEST(requests_that_are_wrong_are_refused)
{
    open_unified(false);
    fa_unified_request bad = request_init;
    fa_unified_buffer *buffer;
    ck_assert_int_eq(fa_unified_buffer_new(u, &bad, &buffer), FA_ERR_USAGE);
    bad.size = 10;
    bad.kind = (fa_unified_kind)7;
    ck_assert_int_eq(fa_unified_buffer_new(u, &bad, &buffer), FA_ERR_USAGE);
    bad.struct_size = 1;
    ck_assert_int_eq(fa_unified_buffer_new(u, &bad, &buffer), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.core.log, 10);
    ck_assert_ptr_null(buffer);
    close_unified();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_unified");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, both_frames_begin_or_none);
    tcase_add_test(contract, frames_that_began_apart_are_counted_together);
    tcase_add_test(contract, the_barrier_waits_for_the_device);
    tcase_add_test(contract, bytes_go_to_the_device_and_back);
    tcase_add_test(contract, bytes_written_meanwhile_stay_the_newest);
    tcase_add_test(contract, a_gpu_buffer_gets_cpu_memory_when_it_comes_over);
    tcase_add_test(contract, staging_is_one_memory_counted_once);
    suite_add_tcase(suite, contract);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, an_open_frame_keeps_them_apart);
    tcase_add_test(misuse, a_buffer_with_a_queued_copy_is_not_freed);
    tcase_add_test(misuse, buffers_that_are_left_are_freed_at_the_end);
    tcase_add_test(misuse, requests_that_are_wrong_are_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
