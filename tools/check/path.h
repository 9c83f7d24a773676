/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Names of files: absolute, relative, and patterns. Nothing here looks at the
 * file system, but path_folder(), which asks where the program runs.
 */
#ifndef CHECK_PATH_H
#define CHECK_PATH_H

#include <stdbool.h>

/* The folder that the program runs in. */
const char *path_folder(void);
/* Absolute, without ".", ".." and double slashes; folder is absolute. */
char *path_absolute(const char *folder, const char *path);
/* The part below the folder, or the path itself when it is not below. */
const char *path_relative(const char *folder, const char *path);
char *path_join(const char *folder, const char *name);
/* The folder of a file; "." when there is none in the name. */
char *path_parent(const char *path);
const char *path_name(const char *path);

/* Whether a path, relative to where the pattern stands, matches. "*" and "?"
 * stop at slashes, "**" does not, [a-z] are sets. A pattern without a slash
 * matches a name at any depth, and one that matches a folder all below it. */
bool path_matches(const char *pattern, const char *path);
bool path_is_pattern(const char *text);

#endif
