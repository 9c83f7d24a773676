/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The Vulkan backend on the driver that is installed, under validation with
 * synchronization checks: no message, right bytes, progress in all ways.
 */
#include "gpu_vulkan_world.h"

#include <framealloc/gpu-backend.h>
#include <framealloc/gpu-vulkan-host.h>

#include <pthread.h>
#include <string.h>

static struct vulkan_world w;

static void
open_flight(uint32_t frames)
{
    vulkan_prepare(&w);
    w.config.frames = frames;
    vulkan_open(&w);
}

static fa_gpu_slice
take(fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_slice slice;
    ck_assert_int_eq(fa_gpu_frame_alloc(w.gpu, intent, size, 0, &slice), FA_OK);
    return slice;
}

static fa_gpu_slice
keep(fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = size;
    request.intent = intent;
    request.flags = FA_GPU_ALLOW_HOST;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &slice), FA_OK);
    return slice;
}

/* --- contract --- */

START_TEST(a_copy_between_slices_moves_the_bytes)
{
    open_flight(2);
    PFN_vkCmdCopyBuffer copy =
        (PFN_vkCmdCopyBuffer)vulkan_find(&w, "vkCmdCopyBuffer");
    fa_gpu_slice kept = keep(FA_GPU_READBACK, 1000);
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    fa_gpu_slice source = take(FA_GPU_HOST_VISIBLE, 1000);
    test_fill(source.ptr, 1000, 7);
    VkCommandBuffer commands = vulkan_record(&w);
    VkBufferCopy region = {source.offset, kept.offset, 1000};
    copy(commands, (VkBuffer)source.buffer, (VkBuffer)kept.buffer, 1, &region);
    ck_assert_int_eq(fa_gpu_frame_commit(w.gpu), FA_OK);
    vulkan_submit(&w, commands);
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, w.serial), FA_OK);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    char bytes[1000];
    ck_assert_int_eq(fa_gpu_slice_read(w.gpu, &kept, 0, bytes, 1000), FA_OK);
    ck_assert(test_is_filled(bytes, 1000, 7));
    ck_assert_int_eq(fa_gpu_free(w.gpu, &kept), FA_OK);
    vulkan_close(&w);
}
END_TEST

static void
run_frames(unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
        fa_gpu_slice slice = take(FA_GPU_HOST_VISIBLE, 1000 + i % 7 * 9000);
        memset(slice.ptr, (int)i, slice.size);
        VkCommandBuffer commands = vulkan_record(&w);
        ck_assert_int_eq(fa_gpu_frame_commit(w.gpu), FA_OK);
        vulkan_submit(&w, commands);
        ck_assert_int_eq(fa_gpu_end_frame(w.gpu, w.serial), FA_OK);
    }
}

START_TEST(frames_follow_the_timeline_of_the_program)
{
    open_flight((uint32_t)_i);
    run_frames(50);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_OK);
    ck_assert_uint_eq(fa_gpu_frame_finished(w.gpu), 50);
    vulkan_close(&w);
}
END_TEST

START_TEST(frames_follow_fences)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    PFN_vkCreateFence create =
        (PFN_vkCreateFence)vulkan_find(&w, "vkCreateFence");
    PFN_vkDestroyFence destroy =
        (PFN_vkDestroyFence)vulkan_find(&w, "vkDestroyFence");
    w.handles.timeline = VK_NULL_HANDLE;
    vulkan_open(&w);
    VkFence fences[10];
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    for (uint64_t i = 0; i < COUNT(fences); i++) {
        ck_assert_int_eq(create(w.handles.device, &info, NULL, &fences[i]),
                         VK_SUCCESS);
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
        take(FA_GPU_HOST_VISIBLE, 1000);
        ck_assert_int_eq(w.QueueSubmit(w.handles.queue, 0, NULL, fences[i]),
                         VK_SUCCESS);
        ck_assert_int_eq(fa_gpu_vk_frame_fence(w.gpu, i + 1, fences[i]), FA_OK);
        ck_assert_int_eq(fa_gpu_end_frame(w.gpu, i + 1), FA_OK);
    }
    ck_assert_uint_ge(fa_gpu_frame_finished(w.gpu), 8);
    fa_gpu_destroy(w.gpu);
    w.gpu = NULL;
    for (unsigned i = 0; i < COUNT(fences); i++)
        destroy(w.handles.device, fences[i], NULL);
    vulkan_close(&w);
}
END_TEST

