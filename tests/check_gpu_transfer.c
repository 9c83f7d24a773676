/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers: bytes arrive when the device is done and not before, a full ring
 * refuses and loses nothing, and what cannot be done is said.
 */
#include "gpu_transfer.h"

/* --- contract --- */

START_TEST(bytes_reach_the_device_and_come_back)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(10000);
    ck_assert_int_eq(upload(&slice, 0, 10000, 1, NULL), FA_OK);
    run_frame();
    check_slice(&slice, 0, 10000, 1);
    ck_assert_int_eq(upload(&slice, 77, 501, 2, NULL), FA_OK);
    run_frame();
    check_slice(&slice, 77, 501, 2);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_reserved_upload_is_filled_by_the_caller)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    void *bytes;
    ck_assert_int_eq(
        fa_gpu_transfer_reserve(w.gpu, &slice, 3, 900, &bytes, NULL), FA_OK);
    ck_assert_uint_eq((uintptr_t)bytes % 16, 0);
    test_fill(bytes, 900, 5);
    run_frame();
    check_slice(&slice, 3, 900, 5);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(bytes_move_between_slices_of_the_device)
{
    open_kind(_i);
    fa_gpu_slice from = device_slice(1000);
    fa_gpu_slice to = device_slice(1000);
    fa_gpu_ticket ticket;
    ck_assert_int_eq(upload(&from, 100, 300, 3, NULL), FA_OK);
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, &from, 100, &to, 500, 300, &ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_copy(w.gpu, &to, 500, &to, 0, 300, NULL),
                     FA_OK);
    run_frame();
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
    check_slice(&to, 500, 300, 3);
    check_slice(&to, 0, 300, 3);
    free_slice(&from);
    free_slice(&to);
    close_all();
}
END_TEST

START_TEST(a_ticket_tells_how_far_the_transfer_is)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(100);
    fa_gpu_ticket ticket;
    ck_assert_int_eq(upload(&slice, 0, 100, 1, &ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_NOT_READY);
    gpu_begin(&w);
    record();
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_NOT_READY);
    gpu_end(&w);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_NOT_READY);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, 1000), FA_TIMEOUT);
    gpu_reach(&w, w.serial);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, 0), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_submitted_batch_is_done_with_its_own_serial)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(100);
    fa_gpu_ticket first;
    fa_gpu_ticket second;
    uint64_t serial;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    ck_assert_uint_eq(serial, 0);
    ck_assert_int_eq(upload(&slice, 0, 100, 1, &first), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    ck_assert_uint_eq(serial, 1);
    second = fetch(&slice, 0, 100);
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    ck_assert_uint_eq(serial, 2);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, 1);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, first, UINT64_MAX), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, second, 1), FA_TIMEOUT);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, 2);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, second), FA_OK);
    check_result(second, 100, 1);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, first), FA_OK);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_slice_of_a_frame_may_be_a_target)
{
    open_kind(_i);
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_take(&w, FA_GPU_DEVICE_ONLY, 5000);
    ck_assert_int_eq(upload(&slice, 0, 5000, 4, NULL), FA_OK);
    fa_gpu_ticket ticket = fetch(&slice, 0, 5000);
    record();
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    check_result(ticket, 5000, 4);
    close_all();
}
END_TEST

START_TEST(a_part_of_a_slice_may_be_named)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_slice part = slice;
    part.offset += 600;
    part.size = 400;
    ck_assert_int_eq(upload(&part, 0, 400, 9, NULL), FA_OK);
    run_frame();
    check_slice(&slice, 600, 400, 9);
    part.size = 401;
    ck_assert_int_eq(upload(&part, 0, 1, 9, NULL), FA_ERR_USAGE);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_result_stays_until_it_is_released)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    ck_assert_int_eq(upload(&slice, 0, 1000, 1, NULL), FA_OK);
    fa_gpu_ticket ticket = fetch(&slice, 0, 1000);
    for (unsigned i = 0; i < 50; i++) {
        ck_assert_int_eq(upload(&slice, 0, 1000, 2 + i, NULL), FA_OK);
        fa_gpu_ticket other = fetch(&slice, 0, 1000);
        run_frame();
        check_result(other, 1000, 2 + i);
    }
    check_result(ticket, 1000, 1);
    free_slice(&slice);
    close_all();
}
END_TEST

/* --- limits --- */

