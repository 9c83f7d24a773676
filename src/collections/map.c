/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Maps: one engine for all types.
 *
 * The entries are a vector. The index is a table of slots with linear probing:
 * a slot holds the hash of a key and the number of its entry, from 1. It has
 * more slots than the vector has room, so a search always meets an empty slot,
 * also in a full map. Removing moves later slots back instead of leaving a
 * stone, so searches do not become longer by it. The index is made anew from
 * its hashes when the vector has grown; keys are not hashed again.
 */
#include <framealloc/map.h>

#include "base/bits.h"
#include "base/hash.h"
#include "collections/items.h"

#include <string.h>

struct slot {
    uint32_t hash;
    uint32_t entry; /* From 1; 0: empty. */
};

static uint32_t
hash_of(const fa_map *map, const void *key, size_t key_size)
{
    if (map->keys == FA_MAP_TEXT) {
        const char *text;
        memcpy(&text, key, sizeof(text));
        return fai_hash(text, strlen(text));
    }
    if (map->keys == FA_MAP_BYTES) {
        fa_bytes bytes;
        memcpy(&bytes, key, sizeof(bytes));
        return fai_hash(bytes.data, bytes.size);
    }
    return fai_hash(key, key_size);
}

static bool
is_same_text(const void *a, const void *b)
{
    const char *first, *second;
    memcpy(&first, a, sizeof(first));
    memcpy(&second, b, sizeof(second));
    return first == second || strcmp(first, second) == 0;
}

static bool
is_same_bytes(const void *a, const void *b)
{
    fa_bytes first, second;
    memcpy(&first, a, sizeof(first));
    memcpy(&second, b, sizeof(second));
    return first.size == second.size &&
           (first.size == 0 ||
            memcmp(first.data, second.data, first.size) == 0);
}

/* Numbers and pointers are compared without a call. */
static bool
is_same_value(const void *a, const void *b, size_t key_size)
{
    if (key_size == sizeof(uint64_t))
        return memcmp(a, b, sizeof(uint64_t)) == 0;
    if (key_size == sizeof(uint32_t))
        return memcmp(a, b, sizeof(uint32_t)) == 0;
    return memcmp(a, b, key_size) == 0;
}

static bool
is_same(const fa_map *map, const void *a, const void *b, size_t key_size)
{
    return map->keys == FA_MAP_PLAIN  ? is_same_value(a, b, key_size)
           : map->keys == FA_MAP_TEXT ? is_same_text(a, b)
                                      : is_same_bytes(a, b);
}

/* The slot of a key, or the empty one where it would be. There are slots. */
static struct slot *
find_slot(const fa_map *map, const char *items, const void *key,
          size_t key_size, size_t size, uint32_t hash)
{
    struct slot *slots = map->slots;
    size_t mask = map->slot_count - 1;
    size_t i = hash & mask;
    while (slots[i].entry != 0 &&
           (slots[i].hash != hash ||
            !is_same(map, key, items + (slots[i].entry - 1) * size, key_size)))
        i = (i + 1) & mask;
    return &slots[i];
}

bool
fa_map_find_slow(fa_map *map, const void *items, const void *key,
                 size_t key_size, size_t size)
{
    if (!fai_items_may_be_read(&map->entries) || map->slot_count == 0)
        return false;
    const struct slot *slot =
        find_slot(map, items, key, key_size, size, hash_of(map, key, key_size));
    map->at = (size_t)slot->entry - 1;
    return slot->entry != 0;
}

/* --- growing --- */

static size_t
slots_for(size_t room)
{
    /* At most three of four slots are in use. */
    size_t least = room + room / 3 + 1;
    return (size_t)1 << fai_bit_width(least);
}

static void
refill(struct slot *to, size_t to_count, const struct slot *from,
       size_t from_count)
{
    for (size_t i = 0; i < from_count; i++) {
        if (from[i].entry == 0)
            continue;
        size_t at = from[i].hash & (to_count - 1);
        while (to[at].entry != 0)
            at = (at + 1) & (to_count - 1);
        to[at] = from[i];
    }
}

