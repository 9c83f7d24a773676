/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Attributes by role: what a prototype promises to the compiler and to a
 * reader. Headers name roles only; compilers that lack an attribute see
 * nothing.
 */
#ifndef FRAMEALLOC_ATTR_H
#define FRAMEALLOC_ATTR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__) || defined(__clang__)
#    define FA_ATTR(x) __attribute__(x)
#else
#    define FA_ATTR(x)
#endif

/** An exported function. */
#define FA_API FA_ATTR((__visibility__("default")))
/** Returns memory that overlaps nothing live; n names the size parameter. */
#define FA_RETURNS_MEM(n) FA_ATTR((__malloc__, __alloc_size__(n)))
/** Returns memory of parameter n times parameter m bytes. */
#define FA_RETURNS_ARRAY(n, m) FA_ATTR((__malloc__, __alloc_size__(n, m)))
/** The result tells of failure and must be looked at. */
#define FA_CHECKED FA_ATTR((__warn_unused_result__))
/** Reads and changes nothing. */
#define FA_QUERY FA_ATTR((__pure__))
/** Format string in parameter n, its arguments from parameter m. */
#define FA_PRINTF(n, m) FA_ATTR((__format__(__printf__, n, m)))
/** Never inlined into a caller: a slow path. */
#define FA_NOINLINE FA_ATTR((__noinline__, __cold__))

#define FA_LIKELY(x)   __builtin_expect(!!(x), 1)
#define FA_UNLIKELY(x) __builtin_expect(!!(x), 0)

/*
 * Inline fast paths. The body is for inlining only; where a compiler does not
 * inline (no optimisation, an address taken) the exported function of the
 * same name is called: the out-of-line twin. FA_NO_INLINE builds a consumer
 * without any inline path.
 */
#define FA_INLINE extern inline FA_ATTR((__gnu_inline__))
#define FA_INLINE_ALWAYS \
    extern inline FA_ATTR((__gnu_inline__, __always_inline__))

#ifdef __cplusplus
#    define FA_ALIGNOF(T) alignof(T)
#    define FA_CAST(T, x) static_cast<T>(x)
/* Of what a pointer points to, and a cast to the type of a pointer member. */
#    define FA_ALIGNOF_AT(p)   alignof(decltype(*(p)))
#    define FA_CAST_LIKE(p, x) static_cast<decltype(p)>(x)
#else
#    define FA_ALIGNOF(T)      _Alignof(T)
#    define FA_CAST(T, x)      ((T)(x))
#    define FA_ALIGNOF_AT(p)   _Alignof(__typeof__(*(p)))
#    define FA_CAST_LIKE(p, x) (x)
#endif

#ifdef __cplusplus
#    define FA_BEGIN_DECLS extern "C" {
#    define FA_END_DECLS   }
#else
#    define FA_BEGIN_DECLS
#    define FA_END_DECLS
#endif

#endif
