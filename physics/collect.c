/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Results of queries: an array at the end of the frame, which grows in place
 * while the query runs and is cut to its length after it.
 */
#include "collect.h"

struct collector
collect_begin(fa_physics *world, size_t size)
{
    fa_ctx *ctx = world_ctx(world);
    struct collector c = {.ctx = ctx, .frame = fa_ctx_frame(ctx), .size = size};
    return c;
}

static bool
grow(struct collector *c)
{
    uint32_t room = c->room == 0 ? 16 : c->room * 2;
    void *items = c->room == 0
                      ? fa_frame_alloc_array(c->frame, room, c->size, 16)
                      : fa_frame_resize(c->frame, c->items, c->room * c->size,
                                        room * c->size, 16);
    if (items == NULL) {
        c->status = fa_ctx_status(c->ctx);
        return false;
    }
    c->items = items;
    c->room = room;
    return true;
}

void *
collect_push(struct collector *c)
{
    if (c->status != FA_OK || (c->count == c->room && !grow(c)))
        return NULL;
    return (char *)c->items + c->size * c->count++;
}

/* Heapsort: in place, and never slow. */
static void
sift(struct collector *c, size_t root, size_t end,
     bool (*is_less)(const void *, const void *), void *spare)
{
    char *items = c->items;
    size_t child;
    while ((child = 2 * root + 1) < end) {
        if (child + 1 < end &&
            is_less(items + child * c->size, items + (child + 1) * c->size))
            child++;
        if (!is_less(items + root * c->size, items + child * c->size))
            return;
        memcpy(spare, items + root * c->size, c->size);
        memcpy(items + root * c->size, items + child * c->size, c->size);
        memcpy(items + child * c->size, spare, c->size);
        root = child;
    }
}

void
collect_sort(struct collector *c, bool (*is_less)(const void *, const void *))
{
    _Alignas(16) char spare[COLLECT_SIZE_MAX];
    char *items = c->items;
    for (size_t i = c->count / 2; i-- > 0;)
        sift(c, i, c->count, is_less, spare);
    for (size_t end = c->count; end > 1;) {
        end--;
        memcpy(spare, items, c->size);
        memcpy(items, items + end * c->size, c->size);
        memcpy(items + end * c->size, spare, c->size);
        sift(c, 0, end, is_less, spare);
    }
}

fa_status
collect_end(struct collector *c, const void **out, uint32_t *count)
{
    bool is_kept = c->status == FA_OK && c->count != 0;
    if (is_kept && c->count < c->room)
        /* Shrinking the last block of the frame does not fail. */
        c->items = fa_frame_resize(c->frame, c->items, c->room * c->size,
                                   c->count * c->size, 16);
    else if (!is_kept)
        fa_frame_release(c->frame, c->items, c->room * c->size);
    *out = is_kept ? c->items : NULL;
    *count = is_kept ? c->count : 0;
    return c->status;
}
