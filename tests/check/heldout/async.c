/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: work that runs later, and threads whose stack
 * is switched.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucontext.h>
#include <uv.h>

struct request {
    char *path;
    size_t size;
};

struct app {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_task task;
    uv_loop_t *loop;
    ucontext_t self, other;
};

FA_RUNS_LATER(1, 2)
void jobs_add(void (*fn)(void *data), void *data);
void jobs_run_all(void);
FA_SUSPENDS
void fiber_yield(void);
void request_run(void *data);
void request_work(uv_work_t *work);
void request_after(uv_work_t *work, int status);
extern struct app *const the_app;

/* The cases. */

/* bad: FA701 */
FA_ASYNC_CALLBACK
void
async_callback_that_is_annotated(uv_timer_t *timer)
{
    struct app *app = timer->data;
    char *line =
        fa_frame_printf(fa_ctx_frame(app->ctx), "%p", timer->data); /* here */
    if (line != NULL)
        puts(line);
}

/* good */
FA_ASYNC_CALLBACK
void
async_callback_with_scratch_memory(uv_timer_t *timer)
{
    struct app *app = timer->data;
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(app->ctx, NULL, 0))
    {
        char *line = fa_frame_printf(tmp, "%p", timer->data);
        if (line != NULL)
            puts(line);
    }
}

/* good */
size_t
async_use_before_a_yield(struct app *app)
{
    char *line = fa_frame_strdup(fa_ctx_frame(app->ctx), "loading");
    if (line == NULL)
        return 0;
    size_t length = strlen(line);
    fiber_yield();
    line = fa_frame_strdup(fa_ctx_frame(app->ctx), "loaded");
    return line != NULL ? length + strlen(line) : length;
}

/* bad: FA702 */
int
async_use_behind_swapcontext(struct app *app, int count)
{
    int *steps = fa_frame_array(fa_ctx_frame(app->ctx), int, 16);
    if (steps == NULL)
        return 0;
    for (int i = 0; i < count; i++) {
        steps[i & 15] = i; /* here */
        swapcontext(&app->self, &app->other);
    }
    return 0;
}

/* good */
int
async_use_of_task_memory(struct app *app, int count)
{
    int *steps = fa_task_array(app->ctx, app->task, int, 16);
    if (steps == NULL)
        return 0;
    for (int i = 0; i < count; i++) {
        steps[i & 15] = i;
        swapcontext(&app->self, &app->other);
    }
    int first = steps[0];
    fa_task_free(app->ctx, app->task, steps);
    return first;
}

/* bad: FA703 */
int
async_uv_work_of_the_frame(struct app *app)
{
    fa_frame *frame = fa_begin_frame(app->allocator);
    uv_work_t *work = fa_frame_new(frame, uv_work_t);
    int error = UV_ENOMEM;
    if (work != NULL)
        error = uv_queue_work(app->loop, work, request_work, /* here */
                              request_after);
    fa_end_frame(app->allocator);
    return error;
}

/* good */
int
async_uv_work_of_the_heap(struct app *app)
{
    fa_frame *frame = fa_begin_frame(app->allocator);
    int *priority = fa_frame_new(frame, int);
    uv_work_t *work =
        fa_heap_alloc(app->ctx, sizeof(*work), _Alignof(uv_work_t));
    int error = UV_ENOMEM;
    if (work != NULL && priority != NULL)
        error = uv_queue_work(app->loop, work, request_work, request_after);
    if (error != 0)
        fa_heap_free(app->ctx, work);
    fa_end_frame(app->allocator);
    return error;
}
