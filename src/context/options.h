/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * FRAMEALLOC_OPTIONS: settings from the environment.
 *
 * A list of key=value, separated by commas, colons or blanks. The program's
 * own configuration wins.
 */
#ifndef FAI_CONTEXT_OPTIONS_H
#define FAI_CONTEXT_OPTIONS_H

#include "base/base.h"

#define FAI_SUPPRESS_MAX 16

/* Each -1 when it was not given. */
struct fai_options {
    int64_t guard;
    int64_t strict;
    int64_t counts;
    int64_t report;
    int64_t huge;
    int64_t trim;
    int64_t quarantine;
    int64_t guard_max;
    int64_t sample;
    int64_t fail;
    int64_t behavior;
    int64_t verbose;
    int64_t suppress; /* How many numbers follow. */
    uint32_t suppressed[FAI_SUPPRESS_MAX];
};

/* Says what was wrong: the number of a diagnostic and the item. */
typedef void (*fai_options_fn)(void *user, uint32_t number, const char *item,
                               size_t length);

void fai_options_parse(const char *text, struct fai_options *options,
                       fai_options_fn complain, void *user);

#endif
