/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The Vulkan backend: it takes over the program's device, finds the functions
 * it needs, and gives memory to images and buffers of the program.
 */
#include "vk.h"

#include <stdio.h>
#include <time.h>

fa_status
vk_failed(struct vk *vk, VkResult result)
{
    if (result >= 0)
        return FA_OK;
    /* No pairing: a figure. */
    atomic_store_explicit(&vk->error, result, memory_order_relaxed);
    switch (result) {
    case VK_ERROR_DEVICE_LOST:
        return FA_ERR_DEVICE_LOST;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED:
        return FA_ERR_NOMEM;
    default:
        return FA_ERR_BACKEND;
    }
}

static int64_t
vk_native_error(void *user)
{
    struct vk *vk = user;
    /* No pairing: a figure. */
    return atomic_load_explicit(&vk->error, memory_order_relaxed);
}

static void
vk_caps(void *user, fa_gpu_caps *out)
{
    const struct vk *vk = user;
    *out = vk->caps;
}

static void
vk_destroy(void *user)
{
    struct vk *vk = user;
    vk_copy_close(vk);
    pthread_cond_destroy(&vk->told);
    pthread_mutex_destroy(&vk->mutex);
    fa_heap_free(fa_ctx_current(vk->allocator), vk);
}

/* --- functions by name --- */

static PFN_vkVoidFunction
find_optional(struct vk *vk, const char *name)
{
    PFN_vkVoidFunction function =
        vk->fn.GetDeviceProcAddr(vk->config.device, name);
    if (function != NULL)
        return function;
    char extended[64];
    snprintf(extended, sizeof(extended), "%sKHR", name);
    return vk->fn.GetDeviceProcAddr(vk->config.device, extended);
}

