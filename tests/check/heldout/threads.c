/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: memory and contexts of several threads.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct batch {
    const float *from;
    float *to;
    size_t count;
};

struct crew {
    fa_allocator *allocator;
    fa_ctx *ctx;
    fa_barrier *barrier;
    pthread_t threads[4];
    struct batch batches[4];
    struct batch *next;
    fa_transfer sent;
};

void *crew_run_batch(void *argument);
FA_STARTS_THREAD(1, 2)
void crew_start(void *(*fn)(void *), void *data);
FA_JOINS_THREADS
void crew_wait(void);

/* The cases. */

/* bad: FA201 */
void
thread_that_is_detached(struct crew *crew, const float *from, size_t count)
{
    pthread_t thread;
    fa_frame *frame = fa_begin_frame(crew->allocator);
    float *copy = fa_frame_array_raw(frame, float, count);
    if (copy != NULL) {
        memcpy(copy, from, count * sizeof(*copy));
        if (pthread_create(&thread, NULL, crew_run_batch, copy) == 0)
            pthread_detach(thread);
    }
    fa_end_frame(crew->allocator); /* here */
}

/* good */
void
thread_that_is_detached_with_pool_memory(struct crew *crew, size_t count)
{
    pthread_t thread;
    fa_frame *frame = fa_begin_frame(crew->allocator);
    float *scratch = fa_frame_array_raw(frame, float, count);
    struct batch *batch = fa_pool_new(crew->ctx, struct batch);
    if (scratch != NULL && batch != NULL) {
        batch->count = count;
        if (pthread_create(&thread, NULL, crew_run_batch, batch) == 0) {
            pthread_detach(thread);
            batch = NULL;
        }
    }
    fa_free(crew->ctx, batch);
    fa_end_frame(crew->allocator);
}

/* bad: FA201 */
void
thread_per_batch_joined_too_late(struct crew *crew)
{
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batches = fa_frame_array(frame, struct batch, 4);
    for (int i = 0; i < 4 && batches != NULL; i++)
        pthread_create(&crew->threads[i], NULL, crew_run_batch, &batches[i]);
    fa_end_frame(crew->allocator); /* here */
    for (int i = 0; i < 4 && batches != NULL; i++)
        pthread_join(crew->threads[i], NULL);
}

/* good */
void
thread_per_batch_joined_in_time(struct crew *crew)
{
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batches = fa_frame_array(frame, struct batch, 4);
    for (int i = 0; i < 4 && batches != NULL; i++)
        pthread_create(&crew->threads[i], NULL, crew_run_batch, &batches[i]);
    for (int i = 0; i < 4 && batches != NULL; i++)
        pthread_join(crew->threads[i], NULL);
    fa_end_frame(crew->allocator);
}

static void *
thread_with_a_context_in_its_arguments(void *argument)
{
    fa_ctx *ctx = argument;
    int *values = fa_heap_alloc(ctx, 4096, 16); /* here */
    if (values != NULL)
        values[0] = 1;
    fa_heap_free(ctx, values);
    return NULL;
}

/* bad: FA202 */
bool
thread_start_with_a_context(struct crew *crew)
{
    return pthread_create(&crew->threads[1], NULL,
                          thread_with_a_context_in_its_arguments,
                          fa_ctx_current(crew->allocator)) == 0;
}

static void *
thread_with_a_context_of_its_own(void *argument)
{
    struct crew *crew = argument;
    fa_ctx *ctx = fa_ctx_current(crew->allocator);
    struct batch *batch = fa_pool_new(ctx, struct batch);
    if (batch != NULL)
        batch->count = 1;
    fa_free(ctx, batch);
    return NULL;
}

/* good */
bool
thread_start_without_context(struct crew *crew)
{
    crew->ctx = fa_ctx_current(crew->allocator);
    return pthread_create(&crew->threads[2], NULL,
                          thread_with_a_context_of_its_own, crew) == 0;
}

static void *
work_only(void *argument)
{
    struct crew *crew = argument;
    float *values = fa_frame_array(
        fa_ctx_frame(fa_ctx_current(crew->allocator)), float, 16);
    if (values != NULL)
        values[0] = 1;
    return NULL;
}

/* good */
void
thread_of_many_that_ends_the_frame(struct crew *crew)
{
    fa_begin_frame(crew->allocator);
    for (int i = 0; i < 4; i++)
        pthread_create(&crew->threads[i], NULL, work_only, crew);
    for (int i = 0; i < 4; i++)
        pthread_join(crew->threads[i], NULL);
    fa_end_frame(crew->allocator);
}

/* good */
bool
thread_transfer_that_is_stored(struct crew *crew)
{
    struct batch *batch = fa_pool_new(crew->ctx, struct batch);
    fa_transfer transfer;
    if (batch == NULL)
        return false;
    if (fa_transfer_send(crew->ctx, batch, sizeof(*batch), &transfer) !=
        FA_OK) {
        fa_free(crew->ctx, batch);
        return false;
    }
    crew->sent = transfer;
    return true;
}

/* bad: FA206 */
bool
thread_transfer_that_is_lost_on_error(struct crew *crew, FILE *out)
{
    struct batch *batch = fa_pool_new(crew->ctx, struct batch);
    fa_transfer transfer;
    if (batch == NULL)
        return false;
    if (fa_transfer_send(crew->ctx, batch, sizeof(*batch), &transfer) !=
        FA_OK) {
        fa_free(crew->ctx, batch);
        return false;
    }
    if (fputs("sent\n", out) < 0)
        return false; /* here */
    crew->sent = transfer;
    return true;
}

/* good */
bool
thread_transfer_that_is_released(struct crew *crew, FILE *out)
{
    struct batch *batch = fa_pool_new(crew->ctx, struct batch);
    fa_transfer transfer;
    if (batch == NULL)
        return false;
    if (fa_transfer_send(crew->ctx, batch, sizeof(*batch), &transfer) !=
        FA_OK) {
        fa_free(crew->ctx, batch);
        return false;
    }
    if (fputs("sent\n", out) < 0) {
        fa_transfer_release(crew->ctx, transfer);
        return false;
    }
    crew->sent = transfer;
    return true;
}
