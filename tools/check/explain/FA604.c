/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How a block is to be retained is filled in, but no block is ever retained with
 * it. What was to live on dies with the frame.
 */
#include <framealloc/framealloc.h>

/* bad */

bool
path_make(fa_frame *frame, void **place)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    how.slot = place;
    int *path = fa_frame_array(frame, int, 16);
    return path != NULL && how.slot != NULL;
}

/* good */

bool
path_keep(fa_frame *frame, void **place)
{
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_POOL;
    how.slot = place;
    int *path = fa_frame_array(frame, int, 16);
    return path != NULL &&
           fa_frame_retain(frame, path, 16 * sizeof(*path), &how) == FA_OK;
}
