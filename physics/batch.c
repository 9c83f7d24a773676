/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Many rays on several threads.
 *
 * A world keeps its threads, asleep between batches. A batch is handed out in
 * pieces by one counter, so that a thread that is late holds nobody up; the
 * caller works too, and waits for the last.
 */
#include "ray.h"

#include <pthread.h>
#include <stdatomic.h>

#define PIECE       64
#define THREADS_MAX 64

struct batch {
    const fa_physics_ray *rays;
    fa_physics_ray_hit *hits;
    uint32_t count;
    unsigned flags;
    atomic_uint next; /* Only a count: no other data hangs on it. */
};

struct crew {
    const fa_physics *world;
    pthread_mutex_t lock;
    pthread_cond_t work;
    pthread_cond_t done;
    struct batch batch;
    unsigned wanted;  /* Threads that may still join the batch. */
    unsigned working; /* Threads that are in it. */
    uint64_t number;  /* Of the batch. */
    bool is_over;
    unsigned count;
    pthread_t thread[THREADS_MAX];
};

static void
cast_pieces(const fa_physics *world, struct batch *batch)
{
    for (;;) {
        uint32_t from = atomic_fetch_add_explicit(&batch->next, PIECE,
                                                  memory_order_relaxed);
        if (from >= batch->count)
            return;
        uint32_t to = batch->count - from < PIECE ? batch->count : from + PIECE;
        for (uint32_t i = from; i < to; i++)
            ray_cast_first(world, &batch->rays[i], batch->flags,
                           &batch->hits[i]);
    }
}

static void *
work(void *data)
{
    struct crew *crew = data;
    uint64_t seen = 0;
    pthread_mutex_lock(&crew->lock);
    for (;;) {
        while (!crew->is_over && (crew->number == seen || crew->wanted == 0))
            pthread_cond_wait(&crew->work, &crew->lock);
        if (crew->is_over)
            break;
        seen = crew->number;
        crew->wanted--;
        crew->working++;
        pthread_mutex_unlock(&crew->lock);
        cast_pieces(crew->world, &crew->batch);
        pthread_mutex_lock(&crew->lock);
        if (--crew->working == 0)
            pthread_cond_signal(&crew->done);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

static struct crew *
crew_of(fa_physics *world)
{
    if (world->crew != NULL)
        return world->crew;
    struct crew *crew = fa_heap_alloc(world->ctx, sizeof(*crew), 64);
    if (crew == NULL)
        return NULL;
    memset(crew, 0, sizeof(*crew));
    crew->world = world;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->work, NULL);
    pthread_cond_init(&crew->done, NULL);
    world->crew = crew;
    return crew;
}

/* As many threads as there can be, at most as many as wanted. */
static void
hire(struct crew *crew, unsigned wanted)
{
    wanted = wanted < THREADS_MAX ? wanted : THREADS_MAX;
    while (crew->count < wanted &&
           pthread_create(&crew->thread[crew->count], NULL, work, crew) == 0)
        crew->count++;
}

static void
cast_together(struct crew *crew, const struct batch *batch, unsigned threads)
{
    hire(crew, threads - 1);
    pthread_mutex_lock(&crew->lock);
    crew->batch.rays = batch->rays;
    crew->batch.hits = batch->hits;
    crew->batch.count = batch->count;
    crew->batch.flags = batch->flags;
    atomic_store_explicit(&crew->batch.next, 0, memory_order_relaxed);
    crew->wanted = threads - 1;
    crew->number++;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    cast_pieces(crew->world, &crew->batch);
    pthread_mutex_lock(&crew->lock);
    crew->wanted = 0;
    while (crew->working != 0)
        pthread_cond_wait(&crew->done, &crew->lock);
    pthread_mutex_unlock(&crew->lock);
}

/* Chipmunk's hash marks what it has visited, so only trees may be shared. */
static bool
may_share(const fa_physics *world, unsigned flags)
{
    return (flags & FA_PHYSICS_CHIPMUNK) == 0 && world->space->locked == 0 &&
           probe_is_tree(world->space->dynamicShapes) &&
           probe_is_tree(world->space->staticShapes);
}

fa_status
fa_physics_ray_batch(fa_physics *world, const fa_physics_ray *rays,
                     uint32_t count, unsigned threads, unsigned flags,
                     const fa_physics_ray_hit **out)
{
    *out = NULL;
    if (count == 0)
        return FA_OK;
    world->ctx = world_ctx(world);
    fa_physics_ray_hit *hits =
        fa_frame_array_raw(fa_ctx_frame(world->ctx), fa_physics_ray_hit, count);
    if (hits == NULL)
        return fa_ctx_status(world->ctx);
    struct batch batch = {
        .rays = rays, .hits = hits, .count = count, .flags = flags};
    struct crew *crew = NULL;
    if (threads > 1 && count > PIECE && may_share(world, flags))
        crew = crew_of(world);
    if (crew != NULL)
        /* fa-ignore: FA611 the crew is done with it when this returns */
        cast_together(crew, &batch, threads);
    else
        cast_pieces(world, &batch);
    *out = hits;
    return FA_OK;
}

void
batch_destroy(fa_physics *world)
{
    struct crew *crew = world->crew;
    if (crew == NULL)
        return;
    pthread_mutex_lock(&crew->lock);
    crew->is_over = true;
    pthread_cond_broadcast(&crew->work);
    pthread_mutex_unlock(&crew->lock);
    for (unsigned i = 0; i < crew->count; i++)
        pthread_join(crew->thread[i], NULL);
    pthread_mutex_destroy(&crew->lock);
    pthread_cond_destroy(&crew->work);
    pthread_cond_destroy(&crew->done);
    fa_heap_free(world->ctx, crew);
}
