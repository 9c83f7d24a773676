/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers that fail, are misused, or come from many threads: nothing is left
 * out without a word, and nothing hangs.
 */
#include "gpu_transfer.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

static void
release(fa_gpu_ticket ticket)
{
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
}

/* --- failure --- */

START_TEST(a_batch_that_was_not_recorded_stays_queued)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket;
    ck_assert_int_eq(upload(&slice, 0, 1000, 1, &ticket), FA_OK);
    gpu_begin(&w);
    uint64_t serial = w.serial + 1;
    hook.record = FA_ERR_BACKEND;
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, &serial), FA_ERR_BACKEND);
    hook.record = FA_OK;
    hook.submit = FA_ERR_NOMEM;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, &serial), FA_ERR_NOMEM);
    ck_assert_uint_eq(serial, 0);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_NOT_READY);
    record();
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_OK);
    release(ticket);
    check_slice(&slice, 0, 1000, 1);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_failed_flush_records_nothing)
{
    open_kind(INCOHERENT);
    fa_gpu_slice slice = device_slice(1000);
    ck_assert_int_eq(upload(&slice, 0, 1000, 1, NULL), FA_OK);
    hook.flush = FA_ERR_BACKEND;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_ERR_BACKEND);
    ck_assert_uint_eq(hook.copies, 0);
    hook.flush = FA_OK;
    run_frame();
    fa_gpu_ticket ticket = fetch(&slice, 0, 1000);
    run_frame();
    const void *bytes;
    hook.invalidate = FA_ERR_BACKEND;
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_ERR_BACKEND);
    ck_assert_ptr_null(bytes);
    hook.invalidate = FA_OK;
    check_result(ticket, 1000, 1);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(without_staging_memory_nothing_is_queued)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket = {1};
    void *bytes = &ticket;
    hook.create = FA_ERR_NOMEM;
    ck_assert_int_eq(upload(&slice, 0, 1000, 1, &ticket), FA_ERR_NOMEM);
    ck_assert_uint_eq(ticket.id, 0);
    ck_assert_int_eq(
        fa_gpu_transfer_reserve(w.gpu, &slice, 0, 10, &bytes, &ticket),
        FA_ERR_NOMEM);
    ck_assert_ptr_null(bytes);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 10, &ticket),
                     FA_ERR_NOMEM);
    hook.create = FA_OK;
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(without_memory_for_books_nothing_is_queued)
{
    open_kind(DISCRETE);
    fa_gpu_slice slice = device_slice(1000);
    ck_assert_int_eq(upload(&slice, 0, 10, 1, NULL), FA_OK);
    unsigned queued = 1;
    test_limit(w.core.allocator, FA_BUDGET_ALLOCATOR, 0, 16);
    fa_status status = FA_OK;
    while (status == FA_OK && queued < 10000)
        if ((status = upload(&slice, 0, 10, 1, NULL)) == FA_OK)
            queued++;
    ck_assert_int_eq(status, FA_ERR_NOMEM);
    test_limit(w.core.allocator, FA_BUDGET_ALLOCATOR, 0, 0);
    w.core.log.count = 0;
    run_frame();
    ck_assert_uint_eq(hook.copies, queued);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(copies_of_a_frame_that_was_not_submitted_are_dropped)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket before;
    fa_gpu_ticket ticket;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &before), FA_OK);
    run_frame();
    ck_assert_int_eq(upload(&slice, 0, 10, 2, &ticket), FA_OK);
    gpu_begin(&w);
    record();
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, 0), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_ERR_STALE);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX),
                     FA_ERR_STALE);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, before), FA_OK);
    release(ticket);
    release(before);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_lost_device_stays_lost)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket flying;
    fa_gpu_ticket queued;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &flying), FA_OK);
    gpu_begin(&w);
    record();
    gpu_end(&w);
    queued = fetch(&slice, 0, 10);
    fa_gpu_null_lose(w.null);
    const void *bytes;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, flying), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, flying, UINT64_MAX),
                     FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, queued, UINT64_MAX),
                     FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, queued, &bytes, NULL),
                     FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(upload(&slice, 0, 10, 1, NULL), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, NULL), FA_ERR_DEVICE_LOST);
    ck_assert_only_diag(&w.core.log, 556);
    release(flying);
    release(queued);
    ck_assert_int_eq(fa_gpu_transfer_drop(w.gpu), FA_OK);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_device_that_is_lost_in_a_submit_hangs_nobody)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &ticket), FA_OK);
    hook.submit = FA_ERR_DEVICE_LOST;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_ERR_DEVICE_LOST);
    hook.submit = FA_OK;
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX),
                     FA_ERR_DEVICE_LOST);
    ck_assert_only_diag(&w.core.log, 556);
    fa_gpu_destroy(w.gpu);
    ck_assert_uint_eq(test_log_count(&w.core.log, 551), 1);
    ck_assert_uint_eq(gpu_driver.held_bytes, 0);
    test_close(&w.core);
}
END_TEST

