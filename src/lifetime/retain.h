/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Retained blocks, for the boundary and the end of allocators.
 */
#ifndef FAI_LIFETIME_RETAIN_H
#define FAI_LIFETIME_RETAIN_H

#include "memory/memory.h"

/* The frame has closed with so many bytes; its memory is not dead yet. */
void fai_retain_promote(fa_ctx *ctx, size_t frame_bytes);
/* The allocator ends: whoever waits is told that nothing is kept. */
void fai_retain_drop(fa_ctx *ctx);

#endif