START_TEST(frames_follow_what_the_program_tells)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    w.handles.timeline = VK_NULL_HANDLE;
    vulkan_open(&w);
    for (uint64_t i = 1; i <= 10; i++) {
        if (i > 2) {
            ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_NOT_READY);
            ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 1000), FA_TIMEOUT);
            fa_gpu_vk_completed(w.gpu, i - 2);
        }
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
        ck_assert_int_eq(fa_gpu_end_frame(w.gpu, i), FA_OK);
    }
    fa_gpu_vk_completed(w.gpu, 10);
    vulkan_close(&w);
}
END_TEST

static void *
wait_for_frame(void *arg)
{
    fa_status *status = arg;
    *status = fa_gpu_begin_frame(w.gpu, UINT64_MAX);
    return NULL;
}

START_TEST(a_fence_that_is_told_late_ends_the_wait)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    PFN_vkCreateFence create =
        (PFN_vkCreateFence)vulkan_find(&w, "vkCreateFence");
    PFN_vkDestroyFence destroy =
        (PFN_vkDestroyFence)vulkan_find(&w, "vkDestroyFence");
    w.handles.timeline = VK_NULL_HANDLE;
    w.config.frames = 1;
    vulkan_open(&w);
    VkFence fence;
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    ck_assert_int_eq(create(w.handles.device, &info, NULL, &fence), VK_SUCCESS);
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_OK);
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, 1), FA_OK);
    pthread_t thread;
    fa_status status = FA_ERR_INTERNAL;
    ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_frame, &status), 0);
    ck_assert_int_eq(w.QueueSubmit(w.handles.queue, 0, NULL, fence),
                     VK_SUCCESS);
    ck_assert_int_eq(fa_gpu_vk_frame_fence(w.gpu, 1, fence), FA_OK);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(status, FA_OK);
    ck_assert_uint_eq(fa_gpu_frame_finished(w.gpu), 1);
    ck_assert_int_eq(fa_gpu_end_frame(w.gpu, 0), FA_OK);
    fa_gpu_destroy(w.gpu);
    w.gpu = NULL;
    destroy(w.handles.device, fence, NULL);
    vulkan_close(&w);
}
END_TEST

START_TEST(images_get_memory_of_their_own_kind)
{
    open_flight(2);
    PFN_vkCreateImage create =
        (PFN_vkCreateImage)vulkan_find(&w, "vkCreateImage");
    PFN_vkDestroyImage destroy =
        (PFN_vkDestroyImage)vulkan_find(&w, "vkDestroyImage");
    VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                              .extent = {64, 64, 1},
                              .mipLevels = 1,
                              .arrayLayers = 1,
                              .samples = VK_SAMPLE_COUNT_1_BIT,
                              .usage = VK_IMAGE_USAGE_TRANSFER_DST_BIT |
                                       VK_IMAGE_USAGE_SAMPLED_BIT};
    VkImage images[4];
    fa_gpu_vk_memory memory[4];
    fa_gpu_slice slice = keep(FA_GPU_DEVICE_ONLY, 1000);
    for (unsigned i = 0; i < 4; i++) {
        ck_assert_int_eq(create(w.handles.device, &info, NULL, &images[i]),
                         VK_SUCCESS);
        ck_assert_int_eq(
            fa_gpu_vk_image_alloc(w.gpu, images[i], NULL, &memory[i]), FA_OK);
        ck_assert_uint_ge(memory[i].size, 64 * 64 * 4);
        ck_assert_uint_eq(memory[i].slice.buffer, 0);
        if (i > 0)
            ck_assert_uint_ne(memory[i].offset, memory[i - 1].offset);
    }
    for (unsigned i = 0; i < 4; i++) {
        destroy(w.handles.device, images[i], NULL);
        ck_assert_int_eq(fa_gpu_free(w.gpu, &memory[i].slice), FA_OK);
    }
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    vulkan_close(&w);
}
END_TEST

