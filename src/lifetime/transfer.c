/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers: a table of what is on its way, under one lock.
 *
 * A transfer is the index of its record and the record's serial number, which
 * changes when the transfer ends. So a number that was received, or released,
 * or invented, is found out, and two receivers cannot both get the block. The
 * records move when the table grows; nobody keeps their address. A lock is
 * enough: a transfer is taken once and given once, and a list without a lock
 * would still need a serial number that changes with it in one step.
 *
 * The block itself stays where it is and charged to its tag; the free of the
 * receiver takes it home like any other free by another thread.
 */
#include "lifetime/transfer.h"

#include "memory/arena.h"
#include "memory/block.h"
#include "memory/event.h"
#include "memory/heap.h"

#include <string.h>

struct record {
    void *block; /* NULL: free. */
    size_t size;
    const void *caller; /* Of fa_transfer_send(). */
    uint64_t sender;    /* Id of the context. */
    uint32_t serial;    /* Never 0. */
    uint32_t next;      /* Free: index of the next free one + 1. */
};

/* --- the table; under its lock --- */

static struct record *
record_at(struct fai_transfers *transfers, uint32_t index)
{
    return (struct record *)transfers->records.items + index;
}

/* A free record, or NULL without memory. */
static struct record *
take_record(struct fai_transfers *transfers, uint32_t *index)
{
    if (transfers->free != 0) {
        *index = transfers->free - 1;
        struct record *record = record_at(transfers, *index);
        transfers->free = record->next;
        return record;
    }
    if (transfers->records.count == UINT32_MAX - 1)
        return NULL;
    struct record *record =
        fai_array_push(&transfers->records, sizeof(*record));
    if (record == NULL)
        return NULL;
    *index = (uint32_t)transfers->records.count - 1;
    *record = (struct record){.serial = 1};
    return record;
}

/* The record of a transfer that is on its way, or NULL. */
static struct record *
find_record(struct fai_transfers *transfers, fa_transfer transfer)
{
    uint32_t index = (uint32_t)transfer.id;
    if (index >= transfers->records.count)
        return NULL;
    struct record *record = record_at(transfers, index);
    bool is_live = record->block != NULL &&
                   record->serial == (uint32_t)(transfer.id >> 32);
    return is_live ? record : NULL;
}

/* A serial number that would come again retires its record (I4). */
static void
give_record(struct fai_transfers *transfers, struct record *record,
            uint32_t index)
{
    record->block = NULL;
    transfers->pending--;
    if (++record->serial == 0)
        return;
    record->next = transfers->free;
    transfers->free = index + 1;
}

static bool
put(fa_allocator *allocator, const struct record *what, fa_transfer *out)
{
    struct fai_transfers *transfers = &allocator->transfers;
    uint32_t index;
    fai_lock(&transfers->lock);
    struct record *record = take_record(transfers, &index);
    if (record != NULL) {
        uint32_t serial = record->serial;
        *record = *what;
        record->serial = serial;
        out->id = (uint64_t)serial << 32 | index;
        transfers->sent++;
        transfers->bytes += what->size;
        transfers->pending++;
    }
    fai_unlock(&transfers->lock);
    return record != NULL;
}

/* The transfer ends; *count is of those that ended like this. */
static bool
take(fa_allocator *allocator, fa_transfer transfer, uint64_t *count,
     struct record *out)
{
    struct fai_transfers *transfers = &allocator->transfers;
    fai_lock(&transfers->lock);
    struct record *record = find_record(transfers, transfer);
    if (record != NULL) {
        *out = *record;
        give_record(transfers, record, (uint32_t)transfer.id);
        (*count)++;
    }
    fai_unlock(&transfers->lock);
    return record != NULL;
}

/* --- sending --- */

static bool
is_of_frame(fa_ctx *ctx, const void *block)
{
    struct fai_block *own = fai_block_own(ctx, block);
    if (own != NULL)
        return fai_load(&own->state) == FAI_BLOCK_FRAME;
    return fai_arena_has(ctx, block);
}

