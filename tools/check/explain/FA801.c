/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The block counts for one tag and is freed while another is on top. The figures
 * of both are right, but the reader of the code sees an owner that it does not
 * have.
 */
#include <framealloc/framealloc.h>

/* bad */

void
voice_play(fa_ctx *ctx, fa_tag audio, fa_tag video)
{
    fa_tag_push(ctx, audio);
    void *voice = fa_heap_alloc(ctx, 512, 16);
    fa_tag_pop(ctx);
    fa_tag_push(ctx, video);
    fa_heap_free(ctx, voice);
    fa_tag_pop(ctx);
}

/* good */

void
voice_test(fa_ctx *ctx, fa_tag audio)
{
    fa_tag_push(ctx, audio);
    void *voice = fa_heap_alloc(ctx, 512, 16);
    fa_heap_free(ctx, voice);
    fa_tag_pop(ctx);
}
