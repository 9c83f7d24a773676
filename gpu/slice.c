/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Slices that persist, or live for some frames: parts of blocks, cut by
 * fa_offset. The program holds a number and a generation; what the library
 * needs to know stands in a table, so a stale slice is found out.
 */
#include "state.h"

#define NUMBER_BITS 32

static uint64_t
id_of(const fa_gpu *gpu, uint32_t number)
{
    /* The top bit marks slices of arenas. */
    uint64_t generation = gpu->slices[number].generation & 0x7fffffffu;
    return generation << NUMBER_BITS | number;
}

struct gpu_slice *
slice_find_locked(fa_gpu *gpu, const fa_gpu_slice *slice)
{
    uint32_t number = (uint32_t)slice->id;
    if (number == 0 || number >= gpu->slice_count ||
        id_of(gpu, number) != slice->id)
        return NULL;
    struct gpu_slice *entry = &gpu->slices[number];
    return entry->block == NULL || entry->is_retired ? NULL : entry;
}

struct gpu_block *
slice_block_locked(fa_gpu *gpu, const fa_gpu_slice *slice)
{
    struct gpu_block *block = frame_block_locked(gpu, slice);
    if (block != NULL)
        return block;
    const struct gpu_slice *entry = slice_find_locked(gpu, slice);
    if (entry != NULL)
        return entry->block;
    gpu_say_locked(gpu, 555, "of frame %llu, in frame %llu",
                   (unsigned long long)slice->frame,
                   (unsigned long long)fa_gpu_frame_number(gpu));
    return NULL;
}

/* --- the table --- */

static bool
table_reserve(fa_gpu *gpu)
{
    if (gpu->slice_free != 0)
        return true;
    if (gpu->slice_count == 0)
        gpu->slice_count = 1;
    if (gpu->slice_count < gpu->slice_room)
        return true;
    uint32_t room = gpu->slice_room == 0 ? 64 : gpu->slice_room * 2;
    struct gpu_slice *slices =
        gpu_meta_resize(gpu, gpu->slices, room * sizeof(*slices));
    if (slices == NULL)
        return false;
    memset(slices + gpu->slice_room, 0,
           (room - gpu->slice_room) * sizeof(*slices));
    gpu->slices = slices;
    gpu->slice_room = room;
    return true;
}

static uint32_t
table_take(fa_gpu *gpu)
{
    uint32_t number = gpu->slice_free;
    if (number == 0)
        number = gpu->slice_count++;
    else
        gpu->slice_free = gpu->slices[number].next;
    gpu->slice_live++;
    return number;
}

static void
table_put(fa_gpu *gpu, uint32_t number)
{
    struct gpu_slice *entry = &gpu->slices[number];
    uint32_t generation = entry->generation + 1;
    *entry =
        (struct gpu_slice){.generation = generation, .next = gpu->slice_free};
    gpu->slice_free = number;
    gpu->slice_live--;
}

/* --- where it comes from --- */

static uint64_t
granule_of(const fa_gpu *gpu)
{
    return gpu->caps.atom > 256 ? gpu->caps.atom : 256;
}

static fa_status
offsets_make(fa_gpu *gpu, struct gpu_block *block)
{
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.size = block->native.size;
    config.granule = granule_of(gpu);
    return fa_offset_create(gpu->allocator, &config, &block->offsets);
}

static bool
is_same_key(const struct block_key *key, const struct block_want *want,
            const fa_gpu_class *memory_class)
{
    return key->class_id == memory_class->id && key->frames == want->frames &&
           key->is_opaque == want->is_opaque && !key->is_dedicated;
}

/* What is cut from a block. */
struct cut {
    struct gpu_block *block;
    uint64_t offset;
    uint32_t node;
};

static bool
cut_held(fa_gpu *gpu, const struct block_want *want,
         const fa_gpu_class *memory_class, uint64_t align, struct cut *cut)
{
    for (uint32_t i = 0; i < gpu->block_count; i++) {
        struct gpu_block *block = gpu->blocks[i];
        if (block == NULL || block->owner != BLOCK_SLICES ||
            !is_same_key(&block->key, want, memory_class) ||
            block->native.size - block->used < want->size ||
            (block->uses & want->uses) != want->uses)
            continue;
        cut->block = block;
        if (fa_offset_alloc(block->offsets, want->size, align, &cut->offset,
                            &cut->node) == FA_OK)
            return true;
    }
    return false;
}

