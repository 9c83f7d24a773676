/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A freed block is given to the next who asks. Who still writes to it changes
 * that one's data, and who frees it again makes two owners of one block.
 */
#include <framealloc/framealloc.h>

/* bad */

int
take_first(fa_ctx *ctx, int *value)
{
    fa_free(ctx, value);
    return *value;
}

/* good */

int
take_last(fa_ctx *ctx, int *value)
{
    int result = *value;
    fa_free(ctx, value);
    return result;
}
