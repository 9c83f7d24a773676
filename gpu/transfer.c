/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers: checks what is asked for, queues it, and gives the batch to the
 * backend. A call that fails has queued nothing; a batch that could not be
 * recorded stays queued.
 *
 * An upload is queued after its bytes are in staging memory, which are copied
 * without the lock: a batch that is recorded meanwhile does not have it yet.
 * Its memory, its place in the queue and its ticket are taken before.
 */
#include "transfer.h"

/* --- what is asked for --- */

/* One of source and target may be NULL: memory of the ring. */
struct order {
    const fa_gpu_slice *source;
    uint64_t source_offset;
    const fa_gpu_slice *target;
    uint64_t target_offset;
    uint64_t size;
    bool has_ticket;
};

/* Of a slice that was checked. */
struct side {
    struct gpu_block *block;
    uint64_t offset;
    uint64_t expires;
};

/* The program may pass a part of a slice that it has cut itself, but nothing
 * outside of what it was given. */
static bool
is_inside(const struct gpu_slice *entry, const fa_gpu_slice *slice)
{
    return slice->offset >= entry->offset && slice->size <= entry->size &&
           slice->offset - entry->offset <= entry->size - slice->size;
}

static fa_status
refuse_stale(fa_gpu *gpu, uint64_t frame)
{
    gpu_say_locked(gpu, 555, "copy of memory of frame %llu, in frame %llu",
                   (unsigned long long)frame,
                   (unsigned long long)fa_gpu_frame_number(gpu));
    return FA_ERR_STALE;
}

static fa_status
refuse_use(fa_gpu *gpu, const struct gpu_slice *entry, unsigned use)
{
    gpu_say_locked(gpu, 552, "\"%s\" has no FA_GPU_USE_COPY_%s",
                   entry->name == NULL ? "" : entry->name,
                   use == FA_GPU_USE_COPY_SOURCE ? "SOURCE" : "TARGET");
    return FA_ERR_USAGE;
}

static fa_status
check_side(fa_gpu *gpu, const fa_gpu_slice *slice, uint64_t offset,
           uint64_t size, unsigned use, struct side *side)
{
    struct gpu_block *block = slice_block_locked(gpu, slice);
    if (block == NULL)
        return FA_ERR_STALE;
    const struct gpu_slice *entry = slice_find_locked(gpu, slice);
    uint64_t frame = entry == NULL ? slice->frame : entry->frame;
    side->block = block;
    side->offset = slice->offset + offset;
    side->expires = frame == 0 ? UINT64_MAX : frame;
    if (side->expires < fa_gpu_frame_number(gpu))
        return refuse_stale(gpu, frame);
    if (offset > slice->size || size > slice->size - offset ||
        (entry != NULL && !is_inside(entry, slice)))
        return FA_ERR_USAGE;
    if (entry != NULL && (entry->uses & use) == 0)
        return refuse_use(gpu, entry, use);
    return block->native.buffer == 0 ? FA_ERR_UNSUPPORTED : FA_OK;
}

/* --- queueing --- */

static void
use_source(struct queued *item, const fa_gpu_slice *slice,
           const struct side *side)
{
    item->copy.source = side->block->native.buffer;
    item->copy.source_offset = side->offset;
    if (slice == NULL)
        item->staging = side->block;
    else
        item->source_slice = slice->id;
    if (slice != NULL && side->expires < item->expires)
        item->expires = side->expires;
}

static void
use_target(struct queued *item, const fa_gpu_slice *slice,
           const struct side *side)
{
    item->copy.target = side->block->native.buffer;
    item->copy.target_offset = side->offset;
    if ((side->block->native.props & FA_GPU_PROP_HOST_VISIBLE) != 0)
        item->visible = FA_GPU_COPY_TO_HOST;
    if (slice == NULL) {
        item->result = side->block;
        return;
    }
    item->target_slice = slice->id;
    item->visible |= FA_GPU_COPY_TO_DEVICE;
    if (side->expires < item->expires)
        item->expires = side->expires;
}

static bool
is_overlapping(const fa_gpu_copy *copy)
{
    return copy->source == copy->target &&
           copy->source_offset < copy->target_offset + copy->size &&
           copy->target_offset < copy->source_offset + copy->size;
}

static void
count_pending(fa_gpu *gpu, uint64_t id, int by)
{
    struct gpu_slice *entry = slice_find_locked(gpu, &(fa_gpu_slice){.id = id});
    if (entry != NULL)
        entry->pending += (uint32_t)by;
}

