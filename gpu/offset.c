/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Offsets: a two-level segregated fit over ranges of granules, with 24-byte
 * nodes in an array. Holes of a size class are in a list; two bitmaps tell
 * which lists have any. Neighbours are linked, so that a freed range merges.
 *
 * A size class holds sizes from 2^k + j * 2^(k-4) to the next; sizes below 16
 * have one each. A hole of the class above always fits. Going up wastes: under
 * churn it cuts the large holes first. So a few holes of the class of the
 * request itself are tried before.
 */
#include <framealloc/offset.h>

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define BITS    4u /* Of the second level. */
#define COLUMNS (1u << BITS)
#define ROWS    (32u - BITS)
#define TRIES   8u /* Holes of a class that are looked at. */
#define NONE    0u
#define IN_USE  0x80000000u
#define MAX     0x7fffffffu

struct node {
    uint32_t begin;      /* In granules. */
    uint32_t size;       /* In granules; IN_USE is set when handed out. */
    uint32_t before;     /* Neighbours by offset; NONE at the ends. */
    uint32_t after;      /* Of a spare node: the next spare one. */
    uint32_t bin_before; /* In the list of its class, when it is a hole. */
    uint32_t bin_after;
};

struct fa_offset {
    fa_allocator *allocator;
    struct node *nodes; /* Entry 0 is not used. */
    uint32_t room;
    uint32_t spare; /* Nodes that describe nothing. */
    uint32_t spares;
    uint32_t first; /* The node with offset 0. */
    uint32_t total; /* Granules. */
    uint32_t used;
    uint32_t ranges;
    uint32_t holes;
    uint32_t shift; /* Of a granule. */
    uint32_t rows;
    uint32_t columns[ROWS];
    uint32_t bins[ROWS][COLUMNS];
};

struct bin {
    uint32_t row;
    uint32_t column;
};

static uint32_t
log2_of(uint32_t value)
{
    return 31u - (uint32_t)__builtin_clz(value);
}

/* The class that a hole of this size is in. */
static inline struct bin
bin_of(uint32_t size)
{
    if (size < COLUMNS)
        return (struct bin){0, size};
    uint32_t top = log2_of(size);
    return (struct bin){top - BITS + 1, (size >> (top - BITS)) - COLUMNS};
}

/* The first class all of whose holes have at least this size. */
static struct bin
bin_above(uint32_t size)
{
    if (size < COLUMNS)
        return (struct bin){0, size};
    uint32_t top = log2_of(size);
    return bin_of(size + (1u << (top - BITS)) - 1);
}

static inline void
hole_insert(struct fa_offset *offset, uint32_t number)
{
    struct node *node = &offset->nodes[number];
    struct bin bin = bin_of(node->size);
    uint32_t *head = &offset->bins[bin.row][bin.column];
    node->bin_before = NONE;
    node->bin_after = *head;
    if (*head != NONE)
        offset->nodes[*head].bin_before = number;
    *head = number;
    offset->columns[bin.row] |= 1u << bin.column;
    offset->rows |= 1u << bin.row;
    offset->holes++;
}

static inline void
hole_remove(struct fa_offset *offset, uint32_t number)
{
    struct node *node = &offset->nodes[number];
    if (node->bin_after != NONE)
        offset->nodes[node->bin_after].bin_before = node->bin_before;
    offset->holes--;
    if (node->bin_before != NONE) {
        offset->nodes[node->bin_before].bin_after = node->bin_after;
        return;
    }
    struct bin bin = bin_of(node->size);
    offset->bins[bin.row][bin.column] = node->bin_after;
    if (node->bin_after != NONE)
        return;
    offset->columns[bin.row] &= ~(1u << bin.column);
    if (offset->columns[bin.row] == 0)
        offset->rows &= ~(1u << bin.row);
}

/* --- books --- */

static inline void
spare_push(struct fa_offset *offset, uint32_t number)
{
    offset->nodes[number] = (struct node){.after = offset->spare};
    offset->spare = number;
    offset->spares++;
}

static inline uint32_t
spare_pop(struct fa_offset *offset)
{
    uint32_t number = offset->spare;
    offset->spare = offset->nodes[number].after;
    offset->spares--;
    return number;
}

/* Two nodes: what is cut off before and behind a range. */
static bool
spare_reserve(struct fa_offset *offset)
{
    if (offset->spares >= 2)
        return true;
    if (offset->room > MAX / 2)
        return false;
    uint32_t room = offset->room * 2;
    struct node *nodes =
        fa_heap_realloc(fa_ctx_current(offset->allocator), offset->nodes,
                        room * sizeof(*nodes), 16);
    if (nodes == NULL)
        return false;
    offset->nodes = nodes;
    /* Backwards, so that they are used in rising order. */
    uint32_t old = offset->room;
    offset->room = room;
    for (uint32_t i = room; i-- > old;)
        spare_push(offset, i);
    return true;
}