START_TEST(a_full_ring_refuses_and_loses_nothing)
{
    open_kind(_i);
    const size_t size = 64 * KIB;
    fa_gpu_slice slice = device_slice(5 * size);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(upload(&slice, i * size, size, i, NULL), FA_OK);
    ck_assert_int_eq(upload(&slice, 4 * size, 1, 4, NULL), FA_NOT_READY);
    ck_assert_int_eq(upload(&slice, 4 * size, size, 4, NULL), FA_NOT_READY);
    gpu_begin(&w);
    record();
    gpu_end(&w);
    ck_assert_int_eq(upload(&slice, 4 * size, size, 4, NULL), FA_NOT_READY);
    gpu_reach(&w, w.serial);
    ck_assert_int_eq(upload(&slice, 4 * size, size, 4, NULL), FA_OK);
    run_frame();
    for (unsigned i = 0; i < 5; i++)
        check_slice(&slice, i * size, size, i);
    ck_assert_uint_le(gpu_driver.creates, 2 + 5);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(staging_memory_goes_round_without_the_driver)
{
    prepare(_i);
    w.config.frames = 3;
    open_prepared();
    fa_gpu_slice slice = device_slice(256 * KIB);
    unsigned creates = 0;
    for (unsigned i = 0; i < 100; i++) {
        gpu_begin(&w);
        for (unsigned k = 0; k < 5; k++)
            ck_assert_int_eq(
                upload(&slice, (k * 7919 + i) % 1000, 9000 + k, i, NULL),
                FA_OK);
        record();
        gpu_end(&w);
        if (w.serial > 2)
            gpu_reach(&w, w.serial - 2);
        if (i == 10)
            creates = gpu_driver.creates;
    }
    ck_assert_uint_eq(gpu_driver.creates, creates);
    ck_assert_uint_eq(gpu_driver.destroys, 0);
    gpu_reach(&w, w.serial);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(small_uploads_of_many_frames_share_a_chunk)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(64);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(upload(&slice, 0, 64, i, NULL), FA_OK);
        run_frame();
    }
    ck_assert_uint_eq(gpu_driver.creates, 2);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_chunk_that_lasts_for_many_frames_is_not_given_back)
{
    prepare(_i);
    w.config.retain_frames = 2;
    open_prepared();
    fa_gpu_slice slice = device_slice(10 * KIB);
    for (unsigned i = 0; i < 100; i++) {
        ck_assert_int_eq(upload(&slice, 0, 10 * KIB, i, NULL), FA_OK);
        gpu_begin(&w);
        record();
        gpu_end(&w);
        /* One behind, so that the chunk is never empty before it is full. */
        gpu_reach(&w, w.serial - 1);
    }
    ck_assert_uint_le(gpu_driver.creates, 1 + 2);
    ck_assert_uint_eq(gpu_driver.destroys, 0);
    gpu_reach(&w, w.serial);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_large_upload_has_a_chunk_of_its_own)
{
    open_kind(_i);
    const size_t size = 65 * KIB;
    fa_gpu_slice slice = device_slice(2 * MIB);
    ck_assert_int_eq(upload(&slice, 0, 16, 1, NULL), FA_OK);
    ck_assert_int_eq(upload(&slice, 100, size, 2, NULL), FA_OK);
    ck_assert_int_eq(upload(&slice, 50, 16, 3, NULL), FA_OK);
    ck_assert_uint_eq(gpu_driver.creates, 3);
    ck_assert_int_eq(upload(&slice, 0, 256 * KIB, 2, NULL), FA_NOT_READY);
    ck_assert_int_eq(upload(&slice, 0, 256 * KIB + 1, 2, NULL), FA_ERR_BUDGET);
    run_frame();
    check_slice(&slice, 0, 16, 1);
    check_slice(&slice, 100, size, 2);
    check_slice(&slice, 50, 16, 3);
    /* What is allowed at all can be done when the ring is empty. */
    gpu_begin(&w);
    ck_assert_int_eq(upload(&slice, 0, 256 * KIB, 8, NULL), FA_OK);
    record();
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    check_slice(&slice, 0, 64 * KIB, 8);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(idle_staging_memory_goes_back_to_the_driver)
{
    prepare(_i);
    w.config.retain_frames = 3;
    open_prepared();
    fa_gpu_slice slice = device_slice(256 * KIB);
    uint64_t before = gpu_driver.held_bytes;
    ck_assert_int_eq(upload(&slice, 0, 100, 1, NULL), FA_OK);
    ck_assert_int_eq(upload(&slice, 0, 150 * KIB, 1, NULL), FA_OK);
    run_frame();
    ck_assert_uint_ge(gpu_driver.held_bytes, before + 150 * KIB);
    /* The one that was open is kept for that long, and is then idle. */
    for (unsigned i = 0; i < 2 * 3 + 2; i++)
        run_frame();
    ck_assert_uint_eq(gpu_driver.held_bytes, before);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_trim_gives_staging_memory_back_at_once)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(256 * KIB);
    uint64_t before = gpu_driver.held_bytes;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(upload(&slice, 0, 60 * KIB, i, NULL), FA_OK);
        run_frame();
    }
    ck_assert_int_eq(upload(&slice, 0, 50, 7, NULL), FA_OK);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(gpu_driver.held_bytes, before + 64 * KIB);
    run_frame();
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(gpu_driver.held_bytes, before);
    check_slice(&slice, 0, 50, 7);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(results_that_are_held_count_against_the_limit)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(64 * KIB);
    fa_gpu_ticket tickets[4];
    for (unsigned i = 0; i < 4; i++)
        tickets[i] = fetch(&slice, 0, 64 * KIB);
    run_frame();
    fa_gpu_ticket more;
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 1, &more),
                     FA_NOT_READY);
    ck_assert_uint_eq(more.id, 0);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, tickets[2]), FA_OK);
    more = fetch(&slice, 0, 64 * KIB);
    tickets[2] = more;
    run_frame();
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, tickets[i]), FA_OK);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_released_result_keeps_its_memory_until_the_device_is_done)
{
    prepare(_i);
    w.config.staging_limit = 64 * KIB;
    open_prepared();
    fa_gpu_slice slice = device_slice(64 * KIB);
    fa_gpu_ticket ticket = fetch(&slice, 0, 1000);
    fa_gpu_ticket more;
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 64 * KIB, &more),
                     FA_NOT_READY);
    gpu_begin(&w);
    record();
    gpu_end(&w);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 64 * KIB, &more),
                     FA_NOT_READY);
    gpu_reach(&w, w.serial);
    more = fetch(&slice, 0, 64 * KIB);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, more), FA_OK);
    run_frame();
    free_slice(&slice);
    close_all();
}
END_TEST

