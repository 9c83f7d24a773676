/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Correct uses of what attributes_bad.c uses wrongly, in the shapes that tools
 * take for mistakes. None may complain. See attributes.sh.
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

/* Roles of a program, all of them. */
FA_RETURNS_FRAME(1) struct node *user_node_new(fa_frame *frame);
FA_RETURNS_POOL(1) struct node *user_pool_node(fa_pool *pool);
FA_RETURNS_HEAP(1) struct node *user_heap_node(fa_ctx *ctx);
FA_RETURNS_TASK(2) struct node *user_task_node(fa_ctx *ctx, fa_task task);
FA_RETURNS_PART_OF(1) struct node *user_node_last(struct node *list);
FA_OUT_FRAME(2, 1) fa_status user_load(fa_frame *frame, struct node **out);
FA_OUT_PERSISTENT(1) void user_find(struct node **out);
FA_FREES(2) void user_free(fa_ctx *ctx, struct node *node);
FA_FREES_POOL(2) void user_pool_free(fa_pool *pool, struct node *node);
FA_FREES_HEAP(2) void user_heap_free(fa_ctx *ctx, struct node *node);
FA_FREES_TASK(2) void user_task_free(fa_ctx *ctx, struct node *node);
FA_REALLOCS(2) void *user_realloc(fa_ctx *ctx, void *block, size_t size);
FA_GROWS(1) void user_list_push(struct node *list);
FA_RETAINS(2) void user_list_add(struct node *list, struct node *node);
FA_RETAINS_IN(2, 1) void user_keep(struct game *game, struct node *node);
FA_BORROWS(1) void user_use(struct game *game);
FA_BORROWS(1) int user_sum(const struct node *node);
FA_BEGINS_FRAME(1) fa_frame *user_begin(struct game *game);
FA_ENDS_FRAME(1) void user_end(struct game *game);
FA_RESETS(1) void user_reset(fa_frame *frame);
FA_ARENA_OF(1) fa_frame *user_frame(struct game *game);
FA_CREATES_ARENA(*1) fa_status user_create(fa_group *out);
FA_CREATES_ARENA_IN(*2, 1) fa_status user_inner(fa_group group, fa_group *out);
FA_SCOPE_GUARD(1) fa_frame_scope user_scope(fa_allocator *allocator);
FA_MARKS(1) fa_mark user_mark(fa_frame *frame);
FA_ROLLS_BACK(1, 2) void user_rollback(fa_frame *frame, fa_mark mark);
FA_PUSHES_TAG(1) void user_push(fa_ctx *ctx);
FA_POPS_TAG(1) void user_pop(fa_ctx *ctx);
FA_STARTS_THREAD(1, 2) void user_thread(void *(*fn)(void *), void *data);
FA_THREAD_ENTRY void *user_main(void *data);
FA_JOINS_THREADS void user_join(void);
FA_RUNS_LATER(1, 2) void user_later(void (*fn)(void *), void *data);
FA_ASYNC_CALLBACK void user_callback(void *data);
FA_SUSPENDS void user_yield(void);
FA_PINS_FRAME(1) void user_pin(fa_ctx *ctx);
FA_UNPINS_FRAME(1) void user_unpin(fa_ctx *ctx);
FA_SENDS(1) fa_transfer user_send(void *block);
FA_SENDS_OUT(1, 2) fa_status user_offer(void *block, fa_transfer *out);
FA_RECEIVES(1) void *user_receive(fa_transfer transfer);
FA_NEVER_RETURNS void user_die(void);
FA_RENAMED(user_push) void user_tag(fa_ctx *ctx);
FA_FREED_BY_ANY void *user_block(void);

int
heap_block(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    fa_free(ctx, block);
    return 1;
}

int
pool_block(fa_ctx *ctx)
{
    struct node *node = fa_pool_new(ctx, struct node);
    if (node == NULL)
        return 0;
    int value = node->value;
    fa_pool_delete(ctx, struct node, node);
    return value;
}

int
realloc_that_may_fail(fa_ctx *ctx)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    int *larger = fa_heap_realloc(ctx, block, 800, 16);
    if (larger == NULL) {
        int value = block[0];
        fa_free(ctx, block);
        return value;
    }
    int value = larger[0];
    fa_free(ctx, larger);
    return value;
}

