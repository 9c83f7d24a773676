/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Finds and loads libclang.
 */
#include "check/clang.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

enum { NEWEST = 24, OLDEST = 14 };

static void *
load_numbered(const char *before, int number, const char *after)
{
    char name[64];
    snprintf(name, sizeof(name), "%s%d%s", before, number, after);
    return dlopen(name, RTLD_NOW | RTLD_LOCAL);
}

/* Debian and Fedora; the plain name is a link of the -dev packages. */
static void *
load_usual(void)
{
    static const char *const names[][2] = {
        {"libclang-", ".so.1"},
        {"libclang.so.", ".1"},
        {"libclang.so.", ""},
        {"/usr/lib/llvm-", "/lib/libclang.so.1"}};
    for (int version = NEWEST; version >= OLDEST; version--)
        for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
            void *library = load_numbered(names[i][0], version, names[i][1]);
            if (library != NULL)
                return library;
        }
    return dlopen("libclang.so", RTLD_NOW | RTLD_LOCAL);
}

static const char *
bind_functions(struct clang *clang)
{
    const char *missing = NULL;
    void *symbol;
#define BIND(result, name, parameters)              \
    symbol = dlsym(clang->library, "clang_" #name); \
    if (symbol == NULL)                             \
        missing = "clang_" #name;                   \
    memcpy(&clang->name, &symbol, sizeof(symbol));
    CLANG_OPTIONAL(BIND)
    missing = NULL;
    CLANG_FUNCTIONS(BIND)
#undef BIND
    return missing;
}

static void
read_version(struct clang *clang)
{
    clang_string text = clang->getClangVersion();
    snprintf(clang->version, sizeof(clang->version), "%s",
             clang->getCString(text));
    clang->disposeString(text);
}

bool
clang_open(struct clang *clang, const char *path)
{
    memset(clang, 0, sizeof(*clang));
    clang->library =
        path != NULL ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : load_usual();
    if (clang->library == NULL) {
        if (path != NULL)
            fprintf(stderr, "framealloc check: cannot load libclang: %s.\n",
                    dlerror());
        else
            fprintf(stderr,
                    "framealloc check: there is no libclang here. Install the "
                    "package libclang1 (Debian) or clang-libs (Fedora), or say "
                    "where it is with --libclang PATH.\n");
        return false;
    }
    const char *missing = bind_functions(clang);
    if (missing != NULL) {
        fprintf(stderr,
                "framealloc check: this libclang has no function %s; it must "
                "be version %d or later.\n",
                missing, OLDEST);
        clang_close(clang);
        return false;
    }
    read_version(clang);
    return true;
}

void
clang_close(struct clang *clang)
{
    if (clang->library != NULL)
        dlclose(clang->library);
    clang->library = NULL;
}
