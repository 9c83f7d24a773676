/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory for the library's own records: bumped, zeroed, freed all at once.
 * One owner; no locks.
 */
#ifndef FAI_MEMORY_META_H
#define FAI_MEMORY_META_H

#include "base/base.h"

struct fai_meta_chunk;

struct fai_meta {
    struct fai_meta_chunk *chunks;
    char *cursor;
    char *end;
};

/* Zeroed, aligned to 64; NULL when the system has no memory. */
void *fai_meta_alloc(struct fai_meta *meta, size_t size);
void fai_meta_destroy(struct fai_meta *meta);

/* An array that grows; items are plain data. */
struct fai_array {
    void *items;
    size_t count;
    size_t capacity; /* In items. */
};

/* Room for one more item, which is counted; NULL when there is no memory. */
void *fai_array_push(struct fai_array *array, size_t item_size);
void fai_array_destroy(struct fai_array *array, size_t item_size);

#endif
