/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The source files that findings are in, each read once.
 */
#ifndef CHECK_SOURCE_H
#define CHECK_SOURCE_H

#include <stddef.h>

struct source {
    const char *file;
    const char *text; /* with a NUL behind it */
    size_t size;
    const size_t *starts; /* of the lines */
    size_t line_count;
};

/* NULL: it cannot be read. */
const struct source *source_open(const char *file);
/* Line number from 1, without its end; "" and size 0 when there is none. */
const char *source_line(const struct source *source, unsigned line,
                        size_t *size);
/* Forgets all; for tests. */
void source_reset(void);

#endif