START_TEST(buffers_of_the_program_get_memory)
{
    open_flight(2);
    PFN_vkCreateBuffer create =
        (PFN_vkCreateBuffer)vulkan_find(&w, "vkCreateBuffer");
    PFN_vkDestroyBuffer destroy =
        (PFN_vkDestroyBuffer)vulkan_find(&w, "vkDestroyBuffer");
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                               .size = 5000,
                               .usage = VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT};
    VkBuffer buffer;
    ck_assert_int_eq(create(w.handles.device, &info, NULL, &buffer),
                     VK_SUCCESS);
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.intent = FA_GPU_HOST_VISIBLE;
    fa_gpu_vk_memory memory;
    for (unsigned i = 0; i < 2; i++) {
        request.flags = i == 0 ? 0 : FA_GPU_DEDICATED;
        ck_assert_int_eq(
            fa_gpu_vk_buffer_alloc(w.gpu, buffer, &request, &memory), FA_OK);
        ck_assert_ptr_nonnull(memory.slice.ptr);
        memset(memory.slice.ptr, 1, memory.size);
        destroy(w.handles.device, buffer, NULL);
        ck_assert_int_eq(fa_gpu_free(w.gpu, &memory.slice), FA_OK);
        ck_assert_int_eq(create(w.handles.device, &info, NULL, &buffer),
                         VK_SUCCESS);
    }
    destroy(w.handles.device, buffer, NULL);
    vulkan_close(&w);
}
END_TEST

START_TEST(a_dedicated_buffer_may_have_an_address)
{
    open_flight(2);
    PFN_vkCreateBuffer create =
        (PFN_vkCreateBuffer)vulkan_find(&w, "vkCreateBuffer");
    PFN_vkDestroyBuffer destroy =
        (PFN_vkDestroyBuffer)vulkan_find(&w, "vkDestroyBuffer");
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                               .size = 5000,
                               .usage =
                                   VK_BUFFER_USAGE_STORAGE_BUFFER_BIT |
                                   VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT};
    if ((w.handles.features & FA_GPU_VK_ADDRESS) == 0)
        info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT;
    VkBuffer buffer;
    ck_assert_int_eq(create(w.handles.device, &info, NULL, &buffer),
                     VK_SUCCESS);
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.flags = FA_GPU_DEDICATED;
    fa_gpu_vk_memory memory;
    ck_assert_int_eq(fa_gpu_vk_buffer_alloc(w.gpu, buffer, &request, &memory),
                     FA_OK);
    destroy(w.handles.device, buffer, NULL);
    ck_assert_int_eq(fa_gpu_free(w.gpu, &memory.slice), FA_OK);
    vulkan_close(&w);
}
END_TEST

static void
upload(fa_gpu_slice *slice, unsigned seed, fa_gpu_ticket *ticket)
{
    char bytes[4096];
    test_fill(bytes, sizeof(bytes), seed);
    fa_status status;
    do
        status =
            fa_gpu_transfer_to_gpu(w.gpu, slice, 0, bytes, sizeof(bytes), NULL);
    while (status == FA_NOT_READY);
    ck_assert_int_eq(status, FA_OK);
    ck_assert_int_eq(
        fa_gpu_transfer_to_cpu(w.gpu, slice, 0, sizeof(bytes), ticket), FA_OK);
    do
        status = fa_gpu_transfer_submit(w.gpu, NULL);
    while (status == FA_NOT_READY);
    ck_assert_int_eq(status, FA_OK);
}

static bool
is_back(fa_gpu_ticket ticket, unsigned seed)
{
    const void *bytes;
    uint64_t size;
    return fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX) == FA_OK &&
           fa_gpu_transfer_result(w.gpu, ticket, &bytes, &size) == FA_OK &&
           size == 4096 && test_is_filled(bytes, size, seed) &&
           fa_gpu_transfer_release(w.gpu, ticket) == FA_OK;
}

static void
open_without_timelines(void)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    w.handles.timeline = VK_NULL_HANDLE;
    w.handles.features &= ~(unsigned)FA_GPU_VK_TIMELINE;
    vulkan_open(&w);
    ck_assert(fa_gpu_vk_timeline(w.gpu) == VK_NULL_HANDLE);
}

START_TEST(transfers_follow_fences_where_there_are_no_timelines)
{
    open_without_timelines();
    fa_gpu_slice slice = keep(FA_GPU_DEVICE_ONLY, 4096);
    fa_gpu_ticket tickets[40];
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < COUNT(tickets); i++)
            upload(&slice, i, &tickets[i]);
        for (unsigned i = 0; i < COUNT(tickets); i++)
            ck_assert(is_back(tickets[i], i));
    }
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    vulkan_close(&w);
}
END_TEST

struct waiter {
    pthread_t thread;
    fa_gpu_ticket ticket;
    unsigned seed;
    bool is_right;
};

