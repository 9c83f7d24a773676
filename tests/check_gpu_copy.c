/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Copies in a batch: whatever order the device runs the copies of an epoch in,
 * bytes are as if all had been done one after the other; and there are no more
 * epochs than that needs.
 */
#include "gpu_transfer.h"

#include <stdlib.h>

/* --- epochs --- */

static void
submit_all(void)
{
    uint64_t serial;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, serial);
}

static void
move(const fa_gpu_slice *slice, uint64_t from, uint64_t to, uint64_t size)
{
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, slice, from, slice, to, size, NULL), FA_OK);
}

static void
fill(const fa_gpu_slice *slice, uint64_t offset, size_t size, unsigned seed)
{
    ck_assert_int_eq(upload(slice, offset, size, seed, NULL), FA_OK);
}

START_TEST(copies_that_touch_different_bytes_share_an_epoch)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(64 * KIB);
    for (unsigned i = 0; i < 1000; i++)
        fill(&slice, (i * 617 % 1000) * 64, 64, i);
    submit_all();
    ck_assert_uint_eq(hook.copies, 1000);
    ck_assert_uint_eq(hook.epochs, 1);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(many_patches_of_a_filled_buffer_need_two_epochs)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(64 * KIB);
    fill(&slice, 0, 64 * KIB, 1);
    for (unsigned i = 0; i < 500; i++)
        fill(&slice, i * 128, 64, i);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 2);
    check_slice(&slice, 128, 64, 1);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(objects_that_are_written_twice_need_two_epochs)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(64 * KIB);
    for (unsigned i = 0; i < 500; i++) {
        fill(&slice, i * 64, 64, 1);
        fill(&slice, i * 64, 64, i);
    }
    submit_all();
    ck_assert_uint_eq(hook.epochs, 2);
    check_slice(&slice, 64 * 499, 64, 499);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(each_write_of_the_same_bytes_has_its_epoch)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(100);
    for (unsigned i = 0; i < 10; i++)
        fill(&slice, 0, 100, i);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 10);
    check_slice(&slice, 0, 100, 9);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(readers_of_the_same_bytes_share_an_epoch)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(8000);
    fill(&slice, 0, 1000, 7);
    for (unsigned i = 1; i < 8; i++)
        move(&slice, 0, i * 1000, 1000);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 2);
    check_slice(&slice, 7000, 1000, 7);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_write_follows_what_reads_the_bytes)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(8000);
    fill(&slice, 0, 1000, 7);
    submit_all();
    move(&slice, 0, 1000, 1000);
    fa_gpu_ticket ticket = fetch(&slice, 500, 500);
    fill(&slice, 999, 1, 1);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 2);
    check_slice(&slice, 1000, 1000, 7);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(neighbours_do_not_conflict)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(4096);
    fill(&slice, 100, 100, 1);
    fill(&slice, 200, 100, 2);
    fill(&slice, 0, 100, 3);
    move(&slice, 300, 400, 100);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 1);
    fill(&slice, 100, 101, 1);
    fill(&slice, 200, 100, 2);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 2);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_chain_of_copies_keeps_its_order)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(64 * KIB);
    fill(&slice, 0, 100, 3);
    for (unsigned i = 0; i < 100; i++)
        move(&slice, i * 100, i * 100 + 100, 100);
    submit_all();
    ck_assert_uint_eq(hook.epochs, 101);
    check_slice(&slice, 10000, 100, 3);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(what_must_become_visible_is_told)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(100);
    fa_gpu_slice shared =
        gpu_keep(&w, FA_GPU_HOST_CACHED, 100, FA_GPU_PERSISTENT);
    fill(&slice, 0, 100, 1);
    submit_all();
    ck_assert_uint_eq(hook.visible, FA_GPU_COPY_TO_DEVICE);
    fa_gpu_ticket ticket = fetch(&slice, 0, 100);
    submit_all();
    ck_assert_uint_eq(hook.visible, FA_GPU_COPY_TO_HOST);
    check_result(ticket, 100, 1);
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, &slice, 0, &shared, 0, 100, NULL), FA_OK);
    submit_all();
    ck_assert_uint_eq(hook.visible,
                      FA_GPU_COPY_TO_HOST | FA_GPU_COPY_TO_DEVICE);
    ck_assert(test_is_filled(shared.ptr, 100, 1));
    free_slice(&slice);
    free_slice(&shared);
    close_all();
}
END_TEST

