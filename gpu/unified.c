/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Unified: frames of both sides in step, and buffers that know where their
 * newest bytes are. A buffer changes its location when the device has done the
 * copy, not when the copy is queued: a copy that is dropped, or whose frame is
 * never submitted, leaves the buffer as it was.
 */
#include "state.h"

#include <framealloc/gpu-unified.h>

struct fa_unified {
    fa_allocator *allocator;
    fa_gpu *gpu;
    uint64_t gpu_base; /* Number of the device's frame before the first. */
    _Atomic uint64_t number; /* A figure; pairs with nothing. */
    pthread_mutex_t mutex;   /* Of what follows. */
    fa_unified_buffer *first;
    fa_unified_usage usage;
};

enum way { WAY_NONE, WAY_TO_GPU, WAY_TO_CPU };

struct fa_unified_buffer {
    fa_unified *unified;
    fa_unified_buffer *before;
    fa_unified_buffer *after;
    fa_unified_request request;
    void *cpu; /* NULL: none; of staging, the slice's. */
    fa_gpu_slice slice;
    fa_unified_location location;
    enum way way;    /* Of the copy that is on its way. */
    bool is_changed; /* On either side since the copy was queued. */
    fa_gpu_ticket ticket;
};

/* --- frames --- */

fa_status
fa_unified_create(fa_allocator *allocator, fa_gpu *gpu, fa_unified **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL || gpu == NULL)
        return FA_ERR_USAGE;
    fa_stats stats = FA_STATS_INIT;
    fa_stats_read(allocator, &stats);
    /* No pairing: frames are opened by one thread at a time, this one. */
    if (stats.frame_is_open ||
        atomic_load_explicit(&gpu->open, memory_order_relaxed) != NULL)
        return FA_ERR_STATE;
    fa_unified *unified =
        fa_heap_alloc(fa_ctx_current(allocator), sizeof(*unified), 16);
    if (unified == NULL)
        return FA_ERR_NOMEM;
    memset(unified, 0, sizeof(*unified));
    unified->allocator = allocator;
    unified->gpu = gpu;
    unified->gpu_base = fa_gpu_frame_number(gpu);
    pthread_mutex_init(&unified->mutex, NULL);
    *out = unified;
    return FA_OK;
}

fa_status
fa_unified_begin_frame(fa_unified *unified, uint64_t timeout_ns, fa_frame **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (unified == NULL)
        return FA_ERR_USAGE;
    fa_status status = fa_gpu_begin_frame(unified->gpu, timeout_ns);
    if (status != FA_OK)
        return status;
    *out = fa_begin_frame(unified->allocator);
    /* No pairing: a figure. */
    atomic_fetch_add_explicit(&unified->number, 1, memory_order_relaxed);
    return FA_OK;
}

fa_status
fa_unified_end_frame(fa_unified *unified, uint64_t serial)
{
    if (unified == NULL)
        return FA_ERR_USAGE;
    fa_status status = fa_gpu_end_frame(unified->gpu, serial);
    if (status == FA_OK)
        fa_end_frame(unified->allocator);
    return status;
}

uint64_t
fa_unified_frame_number(const fa_unified *unified)
{
    /* No pairing: a figure. */
    return atomic_load_explicit(&unified->number, memory_order_relaxed);
}

fa_status
fa_unified_frame_wait(fa_unified *unified, uint64_t number, uint64_t timeout_ns)
{
    if (unified == NULL || number > fa_unified_frame_number(unified))
        return FA_ERR_USAGE;
    if (number == 0)
        return FA_OK;
    return frame_wait(unified->gpu, unified->gpu_base + number, timeout_ns);
}

/* --- memory of buffers --- */

static bool
has_cpu(const fa_unified_buffer *buffer)
{
    return buffer->cpu != NULL && buffer->request.kind != FA_UNIFIED_STAGING;
}

