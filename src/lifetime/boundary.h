/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The boundary between frames: the one place that orders the work there.
 */
#ifndef FAI_LIFETIME_BOUNDARY_H
#define FAI_LIFETIME_BOUNDARY_H

#include "memory/memory.h"

/* The context's thread leaves: its frame is closed, and what is dead by the
 * number of the last frame that is over dies, newest first. True when memory
 * is left that others may still read. */
bool fai_boundary_leave(fa_ctx *ctx, uint64_t ended);

#endif
