/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A callback runs when its event comes: between two frames, or in the middle of
 * one of someone else. Frame memory is then not there, or gone before the work
 * is. Memory of a task lives as long as the work.
 */
#include <framealloc/framealloc.h>

struct request {
    fa_ctx *ctx;
    fa_task task;
    char *buffer;
};

/* bad */

FA_ASYNC_CALLBACK
void
on_readable(struct request *request)
{
    request->buffer = fa_frame_alloc(fa_ctx_frame(request->ctx), 512, 16);
    if (request->buffer != NULL)
        request->buffer[0] = 0;
    request->buffer = NULL;
}

/* good */

FA_ASYNC_CALLBACK
void
on_data(struct request *request)
{
    request->buffer = fa_task_alloc(request->ctx, request->task, 512, 16);
    if (request->buffer != NULL)
        request->buffer[0] = 0;
}
