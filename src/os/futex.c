/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Sleeping by the futex call of Linux. Its failures are not errors: all of
 * them mean that the caller has to look again.
 */
#include "os/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdbool.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NS_PER_S 1000000000u

/* What this call reads. Not struct timespec: where long has 32 bits, libc's
 * may have a time_t of 64, which is for another call. */
struct kernel_time {
    __kernel_long_t s;
    __kernel_long_t ns;
};

void
fai_futex_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    int error = errno;
    struct kernel_time at = {(__kernel_long_t)(deadline_ns / NS_PER_S),
                             (__kernel_long_t)(deadline_ns % NS_PER_S)};
    /* What does not fit is 68 years away. */
    bool is_never = deadline_ns == FAI_FUTEX_FOREVER ||
                    (uint64_t)at.s != deadline_ns / NS_PER_S;
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
            is_never ? NULL : &at, NULL, FUTEX_BITSET_MATCH_ANY);
    errno = error;
}

void
fai_futex_wake(const uint32_t *word)
{
    int error = errno;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX);
    errno = error;
}
