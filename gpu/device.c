/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The memory of one device, from its making to its end; the lock; the lost
 * device, which stays lost.
 */
#include "state.h"

#include <stdarg.h>
#include <stdio.h>

void
gpu_lock(fa_gpu *gpu)
{
    if ((gpu->config.flags & FA_GPU_EXTERNAL_SYNC) == 0)
        pthread_mutex_lock(&gpu->mutex);
}

void
gpu_say_locked(fa_gpu *gpu, uint32_t number, const char *format, ...)
{
    if (gpu->note_count == GPU_NOTES)
        return;
    struct gpu_note *entry = &gpu->notes[gpu->note_count++];
    entry->number = number;
    va_list list;
    va_start(list, format);
    vsnprintf(entry->detail, sizeof(entry->detail), format, list);
    va_end(list);
}

bool
gpu_is_lost(const fa_gpu *gpu)
{
    /* No pairing: the flag tells nothing about other memory. */
    return atomic_load_explicit(&gpu->is_lost, memory_order_relaxed);
}

fa_status
gpu_failed(fa_gpu *gpu, fa_status status)
{
    /* No pairing: as above. */
    if (status == FA_ERR_DEVICE_LOST)
        atomic_store_explicit(&gpu->is_lost, true, memory_order_relaxed);
    return status;
}

/* The sink of the program may call the library, so it is called without the
 * lock. */
void
gpu_unlock(fa_gpu *gpu)
{
    if (gpu_is_lost(gpu) && !gpu->is_loss_told) {
        gpu->is_loss_told = true;
        gpu_say_locked(gpu, 556, "%s", gpu->caps.device);
    }
    struct gpu_note notes[GPU_NOTES];
    uint32_t count = gpu->note_count;
    if (count != 0)
        memcpy(notes, gpu->notes, count * sizeof(notes[0]));
    gpu->note_count = 0;
    if ((gpu->config.flags & FA_GPU_EXTERNAL_SYNC) == 0)
        pthread_mutex_unlock(&gpu->mutex);
    for (uint32_t i = 0; i < count; i++)
        fa_diag_send(gpu->allocator, notes[i].number, NULL, "%s",
                     notes[i].detail);
}

void *
gpu_meta_alloc(fa_gpu *gpu, size_t size)
{
    return fa_heap_alloc(fa_ctx_current(gpu->allocator), size, 16);
}

void *
gpu_meta_resize(fa_gpu *gpu, void *block, size_t size)
{
    return fa_heap_realloc(fa_ctx_current(gpu->allocator), block, size, 16);
}

void
gpu_meta_free(fa_gpu *gpu, void *block)
{
    fa_heap_free(fa_ctx_current(gpu->allocator), block);
}

/* --- making --- */

bool
gpu_struct_read(void *own, size_t own_size, const void *given)
{
    size_t size;
    memcpy(&size, given, sizeof(size));
    if (size < own_size || size > own_size + 4096)
        return false;
    /* A newer program may know more members, as long as it leaves them 0. */
    const unsigned char *bytes = given;
    for (size_t i = own_size; i < size; i++)
        if (bytes[i] != 0)
            return false;
    memcpy(own, given, own_size);
    return true;
}

static bool
in_range(uint64_t value, uint64_t least, uint64_t most)
{
    return value >= least && value <= most;
}

static const char *
config_complete(fa_gpu_config *config)
{
    if (config->flags >
        (FA_GPU_EXTERNAL_SYNC | FA_GPU_CHECK | FA_GPU_NO_DRIVER_BUDGET))
        return "flags";
    if (config->frames == 0)
        config->frames = 2;
    if (config->chunk_size == 0)
        config->chunk_size = (uint64_t)1 << 20;
    if (config->block_size == 0)
        config->block_size = (uint64_t)8 << 20;
    if (config->staging_chunk == 0)
        config->staging_chunk = (uint64_t)4 << 20;
    if (config->staging_limit == 0)
        config->staging_limit = (uint64_t)64 << 20;
    if (config->retain_frames == 0)
        config->retain_frames = 8;

    if (config->frames > FA_GPU_FLIGHT_MAX)
        return "frames";
    if (!in_range(config->chunk_size, 4096, (uint64_t)1 << 30))
        return "chunk_size";
    if (!in_range(config->block_size, 65536, GPU_SIZE_LIMIT))
        return "block_size";
    if (!in_range(config->staging_chunk, 4096, GPU_SIZE_LIMIT))
        return "staging_chunk";
    if (!in_range(config->staging_limit, config->staging_chunk, GPU_SIZE_LIMIT))
        return "staging_limit";
    return NULL;
}

static const char *
config_read(fa_gpu_config *own, const fa_gpu_config *given)
{
    *own = (fa_gpu_config)FA_GPU_CONFIG_INIT;
    if (given != NULL && !gpu_struct_read(own, sizeof(*own), given))
        return "struct_size";
    return config_complete(own);
}

