/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: memory that is used after its frame, its
 * scratch scope or its group. "here" marks the line to be reported.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
    float x, y;
};

struct entity {
    struct entity *next;
    struct point at;
    char *name;
    int id;
};

struct draw_list {
    struct entity **items;
    size_t count;
};

struct engine {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct entity *first;
    struct draw_list list;
    bool is_recording;
    int last_id;
};

struct renderer {
    void (*draw)(void *user, const struct entity *entity);
    void *user;
};

/* The cases. */

/* bad: FA606 */
int
use_element_of_a_dead_list(struct engine *engine)
{
    struct draw_list list = {NULL, 0};
    fa_frame *frame = fa_begin_frame(engine->allocator);
    list.items = fa_frame_array(frame, struct entity *, 16);
    if (list.items != NULL)
        list.items[list.count++] = engine->first;
    fa_end_frame(engine->allocator);
    for (size_t i = 0; i < list.count; i++)
        if (list.items[i] != NULL) /* here */
            engine->last_id++;
    return engine->last_id;
}

/* good */
int
use_count_of_a_dead_list(struct engine *engine)
{
    struct draw_list list = {NULL, 0};
    fa_frame *frame = fa_begin_frame(engine->allocator);
    list.items = fa_frame_array(frame, struct entity *, 16);
    if (list.items != NULL)
        list.items[list.count++] = engine->first;
    fa_end_frame(engine->allocator);
    if (list.items == NULL)
        return -1;
    return (int)(list.count * sizeof(*list.items));
}

/* bad: FA606 */
bool
use_in_the_cleanup(struct engine *engine, const char *path)
{
    bool is_ok = false;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    char *name = fa_frame_printf(frame, "%s.pak", path);
    if (name == NULL)
        goto done;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        goto done;
    is_ok = fgetc(file) == 'P';
    fclose(file);
done:
    fa_end_frame(engine->allocator);
    if (!is_ok && name != NULL)
        fprintf(stderr, "cannot read %s\n", name); /* here */
    return is_ok;
}

/* good */
bool
use_in_the_cleanup_before_the_end(struct engine *engine, const char *path)
{
    bool is_ok = false;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    char *name = fa_frame_printf(frame, "%s.pak", path);
    if (name == NULL)
        goto done;
    FILE *file = fopen(name, "rb");
    if (file == NULL)
        goto done;
    is_ok = fgetc(file) == 'P';
    fclose(file);
done:
    if (!is_ok && name != NULL)
        fprintf(stderr, "cannot read %s\n", name);
    fa_end_frame(engine->allocator);
    return is_ok;
}

/* bad: FA606 */
size_t
use_behind_a_scratch_scope(fa_ctx *ctx, const char *text)
{
    char *upper = NULL;
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(ctx, NULL, 0))
    {
        upper = fa_frame_strdup(tmp, text);
        if (upper != NULL)
            upper[0] = 'X';
    }
    return upper != NULL ? strlen(upper) : 0; /* here */
}

/* good */
size_t
use_inside_a_scratch_scope(fa_ctx *ctx, const char *text)
{
    size_t length = 0;
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(ctx, NULL, 0))
    {
        char *upper = fa_frame_strdup(tmp, text);
        if (upper != NULL) {
            upper[0] = 'X';
            length = strlen(upper);
        }
    }
    return length;
}

/* bad: FA606 */
int
use_behind_a_group_reset(fa_group level, int id)
{
    struct entity *entity = fa_frame_new(fa_group_frame(level), struct entity);
    if (entity == NULL)
        return -1;
    entity->id = id;
    fa_group_reset(level);
    return entity->id; /* here */
}

/* good */
int
use_behind_the_reset_of_another_group(fa_group level, fa_group ui, int id)
{
    struct entity *entity = fa_frame_new(fa_group_frame(level), struct entity);
    if (entity == NULL)
        return -1;
    entity->id = id;
    fa_group_reset(ui);
    return entity->id;
}

