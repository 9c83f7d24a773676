/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets. Bytes taken from the driver are counted per heap, heaps belong to
 * the device's pool or to the system's, and on a unified device all to the
 * device's. The driver is asked once a frame, since that can take milliseconds;
 * in between, its figures are moved by our own.
 *
 * Drivers answer 0, or more than there is: then they are not believed.
 */
#include "state.h"

#include <framealloc/gpu-budget.h>

enum { DEVICE, SYSTEM };

struct tag_bytes {
    uint64_t bytes;
    uint64_t peak;
    uint64_t limit; /* 0: none. */
};

struct heap_bytes {
    uint64_t held;
    uint64_t held_then; /* When the driver was asked. */
    uint64_t budget;    /* The driver's, made believable. */
    uint64_t usage_then;
    bool has_usage; /* The driver's usage is known. */
};

struct gpu_budget {
    fa_gpu_budget limits;
    struct heap_bytes heaps[FA_GPU_HEAPS_MAX];
    uint64_t peaks[2];
    fa_gpu_level level;
    fa_gpu_level told;
    _Atomic bool is_news; /* They differ. */
    uint64_t queries;
    struct tag_bytes tags[FA_TAG_MAX];
};

static unsigned
pool_of(const fa_gpu *gpu, uint32_t heap)
{
    bool is_device =
        gpu->caps.is_unified || gpu->caps.heaps[heap].is_device_local;
    return is_device ? DEVICE : SYSTEM;
}

static uint64_t
limit_of(uint64_t bytes)
{
    return bytes == 0 ? UINT64_MAX : bytes;
}

/* value * percent / 100, without wrapping. */
static uint64_t
part_of(uint64_t value, uint32_t percent)
{
    return value == UINT64_MAX
               ? UINT64_MAX
               : value / 100 * percent + value % 100 * percent / 100;
}

/* --- sums --- */

static uint64_t
held_of(const fa_gpu *gpu, unsigned pool)
{
    uint64_t sum = 0;
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++)
        if (pool_of(gpu, i) == pool)
            sum += gpu->budget->heaps[i].held;
    return sum;
}

static uint64_t
core_held(const fa_gpu *gpu)
{
    fa_stats stats = FA_STATS_INIT;
    fa_stats_read(gpu->allocator, &stats);
    return stats.held_bytes;
}

static uint64_t
driver_usage(const struct heap_bytes *heap)
{
    if (!heap->has_usage)
        return heap->held;
    uint64_t usage = heap->usage_then + heap->held;
    return usage > heap->held_then ? usage - heap->held_then : 0;
}

static fa_gpu_level
level_of(uint64_t held, uint64_t limit)
{
    if (held >= limit)
        return FA_GPU_LEVEL_FULL;
    if (held >= part_of(limit, 90))
        return FA_GPU_LEVEL_HIGH;
    return held >= part_of(limit, 75) ? FA_GPU_LEVEL_RAISED : FA_GPU_LEVEL_LOW;
}

static void
raise(fa_gpu_level *level, uint64_t held, uint64_t limit)
{
    fa_gpu_level own = level_of(held, limit);
    if (own > *level)
        *level = own;
}

/* The core's bytes are only asked for where a limit needs them. */
static uint64_t
core_held_if_limited(const fa_gpu *gpu)
{
    const fa_gpu_budget *limits = &gpu->budget->limits;
    return limits->cpu_bytes != 0 || limits->combined_bytes != 0
               ? core_held(gpu)
               : 0;
}

