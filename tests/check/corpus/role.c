/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: what the roles of the public headers say, each
 * at least once.
 */
#include <framealloc/framealloc.h>

#include <stdlib.h>

struct node {
    struct node *next;
    int value;
};

void node_close(void *node);

/* The cases. */

/* good */
int
block_of_a_task(fa_ctx *ctx)
{
    fa_task task;
    if (fa_task_begin(ctx, NULL, &task) != FA_OK)
        return 0;
    struct node *node = fa_task_new(ctx, task, struct node);
    int value = node != NULL ? node->value : 0;
    fa_task_end(ctx, task, NULL);
    return value;
}

/* good */
int
block_freed_before_its_task_ends(fa_ctx *ctx)
{
    fa_task task;
    if (fa_task_begin(ctx, NULL, &task) != FA_OK)
        return 0;
    struct node *node = fa_task_new(ctx, task, struct node);
    if (node != NULL)
        (void)fa_task_free(ctx, task, node);
    fa_task_end(ctx, task, NULL);
    return 1;
}

/* good */
int
block_that_leaves_its_task(fa_ctx *ctx)
{
    fa_task task;
    if (fa_task_begin(ctx, NULL, &task) != FA_OK)
        return 0;
    struct node *node = fa_task_new(ctx, task, struct node);
    if (node == NULL || fa_task_remove(ctx, task, node) != FA_OK) {
        fa_task_end(ctx, task, NULL);
        return 0;
    }
    fa_task_end(ctx, task, NULL);
    int value = node->value;
    fa_free(ctx, node);
    return value;
}

/* good */
int
block_given_to_a_task(fa_ctx *ctx, fa_task task)
{
    struct node *node = fa_pool_new(ctx, struct node);
    if (node == NULL)
        return 0;
    if (fa_task_add(ctx, task, node) != FA_OK) {
        fa_free(ctx, node);
        return 0;
    }
    return node->value;
}

/* bad: FA606 */
int
block_used_after_its_task(fa_ctx *ctx)
{
    fa_task task;
    if (fa_task_begin(ctx, NULL, &task) != FA_OK)
        return 0;
    struct node *node = fa_task_new(ctx, task, struct node);
    fa_task_end(ctx, task, NULL);
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
transfer_that_may_fail(fa_ctx *ctx)
{
    fa_transfer sent;
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
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

/* good */
int
frame_memory_is_copied_by_a_transfer(fa_allocator *allocator, fa_ctx *ctx,
                                     fa_transfer *out)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    bool is_sent = false;
    if (node != NULL) {
        is_sent = fa_transfer_send(ctx, node, sizeof(*node), out) == FA_OK;
        node->value = 2;
    }
    fa_end_frame(allocator);
    return is_sent;
}

/* bad: FA609 */
int
block_used_after_it_was_sent(fa_ctx *ctx, fa_transfer *out)
{
    int *block = fa_heap_alloc(ctx, 400, 16);
    if (block == NULL)
        return 0;
    if (fa_transfer_send(ctx, block, 400, out) != FA_OK) {
        fa_free(ctx, block);
        return 0;
    }
    return block[0]; /* here */
}

/* good */
int
guard_that_is_committed(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    fa_frame_guard guard = fa_frame_guard_begin(frame);
    struct node *node = fa_frame_new(frame, struct node);
    (void)fa_frame_guard_commit(&guard);
    int value = node != NULL ? node->value : 0;
    fa_end_frame(allocator);
    return value;
}

/* good */
int
guard_of_a_block(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = NULL;
    FA_FRAME_GUARD(guard, frame)
    {
        node = fa_frame_new(frame, struct node);
        if (node != NULL)
            (void)fa_frame_guard_commit(guard);
    }
    int value = node != NULL ? node->value : 0;
    fa_end_frame(allocator);
    return value;
}

/* good */
int
older_than_the_mark(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    fa_mark mark = fa_frame_checkpoint(frame);
    struct node *other = fa_frame_new(frame, struct node);
    int sum = other != NULL ? other->value : 0;
    (void)fa_frame_rollback(frame, mark);
    if (node != NULL)
        sum += node->value;
    fa_end_frame(allocator);
    return sum;
}

/* bad: FA606 */
int
newer_than_the_mark(fa_frame *frame)
{
    fa_mark mark = fa_frame_checkpoint(frame);
    struct node *node = fa_frame_new(frame, struct node);
    (void)fa_frame_rollback(frame, mark);
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
scope_in_a_scope(fa_allocator *allocator)
{
    int sum = 0;
    FA_FRAME_SCOPE(outer, allocator)
    {
        struct node *node = fa_frame_new(outer, struct node);
        FA_FRAME_SCOPE(inner, allocator)
        {
            struct node *other = fa_frame_new(inner, struct node);
            if (other != NULL)
                sum += other->value;
        }
        if (node != NULL)
            sum += node->value;
    }
    return sum;
}

/* good */
int
scope_in_a_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    int sum = 0;
    FA_FRAME_SCOPE(inner, allocator)
    {
        struct node *other = fa_frame_new(inner, struct node);
        if (other != NULL)
            sum += other->value;
    }
    if (node != NULL)
        sum += node->value;
    fa_end_frame(allocator);
    return sum;
}

/* bad: FA606 */
int
used_after_its_scope(fa_allocator *allocator)
{
    struct node *node = NULL;
    FA_FRAME_SCOPE(frame, allocator)
    {
        node = fa_frame_new(frame, struct node);
    }
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
vector_that_grows(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    FA_VEC(int) list = FA_VEC_INIT(frame);
    for (int i = 0; i < 9; i++)
        if (!fa_vec_push(&list, i))
            break;
    int sum = 0;
    for (size_t i = 0; i < list.count; i++)
        sum += list.items[i];
    fa_end_frame(allocator);
    return sum;
}

/* bad: FA606 */
int
vector_after_its_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    FA_VEC(int) list = FA_VEC_INIT(frame);
    if (!fa_vec_push(&list, 1)) {
        fa_end_frame(allocator);
        return 0;
    }
    fa_end_frame(allocator);
    return list.items[0]; /* here */
}

/* bad: FA612 */
int
item_of_a_vector_that_grew(fa_frame *frame)
{
    FA_VEC(int) list = FA_VEC_INIT(frame);
    if (!fa_vec_push(&list, 1))
        return 0;
    int *first = list.items;
    if (!fa_vec_push(&list, 2))
        return 0;
    return *first; /* here */
}

/* good */
int
map_with_values(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    FA_MAP(int, int) map = FA_MAP_INIT(frame);
    int sum = 0;
    if (fa_map_set(&map, 3, 4)) {
        const int *found = fa_map_find(&map, 3);
        if (found != NULL)
            sum = *found;
    }
    fa_end_frame(allocator);
    return sum;
}

/* good */
int
text_built_twice(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    fa_string text = FA_STRING_INIT(frame);
    (void)fa_string_printf(&text, "%d", 3);
    const char *first = fa_string_end(&text);
    int sum = first != NULL ? first[0] : 0;
    fa_string_reset(&text);
    (void)fa_string_append(&text, "b");
    const char *second = fa_string_end(&text);
    if (second != NULL)
        sum += second[0];
    fa_end_frame(allocator);
    return sum;
}

/* bad: FA606 */
int
text_after_its_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    fa_string text = FA_STRING_INIT(frame);
    (void)fa_string_append(&text, "a");
    const char *end = fa_string_end(&text);
    fa_end_frame(allocator);
    return end != NULL ? end[0] : 0; /* here */
}

