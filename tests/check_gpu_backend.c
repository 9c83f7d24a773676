/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A backend of an engine's own, as one for Metal or Direct3D would be: command
 * lists are the engine's, progress is what its fence says, memory of the device
 * is not seen by the CPU, and what is seen must be flushed and invalidated.
 * Nothing of the null backend is used.
 */
#include "support.h"

#include <framealloc/gpu-backend.h>

#include <stdlib.h>
#include <string.h>

enum { ATOM = 256, LIST = 256, LISTS = 8, FAR = 0, NEAR_CPU = 1 };

/* A buffer of the device. What the CPU sees is another copy. */
struct engine_buffer {
    unsigned char *memory;
    unsigned char *view; /* NULL: not seen. */
    uint64_t size;
};

/* Recorded, and done when the fence reaches the serial. */
struct engine_list {
    fa_gpu_copy copies[LIST];
    size_t count;
    unsigned barriers;
    uint64_t serial; /* 0: not submitted. */
};

static struct engine {
    struct engine_list lists[LISTS];
    uint64_t fence;
    unsigned buffers; /* That exist. */
    unsigned visible; /* Of the last record. */
    int64_t error;
    bool is_lost;
    bool is_far_full;
    bool is_destroyed;
} engine;

static void
engine_caps(void *user, fa_gpu_caps *out)
{
    ck_assert_ptr_eq(user, &engine);
    strcpy(out->device, "engine");
    out->heap_count = 2;
    out->heaps[FAR] = (fa_gpu_heap){256 * MIB, true};
    out->heaps[NEAR_CPU] = (fa_gpu_heap){256 * MIB, false};
    out->atom = ATOM;
    out->uniform_align = 256;
    out->storage_align = 32;
    out->texel_align = 16;
    out->copy_align = 512;
}

static fa_status
engine_choose(void *user, fa_gpu_intent intent, unsigned uses, uint64_t size,
              uint32_t allowed, unsigned attempt, fa_gpu_class *out)
{
    (void)user;
    (void)uses;
    (void)size;
    static const fa_gpu_class classes[2] = {
        {10, FAR, FA_GPU_PROP_DEVICE_LOCAL},
        {11, NEAR_CPU, FA_GPU_PROP_HOST_VISIBLE | FA_GPU_PROP_CACHED}};
    unsigned which = intent == FA_GPU_DEVICE_ONLY ? attempt : attempt + 1;
    if (which > 1 || (allowed >> classes[which].id & 1) == 0)
        return FA_ERR_UNSUPPORTED;
    *out = classes[which];
    return FA_OK;
}

static fa_status
engine_block_create(void *user, const fa_gpu_block_request *request,
                    fa_gpu_block *out)
{
    (void)user;
    ck_assert_uint_eq(request->size % ATOM, 0);
    if (engine.is_lost ||
        (engine.is_far_full && request->memory_class.id == 10))
        return engine.is_lost ? FA_ERR_DEVICE_LOST : FA_ERR_NOMEM;
    struct engine_buffer *buffer = calloc(1, sizeof(*buffer));
    buffer->size = request->size;
    buffer->memory = calloc(1, request->size);
    if (request->memory_class.id == 11)
        buffer->view = calloc(1, request->size);
    *out = (fa_gpu_block){.memory = (uintptr_t)buffer,
                          .buffer = (uintptr_t)buffer,
                          .ptr = buffer->view,
                          .size = request->size,
                          .user = buffer};
    engine.buffers++;
    return FA_OK;
}

static void
engine_block_destroy(void *user, const fa_gpu_block *block)
{
    (void)user;
    struct engine_buffer *buffer = block->user;
    free(buffer->memory);
    free(buffer->view);
    free(buffer);
    engine.buffers--;
}

static void
check_range(const fa_gpu_range *range)
{
    const struct engine_buffer *buffer = range->block->user;
    ck_assert_ptr_nonnull(buffer->view);
    ck_assert_uint_eq(range->offset % ATOM, 0);
    ck_assert_uint_gt(range->size, 0);
    ck_assert_uint_le(range->offset + range->size, buffer->size);
    ck_assert(range->size % ATOM == 0 ||
              range->offset + range->size == buffer->size);
}

