/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: records of assets, the sums over them, and the lists of those that
 * may be evicted. All of it under the stream's lock.
 *
 * An idle asset, which is ready and not pinned, is in the list of its
 * priority; each use moves it to the end. Frames only count up, so the lists
 * are sorted by the frame of the last use, and within a frame by the order of
 * uses, without any sorting.
 */
#include "lifetime/stream.h"

/* --- records --- */

uint32_t
fai_stream_take_record(fa_stream *stream)
{
    uint32_t index = stream->spares;
    if (index != 0) {
        stream->spares = fai_asset(stream, index)->next;
        return index;
    }
    if (stream->records.count > UINT32_MAX)
        return 0;
    struct fai_asset *asset = fai_array_push(&stream->records, sizeof(*asset));
    if (asset == NULL)
        return 0;
    *asset = (struct fai_asset){.generation = stream->first_generation};
    return (uint32_t)(stream->records.count - 1);
}

/* A generation that would come again retires its record (I4). */
void
fai_stream_give_record(fa_stream *stream, uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    uint32_t generation = asset->generation;
    bool is_last = generation == stream->last_generation;
    *asset = (struct fai_asset){.generation = generation + !is_last,
                                .next = stream->spares};
    if (!is_last)
        stream->spares = index;
}

/* --- sums --- */

void
fai_stream_set_state(fa_stream *stream, struct fai_asset *asset,
                     fa_stream_state state)
{
    if (asset->state != FA_STREAM_GONE) {
        stream->count[asset->state]--;
        stream->bytes[asset->state] -= asset->size;
        stream->used -= asset->size;
    }
    asset->state = (uint8_t)state;
    if (state != FA_STREAM_GONE) {
        stream->count[state]++;
        stream->bytes[state] += asset->size;
        stream->used += asset->size;
    }
}

void
fai_stream_set_filled(fa_stream *stream, struct fai_asset *asset, size_t filled)
{
    stream->filled -= asset->filled;
    stream->filled += filled;
    asset->filled = filled;
}

void
fai_stream_touch(fa_stream *stream, struct fai_asset *asset)
{
    asset->frame = fa_frame_number(stream->allocator);
    asset->order = ++stream->uses;
}

/* --- lists --- */

void
fai_stream_list(fa_stream *stream, uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    if (asset->priority == FA_STREAM_CRITICAL)
        return;
    struct fai_asset_list *list = &stream->idle[asset->priority];
    asset->prev = list->last;
    asset->next = 0;
    if (list->last == 0)
        list->first = index;
    else
        fai_asset(stream, list->last)->next = index;
    list->last = index;
}

void
fai_stream_unlist(fa_stream *stream, uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    if (asset->priority == FA_STREAM_CRITICAL)
        return;
    struct fai_asset_list *list = &stream->idle[asset->priority];
    if (asset->prev == 0)
        list->first = asset->next;
    else
        fai_asset(stream, asset->prev)->next = asset->next;
    if (asset->next == 0)
        list->last = asset->prev;
    else
        fai_asset(stream, asset->next)->prev = asset->prev;
    asset->prev = asset->next = 0;
}

void
fai_stream_relist(fa_stream *stream, uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    struct fai_asset_list *list = &stream->idle[asset->priority];
    uint32_t prev = 0;
    uint32_t next = list->first;
    while (next != 0 && fai_asset(stream, next)->order < asset->order) {
        prev = next;
        next = fai_asset(stream, next)->next;
    }
    asset->prev = prev;
    asset->next = next;
    if (prev == 0)
        list->first = index;
    else
        fai_asset(stream, prev)->next = index;
    if (next == 0)
        list->last = index;
    else
        fai_asset(stream, next)->prev = index;
}

void *
fai_stream_end_asset(fa_stream *stream, uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    void *memory = asset->memory;
    if (asset->state == FA_STREAM_READY)
        fai_stream_unlist(stream, index);
    else
        fai_stream_set_filled(stream, asset, 0);
    fai_stream_set_state(stream, asset, FA_STREAM_GONE);
    fai_stream_give_record(stream, index);
    return memory;
}
