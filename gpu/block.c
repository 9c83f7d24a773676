/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Blocks: memory as the driver gives it, seldom and in large pieces. All of it
 * passes block_make_locked(), which asks the budget first (G3). A block that
 * nobody needs is kept idle for some frames, since drivers are slow and a frame
 * like the one before would ask again.
 */
#include "state.h"

static uint64_t
smaller(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t
round_up(uint64_t value, uint64_t to)
{
    return (value + to - 1) / to * to;
}

uint64_t
block_align(const fa_gpu *gpu, unsigned uses, uint32_t props)
{
    const fa_gpu_caps *caps = &gpu->caps;
    const struct {
        unsigned uses;
        uint64_t align;
    } needs[] = {{FA_GPU_USE_UNIFORM, caps->uniform_align},
                 {FA_GPU_USE_STORAGE, caps->storage_align},
                 {FA_GPU_USE_TEXEL, caps->texel_align}};
    uint64_t align = 16;
    for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
        if ((uses & needs[i].uses) != 0 && needs[i].align > align)
            align = needs[i].align;
    if ((props & FA_GPU_PROP_HOST_VISIBLE) != 0 && caps->atom > align)
        align = caps->atom;
    return align;
}

/* --- visibility --- */

static bool
is_moved_by_hand(const struct gpu_block *block)
{
    return block->native.ptr != NULL &&
           (block->native.props & FA_GPU_PROP_COHERENT) == 0;
}

static fa_gpu_range
whole_atoms(const fa_gpu *gpu, const struct gpu_block *block, uint64_t offset,
            uint64_t size)
{
    uint64_t atom = gpu->caps.atom;
    uint64_t begin = offset / atom * atom;
    uint64_t end = smaller(round_up(offset + size, atom), block->native.size);
    return (fa_gpu_range){&block->native, begin, end - begin};
}

fa_status
block_flush_locked(fa_gpu *gpu, const struct gpu_block *block, uint64_t offset,
                   uint64_t size)
{
    if (!is_moved_by_hand(block) || size == 0)
        return FA_OK;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    fa_gpu_range range = whole_atoms(gpu, block, offset, size);
    gpu->counts.flushes++;
    return gpu_failed(gpu, gpu->backend.flush(gpu->backend.user, &range, 1));
}

fa_status
block_invalidate_locked(fa_gpu *gpu, const struct gpu_block *block,
                        uint64_t offset, uint64_t size)
{
    if (!is_moved_by_hand(block) || size == 0)
        return FA_OK;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    fa_gpu_range range = whole_atoms(gpu, block, offset, size);
    return gpu_failed(gpu,
                      gpu->backend.invalidate(gpu->backend.user, &range, 1));
}

/* --- the table --- */

static bool
table_reserve(fa_gpu *gpu, uint32_t *number)
{
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        if (gpu->blocks[i] == NULL) {
            *number = i;
            return true;
        }
    }
    uint32_t count = gpu->block_count == 0 ? 16 : gpu->block_count * 2;
    struct gpu_block **blocks =
        gpu_meta_resize(gpu, gpu->blocks, count * sizeof(*blocks));
    if (blocks == NULL)
        return false;
    memset(blocks + gpu->block_count, 0,
           (count - gpu->block_count) * sizeof(*blocks));
    *number = gpu->block_count;
    gpu->blocks = blocks;
    gpu->block_count = count;
    return true;
}

/* --- giving back --- */

static void
forget(fa_gpu *gpu, struct gpu_block *block)
{
    if (block->owner == BLOCK_IDLE)
        gpu->idle_bytes -= block->native.size;
    fa_offset_destroy(block->offsets);
    gpu->blocks[block->number] = NULL;
    gpu->block_live--;
    gpu_meta_free(gpu, block);
}

void
block_destroy_locked(fa_gpu *gpu, struct gpu_block *block)
{
    gpu->backend.block_destroy(gpu->backend.user, &block->native);
    gpu->counts.block_destroys++;
    gpu->counts.frame_destroys++;
    budget_refund_locked(gpu, block->memory_class.heap, block->native.size,
                         FA_TAG_NONE);
    forget(gpu, block);
}

