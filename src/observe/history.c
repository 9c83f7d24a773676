/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The history of frames: a ring that its owner keeps, and points of a graph.
 */
#include "base/bits.h"

#include <framealloc/profile.h>

fa_status
fa_history_add(fa_history *history, fa_allocator *allocator)
{
    fa_stats stats = FA_STATS_INIT;
    if (history == NULL || fa_stats_read(allocator, &stats) != FA_OK)
        return FA_ERR_USAGE;
    uint64_t last = (history->count + FA_HISTORY_MAX - 1) % FA_HISTORY_MAX;
    if (stats.frame_number == 0 ||
        (history->count != 0 && history->number[last] == stats.frame_number))
        return FA_OK;
    uint64_t i = history->count++ % FA_HISTORY_MAX;
    history->number[i] = stats.frame_number;
    history->held_bytes[i] = stats.held_bytes;
    history->frame_bytes[i] = stats.frame_bytes;
    return FA_OK;
}

size_t
fa_history_read(const fa_history *history, uint64_t *out, size_t max_points)
{
    if (history == NULL || out == NULL || max_points == 0)
        return 0;
    size_t count = FAI_MIN(history->count, FA_HISTORY_MAX);
    uint64_t first = history->count - count;
    /* Rounded up, so that there are never too many points. */
    size_t step = (count + max_points - 1) / max_points;
    size_t points = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t bytes = history->frame_bytes[(first + i) % FA_HISTORY_MAX];
        if (i % step == 0)
            out[points++] = bytes;
        else
            out[points - 1] = FAI_MAX(out[points - 1], bytes);
    }
    return points;
}
