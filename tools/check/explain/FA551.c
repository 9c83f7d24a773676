/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A transfer holds staging memory until its ticket is released. Lost tickets are
 * lost staging memory, until the limit is reached and uploads fail.
 */
#include <framealloc/gpu-transfer.h>

/* bad */

bool
upload_and_forget(fa_gpu *gpu, const fa_gpu_slice *target, const void *bytes)
{
    fa_gpu_ticket ticket;
    return fa_gpu_transfer_to_gpu(gpu, target, 0, bytes, 256, &ticket) == FA_OK;
}

/* good */

bool
upload(fa_gpu *gpu, const fa_gpu_slice *target, const void *bytes)
{
    fa_gpu_ticket ticket;
    if (fa_gpu_transfer_to_gpu(gpu, target, 0, bytes, 256, &ticket) != FA_OK)
        return false;
    fa_gpu_transfer_release(gpu, ticket);
    return true;
}
