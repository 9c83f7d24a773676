/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A block that was sent belongs to nobody until its transfer is received. When
 * the transfer itself is lost, so is the block, until the allocator ends.
 */
#include <framealloc/framealloc.h>

/* bad */

bool
send_nowhere(fa_ctx *ctx, int *block)
{
    fa_transfer transfer;
    return fa_transfer_send(ctx, block, sizeof(*block), &transfer) == FA_OK;
}

/* good */

bool
send_to(fa_ctx *ctx, int *block, fa_transfer *out)
{
    return fa_transfer_send(ctx, block, sizeof(*block), out) == FA_OK;
}
