/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Where a compiler's own headers are.
 */
#include "check/resource.h"

#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* "-isystemPATH" of the last match that has a stddef.h. */
static bool
find(const char *pattern, char *flag, size_t size)
{
    glob_t found;
    bool is_found = false;
    if (glob(pattern, 0, NULL, &found) == 0 && found.gl_pathc > 0) {
        const char *path = found.gl_pathv[found.gl_pathc - 1];
        snprintf(flag, size, "-isystem%.*s",
                 (int)(strlen(path) - strlen("/stddef.h")), path);
        is_found = true;
    }
    globfree(&found);
    return is_found;
}

/* libclang looks beside itself. */
static bool
has_own(const struct clang *clang, char *flag, size_t size)
{
    Dl_info info;
    void *symbol;
    char path[4096], real[4096], pattern[8300];
    memcpy(&symbol, &clang->createIndex, sizeof(symbol));
    if (dladdr(symbol, &info) == 0 || info.dli_fname == NULL)
        return false;
    snprintf(path, sizeof(path), "%s", info.dli_fname);
    if (realpath(path, real) == NULL)
        return false;
    const char *version = strstr(clang->version, "version ");
    int major = version == NULL ? 0 : atoi(version + strlen("version "));
    snprintf(pattern, sizeof(pattern),
             "/usr/lib/llvm-%d/lib/clang/%d*/include/stddef.h", major, major);
    if (find(pattern, flag, size))
        return true;
    *strrchr(real, '/') = '\0';
    snprintf(pattern, sizeof(pattern), "%s/clang/%d*/include/stddef.h", real,
             major);
    return find(pattern, flag, size);
}

const char *
check_resource_flag(const struct clang *clang)
{
    static const char *const others[] = {
        "/usr/lib/llvm-*/lib/clang/*/include/stddef.h",
        "/usr/lib/clang/*/include/stddef.h",
        "/usr/lib64/clang/*/include/stddef.h",
        "/usr/lib/gcc/*/*/include/stddef.h"};
    static char flag[4200];
    static bool is_known, is_needed;
    if (!is_known) {
        is_known = true;
        is_needed = has_own(clang, flag, sizeof(flag));
        for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !is_needed;
             i++)
            is_needed = find(others[i], flag, sizeof(flag));
    }
    return is_needed ? flag : NULL;
}
