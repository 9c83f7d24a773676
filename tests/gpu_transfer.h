/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What tests of transfers share: a null device whose batches are looked at,
 * and whose calls can be made to fail.
 *
 * Batches are handed on with the copies of each epoch in reverse, as a device
 * may run them in any order.
 */
#ifndef FA_TESTS_GPU_TRANSFER_H
#define FA_TESTS_GPU_TRANSFER_H

#include "gpu_world.h"

#include <string.h>

enum { UNIFIED, DISCRETE, INCOHERENT, KINDS };

static struct gpu_world w;

static inline void
prepare(int kind)
{
    gpu_prepare(&w);
    w.null_config.is_discrete = kind != UNIFIED;
    w.null_config.is_incoherent = kind == INCOHERENT;
    w.null_config.is_manual = true;
    w.config.staging_chunk = 64 * KIB;
    w.config.staging_limit = 256 * KIB;
}

/* The last batch, and what calls answer from now on. */
static struct {
    fa_gpu_backend inner;
    size_t copies;
    uint32_t epochs;
    unsigned visible;
    unsigned flushes;
    fa_status record;
    fa_status submit;
    fa_status flush;
    fa_status invalidate;
    fa_status create;
} hook;

static inline bool
hook_meet(uint64_t buffer, uint64_t begin, uint64_t size, uint64_t other,
          uint64_t other_begin, uint64_t other_size)
{
    return buffer == other && begin < other_begin + other_size &&
           other_begin < begin + size;
}

/* Whether the order of two copies matters. */
static inline bool
hook_conflict(const fa_gpu_copy *a, const fa_gpu_copy *b)
{
    return hook_meet(a->target, a->target_offset, a->size, b->target,
                     b->target_offset, b->size) ||
           hook_meet(a->target, a->target_offset, a->size, b->source,
                     b->source_offset, b->size) ||
           hook_meet(a->source, a->source_offset, a->size, b->target,
                     b->target_offset, b->size);
}

static inline void
hook_check(const fa_gpu_copy *a, const fa_gpu_copy *b)
{
    ck_assert_uint_le(a->epoch, b->epoch);
    if (a->epoch != b->epoch)
        return;
    ck_assert(a->source < b->source ||
              (a->source == b->source && a->target <= b->target));
}

/* Sorted, and free of conflicts within epochs; reversed within them. */
static inline const fa_gpu_copy *
hook_look(const fa_gpu_copy *copies, size_t count, unsigned visible)
{
    static fa_gpu_copy reversed[4096];
    ck_assert_uint_le(count, COUNT(reversed));
    ck_assert_uint_gt(count, 0);
    for (size_t i = 1; i < count; i++)
        hook_check(&copies[i - 1], &copies[i]);
    for (size_t begin = 0, end; begin < count; begin = end) {
        for (end = begin;
             end < count && copies[end].epoch == copies[begin].epoch; end++)
            for (size_t i = begin; i < end; i++)
                ck_assert(!hook_conflict(&copies[i], &copies[end]));
        for (size_t i = begin; i < end; i++)
            reversed[i] = copies[begin + end - 1 - i];
    }
    hook.copies = count;
    hook.epochs = copies[count - 1].epoch + 1;
    hook.visible = visible;
    return reversed;
}

static inline fa_status
hook_record(void *user, void *commands, const fa_gpu_copy *copies, size_t count,
            unsigned visible)
{
    if (hook.record != FA_OK)
        return hook.record;
    return hook.inner.record(user, commands, hook_look(copies, count, visible),
                             count, visible);
}

static inline fa_status
hook_submit(void *user, const fa_gpu_copy *copies, size_t count,
            unsigned visible, uint64_t *serial)
{
    if (hook.submit != FA_OK)
        return hook.submit;
    return hook.inner.submit(user, hook_look(copies, count, visible), count,
                             visible, serial);
}