static bool
cpu_make(fa_unified_buffer *buffer)
{
    if (buffer->cpu != NULL)
        return true;
    fa_unified *unified = buffer->unified;
    if (buffer->request.size > SIZE_MAX / 2)
        return false;
    buffer->cpu = fa_heap_alloc(fa_ctx_current(unified->allocator),
                                (size_t)buffer->request.size, 64);
    if (buffer->cpu == NULL)
        return false;
    memset(buffer->cpu, 0, (size_t)buffer->request.size);
    pthread_mutex_lock(&unified->mutex);
    unified->usage.cpu_bytes += buffer->request.size;
    pthread_mutex_unlock(&unified->mutex);
    return true;
}

static fa_status
gpu_make(fa_unified_buffer *buffer)
{
    if (buffer->slice.id != 0)
        return FA_OK;
    fa_unified *unified = buffer->unified;
    bool is_staging = buffer->request.kind == FA_UNIFIED_STAGING;
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = buffer->request.size;
    request.intent = is_staging ? FA_GPU_HOST_CACHED : buffer->request.intent;
    request.uses = buffer->request.uses == 0
                       ? 0
                       : buffer->request.uses | FA_GPU_USE_COPY_SOURCE |
                             FA_GPU_USE_COPY_TARGET;
    request.tag = buffer->request.tag;
    request.name = buffer->request.name;
    fa_status status = fa_gpu_alloc(unified->gpu, &request, &buffer->slice);
    if (status != FA_OK)
        return status;
    if (is_staging)
        buffer->cpu = buffer->slice.ptr;
    pthread_mutex_lock(&unified->mutex);
    unified->usage.gpu_bytes += buffer->request.size;
    pthread_mutex_unlock(&unified->mutex);
    return FA_OK;
}

/* GPU memory of a queued copy cannot be freed: FA_ERR_STATE, and all stays. */
static fa_status
memory_free(fa_unified_buffer *buffer)
{
    fa_unified *unified = buffer->unified;
    bool had_gpu = buffer->slice.id != 0;
    bool had_cpu = has_cpu(buffer);
    if (fa_gpu_free(unified->gpu, &buffer->slice) == FA_ERR_STATE)
        return FA_ERR_STATE;
    if (had_cpu)
        fa_heap_free(fa_ctx_current(unified->allocator), buffer->cpu);
    pthread_mutex_lock(&unified->mutex);
    unified->usage.cpu_bytes -= had_cpu ? buffer->request.size : 0;
    unified->usage.gpu_bytes -= had_gpu ? buffer->request.size : 0;
    pthread_mutex_unlock(&unified->mutex);
    return FA_OK;
}

/* --- buffers --- */

static void
link_buffer(fa_unified *unified, fa_unified_buffer *buffer)
{
    pthread_mutex_lock(&unified->mutex);
    buffer->after = unified->first;
    if (unified->first != NULL)
        unified->first->before = buffer;
    unified->first = buffer;
    unified->usage.buffers++;
    pthread_mutex_unlock(&unified->mutex);
}

static void
unlink_buffer(fa_unified *unified, fa_unified_buffer *buffer)
{
    pthread_mutex_lock(&unified->mutex);
    if (buffer->before != NULL)
        buffer->before->after = buffer->after;
    else
        unified->first = buffer->after;
    if (buffer->after != NULL)
        buffer->after->before = buffer->before;
    unified->usage.buffers--;
    pthread_mutex_unlock(&unified->mutex);
}

static fa_status
memory_make(fa_unified_buffer *buffer)
{
    if (buffer->request.kind != FA_UNIFIED_CPU) {
        fa_status status = gpu_make(buffer);
        bool is_gpu = buffer->request.kind == FA_UNIFIED_GPU;
        buffer->location =
            is_gpu ? FA_UNIFIED_GPU_ONLY : FA_UNIFIED_SYNCHRONIZED;
        return status;
    }
    buffer->location = FA_UNIFIED_CPU_ONLY;
    return cpu_make(buffer) ? FA_OK : FA_ERR_NOMEM;
}

