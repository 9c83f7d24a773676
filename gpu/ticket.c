/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tickets: numbers with a generation for transfers that somebody asks about.
 * A ticket knows by which frame or which transfer it is done, so nothing is
 * kept of batches.
 */
#include "transfer.h"

bool
ticket_reserve_locked(fa_gpu *gpu)
{
    struct tickets *tickets = &gpu->transfer->tickets;
    if (tickets->free != 0 || tickets->count < tickets->room)
        return true;
    if (tickets->room > UINT32_MAX / 256)
        return false;
    uint32_t room = tickets->room == 0 ? 64 : tickets->room * 2;
    struct ticket *entries =
        gpu_meta_resize(gpu, tickets->entries, room * sizeof(*entries));
    if (entries == NULL)
        return false;
    tickets->entries = entries;
    tickets->room = room;
    if (tickets->count == 0)
        tickets->count = 1;
    return true;
}

uint64_t
ticket_take_locked(fa_gpu *gpu, struct gpu_block *block, uint64_t offset,
                   uint64_t size)
{
    struct tickets *tickets = &gpu->transfer->tickets;
    uint32_t number = tickets->free;
    uint32_t generation = 0;
    if (number == 0) {
        number = tickets->count++;
    } else {
        tickets->free = tickets->entries[number].next;
        generation = tickets->entries[number].generation;
    }
    tickets->live++;
    tickets->entries[number] = (struct ticket){.state = TICKET_QUEUED,
                                               .generation = generation,
                                               .block = block,
                                               .offset = offset,
                                               .size = size};
    return (uint64_t)generation << 32 | number;
}

struct ticket *
ticket_find_locked(fa_gpu *gpu, uint64_t id)
{
    struct tickets *tickets = &gpu->transfer->tickets;
    uint32_t number = (uint32_t)id;
    if (number == 0 || number >= tickets->count)
        return NULL;
    struct ticket *ticket = &tickets->entries[number];
    bool is_live =
        ticket->state != TICKET_FREE && ticket->generation == id >> 32;
    return is_live ? ticket : NULL;
}

void
ticket_put_locked(fa_gpu *gpu, uint64_t id)
{
    struct tickets *tickets = &gpu->transfer->tickets;
    struct ticket *ticket = &tickets->entries[(uint32_t)id];
    if (ticket->block != NULL)
        ticket->block->holds--;
    ticket->state = TICKET_FREE;
    ticket->generation++;
    ticket->next = tickets->free;
    tickets->free = (uint32_t)id;
    tickets->live--;
}

void
ticket_drop_frame_locked(fa_gpu *gpu, uint64_t number)
{
    struct tickets *tickets = &gpu->transfer->tickets;
    for (uint32_t i = 1; i < tickets->count; i++) {
        struct ticket *ticket = &tickets->entries[i];
        if (ticket->state == TICKET_RECORDED && ticket->point == number)
            ticket->state = TICKET_DROPPED;
    }
}

/* --- what programs ask --- */

static fa_status
look_locked(const fa_gpu *gpu, const struct ticket *ticket)
{
    bool is_done = false;
    if (ticket->state == TICKET_DROPPED)
        return FA_ERR_STALE;
    if (ticket->state == TICKET_RECORDED)
        is_done = ticket->point <= fa_gpu_frame_finished(gpu);
    if (ticket->state == TICKET_SUBMITTED)
        is_done = ticket->point <= gpu->transfer->completed;
    return is_done ? FA_OK : FA_NOT_READY;
}

static fa_status
status_locked(fa_gpu *gpu, const struct ticket *ticket)
{
    fa_status status = look_locked(gpu, ticket);
    if (status != FA_NOT_READY)
        return status;
    status = frame_poll_locked(gpu);
    return status == FA_OK ? look_locked(gpu, ticket) : status;
}

fa_status
fa_gpu_transfer_status(fa_gpu *gpu, fa_gpu_ticket ticket)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    const struct ticket *entry = ticket_find_locked(gpu, ticket.id);
    fa_status status = entry == NULL ? FA_ERR_STALE : status_locked(gpu, entry);
    gpu_unlock(gpu);
    return status;
}