static fa_status
check_sides(fa_gpu *gpu, const struct order *order, struct queued *item)
{
    struct side side;
    fa_status status = FA_OK;
    if (order->source != NULL) {
        status = check_side(gpu, order->source, order->source_offset,
                            order->size, FA_GPU_USE_COPY_SOURCE, &side);
        if (status != FA_OK)
            return status;
        use_source(item, order->source, &side);
    }
    if (order->target != NULL) {
        status = check_side(gpu, order->target, order->target_offset,
                            order->size, FA_GPU_USE_COPY_TARGET, &side);
        if (status != FA_OK)
            return status;
        use_target(item, order->target, &side);
    }
    return is_overlapping(&item->copy) ? FA_ERR_USAGE : FA_OK;
}

static fa_status
take_memory(fa_gpu *gpu, const struct order *order, struct queued *item)
{
    struct gpu_transfer *transfer = gpu->transfer;
    if (order->source != NULL && order->target != NULL)
        return FA_OK;
    struct side side;
    fa_status status = ring_take_locked(
        gpu, order->source == NULL ? &transfer->staging : &transfer->readback,
        order->size, &side.block, &side.offset);
    if (status != FA_OK)
        return status;
    if (order->source == NULL)
        use_source(item, NULL, &side);
    else
        use_target(item, NULL, &side);
    return FA_OK;
}

/* All that can fail. */
static fa_status
begin_locked(fa_gpu *gpu, const struct order *order, struct queued *item)
{
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    *item = (struct queued){.copy.size = order->size, .expires = UINT64_MAX};
    fa_status status = check_sides(gpu, order, item);
    if (status != FA_OK)
        return status;
    struct batch *batch = &gpu->transfer->batch;
    if (!batch_reserve(gpu, batch) || !ticket_reserve_locked(gpu))
        return FA_ERR_NOMEM;
    status = take_memory(gpu, order, item);
    if (status != FA_OK)
        return status;
    batch->promised++;
    count_pending(gpu, item->source_slice, 1);
    count_pending(gpu, item->target_slice, 1);
    if (order->has_ticket)
        item->ticket = ticket_take_locked(
            gpu, item->result, item->copy.target_offset, order->size);
    return FA_OK;
}

static void
forget_locked(fa_gpu *gpu, const struct queued *item)
{
    count_pending(gpu, item->source_slice, -1);
    count_pending(gpu, item->target_slice, -1);
}

/* The frame may have ended while bytes were copied. */
static fa_status
end_locked(fa_gpu *gpu, const struct queued *item)
{
    gpu->transfer->batch.promised--;
    if (item->staging != NULL)
        item->staging->holds--;
    if (item->expires < fa_gpu_frame_number(gpu)) {
        forget_locked(gpu, item);
        if (item->ticket != 0)
            ticket_put_locked(gpu, item->ticket);
        return refuse_stale(gpu, item->expires);
    }
    if (item->staging != NULL)
        item->staging->is_queued = true;
    if (item->result != NULL)
        item->result->is_queued = true;
    batch_add(&gpu->transfer->batch, item);
    return FA_OK;
}

static fa_status
queue(fa_gpu *gpu, const struct order *order, struct queued *item)
{
    gpu_lock(gpu);
    fa_status status = begin_locked(gpu, order, item);
    if (status == FA_OK)
        status = end_locked(gpu, item);
    gpu_unlock(gpu);
    budget_tell(gpu);
    return status;
}

static char *
staging_of(const struct queued *item)
{
    return (char *)item->staging->native.ptr + item->copy.source_offset;
}

static fa_status
give_ticket(fa_status status, const struct queued *item, fa_gpu_ticket *out)
{
    if (status == FA_OK && out != NULL)
        out->id = item->ticket;
    return status;
}

static void
clear_ticket(fa_gpu_ticket *out)
{
    if (out != NULL)
        *out = (fa_gpu_ticket)FA_GPU_TICKET_NONE;
}

fa_status
fa_gpu_transfer_to_gpu(fa_gpu *gpu, const fa_gpu_slice *target, uint64_t offset,
                       const void *source, uint64_t size, fa_gpu_ticket *out)
{
    clear_ticket(out);
    if (gpu == NULL || target == NULL || source == NULL || size == 0)
        return FA_ERR_USAGE;
    struct order order = {.target = target,
                          .target_offset = offset,
                          .size = size,
                          .has_ticket = out != NULL};
    struct queued item;
    gpu_lock(gpu);
    fa_status status = begin_locked(gpu, &order, &item);
    gpu_unlock(gpu);
    budget_tell(gpu);
    if (status != FA_OK)
        return status;
    memcpy(staging_of(&item), source, size);
    gpu_lock(gpu);
    status = end_locked(gpu, &item);
    gpu_unlock(gpu);
    return give_ticket(status, &item, out);
}

