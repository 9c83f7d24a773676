/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Three lifetimes in one game: bullets come and go and live in a pool, the level
 * stays and lives in the heap, and the list of what was hit dies with its frame.
 * The program checks that nothing is left at the end.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>

#define BULLETS 64
#define CELLS   4096

struct bullet {
    float x;
    float speed;
};

struct game {
    fa_ctx *ctx;
    struct bullet *bullets[BULLETS]; /* Of the pool; NULL: not in flight. */
    unsigned char *level;            /* Of the heap. */
    unsigned shots;
    unsigned hits;
};

static void
shoot(struct game *game)
{
    for (unsigned i = 0; i < BULLETS; i++) {
        if (game->bullets[i] != NULL)
            continue;
        game->bullets[i] = fa_pool_new(game->ctx, struct bullet);
        if (game->bullets[i] != NULL)
            game->bullets[i]->speed = 1 + (float)(game->shots++ % 7);
        return;
    }
}

/* Bullets that have reached the end of the level, in memory of the frame. */
static unsigned
collect_hits(struct game *game, fa_frame *frame, unsigned **out)
{
    unsigned count = 0;
    *out = fa_frame_zalloc_array(frame, BULLETS, sizeof(**out),
                                 _Alignof(unsigned));
    for (unsigned i = 0; i < BULLETS && *out != NULL; i++) {
        struct bullet *bullet = game->bullets[i];
        if (bullet == NULL)
            continue;
        bullet->x += bullet->speed;
        if (bullet->x >= 100)
            (*out)[count++] = i;
    }
    return count;
}

static void
run_frame(struct game *game, fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    unsigned *hits;
    shoot(game);
    unsigned count = collect_hits(game, frame, &hits);
    for (unsigned i = 0; i < count; i++) {
        fa_pool_delete(game->ctx, struct bullet, game->bullets[hits[i]]);
        game->bullets[hits[i]] = NULL;
        game->level[game->hits++ % CELLS]++;
    }
    fa_end_frame(allocator);
}

int
main(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    struct game game = {.ctx = fa_ctx_current(allocator)};
    game.level = fa_heap_alloc(game.ctx, CELLS, 64);
    if (game.level == NULL)
        return EXIT_FAILURE;
    for (unsigned i = 0; i < CELLS; i++)
        game.level[i] = 0;
    for (unsigned frame = 0; frame < 1000; frame++)
        run_frame(&game, allocator);

    unsigned flying = 0;
    for (unsigned i = 0; i < BULLETS; i++) {
        flying += game.bullets[i] != NULL;
        fa_free(game.ctx, game.bullets[i]);
    }
    fa_heap_free(game.ctx, game.level);
    printf("%u shots, %u hits, %u in flight\n", game.shots, game.hits, flying);
    bool is_good = game.shots == game.hits + flying && game.hits > 900;
    fa_allocator_destroy(allocator); /* Would name what is left. */
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
