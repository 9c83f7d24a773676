/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the analysis hands to the writers: findings with the path that leads
 * to each, and what was analysed. All strings belong to the results.
 */
#ifndef CHECK_FINDING_H
#define CHECK_FINDING_H

#include "check/code.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct check_place {
    const char *file; /* absolute, or as the database gave it */
    unsigned line;    /* from 1; 0: the whole file */
    unsigned column;  /* from 1, in bytes */
};

/* One step of the path, oldest first: "allocated here". */
struct check_note {
    struct check_place at;
    const char *text;
};

/* An edit that cures it: bytes [offset, offset + length) of the file become
 * text. */
struct check_fix {
    const char *file; /* NULL: there is none */
    size_t offset;
    size_t length;
    const char *text;
};

enum check_mark {
    CHECK_FRESH,      /* counts */
    CHECK_SUPPRESSED, /* by a comment */
    CHECK_BASELINED   /* known before */
};

struct check_finding {
    const struct check_code *code;
    enum check_level level; /* after configuration */
    struct check_place at;
    const char *function; /* in which; "" outside of functions */
    const char *message;  /* with the names of this case; no full stop */
    const char *cure;     /* for this case; NULL: that of the code */
    struct check_note *notes;
    size_t note_count;
    struct check_fix fix;
    enum check_mark mark;
    const char *reason;   /* of its suppression, or NULL */
    char fingerprint[33]; /* set by the baseline's code */
};

/* Something that kept a unit from being analysed: FA091. */
struct check_trouble {
    const char *file;
    const char *text; /* of the compiler, or ours */
};

struct check_results {
    struct check_finding *findings; /* by file, line, column, number */
    size_t finding_count;
    struct check_trouble *troubles;
    size_t trouble_count;
    size_t units;        /* translation units asked for */
    size_t units_cached; /* of them, taken from the cache */
    size_t units_failed; /* of them, not analysed at all */
    size_t functions;    /* with bodies, in them */
    size_t relevant;     /* of them, that touch the interface */
    size_t over_budget;  /* of those, not analysed to the end: FA093 */
    size_t skipped_cxx;  /* C++ bodies that are not modelled */
};

#endif
