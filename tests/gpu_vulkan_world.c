/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * See gpu_vulkan_world.h.
 */
#include "gpu_vulkan_world.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Leaks of the driver and the layers: all that C++ has allocated, since ours is
 * C. And what the layers' threads, which are not instrumented, seem to do. */
const char *__lsan_default_suppressions(void);
const char *__tsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
    return "leak:libstdc++\nleak:libvulkan_lvp\nleak:libVkLayer\n";
}

const char *
__tsan_default_suppressions(void)
{
    return "race:libVkLayer\nrace:libvulkan_lvp\n";
}

static void
count_message(void *user, bool is_error, const char *text)
{
    struct vulkan_world *world = user;
    (void)is_error;
    /* The loader tells of drivers that it skips. */
    if (strstr(text, "loader") != NULL || strstr(text, "Loader") != NULL)
        return;
    if (world->messages++ == 0)
        snprintf(world->message, sizeof(world->message), "%s", text);
}

void
vulkan_require(void)
{
    /* So that a leak in the driver has a name. */
    dlopen("libvulkan_lvp.so", RTLD_NOW | RTLD_NODELETE);
    setenv("VK_LAYER_ENABLES",
           "VALIDATION_CHECK_ENABLE_SYNCHRONIZATION_VALIDATION_QUEUE_SUBMIT",
           0);
    fa_allocator *allocator;
    fa_gpu_vk_headless *headless = NULL;
    fa_status status = fa_allocator_create(NULL, &allocator);
    if (status == FA_OK)
        status = fa_gpu_vk_headless_create(allocator, NULL, &headless);
    fa_gpu_vk_headless_destroy(headless);
    fa_allocator_destroy(allocator);
    if (status == FA_OK)
        return;
    const char *wanted = getenv("FA_GPU_REQUIRE_VULKAN");
    bool is_wanted = wanted != NULL && strcmp(wanted, "1") == 0;
    printf("no Vulkan device here: %s\n", fa_status_name(status));
    exit(is_wanted ? 1 : 77);
}

void
vulkan_prepare(struct vulkan_world *world)
{
    memset(world, 0, sizeof(*world));
    test_prepare(&world->core);
    world->headless_config =
        (fa_gpu_vk_headless_config)FA_GPU_VK_HEADLESS_CONFIG_INIT;
    world->headless_config.validate = true;
    world->headless_config.message = count_message;
    world->headless_config.user = world;
    world->config = (fa_gpu_config)FA_GPU_CONFIG_INIT;
    world->config.chunk_size = 64 * KIB;
}

PFN_vkVoidFunction
vulkan_find(struct vulkan_world *world, const char *name)
{
    PFN_vkGetDeviceProcAddr find =
        (PFN_vkGetDeviceProcAddr)world->handles.get_instance_proc_addr(
            world->handles.instance, "vkGetDeviceProcAddr");
    PFN_vkVoidFunction function = find(world->handles.device, name);
    ck_assert_msg(function != NULL, "%s", name);
    return function;
}

static void
find_functions(struct vulkan_world *world)
{
#define FIND(name) world->name = (PFN_vk##name)vulkan_find(world, "vk" #name)
    FIND(QueueSubmit);
    FIND(BeginCommandBuffer);
    FIND(EndCommandBuffer);
    FIND(DeviceWaitIdle);
    FIND(CreateCommandPool);
    FIND(DestroyCommandPool);
    FIND(AllocateCommandBuffers);
#undef FIND
}

void
vulkan_open_device(struct vulkan_world *world)
{
    test_open(&world->core);
    ck_assert_int_eq(fa_gpu_vk_headless_create(world->core.allocator,
                                               &world->headless_config,
                                               &world->headless),
                     FA_OK);
    world->handles = *fa_gpu_vk_headless_handles(world->headless);
    find_functions(world);
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = world->handles.queue_family};
    ck_assert_int_eq(world->CreateCommandPool(world->handles.device, &pool,
                                              NULL, &world->pool),
                     VK_SUCCESS);
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = world->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = FA_GPU_FLIGHT_MAX};
    ck_assert_int_eq(world->AllocateCommandBuffers(world->handles.device,
                                                   &commands, world->commands),
                     VK_SUCCESS);
}

void
vulkan_open(struct vulkan_world *world)
{
    if (world->headless == NULL)
        vulkan_open_device(world);
    ck_assert_int_eq(fa_gpu_vk_create(world->core.allocator, &world->config,
                                      &world->handles, &world->gpu),
                     FA_OK);
}

void
vulkan_close(struct vulkan_world *world)
{
    fa_gpu_destroy(world->gpu);
    world->DeviceWaitIdle(world->handles.device);
    world->DestroyCommandPool(world->handles.device, world->pool, NULL);
    fa_gpu_vk_headless_destroy(world->headless);
    test_close(&world->core);
    ck_assert_msg(world->messages == 0, "%u messages: %s", world->messages,
                  world->message);
}

VkCommandBuffer
vulkan_record(struct vulkan_world *world)
{
    VkCommandBuffer commands =
        world->commands[fa_gpu_frame_number(world->gpu) % FA_GPU_FLIGHT_MAX];
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    ck_assert_int_eq(world->BeginCommandBuffer(commands, &begin), VK_SUCCESS);
    return commands;
}

void
vulkan_submit(struct vulkan_world *world, VkCommandBuffer commands)
{
    ck_assert_int_eq(world->EndCommandBuffer(commands), VK_SUCCESS);
    uint64_t serial = ++world->serial;
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &serial};
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = &values,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &commands,
                         .signalSemaphoreCount = 1,
                         .pSignalSemaphores = &world->handles.timeline};
    ck_assert_int_eq(
        world->QueueSubmit(world->handles.queue, 1, &info, VK_NULL_HANDLE),
        VK_SUCCESS);
}