static void
figures_update(fa_gpu *gpu)
{
    struct gpu_budget *budget = gpu->budget;
    uint64_t core = core_held_if_limited(gpu);
    uint64_t device = held_of(gpu, DEVICE);
    uint64_t system = held_of(gpu, SYSTEM) + core;
    if (device > budget->peaks[DEVICE])
        budget->peaks[DEVICE] = device;
    if (system > budget->peaks[SYSTEM])
        budget->peaks[SYSTEM] = system;
    fa_gpu_level level = FA_GPU_LEVEL_LOW;
    raise(&level, device, limit_of(budget->limits.gpu_bytes));
    raise(&level, system, limit_of(budget->limits.cpu_bytes));
    raise(&level, device + system, limit_of(budget->limits.combined_bytes));
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++)
        raise(&level, driver_usage(&budget->heaps[i]), budget->heaps[i].budget);
    budget->level = level;
    /* No pairing: a hint; who sees it takes the lock. */
    atomic_store_explicit(&budget->is_news, level != budget->told,
                          memory_order_relaxed);
}

/* --- the driver --- */

static void
heap_default(const fa_gpu *gpu, uint32_t i)
{
    struct heap_bytes *heap = &gpu->budget->heaps[i];
    heap->budget = part_of(gpu->caps.heaps[i].size, 80);
    heap->has_usage = false;
}

static void
heap_believe(const fa_gpu *gpu, uint32_t i, uint64_t budget, uint64_t usage)
{
    struct heap_bytes *heap = &gpu->budget->heaps[i];
    uint64_t size = gpu->caps.heaps[i].size;
    heap_default(gpu, i);
    if (budget != 0)
        heap->budget = budget < size ? budget : size;
    heap->has_usage = usage >= heap->held && usage != 0;
    heap->usage_then = usage;
    heap->held_then = heap->held;
}

void
budget_refresh_locked(fa_gpu *gpu)
{
    uint64_t budgets[FA_GPU_HEAPS_MAX] = {0};
    uint64_t usages[FA_GPU_HEAPS_MAX] = {0};
    bool is_asked = gpu->caps.has_budget && !gpu_is_lost(gpu) &&
                    (gpu->config.flags & FA_GPU_NO_DRIVER_BUDGET) == 0;
    if (is_asked) {
        gpu->budget->queries++;
        is_asked =
            gpu_failed(gpu, gpu->backend.budget(gpu->backend.user, budgets,
                                                usages)) == FA_OK;
    }
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++) {
        if (is_asked)
            heap_believe(gpu, i, budgets[i], usages[i]);
        else
            heap_default(gpu, i);
    }
    figures_update(gpu);
}

/* --- counting --- */

static bool
exceeds(uint64_t held, uint64_t bytes, uint64_t limit)
{
    return limit != UINT64_MAX && (held > limit || bytes > limit - held);
}

static uint64_t
soft_of(const struct gpu_budget *budget, uint64_t limit)
{
    return part_of(limit, budget->limits.soft_percent);
}

fa_status
budget_check_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag,
                    unsigned flags)
{
    (void)tag;
    struct gpu_budget *budget = gpu->budget;
    unsigned pool = pool_of(gpu, heap);
    uint64_t hard = limit_of(pool == DEVICE ? budget->limits.gpu_bytes
                                            : budget->limits.cpu_bytes);
    uint64_t both = limit_of(budget->limits.combined_bytes);
    uint64_t core = core_held_if_limited(gpu);
    uint64_t held = held_of(gpu, pool) + (pool == SYSTEM ? core : 0);
    uint64_t all = held_of(gpu, DEVICE) + held_of(gpu, SYSTEM) + core;
    if (exceeds(held, bytes, hard) || exceeds(all, bytes, both))
        return FA_ERR_BUDGET;
    if ((flags & FA_GPU_WITHIN_BUDGET) == 0)
        return FA_OK;
    const struct heap_bytes *own = &budget->heaps[heap];
    if (exceeds(held, bytes, soft_of(budget, hard)) ||
        exceeds(all, bytes, soft_of(budget, both)) ||
        exceeds(driver_usage(own), bytes, soft_of(budget, own->budget)))
        return FA_ERR_BUDGET;
    return FA_OK;
}

void
budget_charge_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag)
{
    (void)tag;
    gpu->budget->heaps[heap].held += bytes;
    figures_update(gpu);
}

