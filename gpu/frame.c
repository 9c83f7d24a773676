/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Frames in flight. Each has an arena per intent: chunks that are bumped by an
 * atomic addition. A frame begins when the device has finished the one that
 * used its arenas before; then they are empty again. An arena whose frame did
 * not fit into one chunk begins its next frame with one of the size that frames
 * of late have needed, so that the steady state calls the driver for nothing.
 */
#include "state.h"

/* The id of a slice of an arena: this bit, and the number of its block. */
#define OF_ARENA ((uint64_t)1 << 63)

static uint64_t
frame_now(const fa_gpu *gpu)
{
    /* No pairing: the render thread writes it, and others are told by the open
     * flight. */
    return atomic_load_explicit(&gpu->frame, memory_order_relaxed);
}

static struct gpu_flight *
flight_of(fa_gpu *gpu, uint64_t number)
{
    return &gpu->flights[number % gpu->config.frames];
}

uint64_t
fa_gpu_frame_number(const fa_gpu *gpu)
{
    return frame_now(gpu);
}

uint64_t
fa_gpu_frame_finished(const fa_gpu *gpu)
{
    /* No pairing: a figure. */
    return atomic_load_explicit(&gpu->finished, memory_order_relaxed);
}

/* --- taking memory --- */

static inline void
slice_fill(const fa_gpu *gpu, const struct gpu_block *block, uint64_t at,
           uint64_t size, fa_gpu_slice *out)
{
    const fa_gpu_block *native = &block->native;
    out->ptr = native->ptr == NULL ? NULL : (char *)native->ptr + at;
    out->buffer = native->buffer;
    out->offset = at;
    out->size = size;
    out->address = native->address == 0 ? 0 : native->address + at;
    out->frame = frame_now(gpu);
    out->id = OF_ARENA | block->number;
}

/* Room for the size at the alignment, or false; then the block is full. */
static inline bool
bump(const fa_gpu *gpu, struct gpu_block *block, uint64_t size, uint64_t align,
     uint64_t *at)
{
    uint64_t mask = gpu->grain - 1;
    uint64_t need = (size + mask) & ~mask;
    if (FA_UNLIKELY(align > gpu->grain))
        need += align - gpu->grain;
    /* No pairing: whoever sees the block saw it published by chunk_open(). A
     * request that does not fit leaves the cursor, unless threads race; then it
     * passes the end, and cannot wrap, since sizes are limited. */
    uint64_t begin = atomic_load_explicit(&block->cursor, memory_order_relaxed);
    if (FA_UNLIKELY(begin + need > block->native.size))
        return false;
    begin =
        atomic_fetch_add_explicit(&block->cursor, need, memory_order_relaxed);
    *at = begin;
    if (FA_UNLIKELY(align > gpu->grain))
        *at = (begin + align - 1) & ~(align - 1);
    return begin + need <= block->native.size;
}

static void
chunk_open(struct gpu_arena *arena, struct gpu_block *block)
{
    /* Pairs with the acquire in fa_gpu_frame_alloc(): who finds the block sees
     * its contents. */
    atomic_store_explicit(&arena->open, block, memory_order_release);
}

static fa_status
chunk_add(fa_gpu *gpu, struct gpu_arena *arena, fa_gpu_intent intent,
          uint64_t least, uint64_t best, struct gpu_block **out)
{
    struct block_want want = {.intent = intent,
                              .size = least,
                              .best = best,
                              .uses = FA_GPU_USE_ALL,
                              .frames = GPU_FRAMES_ANY,
                              .flags = FA_GPU_ALLOW_HOST,
                              .allowed = UINT32_MAX,
                              .owner = BLOCK_ARENA,
                              .name = "frame arena"};
    fa_status status = block_get_locked(gpu, &want, out);
    if (status != FA_OK)
        return status;
    (*out)->next = arena->first;
    arena->first = *out;
    return FA_OK;
}

/* A chunk that was opened by another thread in the meantime, or a new one. */
static fa_status
alloc_grow(fa_gpu *gpu, struct gpu_arena *arena, fa_gpu_intent intent,
           uint64_t size, uint64_t align, struct gpu_block **block,
           uint64_t *at)
{
    /* No pairing: under the lock, where chunks are opened. */
    *block = atomic_load_explicit(&arena->open, memory_order_relaxed);
    if (*block != NULL && bump(gpu, *block, size, align, at))
        return FA_OK;
    uint64_t chunk = gpu->config.chunk_size;
    uint64_t least = size + (align > gpu->grain ? align : 0);
    fa_status status = chunk_add(gpu, arena, intent, least,
                                 least > chunk ? least : chunk, block);
    if (status != FA_OK)
        return status;
    /* A block of its own for what is large; the open chunk stays open. */
    bool is_large = least > chunk / 2 &&
                    atomic_load_explicit(&arena->open, memory_order_relaxed);
    bump(gpu, *block, size, align, at);
    if (!is_large)
        chunk_open(arena, *block);
    return FA_OK;
}

