/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Dates: the days since 1970 are counted off by whole years, then by whole
 * months. That is some sixty steps today, and nothing that could be wrong in
 * one month of the year only.
 *
 * Deliberately not gmtime_r(): libc may read the time zone there, which
 * allocates and takes a lock.
 */
#include "base/date.h"

#include "base/bits.h"

#define DAY_SECONDS 86400
/* 9999-12-31T23:59:59Z. */
#define LAST_SECOND INT64_C(253402300799)

static bool
is_leap(unsigned year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static unsigned
month_days(unsigned year, unsigned month)
{
    static const unsigned char days[] = {31, 28, 31, 30, 31, 30,
                                         31, 31, 30, 31, 30, 31};
    return days[month] + (month == 1 && is_leap(year));
}

/* Decimal digits, with leading zeroes; returns where to go on. */
static char *
write_digits(char *at, unsigned n, unsigned digits, char after)
{
    for (unsigned i = digits; i-- > 0; n /= 10)
        at[i] = (char)('0' + n % 10);
    at[digits] = after;
    return at + digits + 1;
}

void
fai_date_write(int64_t seconds, char text[FAI_DATE_SIZE])
{
    seconds = FAI_MIN(FAI_MAX(seconds, 0), LAST_SECOND);
    unsigned days = (unsigned)(seconds / DAY_SECONDS);
    unsigned rest = (unsigned)(seconds % DAY_SECONDS);
    unsigned year = 1970, month = 0;
    for (; days >= 365u + is_leap(year); year++)
        days -= 365u + is_leap(year);
    for (; days >= month_days(year, month); month++)
        days -= month_days(year, month);
    char *at = write_digits(text, year, 4, '-');
    at = write_digits(at, month + 1, 2, '-');
    at = write_digits(at, days + 1, 2, 'T');
    at = write_digits(at, rest / 3600, 2, ':');
    at = write_digits(at, rest / 60 % 60, 2, ':');
    at = write_digits(at, rest % 60, 2, 'Z');
    *at = '\0';
}
