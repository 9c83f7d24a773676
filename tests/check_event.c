/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Events: each kind from the operation that it names, listeners that change
 * the listeners, and rings that are read while they are written.
 */
#include "support.h"

#include <pthread.h>
#include <string.h>

static struct test_world w;

#define LOG_MAX 4096

static struct {
    unsigned count;
    unsigned of_kind[FA_EVENT_KINDS];
    fa_event event[LOG_MAX];
} seen;

static void
take(void *user, const fa_event *event)
{
    (void)user;
    if (seen.count < LOG_MAX)
        seen.event[seen.count++] = *event;
    seen.of_kind[event->kind]++;
}

static uint64_t
listen_to(uint32_t kinds, fa_event_fn fn, void *user)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    uint64_t id;
    listener.kinds = kinds;
    listener.fn = fn;
    listener.user = user;
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, &id), FA_OK);
    ck_assert_uint_ne(id, 0);
    return id;
}

/* The only event of the kind. */
static fa_event
only(fa_event_kind kind)
{
    ck_assert_uint_eq(seen.of_kind[kind], 1);
    for (unsigned i = 0; i < seen.count; i++)
        if (seen.event[i].kind == kind)
            return seen.event[i];
    ck_abort_msg("no event");
    return seen.event[0];
}

static void
open_world(void)
{
    memset(&seen, 0, sizeof(seen));
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

/* --- contract --- */

START_TEST(a_frame_tells_its_begin_its_end_and_what_it_used)
{
    listen_to(FA_EVENT_ALL, take, NULL);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 1000, 16));
    test_end(&w);
    fa_event begin = only(FA_EVENT_FRAME_BEGIN);
    fa_event end = only(FA_EVENT_FRAME_END);
    ck_assert_uint_eq(begin.ctx, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(begin.frame, 1);
    ck_assert_uint_eq(end.frame, 1);
    ck_assert_uint_eq(end.size, 1008);
    ck_assert_uint_eq(end.other, 1008);
    ck_assert_uint_eq(end.memory, FA_MEMORY_FRAME);
    ck_assert_uint_ne(begin.time_ns, 0);
    ck_assert_uint_eq(end.time_ns - begin.time_ns, end.duration_ns);
}
END_TEST

START_TEST(every_allocation_and_free_is_told_with_size_tag_and_memory)
{
    fa_tag tag = fa_tag_register(w.allocator, "a");
    listen_to(FA_EVENT_ALL, take, NULL);
    test_begin(&w);
    fa_tag_push(w.ctx, tag);
    void *block[3] = {
        fa_frame_alloc(w.frame, 24, 8),
        fa_pool_alloc(fa_ctx_pool(w.ctx, 48, 16)),
        fa_heap_alloc(w.ctx, 100000, 16),
    };
    fa_free(w.ctx, block[1]);
    fa_heap_free(w.ctx, block[2]);
    fa_tag_pop(w.ctx);
    static const uint64_t size[] = {24, 48, 100000};
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_ALLOC], 3);
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_FREE], 2);
    for (unsigned i = 1; i < 6; i++) {
        unsigned which = i < 4 ? i - 1 : i - 3;
        ck_assert_ptr_eq(seen.event[i].address, block[which]);
        ck_assert_uint_eq(seen.event[i].size, size[which]);
        ck_assert_uint_eq(seen.event[i].memory, which);
        ck_assert_uint_eq(seen.event[i].tag, tag);
    }
    test_end(&w);
}
END_TEST

