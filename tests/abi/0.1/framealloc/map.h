/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Maps: typed hash tables in a frame.
 *
 *     FA_MAP(uint32_t, struct unit *) units = FA_MAP_INIT(frame);
 *     fa_map_set(&units, id, unit);
 *     struct unit **found = fa_map_find(&units, id);
 *     for (size_t i = 0; i < units.count; i++)
 *         draw(units.items[i].key, units.items[i].value);
 *
 * The entries stand side by side in the order of their insertion, so that to
 * go through a map is to go through an array, and the same program does it in
 * the same order in each run. A removed entry is replaced by the last one. A
 * separate index of 8 bytes a slot is what is searched.
 *
 * Keys are compared by their bytes: numbers, pointers, and structures without
 * padding. FA_MAP_TEXT_INIT is for keys of type const char *, which are
 * compared as strings, FA_MAP_BYTES_INIT for keys of type fa_bytes. What these
 * point to is not copied.
 *
 * Macros may evaluate the map more than once, a key and a value once. All of
 * them write into the map's structure; another thread that may read the frame
 * reads through a copy of the structure.
 */
#ifndef FRAMEALLOC_MAP_H
#define FRAMEALLOC_MAP_H

#include <framealloc/vec.h>

FA_BEGIN_DECLS

/** A key of some bytes elsewhere. */
typedef struct fa_bytes {
    const void *data; /**< May be NULL when size is 0. */
    size_t size;      /**< Bytes. */
} fa_bytes;

/** How keys are compared. */
typedef enum fa_map_keys {
    FA_MAP_PLAIN = 0, /**< By the bytes of the key itself. */
    FA_MAP_TEXT = 1,  /**< As strings; the key is a const char *. */
    FA_MAP_BYTES = 2  /**< By the bytes that an fa_bytes points to. */
} fa_map_keys;

/** What a map's functions know of it, whatever its types. */
typedef struct fa_map {
    fa_vec entries;    /**< Their block, frame, and most entries. */
    void *slots;       /**< The index. */
    size_t slot_count; /**< A power of two above the room, or 0. */
    size_t at;         /**< Entry of the last call. */
    bool is_new;       /**< It was added by that call. */
    fa_map_keys keys;  /**< How keys are compared. */
} fa_map;

/** A map from K to V. Plain data, as FA_VEC(). */
#define FA_MAP(K, V)      \
    struct {              \
        struct {          \
            K key;        \
            V value;      \
        } * items, probe; \
        size_t count;     \
        fa_map base;      \
    }

/* C does not want all members, and C++17 knows no names of members. */
#ifdef __cplusplus
#    define FA_MAP_INIT_OF_(base) \
        {                         \
            NULL, {}, 0, base     \
        }
#else
#    define FA_MAP_INIT_OF_(base_)       \
        {                                \
            .items = NULL, .base = base_ \
        }
#endif
/* Parentheses of a call keep the commas of an initialiser together. */
#define FA_MAP_INIT_(frame, max, keys) \
    FA_MAP_INIT_OF_(FA_MAP_BASE_(frame, max, keys))
#define FA_MAP_BASE_(frame, max, keys)                                 \
    {                                                                  \
        {0, 0, (max), (frame), {0, 0}, FA_OK}, NULL, 0, 0, false, keys \
    }
/** An empty map that grows. */
#define FA_MAP_INIT(frame) FA_MAP_INIT_(frame, SIZE_MAX, FA_MAP_PLAIN)
/** An empty map of at most max entries. Full, it still finds and changes
 *  what it has; 0 holds none. */
#define FA_MAP_FIXED_INIT(frame, max) FA_MAP_INIT_(frame, max, FA_MAP_PLAIN)
/** As FA_MAP_INIT(), for keys of type const char *. */
#define FA_MAP_TEXT_INIT(frame) FA_MAP_INIT_(frame, SIZE_MAX, FA_MAP_TEXT)
/** As FA_MAP_INIT(), for keys of type fa_bytes. */
#define FA_MAP_BYTES_INIT(frame) FA_MAP_INIT_(frame, SIZE_MAX, FA_MAP_BYTES)

/** Most entries that any map has. */
#define FA_MAP_MAX ((size_t)1 << 31)

/**
 * Finds an entry; programs use fa_map_find() instead.
 *
 * When to use: by the macros.
 * @param map what is known of the map.
 * @param items its entries, or NULL.
 * @param key the key.
 * @param key_size bytes of the key, with which an entry begins.
 * @param size bytes of an entry.
 * @return whether there is one; its index is in map->at. False with FA606
 *         when neither the frame nor its lag lasts.
 * Valid until: the map changes. Owner: - Thread: one at a time.
 * Cost: a hash and about one compare. Since: 0.1.
 */
FA_API FA_BORROWS(2) bool fa_map_find_slow(fa_map *map, const void *items,
                                           const void *key, size_t key_size,
                                           size_t size);

