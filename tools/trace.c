/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Decodes and checks a fatrace v1 stream; bench/traces/README has the format.
 *
 * One pass over the records. The reader keeps, for every block number that
 * the trace has given out, the object that the block belongs to, or NO_OBJECT
 * once it was freed or replaced; so "live" is checked with one look. Arrays
 * grow by doubling and are bounded by TRACE_MAX_RECORDS. The first mistake
 * ends the reading: nothing is guessed or repaired.
 */
#include "trace.h"

#include "trace_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NO_OBJECT UINT32_MAX

#define CURE_AGAIN "The file is damaged: copy or record it again."
#define CURE_CUT   "The file was cut short: copy or record it again."
#define CURE_FEWER "Record fewer frames."

enum wire_op {
    WIRE_END,
    WIRE_FRAME,
    WIRE_ALLOC,
    WIRE_FREE,
    WIRE_REALLOC,
    WIRE_OLDFREE,
    WIRE_THREAD
};

struct reader {
    struct source *source;
    struct trace *trace;
    struct trace_error *error;
    uint64_t record_offset;
    uint32_t record_count;
    uint8_t thread;
    uint8_t last_op;

    uint32_t *objects_of_blocks; /* by block number, from 1 */
    uint32_t next_block;
    uint32_t block_room;
    uint32_t event_room;
    uint32_t frame_room;
    uint32_t object_room;
};

static bool
refuse_at(struct reader *reader, uint64_t offset, const char *cause,
          const char *cure)
{
    struct trace_error *error = reader->error;

    error->offset = offset;
    error->has_offset = true;
    snprintf(error->cause, sizeof error->cause, "%s", cause);
    error->cure = cure;
    return false;
}

static bool
refuse(struct reader *reader, const char *cause)
{
    return refuse_at(reader, reader->record_offset, cause, CURE_AGAIN);
}

/* No more bytes came: the stream was cut, or the source knows better. */
static bool
refuse_end(struct reader *reader)
{
    const struct source *source = reader->source;

    if (source->cause != NULL)
        return refuse_at(reader, source_offset(source), source->cause,
                         source->cure);
    return refuse_at(reader, source_offset(source),
                     "the trace ends here, before its END record", CURE_CUT);
}

/* The array with room for one more element, or NULL; then the old one stays.
 * *room counts elements. */
static void *
grow(struct reader *reader, void *array, uint32_t *room, uint32_t count,
     size_t element_size)
{
    if (count < *room)
        return array;
    /* Counts are bounded by TRACE_MAX_RECORDS, so nothing here can wrap. */
    uint32_t new_room = *room == 0 ? 1024 : *room * 2;
    void *grown = realloc(array, (size_t)new_room * element_size);
    if (grown == NULL)
        refuse_at(reader, reader->record_offset,
                  "not enough memory for the rest of the trace",
                  "Free some memory, or record fewer frames.");
    else
        *room = new_room;
    return grown;
}

static bool
read_varint(struct reader *reader, uint64_t *value)
{
    uint64_t sum = 0;

    for (unsigned shift = 0; shift < 64; shift += 7) {
        uint8_t byte;
        if (!source_byte(reader->source, &byte))
            return refuse_end(reader);
        if (shift == 63 && (byte & 0xfe) != 0)
            break;
        sum |= (uint64_t)(byte & 0x7f) << shift;
        if ((byte & 0x80) == 0) {
            *value = sum;
            return true;
        }
    }
    return refuse(reader, "a number does not fit in 64 bits");
}

static bool
read_size(struct reader *reader, uint32_t *size)
{
    uint64_t value;

    if (!read_varint(reader, &value))
        return false;
    if (value > UINT32_MAX)
        return refuse_at(reader, reader->record_offset,
                         "a block of 4 GiB or more, which is not replayed",
                         "If the program did ask for it, leave it out of the "
                         "recording.");
    *size = (uint32_t)value;
    return true;
}

