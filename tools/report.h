/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What `framealloc replay` prints on its standard output.
 */
#ifndef FRAMEALLOC_TOOLS_REPORT_H
#define FRAMEALLOC_TOOLS_REPORT_H

#include "figures.h"

struct report {
    const char *path;
    const struct trace *trace;
    const struct plan_head *plan;
    const struct row_results *results;
    const struct figures *figures;
};

/* Both end with a newline and leave errors to ferror(stdout). */
void report_print_text(const struct report *report);
void report_print_json(const struct report *report);

#endif
