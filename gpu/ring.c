/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The staging ring: chunks that are filled one after the other. When the device
 * is done with the copies in a chunk, it is the spare one that is filled next,
 * or goes to the idle blocks. A spare chunk stays while the ring is used, even
 * if many frames fit into a chunk, so that the steady state calls the driver
 * for nothing. What is idle for long, block.c gives back to the driver.
 *
 * A chunk stays open over several batches, until it is full: closing it with
 * each batch would hold a chunk per frame in flight for a few small uploads.
 * So it notes the newest frame and the newest transfer that use it; as the two
 * lanes do not wait for each other, it needs both.
 */
#include "transfer.h"

static bool
is_done(const fa_gpu *gpu, const struct gpu_block *chunk)
{
    return chunk->holds == 0 && !chunk->is_queued &&
           chunk->last_frame <= fa_gpu_frame_finished(gpu) &&
           chunk->last_serial <= gpu->transfer->completed;
}

static void
put_chunk(fa_gpu *gpu, struct ring *ring, struct gpu_block *chunk)
{
    if (ring->open == chunk)
        ring->open = NULL;
    gpu->transfer->held -= chunk->native.size;
    chunk->used = 0;
    block_put_locked(gpu, chunk);
}

static bool
is_spare(const fa_gpu *gpu, const struct ring *ring,
         const struct gpu_block *chunk)
{
    return ring->spare == NULL && ring->open != chunk &&
           chunk->native.size >= gpu->config.staging_chunk &&
           chunk->native.size / 2 < gpu->config.staging_chunk;
}

/* The device is done with it. */
static void
recycle_chunk(fa_gpu *gpu, struct ring *ring, struct gpu_block *chunk)
{
    if (is_spare(gpu, ring, chunk))
        ring->spare = chunk;
    else
        put_chunk(gpu, ring, chunk);
}

static void
drop_spare(fa_gpu *gpu, struct ring *ring)
{
    if (ring->spare == NULL)
        return;
    struct gpu_block *chunk = ring->spare;
    ring->spare = NULL;
    put_chunk(gpu, ring, chunk);
}

static bool
is_in_use(const fa_gpu *gpu, const struct ring *ring)
{
    uint64_t unused = fa_gpu_frame_number(gpu) - ring->used_frame;
    return unused <= gpu->config.retain_frames;
}

/* Chunks that the device is done with. The open one is kept to be filled again,
 * and the spare one, unless nothing is to be kept. */
static void
reclaim(fa_gpu *gpu, struct ring *ring, bool is_kept)
{
    struct gpu_block **link = &ring->first;
    while (*link != NULL) {
        struct gpu_block *chunk = *link;
        if (!is_done(gpu, chunk)) {
            link = &chunk->next;
        } else if (is_kept && ring->open == chunk) {
            chunk->used = 0;
            link = &chunk->next;
        } else {
            *link = chunk->next;
            chunk->next = NULL;
            recycle_chunk(gpu, ring, chunk);
        }
    }
    if (!is_kept)
        drop_spare(gpu, ring);
}

void
ring_reclaim_locked(fa_gpu *gpu)
{
    struct gpu_transfer *transfer = gpu->transfer;
    reclaim(gpu, &transfer->staging, is_in_use(gpu, &transfer->staging));
    reclaim(gpu, &transfer->readback, is_in_use(gpu, &transfer->readback));
}

void
ring_trim_locked(fa_gpu *gpu)
{
    reclaim(gpu, &gpu->transfer->staging, false);
    reclaim(gpu, &gpu->transfer->readback, false);
}

/* Room for this many bytes below the limit, perhaps after a look at what the
 * device has finished. */
static fa_status
check_limit(fa_gpu *gpu, uint64_t size)
{
    const struct gpu_transfer *transfer = gpu->transfer;
    uint64_t limit = gpu->config.staging_limit;
    if (size > limit)
        return FA_ERR_BUDGET;
    if (transfer->held <= limit - size)
        return FA_OK;
    fa_status status = frame_poll_locked(gpu);
    if (status != FA_OK)
        return status;
    ring_reclaim_locked(gpu);
    if (transfer->held > limit - size)
        ring_trim_locked(gpu);
    return transfer->held <= limit - size ? FA_OK : FA_NOT_READY;
}

