/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Copies: recorded into the program's command buffer, or into one of our own
 * that is submitted to the queue that the program has lent.
 *
 * Around them stand memory barriers: before, since targets may still be in use;
 * between epochs, whose copies depend on each other; and behind, for whoever
 * uses the targets next. Copies between the same two buffers are one command
 * with many regions.
 */
#include "vk.h"

#define REGIONS 128u

#define COPY_ACCESS (VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT)
#define ANY_ACCESS  (VK_ACCESS_MEMORY_READ_BIT | VK_ACCESS_MEMORY_WRITE_BIT)

static void
barrier(struct vk *vk, VkCommandBuffer commands, VkPipelineStageFlags before,
        VkAccessFlags written, VkPipelineStageFlags behind,
        VkAccessFlags visible)
{
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                              .srcAccessMask = written,
                              .dstAccessMask = visible};
    vk->fn.CmdPipelineBarrier(commands, before, behind, 0, 1, &memory, 0, NULL,
                              0, NULL);
}

/* Copies from the first one on that are one command. */
static size_t
run_of(const fa_gpu_copy *copies, size_t count, VkBufferCopy *regions)
{
    size_t i = 0;
    while (i < count && i < REGIONS && copies[i].epoch == copies[0].epoch &&
           copies[i].source == copies[0].source &&
           copies[i].target == copies[0].target) {
        regions[i] = (VkBufferCopy){copies[i].source_offset,
                                    copies[i].target_offset, copies[i].size};
        i++;
    }
    return i;
}

static void
record_copies(struct vk *vk, VkCommandBuffer commands,
              const fa_gpu_copy *copies, size_t count)
{
    VkBufferCopy regions[REGIONS];
    for (size_t i = 0; i < count;) {
        if (i > 0 && copies[i].epoch != copies[i - 1].epoch)
            barrier(vk, commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                    VK_ACCESS_TRANSFER_WRITE_BIT,
                    VK_PIPELINE_STAGE_TRANSFER_BIT, COPY_ACCESS);
        size_t run = run_of(copies + i, count - i, regions);
        vk->fn.CmdCopyBuffer(commands, (VkBuffer)copies[i].source,
                             (VkBuffer)copies[i].target, (uint32_t)run,
                             regions);
        i += run;
    }
}

static void
record_all(struct vk *vk, VkCommandBuffer commands, const fa_gpu_copy *copies,
           size_t count, unsigned visible)
{
    barrier(vk, commands, VK_PIPELINE_STAGE_ALL_COMMANDS_BIT, ANY_ACCESS,
            VK_PIPELINE_STAGE_TRANSFER_BIT, COPY_ACCESS);
    record_copies(vk, commands, copies, count);
    VkPipelineStageFlags stages = 0;
    VkAccessFlags access = 0;
    if ((visible & FA_GPU_COPY_TO_DEVICE) != 0) {
        stages |= VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
        access |= ANY_ACCESS;
    }
    if ((visible & FA_GPU_COPY_TO_HOST) != 0) {
        stages |= VK_PIPELINE_STAGE_HOST_BIT;
        access |= VK_ACCESS_HOST_READ_BIT;
    }
    if (stages != 0)
        barrier(vk, commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
                VK_ACCESS_TRANSFER_WRITE_BIT, stages, access);
}

fa_status
vk_record(void *user, void *commands, const fa_gpu_copy *copies, size_t count,
          unsigned visible)
{
    if (commands == NULL)
        return FA_ERR_USAGE;
    record_all(user, commands, copies, count, visible);
    return FA_OK;
}

/* --- our own submits --- */

fa_status
vk_copy_open(struct vk *vk)
{
    bool has_timeline = (vk->config.features & FA_GPU_VK_TIMELINE) != 0;
    if (vk->config.queue == NULL || !has_timeline)
        return FA_OK;
    VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkResult result = vk->fn.CreateSemaphore(
        vk->config.device, &info, vk->config.callbacks, &vk->timeline);
    /* What a call that failed has written is undefined. */
    if (result != VK_SUCCESS)
        vk->timeline = VK_NULL_HANDLE;
    return vk_failed(vk, result);
}

static void
slot_close(struct vk *vk, struct vk_slot *slot)
{
    VkDevice device = vk->config.device;
    if (slot->fence != VK_NULL_HANDLE)
        vk->fn.DestroyFence(device, slot->fence, vk->config.callbacks);
    if (slot->pool != VK_NULL_HANDLE)
        vk->fn.DestroyCommandPool(device, slot->pool, vk->config.callbacks);
    *slot = (struct vk_slot){0};
}

