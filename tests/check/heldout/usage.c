/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: how the interface is called, sizes and budgets.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tile {
    int kind;
    float height[4];
};

struct map {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct tile *tiles;
    fa_scratch paths;
    uint64_t free_bytes;
};

/* Renamed in .fa.toml. */
void *map_alloc(struct map *map, size_t size);
void *map_reserve(struct map *map, size_t size);

/* The cases. */

/* bad: FA101 */
int
usage_of_no_result_in_a_loop(fa_frame *frame, int count)
{
    int i;
    for (i = 0; i < count; i++)
        fa_frame_alloc_array(frame, 4, sizeof(int), 4); /* here */
    return i;
}

/* good */
bool
usage_of_a_result_as_condition(fa_frame *frame, int count)
{
    bool has_room = true;
    for (int i = 0; i < count && has_room; i++)
        has_room = fa_frame_alloc_array(frame, 4, sizeof(int), 4) != NULL;
    return has_room;
}

/* bad: FA102 */
struct tile *
usage_of_a_product_reversed(fa_frame *frame, uint32_t count)
{
    struct tile *tiles =
        fa_frame_zalloc(frame, sizeof(*tiles) * count, /* here */
                        _Alignof(struct tile));
    return tiles;
}

/* good */
struct tile *
usage_of_a_constant_product(fa_frame *frame)
{
    struct tile *tiles =
        fa_frame_zalloc(frame, sizeof(*tiles) * 64, _Alignof(struct tile));
    return tiles;
}

/* bad: FA103 */
struct tile *
usage_of_pointers_for_an_array(struct map *map, size_t count)
{
    map->tiles = fa_frame_alloc_array(fa_ctx_frame(map->ctx), count,
                                      sizeof(map->tiles), 16); /* here */
    struct tile *tiles = map->tiles;
    map->tiles = NULL;
    return tiles;
}

/* good */
struct tile **
usage_of_pointers_for_pointers(struct map *map, size_t count)
{
    struct tile **tiles = fa_frame_alloc_array(
        fa_ctx_frame(map->ctx), count, sizeof(map->tiles), sizeof(void *));
    if (tiles != NULL && count > 0)
        tiles[0] = map->tiles;
    return tiles;
}

/* good */
void
usage_of_a_budget_seen(struct map *map)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    if (fa_budget_read(map->allocator, FA_BUDGET_ALLOCATOR, 0, &usage) != FA_OK)
        return;
    map->free_bytes = usage.remaining;
}

/* bad: FA302 */
void
usage_of_a_budget_that_may_not_be_set(struct map *map, fa_tag tag)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 1 << 20;
    fa_status status =
        fa_budget_set(map->allocator, FA_BUDGET_TAG, tag, &budget); /* here */
    (void)status;
    map->free_bytes = budget.hard_bytes;
}

/* good */
struct tile *
usage_within_the_capacity(struct map *map)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    config.capacity = 1 << 20;
    if (fa_scratch_create(map->allocator, "paths", &config, &map->paths) !=
        FA_OK)
        return NULL;
    return fa_frame_alloc(fa_scratch_frame(map->paths), 65536, 16);
}

/* bad: FA303 */
bool
usage_above_the_capacity_of_a_group(struct map *map, fa_group *out)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.capacity = 16 * 1024;
    if (fa_group_create(map->ctx, &config, out) != FA_OK)
        return false;
    char *table = fa_frame_zalloc(fa_group_frame(*out), 1 << 20, 16); /* here */
    return table != NULL && table[0] == 0;
}

/* good */
int
usage_of_a_needed_suppression(fa_allocator *allocator)
{
    int *value = fa_frame_new(fa_begin_frame(allocator), int);
    fa_end_frame(allocator);
    /* fa-ignore: FA606 the allocator has a lag of one frame */
    return value != NULL ? *value : 0;
}