/* The block to send: the same, or a copy. NULL: refused. */
static void *
movable(fa_ctx *ctx, void *block, size_t size)
{
    if (is_of_frame(ctx, block)) {
        void *copy = fa_heap_alloc(ctx, size, FA_FRAME_GRANULE);
        return copy == NULL ? NULL : memcpy(copy, block, size);
    }
    size_t room = fai_heap_usable_size(ctx->allocator, block);
    if (size <= room)
        return block;
    fai_report(&ctx->allocator->reporter, room == 0 ? 8 : 15, block,
               "%p, %zu bytes in fa_transfer_send()", block, size);
    return fai_fail(ctx, FA_ERR_USAGE);
}

fa_status
fa_transfer_send(fa_ctx *ctx, void *block, size_t size, fa_transfer *out)
{
    if (ctx == NULL || block == NULL || size == 0 || out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_transfer){0};
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    struct record what = {.block = movable(ctx, block, size),
                          .size = size,
                          .caller = __builtin_return_address(0),
                          .sender = ctx->id};
    if (what.block == NULL)
        return ctx->status;
    if (!put(ctx->allocator, &what, out)) {
        if (what.block != block)
            fa_free(ctx, what.block);
        return ctx->status = FA_ERR_NOMEM;
    }
    if (fai_event_wants(ctx, FA_EVENT_TRANSFER_BEGIN))
        fai_event_tell(ctx, FA_EVENT_TRANSFER_BEGIN, what.block, size, 0);
    return FA_OK;
}

/* --- receiving --- */

static bool
end_transfer(fa_ctx *ctx, fa_transfer transfer, uint64_t *count,
             struct record *out)
{
    if (take(ctx->allocator, transfer, count, out))
        return true;
    ctx->status = FA_ERR_STALE;
    fai_report(&ctx->allocator->reporter, 232, NULL, "transfer %llx",
               (unsigned long long)transfer.id);
    return false;
}

void *
fa_transfer_receive(fa_ctx *ctx, fa_transfer transfer, size_t *size)
{
    struct record record;
    if (size != NULL)
        *size = 0;
    if (ctx == NULL || ctx->is_refusing)
        return NULL;
    if (!end_transfer(ctx, transfer, &ctx->allocator->transfers.received,
                      &record))
        return NULL;
    if (size != NULL)
        *size = record.size;
    if (fai_event_wants(ctx, FA_EVENT_TRANSFER_END))
        fai_event_tell(ctx, FA_EVENT_TRANSFER_END, record.block, record.size,
                       record.sender);
    return record.block;
}

fa_status
fa_transfer_release(fa_ctx *ctx, fa_transfer transfer)
{
    struct record record;
    if (ctx == NULL)
        return FA_ERR_USAGE;
    if (transfer.id == 0)
        return FA_OK;
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    if (!end_transfer(ctx, transfer, &ctx->allocator->transfers.dropped,
                      &record))
        return FA_ERR_STALE;
    fa_free(ctx, record.block);
    return FA_OK;
}

/* --- the end of the allocator, by one thread --- */

/* At guard level 0 one message for all; above, one for each, with its site. */
static void
drop(fa_ctx *ctx, const struct record *record)
{
    if (ctx->guard != 0)
        fai_report(&ctx->allocator->reporter, 231, record->block,
                   "%zu bytes at %p, sent by context %llu at %p", record->size,
                   record->block, (unsigned long long)record->sender,
                   record->caller);
    fa_free(ctx, record->block);
}

void
fai_transfers_drop(fa_allocator *allocator)
{
    struct fai_transfers *transfers = &allocator->transfers;
    if (transfers->pending == 0)
        return;
    fa_ctx *ctx = fa_ctx_current(allocator);
    if (ctx->is_refusing)
        return; /* They are reported as leaks. */
    if (ctx->guard == 0)
        fai_report(&allocator->reporter, 231, NULL, "%llu transfers",
                   (unsigned long long)transfers->pending);
    for (uint32_t i = 0; i < transfers->records.count; i++) {
        struct record *record = record_at(transfers, i);
        if (record->block == NULL)
            continue;
        drop(ctx, record);
        transfers->dropped++;
        give_record(transfers, record, i);
    }
}

void
fai_transfers_destroy(fa_allocator *allocator)
{
    fai_array_destroy(&allocator->transfers.records, sizeof(struct record));
    fai_mutex_destroy(&allocator->transfers.lock);
}
