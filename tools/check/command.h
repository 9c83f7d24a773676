/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A compiler's command: its words, and those that matter to clang.
 */
#ifndef CHECK_COMMAND_H
#define CHECK_COMMAND_H

#include <stddef.h>

struct command_words {
    const char **items; /* NULL behind the last */
    size_t count;
};

/* Words as the shell sees them: quotes and backslashes. */
void command_split(const char *text, struct command_words *out);

/* Without compiler, file, output and what clang does not know; @files are
 * read. file and directory are absolute. */
void command_clean(const char *const *words, size_t count, const char *file,
                   const char *directory, struct command_words *out);

#endif
