/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frees of pool blocks by contexts that do not own them.
 */
#ifndef FAI_MEMORY_REMOTE_H
#define FAI_MEMORY_REMOTE_H

#include "memory/memory.h"

/* A block of a page of another context joins that context's batch, or its
 * queue if that is bounded. The number of a diagnostic, or 0. */
uint32_t fai_remote_free(fa_ctx *ctx, struct fai_page *page, void *block);
/* The short way of the slow path: the block's batch is known and full, so it
 * is pushed and the block begins the next one. False otherwise. */
bool fai_remote_free_full(fa_ctx *ctx, void *block);
/* Pushes all batches to their owners. Owners that got nothing since the last
 * call are forgotten. */
void fai_remote_flush(fa_ctx *ctx);

#endif
