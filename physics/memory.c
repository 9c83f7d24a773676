/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Persistent memory of a world: arrays, a map from addresses to numbers, and
 * a sort that needs no memory of its own. Everything doubles, so a world that
 * is warm allocates nothing.
 */
#include "world.h"

bool
array_reserve(fa_physics *world, struct array *array, size_t count, size_t size)
{
    if (count <= array->room)
        return true;
    size_t room = array->room < 16 ? 16 : array->room;
    while (room < count)
        room *= 2;
    void *items = fa_heap_realloc(world->ctx, array->items, room * size, ALIGN);
    if (items == NULL)
        return false;
    world->stats.held_bytes += (room - array->room) * size;
    array->items = items;
    array->room = room;
    return true;
}

void *
array_push(fa_physics *world, struct array *array, size_t size)
{
    if (!array_reserve(world, array, array->count + 1, size))
        return NULL;
    return (char *)array->items + array->count++ * size;
}

void
array_free(fa_physics *world, struct array *array)
{
    fa_heap_free(world->ctx, array->items);
    *array = (struct array){NULL, 0, 0};
}

static void
insert(struct map *map, const void *key, uint32_t value)
{
    size_t i = map_place(map, key);
    while (map->entries[i].key != NULL && map->entries[i].key != key)
        i = (i + 1) & map->mask;
    map->count += map->entries[i].key == NULL;
    map->entries[i] = (struct map_entry){key, value};
}

static bool
grow(fa_physics *world, struct map *map)
{
    size_t old = map->entries == NULL ? 0 : map->mask + 1;
    size_t size = old == 0 ? 64 : old * 2;
    struct map grown = {NULL, size - 1, 0, old == 0 ? 58 : map->shift - 1};
    grown.entries = fa_heap_alloc(world->ctx, size * sizeof(*map->entries), 16);
    if (grown.entries == NULL)
        return false;
    memset(grown.entries, 0, size * sizeof(*map->entries));
    for (size_t i = 0; i < old; i++)
        if (map->entries[i].key != NULL)
            insert(&grown, map->entries[i].key, map->entries[i].value);
    fa_heap_free(world->ctx, map->entries);
    world->stats.held_bytes += (size - old) * sizeof(*map->entries);
    *map = grown;
    return true;
}

bool
map_set(fa_physics *world, struct map *map, const void *key, uint32_t value)
{
    /* At most half full. */
    if ((map->entries == NULL || map->count * 2 > map->mask) &&
        !grow(world, map))
        return false;
    insert(map, key, value);
    return true;
}

bool
map_reserve(fa_physics *world, struct map *map, size_t count)
{
    while (map->entries == NULL || count * 2 > map->mask)
        if (!grow(world, map))
            return false;
    return true;
}

void
map_remove(struct map *map, const void *key)
{
    if (map->entries == NULL)
        return;
    size_t hole = map_place(map, key);
    while (map->entries[hole].key != key) {
        if (map->entries[hole].key == NULL)
            return;
        hole = (hole + 1) & map->mask;
    }
    map->count--;
    /* What stands behind the hole moves into it, unless its place is there. */
    for (size_t i = (hole + 1) & map->mask; map->entries[i].key != NULL;
         i = (i + 1) & map->mask) {
        size_t home = map_place(map, map->entries[i].key);
        if (((i - home) & map->mask) < ((i - hole) & map->mask))
            continue;
        map->entries[hole] = map->entries[i];
        hole = i;
    }
    map->entries[hole].key = NULL;
}

void
map_clear(struct map *map)
{
    if (map->count != 0)
        memset(map->entries, 0, (map->mask + 1) * sizeof(*map->entries));
    map->count = 0;
}

void
map_free(fa_physics *world, struct map *map)
{
    fa_heap_free(world->ctx, map->entries);
    *map = (struct map){NULL, 0, 0, 0};
}

/* --- sorting --- */

bool
sort_is_less(const struct sort_key *x, const struct sort_key *y)
{
    return x->a != y->a ? x->a < y->a : x->b < y->b;
}

static void
insertion_sort(struct sort_key *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct sort_key key = keys[i];
        size_t j = i;
        for (; j > 0 && sort_is_less(&key, &keys[j - 1]); j--)
            keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

static void
merge(const struct sort_key *from, struct sort_key *to, size_t middle,
      size_t end)
{
    size_t i = 0, j = middle;
    for (size_t k = 0; k < end; k++)
        to[k] = j >= end || (i < middle && !sort_is_less(&from[j], &from[i]))
                    ? from[i++]
                    : from[j++];
}

#define SORT_RUN 16

/* Runs by insertion, then merging from one half of the room to the other. */
void
sort_keys(struct sort_key *keys, size_t count)
{
    if (count < 2)
        return;
    struct sort_key *from = keys, *to = keys + count;
    for (size_t i = 0; i < count; i += SORT_RUN)
        insertion_sort(keys + i, count - i < SORT_RUN ? count - i : SORT_RUN);
    for (size_t width = SORT_RUN; width < count; width *= 2) {
        for (size_t i = 0; i < count; i += 2 * width) {
            size_t end = count - i < 2 * width ? count - i : 2 * width;
            merge(from + i, to + i, end < width ? end : width, end);
        }
        struct sort_key *swap = from;
        from = to;
        to = swap;
    }
    if (from != keys)
        memcpy(keys, from, count * sizeof(*keys));
}
