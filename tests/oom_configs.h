/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The kinds of allocators that the scenarios of oom_sweep.c run on.
 */
#ifndef FA_TESTS_OOM_CONFIGS_H
#define FA_TESTS_OOM_CONFIGS_H

#include "os/fault.h"

#include <framealloc/allocator.h>

#include <stdlib.h>

static void
with_guard_1(fa_allocator_config *config)
{
    config->guard = FA_GUARD_CHECK;
}

static void
with_guard_2(fa_allocator_config *config)
{
    config->guard = FA_GUARD_PROTECT;
}

static void
with_guard_3(fa_allocator_config *config)
{
    config->guard = FA_GUARD_FRESH;
}

static void
with_some_guard_3(fa_allocator_config *config)
{
    config->guard = FA_GUARD_FRESH;
    config->guard_sample = 64;
}

static void
with_lag(fa_allocator_config *config)
{
    config->frame_lag = 3;
}

static void
with_prefault(fa_allocator_config *config)
{
    config->prefault = 1 << 20;
}

static void
with_small_reserve(fa_allocator_config *config)
{
    config->frame_reserve = 64 << 10;
}

static void
with_performance(fa_allocator_config *config)
{
    *config = (fa_allocator_config)FA_ALLOCATOR_CONFIG_PERFORMANCE;
    config->guard = FA_GUARD_OFF;
}

static void
with_counts(fa_allocator_config *config)
{
    config->counts = true;
}

/* The backend asks for faults, too. */
static void *
backend_alloc(void *user, size_t size, size_t align)
{
    void *block = NULL;
    (void)user;
    if (fai_fault_strikes() || posix_memalign(&block, align, size) != 0)
        return NULL;
    return block;
}

static void
backend_free(void *user, void *block, size_t size, size_t align)
{
    (void)user;
    (void)size;
    (void)align;
    free(block);
}

static void
with_backend(fa_allocator_config *config)
{
    static const fa_heap_backend backend = {
        sizeof(backend), "test", NULL, backend_alloc, backend_free, NULL};
    config->heap = &backend;
}

#endif
