/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Structures of the program, which begin with their own size.
 *
 * Members are only added at the end, and zero means the default. So of a
 * program that was built with older or newer headers, what both know is
 * copied; a size that no header can have had is refused with FA010.
 */
#ifndef FAI_ACCOUNTING_SIZED_H
#define FAI_ACCOUNTING_SIZED_H

#include "accounting/diag.h"

#include <stddef.h>

/* Copies what the program gives over the defaults in out, which has this size.
 * least: where the first member that is not optional ends. */
bool fai_sized_read(struct fai_reporter *reporter, const char *name,
                    const void *given, size_t least, void *out, size_t size);
/* Copies to the program as much as it has room for; its size stays. */
bool fai_sized_write(struct fai_reporter *reporter, const char *name,
                     const void *from, size_t size, void *out);

#endif
