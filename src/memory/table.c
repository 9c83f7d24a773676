/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The table of addresses. Removal moves later entries of the probe run back,
 * so there are no tombstones and look-ups stay short.
 */
#include "memory/table.h"

#include "base/bits.h"
#include "os/pages.h"

static void
place_entry(struct fai_table *table, uintptr_t key, void *value)
{
    size_t i = fai_table_home(table, key);
    while (table->slots[i].key != 0)
        i = (i + 1) & table->mask;
    table->slots[i] = (struct fai_slot){key, value};
}

static bool
resize_table(struct fai_table *table)
{
    size_t slots = FAI_MAX((size_t)256, (table->mask + 1) * 2);
    struct fai_table bigger = {0};
    bigger.slots = fai_pages_map(slots * sizeof(struct fai_slot), FAI_PAGE);
    if (bigger.slots == NULL)
        return false;
    bigger.mask = slots - 1;
    bigger.shift = 64 - fai_log2(slots);
    bigger.count = table->count;
    for (size_t i = 0; table->slots != NULL && i <= table->mask; i++)
        if (table->slots[i].key != 0)
            place_entry(&bigger, table->slots[i].key, table->slots[i].value);
    fai_table_destroy(table);
    *table = bigger;
    return true;
}

bool
fai_table_create(struct fai_table *table)
{
    if (!resize_table(table))
        return false;
    table->slots[0].key = 0; /* Touched. */
    return true;
}

bool
fai_table_insert(struct fai_table *table, uintptr_t key, void *value)
{
    /* At most half full, so that probe runs stay short. */
    if ((table->slots == NULL || table->count * 2 > table->mask) &&
        !resize_table(table))
        return false;
    place_entry(table, key, value);
    table->count++;
    return true;
}

static void
close_gap(struct fai_table *table, size_t gap)
{
    size_t i = gap;
    for (;;) {
        i = (i + 1) & table->mask;
        uintptr_t key = table->slots[i].key;
        if (key == 0)
            break;
        /* An entry may move back to the gap if its home is not between. */
        size_t distance = (i - fai_table_home(table, key)) & table->mask;
        if (distance >= ((i - gap) & table->mask)) {
            table->slots[gap] = table->slots[i];
            gap = i;
        }
    }
    table->slots[gap] = (struct fai_slot){0, NULL};
}

void
fai_table_remove(struct fai_table *table, uintptr_t key)
{
    if (table->slots == NULL)
        return;
    size_t i = fai_table_home(table, key);
    while (table->slots[i].key != key) {
        if (table->slots[i].key == 0)
            return;
        i = (i + 1) & table->mask;
    }
    close_gap(table, i);
    table->count--;
}

void
fai_table_destroy(struct fai_table *table)
{
    if (table->slots != NULL)
        fai_pages_unmap(table->slots,
                        (table->mask + 1) * sizeof(struct fai_slot));
    *table = (struct fai_table){0};
}