void
budget_refund_locked(fa_gpu *gpu, uint32_t heap, uint64_t bytes, fa_tag tag)
{
    (void)tag;
    gpu->budget->heaps[heap].held -= bytes;
    figures_update(gpu);
}

fa_status
budget_tag_take_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes)
{
    struct tag_bytes *own = &gpu->budget->tags[tag];
    if (exceeds(own->bytes, bytes, limit_of(own->limit)))
        return FA_ERR_BUDGET;
    own->bytes += bytes;
    if (own->bytes > own->peak)
        own->peak = own->bytes;
    return FA_OK;
}

void
budget_tag_give_locked(fa_gpu *gpu, fa_tag tag, uint64_t bytes)
{
    gpu->budget->tags[tag].bytes -= bytes;
}

void
budget_tell(fa_gpu *gpu)
{
    struct gpu_budget *budget = gpu->budget;
    /* No pairing: as in figures_update(). */
    if (!atomic_load_explicit(&budget->is_news, memory_order_relaxed))
        return;
    gpu_lock(gpu);
    fa_gpu_budget limits = budget->limits;
    fa_gpu_level level = budget->level;
    bool is_news = level != budget->told;
    budget->told = level;
    atomic_store_explicit(&budget->is_news, false, memory_order_relaxed);
    gpu_unlock(gpu);
    if (is_news && limits.pressure != NULL)
        limits.pressure(limits.user, gpu, level);
}

/* --- public --- */

fa_status
budget_open(fa_gpu *gpu)
{
    gpu->budget = gpu_meta_alloc(gpu, sizeof(*gpu->budget));
    if (gpu->budget == NULL)
        return FA_ERR_NOMEM;
    memset(gpu->budget, 0, sizeof(*gpu->budget));
    gpu->budget->limits = (fa_gpu_budget)FA_GPU_BUDGET_INIT;
    gpu->budget->limits.soft_percent = 90;
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++)
        heap_default(gpu, i);
    return FA_OK;
}

void
budget_close(fa_gpu *gpu)
{
    gpu_meta_free(gpu, gpu->budget);
    gpu->budget = NULL;
}

fa_status
fa_gpu_budget_set(fa_gpu *gpu, const fa_gpu_budget *budget)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    fa_gpu_budget own = FA_GPU_BUDGET_INIT;
    if (budget != NULL && !gpu_struct_read(&own, sizeof(own), budget)) {
        fa_diag_send(gpu->allocator, 10, NULL, "fa_gpu_budget.struct_size");
        return FA_ERR_CONFIG;
    }
    if (own.soft_percent == 0)
        own.soft_percent = 90;
    if (own.soft_percent > 100) {
        fa_diag_send(gpu->allocator, 10, NULL,
                     "fa_gpu_budget.soft_percent is above 100");
        return FA_ERR_CONFIG;
    }
    gpu_lock(gpu);
    gpu->budget->limits = own;
    figures_update(gpu);
    gpu_unlock(gpu);
    budget_tell(gpu);
    return FA_OK;
}

fa_status
fa_gpu_tag_budget_set(fa_gpu *gpu, fa_tag tag, uint64_t bytes)
{
    if (gpu == NULL || tag >= FA_TAG_MAX)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    gpu->budget->tags[tag].limit = bytes;
    gpu_unlock(gpu);
    return FA_OK;
}

fa_status
fa_gpu_tag_usage_read(fa_gpu *gpu, fa_tag tag, uint64_t *bytes, uint64_t *peak)
{
    if (gpu == NULL || tag >= FA_TAG_MAX || bytes == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    *bytes = gpu->budget->tags[tag].bytes;
    if (peak != NULL)
        *peak = gpu->budget->tags[tag].peak;
    gpu_unlock(gpu);
    return FA_OK;
}

/* --- figures --- */

static uint64_t
used_of(const fa_gpu *gpu, unsigned pool)
{
    uint64_t used = 0;
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        const struct gpu_block *block = gpu->blocks[i];
        if (block != NULL && pool_of(gpu, block->memory_class.heap) == pool)
            used += block->used;
    }
    return used;
}

