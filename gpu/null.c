/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The null backend: RAM in the place of a device. With is_manual, its copies
 * are done when the program says that their serial is reached; with
 * is_incoherent, each block is there twice, and bytes move between the two only
 * by flush and invalidate. It simulates no shaders: fa_gpu_null_memory() is
 * what they would see.
 */
#include "state.h"

#include <errno.h>
#include <time.h>

#define NULL_ATOM 64u

struct null_block {
    struct null_block *next;
    uint64_t buffer;
    uint64_t size;
    char *memory; /* As the device sees it. */
    char *view;   /* As the CPU does; the same, or a copy; NULL: not at all. */
};

struct null_copy {
    fa_gpu_copy copy;
    fa_gpu_lane lane;
    uint64_t serial;
};

struct fa_gpu_null {
    fa_allocator *allocator;
    fa_gpu_null_config config;
    pthread_mutex_t mutex;
    pthread_cond_t reached;
    uint64_t serials[2]; /* Reached, by lane. */
    uint64_t submitted;  /* Newest of transfers. */
    uint64_t buffers;    /* Handles given so far. */
    struct null_block *blocks;
    struct null_copy *copies; /* In order; not done yet. */
    size_t copy_count;
    size_t copy_room;
    bool is_lost;
};

static fa_ctx *
ctx_of(fa_gpu_null *null)
{
    return fa_ctx_current(null->allocator);
}

static void
null_caps(void *user, fa_gpu_caps *out)
{
    fa_gpu_null *null = user;
    static const char name[] = "null (RAM)";
    memcpy(out->device, name, sizeof(name));
    out->heap_count = null->config.is_discrete ? 2 : 1;
    for (uint32_t i = 0; i < out->heap_count; i++)
        out->heaps[i] = (fa_gpu_heap){null->config.heap_size, i == 0};
    out->atom = null->config.is_incoherent ? NULL_ATOM : 1;
    out->uniform_align = 64;
    out->storage_align = 16;
    out->texel_align = 16;
    out->copy_align = 1;
    out->block_count_max = null->config.block_count_max;
    out->is_unified = !null->config.is_discrete;
    out->has_submit = true;
}

/* --- memory --- */

static uint32_t
shared_props(const fa_gpu_null *null)
{
    uint32_t props = FA_GPU_PROP_HOST_VISIBLE | FA_GPU_PROP_CACHED;
    if (!null->config.is_incoherent)
        props |= FA_GPU_PROP_COHERENT;
    if (!null->config.is_discrete)
        props |= FA_GPU_PROP_DEVICE_LOCAL;
    return props;
}

static fa_status
null_choose(void *user, fa_gpu_intent intent, unsigned uses, uint64_t size,
            uint32_t allowed, unsigned attempt, fa_gpu_class *out)
{
    fa_gpu_null *null = user;
    (void)uses;
    (void)size;
    fa_gpu_class classes[2] = {{0, 0, FA_GPU_PROP_DEVICE_LOCAL},
                               {1, 1, shared_props(null)}};
    unsigned first = 0;
    unsigned count = 2;
    if (!null->config.is_discrete) {
        classes[0].props = shared_props(null);
        count = 1;
    } else if (intent != FA_GPU_DEVICE_ONLY) {
        first = 1;
    }
    for (unsigned i = first; i < count; i++) {
        if ((allowed >> classes[i].id & 1) == 0)
            continue;
        if (attempt-- > 0)
            continue;
        *out = classes[i];
        return FA_OK;
    }
    return FA_ERR_UNSUPPORTED;
}

static void
block_free(fa_gpu_null *null, struct null_block *block)
{
    if (block->view != block->memory)
        fa_heap_free(ctx_of(null), block->view);
    fa_heap_free(ctx_of(null), block->memory);
    fa_heap_free(ctx_of(null), block);
}

static struct null_block *
block_new(fa_gpu_null *null, uint64_t size, bool is_visible)
{
    struct null_block *block = fa_heap_alloc(ctx_of(null), sizeof(*block), 16);
    if (block == NULL)
        return NULL;
    *block = (struct null_block){.size = size};
    block->memory = fa_heap_alloc(ctx_of(null), size, 4096);
    if (is_visible && null->config.is_incoherent)
        block->view = fa_heap_alloc(ctx_of(null), size, 4096);
    else
        block->view = is_visible ? block->memory : NULL;
    if (block->memory != NULL && (block->view != NULL || !is_visible))
        return block;
    block_free(null, block);
    return NULL;
}

static fa_status
null_block_create(void *user, const fa_gpu_block_request *request,
                  fa_gpu_block *out)
{
    fa_gpu_null *null = user;
    bool is_visible = !request->is_opaque && (request->memory_class.props &
                                              FA_GPU_PROP_HOST_VISIBLE) != 0;
    struct null_block *block = block_new(null, request->size, is_visible);
    if (block == NULL)
        return FA_ERR_NOMEM;
    /* What the device would leave there. */
    memset(block->memory, 0xcd, request->size);
    if (block->view != NULL)
        memset(block->view, 0xcd, request->size);
    pthread_mutex_lock(&null->mutex);
    bool is_lost = null->is_lost;
    block->buffer = ++null->buffers;
    block->next = null->blocks;
    if (!is_lost)
        null->blocks = block;
    pthread_mutex_unlock(&null->mutex);
    if (is_lost) {
        block_free(null, block);
        return FA_ERR_DEVICE_LOST;
    }
    *out = (fa_gpu_block){.memory = block->buffer,
                          .buffer = request->is_opaque ? 0 : block->buffer,
                          .ptr = block->view,
                          .size = request->size,
                          .user = block};
    return FA_OK;
}

