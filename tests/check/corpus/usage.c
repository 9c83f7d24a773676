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
void
usage_of_no_result(fa_frame *frame, struct map *map)
{
    fa_frame_alloc(frame, 256, 16); /* here */
    map->tiles = NULL;
}

/* good */
void
usage_of_a_result(fa_frame *frame, struct map *map)
{
    map->tiles = NULL;
    memset(fa_frame_alloc(frame, 256, 16), 0, 256);
}

/* bad: FA102 */
struct tile *
usage_of_a_product(fa_frame *frame, size_t width, size_t height)
{
    size_t count = width + height;
    return fa_frame_alloc(frame, count * sizeof(struct tile), /* here */
                          _Alignof(struct tile));
}

/* good */
struct tile *
usage_of_an_array(fa_frame *frame, size_t width, size_t height)
{
    size_t count = width + height;
    return fa_frame_alloc_array(frame, count, sizeof(struct tile),
                                _Alignof(struct tile));
}

/* bad: FA103 */
struct tile *
usage_of_the_size_of_a_pointer(fa_frame *frame)
{
    struct tile *tile =
        fa_frame_zalloc(frame, sizeof(tile), _Alignof(struct tile)); /* here */
    if (tile != NULL)
        tile->kind = 1;
    return tile;
}

/* good */
struct tile *
usage_of_the_size_of_a_pointee(fa_frame *frame)
{
    struct tile *tile =
        fa_frame_zalloc(frame, sizeof(*tile), _Alignof(struct tile));
    if (tile != NULL)
        tile->kind = 1;
    return tile;
}

/* bad: FA104 */
bool
usage_of_the_old_name(struct map *map)
{
    int *block = map_alloc(map, 64); /* here */
    if (block != NULL)
        block[0] = 1;
    return block != NULL;
}

/* good */
bool
usage_of_the_new_name(struct map *map)
{
    int *block = map_reserve(map, 64);
    if (block != NULL)
        block[0] = 1;
    return block != NULL;
}

/* bad: FA302 */
void
usage_of_a_budget_unseen(struct map *map)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    fa_budget_read(map->allocator, FA_BUDGET_ALLOCATOR, 0, &usage); /* here */
    map->free_bytes = usage.remaining;
}

/* good */
bool
usage_of_a_budget_that_is_set(struct map *map, fa_tag tag)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = 1 << 20;
    fa_status status =
        fa_budget_set(map->allocator, FA_BUDGET_TAG, tag, &budget);
    map->free_bytes = budget.hard_bytes;
    return status == FA_OK;
}

/* bad: FA303 */
struct tile *
usage_above_the_capacity(struct map *map)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    config.capacity = 4096;
    if (fa_scratch_create(map->allocator, "paths", &config, &map->paths) !=
        FA_OK)
        return NULL;
    return fa_frame_alloc(fa_scratch_frame(map->paths), 65536, 16); /* here */
}

/* good */
bool
usage_within_the_capacity_of_a_group(struct map *map, fa_group *out)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.capacity = 16 * 1024;
    if (fa_group_create(map->ctx, &config, out) != FA_OK)
        return false;
    char *table = fa_frame_zalloc(fa_group_frame(*out), 1 << 10, 16);
    return table != NULL && table[0] == 0;
}

/* bad: FA092 */
int
usage_of_a_needless_suppression(fa_frame *frame)
{
    int *value = fa_frame_new(frame, int); /* fa-ignore: FA606 was wrong */
    return value != NULL ? *value : 0;
}
