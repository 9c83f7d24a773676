/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tasks: what a piece of work allocates dies with it, on whatever threads it
 * runs.
 *
 * A task begins on one thread, goes on on others and ends on any; then its
 * destructors run and its blocks are freed. The blocks are those of pools and
 * the heap, never frame memory: a task lives across frames. One thread at a
 * time uses it; a second one at the same moment is refused.
 */
#ifndef FRAMEALLOC_TASK_H
#define FRAMEALLOC_TASK_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A task. Plain data; copy it freely. {NULL, 0} is none. */
typedef struct fa_task {
    struct fa_task_record *record; /**< Of the library. */
    uint64_t serial;               /**< Not used again with this record. */
} fa_task;

/** How to begin a task. Start from FA_TASK_CONFIG_INIT. */
typedef struct fa_task_config {
    size_t struct_size; /**< sizeof(fa_task_config). */
    /** Shown in reports; copied, cut to 31 bytes. NULL: "task". */
    const char *name;
    /** Most bytes at once, as they were asked for. 0: no limit. Too small:
     *  requests are refused with FA_ERR_BUDGET. */
    size_t capacity;
} fa_task_config;

#define FA_TASK_CONFIG_INIT             \
    {                                   \
        sizeof(fa_task_config), NULL, 0 \
    }

/** Figures of a task. Start from FA_TASK_STATS_INIT. */
typedef struct fa_task_stats {
    size_t struct_size; /**< sizeof(fa_task_stats). */
    char name[32];      /**< As it was given. */
    uint64_t count;     /**< Blocks that it has. */
    uint64_t bytes;     /**< Of them, as they were asked for. */
    uint64_t peak;      /**< Most bytes at once. */
    uint64_t capacity;  /**< 0: no limit. */
    uint64_t allocs;    /**< Blocks that it got, added ones included. */
    uint64_t frees;     /**< Blocks that left it early, freed or removed. */
    uint64_t refusals;  /**< Requests that the capacity refused. */
    uint64_t defers;    /**< Deferred functions that wait for its end. */
} fa_task_stats;