/* Each block of a kind is twice as large as the one before. */
static uint64_t
next_block_size(const fa_gpu *gpu, const struct block_want *want,
                const fa_gpu_class *memory_class)
{
    uint64_t most = gpu->caps.heaps[memory_class->heap].size / 8;
    if (most > BLOCK_MAX)
        most = BLOCK_MAX;
    uint64_t size = gpu->config.block_size;
    for (uint32_t i = 0; i < gpu->block_count && size * 2 <= most; i++)
        if (gpu->blocks[i] != NULL && gpu->blocks[i]->owner == BLOCK_SLICES &&
            is_same_key(&gpu->blocks[i]->key, want, memory_class))
            size *= 2;
    return size;
}

static fa_status
cut_new(fa_gpu *gpu, struct block_want want, const fa_gpu_class *memory_class,
        uint64_t align, struct cut *cut)
{
    want.best = next_block_size(gpu, &want, memory_class);
    want.is_dedicated |= want.size > want.best / 2;
    if (want.is_dedicated)
        want.best = want.size;
    else
        want.dedicated = NULL;
    fa_status status = block_make_locked(gpu, &want, memory_class, &cut->block);
    if (status != FA_OK)
        return status;
    cut->offset = 0;
    cut->node = 0;
    if (want.is_dedicated)
        return FA_OK;
    status = offsets_make(gpu, cut->block);
    if (status == FA_OK)
        status = fa_offset_alloc(cut->block->offsets, want.size, align,
                                 &cut->offset, &cut->node);
    if (status != FA_OK)
        block_put_locked(gpu, cut->block);
    return status;
}

static fa_status
cut_class(fa_gpu *gpu, const struct block_want *want,
          const fa_gpu_class *memory_class, uint64_t request_align,
          struct cut *cut)
{
    uint64_t align = block_align(gpu, want->uses, memory_class->props);
    if (request_align > align)
        align = request_align;
    if (!want->is_dedicated && cut_held(gpu, want, memory_class, align, cut))
        return FA_OK;
    return cut_new(gpu, *want, memory_class, align, cut);
}

/* The classes of the intent in turn. */
static fa_status
cut_any(fa_gpu *gpu, const struct block_want *want, uint64_t align,
        struct cut *cut)
{
    fa_status result = FA_ERR_UNSUPPORTED;
    for (unsigned attempt = 0; attempt < 32; attempt++) {
        fa_gpu_class memory_class;
        fa_status status =
            block_class_locked(gpu, want, attempt, &memory_class);
        if (status != FA_OK)
            return result == FA_ERR_UNSUPPORTED ? status : result;
        status = cut_class(gpu, want, &memory_class, align, cut);
        if (status != FA_ERR_NOMEM && status != FA_ERR_BUDGET &&
            status != FA_NOT_READY)
            return status;
        /* The first refusal tells most. */
        if (result == FA_ERR_UNSUPPORTED)
            result = status;
    }
    return result;
}

/* --- taking --- */

static uint64_t
last_frame(const fa_gpu *gpu, unsigned frames)
{
    uint64_t number = fa_gpu_frame_number(gpu);
    return frames == FA_GPU_PERSISTENT ? 0 : number + frames - 1;
}

static void
entry_fill(fa_gpu *gpu, uint32_t number, const fa_gpu_request *request,
           const struct cut *cut)
{
    struct gpu_slice *entry = &gpu->slices[number];
    entry->block = cut->block;
    entry->offset = cut->offset;
    entry->size = request->size;
    entry->node = cut->node;
    entry->frame = last_frame(gpu, request->frames);
    entry->uses = request->uses == 0 ? FA_GPU_USE_ALL : request->uses;
    entry->tag = request->tag;
    entry->name = request->name;
    cut->block->used += request->size;
    if (entry->frame == 0)
        return;
    uint32_t *chain = &gpu->dying[entry->frame % (FA_GPU_FRAMES_MAX + 1)];
    entry->next = *chain;
    *chain = number;
}

static void
slice_fill(const fa_gpu *gpu, uint32_t number, fa_gpu_slice *out)
{
    const struct gpu_slice *entry = &gpu->slices[number];
    const fa_gpu_block *native = &entry->block->native;
    out->ptr = native->ptr == NULL ? NULL : (char *)native->ptr + entry->offset;
    out->buffer = native->buffer;
    out->offset = entry->offset;
    out->size = entry->size;
    out->address = native->address == 0 ? 0 : native->address + entry->offset;
    out->frame = entry->frame;
    out->id = id_of(gpu, number);
}