fa_status
fa_gpu_transfer_reserve(fa_gpu *gpu, const fa_gpu_slice *target,
                        uint64_t offset, uint64_t size, void **out,
                        fa_gpu_ticket *ticket)
{
    clear_ticket(ticket);
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (gpu == NULL || target == NULL || size == 0)
        return FA_ERR_USAGE;
    struct order order = {.target = target,
                          .target_offset = offset,
                          .size = size,
                          .has_ticket = ticket != NULL};
    struct queued item;
    fa_status status = queue(gpu, &order, &item);
    if (status == FA_OK)
        *out = staging_of(&item);
    return give_ticket(status, &item, ticket);
}

fa_status
fa_gpu_transfer_to_cpu(fa_gpu *gpu, const fa_gpu_slice *source, uint64_t offset,
                       uint64_t size, fa_gpu_ticket *out)
{
    clear_ticket(out);
    if (gpu == NULL || source == NULL || size == 0 || out == NULL)
        return FA_ERR_USAGE;
    struct order order = {.source = source,
                          .source_offset = offset,
                          .size = size,
                          .has_ticket = true};
    struct queued item;
    return give_ticket(queue(gpu, &order, &item), &item, out);
}

fa_status
fa_gpu_transfer_copy(fa_gpu *gpu, const fa_gpu_slice *source,
                     uint64_t source_offset, const fa_gpu_slice *target,
                     uint64_t target_offset, uint64_t size, fa_gpu_ticket *out)
{
    clear_ticket(out);
    if (gpu == NULL || source == NULL || target == NULL || size == 0)
        return FA_ERR_USAGE;
    struct order order = {source,        source_offset, target,
                          target_offset, size,          out != NULL};
    struct queued item;
    return give_ticket(queue(gpu, &order, &item), &item, out);
}

/* --- the batch --- */

/* Uploads of one thread follow each other in a chunk, so there is mostly one
 * call for each. What lies between runs may be written to right now. */
static fa_status
flush_uploads(fa_gpu *gpu)
{
    const struct batch *batch = &gpu->transfer->batch;
    uint64_t grain = gpu->transfer->grain;
    const struct gpu_block *block = NULL;
    uint64_t begin = 0;
    uint64_t end = 0;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct queued *item = &batch->items[i];
        if (item->staging == NULL)
            continue;
        if (item->staging != block || item->copy.source_offset != end) {
            fa_status status = FA_OK;
            if (block != NULL)
                status = block_flush_locked(gpu, block, begin, end - begin);
            if (status != FA_OK)
                return status;
            block = item->staging;
            begin = end = item->copy.source_offset;
        }
        end += (item->copy.size + grain - 1) & ~(grain - 1);
    }
    return block == NULL ? FA_OK
                         : block_flush_locked(gpu, block, begin, end - begin);
}

/* Ready for the backend. */
static fa_status
prepare_locked(fa_gpu *gpu)
{
    struct batch *batch = &gpu->transfer->batch;
    if (batch->expires < fa_gpu_frame_number(gpu))
        return refuse_stale(gpu, batch->expires);
    fa_status status = flush_uploads(gpu);
    if (status == FA_OK)
        batch_sort(gpu, batch);
    return status;
}

/* The queue is empty then; frame and serial as of ring_stamp_locked(). */
static void
finish_locked(fa_gpu *gpu, enum ticket_state state, uint64_t frame,
              uint64_t serial)
{
    struct batch *batch = &gpu->transfer->batch;
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct queued *item = &batch->items[i];
        forget_locked(gpu, item);
        struct ticket *ticket = ticket_find_locked(gpu, item->ticket);
        if (ticket == NULL)
            continue;
        ticket->state = state;
        ticket->point = frame + serial;
    }
    ring_stamp_locked(gpu, frame, serial);
    batch_clear(batch);
}

static fa_status
record_locked(fa_gpu *gpu, void *commands)
{
    const struct batch *batch = &gpu->transfer->batch;
    const fa_gpu_backend *backend = &gpu->backend;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    /* No pairing: the same thread opens frames. */
    if (atomic_load_explicit(&gpu->open, memory_order_relaxed) == NULL)
        return FA_ERR_STATE;
    if (batch->count == 0)
        return FA_OK;
    fa_status status = prepare_locked(gpu);
    if (status == FA_OK)
        status = gpu_failed(gpu, backend->record(backend->user, commands,
                                                 batch->sorted, batch->count,
                                                 batch->visible));
    if (status == FA_OK)
        finish_locked(gpu, TICKET_RECORDED, fa_gpu_frame_number(gpu), 0);
    return status;
}

