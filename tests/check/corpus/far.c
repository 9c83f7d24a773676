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
stall_open(struct stall_shop *shop)
{
    shop->sold = 0;
    return fa_begin_frame(shop->allocator);
}

/* good */
void
stall_close(struct stall_shop *shop)
{
    if (shop->sold > 0)
        printf("%d sold\n", shop->sold);
    fa_end_frame(shop->allocator);
}

/* good */
void
stall_note(struct stall_shop *shop)
{
    if (shop->sold > 0)
        printf("%d sold\n", shop->sold);
}

/* good */
struct stall_item *
stall_item_new(fa_frame *frame, int weight)
{
    struct stall_item *item = fa_frame_new(frame, struct stall_item);
    if (item != NULL)
        item->weight = weight;
    return item;
}

/* good */
struct stall_item *
stall_item_copy(struct stall_shop *shop, const struct stall_item *item)
{
    struct stall_item *copy = fa_pool_new(shop->ctx, struct stall_item);
    if (copy != NULL)
        copy->weight = item->weight;
    return copy;
}

/* good */
void
stall_item_free(struct stall_shop *shop, struct stall_item *item)
{
    if (shop->best == item)
        shop->best = NULL;
    fa_pool_delete(shop->ctx, struct stall_item, item);
}

/* good */
void
stall_item_sell(struct stall_shop *shop, struct stall_item *item)
{
    item->next = shop->best;
    shop->best = item;
    shop->sold++;
}

/* good */
void
stall_item_show(struct stall_shop *shop, const struct stall_item *item)
{
    printf("%d of %d\n", item->weight, shop->sold);
}

/* good */
int
stall_item_weight(const struct stall_item *item)
{
    return item != NULL ? item->weight : 0;
}
