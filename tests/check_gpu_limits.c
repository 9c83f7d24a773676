/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Limits of the simulated GPUs: budgets that shrink, are nothing or too much;
 * heaps that are full or too small; few and small allocations; functions that
 * a device lacks.
 */
#include "gpu_simulated.h"

static struct vulkan_world w;

static void
open_profile(int profile)
{
    simulated_prepare(&w, profile);
    vulkan_open(&w);
}

static fa_status
try_keep(fa_gpu_intent intent, uint64_t size, unsigned flags, fa_gpu_slice *out)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = size;
    request.intent = intent;
    request.flags = flags;
    return fa_gpu_alloc(w.gpu, &request, out);
}

static void
drop(fa_gpu_slice *slices, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        ck_assert_int_eq(fa_gpu_free(w.gpu, &slices[i]), FA_OK);
}

static void
run_frame(void)
{
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    fa_gpu_slice slice = simulated_take(&w, FA_GPU_HOST_VISIBLE, 1000);
    test_fill(slice.ptr, 1000, 1);
    simulated_end(&w, vulkan_record(&w));
}

static fa_gpu_usage
usage(void)
{
    fa_gpu_usage out = FA_GPU_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_usage_read(w.gpu, &out), FA_OK);
    return out;
}

/* --- budgets --- */

START_TEST(the_driver_is_asked_once_a_frame)
{
    open_profile(_i);
    fa_gpu_slice slices[20];
    for (unsigned i = 0; i < COUNT(slices); i++) {
        run_frame();
        ck_assert_int_eq(try_keep(FA_GPU_HOST_CACHED, 100 * KIB,
                                  FA_GPU_WITHIN_BUDGET, &slices[i]),
                         FA_OK);
        usage();
    }
    ck_assert_uint_eq(gpu_shim.budget_queries, COUNT(slices));
    drop(slices, COUNT(slices));
    simulated_close(&w);
}
END_TEST

START_TEST(a_driver_that_is_not_believed_is_not_asked)
{
    simulated_prepare(&w, GPU_DISCRETE);
    w.config.flags = FA_GPU_NO_DRIVER_BUDGET;
    vulkan_open(&w);
    gpu_shim.budgets[0] = 1;
    run_frame();
    ck_assert_uint_eq(gpu_shim.budget_queries, 0);
    ck_assert_uint_ge(usage().gpu.driver_budget, 192 * MIB / 10 * 8);
    simulated_close(&w);
}
END_TEST

START_TEST(a_budget_that_shrinks_refuses_who_wants_to_stay_within)
{
    open_profile(GPU_DISCRETE);
    fa_gpu_slice slices[2], none;
    run_frame();
    ck_assert_int_eq(try_keep(FA_GPU_DEVICE_ONLY, 20 * MIB,
                              FA_GPU_WITHIN_BUDGET, &slices[0]),
                     FA_OK);
    gpu_shim.budgets[0] = 30 * MIB;
    run_frame();
    ck_assert_int_eq(usage().level, FA_GPU_LEVEL_LOW);
    unsigned calls = gpu_shim.calls[GPU_CALL_AllocateMemory];
    ck_assert_int_eq(
        try_keep(FA_GPU_DEVICE_ONLY, 20 * MIB, FA_GPU_WITHIN_BUDGET, &none),
        FA_ERR_BUDGET);
    ck_assert_uint_eq(gpu_shim.calls[GPU_CALL_AllocateMemory], calls);
    ck_assert_int_eq(try_keep(FA_GPU_DEVICE_ONLY, 20 * MIB, 0, &slices[1]),
                     FA_OK);
    gpu_shim.budgets[0] = 10 * MIB;
    run_frame();
    ck_assert_int_eq(usage().level, FA_GPU_LEVEL_FULL);
    drop(slices, 2);
    simulated_close(&w);
}
END_TEST

START_TEST(budgets_that_cannot_be_are_not_believed)
{
    open_profile(GPU_UNIFIED);
    const uint64_t heap = gpu_shim.profile->heaps[0].size;
    gpu_shim.budgets[0] = 0;
    run_frame();
    ck_assert_uint_eq(usage().gpu.driver_budget,
                      heap / 100 * 80 + heap % 100 * 80 / 100);
    gpu_shim.budgets[0] = 10 * heap;
    run_frame();
    ck_assert_uint_eq(usage().gpu.driver_budget, heap);
    gpu_shim.budgets[0] = UINT64_MAX;
    run_frame();
    ck_assert_uint_eq(usage().gpu.driver_budget, heap);
    simulated_close(&w);
}
END_TEST

