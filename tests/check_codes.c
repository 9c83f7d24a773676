/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Every number of the registry is emitted by a program here; a number without
 * one fails.
 */
#include "codes_task.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const uint32_t registry[] = {
#define TEST_NUMBER(number, severity, text, cure) number,
    FA_DIAG_LIST(TEST_NUMBER)
#undef TEST_NUMBER
};

/* --- programs --- */

static void
alloc_without_frame(void)
{
    ck_assert_ptr_null(fa_frame_alloc(fa_ctx_frame(w.ctx), 16, 16));
}

/* Guard 2 reports a fault on stderr; see run_child(). */
static void
touch_dead_frame(void)
{
    test_begin(&w);
    char *block = fa_frame_alloc(w.frame, 100, 16);
    test_end(&w);
    test_write(block, 1);
}

static void
ask_too_much(void)
{
    test_begin(&w);
    ck_assert_ptr_null(
        fa_frame_alloc(w.frame, test_size(SIZE_MAX / 8 * 7), 16));
}

static void
fail_snapshot(void)
{
    fa_snapshot_config config = FA_SNAPSHOT_CONFIG_INIT;
    config.folder = "/dev/null/none";
    config.interval_ms = 1;
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_OK);
    while (w.log.count == 0) {
        test_begin(&w);
        test_end(&w);
    }
}

static void
end_alone(void)
{
    test_end(&w);
}

static void
outgrow(void)
{
    test_begin(&w);
    for (int i = 0; i < 100; i++)
        ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 4000, 16));
}

static void
use_old_mark(void)
{
    test_begin(&w);
    fa_mark mark = fa_frame_checkpoint(w.frame);
    test_end(&w);
    test_begin(&w);
    ck_assert_int_ne(fa_frame_rollback(w.frame, mark), FA_OK);
}

static void
pin_too_long(void)
{
    test_begin(&w);
    fa_ctx_frame_pin(w.ctx);
    test_end(&w);
    test_begin(&w);
    fa_ctx_frame(w.ctx);
    fa_ctx_frame_unpin(w.ctx);
}

static void
free_foreign(void)
{
    int local;
    fa_free(w.ctx, &local);
}

static void
write_past(void)
{
    char *block = fa_heap_alloc(w.ctx, 16, 16);
    test_write(block + 16, 1);
    fa_free(w.ctx, block);
}

static void
give_zeroes(void)
{
    fa_budget budget;
    memset(&budget, 0, sizeof(budget));
    ck_assert_int_ne(
        fa_budget_set(w.allocator, FA_BUDGET_ALLOCATOR, 0, &budget), FA_OK);
}

static void
do_nothing(void)
{
}

static void
align_badly(void)
{
    test_begin(&w);
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 16, test_size(48)));
}

static void
pop_alone(void)
{
    fa_tag_pop(w.ctx);
}

static void
zero_too_much(void)
{
    ck_assert_ptr_null(fa_pool_zalloc(fa_ctx_pool(w.ctx, 16, 16), 64));
}

static void
write_freed(void)
{
    char *block = fa_heap_alloc(w.ctx, 16, 16);
    fa_free(w.ctx, block);
    test_write(block, 1);
    test_close(&w);
}

static void *
free_all_in_thread(void *blocks)
{
    void **block = blocks;
    for (int i = 0; i < 3; i++)
        fa_free(fa_ctx_current(w.allocator), block[i]);
    return NULL;
}

static void
fill_queue(void)
{
    void *block[3];
    for (int i = 0; i < 3; i++)
        block[i] = fa_heap_alloc(w.ctx, 20000, 16);
    test_run_thread(free_all_in_thread, block);
}

static void *
use_foreign_ctx(void *arg)
{
    (void)arg;
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 20000, 16));
    return NULL;
}

static void
share_ctx(void)
{
    test_run_thread(use_foreign_ctx, NULL);
}

static void
pass_limit(void)
{
    test_limit(w.allocator, FA_BUDGET_ALLOCATOR, 0, 16);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 20000, 16));
}

