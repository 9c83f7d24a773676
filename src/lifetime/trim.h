/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The trim policy, at the end of a context's frames.
 */
#ifndef FAI_LIFETIME_TRIM_H
#define FAI_LIFETIME_TRIM_H

#include "memory/memory.h"

/* The policy looks next after trim_frames frames from now. */
void fai_trim_set_tick(fa_ctx *ctx);
/* The arena was used up to this position in the frame. */
void fai_trim_note(struct fai_arena *arena, size_t peak);
/* Looks if it is time, and gives a step back if there is something. */
void fai_trim_step(fa_ctx *ctx);

#endif
