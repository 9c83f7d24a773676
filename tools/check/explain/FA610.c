/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * On one way out nobody has the address of the block any more, so nobody can
 * free it. Each time the way is taken the pool grows by a block.
 */
#include <framealloc/framealloc.h>

#include <stdio.h>

/* bad */

int
read_number(fa_ctx *ctx, FILE *file)
{
    int *number = fa_pool_new(ctx, int);
    if (number == NULL || fscanf(file, "%d", number) != 1)
        return 0;
    int result = *number;
    fa_free(ctx, number);
    return result;
}

/* good */

int
scan_number(fa_ctx *ctx, FILE *file)
{
    int result = 0;
    int *number = fa_pool_new(ctx, int);
    if (number != NULL && fscanf(file, "%d", number) == 1)
        result = *number;
    fa_free(ctx, number);
    return result;
}
