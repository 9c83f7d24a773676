/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A table from addresses to records: open addressing, linear probing.
 * One owner or a lock of the owner's.
 */
#ifndef FAI_MEMORY_TABLE_H
#define FAI_MEMORY_TABLE_H

#include "base/base.h"

struct fai_slot {
    uintptr_t key; /* 0: empty. */
    void *value;
};

struct fai_table {
    struct fai_slot *slots;
    size_t mask; /* Slots - 1; a power of two minus 1. */
    size_t count;
    unsigned shift; /* 64 - log2(slots). */
};

/* Maps the first slots, so that the first entry costs no call. */
bool fai_table_create(struct fai_table *table);
/* False when memory for growth is missing; then nothing has changed. */
bool fai_table_insert(struct fai_table *table, uintptr_t key, void *value);
void fai_table_remove(struct fai_table *table, uintptr_t key);
void fai_table_destroy(struct fai_table *table);

static inline size_t
fai_table_home(const struct fai_table *table, uintptr_t key)
{
    /* Multiplicative hashing by the golden ratio (Knuth, volume 3, 6.4). */
    return (key * 0x9e3779b97f4a7c15u) >> table->shift;
}

static inline void *
fai_table_find(const struct fai_table *table, uintptr_t key)
{
    if (FAI_UNLIKELY(table->slots == NULL))
        return NULL;
    size_t i = fai_table_home(table, key);
    while (table->slots[i].key != key) {
        if (table->slots[i].key == 0)
            return NULL;
        i = (i + 1) & table->mask;
    }
    return table->slots[i].value;
}

#endif