/* good */
int
block_that_is_resized(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    int *list = fa_frame_array(frame, int, 4);
    if (list != NULL) {
        int *longer = fa_frame_resize(frame, list, 16, 32, 4);
        if (longer != NULL)
            list = longer;
        list[0] = 1;
    }
    fa_end_frame(allocator);
    return 1;
}

/* good */
int
counted_object(fa_ctx *ctx)
{
    int *object = fa_rc_alloc(ctx, 8, 8, NULL);
    if (object == NULL)
        return 0;
    int *other = fa_rc_retain(ctx, object);
    (void)fa_rc_release(ctx, object);
    int value = *other;
    (void)fa_rc_release(ctx, other);
    return value;
}

/* good */
int
object_of_a_handle(fa_allocator *allocator)
{
    fa_handle_space *space;
    if (fa_handle_space_create(allocator, NULL, &space) != FA_OK)
        return 0;
    fa_handle handle = fa_handle_alloc(space, 8, 8, FA_HANDLE_MOVABLE);
    const int *object = fa_handle_resolve(space, handle);
    int sum = object != NULL ? *object : 0;
    (void)fa_handle_space_compact(space, 100, 100);
    object = fa_handle_resolve(space, handle);
    if (object != NULL)
        sum += *object;
    (void)fa_handle_free(space, handle);
    fa_handle_space_destroy(space);
    return sum;
}

/* good */
int
named_scratch_arena(fa_allocator *allocator)
{
    fa_scratch scratch;
    if (fa_scratch_create(allocator, "load", NULL, &scratch) != FA_OK)
        return 0;
    fa_frame *frame = fa_scratch_frame(scratch);
    struct node *node = fa_frame_new(frame, struct node);
    int sum = node != NULL ? node->value : 0;
    (void)fa_scratch_reset(scratch);
    node = fa_frame_new(frame, struct node);
    if (node != NULL)
        sum += node->value;
    (void)fa_scratch_destroy(scratch);
    return sum;
}

/* good */
int
older_than_the_scratch_scope(fa_scratch scratch)
{
    fa_frame *frame = fa_scratch_frame(scratch);
    struct node *node = fa_frame_new(frame, struct node);
    fa_scratch_scope scope = fa_scratch_begin_in(scratch);
    struct node *other = fa_frame_new(scope.frame, struct node);
    int sum = other != NULL ? other->value : 0;
    (void)fa_scratch_end(scope);
    if (node != NULL)
        sum += node->value;
    return sum;
}

