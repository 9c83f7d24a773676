/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A fast hash of bytes; not for secrets, and not against an enemy who chooses
 * the keys.
 *
 * Eight bytes a step: they are added to the state by exclusive or, the state
 * is multiplied into 128 bits, and the halves are folded. One multiplication
 * spreads every bit of a word over the state, so keys that differ in one bit
 * only, as numbers and pointers do, end up far apart.
 */
#ifndef FAI_BASE_HASH_H
#define FAI_BASE_HASH_H

#include "base/base.h"

#include <string.h>

#ifdef __SIZEOF_INT128__
static inline uint64_t
fai_hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}
#else
/* The same by halves, of which no sum exceeds 64 bits. */
static inline uint64_t
fai_hash_fold(uint64_t a, uint64_t b)
{
    uint64_t low_a = (uint32_t)a, high_a = a >> 32;
    uint64_t low_b = (uint32_t)b, high_b = b >> 32;
    uint64_t cross = low_a * high_b;
    uint64_t middle = high_a * low_b + (low_a * low_b >> 32) + (uint32_t)cross;
    return a * b ^ (high_a * high_b + (middle >> 32) + (cross >> 32));
}
#endif

/* One to seven bytes as a word, by loads of a fixed size, which may overlap:
 * copying a number of bytes that is not known is a call or a loop. Keys of
 * different sizes may give the same word. */
static inline uint64_t
fai_hash_tail(const unsigned char *p, size_t size)
{
    uint32_t first, last;
    if (size < 4)
        return (uint64_t)p[0] | (uint64_t)p[size / 2] << 8 |
               (uint64_t)p[size - 1] << 16;
    memcpy(&first, p, 4);
    memcpy(&last, p + size - 4, 4);
    return first | (uint64_t)last << 32;
}

static inline uint32_t
fai_hash(const void *data, size_t size)
{
    const uint64_t spread = UINT64_C(0x9E3779B97F4A7C15);
    const unsigned char *p = data;
    /* The size tells apart keys whose last words are the same. */
    uint64_t state = ((uint64_t)size + 1) * UINT64_C(0xD6E8FEB86659FD93);
    uint64_t word;
    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        state = fai_hash_fold(state ^ word, spread);
    }
    if (size != 0)
        state = fai_hash_fold(state ^ fai_hash_tail(p, size), spread);
    state = fai_hash_fold(state ^ spread, UINT64_C(0xD6E8FEB86659FD93));
    return (uint32_t)(state >> 32 ^ state);
}

#endif
