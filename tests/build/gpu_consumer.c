/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/* A program of the GPU module, on a device of RAM; see cmake.sh. */
#include <framealloc/gpu-backend.h>
#include <framealloc/gpu.h>
#include <stdio.h>

static int
use_device(fa_gpu *gpu)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    fa_gpu_slice slice;

    request.size = 1000;
    request.intent = FA_GPU_HOST_VISIBLE;
    if (fa_gpu_begin_frame(gpu, 0) != FA_OK ||
        fa_gpu_alloc(gpu, &request, &slice) != FA_OK || slice.ptr == NULL)
        return 1;
    ((char *)slice.ptr)[999] = 1;
    if (fa_gpu_free(gpu, &slice) != FA_OK || fa_gpu_end_frame(gpu, 1) != FA_OK)
        return 1;
    return fa_gpu_stats_read(gpu, &stats) != FA_OK;
}

int
main(void)
{
    fa_gpu_null_config null_config = FA_GPU_NULL_CONFIG_INIT;
    fa_gpu_config config = FA_GPU_CONFIG_INIT;
    fa_gpu_backend backend;
    fa_gpu_null *device;
    fa_gpu *gpu;
    fa_allocator *allocator;

    if (fa_allocator_create(NULL, &allocator) != FA_OK ||
        fa_gpu_null_create(allocator, &null_config, &backend, &device) !=
            FA_OK ||
        fa_gpu_create(allocator, &config, &backend, &gpu) != FA_OK ||
        use_device(gpu) != 0)
        return 1;
    fa_gpu_destroy(gpu);
    puts(fa_allocator_heap_name(allocator));
    fa_allocator_destroy(allocator);
    return 0;
}
