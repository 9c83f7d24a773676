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
bool
leak_by_an_early_return(struct bag *bag, FILE *file)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        return false;
    if (fscanf(file, "%d", &item->weight) != 1)
        return false; /* here */
    item->next = bag->items;
    bag->items = item;
    return true;
}

/* good */
bool
leak_not_by_an_early_return(struct bag *bag, FILE *file)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        return false;
    if (fscanf(file, "%d", &item->weight) != 1) {
        fa_free(bag->ctx, item);
        return false;
    }
    item->next = bag->items;
    bag->items = item;
    return true;
}

/* bad: FA610 */
size_t
leak_of_a_buffer(fa_ctx *ctx, FILE *file)
{
    char *buffer = fa_heap_alloc(ctx, 8192, 16);
    size_t size = buffer != NULL ? fread(buffer, 1, 8192, file) : 0;
    if (size > 0 && buffer[0] == '#')
        size--;
    return size; /* here */
}

/* good */
size_t
leak_not_of_a_buffer(fa_ctx *ctx, fa_frame *frame, FILE *file)
{
    bool is_large = file != stdin;
    char *buffer = is_large ? fa_heap_alloc(ctx, 8192, 16)
                            : fa_frame_alloc(frame, 128, 16);
    size_t size = buffer != NULL ? fread(buffer, 1, 128, file) : 0;
    if (size > 0 && buffer[0] == '#')
        size--;
    if (is_large)
        fa_heap_free(ctx, buffer);
    return size;
}

/* good */
void
leak_not_what_is_taken(struct bag *bag)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        return;
    item->weight = 2;
    bag_take(bag, item);
}

static int default_count = 4;

/* bad: FA610 */
int
leak_when_a_static_says_so(struct bag *bag)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    int weight = 0;
    if (item == NULL)
        return 0;
    weight = item->weight + default_count++;
    if (default_count > 8)
        fa_free(bag->ctx, item);
    return weight; /* here */
}

static const int most_items = 16;

/* good */
int
leak_not_when_a_constant_says_so(struct bag *bag)
{
    struct item *item = fa_pool_new(bag->ctx, struct item);
    if (item == NULL)
        return 0;
    int weight = item->weight;
    if (most_items > 8)
        fa_free(bag->ctx, item);
    return weight;
}

/* bad: FA612 */
int
moved_by_a_push(fa_frame *frame, int count)
{
    item_vec items = FA_VEC_INIT(frame);
    struct item *first = fa_vec_add(&items);
    if (first == NULL)
        return 0;
    for (int i = 0; i < count; i++) {
        struct item more = {.weight = i};
        fa_vec_push(&items, more);
    }
    return first->weight; /* here */
}

/* good */
float
moved_not_while_pinned(fa_handle_space *space, fa_handle mesh)
{
    float *vertices = fa_handle_pin(space, mesh);
    if (vertices == NULL)
        return 0;
    vertices[0] = 1;
    fa_handle_space_compact(space, SIZE_MAX, 0);
    float first = vertices[0];
    fa_handle_unpin(space, mesh);
    return first;
}

/* bad: FA612 */
int
moved_by_a_map(fa_frame *frame, int key)
{
    FA_MAP(int, int) counts = FA_MAP_INIT(frame);
    int *count = fa_map_add(&counts, key);
    int *other = fa_map_add(&counts, key + 1);
    if (count == NULL || other == NULL)
        return 0;
    *other = 1;
    return ++*count; /* here */
}

/* good */
bool
moved_by_an_append_and_indexed(fa_frame *frame, const char *path)
{
    fa_string text = FA_STRING_INIT(frame);
    if (fa_string_append(&text, path) != FA_OK)
        return false;
    size_t start = text.count;
    if (fa_string_printf(&text, "?%s", path) != FA_OK)
        return false;
    return start < text.count && text.items[start] == '?';
}
