/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The queued batch: in which epochs its copies may run.
 *
 * Devices run the copies of a batch in any order. A copy that writes what an
 * earlier one reads or writes, or reads what an earlier one writes, must come
 * behind a barrier: its epoch is one above theirs. Epochs are the lowest that
 * allow the queue order, so that a buffer filled at once and then patched in a
 * thousand places takes two.
 *
 * Spans that copies read or write are sorted by where they begin. A sweep finds
 * out whether any two conflict; mostly none do. Otherwise each span covers the
 * cells from its own place in that order to the last span that begins before
 * its end. Two spans have a byte in common exactly when they have a cell in
 * common: the later of the two beginnings. Two trees over the cells tell for a
 * range of them the highest epoch of writes, and of any use. All of it takes
 * n log n steps for n copies.
 */
#include "transfer.h"

struct span {
    uint64_t buffer;
    uint64_t begin;
    uint64_t end;
    uint32_t copy; /* Number in the queue. */
    bool is_write;
    uint32_t first; /* Cell. */
    uint32_t last;  /* Behind the last cell. */
};

/* --- memory --- */

static void
place_arrays(struct batch *batch, char *memory, uint32_t room)
{
    batch->items = (struct queued *)(void *)memory;
    memory += room * sizeof(struct queued);
    batch->spans = (struct span *)(void *)memory;
    memory += room * 2 * sizeof(struct span);
    batch->sorted = (fa_gpu_copy *)(void *)memory;
    memory += room * sizeof(fa_gpu_copy);
    batch->order = (uint32_t *)(void *)memory;
    batch->room = room;
}

bool
batch_reserve(fa_gpu *gpu, struct batch *batch)
{
    if (batch->count + batch->promised < batch->room)
        return true;
    if (batch->room > UINT32_MAX / 1024)
        return false;
    uint32_t room = batch->room == 0 ? 64 : batch->room * 2;
    size_t each = sizeof(struct queued) + 2 * sizeof(struct span) +
                  sizeof(fa_gpu_copy) + 4 * sizeof(uint32_t);
    char *memory = gpu_meta_alloc(gpu, room * each);
    if (memory == NULL)
        return false;
    struct queued *old = batch->items;
    place_arrays(batch, memory, room);
    if (old != NULL)
        memcpy(batch->items, old, batch->count * sizeof *old);
    gpu_meta_free(gpu, old);
    return true;
}

void
batch_add(struct batch *batch, const struct queued *item)
{
    batch->items[batch->count++] = *item;
    batch->visible |= item->visible;
    if (item->expires < batch->expires)
        batch->expires = item->expires;
}

void
batch_clear(struct batch *batch)
{
    batch->count = 0;
    batch->visible = 0;
    batch->expires = UINT64_MAX;
}

/* --- sorting --- */

typedef bool before_fn(const struct batch *batch, uint32_t a, uint32_t b);

/* Merges two sorted runs; nothing to do when they follow each other. */
static void
merge(const struct batch *batch, before_fn *before, uint32_t *run,
      uint32_t middle, uint32_t count, uint32_t *scratch)
{
    if (!before(batch, run[middle], run[middle - 1]))
        return;
    memcpy(scratch, run, middle * sizeof *run);
    uint32_t left = 0;
    uint32_t right = middle;
    for (uint32_t at = 0; left < middle; at++) {
        if (right < count && before(batch, run[right], scratch[left]))
            run[at] = run[right++];
        else
            run[at] = scratch[left++];
    }
}

/* Numbers 0 to count - 1 in order; stable. No memory of libc's qsort(). */
static uint32_t *
sort(const struct batch *batch, before_fn *before, uint32_t count)
{
    uint32_t *order = batch->order;
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t width = 1; width < count; width *= 2) {
        for (uint32_t i = 0; count - i > width; i += 2 * width) {
            uint32_t rest = count - i;
            merge(batch, before, order + i, width,
                  rest < 2 * width ? rest : 2 * width, order + count);
            if (rest <= 2 * width)
                break;
        }
    }
    return order;
}

static bool
begins_before(const struct batch *batch, uint32_t a, uint32_t b)
{
    const struct span *x = &batch->spans[a];
    const struct span *y = &batch->spans[b];
    return x->buffer != y->buffer ? x->buffer < y->buffer : x->begin < y->begin;
}

static bool
runs_before(const struct batch *batch, uint32_t a, uint32_t b)
{
    const fa_gpu_copy *x = &batch->items[a].copy;
    const fa_gpu_copy *y = &batch->items[b].copy;
    if (x->epoch != y->epoch)
        return x->epoch < y->epoch;
    return x->source != y->source ? x->source < y->source
                                  : x->target < y->target;
}

/* --- conflicts --- */

/* What each copy touches; memory of the ring is touched by one copy only. */
static uint32_t
make_spans(const struct batch *batch)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct queued *item = &batch->items[i];
        const fa_gpu_copy *copy = &item->copy;
        if (item->source_slice != 0)
            batch->spans[count++] = (struct span){
                .buffer = copy->source,
                .begin = copy->source_offset,
                .end = copy->source_offset + copy->size,
                .copy = i,
            };
        if (item->target_slice != 0)
            batch->spans[count++] = (struct span){
                .buffer = copy->target,
                .begin = copy->target_offset,
                .end = copy->target_offset + copy->size,
                .copy = i,
                .is_write = true,
            };
    }
    return count;
}

