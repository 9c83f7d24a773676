/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Arenas: the address ranges that frames bump through.
 */
#ifndef FAI_MEMORY_ARENA_H
#define FAI_MEMORY_ARENA_H

#include "memory/memory.h"

/* Reserves the first chunk. False, with the status set, on failure. */
bool fai_arena_create(fa_ctx *ctx, struct fai_arena *arena);
void fai_arena_destroy(fa_ctx *ctx, struct fai_arena *arena);
/* Of a dead arena: the first chunk stays, with so many resident bytes. */
void fai_arena_shrink(fa_ctx *ctx, struct fai_arena *arena, size_t keep);
/* Room up to end (in the current chunk, above the cursor) and, where budgets
 * allow, up to a window: moves the limit. False with the status set. */
bool fai_arena_open_window(fa_ctx *ctx, char *end);
/* Where the limit of a rewound arena is. */
void fai_arena_set_first_limit(fa_ctx *ctx);
/* The cursor moves to a chunk with room for need bytes. */
bool fai_arena_next_chunk(fa_ctx *ctx, size_t need);
/* Whether an arena of the context contains the address. */
bool fai_arena_has(const fa_ctx *ctx, const void *address);
/* Gives resident memory above keep bytes of the chunk back, at most max
 * bytes (or one page); returns how many. */
size_t fai_chunk_trim(fa_ctx *ctx, struct fai_chunk *chunk, size_t keep,
                      size_t max);
/* Makes the first chunk resident and charged up to so many bytes. */
fa_status fai_arena_prepare(fa_ctx *ctx, struct fai_arena *arena, size_t size);

static inline char *
fai_chunk_end(const struct fai_chunk *chunk)
{
    return chunk->base + chunk->reserved;
}

#endif
