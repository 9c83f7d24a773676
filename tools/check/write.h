/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The formats that a report can be written in.
 */
#ifndef CHECK_WRITE_H
#define CHECK_WRITE_H

#include "check/report.h"

#include <stdio.h>

struct check_writer {
    const char *name;
    void (*write)(const struct report *report, FILE *out);
    bool has_summary; /* for people: it ends with the sums */
};

/* NULL: there is no such format. */
const struct check_writer *check_writer_find(const char *name);
/* All names, separated by commas. */
const char *check_writer_names(void);
/* False, with a message, when the file cannot be written. */
bool check_write(const struct report *report,
                 const struct check_output *output);

void write_text(const struct report *report, FILE *out);
void write_compact(const struct report *report, FILE *out);
void write_checkstyle(const struct report *report, FILE *out);
void write_codeclimate(const struct report *report, FILE *out);
void write_github(const struct report *report, FILE *out);
void write_html(const struct report *report, FILE *out);
void write_junit(const struct report *report, FILE *out);
void write_sarif(const struct report *report, FILE *out);
void write_json(const struct report *report, FILE *out);
void write_jsonl(const struct report *report, FILE *out);

#endif
