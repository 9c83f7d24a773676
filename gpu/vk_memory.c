/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory of a Vulkan device: which type suits an intent, blocks, and the
 * CPU's view of them.
 *
 * A type costs 16 for each property that an intent prefers and it lacks, or
 * avoids and it has; the cheapest is tried first. A large request costs 40 in
 * memory that is both the device's and the CPU's: where that is a small window,
 * it is for small things.
 */
#include "vk.h"

#include <stdio.h>

#define NEVER 1000u

#define LOCAL    VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT
#define VISIBLE  VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT
#define COHERENT VK_MEMORY_PROPERTY_HOST_COHERENT_BIT
#define CACHED   VK_MEMORY_PROPERTY_HOST_CACHED_BIT

/* Slow, or for other purposes. */
#define UNWANTED                                  \
    (VK_MEMORY_PROPERTY_LAZILY_ALLOCATED_BIT |    \
     VK_MEMORY_PROPERTY_PROTECTED_BIT |           \
     VK_MEMORY_PROPERTY_DEVICE_COHERENT_BIT_AMD | \
     VK_MEMORY_PROPERTY_DEVICE_UNCACHED_BIT_AMD)

static const struct wish {
    VkMemoryPropertyFlags required;
    VkMemoryPropertyFlags preferred;
    VkMemoryPropertyFlags avoided;
} wishes[FA_GPU_INTENTS] = {
    [FA_GPU_DEVICE_ONLY] = {0, LOCAL, VISIBLE},
    [FA_GPU_HOST_VISIBLE] = {VISIBLE, LOCAL | COHERENT, CACHED},
    [FA_GPU_HOST_CACHED] = {VISIBLE, CACHED | COHERENT, 0},
    [FA_GPU_STAGING] = {VISIBLE, COHERENT, LOCAL | CACHED},
    [FA_GPU_READBACK] = {VISIBLE, CACHED, LOCAL},
};

/* --- the device --- */

static void
heaps_read(struct vk *vk)
{
    fa_gpu_caps *caps = &vk->caps;
    bool has_other = false;
    caps->heap_count = vk->memory.memoryHeapCount;
    for (uint32_t i = 0; i < caps->heap_count; i++) {
        const VkMemoryHeap *heap = &vk->memory.memoryHeaps[i];
        bool is_local = (heap->flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0;
        caps->heaps[i] = (fa_gpu_heap){heap->size, is_local};
        has_other |= !is_local;
    }
    caps->is_unified = !has_other;
}

static void
limits_read(struct vk *vk, const VkPhysicalDeviceLimits *limits)
{
    fa_gpu_caps *caps = &vk->caps;
    caps->atom = limits->nonCoherentAtomSize;
    caps->uniform_align = limits->minUniformBufferOffsetAlignment;
    caps->storage_align = limits->minStorageBufferOffsetAlignment;
    caps->texel_align = limits->minTexelBufferOffsetAlignment;
    caps->copy_align = limits->optimalBufferCopyOffsetAlignment;
    caps->block_count_max = limits->maxMemoryAllocationCount;
}

void
vk_memory_open(struct vk *vk)
{
    VkPhysicalDeviceMaintenance3Properties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &sizes};
    vk->fn.GetPhysicalDeviceProperties2(vk->config.physical_device,
                                        &properties);
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    vk->fn.GetPhysicalDeviceMemoryProperties2(vk->config.physical_device,
                                              &memory);
    vk->memory = memory.memoryProperties;

    fa_gpu_caps *caps = &vk->caps;
    *caps = (fa_gpu_caps){.struct_size = sizeof(*caps)};
    snprintf(caps->device, sizeof(caps->device), "%s",
             properties.properties.deviceName);
    caps->block_max = sizes.maxMemoryAllocationSize;
    caps->has_address = (vk->config.features & FA_GPU_VK_ADDRESS) != 0;
    caps->has_budget = (vk->config.features & FA_GPU_VK_BUDGET) != 0;
    caps->has_submit = vk->config.queue != NULL;
    heaps_read(vk);
    limits_read(vk, &properties.properties.limits);
}