/* bad: FA606 */
int
used_after_a_reset(fa_scratch scratch)
{
    fa_frame *frame = fa_scratch_frame(scratch);
    struct node *node = fa_frame_new(frame, struct node);
    (void)fa_scratch_reset(scratch);
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
group_in_a_group(fa_ctx *ctx)
{
    fa_group outer, inner;
    if (fa_group_create(ctx, NULL, &outer) != FA_OK)
        return 0;
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.parent = outer;
    if (fa_group_create(ctx, &config, &inner) != FA_OK) {
        (void)fa_group_destroy(outer);
        return 0;
    }
    struct node *node = fa_frame_new(fa_group_frame(inner), struct node);
    int value = node != NULL ? node->value : 0;
    (void)fa_group_destroy(inner);
    (void)fa_group_destroy(outer);
    return value;
}

/* good */
int
group_that_outlives_the_frame(fa_allocator *allocator, fa_ctx *ctx)
{
    fa_group group;
    (void)fa_begin_frame(allocator);
    if (fa_group_create(ctx, NULL, &group) != FA_OK) {
        fa_end_frame(allocator);
        return 0;
    }
    struct node *node = fa_frame_new(fa_group_frame(group), struct node);
    fa_end_frame(allocator);
    int value = node != NULL ? node->value : 0;
    (void)fa_group_destroy(group);
    return value;
}

/* bad: FA606 */
int
used_after_its_group(fa_ctx *ctx)
{
    fa_group group;
    if (fa_group_create(ctx, NULL, &group) != FA_OK)
        return 0;
    struct node *node = fa_frame_new(fa_group_frame(group), struct node);
    (void)fa_group_destroy(group);
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
context_of_its_own(fa_allocator *allocator)
{
    fa_ctx *ctx;
    if (fa_ctx_create(allocator, NULL, &ctx) != FA_OK)
        return 0;
    for (int i = 0; i < 3; i++) {
        (void)fa_begin_frame(allocator);
        struct node *node = fa_frame_new(fa_ctx_frame(ctx), struct node);
        if (node != NULL)
            node->value = i;
        fa_end_frame(allocator);
    }
    fa_ctx_destroy(ctx);
    return 1;
}

/* bad: FA606 */
int
frame_of_the_context(fa_allocator *allocator)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    (void)fa_begin_frame(allocator);
    struct node *node = fa_frame_new(fa_ctx_frame(ctx), struct node);
    fa_end_frame(allocator);
    return node != NULL ? node->value : 0; /* here */
}

/* good */
int
pool_block_that_outlives_the_frame(fa_allocator *allocator)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    (void)fa_begin_frame(allocator);
    struct node *node = fa_pool_new(ctx, struct node);
    fa_end_frame(allocator);
    if (node == NULL)
        return 0;
    int value = node->value;
    fa_pool_delete(ctx, struct node, node);
    return value;
}

/* good */
int
closed_with_the_frame(fa_allocator *allocator)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    if (node != NULL && fa_frame_defer(frame, node_close, node) == FA_OK)
        node->value = 1;
    fa_end_frame(allocator);
    return 1;
}

/* bad: FA613 */
int
closed_after_it_is_gone(fa_allocator *allocator, fa_scratch scratch)
{
    fa_frame *frame = fa_begin_frame(allocator);
    fa_scratch_scope scope = fa_scratch_begin_in(scratch);
    struct node *node = fa_frame_new(scope.frame, struct node);
    if (node == NULL ||
        fa_frame_defer(frame, node_close, node) != FA_OK) { /* here */
        (void)fa_scratch_end(scope);
        fa_end_frame(allocator);
        return 0;
    }
    (void)fa_scratch_end(scope);
    fa_end_frame(allocator);
    return 1;
}

/* good */
int
block_that_is_retained(fa_allocator *allocator, struct node **slot)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct node *node = fa_frame_new(frame, struct node);
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_HEAP;
    how.slot = (void **)slot;
    if (node != NULL &&
        fa_frame_retain(frame, node, sizeof(*node), &how) != FA_OK)
        node->value = 2;
    fa_end_frame(allocator);
    return 1;
}

/* good */
int
intents(fa_allocator *allocator, fa_ctx *ctx)
{
    (void)fa_begin_frame(allocator);
    char *brief = fa_alloc(ctx, 8, 8, FA_INTENT_FRAME);
    int sum = brief != NULL ? brief[0] : 0;
    fa_end_frame(allocator);
    char *lasting = fa_alloc(ctx, 8, 8, FA_INTENT_HEAP);
    if (lasting == NULL)
        return sum;
    sum += lasting[0];
    fa_free(ctx, lasting);
    return sum;
}
