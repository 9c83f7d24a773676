/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * On one way out the frame is not ended, so that its memory is never given back
 * and the next begin is refused. On another it is ended twice, and the frame of
 * the caller is gone. End it on every way out, or use FA_FRAME_SCOPE.
 */
#include <framealloc/framealloc.h>

/* bad */

bool
load_level(fa_allocator *allocator, const char *name)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *path = fa_frame_printf(frame, "levels/%s", name);
    if (path == NULL)
        return false;
    fa_end_frame(allocator);
    return true;
}

/* good */

bool
load_scene(fa_allocator *allocator, const char *name)
{
    fa_frame *frame = fa_begin_frame(allocator);
    char *path = fa_frame_printf(frame, "levels/%s", name);
    fa_end_frame(allocator);
    return path != NULL;
}
