/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Queues of frees by others: when they are emptied, and what happens to a free
 * that finds its owner's queue full. Nothing is lost in any combination.
 */
#include "support.h"

#include "memory/memory.h"

#include <pthread.h>
#include <sched.h>

static struct test_world w;
static fa_ctx *owner;

static void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
}

static void
close_world(void)
{
    test_close(&w);
}

static void
make_owner(fa_drain drain, uint32_t count, uint32_t capacity,
           fa_queue_full full)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.drain = drain;
    config.drain_count = count;
    config.queue_capacity = capacity;
    config.queue_full = full;
    ck_assert_int_eq(fa_ctx_create(w.allocator, &config, &owner), FA_OK);
}

static fa_remote_usage
usage_of(fa_ctx *ctx)
{
    fa_remote_usage usage = FA_REMOTE_USAGE_INIT;
    ck_assert_int_eq(fa_remote_usage_read(ctx, &usage), FA_OK);
    return usage;
}

#define BLOCKS 100

static void *block[BLOCKS];

/* Every tenth one is large. */
static void
allocate(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        size_t size = i % 10 == 9 ? 20000 : i % 3 * 100 + 10;
        block[i] = fa_heap_alloc(owner, size, 16);
        ck_assert_ptr_nonnull(block[i]);
        test_fill(block[i], size, i);
    }
}

/* Frees by this thread's context; those that were refused stay. */
static unsigned
free_all(unsigned count)
{
    unsigned refused = 0;
    for (unsigned i = 0; i < count; i++) {
        if (block[i] == NULL)
            continue;
        unsigned before = w.log.count;
        fa_free(w.ctx, block[i]);
        if (w.log.count == before) {
            block[i] = NULL;
            continue;
        }
        ck_assert_uint_eq(w.log.entry[before].number, 17);
        ck_assert_int_eq(fa_ctx_status(w.ctx), FA_NOT_READY);
        w.log.count = 0;
        refused++;
    }
    return refused;
}

/* What travels in batches is pushed at the end of the frame. */
static void
flush(void)
{
    fa_ctx_frame(w.ctx);
    fa_ctx_end_frame(w.ctx);
}

/* --- when --- */

struct moment {
    fa_drain drain;
    /* Blocks that are left of 20 after each of these. */
    unsigned begin, call, end, shortage;
};

static const struct moment moments[] = {
    {FA_DRAIN_DEFAULT, 20, 20, 0, 0},       {FA_DRAIN_FRAME_END, 20, 20, 0, 0},
    {FA_DRAIN_FRAME_BEGIN, 0, 20, 20, 0},   {FA_DRAIN_IMMEDIATE, 0, 0, 0, 0},
    {FA_DRAIN_INCREMENTAL, 20, 20, 13, 13}, {FA_DRAIN_EXPLICIT, 20, 20, 20, 20},
};

/* 20 blocks wait; the owner's frame is open or not. */
static void
let_20_wait(bool is_open)
{
    fa_ctx_drain(owner, SIZE_MAX);
    test_begin(&w);
    fa_frame *frame = is_open ? fa_ctx_frame(owner) : NULL;
    if (is_open)
        ck_assert_ptr_nonnull(fa_frame_alloc(frame, 16, 16));
    allocate(20);
    free_all(20);
    flush();
}

START_TEST(each_mode_drains_at_its_moments_and_at_no_other)
{
    const struct moment *m = &moments[_i];
    make_owner(m->drain, 7, 0, FA_QUEUE_DEFAULT);
    /* Warm, so that nothing else is short of memory below. */
    let_20_wait(true);
    test_end(&w);
    fa_ctx_end_frame(owner);

    let_20_wait(false);
    ck_assert_uint_eq(usage_of(owner).depth, 20);
    fa_frame *frame = fa_ctx_frame(owner);
    ck_assert_uint_eq(usage_of(owner).depth, m->begin);
    fa_frame_alloc(frame, 16, 16);
    test_end(&w);
    fa_ctx_end_frame(owner);

    let_20_wait(true);
    fa_frame_alloc(fa_ctx_frame(owner), 16, 64);
    ck_assert_uint_eq(usage_of(owner).depth, m->call);
    fa_ctx_drain(owner, SIZE_MAX);
    test_end(&w);
    fa_ctx_end_frame(owner);

    let_20_wait(true);
    fa_ctx_end_frame(owner);
    ck_assert_uint_eq(usage_of(owner).depth, m->end);
    test_end(&w);

    let_20_wait(false);
    fa_heap_free(owner, fa_heap_alloc(owner, 300000, 16));
    ck_assert_uint_eq(usage_of(owner).depth, m->shortage);
    test_end(&w);
    fa_ctx_destroy(owner);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
}
END_TEST