START_TEST(bytes_are_counted_once_where_they_are)
{
    open_profile(_i);
    fa_gpu_slice slices[FA_GPU_INTENTS];
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        slices[i] = simulated_keep(&w, (fa_gpu_intent)i, 3 * MIB);
    run_frame();
    VkDeviceSize held[2] = {0, 0};
    const struct gpu_profile *profile = gpu_shim.profile;
    for (uint32_t i = 0; i < profile->heap_count; i++)
        held[profile->heaps[i].flags == 0] += gpu_shim_held(i);
    fa_gpu_usage now = usage();
    ck_assert_uint_eq(now.gpu.held_bytes, held[0]);
    uint64_t core = test_stats(w.core.allocator).held_bytes;
    ck_assert_uint_eq(now.cpu.held_bytes, held[1] + core);
    ck_assert_uint_eq(now.combined_bytes, held[0] + held[1] + core);
    drop(slices, FA_GPU_INTENTS);
    simulated_close(&w);
}
END_TEST

static struct {
    fa_gpu_level levels[16];
    unsigned count;
} pressure;

static void
note_pressure(void *user, fa_gpu *gpu, fa_gpu_level level)
{
    (void)user;
    fa_gpu_usage now = FA_GPU_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_usage_read(gpu, &now), FA_OK);
    if (pressure.count < COUNT(pressure.levels))
        pressure.levels[pressure.count] = level;
    pressure.count++;
}

START_TEST(pressure_is_told_as_the_budget_of_the_driver_shrinks)
{
    open_profile(GPU_UNIFIED);
    fa_gpu_budget budget = FA_GPU_BUDGET_INIT;
    budget.pressure = note_pressure;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &budget), FA_OK);
    fa_gpu_slice slice = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 64 * MIB);
    static const unsigned percents[] = {70, 80, 95, 120, 50};
    for (unsigned i = 0; i < COUNT(percents); i++) {
        gpu_shim.budgets[0] = gpu_shim_held(0) * 100 / percents[i];
        run_frame();
        run_frame();
    }
    static const fa_gpu_level levels[] = {FA_GPU_LEVEL_RAISED,
                                          FA_GPU_LEVEL_HIGH, FA_GPU_LEVEL_FULL,
                                          FA_GPU_LEVEL_LOW};
    ck_assert_uint_eq(pressure.count, COUNT(levels));
    for (unsigned i = 0; i < COUNT(levels); i++)
        ck_assert_int_eq(pressure.levels[i], levels[i]);
    drop(&slice, 1);
    simulated_close(&w);
}
END_TEST

START_TEST(hard_limits_refuse_before_the_driver_is_asked)
{
    open_profile(GPU_DISCRETE);
    fa_gpu_budget budget = FA_GPU_BUDGET_INIT;
    fa_gpu_slice none;
    budget.gpu_bytes = 16 * MIB;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &budget), FA_OK);
    ck_assert_int_eq(try_keep(FA_GPU_DEVICE_ONLY, 17 * MIB, 0, &none),
                     FA_ERR_BUDGET);
    budget.gpu_bytes = 0;
    budget.combined_bytes = 16 * MIB;
    ck_assert_int_eq(fa_gpu_budget_set(w.gpu, &budget), FA_OK);
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        ck_assert_int_eq(
            try_keep((fa_gpu_intent)i, 17 * MIB, FA_GPU_ALLOW_HOST, &none),
            FA_ERR_BUDGET);
    ck_assert_uint_eq(gpu_shim.calls[GPU_CALL_AllocateMemory], 0);
    simulated_close(&w);
}
END_TEST

/* --- limits --- */

START_TEST(few_allocations_are_never_exceeded)
{
    open_profile(GPU_FEW);
    fa_gpu_slice slices[9];
    for (unsigned round = 0; round < 3; round++) {
        unsigned count = 0;
        while (try_keep(FA_GPU_DEVICE_ONLY, MIB, FA_GPU_DEDICATED,
                        &slices[count]) == FA_OK)
            ck_assert_uint_le(++count, 8);
        ck_assert_uint_ge(count, round == 0 ? 8 : 5);
        drop(slices, count);
        /* Of one frame, so that there is room for its memory. */
        ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
        run_frame();
        run_frame();
    }
    simulated_close(&w);
}
END_TEST

