/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The library on the simulated GPUs: where it takes memory from, frames that
 * wait for a device that is held back, and transfers against a model.
 */
#include "gpu_simulated.h"

#include <pthread.h>
#include <string.h>

static struct vulkan_world w;

static void
wait_idle(void)
{
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
}

/* --- the choice --- */

START_TEST(each_intent_gets_the_memory_that_suits_it)
{
    static const uint32_t types[GPU_PROFILES][FA_GPU_INTENTS] = {
        [GPU_DISCRETE] = {0, 2, 3, 1, 3},
        [GPU_REBAR] = {0, 3, 2, 1, 2},
        [GPU_MOBILE] = {0, 1, 1, 1, 1}};
    simulated_prepare(&w, _i);
    vulkan_open(&w);
    fa_gpu_slice slices[FA_GPU_INTENTS];
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++) {
        slices[i] = simulated_keep(&w, (fa_gpu_intent)i, 1000);
        ck_assert_uint_eq(gpu_shim_type_of((VkBuffer)slices[i].buffer),
                          types[_i][i]);
    }
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        ck_assert_int_eq(fa_gpu_free(w.gpu, &slices[i]), FA_OK);
    simulated_close(&w);
}
END_TEST

START_TEST(large_things_stay_out_of_a_small_window)
{
    simulated_prepare(&w, GPU_DISCRETE);
    vulkan_open(&w);
    fa_gpu_slice small = simulated_keep(&w, FA_GPU_HOST_VISIBLE, 2 * MIB);
    fa_gpu_slice large = simulated_keep(&w, FA_GPU_HOST_VISIBLE, 2 * MIB + 1);
    ck_assert_uint_eq(gpu_shim_type_of((VkBuffer)small.buffer), 2);
    ck_assert_uint_eq(gpu_shim_type_of((VkBuffer)large.buffer), 1);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &small), FA_OK);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &large), FA_OK);
    simulated_close(&w);
}
END_TEST

/* --- frames in flight --- */

#define ROUNDS 11
#define BYTES  ((uint64_t)5000)

static void
open_flight(int profile, uint32_t flight)
{
    simulated_prepare(&w, profile);
    w.config.frames = flight;
    vulkan_open(&w);
}

/* A frame that copies its own memory to its place in the target. */
static void
run_round(const fa_gpu_slice *target, unsigned i)
{
    fa_gpu_slice slice = simulated_take(&w, FA_GPU_HOST_VISIBLE, BYTES);
    test_fill(slice.ptr, BYTES, i);
    VkCommandBuffer commands = vulkan_record(&w);
    simulated_copy(&w, commands, &slice, target, i * BYTES);
    simulated_end(&w, commands);
}

/* Frames whose bytes are not their own. */
static unsigned
count_wrong(const fa_gpu_slice *target)
{
    static unsigned char bytes[BYTES];
    unsigned wrong = 0;
    for (unsigned i = 0; i < ROUNDS; i++) {
        ck_assert_int_eq(
            fa_gpu_slice_read(w.gpu, target, i * BYTES, bytes, BYTES), FA_OK);
        wrong += !test_is_filled(bytes, BYTES, i);
    }
    return wrong;
}

START_TEST(a_frame_begins_when_the_device_is_done_with_its_memory)
{
    uint32_t flight = 1 + (uint32_t)_i % 4;
    open_flight(_i / 4, flight);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_READBACK, ROUNDS * BYTES);
    gpu_shim_gate_close();
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i >= flight) {
            ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_NOT_READY);
            ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 1000), FA_TIMEOUT);
            ck_assert_uint_eq(fa_gpu_frame_number(w.gpu), i);
            gpu_shim_gate_release(1);
        }
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
        run_round(&target, i);
    }
    gpu_shim_gate_open();
    wait_idle();
    ck_assert_uint_eq(count_wrong(&target), 0);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &target), FA_OK);
    simulated_close(&w);
}
END_TEST

static void *
let_one_go(void *unused)
{
    gpu_shim_gate_release(1);
    return unused;
}

/* Not under the layers: those of 1.3.239 hold a lock in the wait that the
 * signal needs, until they time out. */
