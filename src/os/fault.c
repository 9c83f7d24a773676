/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fault injection by counting the system calls that may fail.
 */
#include "os/fault.h"

#include "base/atomic.h"

static bool is_armed;
static bool is_for_ever;
static uint64_t strike_at;
static uint64_t asked;

void
fai_fault_arm(uint64_t n, bool for_ever)
{
    /* Tests arm before threads use the library; no pairing is needed. */
    fai_store(&asked, 0);
    fai_store(&strike_at, n);
    fai_store(&is_for_ever, for_ever);
    fai_store(&is_armed, n != 0);
}

uint64_t
fai_fault_asked(void)
{
    return fai_load(&asked);
}

bool
fai_fault_strikes(void)
{
    if (FAI_LIKELY(!fai_load(&is_armed)))
        return false;
    uint64_t n = fai_fetch_add(&asked, 1) + 1;
    return n == fai_load(&strike_at) ||
           (n > fai_load(&strike_at) && fai_load(&is_for_ever));
}
