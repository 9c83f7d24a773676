/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the two suites of retained blocks share.
 */
#ifndef FA_TESTS_RETAIN_H
#define FA_TESTS_RETAIN_H

#include "support.h"

#include <string.h>

static struct test_world w;

static inline void
open_world(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    test_begin(&w);
}

static inline void
prepare_world(void)
{
    test_prepare(&w);
}

static inline void
close_world(void)
{
    test_close(&w);
}

/* The outcomes of one test, in order. */
struct told {
    unsigned count;
    fa_retained event[16];
    bool was_readable; /* The block had its bytes then, and so had the copy. */
};

static struct told told;

static inline void
take_event(void *user, const fa_retained *retained)
{
    ck_assert_ptr_eq(user, &told);
    told.event[told.count++ % COUNT(told.event)] = *retained;
    told.was_readable = test_is_filled(retained->from, retained->size, 1) &&
                        (retained->to == NULL ||
                         test_is_filled(retained->to, retained->size, 1));
}

static fa_retain
how_to(fa_retain_policy policy)
{
    fa_retain how = FA_RETAIN_INIT;
    told = (struct told){0};
    how.policy = policy;
    how.fn = take_event;
    how.user = &told;
    return how;
}

/* A filled block of the open frame, retained. */
static char *
retain(size_t size, const fa_retain *how)
{
    char *block = fa_frame_alloc(w.frame, size, 16);
    ck_assert_ptr_nonnull(block);
    test_fill(block, size, 1);
    ck_assert_int_eq(fa_frame_retain(w.frame, block, size, how), FA_OK);
    return block;
}

static fa_retain_summary
summary(void)
{
    fa_retain_summary summary = FA_RETAIN_SUMMARY_INIT;
    ck_assert_int_eq(fa_retain_summary_read(w.ctx, &summary), FA_OK);
    return summary;
}

static inline fa_scratch
make_scratch(size_t capacity)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    fa_scratch scratch;
    config.capacity = capacity;
    ck_assert_int_eq(fa_scratch_create(w.allocator, "kept", &config, &scratch),
                     FA_OK);
    return scratch;
}

#endif
