/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What near.c calls. All of it is right; only its callers can be wrong.
 */
#include "far.h"

#include <stdio.h>

/* The cases. */

/* good */
fa_frame *
booth_open(struct booth_shop *shop)
{
    shop->sold = 0;
    return fa_begin_frame(shop->allocator);
}

/* good */
void
booth_close(struct booth_shop *shop)
{
    if (shop->sold > 0)
        printf("%d sold\n", shop->sold);
    fa_end_frame(shop->allocator);
}

/* good */
void
booth_note(struct booth_shop *shop)
{
    if (shop->sold > 0)
        printf("%d sold\n", shop->sold);
}

/* good */
struct booth_item *
booth_item_new(fa_frame *frame, int weight)
{
    struct booth_item *item = fa_frame_new(frame, struct booth_item);
    if (item != NULL)
        item->weight = weight;
    return item;
}

/* good */
struct booth_item *
booth_item_copy(struct booth_shop *shop, const struct booth_item *item)
{
    struct booth_item *copy = fa_pool_new(shop->ctx, struct booth_item);
    if (copy != NULL)
        copy->weight = item->weight;
    return copy;
}

/* good */
void
booth_item_free(struct booth_shop *shop, struct booth_item *item)
{
    if (shop->best == item)
        shop->best = NULL;
    fa_pool_delete(shop->ctx, struct booth_item, item);
}

/* good */
void
booth_item_sell(struct booth_shop *shop, struct booth_item *item)
{
    item->next = shop->best;
    shop->best = item;
    shop->sold++;
}

/* good */
void
booth_item_show(struct booth_shop *shop, const struct booth_item *item)
{
    printf("%d of %d\n", item->weight, shop->sold);
}

/* good */
int
booth_item_weight(const struct booth_item *item)
{
    return item != NULL ? item->weight : 0;
}