/* What is reached when a ticket is done; serials of both lanes. */
static fa_status
find_serials(fa_gpu *gpu, const struct ticket *ticket, uint64_t serials[2])
{
    serials[FA_GPU_LANE_FRAME] = serials[FA_GPU_LANE_TRANSFER] = 0;
    if (ticket->state == TICKET_SUBMITTED) {
        serials[FA_GPU_LANE_TRANSFER] = ticket->point;
        return FA_OK;
    }
    if (ticket->state != TICKET_RECORDED)
        return FA_ERR_STATE;
    const struct gpu_flight *flight =
        &gpu->flights[ticket->point % gpu->config.frames];
    if (!flight->is_ended)
        return FA_ERR_STATE;
    serials[FA_GPU_LANE_FRAME] = flight->serial;
    serials[FA_GPU_LANE_TRANSFER] = flight->transfer;
    return FA_OK;
}

static fa_status
wait_for(fa_gpu *gpu, const uint64_t serials[2], uint64_t timeout_ns)
{
    const fa_gpu_backend *backend = &gpu->backend;
    fa_status status = FA_OK;
    for (int lane = 0; lane < 2 && status == FA_OK; lane++)
        if (serials[lane] != 0)
            status = backend->wait(backend->user, (fa_gpu_lane)lane,
                                   serials[lane], timeout_ns);
    return gpu_failed(gpu, status);
}

static fa_status
wait_begin_locked(fa_gpu *gpu, fa_gpu_ticket ticket, uint64_t serials[2])
{
    const struct ticket *entry = ticket_find_locked(gpu, ticket.id);
    if (entry == NULL)
        return FA_ERR_STALE;
    fa_status status = status_locked(gpu, entry);
    if (status != FA_NOT_READY)
        return status;
    status = find_serials(gpu, entry, serials);
    return status == FA_OK ? FA_NOT_READY : status;
}

fa_status
fa_gpu_transfer_wait(fa_gpu *gpu, fa_gpu_ticket ticket, uint64_t timeout_ns)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    uint64_t serials[2];
    gpu_lock(gpu);
    fa_status status = wait_begin_locked(gpu, ticket, serials);
    gpu_unlock(gpu);
    if (status != FA_NOT_READY)
        return status;
    status = wait_for(gpu, serials, timeout_ns);
    gpu_lock(gpu);
    if (status == FA_OK)
        status = frame_poll_locked(gpu);
    gpu_unlock(gpu);
    return status;
}

static fa_status
result_locked(fa_gpu *gpu, struct ticket *ticket)
{
    if (ticket->block == NULL)
        return FA_ERR_USAGE;
    fa_status status = status_locked(gpu, ticket);
    if (status == FA_NOT_READY && ticket->state == TICKET_QUEUED) {
        gpu_say_locked(gpu, 553, "%llu bytes: neither recorded nor submitted",
                       (unsigned long long)ticket->size);
        return FA_ERR_STATE;
    }
    if (status != FA_OK || ticket->is_visible)
        return status;
    status = block_invalidate_locked(gpu, ticket->block, ticket->offset,
                                     ticket->size);
    ticket->is_visible = status == FA_OK;
    return status;
}

fa_status
fa_gpu_transfer_result(fa_gpu *gpu, fa_gpu_ticket ticket, const void **out,
                       uint64_t *size)
{
    if (size != NULL)
        *size = 0;
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (gpu == NULL)
        return FA_ERR_USAGE;
    gpu_lock(gpu);
    struct ticket *entry = ticket_find_locked(gpu, ticket.id);
    fa_status status = entry == NULL ? FA_ERR_STALE : result_locked(gpu, entry);
    if (status == FA_OK)
        *out = (const char *)entry->block->native.ptr + entry->offset;
    if (status == FA_OK && size != NULL)
        *size = entry->size;
    gpu_unlock(gpu);
    return status;
}

fa_status
fa_gpu_transfer_release(fa_gpu *gpu, fa_gpu_ticket ticket)
{
    if (gpu == NULL)
        return FA_ERR_USAGE;
    if (ticket.id == 0)
        return FA_OK;
    gpu_lock(gpu);
    bool is_live = ticket_find_locked(gpu, ticket.id) != NULL;
    if (is_live)
        ticket_put_locked(gpu, ticket.id);
    gpu_unlock(gpu);
    return is_live ? FA_OK : FA_ERR_STALE;
}
