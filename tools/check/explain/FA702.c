/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * While a coroutine or a fiber is suspended, others run, and the frame ends. What
 * it had allocated before is gone when it continues. Pin the frame, or keep what
 * is needed by value.
 */
#include <framealloc/framealloc.h>

FA_SUSPENDS
void fiber_yield(void);

/* bad */

int
wait_with_memory(fa_ctx *ctx)
{
    int *state = fa_frame_new(fa_ctx_frame(ctx), int);
    if (state == NULL)
        return 0;
    *state = 1;
    fiber_yield();
    return *state;
}

/* good */

int
wait_with_a_value(fa_ctx *ctx)
{
    int *state = fa_frame_new(fa_ctx_frame(ctx), int);
    if (state == NULL)
        return 0;
    *state = 1;
    int value = *state;
    fiber_yield();
    return value;
}