void
vk_copy_close(struct vk *vk)
{
    for (uint32_t i = 0; i < vk->slot_count; i++)
        slot_close(vk, &vk->slots[i]);
    if (vk->timeline != VK_NULL_HANDLE)
        vk->fn.DestroySemaphore(vk->config.device, vk->timeline,
                                vk->config.callbacks);
}

static VkResult
slot_make(struct vk *vk, struct vk_slot *slot)
{
    VkDevice device = vk->config.device;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = vk->config.queue_family};
    VkResult result = vk->fn.CreateCommandPool(
        device, &pool, vk->config.callbacks, &slot->pool);
    if (result != VK_SUCCESS) {
        slot->pool = VK_NULL_HANDLE;
        return result;
    }
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = slot->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1};
    result = vk->fn.AllocateCommandBuffers(device, &commands, &slot->commands);
    if (result != VK_SUCCESS || vk->timeline != VK_NULL_HANDLE)
        return result;
    VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    result =
        vk->fn.CreateFence(device, &fence, vk->config.callbacks, &slot->fence);
    if (result != VK_SUCCESS)
        slot->fence = VK_NULL_HANDLE;
    return result;
}

/* A slot that the device has finished with, or a new one; FA_NOT_READY when
 * all are busy. */
static fa_status
slot_take(struct vk *vk, uint64_t reached, struct vk_slot **out)
{
    *out = NULL;
    for (uint32_t i = 0; i < vk->slot_count; i++) {
        if (vk->slots[i].serial <= reached && vk->slots[i].waits == 0) {
            *out = &vk->slots[i];
            return FA_OK;
        }
    }
    if (vk->slot_count == VK_SLOTS_MAX)
        return FA_NOT_READY;
    struct vk_slot *slot = &vk->slots[vk->slot_count];
    VkResult result = slot_make(vk, slot);
    if (result != VK_SUCCESS) {
        slot_close(vk, slot);
        return vk_failed(vk, result);
    }
    vk->slot_count++;
    *out = slot;
    return FA_OK;
}

static VkResult
slot_record(struct vk *vk, struct vk_slot *slot, const fa_gpu_copy *copies,
            size_t count, unsigned visible)
{
    VkResult result = vk->fn.ResetCommandPool(vk->config.device, slot->pool, 0);
    if (result != VK_SUCCESS)
        return result;
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    result = vk->fn.BeginCommandBuffer(slot->commands, &begin);
    if (result != VK_SUCCESS)
        return result;
    record_all(vk, slot->commands, copies, count, visible);
    return vk->fn.EndCommandBuffer(slot->commands);
}

static VkResult
slot_submit(struct vk *vk, struct vk_slot *slot, uint64_t serial)
{
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &serial};
    bool has_timeline = vk->timeline != VK_NULL_HANDLE;
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = has_timeline ? &values : NULL,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &slot->commands,
                         .signalSemaphoreCount = has_timeline ? 1 : 0,
                         .pSignalSemaphores = &vk->timeline};
    if (slot->fence != VK_NULL_HANDLE) {
        VkResult result =
            vk->fn.ResetFences(vk->config.device, 1, &slot->fence);
        if (result != VK_SUCCESS)
            return result;
    }
    if (vk->config.queue_lock != NULL)
        vk->config.queue_lock(vk->config.user);
    VkResult result =
        vk->fn.QueueSubmit(vk->config.queue, 1, &info, slot->fence);
    if (vk->config.queue_unlock != NULL)
        vk->config.queue_unlock(vk->config.user);
    return result;
}

static fa_status
submit_locked(struct vk *vk, uint64_t reached, const fa_gpu_copy *copies,
              size_t count, unsigned visible, uint64_t *serial)
{
    struct vk_slot *slot;
    fa_status status = slot_take(vk, reached, &slot);
    if (status != FA_OK)
        return status;
    VkResult result = slot_record(vk, slot, copies, count, visible);
    if (result == VK_SUCCESS)
        result = slot_submit(vk, slot, vk->submitted + 1);
    if (result != VK_SUCCESS)
        return vk_failed(vk, result);
    slot->serial = ++vk->submitted;
    *serial = slot->serial;
    return FA_OK;
}

fa_status
vk_submit(void *user, const fa_gpu_copy *copies, size_t count, unsigned visible,
          uint64_t *serial)
{
    struct vk *vk = user;
    uint64_t reached;
    fa_status status = vk_completed(vk, FA_GPU_LANE_TRANSFER, &reached);
    if (status != FA_OK)
        return status;
    pthread_mutex_lock(&vk->mutex);
    status = submit_locked(vk, reached, copies, count, visible, serial);
    pthread_mutex_unlock(&vk->mutex);
    return status;
}
