/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Dumps: all blocks and slices as JSON, in the caller's memory. Members and
 * their nesting are those of the dumps of Vulkan Memory Allocator 3: slices are
 * its default pools; arenas, the staging ring and idle blocks are custom ones.
 */
#include "state.h"

#include <framealloc/gpu-budget.h>

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    char *out;
    size_t size;
    size_t length; /* Of the whole text. */
    bool is_first; /* Of the members or items of an object or array. */
};

FA_PRINTF(2, 3)
static void
put(struct text *text, const char *format, ...)
{
    size_t room = text->length < text->size ? text->size - text->length : 0;
    va_list list;
    va_start(list, format);
    int length = vsnprintf(room == 0 ? NULL : text->out + text->length, room,
                           format, list);
    va_end(list);
    text->length += length < 0 ? 0 : (size_t)length;
}

/* A comma, unless it is the first one. */
static void
next(struct text *text)
{
    put(text, "%s", text->is_first ? "" : ",");
    text->is_first = false;
}

static void
open(struct text *text, const char *name, char bracket)
{
    next(text);
    if (name != NULL)
        put(text, "\"%s\":", name);
    put(text, "%c", bracket);
    text->is_first = true;
}

static void
shut(struct text *text, char bracket)
{
    put(text, "%c", bracket);
    text->is_first = false;
}

static void
number(struct text *text, const char *name, uint64_t value)
{
    next(text);
    put(text, "\"%s\":%" PRIu64, name, value);
}

static void
string(struct text *text, const char *name, const char *value)
{
    next(text);
    put(text, "\"%s\":\"", name);
    for (const char *p = value; *p != 0; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '"' || c == '\\')
            put(text, "\\%c", c);
        else if (c < 0x20)
            put(text, "\\u%04x", c);
        else
            put(text, "%c", c);
    }
    put(text, "\"");
}

/* --- sums --- */

struct sums {
    uint64_t blocks;
    uint64_t block_bytes;
    uint64_t ranges;
    uint64_t range_bytes;
    uint64_t holes;
};

static void
sums_add(struct sums *sums, const struct gpu_block *block)
{
    fa_offset_usage usage = FA_OFFSET_USAGE_INIT;
    sums->blocks++;
    sums->block_bytes += block->native.size;
    sums->range_bytes += block->used;
    if (block->offsets != NULL &&
        fa_offset_usage_read(block->offsets, &usage) == FA_OK) {
        sums->ranges += usage.ranges;
        sums->holes += usage.holes;
    } else {
        sums->ranges += block->used != 0;
    }
}

static void
put_sums(struct text *text, const char *name, const struct sums *sums)
{
    open(text, name, '{');
    number(text, "BlockCount", sums->blocks);
    number(text, "BlockBytes", sums->block_bytes);
    number(text, "AllocationCount", sums->ranges);
    number(text, "AllocationBytes", sums->range_bytes);
    number(text, "UnusedRangeCount", sums->holes);
    shut(text, '}');
}

/* --- heaps --- */

static struct sums
heap_sums(const fa_gpu *gpu, uint32_t heap)
{
    struct sums sums = {0};
    for (uint32_t i = 0; i < gpu->block_count; i++)
        if (gpu->blocks[i] != NULL &&
            (heap == UINT32_MAX || gpu->blocks[i]->memory_class.heap == heap))
            sums_add(&sums, gpu->blocks[i]);
    return sums;
}

static void
put_heap(struct text *text, const fa_gpu *gpu, uint32_t heap)
{
    char name[16];
    uint64_t budget;
    uint64_t usage;
    struct sums sums = heap_sums(gpu, heap);
    snprintf(name, sizeof(name), "Heap %u", heap);
    budget_heap_read_locked(gpu, heap, &budget, &usage);
    open(text, name, '{');
    open(text, "Flags", '[');
    if (gpu->caps.heaps[heap].is_device_local) {
        next(text);
        put(text, "\"DEVICE_LOCAL\"");
    }
    shut(text, ']');
    number(text, "Size", gpu->caps.heaps[heap].size);
    open(text, "Budget", '{');
    number(text, "BudgetBytes", budget);
    number(text, "UsageBytes", usage);
    shut(text, '}');
    put_sums(text, "Stats", &sums);
    shut(text, '}');
}

/* --- blocks --- */

static const char *
name_of(const fa_gpu *gpu, const struct gpu_block *block, uint32_t node)
{
    for (uint32_t i = 1; i < gpu->slice_count; i++)
        if (gpu->slices[i].block == block && gpu->slices[i].node == node)
            return gpu->slices[i].name;
    return NULL;
}

static void
put_range(struct text *text, uint64_t offset, uint64_t size, const char *type,
          const char *name)
{
    open(text, NULL, '{');
    number(text, "Offset", offset);
    string(text, "Type", type);
    number(text, "Size", size);
    if (name != NULL)
        string(text, "Name", name);
    shut(text, '}');
}