static uint64_t
max64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static bool
any_conflict(const struct batch *batch, const uint32_t *order, uint32_t count)
{
    uint64_t buffer = 0;
    uint64_t written = 0; /* End of the bytes written so far. */
    uint64_t touched = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct span *span = &batch->spans[order[i]];
        if (span->buffer != buffer)
            written = touched = 0;
        buffer = span->buffer;
        if (span->begin < (span->is_write ? touched : written))
            return true;
        touched = max64(touched, span->end);
        if (span->is_write)
            written = max64(written, span->end);
    }
    return false;
}

/* The first place in the order, from `low` on, that begins at or behind the
 * span's end. */
static uint32_t
find_end(const struct batch *batch, const uint32_t *order, uint32_t low,
         uint32_t high, const struct span *span)
{
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct span *other = &batch->spans[order[middle]];
        if (other->buffer == span->buffer && other->begin < span->end)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void
make_cells(const struct batch *batch, const uint32_t *order, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct span *span = &batch->spans[order[i]];
        span->first = i;
        span->last = find_end(batch, order, i, count, span);
    }
}

/* --- epochs --- */

/* The highest number that was set for a span which has a cell in common. Node 1
 * is the root, node i has the children 2i and 2i + 1. Of two such spans one
 * begins in the other: either its first cell is asked for, or it covers the
 * first one that is. */
struct tree {
    uint32_t *cover; /* Highest of spans that cover all cells of the node. */
    uint32_t *begin; /* Highest of spans whose first cell is one of them. */
    uint32_t leaves; /* Power of two. */
};

static void
raise(uint32_t *value, uint32_t to)
{
    if (*value < to)
        *value = to;
}

static void
tree_set(struct tree *tree, const struct span *span, uint32_t value)
{
    uint32_t left = span->first + tree->leaves;
    uint32_t right = span->last + tree->leaves;
    for (uint32_t i = left; i >= 1; i /= 2)
        raise(&tree->begin[i], value);
    for (; left < right; left /= 2, right /= 2) {
        if (left & 1)
            raise(&tree->cover[left++], value);
        if (right & 1)
            raise(&tree->cover[--right], value);
    }
}

static uint32_t
tree_get(const struct tree *tree, const struct span *span)
{
    uint32_t value = 0;
    uint32_t left = span->first + tree->leaves;
    uint32_t right = span->last + tree->leaves;
    for (uint32_t i = left; i >= 1; i /= 2)
        raise(&value, tree->cover[i]);
    for (; left < right; left /= 2, right /= 2) {
        if (left & 1)
            raise(&value, tree->begin[left++]);
        if (right & 1)
            raise(&value, tree->begin[--right]);
    }
    return value;
}

/* Numbers in the trees are one above epochs, so 0 is nothing. */
static void
find_epochs(const struct batch *batch, uint32_t count, struct tree *writes,
            struct tree *uses)
{
    for (uint32_t i = 0; i < count;) {
        uint32_t copy = batch->spans[i].copy;
        uint32_t epoch = 0;
        uint32_t end = i;
        for (; end < count && batch->spans[end].copy == copy; end++) {
            const struct span *span = &batch->spans[end];
            raise(&epoch, tree_get(span->is_write ? uses : writes, span));
        }
        for (; i < end; i++) {
            const struct span *span = &batch->spans[i];
            tree_set(uses, span, epoch + 1);
            if (span->is_write)
                tree_set(writes, span, epoch + 1);
        }
        batch->items[copy].copy.epoch = epoch;
    }
}

/* Without memory for the trees each copy stands alone, which is right, too. */
static void
separate(fa_gpu *gpu, struct batch *batch, uint32_t count)
{
    uint32_t leaves = 1;
    while (leaves < count)
        leaves *= 2;
    size_t nodes = 2 * (size_t)leaves;
    uint32_t *memory = gpu_meta_alloc(gpu, 4 * nodes * sizeof *memory);
    if (memory == NULL) {
        for (uint32_t i = 0; i < batch->count; i++)
            batch->items[i].copy.epoch = i;
        return;
    }
    memset(memory, 0, 4 * nodes * sizeof *memory);
    struct tree writes = {memory, memory + nodes, leaves};
    struct tree uses = {memory + 2 * nodes, memory + 3 * nodes, leaves};
    find_epochs(batch, count, &writes, &uses);
    gpu_meta_free(gpu, memory);
}

void
batch_sort(fa_gpu *gpu, struct batch *batch)
{
    for (uint32_t i = 0; i < batch->count; i++)
        batch->items[i].copy.epoch = 0;
    uint32_t count = make_spans(batch);
    uint32_t *order = sort(batch, begins_before, count);
    if (any_conflict(batch, order, count)) {
        make_cells(batch, order, count);
        separate(gpu, batch, count);
    }
    order = sort(batch, runs_before, batch->count);
    for (uint32_t i = 0; i < batch->count; i++)
        batch->sorted[i] = batch->items[order[i]].copy;
}
