/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What tests on a real Vulkan driver share: a headless device under the
 * validation layers, whose messages are counted, and a command buffer.
 */
#ifndef FA_TESTS_GPU_VULKAN_WORLD_H
#define FA_TESTS_GPU_VULKAN_WORLD_H

#include "support.h"

#include <framealloc/gpu-vulkan.h>

struct vulkan_world {
    struct test_world core;
    fa_gpu_vk_headless_config headless_config;
    fa_gpu_config config;
    fa_gpu_vk_headless *headless;
    fa_gpu_vk_config handles; /* The test may change them before open. */
    fa_gpu *gpu;
    unsigned messages;  /* Of the validation layers. */
    char message[1024]; /* The first one. */
    uint64_t serial;    /* Of the newest submit. */

    PFN_vkQueueSubmit QueueSubmit;
    PFN_vkBeginCommandBuffer BeginCommandBuffer;
    PFN_vkEndCommandBuffer EndCommandBuffer;
    PFN_vkDeviceWaitIdle DeviceWaitIdle;
    PFN_vkCreateCommandPool CreateCommandPool;
    PFN_vkDestroyCommandPool DestroyCommandPool;
    PFN_vkAllocateCommandBuffers AllocateCommandBuffers;
    VkCommandPool pool;
    VkCommandBuffer commands[FA_GPU_FLIGHT_MAX];
};

/* Ends the program with 77 when there is no driver; with 1 when
 * FA_GPU_REQUIRE_VULKAN wants one. For main(). */
void vulkan_require(void);

void vulkan_prepare(struct vulkan_world *world);
/* The device, and then the memory. */
void vulkan_open_device(struct vulkan_world *world);
void vulkan_open(struct vulkan_world *world);
/* No message of the validation layers was seen. */
void vulkan_close(struct vulkan_world *world);

/* The frame's command buffer, begun; and its submit with the next serial. */
VkCommandBuffer vulkan_record(struct vulkan_world *world);
void vulkan_submit(struct vulkan_world *world, VkCommandBuffer commands);
/* A function of the device. */
PFN_vkVoidFunction vulkan_find(struct vulkan_world *world, const char *name);

#endif
