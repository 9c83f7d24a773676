/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The file belongs to a module with tags of its own, and it allocates under the
 * tag of another. The other one's budget pays. Which tags a folder has stands in
 * .fa.toml.
 */
#include <framealloc/framealloc.h>

/* bad */

void *
take_for_another(fa_allocator *allocator, fa_ctx *ctx)
{
    fa_tag_push(ctx, fa_tag_register(allocator, "network"));
    void *block = fa_heap_alloc(ctx, 512, 16);
    fa_tag_pop(ctx);
    return block;
}

/* good */

void *
take_for_itself(fa_allocator *allocator, fa_ctx *ctx)
{
    fa_tag_push(ctx, fa_tag_register(allocator, "audio"));
    void *block = fa_heap_alloc(ctx, 512, 16);
    fa_tag_pop(ctx);
    return block;
}
