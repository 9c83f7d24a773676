/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * SDL 2: its memory from pools and the heap, and a loop of frames whose jobs
 * run on SDL's threads.
 *
 * Jobs are numbers that threads take from a counter, so one semaphore starts
 * all workers and it does not matter which of them comes first. Workers do
 * nothing at the boundary of a frame: a job is given the context of its
 * thread, which follows the frame by itself. Needs SDL 2.0.7; nothing of the
 * library is linked to it, so framealloc.h does not include this header.
 */
#ifndef FRAMEALLOC_SDL_H
#define FRAMEALLOC_SDL_H

#include <framealloc/allocator.h>
#include <framealloc/ctx.h>
#include <framealloc/heap.h>
#include <framealloc/pool.h>

#include <SDL.h>

FA_BEGIN_DECLS

/* --- memory --- */

/* SDL passes nothing to its functions. One per program or plugin, in whatever
 * number of files the header is included. */
FA_ATTR((__weak__, __visibility__("hidden")))
fa_allocator *fa_sdl_allocator_;

static inline void *SDLCALL
fa_sdl_malloc_(size_t size)
{
    return fa_alloc(fa_ctx_current(fa_sdl_allocator_), size, 16,
                    FA_INTENT_POOL);
}

static inline void *SDLCALL
fa_sdl_calloc_(size_t count, size_t size)
{
    if (count != 0 && size > SIZE_MAX / count)
        return NULL;
    void *block = fa_sdl_malloc_(count * size);
    return block == NULL ? NULL : SDL_memset(block, 0, count * size);
}

static inline void *SDLCALL
fa_sdl_realloc_(void *block, size_t size)
{
    return fa_heap_realloc(fa_ctx_current(fa_sdl_allocator_), block, size, 16);
}

static inline void SDLCALL
fa_sdl_free_(void *block)
{
    fa_free(fa_ctx_current(fa_sdl_allocator_), block);
}

/**
 * Lets SDL_malloc() and its kin, and with them all of SDL, allocate from pools
 * and the heap.
 *
 * When to use: before SDL_Init() and any other call of SDL, so that SDL frees
 * nothing that it got from elsewhere. A pointer that is not of SDL_malloc() is
 * refused with FA008 by SDL_free() and SDL_realloc(), and not touched.
 * @param allocator serves each thread by that thread's context and tag.
 * @return FA_OK; FA_ERR_STATE when SDL has live memory already, or this has
 *         been called before; FA_ERR_USAGE for NULL.
 * Valid until: fa_sdl_memory_end(). Owner: the caller, who keeps the allocator.
 * Thread: any, while no other uses SDL; SDL may then allocate and free on any.
 * Cost: constant; later fa_ctx_current() for each call. Since: 0.1.
 */
static inline FA_CHECKED fa_status
fa_sdl_memory_begin(fa_allocator *allocator)
{
    if (allocator == NULL)
        return FA_ERR_USAGE;
    if (fa_sdl_allocator_ != NULL || SDL_GetNumAllocations() > 0)
        return FA_ERR_STATE;
    fa_sdl_allocator_ = allocator;
    (void)SDL_SetMemoryFunctions(fa_sdl_malloc_, fa_sdl_calloc_,
                                 fa_sdl_realloc_, fa_sdl_free_);
    return FA_OK;
}

/**
 * Gives SDL its own memory functions back.
 *
 * When to use: after SDL_Quit(), before the allocator is destroyed.
 * @return FA_OK; FA_ERR_STATE when SDL has live memory still, which keeps the
 *         allocator in use, or without a begin.
 * Valid until: - Owner: - Thread: any, while no other uses SDL.
 * Cost: constant. Since: 0.1.
 */
static inline fa_status
fa_sdl_memory_end(void)
{
    SDL_malloc_func alloc;
    SDL_calloc_func zalloc;
    SDL_realloc_func resize;
    SDL_free_func release;
    if (fa_sdl_allocator_ == NULL || SDL_GetNumAllocations() > 0)
        return FA_ERR_STATE;
    SDL_GetOriginalMemoryFunctions(&alloc, &zalloc, &resize, &release);
    (void)SDL_SetMemoryFunctions(alloc, zalloc, resize, release);
    fa_sdl_allocator_ = NULL;
    return FA_OK;
}

