/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A block is retained under the policy that discards it, and yet a place is given
 * that is to get its new address. That place gets NULL at the end of the frame.
 */
#include <framealloc/framealloc.h>

struct trails {
    void *last;
};

/* bad */

bool
trail_lose(fa_frame *frame, struct trails *trails)
{
    int *trail = fa_frame_new(frame, int);
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_DISCARD;
    how.slot = &trails->last;
    return trail != NULL &&
           fa_frame_retain(frame, trail, sizeof(*trail), &how) == FA_OK;
}

/* good */

bool
trail_keep(fa_frame *frame, struct trails *trails)
{
    int *trail = fa_frame_new(frame, int);
    fa_retain how = FA_RETAIN_INIT;
    how.policy = FA_RETAIN_HEAP;
    how.slot = &trails->last;
    return trail != NULL &&
           fa_frame_retain(frame, trail, sizeof(*trail), &how) == FA_OK;
}
