/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The context of a thread is that thread's alone: its pools have no locks. A
 * second thread that allocates from it hands out the same block twice. Each
 * thread asks for its own with fa_ctx_current().
 */
#include <framealloc/framealloc.h>

#include <pthread.h>

struct loader {
    fa_allocator *allocator;
    fa_ctx *ctx;
    pthread_t thread;
    int *result;
};

/* bad */

static void *
load(void *argument)
{
    struct loader *loader = argument;
    loader->result = fa_pool_new(loader->ctx, int);
    return NULL;
}

bool
loader_start(struct loader *loader)
{
    loader->ctx = fa_ctx_current(loader->allocator);
    return pthread_create(&loader->thread, NULL, load, loader) == 0;
}

/* good */

static void *
read_all(void *argument)
{
    struct loader *loader = argument;
    fa_ctx *ctx = fa_ctx_current(loader->allocator);
    loader->result = fa_pool_new(ctx, int);
    return NULL;
}

bool
loader_run(struct loader *loader)
{
    return pthread_create(&loader->thread, NULL, read_all, loader) == 0;
}