static void
put_ranges(struct text *text, const fa_gpu *gpu, const struct gpu_block *block)
{
    const char *type = block->key.is_opaque ? "IMAGE_OPTIMAL" : "BUFFER";
    uint32_t cursor = 0;
    fa_offset_range range;
    if (block->offsets == NULL) {
        if (block->used != 0)
            put_range(text, 0, block->used, type, block->name);
        return;
    }
    while (fa_offset_next(block->offsets, &cursor, &range))
        put_range(text, range.offset, range.size, range.is_free ? "FREE" : type,
                  range.is_free ? NULL : name_of(gpu, block, range.node));
}

static void
put_block(struct text *text, const fa_gpu *gpu, const struct gpu_block *block)
{
    char name[16];
    struct sums sums = {0};
    sums_add(&sums, block);
    snprintf(name, sizeof(name), "%u", block->number);
    open(text, name, '{');
    number(text, "MapRefCount", block->native.ptr != NULL);
    number(text, "TotalBytes", sums.block_bytes);
    number(text, "UnusedBytes", sums.block_bytes - sums.range_bytes);
    number(text, "Allocations", sums.ranges);
    number(text, "UnusedRanges", sums.holes);
    open(text, "Suballocations", '[');
    put_ranges(text, gpu, block);
    shut(text, ']');
    shut(text, '}');
}

static void
put_blocks(struct text *text, const fa_gpu *gpu, uint32_t class_id,
           enum block_owner owner)
{
    open(text, "Blocks", '{');
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        const struct gpu_block *block = gpu->blocks[i];
        if (block != NULL && block->memory_class.id == class_id &&
            block->owner == owner && !block->key.is_dedicated)
            put_block(text, gpu, block);
    }
    shut(text, '}');
    open(text, "DedicatedAllocations", '[');
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        const struct gpu_block *block = gpu->blocks[i];
        if (block != NULL && block->memory_class.id == class_id &&
            block->owner == owner && block->key.is_dedicated)
            put_ranges(text, gpu, block);
    }
    shut(text, ']');
}

static bool
has_blocks(const fa_gpu *gpu, uint32_t class_id, bool is_custom)
{
    for (uint32_t i = 0; i < gpu->block_count; i++)
        if (gpu->blocks[i] != NULL &&
            gpu->blocks[i]->memory_class.id == class_id &&
            (gpu->blocks[i]->owner != BLOCK_SLICES) == is_custom)
            return true;
    return false;
}

static void
put_custom(struct text *text, const fa_gpu *gpu, uint32_t class_id)
{
    static const struct {
        enum block_owner owner;
        const char *name;
    } pools[] = {{BLOCK_ARENA, "frame arenas"},
                 {BLOCK_STAGING, "staging"},
                 {BLOCK_IDLE, "idle"}};
    for (size_t i = 0; i < sizeof(pools) / sizeof(pools[0]); i++) {
        open(text, NULL, '{');
        string(text, "Name", pools[i].name);
        number(text, "PreferredBlockSize", gpu->config.chunk_size);
        put_blocks(text, gpu, class_id, pools[i].owner);
        shut(text, '}');
    }
}

/* Default pools are objects, custom ones lists. */
static void
put_pools(struct text *text, const fa_gpu *gpu, bool is_custom)
{
    char name[16];
    open(text, is_custom ? "CustomPools" : "DefaultPools", '{');
    for (uint32_t id = 0; id < 32; id++) {
        if (!has_blocks(gpu, id, is_custom))
            continue;
        snprintf(name, sizeof(name), "Type %u", id);
        open(text, name, is_custom ? '[' : '{');
        if (is_custom) {
            put_custom(text, gpu, id);
        } else {
            number(text, "PreferredBlockSize", gpu->config.block_size);
            put_blocks(text, gpu, id, BLOCK_SLICES);
        }
        shut(text, is_custom ? ']' : '}');
    }
    shut(text, '}');
}

size_t
fa_gpu_dump(fa_gpu *gpu, char *out, size_t size)
{
    struct text text = {out, size, 0, true};
    if (size > 0)
        out[0] = 0;
    if (gpu == NULL)
        return 0;
    gpu_lock(gpu);
    open(&text, NULL, '{');
    open(&text, "General", '{');
    string(&text, "API", "framealloc");
    string(&text, "GPU", gpu->caps.device);
    shut(&text, '}');
    struct sums total = heap_sums(gpu, UINT32_MAX);
    put_sums(&text, "Total", &total);
    open(&text, "MemoryInfo", '{');
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++)
        put_heap(&text, gpu, i);
    shut(&text, '}');
    put_pools(&text, gpu, false);
    put_pools(&text, gpu, true);
    shut(&text, '}');
    gpu_unlock(gpu);
    return text.length;
}
