/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * See gpu_pipeline.h.
 */
#include "gpu_pipeline.h"

#include "gpu_demo_shader.h" /* Made by glslang. */

#include <string.h>

struct constants {
    uint32_t count;
    uint32_t frame;
};

static bool
functions_find(struct pipeline *pipeline)
{
    const fa_gpu_vk_config *handles = pipeline->handles;
    PFN_vkGetDeviceProcAddr find =
        (PFN_vkGetDeviceProcAddr)handles->get_instance_proc_addr(
            handles->instance, "vkGetDeviceProcAddr");
    if (find == NULL)
        return false;
#define PIPELINE_FIND(name)                                           \
    pipeline->name = (PFN_vk##name)find(handles->device, "vk" #name); \
    if (pipeline->name == NULL)                                       \
        return false;
    PIPELINE_LIST(PIPELINE_FIND)
    return true;
}

static bool
layouts_make(struct pipeline *pipeline)
{
    VkDevice device = pipeline->handles->device;
    VkDescriptorSetLayoutBinding bindings[2];
    for (uint32_t i = 0; i < 2; i++)
        bindings[i] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT};
    VkDescriptorSetLayoutCreateInfo sets = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = 2,
        .pBindings = bindings};
    if (pipeline->CreateDescriptorSetLayout(
            device, &sets, NULL, &pipeline->set_layout) != VK_SUCCESS)
        return false;
    VkPushConstantRange constants = {VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                     sizeof(struct constants)};
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &pipeline->set_layout,
        .pushConstantRangeCount = 1,
        .pPushConstantRanges = &constants};
    return pipeline->CreatePipelineLayout(device, &layout, NULL,
                                          &pipeline->layout) == VK_SUCCESS;
}

static bool
compute_make(struct pipeline *pipeline)
{
    VkDevice device = pipeline->handles->device;
    VkShaderModuleCreateInfo code = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = sizeof(gpu_demo_shader),
        .pCode = gpu_demo_shader};
    VkShaderModule module;
    if (pipeline->CreateShaderModule(device, &code, NULL, &module) !=
        VK_SUCCESS)
        return false;
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main"},
        .layout = pipeline->layout};
    VkResult result = pipeline->CreateComputePipelines(
        device, VK_NULL_HANDLE, 1, &info, NULL, &pipeline->compute);
    pipeline->DestroyShaderModule(device, module, NULL);
    return result == VK_SUCCESS;
}

static bool
sets_make(struct pipeline *pipeline)
{
    VkDevice device = pipeline->handles->device;
    VkDescriptorPoolSize size = {VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
                                 2 * PIPELINE_FLIGHT};
    VkDescriptorPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = PIPELINE_FLIGHT,
        .poolSizeCount = 1,
        .pPoolSizes = &size};
    if (pipeline->CreateDescriptorPool(device, &pool, NULL,
                                       &pipeline->descriptors) != VK_SUCCESS)
        return false;
    VkDescriptorSetLayout layouts[PIPELINE_FLIGHT];
    for (uint32_t i = 0; i < PIPELINE_FLIGHT; i++)
        layouts[i] = pipeline->set_layout;
    VkDescriptorSetAllocateInfo sets = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = pipeline->descriptors,
        .descriptorSetCount = PIPELINE_FLIGHT,
        .pSetLayouts = layouts};
    return pipeline->AllocateDescriptorSets(device, &sets, pipeline->sets) ==
           VK_SUCCESS;
}

static bool
commands_make(struct pipeline *pipeline)
{
    VkDevice device = pipeline->handles->device;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = pipeline->handles->queue_family};
    if (pipeline->CreateCommandPool(device, &pool, NULL, &pipeline->pool) !=
        VK_SUCCESS)
        return false;
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = pipeline->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = PIPELINE_FLIGHT};
    return pipeline->AllocateCommandBuffers(device, &commands,
                                            pipeline->commands) == VK_SUCCESS;
}

bool
pipeline_open(struct pipeline *pipeline, const fa_gpu_vk_config *handles)
{
    memset(pipeline, 0, sizeof(*pipeline));
    pipeline->handles = handles;
    return functions_find(pipeline) && layouts_make(pipeline) &&
           compute_make(pipeline) && sets_make(pipeline) &&
           commands_make(pipeline);
}

void
pipeline_close(struct pipeline *pipeline)
{
    if (pipeline->DeviceWaitIdle == NULL)
        return;
    VkDevice device = pipeline->handles->device;
    pipeline->DeviceWaitIdle(device);
    pipeline->DestroyCommandPool(device, pipeline->pool, NULL);
    pipeline->DestroyDescriptorPool(device, pipeline->descriptors, NULL);
    pipeline->DestroyPipeline(device, pipeline->compute, NULL);
    pipeline->DestroyPipelineLayout(device, pipeline->layout, NULL);
    pipeline->DestroyDescriptorSetLayout(device, pipeline->set_layout, NULL);
}

VkCommandBuffer
pipeline_begin(struct pipeline *pipeline, uint64_t frame)
{
    VkCommandBuffer commands = pipeline->commands[frame % PIPELINE_FLIGHT];
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    return pipeline->BeginCommandBuffer(commands, &begin) == VK_SUCCESS
               ? commands
               : NULL;
}

static void
set_update(struct pipeline *pipeline, VkDescriptorSet set,
           const fa_gpu_slice *source, const fa_gpu_slice *target)
{
    VkDescriptorBufferInfo buffers[2] = {
        {(VkBuffer)source->buffer, source->offset, source->size},
        {(VkBuffer)target->buffer, target->offset, target->size}};
    VkWriteDescriptorSet write = {
        .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
        .dstSet = set,
        .descriptorCount = 2,
        .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
        .pBufferInfo = buffers};
    pipeline->UpdateDescriptorSets(pipeline->handles->device, 1, &write, 0,
                                   NULL);
}

void
pipeline_dispatch(struct pipeline *pipeline, uint64_t frame,
                  const fa_gpu_slice *source, const fa_gpu_slice *target,
                  uint32_t words)
{
    VkCommandBuffer commands = pipeline->commands[frame % PIPELINE_FLIGHT];
    VkDescriptorSet set = pipeline->sets[frame % PIPELINE_FLIGHT];
    struct constants constants = {words, (uint32_t)frame};
    set_update(pipeline, set, source, target);
    pipeline->CmdBindPipeline(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                              pipeline->compute);
    pipeline->CmdBindDescriptorSets(commands, VK_PIPELINE_BIND_POINT_COMPUTE,
                                    pipeline->layout, 0, 1, &set, 0, NULL);
    pipeline->CmdPushConstants(commands, pipeline->layout,
                               VK_SHADER_STAGE_COMPUTE_BIT, 0,
                               sizeof(constants), &constants);
    pipeline->CmdDispatch(commands, (words + 63) / 64, 1, 1);
}

bool
pipeline_submit(struct pipeline *pipeline, uint64_t frame, uint64_t serial)
{
    VkCommandBuffer commands = pipeline->commands[frame % PIPELINE_FLIGHT];
    if (pipeline->EndCommandBuffer(commands) != VK_SUCCESS)
        return false;
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &serial};
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = &values,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &commands,
                         .signalSemaphoreCount = 1,
                         .pSignalSemaphores = &pipeline->handles->timeline};
    return pipeline->QueueSubmit(pipeline->handles->queue, 1, &info,
                                 VK_NULL_HANDLE) == VK_SUCCESS;
}

uint32_t
pipeline_expect(uint32_t word, uint32_t place, uint64_t frame)
{
    return (word ^ place * 2654435761u) + (uint32_t)frame;
}