static FA_NOINLINE fa_status
alloc_slow(fa_gpu *gpu, struct gpu_arena *arena, fa_gpu_intent intent,
           uint64_t size, uint64_t align, fa_gpu_slice *out)
{
    struct gpu_block *block;
    uint64_t at;
    *out = (fa_gpu_slice)FA_GPU_SLICE_NONE;
    gpu_lock(gpu);
    fa_status status = gpu_is_lost(gpu) ? FA_ERR_DEVICE_LOST
                                        : alloc_grow(gpu, arena, intent, size,
                                                     align, &block, &at);
    if (status == FA_OK)
        slice_fill(gpu, block, at, size, out);
    gpu_unlock(gpu);
    budget_tell(gpu);
    return status;
}

static FA_NOINLINE fa_status
alloc_refuse(const struct gpu_flight *flight, fa_gpu_intent intent,
             uint64_t size, uint64_t align, fa_gpu_slice *out)
{
    *out = (fa_gpu_slice)FA_GPU_SLICE_NONE;
    if ((unsigned)intent >= FA_GPU_INTENTS || (align & (align - 1)) != 0)
        return FA_ERR_USAGE;
    if (flight == NULL)
        return FA_ERR_STATE;
    return size == 0 ? FA_ERR_USAGE : FA_ERR_NOMEM;
}

fa_status
fa_gpu_frame_alloc(fa_gpu *gpu, fa_gpu_intent intent, uint64_t size,
                   uint64_t align, fa_gpu_slice *out)
{
    /* Pairs with the release in fa_gpu_begin_frame(): its arenas are reset. */
    struct gpu_flight *flight =
        atomic_load_explicit(&gpu->open, memory_order_acquire);
    if (FA_UNLIKELY(flight == NULL || (unsigned)intent >= FA_GPU_INTENTS ||
                    (align & (align - 1)) != 0 || size - 1 >= GPU_SIZE_LIMIT ||
                    align > GPU_SIZE_LIMIT))
        return alloc_refuse(flight, intent, size, align, out);
    struct gpu_arena *arena = &flight->arenas[intent];
    /* Pairs with the release in chunk_open(). */
    struct gpu_block *block =
        atomic_load_explicit(&arena->open, memory_order_acquire);
    uint64_t at;
    if (FA_UNLIKELY(block == NULL || !bump(gpu, block, size, align, &at)))
        return alloc_slow(gpu, arena, intent, size, align, out);
    slice_fill(gpu, block, at, size, out);
    return FA_OK;
}

struct gpu_block *
frame_block_locked(fa_gpu *gpu, const fa_gpu_slice *slice)
{
    uint64_t number = slice->id & ~OF_ARENA;
    if ((slice->id & OF_ARENA) == 0 || number >= gpu->block_count ||
        slice->frame + gpu->config.frames <= frame_now(gpu))
        return NULL;
    struct gpu_block *block = gpu->blocks[number];
    if (block == NULL || block->owner != BLOCK_ARENA ||
        block->native.buffer != slice->buffer ||
        slice->offset + slice->size > block->native.size)
        return NULL;
    return block;
}

/* --- reset --- */

static uint64_t
chunk_used(const struct gpu_block *block)
{
    /* No pairing: the frame is over, nobody bumps. */
    uint64_t cursor =
        atomic_load_explicit(&block->cursor, memory_order_relaxed);
    return cursor < block->native.size ? cursor : block->native.size;
}

static uint64_t
water_of(const struct gpu_water *water)
{
    return water->now > water->before ? water->now : water->before;
}

static void
water_turn(fa_gpu *gpu, uint64_t number)
{
    if (number - gpu->water_frame < gpu->config.retain_frames)
        return;
    gpu->water_frame = number;
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        gpu->water[i] = (struct gpu_water){0, gpu->water[i].now};
}

static void
poison(const fa_gpu *gpu, const struct gpu_block *block)
{
    if ((gpu->config.flags & FA_GPU_CHECK) != 0 && block->native.ptr != NULL)
        memset(block->native.ptr, 0xdd, chunk_used(block));
}