START_TEST(uploads_of_a_batch_are_flushed_together)
{
    prepare(INCOHERENT);
    w.config.staging_chunk = MIB;
    w.config.staging_limit = 4 * MIB;
    open_prepared();
    fa_gpu_slice slice = device_slice(64 * KIB);
    for (unsigned i = 0; i < 500; i++)
        fill(&slice, i * 100, 1 + i % 100, i);
    ck_assert_uint_eq(hook.flushes, 0);
    submit_all();
    ck_assert_uint_eq(hook.flushes, 1);
    fill(&slice, 0, 10, 4);
    submit_all();
    ck_assert_uint_eq(hook.flushes, 2);
    check_slice(&slice, 0, 10, 4);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(without_memory_each_copy_stands_alone)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(64 * KIB);
    /* The null device, too, needs room for copies. */
    for (unsigned i = 0; i < 900; i++)
        fill(&slice, i * 64, 64, i);
    submit_all();
    for (unsigned i = 0; i < 900; i++)
        fill(&slice, i % 450 * 64, 64, i);
    test_limit(w.core.allocator, FA_BUDGET_ALLOCATOR, 0, 16);
    uint64_t serial;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_OK);
    test_limit(w.core.allocator, FA_BUDGET_ALLOCATOR, 0, 0);
    w.core.log.count = 0;
    ck_assert_uint_eq(hook.epochs, 900);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, serial);
    check_slice(&slice, 64 * 449, 64, 899);
    free_slice(&slice);
    close_all();
}
END_TEST

/* --- integrity --- */

enum { SLICES = 4, SLICE = 16384, RESULTS = 64 };

/* What the device must hold once all that is queued is done, and what was
 * fetched must be. */
static struct {
    fa_gpu_slice slices[SLICES];
    unsigned char bytes[SLICES][SLICE];
    struct {
        fa_gpu_ticket ticket;
        size_t size;
        unsigned char *bytes;
    } results[RESULTS];
    unsigned result_count;
    bool is_submitting; /* Lane of the last batch. */
    uint64_t transfers; /* Submitted. */
    uint64_t seed;
    size_t refused;
    size_t batches;
} m;

static uint32_t
draw(uint32_t below)
{
    m.seed = m.seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(m.seed >> 33) % below;
}

static void
reach_all(void)
{
    gpu_reach(&w, w.serial);
    fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, m.transfers);
}

static void
check_results(bool is_last)
{
    for (unsigned i = m.result_count; i-- > 0;) {
        const void *bytes;
        uint64_t size;
        fa_gpu_ticket ticket = m.results[i].ticket;
        fa_status status =
            fa_gpu_transfer_status(w.gpu, ticket) == FA_OK
                ? fa_gpu_transfer_result(w.gpu, ticket, &bytes, &size)
                : FA_NOT_READY;
        if (status == FA_NOT_READY && !is_last)
            continue;
        ck_assert_int_eq(status, FA_OK);
        ck_assert_uint_eq(size, m.results[i].size);
        ck_assert_int_eq(memcmp(bytes, m.results[i].bytes, size), 0);
        ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
        free(m.results[i].bytes);
        m.results[i] = m.results[--m.result_count];
    }
}

/* The lanes are ordered by the program: here by hand. */
static void
use_lane(bool is_submitting)
{
    if (m.is_submitting != is_submitting)
        reach_all();
    m.is_submitting = is_submitting;
}

static void
flush_batch(void)
{
    m.batches++;
    if (draw(3) == 0) {
        use_lane(true);
        ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &m.transfers), FA_OK);
        if (draw(2) == 0)
            fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, m.transfers);
        return;
    }
    use_lane(false);
    if (fa_gpu_begin_frame(w.gpu, 0) != FA_OK) {
        reach_all();
        gpu_begin(&w);
    }
    record();
    gpu_end(&w);
    if (draw(2) == 0)
        gpu_reach(&w, w.serial);
}

/* Until the ring has room again. */
static void
make_room(fa_status status)
{
    ck_assert_int_eq(status, FA_NOT_READY);
    m.refused++;
    flush_batch();
    reach_all();
    check_results(false);
}

static void
do_upload(void)
{
    static unsigned char bytes[SLICE];
    unsigned slice = draw(SLICES);
    uint32_t size = 1 + draw(draw(4) == 0 ? 4097 : 200);
    uint32_t offset = draw(SLICE - size);
    bool is_reserved = draw(4) == 0;
    for (uint32_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)draw(256);
    for (;;) {
        void *staging = bytes;
        fa_status status =
            is_reserved ? fa_gpu_transfer_reserve(w.gpu, &m.slices[slice],
                                                  offset, size, &staging, NULL)
                        : fa_gpu_transfer_to_gpu(w.gpu, &m.slices[slice],
                                                 offset, bytes, size, NULL);
        if (status == FA_OK && is_reserved)
            memcpy(staging, bytes, size);
        if (status == FA_OK)
            break;
        make_room(status);
    }
    memcpy(m.bytes[slice] + offset, bytes, size);
}