START_TEST(what_no_heap_can_hold_is_refused)
{
    open_profile(_i);
    fa_gpu_slice slice;
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++) {
        fa_gpu_intent intent = (fa_gpu_intent)i;
        ck_assert_int_eq(try_keep(intent, 257 * MIB, FA_GPU_ALLOW_HOST, &slice),
                         FA_ERR_NOMEM);
        ck_assert_int_eq(try_keep(intent, 128 * MIB + 1, 0, &slice),
                         FA_ERR_NOMEM);
        ck_assert_int_eq(try_keep(intent, 128 * MIB, 0, &slice), FA_OK);
        drop(&slice, 1);
        run_frame();
        run_frame();
        run_frame();
        ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    }
    simulated_close(&w);
}
END_TEST

START_TEST(a_full_window_is_followed_by_other_memory)
{
    open_profile(GPU_DISCRETE);
    fa_gpu_slice slices[40];
    unsigned in_window = 0;
    for (unsigned i = 0; i < COUNT(slices); i++) {
        slices[i] = simulated_keep(&w, FA_GPU_HOST_VISIBLE, MIB);
        in_window += gpu_shim_type_of((VkBuffer)slices[i].buffer) == 2;
    }
    ck_assert_uint_ge(in_window, 8);
    ck_assert_uint_le(in_window, 16);
    drop(slices, COUNT(slices));
    simulated_close(&w);
}
END_TEST

START_TEST(full_memory_of_the_device_is_followed_by_the_hosts_if_allowed)
{
    open_profile(GPU_DISCRETE);
    fa_gpu_slice slices[4];
    for (unsigned i = 0; i < 3; i++)
        slices[i] = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 64 * MIB);
    ck_assert_int_eq(try_keep(FA_GPU_DEVICE_ONLY, 64 * MIB, 0, &slices[3]),
                     FA_ERR_NOMEM);
    ck_assert_int_lt(fa_gpu_native_error(w.gpu), 0);
    ck_assert_int_eq(
        try_keep(FA_GPU_DEVICE_ONLY, 64 * MIB, FA_GPU_ALLOW_HOST, &slices[3]),
        FA_OK);
    ck_assert_uint_eq(gpu_shim_held(1), 64 * MIB);
    drop(slices, 4);
    simulated_close(&w);
}
END_TEST

START_TEST(a_heap_is_not_asked_for_more_than_it_is)
{
    open_profile(GPU_DISCRETE);
    fa_gpu_slice slices[12], none;
    for (unsigned i = 0; i < COUNT(slices); i++)
        slices[i] = simulated_keep(&w, FA_GPU_HOST_VISIBLE, 20 * MIB);
    /* Only the window is left. */
    ck_assert_int_eq(try_keep(FA_GPU_HOST_VISIBLE, 20 * MIB, 0, &none),
                     FA_ERR_NOMEM);
    drop(slices, COUNT(slices));
    simulated_close(&w);
}
END_TEST

START_TEST(idle_memory_makes_room)
{
    open_profile(GPU_UNIFIED);
    fa_gpu_slice small[40], large[2];
    for (unsigned i = 0; i < COUNT(small); i++)
        small[i] = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 4 * MIB);
    drop(small, COUNT(small));
    for (unsigned i = 0; i < 3; i++)
        run_frame();
    ck_assert_uint_ge(gpu_shim_held(0), 160 * MIB);
    for (unsigned i = 0; i < 2; i++)
        large[i] = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 100 * MIB);
    drop(large, 2);
    simulated_close(&w);
}
END_TEST

static VkImage
create_image(void)
{
    PFN_vkCreateImage create =
        (PFN_vkCreateImage)vulkan_find(&w, "vkCreateImage");
    VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                              .extent = {50, 50, 1},
                              .mipLevels = 1,
                              .arrayLayers = 1,
                              .samples = VK_SAMPLE_COUNT_1_BIT,
                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    VkImage image;
    ck_assert_int_eq(create(w.handles.device, &info, NULL, &image), VK_SUCCESS);
    return image;
}

