/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The language, as this project uses it: hints, asserts and small macros.
 *
 * FAI_ASSERT is cheap and on in debug builds; misuse by the application is
 * not an assert but a diagnostic.
 */
#ifndef FAI_BASE_BASE_H
#define FAI_BASE_BASE_H

#include <framealloc/attr.h>

#define FAI_LIKELY(x)   FA_LIKELY(x)
#define FAI_UNLIKELY(x) FA_UNLIKELY(x)
#define FAI_NOINLINE    __attribute__((__noinline__))
/* Where a probe makes a function look larger to the compiler than it is. */
#define FAI_INLINE inline __attribute__((__always_inline__))
/* The compiler addresses what is behind the pointer by it alone from here on,
 * and not by what it was computed from. */
#define FAI_FORGET_ORIGIN(pointer) __asm__("" : "+r"(pointer))
#define FAI_COLD                   __attribute__((__noinline__, __cold__))

#define FAI_CONTAINER(pointer, type, member) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define FAI_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define FAI_MIN(a, b)    ((a) < (b) ? (a) : (b))
#define FAI_MAX(a, b)    ((a) > (b) ? (a) : (b))

#ifdef FAI_DEBUG
#    include <assert.h>
#    define FAI_ASSERT(x) assert(x)
#else
#    define FAI_ASSERT(x) ((void)0)
#endif

#endif
