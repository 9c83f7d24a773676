/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Phases at the boundary.
 */
#ifndef FAI_LIFETIME_PHASE_H
#define FAI_LIFETIME_PHASE_H

#include "memory/memory.h"

/* Ends the phases of a frame that is about to close; its list is the last. */
void fai_phase_close(fa_ctx *ctx);

#endif
