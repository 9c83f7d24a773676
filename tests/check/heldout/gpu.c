/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Cases for framealloc check: memory of the graphics device.
 */
#include <framealloc/gpu-transfer.h>
#include <framealloc/gpu.h>

#include <stdint.h>
#include <string.h>

struct mesh {
    fa_gpu_slice vertices;
    size_t count;
};

struct device {
    fa_gpu *gpu;
    fa_gpu_ticket ticket;
    void *commands;
    uint64_t serial;
};

bool submit(struct device *device);

/* The cases. */

/* bad: FA551 */
bool
gpu_slice_that_is_lost(struct device *device, const void *pixels)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice staging;
    request.size = 4096;
    request.intent = FA_GPU_STAGING;
    request.uses = FA_GPU_USE_COPY_SOURCE;
    if (fa_gpu_alloc(device->gpu, &request, &staging) != FA_OK)
        return false;
    return fa_gpu_slice_write(device->gpu, &staging, 0, pixels, 4096) ==
           FA_OK; /* here */
}

/* good */
bool
gpu_slice_that_is_freed(struct device *device, const void *pixels)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice staging;
    request.size = 4096;
    request.intent = FA_GPU_STAGING;
    request.uses = FA_GPU_USE_COPY_SOURCE;
    if (fa_gpu_alloc(device->gpu, &request, &staging) != FA_OK)
        return false;
    bool is_ok =
        fa_gpu_slice_write(device->gpu, &staging, 0, pixels, 4096) == FA_OK;
    fa_gpu_free(device->gpu, &staging);
    return is_ok;
}

/* bad: FA552 */
bool
gpu_source_without_its_use(struct device *device, struct mesh *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 1024;
    request.uses = FA_GPU_USE_STORAGE | FA_GPU_USE_COPY_TARGET;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    return fa_gpu_transfer_to_cpu(device->gpu, &mesh->vertices, 0, /* here */
                                  1024, &device->ticket) == FA_OK;
}

/* good */
bool
gpu_source_with_its_use(struct device *device, struct mesh *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 1024;
    request.uses = FA_GPU_USE_ALL;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    return fa_gpu_transfer_to_cpu(device->gpu, &mesh->vertices, 0, 1024,
                                  &device->ticket) == FA_OK;
}

/* good */
bool
gpu_write_to_the_host(struct device *device, struct mesh *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.intent = FA_GPU_HOST_VISIBLE;
    request.uses = FA_GPU_USE_VERTEX;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    memset(mesh->vertices.ptr, 0, 256);
    return true;
}

/* bad: FA554 */
bool
gpu_read_of_the_device(struct device *device, float *out)
{
    fa_gpu_slice slice;
    if (fa_gpu_frame_alloc(device->gpu, FA_GPU_DEVICE_ONLY, 64, 16, &slice) !=
        FA_OK)
        return false;
    return fa_gpu_slice_read(device->gpu, &slice, 0, out, 64) == /* here */
           FA_OK;
}

/* good */
bool
gpu_slice_of_a_frame_that_is_open(struct device *device, uint64_t serial)
{
    fa_gpu_slice slice;
    if (fa_gpu_begin_frame(device->gpu, UINT64_MAX) != FA_OK)
        return false;
    if (fa_gpu_frame_alloc(device->gpu, FA_GPU_HOST_VISIBLE, 64, 16, &slice) !=
        FA_OK)
        slice.ptr = NULL;
    if (slice.ptr != NULL)
        memset(slice.ptr, 0, 64);
    return fa_gpu_end_frame(device->gpu, serial) == FA_OK;
}

/* bad: FA555 */
void
gpu_slice_that_was_freed(struct device *device, struct mesh *mesh)
{
    fa_gpu_slice slice = mesh->vertices;
    void *bytes = slice.ptr;
    fa_gpu_free(device->gpu, &slice);
    memset(bytes, 0, 16); /* here */
}