static void
pass_tag_limit(void)
{
    fa_tag tag = fa_tag_register(w.allocator, "t");
    test_limit(w.allocator, FA_BUDGET_TAG, tag, 16);
    fa_tag_push(w.ctx, tag);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 20000, 16));
}

static void
pass_ctx_limit(void)
{
    test_limit(w.allocator, FA_BUDGET_CTX, fa_ctx_id(w.ctx), 16);
    ck_assert_ptr_null(fa_heap_alloc(w.ctx, 20000, 16));
}

static void
arrive_twice(void)
{
    fa_barrier *barrier;
    fa_barrier_member member = FA_BARRIER_MEMBER_INIT;
    ck_assert_int_eq(fa_barrier_create(w.ctx, 2, &barrier), FA_OK);
    ck_assert_int_eq(fa_barrier_arrive(barrier, &member), FA_OK);
    ck_assert_int_ne(fa_barrier_arrive(barrier, &member), FA_OK);
    fa_barrier_destroy(w.ctx, barrier);
}

static void *
wait_for_nobody(void *barrier)
{
    ck_assert_int_ne(fa_barrier_wait(barrier, 0, FA_BARRIER_FOREVER), FA_OK);
    return NULL;
}

static void
destroy_too_early(void)
{
    pthread_t thread;
    fa_barrier *barrier;
    fa_barrier_stats stats = FA_BARRIER_STATS_INIT;
    ck_assert_int_eq(fa_barrier_create(w.ctx, 1, &barrier), FA_OK);
    pthread_create(&thread, NULL, wait_for_nobody, barrier);
    while (stats.waiting == 0) {
        sched_yield();
        fa_barrier_stats_read(barrier, &stats);
    }
    fa_barrier_destroy(w.ctx, barrier);
    pthread_join(thread, NULL);
}

static void
release_too_often(void)
{
    void *object = fa_rc_alloc(w.ctx, 100, 16, NULL);
    fa_rc_release(w.ctx, object);
    fa_rc_release(w.ctx, object);
}

static void
forget_transfer(void)
{
    fa_transfer transfer;
    void *block = fa_heap_alloc(w.ctx, 100, 16);
    ck_assert_int_eq(fa_transfer_send(w.ctx, block, 100, &transfer), FA_OK);
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
}

static void
receive_nothing(void)
{
    fa_transfer transfer = {1};
    ck_assert_ptr_null(fa_transfer_receive(w.ctx, transfer, NULL));
}

static void
use_dead_scratch(void)
{
    fa_scratch scratch;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "s", NULL, &scratch),
                     FA_OK);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    ck_assert_int_ne(fa_scratch_reset(scratch), FA_OK);
}

static fa_handle_space *
make_space(void)
{
    fa_handle_space *space;
    ck_assert_int_eq(fa_handle_space_create(w.allocator, NULL, &space), FA_OK);
    return space;
}

static void
use_stale_handle(void)
{
    fa_handle_space *space = make_space();
    ck_assert_ptr_null(fa_handle_resolve(space, 12345));
    fa_handle_space_destroy(space);
}

static void
leave_handle(void)
{
    fa_handle_space *space = make_space();
    ck_assert_uint_ne(fa_handle_alloc(space, 10, 16, FA_HANDLE_FIXED), 0);
    fa_handle_space_destroy(space);
}

static void
pass_stream_budget(void)
{
    fa_stream *stream;
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    config.budget = 1000;
    ck_assert_int_eq(fa_stream_create(w.allocator, &config, &stream), FA_OK);
    ck_assert_uint_eq(
        fa_stream_reserve(stream, 1001, FA_STREAM_CRITICAL, FA_TAG_NONE),
        FA_STREAM_ASSET_NONE);
    fa_stream_destroy(stream);
}

static void
unpin_alone(void)
{
    fa_handle_space *space = make_space();
    fa_handle handle = fa_handle_alloc(space, 10, 16, FA_HANDLE_FIXED);
    ck_assert_int_ne(fa_handle_unpin(space, handle), FA_OK);
    fa_handle_free(space, handle);
    fa_handle_space_destroy(space);
}