static inline fa_status
hook_flush(void *user, const fa_gpu_range *ranges, size_t count)
{
    hook.flushes++;
    return hook.flush != FA_OK ? hook.flush
                               : hook.inner.flush(user, ranges, count);
}

static inline fa_status
hook_invalidate(void *user, const fa_gpu_range *ranges, size_t count)
{
    return hook.invalidate != FA_OK
               ? hook.invalidate
               : hook.inner.invalidate(user, ranges, count);
}

static inline fa_status
hook_create(void *user, const fa_gpu_block_request *request, fa_gpu_block *out)
{
    return hook.create != FA_OK ? hook.create
                                : gpu_count_create(user, request, out);
}

static inline void
open_prepared(void)
{
    fa_gpu_backend backend;
    test_open(&w.core);
    ck_assert_int_eq(
        fa_gpu_null_create(w.core.allocator, &w.null_config, &backend, &w.null),
        FA_OK);
    gpu_driver = (struct gpu_driver){.inner = backend};
    memset(&hook, 0, sizeof(hook));
    hook.inner = backend;
    backend.block_create = hook_create;
    backend.block_destroy = gpu_count_destroy;
    backend.record = hook_record;
    backend.submit = hook_submit;
    backend.flush = hook_flush;
    backend.invalidate = hook_invalidate;
    ck_assert_int_eq(
        fa_gpu_create(w.core.allocator, &w.config, &backend, &w.gpu), FA_OK);
}

static inline void
open_kind(int kind)
{
    prepare(kind);
    open_prepared();
}

/* Also looks whether all was given back. */
static inline void
close_all(void)
{
    gpu_reach(&w, w.serial);
    gpu_close(&w);
    ck_assert_no_diag(&w.core.log);
}

static inline fa_gpu_slice
device_slice(uint64_t size)
{
    return gpu_keep(&w, FA_GPU_DEVICE_ONLY, size, FA_GPU_PERSISTENT);
}

static inline void
free_slice(fa_gpu_slice *slice)
{
    ck_assert_int_eq(fa_gpu_free(w.gpu, slice), FA_OK);
}

static inline fa_status
upload(const fa_gpu_slice *slice, uint64_t offset, size_t size, unsigned seed,
       fa_gpu_ticket *ticket)
{
    static unsigned char bytes[MIB];
    ck_assert_uint_le(size, sizeof(bytes));
    test_fill(bytes, size, seed);
    fa_status status =
        fa_gpu_transfer_to_gpu(w.gpu, slice, offset, bytes, size, ticket);
    memset(bytes, 0xee, size);
    return status;
}

/* Records what is queued for the serial that the frame will end with. */
static inline void
record(void)
{
    uint64_t serial = w.serial + 1;
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, &serial), FA_OK);
}

/* A frame that records what is queued, and that the device finishes. */
static inline void
run_frame(void)
{
    gpu_begin(&w);
    record();
    gpu_end(&w);
    gpu_reach(&w, w.serial);
}

static inline fa_gpu_ticket
fetch(const fa_gpu_slice *slice, uint64_t offset, uint64_t size)
{
    fa_gpu_ticket ticket;
    ck_assert_int_eq(
        fa_gpu_transfer_to_cpu(w.gpu, slice, offset, size, &ticket), FA_OK);
    return ticket;
}

static inline void
check_result(fa_gpu_ticket ticket, uint64_t size, unsigned seed)
{
    const void *bytes;
    uint64_t count;
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, &count),
                     FA_OK);
    ck_assert_uint_eq(count, size);
    ck_assert(test_is_filled(bytes, size, seed));
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
}

/* The slice has these bytes, on the device. */
static inline void
check_slice(const fa_gpu_slice *slice, uint64_t offset, uint64_t size,
            unsigned seed)
{
    fa_gpu_ticket ticket = fetch(slice, offset, size);
    run_frame();
    check_result(ticket, size, seed);
}

#endif
