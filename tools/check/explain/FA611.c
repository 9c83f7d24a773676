/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What is stored lives in an arena that ends before the arena of what holds it:
 * a scratch scope inside of a frame, a frame beside a group. Nothing is wrong
 * yet, but from the end of the shorter one on the longer one has a dead pointer
 * in it. Allocate from the arena of what holds it.
 */
#include <framealloc/framealloc.h>

struct node {
    const char *name;
};

/* bad */

struct node *
node_make(fa_ctx *ctx, fa_group level, int id)
{
    struct node *node = fa_frame_new(fa_group_frame(level), struct node);
    if (node != NULL)
        node->name = fa_frame_printf(fa_ctx_frame(ctx), "node %d", id);
    return node;
}

/* good */

struct node *
node_new(fa_group level, int id)
{
    fa_frame *arena = fa_group_frame(level);
    struct node *node = fa_frame_new(arena, struct node);
    if (node != NULL)
        node->name = fa_frame_printf(arena, "node %d", id);
    return node;
}