#define FA_TASK_STATS_INIT                                 \
    {                                                      \
        sizeof(fa_task_stats), {0}, 0, 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Begins a task.
 *
 * When to use: once per piece of work that may change threads or last longer
 * than a frame: a job, a request, a file that is loaded.
 * @param ctx the calling thread's context.
 * @param config copied; NULL for defaults.
 * @param out gets the task; {NULL, 0} on failure.
 * @return FA_OK; FA_ERR_NOMEM, FA_ERR_CONFIG with FA010, FA_ERR_USAGE for NULL.
 * Valid until: fa_task_end(), or the end of the allocator, which frees what is
 * left and reports FA254. Owner: the caller. Thread: the context's own.
 * Cost: a lock. Since: 0.1.
 */
FA_API FA_CREATES_ARENA(*3) FA_CHECKED fa_status
    fa_task_begin(fa_ctx *ctx, const fa_task_config *config, fa_task *out);

/**
 * A block that dies with the task; uninitialised.
 *
 * When to use: for all that the task needs beyond one function or frame.
 * @param ctx the calling thread's context; its current tag is charged.
 * @param task the task.
 * @param size bytes; 0 counts as 1.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @return the block, aligned to 16 at least; NULL with fa_ctx_status()
 *         FA_ERR_NOMEM, FA_ERR_BUDGET (at the capacity, too), FA_ERR_USAGE,
 *         FA_ERR_STALE with FA251 when the task is over, FA_ERR_THREAD with
 *         FA253 while another call uses it.
 * Valid until: it is freed or the task ends. Owner: the task.
 * Thread: the context's own, one at a time for the task.
 * Cost: fa_heap_alloc() and a table entry; the table of a task's first block
 * may be mapped. Since: 0.1.
 */
FA_API FA_RETURNS_TASK(2) void *fa_task_alloc(fa_ctx *ctx, fa_task task,
                                              size_t size, size_t align);

/**
 * The same, filled with zeroes.
 *
 * When to use: for objects that start as zeroes; fa_task_new() for a type.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param count objects.
 * @param size bytes of each.
 * @param align a power of two up to FA_ALIGN_MAX.
 * @return as fa_task_alloc(); NULL with FA_ERR_NOMEM where the product does
 *         not fit.
 * Valid until: it is freed or the task ends. Owner: the task.
 * Thread: as fa_task_alloc(). Cost: fa_task_alloc() and memset. Since: 0.1.
 */
FA_API FA_RETURNS_TASK(2) void *fa_task_zalloc(fa_ctx *ctx, fa_task task,
                                               size_t count, size_t size,
                                               size_t align);

/**
 * Grows or shrinks a block of the task.
 *
 * When to use: for arrays that grow.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param block of the task, or NULL for a new one. FA252 for any other.
 * @param size bytes wanted; 0 counts as 1.
 * @param align as it was asked for.
 * @return the block, perhaps moved; NULL as fa_task_alloc(), then the old
 *         block is as it was.
 * Valid until: it is freed or the task ends. Owner: the task.
 * Thread: as fa_task_alloc(). Cost: fa_heap_realloc() and two table entries.
 * Since: 0.1.
 */
FA_API FA_RETURNS_TASK(2)
    FA_REALLOCS(3) void *fa_task_realloc(fa_ctx *ctx, fa_task task, void *block,
                                         size_t size, size_t align);

/**
 * Frees one block before the task ends.
 *
 * When to use: for what is large and not needed any more.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param block of the task; NULL does nothing.
 * @return FA_OK; FA_ERR_USAGE with FA252 for a block that the task does not
 *         have, frame memory and freed blocks included; FA_ERR_STALE,
 *         FA_ERR_THREAD as fa_task_alloc().
 * Valid until: the call. Owner: - Thread: as fa_task_alloc().
 * Cost: a table entry and fa_free(). Since: 0.1.
 */
FA_API FA_FREES_TASK(3) fa_status
    fa_task_free(fa_ctx *ctx, fa_task task, void *block);

/**
 * Puts a pool or heap block into the task, which frees it at its end.
 *
 * When to use: for memory that the task receives, or that other code made.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param block of fa_alloc() and its kin, not of a frame, and of no task.
 * @return FA_OK; then it must not be freed by fa_free() any more.
 *         FA_ERR_USAGE with FA008 for memory that is not of a pool or heap of
 *         ours; FA_ERR_BUDGET at the capacity; else as fa_task_alloc(). On
 *         failure the block is the caller's.
 * Valid until: - Owner: the task. Thread: as fa_task_alloc().
 * Cost: a look-up and a table entry. Since: 0.1.
 */
FA_API FA_RETAINS_IN(3, 2) FA_CHECKED fa_status
    fa_task_add(fa_ctx *ctx, fa_task task, void *block);

/**
 * Takes a block out of the task: it outlives the task.
 *
 * When to use: for a result; free it by fa_free(), or hand it to
 * fa_transfer_send().
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param block of the task.
 * @return FA_OK; then it is the caller's. Else as fa_task_free().
 * Valid until: - Owner: the caller. Thread: as fa_task_alloc().
 * Cost: a table entry. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_task_remove(fa_ctx *ctx, fa_task task,
                                           void *block);

/**
 * Calls a function when the task ends, before its blocks are freed.
 *
 * When to use: as a destructor, for files and other things beside memory.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param fn called once, newest first, on the thread that ends the task; the
 *        task is over for it.
 * @param arg passed to it; blocks of the task are still valid.
 * @return FA_OK; FA_ERR_USAGE for NULL; else as fa_task_alloc().
 * Valid until: the task ends. Owner: the task. Thread: as fa_task_alloc().
 * Cost: fa_heap_alloc() of 32 bytes. Since: 0.1.
 */
FA_API FA_RETAINS_IN(4, 2) FA_CHECKED fa_status
    fa_task_defer(fa_ctx *ctx, fa_task task, void (*fn)(void *), void *arg);

/**
 * Whether the task is not over yet.
 *
 * When to use: before using a task that may have ended.
 * @param task the task.
 * @return true until it ends.
 * Valid until: - Owner: - Thread: any; the allocator must live.
 * Cost: one acquire load. Since: 0.1.
 */
FA_API bool fa_task_is_live(fa_task task);

/**
 * Reads the figures of a task.
 *
 * When to use: for reports.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param out initialised; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG with FA010, FA_ERR_USAGE for NULL; FA_ERR_STALE,
 *         FA_ERR_THREAD as fa_task_alloc().
 * Valid until: - Owner: the caller. Thread: as fa_task_alloc().
 * Cost: constant. Since: 0.1.
 */
FA_API fa_status fa_task_stats_read(fa_ctx *ctx, fa_task task,
                                    fa_task_stats *out);

/**
 * Ends a task: its deferred functions run, newest first, and its blocks are
 * freed.
 *
 * When to use: once, on whatever thread the work is done.
 * @param ctx the calling thread's context.
 * @param task the task.
 * @param left gets the figures before the end, so that count and bytes are
 *        what the end has freed; initialised, or NULL.
 * @return FA_OK; FA_ERR_CONFIG with FA010 and the task goes on;
 *         FA_ERR_STALE, FA_ERR_THREAD as fa_task_alloc().
 * Valid until: - Owner: - Thread: as fa_task_alloc(). Guard modes find blocks
 * that are written (FA016) or freed (FA609) after it.
 * Cost: a lock and O(blocks + defers). Since: 0.1.
 */
FA_API FA_ENDS_FRAME(2) fa_status
    fa_task_end(fa_ctx *ctx, fa_task task, fa_task_stats *left);

/** One zeroed T of the task, or NULL. */
#define fa_task_new(ctx, task, T) \
    FA_CAST(T *, fa_task_zalloc((ctx), (task), 1, sizeof(T), FA_ALIGNOF(T)))
/** An array of count zeroed T of the task, or NULL. */
#define fa_task_array(ctx, task, T, count) \
    FA_CAST(T *,                           \
            fa_task_zalloc((ctx), (task), (count), sizeof(T), FA_ALIGNOF(T)))

FA_END_DECLS

#endif
