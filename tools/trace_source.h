/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The bytes of a trace, one after the other, whatever they are stored in:
 * memory, a plain file, or a file packed by xz.
 *
 * A source knows the offset of the next byte in the unpacked stream and the
 * CRC-32 of all bytes before it, so that the decoder above it (trace.c) never
 * sees where a buffer ends. The input is hostile: a stream that unpacks to
 * more than SOURCE_MAX_BYTES, or needs too much memory to unpack, is refused.
 */
#ifndef FRAMEALLOC_TOOLS_TRACE_SOURCE_H
#define FRAMEALLOC_TOOLS_TRACE_SOURCE_H

#include "trace_unpack.h"

#define SOURCE_MAX_BYTES   ((uint64_t)1 << 30)
#define SOURCE_BUFFER_SIZE UNPACK_START_MAX

struct source {
    const uint8_t *next;
    const uint8_t *end;
    /* Where `end` stands in the unpacked stream. */
    uint64_t end_offset;
    /* Bytes from here to `next` are not in `crc` yet. */
    const uint8_t *crc_from;
    uint32_t crc;
    uint32_t crc_table[256];
    /* Why no more bytes come: NULL is the plain end of the stream. */
    const char *cause;
    const char *cure;

    /* Files only. */
    FILE *file;
    bool is_at_end;
    struct unpacker *unpacker; /* NULL: the file is not packed */
    uint8_t *buffer;
};

/* The bytes belong to the caller and must outlive the source. */
void source_create_memory(struct source *source, const void *bytes,
                          size_t size);

/* False with errno set if the file cannot be opened or memory is short. */
bool source_create_file(struct source *source, const char *path);

void source_destroy(struct source *source);

/* Slow half of source_byte(): false at the end of the stream. */
bool source_fill(struct source *source);

/* CRC-32 of every byte handed out so far. */
uint32_t source_crc(struct source *source);

static inline uint64_t
source_offset(const struct source *source)
{
    return source->end_offset - (uint64_t)(source->end - source->next);
}

static inline bool
source_byte(struct source *source, uint8_t *byte)
{
    if (source->next == source->end && !source_fill(source))
        return false;
    *byte = *source->next++;
    return true;
}

#endif
