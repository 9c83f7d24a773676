/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A Vulkan world on a simulated GPU.
 */
#ifndef FA_TESTS_GPU_SIMULATED_H
#define FA_TESTS_GPU_SIMULATED_H

#include "gpu_shim.h"
#include "gpu_vulkan_world.h"

/* As vulkan_prepare(), with the profile's number; then vulkan_open() or
 * vulkan_open_device(). */
static inline void
simulated_prepare(struct vulkan_world *world, int profile)
{
    vulkan_prepare(world);
    gpu_shim_open(&gpu_profiles[profile]);
    world->headless_config.get_instance_proc_addr =
        gpu_shim_get_instance_proc_addr;
}

/* No rule was broken, above or below, and no object is left. */
static inline void
simulated_close(struct vulkan_world *world)
{
    gpu_shim_strike((struct gpu_strike){.n = 0});
    vulkan_close(world);
    ck_assert_msg(gpu_shim.errors == 0, "%u rules: %s", gpu_shim.errors,
                  gpu_shim.error);
    ck_assert_int_eq(gpu_shim.live, 0);
}

/* What was provoked does not count. */
static inline void
simulated_forgive(struct vulkan_world *world)
{
    world->messages = 0;
    gpu_shim.errors = 0;
}

#endif
