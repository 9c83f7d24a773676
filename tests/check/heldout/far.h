/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * For the cases across files: declared here, defined in far.c, used in
 * near.c. Nothing is annotated.
 */
#ifndef FAR_H
#define FAR_H

#include <framealloc/framealloc.h>

struct booth_item {
    struct booth_item *next;
    const char *name;
    int weight;
};

struct booth_shop {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct booth_item *best;
    int sold;
};

fa_frame *booth_open(struct booth_shop *shop);
void booth_close(struct booth_shop *shop);
void booth_note(struct booth_shop *shop);
struct booth_item *booth_item_new(fa_frame *frame, int weight);
struct booth_item *booth_item_copy(struct booth_shop *shop,
                                   const struct booth_item *item);
void booth_item_free(struct booth_shop *shop, struct booth_item *item);
void booth_item_sell(struct booth_shop *shop, struct booth_item *item);
void booth_item_show(struct booth_shop *shop, const struct booth_item *item);
int booth_item_weight(const struct booth_item *item);

#endif