fa_status
fa_unified_buffer_new(fa_unified *unified, const fa_unified_request *request,
                      fa_unified_buffer **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (unified == NULL || request == NULL)
        return FA_ERR_USAGE;
    fa_unified_request own;
    if (!gpu_struct_read(&own, sizeof(own), request)) {
        fa_diag_send(unified->allocator, 10, NULL,
                     "fa_unified_request.struct_size");
        return FA_ERR_CONFIG;
    }
    if (own.size == 0 || (unsigned)own.kind > FA_UNIFIED_STAGING ||
        (unsigned)own.intent >= FA_GPU_INTENTS)
        return FA_ERR_USAGE;
    fa_ctx *ctx = fa_ctx_current(unified->allocator);
    fa_unified_buffer *buffer = fa_heap_alloc(ctx, sizeof(*buffer), 16);
    if (buffer == NULL)
        return FA_ERR_NOMEM;
    memset(buffer, 0, sizeof(*buffer));
    buffer->unified = unified;
    buffer->request = own;
    fa_status status = memory_make(buffer);
    if (status != FA_OK) {
        fa_heap_free(ctx, buffer);
        return status;
    }
    link_buffer(unified, buffer);
    *out = buffer;
    return FA_OK;
}

/* Forgets a copy that has been recorded or is done. */
static fa_status
copy_forget(fa_unified_buffer *buffer)
{
    fa_status status = FA_OK;
    if (buffer->way != WAY_NONE)
        status = fa_gpu_transfer_release(buffer->unified->gpu, buffer->ticket);
    if (status == FA_OK)
        buffer->way = WAY_NONE;
    return status;
}

fa_status
fa_unified_buffer_free(fa_unified *unified, fa_unified_buffer *buffer)
{
    if (buffer == NULL)
        return FA_OK;
    if (unified == NULL || buffer->unified != unified)
        return FA_ERR_USAGE;
    fa_status status = memory_free(buffer);
    if (status != FA_OK)
        return status;
    copy_forget(buffer);
    unlink_buffer(unified, buffer);
    fa_heap_free(fa_ctx_current(unified->allocator), buffer);
    return FA_OK;
}

void
fa_unified_destroy(fa_unified *unified)
{
    if (unified == NULL)
        return;
    /* Copies that were never sent would keep their buffers. */
    fa_gpu_transfer_drop(unified->gpu);
    while (unified->first != NULL)
        fa_unified_buffer_free(unified, unified->first);
    pthread_mutex_destroy(&unified->mutex);
    fa_heap_free(fa_ctx_current(unified->allocator), unified);
}

const void *
fa_unified_buffer_read(fa_unified_buffer *buffer)
{
    return buffer->location == FA_UNIFIED_GPU_ONLY ? NULL : buffer->cpu;
}

void *
fa_unified_buffer_write(fa_unified_buffer *buffer)
{
    if (buffer->cpu == NULL)
        return NULL;
    buffer->location = FA_UNIFIED_CPU_ONLY;
    buffer->is_changed = true;
    return buffer->cpu;
}

fa_status
fa_unified_buffer_set_gpu(fa_unified_buffer *buffer)
{
    if (buffer->slice.id == 0)
        return FA_ERR_UNSUPPORTED;
    buffer->location = FA_UNIFIED_GPU_ONLY;
    buffer->is_changed = true;
    return FA_OK;
}

fa_gpu_slice
fa_unified_buffer_slice(const fa_unified_buffer *buffer)
{
    return buffer->slice;
}

fa_unified_location
fa_unified_buffer_location(fa_unified *unified, fa_unified_buffer *buffer)
{
    fa_status status = fa_unified_wait(unified, buffer, 0);
    (void)status;
    return buffer->location;
}

/* --- copies --- */

/* One memory: what the CPU wrote becomes visible, or what the device did. */
static fa_status
staging_sync(fa_unified_buffer *buffer, enum way way)
{
    fa_gpu *gpu = buffer->unified->gpu;
    gpu_lock(gpu);
    struct gpu_block *block = slice_block_locked(gpu, &buffer->slice);
    fa_status status = block == NULL ? FA_ERR_STALE : FA_OK;
    if (status == FA_OK && way == WAY_TO_GPU)
        status = block_flush_locked(gpu, block, buffer->slice.offset,
                                    buffer->slice.size);
    else if (status == FA_OK)
        status = block_invalidate_locked(gpu, block, buffer->slice.offset,
                                         buffer->slice.size);
    gpu_unlock(gpu);
    if (status == FA_OK)
        buffer->location = FA_UNIFIED_SYNCHRONIZED;
    return status;
}