fa_status
vk_budget(void *user, uint64_t *budgets, uint64_t *usages)
{
    struct vk *vk = user;
    VkPhysicalDeviceMemoryBudgetPropertiesEXT figures = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
        .pNext = &figures};
    vk->fn.GetPhysicalDeviceMemoryProperties2(vk->config.physical_device,
                                              &memory);
    for (uint32_t i = 0; i < vk->caps.heap_count; i++) {
        budgets[i] = figures.heapBudget[i];
        usages[i] = figures.heapUsage[i];
    }
    return FA_OK;
}

/* --- the choice --- */

static unsigned
count_bits(uint32_t bits)
{
    return (unsigned)__builtin_popcount(bits);
}

static unsigned
cost_of(const struct vk *vk, uint32_t type, fa_gpu_intent intent, uint64_t size)
{
    const struct wish *wish = &wishes[intent];
    VkMemoryPropertyFlags flags = vk->memory.memoryTypes[type].propertyFlags;
    if ((flags & wish->required) != wish->required || (flags & UNWANTED) != 0)
        return NEVER;
    unsigned cost = 16 * (count_bits(wish->preferred & ~flags) +
                          count_bits(wish->avoided & flags));
    uint32_t heap = vk->memory.memoryTypes[type].heapIndex;
    bool is_window = (flags & (LOCAL | VISIBLE)) == (LOCAL | VISIBLE);
    if (is_window && size > vk->memory.memoryHeaps[heap].size / 8)
        cost += 40;
    return cost;
}

static uint32_t
props_of(VkMemoryPropertyFlags flags)
{
    uint32_t props = 0;
    if ((flags & LOCAL) != 0)
        props |= FA_GPU_PROP_DEVICE_LOCAL;
    if ((flags & VISIBLE) != 0)
        props |= FA_GPU_PROP_HOST_VISIBLE;
    if ((flags & COHERENT) != 0)
        props |= FA_GPU_PROP_COHERENT;
    if ((flags & CACHED) != 0)
        props |= FA_GPU_PROP_CACHED;
    return props;
}

fa_status
vk_choose(void *user, fa_gpu_intent intent, unsigned uses, uint64_t size,
          uint32_t allowed, unsigned attempt, fa_gpu_class *out)
{
    const struct vk *vk = user;
    /* No uses: an image, whose own classes are allowed. */
    if (uses != 0)
        allowed &= vk->buffer_types;
    /* The attempt-th in the order of cost, then of number. */
    unsigned least = 0;
    uint32_t after = 0;
    for (;;) {
        uint32_t best = UINT32_MAX;
        unsigned best_cost = NEVER;
        for (uint32_t i = 0; i < vk->memory.memoryTypeCount; i++) {
            unsigned cost = cost_of(vk, i, intent, size);
            bool is_behind = cost > least || (cost == least && i >= after);
            if ((allowed >> i & 1) != 0 && is_behind && cost < best_cost) {
                best = i;
                best_cost = cost;
            }
        }
        if (best == UINT32_MAX)
            return FA_ERR_UNSUPPORTED;
        if (attempt-- == 0) {
            const VkMemoryType *type = &vk->memory.memoryTypes[best];
            *out = (fa_gpu_class){best, type->heapIndex,
                                  props_of(type->propertyFlags)};
            return FA_OK;
        }
        least = best_cost;
        after = best + 1;
    }
}

/* --- blocks --- */

static VkBufferUsageFlags
usage_of(const struct vk *vk, unsigned uses)
{
    static const struct {
        unsigned use;
        VkBufferUsageFlags flags;
    } table[] = {
        {FA_GPU_USE_COPY_SOURCE, VK_BUFFER_USAGE_TRANSFER_SRC_BIT},
        {FA_GPU_USE_COPY_TARGET, VK_BUFFER_USAGE_TRANSFER_DST_BIT},
        {FA_GPU_USE_VERTEX, VK_BUFFER_USAGE_VERTEX_BUFFER_BIT},
        {FA_GPU_USE_INDEX, VK_BUFFER_USAGE_INDEX_BUFFER_BIT},
        {FA_GPU_USE_UNIFORM, VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT},
        {FA_GPU_USE_STORAGE, VK_BUFFER_USAGE_STORAGE_BUFFER_BIT},
        {FA_GPU_USE_TEXEL, VK_BUFFER_USAGE_UNIFORM_TEXEL_BUFFER_BIT |
                               VK_BUFFER_USAGE_STORAGE_TEXEL_BUFFER_BIT},
        {FA_GPU_USE_INDIRECT, VK_BUFFER_USAGE_INDIRECT_BUFFER_BIT},
    };
    VkBufferUsageFlags flags = 0;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if ((uses & table[i].use) != 0)
            flags |= table[i].flags;
    if ((uses & FA_GPU_USE_ADDRESS) != 0 && vk->caps.has_address)
        flags |= VK_BUFFER_USAGE_SHADER_DEVICE_ADDRESS_BIT;
    return flags;
}

