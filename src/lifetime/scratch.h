/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scratch arenas, for the end of contexts.
 */
#ifndef FAI_LIFETIME_SCRATCH_H
#define FAI_LIFETIME_SCRATCH_H

#include "memory/memory.h"

/* The context ends: its arenas for functions become spares. */
void fai_scratch_leave(fa_ctx *ctx);

#endif