/* Whether the one chunk of an arena is what frames of late need. */
static bool
is_suiting(const fa_gpu *gpu, const struct gpu_arena *arena, uint64_t need)
{
    const struct gpu_block *block = arena->first;
    if (block == NULL)
        return need == 0;
    if (block->next != NULL || need == 0)
        return false;
    uint64_t size = block->native.size;
    return size >= need && (size <= gpu->config.chunk_size || size / 4 <= need);
}

static uint64_t
rounded_need(const fa_gpu *gpu, uint64_t need)
{
    uint64_t size = gpu->config.chunk_size;
    while (size < need)
        size += size / 2;
    return size;
}

/* Chunks go idle, and one of the right size comes from there, or from the
 * driver; when it cannot, frames go on as before. */
static void
arena_resize(fa_gpu *gpu, struct gpu_arena *arena, fa_gpu_intent intent,
             uint64_t need)
{
    while (arena->first != NULL) {
        struct gpu_block *block = arena->first;
        arena->first = block->next;
        block_put_locked(gpu, block);
    }
    struct gpu_block *block = NULL;
    if (need != 0 && chunk_add(gpu, arena, intent, need,
                               rounded_need(gpu, need), &block) != FA_OK)
        block = NULL;
    /* No pairing: no frame is open. */
    atomic_store_explicit(&arena->open, block, memory_order_relaxed);
}

static void
arena_reset(fa_gpu *gpu, struct gpu_arena *arena, unsigned intent)
{
    for (struct gpu_block *block = arena->first; block != NULL;
         block = block->next) {
        poison(gpu, block);
        /* No pairing: no frame is open. */
        atomic_store_explicit(&block->cursor, 0, memory_order_relaxed);
    }
    uint64_t need = water_of(&gpu->water[intent]);
    if (is_suiting(gpu, arena, need))
        chunk_open(arena, arena->first);
    else
        arena_resize(gpu, arena, (fa_gpu_intent)intent, need);
}

/* --- progress --- */

static bool
is_finished(const fa_gpu *gpu, const struct gpu_flight *flight, uint64_t serial)
{
    return flight->number != 0 && flight->is_ended &&
           flight->serial <= serial &&
           flight->transfer <= transfer_completed_locked(gpu);
}

static void
note_finished(fa_gpu *gpu, uint64_t serial)
{
    uint64_t finished = fa_gpu_frame_finished(gpu);
    for (unsigned i = 0; i < gpu->config.frames; i++) {
        const struct gpu_flight *flight = &gpu->flights[i];
        if (is_finished(gpu, flight, serial) && flight->number > finished)
            finished = flight->number;
    }
    /* No pairing: a figure; memory is released under the lock. */
    atomic_store_explicit(&gpu->finished, finished, memory_order_relaxed);
}

fa_status
frame_poll_locked(fa_gpu *gpu)
{
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    uint64_t serial = 0;
    fa_status status = transfer_poll_locked(gpu);
    if (status == FA_OK)
        status =
            gpu_failed(gpu, gpu->backend.completed(gpu->backend.user,
                                                   FA_GPU_LANE_FRAME, &serial));
    if (status != FA_OK)
        return status;
    note_finished(gpu, serial);
    retire_run_locked(gpu);
    return FA_OK;
}

static fa_status
lane_wait(fa_gpu *gpu, fa_gpu_lane lane, uint64_t serial, uint64_t timeout_ns)
{
    if (serial == 0)
        return FA_OK;
    return gpu_failed(
        gpu, gpu->backend.wait(gpu->backend.user, lane, serial, timeout_ns));
}

/* Until the device has finished the frame whose arenas are next, without the
 * lock: other threads may upload meanwhile. */
static fa_status
flight_wait(fa_gpu *gpu, const struct gpu_flight *flight, uint64_t timeout_ns)
{
    if (flight->number == 0)
        return FA_OK;
    fa_status status =
        lane_wait(gpu, FA_GPU_LANE_FRAME, flight->serial, timeout_ns);
    if (status == FA_OK)
        status =
            lane_wait(gpu, FA_GPU_LANE_TRANSFER, flight->transfer, timeout_ns);
    return status == FA_TIMEOUT && timeout_ns == 0 ? FA_NOT_READY : status;
}

