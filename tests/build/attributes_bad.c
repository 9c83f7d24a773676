/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Mistakes that ordinary tools find. A comment at the end of a line names the
 * tools that must complain there; at other lines none may. See attributes.sh.
 */
#include <framealloc.h>

#include <stdlib.h>

struct node {
    struct node *next;
    int value;
};

struct game {
    fa_allocator *allocator;
    struct node *best;
};

int *user_new(fa_allocator *allocator) FA_NEEDS_FRAME_OF(allocator);

/* Memory of the heap and of pools. */

int
free_of_a_heap_block(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    free(block); /* gcc strict cppcheck */
    return 1;
}

int
free_of_a_pool_block(fa_pool *pool)
{
    int *block = fa_pool_alloc(pool);
    if (block == NULL)
        return 0;
    block[0] = 1;
    free(block); /* gcc strict cppcheck */
    return 1;
}

int
fa_free_of_foreign_memory(fa_ctx *ctx)
{
    int *block = malloc(sizeof(*block));
    if (block == NULL)
        return 0;
    *block = 1;
    fa_free(ctx, block); /* gcc strict cppcheck */
    return 1;
}

int
fa_heap_free_of_foreign_memory(fa_ctx *ctx)
{
    int *block = malloc(sizeof(*block));
    if (block == NULL)
        return 0;
    *block = 1;
    fa_heap_free(ctx, block); /* gcc strict cppcheck */
    return 1;
}

int
use_of_a_freed_heap_block(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    fa_free(ctx, block);
    *block = 2; /* gcc strict cppcheck model */
    return 1;
}

int
use_of_a_freed_pool_block(fa_pool *pool)
{
    int *block = fa_pool_alloc(pool);
    if (block == NULL)
        return 0;
    fa_pool_free(pool, block);
    *block = 2; /* gcc strict cppcheck model */
    return 1;
}

int
second_free(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    fa_free(ctx, block);
    fa_heap_free(ctx, block); /* gcc strict cppcheck model */
    return 1;
}

int
leak_on_one_way_out(fa_ctx *ctx, int is_late)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    if (is_late)
        return -1; /* cppcheck model */
    fa_free(ctx, block);
    return 1;
}

int
use_after_a_realloc(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    int *larger = fa_heap_realloc(ctx, block, 800, 16);
    if (larger == NULL) {
        fa_free(ctx, block);
        return 0;
    }
    int sum = block[0]; /* model */
    fa_free(ctx, larger);
    return sum;
}

void
result_that_nobody_looks_at(fa_ctx *ctx)
{
    fa_heap_alloc(ctx, 400, 16); /* gcc strict gcc-O2 cppcheck frames */
} /* model */

/* Memory of frames. */

int
free_of_frame_memory(fa_frame *frame)
{
    struct node *node = fa_frame_new(frame, struct node);
    if (node == NULL)
        return 0;
    node->value = 1;
    free(node); /* strict */
    return 1;
}

int
fa_free_of_frame_memory(fa_frame *frame, fa_ctx *ctx)
{
    struct node *node = fa_frame_new(frame, struct node);
    if (node == NULL)
        return 0;
    node->value = 1;
    fa_free(ctx, node); /* strict */
    return 1;
}

int
free_of_a_string_of_the_frame(fa_frame *frame)
{
    char *text = fa_frame_strdup(frame, "text");
    if (text == NULL)
        return 0;
    free(text); /* strict */
    return 1;
}

int
fa_free_of_task_memory(fa_ctx *ctx, fa_task task)
{
    int *block = fa_task_new(ctx, task, int);
    if (block == NULL)
        return 0;
    *block = 1;
    fa_free(ctx, block); /* strict */
    return 1;
}

int
free_in_an_open_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    free(node); /* strict model */
    fa_end_frame(allocator);
    return 1;
}

int
use_after_the_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    fa_end_frame(allocator);
    if (node == NULL)
        return 0;
    return node->value; /* model */
}

int
use_in_the_next_frame(fa_allocator *allocator)
{
    struct node *last = NULL;
    int sum = 0;
    for (int i = 0; i < 3; i++) {
        fa_frame *frame = fa_begin_frame(allocator);
        if (last != NULL)
            sum += last->value; /* model */
        last = fa_frame_new(frame, struct node);
        fa_end_frame(allocator);
    }
    return sum;
}

void
member_that_outlives_the_frame(struct game *game)
{
    fa_frame *frame = fa_begin_frame(game->allocator);
    game->best = fa_frame_new(frame, struct node);
    fa_end_frame(game->allocator);
    if (game->best != NULL)
        game->best->value = 1; /* model */
}

int
use_after_a_scratch_scope(fa_ctx *ctx)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    int *block = fa_frame_new(scope.frame, int);
    fa_scratch_end(scope);
    if (block == NULL)
        return 0;
    return *block; /* model */
}

/* Begins and ends. */

int
early_return(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    void *block = fa_frame_alloc(frame, 8, 8);
    if (block == NULL)
        return -1;
    fa_end_frame(allocator);
    return 0;
} /* frames */

void
continue_with_an_open_frame(fa_allocator *allocator, int count)
{
    for (int i = 0; i < count; i++) { /* frames */
        (void)fa_begin_frame(allocator);
        if (i == 3)
            continue;
        fa_end_frame(allocator);
    }
}

void
second_end(fa_allocator *allocator)
{
    (void)fa_begin_frame(allocator);
    fa_end_frame(allocator);
    fa_end_frame(allocator); /* frames */
}

int *
call_that_needs_a_frame(fa_allocator *allocator)
{
    return user_new(allocator); /* frames */
}
