/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * sdl_loop [FRAMES]: a game loop on SDL 2, 10,000 frames of it.
 *
 * Workers move one band of the particles each and leave a list of the lit
 * pixels in the frame memory of their threads, which the main thread draws
 * before the frame ends. Words that outlive the frame come from SDL_malloc(),
 * which pools serve: workers make them, the main thread frees them. Without a
 * display it runs with SDL_VIDEODRIVER=dummy.
 */
#include <framealloc.h>
#include <framealloc/sdl.h>

#include <stdio.h>
#include <stdlib.h>

#define WORKERS   3
#define BANDS     16
#define PARTICLES 64 /* Of a band. */
#define SIZE      64 /* Of the window: a band has four lines. */

struct band {
    int x[PARTICLES];
    const int *lit; /* In the frame of the thread that ran the job. */
    int *word;      /* Of SDL_malloc(). */
};

struct game {
    fa_sdl_loop loop;
    SDL_Window *window;
    struct band band[BANDS];
    int frame_number;
    int wrong;
};

/* A job: one band, a step to the right. */
static void
move_band(fa_ctx *ctx, int job, void *user)
{
    struct game *game = user;
    struct band *band = &game->band[job];
    int *lit = fa_frame_array(fa_ctx_frame(ctx), int, PARTICLES);
    for (int i = 0; i < PARTICLES; i++) {
        band->x[i] = (band->x[i] + 1) % SIZE;
        if (lit != NULL)
            lit[i] = (job * 4 + i % 4) * SIZE + band->x[i];
    }
    band->lit = lit;
    band->word = SDL_malloc(sizeof(*band->word));
    if (band->word != NULL)
        *band->word = game->frame_number;
}

/* Particle i of band b has begun at b + i and moved one step per frame. */
static int
count_wrong(const struct band *band, int b, int frame_number)
{
    int wrong = band->lit == NULL;
    for (int i = 0; band->lit != NULL && i < PARTICLES; i++) {
        int x = (b + i + frame_number) % SIZE;
        wrong += band->lit[i] != (b * 4 + i % 4) * SIZE + x;
    }
    return wrong + (band->word == NULL || *band->word != frame_number);
}

static void
draw(struct game *game)
{
    SDL_Surface *surface = SDL_GetWindowSurface(game->window);
    if (surface == NULL) {
        game->wrong++;
        return;
    }
    SDL_FillRect(surface, NULL, 0);
    for (int b = 0; b < BANDS; b++) {
        for (int i = 0; game->band[b].lit != NULL && i < PARTICLES; i++) {
            int at = game->band[b].lit[i];
            SDL_FillRect(surface, &(SDL_Rect){at % SIZE, at / SIZE, 1, 1},
                         UINT32_MAX);
        }
    }
    SDL_UpdateWindowSurface(game->window);
}

/* False when the window was closed, or the last frame's event has come. */
static int
goes_on(void)
{
    SDL_Event event;
    while (SDL_PollEvent(&event)) {
        if (event.type == SDL_QUIT)
            return 0;
    }
    return 1;
}

static int
run_frame(struct game *game, int frames)
{
    fa_sdl_frame_begin(&game->loop);
    int is_on = goes_on();
    if (is_on) {
        game->frame_number++;
        game->wrong +=
            fa_sdl_jobs_submit(&game->loop, move_band, game, BANDS) != FA_OK;
        fa_sdl_jobs_wait(&game->loop);
        for (int b = 0; b < BANDS; b++) {
            game->wrong += count_wrong(&game->band[b], b, game->frame_number);
            SDL_free(game->band[b].word);
        }
        draw(game);
    }
    if (game->frame_number == frames)
        SDL_PushEvent(&(SDL_Event){.type = SDL_QUIT});
    fa_sdl_frame_end(&game->loop);
    return is_on;
}

static int
run_game(struct game *game, fa_allocator *allocator, int frames)
{
    for (int b = 0; b < BANDS; b++) {
        for (int i = 0; i < PARTICLES; i++)
            game->band[b].x[i] = (b + i) % SIZE;
    }
    game->window = SDL_CreateWindow("sdl_loop", 0, 0, SIZE, SIZE, 0);
    if (game->window == NULL ||
        fa_sdl_loop_begin(&game->loop, allocator, WORKERS) != FA_OK)
        return 1;
    while (run_frame(game, frames))
        continue;
    fa_sdl_loop_end(&game->loop);
    SDL_DestroyWindow(game->window);
    return game->wrong != 0 || game->frame_number != frames;
}

int
main(int argc, char **argv)
{
    static struct game game;
    int frames = argc > 1 ? atoi(argv[1]) : 10000;
    fa_allocator *allocator;
    fa_stats stats = FA_STATS_INIT;
    SDL_setenv("SDL_VIDEODRIVER", "dummy", 0);
    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_sdl_memory_begin(allocator) != FA_OK ||
        SDL_Init(SDL_INIT_VIDEO) != 0)
        return 1;
    int is_wrong = run_game(&game, allocator, frames);
    is_wrong |= fa_stats_read(allocator, &stats) != FA_OK;
    SDL_Quit();
    is_wrong |= fa_sdl_memory_end() != FA_OK;
    printf("%d frames of %d jobs, %d wrong, %s in pools\n", game.frame_number,
           BANDS, game.wrong, stats.pool_bytes != 0 ? "SDL" : "nothing");
    fa_allocator_destroy(allocator);
    return is_wrong;
}
