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

static inline fa_gpu_slice
simulated_take(struct vulkan_world *world, fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_slice slice;
    ck_assert_int_eq(fa_gpu_frame_alloc(world->gpu, intent, size, 0, &slice),
                     FA_OK);
    return slice;
}

static inline fa_gpu_slice
simulated_keep(struct vulkan_world *world, fa_gpu_intent intent, uint64_t size)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = size;
    request.intent = intent;
    ck_assert_int_eq(fa_gpu_alloc(world->gpu, &request, &slice), FA_OK);
    return slice;
}

/* Records a copy, and that the CPU will read it. */
static inline void
simulated_copy(struct vulkan_world *world, VkCommandBuffer commands,
               const fa_gpu_slice *from, const fa_gpu_slice *to,
               uint64_t offset)
{
    PFN_vkCmdCopyBuffer copy =
        (PFN_vkCmdCopyBuffer)vulkan_find(world, "vkCmdCopyBuffer");
    PFN_vkCmdPipelineBarrier barrier =
        (PFN_vkCmdPipelineBarrier)vulkan_find(world, "vkCmdPipelineBarrier");
    VkBufferCopy region = {from->offset, to->offset + offset, from->size};
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                              .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                              .dstAccessMask = VK_ACCESS_HOST_READ_BIT};
    copy(commands, (VkBuffer)from->buffer, (VkBuffer)to->buffer, 1, &region);
    barrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &memory, 0, NULL, 0, NULL);
}

/* Ends a frame whose commands are recorded. */
static inline void
simulated_end(struct vulkan_world *world, VkCommandBuffer commands)
{
    ck_assert_int_eq(fa_gpu_frame_commit(world->gpu), FA_OK);
    vulkan_submit(world, commands);
    ck_assert_int_eq(fa_gpu_end_frame(world->gpu, world->serial), FA_OK);
}

#endif
