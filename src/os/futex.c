/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Sleeping by the futex call of Linux. Its failures are not errors: all of
 * them mean that the caller has to look again.
 */
#include "os/futex.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000u

void
fai_futex_wait(const uint32_t *word, uint32_t value, uint64_t deadline_ns)
{
    int error = errno;
    struct timespec at = {(time_t)(deadline_ns / NS_PER_S),
                          (long)(deadline_ns % NS_PER_S)};
    syscall(SYS_futex, word, FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG, value,
            deadline_ns == FAI_FUTEX_FOREVER ? NULL : &at, NULL,
            FUTEX_BITSET_MATCH_ANY);
    errno = error;
}

void
fai_futex_wake(const uint32_t *word)
{
    int error = errno;
    syscall(SYS_futex, word, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT32_MAX);
    errno = error;
}
