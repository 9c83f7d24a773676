/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A recorded allocation trace (fatrace v1) in memory.
 *
 * The format is described in bench/traces/README. The reader keeps what a
 * replay needs and drops the rest: frames are ranges of the event array, and
 * THREAD and OLDFREE records leave only counts. An object is an ALLOC with all
 * the REALLOCs that follow it; it has one lifetime.
 *
 * Everything is checked while it is read. A trace that was read is sound: an
 * event names an object that is live at that point, sizes fit in 32 bits, and
 * the totals and the CRC-32 of the END record agree with the records.
 */
#ifndef FRAMEALLOC_TOOLS_TRACE_H
#define FRAMEALLOC_TOOLS_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bounds of what is read: a stream beyond them is refused. */
#define TRACE_MAX_RECORDS ((uint32_t)64 << 20)
#define TRACE_MAX_FRAMES  ((uint32_t)16 << 20)
#define TRACE_MAX_HEADER  ((uint32_t)64 << 10)
#define TRACE_MAX_THREADS 256u

/* death_frame of an object that is not freed in the trace. */
#define TRACE_NEVER UINT32_MAX

enum trace_op { TRACE_ALLOC, TRACE_FREE, TRACE_RESIZE };

/* The flag bits of the file, see bench/traces/README. */
enum trace_flag {
    TRACE_ZEROED = 0x08,
    TRACE_ALIGNED = 0x10,
    TRACE_CXX_NEW = 0x20,
    TRACE_LIBRARY = 0x40,
    TRACE_FROM_OLD = 0x80
};

struct trace_event {
    uint32_t object;   /* index into the objects */
    uint32_t size;     /* bytes; FREE: of the block that is freed */
    uint32_t old_size; /* bytes; RESIZE: of the block that is replaced */
    uint8_t op;        /* enum trace_op */
    uint8_t flags;     /* enum trace_flag; those of its ALLOC for a FREE */
    uint8_t thread;
    uint8_t align_log2; /* 0: none above 16; else 5 to 31 */
};

struct trace_object {
    uint32_t first_size;   /* bytes asked for by the ALLOC */
    uint32_t largest_size; /* bytes, over the ALLOC and its REALLOCs */
    uint32_t last_size;    /* bytes, of the newest block of the chain */
    uint32_t birth_frame;
    uint32_t death_frame; /* or TRACE_NEVER */
    uint32_t resizes;
    uint8_t align_log2;
    uint8_t flags;
    uint8_t birth_thread;
    uint8_t last_thread; /* that made the newest block of the chain */
};

struct trace {
    char *header; /* key=value lines, ends with a 0 byte */
    size_t header_size;

    struct trace_event *events;
    uint32_t event_count;
    uint32_t *frame_ends; /* frame i is events frame_ends[i-1] .. [i]-1 */
    uint32_t frame_count;
    struct trace_object *objects;
    uint32_t object_count;

    uint32_t resize_count;
    uint32_t free_count;
    uint32_t foreign_free_count; /* by another thread than the maker */
    uint32_t old_free_count;
    uint32_t thread_count;
};

/* Why a trace was refused. */
struct trace_error {
    /* In the unpacked stream: the first byte of the record that is wrong, or
     * where the stream ends when it is cut short. */
    uint64_t offset;
    bool has_offset; /* false when the file could not be opened at all */
    char cause[128];
    const char *cure;
};

/* False with *error filled in and *trace empty. */
bool trace_read_file(struct trace *trace, const char *path,
                     struct trace_error *error);
bool trace_read_memory(struct trace *trace, const void *bytes, size_t size,
                       struct trace_error *error);

void trace_destroy(struct trace *trace);

/* The value of a header key, copied into text and cut to its size; the empty
 * string when the header has no such key. Bytes that are not printable ASCII
 * are replaced, so that the text is safe for a terminal. */
void trace_header_value(const struct trace *trace, const char *key, char *text,
                        size_t text_size);

/* Life in frames: 0 is the same frame; TRACE_NEVER when it was not freed. */
static inline uint32_t
trace_lifetime(const struct trace_object *object)
{
    if (object->death_frame == TRACE_NEVER)
        return TRACE_NEVER;
    return object->death_frame - object->birth_frame;
}

#endif
