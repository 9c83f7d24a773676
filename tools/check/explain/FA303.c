/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The size that is asked for is above the limit that the program has set itself,
 * so the call fails each time, or spills each time out of what was reserved.
 */
#include <framealloc/framealloc.h>

/* bad */

void *
make_table(fa_ctx *ctx, fa_group *out)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.capacity = 4096;
    if (fa_group_create(ctx, &config, out) != FA_OK)
        return NULL;
    return fa_frame_alloc(fa_group_frame(*out), 65536, 16);
}

/* good */

void *
make_small_table(fa_ctx *ctx, fa_group *out)
{
    fa_group_config config = FA_GROUP_CONFIG_INIT;
    config.capacity = 128 * 1024;
    if (fa_group_create(ctx, &config, out) != FA_OK)
        return NULL;
    return fa_frame_alloc(fa_group_frame(*out), 65536, 16);
}
