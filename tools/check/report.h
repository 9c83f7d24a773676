/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Findings as they are written: with levels, marks and fingerprints, sorted,
 * and the sums.
 */
#ifndef CHECK_REPORT_H
#define CHECK_REPORT_H

#include "check/settings.h"

/* An entry of the baseline that nothing matches any more. */
struct stale_entry {
    const char *code, *file, *function, *fingerprint;
};

struct report {
    struct check_finding *findings;
    size_t count;
    const struct check_results *results;
    const char *root;              /* for paths of the project */
    size_t fresh[CHECK_ERROR + 1]; /* by level */
    size_t suppressed, baselined;
    bool has_baseline;
    const struct stale_entry *stale;
    size_t stale_count;
    enum check_level fail_from; /* what makes the exit status 1 */
    bool is_colored;
};

/* Without suppressions and baseline: levels, what is excluded, and a finding
 * for each file that was not analysed. */
void report_collect(struct report *report, const struct settings *settings,
                    const struct check_results *results);
/* Puts a finding in; its level is set here. */
void report_add(struct report *report, const struct settings *settings,
                const struct check_finding *finding);
/* Sorts, and takes out what is there twice. */
void report_sort(struct report *report);
/* Takes out what is below the least level, and counts. */
void report_finish(struct report *report, const struct settings *settings);
/* 0, 1 or 3. */
int report_status(const struct report *report);

/* "2 errors, 1 warning ...", one sentence per line, two lines. */
char *report_summary(const struct report *report);
const char *report_cure(const struct check_finding *finding);
const char *report_mark_name(enum check_mark mark);

#endif