/* --- misuse --- */

START_TEST(slices_without_the_use_are_refused)
{
    open_kind(UNIFIED);
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    fa_gpu_ticket ticket;
    request.size = 100;
    request.uses = FA_GPU_USE_VERTEX | FA_GPU_USE_COPY_TARGET;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 1, &ticket),
                     FA_ERR_USAGE);
    ck_assert_only_diag(&w.core.log, 552);
    ck_assert_int_eq(upload(&slice, 0, 1, 1, NULL), FA_OK);
    run_frame();
    free_slice(&slice);
    request.uses = FA_GPU_USE_COPY_SOURCE;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_OK);
    ck_assert_int_eq(upload(&slice, 0, 1, 1, NULL), FA_ERR_USAGE);
    ck_assert_only_diag(&w.core.log, 552);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(ranges_outside_of_the_slice_are_refused)
{
    open_kind(UNIFIED);
    fa_gpu_slice slice = device_slice(100);
    fa_gpu_ticket ticket;
    void *bytes;
    ck_assert_int_eq(upload(&slice, 0, 101, 1, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(upload(&slice, 100, 1, 1, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(upload(&slice, UINT64_MAX, 2, 1, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(upload(&slice, 0, 0, 1, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_gpu_transfer_to_cpu(w.gpu, &slice, 1, UINT64_MAX, &ticket),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, &slice, 0, 1, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_gpu_transfer_reserve(w.gpu, &slice, 99, 2, &bytes, NULL),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_transfer_reserve(w.gpu, &slice, 0, 2, NULL, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, &slice, 0, &slice, 50, 51, NULL),
        FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, &slice, 0, &slice, 49, 50, NULL),
        FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_transfer_to_gpu(w.gpu, &slice, 0, NULL, 1, NULL),
                     FA_ERR_USAGE);
    ck_assert_int_eq(fa_gpu_transfer_record(NULL, NULL), FA_ERR_USAGE);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(stale_slices_are_refused)
{
    open_kind(UNIFIED);
    fa_gpu_slice slice = device_slice(100);
    fa_gpu_slice gone = slice;
    fa_gpu_slice none = FA_GPU_SLICE_NONE;
    free_slice(&slice);
    ck_assert_int_eq(upload(&gone, 0, 1, 1, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    ck_assert_int_eq(upload(&none, 0, 1, 1, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    gpu_begin(&w);
    gone = gpu_take(&w, FA_GPU_DEVICE_ONLY, 100);
    gpu_end(&w);
    gpu_begin(&w);
    ck_assert_int_eq(upload(&gone, 0, 1, 1, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    gpu_end(&w);
    close_all();
}
END_TEST

START_TEST(memory_of_a_frame_that_is_over_is_not_recorded)
{
    open_kind(_i);
    fa_gpu_slice keep = device_slice(100);
    fa_gpu_ticket ticket;
    gpu_begin(&w);
    fa_gpu_slice slice = gpu_keep(&w, FA_GPU_DEVICE_ONLY, 100, _i == 0 ? 1 : 2);
    ck_assert_int_eq(upload(&slice, 0, 100, 1, &ticket), FA_OK);
    ck_assert_int_eq(upload(&keep, 0, 100, 1, NULL), FA_OK);
    gpu_end(&w);
    for (int i = 0; i < _i; i++) {
        gpu_reach(&w, w.serial);
        gpu_begin(&w);
        gpu_end(&w);
    }
    gpu_reach(&w, w.serial);
    gpu_begin(&w);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, NULL), FA_ERR_STALE);
    ck_assert_only_diag(&w.core.log, 555);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &keep), FA_ERR_STATE);
    ck_assert_int_eq(fa_gpu_transfer_drop(w.gpu), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_ERR_STALE);
    release(ticket);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, NULL), FA_OK);
    ck_assert_uint_eq(hook.copies, 0);
    gpu_end(&w);
    free_slice(&keep);
    close_all();
}
END_TEST

START_TEST(a_slice_with_queued_copies_is_not_freed)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    ck_assert_int_eq(upload(&slice, 0, 10, 1, NULL), FA_OK);
    ck_assert_int_eq(
        fa_gpu_transfer_copy(w.gpu, &slice, 0, &slice, 10, 10, NULL), FA_OK);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_ERR_STATE);
    ck_assert_int_eq(fa_gpu_transfer_drop(w.gpu), FA_OK);
    fa_gpu_ticket ticket = fetch(&slice, 0, 10);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_ERR_STATE);
    gpu_begin(&w);
    record();
    free_slice(&slice);
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    release(ticket);
    close_all();
}
END_TEST

START_TEST(nobody_waits_for_what_is_only_queued)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket = fetch(&slice, 0, 10);
    const void *bytes;
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX),
                     FA_ERR_STATE);
    ck_assert_no_diag(&w.core.log);
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_ERR_STATE);
    ck_assert_only_diag(&w.core.log, 553);
    gpu_begin(&w);
    record();
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX),
                     FA_ERR_STATE);
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_NOT_READY);
    gpu_end(&w);
    gpu_reach(&w, w.serial);
    release(ticket);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(tickets_that_are_gone_are_stale)
{
    open_kind(UNIFIED);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket;
    const void *bytes;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &ticket), FA_OK);
    run_frame();
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_ERR_USAGE);
    release(ticket);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_ERR_STALE);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_ERR_STALE);
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, 0), FA_ERR_STALE);
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_ERR_STALE);
    fa_gpu_ticket other;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &other), FA_OK);
    ck_assert_uint_ne(other.id, ticket.id);
    ck_assert_int_eq(fa_gpu_transfer_status(w.gpu, ticket), FA_ERR_STALE);
    run_frame();
    release(other);
    release((fa_gpu_ticket)FA_GPU_TICKET_NONE);
    free_slice(&slice);
    close_all();
}
END_TEST

