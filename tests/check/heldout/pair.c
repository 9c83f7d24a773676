/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: begin and end of frames, on every way out.
 */
#include <framealloc/framealloc.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

struct input {
    int key;
    bool has_quit, is_paused;
};

struct game {
    fa_allocator *allocator;
    fa_ctx *ctx;
    FILE *log;
    struct input input;
    int scene, frames;
    bool has_frame;
};

static inline bool
load_scene(struct game *game, fa_frame *frame, int scene)
{
    int *order = fa_frame_array(frame, int, 64);
    if (order == NULL)
        return false;
    order[0] = scene;
    game->scene = order[0];
    return true;
}

/* The cases. */

/* bad: FA607 */
void
pair_lost_by_continue(struct game *game)
{
    while (!game->input.has_quit) {
        fa_frame *frame = fa_begin_frame(game->allocator);
        if (game->input.is_paused)
            continue;
        load_scene(game, frame, game->scene);
        fa_end_frame(game->allocator);
    }
}

/* good */
void
pair_kept_by_continue(struct game *game)
{
    while (!game->input.has_quit) {
        if (game->input.is_paused)
            continue;
        fa_frame *frame = fa_begin_frame(game->allocator);
        load_scene(game, frame, game->scene);
        fa_end_frame(game->allocator);
    }
}

/* bad: FA607 */
bool
pair_lost_by_goto(struct game *game, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fa_frame *frame = fa_begin_frame(game->allocator);
    char *line = fa_frame_alloc(frame, 256, 1);
    if (line == NULL || fgets(line, 256, file) == NULL)
        goto close;
    game->scene = atoi(line);
    fa_end_frame(game->allocator);
close:
    fclose(file);
    return game->scene > 0;
}

/* good */
bool
pair_kept_by_goto(struct game *game, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return false;
    fa_frame *frame = fa_begin_frame(game->allocator);
    char *line = fa_frame_alloc(frame, 256, 1);
    if (line == NULL || fgets(line, 256, file) == NULL)
        goto close;
    game->scene = atoi(line);
close:
    fa_end_frame(game->allocator);
    fclose(file);
    return game->scene > 0;
}

/* bad: FA607 */
int
pair_begun_twice(struct game *game, bool is_first)
{
    if (is_first)
        fa_begin_frame(game->allocator);
    game->frames++;
    fa_frame *frame = fa_begin_frame(game->allocator); /* here */
    load_scene(game, frame, game->frames);
    fa_end_frame(game->allocator);
    return game->frames;
}

/* good */
int
pair_begun_once_of_two(struct game *game, bool is_first)
{
    fa_frame *frame;
    if (is_first)
        frame = fa_begin_frame(game->allocator);
    game->frames++;
    if (!is_first)
        frame = fa_begin_frame(game->allocator);
    load_scene(game, frame, game->frames);
    fa_end_frame(game->allocator);
    return game->frames;
}

static jmp_buf on_error;

static void
read_level(struct game *game, fa_frame *frame)
{
    if (!load_scene(game, frame, 3))
        longjmp(on_error, 1);
}

/* bad: FA607 */
bool
pair_lost_by_longjmp(struct game *game)
{
    if (setjmp(on_error) != 0)
        return false;
    fa_frame *frame = fa_begin_frame(game->allocator);
    read_level(game, frame);
    fa_end_frame(game->allocator);
    return true;
}

static jmp_buf on_failure;

static void
read_scene(struct game *game, fa_frame *frame)
{
    if (!load_scene(game, frame, 3))
        longjmp(on_failure, 1);
}

/* good */
bool
pair_kept_by_longjmp(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    if (setjmp(on_failure) != 0) {
        fa_end_frame(game->allocator);
        return false;
    }
    read_scene(game, frame);
    fa_end_frame(game->allocator);
    return true;
}

static fa_frame *
open_when_wanted(struct game *game, bool is_wanted)
{
    return is_wanted ? fa_begin_frame(game->allocator)
                     : fa_ctx_frame(game->ctx);
}

static void
close_when_wanted(struct game *game, bool is_wanted)
{
    if (is_wanted)
        fa_end_frame(game->allocator);
}

/* good */
bool
pair_of_conditional_helpers(struct game *game, bool is_outer)
{
    fa_frame *frame = open_when_wanted(game, is_outer);
    bool is_ok = load_scene(game, frame, 1);
    if (!is_ok)
        fputs("no scene\n", game->log);
    close_when_wanted(game, is_outer);
    return is_ok;
}

static fa_frame *
open_if(struct game *game, bool is_wanted)
{
    return is_wanted ? fa_begin_frame(game->allocator)
                     : fa_ctx_frame(game->ctx);
}

static void
close_if(struct game *game, bool is_wanted)
{
    if (is_wanted)
        fa_end_frame(game->allocator);
}

/* bad: FA607 */
bool
pair_of_conditional_helpers_lost(struct game *game, bool is_outer)
{
    fa_frame *frame = open_if(game, is_outer);
    bool is_ok = load_scene(game, frame, 1);
    close_if(game, is_outer && is_ok);
    return is_ok;
}

/* good */
void
pair_on_the_flag(struct game *game)
{
    if (!game->has_frame) {
        fa_begin_frame(game->allocator);
        game->has_frame = true;
    }
    load_scene(game, fa_ctx_frame(game->ctx), 5);
    if (game->has_frame) {
        fa_end_frame(game->allocator);
        game->has_frame = false;
    }
}

/* bad: FA607 */
int
pair_of_a_scratch_lost(fa_ctx *ctx, int wanted)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    int *table = fa_frame_array(scope.frame, int, 128);
    if (table == NULL)
        return -1; /* here */
    table[wanted & 127] = wanted;
    int sum = table[0];
    fa_scratch_end(scope);
    return sum;
}

/* good */
int
pair_of_a_scratch_kept(fa_ctx *ctx, int wanted)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    int sum = -1;
    int *table = fa_frame_array(scope.frame, int, 128);
    if (table == NULL)
        goto end;
    table[wanted & 127] = wanted;
    sum = table[0];
end:
    fa_scratch_end(scope);
    return sum;
}

/* good */
fa_frame *
pair_begin_of_the_engine(struct game *game)
{
    game->frames++;
    return fa_begin_frame(game->allocator);
}