fa_status
frame_wait(fa_gpu *gpu, uint64_t number, uint64_t timeout_ns)
{
    gpu_lock(gpu);
    struct gpu_flight flight = *flight_of(gpu, number);
    gpu_unlock(gpu);
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    /* Its arenas are used by a later frame, so it is finished. */
    if (flight.number > number)
        return FA_OK;
    if (flight.number < number || !flight.is_ended)
        return FA_ERR_STATE;
    fa_status status = flight_wait(gpu, &flight, timeout_ns);
    gpu_lock(gpu);
    if (status == FA_OK)
        status = frame_poll_locked(gpu);
    gpu_unlock(gpu);
    return status;
}

static void
frame_open_locked(fa_gpu *gpu, struct gpu_flight *flight, uint64_t number)
{
    flight->number = number;
    flight->is_ended = false;
    /* No pairing: others are told by the open flight. */
    atomic_store_explicit(&gpu->frame, number, memory_order_relaxed);
    gpu->counts.frame_creates = 0;
    gpu->counts.frame_destroys = 0;
    transfer_frame_begin_locked(gpu);
    water_turn(gpu, number);
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        arena_reset(gpu, &flight->arenas[i], i);
    budget_refresh_locked(gpu);
    if (gpu->config.retain_frames != UINT32_MAX)
        block_trim_locked(gpu, UINT32_MAX, gpu->config.retain_frames, 4);
    /* Pairs with the acquire in fa_gpu_frame_alloc(). */
    atomic_store_explicit(&gpu->open, flight, memory_order_release);
}

fa_status
fa_gpu_begin_frame(fa_gpu *gpu, uint64_t timeout_ns)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    /* No pairing: the same thread opens and ends. */
    if (atomic_load_explicit(&gpu->open, memory_order_relaxed) != NULL)
        return FA_ERR_STATE;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    uint64_t number = frame_now(gpu) + 1;
    struct gpu_flight *flight = flight_of(gpu, number);
    fa_status status = flight_wait(gpu, flight, timeout_ns);
    gpu_lock(gpu);
    if (status == FA_OK)
        status = frame_poll_locked(gpu);
    if (status == FA_OK)
        frame_open_locked(gpu, flight, number);
    gpu_unlock(gpu);
    budget_tell(gpu);
    return status;
}

static fa_status
arena_flush(fa_gpu *gpu, struct gpu_arena *arena)
{
    fa_status status = FA_OK;
    for (struct gpu_block *block = arena->first;
         block != NULL && status == FA_OK; block = block->next)
        status = block_flush_locked(gpu, block, 0, chunk_used(block));
    return status;
}

fa_status
fa_gpu_frame_commit(fa_gpu *gpu)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    /* No pairing: the same thread has opened it. */
    struct gpu_flight *flight =
        atomic_load_explicit(&gpu->open, memory_order_relaxed);
    if (flight == NULL)
        return FA_ERR_STATE;
    gpu_lock(gpu);
    fa_status status = gpu_is_lost(gpu) ? FA_ERR_DEVICE_LOST : FA_OK;
    for (unsigned i = 0; i < FA_GPU_INTENTS && status == FA_OK; i++)
        if (i != FA_GPU_READBACK)
            status = arena_flush(gpu, &flight->arenas[i]);
    gpu_unlock(gpu);
    return status;
}

/* What the frame has used, for the size of later ones. */
static void
water_note(fa_gpu *gpu, const struct gpu_flight *flight)
{
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++) {
        uint64_t used = 0;
        for (const struct gpu_block *block = flight->arenas[i].first;
             block != NULL; block = block->next)
            used += chunk_used(block);
        if (used > gpu->water[i].now)
            gpu->water[i].now = used;
    }
}

fa_status
fa_gpu_end_frame(fa_gpu *gpu, uint64_t serial)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    /* No pairing: the same thread has opened it. */
    struct gpu_flight *flight =
        atomic_load_explicit(&gpu->open, memory_order_relaxed);
    if (flight == NULL)
        return FA_ERR_STATE;
    if (serial != 0 && serial <= gpu->last_serial)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    if (serial != 0)
        gpu->last_serial = serial;
    flight->serial = gpu->last_serial;
    transfer_frame_end_locked(gpu, flight->number);
    flight->transfer = transfer_submitted_locked(gpu);
    flight->is_ended = true;
    water_note(gpu, flight);
    slice_frame_end_locked(gpu, flight->number);
    /* Release, so that a late reader sees the frame whole; a call of
     * fa_gpu_frame_alloc() beside this one is a defect of the program. */
    atomic_store_explicit(&gpu->open, NULL, memory_order_release);
    gpu_unlock(gpu);
    return FA_OK;
}
