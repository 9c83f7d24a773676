/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The engine's side of framealloc gpu-demo: what a program with Vulkan has
 * anyway. A compute pipeline, a command buffer and a descriptor set for each
 * frame in flight, and submits to a queue.
 */
#ifndef FA_TOOLS_GPU_PIPELINE_H
#define FA_TOOLS_GPU_PIPELINE_H

#include <framealloc/gpu-vulkan.h>

#include <stdbool.h>

#define PIPELINE_FLIGHT 3u

#define PIPELINE_LIST(X)          \
    X(CreateShaderModule)         \
    X(DestroyShaderModule)        \
    X(CreateDescriptorSetLayout)  \
    X(DestroyDescriptorSetLayout) \
    X(CreatePipelineLayout)       \
    X(DestroyPipelineLayout)      \
    X(CreateComputePipelines)     \
    X(DestroyPipeline)            \
    X(CreateDescriptorPool)       \
    X(DestroyDescriptorPool)      \
    X(AllocateDescriptorSets)     \
    X(UpdateDescriptorSets)       \
    X(CreateCommandPool)          \
    X(DestroyCommandPool)         \
    X(AllocateCommandBuffers)     \
    X(BeginCommandBuffer)         \
    X(EndCommandBuffer)           \
    X(CmdBindPipeline)            \
    X(CmdBindDescriptorSets)      \
    X(CmdPushConstants)           \
    X(CmdDispatch)                \
    X(QueueSubmit)                \
    X(DeviceWaitIdle)

struct pipeline {
    const fa_gpu_vk_config *handles;
#define PIPELINE_POINTER(name) PFN_vk##name name;
    PIPELINE_LIST(PIPELINE_POINTER)
#undef PIPELINE_POINTER
    VkDescriptorSetLayout set_layout;
    VkPipelineLayout layout;
    VkPipeline compute;
    VkDescriptorPool descriptors;
    VkDescriptorSet sets[PIPELINE_FLIGHT];
    VkCommandPool pool;
    VkCommandBuffer commands[PIPELINE_FLIGHT];
};

/* False: the driver refused something. */
bool pipeline_open(struct pipeline *pipeline, const fa_gpu_vk_config *handles);
/* Waits for the device. */
void pipeline_close(struct pipeline *pipeline);
/* The command buffer of a frame, begun; NULL on failure. */
VkCommandBuffer pipeline_begin(struct pipeline *pipeline, uint64_t frame);
/* Records the shader over words of the source. Barriers before and after are
 * those that transfers record. */
void pipeline_dispatch(struct pipeline *pipeline, uint64_t frame,
                       const fa_gpu_slice *source, const fa_gpu_slice *target,
                       uint32_t words);
/* Submits it; the timeline reaches the serial. */
bool pipeline_submit(struct pipeline *pipeline, uint64_t frame,
                     uint64_t serial);
/* What the shader makes of a word. */
uint32_t pipeline_expect(uint32_t word, uint32_t place, uint64_t frame);

#endif