/* --- the loop --- */

/** Most workers of a loop. */
#define FA_SDL_WORKERS_MAX 64
/** Most jobs at once. */
#define FA_SDL_JOBS_MAX (1 << 30)

/** Runs on a worker or the loop's thread; ctx is that thread's, and
 *  fa_ctx_frame() of it is the frame that is open. */
typedef void (*fa_sdl_job_fn)(fa_ctx *ctx, int job, void *user);

/** A loop. Its members are the header's. */
typedef struct fa_sdl_loop {
    fa_allocator *allocator;                /**< As given. */
    fa_sdl_job_fn fn;                       /**< Of the jobs; NULL: none. */
    void *user;                             /**< Of the jobs. */
    int count;                              /**< Jobs. */
    SDL_atomic_t next;                      /**< The job to take next. */
    SDL_sem *go;                            /**< One post per worker: begin. */
    SDL_sem *done;                          /**< One post per worker. */
    unsigned workers;                       /**< Threads. */
    SDL_Thread *thread[FA_SDL_WORKERS_MAX]; /**< The first of them are set. */
} fa_sdl_loop;

/* Semaphores order what the threads write, the counter only deals out. */
static inline void
fa_sdl_take_(fa_sdl_loop *loop)
{
    fa_ctx *ctx = fa_ctx_current(loop->allocator);
    int job;
    while ((job = SDL_AtomicAdd(&loop->next, 1)) < loop->count)
        loop->fn(ctx, job, loop->user);
}

static inline int SDLCALL
fa_sdl_work_(void *user)
{
    fa_sdl_loop *loop = FA_CAST(fa_sdl_loop *, user);
    while (SDL_SemWait(loop->go) == 0 && loop->fn != NULL) {
        fa_sdl_take_(loop);
        (void)SDL_SemPost(loop->done);
    }
    return 0;
}

/**
 * Submits jobs to the workers and goes on at once.
 *
 * When to use: in a frame, for work that can be done in parallel.
 * @param loop the loop, which has no jobs.
 * @param fn called once for each job.
 * @param user passed to it.
 * @param count jobs, numbered from 0; up to FA_SDL_JOBS_MAX.
 * @return FA_OK; FA_ERR_STATE while the loop has jobs, FA_ERR_USAGE for a NULL
 *         function or a count outside its range.
 * Valid until: fa_sdl_jobs_wait(). Owner: the loop. Thread: the loop's.
 * Cost: a post of a semaphore per worker. Since: 0.1.
 */
static inline FA_STARTS_THREAD(2, 3) FA_CHECKED fa_status
    fa_sdl_jobs_submit(fa_sdl_loop *loop, fa_sdl_job_fn fn, void *user,
                       int count)
{
    if (fn == NULL || count < 0 || count > FA_SDL_JOBS_MAX)
        return FA_ERR_USAGE;
    if (loop->fn != NULL)
        return FA_ERR_STATE;
    loop->fn = fn;
    loop->user = user;
    loop->count = count;
    SDL_AtomicSet(&loop->next, 0);
    for (unsigned i = 0; i < loop->workers; i++)
        (void)SDL_SemPost(loop->go);
    return FA_OK;
}

/**
 * Runs jobs, too, until all of them are done.
 *
 * When to use: before the results are read. A loop without workers runs all
 * jobs here.
 * @param loop the loop; without jobs it returns at once.
 * Valid until: - Owner: - Thread: the loop's. What jobs have left in the
 * frames of their threads is readable until fa_sdl_frame_end().
 * Cost: the jobs, and a wait per worker. Since: 0.1.
 */
static inline FA_JOINS_THREADS void
fa_sdl_jobs_wait(fa_sdl_loop *loop)
{
    if (loop->fn == NULL)
        return;
    fa_sdl_take_(loop);
    for (unsigned i = 0; i < loop->workers; i++)
        (void)SDL_SemWait(loop->done);
    loop->fn = NULL;
}

