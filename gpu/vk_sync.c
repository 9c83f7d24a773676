/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How far the device is: by timeline semaphores, by fences, or told by the
 * program. What the program has told is kept as a number that only rises.
 */
#include "vk.h"

#include <time.h>

fa_status
vk_value(struct vk *vk, VkSemaphore semaphore, uint64_t *value)
{
    VkResult result =
        vk->fn.GetSemaphoreCounterValue(vk->config.device, semaphore, value);
    return vk_failed(vk, result);
}

/* --- fences --- */

static void
reach(struct vk *vk, uint64_t serial)
{
    if (serial <= vk->frame_reached)
        return;
    vk->frame_reached = serial;
    pthread_cond_broadcast(&vk->told);
}

/* Fences of frames that are signalled, oldest first. */
static fa_status
fences_poll(struct vk *vk)
{
    uint32_t done = 0;
    VkResult result = VK_SUCCESS;
    while (done < vk->fence_count) {
        result =
            vk->fn.GetFenceStatus(vk->config.device, vk->fences[done].fence);
        if (result != VK_SUCCESS)
            break;
        reach(vk, vk->fences[done++].serial);
    }
    vk->fence_count -= done;
    memmove(vk->fences, vk->fences + done,
            vk->fence_count * sizeof(vk->fences[0]));
    return vk_failed(vk, result);
}

static fa_status
slots_poll(struct vk *vk)
{
    for (uint32_t i = 0; i < vk->slot_count; i++) {
        const struct vk_slot *slot = &vk->slots[i];
        if (slot->serial <= vk->reached)
            continue;
        VkResult result = vk->fn.GetFenceStatus(vk->config.device, slot->fence);
        if (result == VK_NOT_READY)
            continue;
        if (result != VK_SUCCESS)
            return vk_failed(vk, result);
        /* Submits of one queue finish in their order. */
        vk->reached = slot->serial;
        i = UINT32_MAX;
    }
    return FA_OK;
}

static fa_status
completed_by_hand(struct vk *vk, fa_gpu_lane lane, uint64_t *serial)
{
    pthread_mutex_lock(&vk->mutex);
    fa_status status =
        lane == FA_GPU_LANE_FRAME ? fences_poll(vk) : slots_poll(vk);
    *serial = lane == FA_GPU_LANE_FRAME ? vk->frame_reached : vk->reached;
    pthread_mutex_unlock(&vk->mutex);
    return status;
}

static VkSemaphore
timeline_of(const struct vk *vk, fa_gpu_lane lane)
{
    return lane == FA_GPU_LANE_FRAME ? vk->config.timeline : vk->timeline;
}

fa_status
vk_completed(void *user, fa_gpu_lane lane, uint64_t *serial)
{
    struct vk *vk = user;
    VkSemaphore timeline = timeline_of(vk, lane);
    if (timeline == VK_NULL_HANDLE)
        return completed_by_hand(vk, lane, serial);
    fa_status status = vk_value(vk, timeline, serial);
    if (status != FA_OK || lane != FA_GPU_LANE_FRAME)
        return status;
    pthread_mutex_lock(&vk->mutex);
    if (vk->frame_reached > *serial)
        *serial = vk->frame_reached;
    pthread_mutex_unlock(&vk->mutex);
    return FA_OK;
}

fa_status
fa_gpu_vk_frame_fence(fa_gpu *gpu, uint64_t serial, VkFence fence)
{
    struct vk *vk = vk_of(gpu);
    if (vk == NULL || fence == VK_NULL_HANDLE)
        return FA_ERR_USAGE;
    fa_status status = FA_ERR_STATE;
    pthread_mutex_lock(&vk->mutex);
    if (vk->fence_count < VK_FENCES_MAX) {
        vk->fences[vk->fence_count++] = (struct vk_fence){fence, serial};
        pthread_cond_broadcast(&vk->told);
        status = FA_OK;
    }
    pthread_mutex_unlock(&vk->mutex);
    return status;
}

void
fa_gpu_vk_completed(fa_gpu *gpu, uint64_t serial)
{
    struct vk *vk = vk_of(gpu);
    if (vk == NULL)
        return;
    pthread_mutex_lock(&vk->mutex);
    reach(vk, serial);
    pthread_mutex_unlock(&vk->mutex);
}

/* --- waiting --- */