static fa_status
new_chunk(fa_gpu *gpu, struct ring *ring, uint64_t size, struct gpu_block **out)
{
    uint64_t best = gpu->config.staging_chunk;
    if (best > gpu->config.staging_limit)
        best = gpu->config.staging_limit;
    if (best < size)
        best = size;
    fa_status status = check_limit(gpu, best);
    if (status != FA_OK)
        return status;
    struct block_want want = {
        .intent = ring->intent,
        .size = size,
        .best = best,
        .uses = FA_GPU_USE_COPY_SOURCE | FA_GPU_USE_COPY_TARGET,
        .frames = GPU_FRAMES_ANY,
        .allowed = UINT32_MAX,
        .owner = BLOCK_STAGING,
        .name = "staging",
    };
    status = block_get_locked(gpu, &want, out);
    if (status != FA_OK || (*out)->native.ptr != NULL)
        return status;
    /* A backend whose staging memory the CPU does not see. */
    block_put_locked(gpu, *out);
    return FA_ERR_UNSUPPORTED;
}

static fa_status
get_chunk(fa_gpu *gpu, struct ring *ring, uint64_t size, struct gpu_block **out)
{
    *out = ring->spare;
    if (*out != NULL && size <= (*out)->native.size) {
        ring->spare = NULL;
        gpu->transfer->held -= (*out)->native.size;
        return FA_OK;
    }
    fa_status status = new_chunk(gpu, ring, size, out);
    if (status == FA_OK || ring->spare == NULL)
        return status;
    /* The spare one is too small, and in the way. */
    drop_spare(gpu, ring);
    return new_chunk(gpu, ring, size, out);
}

/* A larger request has its chunk for itself, and the open one stays open. */
static fa_status
add_chunk(fa_gpu *gpu, struct ring *ring, uint64_t size, struct gpu_block **out)
{
    fa_status status = get_chunk(gpu, ring, size, out);
    if (status != FA_OK)
        return status;
    struct gpu_block *chunk = *out;
    chunk->used = 0;
    chunk->last_frame = 0;
    chunk->last_serial = 0;
    chunk->holds = 0;
    chunk->is_queued = false;
    chunk->next = ring->first;
    ring->first = chunk;
    gpu->transfer->held += chunk->native.size;
    if (size <= gpu->config.staging_chunk)
        ring->open = chunk;
    return FA_OK;
}

static bool
has_room(const struct gpu_block *chunk, uint64_t size)
{
    return chunk != NULL && chunk->native.size - chunk->used >= size;
}

fa_status
ring_take_locked(fa_gpu *gpu, struct ring *ring, uint64_t size,
                 struct gpu_block **block, uint64_t *offset)
{
    uint64_t grain = gpu->transfer->grain;
    if (size > gpu->config.staging_limit)
        return FA_ERR_BUDGET;
    size = (size + grain - 1) & ~(grain - 1);
    ring->used_frame = fa_gpu_frame_number(gpu);
    struct gpu_block *chunk = ring->open;
    if (!has_room(chunk, size)) {
        /* The device may be done with a chunk; memory that was used before is
         * better than fresh memory. */
        fa_status status = frame_poll_locked(gpu);
        if (status != FA_OK)
            return status;
        ring_reclaim_locked(gpu);
        chunk = ring->open;
        if (!has_room(chunk, size))
            status = add_chunk(gpu, ring, size, &chunk);
        if (status != FA_OK)
            return status;
    }
    *block = chunk;
    *offset = chunk->used;
    chunk->used += size;
    chunk->holds++;
    return FA_OK;
}

static void
stamp(struct ring *ring, uint64_t frame, uint64_t serial)
{
    for (struct gpu_block *chunk = ring->first; chunk != NULL;
         chunk = chunk->next) {
        if (!chunk->is_queued)
            continue;
        chunk->is_queued = false;
        if (chunk->last_frame < frame)
            chunk->last_frame = frame;
        if (chunk->last_serial < serial)
            chunk->last_serial = serial;
    }
}

void
ring_stamp_locked(fa_gpu *gpu, uint64_t frame, uint64_t serial)
{
    stamp(&gpu->transfer->staging, frame, serial);
    stamp(&gpu->transfer->readback, frame, serial);
}

void
ring_close_locked(fa_gpu *gpu, struct ring *ring)
{
    drop_spare(gpu, ring);
    while (ring->first != NULL) {
        struct gpu_block *chunk = ring->first;
        ring->first = chunk->next;
        chunk->next = NULL;
        put_chunk(gpu, ring, chunk);
    }
}