/**
 * Finds or adds an entry; programs use fa_map_set(), _insert() or _add().
 *
 * When to use: by the macros.
 * @param map what is known of the map.
 * @param items its entries, or NULL.
 * @param count how many; one more when one was added.
 * @param key the key.
 * @param key_size bytes of the key.
 * @param size bytes of an entry.
 * @param align of an entry.
 * @return the entries, perhaps moved; the index is in map->at, and a new
 *         entry is zeroed behind its key. On failure the map is as it was, and
 *         map->entries.status tells why, as of fa_vec_reserve_slow().
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: a hash; a copy where the map grows.
 * Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_GROWS(2) void *fa_map_add_slow(fa_map *map, void *items, size_t *count,
                                      const void *key, size_t key_size,
                                      size_t size, size_t align);

/**
 * Makes room in a map; programs use fa_map_reserve() instead.
 *
 * When to use: by the macro.
 * @param map what is known of the map.
 * @param items its entries, or NULL.
 * @param count how many.
 * @param more how many are wanted.
 * @param size bytes of an entry.
 * @param align of an entry.
 * @return as fa_map_add_slow().
 * Valid until: as fa_frame_alloc(). Owner: the frame.
 * Thread: the context's own. Cost: a new index. Since: 0.1.
 */
FA_API FA_RETURNS_FRAME(1)
    FA_GROWS(2) void *fa_map_reserve_slow(fa_map *map, void *items,
                                          size_t count, size_t more,
                                          size_t size, size_t align);

/**
 * Removes an entry; programs use fa_map_remove() instead.
 *
 * When to use: by the macro.
 * @param map what is known of the map.
 * @param items its entries.
 * @param count how many; one less when there was one.
 * @param key the key.
 * @param key_size bytes of the key.
 * @param size bytes of an entry.
 * @return whether there was one; false with FA606 when the frame has ended.
 * Valid until: - Owner: - Thread: the context's own. Cost: two searches.
 * Since: 0.1.
 */
FA_API FA_BORROWS(2) bool fa_map_remove_slow(fa_map *map, void *items,
                                             size_t *count, const void *key,
                                             size_t key_size, size_t size);

/**
 * Empties a map; programs use fa_map_reset() instead.
 *
 * When to use: by the macro.
 * @param map what is known of the map.
 * @param count gets 0.
 * Valid until: - Owner: - Thread: the context's own. Cost: clears the index.
 * Since: 0.1.
 */
FA_API void fa_map_reset_slow(fa_map *map, size_t *count);

#define FA_MAP_KEY_(m) &(m)->probe.key, sizeof((m)->probe.key)
#define FA_MAP_PLACE_(m)                                                  \
    ((m)->items = FA_CAST_LIKE(                                           \
         (m)->items, fa_map_add_slow(&(m)->base, (m)->items, &(m)->count, \
                                     FA_MAP_KEY_(m), FA_VEC_SIZES_(m))),  \
     (m)->base.entries.status == FA_OK)
#define FA_MAP_ASSIGN_(m) \
    ((m)->items[(m)->base.at].value = (m)->probe.value, true)

/** A pointer to the value of a key, until the map changes, or NULL. */
#define fa_map_find(m, k)                                     \
    ((m)->probe.key = (k),                                    \
     fa_map_find_slow(&(m)->base, (m)->items, FA_MAP_KEY_(m), \
                      sizeof(*(m)->items))                    \
         ? &(m)->items[(m)->base.at].value                    \
         : NULL)
/** A pointer to the value of a key, zeroed where it is new; NULL: refused. */
#define fa_map_add(m, k)   \
    ((m)->probe.key = (k), \
     FA_MAP_PLACE_(m) ? &(m)->items[(m)->base.at].value : NULL)
/** Sets the value of a key, new or not. False: refused. */
#define fa_map_set(m, k, v)                        \
    ((m)->probe.value = (v), (m)->probe.key = (k), \
     FA_MAP_PLACE_(m) ? FA_MAP_ASSIGN_(m) : false)
/** Adds a key with a value. False: the key is there, or it was refused. */
#define fa_map_insert(m, k, v)                     \
    ((m)->probe.value = (v), (m)->probe.key = (k), \
     FA_MAP_PLACE_(m) && (m)->base.is_new ? FA_MAP_ASSIGN_(m) : false)
/** Removes a key; the last entry takes its place. False: it is not there. */
#define fa_map_remove(m, k)                                                  \
    ((m)->probe.key = (k),                                                   \
     fa_map_remove_slow(&(m)->base, (m)->items, &(m)->count, FA_MAP_KEY_(m), \
                        sizeof(*(m)->items)))
/** Room for n more entries. False: refused. */
#define fa_map_reserve(m, n)                                                 \
    ((m)->items = FA_CAST_LIKE(                                              \
         (m)->items, fa_map_reserve_slow(&(m)->base, (m)->items, (m)->count, \
                                         (n), FA_VEC_SIZES_(m))),            \
     (m)->base.entries.status == FA_OK)
/** Empties the map and keeps its room. */
#define fa_map_reset(m) fa_map_reset_slow(&(m)->base, &(m)->count)
/** Whether the entries may still be read: the frame, or its lag, lasts. */
#define fa_map_is_live(m) fa_vec_is_live_slow(&(m)->base.entries)

FA_END_DECLS

#endif
