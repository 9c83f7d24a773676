/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: frame memory while no frame is open, and what
 * is retained.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <string.h>

struct player {
    int health;
    float *trail;
};

struct engine {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct player *best;
    fa_retain keep;
    bool is_running;
};

/* The cases. */

/* bad: FA603 */
void
open_no_more(struct engine *engine)
{
    while (engine->is_running) {
        fa_begin_frame(engine->allocator);
        fa_frame *frame = fa_ctx_frame(engine->ctx);
        int *keys = fa_frame_array(frame, int, 8);
        engine->is_running = keys != NULL && keys[0] == 0;
        fa_end_frame(engine->allocator);
        char *line = fa_frame_strdup(fa_ctx_frame(engine->ctx), /* here */
                                     "done");
        if (line != NULL)
            puts(line);
    }
}

/* good */
void
open_until_the_end(struct engine *engine)
{
    while (engine->is_running) {
        fa_begin_frame(engine->allocator);
        fa_frame *frame = fa_ctx_frame(engine->ctx);
        int *keys = fa_frame_array(frame, int, 8);
        engine->is_running = keys != NULL && keys[0] == 0;
        char *line = fa_frame_strdup(fa_ctx_frame(engine->ctx), "done");
        if (line != NULL)
            puts(line);
        fa_end_frame(engine->allocator);
    }
}

/* good */
size_t
open_scratch_without_a_frame(void)
{
    fa_allocator *allocator;
    size_t length = 0;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 0;
    fa_ctx *ctx = fa_ctx_current(allocator);
    for (int i = 0; i < 10; i++) {
        FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(ctx, NULL, 0))
        {
            char *text = fa_frame_printf(tmp, "%d", i);
            length += text != NULL ? strlen(text) : 0;
        }
    }
    fa_allocator_destroy(allocator);
    return length;
}

/* bad: FA604 */
bool
open_policy_of_a_block_that_is_copied(struct engine *engine, bool is_kept)
{
    fa_retain how = FA_RETAIN_INIT;
    how.align = 64;
    how.policy = is_kept ? FA_RETAIN_POOL : FA_RETAIN_DISCARD; /* here */
    struct player *player =
        fa_frame_new(fa_ctx_frame(engine->ctx), struct player);
    return player != NULL && player->health == 0;
}

/* good */
void
open_policy_for_later(struct engine *engine, bool is_kept)
{
    fa_retain how = FA_RETAIN_INIT;
    how.align = 64;
    how.policy = is_kept ? FA_RETAIN_POOL : FA_RETAIN_DISCARD;
    engine->keep = how;
}

/* bad: FA605 */
bool
open_kept_without_policy(struct engine *engine)
{
    fa_retain how = FA_RETAIN_INIT;
    how.slot = (void **)&engine->best;
    struct player *player =
        fa_frame_new(fa_ctx_frame(engine->ctx), struct player);
    return player != NULL &&
           fa_frame_retain(fa_ctx_frame(engine->ctx), player, /* here */
                           sizeof(*player), &how) == FA_OK;
}

/* good */
bool
open_kept_with_policy(struct engine *engine)
{
    fa_retain how = {.struct_size = sizeof(how),
                     .policy = FA_RETAIN_REUSABLE,
                     .slot = (void **)&engine->best};
    struct player *player =
        fa_frame_new(fa_ctx_frame(engine->ctx), struct player);
    return player != NULL && fa_frame_retain(fa_ctx_frame(engine->ctx), player,
                                             sizeof(*player), &how) == FA_OK;
}