START_TEST(no_object_is_missed_after_releases_shrinks_and_rollbacks)
{
    listen_to(FA_EVENT_BIT(FA_EVENT_ALLOC), take, NULL);
    test_begin(&w);
    unsigned made = 0;
    for (unsigned i = 0; i < 100; i++) {
        fa_mark mark = fa_frame_checkpoint(w.frame);
        void *block = fa_frame_alloc(w.frame, 256, 16);
        ck_assert_ptr_nonnull(block);
        block = fa_frame_resize(w.frame, block, 256, 64, 16);
        void *next = fa_frame_alloc(w.frame, 32, 16);
        fa_frame_release(w.frame, next, 32);
        next = fa_frame_alloc(w.frame, 16, 16);
        ck_assert_ptr_nonnull(next);
        if (i % 3 == 0)
            ck_assert_int_eq(fa_frame_rollback(w.frame, mark), FA_OK);
        made += 3;
    }
    test_end(&w);
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_ALLOC], made);
}
END_TEST

static void *
free_in_thread(void *block)
{
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fa_free(ctx, block);
    fa_ctx_frame(ctx);
    return NULL;
}

START_TEST(a_free_by_another_thread_is_queued_and_processed)
{
    listen_to(FA_EVENT_ALL, take, NULL);
    test_begin(&w);
    bool is_pool = _i == 0;
    size_t size = is_pool ? 64 : 50000;
    void *block = fa_heap_alloc(w.ctx, size, 16);
    test_run_thread(free_in_thread, block);
    fa_event queued = only(FA_EVENT_REMOTE_QUEUED);
    fa_event freed = only(FA_EVENT_FREE);
    ck_assert_ptr_eq(queued.address, block);
    ck_assert_uint_eq(queued.size, size);
    ck_assert_uint_ne(queued.ctx, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(queued.other, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(freed.other, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_REMOTE_PROCESSED], 0);
    test_end(&w);
    fa_event processed = only(FA_EVENT_REMOTE_PROCESSED);
    ck_assert_uint_eq(processed.ctx, fa_ctx_id(w.ctx));
    ck_assert_uint_eq(processed.other, 1);
    ck_assert_uint_eq(processed.size, size);
}
END_TEST

START_TEST(limits_tell_pressure_and_refusal)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 64 * KIB;
    budget.soft_bytes = 32 * KIB;
    fa_tag tag = fa_tag_register(w.allocator, "a");
    ck_assert_int_eq(fa_budget_set(w.allocator, FA_BUDGET_TAG, tag, &budget),
                     FA_OK);
    listen_to(FA_EVENT_BIT(FA_EVENT_PRESSURE) | FA_EVENT_BIT(FA_EVENT_BUDGET),
              take, NULL);
    fa_tag_push(w.ctx, tag);
    void *block = fa_heap_alloc(w.ctx, 40 * KIB, 16);
    ck_assert_uint_eq(only(FA_EVENT_PRESSURE).other, 32 * KIB);
    ck_assert_uint_eq(only(FA_EVENT_PRESSURE).size, 40 * KIB);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 48 * KIB, 16));
    ck_assert_uint_eq(only(FA_EVENT_BUDGET).other, 64 * KIB);
    ck_assert_uint_eq(only(FA_EVENT_BUDGET).size, 48 * KIB);
    ck_assert_uint_eq(only(FA_EVENT_BUDGET).tag, tag);
    fa_heap_free(w.ctx, block);
    fa_tag_pop(w.ctx);
}
END_TEST

START_TEST(a_reset_of_a_scratch_arena_is_told_as_such)
{
    listen_to(FA_EVENT_ALL, take, NULL);
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "s", NULL, &scratch),
                     FA_OK);
    void *block = fa_frame_alloc(fa_scratch_frame(scratch), 100, 16);
    ck_assert_ptr_eq(only(FA_EVENT_ALLOC).address, block);
    ck_assert_uint_eq(only(FA_EVENT_ALLOC).memory, FA_MEMORY_SCRATCH);
    ck_assert_int_eq(fa_scratch_reset(scratch), FA_OK);
    ck_assert_uint_eq(only(FA_EVENT_FRAME_END).memory, FA_MEMORY_SCRATCH);
    ck_assert_uint_eq(only(FA_EVENT_FRAME_END).size, 112);
}
END_TEST

