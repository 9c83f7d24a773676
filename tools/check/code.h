/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The registry of what the analyser can find. A number that the library
 * reports at run time, too, has its text and cure from there.
 */
#ifndef CHECK_CODE_H
#define CHECK_CODE_H

#include <stddef.h>

enum check_level { CHECK_OFF, CHECK_HINT, CHECK_WARNING, CHECK_ERROR };

enum check_category {
    CHECK_STATUS,       /* of the analysis itself; never left out */
    CHECK_USAGE,        /* how the interface is called */
    CHECK_THREADING,    /* memory and threads */
    CHECK_BUDGETS,      /* sizes and limits */
    CHECK_GPU,          /* memory of the graphics device */
    CHECK_DIRTYMEM,     /* lifetimes */
    CHECK_ASYNC,        /* work that runs later */
    CHECK_ARCHITECTURE, /* tags and modules */
    CHECK_PHYSICS,      /* stepping */
    CHECK_CATEGORIES
};

struct check_code {
    unsigned number;        /* 606: FA606 */
    enum check_level level; /* when nothing else is configured */
    enum check_category category;
    const char *title; /* what is wrong; no capital, no full stop */
    const char *cure;  /* what to do; the same */
};

/* The entry of a number, or NULL. */
const struct check_code *check_code_find(unsigned number);
/* "FA606" or "606", in either case; NULL: there is no such number. */
const struct check_code *check_code_parse(const char *text);
/* All, by number; NULL behind the last. */
const struct check_code *check_code_at(size_t index);

const char *check_level_name(enum check_level level);
/* False: no level has that name. Also takes allow, warn and deny. */
int check_level_parse(const char *text, enum check_level *out);
/* As on the command line: "dirtymem", "async-safety" ... */
const char *check_category_name(enum check_category category);

#endif
