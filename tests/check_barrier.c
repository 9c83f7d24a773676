/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Barriers: generations, members that come and go, timeouts, misuse.
 */
#include "support.h"

#include "os/clock.h"
#include "os/fault.h"
#include "os/futex.h"

#include <pthread.h>
#include <sched.h>

#define MEMBERS 4

static struct test_world w;
static fa_barrier *barrier;
static fa_barrier_member member[MEMBERS];

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    for (unsigned i = 0; i < MEMBERS; i++)
        member[i] = (fa_barrier_member)FA_BARRIER_MEMBER_INIT;
}

static void
close_world(void)
{
    fa_barrier_destroy(w.ctx, barrier);
    barrier = NULL;
    test_close(&w);
}

static void
make(uint32_t count)
{
    ck_assert_int_eq(fa_barrier_create(w.ctx, count, &barrier), FA_OK);
}

static void
arrive(unsigned i)
{
    ck_assert_int_eq(fa_barrier_arrive(barrier, &member[i]), FA_OK);
}

static fa_barrier_stats
stats_of(void)
{
    fa_barrier_stats stats = FA_BARRIER_STATS_INIT;
    ck_assert_int_eq(fa_barrier_stats_read(barrier, &stats), FA_OK);
    return stats;
}

static bool
is_complete(uint32_t generation)
{
    fa_status status = fa_barrier_wait(barrier, generation, 0);
    ck_assert(status == FA_OK || status == FA_TIMEOUT);
    return status == FA_OK;
}

/* --- contract --- */

/* The kernel reads another structure than libc's where time_t is wider than
 * long. A wrong one makes each wait a loop, which no other test would see. */
START_TEST(a_sleep_does_not_end_before_its_deadline)
{
    const uint32_t word = 0;
    uint64_t deadline = fai_clock_ns() + 2000000;
    fai_futex_wait(&word, 0, deadline);
    ck_assert_uint_ge(fai_clock_ns(), deadline);
}
END_TEST

START_TEST(a_generation_is_complete_when_all_have_arrived)
{
    make(3);
    for (unsigned i = 0; i < 3; i++) {
        ck_assert(!is_complete(0));
        ck_assert_uint_eq(stats_of().arrived, i);
        arrive(i);
    }
    ck_assert(is_complete(0));
    ck_assert_uint_eq(fa_barrier_generation(barrier), 1);
}
END_TEST

START_TEST(every_generation_blocks_anew_without_a_reset)
{
    make(2);
    for (uint32_t n = 0; n < 1000; n++) {
        ck_assert_uint_eq(fa_barrier_generation(barrier), n);
        arrive(n % 2);
        ck_assert(!is_complete(n));
        arrive(1 - n % 2);
        ck_assert(is_complete(n));
    }
    ck_assert_uint_eq(stats_of().generations, 1000);
}
END_TEST

START_TEST(arrivals_after_the_end_count_for_the_next_generation)
{
    /* A coordinator that looks late must not wipe them out. */
    make(2);
    arrive(0);
    arrive(1);
    arrive(0);
    ck_assert(is_complete(0));
    ck_assert_uint_eq(stats_of().arrived, 1);
    arrive(1);
    ck_assert(is_complete(1));
}
END_TEST

START_TEST(a_member_that_joins_is_waited_for_at_once)
{
    make(1);
    ck_assert_int_eq(fa_barrier_join(barrier, &member[1]), FA_OK);
    arrive(0);
    ck_assert(!is_complete(0));
    arrive(1);
    ck_assert(is_complete(0));
    ck_assert_uint_eq(stats_of().members, 2);
}
END_TEST

START_TEST(the_leave_of_the_one_that_is_missing_completes)
{
    make(3);
    arrive(0);
    arrive(1);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[2]), FA_OK);
    ck_assert(is_complete(0));
    arrive(0);
    arrive(1);
    ck_assert(is_complete(1));
}
END_TEST

START_TEST(who_leaves_takes_its_arrival_along)
{
    make(3);
    arrive(0);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[0]), FA_OK);
    ck_assert_uint_eq(stats_of().arrived, 0);
    arrive(1);
    ck_assert(!is_complete(0));
    arrive(2);
    ck_assert(is_complete(0));
}
END_TEST

START_TEST(who_has_left_may_join_again)
{
    make(2);
    arrive(0);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[0]), FA_OK);
    ck_assert_int_eq(fa_barrier_join(barrier, &member[0]), FA_OK);
    arrive(0);
    arrive(1);
    ck_assert(is_complete(0));
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_wait_ends_by_its_timeout_and_may_be_repeated)
{
    make(2);
    uint64_t begin = fai_clock_ns();
    ck_assert_int_eq(fa_barrier_arrive_and_wait(barrier, &member[0], 2000000),
                     FA_TIMEOUT);
    ck_assert_uint_ge(fai_clock_ns() - begin, 2000000);
    arrive(1);
    ck_assert_int_eq(fa_barrier_wait(barrier, member[0].generation, 1), FA_OK);
    ck_assert_uint_eq(stats_of().timeouts, 1);
    ck_assert_uint_eq(stats_of().waits, 1);
    ck_assert_uint_ge(stats_of().longest_wait_ns, 2000000);
}
END_TEST