START_TEST(nothing_is_told_when_nobody_listens_and_inline_paths_are_back)
{
    uint64_t id = listen_to(FA_EVENT_ALL, take, NULL);
    test_begin(&w);
    test_end(&w);
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, id), FA_OK);
    unsigned count = seen.count;
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert(w.frame->limit > w.frame->cursor);
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    void *block = fa_pool_alloc(pool);
    ck_assert(pool->top > pool->base);
    fa_pool_free(pool, block);
    fa_pool_free(pool, fa_pool_alloc(pool));
    test_end(&w);
    ck_assert_uint_eq(seen.count, count);
    ck_assert_uint_eq(test_stats(w.allocator).frame_count, FA_COUNT_UNKNOWN);
}
END_TEST

START_TEST(blocks_of_before_counting_are_freed_and_used_again)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    void *block[200];
    for (unsigned round = 0; round < 4; round++) {
        uint64_t id = 0;
        for (unsigned i = 0; i < COUNT(block); i++) {
            ck_assert_ptr_nonnull(block[i] = fa_pool_alloc(pool));
            test_fill(block[i], 64, i);
        }
        if (round % 2 == 0)
            id = listen_to(FA_EVENT_BIT(FA_EVENT_FREE), take, NULL);
        test_begin(&w);
        test_end(&w);
        for (unsigned i = 0; i < COUNT(block); i++) {
            ck_assert(test_is_filled(block[i], 64, i));
            fa_free(w.ctx, block[i]);
        }
        if (id != 0)
            ck_assert_int_eq(fa_event_listener_remove(w.allocator, id), FA_OK);
        test_begin(&w);
        test_end(&w);
    }
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_FREE], 2 * COUNT(block));
    ck_assert_no_diag(&w.log);
}
END_TEST

/* --- rings --- */

START_TEST(a_ring_keeps_the_last_events_and_counts_the_rest)
{
    fa_event out[64];
    uint64_t lost;
    ck_assert_int_eq(
        fa_event_ring_set(w.allocator, FA_EVENT_BIT(FA_EVENT_ALLOC), 16),
        FA_OK);
    test_begin(&w);
    for (unsigned i = 1; i <= 40; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, i, 1));
    ck_assert_uint_eq(fa_event_read(w.allocator, out, 10, &lost), 10);
    ck_assert_uint_eq(lost, 24);
    ck_assert_uint_eq(fa_event_read(w.allocator, out + 10, 54, &lost), 6);
    ck_assert_uint_eq(lost, 0);
    for (unsigned i = 0; i < 16; i++)
        ck_assert_uint_eq(out[i].size, 25 + i);
    ck_assert_uint_eq(fa_event_read(w.allocator, out, 64, NULL), 0);
    test_end(&w);
}
END_TEST

static void *
run_a_frame(void *arg)
{
    fa_frame *frame = fa_ctx_frame(fa_ctx_current(w.allocator));
    ck_assert_ptr_nonnull(fa_frame_alloc(frame, *(size_t *)arg, 1));
    return NULL;
}

START_TEST(what_a_thread_did_can_be_read_after_its_end)
{
    fa_event out[8];
    size_t size = 77;
    ck_assert_int_eq(
        fa_event_ring_set(w.allocator, FA_EVENT_BIT(FA_EVENT_ALLOC), 8), FA_OK);
    test_begin(&w);
    test_run_thread(run_a_frame, &size);
    size = 78;
    test_run_thread(run_a_frame, &size);
    ck_assert_uint_eq(fa_event_read(w.allocator, out, 8, NULL), 2);
    /* Contexts come in no particular order. */
    ck_assert_uint_eq(out[0].size + out[1].size, 77 + 78);
    ck_assert_uint_ne(out[0].ctx, fa_ctx_id(w.ctx));
    test_end(&w);
}
END_TEST

/* --- listeners --- */

struct adder {
    unsigned calls;
    uint64_t own;
    uint64_t added;
};

static void
add_another(void *user, const fa_event *event)
{
    struct adder *adder = user;
    (void)event;
    if (adder->calls++ == 0)
        adder->added = listen_to(FA_EVENT_ALL, take, NULL);
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 32, 16));
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, adder->own), FA_OK);
}