static void
null_block_destroy(void *user, const fa_gpu_block *native)
{
    fa_gpu_null *null = user;
    struct null_block *block = native->user;
    pthread_mutex_lock(&null->mutex);
    struct null_block **link = &null->blocks;
    while (*link != block)
        link = &(*link)->next;
    *link = block->next;
    pthread_mutex_unlock(&null->mutex);
    block_free(null, block);
}

static fa_status
move_ranges(fa_gpu_null *null, const fa_gpu_range *ranges, size_t count,
            bool to_device)
{
    for (size_t i = 0; i < count; i++) {
        const struct null_block *block = ranges[i].block->user;
        uint64_t end = ranges[i].offset + ranges[i].size;
        if (ranges[i].offset % NULL_ATOM != 0 || end > block->size ||
            (end % NULL_ATOM != 0 && end != block->size))
            return FA_ERR_BACKEND;
        if (block->view == block->memory)
            continue;
        if (to_device)
            memcpy(block->memory + ranges[i].offset,
                   block->view + ranges[i].offset, ranges[i].size);
        else
            memcpy(block->view + ranges[i].offset,
                   block->memory + ranges[i].offset, ranges[i].size);
    }
    return null->is_lost ? FA_ERR_DEVICE_LOST : FA_OK;
}

static fa_status
null_flush(void *user, const fa_gpu_range *ranges, size_t count)
{
    return move_ranges(user, ranges, count, true);
}

static fa_status
null_invalidate(void *user, const fa_gpu_range *ranges, size_t count)
{
    return move_ranges(user, ranges, count, false);
}

/* --- copies --- */

static char *
find_memory(fa_gpu_null *null, uint64_t buffer, uint64_t offset, uint64_t size)
{
    for (struct null_block *block = null->blocks; block != NULL;
         block = block->next)
        if (block->buffer == buffer && offset <= block->size &&
            size <= block->size - offset)
            return block->memory + offset;
    return NULL;
}

static void
copy_do(fa_gpu_null *null, const fa_gpu_copy *copy)
{
    const char *source =
        find_memory(null, copy->source, copy->source_offset, copy->size);
    char *target =
        find_memory(null, copy->target, copy->target_offset, copy->size);
    /* A device has no more mercy with memory that is gone. */
    if (source != NULL && target != NULL)
        memmove(target, source, copy->size);
}

static bool
copies_reserve(fa_gpu_null *null, size_t count)
{
    if (count <= null->copy_room)
        return true;
    size_t room = null->copy_room == 0 ? 64 : null->copy_room;
    while (room < count)
        room *= 2;
    struct null_copy *copies =
        fa_heap_realloc(ctx_of(null), null->copies, room * sizeof(*copies), 16);
    if (copies == NULL)
        return false;
    null->copies = copies;
    null->copy_room = room;
    return true;
}

static fa_status
copies_queue(fa_gpu_null *null, const fa_gpu_copy *copies, size_t count,
             fa_gpu_lane lane, uint64_t serial)
{
    if (null->is_lost)
        return FA_ERR_DEVICE_LOST;
    if (!null->config.is_manual) {
        for (size_t i = 0; i < count; i++)
            copy_do(null, &copies[i]);
        return FA_OK;
    }
    if (!copies_reserve(null, null->copy_count + count))
        return FA_ERR_NOMEM;
    for (size_t i = 0; i < count; i++)
        null->copies[null->copy_count++] =
            (struct null_copy){copies[i], lane, serial};
    return FA_OK;
}

/* Commands, if any, is the serial that their submit will reach. */
static fa_status
null_record(void *user, void *commands, const fa_gpu_copy *copies, size_t count,
            unsigned visible)
{
    fa_gpu_null *null = user;
    (void)visible;
    uint64_t serial = commands == NULL ? 0 : *(const uint64_t *)commands;
    pthread_mutex_lock(&null->mutex);
    fa_status status =
        copies_queue(null, copies, count, FA_GPU_LANE_FRAME, serial);
    pthread_mutex_unlock(&null->mutex);
    return status;
}

static fa_status
null_submit(void *user, const fa_gpu_copy *copies, size_t count,
            unsigned visible, uint64_t *serial)
{
    fa_gpu_null *null = user;
    (void)visible;
    pthread_mutex_lock(&null->mutex);
    fa_status status = copies_queue(null, copies, count, FA_GPU_LANE_TRANSFER,
                                    null->submitted + 1);
    if (status == FA_OK)
        *serial = ++null->submitted;
    pthread_mutex_unlock(&null->mutex);
    return status;
}

