/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What is still in use when an allocator ends.
 */
#ifndef FAI_LIFETIME_LEAK_H
#define FAI_LIFETIME_LEAK_H

#include "memory/memory.h"

#define FAI_LEAKS_NAMED 8 /* As many as a message has room for. */

struct fai_leak {
    const fa_ctx *ctx; /* Its owner. */
    const void *block;
    size_t size;
    fa_tag tag;
};

struct fai_leaks {
    size_t contexts; /* Explicit ones. */
    size_t blocks;
    struct fai_leak named[FAI_LEAKS_NAMED]; /* The first of the blocks. */
};

/* Adds the live blocks of a context that was flushed. */
void fai_leaks_add(struct fai_leaks *leaks, const fa_ctx *ctx);
/* Reports FA610, if there is something to report. */
void fai_leaks_report(const struct fai_leaks *leaks, fa_allocator *allocator);

#endif
