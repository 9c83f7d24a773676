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
bool
thread_joined_behind_the_frame(struct crew *crew, size_t count)
{
    pthread_t thread;
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batch = fa_frame_new(frame, struct batch);
    if (batch == NULL) {
        fa_end_frame(crew->allocator);
        return false;
    }
    batch->count = count;
    int error = pthread_create(&thread, NULL, crew_run_batch, batch);
    fa_end_frame(crew->allocator); /* here */
    if (error == 0)
        pthread_join(thread, NULL);
    return error == 0;
}

/* good */
bool
thread_joined_before_the_end(struct crew *crew, size_t count)
{
    pthread_t thread;
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batch = fa_frame_new(frame, struct batch);
    if (batch == NULL) {
        fa_end_frame(crew->allocator);
        return false;
    }
    batch->count = count;
    int error = pthread_create(&thread, NULL, crew_run_batch, batch);
    if (error == 0)
        pthread_join(thread, NULL);
    fa_end_frame(crew->allocator);
    return error == 0;
}

/* bad: FA201 */
void
thread_with_frame_memory_in_its_batch(struct crew *crew, size_t count)
{
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batch = &crew->batches[0];
    batch->to = fa_frame_array(frame, float, count);
    batch->count = batch->to != NULL ? count : 0;
    crew_start(crew_run_batch, batch);
    fa_end_frame(crew->allocator); /* here */
    crew_wait();
    batch->to = NULL;
}

/* good */
void
thread_with_frame_memory_in_its_batch_waited_for(struct crew *crew,
                                                 size_t count)
{
    fa_frame *frame = fa_begin_frame(crew->allocator);
    struct batch *batch = &crew->batches[0];
    batch->to = fa_frame_array(frame, float, count);
    batch->count = batch->to != NULL ? count : 0;
    crew_start(crew_run_batch, batch);
    crew_wait();
    batch->to = NULL;
    fa_end_frame(crew->allocator);
}

/* good */
void
thread_with_a_number(struct crew *crew, pthread_t *thread)
{
    fa_frame *frame = fa_begin_frame(crew->allocator);
    uintptr_t *number = fa_frame_new(frame, uintptr_t);
    if (number != NULL) {
        *number = 7;
        pthread_create(thread, NULL, crew_run_batch, (void *)*number);
    }
    fa_end_frame(crew->allocator);
}

static void *
thread_with_the_context_of_its_maker(void *argument)
{
    struct crew *crew = argument;
    struct batch *batch = fa_pool_new(crew->ctx, struct batch); /* here */
    if (batch != NULL)
        batch->count = 1;
    crew->next = batch;
    return NULL;
}

/* bad: FA202 */
bool
thread_start_for_the_context(struct crew *crew)
{
    crew->ctx = fa_ctx_current(crew->allocator);
    return pthread_create(&crew->threads[0], NULL,
                          thread_with_the_context_of_its_maker, crew) == 0;
}

static void *
free_next(void *argument)
{
    struct crew *crew = argument;
    fa_free(fa_ctx_current(crew->allocator), crew->next);
    return NULL;
}

/* bad: FA204 */
bool
thread_that_frees_without_bound(struct crew *crew)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.drain = FA_DRAIN_EXPLICIT;
    if (fa_allocator_create(&config, &crew->allocator) != FA_OK)
        return false;
    crew->next = fa_pool_new(fa_ctx_current(crew->allocator), struct batch);
    return pthread_create(&crew->threads[0], NULL, free_next, crew) == 0;
}

static void *
free_bounded(void *argument)
{
    struct crew *crew = argument;
    fa_free(fa_ctx_current(crew->allocator), crew->next);
    return NULL;
}

/* good */
bool
thread_that_frees_with_a_bound(struct crew *crew)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.queue_capacity = 1024;
    config.queue_full = FA_QUEUE_PROCESS;
    if (fa_allocator_create(&config, &crew->allocator) != FA_OK)
        return false;
    crew->next = fa_pool_new(fa_ctx_current(crew->allocator), struct batch);
    return pthread_create(&crew->threads[0], NULL, free_bounded, crew) == 0;
}

static void *
work_and_end(void *argument)
{
    struct crew *crew = argument;
    float *values = fa_frame_array(
        fa_ctx_frame(fa_ctx_current(crew->allocator)), float, 16);
    if (values != NULL)
        values[0] = 1;
    fa_end_frame(crew->allocator);
    return NULL;
}

/* bad: FA205 */
void
thread_each_of_which_ends_the_frame(struct crew *crew)
{
    fa_begin_frame(crew->allocator);
    for (int i = 0; i < 4; i++)
        pthread_create(&crew->threads[i], NULL, work_and_end, crew);
    for (int i = 0; i < 4; i++)
        pthread_join(crew->threads[i], NULL);
}

static void *
work_in_own_frames(void *argument)
{
    struct crew *crew = argument;
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *ctx;
    config.own_frames = true;
    if (fa_ctx_create(crew->allocator, &config, &ctx) != FA_OK)
        return NULL;
    fa_frame *frame = fa_ctx_begin_frame(ctx);
    float *values = fa_frame_array(frame, float, 16);
    if (values != NULL)
        values[0] = 1;
    fa_ctx_end_frame(ctx);
    fa_ctx_destroy(ctx);
    return NULL;
}

/* good */
void
thread_each_of_which_ends_its_own_frame(struct crew *crew)
{
    for (int i = 0; i < 4; i++)
        pthread_create(&crew->threads[i], NULL, work_in_own_frames, crew);
    for (int i = 0; i < 4; i++)
        pthread_join(crew->threads[i], NULL);
}

/* bad: FA206 */
bool
thread_transfer_that_is_dropped(fa_ctx *ctx)
{
    struct batch *batch = fa_pool_new(ctx, struct batch);
    fa_transfer transfer;
    if (batch == NULL)
        return false;
    batch->count = 4;
    return fa_transfer_send(ctx, batch, sizeof(*batch), &transfer) == FA_OK;
}

/* good */
size_t
thread_transfer_that_is_received(struct crew *crew)
{
    size_t size = 0;
    struct batch *batch = fa_transfer_receive(crew->ctx, crew->sent, &size);
    if (batch == NULL)
        return 0;
    size_t count = batch->count;
    fa_free(crew->ctx, batch);
    return count;
}

static void *
run_in_a_made_context(void *argument)
{
    struct crew *crew = argument;
    struct batch *batch = fa_pool_new(crew->ctx, struct batch);
    if (batch != NULL)
        batch->count = 1;
    fa_free(crew->ctx, batch);
    fa_ctx_destroy(crew->ctx);
    return NULL;
}

/* good */
bool
thread_start_with_a_made_context(struct crew *crew)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.name = "loader";
    if (fa_ctx_create(crew->allocator, &config, &crew->ctx) != FA_OK)
        return false;
    return pthread_create(&crew->threads[3], NULL, run_in_a_made_context,
                          crew) == 0;
}