void
fa_offset_reset(fa_offset *offset)
{
    offset->spare = NONE;
    offset->spares = 0;
    for (uint32_t i = offset->room; i-- > 1;)
        spare_push(offset, i);
    offset->rows = 0;
    memset(offset->columns, 0, sizeof(offset->columns));
    memset(offset->bins, 0, sizeof(offset->bins));
    offset->used = 0;
    offset->ranges = 0;
    offset->holes = 0;
    offset->first = spare_pop(offset);
    offset->nodes[offset->first] = (struct node){.size = offset->total};
    hole_insert(offset, offset->first);
}

static bool
is_power_of_two(uint64_t value)
{
    return value != 0 && (value & (value - 1)) == 0;
}

fa_status
fa_offset_create(fa_allocator *allocator, const fa_offset_config *config,
                 fa_offset **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL || config == NULL)
        return FA_ERR_USAGE;
    if (config->struct_size < sizeof(*config))
        return FA_ERR_CONFIG;
    uint64_t granule = config->granule == 0 ? 256 : config->granule;
    if (!is_power_of_two(granule))
        return FA_ERR_CONFIG;
    uint32_t shift = (uint32_t)__builtin_ctzll(granule);
    uint64_t total = config->size >> shift;
    if (total == 0 || total > MAX)
        return FA_ERR_CONFIG;

    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_offset *offset = fa_heap_alloc(ctx, sizeof(*offset), 16);
    struct node *nodes = fa_heap_alloc(ctx, 64 * sizeof(*nodes), 16);
    if (offset == NULL || nodes == NULL) {
        fa_heap_free(ctx, nodes);
        fa_heap_free(ctx, offset);
        return FA_ERR_NOMEM;
    }
    memset(offset, 0, sizeof(*offset));
    offset->allocator = allocator;
    offset->nodes = nodes;
    offset->room = 64;
    offset->total = (uint32_t)total;
    offset->shift = shift;
    fa_offset_reset(offset);
    *out = offset;
    return FA_OK;
}

void
fa_offset_destroy(fa_offset *offset)
{
    if (offset == NULL)
        return;
    fa_ctx *ctx = fa_ctx_current(offset->allocator);
    fa_heap_free(ctx, offset->nodes);
    fa_heap_free(ctx, offset);
}

/* --- ranges --- */

/* Granules before the first aligned place of a hole. */
static uint32_t
gap_of(const struct node *node, uint32_t align)
{
    return (0u - node->begin) & (align - 1);
}

static bool
is_fitting(const struct node *node, uint32_t size, uint32_t align)
{
    uint32_t gap = gap_of(node, align);
    return node->size > gap && node->size - gap >= size;
}

static inline uint32_t
scan(const struct fa_offset *offset, struct bin bin, uint32_t size,
     uint32_t align)
{
    uint32_t number = offset->bins[bin.row][bin.column];
    for (uint32_t i = 0; i < TRIES && number != NONE; i++) {
        const struct node *node = &offset->nodes[number];
        if (is_fitting(node, size, align))
            return number;
        number = node->bin_after;
    }
    return NONE;
}

/* The first hole of this class or any above. */
static inline uint32_t
climb(const struct fa_offset *offset, struct bin bin)
{
    if (bin.row >= ROWS)
        return NONE;
    uint32_t columns = offset->columns[bin.row] & (~0u << bin.column);
    if (columns == 0) {
        uint32_t rows = offset->rows & (~0u << bin.row << 1);
        if (rows == 0)
            return NONE;
        bin.row = (uint32_t)__builtin_ctz(rows);
        columns = offset->columns[bin.row];
    }
    return offset->bins[bin.row][__builtin_ctz(columns)];
}

static uint32_t
find(const struct fa_offset *offset, uint32_t size, uint32_t align)
{
    uint32_t number = scan(offset, bin_of(size), size, align);
    if (number != NONE)
        return number;
    if (align == 1)
        return climb(offset, bin_above(size));
    number = climb(offset, bin_above(size));
    if (number == NONE)
        return NONE;
    number = scan(offset, bin_of(offset->nodes[number].size), size, align);
    if (number != NONE)
        return number;
    /* Any hole of size + align - 1 has an aligned place. */
    uint64_t sure = (uint64_t)size + align - 1;
    if (sure > MAX)
        return NONE;
    number = scan(offset, bin_of((uint32_t)sure), size, align);
    return number != NONE ? number : climb(offset, bin_above((uint32_t)sure));
}

/* Cuts `size` granules off the begin of a hole that is in no list; returns the
 * node of the rest, also in no list. */
static inline uint32_t
split(struct fa_offset *offset, uint32_t number, uint32_t size)
{
    uint32_t rest = spare_pop(offset);
    struct node *node = &offset->nodes[number];
    offset->nodes[rest] = (struct node){.begin = node->begin + size,
                                        .size = node->size - size,
                                        .before = number,
                                        .after = node->after};
    if (node->after != NONE)
        offset->nodes[node->after].before = rest;
    node->after = rest;
    node->size = size;
    return rest;
}

/* Cuts granules off the begin of a hole, which stays in its list if its class
 * does: that saves most of the work where holes are large. */