static fa_status
engine_flush(void *user, const fa_gpu_range *ranges, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        const struct engine_buffer *buffer = ranges[i].block->user;
        check_range(&ranges[i]);
        memcpy(buffer->memory + ranges[i].offset,
               buffer->view + ranges[i].offset, ranges[i].size);
    }
    return engine.is_lost ? FA_ERR_DEVICE_LOST : FA_OK;
}

static fa_status
engine_invalidate(void *user, const fa_gpu_range *ranges, size_t count)
{
    (void)user;
    for (size_t i = 0; i < count; i++) {
        const struct engine_buffer *buffer = ranges[i].block->user;
        check_range(&ranges[i]);
        memcpy(buffer->view + ranges[i].offset,
               buffer->memory + ranges[i].offset, ranges[i].size);
    }
    return engine.is_lost ? FA_ERR_DEVICE_LOST : FA_OK;
}

static fa_status
engine_record(void *user, void *commands, const fa_gpu_copy *copies,
              size_t count, unsigned visible)
{
    (void)user;
    struct engine_list *list = commands;
    if (list->count + count > LIST) {
        engine.error = 42;
        return FA_ERR_BACKEND;
    }
    for (size_t i = 0; i < count; i++)
        list->barriers += i == 0 || copies[i].epoch != copies[i - 1].epoch;
    memcpy(list->copies + list->count, copies, count * sizeof(*copies));
    list->count += count;
    engine.visible = visible;
    return FA_OK;
}

static fa_status
engine_completed(void *user, fa_gpu_lane lane, uint64_t *serial)
{
    (void)user;
    ck_assert_int_eq(lane, FA_GPU_LANE_FRAME);
    *serial = engine.fence;
    return engine.is_lost ? FA_ERR_DEVICE_LOST : FA_OK;
}

static void
run_list(struct engine_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const fa_gpu_copy *copy = &list->copies[i];
        const struct engine_buffer *source =
            (struct engine_buffer *)(uintptr_t)copy->source;
        const struct engine_buffer *target =
            (struct engine_buffer *)(uintptr_t)copy->target;
        ck_assert_uint_le(copy->source_offset + copy->size, source->size);
        ck_assert_uint_le(copy->target_offset + copy->size, target->size);
        memmove(target->memory + copy->target_offset,
                source->memory + copy->source_offset, copy->size);
    }
    memset(list, 0, sizeof(*list));
}

/* The device works until the fence has this value. */
static void
run_until(uint64_t serial)
{
    while (engine.fence < serial) {
        engine.fence++;
        for (unsigned i = 0; i < LISTS; i++)
            if (engine.lists[i].serial == engine.fence)
                run_list(&engine.lists[i]);
    }
}

/* Whoever waits lets the device work. */
static fa_status
engine_wait(void *user, fa_gpu_lane lane, uint64_t serial, uint64_t timeout_ns)
{
    (void)user;
    ck_assert_int_eq(lane, FA_GPU_LANE_FRAME);
    if (engine.is_lost)
        return FA_ERR_DEVICE_LOST;
    if (timeout_ns != 0)
        run_until(serial);
    return engine.fence >= serial ? FA_OK : FA_TIMEOUT;
}

static int64_t
engine_native_error(void *user)
{
    (void)user;
    return engine.error;
}

static void
engine_destroy(void *user)
{
    (void)user;
    ck_assert_uint_eq(engine.buffers, 0);
    engine.is_destroyed = true;
}

static const fa_gpu_backend engine_backend = {
    .struct_size = sizeof(fa_gpu_backend),
    .abi = FA_GPU_BACKEND_ABI,
    .user = &engine,
    .caps = engine_caps,
    .choose = engine_choose,
    .block_create = engine_block_create,
    .block_destroy = engine_block_destroy,
    .flush = engine_flush,
    .invalidate = engine_invalidate,
    .record = engine_record,
    .completed = engine_completed,
    .wait = engine_wait,
    .native_error = engine_native_error,
    .destroy = engine_destroy,
};

/* --- the engine's loop --- */

static struct test_world w;
static fa_gpu *gpu;
static uint64_t submitted;

static void
open_engine(uint32_t frames)
{
    fa_gpu_config config = FA_GPU_CONFIG_INIT;
    config.frames = frames;
    config.chunk_size = 64 * KIB;
    config.staging_chunk = 64 * KIB;
    memset(&engine, 0, sizeof(engine));
    submitted = 0;
    test_prepare(&w);
    test_open(&w);
    ck_assert_int_eq(fa_gpu_create(w.allocator, &config, &engine_backend, &gpu),
                     FA_OK);
}

