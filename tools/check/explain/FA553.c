/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The device works while the program goes on. A result that is read before its
 * transfer is complete is that of an earlier frame, or half of each.
 */
#include <framealloc/gpu-transfer.h>

/* bad */

float
luminance_now(fa_gpu *gpu, const fa_gpu_slice *image, uint64_t *serial)
{
    fa_gpu_ticket ticket;
    const void *bytes;
    uint64_t size;
    float value = 0;
    if (fa_gpu_transfer_to_cpu(gpu, image, 0, 4, &ticket) != FA_OK)
        return 0;
    if (fa_gpu_transfer_submit(gpu, serial) == FA_OK &&
        fa_gpu_transfer_result(gpu, ticket, &bytes, &size) == FA_OK)
        value = *(const float *)bytes;
    fa_gpu_transfer_release(gpu, ticket);
    return value;
}

/* good */

float
luminance(fa_gpu *gpu, const fa_gpu_slice *image, uint64_t *serial)
{
    fa_gpu_ticket ticket;
    const void *bytes;
    uint64_t size;
    float value = 0;
    if (fa_gpu_transfer_to_cpu(gpu, image, 0, 4, &ticket) != FA_OK)
        return 0;
    if (fa_gpu_transfer_submit(gpu, serial) == FA_OK &&
        fa_gpu_transfer_wait(gpu, ticket, UINT64_MAX) == FA_OK &&
        fa_gpu_transfer_result(gpu, ticket, &bytes, &size) == FA_OK)
        value = *(const float *)bytes;
    fa_gpu_transfer_release(gpu, ticket);
    return value;
}