/* The name of a function that is missing, or NULL. */
static const char *
find_functions(struct vk *vk)
{
    struct vk_functions *fn = &vk->fn;
#define VK_FIND_INSTANCE(name)                                  \
    fn->name = (PFN_vk##name)vk->config.get_instance_proc_addr( \
        vk->config.instance, "vk" #name);                       \
    if (fn->name == NULL)                                       \
        return "vk" #name;
    VK_INSTANCE_LIST(VK_FIND_INSTANCE)
#define VK_FIND_DEVICE(name)                                                \
    fn->name =                                                              \
        (PFN_vk##name)fn->GetDeviceProcAddr(vk->config.device, "vk" #name); \
    if (fn->name == NULL)                                                   \
        return "vk" #name;
    VK_DEVICE_LIST(VK_FIND_DEVICE)
#define VK_FIND_OPTIONAL(name) \
    fn->name = (PFN_vk##name)find_optional(vk, "vk" #name);
    VK_OPTIONAL_LIST(VK_FIND_OPTIONAL)
    return NULL;
}

/* Features whose functions are missing are not there. */
static void
features_check(struct vk *vk)
{
    unsigned *features = &vk->config.features;
    if (vk->fn.GetSemaphoreCounterValue == NULL ||
        vk->fn.WaitSemaphores == NULL)
        *features &= ~(unsigned)FA_GPU_VK_TIMELINE;
    if (vk->fn.GetBufferDeviceAddress == NULL)
        *features &= ~(unsigned)FA_GPU_VK_ADDRESS;
    if (vk->fn.SetDebugUtilsObjectNameEXT == NULL)
        *features &= ~(unsigned)FA_GPU_VK_NAMES;
    if ((*features & FA_GPU_VK_TIMELINE) == 0)
        vk->config.timeline = VK_NULL_HANDLE;
}

/* --- making --- */

static const char *
handles_check(const fa_gpu_vk_config *config)
{
    if (config->instance == NULL)
        return "instance is NULL";
    if (config->physical_device == NULL)
        return "physical_device is NULL";
    if (config->device == NULL)
        return "device is NULL";
    if (config->get_instance_proc_addr == NULL)
        return "get_instance_proc_addr is NULL";
    if (config->queue_family_count > VK_FAMILIES_MAX)
        return "queue_family_count is above 8";
    if (config->queue_family_count > 0 && config->queue_families == NULL)
        return "queue_families is NULL";
    /* Frames would never finish. */
    if (config->timeline != VK_NULL_HANDLE &&
        (config->features & FA_GPU_VK_TIMELINE) == 0)
        return "timeline needs FA_GPU_VK_TIMELINE";
    if ((config->queue_lock == NULL) != (config->queue_unlock == NULL))
        return "queue_lock and queue_unlock belong together";
    return NULL;
}

static void
cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

static fa_status
vk_open(struct vk *vk)
{
    const char *missing = find_functions(vk);
    if (missing != NULL) {
        fa_diag_send(vk->allocator, 10, NULL, "the device has no %s", missing);
        return FA_ERR_UNSUPPORTED;
    }
    features_check(vk);
    vk_memory_open(vk);
    fa_status status = vk_buffer_types(vk);
    if (status != FA_OK)
        return status;
    return vk_copy_open(vk);
}

static fa_gpu_backend
vk_functions(struct vk *vk)
{
    return (fa_gpu_backend){sizeof(fa_gpu_backend),
                            FA_GPU_BACKEND_ABI,
                            vk,
                            vk_caps,
                            vk_budget,
                            vk_choose,
                            vk_block_create,
                            vk_block_destroy,
                            vk_flush,
                            vk_invalidate,
                            vk_record,
                            vk_submit,
                            vk_completed,
                            vk_wait,
                            vk_set_name,
                            vk_native_error,
                            vk_destroy};
}

static struct vk *
vk_new(fa_allocator *allocator, const fa_gpu_vk_config *config)
{
    struct vk *vk = fa_heap_alloc(fa_ctx_current(allocator), sizeof(*vk), 16);
    if (vk == NULL)
        return NULL;
    memset(vk, 0, sizeof(*vk));
    vk->allocator = allocator;
    vk->config = *config;
    if (config->queue_family_count > 0)
        memcpy(vk->families, config->queue_families,
               config->queue_family_count * sizeof(uint32_t));
    vk->config.queue_families = vk->families;
    pthread_mutex_init(&vk->mutex, NULL);
    cond_init(&vk->told);
    return vk;
}

fa_status
fa_gpu_vk_create(fa_allocator *allocator, const fa_gpu_config *config,
                 const fa_gpu_vk_config *vulkan, fa_gpu **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL || vulkan == NULL)
        return FA_ERR_USAGE;
    fa_gpu_vk_config own;
    const char *fault = "struct_size";
    if (gpu_struct_read(&own, sizeof(own), vulkan))
        fault = handles_check(&own);
    if (fault != NULL) {
        fa_diag_send(allocator, 10, NULL, "fa_gpu_vk_config.%s", fault);
        return FA_ERR_CONFIG;
    }
    struct vk *vk = vk_new(allocator, &own);
    if (vk == NULL)
        return FA_ERR_NOMEM;
    fa_status status = vk_open(vk);
    if (status == FA_OK) {
        fa_gpu_backend backend = vk_functions(vk);
        status = fa_gpu_create(allocator, config, &backend, out);
    }
    if (status != FA_OK)
        vk_destroy(vk);
    return status;
}

struct vk *
vk_of(const fa_gpu *gpu)
{
    return gpu != NULL && gpu->backend.caps == vk_caps ? gpu->backend.user
                                                       : NULL;
}

VkSemaphore
fa_gpu_vk_timeline(fa_gpu *gpu)
{
    const struct vk *vk = vk_of(gpu);
    return vk == NULL ? VK_NULL_HANDLE : vk->timeline;
}

/* --- images and buffers of the program --- */

static fa_status
request_read(fa_gpu *gpu, const fa_gpu_request *given, fa_gpu_request *own)
{
    *own = (fa_gpu_request)FA_GPU_REQUEST_INIT;
    if (given == NULL || gpu_struct_read(own, sizeof(*own), given))
        return FA_OK;
    fa_diag_send(gpu->allocator, 10, NULL, "fa_gpu_request.struct_size");
    return FA_ERR_CONFIG;
}

static fa_status
take(fa_gpu *gpu, const VkMemoryRequirements2 *needs,
     const VkMemoryDedicatedAllocateInfo *dedicated, bool is_opaque,
     fa_gpu_request *request, fa_gpu_vk_memory *out)
{
    const VkMemoryDedicatedRequirements *wishes = needs->pNext;
    const VkMemoryRequirements *least = &needs->memoryRequirements;
    bool is_dedicated = wishes->prefersDedicatedAllocation ||
                        wishes->requiresDedicatedAllocation ||
                        (request->flags & FA_GPU_DEDICATED) != 0;
    struct slice_extra extra = {.allowed = least->memoryTypeBits,
                                .is_opaque = is_opaque || is_dedicated,
                                .dedicated = is_dedicated ? dedicated : NULL};
    request->size = least->size;
    request->align = least->alignment;
    uint64_t memory;
    fa_status status = slice_alloc(gpu, request, &extra, &out->slice, &memory);
    if (status != FA_OK)
        return status;
    out->memory = (VkDeviceMemory)memory;
    out->offset = out->slice.offset;
    out->size = least->size;
    return FA_OK;
}

/* After a bind that failed. */
static fa_status
undo(fa_gpu *gpu, struct vk *vk, VkResult result, fa_gpu_vk_memory *out)
{
    fa_gpu_free(gpu, &out->slice);
    *out = (fa_gpu_vk_memory){.slice = FA_GPU_SLICE_NONE};
    return gpu_failed(gpu, vk_failed(vk, result));
}

fa_status
fa_gpu_vk_image_alloc(fa_gpu *gpu, VkImage image, const fa_gpu_request *request,
                      fa_gpu_vk_memory *out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_gpu_vk_memory){.slice = FA_GPU_SLICE_NONE};
    struct vk *vk = vk_of(gpu);
    if (vk == NULL)
        return FA_ERR_UNSUPPORTED;
    if (image == VK_NULL_HANDLE)
        return FA_ERR_USAGE;
    fa_gpu_request own;
    fa_status status = request_read(gpu, request, &own);
    if (status != FA_OK)
        return status;
    VkMemoryDedicatedRequirements wishes = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS};
    VkMemoryRequirements2 needs = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, .pNext = &wishes};
    VkImageMemoryRequirementsInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_IMAGE_MEMORY_REQUIREMENTS_INFO_2,
        .image = image};
    vk->fn.GetImageMemoryRequirements2(vk->config.device, &info, &needs);
    VkMemoryDedicatedAllocateInfo dedicated = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
        .image = image};
    status = take(gpu, &needs, &dedicated, true, &own, out);
    if (status != FA_OK)
        return status;
    VkResult result = vk->fn.BindImageMemory(vk->config.device, image,
                                             out->memory, out->offset);
    return result == VK_SUCCESS ? FA_OK : undo(gpu, vk, result, out);
}