/* bad: FA606 */
int
use_through_a_copied_struct(struct engine *engine)
{
    struct draw_list list = {NULL, 0}, copy;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    list.items = fa_frame_array(frame, struct entity *, 4);
    list.count = 4;
    memcpy(&copy, &list, sizeof(copy));
    memset(&list, 0, sizeof(list));
    fa_end_frame(engine->allocator);
    if (list.items != NULL)
        return 1;
    return copy.items != NULL && copy.items[0] == NULL; /* here */
}

/* good */
int
use_through_a_cleared_struct(struct engine *engine)
{
    struct draw_list list = {NULL, 0}, copy;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    list.items = fa_frame_array(frame, struct entity *, 4);
    list.count = 4;
    memcpy(&copy, &list, sizeof(copy));
    memset(&list, 0, sizeof(list));
    memset(&copy, 0, sizeof(copy));
    fa_end_frame(engine->allocator);
    if (list.items != NULL)
        return list.items[0]->id;
    return copy.items != NULL && copy.items[0] == NULL;
}

/* bad: FA606 */
char
use_of_an_interior_pointer(fa_allocator *allocator, const char *path)
{
    char letter = 0;
    fa_frame *frame = fa_begin_frame(allocator);
    char *copy = fa_frame_strdup(frame, path);
    char *dot = copy != NULL ? strrchr(copy, '.') : NULL;
    fa_end_frame(allocator);
    if (dot != NULL)
        letter = dot[1]; /* here */
    return letter;
}

/* good */
char
use_of_an_interior_pointer_of_the_caller(fa_allocator *allocator,
                                         const char *path)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *copy = fa_frame_strdup(frame, path);
    size_t place = copy != NULL ? strcspn(copy, ".") : 0;
    const char *dot = path + place;
    fa_end_frame(allocator);
    return *dot != 0 ? dot[1] : *dot;
}

/* bad: FA606 */
int
use_when_the_flags_do_not_match(struct engine *engine, bool must_end)
{
    int *state = fa_frame_new(fa_ctx_frame(engine->ctx), int);
    if (state == NULL)
        return 0;
    if (must_end)
        fa_end_frame(engine->allocator);
    if (must_end && engine->is_recording)
        return *state; /* here */
    return 0;
}

/* good */
int
use_when_the_flags_match(struct engine *engine, bool must_end)
{
    int *state = fa_frame_new(fa_ctx_frame(engine->ctx), int);
    int result = 0;
    if (state == NULL)
        return 0;
    *state = 3;
    if (must_end)
        result = *state;
    if (must_end)
        fa_end_frame(engine->allocator);
    else
        result = *state + 1;
    return result;
}

/* good */
char *
use_of_a_heap_copy(struct engine *engine, const char *text)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    char *line = fa_frame_printf(frame, "> %s", text);
    size_t size = line != NULL ? strlen(line) + 1 : 0;
    char *copy = line != NULL ? fa_heap_alloc(engine->ctx, size, 1) : NULL;
    if (copy != NULL)
        memcpy(copy, line, size);
    fa_end_frame(engine->allocator);
    line = copy;
    if (line != NULL && line[0] == '>')
        line[0] = '<';
    return line;
}

/* bad: FA606 */
int
use_of_a_guard_that_rolls_back(fa_frame *frame, int wanted)
{
    int *ids = NULL;
    FA_FRAME_GUARD(guard, frame)
    {
        ids = fa_frame_array(frame, int, 32);
        if (ids == NULL)
            continue;
        ids[0] = wanted;
    }
    return ids != NULL ? ids[0] : 0; /* here */
}

/* good */
int
use_of_a_retained_block(fa_allocator *allocator, int seed)
{
    void *kept = NULL;
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    how.slot = &kept;
    fa_frame *frame = fa_begin_frame(allocator);
    int *path = fa_frame_array(frame, int, 16);
    if (path != NULL) {
        path[0] = seed;
        if (fa_frame_retain(frame, path, 16 * sizeof(*path), &how) != FA_OK)
            kept = NULL;
    }
    fa_end_frame(allocator);
    int first = kept != NULL ? *(int *)kept : 0;
    fa_free(fa_ctx_current(allocator), kept);
    return first;
}