/**
 * Begins a frame.
 *
 * When to use: at the top of the loop, before SDL_PollEvent().
 * @param loop the loop.
 * @return as fa_begin_frame().
 * Valid until: fa_sdl_frame_end(). Owner: the loop's thread.
 * Thread: the loop's. Cost: fa_begin_frame(). Since: 0.1.
 */
static inline FA_BEGINS_FRAME(1) fa_frame *fa_sdl_frame_begin(fa_sdl_loop *loop)
    FA_OPENS_FRAME_OF(loop->allocator);

static inline fa_frame *
fa_sdl_frame_begin(fa_sdl_loop *loop)
{
    return fa_begin_frame(loop->allocator);
}

/**
 * Waits for the jobs, and ends the frame.
 *
 * When to use: at the bottom of the loop, after the frame has been presented.
 * @param loop the loop.
 * Valid until: - Owner: - Thread: the loop's.
 * Cost: fa_sdl_jobs_wait() and fa_end_frame(). Since: 0.1.
 */
static inline FA_JOINS_THREADS
    FA_ENDS_FRAME(1) void fa_sdl_frame_end(fa_sdl_loop *loop)
        FA_CLOSES_FRAME_OF(loop->allocator);

static inline void
fa_sdl_frame_end(fa_sdl_loop *loop)
{
    fa_sdl_jobs_wait(loop);
    fa_end_frame(loop->allocator);
}

/**
 * Ends the workers of a loop.
 *
 * When to use: outside of a frame, before SDL_Quit().
 * @param loop the loop; one that has ended may end again.
 * Valid until: - Owner: the caller. Thread: the loop's.
 * Cost: fa_sdl_jobs_wait(), and a join per worker. Since: 0.1.
 */
static inline FA_JOINS_THREADS void
fa_sdl_loop_end(fa_sdl_loop *loop)
{
    fa_sdl_jobs_wait(loop);
    for (unsigned i = 0; i < loop->workers; i++)
        (void)SDL_SemPost(loop->go);
    for (unsigned i = 0; i < loop->workers; i++)
        SDL_WaitThread(loop->thread[i], NULL);
    loop->workers = 0;
    if (loop->go != NULL)
        SDL_DestroySemaphore(loop->go);
    if (loop->done != NULL)
        SDL_DestroySemaphore(loop->done);
    loop->go = loop->done = NULL;
}

/**
 * Begins a loop, and its workers.
 *
 * When to use: once, after SDL_Init().
 * @param loop gets what the loop needs; stays where it is until it ends.
 * @param allocator whose frames they are.
 * @param workers threads beside the caller's, up to FA_SDL_WORKERS_MAX; one
 *        less than SDL_GetCPUCount() is usual.
 * @return FA_OK; FA_ERR_NOMEM when SDL cannot make a thread, FA_ERR_USAGE for
 *         NULL or too many. On failure the loop is one that has ended.
 * Valid until: fa_sdl_loop_end(). Owner: the caller.
 * Thread: any, which is then the loop's. Cost: a thread per worker.
 * Since: 0.1.
 */
static inline FA_CHECKED fa_status
fa_sdl_loop_begin(fa_sdl_loop *loop, fa_allocator *allocator, unsigned workers)
{
    SDL_memset(loop, 0, sizeof(*loop));
    if (allocator == NULL || workers > FA_SDL_WORKERS_MAX)
        return FA_ERR_USAGE;
    loop->allocator = allocator;
    loop->go = SDL_CreateSemaphore(0);
    loop->done = SDL_CreateSemaphore(0);
    while (loop->go != NULL && loop->done != NULL && loop->workers < workers) {
        SDL_Thread *thread = SDL_CreateThread(fa_sdl_work_, "fa_worker", loop);
        if (thread == NULL)
            break;
        loop->thread[loop->workers++] = thread;
    }
    if (loop->go != NULL && loop->done != NULL && loop->workers == workers)
        return FA_OK;
    fa_sdl_loop_end(loop);
    return FA_ERR_NOMEM;
}

FA_END_DECLS

#endif
