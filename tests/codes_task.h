/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The programs of check_codes.c that use tasks and phases wrongly.
 */
#ifndef FA_TESTS_CODES_TASK_H
#define FA_TESTS_CODES_TASK_H

#include "support.h"

static struct test_world w;

static fa_task
begin_task(void)
{
    fa_task task;
    ck_assert_int_eq(fa_task_begin(w.ctx, NULL, &task), FA_OK);
    return task;
}

static void
end_task_twice(void)
{
    fa_task task = begin_task();
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_OK);
    ck_assert_int_eq(fa_task_end(w.ctx, task, NULL), FA_ERR_STALE);
}

static void
free_through_another_task(void)
{
    fa_task mine = begin_task();
    fa_task other = begin_task();
    fa_task_free(w.ctx, other, fa_task_alloc(w.ctx, mine, 100, 16));
    fa_task_end(w.ctx, other, NULL);
    fa_task_end(w.ctx, mine, NULL);
}

static fa_task busy;

static void
use_busy_task(void *user, const fa_event *event)
{
    (void)user;
    (void)event;
    ck_assert_int_eq(fa_task_free(w.ctx, busy, &busy), FA_ERR_THREAD);
}

static void
use_task_twice_at_once(void)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    uint64_t id;
    listener.fn = use_busy_task;
    listener.kinds = 1u << FA_EVENT_ALLOC;
    busy = begin_task();
    test_begin(&w);
    ck_assert_int_eq(fa_event_listener_add(w.allocator, &listener, &id), FA_OK);
    test_end(&w);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_task_alloc(w.ctx, busy, 100000, 16));
    fa_event_listener_remove(w.allocator, id);
    fa_task_end(w.ctx, busy, NULL);
}

static void
leave_task(void)
{
    begin_task();
    fa_allocator_destroy(w.allocator);
    w.allocator = NULL;
}

static void
misuse_phases(void)
{
    test_begin(&w);
    fa_phase_scope outer = fa_phase_begin_limited(w.ctx, "outer", KIB);
    (void)fa_phase_begin(w.ctx, "inner");
    ck_assert_ptr_null(fa_frame_alloc(w.frame, 2 * KIB, 16));
    ck_assert_int_eq(fa_phase_end(outer), FA_OK);
    for (unsigned i = 0; i <= FA_PHASE_DEPTH_MAX; i++)
        (void)fa_phase_begin(w.ctx, "deep");
    test_end(&w);
}

#endif