static uint32_t
cut_front(struct fa_offset *offset, uint32_t hole, uint32_t size)
{
    struct node *node = &offset->nodes[hole];
    struct bin old = bin_of(node->size);
    struct bin rest = bin_of(node->size - size);
    bool is_moved = old.row != rest.row || old.column != rest.column;
    if (is_moved)
        hole_remove(offset, hole);
    uint32_t taken = spare_pop(offset);
    offset->nodes[taken] = (struct node){.begin = node->begin,
                                         .size = size,
                                         .before = node->before,
                                         .after = hole};
    if (node->before != NONE)
        offset->nodes[node->before].after = taken;
    else
        offset->first = taken;
    node->before = taken;
    node->begin += size;
    node->size -= size;
    if (is_moved)
        hole_insert(offset, hole);
    return taken;
}

fa_status
fa_offset_alloc(fa_offset *offset, uint64_t size, uint64_t align,
                uint64_t *begin, uint32_t *node)
{
    if (size == 0 || (align & (align - 1)) != 0)
        return FA_ERR_USAGE;
    uint64_t granule = (uint64_t)1 << offset->shift;
    uint64_t units = (size >> offset->shift) + ((size & (granule - 1)) != 0);
    uint64_t align_units = align <= granule ? 1 : align >> offset->shift;
    if (units > offset->total || align_units > MAX || !spare_reserve(offset))
        return FA_ERR_NOMEM;

    uint32_t number = find(offset, (uint32_t)units, (uint32_t)align_units);
    if (number == NONE)
        return FA_ERR_NOMEM;
    uint32_t gap = gap_of(&offset->nodes[number], (uint32_t)align_units);
    if (FA_UNLIKELY(gap != 0)) {
        hole_remove(offset, number);
        uint32_t rest = split(offset, number, gap);
        hole_insert(offset, number);
        number = rest;
        hole_insert(offset, number);
    }
    if (offset->nodes[number].size == units)
        hole_remove(offset, number);
    else
        number = cut_front(offset, number, (uint32_t)units);
    offset->nodes[number].size |= IN_USE;
    offset->used += (uint32_t)units;
    offset->ranges++;
    *begin = (uint64_t)offset->nodes[number].begin << offset->shift;
    *node = number;
    return FA_OK;
}

/* The second of two neighbours becomes part of the first. */
static inline void
merge(struct fa_offset *offset, uint32_t first, uint32_t second)
{
    struct node *node = &offset->nodes[first];
    node->size += offset->nodes[second].size;
    node->after = offset->nodes[second].after;
    if (node->after != NONE)
        offset->nodes[node->after].before = first;
    spare_push(offset, second);
}

static bool
is_hole(const struct fa_offset *offset, uint32_t number)
{
    return number != NONE && (offset->nodes[number].size & IN_USE) == 0;
}

fa_status
fa_offset_free(fa_offset *offset, uint32_t node)
{
    if (node == NONE || node >= offset->room ||
        (offset->nodes[node].size & IN_USE) == 0)
        return FA_ERR_STALE;
    offset->nodes[node].size &= ~IN_USE;
    offset->used -= offset->nodes[node].size;
    offset->ranges--;
    uint32_t after = offset->nodes[node].after;
    if (is_hole(offset, after)) {
        hole_remove(offset, after);
        merge(offset, node, after);
    }
    uint32_t before = offset->nodes[node].before;
    if (is_hole(offset, before)) {
        hole_remove(offset, before);
        merge(offset, before, node);
        node = before;
    }
    hole_insert(offset, node);
    return FA_OK;
}

/* --- figures --- */

static uint32_t
largest_hole(const struct fa_offset *offset)
{
    if (offset->rows == 0)
        return 0;
    uint32_t row = log2_of(offset->rows);
    uint32_t number = offset->bins[row][log2_of(offset->columns[row])];
    uint32_t most = 0;
    for (; number != NONE; number = offset->nodes[number].bin_after)
        if (offset->nodes[number].size > most)
            most = offset->nodes[number].size;
    return most;
}

fa_status
fa_offset_usage_read(const fa_offset *offset, fa_offset_usage *out)
{
    if (offset == NULL || out == NULL)
        return FA_ERR_USAGE;
    if (out->struct_size < sizeof(*out))
        return FA_ERR_CONFIG;
    out->size = (uint64_t)offset->total << offset->shift;
    out->used = (uint64_t)offset->used << offset->shift;
    out->largest_hole = (uint64_t)largest_hole(offset) << offset->shift;
    out->ranges = offset->ranges;
    out->holes = offset->holes;
    return FA_OK;
}

bool
fa_offset_next(const fa_offset *offset, uint32_t *cursor, fa_offset_range *out)
{
    /* The cursor is the number of the node that comes next; 0 begins, and an
     * impossible number ends. */
    uint32_t number = *cursor == NONE ? offset->first : *cursor;
    if (number >= offset->room)
        return false;
    const struct node *node = &offset->nodes[number];
    out->offset = (uint64_t)node->begin << offset->shift;
    out->size = (uint64_t)(node->size & ~IN_USE) << offset->shift;
    out->node = number;
    out->is_free = (node->size & IN_USE) == 0;
    *cursor = node->after == NONE ? UINT32_MAX : node->after;
    return true;
}