static void *
wait_for_bytes(void *arg)
{
    struct waiter *waiter = arg;
    waiter->is_right = is_back(waiter->ticket, waiter->seed);
    return NULL;
}

/* The command buffers of finished submits are used again meanwhile. */
START_TEST(threads_wait_for_fences_while_others_submit)
{
    open_without_timelines();
    fa_gpu_slice slice = keep(FA_GPU_DEVICE_ONLY, 4096);
    for (unsigned round = 0; round < 50; round++) {
        struct waiter waiters[4];
        for (unsigned i = 0; i < COUNT(waiters); i++) {
            waiters[i] = (struct waiter){.seed = round * 4 + i};
            upload(&slice, waiters[i].seed, &waiters[i].ticket);
            ck_assert_int_eq(pthread_create(&waiters[i].thread, NULL,
                                            wait_for_bytes, &waiters[i]),
                             0);
        }
        for (unsigned i = 0; i < COUNT(waiters); i++) {
            ck_assert_int_eq(pthread_join(waiters[i].thread, NULL), 0);
            ck_assert(waiters[i].is_right);
        }
    }
    ck_assert_int_eq(fa_gpu_free(w.gpu, &slice), FA_OK);
    vulkan_close(&w);
}
END_TEST

static void
make_device(const VkAllocationCallbacks *callbacks)
{
    PFN_vkGetInstanceProcAddr find = w.handles.get_instance_proc_addr;
    PFN_vkCreateInstance create =
        (PFN_vkCreateInstance)find(NULL, "vkCreateInstance");
    VkInstanceCreateInfo info = {.sType =
                                     VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO};
    VkInstance instance;
    ck_assert_int_eq(create(&info, callbacks, &instance), VK_SUCCESS);
    VkPhysicalDevice physical;
    uint32_t count = 1;
    ck_assert_int_ge(((PFN_vkEnumeratePhysicalDevices)find(
                         instance, "vkEnumeratePhysicalDevices"))(
                         instance, &count, &physical),
                     0);
    float priority = 1;
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueCount = 1,
        .pQueuePriorities = &priority};
    VkDeviceCreateInfo device_info = {.sType =
                                          VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                                      .queueCreateInfoCount = 1,
                                      .pQueueCreateInfos = &queue};
    VkDevice device;
    ck_assert_int_eq(((PFN_vkCreateDevice)find(instance, "vkCreateDevice"))(
                         physical, &device_info, callbacks, &device),
                     VK_SUCCESS);
    ((PFN_vkDestroyDevice)find(instance, "vkDestroyDevice"))(device, callbacks);
    ((PFN_vkDestroyInstance)find(instance, "vkDestroyInstance"))(instance,
                                                                 callbacks);
}

START_TEST(a_driver_takes_its_memory_from_the_program)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    fa_gpu_vk_host *host;
    ck_assert_int_eq(fa_gpu_vk_host_create(w.core.allocator, &host), FA_OK);
    make_device(fa_gpu_vk_host_callbacks(host));
    w.handles.callbacks = fa_gpu_vk_host_callbacks(host);
    vulkan_open(&w);
    run_frames(20);
    fa_gpu_destroy(w.gpu);
    w.gpu = NULL;
    fa_gpu_vk_host_usage usage = FA_GPU_VK_HOST_USAGE_INIT;
    ck_assert_int_eq(fa_gpu_vk_host_usage_read(host, &usage), FA_OK);
    const fa_gpu_vk_scope_usage *scopes = usage.scopes;
    ck_assert_uint_gt(scopes[VK_SYSTEM_ALLOCATION_SCOPE_OBJECT].allocs, 0);
    ck_assert_uint_gt(scopes[VK_SYSTEM_ALLOCATION_SCOPE_DEVICE].allocs, 0);
    ck_assert_uint_gt(scopes[VK_SYSTEM_ALLOCATION_SCOPE_INSTANCE].allocs, 0);
    for (unsigned i = 0; i < FA_GPU_VK_SCOPES; i++) {
        ck_assert_uint_eq(scopes[i].live, 0);
        ck_assert_uint_eq(scopes[i].bytes, 0);
    }
    fa_gpu_vk_host_destroy(host);
    vulkan_close(&w);
}
END_TEST

/* --- misuse --- */

