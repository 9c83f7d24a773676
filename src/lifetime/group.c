/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Groups: annexes in a tree.
 *
 * A group ends by rewinding its arena, whatever it holds. A tree ends from its
 * newest leaf upwards, without recursion, so that depth costs no stack and a
 * deferred function of a child still finds what its parents hold. The tree has
 * no lock: a group and all below it are used by one thread at a time.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "lifetime/annex.h"
#include "memory/frame.h"

#include <string.h>

/* Most groups are small: small blocks come from the arena, which is charged
 * in pages, and larger ones are blocks of their own. */
#define GROUP_RESERVE ((size_t)64 << 10)
#define GROUP_WINDOW  FA_FRAME_SMALL

static fa_ctx *
find(fa_group group)
{
    return fai_annex_find(group.frame, group.serial, FAI_ANNEX_GROUP);
}

static void
link_child(fa_ctx *parent, fa_ctx *child)
{
    child->annex.parent = parent;
    if (parent == NULL)
        return;
    child->annex.older = parent->annex.child;
    if (child->annex.older != NULL)
        child->annex.older->annex.newer = child;
    parent->annex.child = child;
}

static void
unlink_child(fa_ctx *child)
{
    struct fai_annex *annex = &child->annex;
    if (annex->older != NULL)
        annex->older->annex.newer = annex->newer;
    if (annex->newer != NULL)
        annex->newer->annex.older = annex->older;
    else if (annex->parent != NULL)
        annex->parent->annex.child = annex->older;
}

static void
end_group(fa_ctx *group)
{
    unlink_child(group);
    fai_annex_give(group);
}

/* The children of a group that ends find it dead, like its own defers. */
static void
end_children(fa_ctx *group)
{
    while (group->annex.child != NULL) {
        fa_ctx *leaf = group->annex.child;
        while (leaf->annex.child != NULL)
            leaf = leaf->annex.child;
        end_group(leaf);
    }
}

static fa_status
read_config(fa_ctx *ctx, const fa_group_config *config, fa_group_config *copy)
{
    if (config == NULL)
        return FA_OK;
    return fai_sized_read(&ctx->allocator->reporter, "fa_group_config", config,
                          offsetof(fa_group_config, name), copy, sizeof(*copy))
               ? FA_OK
               : FA_ERR_CONFIG;
}

/* The parent of a group to be made; NULL is none. */
static fa_status
find_parent(const fa_ctx *ctx, const fa_group_config *config, fa_ctx **parent)
{
    *parent = NULL;
    if (config->parent.serial == 0)
        return FA_OK;
    *parent = find(config->parent);
    if (*parent == NULL)
        return FA_ERR_STALE;
    return (*parent)->allocator == ctx->allocator ? FA_OK : FA_ERR_USAGE;
}

fa_status
fa_group_create(fa_ctx *ctx, const fa_group_config *config, fa_group *out)
{
    fa_group_config copy = FA_GROUP_CONFIG_INIT;
    fa_ctx *parent;
    if (ctx == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_group){NULL, 0};
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    fa_status status = read_config(ctx, config, &copy);
    if (status == FA_OK)
        status = find_parent(ctx, &copy, &parent);
    if (status != FA_OK)
        return status;
    struct fai_annex_plan plan = {.kind = FAI_ANNEX_GROUP,
                                  .name = copy.name ? copy.name : "group",
                                  .capacity = copy.capacity,
                                  .reserve = GROUP_RESERVE,
                                  .window = GROUP_WINDOW,
                                  .tag = ctx->tag};
    fa_ctx *group = fai_annex_take(ctx->allocator, &plan, &status);
    if (group == NULL)
        return status;
    link_child(parent, group);
    *out = (fa_group){&group->frame.public, fai_annex_serial(group)};
    return FA_OK;
}

fa_frame *
fa_group_frame(fa_group group)
{
    fa_ctx *annex = find(group);
    return annex != NULL ? &annex->frame.public
                         : &fai_ctx_refusing()->frame.public;
}

bool
fa_group_is_live(fa_group group)
{
    return fai_annex_is_live(group.frame, group.serial, FAI_ANNEX_GROUP);
}

fa_status
fa_group_reset(fa_group group)
{
    fa_ctx *annex = find(group);
    if (annex == NULL)
        return FA_ERR_STALE;
    end_children(annex);
    fai_annex_reset(annex);
    return FA_OK;
}

fa_status
fa_group_destroy(fa_group group)
{
    fa_ctx *annex = find(group);
    if (annex == NULL)
        return FA_ERR_STALE;
    fai_annex_kill(annex);
    end_children(annex);
    end_group(annex);
    return FA_OK;
}

/* --- figures --- */

/* The next group below the root, children before siblings. */
static fa_ctx *
next_below(const fa_ctx *root, fa_ctx *group)
{
    if (group->annex.child != NULL)
        return group->annex.child;
    while (group != root && group->annex.older == NULL)
        group = group->annex.parent;
    return group == root ? NULL : group->annex.older;
}

static void
fill_stats(fa_ctx *group, fa_group_stats *stats)
{
    stats->name = group->name;
    stats->bytes = stats->tree_bytes = fa_frame_used(&group->frame.public);
    stats->peak = fai_annex_peak(group);
    stats->held_bytes = fai_annex_held(group);
    stats->capacity = fai_annex_capacity(group);
    stats->resets = group->annex.resets;
    stats->refusals = group->annex.refusals;
    stats->count = fai_annex_objects(group);
    for (fa_ctx *next = next_below(group, group); next != NULL;
         next = next_below(group, next)) {
        stats->groups++;
        stats->tree_bytes += fa_frame_used(&next->frame.public);
    }
}

fa_status
fa_group_stats_read(fa_group group, fa_group_stats *out)
{
    fa_ctx *annex = find(group);
    if (annex == NULL)
        return FA_ERR_STALE;
    if (out == NULL)
        return FA_ERR_USAGE;
    fa_group_stats stats = FA_GROUP_STATS_INIT;
    fill_stats(annex, &stats);
    return fai_sized_write(&annex->allocator->reporter, "fa_group_stats",
                           &stats, sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
