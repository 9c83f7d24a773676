/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * When the frame ends, a pointer into it is still in a global or in an object
 * that lives on. Whoever reads it there reads what a later frame has written, and
 * nothing tells. Clear the place before the frame ends, or allocate from a pool.
 */
#include <framealloc/framealloc.h>

struct world {
    fa_allocator *allocator;
    char *title;
};

/* bad */

void
world_name(struct world *world, int level)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    world->title = fa_frame_printf(frame, "level %d", level);
    fa_end_frame(world->allocator);
}

/* good */

void
world_show(struct world *world, int level)
{
    fa_frame *frame = fa_begin_frame(world->allocator);
    world->title = fa_frame_printf(frame, "level %d", level);
    world->title = NULL;
    fa_end_frame(world->allocator);
}