START_TEST(an_explicit_drain_takes_in_as_many_as_it_is_told)
{
    make_owner(FA_DRAIN_EXPLICIT, 0, 0, FA_QUEUE_DEFAULT);
    allocate(BLOCKS);
    test_begin(&w);
    free_all(BLOCKS);
    flush();
    test_end(&w);
    ck_assert_uint_eq(usage_of(owner).depth, BLOCKS);
    size_t bytes = usage_of(owner).bytes;
    ck_assert_uint_ge(bytes, 10 * 20000);
    unsigned left = BLOCKS;
    for (size_t max = 0; left > 0; max++) {
        size_t taken = fa_ctx_drain(owner, max);
        ck_assert_uint_eq(taken, max < left ? max : left);
        left -= (unsigned)taken;
        ck_assert_uint_eq(usage_of(owner).depth, left);
        ck_assert_uint_eq(usage_of(owner).processed, BLOCKS - left);
        ck_assert_uint_le(usage_of(owner).bytes, bytes);
        bytes = usage_of(owner).bytes;
    }
    ck_assert_uint_eq(bytes, 0);
    ck_assert_uint_eq(usage_of(owner).depth_peak, BLOCKS);
    ck_assert_uint_eq(fa_ctx_drain(owner, SIZE_MAX), 0);
    fa_ctx_destroy(owner);
}
END_TEST