static void
do_copy(void)
{
    unsigned from = draw(SLICES);
    unsigned to = draw(SLICES);
    uint32_t size = 1 + draw(1000);
    uint32_t at = draw(SLICE - size);
    uint32_t target = draw(SLICE - size);
    if (from == to && at < target + size && target < at + size)
        return;
    ck_assert_int_eq(fa_gpu_transfer_copy(w.gpu, &m.slices[from], at,
                                          &m.slices[to], target, size, NULL),
                     FA_OK);
    memmove(m.bytes[to] + target, m.bytes[from] + at, size);
}

static void
do_fetch(void)
{
    unsigned slice = draw(SLICES);
    uint32_t size = 1 + draw(4097);
    uint32_t offset = draw(SLICE - size);
    if (m.result_count == RESULTS)
        return;
    fa_gpu_ticket ticket;
    fa_status status =
        fa_gpu_transfer_to_cpu(w.gpu, &m.slices[slice], offset, size, &ticket);
    if (status != FA_OK) {
        make_room(status);
        return;
    }
    m.results[m.result_count].ticket = ticket;
    m.results[m.result_count].size = size;
    m.results[m.result_count].bytes = malloc(size);
    memcpy(m.results[m.result_count++].bytes, m.bytes[slice] + offset, size);
}

static void
do_something(void)
{
    uint32_t what = draw(100);
    if (what < 70)
        do_upload();
    else if (what < 85)
        do_copy();
    else
        do_fetch();
    if (draw(30) == 0)
        flush_batch();
    if (draw(40) == 0)
        check_results(false);
}

static void
fill_slices(void)
{
    static unsigned char zeros[SLICE];
    for (unsigned i = 0; i < SLICES; i++) {
        m.slices[i] =
            gpu_keep(&w, i == 0 ? FA_GPU_HOST_VISIBLE : FA_GPU_DEVICE_ONLY,
                     SLICE, FA_GPU_PERSISTENT);
        ck_assert_int_eq(
            fa_gpu_transfer_to_gpu(w.gpu, &m.slices[i], 0, zeros, SLICE, NULL),
            FA_OK);
    }
}

static void
check_slices(void)
{
    flush_batch();
    reach_all();
    check_results(true);
    for (unsigned i = 0; i < SLICES; i++) {
        fa_gpu_ticket ticket = fetch(&m.slices[i], 0, SLICE);
        flush_batch();
        reach_all();
        const void *bytes;
        ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                         FA_OK);
        ck_assert_int_eq(memcmp(bytes, m.bytes[i], SLICE), 0);
        ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
        free_slice(&m.slices[i]);
    }
}

START_TEST(random_transfers_leave_what_a_model_says)
{
    memset(&m, 0, sizeof(m));
    m.seed = 77 + (uint64_t)_i;
    prepare(_i % KINDS);
    w.config.frames = 1 + (uint32_t)_i % 4;
    w.config.staging_chunk = 4096;
    w.config.staging_limit = 80 * KIB;
    open_prepared();
    fill_slices();
    size_t count = test_scaled(3000);
    for (size_t i = 0; i < count; i++)
        do_something();
    check_slices();
    /* Both are met, when there is time. */
    if (count == 3000)
        ck_assert(m.batches > 50 && m.refused > 10);
    close_all();
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_copy");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, copies_that_touch_different_bytes_share_an_epoch);
    tcase_add_test(contract, many_patches_of_a_filled_buffer_need_two_epochs);
    tcase_add_test(contract, objects_that_are_written_twice_need_two_epochs);
    tcase_add_test(contract, each_write_of_the_same_bytes_has_its_epoch);
    tcase_add_test(contract, readers_of_the_same_bytes_share_an_epoch);
    tcase_add_test(contract, a_write_follows_what_reads_the_bytes);
    tcase_add_test(contract, neighbours_do_not_conflict);
    tcase_add_test(contract, a_chain_of_copies_keeps_its_order);
    tcase_add_test(contract, what_must_become_visible_is_told);
    tcase_add_test(contract, uploads_of_a_batch_are_flushed_together);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_set_timeout(limits, 120);
    tcase_add_loop_test(limits, random_transfers_leave_what_a_model_says, 0,
                        2 * KINDS);
    suite_add_tcase(suite, limits);

    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, without_memory_each_copy_stands_alone);
    suite_add_tcase(suite, failure);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
