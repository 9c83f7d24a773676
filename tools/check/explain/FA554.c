/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory with the intent FA_GPU_DEVICE_ONLY has no address for the processor on
 * most devices: ptr is NULL there, and the write crashes. Where it has one, the
 * program works on the developer's machine alone.
 */
#include <framealloc/gpu.h>

#include <string.h>

/* bad */

bool
mesh_clear(fa_gpu *gpu, fa_gpu_slice *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.intent = FA_GPU_DEVICE_ONLY;
    request.uses = FA_GPU_USE_VERTEX;
    if (fa_gpu_alloc(gpu, &request, mesh) != FA_OK)
        return false;
    memset(mesh->ptr, 0, 256);
    return true;
}

/* good */

bool
mesh_zero(fa_gpu *gpu, fa_gpu_slice *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.intent = FA_GPU_HOST_VISIBLE;
    request.uses = FA_GPU_USE_VERTEX;
    if (fa_gpu_alloc(gpu, &request, mesh) != FA_OK)
        return false;
    memset(mesh->ptr, 0, 256);
    return true;
}
