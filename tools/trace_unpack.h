/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Unpacks an .xz file while it is read. One of trace_unpack_xz.c and
 * trace_unpack_none.c is built, depending on whether liblzma is there.
 */
#ifndef FRAMEALLOC_TOOLS_TRACE_UNPACK_H
#define FRAMEALLOC_TOOLS_TRACE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct unpacker;

enum unpack_status {
    UNPACK_OK,
    UNPACK_END,        /* all is unpacked, and sound */
    UNPACK_CUT,        /* the file ends too early */
    UNPACK_DAMAGED,    /* a checksum or the structure is wrong */
    UNPACK_UNREADABLE, /* the operating system could not read it */
    UNPACK_NO_MEMORY,  /* more than UNPACK_MAX_MEMORY or than is left */
    UNPACK_NOT_BUILT   /* there is no liblzma in this build */
};

#define UNPACK_MAX_MEMORY ((uint64_t)256 << 20)

/* start: what was read from the file already; at most UNPACK_START_MAX. NULL
 * when memory is short. */
#define UNPACK_START_MAX ((size_t)64 << 10)
struct unpacker *unpacker_create(FILE *file, const uint8_t *start,
                                 size_t start_size);

/* Fills the buffer as far as possible; *size is what it got. Bytes come with
 * UNPACK_OK or with the status that ends the stream. */
enum unpack_status unpacker_read(struct unpacker *unpacker, uint8_t *buffer,
                                 size_t room, size_t *size);

void unpacker_destroy(struct unpacker *unpacker);

#endif
