/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Guard modes: what is checked beyond the default.
 *
 * Level 1 poisons memory, puts red zones behind blocks, finds every double
 * free and remembers the last allocations. Level 2 protects dead arenas.
 * Level 3 gives blocks guard pages and fresh addresses.
 */
#ifndef FAI_MEMORY_GUARD_H
#define FAI_MEMORY_GUARD_H

#include "memory/memory.h"

#define FAI_RED_ZONE         ((size_t)16)
#define FAI_QUARANTINE_SLOTS ((size_t)64)
/* Guard 3: bytes of one mapping for fresh addresses. */
#define FAI_FRESH_RANGE ((size_t)64 << 20)

bool fai_guard_create(fa_ctx *ctx);
void fai_guard_destroy(fa_ctx *ctx);

/* Frames. */
void *fai_guard_frame_alloc(fa_ctx *ctx, size_t size, size_t align,
                            bool is_large);
/* The frame ends: verifies red zones and forgets the blocks. */
void fai_guard_frame_verify(fa_ctx *ctx);
/* The same for blocks from keep on, whose bytes do not count any more. */
void fai_guard_frame_rollback(fa_ctx *ctx, size_t keep);
/* The arena's contents are dead: poison, or protect. */
void fai_guard_arena_die(fa_ctx *ctx, struct fai_arena *arena);
/* The arena is about to be used again. */
bool fai_guard_arena_revive(fa_ctx *ctx, struct fai_arena *arena);

/* Guard 3: whether the address is in a range of blocks with guard pages. */
bool fai_guard_has(const fa_ctx *ctx, const void *address);

/* Pools. A block that was just taken from, or goes back to, its page. */
void *fai_guard_pool_alloc(struct fai_pool *pool, void *block);
bool fai_guard_pool_free(struct fai_pool *pool, void *block);
/* Whether the program has the block; from now on it has not. Any thread. */
bool fai_guard_may_free(struct fai_page *page, const void *block);
/* The free was refused after that: the program has it still. */
void fai_guard_keep(struct fai_page *page, const void *block);
void fai_guard_quarantine_flush(struct fai_pool *pool);
/* Reports FA211; returns NULL. */
void *fai_guard_foreign(fa_ctx *ctx, const struct fai_pool *pool);

/* Blocks. */
void fai_guard_block_alloc(fa_ctx *ctx, struct fai_block *block);
void fai_guard_block_free(fa_ctx *ctx, struct fai_block *block);

/* The remembered allocation next to the address, or NULL. Signal-safe. */
const struct fai_site *fai_guard_site(const fa_ctx *ctx, const void *address);

#endif
