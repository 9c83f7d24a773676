/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What fails: the functions of the heap and of the backend, which stand in
 * front of the library's heap and of the null backend. What they have given is
 * counted. The device gets on while somebody waits for it.
 */
#include "sweep_gpu.h"

#include <string.h>

#undef fa_heap_alloc
#undef fa_heap_realloc
#undef fa_heap_free

void *fa_heap_alloc(fa_ctx *ctx, size_t size, size_t align);
void *fa_heap_realloc(fa_ctx *ctx, void *block, size_t size, size_t align);
void fa_heap_free(fa_ctx *ctx, void *block);

struct sweep_fault fault;
struct sweep_world world;

/* --- what fails --- */

static bool
is_failing(enum sweep_call call)
{
    if (call != fault.call || fault.at == 0)
        return false;
    fault.count++;
    bool is_now =
        fault.count == fault.at || (fault.count > fault.at && fault.is_lasting);
    fault.is_hit |= is_now;
    return is_now;
}

static bool
is_refused(enum sweep_call call)
{
    ck_assert_msg(!world.is_lost, "a lost device was asked: call %d", call);
    if (!is_failing(call))
        return false;
    world.is_lost = fault.answer == FA_ERR_DEVICE_LOST;
    return true;
}

void *
sweep_heap_alloc(fa_ctx *ctx, size_t size, size_t align)
{
    void *block = is_failing(HEAP) ? NULL : fa_heap_alloc(ctx, size, align);
    world.pieces += block != NULL;
    return block;
}

void *
sweep_heap_realloc(fa_ctx *ctx, void *old, size_t size, size_t align)
{
    if (is_failing(HEAP))
        return NULL;
    void *block = fa_heap_realloc(ctx, old, size, align);
    world.pieces += old == NULL && block != NULL;
    return block;
}

void
sweep_heap_free(fa_ctx *ctx, void *block)
{
    world.pieces -= block != NULL;
    fa_heap_free(ctx, block);
}

static void
caps_fn(void *user, fa_gpu_caps *out)
{
    world.inner.caps(user, out);
    out->has_budget = true;
}

static fa_status
budget_fn(void *user, uint64_t *budgets, uint64_t *usages)
{
    (void)user;
    if (is_refused(BUDGET))
        return fault.answer;
    for (unsigned i = 0; i < 2; i++) {
        budgets[i] = 64 * MIB;
        usages[i] = 0;
    }
    return FA_OK;
}

/* It only looks things up, so it may be asked after a loss. */
static fa_status
choose_fn(void *user, fa_gpu_intent intent, unsigned uses, uint64_t size,
          uint32_t allowed, unsigned attempt, fa_gpu_class *out)
{
    if (is_failing(CHOOSE))
        return fault.answer;
    return world.inner.choose(user, intent, uses, size, allowed, attempt, out);
}

static fa_status
create_fn(void *user, const fa_gpu_block_request *request, fa_gpu_block *out)
{
    if (is_refused(CREATE))
        return fault.answer;
    fa_status status = world.inner.block_create(user, request, out);
    world.blocks += status == FA_OK;
    world.held_bytes += status == FA_OK ? request->size : 0;
    return status;
}

static void
destroy_fn(void *user, const fa_gpu_block *block)
{
    world.blocks--;
    world.held_bytes -= block->size;
    world.inner.block_destroy(user, block);
}

static fa_status
flush_fn(void *user, const fa_gpu_range *ranges, size_t count)
{
    return is_refused(FLUSH) ? fault.answer
                             : world.inner.flush(user, ranges, count);
}

static fa_status
invalidate_fn(void *user, const fa_gpu_range *ranges, size_t count)
{
    return is_refused(INVALIDATE) ? fault.answer
                                  : world.inner.invalidate(user, ranges, count);
}

static fa_status
record_fn(void *user, void *commands, const fa_gpu_copy *copies, size_t count,
          unsigned visible)
{
    if (is_refused(RECORD))
        return fault.answer;
    return world.inner.record(user, commands, copies, count, visible);
}

static fa_status
submit_fn(void *user, const fa_gpu_copy *copies, size_t count, unsigned visible,
          uint64_t *serial)
{
    if (is_refused(SUBMIT))
        return fault.answer;
    return world.inner.submit(user, copies, count, visible, serial);
}

static fa_status
completed_fn(void *user, fa_gpu_lane lane, uint64_t *serial)
{
    return is_refused(COMPLETED) ? fault.answer
                                 : world.inner.completed(user, lane, serial);
}

/* The device works while somebody waits. */
static fa_status
wait_fn(void *user, fa_gpu_lane lane, uint64_t serial, uint64_t timeout_ns)
{
    if (is_refused(WAIT))
        return fault.answer;
    if (timeout_ns != 0)
        fa_gpu_null_complete(world.null, lane, serial);
    return world.inner.wait(user, lane, serial, timeout_ns);
}

/* --- what is answered --- */

static bool
is_explained(fa_status status)
{
    if (!fault.is_hit)
        return false;
    if (world.is_lost)
        return status == FA_ERR_DEVICE_LOST;
    return status == fault.answer;
}

bool
sweep_is_done(fa_status status)
{
    if (status == FA_OK)
        return true;
    ck_assert_msg(is_explained(status), "unexpected: %s, at call %u",
                  fa_status_name(status), fault.at);
    world.failed++;
    return false;
}

bool
sweep_is_done_or(fa_status status, fa_status other)
{
    return status != FA_OK && status == other ? false : sweep_is_done(status);
}

/* --- the device --- */

static bool
open_null(enum sweep_kind kind)
{
    fa_gpu_null_config config = FA_GPU_NULL_CONFIG_INIT;
    config.heap_size = 4 * MIB;
    config.is_discrete = config.is_incoherent = kind == INCOHERENT;
    config.is_manual = true;
    fa_status status = fa_gpu_null_create(world.core.allocator, &config,
                                          &world.inner, &world.null);
    if (!sweep_is_done(status))
        ck_assert_ptr_null(world.null);
    return status == FA_OK;
}

static bool
open_gpu(void)
{
    fa_gpu_config config = FA_GPU_CONFIG_INIT;
    config.chunk_size = 8 * KIB;
    config.block_size = 64 * KIB;
    config.staging_chunk = 8 * KIB;
    config.staging_limit = 128 * KIB;
    fa_gpu_backend backend = world.inner;
    backend.caps = caps_fn;
    backend.budget = budget_fn;
    backend.choose = choose_fn;
    backend.block_create = create_fn;
    backend.block_destroy = destroy_fn;
    backend.flush = flush_fn;
    backend.invalidate = invalidate_fn;
    backend.record = record_fn;
    backend.submit = submit_fn;
    backend.completed = completed_fn;
    backend.wait = wait_fn;
    fa_status status =
        fa_gpu_create(world.core.allocator, &config, &backend, &world.gpu);
    if (sweep_is_done(status))
        return true;
    ck_assert_ptr_null(world.gpu);
    world.inner.destroy(world.inner.user);
    return false;
}

bool
sweep_open(enum sweep_kind kind)
{
    return open_null(kind) && open_gpu();
}
