/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tasks: sets of pool and heap blocks that are freed together.
 *
 * The word of a record is the serial number of its task and one bit that a
 * call sets while it is inside. Entering is one compare-and-swap of the word
 * that the handle foretells; where it fails, the word tells which mistake it
 * was: the task is over, or another call is inside. Since leaving releases
 * and entering acquires, a task may move by a queue that orders nothing.
 *
 * A table beside the blocks knows their addresses. Links in front of them were
 * rejected: they cost alignment, are overwritten by overruns, and have to be
 * read to find out whether a pointer is ours. Records stay mapped until the
 * allocator ends, so a handle that is over is found out and never followed
 * into memory of others.
 */
#include "lifetime/task.h"

#include "accounting/sized.h"
#include "base/text.h"
#include "memory/heap.h"

#include <string.h>

struct fa_task_record {
    uint64_t word; /* Serial * 2 + whether a call is inside. */
    fa_allocator *allocator;
    struct fa_task_record *next;  /* Free ones; under the lock. */
    struct fa_task_record *older; /* All. */
    bool is_live;                 /* Under the lock. */
    struct fai_table blocks;      /* Address to size. */
    struct fai_defer *defers;     /* Newest first. */
    fa_task_stats stats;          /* All but struct_size and count. */
};

/* A table of this many slots stays with the record. */
#define KEPT_SLOTS ((size_t)256)

/* --- records; under the lock --- */

static struct fa_task_record *
make_record(fa_allocator *allocator)
{
    struct fai_tasks *tasks = &allocator->tasks;
    struct fa_task_record *record =
        fai_meta_alloc(&tasks->meta, sizeof(*record));
    if (record == NULL)
        return NULL;
    record->word = 2;
    record->allocator = allocator;
    record->older = tasks->newest;
    tasks->newest = record;
    return record;
}

static struct fa_task_record *
take_record(fa_allocator *allocator)
{
    struct fai_tasks *tasks = &allocator->tasks;
    fai_lock(&tasks->lock);
    struct fa_task_record *record = tasks->free;
    if (record != NULL)
        tasks->free = record->next;
    else
        record = make_record(allocator);
    if (record != NULL) {
        record->is_live = true;
        tasks->live++;
        tasks->begun++;
    }
    fai_unlock(&tasks->lock);
    return record;
}

static void
give_record(struct fa_task_record *record)
{
    struct fai_tasks *tasks = &record->allocator->tasks;
    fai_lock(&tasks->lock);
    record->is_live = false;
    tasks->live--;
    record->next = tasks->free;
    tasks->free = record;
    fai_unlock(&tasks->lock);
}

/* --- one at a time --- */

static void
report_entry(fa_ctx *ctx, fa_task task, uint64_t word)
{
    bool is_busy = word == task.serial * 2 + 1;
    ctx->status = is_busy ? FA_ERR_THREAD : FA_ERR_STALE;
    fai_report(&ctx->allocator->reporter, is_busy ? 253 : 251, NULL,
               "task %llu, \"%s\"", (unsigned long long)task.serial,
               is_busy ? task.record->stats.name : "");
}

static struct fa_task_record *
enter(fa_ctx *ctx, fa_task task)
{
    if (ctx == NULL || ctx->is_refusing)
        return NULL;
    struct fa_task_record *record = task.record;
    uint64_t word = task.serial * 2;
    if (record == NULL || record->allocator != ctx->allocator)
        word = 0;
    /* Pairs with the release in leave(): what the last call did is seen. */
    else if (FAI_LIKELY(fai_cas_acquire(&record->word, &word, word + 1)))
        return record;
    report_entry(ctx, task, word);
    return NULL;
}

static void
leave(struct fa_task_record *record)
{
    /* Pairs with the acquire in enter(). Nobody else changes a word whose bit
     * is set. */
    fai_store_release(&record->word, fai_load(&record->word) - 1);
}

static fa_status
refusal(const fa_ctx *ctx)
{
    if (ctx == NULL)
        return FA_ERR_USAGE;
    return ctx->is_refusing ? FA_ERR_NOMEM : ctx->status;
}

/* --- blocks; inside --- */

static size_t
size_of(const struct fa_task_record *record, const void *block)
{
    return (size_t)(uintptr_t)fai_table_find(&record->blocks, (uintptr_t)block);
}

static bool
put(struct fa_task_record *record, const void *block, size_t size)
{
    return fai_table_insert(&record->blocks, (uintptr_t)block,
                            (void *)(uintptr_t)size);
}

static void
count_bytes(struct fa_task_record *record, size_t before, size_t size)
{
    fa_task_stats *stats = &record->stats;
    stats->bytes = stats->bytes - before + size;
    stats->peak = FAI_MAX(stats->peak, stats->bytes);
}

/* Whether it may have size bytes instead of those it has there. */
static bool
has_room(fa_ctx *ctx, struct fa_task_record *record, size_t before, size_t size)
{
    fa_task_stats *stats = &record->stats;
    if (stats->capacity == 0 ||
        (size <= stats->capacity &&
         stats->bytes - before <= stats->capacity - size))
        return true;
    stats->refusals++;
    ctx->status = FA_ERR_BUDGET;
    return false;
}

