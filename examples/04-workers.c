/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Job workers: each job fetches the arena of its thread by fa_ctx_frame().
 *
 * The main thread opens a frame, hands out jobs, waits for them, reads what
 * they have left in their arenas, and ends the frame. Workers do nothing at
 * the boundary. A message that outlives the frame comes from a worker's pool
 * and is freed by the main thread.
 */
#include <framealloc.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define WORKERS 4
#define FRAMES  100
#define JOBS    64
#define VALUES  256

struct message {
    int worker;
};

struct world {
    fa_allocator *allocator;
    pthread_barrier_t begin, end;
    atomic_int next_job;
    atomic_bool is_over;
    const int *result[JOBS]; /* In the arenas of the workers. */
    struct message *message[WORKERS];
};

struct worker {
    pthread_t thread;
    struct world *world;
    int number;
};

/* Scratch memory that dies, and a result that the main thread reads. */
static const int *
run_job(fa_frame *frame, int job)
{
    int *result = fa_frame_new(frame, int);
    if (result == NULL)
        return NULL;
    fa_mark mark = fa_frame_checkpoint(frame);
    int *values = fa_frame_array_raw(frame, int, VALUES);
    for (int i = 0; values != NULL && i < VALUES; i++)
        values[i] = job;
    for (int i = 0; values != NULL && i < VALUES; i++)
        *result += values[i];
    return fa_frame_rollback(frame, mark) == FA_OK ? result : NULL;
}

static void
run_jobs(struct worker *worker)
{
    struct world *world = worker->world;
    fa_ctx *ctx = fa_ctx_current(world->allocator);
    struct message *message = fa_pool_new(ctx, struct message);
    if (message != NULL)
        message->worker = worker->number;
    world->message[worker->number] = message;
    int job;
    while ((job = atomic_fetch_add(&world->next_job, 1)) < JOBS)
        world->result[job] = run_job(fa_ctx_frame(ctx), job);
}

static void *
work(void *argument)
{
    struct worker *worker = argument;
    struct world *world = worker->world;
    for (;;) {
        pthread_barrier_wait(&world->begin);
        if (atomic_load(&world->is_over))
            return NULL;
        run_jobs(worker);
        pthread_barrier_wait(&world->end);
    }
}

/* Number of wrong or missing results. */
static int
run_frame(struct world *world)
{
    int wrong = 0;
    fa_begin_frame(world->allocator);
    atomic_store(&world->next_job, 0);
    pthread_barrier_wait(&world->begin);
    pthread_barrier_wait(&world->end);
    for (int job = 0; job < JOBS; job++)
        wrong +=
            world->result[job] == NULL || *world->result[job] != job * VALUES;
    fa_ctx *ctx = fa_ctx_current(world->allocator);
    for (int i = 0; i < WORKERS; i++) {
        wrong += world->message[i] == NULL || world->message[i]->worker != i;
        fa_pool_delete(ctx, struct message, world->message[i]);
    }
    fa_end_frame(world->allocator);
    return wrong;
}

int
main(void)
{
    static struct world world;
    static struct worker workers[WORKERS];
    if (fa_allocator_create(NULL, &world.allocator) != FA_OK)
        return 1;
    pthread_barrier_init(&world.begin, NULL, WORKERS + 1);
    pthread_barrier_init(&world.end, NULL, WORKERS + 1);
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (struct worker){.world = &world, .number = i};
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            return 1;
    }
    int wrong = 0;
    for (int i = 0; i < FRAMES; i++)
        wrong += run_frame(&world);
    atomic_store(&world.is_over, true);
    pthread_barrier_wait(&world.begin);
    for (int i = 0; i < WORKERS; i++)
        pthread_join(workers[i].thread, NULL);
    printf("%d frames of %d jobs, %d wrong results\n", FRAMES, JOBS, wrong);
    fa_allocator_destroy(world.allocator);
    pthread_barrier_destroy(&world.begin);
    pthread_barrier_destroy(&world.end);
    return wrong == 0 ? 0 : 1;
}
