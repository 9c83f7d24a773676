/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * check --fix: edits of sources, and the difference that they make.
 */
#ifndef CHECK_FIX_H
#define CHECK_FIX_H

#include "check/report.h"

#include <stdio.h>

/* Bytes [offset, offset + length) of a file become text. */
typedef TEXT_VEC(struct check_fix) fixes_vec;

/* What the mode asks for, of findings that are fresh: by file and offset,
 * without those that overlap an earlier one. */
void fix_collect(const struct report *report, enum check_fix_mode mode,
                 fixes_vec *out);
/* A unified diff. */
void fix_print(const struct report *report, const fixes_vec *fixes, FILE *out);
/* Writes the files; false with a message. */
bool fix_apply(const fixes_vec *fixes);

#endif
