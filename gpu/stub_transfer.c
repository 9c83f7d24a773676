/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * No transfers.
 */
#include "state.h"

fa_status
transfer_open(fa_gpu *gpu)
{
    (void)gpu;
    return FA_OK;
}

void
transfer_close(fa_gpu *gpu)
{
    (void)gpu;
}

uint64_t
transfer_submitted_locked(const fa_gpu *gpu)
{
    (void)gpu;
    return 0;
}

uint64_t
transfer_completed_locked(const fa_gpu *gpu)
{
    (void)gpu;
    return 0;
}

void
transfer_frame_begin_locked(fa_gpu *gpu)
{
    (void)gpu;
}

void
transfer_frame_end_locked(fa_gpu *gpu, uint64_t number)
{
    (void)gpu;
    (void)number;
}
