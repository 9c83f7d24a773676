/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Dates of the civil calendar, in UTC, without locale or time zone files.
 */
#ifndef FAI_BASE_DATE_H
#define FAI_BASE_DATE_H

#include "base/base.h"

/* "2026-03-01T00:00:00Z" and a NUL. */
#define FAI_DATE_SIZE 21

/* RFC 3339 text of seconds since 1970; those before it, and those after the
 * year 9999, become the nearest that can be written. */
void fai_date_write(int64_t seconds, char text[FAI_DATE_SIZE]);

#endif
