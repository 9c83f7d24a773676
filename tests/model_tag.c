/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle's position in the frame, and whose bytes lie below it: a list of
 * segments, one per tag change, which is cut where the cursor moves down.
 */
#include "model.h"

void
model_move_to(size_t position)
{
    size_t *count = &model.segment_count;
    struct model_segment *segments = model.segments;
    while (*count > 0 && segments[*count - 1].end >= position) {
        size_t begin = *count > 1 ? segments[*count - 2].end : 0;
        if (begin < position) {
            segments[*count - 1].end = position;
            model.position = position;
            return;
        }
        --*count;
    }
    if (*count > 0 && segments[*count - 1].tag == model_tag_now())
        --*count;
    if (position > 0)
        segments[(*count)++] =
            (struct model_segment){position, model_tag_now()};
    model.position = position;
}

static size_t
bytes_of_tag(fa_tag tag)
{
    size_t bytes = 0, begin = 0;
    for (size_t i = 0; i < model.segment_count; i++) {
        if (model.segments[i].tag == tag)
            bytes += model.segments[i].end - begin;
        begin = model.segments[i].end;
    }
    const struct model_frame *frame = model_current();
    for (size_t i = 0; i < frame->count; i++)
        if (frame->blocks[i].is_large && !frame->blocks[i].is_released &&
            frame->blocks[i].tag == tag)
            bytes += frame->blocks[i].counted;
    return bytes;
}

void
model_check_tags(void)
{
    for (size_t i = 0; i < MODEL_TAGS; i++) {
        fa_usage usage = FA_USAGE_INIT;
        size_t bytes = bytes_of_tag(model.tags[i]);
        if (bytes == 0)
            continue; /* The figure may be of an older frame. */
        MODEL_CHECK(fa_tag_usage_read(model.allocator, model.tags[i], &usage) ==
                        FA_OK,
                    "usage can be read");
        MODEL_CHECK(usage.frame_bytes == bytes, "bytes of tags are exact");
    }
}
