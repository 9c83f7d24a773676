/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Sleeping until a word in memory changes.
 */
#ifndef FAI_OS_FUTEX_H
#define FAI_OS_FUTEX_H

#include "base/base.h"

#define FAI_FUTEX_FOREVER UINT64_MAX

/* Sleeps while the word has this value, until it is woken or the monotonic
 * clock reaches the deadline. May return early; the caller looks again. */
void fai_futex_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns);
/* Wakes all that sleep on the word. The word itself is not touched, so it may
 * be gone. */
void fai_futex_wake(const uint32_t *word);

/* The upper half of a word of which only the whole is written. */
static inline const uint32_t *
fai_futex_upper(const uint64_t *word)
{
    return (const uint32_t *)(const void *)word +
           (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
}

#endif
