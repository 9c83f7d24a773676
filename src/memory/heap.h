/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The heap, for the layers above.
 */
#ifndef FAI_MEMORY_HEAP_H
#define FAI_MEMORY_HEAP_H

#include "memory/memory.h"

/* Bytes that may be used at a live pool or heap block; 0: not ours. */
size_t fai_heap_usable_size(fa_allocator *allocator, const void *address);

#endif
