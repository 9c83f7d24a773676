/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Stands in for trace_unpack_xz.c where liblzma is missing: packed traces are
 * recognised and refused.
 */
#include "trace_unpack.h"

struct unpacker {
    FILE *file;
};

struct unpacker *
unpacker_create(FILE *file, const uint8_t *start, size_t start_size)
{
    static struct unpacker unpacker;

    (void)start;
    (void)start_size;
    unpacker.file = file;
    return &unpacker;
}

enum unpack_status
unpacker_read(struct unpacker *unpacker, uint8_t *buffer, size_t room,
              size_t *size)
{
    (void)unpacker;
    (void)buffer;
    (void)room;
    *size = 0;
    return UNPACK_NOT_BUILT;
}

void
unpacker_destroy(struct unpacker *unpacker)
{
    (void)unpacker;
}