fa_status
fa_gpu_transfer_record(fa_gpu *gpu, void *commands)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    fa_status status = record_locked(gpu, commands);
    gpu_unlock(gpu);
    return status;
}

static fa_status
submit_locked(fa_gpu *gpu)
{
    struct gpu_transfer *transfer = gpu->transfer;
    const struct batch *batch = &transfer->batch;
    const fa_gpu_backend *backend = &gpu->backend;
    if (gpu_is_lost(gpu))
        return FA_ERR_DEVICE_LOST;
    if (backend->submit == NULL || !gpu->caps.has_submit)
        return FA_ERR_UNSUPPORTED;
    if (batch->count == 0)
        return FA_OK;
    fa_status status = prepare_locked(gpu);
    uint64_t serial = 0;
    if (status == FA_OK)
        status = gpu_failed(gpu, backend->submit(backend->user, batch->sorted,
                                                 batch->count, batch->visible,
                                                 &serial));
    if (status != FA_OK)
        return status;
    transfer->submitted = serial;
    finish_locked(gpu, TICKET_SUBMITTED, 0, serial);
    return FA_OK;
}

fa_status
fa_gpu_transfer_submit(fa_gpu *gpu, uint64_t *serial)
{
    if (serial != NULL)
        *serial = 0;
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    fa_status status = submit_locked(gpu);
    if (status == FA_OK && serial != NULL)
        *serial = gpu->transfer->submitted;
    gpu_unlock(gpu);
    return status;
}

fa_status
fa_gpu_transfer_drop(fa_gpu *gpu)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    finish_locked(gpu, TICKET_DROPPED, 0, 0);
    gpu_unlock(gpu);
    return FA_OK;
}

/* --- for the other files --- */

fa_status
transfer_open(fa_gpu *gpu)
{
    struct gpu_transfer *transfer = gpu_meta_alloc(gpu, sizeof(*transfer));
    if (transfer == NULL)
        return FA_ERR_NOMEM;
    memset(transfer, 0, sizeof(*transfer));
    transfer->staging.intent = FA_GPU_STAGING;
    transfer->readback.intent = FA_GPU_READBACK;
    transfer->grain = 16;
    while (transfer->grain < gpu->caps.atom ||
           transfer->grain < gpu->caps.copy_align)
        transfer->grain *= 2;
    batch_clear(&transfer->batch);
    gpu->transfer = transfer;
    return FA_OK;
}

void
transfer_close(fa_gpu *gpu)
{
    struct gpu_transfer *transfer = gpu->transfer;
    uint32_t tickets = transfer->tickets.live;
    if (tickets != 0 || transfer->batch.count != 0)
        gpu_say_locked(gpu, 551, "%u tickets; %u copies were never recorded",
                       tickets, transfer->batch.count);
    ring_close_locked(gpu, &transfer->staging);
    ring_close_locked(gpu, &transfer->readback);
    gpu_meta_free(gpu, transfer->tickets.entries);
    gpu_meta_free(gpu, transfer->batch.items);
    gpu_meta_free(gpu, transfer);
    gpu->transfer = NULL;
}

uint64_t
transfer_submitted_locked(const fa_gpu *gpu)
{
    return gpu->transfer->submitted;
}

uint64_t
transfer_completed_locked(const fa_gpu *gpu)
{
    return gpu->transfer->completed;
}

fa_status
transfer_poll_locked(fa_gpu *gpu)
{
    struct gpu_transfer *transfer = gpu->transfer;
    const fa_gpu_backend *backend = &gpu->backend;
    if (transfer->completed >= transfer->submitted)
        return FA_OK;
    uint64_t serial = 0;
    fa_status status = gpu_failed(
        gpu, backend->completed(backend->user, FA_GPU_LANE_TRANSFER, &serial));
    if (status == FA_OK && serial > transfer->completed)
        transfer->completed = serial;
    return status;
}

void
transfer_trim_locked(fa_gpu *gpu)
{
    ring_trim_locked(gpu);
}

void
transfer_frame_begin_locked(fa_gpu *gpu)
{
    gpu->transfer->serial = gpu->last_serial;
    ring_reclaim_locked(gpu);
}

void
transfer_frame_end_locked(fa_gpu *gpu, uint64_t number)
{
    if (gpu->last_serial == gpu->transfer->serial)
        ticket_drop_frame_locked(gpu, number);
}
