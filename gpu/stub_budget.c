/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * No budgets.
 */
#include "state.h"

fa_status
budget_open(fa_gpu *gpu)
{
    (void)gpu;
    return FA_OK;
}

void
budget_close(fa_gpu *gpu)
{
    (void)gpu;
}

fa_status
budget_check_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag,
                    unsigned flags)
{
    (void)gpu;
    (void)heap;
    (void)bytes;
    (void)tag;
    (void)flags;
    return FA_OK;
}

void
budget_charge_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag)
{
    (void)gpu;
    (void)heap;
    (void)bytes;
    (void)tag;
}

void
budget_refund_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag)
{
    (void)gpu;
    (void)heap;
    (void)bytes;
    (void)tag;
}

fa_status
budget_tag_take_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes)
{
    (void)gpu;
    (void)tag;
    (void)bytes;
    return FA_OK;
}

void
budget_tag_give_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes)
{
    (void)gpu;
    (void)tag;
    (void)bytes;
}

void
budget_refresh_locked(fa_gpu *gpu)
{
    (void)gpu;
}

void
budget_tell(fa_gpu *gpu)
{
    (void)gpu;
}