START_TEST(a_listener_may_add_remove_and_allocate)
{
    struct adder adder = {0};
    adder.own =
        listen_to(FA_EVENT_BIT(FA_EVENT_FRAME_BEGIN), add_another, &adder);
    test_begin(&w);
    test_end(&w);
    test_begin(&w);
    test_end(&w);
    ck_assert_uint_eq(adder.calls, 1);
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_FRAME_END], 2);
    w.log.count = 0;
}
END_TEST

START_TEST(there_are_sixteen_listeners_and_slots_are_used_again)
{
    uint64_t id[FA_EVENT_LISTENERS_MAX], more;
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    listener.kinds = FA_EVENT_ALL;
    listener.fn = take;
    for (unsigned i = 0; i < COUNT(id); i++)
        id[i] = listen_to(FA_EVENT_ALL, take, NULL);
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, &more),
                     FA_ERR_NOMEM);
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, id[3]), FA_OK);
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, id[3]),
                     FA_ERR_USAGE);
    ck_assert_uint_ne(listen_to(FA_EVENT_ALL, take, NULL), id[3]);
}
END_TEST

START_TEST(a_listener_that_is_not_initialised_is_refused)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    uint64_t id;
    listener.fn = take;
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, &id),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    listener.kinds = FA_EVENT_ALL + 1;
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, &id),
                     FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, 0), FA_ERR_USAGE);
    ck_assert_int_eq(fa_event_ring_set(w.allocator, FA_EVENT_ALL + 1, 0),
                     FA_ERR_USAGE);
    ck_assert_ptr_null(fa_event_name(FA_EVENT_KINDS));
    ck_assert_str_eq(fa_event_name(FA_EVENT_FREE), "free");
}
END_TEST

START_TEST(a_double_free_is_found_while_objects_are_counted)
{
    listen_to(FA_EVENT_BIT(FA_EVENT_FREE), take, NULL);
    test_begin(&w);
    void *first = fa_heap_alloc(w.ctx, 64, 16);
    void *second = fa_heap_alloc(w.ctx, 64, 16);
    fa_free(w.ctx, first);
    fa_free(w.ctx, second);
    fa_free(w.ctx, first);
    ck_assert_only_diag(&w.log, 609);
    ck_assert_uint_eq(seen.of_kind[FA_EVENT_FREE], 2);
    test_end(&w);
}
END_TEST

/* --- threads --- */

static bool must_stop;

static void *
write_events(void *arg)
{
    (void)arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    fa_pool *pool = fa_ctx_pool(ctx, 64, 16);
    while (!__atomic_load_n(&must_stop, __ATOMIC_ACQUIRE)) {
        fa_frame *frame = fa_ctx_frame(ctx);
        for (size_t i = 1; i <= 200; i++)
            fa_frame_alloc(frame, 7 * i, 1);
        fa_pool_free(pool, fa_pool_alloc(pool));
    }
    return NULL;
}

static void
check_whole(const fa_event *event)
{
    ck_assert_uint_eq(event->kind, FA_EVENT_ALLOC);
    ck_assert_uint_eq(event->frame, 1);
    ck_assert_ptr_nonnull(event->address);
    if (event->memory == FA_MEMORY_FRAME)
        ck_assert(event->size % 7 == 0 && event->size <= 1400);
}

