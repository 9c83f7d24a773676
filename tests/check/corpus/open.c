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
int
open_before_begin(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    fa_ctx *ctx = fa_ctx_current(allocator);
    for (int i = 0; i < 100; i++) {
        int *score = fa_frame_new(fa_ctx_frame(ctx), int); /* here */
        if (score != NULL)
            *score = i;
    }
    fa_allocator_destroy(allocator);
    return 0;
}

/* good */
int
open_by_begin(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    fa_ctx *ctx = fa_ctx_current(allocator);
    for (int i = 0; i < 100; i++) {
        fa_begin_frame(allocator);
        int *score = fa_frame_new(fa_ctx_frame(ctx), int);
        if (score != NULL)
            *score = i;
        fa_end_frame(allocator);
    }
    fa_allocator_destroy(allocator);
    return 0;
}

/* good */
int
open_in_the_caller(struct engine *engine, int count)
{
    int sum = 0;
    for (int i = 0; i < count; i++) {
        int *part = fa_frame_new(fa_ctx_frame(engine->ctx), int);
        if (part == NULL)
            break;
        *part = i;
        sum += *part;
    }
    return sum;
}

/* bad: FA604 */
void
open_policy_that_is_not_used(struct engine *engine)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_HEAP; /* here */
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct player *player = fa_frame_new(frame, struct player);
    if (player != NULL)
        player->health = 100;
    fa_end_frame(engine->allocator);
}

/* good */
void
open_policy_that_is_used(struct engine *engine)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_HEAP;
    how.slot = (void **)&engine->best;
    fa_frame *frame = fa_begin_frame(engine->allocator);
    struct player *player = fa_frame_new(frame, struct player);
    if (player != NULL) {
        player->health = 100;
        if (fa_frame_retain(frame, player, sizeof(*player), &how) != FA_OK)
            engine->best = NULL;
    }
    fa_end_frame(engine->allocator);
}

/* bad: FA605 */
bool
open_kept_and_discarded(struct engine *engine)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_DISCARD;
    how.slot = (void **)&engine->best;
    fa_frame *frame = fa_ctx_frame(engine->ctx);
    struct player *player = fa_frame_new(frame, struct player);
    if (player == NULL)
        return false;
    player->health = 100;
    return fa_frame_retain(frame, player, sizeof(*player), &how) == /* here */
           FA_OK;
}

/* good */
bool
open_counted_and_discarded(struct engine *engine)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_EPHEMERAL;
    fa_frame *frame = fa_ctx_frame(engine->ctx);
    struct player *player = fa_frame_new(frame, struct player);
    if (player == NULL)
        return false;
    player->health = 100;
    return fa_frame_retain(frame, player, sizeof(*player), &how) == FA_OK;
}
