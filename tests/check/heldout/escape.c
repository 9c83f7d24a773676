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

/* bad: FA601 */
void
escape_to_a_field(struct world *world, int id)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    world->title = fa_frame_printf(frame, "unit %d", id); /* here */
    if (world->title != NULL)
        puts(world->title);
    fa_end_frame(world->allocator);
}

/* good */
void
escape_to_a_field_that_is_restored(struct world *world, int id)
{
    char *before = world->title;
    fa_frame *frame = fa_begin_frame(world->allocator);
    world->title = fa_frame_printf(frame, "unit %d", id);
    if (world->title != NULL)
        puts(world->title);
    world->title = before;
    fa_end_frame(world->allocator);
}

/* bad: FA601 */
void
escape_to_a_list(struct world *world, int count)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    for (int i = 0; i < count; i++) {
        struct unit *unit = fa_frame_new(frame, struct unit);
        if (unit == NULL)
            break;
        unit->id = i;
        unit->next = world->units;
        world->units = unit; /* here */
    }
    fa_end_frame(world->allocator);
}

/* good */
int
escape_to_a_local_list(struct world *world, int count)
{
    struct unit *list = NULL;
    int sum = 0;
    fa_frame *frame = fa_begin_frame(world->allocator);
    for (int i = 0; i < count; i++) {
        struct unit *unit = fa_frame_new(frame, struct unit);
        if (unit == NULL)
            break;
        unit->id = i;
        unit->next = list != NULL ? list : world->units;
        list = unit;
    }
    for (const struct unit *unit = list; unit != NULL; unit = unit->next)
        sum += unit->id;
    fa_end_frame(world->allocator);
    return sum;
}

/* bad: FA601 */
bool
escape_to_an_out_parameter(struct world *world, struct unit **out)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL)
        unit->id = 9;
    *out = unit; /* here */
    fa_end_frame(world->allocator);
    return unit != NULL;
}

/* good */
bool
escape_of_a_copy_to_an_out_parameter(struct world *world, struct unit *out)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    bool is_ok = unit != NULL;
    if (is_ok) {
        unit->id = 9;
        *out = *unit;
    }
    fa_end_frame(world->allocator);
    return is_ok;
}

/* good */
void
escape_by_memcpy_and_memset(struct world *world)
{
    struct cache draft;
    memset(&draft, 0, sizeof(draft));
    fa_frame *frame = fa_begin_frame(world->allocator);
    draft.last = fa_frame_alloc(frame, 128, 16);
    memcpy(&world->cache, &draft, sizeof(draft));
    if (world->cache.last != NULL)
        memset(world->cache.last, 0, 128);
    memset(&world->cache, 0, sizeof(world->cache));
    fa_end_frame(world->allocator);
}

/* bad: FA601 */
const char *
escape_to_a_static_local(fa_allocator *allocator, int code)
{
    static const char *last_message = "none";
    puts(last_message);
    fa_frame *frame = fa_begin_frame(allocator);
    char *message = fa_frame_printf(frame, "code %d", code);
    if (message != NULL) {
        last_message = message; /* here */
        puts(message);
    }
    fa_end_frame(allocator);
    return NULL;
}

/* good */
void
escape_cleared_on_each_path(struct world *world, struct unit *unit)
{
    const char *old = unit->label;
    fa_frame *frame = fa_begin_frame(world->allocator);
    char *text = fa_frame_strdup(frame, unit->label);
    if (text == NULL)
        goto done;
    unit->label = text;
    if (strlen(text) > 8) {
        unit->label = "long";
        goto done;
    }
    unit->label = old;
done:
    fa_end_frame(world->allocator);
}

/* bad: FA601 */
void
escape_into_a_map(struct world *world, int id)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *unit = fa_frame_new(frame, struct unit);
    if (unit != NULL) {
        struct unit **place = fa_map_add(&world->by_id, id);
        if (place != NULL)
            *place = unit; /* here */
    }
    fa_end_frame(world->allocator);
}

/* good */
void
escape_of_an_index(struct world *world)
{
    size_t best = 0;
    fa_frame *frame = fa_begin_frame(world->allocator);
    struct unit *units = fa_frame_array(frame, struct unit, 8);
    for (size_t i = 0; units != NULL && i < 8; i++) {
        units[i].id = (int)i ^ 5;
        if (units[i].id > units[best].id)
            best = i;
    }
    world->cache.count = best;
    fa_end_frame(world->allocator);
}

/* bad: FA601 */
void
escape_to_the_heap(struct world *world, size_t count)
{
    struct unit **table =
        fa_heap_alloc(world->ctx, 16 * sizeof(*table), sizeof(*table));
    if (table == NULL)
        return;
    memset(table, 0, 16 * sizeof(*table));
    fa_frame *frame = fa_begin_frame(world->allocator);
    for (size_t i = 0; i < count && i < 16; i++)
        table[i] = fa_frame_new(frame, struct unit); /* here */
    world->cache.last = table;
    fa_end_frame(world->allocator);
}

/* good */
void
escape_of_memory_of_another_frame(struct world *world, fa_frame *outer)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    char *text = fa_frame_printf(frame, "%zu", world->cache.count);
    world->title = fa_frame_strdup(outer, text != NULL ? text : "?");
    fa_end_frame(world->allocator);
}
