/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Whose malloc this process has: asked, not believed, because a preload that
 * fails is only a warning.
 */
#ifndef BENCH_HARNESS_MALLOC_NAME_H
#define BENCH_HARNESS_MALLOC_NAME_H

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

static inline const char *
bench_malloc_name(void)
{
    static const char *const known[] = {"jemalloc", "mimalloc", "tcmalloc"};
    Dl_info info;

    if (dladdr(dlsym(RTLD_DEFAULT, "malloc"), &info) != 0)
        for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
            if (strstr(info.dli_fname, known[i]) != NULL)
                return known[i];
    return "glibc";
}

#endif
