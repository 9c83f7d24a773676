/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Magazines and the mappings that pools lie in.
 */
#ifndef FAI_MEMORY_MAGAZINE_H
#define FAI_MEMORY_MAGAZINE_H

#include "memory/memory.h"

/* The place of a tag's pools; NULL with the status set. */
struct fai_pool_set *fai_pool_set_make(fa_ctx *ctx, fa_tag tag);
/* The pool of a class and the current tag, in a set that has none yet. */
struct fai_pool *fai_pool_make(fa_ctx *ctx, struct fai_pool_set *set,
                               unsigned class);
/* Room for this many blocks; what is in the magazine stays. */
bool fai_magazine_grow(struct fai_pool *pool, size_t slots);
void fai_magazine_unmap(struct fai_pool *pool);
/* Maps the place of untagged pools; false without memory. */
bool fai_pools_create(fa_ctx *ctx);
/* Puts up the fences that are missing; or only those of many new pools. */
void fai_pools_fence(fa_ctx *ctx);
void fai_pools_fence_bursts(fa_ctx *ctx);
/* Unmaps all pools of the context; they hold no pages any more. */
void fai_pools_unmap(fa_ctx *ctx);

#endif
