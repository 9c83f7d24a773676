/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory was asked for without the use that a copy needs. The copy is refused,
 * and drivers that do not look write to anywhere.
 */
#include <framealloc/gpu-transfer.h>

/* bad */

bool
mesh_fill(fa_gpu *gpu, fa_gpu_slice *mesh, const void *bytes,
          fa_gpu_ticket *out)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.uses = FA_GPU_USE_VERTEX;
    return fa_gpu_alloc(gpu, &request, mesh) == FA_OK &&
           fa_gpu_transfer_to_gpu(gpu, mesh, 0, bytes, 256, out) == FA_OK;
}

/* good */

bool
mesh_load(fa_gpu *gpu, fa_gpu_slice *mesh, const void *bytes,
          fa_gpu_ticket *out)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.uses = FA_GPU_USE_VERTEX | FA_GPU_USE_COPY_TARGET;
    return fa_gpu_alloc(gpu, &request, mesh) == FA_OK &&
           fa_gpu_transfer_to_gpu(gpu, mesh, 0, bytes, 256, out) == FA_OK;
}
