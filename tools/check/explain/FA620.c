/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory is allocated in a frame and copied to a pool or the heap again and
 * again. Each copy costs the block twice. It speaks where a profile shows it, or
 * when it is asked for.
 */
#include <framealloc/framealloc.h>

/* bad */

bool
trail_add(fa_frame *frame, void **places, size_t count)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    for (size_t i = 0; i < count; i++) {
        float *point = fa_frame_array(frame, float, 2);
        how.slot = &places[i];
        if (point == NULL ||
            fa_frame_retain(frame, point, 2 * sizeof(*point), &how) != FA_OK)
            return false;
    }
    return true;
}

/* good */

bool
trail_fill(fa_ctx *ctx, void **places, size_t count)
{
    fa_pool *pool = fa_ctx_pool(ctx, 2 * sizeof(float), _Alignof(float));
    for (size_t i = 0; i < count; i++) {
        places[i] = fa_pool_alloc(pool);
        if (places[i] == NULL)
            return false;
    }
    return true;
}
