/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pools of a context: magazines in front of pages, and frees from elsewhere.
 */
#ifndef FAI_MEMORY_POOL_H
#define FAI_MEMORY_POOL_H

#include "memory/memory.h"

/* Refuses every call; what fa_ctx_pool() returns when it cannot. */
extern struct fai_pool fai_pool_refusing;

/* The context's pool for a size up to FA_POOL_BLOCK_MAX and its tag. */
struct fai_pool *fai_pool_get(fa_ctx *ctx, size_t size, size_t align);
/* Whether such a pool exists for the size and alignment. */
bool fai_pool_serves(const fa_ctx *ctx, size_t size, size_t align);
/* A block of this context that is not in a magazine goes into one. */
void fai_pool_push(struct fai_pool *pool, void *block);
/* Calls visit, which changes no list, with every page of the pools. */
void fai_pools_visit_pages(const fa_ctx *ctx,
                           void (*visit)(struct fai_page *page, void *arg),
                           void *arg);
/* Magazines are emptied into their pages, and free pages given back. */
void fai_pools_flush(fa_ctx *ctx);
/* The context has become watched, or is not any more. */
void fai_pools_watch(fa_ctx *ctx);
/* Blocks of the pages that are out: live, or on the way back. */
size_t fai_pools_live(const fa_ctx *ctx);
/* Gives every page back; the context ends. */
void fai_pools_destroy(fa_ctx *ctx);

#endif