START_TEST(a_frame_that_waits_begins_when_the_device_goes_on)
{
    simulated_prepare(&w, GPU_MOBILE);
    w.headless_config.validate = false;
    w.config.frames = 1 + (uint32_t)_i;
    vulkan_open(&w);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_READBACK, ROUNDS * BYTES);
    gpu_shim_gate_close();
    for (unsigned i = 0; i < ROUNDS; i++) {
        pthread_t thread;
        bool must_wait = i > (unsigned)_i;
        if (must_wait)
            pthread_create(&thread, NULL, let_one_go, NULL);
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
        if (must_wait)
            pthread_join(thread, NULL);
        run_round(&target, i);
    }
    gpu_shim_gate_open();
    wait_idle();
    ck_assert_uint_eq(count_wrong(&target), 0);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &target), FA_OK);
    simulated_close(&w);
}
END_TEST

START_TEST(memory_that_is_freed_waits_for_the_device)
{
    open_flight(GPU_UNIFIED, 2);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_READBACK, ROUNDS * BYTES);
    gpu_shim_gate_close();
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_OK);
    fa_gpu_slice source = simulated_keep(&w, FA_GPU_HOST_VISIBLE, BYTES);
    test_fill(source.ptr, BYTES, 0);
    VkCommandBuffer commands = vulkan_record(&w);
    simulated_copy(&w, commands, &source, &target, 0);
    simulated_end(&w, commands);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &source), FA_OK);
    fa_gpu_slice others[20];
    for (unsigned i = 0; i < COUNT(others); i++) {
        others[i] = simulated_keep(&w, FA_GPU_HOST_VISIBLE, BYTES);
        memset(others[i].ptr, 0xee, BYTES);
    }
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    gpu_shim_gate_open();
    wait_idle();
    static unsigned char bytes[BYTES];
    ck_assert_int_eq(fa_gpu_slice_read(w.gpu, &target, 0, bytes, BYTES), FA_OK);
    ck_assert(test_is_filled(bytes, BYTES, 0));
    for (unsigned i = 0; i < COUNT(others); i++)
        ck_assert_int_eq(fa_gpu_free(w.gpu, &others[i]), FA_OK);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &target), FA_OK);
    simulated_close(&w);
}
END_TEST

/* A device that says too early that it is done: the test of frames finds it,
 * which the layers do not. */
START_TEST(frames_that_begin_too_early_are_found)
{
    open_flight(GPU_UNIFIED, 2);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_READBACK, ROUNDS * BYTES);
    gpu_shim_gate_close();
    gpu_shim.faults = GPU_FAULT_EARLY;
    /* No more than command buffers, which would be reused as well. */
    for (unsigned i = 0; i < 7; i++) {
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_OK);
        run_round(&target, i);
    }
    ck_assert_uint_eq(w.messages, 0);
    gpu_shim.faults = 0;
    gpu_shim_gate_open();
    wait_idle();
    /* The last two frames, and those that were never run. */
    ck_assert_uint_eq(count_wrong(&target), 5 + ROUNDS - 7);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &target), FA_OK);
    simulated_close(&w);
}
END_TEST

/* --- transfers against a model --- */

#define AREA  ((size_t)200 * KIB)
#define CHUNK ((size_t)64 * KIB)

static struct {
    fa_gpu_slice slices[2];
    unsigned char bytes[2][AREA];
    uint64_t random;
    unsigned batches;
} model;

static uint64_t
pick(uint64_t count)
{
    model.random ^= model.random << 13;
    model.random ^= model.random >> 7;
    model.random ^= model.random << 17;
    return model.random % count;
}

static void
push_frame(void)
{
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    VkCommandBuffer commands = vulkan_record(&w);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, commands), FA_OK);
    simulated_end(&w, commands);
}

/* One of both ways, at random. */
static void
push(void)
{
    model.batches++;
    if (pick(2) == 0)
        push_frame();
    else
        ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_OK);
}

/* True when the transfer was taken; otherwise the ring is emptied. */
static bool
is_taken(fa_status status)
{
    if (status == FA_OK)
        return true;
    ck_assert_int_eq(status, FA_NOT_READY);
    push();
    wait_idle();
    return false;
}

/* Small ones are more frequent. */
static size_t
pick_size(void)
{
    return 1 + pick((CHUNK + 1) >> pick(12));
}