/* Reads a distance and takes the block that it names out of the live ones. */
static bool
take_block(struct reader *reader, uint32_t *object)
{
    uint64_t distance;

    if (!read_varint(reader, &distance))
        return false;
    if (distance == 0 || distance >= reader->next_block)
        return refuse(reader, "a distance names a block that never was");
    uint32_t block = reader->next_block - (uint32_t)distance;
    *object = reader->objects_of_blocks[block];
    if (*object == NO_OBJECT)
        return refuse(reader, "a block is freed or replaced a second time");
    reader->objects_of_blocks[block] = NO_OBJECT;
    return true;
}

static bool
give_block(struct reader *reader, uint32_t object)
{
    uint32_t *objects =
        grow(reader, reader->objects_of_blocks, &reader->block_room,
             reader->next_block, sizeof *objects);

    if (objects == NULL)
        return false;
    reader->objects_of_blocks = objects;
    objects[reader->next_block++] = object;
    return true;
}

static bool
add_event(struct reader *reader, struct trace_event event)
{
    struct trace *trace = reader->trace;
    struct trace_event *events =
        grow(reader, trace->events, &reader->event_room, trace->event_count,
             sizeof *events);

    if (events == NULL)
        return false;
    trace->events = events;
    event.thread = reader->thread;
    events[trace->event_count++] = event;
    return true;
}

static bool
add_object(struct reader *reader, uint32_t size, uint8_t align_log2,
           uint8_t flags)
{
    struct trace *trace = reader->trace;
    struct trace_object *objects =
        grow(reader, trace->objects, &reader->object_room, trace->object_count,
             sizeof *objects);

    if (objects == NULL)
        return false;
    trace->objects = objects;
    objects[trace->object_count] =
        (struct trace_object){.first_size = size,
                              .largest_size = size,
                              .last_size = size,
                              .birth_frame = trace->frame_count,
                              .death_frame = TRACE_NEVER,
                              .align_log2 = align_log2,
                              .flags = flags,
                              .birth_thread = reader->thread,
                              .last_thread = reader->thread};
    return give_block(reader, trace->object_count++);
}

static bool
read_alloc(struct reader *reader, uint8_t flags)
{
    uint64_t align_log2 = 0;
    uint32_t size;

    if (!read_size(reader, &size))
        return false;
    if ((flags & TRACE_ALIGNED) != 0) {
        if (!read_varint(reader, &align_log2))
            return false;
        if (align_log2 < 5 || align_log2 > 31)
            return refuse(reader, "an alignment is not 32 to 2^31 bytes");
    }
    if (!add_object(reader, size, (uint8_t)align_log2, flags))
        return false;
    return add_event(
        reader, (struct trace_event){.object = reader->trace->object_count - 1,
                                     .size = size,
                                     .op = TRACE_ALLOC,
                                     .flags = flags,
                                     .align_log2 = (uint8_t)align_log2});
}

static bool
read_free(struct reader *reader)
{
    struct trace *trace = reader->trace;
    uint32_t index;

    if (!take_block(reader, &index))
        return false;
    struct trace_object *object = &trace->objects[index];
    object->death_frame = trace->frame_count;
    trace->free_count++;
    if (object->last_thread != reader->thread)
        trace->foreign_free_count++;
    return add_event(reader,
                     (struct trace_event){.object = index,
                                          .size = object->last_size,
                                          .op = TRACE_FREE,
                                          .flags = object->flags,
                                          .align_log2 = object->align_log2});
}

static bool
read_realloc(struct reader *reader)
{
    uint32_t index, size;

    if (!take_block(reader, &index) || !read_size(reader, &size) ||
        !give_block(reader, index))
        return false;
    struct trace_object *object = &reader->trace->objects[index];
    struct trace_event event = {.object = index,
                                .size = size,
                                .old_size = object->last_size,
                                .op = TRACE_RESIZE,
                                .flags = object->flags,
                                .align_log2 = object->align_log2};
    object->last_size = size;
    if (size > object->largest_size)
        object->largest_size = size;
    object->last_thread = reader->thread;
    object->resizes++;
    reader->trace->resize_count++;
    return add_event(reader, event);
}

