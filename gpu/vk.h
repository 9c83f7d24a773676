/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the files of the Vulkan backend share: its functions, found by name, and
 * its state.
 */
#ifndef FA_GPU_VK_H
#define FA_GPU_VK_H

#include "state.h"

#include <framealloc/gpu-vulkan.h>

#define VK_FAMILIES_MAX 8u
#define VK_FENCES_MAX   16u
#define VK_SLOTS_MAX    32u

/* Functions of the instance, of the device, and those that may be missing, of
 * newer versions or of extensions with KHR at the end. */
#define VK_INSTANCE_LIST(X)               \
    X(GetPhysicalDeviceProperties2)       \
    X(GetPhysicalDeviceMemoryProperties2) \
    X(GetDeviceProcAddr)

#define VK_DEVICE_LIST(X)           \
    X(AllocateMemory)               \
    X(FreeMemory)                   \
    X(MapMemory)                    \
    X(FlushMappedMemoryRanges)      \
    X(InvalidateMappedMemoryRanges) \
    X(CreateBuffer)                 \
    X(DestroyBuffer)                \
    X(GetBufferMemoryRequirements2) \
    X(GetImageMemoryRequirements2)  \
    X(BindBufferMemory)             \
    X(BindImageMemory)              \
    X(CreateCommandPool)            \
    X(DestroyCommandPool)           \
    X(ResetCommandPool)             \
    X(AllocateCommandBuffers)       \
    X(BeginCommandBuffer)           \
    X(EndCommandBuffer)             \
    X(CmdCopyBuffer)                \
    X(CmdPipelineBarrier)           \
    X(QueueSubmit)                  \
    X(CreateSemaphore)              \
    X(DestroySemaphore)             \
    X(CreateFence)                  \
    X(DestroyFence)                 \
    X(ResetFences)                  \
    X(GetFenceStatus)               \
    X(WaitForFences)

#define VK_OPTIONAL_LIST(X)     \
    X(GetSemaphoreCounterValue) \
    X(WaitSemaphores)           \
    X(GetBufferDeviceAddress)   \
    X(SetDebugUtilsObjectNameEXT)

struct vk_functions {
#define VK_POINTER(name) PFN_vk##name name;
    VK_INSTANCE_LIST(VK_POINTER)
    VK_DEVICE_LIST(VK_POINTER)
    VK_OPTIONAL_LIST(VK_POINTER)
#undef VK_POINTER
};

/* A fence that the program has told. */
struct vk_fence {
    VkFence fence;
    uint64_t serial;
};

/* A command buffer for transfers of our own. */
struct vk_slot {
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;   /* Without timeline semaphores. */
    uint64_t serial; /* Of its submit; 0: free. */
    uint32_t waits;  /* Threads that wait for the fence: no reset now. */
};

struct vk {
    fa_allocator *allocator;
    fa_gpu_vk_config config;
    uint32_t families[VK_FAMILIES_MAX];
    struct vk_functions fn;
    fa_gpu_caps caps;
    VkPhysicalDeviceMemoryProperties memory;
    uint32_t buffer_types; /* Classes that buffers may have, by bit. */
    _Atomic int64_t error; /* A figure; pairs with nothing. */

    pthread_mutex_t mutex; /* Of what follows; taken last. */
    pthread_cond_t told;
    uint64_t frame_reached; /* By fences, or told. */
    struct vk_fence fences[VK_FENCES_MAX];
    uint32_t fence_count; /* Oldest first. */
    VkSemaphore timeline; /* Of transfers. */
    struct vk_slot slots[VK_SLOTS_MAX];
    uint32_t slot_count;
    uint64_t submitted;
    uint64_t reached; /* Of transfers, without timeline. */
};

/* Notes the failure, and says what it means. */
fa_status vk_failed(struct vk *vk, VkResult result);

/* --- vk_memory.c --- */

void vk_memory_open(struct vk *vk);
fa_status vk_budget(void *user, uint64_t *budgets, uint64_t *usages);
fa_status vk_choose(void *user, fa_gpu_intent intent, unsigned uses,
                    uint64_t size, uint32_t allowed, unsigned attempt,
                    fa_gpu_class *out);
fa_status vk_block_create(void *user, const fa_gpu_block_request *request,
                          fa_gpu_block *out);
void vk_block_destroy(void *user, const fa_gpu_block *block);
fa_status vk_flush(void *user, const fa_gpu_range *ranges, size_t count);
fa_status vk_invalidate(void *user, const fa_gpu_range *ranges, size_t count);
void vk_set_name(void *user, const fa_gpu_block *block, const char *name);
/* Finds out which classes buffers may have. */
fa_status vk_buffer_types(struct vk *vk);

/* --- vk_copy.c --- */

fa_status vk_record(void *user, void *commands, const fa_gpu_copy *copies,
                    size_t count, unsigned visible);
fa_status vk_submit(void *user, const fa_gpu_copy *copies, size_t count,
                    unsigned visible, uint64_t *serial);
fa_status vk_copy_open(struct vk *vk);
void vk_copy_close(struct vk *vk);

/* --- vk_sync.c --- */

fa_status vk_completed(void *user, fa_gpu_lane lane, uint64_t *serial);
fa_status vk_wait(void *user, fa_gpu_lane lane, uint64_t serial,
                  uint64_t timeout_ns);
/* Value of a timeline semaphore. */
fa_status vk_value(struct vk *vk, VkSemaphore semaphore, uint64_t *value);

/* --- vk_device.c --- */

/* The backend of a device, or NULL when it has another one. */
struct vk *vk_of(const fa_gpu *gpu);

#endif
