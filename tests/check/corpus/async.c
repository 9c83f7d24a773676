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

static void
load_in_the_frame(void *data)
{
    struct request *request = data;
    fa_frame *frame = fa_ctx_frame(the_app->ctx);
    char *line = fa_frame_alloc(frame, request->size, 1); /* here */
    if (line != NULL)
        memset(line, 0, request->size);
}

/* bad: FA701 */
void
async_callback_in_the_frame(struct request *request)
{
    jobs_add(load_in_the_frame, request);
}

static void
load_in_a_task(void *data)
{
    struct request *request = data;
    char *line = fa_task_alloc(the_app->ctx, the_app->task, request->size, 1);
    if (line != NULL)
        memset(line, 0, request->size);
    fa_task_free(the_app->ctx, the_app->task, line);
}

/* good */
void
async_callback_in_a_task(struct request *request)
{
    jobs_add(load_in_a_task, request);
}

/* good */
FA_ASYNC_CALLBACK
void
async_callback_with_a_frame_of_its_own(uv_timer_t *timer)
{
    struct app *app = timer->data;
    fa_frame *frame = fa_begin_frame(app->allocator);
    char *line = fa_frame_printf(frame, "%p", timer->data);
    if (line != NULL)
        puts(line);
    fa_end_frame(app->allocator);
}

/* bad: FA702 */
size_t
async_use_behind_a_yield(struct app *app)
{
    char *line = fa_frame_strdup(fa_ctx_frame(app->ctx), "loading");
    if (line == NULL)
        return 0;
    fiber_yield();
    return strlen(line); /* here */
}

/* good */
int
async_use_of_a_pinned_frame(struct app *app)
{
    fa_frame *frame = fa_ctx_frame_pin(app->ctx);
    int *steps = fa_frame_array(frame, int, 16);
    int first = 0;
    if (steps != NULL) {
        steps[0] = 3;
        swapcontext(&app->self, &app->other);
        first = steps[0];
    }
    fa_ctx_frame_unpin(app->ctx);
    return first;
}

/* bad: FA703 */
void
async_request_of_the_frame(struct app *app, const char *path)
{
    fa_frame *frame = fa_ctx_frame(app->ctx);
    struct request *request = fa_frame_new(frame, struct request);
    if (request == NULL)
        return;
    request->path = fa_frame_strdup(frame, path);
    jobs_add(request_run, request); /* here */
}

/* good */
void
async_request_of_a_task(struct app *app, const char *path)
{
    fa_frame *frame = fa_ctx_frame(app->ctx);
    char *full = fa_frame_printf(frame, "/data/%s", path);
    struct request *request = fa_task_new(app->ctx, app->task, struct request);
    if (request == NULL || full == NULL)
        return;
    request->size = strlen(full) + 1;
    request->path = fa_task_alloc(app->ctx, app->task, request->size, 1);
    if (request->path != NULL)
        memcpy(request->path, full, request->size);
    jobs_add(request_run, request);
}

/* bad: FA703 */
void
async_request_on_the_stack(struct app *app, const char *path)
{
    struct request request = {NULL, 0};
    fa_frame *frame = fa_begin_frame(app->allocator);
    request.path = fa_frame_strdup(frame, path);
    request.size = strlen(path);
    struct request *copy = fa_pool_new(app->ctx, struct request);
    if (copy != NULL) {
        *copy = request;
        jobs_add(request_run, copy); /* here */
    }
    fa_end_frame(app->allocator);
}

/* good */
void
async_request_with_a_size(struct app *app, const char *path)
{
    struct request request = {NULL, 0};
    fa_frame *frame = fa_begin_frame(app->allocator);
    request.path = fa_frame_strdup(frame, path);
    request.size = strlen(path);
    struct request *copy = fa_pool_new(app->ctx, struct request);
    if (copy != NULL) {
        *copy = request;
        copy->path = NULL;
        jobs_add(request_run, copy);
    }
    fa_end_frame(app->allocator);
}
