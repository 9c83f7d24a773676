/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: memory that nobody frees, and pointers to
 * things that move.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct item {
    struct item *next;
    char *text;
    int weight;
};

struct bag {
    fa_ctx *ctx;
    struct item *items;
    int weight;
};

typedef FA_VEC(struct item) item_vec;

void bag_take(struct bag *bag, struct item *item);

/* The cases. */

/* bad: FA610 */
int
leak_of_all_but_the_last(struct bag *bag, int count)
{
    struct item *item = NULL;
    for (int i = 0; i < count; i++) {
        item = fa_pool_new(bag->ctx, struct item); /* here */
        if (item == NULL)
            return -1;
        item->weight = i;
        bag->weight += item->weight;
    }
    fa_free(bag->ctx, item);
    return bag->weight;
}

/* good */
int
leak_of_none(struct bag *bag, int count)
{
    struct item *item = NULL;
    for (int i = 0; i < count; i++) {
        fa_free(bag->ctx, item);
        item = fa_pool_new(bag->ctx, struct item);
        if (item == NULL)
            return -1;
        item->weight = i;
        bag->weight += item->weight;
    }
    fa_free(bag->ctx, item);
    return bag->weight;
}

/* bad: FA610 */
struct item *
leak_of_the_half(struct bag *bag, size_t size)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        return NULL;
    item->text = fa_heap_alloc(bag->ctx, size, 1);
    if (item->text == NULL) {
        puts("no memory for the text");
        return NULL; /* here */
    }
    return item;
}

/* good */
struct item *
leak_of_no_half(struct bag *bag, size_t size)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        goto fail;
    item->text = fa_heap_alloc(bag->ctx, size, 1);
    if (item->text == NULL)
        goto fail;
    return item;
fail:
    puts("no memory for the text");
    fa_free(bag->ctx, item);
    return NULL;
}

/* good */
int
leak_not_of_the_frame(fa_frame *frame, int count)
{
    struct item *item = NULL;
    for (int i = 0; i < count; i++) {
        item = fa_frame_new(frame, struct item);
        if (item == NULL)
            return -1;
        item->weight = i;
    }
    return item != NULL ? item->weight : 0;
}

/* good */
int
moved_by_a_push_and_taken_again(fa_frame *frame, int count)
{
    item_vec items = FA_VEC_INIT(frame);
    struct item *first = fa_vec_add(&items);
    if (first == NULL)
        return 0;
    first->weight = 1;
    for (int i = 0; i < count; i++) {
        struct item more = {.weight = i};
        fa_vec_push(&items, more);
    }
    first = fa_vec_get(&items, 0);
    return first != NULL ? first->weight : 0;
}

/* bad: FA612 */
float
moved_by_compaction(fa_handle_space *space, fa_handle mesh)
{
    float *vertices = fa_handle_resolve(space, mesh);
    if (vertices == NULL)
        return 0;
    vertices[0] = 1;
    fa_handle_space_compact(space, SIZE_MAX, 0);
    return vertices[0]; /* here */
}

/* good */
int
moved_by_a_map_and_found_again(fa_frame *frame, int key)
{
    FA_MAP(int, int) counts = FA_MAP_INIT(frame);
    if (!fa_map_set(&counts, key, 1) || !fa_map_set(&counts, key + 1, 2))
        return 0;
    int *count = fa_map_find(&counts, key);
    int *other = fa_map_find(&counts, key + 1);
    return count != NULL && other != NULL ? *count + *other : 0;
}

/* bad: FA612 */
bool
moved_by_an_append(fa_frame *frame, const char *path)
{
    fa_string text = FA_STRING_INIT(frame);
    if (fa_string_append(&text, path) != FA_OK)
        return false;
    char *start = text.items;
    if (fa_string_printf(&text, "?%s", path) != FA_OK)
        return false;
    return start[0] == '/'; /* here */
}

/* good */
int
moved_not_within_its_room(fa_frame *frame)
{
    item_vec items = FA_VEC_FIXED_INIT(frame, 8);
    struct item *first = fa_vec_add(&items);
    if (first == NULL)
        return 0;
    int weight = first->weight;
    struct item more = {.weight = weight + 1};
    fa_vec_push(&items, more);
    return items.items[items.count - 1].weight;
}