static void
upload_some(unsigned area)
{
    static unsigned char bytes[CHUNK + 1];
    size_t size = pick_size();
    size_t offset = pick(AREA - size + 1);
    test_fill(bytes, size, (unsigned)pick(1000));
    while (!is_taken(fa_gpu_transfer_to_gpu(w.gpu, &model.slices[area], offset,
                                            bytes, size, NULL)))
        ;
    memcpy(model.bytes[area] + offset, bytes, size);
    memset(bytes, 0xee, size);
}

static void
copy_some(unsigned area)
{
    size_t size = pick_size();
    size_t from = pick(AREA - size + 1), to = pick(AREA - size + 1);
    ck_assert_int_eq(fa_gpu_transfer_copy(w.gpu, &model.slices[area], from,
                                          &model.slices[!area], to, size, NULL),
                     FA_OK);
    memcpy(model.bytes[!area] + to, model.bytes[area] + from, size);
}

static void
compare_part(unsigned area, size_t offset, size_t size)
{
    fa_gpu_ticket ticket;
    const void *bytes;
    uint64_t count;
    while (!is_taken(fa_gpu_transfer_to_cpu(w.gpu, &model.slices[area], offset,
                                            size, &ticket)))
        ;
    push();
    ck_assert_int_eq(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX), FA_OK);
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, &count),
                     FA_OK);
    ck_assert_uint_eq(count, size);
    ck_assert_int_eq(memcmp(bytes, model.bytes[area] + offset, size), 0);
    ck_assert_int_eq(fa_gpu_transfer_release(w.gpu, ticket), FA_OK);
}

static void
compare_all(void)
{
    for (unsigned area = 0; area < 2; area++)
        for (size_t at = 0; at < AREA; at += CHUNK)
            compare_part(area, at, AREA - at < CHUNK ? AREA - at : CHUNK);
}

static void
open_model(int profile)
{
    simulated_prepare(&w, profile);
    w.config.staging_chunk = CHUNK;
    w.config.staging_limit = 4 * CHUNK;
    vulkan_open(&w);
    memset(&model, 0, sizeof(model));
    model.random = 88172645463325252u + (uint64_t)profile;
    static unsigned char zeros[CHUNK];
    for (unsigned i = 0; i < 2; i++) {
        model.slices[i] = simulated_keep(&w, FA_GPU_DEVICE_ONLY, AREA);
        for (size_t at = 0; at < AREA; at += CHUNK)
            while (!is_taken(fa_gpu_transfer_to_gpu(
                w.gpu, &model.slices[i], at, zeros,
                AREA - at < CHUNK ? AREA - at : CHUNK, NULL)))
                ;
    }
}

START_TEST(transfers_do_what_the_model_does)
{
    open_model(_i);
    size_t count = test_scaled(3000);
    for (size_t i = 0; i < count; i++) {
        unsigned area = (unsigned)pick(2);
        if (pick(6) == 0)
            copy_some(area);
        else
            upload_some(area);
        if (pick(30) == 0)
            push();
        if (pick(400) == 0)
            compare_all();
    }
    compare_all();
    ck_assert_uint_ge(model.batches, 8);
    for (unsigned i = 0; i < 2; i++)
        ck_assert_int_eq(fa_gpu_free(w.gpu, &model.slices[i]), FA_OK);
    simulated_close(&w);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_shim");
    TCase *contract = tcase_create("contract");
    tcase_add_loop_test(contract, each_intent_gets_the_memory_that_suits_it, 0,
                        GPU_PROFILES);
    tcase_add_test(contract, large_things_stay_out_of_a_small_window);
    tcase_add_loop_test(contract,
                        a_frame_begins_when_the_device_is_done_with_its_memory,
                        0, 4 * GPU_PROFILES);
    tcase_add_loop_test(
        contract, a_frame_that_waits_begins_when_the_device_goes_on, 0, 4);
    tcase_add_test(contract, memory_that_is_freed_waits_for_the_device);
    tcase_add_loop_test(contract, transfers_do_what_the_model_does, 0,
                        GPU_PROFILES);
    suite_add_tcase(suite, contract);

    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, frames_that_begin_too_early_are_found);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    vulkan_require();
    return test_main(make_suite());
}
