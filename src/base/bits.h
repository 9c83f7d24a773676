/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Bits and checked arithmetic. Every size computation with a number of the
 * caller goes through the checked functions here.
 */
#ifndef FAI_BASE_BITS_H
#define FAI_BASE_BITS_H

#include "base/base.h"

static inline bool
fai_is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* n may be so large that the result wraps; callers check first. */
static inline size_t
fai_round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static inline size_t
fai_round_down(size_t n, size_t align)
{
    return n & ~(align - 1);
}

static inline char *
fai_align_pointer(char *p, size_t align)
{
    return p + ((0 - (uintptr_t)p) & (align - 1));
}

static inline bool
fai_add_size(size_t a, size_t b, size_t *sum)
{
    return !__builtin_add_overflow(a, b, sum);
}

static inline bool
fai_mul_size(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Index of the highest set bit; n is not 0. */
static inline unsigned
fai_log2(uint64_t n)
{
    return 63u - (unsigned)__builtin_clzll(n);
}

/* Bits that n needs: 0 for 0, 1 for 1, 2 for 2 and 3 ... */
static inline unsigned
fai_bit_width(uint64_t n)
{
    return n == 0 ? 0 : fai_log2(n) + 1;
}

static inline unsigned
fai_lowest_bit(uint64_t n)
{
    return (unsigned)__builtin_ctzll(n);
}

#endif