/* --- limits --- */

START_TEST(the_largest_count_of_members_works)
{
    make(FA_BARRIER_MAX);
    for (uint32_t i = 1; i < FA_BARRIER_MAX; i++) {
        fa_barrier_member one = FA_BARRIER_MEMBER_INIT;
        ck_assert_int_eq(fa_barrier_arrive(barrier, &one), FA_OK);
    }
    ck_assert(!is_complete(0));
    arrive(0);
    ck_assert(is_complete(0));
}
END_TEST

START_TEST(one_member_never_waits)
{
    make(1);
    for (unsigned i = 0; i < 100; i++)
        ck_assert_int_eq(
            fa_barrier_arrive_and_wait(barrier, &member[0], FA_BARRIER_FOREVER),
            FA_OK);
    ck_assert_uint_eq(stats_of().waits, 0);
}
END_TEST

/* --- failure --- */

START_TEST(without_memory_there_is_no_barrier)
{
    fai_fault_arm(1, true);
    fa_status status = fa_barrier_create(w.ctx, 2, &barrier);
    fai_fault_arm(0, false);
    ck_assert_int_eq(status, FA_ERR_NOMEM);
    ck_assert_ptr_null(barrier);
}
END_TEST

/* --- misuse --- */

START_TEST(a_count_of_zero_is_refused)
{
    ck_assert_int_eq(fa_barrier_create(w.ctx, 0, &barrier), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
    ck_assert_int_eq(fa_barrier_create(w.ctx, FA_BARRIER_MAX + 1, &barrier),
                     FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
}
END_TEST

START_TEST(a_second_arrival_in_a_generation_is_refused)
{
    make(2);
    arrive(0);
    ck_assert_int_eq(fa_barrier_arrive(barrier, &member[0]), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
    ck_assert(!is_complete(0));
}
END_TEST

START_TEST(more_arrivals_than_members_are_refused)
{
    make(2);
    arrive(0);
    arrive(1);
    ck_assert_int_eq(fa_barrier_arrive(barrier, &member[2]), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
    ck_assert_uint_eq(stats_of().arrived, 0);
}
END_TEST

START_TEST(the_last_member_cannot_leave)
{
    make(2);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[0]), FA_OK);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[1]), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
    arrive(1);
    ck_assert(is_complete(0));
}
END_TEST

START_TEST(joining_twice_and_leaving_as_a_stranger_are_refused)
{
    make(1);
    arrive(0);
    ck_assert_int_eq(fa_barrier_join(barrier, &member[0]), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[1]), FA_ERR_USAGE);
    ck_assert_only_diag(&w.log, 221);
}
END_TEST