START_TEST(a_record_needs_an_open_frame)
{
    open_kind(UNIFIED);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, NULL), FA_ERR_STATE);
    close_all();
}
END_TEST

START_TEST(what_is_left_at_the_end_is_told)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket tickets[3];
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(upload(&slice, 0, 10, 1, &tickets[i]), FA_OK);
    fetch(&slice, 0, 10);
    ck_assert_int_eq(fa_gpu_transfer_drop(w.gpu), FA_OK);
    free_slice(&slice);
    release(tickets[1]);
    fa_gpu_destroy(w.gpu);
    ck_assert_uint_eq(w.core.log.entry[0].detail[0], '3');
    ck_assert_only_diag(&w.core.log, 551);
    ck_assert_uint_eq(gpu_driver.held_bytes, 0);
    test_close(&w.core);
}
END_TEST

/* --- threads --- */

enum { WRITERS = 3, PART = 8192 };

struct writer {
    pthread_t thread;
    fa_gpu_slice slice;
    unsigned rounds;
};

static _Atomic unsigned writers_left;

/* Writes its slice in pieces, again and again. */
static bool
write_rounds(const struct writer *writer)
{
    unsigned char bytes[PART];
    for (unsigned round = 1; round <= writer->rounds; round++) {
        test_fill(bytes, PART, round);
        for (size_t at = 0; at < PART;) {
            size_t size = 1 + (round * 131 + at * 7) % 1500;
            size = size < PART - at ? size : PART - at;
            fa_status status = fa_gpu_transfer_to_gpu(w.gpu, &writer->slice, at,
                                                      bytes + at, size, NULL);
            if (status == FA_NOT_READY) {
                sched_yield();
                continue;
            }
            if (status != FA_OK)
                return false;
            at += size;
        }
    }
    return true;
}

static void *
write_slice(void *arg)
{
    bool is_right = write_rounds(arg);
    /* Pairs with the acquire of the main thread; it needs no more. */
    atomic_fetch_sub_explicit(&writers_left, 1, memory_order_release);
    return is_right ? NULL : arg;
}