static bool
grow_index(fa_map *map)
{
    fa_frame *frame = map->entries.frame;
    size_t count = slots_for(map->entries.room);
    if (count <= map->slot_count)
        return true;
    struct slot *slots = fa_frame_array(frame, struct slot, count);
    if (slots == NULL) {
        fa_status why = fa_frame_status(frame);
        map->entries.status = why == FA_OK ? FA_ERR_NOMEM : why;
        return false;
    }
    refill(slots, count, map->slots, map->slot_count);
    fa_frame_release(frame, map->slots, map->slot_count * sizeof(*slots));
    map->slots = slots;
    map->slot_count = count;
    return true;
}

void *
fa_map_reserve_slow(fa_map *map, void *items, size_t count, size_t more,
                    size_t size, size_t align)
{
    fa_vec *entries = &map->entries;
    if (!fai_items_may_change(entries))
        return items;
    if (more > FA_MAP_MAX - count) {
        entries->status = FA_ERR_NOMEM;
        return items;
    }
    if (more > entries->room - count)
        items = fa_vec_reserve_slow(entries, items, count, more, size, align);
    if (entries->status == FA_OK)
        (void)grow_index(map);
    return items;
}

void *
fa_map_add_slow(fa_map *map, void *items, size_t *count, const void *key,
                size_t key_size, size_t size, size_t align)
{
    if (!fai_items_may_change(&map->entries))
        return items;
    uint32_t hash = hash_of(map, key, key_size);
    if (map->slot_count != 0) {
        const struct slot *slot =
            find_slot(map, items, key, key_size, size, hash);
        map->at = (size_t)slot->entry - 1;
        map->is_new = false;
        if (slot->entry != 0)
            return items;
    }
    char *grown = fa_map_reserve_slow(map, items, *count, 1, size, align);
    if (map->entries.status != FA_OK)
        return grown;
    struct slot *slot = find_slot(map, grown, key, key_size, size, hash);
    map->at = (*count)++;
    map->is_new = true;
    *slot = (struct slot){hash, (uint32_t)*count};
    char *entry = grown + map->at * size;
    memcpy(entry, key, key_size);
    memset(entry + key_size, 0, size - key_size);
    return grown;
}

/* --- removing --- */

/* Moves slots back into the gap that their search would stop at. */
static void
close_gap(fa_map *map, size_t gap)
{
    struct slot *slots = map->slots;
    size_t mask = map->slot_count - 1;
    for (size_t i = (gap + 1) & mask; slots[i].entry != 0; i = (i + 1) & mask) {
        size_t home = slots[i].hash & mask;
        if (((i - home) & mask) < ((i - gap) & mask))
            continue;
        slots[gap] = slots[i];
        gap = i;
    }
    slots[gap].entry = 0;
}

bool
fa_map_remove_slow(fa_map *map, void *items, size_t *count, const void *key,
                   size_t key_size, size_t size)
{
    if (!fai_items_may_change(&map->entries) || map->slot_count == 0)
        return false;
    struct slot *slot =
        find_slot(map, items, key, key_size, size, hash_of(map, key, key_size));
    if (slot->entry == 0)
        return false;
    char *entry = (char *)items + (slot->entry - 1) * size;
    char *last = (char *)items + --*count * size;
    uint32_t number = slot->entry;
    if (entry != last) {
        find_slot(map, items, last, key_size, size,
                  hash_of(map, last, key_size))
            ->entry = number;
        memcpy(entry, last, size);
    }
    close_gap(map, (size_t)(slot - (struct slot *)map->slots));
    return true;
}

void
fa_map_reset_slow(fa_map *map, size_t *count)
{
    if (map->slot_count != 0 && fai_items_may_change(&map->entries))
        memset(map->slots, 0, map->slot_count * sizeof(struct slot));
    *count = 0;
}
