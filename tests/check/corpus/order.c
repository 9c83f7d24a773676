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

/* bad: FA611 FA601 */
struct node *
order_scratch_name_in_a_node(fa_ctx *ctx, fa_frame *frame, int id)
{
    struct node *node = fa_frame_new(frame, struct node);
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(ctx, &frame, 1))
    {
        char *name = fa_frame_printf(tmp, "node-%d", id);
        if (node != NULL)
            node->name = name; /* here */
    }
    return node;
}

/* good */
struct node *
order_scratch_name_copied_to_the_frame(fa_ctx *ctx, fa_frame *frame, int id)
{
    struct node *node = fa_frame_new(frame, struct node);
    FA_SCRATCH_SCOPE(tmp, fa_scratch_begin(ctx, &frame, 1))
    {
        char *name = fa_frame_printf(tmp, "node-%d", id);
        if (node != NULL && name != NULL)
            node->name = fa_frame_strdup(frame, name);
    }
    return node;
}

/* bad: FA611 */
void
order_frame_node_in_a_level(struct scene *scene, fa_ctx *ctx)
{
    struct node *root = node_new(fa_group_frame(scene->level), "root");
    if (root == NULL)
        return;
    root->first = node_new(fa_ctx_frame(ctx), "child"); /* here */
    scene->root = root;
}

/* good */
size_t
order_level_node_in_a_frame(struct scene *scene, fa_ctx *ctx)
{
    struct node *root = node_new(fa_group_frame(scene->level), "root");
    struct node *view = node_new(fa_ctx_frame(ctx), "view");
    if (root == NULL || view == NULL)
        return 0;
    view->first = root;
    view->parent = scene->root;
    scene->root = root;
    return view->first->count;
}

/* bad: FA611 */
size_t
order_in_a_vector_of_the_level(struct scene *scene, fa_ctx *ctx, int count)
{
    node_vec all = FA_VEC_INIT(fa_group_frame(scene->level));
    for (int i = 0; i < count; i++) {
        struct node *node = node_new(fa_ctx_frame(ctx), "part");
        fa_vec_push(&all, node); /* here */
    }
    if (all.count != 0)
        scene->root = all.items[0];
    return all.count;
}

/* good */
size_t
order_in_a_vector_of_the_frame(struct scene *scene, fa_ctx *ctx, int count)
{
    node_vec all = FA_VEC_INIT(fa_ctx_frame(ctx));
    for (int i = 0; i < count; i++) {
        struct node *node = node_new(fa_group_frame(scene->level), "part");
        fa_vec_push(&all, node);
    }
    if (all.count != 0)
        scene->root = all.items[0];
    return all.count;
}

/* bad: FA611 */
bool
order_child_in_its_parent(fa_ctx *ctx, fa_group parent, struct node *unused)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    fa_group child;
    config.parent = parent;
    if (unused != NULL || fa_group_create(ctx, &config, &child) != FA_OK)
        return false;
    struct node *owner = node_new(fa_group_frame(parent), "owner");
    if (owner != NULL)
        owner->first = node_new(fa_group_frame(child), "part"); /* here */
    return owner != NULL;
}

/* good */
bool
order_parent_in_its_child(fa_ctx *ctx, fa_group parent, struct node *unused)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    fa_group child;
    config.parent = parent;
    if (unused != NULL || fa_group_create(ctx, &config, &child) != FA_OK)
        return false;
    struct node *owner = node_new(fa_group_frame(parent), "owner");
    struct node *part = node_new(fa_group_frame(child), "part");
    if (owner != NULL && part != NULL)
        part->parent = owner;
    return part != NULL;
}

/* bad: FA611 FA601 */
size_t
order_of_two_scratch_scopes(fa_ctx *ctx)
{
    size_t length = 0;
    FA_SCRATCH_SCOPE(outer, fa_scratch_begin(ctx, NULL, 0))
    {
        struct node *node = node_new(outer, NULL);
        FA_SCRATCH_SCOPE(inner, fa_scratch_begin(ctx, &outer, 1))
        {
            if (node != NULL)
                node->name = fa_frame_strdup(inner, "inner"); /* here */
        }
        length = node != NULL;
    }
    return length;
}

/* good */
size_t
order_of_two_scratch_scopes_inward(fa_ctx *ctx)
{
    size_t length = 0;
    FA_SCRATCH_SCOPE(outer, fa_scratch_begin(ctx, NULL, 0))
    {
        char *name = fa_frame_strdup(outer, "outer");
        FA_SCRATCH_SCOPE(inner, fa_scratch_begin(ctx, &outer, 1))
        {
            struct node *node = node_new(inner, name);
            length = node != NULL && node->name != NULL;
        }
        length += name != NULL ? strlen(name) : 0;
    }
    return length;
}

/* bad: FA611 */
void
order_by_a_struct_copy(struct scene *scene, fa_ctx *ctx, const char *name)
{
    struct node draft = {.count = 1};
    draft.name = fa_frame_strdup(fa_ctx_frame(ctx), name);
    struct node *node = node_new(fa_group_frame(scene->level), "?");
    if (node != NULL)
        *node = draft; /* here */
}

/* good */
void
order_by_a_struct_copy_and_repair(struct scene *scene, fa_ctx *ctx,
                                  const char *name)
{
    fa_frame *level = fa_group_frame(scene->level);
    struct node draft = {.count = 1};
    draft.name = fa_frame_strdup(fa_ctx_frame(ctx), name);
    struct node *node = node_new(level, "?");
    if (node == NULL || draft.name == NULL)
        return;
    *node = draft;
    node->name = fa_frame_strdup(level, draft.name);
}

static void
node_attach(struct node *parent, struct node *child)
{
    child->parent = parent;
    child->next = parent->first;
    parent->first = child;
}

/* bad: FA611 */
void
order_of_an_attached_child(struct scene *scene, fa_ctx *ctx, int count)
{
    struct node *root = node_new(fa_group_frame(scene->level), "root");
    for (int i = 0; i < count && root != NULL; i++) {
        struct node *leaf = node_new(fa_ctx_frame(ctx), "leaf");
        if (leaf != NULL)
            node_attach(root, leaf); /* here */
    }
}

static void
node_adopt(struct node *parent, struct node *child)
{
    child->parent = parent;
    child->next = parent->first;
}

/* good */
void
order_of_an_adopted_child(struct scene *scene, fa_ctx *ctx, int count)
{
    struct node *root = node_new(fa_group_frame(scene->level), "root");
    for (int i = 0; i < count && root != NULL; i++) {
        struct node *leaf = node_new(fa_ctx_frame(ctx), "leaf");
        if (leaf != NULL)
            node_adopt(root, leaf);
    }
}
