/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Reads the bytes of a trace from memory, a plain file or an .xz file.
 *
 * A file is taken as packed when it starts with the six magic bytes of xz;
 * its name does not matter. It is read once from front to back, so a pipe will
 * do.
 */
#include "trace_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const uint8_t xz_magic[6] = {0xfd, '7', 'z', 'X', 'Z', 0};

struct reason {
    const char *cause;
    const char *cure;
};

static const struct reason reasons[] = {
    [UNPACK_CUT] = {"the .xz file ends before its packed stream does",
                    "The file was cut short: copy or record it again."},
    [UNPACK_DAMAGED] = {"the .xz file is damaged from here on",
                        "Copy or record it again."},
    [UNPACK_UNREADABLE] = {"the file could not be read",
                           "Check that it is a file and its disk is sound."},
    [UNPACK_NO_MEMORY] = {"unpacking the .xz file takes too much memory",
                          "Unpack it with xz -d and give the unpacked file."},
    [UNPACK_NOT_BUILT] = {"this framealloc was built without liblzma",
                          "Unpack it with xz -d and give the unpacked file."}};

static void
stop(struct source *source, enum unpack_status status)
{
    source->cause = reasons[status].cause;
    source->cure = reasons[status].cure;
    source->is_at_end = true;
}

static size_t
read_packed(struct source *source)
{
    size_t size;
    enum unpack_status status = unpacker_read(source->unpacker, source->buffer,
                                              SOURCE_BUFFER_SIZE, &size);

    if (status == UNPACK_END)
        source->is_at_end = true;
    else if (status != UNPACK_OK)
        stop(source, status);
    return size;
}

/* A directory can be opened, but not read. */
static void
stop_unreadable(struct source *source)
{
    struct stat status;

    stop(source, UNPACK_UNREADABLE);
    if (fstat(fileno(source->file), &status) != 0 || !S_ISDIR(status.st_mode))
        return;
    source->cause = "the file could not be read: it is a directory";
    source->cure = "Name a .fatrace or .fatrace.xz file.";
}

static size_t
read_plain(struct source *source)
{
    size_t size = fread(source->buffer, 1, SOURCE_BUFFER_SIZE, source->file);

    if (ferror(source->file))
        stop_unreadable(source);
    if (size < SOURCE_BUFFER_SIZE)
        source->is_at_end = true;
    return size;
}

static void
start_crc(struct source *source)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t value = i;
        for (unsigned bit = 0; bit < 8; bit++)
            value = value >> 1 ^ ((value & 1) != 0 ? 0xedb88320u : 0);
        source->crc_table[i] = value;
    }
    source->crc = UINT32_MAX;
}

uint32_t
source_crc(struct source *source)
{
    uint32_t crc = source->crc;

    for (; source->crc_from != source->next; source->crc_from++)
        crc = crc >> 8 ^ source->crc_table[(crc ^ *source->crc_from) & 0xff];
    source->crc = crc;
    return ~crc;
}

bool
source_fill(struct source *source)
{
    if (source->is_at_end)
        return false;
    source_crc(source);
    size_t size =
        source->unpacker != NULL ? read_packed(source) : read_plain(source);
    if (size > SOURCE_MAX_BYTES - source->end_offset) {
        source->cause = "the stream is longer than 1 GiB";
        source->cure = "Record fewer frames.";
        source->is_at_end = true;
        size = 0;
    }
    source->next = source->crc_from = source->buffer;
    source->end = source->buffer + size;
    source->end_offset += size;
    return size != 0;
}

void
source_create_memory(struct source *source, const void *bytes, size_t size)
{
    *source = (struct source){.next = bytes,
                              .end = (const uint8_t *)bytes + size,
                              .end_offset = size,
                              .crc_from = bytes,
                              .is_at_end = true};
    start_crc(source);
}

/* The first bytes tell what the file is. They are kept, because a pipe cannot
 * be read twice. */
static bool
read_start(struct source *source)
{
    size_t size = fread(source->buffer, 1, SOURCE_BUFFER_SIZE, source->file);

    if (size >= sizeof xz_magic &&
        memcmp(source->buffer, xz_magic, sizeof xz_magic) == 0) {
        source->unpacker = unpacker_create(source->file, source->buffer, size);
        return source->unpacker != NULL;
    }
    source->end += size;
    source->end_offset = size;
    if (ferror(source->file))
        stop_unreadable(source);
    return true;
}

bool
source_create_file(struct source *source, const char *path)
{
    *source = (struct source){.file = fopen(path, "rb")};
    if (source->file == NULL)
        return false;
    start_crc(source);
    source->buffer = malloc(SOURCE_BUFFER_SIZE);
    source->next = source->end = source->crc_from = source->buffer;
    if (source->buffer != NULL && read_start(source))
        return true;
    source_destroy(source);
    errno = ENOMEM;
    return false;
}

void
source_destroy(struct source *source)
{
    if (source->unpacker != NULL)
        unpacker_destroy(source->unpacker);
    if (source->file != NULL)
        fclose(source->file);
    free(source->buffer);
    *source = (struct source){.file = NULL};
}
