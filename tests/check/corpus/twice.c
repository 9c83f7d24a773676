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
int
twice_use_of_a_freed_job(struct queue *queue)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    if (job == NULL)
        return 0;
    job->priority = 3;
    fa_free(queue->ctx, job);
    return job->priority; /* here */
}

/* good */
int
twice_use_of_a_job_before_its_free(struct queue *queue)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    if (job == NULL)
        return 0;
    job->priority = 3;
    int priority = job->priority;
    fa_free(queue->ctx, job);
    return priority;
}

/* bad: FA609 */
void
twice_next_of_a_freed_job(struct queue *queue)
{
    for (struct job *job = queue->first; job != NULL; job = job->next)
        fa_pool_delete(queue->ctx, struct job, job);
    queue->first = NULL;
}

/* good */
void
twice_next_of_a_job_before_its_free(struct queue *queue)
{
    struct job *next;
    for (struct job *job = queue->first; job != NULL; job = next) {
        next = job->next;
        fa_pool_delete(queue->ctx, struct job, job);
    }
    queue->first = NULL;
}

/* bad: FA609 */
bool
twice_use_of_the_old_block(struct queue *queue, size_t size)
{
    char *text = fa_heap_alloc(queue->ctx, 64, 1);
    if (text == NULL)
        return false;
    char *end = text + 10;
    char *longer = fa_heap_realloc(queue->ctx, text, size, 1);
    if (longer == NULL) {
        fa_heap_free(queue->ctx, text);
        return false;
    }
    *end = 0; /* here */
    fa_heap_free(queue->ctx, longer);
    return true;
}

/* good */
bool
twice_use_of_the_new_block(struct queue *queue, size_t size)
{
    char *text = fa_heap_alloc(queue->ctx, 64, 1);
    if (text == NULL)
        return false;
    size_t end = 10;
    char *longer = fa_heap_realloc(queue->ctx, text, size, 1);
    if (longer == NULL) {
        text[end] = 0;
        fa_heap_free(queue->ctx, text);
        return false;
    }
    longer[end] = 0;
    fa_heap_free(queue->ctx, longer);
    return true;
}

/* bad: FA609 */
int
twice_when_flags_differ(struct queue *queue, bool is_owned, bool is_shown)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    int priority = 0;
    if (job == NULL)
        return 0;
    if (is_owned)
        fa_free(queue->ctx, job);
    if (is_shown)
        priority = job->priority; /* here */
    if (!is_owned)
        fa_free(queue->ctx, job);
    return priority;
}

/* good */
int
twice_when_flags_agree(struct queue *queue, bool is_owned, bool is_shown)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    int priority = 0;
    if (job == NULL)
        return 0;
    if (is_owned)
        fa_free(queue->ctx, job);
    if (is_shown && !is_owned)
        priority = job->priority;
    if (!is_owned)
        fa_free(queue->ctx, job);
    return priority;
}

/* bad: FA609 */
bool
twice_use_of_a_freed_handle(fa_handle_space *space)
{
    fa_handle handle = fa_handle_alloc(space, 64, 16, 0);
    fa_handle_free(space, handle);
    float *values = fa_handle_resolve(space, handle); /* here */
    return values != NULL && values[0] > 0;
}

/* good */
bool
twice_use_of_another_handle(fa_handle_space *space)
{
    fa_handle handle = fa_handle_alloc(space, 64, 16, 0);
    fa_handle other = fa_handle_alloc(space, 64, 16, 0);
    fa_handle_free(space, handle);
    handle = other;
    float *values = fa_handle_resolve(space, handle);
    bool is_set = values != NULL && values[0] > 0;
    fa_handle_free(space, handle);
    return is_set;
}

/* bad: FA609 */
void
twice_in_a_loop(struct queue *queue, int retries)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    for (int i = 0; i < retries && job != NULL; i++) {
        job->priority = i; /* here */
        if (job->priority > 2)
            fa_free(queue->ctx, job);
    }
}

/* good */
void
twice_in_a_loop_that_breaks(struct queue *queue, int retries)
{
    struct job *job = fa_pool_new(queue->ctx, struct job);
    for (int i = 0; i < retries && job != NULL; i++) {
        job->priority = i;
        if (job->priority > 2) {
            fa_free(queue->ctx, job);
            job = NULL;
        }
    }
    fa_free(queue->ctx, job);
}

/* good */
int
twice_field_of_a_freed_job_by_value(struct queue *queue)
{
    struct job *job = queue->first;
    if (job == NULL)
        return -1;
    struct job copy = *job;
    queue->first = job->next;
    fa_free(queue->ctx, job);
    job = &copy;
    return job->priority;
}
