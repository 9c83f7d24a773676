/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The table of tags. Names are only added; a tag is the index of its name.
 */
#include "accounting/tag.h"

#include <string.h>

static void
add_tag(struct fai_tags *tags, const char *name)
{
    struct fai_tag *tag = &tags->tag[tags->count];
    fai_budget_create(&tag->budget, FA_BUDGET_TAG, tags->count, NULL);
    strncpy(tag->name, name, sizeof(tag->name) - 1);
    /* Pairs with the acquire in fai_tags_has(): the entry is complete. */
    fai_store_release(&tags->count, tags->count + 1);
}

void
fai_tags_create(struct fai_tags *tags)
{
    fai_mutex_create(&tags->lock);
    add_tag(tags, "untagged");
}

void
fai_tags_destroy(struct fai_tags *tags)
{
    fai_mutex_destroy(&tags->lock);
}

static fa_tag
find_or_add(struct fai_tags *tags, const char *name)
{
    for (fa_tag i = 0; i < tags->count; i++)
        if (strncmp(tags->tag[i].name, name, FA_TAG_NAME_MAX - 1) == 0)
            return i;
    if (tags->count == FA_TAG_MAX)
        return FA_TAG_NONE;
    add_tag(tags, name);
    return tags->count - 1;
}

fa_tag
fai_tags_register(struct fai_tags *tags, const char *name)
{
    if (name == NULL || name[0] == '\0')
        return FA_TAG_NONE;
    fai_lock(&tags->lock);
    fa_tag tag = find_or_add(tags, name);
    fai_unlock(&tags->lock);
    return tag;
}

bool
fai_tags_has(const struct fai_tags *tags, fa_tag tag)
{
    /* Pairs with the release in add_tag(). */
    return tag < fai_load_acquire(&tags->count);
}
