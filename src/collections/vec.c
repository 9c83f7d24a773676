/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Vectors: what the macros of vec.h cannot do inline.
 *
 * The functions see the items as bytes and return where they are, so that no
 * pointer to a T * is ever taken for a pointer to a void *. A block doubles;
 * where a limit refuses twice as much, it gets what is needed.
 */
#include "collections/items.h"

#include "base/bits.h"
#include "memory/memory.h"

#include <string.h>

/* The first block of a vector that grows. */
#define FIRST_BYTES ((size_t)64)

static void *
refuse(fa_vec *vec, fa_status status, void *items)
{
    vec->status = status;
    return items;
}

/* What the inline path may use; see vec.h. */
static void
set_capacity(fa_vec *vec, size_t used)
{
    bool is_guarded = fai_ctx_of_frame(vec->frame)->guard != 0;
    vec->capacity = is_guarded ? used : vec->room;
}

/* Objects to take room for, at least need. */
static size_t
next_room(const fa_vec *vec, size_t need, size_t size)
{
    if (vec->max != SIZE_MAX)
        return vec->max;
    size_t room = FAI_MAX(FAI_MAX(need, FIRST_BYTES / size), 2);
    if (vec->room < SIZE_MAX / 2)
        room = FAI_MAX(room, 2 * vec->room);
    /* What the granule would waste. */
    size_t bytes;
    if (!fai_mul_size(room, size, &bytes) || bytes > SIZE_MAX / 2)
        return need;
    return fai_round_up(bytes, FA_FRAME_GRANULE) / size;
}

static void *
move(fa_vec *vec, void *items, size_t room, size_t size, size_t align)
{
    size_t bytes;
    /* The frame refuses what nothing can have. */
    if (!fai_mul_size(room, size, &bytes))
        bytes = SIZE_MAX;
    void *moved =
        fa_frame_resize(vec->frame, items, vec->room * size, bytes, align);
    if (moved != NULL)
        vec->room = room;
    return moved;
}

void *
fa_vec_reserve_slow(fa_vec *vec, void *items, size_t count, size_t more,
                    size_t size, size_t align)
{
    size_t need;
    if (!fai_items_may_change(vec))
        return items;
    if (!fai_add_size(count, more, &need))
        return refuse(vec, FA_ERR_NOMEM, items);
    if (need > vec->max)
        return refuse(vec, FA_ERR_BUDGET, items);
    if (need > vec->room) {
        size_t room = next_room(vec, need, size);
        void *moved = move(vec, items, room, size, align);
        if (moved == NULL && room > need)
            moved = move(vec, items, need, size, align);
        if (moved == NULL) {
            fa_status why = fa_frame_status(vec->frame);
            return refuse(vec, why == FA_OK ? FA_ERR_NOMEM : why, items);
        }
        vec->stamp = fa_frame_stamp(vec->frame);
        items = moved;
    }
    set_capacity(vec, need);
    return items;
}

void *
fa_vec_insert_slow(fa_vec *vec, void *items, size_t *count, size_t index,
                   size_t size, size_t align)
{
    if (index > *count)
        return refuse(vec, FA_ERR_USAGE, items);
    char *grown = fa_vec_reserve_slow(vec, items, *count, 1, size, align);
    if (vec->status == FA_OK) {
        char *gap = grown + index * size;
        memmove(gap + size, gap, (*count - index) * size);
        (*count)++;
    }
    return grown;
}

void *
fa_vec_extend_slow(fa_vec *vec, void *items, size_t *count, const void *from,
                   size_t more, size_t size, size_t align)
{
    vec->status = FA_OK;
    if (more == 0)
        return items;
    char *grown = fa_vec_reserve_slow(vec, items, *count, more, size, align);
    if (vec->status == FA_OK) {
        memcpy(grown + *count * size, from, more * size);
        *count += more;
    }
    return grown;
}

bool
fa_vec_remove_slow(fa_vec *vec, void *items, size_t *count, size_t index,
                   size_t size)
{
    if (!fai_items_may_change(vec) || index >= *count)
        return false;
    char *gap = (char *)items + index * size;
    (*count)--;
    memmove(gap, gap + size, (*count - index) * size);
    return true;
}

void
fa_vec_trim_slow(fa_vec *vec, void *items, size_t count, size_t size,
                 size_t align)
{
    if (!fai_items_may_change(vec) || count == 0 || count == vec->room)
        return;
    /* A smaller block stays where it is, whether room is given back or not. */
    void *kept = move(vec, items, count, size, align);
    (void)kept;
    set_capacity(vec, count);
}

bool
fa_vec_is_live_slow(const fa_vec *vec)
{
    return vec->stamp.number == 0 ||
           fa_stamp_is_live(fai_ctx_of_frame(vec->frame)->allocator,
                            vec->stamp);
}