static fa_gpu_pool_usage
pool_usage(const fa_gpu *gpu, unsigned pool, uint64_t core)
{
    const struct gpu_budget *budget = gpu->budget;
    fa_gpu_pool_usage out = {
        .held_bytes = held_of(gpu, pool) + core,
        .used_bytes = used_of(gpu, pool),
        .peak_bytes = budget->peaks[pool],
        .limit_bytes = limit_of(pool == DEVICE ? budget->limits.gpu_bytes
                                               : budget->limits.cpu_bytes)};
    for (uint32_t i = 0; i < gpu->caps.heap_count; i++) {
        if (pool_of(gpu, i) != pool)
            continue;
        out.driver_budget += budget->heaps[i].budget;
        out.driver_usage += driver_usage(&budget->heaps[i]);
    }
    if (out.peak_bytes < out.held_bytes)
        out.peak_bytes = out.held_bytes;
    return out;
}

static bool
is_initialised(size_t struct_size, size_t own)
{
    return struct_size >= own && struct_size <= own + 4096;
}

fa_status
fa_gpu_usage_read(fa_gpu *gpu, fa_gpu_usage *out)
{
    if (gpu == NULL || out == NULL)
        return FA_ERR_USAGE;
    if (!is_initialised(out->struct_size, sizeof(*out)))
        return FA_ERR_CONFIG;
    uint64_t core = core_held(gpu);
    gpu_lock(gpu);
    out->gpu = pool_usage(gpu, DEVICE, 0);
    out->cpu = pool_usage(gpu, SYSTEM, core);
    out->combined_bytes = out->gpu.held_bytes + out->cpu.held_bytes;
    out->combined_limit = limit_of(gpu->budget->limits.combined_bytes);
    out->level = gpu->budget->level;
    gpu_unlock(gpu);
    return FA_OK;
}

static void
stats_sum(const fa_gpu *gpu, fa_gpu_stats *out)
{
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        const struct gpu_block *block = gpu->blocks[i];
        if (block == NULL)
            continue;
        out->blocks++;
        out->held_bytes += block->native.size;
        if (block->owner == BLOCK_ARENA)
            out->arena_bytes += block->native.size;
        if (block->owner == BLOCK_STAGING)
            out->staging_bytes += block->native.size;
    }
}

fa_status
fa_gpu_stats_read(fa_gpu *gpu, fa_gpu_stats *out)
{
    if (gpu == NULL || out == NULL)
        return FA_ERR_USAGE;
    if (!is_initialised(out->struct_size, sizeof(*out)))
        return FA_ERR_CONFIG;
    gpu_lock(gpu);
    *out = (fa_gpu_stats){.struct_size = out->struct_size,
                          .frame = fa_gpu_frame_number(gpu),
                          .finished = fa_gpu_frame_finished(gpu),
                          .idle_bytes = gpu->idle_bytes,
                          .slices = gpu->slice_live,
                          .retired = gpu->retired_count,
                          .block_creates = gpu->counts.block_creates,
                          .block_destroys = gpu->counts.block_destroys,
                          .flushes = gpu->counts.flushes,
                          .frame_creates = gpu->counts.frame_creates,
                          .frame_destroys = gpu->counts.frame_destroys,
                          .budget_queries = gpu->budget->queries};
    stats_sum(gpu, out);
    gpu_unlock(gpu);
    return FA_OK;
}

void
budget_heap_read_locked(const fa_gpu *gpu, uint32_t heap, uint64_t *budget,
                        uint64_t *usage)
{
    *budget = gpu->budget->heaps[heap].budget;
    *usage = driver_usage(&gpu->budget->heaps[heap]);
}
