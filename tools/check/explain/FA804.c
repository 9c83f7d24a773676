/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * On one way out the tag is not popped, so all that the caller allocates from
 * then on counts for it. After 64 of them the push is refused.
 */
#include <framealloc/framealloc.h>

/* bad */

bool
voice_open(fa_ctx *ctx, fa_tag audio, void **out)
{
    fa_tag_push(ctx, audio);
    *out = fa_heap_alloc(ctx, 512, 16);
    if (*out == NULL)
        return false;
    fa_tag_pop(ctx);
    return true;
}

/* good */

bool
voice_start(fa_ctx *ctx, fa_tag audio, void **out)
{
    fa_tag_push(ctx, audio);
    *out = fa_heap_alloc(ctx, 512, 16);
    fa_tag_pop(ctx);
    return *out != NULL;
}
