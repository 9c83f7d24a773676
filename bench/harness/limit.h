/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The limit rows: what the hardware allows, written by hand and inline.
 *
 * R is the textbook bump allocator: align the pointer, compare with the end.
 * P is the textbook pool: a list that links the free blocks through their own
 * first word. Both check for exhaustion, neither does anything else.
 */
#ifndef BENCH_HARNESS_LIMIT_H
#define BENCH_HARNESS_LIMIT_H

#include "bench.h"

#define BENCH_ARENA ((size_t)64 << 20)

struct bench_bump {
    char *cursor;
    char *end;
    char *base;
};

static inline void *
bench_bump_alloc(struct bench_bump *bump, size_t size, size_t align)
{
    uintptr_t block = ((uintptr_t)bump->cursor + (align - 1)) & ~(align - 1);

    if (__builtin_expect(block + size > (uintptr_t)bump->end, 0))
        return NULL;
    bump->cursor = (char *)(block + size);
    return (void *)block;
}

static inline void
bench_bump_reset(struct bench_bump *bump)
{
    bump->cursor = bump->base;
}

/** Address space of BENCH_ARENA bytes; dies when there is none. */
void bench_bump_open(struct bench_bump *bump);

struct bench_link {
    struct bench_link *next;
};

struct bench_list {
    struct bench_link *head;
};

static inline void *
bench_list_get(struct bench_list *list)
{
    struct bench_link *link = list->head;

    if (__builtin_expect(link == NULL, 0))
        return NULL;
    list->head = link->next;
    return link;
}

static inline void
bench_list_put(struct bench_list *list, void *block)
{
    struct bench_link *link = (struct bench_link *)block;

    link->next = list->head;
    list->head = link;
}

#ifdef __cplusplus
extern "C" {
#endif

/** Adds all limit rows; every program does so first. */
void bench_add_limits(struct bench_set *set);
void bench_add_remote_limits(struct bench_set *set);

#ifdef __cplusplus
}
#endif

#endif
