/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Findings while they are made: the same one on many paths is one.
 */
#ifndef CHECK_VERDICT_H
#define CHECK_VERDICT_H

#include "check/finding.h"
#include "check/state.h"

#include <stdio.h>

struct verdict_note {
    struct event at;
    const char *text;
};

struct verdict_list {
    struct check_finding *findings;
    uint32_t count, room;
};

/* A finding at the event use, with notes oldest first. It is placed in the
 * innermost function in which all of it happens. */
void verdict_add(struct verdict_list *list, const struct program *program,
                 const struct state *state, unsigned number, struct event use,
                 const struct verdict_note *notes, size_t count,
                 const char *message, ...)
    __attribute__((__format__(__printf__, 8, 9)));
/* One that needs no path. */
void verdict_plain(struct verdict_list *list, unsigned number, const char *file,
                   unsigned line, unsigned column, const char *function,
                   const char *message);
/* The last one of verdict_plain() can be cured by putting text for size bytes
 * at its place. */
void verdict_fix(struct verdict_list *list, size_t size, const char *text);
/* To and from a file, with a number of the caller's. False: it cannot be
 * read. */
void verdict_write(const struct verdict_list *list, uint32_t number,
                   FILE *file);
bool verdict_read(struct verdict_list *list, uint32_t *number, FILE *file);
void verdict_free(struct verdict_list *list);

#endif
