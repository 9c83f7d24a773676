/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How the files are compiled: from compile_commands.json, or from the command
 * line. Options that say where the output goes, or that clang does not know,
 * are left out.
 */
#ifndef CHECK_DATABASE_H
#define CHECK_DATABASE_H

#include "check/engine.h"

struct database {
    struct check_unit *units; /* in order; none twice */
    size_t count;
    size_t left_out; /* entries that are not C or C++ */
};

/* All of these: false with a message on stderr. */
bool database_read(struct database *database, const char *file);
/* The text of a database; file is for messages. */
bool database_parse(struct database *database, const char *file,
                    const char *text, size_t size);
/* Files that are compiled with these flags; NULL ends the flags. */
bool database_from_files(struct database *database, const char *const *files,
                         size_t count, char *const *flags);
/* A whole command: gcc -Iinclude a.c b.c. */
bool database_from_command(struct database *database, char *const *words);

/* Keeps the units that one of the names means: a file, a folder, or a
 * pattern. */
bool database_restrict(struct database *database, const char *const *names,
                       size_t count);
/* Leaves out units that a pattern matches, relative to root. */
void database_exclude(struct database *database, const char *const *patterns,
                      size_t count, const char *root);

bool database_is_source(const char *file);

#endif
