/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A lock-free stack of chains: many push, one takes all.
 *
 * A push links a chain in front by one compare-and-swap; the taker exchanges
 * the head with NULL. Nothing is popped singly, so there is no ABA problem.
 * The link is the first word of each node. tests/models/remote.pml models it.
 */
#ifndef FAI_BASE_STACK_H
#define FAI_BASE_STACK_H

#include "base/atomic.h"

struct fai_node {
    struct fai_node *next;
};

struct fai_stack {
    struct fai_node *head;
};

static inline void
fai_stack_push(struct fai_stack *stack, struct fai_node *first,
               struct fai_node *last)
{
    /* The value is only compared; the swap below orders the links. */
    struct fai_node *head = fai_load(&stack->head);
    do
        last->next = head;
    /* Pairs with the exchange in fai_stack_take(): links and the contents of
     * the blocks are seen by the taker. */
    while (!fai_cas_release(&stack->head, &head, first));
}

static inline struct fai_node *
fai_stack_take(struct fai_stack *stack)
{
    /* Only tells whether there is anything; the exchange orders. */
    if (FAI_LIKELY(fai_load(&stack->head) == NULL))
        return NULL;
    /* Pairs with the release in fai_stack_push(). */
    return fai_exchange_acquire(&stack->head, NULL);
}

#endif
