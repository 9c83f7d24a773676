/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * libuv: a task per piece of work of its thread pool.
 *
 * Work begins on the loop's thread, runs on a thread of the pool and is looked
 * at on the loop's thread again; what it allocated dies after that. Needs
 * libuv 1; nothing of the library is linked to it, so framealloc.h does not
 * include this header. libuv's own header needs POSIX: -std=gnu11, or C11 with
 * _POSIX_C_SOURCE.
 */
#ifndef FRAMEALLOC_UV_H
#define FRAMEALLOC_UV_H

#include <framealloc/allocator.h>
#include <framealloc/ctx.h>
#include <framealloc/task.h>

#include <uv.h>

FA_BEGIN_DECLS

typedef struct fa_uv_work fa_uv_work;

/** Runs on a thread of the pool; ctx is that thread's. It must not use frames
 *  of the loop's thread. */
typedef void (*fa_uv_work_fn)(fa_uv_work *work, fa_ctx *ctx);
/** Runs on the loop's thread with its context; status is 0 or UV_ECANCELED.
 *  When it returns, the task ends and all its memory is freed. */
typedef void (*fa_uv_after_fn)(fa_uv_work *work, fa_ctx *ctx, int status);

/** A piece of work; a block of its own task. */
struct fa_uv_work {
    uv_work_t uv;            /**< For uv_cancel(). */
    fa_task task;            /**< Allocate from this. */
    fa_ctx *ctx;             /**< Of the loop's thread. */
    fa_allocator *allocator; /**< As given. */
    fa_uv_work_fn run;       /**< As given. */
    fa_uv_after_fn after;    /**< As given; may be NULL. */
    void *user;              /**< As given. */
};

static inline void
fa_uv_run_(uv_work_t *uv)
{
    fa_uv_work *work = FA_CAST(fa_uv_work *, uv->data);
    work->run(work, fa_ctx_current(work->allocator));
}

static inline void
fa_uv_after_(uv_work_t *uv, int status)
{
    fa_uv_work *work = FA_CAST(fa_uv_work *, uv->data);
    if (work->after != NULL)
        work->after(work, work->ctx, status);
    (void)fa_task_end(work->ctx, work->task, NULL);
}

/**
 * Begins a task and queues its work.
 *
 * When to use: instead of uv_queue_work(), for work that allocates.
 * @param loop the loop.
 * @param allocator of which each thread gets its context.
 * @param run called once on a thread of the pool, unless it is cancelled.
 * @param after called once on the loop's thread; may be NULL.
 * @param user kept in the work.
 * @return the work; NULL when memory is missing, as fa_ctx_status() of the
 *         calling thread's context tells, or run is NULL.
 * Valid until: after has returned. Owner: its task. Thread: the loop's.
 * Cost: a task, a pool block, and uv_queue_work(). Since: 0.1.
 */
static inline FA_STARTS_THREAD(3, 5)
    FA_RUNS_LATER(4, 5) fa_uv_work *fa_uv_work_begin(uv_loop_t *loop,
                                                     fa_allocator *allocator,
                                                     fa_uv_work_fn run,
                                                     fa_uv_after_fn after,
                                                     void *user)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_task task;
    if (run == NULL || fa_task_begin(ctx, NULL, &task) != FA_OK)
        return NULL;
    fa_uv_work *work = fa_task_new(ctx, task, fa_uv_work);
    if (work != NULL) {
        work->task = task;
        work->ctx = ctx;
        work->allocator = allocator;
        work->run = run;
        work->after = after;
        work->user = user;
        work->uv.data = work;
        if (uv_queue_work(loop, &work->uv, fa_uv_run_, fa_uv_after_) == 0)
            return work;
    }
    (void)fa_task_end(ctx, task, NULL);
    return NULL;
}

/* Until the buffer is full or the file ends; 0, or an error of libuv. */
static inline int
fa_uv_fill_(uv_file file, char *bytes, size_t room, size_t *size)
{
    while (*size < room) {
        uv_fs_t fs;
        size_t rest = room - *size;
        unsigned count = rest < (1u << 30) ? FA_CAST(unsigned, rest) : 1u << 30;
        uv_buf_t part = uv_buf_init(bytes + *size, count);
        int got = uv_fs_read(NULL, &fs, file, &part, 1, -1, NULL);
        uv_fs_req_cleanup(&fs);
        if (got <= 0)
            return got;
        *size += FA_CAST(size_t, got);
    }
    return 0;
}

static inline char *
fa_uv_read_(fa_ctx *ctx, fa_task task, uv_file file, size_t *size)
{
    uv_fs_t fs;
    int status = uv_fs_fstat(NULL, &fs, file, NULL);
    size_t room = FA_CAST(size_t, fs.statbuf.st_size);
    uv_fs_req_cleanup(&fs);
    if (status != 0)
        return NULL;
    char *bytes = FA_CAST(char *, fa_task_alloc(ctx, task, room + 1, 1));
    if (bytes == NULL)
        return NULL;
    if (fa_uv_fill_(file, bytes, room, size) != 0) {
        (void)fa_task_free(ctx, task, bytes);
        *size = 0;
        return NULL;
    }
    bytes[*size] = '\0';
    return bytes;
}

/**
 * Reads a whole file into memory of a task.
 *
 * When to use: in the work, where waiting for the disk stops nobody.
 * @param ctx the calling thread's context.
 * @param task gets the block.
 * @param path the file.
 * @param size gets the bytes read; 0 on failure.
 * @return the bytes and a NUL behind them; NULL when the file cannot be read
 *         or memory is missing.
 * Valid until: the task ends. Owner: the task.
 * Thread: the context's own; it waits. Cost: four system calls and a block.
 * Since: 0.1.
 */
static inline FA_CHECKED
    FA_ROLE("task(2)") char *fa_uv_file_read(fa_ctx *ctx, fa_task task,
                                             const char *path, size_t *size)
{
    uv_fs_t fs;
    *size = 0;
    uv_file file = uv_fs_open(NULL, &fs, path, UV_FS_O_RDONLY, 0, NULL);
    uv_fs_req_cleanup(&fs);
    if (file < 0)
        return NULL;
    char *bytes = fa_uv_read_(ctx, task, file, size);
    uv_fs_close(NULL, &fs, file, NULL);
    uv_fs_req_cleanup(&fs);
    return bytes;
}

FA_END_DECLS

#endif