static void *
alloc_block(fa_ctx *ctx, struct fa_task_record *record, size_t size,
            size_t align)
{
    size = FAI_MAX(size, (size_t)1);
    if (!has_room(ctx, record, 0, size))
        return NULL;
    void *block = fa_heap_alloc(ctx, size, align);
    if (block == NULL)
        return NULL;
    if (!put(record, block, size)) {
        fa_free(ctx, block);
        return fai_fail(ctx, FA_ERR_NOMEM);
    }
    count_bytes(record, 0, size);
    record->stats.allocs++;
    return block;
}

/* Bytes of a block of the task; 0, and reported, for any other. */
static size_t
find_block(fa_ctx *ctx, const struct fa_task_record *record, const void *block,
           const char *where)
{
    size_t size = size_of(record, block);
    if (FAI_LIKELY(size != 0))
        return size;
    ctx->status = FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, 252, block, "%p in %s(), task \"%s\"",
               block, where, record->stats.name);
    return 0;
}

static void *
resize_block(fa_ctx *ctx, struct fa_task_record *record, void *block,
             size_t size, size_t align)
{
    size_t before = find_block(ctx, record, block, "fa_task_realloc");
    size = FAI_MAX(size, (size_t)1);
    if (before == 0 || !has_room(ctx, record, before, size))
        return NULL;
    void *moved = fa_heap_realloc(ctx, block, size, align);
    if (moved == NULL)
        return NULL;
    fai_table_remove(&record->blocks, (uintptr_t)block);
    (void)put(record, moved, size); /* In the room of the other. */
    count_bytes(record, before, size);
    return moved;
}

/* The block leaves the table. */
static fa_status
take_out(fa_ctx *ctx, struct fa_task_record *record, const void *block,
         const char *where)
{
    size_t size = find_block(ctx, record, block, where);
    if (size == 0)
        return FA_ERR_USAGE;
    fai_table_remove(&record->blocks, (uintptr_t)block);
    count_bytes(record, size, 0);
    record->stats.frees++;
    return FA_OK;
}

static fa_status
add_block(fa_ctx *ctx, struct fa_task_record *record, void *block)
{
    if (size_of(record, block) != 0)
        return FA_OK; /* It is there. */
    size_t size = fai_heap_usable_size(ctx->allocator, block);
    if (size == 0) {
        fai_report(&ctx->allocator->reporter, 8, block, "%p in fa_task_add()",
                   block);
        return ctx->status = FA_ERR_USAGE;
    }
    if (!has_room(ctx, record, 0, size))
        return FA_ERR_BUDGET;
    if (!put(record, block, size))
        return ctx->status = FA_ERR_NOMEM;
    count_bytes(record, 0, size);
    record->stats.allocs++;
    return FA_OK;
}

static fa_status
push_defer(fa_ctx *ctx, struct fa_task_record *record, void (*fn)(void *),
           void *arg)
{
    struct fai_defer *defer = fa_heap_alloc(ctx, sizeof(*defer), 16);
    if (defer == NULL)
        return ctx->status;
    *defer = (struct fai_defer){fn, arg, record->defers};
    record->defers = defer;
    record->stats.defers++;
    return FA_OK;
}

/* --- the end --- */

static void
run_defers(fa_ctx *ctx, struct fa_task_record *record)
{
    while (record->defers != NULL) {
        struct fai_defer *defer = record->defers;
        record->defers = defer->next;
        defer->fn(defer->arg);
        fa_free(ctx, defer);
    }
}

static void
free_blocks(fa_ctx *ctx, struct fai_table *blocks)
{
    if (blocks->slots == NULL)
        return;
    for (size_t i = 0; i <= blocks->mask; i++) {
        if (blocks->slots[i].key != 0)
            fa_free(ctx, (void *)blocks->slots[i].key);
        blocks->slots[i] = (struct fai_slot){0, NULL};
    }
    blocks->count = 0;
    if (blocks->mask >= KEPT_SLOTS)
        fai_table_destroy(blocks);
}

/* Nobody is inside any more, or ever again with the same serial number. */
static void
finish(fa_ctx *ctx, struct fa_task_record *record, uint64_t serial)
{
    /* Pairs with the acquire in fa_task_is_live(). */
    fai_store_release(&record->word, (serial + 1) * 2);
    run_defers(ctx, record);
    free_blocks(ctx, &record->blocks);
    give_record(record);
}

void
fai_tasks_drop(fa_allocator *allocator)
{
    struct fai_tasks *tasks = &allocator->tasks;
    if (tasks->live == 0)
        return;
    fa_ctx *ctx = fa_ctx_current(allocator);
    if (ctx->is_refusing)
        return; /* The blocks are reported as leaks. */
    fai_report(&allocator->reporter, 254, NULL, "%llu tasks",
               (unsigned long long)tasks->live);
    for (struct fa_task_record *record = tasks->newest; record != NULL;
         record = record->older)
        if (record->is_live)
            finish(ctx, record, record->word >> 1);
}

