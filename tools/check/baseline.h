/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Findings that are known and accepted for now.
 *
 * A fingerprint is code, function, the text of the line without its blanks,
 * and which of several equal ones it is: not the number of the line, so that
 * edits elsewhere change nothing.
 */
#ifndef CHECK_BASELINE_H
#define CHECK_BASELINE_H

#include "check/report.h"

/* Of all findings, which are sorted. */
void baseline_fingerprint(struct report *report);
/* Marks what is in the file, and lists what is only there; the latter only
 * when all of the project was analysed. False with a message. */
bool baseline_apply(struct report *report, const char *file, bool is_all);
/* What is marked or fresh; false with a message. */
bool baseline_write(const struct report *report, const char *file);

#endif
