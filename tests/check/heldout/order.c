/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: which arena dies first. Something of a longer
 * life is given memory of a shorter one.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>
#include <string.h>

struct node {
    struct node *parent, *first, *next;
    const char *name;
    float *weights;
    size_t count;
};

struct scene {
    fa_group level;
    struct node *root;
    fa_frame *arena;
};

typedef FA_VEC(struct node *) node_vec;

static inline struct node *
node_new(fa_frame *frame, const char *name)
{
    struct node *node = fa_frame_new(frame, struct node);
    if (node != NULL)
        node->name = name;
    return node;
}

/* The cases. */

/* bad: FA611 */
bool
order_result_from_scratch(struct node **out, const char *name,
                          fa_frame *result_frame, fa_frame *scratch_frame)
{
    char *key = fa_frame_strdup(scratch_frame, name);
    struct node *node = node_new(result_frame, NULL);
    if (key == NULL || node == NULL)
        return false;
    node->name = key; /* here */
    *out = node;
    return true;
}

/* good */
bool
order_result_from_result(struct node **out, const char *name,
                         fa_frame *result_frame, fa_frame *scratch_frame)
{
    char *key = fa_frame_printf(scratch_frame, "%s.node", name);
    struct node *node = node_new(result_frame, NULL);
    if (key == NULL || node == NULL)
        return false;
    key[0] = '_';
    node->name = fa_frame_strdup(result_frame, key);
    *out = node;
    return true;
}

/* bad: FA611 */
struct node *
order_by_a_helper(fa_ctx *ctx, struct scene *scene, int id)
{
    char *label = fa_frame_printf(fa_ctx_frame(ctx), "%d", id);
    fa_frame *level = fa_group_frame(scene->level);
    return node_new(level, label); /* here */
}

/* good */
struct node *
order_by_a_helper_with_a_literal(fa_ctx *ctx, struct scene *scene, int id)
{
    char *label = fa_frame_printf(fa_ctx_frame(ctx), "%d", id);
    fa_frame *level = fa_group_frame(scene->level);
    struct node *shown = node_new(fa_ctx_frame(ctx), label);
    return node_new(level, shown != NULL ? "shown" : "hidden");
}

/* bad: FA611 FA601 */
struct node *
order_frame_weights_in_a_pool_node(fa_ctx *ctx, fa_frame *frame, size_t count)
{
    struct node *node = fa_pool_new(ctx, struct node);
    if (node == NULL)
        return NULL;
    node->weights = fa_frame_array(frame, float, count); /* here */
    node->count = node->weights != NULL ? count : 0;
    return node;
}

/* good */
struct node *
order_frame_weights_dropped_from_a_pool_node(fa_ctx *ctx, fa_frame *frame,
                                             size_t count)
{
    struct node *node = fa_pool_new(ctx, struct node);
    if (node == NULL)
        return NULL;
    node->weights = fa_frame_array(frame, float, count);
    if (node->weights != NULL)
        node->count = node->weights[0] > 0 ? count : 1;
    node->weights = NULL;
    return node;
}

/* bad: FA611 */
struct node *
order_return_of_scratch(const struct node *from, fa_frame *result_frame,
                        fa_frame *scratch_frame)
{
    struct node *copy = node_new(scratch_frame, from->name);
    float *weights = fa_frame_array(result_frame, float, from->count);
    if (copy == NULL || weights == NULL)
        return NULL;
    memcpy(weights, from->weights, from->count * sizeof(*weights));
    copy->weights = weights;
    return copy; /* here */
}

/* good */
struct node *
order_return_of_result(const struct node *from, fa_frame *result_frame,
                       fa_frame *scratch_frame)
{
    struct node *copy = node_new(result_frame, from->name);
    float *weights = fa_frame_array(scratch_frame, float, from->count);
    if (copy == NULL || weights == NULL)
        return NULL;
    memcpy(weights, from->weights, from->count * sizeof(*weights));
    copy->count = from->count != 0 && weights[0] > 0;
    return copy;
}

/* bad: FA611 FA601 */
struct node **
order_frame_nodes_in_a_heap_table(fa_ctx *ctx, fa_frame *frame, size_t count)
{
    struct node **table =
        fa_heap_alloc(ctx, 32 * sizeof(*table), sizeof(*table));
    for (size_t i = 0; table != NULL && i < 32 && i < count; i++)
        table[i] = node_new(frame, "entry"); /* here */
    return table;
}

/* good */
struct node **
order_heap_nodes_in_a_frame_table(fa_ctx *ctx, fa_frame *frame, size_t count)
{
    struct node **table = fa_frame_array(frame, struct node *, 32);
    for (size_t i = 0; table != NULL && i < 32 && i < count; i++)
        table[i] = fa_pool_new(ctx, struct node);
    return table;
}

/* bad: FA611 */
struct node *
order_of_the_wrong_choice(fa_frame *result_frame, fa_frame *scratch_frame,
                          bool is_temporary)
{
    fa_frame *where = is_temporary ? result_frame : scratch_frame;
    struct node *node = node_new(result_frame, "kept");
    if (node != NULL && !is_temporary)
        node->weights = fa_frame_array(where, float, 3); /* here */
    return node;
}

/* good */
struct node *
order_of_the_right_choice(fa_frame *result_frame, fa_frame *scratch_frame,
                          bool is_temporary)
{
    fa_frame *where = is_temporary ? scratch_frame : result_frame;
    struct node *node = node_new(result_frame, "kept");
    if (node != NULL && !is_temporary)
        node->weights = fa_frame_array(where, float, 3);
    return node;
}
