/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tags of an allocator: names and budgets.
 *
 * Frame bytes of a tag are charged against its budget only while it is
 * limited; otherwise they are differences that contexts publish.
 */
#ifndef FAI_ACCOUNTING_TAG_H
#define FAI_ACCOUNTING_TAG_H

#include "accounting/budget.h"
#include "accounting/figures.h"
#include "os/thread.h"

#include <framealloc/tag.h>

struct fai_tag {
    char name[FA_TAG_NAME_MAX];
    struct fai_budget budget;
    uint64_t spills;
    struct fai_object_counts retired; /* Of contexts that are gone. */
};

struct fai_tags {
    struct fai_mutex lock; /* Guards registration. */
    uint32_t count;        /* Published by a release store. */
    struct fai_tag tag[FA_TAG_MAX];
};

void fai_tags_create(struct fai_tags *tags);
void fai_tags_destroy(struct fai_tags *tags);
/* FA_TAG_NONE when there is no room or no name. */
fa_tag fai_tags_register(struct fai_tags *tags, const char *name);
bool fai_tags_has(const struct fai_tags *tags, fa_tag tag);

#endif
