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
bool
pair_lost_by_an_early_return(struct game *game, int scene)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    if (!load_scene(game, frame, scene))
        return false; /* here */
    game->frames++;
    fa_end_frame(game->allocator);
    return true;
}

/* good */
bool
pair_kept_by_an_early_return(struct game *game, int scene)
{
    if (scene < 0)
        return false;
    fa_frame *frame = fa_begin_frame(game->allocator);
    if (!load_scene(game, frame, scene)) {
        fa_end_frame(game->allocator);
        return false;
    }
    game->frames++;
    fa_end_frame(game->allocator);
    return true;
}

/* bad: FA607 */
int
pair_lost_by_break(struct game *game, int most)
{
    for (int i = 0; i < most; i++) {
        fa_frame *frame = fa_begin_frame(game->allocator);
        if (!load_scene(game, frame, i))
            break;
        fa_end_frame(game->allocator);
    }
    return game->frames;
}

/* good */
int
pair_kept_by_break(struct game *game, int most)
{
    bool is_open = false;
    for (int i = 0; i < most; i++) {
        fa_frame *frame = fa_begin_frame(game->allocator);
        is_open = true;
        if (!load_scene(game, frame, i))
            break;
        fa_end_frame(game->allocator);
        is_open = false;
    }
    if (is_open)
        fa_end_frame(game->allocator);
    return game->frames;
}

/* bad: FA607 */
int
pair_ended_twice(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    bool is_ok = load_scene(game, frame, 1);
    if (!is_ok)
        fa_end_frame(game->allocator);
    game->frames += is_ok;
    fa_end_frame(game->allocator); /* here */
    return game->frames;
}

/* good */
int
pair_ended_once_of_two(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    bool is_ok = load_scene(game, frame, 1);
    if (!is_ok)
        fa_end_frame(game->allocator);
    game->frames += is_ok;
    if (is_ok)
        fa_end_frame(game->allocator);
    return game->frames;
}

/* bad: FA607 */
int
pair_lost_in_a_switch(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    switch (game->input.key) {
    case 'q':
        return 1;
    case 'l':
        load_scene(game, frame, 2);
        break;
    default:
        game->frames++;
    }
    fa_end_frame(game->allocator);
    return 0;
}

/* good */
int
pair_kept_in_a_switch(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    switch (game->input.key) {
    case 'q':
        fa_end_frame(game->allocator);
        return 1;
    case 'l':
        load_scene(game, frame, 2);
        /* fall through */
    default:
        game->frames++;
    }
    fa_end_frame(game->allocator);
    return 0;
}

static fa_frame *
open_frame(struct game *game)
{
    game->frames++;
    return fa_begin_frame(game->allocator);
}

static void
close_frame(struct game *game)
{
    fprintf(game->log, "frame %d\n", game->frames);
    fa_end_frame(game->allocator);
}

/* bad: FA607 */
bool
pair_of_helpers_lost(struct game *game)
{
    fa_frame *frame = open_frame(game);
    if (frame == NULL || !load_scene(game, frame, game->frames))
        return false;
    close_frame(game);
    return true;
}

static fa_frame *
enter_frame(struct game *game)
{
    game->frames++;
    return fa_begin_frame(game->allocator);
}

static void
leave_frame(struct game *game)
{
    fprintf(game->log, "frame %d\n", game->frames);
    fa_end_frame(game->allocator);
}

/* good */
bool
pair_of_helpers_kept(struct game *game)
{
    fa_frame *frame = enter_frame(game);
    bool is_ok = load_scene(game, frame, game->frames);
    leave_frame(game);
    return is_ok;
}

/* good */
int
pair_of_a_scope(struct game *game)
{
    FA_FRAME_SCOPE(frame, game->allocator)
    {
        if (!load_scene(game, frame, 4))
            return -1;
        if (game->input.has_quit)
            break;
        game->frames++;
    }
    return game->frames;
}

/* bad: FA607 */
void
pair_of_another_allocator(struct game *game, struct game *editor)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    load_scene(game, frame, 6);
    fa_end_frame(editor->allocator); /* here */
}

/* good */
void
pair_of_two_allocators(struct game *game, struct game *editor)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    fa_frame *other = fa_begin_frame(editor->allocator);
    load_scene(game, frame, 6);
    load_scene(editor, other, 6);
    fa_end_frame(game->allocator);
    fa_end_frame(editor->allocator);
}

/* bad: FA607 */
int
pair_lost_by_an_error_in_a_loop(struct game *game, const int *scenes, int count)
{
    fa_ctx_begin_frame(game->ctx);
    for (int i = 0; i < count; i++) {
        if (scenes[i] < 0)
            return -1; /* here */
        if (!load_scene(game, fa_ctx_frame(game->ctx), scenes[i]))
            break;
    }
    fa_ctx_end_frame(game->ctx);
    return game->scene;
}

/* good */
int
pair_lost_only_by_exit(struct game *game, const int *scenes, int count)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    for (int i = 0; i < count; i++) {
        if (scenes[i] < 0) {
            fputs("broken list of scenes\n", game->log);
            exit(EXIT_FAILURE);
        }
        if (!load_scene(game, frame, scenes[i]))
            break;
    }
    fa_end_frame(game->allocator);
    return game->scene;
}

/* good */
void
pair_end_of_the_engine(struct game *game)
{
    fprintf(game->log, "%d\n", game->frames);
    fa_end_frame(game->allocator);
}
