/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Charges: takes what a context is about to hold from its budgets.
 */
#ifndef FAI_MEMORY_CHARGE_H
#define FAI_MEMORY_CHARGE_H

#include "memory/memory.h"

/* Takes from the allocator's and the context's budget; both or none. On
 * failure the status is set and the budget's owner is told. */
bool fai_charge_take(fa_ctx *ctx, size_t bytes);
void fai_charge_give(fa_ctx *ctx, size_t bytes);
/* The same for a tag, which is charged only while it is limited. *charged
 * gets what was taken. */
bool fai_charge_tag(fa_ctx *ctx, fa_tag tag, size_t bytes, size_t *charged);
void fai_charge_refund(fa_ctx *ctx, fa_tag tag, size_t charged);

#endif
