/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: blocks of pools, heap and tasks that are used
 * or freed after they were freed.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
    struct job *next;
    void *input;
    int priority;
    bool is_done;
};

struct queue {
    fa_ctx *ctx;
    fa_task task;
    struct job *first, *idle;
    size_t count;
};

/* The cases. */

/* bad: FA609 */
bool
twice_freed_at_the_end(struct queue *queue, FILE *file)
{
    bool is_ok = false;
    char *text = fa_heap_alloc(queue->ctx, 4096, 1);
    if (text == NULL)
        return false;
    if (fgets(text, 4096, file) == NULL) {
        fa_heap_free(queue->ctx, text);
        goto done;
    }
    is_ok = text[0] == '#';
done:
    fa_heap_free(queue->ctx, text); /* here */
    return is_ok;
}

/* good */
bool
twice_freed_but_cleared(struct queue *queue, FILE *file)
{
    bool is_ok = false;
    char *text = fa_heap_alloc(queue->ctx, 4096, 1);
    if (text == NULL)
        return false;
    if (fgets(text, 4096, file) == NULL) {
        fa_heap_free(queue->ctx, text);
        text = NULL;
        goto done;
    }
    is_ok = text[0] == '#';
done:
    fa_heap_free(queue->ctx, text);
    return is_ok;
}

static void
job_free(struct queue *queue, struct job *job)
{
    queue->count--;
    fa_heap_free(queue->ctx, job->input);
    fa_free(queue->ctx, job);
}

/* bad: FA609 */
void
twice_behind_a_helper(struct queue *queue, struct job *job)
{
    if (job->is_done)
        job_free(queue, job);
    job->priority = 0; /* here */
}

static void
job_finish(struct queue *queue, struct job *job)
{
    queue->count--;
    job->is_done = true;
    if (queue->idle == NULL)
        queue->idle = job;
}

/* good */
void
twice_not_behind_a_helper(struct queue *queue, struct job *job)
{
    if (job->is_done)
        job_finish(queue, job);
    job->priority = 0;
}

/* bad: FA609 */
void
twice_freed_by_two_names(struct queue *queue)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    struct job *best = job;
    if (job == NULL)
        return;
    job->priority = 1;
    fa_free(queue->ctx, best);
    fa_free(queue->ctx, job); /* here */
}

/* good */
void
twice_freed_by_two_names_of_two(struct queue *queue)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    struct job *best = job;
    if (job == NULL)
        return;
    best = fa_pool_new(queue->ctx, struct job);
    fa_free(queue->ctx, best);
    fa_free(queue->ctx, job);
}

/* bad: FA609 */
uint32_t
twice_use_of_a_released_share(fa_ctx *ctx)
{
    int *shared = fa_rc_new(ctx, int, NULL);
    if (shared == NULL)
        return 0;
    *shared = 4;
    fa_rc_release(ctx, shared);
    return (uint32_t)*shared; /* here */
}

/* good */
uint32_t
twice_use_of_a_share_that_is_left(fa_ctx *ctx)
{
    int *shared = fa_rc_new(ctx, int, NULL);
    if (shared == NULL)
        return 0;
    int *mine = fa_rc_share(ctx, int, shared);
    fa_rc_release(ctx, shared);
    uint32_t value = (uint32_t)*mine;
    fa_rc_release(ctx, mine);
    return value;
}

/* bad: FA609 */
void
twice_freed_from_the_task(struct queue *queue, bool is_urgent)
{
    struct job *job = fa_task_new(queue->ctx, queue->task, struct job);
    if (job == NULL)
        return;
    if (is_urgent)
        fa_task_free(queue->ctx, queue->task, job);
    fa_task_free(queue->ctx, queue->task, job); /* here */
}

/* good */
void
twice_freed_from_the_task_in_branches(struct queue *queue, bool is_urgent)
{
    struct job *job = fa_task_new(queue->ctx, queue->task, struct job);
    if (job == NULL)
        return;
    if (is_urgent) {
        fa_task_free(queue->ctx, queue->task, job);
        return;
    }
    job->priority = 1;
    fa_task_free(queue->ctx, queue->task, job);
}

static int
queue_weight(const struct queue *queue, const struct job *unused)
{
    (void)unused;
    return (int)queue->count;
}

/* good */
int
twice_name_of_a_freed_job(struct queue *queue, struct job *job)
{
    bool is_first = job == queue->first;
    if (is_first)
        queue->first = job->next;
    fa_free(queue->ctx, job);
    return queue_weight(queue, job) + is_first;
}
