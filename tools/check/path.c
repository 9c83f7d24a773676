/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Names of files.
 */
#include "check/path.h"

#include "check/text.h"

#include <string.h>
#include <unistd.h>

const char *
path_folder(void)
{
    static char folder[4096];
    if (folder[0] == '\0' && getcwd(folder, sizeof(folder)) == NULL)
        strcpy(folder, "/");
    return folder;
}

char *
path_join(const char *folder, const char *name)
{
    if (name[0] == '/')
        return text_copy(name);
    return text_format("%s%s%s", folder, text_ends(folder, "/") ? "" : "/",
                       name);
}

/* Takes the last name off; "/" becomes "". */
static size_t
without_last(const char *path, size_t size)
{
    while (size > 0 && path[size - 1] != '/')
        size--;
    return size > 0 ? size - 1 : 0;
}

char *
path_absolute(const char *folder, const char *path)
{
    char *out = path_join(folder, path);
    size_t size = 0;
    const char *part = out;
    while (*part != '\0') {
        part += strspn(part, "/");
        size_t length = strcspn(part, "/");
        if (length == 2 && memcmp(part, "..", 2) == 0) {
            size = without_last(out, size);
        } else if (length > 0 && !(length == 1 && part[0] == '.')) {
            /* Never behind what is read: each name had its slash. */
            out[size++] = '/';
            memmove(out + size, part, length);
            size += length;
        }
        part += length;
    }
    if (size == 0)
        out[size++] = '/';
    out[size] = '\0';
    return out;
}

const char *
path_relative(const char *folder, const char *path)
{
    size_t size = strlen(folder);
    if (strcmp(folder, "/") == 0 || strncmp(path, folder, size) != 0)
        return path;
    if (path[size] == '\0')
        return ".";
    return path[size] == '/' ? path + size + 1 : path;
}

char *
path_parent(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return text_copy(".");
    return text_copy_bytes(path, slash == path ? 1 : (size_t)(slash - path));
}

const char *
path_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

bool
path_is_pattern(const char *text)
{
    return strpbrk(text, "*?[") != NULL;
}

/* Whether c is in the set behind "["; *end is set behind its "]". */
static bool
is_in_set(const char *set, char c, const char **end)
{
    bool is_negated = *set == '!' || *set == '^';
    bool is_in = false;
    const char *p = set + is_negated;
    do {
        char from = *p, to = from;
        if (from == '\0')
            break;
        if (p[1] == '-' && p[2] != ']' && p[2] != '\0') {
            to = p[2];
            p += 2;
        }
        is_in |= from <= c && c <= to;
        p++;
    } while (*p != ']');
    *end = *p == ']' ? p + 1 : p;
    return is_in != is_negated && c != '/';
}

/* One step of a pattern other than "*": a character, ? or a set. */
static bool
takes_one(const char **pattern, char c)
{
    char p = *(*pattern)++;
    if (c == '\0' || p == '\0')
        return false;
    if (p == '?')
        return c != '/';
    if (p == '[')
        return is_in_set(*pattern, c, pattern);
    return p == c;
}

/* Where a double star is tried next. */
static const char *
after(const char *path, bool is_folder)
{
    if (!is_folder)
        return path + 1;
    const char *slash = strchr(path, '/');
    return slash == NULL ? path + strlen(path) : slash + 1;
}

/* A path that is longer, behind a slash, is below what matches. Going back to
 * the last star only would be wrong where it is of the other kind: there are
 * two places to go back to. */
static bool
matches(const char *pattern, const char *path)
{
    struct {
        const char *pattern, *path;
    } one = {NULL, NULL}, any = {NULL, NULL};
    bool is_folder = false; /* any is a double star with a slash */
    for (;;) {
        if (pattern[0] == '*' && pattern[1] == '*') {
            is_folder = pattern[2] == '/';
            pattern += 2 + is_folder;
            any.pattern = pattern;
            any.path = path;
            one.path = NULL;
            continue;
        }
        if (*pattern == '*') {
            one.pattern = ++pattern;
            one.path = path;
            continue;
        }
        if (*pattern == '\0' && (*path == '\0' || *path == '/'))
            return true;
        const char *next = pattern;
        if (takes_one(&next, *path)) {
            pattern = next;
            path++;
        } else if (one.path != NULL && *one.path != '/' && *one.path != '\0') {
            pattern = one.pattern;
            path = ++one.path;
        } else if (any.path != NULL && *any.path != '\0') {
            pattern = any.pattern;
            path = any.path = after(any.path, is_folder);
            one.path = NULL;
        } else {
            return false;
        }
    }
}

bool
path_matches(const char *pattern, const char *path)
{
    if (text_starts(pattern, "./"))
        pattern += 2;
    size_t size = strlen(pattern);
    if (size > 0 && pattern[size - 1] == '/')
        pattern = text_copy_bytes(pattern, size - 1);
    if (strchr(pattern, '/') != NULL)
        return matches(pattern, path);
    for (const char *part = path; part != NULL;) {
        if (matches(pattern, part))
            return true;
        part = strchr(part, '/');
        part = part == NULL ? NULL : part + 1;
    }
    return false;
}