START_TEST(rings_are_read_whole_and_in_order_while_they_are_written)
{
    pthread_t thread[2];
    fa_event out[32];
    ck_assert_int_eq(
        fa_event_ring_set(w.allocator, FA_EVENT_BIT(FA_EVENT_ALLOC), 64),
        FA_OK);
    test_begin(&w);
    must_stop = false;
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, write_events, NULL);
    size_t total = 0;
    uint64_t lost = 0, all_lost = 0;
    while (total < test_scaled(20000) || all_lost == 0) {
        size_t n = fa_event_read(w.allocator, out, COUNT(out), &lost);
        for (size_t i = 0; i < n; i++) {
            check_whole(&out[i]);
            /* Within a context sizes rise by 7 until they start again. */
            if (lost == 0 && i > 0 && out[i].ctx == out[i - 1].ctx &&
                out[i].memory == 0 && out[i - 1].memory == 0)
                ck_assert_uint_eq(out[i].size, out[i - 1].size + 7);
        }
        total += n;
        all_lost += lost;
    }
    __atomic_store_n(&must_stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    test_end(&w);
}
END_TEST

static void
count_while_open(void *user, const fa_event *event)
{
    (void)event;
    /* The memory of user is gone after the removal. */
    ck_assert_uint_eq(__atomic_load_n((unsigned *)user, __ATOMIC_ACQUIRE), 1);
}

START_TEST(after_a_removal_the_listener_runs_on_no_other_thread)
{
    pthread_t thread[2];
    test_begin(&w);
    must_stop = false;
    uint64_t all = listen_to(FA_EVENT_BIT(FA_EVENT_PRESSURE), take, NULL);
    ck_assert_int_eq(
        fa_event_ring_set(w.allocator, FA_EVENT_BIT(FA_EVENT_ALLOC), 64),
        FA_OK);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_create(&thread[i], NULL, write_events, NULL);
    for (size_t i = 0; i < test_scaled(2000); i++) {
        static unsigned is_open;
        __atomic_store_n(&is_open, 1, __ATOMIC_RELEASE);
        uint64_t id = listen_to(FA_EVENT_ALL, count_while_open, &is_open);
        ck_assert_int_eq(fa_event_listener_remove(w.allocator, id), FA_OK);
        __atomic_store_n(&is_open, 0, __ATOMIC_RELEASE);
    }
    __atomic_store_n(&must_stop, true, __ATOMIC_RELEASE);
    for (unsigned i = 0; i < COUNT(thread); i++)
        pthread_join(thread[i], NULL);
    ck_assert_int_eq(fa_event_listener_remove(w.allocator, all), FA_OK);
    test_end(&w);
}
END_TEST

static void
add_contract(Suite *suite)
{
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_test(tc, a_frame_tells_its_begin_its_end_and_what_it_used);
    tcase_add_test(tc,
                   every_allocation_and_free_is_told_with_size_tag_and_memory);
    tcase_add_test(tc,
                   no_object_is_missed_after_releases_shrinks_and_rollbacks);
    tcase_add_loop_test(tc, a_free_by_another_thread_is_queued_and_processed, 0,
                        2);
    tcase_add_test(tc, limits_tell_pressure_and_refusal);
    tcase_add_test(tc, a_reset_of_a_scratch_arena_is_told_as_such);
    tcase_add_test(
        tc, nothing_is_told_when_nobody_listens_and_inline_paths_are_back);
    tcase_add_test(tc, blocks_of_before_counting_are_freed_and_used_again);
    tcase_add_test(tc, what_a_thread_did_can_be_read_after_its_end);
    tcase_add_test(tc, a_listener_may_add_remove_and_allocate);
    suite_add_tcase(suite, tc);
}

int
main(void)
{
    Suite *suite = suite_create("event");
    add_contract(suite);
    TCase *limits = tcase_create("limits");
    tcase_add_checked_fixture(limits, open_world, close_world);
    tcase_add_test(limits, a_ring_keeps_the_last_events_and_counts_the_rest);
    tcase_add_test(limits,
                   there_are_sixteen_listeners_and_slots_are_used_again);
    suite_add_tcase(suite, limits);
    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_test(misuse, a_listener_that_is_not_initialised_is_refused);
    tcase_add_test(misuse, a_double_free_is_found_while_objects_are_counted);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_add_test(threads,
                   rings_are_read_whole_and_in_order_while_they_are_written);
    tcase_add_test(threads,
                   after_a_removal_the_listener_runs_on_no_other_thread);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