static bool
read_frame(struct reader *reader)
{
    struct trace *trace = reader->trace;

    if (trace->frame_count == TRACE_MAX_FRAMES)
        return refuse_at(reader, reader->record_offset,
                         "more than 16 million frames", CURE_FEWER);
    uint32_t *ends = grow(reader, trace->frame_ends, &reader->frame_room,
                          trace->frame_count, sizeof *ends);
    if (ends == NULL)
        return false;
    trace->frame_ends = ends;
    ends[trace->frame_count++] = trace->event_count;
    return true;
}

static bool
read_thread(struct reader *reader)
{
    uint64_t number;

    if (!read_varint(reader, &number))
        return false;
    if (number >= TRACE_MAX_THREADS)
        return refuse(reader, "a thread number is above 255");
    reader->thread = (uint8_t)number;
    if (number >= reader->trace->thread_count)
        reader->trace->thread_count = (uint32_t)number + 1;
    return true;
}

static bool
check_total(struct reader *reader, uint64_t expected, const char *cause)
{
    uint64_t value;

    if (!read_varint(reader, &value))
        return false;
    return value == expected || refuse(reader, cause);
}

static bool
check_crc(struct reader *reader)
{
    uint64_t offset = source_offset(reader->source);
    uint32_t expected = source_crc(reader->source);
    uint32_t value = 0;

    for (unsigned i = 0; i < 4; i++) {
        uint8_t byte;
        if (!source_byte(reader->source, &byte))
            return refuse_end(reader);
        value |= (uint32_t)byte << (8 * i);
    }
    return value == expected ||
           refuse_at(reader, offset,
                     "the CRC-32 does not agree with the bytes before it",
                     CURE_AGAIN);
}

static bool
read_end(struct reader *reader)
{
    const struct trace *trace = reader->trace;
    uint8_t byte;

    if (reader->last_op != WIRE_FRAME)
        return refuse(reader, "the END record does not follow a FRAME record");
    if (!check_total(reader, trace->frame_count,
                     "the END record counts other frames than there are") ||
        !check_total(reader, reader->next_block - 1,
                     "the END record counts other allocations than there "
                     "are") ||
        !check_total(reader, trace->free_count,
                     "the END record counts other frees than there are") ||
        !check_total(reader, trace->old_free_count,
                     "the END record counts other frees of old blocks than "
                     "there are") ||
        !check_crc(reader))
        return false;
    if (source_byte(reader->source, &byte))
        return refuse_at(reader, source_offset(reader->source) - 1,
                         "bytes follow the END record", CURE_AGAIN);
    /* A packed file may be damaged behind its last byte, too. */
    return reader->source->cause == NULL || refuse_end(reader);
}

static bool
read_record(struct reader *reader, uint8_t op, uint8_t flags)
{
    uint8_t allowed = op == WIRE_ALLOC     ? 0xf8
                      : op == WIRE_REALLOC ? TRACE_LIBRARY
                                           : 0;

    if ((flags & ~allowed) != 0)
        return refuse(reader, "a record has a flag that it may not have");
    switch (op) {
    case WIRE_END:
        return read_end(reader);
    case WIRE_FRAME:
        return read_frame(reader);
    case WIRE_ALLOC:
        return read_alloc(reader, flags);
    case WIRE_FREE:
        return read_free(reader);
    case WIRE_REALLOC:
        return read_realloc(reader);
    case WIRE_OLDFREE:
        reader->trace->old_free_count++;
        return true;
    case WIRE_THREAD:
        return read_thread(reader);
    default:
        return refuse(reader, "a record of unknown kind");
    }
}

