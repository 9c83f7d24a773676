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
gpu_ticket_that_is_lost(struct device *device, const struct mesh *mesh,
                        const float *from)
{
    fa_gpu_ticket ticket;
    if (fa_gpu_transfer_to_gpu(device->gpu, &mesh->vertices, 0, from,
                               mesh->count * sizeof(float), &ticket) != FA_OK)
        return false;
    return submit(device); /* here */
}

/* good */
bool
gpu_ticket_that_is_released(struct device *device, const struct mesh *mesh,
                            const float *from)
{
    fa_gpu_ticket ticket;
    if (fa_gpu_transfer_to_gpu(device->gpu, &mesh->vertices, 0, from,
                               mesh->count * sizeof(float), &ticket) != FA_OK)
        return false;
    bool is_ok = submit(device);
    fa_gpu_transfer_release(device->gpu, ticket);
    return is_ok;
}

/* bad: FA552 */
bool
gpu_target_without_its_use(struct device *device, struct mesh *mesh,
                           const float *from)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 4096;
    request.uses = FA_GPU_USE_VERTEX;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    return fa_gpu_transfer_to_gpu(device->gpu, &mesh->vertices, 0, /* here */
                                  from, 4096, &device->ticket) == FA_OK;
}

/* good */
bool
gpu_target_with_its_use(struct device *device, struct mesh *mesh,
                        const float *from)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 4096;
    request.uses = FA_GPU_USE_VERTEX | FA_GPU_USE_COPY_TARGET;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    return fa_gpu_transfer_to_gpu(device->gpu, &mesh->vertices, 0, from, 4096,
                                  &device->ticket) == FA_OK;
}

/* bad: FA553 */
float
gpu_result_too_early(struct device *device, const struct mesh *mesh)
{
    const void *result;
    uint64_t size;
    fa_gpu_ticket ticket;
    float first = 0;
    if (fa_gpu_transfer_to_cpu(device->gpu, &mesh->vertices, 0, 64, &ticket) !=
        FA_OK)
        return 0;
    if (submit(device) && fa_gpu_transfer_result(device->gpu, ticket, &result,
                                                 &size) == /* here */
                              FA_OK)
        first = *(const float *)result;
    fa_gpu_transfer_release(device->gpu, ticket);
    return first;
}

/* good */
float
gpu_result_in_time(struct device *device, const struct mesh *mesh)
{
    const void *result;
    uint64_t size;
    fa_gpu_ticket ticket;
    float first = 0;
    if (fa_gpu_transfer_to_cpu(device->gpu, &mesh->vertices, 0, 64, &ticket) !=
        FA_OK)
        return 0;
    if (submit(device) &&
        fa_gpu_transfer_wait(device->gpu, ticket, UINT64_MAX) == FA_OK &&
        fa_gpu_transfer_result(device->gpu, ticket, &result, &size) == FA_OK)
        first = *(const float *)result;
    fa_gpu_transfer_release(device->gpu, ticket);
    return first;
}

/* bad: FA554 */
bool
gpu_write_to_the_device(struct device *device, struct mesh *mesh)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 256;
    request.intent = FA_GPU_DEVICE_ONLY;
    request.uses = FA_GPU_USE_VERTEX;
    if (fa_gpu_alloc(device->gpu, &request, &mesh->vertices) != FA_OK)
        return false;
    memset(mesh->vertices.ptr, 0, 256); /* here */
    return true;
}

/* good */
bool
gpu_read_of_readback_memory(struct device *device, float *out)
{
    fa_gpu_slice slice;
    if (fa_gpu_frame_alloc(device->gpu, FA_GPU_READBACK, 64, 16, &slice) !=
        FA_OK)
        return false;
    return fa_gpu_slice_read(device->gpu, &slice, 0, out, 64) == FA_OK;
}

/* bad: FA555 */
bool
gpu_slice_of_a_frame_that_is_over(struct device *device, uint64_t serial)
{
    fa_gpu_slice slice;
    if (fa_gpu_begin_frame(device->gpu, UINT64_MAX) != FA_OK)
        return false;
    if (fa_gpu_frame_alloc(device->gpu, FA_GPU_HOST_VISIBLE, 64, 16, &slice) !=
        FA_OK)
        slice.ptr = NULL;
    if (fa_gpu_end_frame(device->gpu, serial) != FA_OK)
        return false;
    if (slice.ptr != NULL)
        memset(slice.ptr, 0, 64); /* here */
    return true;
}

/* good */
void
gpu_slice_that_is_freed_last(struct device *device, struct mesh *mesh)
{
    fa_gpu_slice slice = mesh->vertices;
    void *bytes = slice.ptr;
    memset(bytes, 0, 16);
    fa_gpu_free(device->gpu, &slice);
    bytes = &mesh->count;
    memset(bytes, 0, sizeof(mesh->count));
}