/* --- progress --- */

static uint64_t
serial_reached(const fa_gpu_null *null, fa_gpu_lane lane)
{
    if (null->config.is_manual)
        return null->serials[lane];
    return lane == FA_GPU_LANE_FRAME ? UINT64_MAX : null->submitted;
}

static fa_status
null_completed(void *user, fa_gpu_lane lane, uint64_t *serial)
{
    fa_gpu_null *null = user;
    pthread_mutex_lock(&null->mutex);
    *serial = serial_reached(null, lane);
    fa_status status = null->is_lost ? FA_ERR_DEVICE_LOST : FA_OK;
    pthread_mutex_unlock(&null->mutex);
    return status;
}

static struct timespec
deadline_of(uint64_t timeout_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    uint64_t ns = (uint64_t)at.tv_nsec + timeout_ns % 1000000000u;
    at.tv_sec += (time_t)(timeout_ns / 1000000000u + ns / 1000000000u);
    at.tv_nsec = (long)(ns % 1000000000u);
    return at;
}

static fa_status
null_wait(void *user, fa_gpu_lane lane, uint64_t serial, uint64_t timeout_ns)
{
    fa_gpu_null *null = user;
    /* A hundred years are for ever. */
    const uint64_t most = (uint64_t)3153600000u * 1000000000u;
    struct timespec deadline =
        deadline_of(timeout_ns < most ? timeout_ns : most);
    int error = 0;
    pthread_mutex_lock(&null->mutex);
    while (!null->is_lost && serial_reached(null, lane) < serial && error == 0)
        error = timeout_ns == 0 ? ETIMEDOUT
                                : pthread_cond_timedwait(
                                      &null->reached, &null->mutex, &deadline);
    fa_status status = FA_OK;
    if (null->is_lost)
        status = FA_ERR_DEVICE_LOST;
    else if (serial_reached(null, lane) < serial)
        status = FA_TIMEOUT;
    pthread_mutex_unlock(&null->mutex);
    return status;
}

void
fa_gpu_null_complete(fa_gpu_null *null, fa_gpu_lane lane, uint64_t serial)
{
    pthread_mutex_lock(&null->mutex);
    if (serial > null->serials[lane]) {
        size_t kept = 0;
        for (size_t i = 0; i < null->copy_count; i++) {
            const struct null_copy *copy = &null->copies[i];
            if (copy->lane == lane && copy->serial <= serial)
                copy_do(null, &copy->copy);
            else
                null->copies[kept++] = *copy;
        }
        null->copy_count = kept;
        null->serials[lane] = serial;
        pthread_cond_broadcast(&null->reached);
    }
    pthread_mutex_unlock(&null->mutex);
}

void
fa_gpu_null_lose(fa_gpu_null *null)
{
    pthread_mutex_lock(&null->mutex);
    null->is_lost = true;
    pthread_cond_broadcast(&null->reached);
    pthread_mutex_unlock(&null->mutex);
}

void *
fa_gpu_null_memory(fa_gpu_null *null, uint64_t buffer, uint64_t offset,
                   uint64_t size)
{
    pthread_mutex_lock(&null->mutex);
    void *memory = find_memory(null, buffer, offset, size);
    pthread_mutex_unlock(&null->mutex);
    return memory;
}

static int64_t
null_native_error(void *user)
{
    (void)user;
    return 0;
}

static void
null_destroy(void *user)
{
    fa_gpu_null *null = user;
    pthread_cond_destroy(&null->reached);
    pthread_mutex_destroy(&null->mutex);
    fa_heap_free(ctx_of(null), null->copies);
    fa_heap_free(ctx_of(null), null);
}

static void
cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

fa_status
fa_gpu_null_create(fa_allocator *allocator, const fa_gpu_null_config *config,
                   fa_gpu_backend *backend, fa_gpu_null **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL || backend == NULL)
        return FA_ERR_USAGE;
    fa_gpu_null_config own = FA_GPU_NULL_CONFIG_INIT;
    if (config != NULL && !gpu_struct_read(&own, sizeof(own), config)) {
        fa_diag_send(allocator, 10, NULL, "fa_gpu_null_config.struct_size");
        return FA_ERR_CONFIG;
    }
    if (own.heap_size == 0)
        own.heap_size = (uint64_t)256 << 20;
    fa_gpu_null *null =
        fa_heap_alloc(fa_ctx_current(allocator), sizeof(*null), 16);
    if (null == NULL)
        return FA_ERR_NOMEM;
    memset(null, 0, sizeof(*null));
    null->allocator = allocator;
    null->config = own;
    pthread_mutex_init(&null->mutex, NULL);
    cond_init(&null->reached);
    *backend = (fa_gpu_backend){sizeof(*backend),
                                FA_GPU_BACKEND_ABI,
                                null,
                                null_caps,
                                NULL,
                                null_choose,
                                null_block_create,
                                null_block_destroy,
                                null_flush,
                                null_invalidate,
                                null_record,
                                null_submit,
                                null_completed,
                                null_wait,
                                NULL,
                                null_native_error,
                                null_destroy};
    *out = null;
    return FA_OK;
}
