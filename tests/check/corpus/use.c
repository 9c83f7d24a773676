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