START_TEST(buffers_and_images_share_no_memory)
{
    open_profile(_i);
    PFN_vkDestroyImage destroy =
        (PFN_vkDestroyImage)vulkan_find(&w, "vkDestroyImage");
    fa_gpu_slice slices[30];
    VkImage images[30];
    fa_gpu_vk_memory memory[30];
    for (unsigned i = 0; i < COUNT(slices); i++) {
        slices[i] = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 900 + i);
        images[i] = create_image();
        ck_assert_int_eq(
            fa_gpu_vk_image_alloc(w.gpu, images[i], NULL, &memory[i]), FA_OK);
    }
    for (unsigned i = 0; i < COUNT(slices); i++) {
        destroy(w.handles.device, images[i], NULL);
        ck_assert_int_eq(fa_gpu_free(w.gpu, &memory[i].slice), FA_OK);
    }
    drop(slices, COUNT(slices));
    simulated_close(&w);
}
END_TEST

/* --- misuse --- */

START_TEST(a_function_that_is_missing_is_named)
{
    static const char *const names[] = {"vkAllocateMemory",
                                        "vkFlushMappedMemoryRanges",
                                        "vkGetBufferMemoryRequirements2",
                                        "vkCmdCopyBuffer",
                                        "vkQueueSubmit",
                                        "vkGetFenceStatus"};
    simulated_prepare(&w, GPU_UNIFIED);
    vulkan_open_device(&w);
    for (unsigned i = 0; i < COUNT(names); i++) {
        gpu_shim.hidden = names[i];
        ck_assert_int_eq(
            fa_gpu_vk_create(w.core.allocator, &w.config, &w.handles, &w.gpu),
            FA_ERR_UNSUPPORTED);
        ck_assert_ptr_null(w.gpu);
        ck_assert_only_diag(&w.core.log, 10);
    }
    simulated_close(&w);
}
END_TEST

START_TEST(without_timeline_semaphores_the_program_tells)
{
    simulated_prepare(&w, GPU_UNIFIED);
    vulkan_open_device(&w);
    gpu_shim.hidden = "vkWaitSemaphores";
    vulkan_open(&w);
    ck_assert(fa_gpu_vk_timeline(w.gpu) == VK_NULL_HANDLE);
    run_frame();
    run_frame();
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_NOT_READY);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    fa_gpu_vk_completed(w.gpu, w.serial);
    run_frame();
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    fa_gpu_vk_completed(w.gpu, w.serial);
    simulated_close(&w);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_limits");
    TCase *contract = tcase_create("contract");
    tcase_add_loop_test(contract, the_driver_is_asked_once_a_frame, 0,
                        GPU_PROFILES);
    tcase_add_test(contract, a_driver_that_is_not_believed_is_not_asked);
    tcase_add_test(contract,
                   a_budget_that_shrinks_refuses_who_wants_to_stay_within);
    tcase_add_test(contract, budgets_that_cannot_be_are_not_believed);
    tcase_add_loop_test(contract, bytes_are_counted_once_where_they_are, 0,
                        GPU_PROFILES);
    tcase_add_test(contract,
                   pressure_is_told_as_the_budget_of_the_driver_shrinks);
    tcase_add_test(contract, hard_limits_refuse_before_the_driver_is_asked);
    suite_add_tcase(suite, contract);

    TCase *limits = tcase_create("limits");
    tcase_add_test(limits, few_allocations_are_never_exceeded);
    tcase_add_loop_test(limits, what_no_heap_can_hold_is_refused, 0,
                        GPU_PROFILES);
    tcase_add_test(limits, a_full_window_is_followed_by_other_memory);
    tcase_add_test(
        limits, full_memory_of_the_device_is_followed_by_the_hosts_if_allowed);
    tcase_add_test(limits, a_heap_is_not_asked_for_more_than_it_is);
    tcase_add_test(limits, idle_memory_makes_room);
    tcase_add_loop_test(limits, buffers_and_images_share_no_memory, 0,
                        GPU_PROFILES);
    suite_add_tcase(suite, limits);

    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, a_function_that_is_missing_is_named);
    tcase_add_test(misuse, without_timeline_semaphores_the_program_tells);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    vulkan_require();
    return test_main(make_suite());
}
