/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Unpacks with liblzma, buffer by buffer. Everything that can be unpacked
 * before the first damaged byte is handed out, so that the decoder sees how
 * far the stream is good.
 */
#include "trace_unpack.h"

#include <lzma.h>
#include <stdlib.h>
#include <string.h>

struct unpacker {
    FILE *file;
    lzma_stream stream;
    uint8_t packed[UNPACK_START_MAX];
};

struct unpacker *
unpacker_create(FILE *file, const uint8_t *start, size_t start_size)
{
    static const lzma_stream empty = LZMA_STREAM_INIT;
    struct unpacker *unpacker = malloc(sizeof *unpacker);

    if (unpacker == NULL)
        return NULL;
    unpacker->file = file;
    unpacker->stream = empty;
    memcpy(unpacker->packed, start, start_size);
    unpacker->stream.next_in = unpacker->packed;
    unpacker->stream.avail_in = start_size;
    if (lzma_stream_decoder(&unpacker->stream, UNPACK_MAX_MEMORY,
                            LZMA_CONCATENATED) == LZMA_OK)
        return unpacker;
    free(unpacker);
    return NULL;
}

static enum unpack_status
status_of(lzma_ret result)
{
    switch (result) {
    case LZMA_OK:
        return UNPACK_OK;
    case LZMA_STREAM_END:
        return UNPACK_END;
    case LZMA_BUF_ERROR:
        return UNPACK_CUT;
    case LZMA_MEM_ERROR:
    case LZMA_MEMLIMIT_ERROR:
        return UNPACK_NO_MEMORY;
    default:
        return UNPACK_DAMAGED;
    }
}

/* One step: reads packed bytes when they are used up, and unpacks some. */
static enum unpack_status
unpack_some(struct unpacker *unpacker)
{
    lzma_stream *stream = &unpacker->stream;

    if (stream->avail_in == 0 && !feof(unpacker->file)) {
        stream->next_in = unpacker->packed;
        stream->avail_in =
            fread(unpacker->packed, 1, sizeof unpacker->packed, unpacker->file);
        if (ferror(unpacker->file))
            return UNPACK_UNREADABLE;
    }
    return status_of(
        lzma_code(stream, feof(unpacker->file) ? LZMA_FINISH : LZMA_RUN));
}

enum unpack_status
unpacker_read(struct unpacker *unpacker, uint8_t *buffer, size_t room,
              size_t *size)
{
    lzma_stream *stream = &unpacker->stream;
    enum unpack_status status = UNPACK_OK;

    stream->next_out = buffer;
    stream->avail_out = room;
    while (status == UNPACK_OK && stream->avail_out != 0)
        status = unpack_some(unpacker);
    *size = room - stream->avail_out;
    return status;
}

void
unpacker_destroy(struct unpacker *unpacker)
{
    if (unpacker == NULL)
        return;
    lzma_end(&unpacker->stream);
    free(unpacker);
}
