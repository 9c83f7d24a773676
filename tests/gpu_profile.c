/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The simulated GPUs, after real ones: their heaps are smaller, so that tests
 * can fill them.
 */
#include "gpu_profile.h"

#include "support.h"

#define LOCAL    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define VISIBLE  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED   VK_MEMORY_PROPERTY_HOST_CACHED_BIT

#define OF_DEVICE VK_MEMORY_HEAP_DEVICE_LOCAL_BIT

const struct gpu_profile gpu_profiles[GPU_PROFILES] = {
    [GPU_UNIFIED] = {.name = "unified",
                     .device_type = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
                     .heap_count = 1,
                     .heaps = {{256 * MIB, OF_DEVICE}},
                     .type_count = 1,
                     .types = {{LOCAL | VISIBLE | COHERENT | CACHED, 0}},
                     .atom = 64,
                     .granularity = 1,
                     .allocation_max = 128 * MIB,
                     .count_max = 4096},
    [GPU_DISCRETE] = {.name = "discrete",
                      .device_type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
                      .heap_count = 3,
                      .heaps = {{192 * MIB, OF_DEVICE},
                                {256 * MIB, 0},
                                {16 * MIB, OF_DEVICE}},
                      .type_count = 4,
                      .types = {{LOCAL, 0},
                                {VISIBLE | COHERENT, 1},
                                {LOCAL | VISIBLE | COHERENT, 2},
                                {VISIBLE | COHERENT | CACHED, 1}},
                      .atom = 64,
                      .granularity = 1024,
                      .allocation_max = 128 * MIB,
                      .count_max = 4096},
    [GPU_REBAR] = {.name = "discrete, all visible",
                   .device_type = VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU,
                   .heap_count = 2,
                   .heaps = {{192 * MIB, OF_DEVICE}, {256 * MIB, 0}},
                   .type_count = 4,
                   .types = {{LOCAL, 0},
                             {VISIBLE | COHERENT, 1},
                             {VISIBLE | COHERENT | CACHED, 1},
                             {LOCAL | VISIBLE | COHERENT, 0}},
                   .atom = 128,
                   .granularity = 1024,
                   .allocation_max = 128 * MIB,
                   .count_max = 4096},
    [GPU_MOBILE] = {.name = "mobile",
                    .device_type = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
                    .heap_count = 1,
                    .heaps = {{256 * MIB, OF_DEVICE}},
                    .type_count = 2,
                    .types = {{LOCAL, 0}, {LOCAL | VISIBLE | CACHED, 0}},
                    .atom = 256,
                    .granularity = 4096,
                    .allocation_max = 128 * MIB,
                    .count_max = 4096},
    [GPU_FEW] = {.name = "few allocations",
                 .device_type = VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU,
                 .heap_count = 1,
                 .heaps = {{256 * MIB, OF_DEVICE}},
                 .type_count = 1,
                 .types = {{LOCAL | VISIBLE | COHERENT | CACHED, 0}},
                 .atom = 64,
                 .granularity = 1,
                 .allocation_max = 128 * MIB,
                 .count_max = 8},
};
