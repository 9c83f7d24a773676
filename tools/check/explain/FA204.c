/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What another thread frees goes to a queue of the owner, who takes it back at
 * its frame end. When the owner is slow, or waits, the queue grows without
 * bound. A capacity, and what to do at it, make it known.
 */
#include <framealloc/framealloc.h>

#include <pthread.h>

struct pipe {
    fa_allocator *allocator;
    pthread_t thread;
    int *block;
};

/* bad */

static void *
consume(void *argument)
{
    struct pipe *pipe = argument;
    fa_free(fa_ctx_current(pipe->allocator), pipe->block);
    return NULL;
}

bool
pipe_open(struct pipe *pipe)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.drain = FA_DRAIN_EXPLICIT;
    if (fa_allocator_create(&config, &pipe->allocator) != FA_OK)
        return false;
    pipe->block = fa_pool_new(fa_ctx_current(pipe->allocator), int);
    return pthread_create(&pipe->thread, NULL, consume, pipe) == 0;
}

/* good */

static void *
consume_some(void *argument)
{
    struct pipe *pipe = argument;
    fa_free(fa_ctx_current(pipe->allocator), pipe->block);
    return NULL;
}

bool
pipe_make(struct pipe *pipe)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.queue_capacity = 1024;
    config.queue_full = FA_QUEUE_PROCESS;
    if (fa_allocator_create(&config, &pipe->allocator) != FA_OK)
        return false;
    pipe->block = fa_pool_new(fa_ctx_current(pipe->allocator), int);
    return pthread_create(&pipe->thread, NULL, consume_some, pipe) == 0;
}
