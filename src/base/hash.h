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

static inline uint64_t
fai_hash_fold(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint32_t
fai_hash(const void *data, size_t size)
{
    const uint64_t spread = UINT64_C(0x9E3779B97F4A7C15);
    const unsigned char *p = data;
    /* The size tells keys apart that end in zeroes. */
    uint64_t state = ((uint64_t)size + 1) * UINT64_C(0xD6E8FEB86659FD93);
    uint64_t word = 0;
    for (; size >= 8; size -= 8, p += 8) {
        memcpy(&word, p, 8);
        state = fai_hash_fold(state ^ word, spread);
    }
    if (size != 0) {
        word = 0;
        memcpy(&word, p, size);
        state = fai_hash_fold(state ^ word, spread);
    }
    state = fai_hash_fold(state ^ spread, UINT64_C(0xD6E8FEB86659FD93));
    return (uint32_t)(state >> 32 ^ state);
}

#endif