static void
end_scope_twice(void)
{
    test_begin(&w);
    fa_scratch_scope scope = fa_scratch_begin(w.ctx, NULL, 0);
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    ck_assert_int_ne(fa_scratch_end(scope), FA_OK);
}

static void
leave_scope_open(void)
{
    test_begin(&w);
    (void)fa_scratch_begin(w.ctx, NULL, 0);
    test_end(&w);
    test_begin(&w);
    (void)fa_scratch_begin(w.ctx, NULL, 0);
}

static void
conflict_with_both(void)
{
    test_begin(&w);
    fa_frame *frames[2];
    fa_scratch_scope first = fa_scratch_begin(w.ctx, NULL, 0);
    frames[0] = first.frame;
    fa_scratch_scope second = fa_scratch_begin(w.ctx, frames, 1);
    frames[1] = second.frame;
    (void)fa_scratch_begin(w.ctx, frames, 2);
    fa_scratch_end(second);
    fa_scratch_end(first);
}

static void
retain_for_pool(size_t size, void *block)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    fa_status status = fa_frame_retain(w.frame, block, size, &how);
    ck_assert(status == FA_OK || status == FA_ERR_USAGE);
}

static void
retain_too_much(void)
{
    test_begin(&w);
    retain_for_pool(20000, fa_frame_alloc(w.frame, 20000, 16));
    test_end(&w);
}

static void
retain_foreign(void)
{
    int local;
    test_begin(&w);
    retain_for_pool(sizeof(local), &local);
}

static void
frames_of(void (*traffic)(void))
{
    fa_behavior low = {sizeof(low), 0, 0, 0, 0, 0, 1};
    ck_assert_int_eq(fa_behavior_set(w.allocator, &low), FA_OK);
    for (int i = 0; i < 60; i++) {
        test_begin(&w);
        traffic();
        test_end(&w);
    }
}

static void
promote(void)
{
    ck_assert_ptr_nonnull(fa_frame_alloc(w.frame, 16, 16));
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 16, 16));
    fa_behavior_promoted(w.ctx);
}

static void
promote_always(void)
{
    frames_of(promote);
}

static void
churn(void)
{
    fa_free(w.ctx, fa_heap_alloc(w.ctx, 16, 16));
    fa_free(w.ctx, fa_heap_alloc(w.ctx, 20000, 16));
}

static void
churn_always(void)
{
    frames_of(churn);
}

static void
use_ended_frame(void)
{
    fa_ctx *worker;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &worker), FA_OK);
    test_begin(&w);
    fa_frame *frame = fa_ctx_frame(worker);
    test_end(&w);
    ck_assert_ptr_null(fa_frame_alloc(frame, 200000, 16));
    fa_ctx_destroy(worker);
}

static void
free_frame_memory(void)
{
    test_begin(&w);
    fa_free(w.ctx, fa_frame_alloc(w.frame, 200000, 16));
}

static void
free_twice(void)
{
    void *block = fa_heap_alloc(w.ctx, 64, 16);
    fa_free(w.ctx, block);
    fa_free(w.ctx, block);
}

static void
leak(void)
{
    ck_assert_ptr_nonnull(fa_heap_alloc(w.ctx, 20000, 16));
    test_close(&w);
}

struct program {
    uint32_t number;
    int guard;
    void (*run)(void);
    const char *options; /* Then it runs in a child. */
};

