/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * An engine's Vulkan loop with libframealloc-gpu in it: what the library adds is
 * marked with numbers. A headless device stands for the engine's own; the frame
 * fills a buffer on the device and reads it back, where a game would draw.
 *
 * Exits with 77 when there is no Vulkan device.
 */
#include <framealloc/gpu-vulkan.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FLIGHT 2u
#define FRAMES 100u
#define BYTES  4096u

/* What an engine has. */
struct engine {
    const fa_gpu_vk_config *vulkan;
    VkCommandPool pool;
    VkCommandBuffer commands[FLIGHT];
    PFN_vkCreateCommandPool CreateCommandPool;
    PFN_vkDestroyCommandPool DestroyCommandPool;
    PFN_vkAllocateCommandBuffers AllocateCommandBuffers;
    PFN_vkBeginCommandBuffer BeginCommandBuffer;
    PFN_vkEndCommandBuffer EndCommandBuffer;
    PFN_vkQueueSubmit QueueSubmit;
    PFN_vkDeviceWaitIdle DeviceWaitIdle;
    /* And what is new. */
    fa_gpu *gpu;
    fa_gpu_ticket results[FLIGHT];
};

static PFN_vkVoidFunction
find(const struct engine *engine, const char *name)
{
    const fa_gpu_vk_config *vulkan = engine->vulkan;
    PFN_vkGetDeviceProcAddr get =
        (PFN_vkGetDeviceProcAddr)vulkan->get_instance_proc_addr(
            vulkan->instance, "vkGetDeviceProcAddr");
    PFN_vkVoidFunction function = get(vulkan->device, name);
    if (function == NULL) {
        fprintf(stderr, "the device has no %s\n", name);
        exit(EXIT_FAILURE);
    }
    return function;
}

static bool
engine_open(struct engine *engine)
{
#define FIND(name) engine->name = (PFN_vk##name)find(engine, "vk" #name)
    FIND(CreateCommandPool);
    FIND(DestroyCommandPool);
    FIND(AllocateCommandBuffers);
    FIND(BeginCommandBuffer);
    FIND(EndCommandBuffer);
    FIND(QueueSubmit);
    FIND(DeviceWaitIdle);
#undef FIND
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = engine->vulkan->queue_family};
    if (engine->CreateCommandPool(engine->vulkan->device, &pool, NULL,
                                  &engine->pool) != VK_SUCCESS)
        return false;
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = engine->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = FLIGHT};
    return engine->AllocateCommandBuffers(engine->vulkan->device, &commands,
                                          engine->commands) == VK_SUCCESS;
}

static bool
engine_submit(struct engine *engine, VkCommandBuffer commands, uint64_t serial)
{
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &serial};
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = &values,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &commands,
                         .signalSemaphoreCount = 1,
                         .pSignalSemaphores = &engine->vulkan->timeline};
    return engine->EndCommandBuffer(commands) == VK_SUCCESS &&
           engine->QueueSubmit(engine->vulkan->queue, 1, &info,
                               VK_NULL_HANDLE) == VK_SUCCESS;
}

/* (4) The result of the frame that had this place before: its device work is
 * done, since the frame that uses its memory has begun. */
static bool
result_check(struct engine *engine, uint64_t frame)
{
    fa_gpu_ticket *ticket = &engine->results[frame % FLIGHT];
    if (frame <= FLIGHT)
        return true;
    const void *bytes;
    uint64_t size;
    if (fa_gpu_transfer_result(engine->gpu, *ticket, &bytes, &size) != FA_OK)
        return false;
    const unsigned char *got = bytes;
    bool is_right = size == BYTES;
    for (uint64_t i = 0; i < size && is_right; i++)
        is_right = got[i] == (unsigned char)(frame - FLIGHT + i);
    return fa_gpu_transfer_release(engine->gpu, *ticket) == FA_OK && is_right;
}

/* (3) Memory of this frame on the device, bytes for it, and their way back. A
 * game would bind target.buffer at target.offset and draw. */
static bool
frame_record(struct engine *engine, VkCommandBuffer commands, uint64_t frame)
{
    fa_gpu_slice target;
    unsigned char bytes[BYTES];
    for (unsigned i = 0; i < BYTES; i++)
        bytes[i] = (unsigned char)(frame + i);
    return fa_gpu_frame_alloc(engine->gpu, FA_GPU_DEVICE_ONLY, BYTES, 0,
                              &target) == FA_OK &&
           fa_gpu_transfer_to_gpu(engine->gpu, &target, 0, bytes, BYTES,
                                  NULL) == FA_OK &&
           fa_gpu_transfer_record(engine->gpu, commands) == FA_OK &&
           fa_gpu_transfer_to_cpu(engine->gpu, &target, 0, BYTES,
                                  &engine->results[frame % FLIGHT]) == FA_OK &&
           fa_gpu_transfer_record(engine->gpu, commands) == FA_OK;
}

static bool
frame_run(struct engine *engine)
{
    /* (2) This replaces the wait for the frame's fence. */
    if (fa_gpu_begin_frame(engine->gpu, UINT64_MAX) != FA_OK)
        return false;
    uint64_t frame = fa_gpu_frame_number(engine->gpu);
    VkCommandBuffer commands = engine->commands[frame % FLIGHT];
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    if (!result_check(engine, frame) ||
        engine->BeginCommandBuffer(commands, &begin) != VK_SUCCESS ||
        !frame_record(engine, commands, frame))
        return false;
    /* (5) What the CPU wrote becomes visible; then the engine submits, and the
     * library learns by which value the device is done. */
    return fa_gpu_frame_commit(engine->gpu) == FA_OK &&
           engine_submit(engine, commands, frame) &&
           fa_gpu_end_frame(engine->gpu, frame) == FA_OK;
}

static bool
engine_run(struct engine *engine)
{
    for (unsigned i = 0; i < FRAMES; i++)
        if (!frame_run(engine))
            return false;
    engine->DeviceWaitIdle(engine->vulkan->device);
    for (unsigned i = 0; i < FLIGHT; i++)
        if (fa_gpu_transfer_release(engine->gpu, engine->results[i]) != FA_OK)
            return false;
    return true;
}

int
main(void)
{
    struct engine engine = {0};
    fa_allocator *allocator;
    fa_gpu_vk_headless *headless;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return EXIT_FAILURE;
    if (fa_gpu_vk_headless_create(allocator, NULL, &headless) != FA_OK) {
        puts("no Vulkan device here");
        fa_allocator_destroy(allocator);
        return 77;
    }
    engine.vulkan = fa_gpu_vk_headless_handles(headless);
    /* (1) The engine's device, and how many frames it has in flight. */
    fa_gpu_config config = FA_GPU_CONFIG_INIT;
    config.frames = FLIGHT;
    bool is_good = engine_open(&engine) &&
                   fa_gpu_vk_create(allocator, &config, engine.vulkan,
                                    &engine.gpu) == FA_OK &&
                   engine_run(&engine);
    printf("%s: %s\n", fa_gpu_vk_headless_name(headless),
           is_good ? "100 frames, all bytes right" : "failed");
    fa_gpu_destroy(engine.gpu);
    engine.DestroyCommandPool(engine.vulkan->device, engine.pool, NULL);
    fa_gpu_vk_headless_destroy(headless);
    fa_allocator_destroy(allocator);
    return is_good ? EXIT_SUCCESS : EXIT_FAILURE;
}