int
transfer(fa_ctx *ctx)
{
    fa_transfer sent;
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    block[0] = 1;
    if (fa_transfer_send(ctx, block, 400, &sent) != FA_OK) {
        fa_free(ctx, block);
        return 0;
    }
    int *received = fa_transfer_receive(ctx, sent, NULL);
    if (received == NULL)
        return 0;
    int value = received[0];
    fa_free(ctx, received);
    return value;
}

int
block_given_to_a_task(fa_ctx *ctx, fa_task task)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    if (fa_task_add(ctx, task, block) != FA_OK) {
        fa_free(ctx, block);
        return 0;
    }
    int *other = fa_task_new(ctx, task, int);
    return other != NULL ? *other : 0;
}

bool
block_that_lives_on(fa_ctx *ctx, struct game *game)
{
    game->best = fa_heap_alloc(ctx, sizeof(*game->best), 16);
    return game->best != NULL;
}

int
memory_by_intent(fa_ctx *ctx)
{
    char *block = fa_alloc(ctx, 4, 4, FA_INTENT_FRAME);
    if (block == NULL)
        return 0;
    block[0] = 1;
    return block[0];
}

static struct node *
node_new(fa_frame *frame, int value)
{
    struct node *node = fa_frame_new(frame, struct node);
    if (node != NULL)
        node->value = value;
    return node;
}

int
list_in_each_frame(fa_allocator *allocator)
{
    int sum = 0;
    for (int i = 0; i < 100; i++) {
        fa_frame *frame = fa_begin_frame(allocator);
        struct node *list = NULL;
        for (int j = 0; j < 10; j++) {
            struct node *node = node_new(frame, j);
            if (node == NULL)
                break;
            node->next = list;
            list = node;
        }
        for (const struct node *node = list; node != NULL; node = node->next)
            sum += node->value;
        fa_end_frame(allocator);
    }
    return sum;
}

int
two_frames(fa_allocator *a, fa_allocator *b)
{
    fa_frame *frame_a = fa_begin_frame(a);
    fa_frame *frame_b = fa_begin_frame(b);
    struct node *in_a = node_new(frame_a, 1);
    struct node *in_b = node_new(frame_b, 2);
    int sum = in_b != NULL ? in_b->value : 0;
    fa_end_frame(b);
    if (in_a != NULL)
        sum += in_a->value;
    fa_end_frame(a);
    return sum;
}

int
every_way_out(fa_allocator *allocator, int number)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *text = fa_frame_printf(frame, "%d", number);
    if (text == NULL) {
        fa_end_frame(allocator);
        return 0;
    }
    int first = text[0];
    fa_end_frame(allocator);
    return first;
}

void
member_that_is_cleared(struct game *game)
{
    for (int i = 0; i < 9; i++) {
        fa_frame *frame = fa_begin_frame(game->allocator);
        game->best = node_new(frame, i);
        user_use(game);
        game->best = NULL;
        fa_end_frame(game->allocator);
    }
}

int
block_that_is_released(fa_frame *frame)
{
    struct node *node = fa_frame_new(frame, struct node);
    if (node == NULL)
        return 0;
    int value = node->value;
    fa_frame_release(frame, node, sizeof(*node));
    return value;
}

int
scratch(fa_ctx *ctx)
{
    fa_scratch_scope scope = fa_scratch_begin(ctx, NULL, 0);
    int *block = fa_frame_new(scope.frame, int);
    int value = block != NULL ? *block : 0;
    fa_scratch_end(scope);
    return value;
}

int
scratch_that_ends_by_itself(fa_ctx *ctx, fa_frame *out)
{
    FA_SCRATCH_SCOPE(frame, fa_scratch_begin(ctx, &out, 1))
    {
        int *block = fa_frame_new(frame, int);
        if (block == NULL)
            return 0;
        *block = 1;
        return *block;
    }
    return 0;
}

int
frame_that_ends_by_itself(fa_allocator *allocator)
{
    FA_FRAME_SCOPE(frame, allocator)
    {
        struct node *node = node_new(frame, 1);
        if (node == NULL)
            return 0;
        return node->value;
    }
    return 0;
}
