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
float
use_sum_behind_the_frame(fa_allocator *allocator, const float *parts,
                         size_t count)
{
    fa_frame *frame = fa_begin_frame(allocator);
    float *scaled = fa_frame_array(frame, float, count);
    if (scaled == NULL) {
        fa_end_frame(allocator);
        return 0;
    }
    for (size_t i = 0; i < count; i++)
        scaled[i] = parts[i] * 0.5f;
    fa_end_frame(allocator);
    return scaled[0]; /* here */
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

static void
finish_frame(struct engine *engine)
{
    engine->last_id = 0;
    fa_end_frame(engine->allocator);
}

/* bad: FA606 */
int
use_behind_a_helper_that_ends(struct engine *engine)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct entity *entity = fa_frame_new(frame, struct entity);
    if (entity != NULL)
        entity->id = 7;
    finish_frame(engine);
    return entity != NULL ? entity->id : -1; /* here */
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
int
use_of_the_frame_before(struct engine *engine, int frames)
{
    struct entity *before = NULL;
    int changes = 0;
    for (int i = 0; i < frames; i++) {
        fa_frame *frame = fa_begin_frame(engine->allocator);
        struct entity *now = fa_frame_new(frame, struct entity);
        if (now != NULL)
            now->id = i;
        if (before != NULL && now != NULL)
            changes += before->id != now->id; /* here */
        before = now;
        fa_end_frame(engine->allocator);
    }
    return changes;
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
use_behind_a_rollback(fa_frame *frame, int count)
{
    fa_mark mark = fa_frame_checkpoint(frame);
    int *values = fa_frame_array(frame, int, 8);
    if (values == NULL)
        return 0;
    values[0] = count;
    if (fa_frame_rollback(frame, mark) != FA_OK)
        return 0;
    return values[0]; /* here */
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

static bool
find_nearest(fa_frame *frame, const struct engine *engine, struct entity **out)
{
    *out = fa_frame_new(frame, struct entity);
    if (*out == NULL)
        return false;
    **out = *engine->first;
    return true;
}

/* bad: FA606 */
float
use_of_an_out_parameter(struct engine *engine)
{
    struct entity *nearest;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    bool is_found = find_nearest(frame, engine, &nearest);
    fa_end_frame(engine->allocator);
    return is_found ? nearest->at.x : 0; /* here */
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
void
use_by_a_renderer(struct engine *engine, const struct renderer *renderer)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct entity *ghost = fa_frame_new(frame, struct entity);
    if (ghost != NULL)
        *ghost = *engine->first;
    fa_end_frame(engine->allocator);
    if (ghost != NULL)
        renderer->draw(renderer->user, ghost); /* here */
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
size_t
use_of_a_dead_vector(fa_allocator *allocator, int from, int to)
{
    fa_frame *frame = fa_begin_frame(allocator);
    FA_VEC(int) path = FA_VEC_INIT(frame);
    for (int i = from; i < to; i++)
        fa_vec_push(&path, i);
    fa_end_frame(allocator);
    size_t odd = 0;
    for (size_t i = 0; i < path.count; i++)
        odd += path.items[i] & 1; /* here */
    return odd;
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
use_behind_a_frame_scope(fa_allocator *allocator, int wanted)
{
    int *found = NULL;
    FA_FRAME_SCOPE(frame, allocator)
    {
        int *ids = fa_frame_array(frame, int, 32);
        if (ids != NULL)
            found = &ids[wanted & 31];
    }
    if (found == NULL)
        return 0;
    return *found; /* here */
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