static fa_status
wait_timeline(struct vk *vk, VkSemaphore timeline, uint64_t serial,
              uint64_t timeout_ns)
{
    VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                .semaphoreCount = 1,
                                .pSemaphores = &timeline,
                                .pValues = &serial};
    VkResult result =
        vk->fn.WaitSemaphores(vk->config.device, &info, timeout_ns);
    return result == VK_TIMEOUT ? FA_TIMEOUT : vk_failed(vk, result);
}

/* The fence of the first frame that reaches the serial. */
static VkFence
frame_fence(const struct vk *vk, uint64_t serial)
{
    for (uint32_t i = 0; i < vk->fence_count; i++)
        if (vk->fences[i].serial >= serial)
            return vk->fences[i].fence;
    return VK_NULL_HANDLE;
}

/* The first submit of ours that reaches it; NULL: there is none. */
static struct vk_slot *
transfer_slot(struct vk *vk, uint64_t serial)
{
    struct vk_slot *first = NULL;
    for (uint32_t i = 0; i < vk->slot_count; i++) {
        struct vk_slot *slot = &vk->slots[i];
        if (slot->serial >= serial &&
            (first == NULL || slot->serial < first->serial))
            first = slot;
    }
    return first;
}

static struct timespec
time_after(uint64_t timeout_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    /* A hundred years are for ever. */
    const uint64_t most = (uint64_t)3153600000u * 1000000000u;
    uint64_t wait = timeout_ns < most ? timeout_ns : most;
    uint64_t ns = (uint64_t)at.tv_nsec + wait % 1000000000u;
    at.tv_sec += (time_t)(wait / 1000000000u + ns / 1000000000u);
    at.tv_nsec = (long)(ns % 1000000000u);
    return at;
}

static uint64_t
time_until(const struct timespec *at)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t ns = (int64_t)(at->tv_sec - now.tv_sec) * 1000000000 +
                 (at->tv_nsec - now.tv_nsec);
    return ns > 0 ? (uint64_t)ns : 0;
}

static fa_status
wait_fence(struct vk *vk, VkFence fence, uint64_t timeout_ns)
{
    VkResult result =
        vk->fn.WaitForFences(vk->config.device, 1, &fence, VK_TRUE, timeout_ns);
    return result == VK_TIMEOUT ? FA_TIMEOUT : vk_failed(vk, result);
}

/* Until the frame's fence is signalled, which may be told of meanwhile, or the
 * program says that it is reached. */
static fa_status
wait_frame(struct vk *vk, uint64_t serial, uint64_t timeout_ns)
{
    struct timespec at = time_after(timeout_ns);
    VkFence fence = VK_NULL_HANDLE;
    int error = 0;
    pthread_mutex_lock(&vk->mutex);
    while (vk->frame_reached < serial && error == 0) {
        fence = frame_fence(vk, serial);
        if (fence != VK_NULL_HANDLE)
            break;
        error = pthread_cond_timedwait(&vk->told, &vk->mutex, &at);
    }
    bool is_reached = vk->frame_reached >= serial;
    pthread_mutex_unlock(&vk->mutex);
    if (fence != VK_NULL_HANDLE)
        return wait_fence(vk, fence, time_until(&at));
    return is_reached ? FA_OK : FA_TIMEOUT;
}

static fa_status
wait_transfer(struct vk *vk, uint64_t serial, uint64_t timeout_ns)
{
    struct vk_slot *slot = NULL;
    pthread_mutex_lock(&vk->mutex);
    bool is_reached = vk->reached >= serial;
    if (!is_reached)
        slot = transfer_slot(vk, serial);
    if (slot != NULL)
        slot->waits++;
    pthread_mutex_unlock(&vk->mutex);
    if (slot == NULL)
        return is_reached ? FA_OK : FA_TIMEOUT;
    fa_status status = wait_fence(vk, slot->fence, timeout_ns);
    pthread_mutex_lock(&vk->mutex);
    slot->waits--;
    pthread_mutex_unlock(&vk->mutex);
    return status;
}

fa_status
vk_wait(void *user, fa_gpu_lane lane, uint64_t serial, uint64_t timeout_ns)
{
    struct vk *vk = user;
    uint64_t reached;
    fa_status status = vk_completed(vk, lane, &reached);
    if (status != FA_OK || reached >= serial)
        return status;
    if (timeout_ns == 0)
        return FA_TIMEOUT;
    VkSemaphore timeline = timeline_of(vk, lane);
    if (timeline != VK_NULL_HANDLE)
        return wait_timeline(vk, timeline, serial, timeout_ns);
    return lane == FA_GPU_LANE_FRAME ? wait_frame(vk, serial, timeout_ns)
                                     : wait_transfer(vk, serial, timeout_ns);
}
