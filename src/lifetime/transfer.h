/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers, for the end of the allocator.
 */
#ifndef FAI_LIFETIME_TRANSFER_H
#define FAI_LIFETIME_TRANSFER_H

#include "memory/memory.h"

/* Frees what nobody has received, with FA231. */
void fai_transfers_drop(fa_allocator *allocator);
void fai_transfers_destroy(fa_allocator *allocator);

#endif
