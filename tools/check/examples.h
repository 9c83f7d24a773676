/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The files of explain/, as examples.awk puts them into the program.
 */
#ifndef CHECK_EXAMPLES_H
#define CHECK_EXAMPLES_H

struct check_example {
    unsigned number;
    const char *text; /* what goes wrong, and why */
    const char *both; /* what both examples need */
    const char *bad, *good;
};

/* By number; number 0 at the end. */
extern const struct check_example check_examples[];

#endif
