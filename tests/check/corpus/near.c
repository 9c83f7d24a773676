/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: mistakes that only show with the other file.
 */
#include "far.h"

/* The cases. */

/* bad: FA606 */
int
near_use_behind_a_close(struct stall_shop *shop)
{
    fa_frame *frame = stall_open(shop);
    struct stall_item *item = stall_item_new(frame, 3);
    stall_close(shop);
    return item != NULL ? item->weight : 0; /* here */
}

/* good */
int
near_use_behind_a_note(struct stall_shop *shop)
{
    fa_frame *frame = stall_open(shop);
    struct stall_item *item = stall_item_new(frame, 3);
    stall_note(shop);
    int weight = item != NULL ? item->weight : 0;
    stall_close(shop);
    return weight;
}

/* bad: FA609 */
int
near_use_of_what_was_freed(struct stall_shop *shop,
                           const struct stall_item *from)
{
    struct stall_item *item = stall_item_copy(shop, from);
    if (item == NULL)
        return 0;
    item->weight++;
    stall_item_free(shop, item);
    return item->weight; /* here */
}

/* good */
int
near_use_of_what_will_be_freed(struct stall_shop *shop,
                               const struct stall_item *from)
{
    struct stall_item *item = stall_item_copy(shop, from);
    if (item == NULL)
        return 0;
    item->weight++;
    int weight = stall_item_weight(item);
    stall_item_free(shop, item);
    return weight;
}

/* bad: FA607 */
bool
near_close_that_is_missed(struct stall_shop *shop, int weight)
{
    fa_frame *frame = stall_open(shop);
    struct stall_item *item = stall_item_new(frame, weight);
    if (item == NULL)
        return false; /* here */
    stall_item_show(shop, item);
    stall_close(shop);
    return true;
}

/* good */
bool
near_close_that_is_not_missed(struct stall_shop *shop, int weight)
{
    fa_frame *frame = stall_open(shop);
    struct stall_item *item = stall_item_new(frame, weight);
    if (item != NULL)
        stall_item_show(shop, item);
    stall_close(shop);
    return item != NULL;
}