static struct block_want
want_of(const fa_gpu_request *request, const struct slice_extra *extra)
{
    struct block_want want = {
        .intent = request->intent,
        .size = request->size,
        .uses = request->uses == 0 ? FA_GPU_USE_ALL : request->uses,
        .frames = request->frames,
        .flags = request->flags,
        .allowed = UINT32_MAX,
        .is_dedicated = (request->flags & FA_GPU_DEDICATED) != 0,
        .owner = BLOCK_SLICES};
    if (extra != NULL) {
        want.allowed = extra->allowed;
        want.is_opaque = extra->is_opaque;
        want.uses = extra->is_opaque ? 0 : want.uses;
        want.dedicated = extra->dedicated;
        want.is_dedicated |= extra->dedicated != NULL;
    }
    /* Blocks are shared, so that one kind serves all uses. */
    if (!want.is_opaque && !want.is_dedicated)
        want.uses = FA_GPU_USE_ALL;
    if (want.is_dedicated)
        want.name = request->name;
    return want;
}

static fa_status
alloc_locked(fa_gpu *gpu, const fa_gpu_request *request,
             const struct slice_extra *extra, fa_gpu_slice *out,
             uint64_t *memory)
{
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    /* Freeing must not fail, so its room is taken now. */
    if (!table_reserve(gpu) || !retire_reserve_locked(gpu, gpu->slice_live + 1))
        return FA_ERR_NOMEM;
    fa_status status = budget_tag_take_locked(gpu, request->tag, request->size);
    if (status != FA_OK)
        return status;
    struct block_want want = want_of(request, extra);
    struct cut cut;
    status = cut_any(gpu, &want, request->align, &cut);
    if (status != FA_OK) {
        budget_tag_give_locked(gpu, request->tag, request->size);
        return status;
    }
    uint32_t number = table_take(gpu);
    entry_fill(gpu, number, request, &cut);
    slice_fill(gpu, number, out);
    *memory = cut.block->native.memory;
    return FA_OK;
}

static fa_status
request_check(const fa_gpu *gpu, const fa_gpu_request *request)
{
    const unsigned flags = FA_GPU_ALLOW_HOST | FA_GPU_NO_GROW |
                           FA_GPU_WITHIN_BUDGET | FA_GPU_DEDICATED;
    if (request->size == 0 || (request->align & (request->align - 1)) != 0 ||
        (unsigned)request->intent >= FA_GPU_INTENTS ||
        (request->uses & ~(unsigned)FA_GPU_USE_ALL) != 0 ||
        request->frames > FA_GPU_FRAMES_MAX || (request->flags & ~flags) != 0 ||
        request->tag >= FA_TAG_MAX)
        return FA_ERR_USAGE;
    if (request->size > GPU_SIZE_LIMIT || request->align > GPU_SIZE_LIMIT)
        return FA_ERR_NOMEM;
    if (request->frames != FA_GPU_PERSISTENT && fa_gpu_frame_number(gpu) == 0)
        return FA_ERR_STATE;
    return FA_OK;
}

fa_status
slice_alloc(fa_gpu *gpu, const fa_gpu_request *request,
            const struct slice_extra *extra, fa_gpu_slice *out,
            uint64_t *memory)
{
    fa_status status = request_check(gpu, request);
    if (status != FA_OK)
        return status;
    gpu_lock(gpu);
    status = alloc_locked(gpu, request, extra, out, memory);
    gpu_unlock(gpu);
    budget_tell(gpu);
    return status;
}

fa_status
fa_gpu_alloc(fa_gpu *gpu, const fa_gpu_request *request, fa_gpu_slice *out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_gpu_slice)FA_GPU_SLICE_NONE;
    if (gpu == NULL || request == NULL)
        return FA_ERR_USAGE;
    fa_gpu_request own;
    if (!gpu_struct_read(&own, sizeof(own), request)) {
        fa_diag_send(gpu->allocator, 10, NULL, "fa_gpu_request.struct_size");
        return FA_ERR_CONFIG;
    }
    if (own.frames == FA_GPU_FRAME)
        return fa_gpu_frame_alloc(gpu, own.intent, own.size, own.align, out);
    uint64_t memory;
    return slice_alloc(gpu, &own, NULL, out, &memory);
}

/* --- giving back --- */

static void
poison(const fa_gpu *gpu, const struct gpu_slice *entry)
{
    const fa_gpu_block *native = &entry->block->native;
    if ((gpu->config.flags & FA_GPU_CHECK) != 0 && native->ptr != NULL)
        memset((char *)native->ptr + entry->offset, 0xdd, entry->size);
}