static VkResult
buffer_create(struct vk *vk, uint64_t size, unsigned uses, VkBuffer *out)
{
    bool is_shared = vk->config.queue_family_count > 1;
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = size,
        .usage = usage_of(vk, uses),
        .sharingMode =
            is_shared ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE,
        .queueFamilyIndexCount = is_shared ? vk->config.queue_family_count : 0,
        .pQueueFamilyIndices = is_shared ? vk->families : NULL};
    VkResult result = vk->fn.CreateBuffer(vk->config.device, &info,
                                          vk->config.callbacks, out);
    /* What a call that failed has written is undefined. */
    if (result != VK_SUCCESS)
        *out = VK_NULL_HANDLE;
    return result;
}

static VkMemoryRequirements
buffer_needs(struct vk *vk, VkBuffer buffer)
{
    VkMemoryRequirements2 needs = {.sType =
                                       VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
    VkBufferMemoryRequirementsInfo2 info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
        .buffer = buffer};
    vk->fn.GetBufferMemoryRequirements2(vk->config.device, &info, &needs);
    return needs.memoryRequirements;
}

static void
buffer_destroy(struct vk *vk, VkBuffer buffer)
{
    if (buffer != VK_NULL_HANDLE)
        vk->fn.DestroyBuffer(vk->config.device, buffer, vk->config.callbacks);
}

fa_status
vk_buffer_types(struct vk *vk)
{
    VkBuffer buffer;
    VkResult result = buffer_create(vk, 256, FA_GPU_USE_ALL, &buffer);
    if (result != VK_SUCCESS)
        return vk_failed(vk, result);
    vk->buffer_types = buffer_needs(vk, buffer).memoryTypeBits;
    buffer_destroy(vk, buffer);
    return FA_OK;
}

/* Whether a buffer with an address may be bound to it: ours, or one of the
 * program's that it is dedicated to. */
static bool
is_addressed(const struct vk *vk, const fa_gpu_block_request *request)
{
    const VkMemoryDedicatedAllocateInfo *dedicated = request->dedicated;
    bool is_image = request->is_opaque &&
                    (dedicated == NULL || dedicated->buffer == VK_NULL_HANDLE);
    return vk->caps.has_address && !is_image;
}

static VkResult
memory_allocate(struct vk *vk, const fa_gpu_block_request *request,
                uint64_t size, VkDeviceMemory *out)
{
    VkMemoryAllocateFlagsInfo flags = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_FLAGS_INFO,
        .pNext = request->dedicated,
        .flags = VK_MEMORY_ALLOCATE_DEVICE_ADDRESS_BIT};
    VkMemoryAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .pNext = is_addressed(vk, request) ? (const void *)&flags
                                           : request->dedicated,
        .allocationSize = size,
        .memoryTypeIndex = request->memory_class.id};
    VkResult result = vk->fn.AllocateMemory(vk->config.device, &info,
                                            vk->config.callbacks, out);
    if (result != VK_SUCCESS)
        *out = VK_NULL_HANDLE;
    return result;
}

static VkResult
memory_map(struct vk *vk, const fa_gpu_block_request *request,
           VkDeviceMemory memory, void **out)
{
    *out = NULL;
    if ((request->memory_class.props & FA_GPU_PROP_HOST_VISIBLE) == 0)
        return VK_SUCCESS;
    return vk->fn.MapMemory(vk->config.device, memory, 0, VK_WHOLE_SIZE, 0,
                            out);
}

static uint64_t
buffer_address(struct vk *vk, VkBuffer buffer, unsigned uses)
{
    if (!vk->caps.has_address || (uses & FA_GPU_USE_ADDRESS) == 0)
        return 0;
    VkBufferDeviceAddressInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_DEVICE_ADDRESS_INFO,
        .buffer = buffer};
    return vk->fn.GetBufferDeviceAddress(vk->config.device, &info);
}

