/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames, for the layers above: opening, closing and what dies with them.
 */
#ifndef FAI_MEMORY_FRAME_H
#define FAI_MEMORY_FRAME_H

#include "memory/memory.h"

/* Runs defers down to (not including) last, newest first. */
void fai_frame_run_defers(struct fai_arena *arena,
                          const struct fai_defer *last);
/* Frees blocks that are newer than the serial number. */
void fai_frame_free_blocks(fa_ctx *ctx, struct fai_arena *arena,
                           uint64_t serial);
/* As fa_frame_alloc() with valid arguments, without guard modes. */
void *fai_frame_alloc_plain(fa_ctx *ctx, size_t size, size_t align,
                            bool is_large);
/* The same where the context has a frame budget, and without asking it. */
void *fai_frame_alloc_budgeted(fa_ctx *ctx, size_t size, size_t align,
                               bool is_large);
void *fai_frame_alloc_unasked(fa_ctx *ctx, size_t size, size_t align,
                              bool is_large);
/* A block of the current frame; NULL with the status set. */
struct fai_block *fai_frame_take_block(fa_ctx *ctx, size_t size, size_t align);
/* Reports FA211; returns NULL. */
void *fai_frame_report_foreign(fa_ctx *ctx);
/* The section of the current tag ends here; a new one begins. */
void fai_frame_close_section(fa_ctx *ctx);
/* What follows counts for another tag. */
void fai_frame_set_tag(fa_ctx *ctx, fa_tag tag);
/* Bytes outside of the arena count for the frame and the current tag. */
void fai_frame_count_block(fa_ctx *ctx, size_t size);
/* What is used now, for others to read. */
void fai_frame_publish(fa_ctx *ctx);
/* Whether the capacity leaves so many bytes; else the status is set. */
bool fai_frame_has_room(fa_ctx *ctx, size_t size);
/* The frame goes on with the blocks that it had. */
void fai_frame_count_again(struct fai_frame *frame,
                           const struct fai_arena *arena);
/* Whether the frame may be rolled back to the mark. */
bool fai_frame_has_mark(const struct fai_frame *frame, fa_mark mark);
/* Most bytes of the frame so far, blocks included. */
void fai_frame_note_peak(struct fai_frame *frame);

/* The tag was used in this frame. */
static inline void
fai_frame_mark_tag(fa_ctx *ctx, fa_tag tag)
{
    ctx->tag_dirty[tag / 64] |= (uint64_t)1 << (tag % 64);
}

/* A record of the library in the frame: no object of the program. */
void *fai_frame_alloc_record(fa_ctx *ctx, size_t size);

#endif
