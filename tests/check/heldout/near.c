/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: mistakes that only show with the other file.
 */
#include "far.h"

/* The cases. */

/* bad: FA606 */
int
near_weight_behind_a_close(struct booth_shop *shop, int count)
{
    struct booth_item *heaviest = NULL;
    fa_frame *frame = booth_open(shop);
    for (int i = 0; i < count; i++) {
        struct booth_item *item = booth_item_new(frame, i);
        if (booth_item_weight(item) > booth_item_weight(heaviest))
            heaviest = item;
    }
    booth_close(shop);
    return booth_item_weight(heaviest); /* here */
}

/* good */
int
near_weight_before_a_close(struct booth_shop *shop, int count)
{
    struct booth_item *heaviest = NULL;
    fa_frame *frame = booth_open(shop);
    for (int i = 0; i < count; i++) {
        struct booth_item *item = booth_item_new(frame, i);
        if (booth_item_weight(item) > booth_item_weight(heaviest))
            heaviest = item;
    }
    int weight = booth_item_weight(heaviest);
    booth_close(shop);
    return weight;
}

/* bad: FA601 FA613 */
void
near_sale_of_a_frame_item(struct booth_shop *shop)
{
    fa_frame *frame = booth_open(shop);
    struct booth_item *item = booth_item_new(frame, 4);
    if (item != NULL)
        booth_item_sell(shop, item); /* here */
    booth_close(shop);
}

/* good */
void
near_sale_of_a_copy(struct booth_shop *shop)
{
    fa_frame *frame = booth_open(shop);
    struct booth_item *item = booth_item_new(frame, 4);
    if (item != NULL) {
        booth_item_show(shop, item);
        item = booth_item_copy(shop, item);
    }
    if (item != NULL)
        booth_item_sell(shop, item);
    booth_close(shop);
}

/* bad: FA608 */
void
near_free_of_a_frame_item(struct booth_shop *shop)
{
    fa_frame *frame = booth_open(shop);
    struct booth_item *item = booth_item_new(frame, 5);
    if (item != NULL)
        booth_item_free(shop, item); /* here */
    booth_close(shop);
}

/* good */
void
near_free_of_a_copy(struct booth_shop *shop)
{
    fa_frame *frame = booth_open(shop);
    struct booth_item *item = booth_item_new(frame, 5);
    if (item != NULL)
        item = booth_item_copy(shop, item);
    if (item != NULL)
        booth_item_free(shop, item);
    booth_close(shop);
}
