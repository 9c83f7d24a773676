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

/* good */
float
use_sum_inside_the_frame(fa_allocator *allocator, const float *parts,
                         size_t count)
{
    fa_frame *frame = fa_begin_frame(allocator);
    float *scaled = fa_frame_array(frame, float, count);
    float first = 0;
    if (scaled != NULL && count > 0) {
        for (size_t i = 0; i < count; i++)
            scaled[i] = parts[i] * 0.5f;
        first = scaled[0];
    }
    fa_end_frame(allocator);
    return first;
}

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

static void
finish_recording(struct engine *engine)
{
    if (engine->is_recording)
        fprintf(stderr, "%d\n", engine->last_id);
}

/* good */
int
use_behind_a_helper_that_does_not_end(struct engine *engine)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct entity *entity = fa_frame_new(frame, struct entity);
    if (entity != NULL)
        entity->id = 7;
    finish_recording(engine);
    int id = entity != NULL ? entity->id : -1;
    fa_end_frame(engine->allocator);
    return id;
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
int
use_of_a_copy_of_the_frame_before(struct engine *engine, int frames)
{
    struct entity before = {0};
    int changes = 0;
    for (int i = 0; i < frames; i++) {
        fa_frame *frame = fa_begin_frame(engine->allocator);
        struct entity *now = fa_frame_new(frame, struct entity);
        if (now != NULL) {
            now->id = i;
            changes += before.id != now->id;
            before = *now;
        }
        fa_end_frame(engine->allocator);
    }
    return changes;
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
int
use_of_older_memory_behind_a_rollback(fa_frame *frame, int count)
{
    int *total = fa_frame_new(frame, int);
    fa_mark mark = fa_frame_checkpoint(frame);
    int *values = fa_frame_array(frame, int, 8);
    if (values == NULL || total == NULL)
        return 0;
    values[0] = count;
    *total += values[0];
    if (fa_frame_rollback(frame, mark) != FA_OK)
        return 0;
    return *total;
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

static bool
find_farthest(fa_frame *frame, const struct engine *engine, struct entity *out)
{
    float *keys = fa_frame_array(frame, float, 4);
    if (keys == NULL)
        return false;
    keys[0] = engine->first->at.x;
    *out = *engine->first;
    out->at.x = keys[0];
    return true;
}

/* good */
float
use_of_an_out_parameter_by_value(struct engine *engine)
{
    struct entity farthest;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    bool is_found = find_farthest(frame, engine, &farthest);
    fa_end_frame(engine->allocator);
    return is_found ? farthest.at.x : 0;
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
void
use_by_a_renderer_in_the_frame(struct engine *engine,
                               const struct renderer *renderer)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct entity *ghost = fa_frame_new(frame, struct entity);
    if (ghost != NULL) {
        *ghost = *engine->first;
        renderer->draw(renderer->user, ghost);
    }
    fa_end_frame(engine->allocator);
    ghost = engine->first;
    renderer->draw(renderer->user, ghost);
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
size_t
use_of_a_vector_per_frame(fa_allocator *allocator, int from, int to)
{
    size_t odd = 0;
    for (int round = 0; round < 3; round++) {
        fa_frame *frame = fa_begin_frame(allocator);
        FA_VEC(int) path = FA_VEC_INIT(frame);
        for (int i = from; i < to; i++)
            fa_vec_push(&path, i);
        for (size_t i = 0; i < path.count; i++)
            odd += path.items[i] & 1;
        fa_end_frame(allocator);
    }
    return odd;
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

static int
log_frame(const struct engine *engine, const struct entity *unused)
{
    (void)unused;
    return engine->last_id;
}

/* good */
int
use_that_is_none(struct engine *engine)
{
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct entity *entity = fa_frame_new(frame, struct entity);
    fa_end_frame(engine->allocator);
    size_t size = sizeof(*entity);
    struct entity **place = &entity;
    *place = NULL;
    return (int)size + log_frame(engine, entity);
}

/* good */
int
use_of_a_guard_that_commits(fa_frame *frame, int wanted)
{
    int *found = NULL;
    FA_FRAME_GUARD(guard, frame)
    {
        int *ids = fa_frame_array(frame, int, 32);
        if (ids != NULL && fa_frame_guard_commit(guard) == FA_OK)
            found = &ids[wanted & 31];
    }
    return found != NULL ? *found : 0;
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
