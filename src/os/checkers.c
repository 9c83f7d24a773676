/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Requests to memory checkers.
 *
 * memcheck is told from callgrind and the other tools by asking for the
 * validity bits of a byte: only memcheck answers 1.
 */
#include "os/checkers.h"

#ifdef HAVE_CONFIG_H
#    include "config.h"
#endif

void __asan_poison_memory_region(void const volatile *p, size_t size)
    __attribute__((__weak__));
void __asan_unpoison_memory_region(void const volatile *p, size_t size)
    __attribute__((__weak__));

#ifdef HAVE_VALGRIND
#    include <valgrind/memcheck.h>

static bool
memcheck_watches(void)
{
    char byte = 0, bits = 0;
    return RUNNING_ON_VALGRIND != 0 && VALGRIND_GET_VBITS(&byte, &bits, 1) == 1;
}
#else
#    define VALGRIND_MAKE_MEM_NOACCESS(p, size)  ((void)0)
#    define VALGRIND_MAKE_MEM_UNDEFINED(p, size) ((void)0)
#    define VALGRIND_MAKE_MEM_DEFINED(p, size)   ((void)0)

static bool
memcheck_watches(void)
{
    return false;
}
#endif

bool
fai_checkers_watch(void)
{
    return __asan_poison_memory_region != NULL || memcheck_watches();
}

void
fai_checkers_forbid(const void *p, size_t size)
{
    if (__asan_poison_memory_region != NULL)
        __asan_poison_memory_region(p, size);
    VALGRIND_MAKE_MEM_NOACCESS(p, size);
}

void
fai_checkers_hand_out(const void *p, size_t size)
{
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(p, size);
    VALGRIND_MAKE_MEM_UNDEFINED(p, size);
}

void
fai_checkers_allow(const void *p, size_t size)
{
    if (__asan_unpoison_memory_region != NULL)
        __asan_unpoison_memory_region(p, size);
    VALGRIND_MAKE_MEM_DEFINED(p, size);
}