static const struct program programs[] = {
    {1, 0, alloc_without_frame, NULL},
    {2, 2, touch_dead_frame, "report=1"},
    {3, 0, ask_too_much, NULL},
    {4, 0, end_alone, NULL},
    {5, 0, outgrow, NULL},
    {6, 0, use_old_mark, NULL},
    {7, 0, pin_too_long, NULL},
    {8, 0, free_foreign, NULL},
    {9, 1, write_past, NULL},
    {10, 0, give_zeroes, NULL},
    {11, 0, do_nothing, "colour=red"},
    {12, 0, do_nothing, "suppress=100"},
    {13, 0, align_badly, NULL},
    {14, 0, pop_alone, NULL},
    {15, 0, zero_too_much, NULL},
    {16, 1, write_freed, NULL},
    {17, 0, fill_queue, NULL},
    {18, 0, fail_snapshot, NULL},
    {211, 0, share_ctx, NULL},
    {221, 0, arrive_twice, NULL},
    {222, 0, destroy_too_early, NULL},
    {231, 0, forget_transfer, NULL},
    {232, 0, receive_nothing, NULL},
    {241, 1, release_too_often, NULL},
    {251, 0, end_task_twice, NULL},
    {252, 0, free_through_another_task, NULL},
    {253, 0, use_task_twice_at_once, NULL},
    {254, 0, leave_task, NULL},
    {311, 0, pass_limit, NULL},
    {312, 0, pass_tag_limit, NULL},
    {313, 0, pass_ctx_limit, NULL},
    {314, 0, misuse_phases, NULL},
    {401, 0, use_stale_handle, NULL},
    {402, 0, pass_stream_budget, NULL},
    {403, 0, leave_handle, NULL},
    {404, 0, unpin_alone, NULL},
    {421, 0, use_dead_scratch, NULL},
    {422, 0, end_scope_twice, NULL},
    {423, 0, leave_scope_open, NULL},
    {424, 0, conflict_with_both, NULL},
    {431, 0, retain_too_much, NULL},
    {432, 0, retain_foreign, NULL},
    {441, 0, misuse_phases, NULL},
    {442, 0, misuse_phases, NULL},
    {443, 0, misuse_phases, NULL},
    {501, 0, promote_always, NULL},
    {502, 0, promote_always, NULL},
    {510, 0, churn_always, NULL},
    {520, 0, promote_always, NULL},
    {530, 0, churn_always, NULL},
    {606, 0, use_ended_frame, NULL},
    {608, 0, free_frame_memory, NULL},
    {609, 0, free_twice, NULL},
    {610, 0, leak, NULL},
};

static const struct program *
find_program(uint32_t number)
{
    for (size_t i = 0; i < COUNT(programs); i++)
        if (programs[i].number == number)
            return &programs[i];
    return NULL;
}

/* Modules send these, which have tests of their own for them; 999 is never to
 * be seen. */
static void
send_by_module(uint32_t number)
{
    ck_assert((number >= 551 && number <= 557) || number == 918 ||
              number == 999);
    test_open_guard(&w, FA_GUARD_OFF);
    fa_diag_send(w.allocator, number, NULL, "from a test");
    ck_assert_only_diag(&w.log, number);
    test_close(&w);
}

static void
open_for(const struct program *program)
{
    test_prepare(&w);
    w.config.guard =
        program->guard == 0 ? FA_GUARD_OFF : (fa_guard)program->guard;
    w.config.frame_reserve = 64 * KIB;
    w.config.queue_capacity = 1;
    w.config.queue_full = FA_QUEUE_FAIL;
    w.config.report = program->number == 2;
    if (program->options != NULL)
        w.config.diag = NULL;
    test_open(&w);
}

static void
run_in_child(void *arg)
{
    const struct program *program = arg;
    setenv("FRAMEALLOC_OPTIONS", program->options, 1);
    open_for(program);
    program->run();
}

START_TEST(every_number_of_the_registry_is_emitted_by_a_program)
{
    const struct program *program = find_program(registry[_i]);
    if (program == NULL) {
        send_by_module(registry[_i]);
        return;
    }
    if (program->guard != 0 && test_is_watched())
        return;
    if (program->options != NULL) {
        static struct test_child child;
        char wanted[16];
        snprintf(wanted, sizeof(wanted), "FA%03u", (unsigned)program->number);
        test_run_child(&child, run_in_child, (void *)(uintptr_t)program);
        ck_assert_uint_ge(test_child_lines(&child, wanted), 1);
        return;
    }
    open_for(program);
    program->run();
    ck_assert_uint_ge(test_log_count(&w.log, program->number), 1);
    test_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("codes");
    TCase *codes = tcase_create("misuse");
    tcase_add_loop_test(codes,
                        every_number_of_the_registry_is_emitted_by_a_program, 0,
                        (int)COUNT(registry));
    suite_add_tcase(suite, codes);
    return test_main(suite);
}
