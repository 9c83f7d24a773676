/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Time: for measuring, and for names and dates of files.
 */
#ifndef FAI_OS_CLOCK_H
#define FAI_OS_CLOCK_H

#include "base/base.h"

/* Nanoseconds of the monotonic clock. */
uint64_t fai_clock_ns(void);
/* Seconds since 1970, as the system has them; they may jump. */
int64_t fai_clock_utc(void);

#endif
