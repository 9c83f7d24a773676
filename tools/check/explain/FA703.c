/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Work that runs later is given frame memory, and later the frame is over. Memory
 * of a task lives until the work is done.
 */
#include <framealloc/framealloc.h>

FA_RUNS_LATER(1, 2)
void jobs_add(void (*fn)(void *data), void *data);
void run_job(void *data);

/* bad */

void
queue_number(fa_ctx *ctx)
{
    int *number = fa_frame_new(fa_ctx_frame(ctx), int);
    if (number != NULL)
        jobs_add(run_job, number);
}

/* good */

void
queue_value(fa_ctx *ctx, fa_task task)
{
    int *number = fa_task_new(ctx, task, int);
    if (number != NULL)
        jobs_add(run_job, number);
}
