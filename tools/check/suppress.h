/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Comments that keep findings quiet:
 *
 *     use(p); // fa-ignore: FA606 the copy is made above
 *     // fa-ignore: FA606, FA609 why           the next line
 *     // fa-ignore-begin: FA601 why ... // fa-ignore-end
 *     // fa-ignore-file: FA601 why
 */
#ifndef CHECK_SUPPRESS_H
#define CHECK_SUPPRESS_H

#include "check/report.h"

enum { SUPPRESS_CODES = 8 };

struct suppression {
    unsigned line, column; /* of the comment */
    unsigned first, last;  /* lines that it covers */
    const struct check_code *codes[SUPPRESS_CODES];
    size_t code_count;
    const char *reason;  /* "": none */
    const char *problem; /* it suppresses nothing, and why; or NULL */
    bool is_alone;       /* nothing but blanks before it */
    bool is_open;        /* begin without end, so far */
    bool is_used;
};
typedef TEXT_VEC(struct suppression) suppressions;

/* Those of a text with a NUL behind it, in order. */
void suppress_scan(const char *text, size_t size, suppressions *out);

/* Marks findings of the report, and adds FA092 for comments that suppress
 * nothing in these files and those of findings. Sorted afterwards. */
void suppress_apply(struct report *report, const struct settings *settings,
                    const text_list *files);

#endif
