/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers: what moves and what is copied, one receiver, what is left.
 */
#include "support.h"

#include "os/fault.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>

static struct test_world w;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static void
open_guarded_world(void)
{
    test_open_guard(&w, FA_GUARD_CHECK);
    test_begin(&w);
}

static void
close_world(void)
{
    test_close(&w);
}

static fa_transfer
send(void *block, size_t size)
{
    fa_transfer transfer;
    ck_assert_int_eq(fa_transfer_send(w.ctx, block, size, &transfer), FA_OK);
    ck_assert_uint_ne(transfer.id, 0);
    return transfer;
}

/* In a thread of its own; the size. */
struct receipt {
    fa_transfer transfer;
    void *block;
    size_t size;
};

static void *
receive_there(void *arg)
{
    struct receipt *receipt = arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    receipt->block =
        fa_transfer_receive(ctx, receipt->transfer, &receipt->size);
    ck_assert_ptr_nonnull(receipt->block);
    ck_assert(test_is_filled(receipt->block, receipt->size, 5));
    fa_free(ctx, receipt->block);
    return NULL;
}

static struct receipt
receive(fa_transfer transfer)
{
    struct receipt receipt = {.transfer = transfer};
    test_run_thread(receive_there, &receipt);
    return receipt;
}

/* --- contract --- */

