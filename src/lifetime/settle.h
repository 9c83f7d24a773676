/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The account of a frame that closes.
 */
#ifndef FAI_LIFETIME_SETTLE_H
#define FAI_LIFETIME_SETTLE_H

#include "memory/memory.h"

/* Publishes the bytes of the frame and their peak. */
void fai_settle_frame(fa_ctx *ctx, uint64_t bytes, uint64_t peak);
/* Publishes the bytes of each tag and gives back what they were charged. */
void fai_settle_tags(fa_ctx *ctx);

#endif
