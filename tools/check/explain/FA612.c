/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A vector, a map or a string that grows is copied to a larger block, and handles
 * move when their space is compacted. A pointer from before then points to the
 * old place. Take the address again after each call that may grow.
 */
#include <framealloc/framealloc.h>

/* bad */

int
first_of_two(fa_frame *frame)
{
    FA_VEC(int) values = FA_VEC_INIT(frame);
    int *first = fa_vec_add(&values);
    if (first == NULL || !fa_vec_push(&values, 2))
        return 0;
    return *first;
}

/* good */

int
sum_of_two(fa_frame *frame)
{
    FA_VEC(int) values = FA_VEC_INIT(frame);
    if (!fa_vec_push(&values, 1) || !fa_vec_push(&values, 2))
        return 0;
    int *first = fa_vec_get(&values, 0);
    return first != NULL ? *first : 0;
}