START_TEST(threads_upload_while_frames_go_on)
{
    struct writer writers[WRITERS];
    open_kind(_i);
    atomic_store(&writers_left, WRITERS);
    for (unsigned i = 0; i < WRITERS; i++) {
        writers[i].slice = device_slice(PART);
        writers[i].rounds = (unsigned)test_scaled(100);
        pthread_create(&writers[i].thread, NULL, write_slice, &writers[i]);
    }
    bool is_last = false;
    while (!is_last) {
        /* Pairs with the release in write_slice(). */
        is_last =
            atomic_load_explicit(&writers_left, memory_order_acquire) == 0;
        run_frame();
    }
    for (unsigned i = 0; i < WRITERS; i++) {
        void *result;
        pthread_join(writers[i].thread, &result);
        ck_assert_ptr_null(result);
        check_slice(&writers[i].slice, 0, PART, writers[i].rounds);
        free_slice(&writers[i].slice);
    }
    close_all();
}
END_TEST

static void *
wait_for(void *arg)
{
    const fa_gpu_ticket *ticket = arg;
    bool is_right = fa_gpu_transfer_wait(w.gpu, *ticket, UINT64_MAX) == FA_OK &&
                    fa_gpu_transfer_status(w.gpu, *ticket) == FA_OK;
    return is_right ? NULL : arg;
}

START_TEST(a_thread_that_waits_holds_nobody_up)
{
    open_kind(_i);
    fa_gpu_slice slice = device_slice(1000);
    fa_gpu_ticket ticket;
    pthread_t thread;
    void *result;
    ck_assert_int_eq(upload(&slice, 0, 10, 1, &ticket), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_OK);
    pthread_create(&thread, NULL, wait_for, &ticket);
    for (unsigned i = 0; i < 50; i++) {
        ck_assert_int_eq(upload(&slice, 100, 10, 1, NULL), FA_OK);
        gpu_begin(&w);
        record();
        gpu_end(&w);
        gpu_reach(&w, w.serial);
        if (i == 0)
            fa_gpu_null_complete(w.null, FA_GPU_LANE_TRANSFER, 1);
    }
    pthread_join(thread, &result);
    ck_assert_ptr_null(result);
    release(ticket);
    free_slice(&slice);
    close_all();
}
END_TEST

static void
add_failure(Suite *suite)
{
    TCase *failure = tcase_create("failure");
    tcase_add_loop_test(failure, a_batch_that_was_not_recorded_stays_queued, 0,
                        KINDS);
    tcase_add_test(failure, a_failed_flush_records_nothing);
    tcase_add_loop_test(failure, without_staging_memory_nothing_is_queued, 0,
                        KINDS);
    tcase_add_test(failure, without_memory_for_books_nothing_is_queued);
    tcase_add_loop_test(failure,
                        copies_of_a_frame_that_was_not_submitted_are_dropped, 0,
                        KINDS);
    tcase_add_loop_test(failure, a_lost_device_stays_lost, 0, KINDS);
    tcase_add_loop_test(failure, a_device_that_is_lost_in_a_submit_hangs_nobody,
                        0, KINDS);
    suite_add_tcase(suite, failure);
}

static void
add_misuse(Suite *suite)
{
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, slices_without_the_use_are_refused);
    tcase_add_test(misuse, ranges_outside_of_the_slice_are_refused);
    tcase_add_test(misuse, stale_slices_are_refused);
    tcase_add_loop_test(misuse, memory_of_a_frame_that_is_over_is_not_recorded,
                        0, 2);
    tcase_add_loop_test(misuse, a_slice_with_queued_copies_is_not_freed, 0,
                        KINDS);
    tcase_add_loop_test(misuse, nobody_waits_for_what_is_only_queued, 0, KINDS);
    tcase_add_test(misuse, tickets_that_are_gone_are_stale);
    tcase_add_test(misuse, a_record_needs_an_open_frame);
    tcase_add_loop_test(misuse, what_is_left_at_the_end_is_told, 0, KINDS);
    suite_add_tcase(suite, misuse);
}

int
main(void)
{
    Suite *suite = suite_create("gpu_transfer_failure");
    add_failure(suite);
    add_misuse(suite);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_loop_test(threads, threads_upload_while_frames_go_on, 0, KINDS);
    tcase_add_loop_test(threads, a_thread_that_waits_holds_nobody_up, 0, KINDS);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