START_TEST(what_the_allocator_says_holds_for_contexts_that_say_nothing)
{
    test_close(&w);
    test_prepare(&w);
    w.config.drain = FA_DRAIN_EXPLICIT;
    w.config.queue_capacity = 10;
    w.config.queue_full = FA_QUEUE_FAIL;
    test_open(&w);
    make_owner(FA_DRAIN_DEFAULT, 0, 0, FA_QUEUE_DEFAULT);
    allocate(20);
    ck_assert_uint_eq(free_all(20), 10);
    fa_heap_free(owner, fa_heap_alloc(owner, 300000, 16));
    ck_assert_uint_eq(usage_of(owner).depth, 10);
    fa_ctx_drain(owner, SIZE_MAX);
    ck_assert_uint_eq(free_all(20), 0);
    fa_ctx_destroy(owner);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(a_budget_takes_everything_in_before_it_refuses)
{
    make_owner(FA_DRAIN_EXPLICIT, 0, 4, FA_QUEUE_DROP_OLDEST);
    allocate(BLOCKS);
    free_all(BLOCKS);
    ck_assert_uint_gt(usage_of(owner).aside, 0);
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = test_ctx_usage(owner).bytes + 4096;
    ck_assert_int_eq(
        fa_budget_set(w.allocator, FA_BUDGET_CTX, fa_ctx_id(owner), &budget),
        FA_OK);
    ck_assert_ptr_nonnull(fa_heap_alloc(owner, 100000, 16));
    ck_assert_uint_eq(usage_of(owner).aside + usage_of(owner).depth, 0);
}
END_TEST

/* --- full --- */

static const fa_drain drains[] = {FA_DRAIN_FRAME_END, FA_DRAIN_FRAME_BEGIN,
                                  FA_DRAIN_IMMEDIATE, FA_DRAIN_INCREMENTAL,
                                  FA_DRAIN_EXPLICIT};

#define CAPACITY 16u

static void
expect_full(fa_queue_full full, unsigned refused)
{
    fa_remote_usage usage = usage_of(owner);
    const unsigned over = BLOCKS - CAPACITY;
    ck_assert_uint_eq(usage.refused, refused);
    ck_assert_uint_le(usage.full, over);
    ck_assert_uint_ge(usage.full,
                      full == FA_QUEUE_DROP_OLDEST ? over / 2 : over);
    ck_assert_uint_eq(usage.depth + usage.marked + usage.aside + refused,
                      BLOCKS);
    switch (full) {
    case FA_QUEUE_PROCESS:
        ck_assert_uint_eq(usage.depth, CAPACITY);
        ck_assert_uint_eq(usage.marked, over);
        break;
    case FA_QUEUE_DROP_OLDEST:
        ck_assert_uint_le(usage.depth, CAPACITY);
        ck_assert_uint_ge(usage.depth, CAPACITY - CAPACITY / 8 + 1);
        ck_assert_uint_eq(usage.aside, usage.dropped);
        ck_assert_uint_gt(usage.aside_bytes, 100000);
        break;
    case FA_QUEUE_FAIL:
        ck_assert_uint_eq(usage.depth, CAPACITY);
        ck_assert_uint_eq(refused, over);
        break;
    default:
        ck_assert_uint_eq(usage.depth, BLOCKS);
    }
}

START_TEST(every_mode_with_every_policy_keeps_its_bound_and_loses_nothing)
{
    fa_queue_full full = (fa_queue_full)(_i % 4 + 1);
    int level = _i / 4 % 3;
    test_close(&w);
    test_open_guard(&w, level == 0 ? FA_GUARD_OFF : (fa_guard)level);
    make_owner(drains[_i / 12], 5, CAPACITY, full);
    allocate(BLOCKS);
    unsigned refused = free_all(BLOCKS);
    expect_full(full, refused);
    /* Blocks that were refused are the program's still. */
    for (unsigned i = 0; i < BLOCKS; i++) {
        size_t size = i % 10 == 9 ? 20000 : i % 3 * 100 + 10;
        ck_assert(block[i] == NULL || test_is_filled(block[i], size, i));
    }
    for (unsigned round = 0; refused > 0; round++) {
        ck_assert_uint_lt(round, BLOCKS);
        fa_ctx_drain(owner, SIZE_MAX);
        refused = free_all(BLOCKS);
    }
    fa_ctx_drain(owner, SIZE_MAX);
    fa_remote_usage usage = usage_of(owner);
    ck_assert_uint_eq(usage.depth + usage.marked + usage.bytes, 0);
    ck_assert_uint_eq(usage.processed + usage.aside, BLOCKS);
    fa_ctx_destroy(owner);
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(what_was_dropped_comes_back_with_the_next_trim_of_its_context)
{
    test_close(&w);
    test_prepare(&w);
    w.config.queue_capacity = CAPACITY;
    w.config.queue_full = FA_QUEUE_DROP_OLDEST;
    w.config.drain = FA_DRAIN_EXPLICIT;
    test_open(&w);
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    owner = w.ctx;
    allocate(BLOCKS);
    for (unsigned i = 0; i < BLOCKS; i++)
        fa_free(other, block[i]);
    fa_remote_usage usage = usage_of(w.ctx);
    ck_assert_uint_gt(usage.aside, BLOCKS / 2);
    ck_assert_uint_gt(test_stats(w.allocator).heap_bytes, 0);
    fa_ctx_drain(w.ctx, SIZE_MAX);
    ck_assert_uint_eq(usage_of(w.ctx).aside, usage.aside);
    fa_allocator_trim(w.allocator);
    ck_assert_uint_eq(usage_of(w.ctx).aside, 0);
    ck_assert_uint_eq(usage_of(w.ctx).aside_bytes, 0);
    ck_assert_uint_eq(usage_of(w.ctx).dropped, usage.dropped);
    ck_assert_uint_eq(usage_of(w.ctx).processed, BLOCKS);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(the_oldest_are_dropped_and_the_newest_stay)
{
    make_owner(FA_DRAIN_EXPLICIT, 0, 8, FA_QUEUE_DROP_OLDEST);
    fa_pool *pool = fa_ctx_pool(owner, 64, 16);
    for (unsigned i = 0; i < 24; i++)
        block[i] = fa_pool_alloc(pool);
    for (unsigned i = 0; i < 24; i++)
        fa_free(w.ctx, block[i]);
    ck_assert_uint_eq(usage_of(owner).dropped, 16);
    ck_assert_uint_eq(fa_ctx_drain(owner, SIZE_MAX), 8);
    /* They are in the pool's stack now, and nothing else is. */
    void *again[8];
    for (unsigned i = 0; i < 8; i++) {
        bool is_newest = false;
        again[i] = fa_pool_alloc(pool);
        for (unsigned j = 16; j < 24; j++)
            is_newest |= again[i] == block[j];
        ck_assert(is_newest);
    }
    for (unsigned i = 0; i < 8; i++)
        fa_free(owner, again[i]);
    fa_ctx_destroy(owner);
}
END_TEST

/* --- misuse --- */

START_TEST(a_double_free_is_seen_in_a_bounded_queue)
{
    fa_queue_full full = (fa_queue_full)(_i % 4 + 1);
    make_owner(FA_DRAIN_EXPLICIT, 0, 1, full);
    void *large = fa_heap_alloc(owner, 100000, 16);
    void *small = fa_heap_alloc(owner, 100, 16);
    void *other = fa_heap_alloc(owner, 100, 16);
    fa_free(w.ctx, small);
    fa_free(w.ctx, small);
    ck_assert_only_diag(&w.log, 609);
    ck_assert_uint_eq(usage_of(owner).depth, 1);
    if (full == FA_QUEUE_PROCESS) {
        fa_free(w.ctx, other);
        fa_free(w.ctx, other);
        ck_assert_only_diag(&w.log, 609);
        ck_assert_uint_eq(usage_of(owner).marked, 1);
    } else if (full != FA_QUEUE_FAIL) {
        fa_free(w.ctx, large);
        fa_free(w.ctx, large);
        ck_assert_only_diag(&w.log, 609);
    }
    fa_ctx_drain(owner, SIZE_MAX);
}
END_TEST

static void *
drain_of_another(void *arg)
{
    ck_assert_uint_eq(fa_ctx_drain(arg, SIZE_MAX), 0);
    return NULL;
}

START_TEST(a_context_is_drained_by_its_own_thread_only)
{
    test_run_thread(drain_of_another, w.ctx);
    ck_assert_only_diag(&w.log, 211);
    ck_assert_uint_eq(fa_ctx_drain(NULL, 1), 0);
    ck_assert_uint_eq(fa_ctx_drain(w.ctx, SIZE_MAX), 0);
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(modes_and_policies_out_of_range_are_refused)
{
    fa_ctx_config config[2] = {FA_CTX_CONFIG_INIT, FA_CTX_CONFIG_INIT};
    fa_allocator_config all[2] = {w.config, w.config};
    config[0].drain = (fa_drain)6;
    config[1].queue_full = (fa_queue_full)5;
    all[0].drain = (fa_drain)6;
    all[1].queue_full = (fa_queue_full)5;
    for (unsigned i = 0; i < 2; i++) {
        fa_allocator *other;
        ck_assert_int_eq(fa_ctx_create(w.allocator, &config[i], &owner),
                         FA_ERR_CONFIG);
        ck_assert_only_diag(&w.log, 10);
        ck_assert_int_eq(fa_allocator_create(&all[i], &other), FA_ERR_CONFIG);
        ck_assert_only_diag(&w.log, 10);
    }
    fa_remote_usage usage = FA_REMOTE_USAGE_INIT;
    ck_assert_int_eq(fa_remote_usage_read(NULL, &usage), FA_ERR_USAGE);
    ck_assert_int_eq(fa_remote_usage_read(w.ctx, NULL), FA_ERR_USAGE);
    usage.struct_size = 0;
    ck_assert_int_eq(fa_remote_usage_read(w.ctx, &usage), FA_ERR_CONFIG);
    ck_assert_only_diag(&w.log, 10);
}
END_TEST

/* --- threads --- */

enum { FREERS = 4, ROUNDS = 400, LOAD = 32 };

static struct {
    pthread_barrier_t barrier;
    void *slot[FREERS][LOAD];
    fa_ctx *owner;
    unsigned rounds;
    unsigned busy; /* Freers that have blocks left. */
    bool is_wrong;
} team;

static size_t
size_of(unsigned i, unsigned round)
{
    return i == 0 ? 20000 : (i * 37 + round) % 300 + 1;
}

static void *
free_in_rounds(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    fa_ctx *ctx = fa_ctx_current(w.allocator);
    for (unsigned round = 0; round < team.rounds; round++) {
        pthread_barrier_wait(&team.barrier);
        for (unsigned i = 0; i < LOAD; i++) {
            void *p = team.slot[me][i];
            if (!test_is_filled(p, size_of(i, round), me))
                team.is_wrong = true;
            for (;;) {
                uint64_t refused = usage_of(team.owner).refused;
                /* Only its own refusals count; others make it ask again. */
                fa_free(ctx, p);
                if (usage_of(team.owner).refused == refused ||
                    fa_ctx_status(ctx) != FA_NOT_READY)
                    break;
                ctx->status = FA_OK;
                sched_yield();
            }
        }
        __atomic_fetch_sub(&team.busy, 1, __ATOMIC_RELEASE);
        pthread_barrier_wait(&team.barrier);
    }
    return NULL;
}

static void
allocate_round(unsigned round)
{
    for (unsigned me = 0; me < FREERS; me++)
        for (unsigned i = 0; i < LOAD; i++) {
            void *p = fa_heap_alloc(w.ctx, size_of(i, round), 16);
            test_fill(p, size_of(i, round), me);
            team.slot[me][i] = p;
        }
    __atomic_store_n(&team.busy, FREERS, __ATOMIC_RELEASE);
}

START_TEST(many_threads_keep_the_bound_and_every_block_comes_back)
{
    fa_queue_full full = (fa_queue_full)(_i + 1);
    pthread_t thread[FREERS];
    test_close(&w);
    test_prepare(&w);
    w.config.queue_capacity = 20;
    w.config.queue_full = full;
    w.config.drain = FA_DRAIN_EXPLICIT;
    test_open(&w);
    team.owner = w.ctx;
    team.rounds = (unsigned)test_scaled(ROUNDS);
    team.is_wrong = false;
    pthread_barrier_init(&team.barrier, NULL, FREERS + 1);
    for (unsigned i = 0; i < FREERS; i++)
        ck_assert_int_eq(pthread_create(&thread[i], NULL, free_in_rounds,
                                        (void *)(uintptr_t)i),
                         0);
    for (unsigned round = 0; round < team.rounds; round++) {
        allocate_round(round);
        pthread_barrier_wait(&team.barrier);
        while (__atomic_load_n(&team.busy, __ATOMIC_ACQUIRE) != 0) {
            uint64_t depth = usage_of(w.ctx).depth;
            team.is_wrong |= full != FA_QUEUE_GROW && depth > 20;
            if (round % 2 == 0 || full == FA_QUEUE_FAIL)
                fa_ctx_drain(w.ctx, 7);
            if (round % 16 == 0)
                fa_allocator_trim(w.allocator);
            sched_yield();
        }
        pthread_barrier_wait(&team.barrier);
        fa_ctx_drain(w.ctx, SIZE_MAX);
    }
    for (unsigned i = 0; i < FREERS; i++)
        pthread_join(thread[i], NULL);
    pthread_barrier_destroy(&team.barrier);
    fa_allocator_trim(w.allocator);
    ck_assert(!team.is_wrong);
    fa_remote_usage usage = usage_of(w.ctx);
    ck_assert_uint_eq(usage.processed, team.rounds * FREERS * LOAD);
    ck_assert_uint_eq(usage.depth + usage.marked + usage.aside, 0);
    ck_assert_uint_eq(usage.bytes + usage.aside_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    ck_assert_uint_eq(test_stats(w.allocator).pool_bytes, 0);
}
END_TEST

static void *
allocate_in_thread(void *arg)
{
    (void)arg;
    owner = fa_ctx_current(w.allocator);
    allocate(BLOCKS);
    return NULL;
}

START_TEST(blocks_of_a_thread_that_has_gone_come_back_past_a_full_queue)
{
    test_close(&w);
    test_prepare(&w);
    w.config.queue_capacity = 3;
    w.config.queue_full = (fa_queue_full)(_i + 1);
    test_open(&w);
    test_run_thread(allocate_in_thread, NULL);
    for (unsigned round = 0; round < BLOCKS; round++) {
        w.log.count = 0;
        unsigned refused = free_all(BLOCKS);
        test_begin(&w);
        test_end(&w);
        if (refused == 0)
            break;
    }
    ck_assert_uint_eq(test_stats(w.allocator).contexts_idle, 0);
    ck_assert_uint_eq(test_stats(w.allocator).heap_bytes, 0);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("queue");
    TCase *tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_world, close_world);
    tcase_add_loop_test(tc, each_mode_drains_at_its_moments_and_at_no_other, 0,
                        COUNT(moments));
    tcase_add_test(tc, an_explicit_drain_takes_in_as_many_as_it_is_told);
    tcase_add_test(tc,
                   what_the_allocator_says_holds_for_contexts_that_say_nothing);
    tcase_add_test(tc, a_budget_takes_everything_in_before_it_refuses);
    suite_add_tcase(suite, tc);

    TCase *full = tcase_create("limits");
    tcase_add_checked_fixture(full, open_world, close_world);
    tcase_add_loop_test(
        full, every_mode_with_every_policy_keeps_its_bound_and_loses_nothing, 0,
        60);
    tcase_add_test(
        full, what_was_dropped_comes_back_with_the_next_trim_of_its_context);
    tcase_add_test(full, the_oldest_are_dropped_and_the_newest_stay);
    suite_add_tcase(suite, full);

    TCase *misuse = tcase_create("misuse");
    tcase_add_checked_fixture(misuse, open_world, close_world);
    tcase_add_loop_test(misuse, a_double_free_is_seen_in_a_bounded_queue, 0, 4);
    tcase_add_test(misuse, a_context_is_drained_by_its_own_thread_only);
    tcase_add_test(misuse, modes_and_policies_out_of_range_are_refused);
    suite_add_tcase(suite, misuse);

    TCase *threads = tcase_create("threads");
    tcase_add_checked_fixture(threads, open_world, close_world);
    tcase_set_timeout(threads, 120);
    tcase_add_loop_test(
        threads, many_threads_keep_the_bound_and_every_block_comes_back, 0, 4);
    tcase_add_loop_test(
        threads, blocks_of_a_thread_that_has_gone_come_back_past_a_full_queue,
        0, 4);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