void
slice_release_locked(fa_gpu *gpu, uint32_t number)
{
    struct gpu_slice *entry = &gpu->slices[number];
    struct gpu_block *block = entry->block;
    poison(gpu, entry);
    block->used -= entry->size;
    budget_tag_give_locked(gpu, entry->tag, entry->size);
    if (block->offsets != NULL)
        fa_offset_free(block->offsets, entry->node);
    table_put(gpu, number);
    if (block->used == 0)
        block_put_locked(gpu, block);
}

fa_status
fa_gpu_free(fa_gpu *gpu, fa_gpu_slice *slice)
{
    if (gpu == NULL || slice == NULL)
        return FA_ERR_USAGE;
    if (slice->id == 0)
        return FA_OK;
    fa_status status = FA_OK;
    gpu_lock(gpu);
    struct gpu_slice *entry = slice_find_locked(gpu, slice);
    if (entry == NULL || entry->frame != 0) {
        status = FA_ERR_STALE;
        gpu_say_locked(gpu, 555, "%s",
                       entry == NULL ? "freed twice, or memory of a frame"
                                     : "it dies with its frame");
    } else if (entry->pending != 0) {
        status = FA_ERR_STATE;
    } else {
        retire_slice_locked(gpu, (uint32_t)slice->id);
        *slice = (fa_gpu_slice)FA_GPU_SLICE_NONE;
    }
    gpu_unlock(gpu);
    return status;
}

void
slice_frame_end_locked(fa_gpu *gpu, uint64_t number)
{
    uint32_t *chain = &gpu->dying[number % (FA_GPU_FRAMES_MAX + 1)];
    while (*chain != 0) {
        uint32_t slice = *chain;
        *chain = gpu->slices[slice].next;
        retire_slice_locked(gpu, slice);
    }
}

void
slice_close(fa_gpu *gpu)
{
    uint32_t live = 0;
    uint64_t bytes = 0;
    const struct gpu_slice *first = NULL;
    for (uint32_t i = 1; i < gpu->slice_count; i++) {
        const struct gpu_slice *entry = &gpu->slices[i];
        if (entry->block == NULL || entry->is_retired || entry->frame != 0)
            continue;
        first = first == NULL ? entry : first;
        live++;
        bytes += entry->size;
    }
    if (live != 0)
        gpu_say_locked(gpu, 557, "%u slices of %llu bytes; the first is \"%s\"",
                       live, (unsigned long long)bytes,
                       first->name == NULL ? "" : first->name);
}

/* --- the CPU's view --- */

bool
fa_gpu_slice_is_live(fa_gpu *gpu, const fa_gpu_slice *slice)
{
    gpu_lock(gpu);
    bool is_live = frame_block_locked(gpu, slice) != NULL ||
                   slice_find_locked(gpu, slice) != NULL;
    gpu_unlock(gpu);
    return is_live;
}

static fa_status
view_check_locked(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
                  uint64_t size, struct gpu_block **block)
{
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    *block = slice_block_locked(gpu, slice);
    if (*block == NULL)
        return FA_ERR_STALE;
    if (offset > slice->size || size > slice->size - offset)
        return FA_ERR_USAGE;
    if ((*block)->native.ptr != NULL)
        return FA_OK;
    gpu_say_locked(gpu, 554, "%llu bytes", (unsigned long long)size);
    return FA_ERR_UNSUPPORTED;
}

fa_status
fa_gpu_slice_write(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
                   const void *source, uint64_t size)
{
    if (gpu == NULL || slice == NULL || (source == NULL && size != 0))
        return FA_ERR_USAGE;
    struct gpu_block *block;
    gpu_lock(gpu);
    fa_status status = view_check_locked(gpu, slice, offset, size, &block);
    gpu_unlock(gpu);
    if (status != FA_OK || size == 0)
        return status;
    memcpy((char *)block->native.ptr + slice->offset + offset, source, size);
    gpu_lock(gpu);
    status = block_flush_locked(gpu, block, slice->offset + offset, size);
    gpu_unlock(gpu);
    return status;
}

fa_status
fa_gpu_slice_read(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
                  void *target, uint64_t size)
{
    if (gpu == NULL || slice == NULL || (target == NULL && size != 0))
        return FA_ERR_USAGE;
    struct gpu_block *block;
    gpu_lock(gpu);
    fa_status status = view_check_locked(gpu, slice, offset, size, &block);
    if (status == FA_OK)
        status =
            block_invalidate_locked(gpu, block, slice->offset + offset, size);
    gpu_unlock(gpu);
    if (status == FA_OK && size != 0)
        memcpy(target, (char *)block->native.ptr + slice->offset + offset,
               size);
    return status;
}