/* Whether a copy may be queued now; FA_OK and *is_needed. */
static fa_status
copy_check(fa_unified *unified, fa_unified_buffer *buffer,
           fa_unified_location source, bool *is_needed)
{
    if (unified == NULL || buffer == NULL || buffer->unified != unified)
        return FA_ERR_USAGE;
    fa_unified_location location = fa_unified_buffer_location(unified, buffer);
    *is_needed = location != FA_UNIFIED_SYNCHRONIZED;
    if (buffer->way != WAY_NONE)
        return FA_ERR_STATE;
    return !*is_needed || location == source ? FA_OK : FA_ERR_STATE;
}

fa_status
fa_unified_to_gpu(fa_unified *unified, fa_unified_buffer *buffer)
{
    bool is_needed;
    fa_status status =
        copy_check(unified, buffer, FA_UNIFIED_CPU_ONLY, &is_needed);
    if (status != FA_OK || !is_needed)
        return status;
    if (buffer->request.kind == FA_UNIFIED_STAGING)
        return staging_sync(buffer, WAY_TO_GPU);
    status = gpu_make(buffer);
    if (status != FA_OK)
        return status;
    status =
        fa_gpu_transfer_to_gpu(unified->gpu, &buffer->slice, 0, buffer->cpu,
                               buffer->request.size, &buffer->ticket);
    if (status != FA_OK)
        return status;
    buffer->way = WAY_TO_GPU;
    buffer->is_changed = false;
    return FA_OK;
}

fa_status
fa_unified_to_cpu(fa_unified *unified, fa_unified_buffer *buffer)
{
    bool is_needed;
    fa_status status =
        copy_check(unified, buffer, FA_UNIFIED_GPU_ONLY, &is_needed);
    if (status != FA_OK || !is_needed)
        return status;
    if (buffer->request.kind == FA_UNIFIED_STAGING)
        return staging_sync(buffer, WAY_TO_CPU);
    if (!cpu_make(buffer))
        return FA_ERR_NOMEM;
    status = fa_gpu_transfer_to_cpu(unified->gpu, &buffer->slice, 0,
                                    buffer->request.size, &buffer->ticket);
    if (status != FA_OK)
        return status;
    buffer->way = WAY_TO_CPU;
    buffer->is_changed = false;
    return FA_OK;
}

/* The copy is done: its bytes count, unless either side has newer ones. */
static fa_status
copy_finish(fa_unified_buffer *buffer)
{
    if (buffer->way == WAY_TO_CPU && !buffer->is_changed) {
        const void *bytes;
        uint64_t size;
        fa_status status = fa_gpu_transfer_result(
            buffer->unified->gpu, buffer->ticket, &bytes, &size);
        if (status != FA_OK)
            return status;
        memcpy(buffer->cpu, bytes, (size_t)size);
    }
    if (!buffer->is_changed)
        buffer->location = FA_UNIFIED_SYNCHRONIZED;
    return copy_forget(buffer);
}

fa_status
fa_unified_wait(fa_unified *unified, fa_unified_buffer *buffer,
                uint64_t timeout_ns)
{
    if (unified == NULL || buffer == NULL || buffer->unified != unified)
        return FA_ERR_USAGE;
    if (buffer->way == WAY_NONE)
        return FA_OK;
    fa_status status =
        fa_gpu_transfer_wait(unified->gpu, buffer->ticket, timeout_ns);
    if (status == FA_OK)
        return copy_finish(buffer);
    if (status == FA_ERR_STALE)
        copy_forget(buffer);
    return status == FA_TIMEOUT && timeout_ns == 0 ? FA_NOT_READY : status;
}

fa_status
fa_unified_usage_read(fa_unified *unified, fa_unified_usage *out)
{
    if (unified == NULL || out == NULL)
        return FA_ERR_USAGE;
    size_t size = out->struct_size;
    if (size < sizeof(*out) || size > sizeof(*out) + 4096)
        return FA_ERR_CONFIG;
    pthread_mutex_lock(&unified->mutex);
    *out = unified->usage;
    pthread_mutex_unlock(&unified->mutex);
    out->struct_size = size;
    return FA_OK;
}
