/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The size is that of the pointer, 8 bytes, and not that of what it points to.
 * The first member behind them lies in the next block of the frame.
 */
#include <framealloc/framealloc.h>

struct tile {
    int kind;
    float height[4];
};

/* bad */

struct tile *
tile_new(fa_frame *frame)
{
    struct tile *tile =
        fa_frame_zalloc(frame, sizeof(tile), _Alignof(struct tile));
    return tile;
}

/* good */

struct tile *
tile_make(fa_frame *frame)
{
    struct tile *tile =
        fa_frame_zalloc(frame, sizeof(*tile), _Alignof(struct tile));
    return tile;
}