START_TEST(handles_that_are_missing_are_named)
{
    vulkan_prepare(&w);
    vulkan_open_device(&w);
    fa_gpu *gpu;
    fa_gpu_vk_config bad[7];
    for (unsigned i = 0; i < COUNT(bad); i++)
        bad[i] = w.handles;
    bad[0].instance = NULL;
    bad[1].physical_device = NULL;
    bad[2].device = NULL;
    bad[3].get_instance_proc_addr = NULL;
    bad[4].struct_size = 0;
    bad[5].queue_family_count = 2;
    bad[6].features &= ~(unsigned)FA_GPU_VK_TIMELINE;
    for (unsigned i = 0; i < COUNT(bad); i++) {
        ck_assert_int_eq(
            fa_gpu_vk_create(w.core.allocator, NULL, &bad[i], &gpu),
            FA_ERR_CONFIG);
        ck_assert_only_diag(&w.core.log, 10);
    }
    vulkan_close(&w);
}
END_TEST

START_TEST(there_is_no_memory_for_no_object)
{
    open_flight(2);
    fa_gpu_vk_memory memory;
    ck_assert_int_eq(
        fa_gpu_vk_image_alloc(w.gpu, VK_NULL_HANDLE, NULL, &memory),
        FA_ERR_USAGE);
    ck_assert_int_eq(
        fa_gpu_vk_buffer_alloc(w.gpu, VK_NULL_HANDLE, NULL, &memory),
        FA_ERR_USAGE);
    ck_assert_uint_eq(memory.slice.id, 0);
    vulkan_close(&w);
}
END_TEST

START_TEST(another_backend_has_no_images)
{
    vulkan_prepare(&w);
    test_open(&w.core);
    fa_gpu_backend backend;
    fa_gpu_null *null;
    fa_gpu *gpu;
    ck_assert_int_eq(
        fa_gpu_null_create(w.core.allocator, NULL, &backend, &null), FA_OK);
    ck_assert_int_eq(fa_gpu_create(w.core.allocator, NULL, &backend, &gpu),
                     FA_OK);
    fa_gpu_vk_memory memory;
    ck_assert_int_eq(fa_gpu_vk_image_alloc(gpu, VK_NULL_HANDLE, NULL, &memory),
                     FA_ERR_UNSUPPORTED);
    ck_assert(fa_gpu_vk_timeline(gpu) == VK_NULL_HANDLE);
    fa_gpu_destroy(gpu);
    test_close(&w.core);
}
END_TEST

START_TEST(no_loader_is_an_answer)
{
    vulkan_prepare(&w);
    w.headless_config.device = "no device has this name";
    test_open(&w.core);
    ck_assert_int_eq(fa_gpu_vk_headless_create(w.core.allocator,
                                               &w.headless_config, &w.headless),
                     FA_ERR_UNSUPPORTED);
    ck_assert_ptr_null(w.headless);
    test_close(&w.core);
}
END_TEST

int
main(void)
{
    vulkan_require();
    Suite *suite = suite_create("gpu_vulkan");
    TCase *contract = tcase_create("contract");
    tcase_set_timeout(contract, 120);
    tcase_add_test(contract, a_copy_between_slices_moves_the_bytes);
    tcase_add_loop_test(contract, frames_follow_the_timeline_of_the_program, 1,
                        5);
    tcase_add_test(contract, frames_follow_fences);
    tcase_add_test(contract, frames_follow_what_the_program_tells);
    tcase_add_test(contract, a_fence_that_is_told_late_ends_the_wait);
    tcase_add_test(contract, images_get_memory_of_their_own_kind);
    tcase_add_test(contract, buffers_of_the_program_get_memory);
    tcase_add_test(contract, a_dedicated_buffer_may_have_an_address);
    tcase_add_test(contract,
                   transfers_follow_fences_where_there_are_no_timelines);
    tcase_add_test(contract, a_driver_takes_its_memory_from_the_program);
    suite_add_tcase(suite, contract);
    TCase *misuse = tcase_create("misuse");
    tcase_set_timeout(misuse, 120);
    tcase_add_test(misuse, handles_that_are_missing_are_named);
    tcase_add_test(misuse, there_is_no_memory_for_no_object);
    tcase_add_test(misuse, another_backend_has_no_images);
    tcase_add_test(misuse, no_loader_is_an_answer);
    suite_add_tcase(suite, misuse);
    TCase *threads = tcase_create("threads");
    tcase_set_timeout(threads, 120);
    tcase_add_test(threads, threads_wait_for_fences_while_others_submit);
    suite_add_tcase(suite, threads);
    return test_main(suite);
}