/* Two lanes do not wait for each other: a chunk is in use until both are past
 * it. */
START_TEST(a_chunk_waits_for_both_lanes)
{
    prepare(_i);
    w.config.staging_limit = 64 * KIB;
    open_prepared();
    fa_gpu_slice slice = device_slice(64 * KIB);
    gpu_begin(&w);
    ck_assert_int_eq(upload(&slice, 0, 1000, 1, NULL), FA_OK);
    record();
    gpu_end(&w);
    ck_assert_int_eq(upload(&slice, 1000, 1000, 2, NULL), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_OK);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, 1);
    ck_assert_int_eq(upload(&slice, 0, 64 * KIB, 3, NULL), FA_NOT_READY);
    gpu_reach(&w, w.serial);
    ck_assert_int_eq(upload(&slice, 0, 64 * KIB, 3, NULL), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_OK);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, 2);
    check_slice(&slice, 0, 64 * KIB, 3);
    free_slice(&slice);
    close_all();
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_transfer");
    TCase *contract = tcase_create("contract");
    tcase_add_loop_test(contract, bytes_reach_the_device_and_come_back, 0,
                        KINDS);
    tcase_add_loop_test(contract, a_reserved_upload_is_filled_by_the_caller, 0,
                        KINDS);
    tcase_add_loop_test(contract, bytes_move_between_slices_of_the_device, 0,
                        KINDS);
    tcase_add_loop_test(contract, a_ticket_tells_how_far_the_transfer_is, 0,
                        KINDS);
    tcase_add_loop_test(contract, a_submitted_batch_is_done_with_its_own_serial,
                        0, KINDS);
    tcase_add_loop_test(contract, a_slice_of_a_frame_may_be_a_target, 0, KINDS);
    tcase_add_loop_test(contract, a_part_of_a_slice_may_be_named, 0, KINDS);
    tcase_add_loop_test(contract, a_result_stays_until_it_is_released, 0,
                        KINDS);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_add_loop_test(limits, a_full_ring_refuses_and_loses_nothing, 0,
                        KINDS);
    tcase_add_loop_test(limits, staging_memory_goes_round_without_the_driver, 0,
                        KINDS);
    tcase_add_loop_test(limits, small_uploads_of_many_frames_share_a_chunk, 0,
                        KINDS);
    tcase_add_loop_test(
        limits, a_chunk_that_lasts_for_many_frames_is_not_given_back, 0, KINDS);
    tcase_add_loop_test(limits, a_large_upload_has_a_chunk_of_its_own, 0,
                        KINDS);
    tcase_add_loop_test(limits, idle_staging_memory_goes_back_to_the_driver, 0,
                        KINDS);
    tcase_add_loop_test(limits, a_trim_gives_staging_memory_back_at_once, 0,
                        KINDS);
    tcase_add_loop_test(limits, results_that_are_held_count_against_the_limit,
                        0, KINDS);
    tcase_add_loop_test(
        limits, a_released_result_keeps_its_memory_until_the_device_is_done, 0,
        KINDS);
    tcase_add_loop_test(limits, a_chunk_waits_for_both_lanes, 0, KINDS);
    suite_add_tcase(suite, limits);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
