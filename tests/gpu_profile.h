/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The GPUs that tests simulate on whatever driver there is.
 */
#ifndef FA_TESTS_GPU_PROFILE_H
#define FA_TESTS_GPU_PROFILE_H

#include <stdbool.h>
#include <stdint.h>

#include <vulkan/vulkan.h>

enum {
    GPU_UNIFIED,  /* One kind of memory, as on integrated graphics. */
    GPU_DISCRETE, /* The CPU sees 16 MiB of the card's memory. */
    GPU_REBAR,    /* The CPU sees all of it. */
    GPU_MOBILE,   /* What the CPU sees is cached and not coherent. */
    GPU_FEW,      /* As unified, for 8 allocations. */
    GPU_PROFILES
};

struct gpu_profile {
    const char *name;
    VkPhysicalDeviceType device_type;
    uint32_t heap_count;
    VkMemoryHeap heaps[3];
    uint32_t type_count;
    VkMemoryType types[4];
    VkDeviceSize atom;           /* nonCoherentAtomSize. */
    VkDeviceSize granularity;    /* bufferImageGranularity. */
    VkDeviceSize allocation_max; /* maxMemoryAllocationSize. */
    uint32_t count_max;          /* maxMemoryAllocationCount. */
};

extern const struct gpu_profile gpu_profiles[GPU_PROFILES];

#endif
