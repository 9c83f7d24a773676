/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Guards that are open when their frame ends.
 */
#ifndef FAI_LIFETIME_SCOPE_H
#define FAI_LIFETIME_SCOPE_H

#include "memory/memory.h"

/* Reports them; the frame has none afterwards. */
void fai_scope_forget(fa_ctx *ctx);

#endif