static void
close_engine(void)
{
    fa_gpu_destroy(gpu);
    ck_assert(engine.is_destroyed);
    test_close(&w);
    ck_assert_no_diag(&w.log);
}

static struct engine_list *
begin(void)
{
    ck_assert_int_eq(fa_gpu_begin_frame(gpu, UINT64_MAX), FA_OK);
    for (unsigned i = 0; i < LISTS; i++)
        if (engine.lists[i].serial == 0)
            return &engine.lists[i];
    ck_abort_msg("all lists are in flight");
    return NULL;
}

static void
end(struct engine_list *list)
{
    ck_assert_int_eq(fa_gpu_frame_commit(gpu), FA_OK);
    list->serial = ++submitted;
    ck_assert_int_eq(fa_gpu_end_frame(gpu, submitted), FA_OK);
}

static fa_gpu_slice
keep(uint64_t size)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = size;
    request.flags = FA_GPU_ALLOW_HOST;
    ck_assert_int_eq(fa_gpu_alloc(gpu, &request, &slice), FA_OK);
    return slice;
}

START_TEST(frames_stream_vertices_and_read_them_back)
{
    enum { SIZE = 5000, FRAMES = 40, FLIGHT = 3 };
    static unsigned char vertices[SIZE];
    fa_gpu_ticket tickets[FRAMES + 1];
    open_engine(FLIGHT);
    fa_gpu_slice mesh = keep(SIZE);
    ck_assert_ptr_null(mesh.ptr);
    for (unsigned frame = 1; frame <= FRAMES; frame++) {
        struct engine_list *list = begin();
        if (frame > FLIGHT) {
            const void *bytes;
            fa_gpu_ticket ticket = tickets[frame - FLIGHT];
            ck_assert_int_eq(fa_gpu_transfer_result(gpu, ticket, &bytes, NULL),
                             FA_OK);
            ck_assert(test_is_filled(bytes, SIZE, frame - FLIGHT));
            ck_assert_int_eq(fa_gpu_transfer_release(gpu, ticket), FA_OK);
        }
        test_fill(vertices, SIZE, frame);
        ck_assert_int_eq(
            fa_gpu_transfer_to_gpu(gpu, &mesh, 0, vertices, SIZE, NULL), FA_OK);
        ck_assert_int_eq(
            fa_gpu_transfer_to_cpu(gpu, &mesh, 0, SIZE, &tickets[frame]),
            FA_OK);
        ck_assert_int_eq(fa_gpu_transfer_record(gpu, list), FA_OK);
        ck_assert_uint_eq(list->barriers, 2);
        ck_assert_uint_eq(engine.visible,
                          FA_GPU_COPY_TO_HOST | FA_GPU_COPY_TO_DEVICE);
        end(list);
    }
    for (unsigned frame = FRAMES - FLIGHT + 1; frame <= FRAMES; frame++) {
        ck_assert_int_eq(fa_gpu_transfer_wait(gpu, tickets[frame], UINT64_MAX),
                         FA_OK);
        ck_assert_int_eq(fa_gpu_transfer_release(gpu, tickets[frame]), FA_OK);
    }
    ck_assert_int_eq(fa_gpu_free(gpu, &mesh), FA_OK);
    close_engine();
}
END_TEST

START_TEST(uniforms_of_a_frame_arrive_with_its_commit)
{
    open_engine(2);
    for (unsigned i = 0; i < 10; i++) {
        struct engine_list *list = begin();
        fa_gpu_slice slice;
        ck_assert_int_eq(
            fa_gpu_frame_alloc(gpu, FA_GPU_HOST_VISIBLE, 300, 0, &slice),
            FA_OK);
        const struct engine_buffer *buffer =
            (struct engine_buffer *)(uintptr_t)slice.buffer;
        memset(buffer->memory + slice.offset, 0, 300);
        test_fill(slice.ptr, 300, i);
        /* The engine's memory is what it says: nothing came over yet. */
        ck_assert(test_is_byte(buffer->memory + slice.offset, 300, 0));
        end(list);
        ck_assert(test_is_filled(buffer->memory + slice.offset, 300, i));
    }
    close_engine();
}
END_TEST

