/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The call that sets or reads a budget says whether it has worked. Unseen, a
 * budget that was not set limits nothing, and figures that were not read are
 * those from before.
 */
#include <framealloc/framealloc.h>

/* bad */

uint64_t
bytes_left(fa_allocator *allocator)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    fa_budget_read(allocator, FA_BUDGET_ALLOCATOR, 0, &usage);
    return usage.remaining;
}

/* good */

uint64_t
bytes_free(fa_allocator *allocator)
{
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    if (fa_budget_read(allocator, FA_BUDGET_ALLOCATOR, 0, &usage) != FA_OK)
        return 0;
    return usage.remaining;
}