static bool
backend_read(fa_gpu_backend *own, const fa_gpu_backend *given)
{
    return gpu_struct_read(own, sizeof(*own), given) &&
           own->abi == FA_GPU_BACKEND_ABI && own->caps != NULL &&
           own->choose != NULL && own->block_create != NULL &&
           own->block_destroy != NULL && own->flush != NULL &&
           own->invalidate != NULL && own->record != NULL &&
           own->completed != NULL && own->wait != NULL &&
           own->native_error != NULL && own->destroy != NULL;
}

static uint64_t
larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

static void
caps_read(fa_gpu *gpu)
{
    fa_gpu_caps *caps = &gpu->caps;
    *caps = (fa_gpu_caps){.struct_size = sizeof(*caps)};
    gpu->backend.caps(gpu->backend.user, caps);
    caps->device[sizeof(caps->device) - 1] = 0;
    if (caps->heap_count > FA_GPU_HEAPS_MAX)
        caps->heap_count = FA_GPU_HEAPS_MAX;
    caps->atom = larger(caps->atom, 1);
    caps->has_budget = caps->has_budget && gpu->backend.budget != NULL;
    caps->has_submit = caps->has_submit && gpu->backend.submit != NULL;
    uint64_t grain =
        larger(larger(caps->atom, 16),
               larger(caps->uniform_align,
                      larger(caps->storage_align, caps->texel_align)));
    /* They are powers of two; a backend that errs costs some bytes. */
    for (gpu->grain = 16; gpu->grain < grain;)
        gpu->grain *= 2;
}

static fa_status
refuse_config(fa_allocator *allocator, const char *member)
{
    fa_diag_send(allocator, 10, NULL, "fa_gpu_config.%s", member);
    return FA_ERR_CONFIG;
}

static fa_status
parts_open(fa_gpu *gpu)
{
    fa_status status = budget_open(gpu);
    if (status != FA_OK)
        return status;
    status = transfer_open(gpu);
    if (status != FA_OK)
        budget_close(gpu);
    return status;
}

fa_status
fa_gpu_create(fa_allocator *allocator, const fa_gpu_config *config,
              const fa_gpu_backend *backend, fa_gpu **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL || backend == NULL)
        return FA_ERR_USAGE;
    fa_gpu_config own;
    const char *member = config_read(&own, config);
    if (member != NULL)
        return refuse_config(allocator, member);
    fa_gpu_backend functions;
    if (!backend_read(&functions, backend)) {
        fa_diag_send(allocator, 10, NULL, "fa_gpu_backend is not complete");
        return FA_ERR_CONFIG;
    }

    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_gpu *gpu = fa_heap_alloc(ctx, sizeof(*gpu), 64);
    if (gpu == NULL)
        return FA_ERR_NOMEM;
    memset(gpu, 0, sizeof(*gpu));
    gpu->allocator = allocator;
    gpu->config = own;
    gpu->backend = functions;
    caps_read(gpu);
    pthread_mutex_init(&gpu->mutex, NULL);
    fa_status status = parts_open(gpu);
    if (status != FA_OK) {
        pthread_mutex_destroy(&gpu->mutex);
        fa_heap_free(ctx, gpu);
        return status;
    }
    *out = gpu;
    return FA_OK;
}

/* --- end --- */

/* Until the device has finished with everything, or is lost. */
static void
wait_for_all(fa_gpu *gpu)
{
    fa_gpu_backend *backend = &gpu->backend;
    uint64_t transfer = transfer_submitted_locked(gpu);
    if (gpu->last_serial != 0 && !gpu_is_lost(gpu))
        gpu_failed(gpu, backend->wait(backend->user, FA_GPU_LANE_FRAME,
                                      gpu->last_serial, UINT64_MAX));
    if (transfer != 0 && !gpu_is_lost(gpu))
        gpu_failed(gpu, backend->wait(backend->user, FA_GPU_LANE_TRANSFER,
                                      transfer, UINT64_MAX));
}

void
fa_gpu_destroy(fa_gpu *gpu)
{
    if (gpu == NULL)
        return;
    wait_for_all(gpu);
    gpu_lock(gpu);
    transfer_close(gpu);
    slice_close(gpu);
    for (uint32_t i = 0; i < gpu->block_count; i++)
        if (gpu->blocks[i] != NULL)
            block_destroy_locked(gpu, gpu->blocks[i]);
    budget_close(gpu);
    gpu_unlock(gpu);
    gpu->backend.destroy(gpu->backend.user);
    gpu_meta_free(gpu, gpu->blocks);
    gpu_meta_free(gpu, gpu->slices);
    gpu_meta_free(gpu, gpu->retired);
    pthread_mutex_destroy(&gpu->mutex);
    gpu_meta_free(gpu, gpu);
}

fa_status
fa_gpu_trim(fa_gpu *gpu)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    fa_status status = frame_poll_locked(gpu);
    if (status == FA_OK) {
        transfer_trim_locked(gpu);
        block_trim_locked(gpu, UINT32_MAX, 0, UINT32_MAX);
    }
    gpu_unlock(gpu);
    return status;
}

int64_t
fa_gpu_native_error(const fa_gpu *gpu)
{
    return gpu->backend.native_error(gpu->backend.user);
}