START_TEST(nulls_and_structures_without_their_size_are_refused)
{
    fa_barrier_stats stats = {0};
    make(1);
    ck_assert_int_eq(fa_barrier_create(NULL, 1, &barrier), FA_ERR_USAGE);
    ck_assert_int_eq(fa_barrier_arrive(barrier, NULL), FA_ERR_USAGE);
    ck_assert_int_eq(fa_barrier_arrive(NULL, &member[0]), FA_ERR_USAGE);
    ck_assert_int_eq(fa_barrier_wait(NULL, 0, 0), FA_ERR_USAGE);
    ck_assert_int_eq(fa_barrier_stats_read(barrier, &stats), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

START_TEST(a_barrier_of_another_allocator_is_not_destroyed)
{
    struct test_world other;
    make(1);
    test_open_guard(&other, FA_GUARD_OFF);
    fa_barrier_destroy(other.ctx, barrier);
    ck_assert_only_diag(&other.log, 8);
    test_close(&other);
    arrive(0);
}
END_TEST

/* --- threads --- */

static void *
wait_forever(void *arg)
{
    *(fa_status *)arg = fa_barrier_wait(barrier, 0, FA_BARRIER_FOREVER);
    return NULL;
}

static void
let_it_wait(void)
{
    while (stats_of().waiting == 0)
        sched_yield();
}

START_TEST(a_barrier_that_ends_sends_its_waiters_away)
{
    pthread_t thread;
    fa_status status = FA_OK;
    make(1);
    pthread_create(&thread, NULL, wait_forever, &status);
    let_it_wait();
    fa_barrier_destroy(w.ctx, barrier);
    pthread_join(thread, NULL);
    barrier = NULL;
    ck_assert_int_eq(status, FA_ERR_STATE);
    ck_assert_only_diag(&w.log, 222);
}
END_TEST

START_TEST(a_thread_that_waits_is_woken_by_a_leave)
{
    pthread_t thread;
    fa_status status = FA_TIMEOUT;
    make(2);
    arrive(0);
    pthread_create(&thread, NULL, wait_forever, &status);
    let_it_wait();
    ck_assert_int_eq(fa_barrier_leave(barrier, &member[1]), FA_OK);
    pthread_join(thread, NULL);
    ck_assert_int_eq(status, FA_OK);
}
END_TEST

static unsigned done[MEMBERS];

static void *
work(void *arg)
{
    unsigned i = (unsigned)(uintptr_t)arg;
    for (unsigned n = 0; n < test_scaled(2000); n++) {
        done[i] = n + 1;
        ck_assert_int_eq(
            fa_barrier_arrive_and_wait(barrier, &member[i], FA_BARRIER_FOREVER),
            FA_OK);
        for (unsigned k = 0; k < MEMBERS; k++)
            ck_assert_uint_eq(done[k], n + 1);
        ck_assert_int_eq(
            fa_barrier_arrive_and_wait(barrier, &member[i], FA_BARRIER_FOREVER),
            FA_OK);
    }
    return NULL;
}

START_TEST(nobody_passes_before_all_have_arrived)
{
    pthread_t thread[MEMBERS];
    make(MEMBERS);
    for (uintptr_t i = 0; i < MEMBERS; i++)
        pthread_create(&thread[i], NULL, work, (void *)i);
    for (unsigned i = 0; i < MEMBERS; i++)
        pthread_join(thread[i], NULL);
    ck_assert_uint_eq(stats_of().generations, 2 * test_scaled(2000));
    ck_assert_no_diag(&w.log);
}
END_TEST

static void *
meet_once(void *arg)
{
    fa_barrier_member *own = arg;
    ck_assert_int_eq(
        fa_barrier_arrive_and_wait(barrier, own, FA_BARRIER_FOREVER), FA_OK);
    return NULL;
}

START_TEST(it_may_be_destroyed_as_soon_as_one_has_passed)
{
    for (size_t n = 0; n < test_scaled(300); n++) {
        pthread_t thread;
        fa_barrier_member own[2] = {FA_BARRIER_MEMBER_INIT,
                                    FA_BARRIER_MEMBER_INIT};
        make(2);
        pthread_create(&thread, NULL, meet_once, &own[0]);
        if (n % 2 == 0)
            let_it_wait();
        meet_once(&own[1]);
        fa_barrier_destroy(w.ctx, barrier);
        barrier = NULL;
        pthread_join(thread, NULL);
    }
    ck_assert_no_diag(&w.log);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("barrier");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, a_sleep_does_not_end_before_its_deadline);
    tcase_add_checked_fixture(contract, open_world, close_world);
    tcase_add_test(contract, a_generation_is_complete_when_all_have_arrived);
    tcase_add_test(contract, every_generation_blocks_anew_without_a_reset);
    tcase_add_test(contract,
                   arrivals_after_the_end_count_for_the_next_generation);
    tcase_add_test(contract, a_member_that_joins_is_waited_for_at_once);
    tcase_add_test(contract, the_leave_of_the_one_that_is_missing_completes);
    tcase_add_test(contract, who_leaves_takes_its_arrival_along);
    tcase_add_test(contract, who_has_left_may_join_again);
    tcase_add_test(contract, a_wait_ends_by_its_timeout_and_may_be_repeated);
    suite_add_tcase(suite, contract);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, the_largest_count_of_members_works);
    tcase_add_test(limits, one_member_never_waits);
    suite_add_tcase(suite, limits);
    TCase *failure = tcase_create("failure");
    tcase_add_checked_fixture(failure, open_world, close_world);
    tcase_add_test(failure, without_memory_there_is_no_barrier);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_count_of_zero_is_refused);
    tcase_add_test(misuse, a_second_arrival_in_a_generation_is_refused);
    tcase_add_test(misuse, more_arrivals_than_members_are_refused);
    tcase_add_test(misuse, the_last_member_cannot_leave);
    tcase_add_test(misuse, joining_twice_and_leaving_as_a_stranger_are_refused);
    tcase_add_test(misuse, nulls_and_structures_without_their_size_are_refused);
    tcase_add_test(misuse, a_barrier_of_another_allocator_is_not_destroyed);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 60);
    tcase_add_test(threads, a_barrier_that_ends_sends_its_waiters_away);
    tcase_add_test(threads, a_thread_that_waits_is_woken_by_a_leave);
    tcase_add_test(threads, nobody_passes_before_all_have_arrived);
    tcase_add_test(threads, it_may_be_destroyed_as_soon_as_one_has_passed);
    suite_add_tcase(suite, threads);
    return suite;
}

int
main(void)
{
    return test_main(make_suite());
}