void
block_put_locked(fa_gpu *gpu, struct gpu_block *block)
{
    /* What is dedicated, or for images, fits nothing else. */
    if (block->key.is_dedicated || block->key.is_opaque) {
        block_destroy_locked(gpu, block);
        return;
    }
    fa_offset_destroy(block->offsets);
    block->offsets = NULL;
    block->used = 0;
    block->owner = BLOCK_IDLE;
    /* No pairing: nobody bumps an idle block. */
    block->idle_frame = atomic_load_explicit(&gpu->frame, memory_order_relaxed);
    gpu->idle_bytes += block->native.size;
}

void
block_trim_locked(fa_gpu *gpu, uint32_t heap, uint64_t idle_frames,
                  uint32_t max)
{
    /* No pairing: under the lock. */
    uint64_t frame = atomic_load_explicit(&gpu->frame, memory_order_relaxed);
    for (uint32_t i = 0; i < gpu->block_count && max > 0; i++) {
        struct gpu_block *block = gpu->blocks[i];
        if (block == NULL || block->owner != BLOCK_IDLE ||
            (heap != UINT32_MAX && block->memory_class.heap != heap) ||
            frame - block->idle_frame < idle_frames)
            continue;
        block_destroy_locked(gpu, block);
        max--;
    }
}

/* --- getting --- */

static struct block_key
key_of(const struct block_want *want, const fa_gpu_class *memory_class)
{
    return (struct block_key){memory_class->id, (uint16_t)want->frames,
                              want->is_opaque, want->is_dedicated};
}

/* The smallest idle block that fits and does not waste more than half. */
static struct gpu_block *
idle_find(fa_gpu *gpu, const struct block_want *want,
          const fa_gpu_class *memory_class)
{
    struct gpu_block *best = NULL;
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        struct gpu_block *block = gpu->blocks[i];
        if (block == NULL || block->owner != BLOCK_IDLE ||
            block->key.class_id != memory_class->id ||
            block->native.size < want->size ||
            block->native.size / 2 > want->best ||
            (block->uses & want->uses) != want->uses)
            continue;
        if (best == NULL || block->native.size < best->native.size)
            best = block;
    }
    return best;
}

static void
block_assign(fa_gpu *gpu, struct gpu_block *block,
             const struct block_want *want)
{
    block->key = key_of(want, &block->memory_class);
    block->owner = want->owner;
    block->name = want->name;
    block->next = NULL;
    /* Published with the chunk, by the release in chunk_open(). */
    atomic_store_explicit(&block->cursor, 0, memory_order_relaxed);
    if (want->name != NULL && gpu->backend.set_name != NULL)
        gpu->backend.set_name(gpu->backend.user, &block->native, want->name);
}

static fa_status
driver_create(fa_gpu *gpu, const struct block_want *want,
              struct gpu_block *block, uint64_t size)
{
    const fa_gpu_caps *caps = &gpu->caps;
    if ((caps->block_max != 0 && size > caps->block_max) ||
        (caps->block_count_max != 0 &&
         gpu->block_live >= caps->block_count_max))
        return FA_ERR_NOMEM;
    fa_status status = budget_check_locked(gpu, block->memory_class.heap, size,
                                           FA_TAG_NONE, want->flags);
    if (status != FA_OK)
        return status;
    fa_gpu_block_request request = {block->memory_class, size, want->uses,
                                    want->is_opaque, want->dedicated};
    gpu->counts.block_creates++;
    gpu->counts.frame_creates++;
    status =
        gpu->backend.block_create(gpu->backend.user, &request, &block->native);
    if (status != FA_OK)
        return gpu_failed(gpu, status);
    block->native.size = size;
    block->native.props = block->memory_class.props;
    budget_charge_locked(gpu, block->memory_class.heap, size, FA_TAG_NONE);
    return FA_OK;
}

static bool
is_worth_less(fa_status status)
{
    return status == FA_ERR_NOMEM || status == FA_ERR_BUDGET;
}

