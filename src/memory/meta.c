/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Records by bump allocation in mappings of 128 KiB, and growing arrays in
 * mappings of their own.
 */
#include "memory/meta.h"

#include "base/bits.h"
#include "os/pages.h"

#include <string.h>

#define CHUNK_SIZE ((size_t)128 << 10)

struct fai_meta_chunk {
    struct fai_meta_chunk *next;
    size_t size;
};

static bool
add_chunk(struct fai_meta *meta, size_t size)
{
    size = FAI_MAX(CHUNK_SIZE, fai_round_up(size + 64, FAI_PAGE));
    struct fai_meta_chunk *chunk = fai_pages_map(size, FAI_PAGE);
    if (chunk == NULL)
        return false;
    fai_pages_name(chunk, size, "framealloc:records");
    *chunk = (struct fai_meta_chunk){meta->chunks, size};
    meta->chunks = chunk;
    meta->cursor = (char *)chunk + 64;
    meta->end = (char *)chunk + size;
    return true;
}

void *
fai_meta_alloc(struct fai_meta *meta, size_t size)
{
    size = fai_round_up(size, 64);
    if (size > (size_t)(meta->end - meta->cursor) && !add_chunk(meta, size))
        return NULL;
    void *p = meta->cursor;
    meta->cursor += size;
    return p;
}

void
fai_meta_destroy(struct fai_meta *meta)
{
    while (meta->chunks != NULL) {
        struct fai_meta_chunk *chunk = meta->chunks;
        meta->chunks = chunk->next;
        fai_pages_unmap(chunk, chunk->size);
    }
    meta->cursor = meta->end = NULL;
}

static bool
grow_array(struct fai_array *array, size_t item_size)
{
    size_t bytes = FAI_MAX(FAI_PAGE, array->capacity * item_size * 2);
    void *items = fai_pages_map(bytes, FAI_PAGE);
    if (items == NULL)
        return false;
    if (array->items != NULL)
        memcpy(items, array->items, array->count * item_size);
    fai_array_destroy(&(struct fai_array){array->items, 0, array->capacity},
                      item_size);
    array->items = items;
    array->capacity = bytes / item_size;
    return true;
}

void *
fai_array_push(struct fai_array *array, size_t item_size)
{
    if (array->count == array->capacity && !grow_array(array, item_size))
        return NULL;
    return (char *)array->items + array->count++ * item_size;
}

void
fai_array_destroy(struct fai_array *array, size_t item_size)
{
    if (array->items != NULL)
        fai_pages_unmap(
            array->items,
            FAI_MAX(FAI_PAGE,
                    fai_round_up(array->capacity * item_size, FAI_PAGE)));
    *array = (struct fai_array){0};
}