/* The buffer first: it says how much memory it needs. */
static VkResult
block_make(struct vk *vk, const fa_gpu_block_request *request, VkBuffer *buffer,
           VkDeviceMemory *memory, void **ptr)
{
    uint64_t size = request->size;
    if (!request->is_opaque) {
        VkResult result = buffer_create(vk, size, request->uses, buffer);
        if (result != VK_SUCCESS)
            return result;
        size = buffer_needs(vk, *buffer).size;
    }
    if (size > vk->memory.memoryHeaps[request->memory_class.heap].size)
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    VkResult result = memory_allocate(vk, request, size, memory);
    if (result == VK_SUCCESS && !request->is_opaque)
        result =
            vk->fn.BindBufferMemory(vk->config.device, *buffer, *memory, 0);
    if (result == VK_SUCCESS)
        result = memory_map(vk, request, *memory, ptr);
    return result;
}

fa_status
vk_block_create(void *user, const fa_gpu_block_request *request,
                fa_gpu_block *out)
{
    struct vk *vk = user;
    VkBuffer buffer = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    void *ptr = NULL;
    VkResult result = block_make(vk, request, &buffer, &memory, &ptr);
    if (result != VK_SUCCESS) {
        buffer_destroy(vk, buffer);
        vk->fn.FreeMemory(vk->config.device, memory, vk->config.callbacks);
        return vk_failed(vk, result);
    }
    *out = (fa_gpu_block){.memory = (uint64_t)memory,
                          .buffer = (uint64_t)buffer,
                          .ptr = ptr,
                          .size = request->size};
    if (!request->is_opaque)
        out->address = buffer_address(vk, buffer, request->uses);
    return FA_OK;
}

void
vk_block_destroy(void *user, const fa_gpu_block *block)
{
    struct vk *vk = user;
    buffer_destroy(vk, (VkBuffer)block->buffer);
    vk->fn.FreeMemory(vk->config.device, (VkDeviceMemory)block->memory,
                      vk->config.callbacks);
}

static void
name_object(struct vk *vk, VkObjectType type, uint64_t handle, const char *name)
{
    VkDebugUtilsObjectNameInfoEXT info = {
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_OBJECT_NAME_INFO_EXT,
        .objectType = type,
        .objectHandle = handle,
        .pObjectName = name};
    vk->fn.SetDebugUtilsObjectNameEXT(vk->config.device, &info);
}

void
vk_set_name(void *user, const fa_gpu_block *block, const char *name)
{
    struct vk *vk = user;
    if ((vk->config.features & FA_GPU_VK_NAMES) == 0)
        return;
    name_object(vk, VK_OBJECT_TYPE_DEVICE_MEMORY, block->memory, name);
    if (block->buffer != 0)
        name_object(vk, VK_OBJECT_TYPE_BUFFER, block->buffer, name);
}

/* --- the CPU's view --- */

static VkMappedMemoryRange
mapped_range(const fa_gpu_range *range)
{
    bool is_to_end = range->offset + range->size >= range->block->size;
    return (VkMappedMemoryRange){.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
                                 .memory = (VkDeviceMemory)range->block->memory,
                                 .offset = range->offset,
                                 .size =
                                     is_to_end ? VK_WHOLE_SIZE : range->size};
}

fa_status
vk_flush(void *user, const fa_gpu_range *ranges, size_t count)
{
    struct vk *vk = user;
    fa_status status = FA_OK;
    for (size_t i = 0; i < count && status == FA_OK; i++) {
        VkMappedMemoryRange range = mapped_range(&ranges[i]);
        status = vk_failed(
            vk, vk->fn.FlushMappedMemoryRanges(vk->config.device, 1, &range));
    }
    return status;
}

fa_status
vk_invalidate(void *user, const fa_gpu_range *ranges, size_t count)
{
    struct vk *vk = user;
    fa_status status = FA_OK;
    for (size_t i = 0; i < count && status == FA_OK; i++) {
        VkMappedMemoryRange range = mapped_range(&ranges[i]);
        status = vk_failed(vk, vk->fn.InvalidateMappedMemoryRanges(
                                   vk->config.device, 1, &range));
    }
    return status;
}