static bool
read_records(struct reader *reader)
{
    for (;;) {
        uint8_t tag;
        reader->record_offset = source_offset(reader->source);
        if (!source_byte(reader->source, &tag))
            return refuse_end(reader);
        if (reader->record_count++ == TRACE_MAX_RECORDS)
            return refuse_at(reader, reader->record_offset,
                             "more than 64 million records", CURE_FEWER);
        if (!read_record(reader, tag & 7, tag & 0xf8))
            return false;
        reader->last_op = tag & 7;
        if (reader->last_op == WIRE_END)
            return true;
    }
}

static bool
read_magic(struct reader *reader)
{
    static const char magic[] = "FATRACE1";

    for (size_t i = 0; i < sizeof magic - 1; i++) {
        uint8_t byte;
        if (!source_byte(reader->source, &byte))
            return refuse_end(reader);
        if (byte != (uint8_t)magic[i])
            return refuse_at(reader, i, "this is not a fatrace v1 file",
                             "Give a .fatrace or .fatrace.xz file; "
                             "bench/traces has some.");
    }
    return true;
}

static bool
read_header(struct reader *reader)
{
    struct trace *trace = reader->trace;
    uint64_t size;

    reader->record_offset = source_offset(reader->source);
    if (!read_varint(reader, &size))
        return false;
    if (size > TRACE_MAX_HEADER)
        return refuse(reader, "the header is longer than 64 KiB");
    trace->header = malloc((size_t)size + 1);
    if (trace->header == NULL)
        return refuse_at(reader, reader->record_offset,
                         "not enough memory for the header",
                         "Free some memory and try again.");
    for (; trace->header_size < size; trace->header_size++) {
        uint8_t byte;
        if (!source_byte(reader->source, &byte))
            return refuse_end(reader);
        trace->header[trace->header_size] = (char)byte;
    }
    trace->header[size] = '\0';
    return true;
}

static bool
read_trace(struct trace *trace, struct source *source,
           struct trace_error *error)
{
    struct reader reader = {.source = source,
                            .trace = trace,
                            .error = error,
                            .last_op = WIRE_FRAME,
                            .next_block = 1};

    *trace = (struct trace){.thread_count = 1};
    *error = (struct trace_error){.cure = ""};
    bool is_read =
        read_magic(&reader) && read_header(&reader) && read_records(&reader);
    free(reader.objects_of_blocks);
    if (!is_read)
        trace_destroy(trace);
    return is_read;
}

bool
trace_read_memory(struct trace *trace, const void *bytes, size_t size,
                  struct trace_error *error)
{
    struct source source;

    source_create_memory(&source, bytes, size);
    return read_trace(trace, &source, error);
}

bool
trace_read_file(struct trace *trace, const char *path,
                struct trace_error *error)
{
    struct source source;

    if (!source_create_file(&source, path)) {
        *trace = (struct trace){.header = NULL};
        *error = (struct trace_error){
            .cure = "Check the name and that the file may be read."};
        snprintf(error->cause, sizeof error->cause, "cannot open the trace: %s",
                 strerror(errno));
        return false;
    }
    bool is_read = read_trace(trace, &source, error);
    source_destroy(&source);
    return is_read;
}

void
trace_destroy(struct trace *trace)
{
    free(trace->header);
    free(trace->events);
    free(trace->frame_ends);
    free(trace->objects);
    *trace = (struct trace){.header = NULL};
}

void
trace_header_value(const struct trace *trace, const char *key, char *text,
                   size_t text_size)
{
    size_t key_size = strlen(key);
    size_t used = 0;

    for (const char *line = trace->header; line != NULL && *line != '\0';) {
        const char *end = strchr(line, '\n');
        if (strncmp(line, key, key_size) == 0 && line[key_size] == '=') {
            for (const char *p = line + key_size + 1;
                 *p != '\0' && *p != '\n' && used + 1 < text_size; p++)
                text[used++] = *p >= ' ' && *p <= '~' ? *p : '?';
            break;
        }
        line = end == NULL ? NULL : end + 1;
    }
    text[used] = '\0';
}
