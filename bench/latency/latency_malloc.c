/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Latency of malloc: glibc's, or whichever is preloaded. A frame ends with
 * free() of all its objects, in order.
 */
#include "../harness/malloc_name.h"
#include "latency.h"

#include <stdlib.h>

static void *blocks[LATENCY_MAX];

static void
open_nothing(void)
{
}

static void
free_all(void **freed, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(freed[i]);
}

#define LOOP(name)             malloc_##name
#define LOOP_ARENA             void *
#define LOOP_BEGIN()           blocks
#define LOOP_ALLOC(a, i, size) ((a)[i] = malloc(size))
#define LOOP_END(a, count)     free_all(a, count)
#include "loops_latency.h"

int
main(int argc, char **argv)
{
    const char *name = bench_malloc_name();
    const struct latency_subject subject = {
        .name = name,
        .open = open_nothing,
        .frame = malloc_frame,
    };

    return latency_main(name, &subject, 1, argc, argv);
}
