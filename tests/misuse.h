/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Programs that use the library wrongly, one for each row of doc/misuse.md.
 */
#ifndef FA_TESTS_MISUSE_H
#define FA_TESTS_MISUSE_H

#include "support.h"

struct misuse {
    const char *name; /* As in the table. */
    /* One mistake. The allocator is destroyed afterwards, if it is there; the
     * rest of the program is right. */
    void (*run)(struct test_world *w);
    const char *options; /* FRAMEALLOC_OPTIONS, or NULL. */
};

/* Each ends with a name of NULL. */
extern const struct misuse misuses_of_calls[];
extern const struct misuse misuses_of_memory[];
extern const struct misuse misuses_of_lifetimes[];

#endif
