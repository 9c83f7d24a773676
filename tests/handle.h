/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the suites of handles share.
 */
#ifndef FA_TESTS_HANDLE_H
#define FA_TESTS_HANDLE_H

#include "support.h"

#include "lifetime/handle.h"

static struct test_world w;
static fa_handle_space *space;

static void
close_space(void)
{
    fa_handle_space_destroy(space);
    test_close(&w);
}

static void
check_space(void)
{
    const char *wrong = fai_handle_check(space);
    ck_assert_msg(wrong == NULL, "%s", wrong);
}

static fa_handle_stats
stats(void)
{
    fa_handle_stats out = FA_HANDLE_STATS_INIT;
    ck_assert_int_eq(fa_handle_space_stats_read(space, &out), FA_OK);
    return out;
}

#endif