START_TEST(pool_and_heap_blocks_keep_their_address)
{
    for (size_t size = 16; size <= MIB; size *= 16) {
        void *block = fa_heap_alloc(w.ctx, size, 16);
        test_fill(block, size, 5);
        struct receipt receipt = receive(send(block, size));
        ck_assert_ptr_eq(receipt.block, block);
        ck_assert_uint_eq(receipt.size, size);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(frame_memory_is_copied_and_outlives_the_frame)
{
    fa_transfer transfer[4];
    for (unsigned i = 0; i < 4; i++) {
        size_t size = (size_t)1000 << (3 * i);
        void *block = fa_frame_alloc(w.frame, size, 16);
        test_fill(block, size, 5);
        transfer[i] = send(block, size);
        memset(block, 0, size);
    }
    test_end(&w);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_uint_eq(receive(transfer[i]).size, (size_t)1000 << (3 * i));
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(small_frame_memory_becomes_a_pool_block_and_large_a_heap_block)
{
    fa_transfer small = send(fa_frame_alloc(w.frame, 100, 16), 100);
    ck_assert_uint_gt(test_stats(w.allocator).pool_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    fa_transfer large = send(fa_frame_alloc(w.frame, 10000, 16), 10000);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 10000);
    fa_transfer_release(w.ctx, small);
    fa_transfer_release(w.ctx, large);
}
END_TEST

START_TEST(figures_tell_of_every_transfer)
{
    fa_transfer a = send(fa_heap_alloc(w.ctx, 100, 16), 100);
    fa_transfer b = send(fa_heap_alloc(w.ctx, 200, 16), 200);
    send(fa_heap_alloc(w.ctx, 300, 16), 300);
    fa_free(w.ctx, fa_transfer_receive(w.ctx, a, NULL));
    ck_assert_int_eq(fa_transfer_release(w.ctx, b), FA_OK);
    fa_stats stats = test_stats(w.allocator);
    ck_assert_uint_eq(stats.transfers_sent, 3);
    ck_assert_uint_eq(stats.transfers_received, 1);
    ck_assert_uint_eq(stats.transfers_dropped, 1);
    ck_assert_uint_eq(stats.transfers_pending, 1);
    ck_assert_uint_eq(stats.transfer_bytes, 600);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
}
END_TEST

START_TEST(what_nobody_receives_is_freed_at_the_end)
{
    for (unsigned i = 0; i < 100; i++)
        send(fa_heap_alloc(w.ctx, 100 * (i + 1), 16), 100);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    /* Not 610: nothing leaks. */
    ck_assert_only_diag(&w.log, 231);
}
END_TEST

static const void *
site_in(const char *detail)
{
    void *site = NULL;
    const char *at = strrchr(detail, 't');
    ck_assert_ptr_nonnull(at);
    ck_assert_int_eq(sscanf(at + 1, "%p", &site), 1);
    return site;
}

START_TEST(guard_modes_name_the_sender_of_each)
{
    void *block = fa_heap_alloc(w.ctx, 100, 16);
    send(block, 100);
    send(fa_heap_alloc(w.ctx, 200, 16), 200);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
    ck_assert_uint_eq(w.log.count, 2);
    ck_assert_uint_eq(w.log.entry[0].number, 231);
    ck_assert_ptr_eq(w.log.entry[0].address, block);
    uintptr_t site = (uintptr_t)site_in(w.log.entry[0].detail);
    ck_assert_uint_lt(site - (uintptr_t)send, 4096);
}
END_TEST

/* --- limits --- */

START_TEST(numbers_are_not_used_again)
{
    static uint64_t seen[2000];
    for (unsigned i = 0; i < COUNT(seen); i++) {
        fa_transfer transfer = send(fa_heap_alloc(w.ctx, 16, 16), 16);
        seen[i] = transfer.id;
        fa_free(w.ctx, fa_transfer_receive(w.ctx, transfer, NULL));
    }
    for (unsigned i = 1; i < COUNT(seen); i++)
        ck_assert_uint_ne(seen[i], seen[i - 1]);
    /* One record serves them all. */
    ck_assert_uint_eq((uint32_t)seen[0], (uint32_t)seen[COUNT(seen) - 1]);
}
END_TEST

START_TEST(ten_thousand_may_be_on_their_way)
{
    static fa_transfer transfer[10000];
    for (unsigned i = 0; i < COUNT(transfer); i++)
        transfer[i] = send(fa_heap_alloc(w.ctx, 16, 16), 16);
    for (unsigned i = 0; i < COUNT(transfer); i++)
        fa_free(w.ctx, fa_transfer_receive(w.ctx, transfer[i], NULL));
    ck_assert_uint_eq(test_stats(w.allocator).transfers_pending, 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- failure --- */

START_TEST(without_memory_the_block_stays_with_the_sender)
{
    fa_transfer transfer;
    void *block = fa_frame_alloc(w.frame, 10000, 16);
    test_fill(block, 10000, 5);
    fai_fault_arm(1, true);
    fa_status status = fa_transfer_send(w.ctx, block, 10000, &transfer);
    fai_fault_arm(0, false);
    ck_assert_int_eq(status, FA_ERR_NOMEM);
    ck_assert_uint_eq(transfer.id, 0);
    ck_assert(test_is_filled(block, 10000, 5));
    ck_assert_uint_eq(test_stats(w.allocator).transfers_sent, 0);
}
END_TEST

/* --- misuse --- */

START_TEST(a_second_receive_gets_nothing)
{
    fa_transfer transfer = send(fa_heap_alloc(w.ctx, 100, 16), 100);
    size_t size = 1;
    fa_free(w.ctx, fa_transfer_receive(w.ctx, transfer, NULL));
    send(fa_heap_alloc(w.ctx, 100, 16), 100);
    ck_assert_ptr_null(fa_transfer_receive(w.ctx, transfer, &size));
    ck_assert_uint_eq(size, 0);
    ck_assert_int_eq(fa_ctx_status(w.ctx), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 232);
    ck_assert_int_eq(fa_transfer_release(w.ctx, transfer), FA_ERR_STALE);
    ck_assert_only_diag(&w.log, 232);
    ck_assert_uint_eq(test_stats(w.allocator).transfers_pending, 1);
}
END_TEST

START_TEST(another_allocator_has_no_such_transfer)
{
    struct test_world other;
    fa_transfer transfer = send(fa_heap_alloc(w.ctx, 100, 16), 100);
    test_open_guard(&other, FA_GUARD_OFF);
    ck_assert_ptr_null(fa_transfer_receive(other.ctx, transfer, NULL));
    ck_assert_only_diag(&other.log, 232);
    test_close(&other);
    ck_assert_int_eq(fa_transfer_release(w.ctx, transfer), FA_OK);
}
END_TEST

START_TEST(memory_that_is_not_ours_is_refused)
{
    fa_transfer transfer;
    int foreign;
    ck_assert_int_eq(
        fa_transfer_send(w.ctx, &foreign, sizeof(foreign), &transfer),
        FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 8);
    void *block = fa_heap_alloc(w.ctx, 100, 16);
    ck_assert_int_eq(fa_transfer_send(w.ctx, block, 5000, &transfer),
                     FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 15);
    fa_free(w.ctx, block);
}
END_TEST

START_TEST(nulls_and_no_bytes_are_refused)
{
    fa_transfer transfer;
    ck_assert_int_eq(fa_transfer_send(NULL, &w, 1, &transfer), FA_ERR_USAGE);
    ck_assert_int_eq(fa_transfer_send(w.ctx, NULL, 1, &transfer), FA_ERR_USAGE);
    ck_assert_int_eq(fa_transfer_send(w.ctx, &w, 0, &transfer), FA_ERR_USAGE);
    ck_assert_int_eq(fa_transfer_release(w.ctx, (fa_transfer){0}), FA_OK);
    ck_assert_ptr_null(fa_transfer_receive(NULL, (fa_transfer){1}, NULL));
}
END_TEST

/* --- threads --- */

static fa_transfer offered;
static unsigned winners;

static void *
try_to_receive(void *arg)
{
    (void)arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    void *block = fa_transfer_receive(ctx, offered, NULL);
    if (block != NULL)
        __atomic_fetch_add(&winners, 1, __ATOMIC_RELAXED);
    fa_free(ctx, block);
    return NULL;
}

START_TEST(one_of_many_receivers_gets_it)
{
    for (size_t n = 0; n < test_scaled(200); n++) {
        pthread_t thread[3];
        offered = send(fa_heap_alloc(w.ctx, 100, 16), 100);
        winners = 0;
        for (unsigned i = 0; i < COUNT(thread); i++)
            pthread_create(&thread[i], NULL, try_to_receive, NULL);
        for (unsigned i = 0; i < COUNT(thread); i++)
            pthread_join(thread[i], NULL);
        ck_assert_uint_eq(winners, 1);
    }
    ck_assert_uint_eq(w.log.count, 2 * test_scaled(200));
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("transfer");
    TCase *contract = tcase_create("contract");
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, pool_and_heap_blocks_keep_their_address);
    tcase_add_test(contract, frame_memory_is_copied_and_outlives_the_frame);
    tcase_add_test(
        contract,
        small_frame_memory_becomes_a_pool_block_and_large_a_heap_block);
    tcase_add_test(contract, figures_tell_of_every_transfer);
    tcase_add_test(contract, what_nobody_receives_is_freed_at_the_end);
    suite_add_tcase(suite, contract);
    TCase *guarded = tcase_create("guarded");
    tcase_add_checked_fixture(guarded, open_guarded_world, close_world);
    tcase_add_test(guarded, guard_modes_name_the_sender_of_each);
    tcase_add_test(guarded, pool_and_heap_blocks_keep_their_address);
    tcase_add_test(guarded, frame_memory_is_copied_and_outlives_the_frame);
    suite_add_tcase(suite, guarded);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, numbers_are_not_used_again);
    tcase_add_test(limits, ten_thousand_may_be_on_their_way);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, without_memory_the_block_stays_with_the_sender);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_second_receive_gets_nothing);
    tcase_add_test(misuse, another_allocator_has_no_such_transfer);
    tcase_add_test(misuse, memory_that_is_not_ours_is_refused);
    tcase_add_test(misuse, nulls_and_no_bytes_are_refused);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 60);
    tcase_add_test(threads, one_of_many_receivers_gets_it);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
