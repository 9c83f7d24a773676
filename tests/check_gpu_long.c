/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Many frames with three in flight, all bytes checked, under validation with
 * its synchronization checks within and between submits: no message. Then the
 * same with faults put in, each of which must be found.
 */
#include "gpu_simulated.h"

#include <string.h>

#define AREA    ((size_t)8 * KIB)
#define FLIGHT  3u
#define UPLOADS 3u

static struct vulkan_world w;

/* What comes back of a frame when the device is done with it. */
struct answer {
    fa_gpu_ticket area;
    fa_gpu_ticket mirror;
    unsigned char bytes[AREA]; /* That the area must have had. */
    uint64_t size;             /* Of the frame's own memory, in the mirror. */
    unsigned seed;
};

static struct {
    fa_gpu_slice area;   /* Written by transfers, which overlap. */
    fa_gpu_slice mirror; /* Written from memory of frames. */
    unsigned char bytes[AREA];
    struct answer answers[FLIGHT];
    uint64_t size; /* Of the newest frame's memory. */
    uint64_t random;
    unsigned wrong; /* Answers that are not what they should be. */
} scene;

static uint64_t
pick(uint64_t count)
{
    scene.random ^= scene.random << 13;
    scene.random ^= scene.random >> 7;
    scene.random ^= scene.random << 17;
    return scene.random % count;
}

static void
upload(size_t offset, size_t size)
{
    static unsigned char bytes[AREA];
    test_fill(bytes, size, (unsigned)pick(1000));
    ck_assert_int_eq(
        fa_gpu_transfer_to_gpu(w.gpu, &scene.area, offset, bytes, size, NULL),
        FA_OK);
    memcpy(scene.bytes + offset, bytes, size);
}

static void
open_scene(int profile)
{
    simulated_prepare(&w, profile);
    w.config.frames = FLIGHT;
    w.config.staging_chunk = 64 * KIB;
    w.config.staging_limit = 512 * KIB;
    vulkan_open(&w);
    memset(&scene, 0, sizeof(scene));
    scene.random = 2463534242u;
    scene.area = simulated_keep(&w, FA_GPU_DEVICE_ONLY, AREA);
    scene.mirror = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 48 * KIB);
    /* What is not written has any bytes. */
    upload(0, AREA);
}

static fa_gpu_ticket
fetch(const fa_gpu_slice *slice, uint64_t size)
{
    fa_gpu_ticket ticket;
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, slice, 0, size, &ticket),
                     FA_OK);
    return ticket;
}

static const void *
result(fa_gpu_ticket ticket)
{
    const void *bytes;
    ck_assert_int_eq(fa_gpu_transfer_result(w.gpu, ticket, &bytes, NULL),
                     FA_OK);
    return bytes;
}

static void
check_answer(struct answer *answer)
{
    if (answer->area.id != 0)
        scene.wrong += memcmp(result(answer->area), answer->bytes, AREA) != 0;
    if (answer->mirror.id != 0)
        scene.wrong +=
            !test_is_filled(result(answer->mirror), answer->size, answer->seed);
    fa_gpu_transfer_release(w.gpu, answer->area);
    fa_gpu_transfer_release(w.gpu, answer->mirror);
    answer->area = answer->mirror = (fa_gpu_ticket)FA_GPU_TICKET_NONE;
}

/* Asks for what is there before this frame's own copy. */
static void
ask(struct answer *answer, unsigned i)
{
    answer->area = fetch(&scene.area, AREA);
    memcpy(answer->bytes, scene.bytes, AREA);
    if (scene.size == 0)
        return;
    answer->mirror = fetch(&scene.mirror, scene.size);
    answer->size = scene.size;
    answer->seed = i - 1;
}

static void
run_frame(unsigned i)
{
    struct answer *answer = &scene.answers[i % FLIGHT];
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    check_answer(answer);
    for (unsigned k = 0; k < UPLOADS; k++)
        upload(pick(AREA / 2), 1 + pick(AREA / 2));
    ask(answer, i);
    scene.size = 1 + pick(48 * KIB);
    fa_gpu_slice own = simulated_take(&w, FA_GPU_HOST_VISIBLE, scene.size);
    test_fill(own.ptr, own.size, i);
    VkCommandBuffer commands = vulkan_record(&w);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, commands), FA_OK);
    simulated_copy(&w, commands, &own, &scene.mirror, 0);
    simulated_end(&w, commands);
}

static void
run_frames(unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        run_frame(i);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    for (unsigned i = 0; i < FLIGHT; i++)
        check_answer(&scene.answers[i]);
}

static void
close_scene(void)
{
    ck_assert_int_eq(fa_gpu_free(w.gpu, &scene.area), FA_OK);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &scene.mirror), FA_OK);
    simulated_close(&w);
}

/* --- contract: on all but the GPU of few allocations, which are too few for
 * three frames --- */

