/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the files of the shim share: the functions below, ours, and the rules.
 */
#ifndef FA_TESTS_GPU_SHIM_STATE_H
#define FA_TESTS_GPU_SHIM_STATE_H

#include "gpu_shim.h"

#include <pthread.h>

#define SHIM_INSTANCE_LIST(X)             \
    X(GetPhysicalDeviceProperties2)       \
    X(GetPhysicalDeviceMemoryProperties2) \
    X(EnumerateDeviceExtensionProperties) \
    X(CreateDevice)                       \
    X(GetDeviceProcAddr)

/* The layers' and the driver's. */
struct shim_below {
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
    PFN_vkCreateInstance CreateInstance;
    PFN_vkSignalSemaphore SignalSemaphore;
#define SHIM_POINTER(name) PFN_vk##name name;
    SHIM_INSTANCE_LIST(SHIM_POINTER)
#undef SHIM_POINTER
#define SHIM_POINTER(name, shortage, can_be_lost) PFN_vk##name name;
    GPU_CALL_LIST(SHIM_POINTER)
#undef SHIM_POINTER
    VkDevice device;
    uint32_t type; /* The driver's, in place of all of the profile. */
};

extern struct shim_below shim_below;
extern pthread_mutex_t shim_mutex; /* Of gpu_shim and of the memory. */

/* Ours. */
#define SHIM_FUNCTION(name, shortage, can_be_lost) \
    __typeof__(*(PFN_vk##name)NULL) shim_##name;
GPU_CALL_LIST(SHIM_FUNCTION)
#undef SHIM_FUNCTION

/* Counts the call; a failure if it is to fail. */
VkResult shim_enter(enum gpu_call call);
void shim_live(int change);
/* A rule that was broken. */
__attribute__((__format__(__printf__, 1, 2))) void
shim_complain(const char *format, ...);
VkResult shim_gate_make(VkDevice device);
void shim_gate_destroy(VkDevice device);

#endif
