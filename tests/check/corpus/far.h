/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * For the cases across files: declared here, defined in far.c, used in
 * near.c. Nothing is annotated.
 */
#ifndef FAR_H
#define FAR_H

#include <framealloc/framealloc.h>

struct stall_item {
    struct stall_item *next;
    const char *name;
    int weight;
};

struct stall_shop {
    fa_allocator *allocator;
    fa_ctx *ctx;
    struct stall_item *best;
    int sold;
};

fa_frame *stall_open(struct stall_shop *shop);
void stall_close(struct stall_shop *shop);
void stall_note(struct stall_shop *shop);
struct stall_item *stall_item_new(fa_frame *frame, int weight);
struct stall_item *stall_item_copy(struct stall_shop *shop,
                                   const struct stall_item *item);
void stall_item_free(struct stall_shop *shop, struct stall_item *item);
void stall_item_sell(struct stall_shop *shop, struct stall_item *item);
void stall_item_show(struct stall_shop *shop, const struct stall_item *item);
int stall_item_weight(const struct stall_item *item);

#endif