void
fai_tasks_destroy(fa_allocator *allocator)
{
    struct fa_task_record *record = allocator->tasks.newest;
    for (; record != NULL; record = record->older)
        fai_table_destroy(&record->blocks);
    fai_meta_destroy(&allocator->tasks.meta);
    fai_mutex_destroy(&allocator->tasks.lock);
}

/* --- public functions --- */

static fa_status
read_config(fa_ctx *ctx, const fa_task_config *config, fa_task_config *copy)
{
    if (config == NULL)
        return FA_OK;
    return fai_sized_read(&ctx->allocator->reporter, "fa_task_config", config,
                          offsetof(fa_task_config, name), copy, sizeof(*copy))
               ? FA_OK
               : FA_ERR_CONFIG;
}

fa_status
fa_task_begin(fa_ctx *ctx, const fa_task_config *config, fa_task *out)
{
    fa_task_config copy = FA_TASK_CONFIG_INIT;
    if (ctx == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_task){NULL, 0};
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    fa_status status = read_config(ctx, config, &copy);
    if (status != FA_OK)
        return ctx->status = status;
    struct fa_task_record *record = take_record(ctx->allocator);
    if (record == NULL)
        return ctx->status = FA_ERR_NOMEM;
    record->stats = (fa_task_stats){.capacity = copy.capacity};
    struct fai_text name =
        fai_text_begin(record->stats.name, sizeof(record->stats.name));
    fai_text_string(&name, copy.name != NULL ? copy.name : "task");
    /* Only the end of a task changes it, and that was before the lock. */
    *out = (fa_task){record, fai_load(&record->word) >> 1};
    return FA_OK;
}

void *
fa_task_alloc(fa_ctx *ctx, fa_task task, size_t size, size_t align)
{
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return NULL;
    void *block = alloc_block(ctx, record, size, align);
    leave(record);
    return block;
}

void *
fa_task_zalloc(fa_ctx *ctx, fa_task task, size_t count, size_t size,
               size_t align)
{
    size_t total;
    if (ctx == NULL)
        return NULL;
    if (__builtin_mul_overflow(count, size, &total))
        return ctx->is_refusing ? NULL : fai_fail(ctx, FA_ERR_NOMEM);
    void *block = fa_task_alloc(ctx, task, total, align);
    return block == NULL ? NULL : memset(block, 0, total);
}

void *
fa_task_realloc(fa_ctx *ctx, fa_task task, void *block, size_t size,
                size_t align)
{
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return NULL;
    void *moved = block == NULL ? alloc_block(ctx, record, size, align)
                                : resize_block(ctx, record, block, size, align);
    leave(record);
    return moved;
}

fa_status
fa_task_free(fa_ctx *ctx, fa_task task, void *block)
{
    if (block == NULL)
        return FA_OK;
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = take_out(ctx, record, block, "fa_task_free");
    if (status == FA_OK)
        fa_free(ctx, block);
    leave(record);
    return status;
}

fa_status
fa_task_add(fa_ctx *ctx, fa_task task, void *block)
{
    if (block == NULL)
        return FA_ERR_USAGE;
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = add_block(ctx, record, block);
    leave(record);
    return status;
}

fa_status
fa_task_remove(fa_ctx *ctx, fa_task task, void *block)
{
    if (block == NULL)
        return FA_ERR_USAGE;
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = take_out(ctx, record, block, "fa_task_remove");
    leave(record);
    return status;
}

fa_status
fa_task_defer(fa_ctx *ctx, fa_task task, void (*fn)(void *), void *arg)
{
    if (fn == NULL)
        return FA_ERR_USAGE;
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = push_defer(ctx, record, fn, arg);
    leave(record);
    return status;
}

bool
fa_task_is_live(fa_task task)
{
    /* Pairs with the release in finish(). */
    return task.record != NULL &&
           fai_load_acquire(&task.record->word) >> 1 == task.serial;
}

static fa_status
fill_stats(fa_ctx *ctx, const struct fa_task_record *record, fa_task_stats *out)
{
    fa_task_stats stats = record->stats;
    stats.count = record->blocks.count;
    if (!fai_sized_write(&ctx->allocator->reporter, "fa_task_stats", &stats,
                         sizeof(stats), out))
        return ctx->status = FA_ERR_CONFIG;
    return FA_OK;
}

fa_status
fa_task_stats_read(fa_ctx *ctx, fa_task task, fa_task_stats *out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = fill_stats(ctx, record, out);
    leave(record);
    return status;
}

fa_status
fa_task_end(fa_ctx *ctx, fa_task task, fa_task_stats *left)
{
    struct fa_task_record *record = enter(ctx, task);
    if (record == NULL)
        return refusal(ctx);
    fa_status status = left == NULL ? FA_OK : fill_stats(ctx, record, left);
    if (status == FA_OK)
        finish(ctx, record, task.serial);
    else
        leave(record);
    return status;
}
