/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The queue of a simulated GPU: commands, submits, the gate before them, and
 * how far the device is.
 */
#include "gpu_shim_state.h"

#include "support.h"

/* --- commands --- */

VKAPI_ATTR VkResult VKAPI_CALL
shim_ResetCommandPool(VkDevice device, VkCommandPool pool,
                      VkCommandPoolResetFlags flags)
{
    VkResult result = shim_enter(GPU_CALL_ResetCommandPool);
    return result == VK_SUCCESS
               ? shim_below.ResetCommandPool(device, pool, flags)
               : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_AllocateCommandBuffers(VkDevice device,
                            const VkCommandBufferAllocateInfo *info,
                            VkCommandBuffer *out)
{
    VkResult result = shim_enter(GPU_CALL_AllocateCommandBuffers);
    return result == VK_SUCCESS
               ? shim_below.AllocateCommandBuffers(device, info, out)
               : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_BeginCommandBuffer(VkCommandBuffer commands,
                        const VkCommandBufferBeginInfo *info)
{
    VkResult result = shim_enter(GPU_CALL_BeginCommandBuffer);
    return result == VK_SUCCESS ? shim_below.BeginCommandBuffer(commands, info)
                                : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_EndCommandBuffer(VkCommandBuffer commands)
{
    VkResult result = shim_enter(GPU_CALL_EndCommandBuffer);
    return result == VK_SUCCESS ? shim_below.EndCommandBuffer(commands)
                                : result;
}

static bool
is_left_out(VkPipelineStageFlags before, VkPipelineStageFlags behind)
{
    bool is_between = before == VK_PIPELINE_STAGE_TRANSFER_BIT &&
                      behind == VK_PIPELINE_STAGE_TRANSFER_BIT;
    return (gpu_shim.faults & GPU_FAULT_NO_BARRIERS) != 0 ||
           (is_between && (gpu_shim.faults & GPU_FAULT_NO_EPOCHS) != 0);
}

VKAPI_ATTR void VKAPI_CALL
shim_CmdPipelineBarrier(VkCommandBuffer commands, VkPipelineStageFlags before,
                        VkPipelineStageFlags behind, VkDependencyFlags flags,
                        uint32_t memory_count, const VkMemoryBarrier *memory,
                        uint32_t buffer_count,
                        const VkBufferMemoryBarrier *buffers,
                        uint32_t image_count,
                        const VkImageMemoryBarrier *images)
{
    shim_enter(GPU_CALL_CmdPipelineBarrier);
    if (!is_left_out(before, behind))
        shim_below.CmdPipelineBarrier(commands, before, behind, flags,
                                      memory_count, memory, buffer_count,
                                      buffers, image_count, images);
}

/* --- the gate --- */

static struct {
    VkSemaphore semaphore; /* Timeline; submit n waits for n. */
    bool is_closed;
    uint64_t submits;
    uint64_t released;
} gate;

VkResult
shim_gate_make(VkDevice device)
{
    VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    gate.is_closed = false;
    gate.submits = gate.released = 0;
    return shim_below.CreateSemaphore(device, &info, NULL, &gate.semaphore);
}

void
shim_gate_destroy(VkDevice device)
{
    shim_below.DestroySemaphore(device, gate.semaphore, NULL);
}

/* A batch of its own; what is submitted behind it waits as well. */
static VkResult
gate_wait(VkQueue queue)
{
    if (!gate.is_closed)
        return VK_SUCCESS;
    uint64_t value = ++gate.submits;
    VkPipelineStageFlags stages = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .waitSemaphoreValueCount = 1,
        .pWaitSemaphoreValues = &value};
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = &values,
                         .waitSemaphoreCount = 1,
                         .pWaitSemaphores = &gate.semaphore,
                         .pWaitDstStageMask = &stages};
    return shim_below.QueueSubmit(queue, 1, &info, VK_NULL_HANDLE);
}

static void
gate_signal(uint64_t value)
{
    if (value <= gate.released)
        return;
    gate.released = value;
    VkSemaphoreSignalInfo info = {.sType =
                                      VK_STRUCTURE_TYPE_SEMAPHORE_SIGNAL_INFO,
                                  .semaphore = gate.semaphore,
                                  .value = value};
    ck_assert_int_eq(shim_below.SignalSemaphore(shim_below.device, &info),
                     VK_SUCCESS);
}

void
gpu_shim_gate_close(void)
{
    gate.is_closed = true;
}

void
gpu_shim_gate_release(unsigned count)
{
    gate_signal(gate.released + count);
}

void
gpu_shim_gate_open(void)
{
    gate.is_closed = false;
    gate_signal(gate.submits);
}

/* --- submits --- */

#define SEMAPHORES_MAX 8

/* What submits will signal, for a device that says so too early. */
static struct {
    VkSemaphore semaphore;
    uint64_t value;
} promises[SEMAPHORES_MAX];

static void
promise(VkSemaphore semaphore, uint64_t value)
{
    for (unsigned i = 0; i < SEMAPHORES_MAX; i++) {
        if (promises[i].semaphore != semaphore &&
            promises[i].semaphore != VK_NULL_HANDLE)
            continue;
        promises[i].semaphore = semaphore;
        promises[i].value = value;
        return;
    }
}

static void
promises_note(const VkSubmitInfo *info)
{
    const VkTimelineSemaphoreSubmitInfo *values = info->pNext;
    if (values == NULL ||
        values->sType != VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO)
        return;
    for (uint32_t i = 0; i < info->signalSemaphoreCount; i++)
        promise(info->pSignalSemaphores[i], values->pSignalSemaphoreValues[i]);
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_QueueSubmit(VkQueue queue, uint32_t count, const VkSubmitInfo *infos,
                 VkFence fence)
{
    VkResult result = shim_enter(GPU_CALL_QueueSubmit);
    if (result == VK_SUCCESS)
        result = gate_wait(queue);
    if (result == VK_SUCCESS)
        result = shim_below.QueueSubmit(queue, count, infos, fence);
    if (result == VK_SUCCESS && (gpu_shim.faults & GPU_FAULT_EARLY) != 0)
        for (uint32_t i = 0; i < count; i++)
            promises_note(&infos[i]);
    return result;
}

/* --- progress --- */

VKAPI_ATTR VkResult VKAPI_CALL
shim_DeviceWaitIdle(VkDevice device)
{
    VkResult result = shim_enter(GPU_CALL_DeviceWaitIdle);
    return result == VK_SUCCESS ? shim_below.DeviceWaitIdle(device) : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_GetSemaphoreCounterValue(VkDevice device, VkSemaphore semaphore,
                              uint64_t *out)
{
    VkResult result = shim_enter(GPU_CALL_GetSemaphoreCounterValue);
    if (result == VK_SUCCESS)
        result = shim_below.GetSemaphoreCounterValue(device, semaphore, out);
    if ((gpu_shim.faults & GPU_FAULT_EARLY) != 0)
        for (unsigned i = 0; i < SEMAPHORES_MAX; i++)
            if (promises[i].semaphore == semaphore)
                *out = promises[i].value;
    return result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_WaitSemaphores(VkDevice device, const VkSemaphoreWaitInfo *info,
                    uint64_t timeout)
{
    VkResult result = shim_enter(GPU_CALL_WaitSemaphores);
    if (result != VK_SUCCESS || (gpu_shim.faults & GPU_FAULT_EARLY) != 0)
        return result;
    return shim_below.WaitSemaphores(device, info, timeout);
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_ResetFences(VkDevice device, uint32_t count, const VkFence *fences)
{
    VkResult result = shim_enter(GPU_CALL_ResetFences);
    return result == VK_SUCCESS ? shim_below.ResetFences(device, count, fences)
                                : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_GetFenceStatus(VkDevice device, VkFence fence)
{
    VkResult result = shim_enter(GPU_CALL_GetFenceStatus);
    return result == VK_SUCCESS ? shim_below.GetFenceStatus(device, fence)
                                : result;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_WaitForFences(VkDevice device, uint32_t count, const VkFence *fences,
                   VkBool32 is_all, uint64_t timeout)
{
    VkResult result = shim_enter(GPU_CALL_WaitForFences);
    return result == VK_SUCCESS ? shim_below.WaitForFences(
                                      device, count, fences, is_all, timeout)
                                : result;
}
