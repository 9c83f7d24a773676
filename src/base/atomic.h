/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The atomics that this library uses. Next to each use stands which store it
 * pairs with. Counters that are only shown to people are relaxed.
 */
#ifndef FAI_BASE_ATOMIC_H
#define FAI_BASE_ATOMIC_H

#include "base/base.h"

#define fai_load(p)             __atomic_load_n((p), __ATOMIC_RELAXED)
#define fai_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define fai_store(p, v)         __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define fai_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define fai_fetch_add(p, v)     __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define fai_fetch_sub(p, v)     __atomic_fetch_sub((p), (v), __ATOMIC_RELAXED)
#define fai_fetch_add_release(p, v) \
    __atomic_fetch_add((p), (v), __ATOMIC_RELEASE)
#define fai_fetch_and(p, v)        __atomic_fetch_and((p), (v), __ATOMIC_RELAXED)
#define fai_fetch_or_release(p, v) __atomic_fetch_or((p), (v), __ATOMIC_RELEASE)
#define fai_exchange(p, v)         __atomic_exchange_n((p), (v), __ATOMIC_RELAXED)
#define fai_fetch_sub_release(p, v) \
    __atomic_fetch_sub((p), (v), __ATOMIC_RELEASE)
#define fai_exchange_acquire(p, v) \
    __atomic_exchange_n((p), (v), __ATOMIC_ACQUIRE)
#define fai_cas(p, expected, v)                                               \
    __atomic_compare_exchange_n((p), (expected), (v), true, __ATOMIC_RELAXED, \
                                __ATOMIC_RELAXED)
#define fai_cas_release(p, expected, v)                                       \
    __atomic_compare_exchange_n((p), (expected), (v), true, __ATOMIC_RELEASE, \
                                __ATOMIC_RELAXED)
#define fai_cas_acquire(p, expected, v)                                        \
    __atomic_compare_exchange_n((p), (expected), (v), false, __ATOMIC_ACQUIRE, \
                                __ATOMIC_RELAXED)

#define fai_cas_acq_rel(p, expected, v)                                       \
    __atomic_compare_exchange_n((p), (expected), (v), true, __ATOMIC_ACQ_REL, \
                                __ATOMIC_RELAXED)

/* A figure that one thread writes and others may read at any time. */
#define fai_publish_add(p, v) fai_store((p), fai_load(p) + (v))
#define fai_publish_sub(p, v) fai_store((p), fai_load(p) - (v))

static inline void
fai_publish_max(uint64_t *p, uint64_t v)
{
    if (v > fai_load(p))
        fai_store(p, v);
}

#endif
