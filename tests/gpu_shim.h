/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A vkGetInstanceProcAddr of our own, above the validation layers and the
 * driver. What asks through it sees one of the simulated GPUs: its heaps,
 * types, limits and budgets. Memory that is not coherent has two copies, and
 * bytes move only by flush and invalidate. What the layers below cannot know,
 * since the driver is another one, is checked here.
 *
 * A test may also let the n-th call fail, lose the device, hold submits back
 * until it lets them go (the gate), and put in faults that the other checks
 * must find.
 *
 * One device at a time; tests are processes of their own.
 */
#ifndef FA_TESTS_GPU_SHIM_H
#define FA_TESTS_GPU_SHIM_H

#include "gpu_profile.h"

/* The functions of the device that pass through: name, what it answers when
 * memory is short (VK_SUCCESS: it cannot fail), whether it can tell of a lost
 * device. */
#define GPU_CALL_LIST(X)                                                \
    X(AllocateMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)             \
    X(FreeMemory, VK_SUCCESS, false)                                    \
    X(MapMemory, VK_ERROR_MEMORY_MAP_FAILED, false)                     \
    X(UnmapMemory, VK_SUCCESS, false)                                   \
    X(FlushMappedMemoryRanges, VK_ERROR_OUT_OF_HOST_MEMORY, false)      \
    X(InvalidateMappedMemoryRanges, VK_ERROR_OUT_OF_HOST_MEMORY, false) \
    X(CreateBuffer, VK_ERROR_OUT_OF_HOST_MEMORY, false)                 \
    X(DestroyBuffer, VK_SUCCESS, false)                                 \
    X(CreateImage, VK_ERROR_OUT_OF_HOST_MEMORY, false)                  \
    X(DestroyImage, VK_SUCCESS, false)                                  \
    X(GetBufferMemoryRequirements2, VK_SUCCESS, false)                  \
    X(GetImageMemoryRequirements2, VK_SUCCESS, false)                   \
    X(BindBufferMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)           \
    X(BindImageMemory, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)            \
    X(CreateCommandPool, VK_ERROR_OUT_OF_HOST_MEMORY, false)            \
    X(DestroyCommandPool, VK_SUCCESS, false)                            \
    X(ResetCommandPool, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)           \
    X(AllocateCommandBuffers, VK_ERROR_OUT_OF_HOST_MEMORY, false)       \
    X(BeginCommandBuffer, VK_ERROR_OUT_OF_HOST_MEMORY, false)           \
    X(EndCommandBuffer, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)           \
    X(CmdPipelineBarrier, VK_SUCCESS, false)                            \
    X(QueueSubmit, VK_ERROR_OUT_OF_DEVICE_MEMORY, true)                 \
    X(DeviceWaitIdle, VK_ERROR_OUT_OF_HOST_MEMORY, true)                \
    X(CreateSemaphore, VK_ERROR_OUT_OF_HOST_MEMORY, false)              \
    X(DestroySemaphore, VK_SUCCESS, false)                              \
    X(GetSemaphoreCounterValue, VK_ERROR_OUT_OF_HOST_MEMORY, true)      \
    X(WaitSemaphores, VK_ERROR_OUT_OF_HOST_MEMORY, true)                \
    X(CreateFence, VK_ERROR_OUT_OF_HOST_MEMORY, false)                  \
    X(DestroyFence, VK_SUCCESS, false)                                  \
    X(ResetFences, VK_ERROR_OUT_OF_DEVICE_MEMORY, false)                \
    X(GetFenceStatus, VK_ERROR_OUT_OF_HOST_MEMORY, true)                \
    X(WaitForFences, VK_ERROR_OUT_OF_HOST_MEMORY, true)                 \
    X(DestroyDevice, VK_SUCCESS, false)

enum gpu_call {
    GPU_CALL_ANY, /* All of them, for gpu_shim.strike. */
#define GPU_CALL(name, shortage, can_be_lost) GPU_CALL_##name,
    GPU_CALL_LIST(GPU_CALL)
#undef GPU_CALL
        GPU_CALLS
};

/* Faults of a library; or them together. */
enum {
    GPU_FAULT_NO_FLUSH = 1,      /* Flushes do nothing. */
    GPU_FAULT_NO_INVALIDATE = 2, /* Nor do invalidates. */
    GPU_FAULT_UNROUNDED = 4,     /* Ranges are not of whole atoms. */
    GPU_FAULT_NO_EPOCHS = 8,     /* No barrier between copies. */
    GPU_FAULT_NO_BARRIERS = 16,  /* None at all. */
    GPU_FAULT_EARLY = 32         /* Serials are reached when submitted. */
};

struct gpu_shim {
    const struct gpu_profile *profile;
    const char *hidden; /* A function that the device lacks, or NULL. */

    /* What VK_EXT_memory_budget says; usages are the live bytes. */
    VkDeviceSize budgets[VK_MAX_MEMORY_HEAPS];
    unsigned budget_queries;

    unsigned faults;
    unsigned calls[GPU_CALLS];
    int live;        /* Objects of the device. */
    unsigned errors; /* Rules of Vulkan that were broken; the first one. */
    char error[256];

    /* The n-th call from now on, counted from 1, of those that can give this
     * result; 0: what the function gives when memory is short. A lost device
     * stays lost; other failures are one, or all from then on. */
    struct gpu_strike {
        enum gpu_call call;
        unsigned n; /* 0: none. */
        VkResult result;
        bool is_for_ever;
    } strike;
    unsigned asked; /* Calls that it could have struck. */
    bool is_paused; /* Calls of the test itself. */
    bool is_struck;
    enum gpu_call struck; /* The last one. */
    bool is_lost;
};

extern struct gpu_shim gpu_shim;

/* Opens the loader, for the next instance. */
void gpu_shim_open(const struct gpu_profile *profile);
/* Lets a call fail, from now on. */
void gpu_shim_strike(struct gpu_strike strike);
/* The function itself. */
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
gpu_shim_get_instance_proc_addr(VkInstance instance, const char *name);

/* Memory type of a buffer that is bound, or UINT32_MAX. */
uint32_t gpu_shim_type_of(VkBuffer buffer);
/* Live bytes and allocations of the heap. */
VkDeviceSize gpu_shim_held(uint32_t heap);
unsigned gpu_shim_allocations(void);

/* Submits wait from now on; lets this many of them go; or all, for good. */
void gpu_shim_gate_close(void);
void gpu_shim_gate_release(unsigned count);
void gpu_shim_gate_open(void);

#endif