/* The best size, or halves of it down to what is needed. */
static fa_status
create_some(fa_gpu *gpu, const struct block_want *want, struct gpu_block *block)
{
    uint64_t unit = gpu->caps.atom > 256 ? gpu->caps.atom : 256;
    /* What is dedicated to an object has exactly its size. */
    if (want->dedicated != NULL)
        unit = 1;
    uint64_t least = round_up(want->size, unit);
    uint64_t size = want->best < least ? least : round_up(want->best, unit);
    if (gpu->caps.block_max != 0 && size > gpu->caps.block_max)
        size = least;
    for (;;) {
        fa_status status = driver_create(gpu, want, block, size);
        if (!is_worth_less(status) || size == least)
            return status;
        size = round_up(size / 2, unit);
        if (size < least)
            size = least;
    }
}

/* Once more after idle blocks went back: any of them may stand in the way of
 * the limit of blocks, those of the heap in that of the memory. */
static fa_status
create_after_trim(fa_gpu *gpu, const struct block_want *want,
                  struct gpu_block *block)
{
    fa_status status = create_some(gpu, want, block);
    if (!is_worth_less(status) || gpu->idle_bytes == 0)
        return status;
    block_trim_locked(gpu, UINT32_MAX, 0, UINT32_MAX);
    return create_some(gpu, want, block);
}

fa_status
block_make_locked(fa_gpu *gpu, const struct block_want *want,
                  const fa_gpu_class *memory_class, struct gpu_block **out)
{
    struct gpu_block *block = NULL;
    if (!want->is_dedicated && !want->is_opaque)
        block = idle_find(gpu, want, memory_class);
    if (block != NULL) {
        gpu->idle_bytes -= block->native.size;
        block_assign(gpu, block, want);
        *out = block;
        return FA_OK;
    }
    if ((want->flags & FA_GPU_NO_GROW) != 0)
        return FA_NOT_READY;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;

    uint32_t number;
    block = gpu_meta_alloc(gpu, sizeof(*block));
    if (block == NULL || !table_reserve(gpu, &number)) {
        gpu_meta_free(gpu, block);
        return FA_ERR_NOMEM;
    }
    memset(block, 0, sizeof(*block));
    block->memory_class = *memory_class;
    block->uses = want->uses;
    block->number = number;
    fa_status status = create_after_trim(gpu, want, block);
    if (status != FA_OK) {
        gpu_meta_free(gpu, block);
        return status;
    }
    gpu->blocks[number] = block;
    gpu->block_live++;
    block_assign(gpu, block, want);
    *out = block;
    return FA_OK;
}

fa_status
block_class_locked(fa_gpu *gpu, const struct block_want *want, unsigned attempt,
                   fa_gpu_class *out)
{
    fa_status status =
        gpu->backend.choose(gpu->backend.user, want->intent, want->uses,
                            want->size, want->allowed, attempt, out);
    if (status != FA_OK)
        return status;
    bool is_near = (out->props & FA_GPU_PROP_DEVICE_LOCAL) != 0;
    if (want->intent == FA_GPU_DEVICE_ONLY && !is_near && attempt > 0 &&
        (want->flags & FA_GPU_ALLOW_HOST) == 0)
        return FA_ERR_UNSUPPORTED;
    return out->heap < gpu->caps.heap_count ? FA_OK : FA_ERR_BACKEND;
}

fa_status
block_get_locked(fa_gpu *gpu, const struct block_want *want,
                 struct gpu_block **out)
{
    fa_status result = FA_ERR_UNSUPPORTED;
    for (unsigned attempt = 0; attempt < 32; attempt++) {
        fa_gpu_class memory_class;
        fa_status status =
            block_class_locked(gpu, want, attempt, &memory_class);
        if (status != FA_OK)
            return result == FA_ERR_UNSUPPORTED ? status : result;
        status = block_make_locked(gpu, want, &memory_class, out);
        if (status == FA_OK)
            return FA_OK;
        if (!is_worth_less(status))
            return status;
        /* The first refusal tells most. */
        if (result == FA_ERR_UNSUPPORTED)
            result = status;
    }
    return result;
}