START_TEST(a_backend_without_submit_says_so)
{
    open_engine(2);
    fa_gpu_slice mesh = keep(100);
    ck_assert_int_eq(fa_gpu_transfer_to_gpu(gpu, &mesh, 0, "abc", 3, NULL),
                     FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_submit(gpu, NULL), FA_ERR_UNSUPPORTED);
    struct engine_list *list = begin();
    ck_assert_int_eq(fa_gpu_transfer_record(gpu, list), FA_OK);
    ck_assert_uint_eq(list->count, 1);
    end(list);
    ck_assert_int_eq(fa_gpu_free(gpu, &mesh), FA_OK);
    close_engine();
}
END_TEST

START_TEST(memory_that_is_full_is_replaced_by_other_memory)
{
    open_engine(2);
    engine.is_far_full = true;
    fa_gpu_slice mesh = keep(100);
    ck_assert_ptr_nonnull(mesh.ptr);
    ck_assert_int_eq(fa_gpu_slice_write(gpu, &mesh, 10, "abc", 3), FA_OK);
    const struct engine_buffer *buffer =
        (struct engine_buffer *)(uintptr_t)mesh.buffer;
    ck_assert_int_eq(memcmp(buffer->memory + mesh.offset + 10, "abc", 3), 0);
    memcpy(buffer->memory + mesh.offset + 10, "xyz", 3);
    char bytes[3];
    ck_assert_int_eq(fa_gpu_slice_read(gpu, &mesh, 10, bytes, 3), FA_OK);
    ck_assert_int_eq(memcmp(bytes, "xyz", 3), 0);
    ck_assert_int_eq(fa_gpu_free(gpu, &mesh), FA_OK);
    close_engine();
}
END_TEST

START_TEST(its_errors_are_passed_on)
{
    open_engine(2);
    fa_gpu_slice mesh = keep(100);
    struct engine_list *list = begin();
    list->count = LIST;
    ck_assert_int_eq(fa_gpu_transfer_to_gpu(gpu, &mesh, 0, "abc", 3, NULL),
                     FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_record(gpu, list), FA_ERR_BACKEND);
    ck_assert_int_eq(fa_gpu_native_error(gpu), 42);
    list->count = 0;
    ck_assert_int_eq(fa_gpu_transfer_record(gpu, list), FA_OK);
    end(list);
    engine.is_lost = true;
    ck_assert_int_eq(fa_gpu_begin_frame(gpu, 0), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_trim(gpu), FA_ERR_DEVICE_LOST);
    ck_assert_only_diag(&w.log, 556);
    ck_assert_int_eq(fa_gpu_free(gpu, &mesh), FA_OK);
    close_engine();
}
END_TEST

START_TEST(backends_that_are_not_complete_are_refused)
{
    test_prepare(&w);
    test_open(&w);
    fa_gpu_backend backend = engine_backend;
    backend.abi = FA_GPU_BACKEND_ABI + 1;
    ck_assert_int_eq(fa_gpu_create(w.allocator, NULL, &backend, &gpu),
                     FA_ERR_CONFIG);
    ck_assert_ptr_null(gpu);
    backend = engine_backend;
    backend.record = NULL;
    ck_assert_int_eq(fa_gpu_create(w.allocator, NULL, &backend, &gpu),
                     FA_ERR_CONFIG);
    backend = engine_backend;
    backend.struct_size = 0;
    ck_assert_int_eq(fa_gpu_create(w.allocator, NULL, &backend, &gpu),
                     FA_ERR_CONFIG);
    ck_assert_uint_eq(test_log_count(&w.log, 10), 3);
    test_close(&w);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("gpu_backend");
    TCase *contract = tcase_create("contract");
    tcase_add_test(contract, frames_stream_vertices_and_read_them_back);
    tcase_add_test(contract, uniforms_of_a_frame_arrive_with_its_commit);
    tcase_add_test(contract, a_backend_without_submit_says_so);
    suite_add_tcase(suite, contract);
    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, memory_that_is_full_is_replaced_by_other_memory);
    tcase_add_test(failure, its_errors_are_passed_on);
    suite_add_tcase(suite, failure);
    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, backends_that_are_not_complete_are_refused);
    suite_add_tcase(suite, misuse);
    return test_main(suite);
}
