/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: frame memory that is still stored in something
 * that lives longer when its frame ends.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
    struct unit *next;
    const char *label;
    float *path;
    size_t path_length;
    int id;
};

struct cache {
    struct unit *items[64];
    size_t count;
    void *last;
};

struct world {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct unit *units;
    struct cache cache;
    char *title;
    FA_MAP(int, struct unit *) by_id;
};

/* The cases. */

static struct unit *selected_unit;

/* bad: FA601 */
void
escape_to_a_global(struct world *world)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL) {
        unit->id = 1;
        selected_unit = unit; /* here */
    }
    fa_end_frame(world->allocator);
}

static struct unit *hovered_unit;

/* good */
void
escape_to_a_global_that_is_cleared(struct world *world)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    hovered_unit = fa_frame_new(frame, struct unit);
    if (hovered_unit != NULL)
        hovered_unit->id = 1;
    hovered_unit = NULL;
    fa_end_frame(world->allocator);
}

/* bad: FA601 */
void
escape_to_a_pool_block(struct world *world, size_t length)
{
    struct unit *unit = fa_pool_new(world->ctx, struct unit);
    if (unit == NULL)
        return;
    fa_frame *frame = fa_begin_frame(world->allocator);
    unit->path = fa_frame_array(frame, float, length); /* here */
    unit->path_length = unit->path != NULL ? length : 0;
    unit->next = world->units;
    world->units = unit;
    fa_end_frame(world->allocator);
}

/* good */
void
escape_from_pool_to_pool(struct world *world, size_t length)
{
    struct unit *unit = fa_pool_new(world->ctx, struct unit);
    if (unit == NULL)
        return;
    fa_frame *frame = fa_begin_frame(world->allocator);
    float *path = fa_frame_array(frame, float, length);
    if (path != NULL)
        path[0] = 1;
    unit->path = fa_heap_alloc(world->ctx, sizeof(float), sizeof(float));
    if (unit->path != NULL)
        unit->path[0] = path != NULL ? path[0] : 0;
    unit->next = world->units;
    world->units = unit;
    fa_end_frame(world->allocator);
}

static void
cache_add(struct cache *cache, struct unit *unit)
{
    if (cache->count < 64)
        cache->items[cache->count++] = unit;
}

/* bad: FA601 */
void
escape_through_a_helper(struct world *world)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL)
        cache_add(&world->cache, unit); /* here */
    fa_end_frame(world->allocator);
}

static void
stage_add(struct cache *cache, struct unit *unit)
{
    if (cache->count < 64)
        cache->items[cache->count++] = unit;
}

/* good */
size_t
escape_to_a_local_cache(struct world *world)
{
    struct cache stage = {.count = 0};
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL)
        stage_add(&stage, unit);
    fa_end_frame(world->allocator);
    return stage.count;
}

/* good */
struct unit *
escape_to_the_caller_in_his_frame(fa_frame *frame, struct unit **out)
{
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit == NULL)
        return NULL;
    unit->path = fa_frame_array(frame, float, 4);
    *out = unit;
    return unit;
}

/* bad: FA601 */
void
escape_by_memcpy(struct world *world)
{
    struct cache draft;
    memset(&draft, 0, sizeof(draft));
    fa_frame *frame = fa_begin_frame(world->allocator);
    draft.last = fa_frame_alloc(frame, 128, 16);
    memcpy(&world->cache, &draft, sizeof(draft)); /* here */
    fa_end_frame(world->allocator);
}

/* good */
const char *
escape_of_a_literal_to_a_static_local(fa_allocator *allocator, int code)
{
    static const char *last_message = "none";
    fa_frame *frame = fa_begin_frame(allocator);
    char *message = fa_frame_printf(frame, "code %d", code);
    if (message != NULL) {
        last_message = message[0] == 'c' ? "code" : "other";
        puts(message);
    }
    fa_end_frame(allocator);
    return last_message;
}

/* bad: FA601 */
void
escape_on_one_path_only(struct world *world, struct unit *unit)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    char *text = fa_frame_strdup(frame, unit->label);
    if (text == NULL)
        goto done;
    unit->label = text; /* here */
    if (strlen(text) > 8)
        goto done;
    unit->label = "short";
done:
    fa_end_frame(world->allocator);
}

/* good */
int
escape_into_a_map_of_the_frame(struct world *world, int id)
{
    int found = 0;
    fa_frame *frame = fa_begin_frame(world->allocator);
    FA_MAP(int, struct unit *) ids = FA_MAP_INIT(frame);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL && fa_map_set(&ids, id, unit)) {
        struct unit **place = fa_map_find(&ids, id);
        found = place != NULL && *place == unit;
    }
    fa_end_frame(world->allocator);
    return found;
}

/* bad: FA601 */
void
escape_of_an_interior_pointer(struct world *world)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *units = fa_frame_array(frame, struct unit, 8);
    if (units != NULL) {
        for (int i = 0; i < 8; i++)
            units[i].id = i;
        world->cache.last = &units[3].id; /* here */
    }
    fa_end_frame(world->allocator);
}

/* good */
void
escape_to_a_heap_block_that_dies_first(struct world *world, size_t count)
{
    struct unit **table =
        fa_heap_alloc(world->ctx, 16 * sizeof(*table), sizeof(*table));
    if (table == NULL)
        return;
    fa_frame *frame = fa_begin_frame(world->allocator);
    for (size_t i = 0; i < count && i < 16; i++)
        table[i] = fa_frame_new(frame, struct unit);
    fa_heap_free(world->ctx, table);
    fa_end_frame(world->allocator);
}

/* good */
void
escape_within_the_frame(fa_frame *frame, const char *label)
{
    struct unit *first = fa_frame_new(frame, struct unit);
    struct unit *second = fa_frame_new(frame, struct unit);
    if (first == NULL || second == NULL)
        return;
    first->next = second;
    second->next = first;
    second->label = fa_frame_strdup(frame, label);
}