START_TEST(many_frames_give_no_message_and_right_bytes)
{
    open_scene(_i);
    run_frames((unsigned)test_scaled(_i == GPU_UNIFIED ? 10000 : 1000));
    ck_assert_uint_eq(scene.wrong, 0);
    close_scene();
}
END_TEST

/* Calls of the driver that a frame like the ones before does not make. */
static unsigned
count_calls(void)
{
    static const enum gpu_call calls[] = {
        GPU_CALL_AllocateMemory,   GPU_CALL_FreeMemory,
        GPU_CALL_MapMemory,        GPU_CALL_UnmapMemory,
        GPU_CALL_CreateBuffer,     GPU_CALL_DestroyBuffer,
        GPU_CALL_CreateFence,      GPU_CALL_CreateSemaphore,
        GPU_CALL_CreateCommandPool};
    unsigned count = 0;
    for (unsigned i = 0; i < COUNT(calls); i++)
        count += gpu_shim.calls[calls[i]];
    return count;
}

static void
run_steady(void)
{
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    for (unsigned i = 0; i < 40; i++)
        simulated_take(&w, FA_GPU_HOST_VISIBLE, 5000);
    simulated_take(&w, FA_GPU_DEVICE_ONLY, 300 * KIB);
    upload(0, AREA);
    VkCommandBuffer commands = vulkan_record(&w);
    ck_assert_int_eq(fa_gpu_transfer_record(w.gpu, commands), FA_OK);
    simulated_end(&w, commands);
}

START_TEST(a_warm_frame_asks_the_driver_for_nothing)
{
    open_scene(_i);
    for (unsigned i = 0; i < 10; i++)
        run_steady();
    unsigned calls = count_calls();
    for (unsigned i = 0; i < 200; i++)
        run_steady();
    ck_assert_uint_eq(count_calls(), calls);
    close_scene();
}
END_TEST

/* --- misuse: faults are found --- */

static void
close_faulty(void)
{
    gpu_shim.faults = 0;
    simulated_forgive(&w);
    close_scene();
}

START_TEST(flushes_that_are_left_out_are_found)
{
    open_scene(GPU_MOBILE);
    gpu_shim.faults = _i == 0 ? GPU_FAULT_NO_FLUSH : GPU_FAULT_NO_INVALIDATE;
    run_frames(10);
    ck_assert_uint_ge(scene.wrong, 5);
    ck_assert_uint_eq(w.messages, 0);
    close_faulty();
}
END_TEST

START_TEST(ranges_that_are_not_rounded_are_found)
{
    open_scene(GPU_MOBILE);
    gpu_shim.faults = GPU_FAULT_UNROUNDED;
    run_frames(10);
    ck_assert_uint_ge(gpu_shim.errors, 10);
    ck_assert_uint_eq(w.messages, 0);
    close_faulty();
}
END_TEST

START_TEST(copies_without_a_barrier_between_them_are_found)
{
    open_scene(GPU_UNIFIED);
    gpu_shim.faults = GPU_FAULT_NO_EPOCHS;
    run_frames(10);
    ck_assert_uint_ge(w.messages, 10);
    ck_assert_ptr_nonnull(strstr(w.message, "SYNC-HAZARD"));
    close_faulty();
}
END_TEST

/* One copy in each submit, so that no other check can see it. */
START_TEST(submits_without_a_barrier_between_them_are_found)
{
    open_scene(GPU_UNIFIED);
    for (unsigned i = 0; i < 20; i++) {
        if (i == 10) {
            ck_assert_uint_eq(w.messages, 0);
            gpu_shim.faults = GPU_FAULT_NO_BARRIERS;
        }
        upload(0, AREA);
        ck_assert_int_eq(fa_gpu_transfer_submit(w.gpu, NULL), FA_OK);
    }
    ck_assert_uint_ge(w.messages, 5);
    ck_assert_ptr_nonnull(strstr(w.message, "SYNC-HAZARD"));
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    close_faulty();
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_long");
    TCase *contract = tcase_create("contract");
    tcase_set_timeout(contract, 900);
    tcase_add_loop_test(contract, many_frames_give_no_message_and_right_bytes,
                        0, GPU_FEW);
    tcase_add_loop_test(contract, a_warm_frame_asks_the_driver_for_nothing, 0,
                        GPU_FEW);
    suite_add_tcase(suite, contract);

    TCase *misuse = tcase_create("misuse");
    tcase_add_loop_test(misuse, flushes_that_are_left_out_are_found, 0, 2);
    tcase_add_test(misuse, ranges_that_are_not_rounded_are_found);
    tcase_add_test(misuse, copies_without_a_barrier_between_them_are_found);
    tcase_add_test(misuse, submits_without_a_barrier_between_them_are_found);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    vulkan_require();
    return test_main(make_suite());
}
