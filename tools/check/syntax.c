/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a call shows without being run: FA102 and FA103.
 */
#include "check/lower.h"

void
syntax_call(struct lowering *lo, clang_cursor call, const char *name)
{
    (void)lo;
    (void)call;
    (void)name;
}
