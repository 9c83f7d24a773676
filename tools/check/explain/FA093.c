/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A function has more ways through it than are followed, so the rest of it was
 * not looked at. Nothing is wrong with it, but what is reported is not all.
 * Split the function, or raise limits.steps.
 */
#include <framealloc/framealloc.h>

/* bad */

/* With --steps=1 this, too, is too much. */
int
count_ways(fa_frame *frame, const int *flags)
{
    int *count = fa_frame_new(frame, int);
    if (count == NULL)
        return 0;
    for (int i = 0; i < 16; i++)
        if (flags[i] != 0)
            ++*count;
    return *count;
}

/* good */

static int
is_set(int flag)
{
    return flag != 0;
}

int
count_set(const int *flags)
{
    int count = 0;
    for (int i = 0; i < 16; i++)
        count += is_set(flags[i]);
    return count;
}