fa_status
fa_gpu_vk_buffer_alloc(fa_gpu *gpu, VkBuffer buffer,
                       const fa_gpu_request *request, fa_gpu_vk_memory *out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_gpu_vk_memory){.slice = FA_GPU_SLICE_NONE};
    struct vk *vk = vk_of(gpu);
    if (vk == NULL)
        return FA_ERR_UNSUPPORTED;
    if (buffer == VK_NULL_HANDLE)
        return FA_ERR_USAGE;
    fa_gpu_request own;
    fa_status status = request_read(gpu, request, &own);
    if (status != FA_OK)
        return status;
    VkMemoryDedicatedRequirements wishes = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_REQUIREMENTS};
    VkMemoryRequirements2 needs = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2, .pNext = &wishes};
    VkBufferMemoryRequirementsInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
        .buffer = buffer};
    vk->fn.GetBufferMemoryRequirements2(vk->config.device, &info, &needs);
    VkMemoryDedicatedAllocateInfo dedicated = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_DEDICATED_ALLOCATE_INFO,
        .buffer = buffer};
    /* Linear, so it may share the memory of our own buffers. */
    status = take(gpu, &needs, &dedicated, false, &own, out);
    if (status != FA_OK)
        return status;
    VkResult result = vk->fn.BindBufferMemory(vk->config.device, buffer,
                                              out->memory, out->offset);
    return result == VK_SUCCESS ? FA_OK : undo(gpu, vk, result, out);
}
