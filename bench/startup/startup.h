/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the processes share whose start is measured: without arguments they
 * end at once; asked for their memory, they print it.
 */
#ifndef BENCH_STARTUP_STARTUP_H
#define BENCH_STARTUP_STARTUP_H

#include "../harness/bench.h"

#include <link.h>
#include <string.h>

/* The library in this process: where it lies, and its static TLS. */
struct startup_library {
    const char *path;
    size_t tls;
};

static inline int
startup_find(struct dl_phdr_info *info, size_t size BENCH_UNUSED, void *found)
{
    struct startup_library *library = found;

    if (strstr(info->dlpi_name, "libframealloc.so") == NULL)
        return 0;
    library->path = info->dlpi_name;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS)
            library->tls += info->dlpi_phdr[i].p_memsz;
    return 1;
}

static inline int
startup_report(void)
{
    struct startup_library library = {"none", 0};

    dl_iterate_phdr(startup_find, &library);
    printf("%llu %llu %zu %s\n", (unsigned long long)bench_memory("Rss"),
           (unsigned long long)bench_memory("Private_Dirty"), library.tls,
           library.path);
    return 0;
}

#endif
