/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Memory of a simulated GPU: heaps that can be full, types, a second copy of
 * what is not coherent, and the rules for all that.
 */
#include "gpu_shim_state.h"

#include "support.h"

#include <string.h>
#include <sys/mman.h>

#define MEMORIES_MAX 1024

struct memory {
    VkDeviceMemory handle; /* VK_NULL_HANDLE: the entry is free. */
    VkDeviceSize size;
    uint32_t type;
    char *real;   /* Where it is mapped; NULL: it is not. */
    char *shadow; /* The CPU's copy of what is not coherent ... */
    char *clean;  /* ... and what it was when they were last the same. */
    VkBuffer buffer;
    bool has_image;
};

/* Under the mutex; an entry is its owner's. */
static struct memory memories[MEMORIES_MAX];

static const VkMemoryType *
type_of(const struct memory *memory)
{
    return &gpu_shim.profile->types[memory->type];
}

static struct memory *
find(VkDeviceMemory handle)
{
    struct memory *found = NULL;
    pthread_mutex_lock(&shim_mutex);
    for (unsigned i = 0; i < MEMORIES_MAX && found == NULL; i++)
        if (memories[i].handle == handle)
            found = &memories[i];
    pthread_mutex_unlock(&shim_mutex);
    return found;
}

VkDeviceSize
gpu_shim_held(uint32_t heap)
{
    VkDeviceSize held = 0;
    pthread_mutex_lock(&shim_mutex);
    for (unsigned i = 0; i < MEMORIES_MAX; i++)
        if (memories[i].handle != VK_NULL_HANDLE &&
            type_of(&memories[i])->heapIndex == heap)
            held += memories[i].size;
    pthread_mutex_unlock(&shim_mutex);
    return held;
}

unsigned
gpu_shim_allocations(void)
{
    unsigned count = 0;
    pthread_mutex_lock(&shim_mutex);
    for (unsigned i = 0; i < MEMORIES_MAX; i++)
        count += memories[i].handle != VK_NULL_HANDLE;
    pthread_mutex_unlock(&shim_mutex);
    return count;
}

uint32_t
gpu_shim_type_of(VkBuffer buffer)
{
    uint32_t type = UINT32_MAX;
    pthread_mutex_lock(&shim_mutex);
    for (unsigned i = 0; i < MEMORIES_MAX; i++)
        if (memories[i].handle != VK_NULL_HANDLE &&
            memories[i].buffer == buffer)
            type = memories[i].type;
    pthread_mutex_unlock(&shim_mutex);
    return type;
}

/* --- taking --- */

/* Real drivers fail as well, when the heap is full. */
static VkResult
allocate_check(const VkMemoryAllocateInfo *info)
{
    const struct gpu_profile *profile = gpu_shim.profile;
    if (info->memoryTypeIndex >= profile->type_count) {
        shim_complain("VUID-vkAllocateMemory-pAllocateInfo-01714: type %u",
                      info->memoryTypeIndex);
        return VK_ERROR_OUT_OF_DEVICE_MEMORY;
    }
    uint32_t heap = profile->types[info->memoryTypeIndex].heapIndex;
    VkDeviceSize room = profile->heaps[heap].size;
    if (info->allocationSize > room)
        shim_complain("VUID-vkAllocateMemory-pAllocateInfo-01713: %llu bytes",
                      (unsigned long long)info->allocationSize);
    if (info->allocationSize > profile->allocation_max)
        shim_complain("above maxMemoryAllocationSize: %llu bytes",
                      (unsigned long long)info->allocationSize);
    if (gpu_shim_allocations() >= profile->count_max) {
        shim_complain("VUID-vkAllocateMemory-maxMemoryAllocationCount-04101");
        return VK_ERROR_TOO_MANY_OBJECTS;
    }
    return gpu_shim_held(heap) + info->allocationSize > room
               ? VK_ERROR_OUT_OF_DEVICE_MEMORY
               : VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_AllocateMemory(VkDevice device, const VkMemoryAllocateInfo *info,
                    const VkAllocationCallbacks *callbacks, VkDeviceMemory *out)
{
    VkResult result = shim_enter(GPU_CALL_AllocateMemory);
    if (result == VK_SUCCESS)
        result = allocate_check(info);
    struct memory *memory = find(VK_NULL_HANDLE);
    ck_assert_ptr_nonnull(memory);
    if (result != VK_SUCCESS)
        return result;
    VkMemoryAllocateInfo own = *info;
    own.memoryTypeIndex = shim_below.type;
    result = shim_below.AllocateMemory(device, &own, callbacks, out);
    if (result != VK_SUCCESS)
        return result;
    pthread_mutex_lock(&shim_mutex);
    *memory = (struct memory){.handle = *out,
                              .size = info->allocationSize,
                              .type = info->memoryTypeIndex};
    pthread_mutex_unlock(&shim_mutex);
    shim_live(1);
    return VK_SUCCESS;
}

/* --- the second copy --- */

static char *
copy_map(VkDeviceSize size)
{
    char *copy = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(copy, MAP_FAILED);
    return copy;
}

static void
shadow_drop(struct memory *memory)
{
    if (memory->shadow == NULL)
        return;
    munmap(memory->shadow, memory->size);
    munmap(memory->clean, memory->size);
    memory->shadow = memory->clean = NULL;
}

/* As a cache does, which has lines of an atom: a flush writes back those that
 * the CPU has changed. It cannot see a write of the bytes that were there. */
static void
line_flush(struct memory *memory, VkDeviceSize at, size_t size)
{
    if (memcmp(memory->shadow + at, memory->clean + at, size) == 0)
        return;
    memcpy(memory->real + at, memory->shadow + at, size);
    memcpy(memory->clean + at, memory->shadow + at, size);
}

/* Untouched pages stay untouched. */
static void
line_invalidate(struct memory *memory, VkDeviceSize at, size_t size)
{
    if (memcmp(memory->shadow + at, memory->real + at, size) != 0)
        memcpy(memory->shadow + at, memory->real + at, size);
    if (memcmp(memory->clean + at, memory->real + at, size) != 0)
        memcpy(memory->clean + at, memory->real + at, size);
}

static void
each_line(struct memory *memory, VkDeviceSize at, VkDeviceSize end,
          void (*line)(struct memory *, VkDeviceSize, size_t))
{
    VkDeviceSize atom = gpu_shim.profile->atom;
    for (; at < end; at += atom)
        line(memory, at, end - at < atom ? end - at : atom);
}

static void
shadow_make(struct memory *memory)
{
    memory->shadow = copy_map(memory->size);
    memory->clean = copy_map(memory->size);
    each_line(memory, 0, memory->size, line_invalidate);
}

VKAPI_ATTR void VKAPI_CALL
shim_FreeMemory(VkDevice device, VkDeviceMemory handle,
                const VkAllocationCallbacks *callbacks)
{
    if (handle == VK_NULL_HANDLE)
        return;
    struct memory *memory = find(handle);
    if (memory == NULL) {
        shim_complain("VUID-vkFreeMemory-memory-parameter");
        return;
    }
    shadow_drop(memory);
    /* Before it is free: another thread may get the same handle. */
    pthread_mutex_lock(&shim_mutex);
    memory->handle = VK_NULL_HANDLE;
    pthread_mutex_unlock(&shim_mutex);
    shim_below.FreeMemory(device, handle, callbacks);
    shim_live(-1);
}

/* --- the CPU's view --- */

static bool
map_check(const struct memory *memory, VkDeviceSize offset, VkDeviceSize size)
{
    VkMemoryPropertyFlags flags = type_of(memory)->propertyFlags;
    const char *rule = NULL;
    if (memory->real != NULL)
        rule = "VUID-vkMapMemory-memory-00678: it is mapped";
    else if (offset >= memory->size)
        rule = "VUID-vkMapMemory-offset-00679";
    else if (size != VK_WHOLE_SIZE && size > memory->size - offset)
        rule = "VUID-vkMapMemory-size-00681";
    else if ((flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) == 0)
        rule = "VUID-vkMapMemory-memory-00682: it is not visible";
    if (rule != NULL)
        shim_complain("%s", rule);
    return rule == NULL;
}

static bool
is_coherent(const struct memory *memory)
{
    VkMemoryPropertyFlags flags = type_of(memory)->propertyFlags;
    return (flags & VK_MEMORY_PROPERTY_HOST_COHERENT_BIT) != 0;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_MapMemory(VkDevice device, VkDeviceMemory handle, VkDeviceSize offset,
               VkDeviceSize size, VkMemoryMapFlags flags, void **out)
{
    VkResult result = shim_enter(GPU_CALL_MapMemory);
    if (result != VK_SUCCESS)
        return result;
    struct memory *memory = find(handle);
    if (memory == NULL || !map_check(memory, offset, size))
        return VK_ERROR_MEMORY_MAP_FAILED;
    void *real;
    result =
        shim_below.MapMemory(device, handle, 0, VK_WHOLE_SIZE, flags, &real);
    if (result != VK_SUCCESS)
        return result;
    memory->real = real;
    if (!is_coherent(memory))
        shadow_make(memory);
    *out = (is_coherent(memory) ? memory->real : memory->shadow) + offset;
    return VK_SUCCESS;
}

VKAPI_ATTR void VKAPI_CALL
shim_UnmapMemory(VkDevice device, VkDeviceMemory handle)
{
    struct memory *memory = find(handle);
    if (memory == NULL || memory->real == NULL) {
        shim_complain("VUID-vkUnmapMemory-memory-00689: it is not mapped");
        return;
    }
    shadow_drop(memory);
    memory->real = NULL;
    shim_below.UnmapMemory(device, handle);
}

static VkDeviceSize
end_of(const struct memory *memory, const VkMappedMemoryRange *range)
{
    return range->size == VK_WHOLE_SIZE ? memory->size
                                        : range->offset + range->size;
}

static bool
range_check(const struct memory *memory, const VkMappedMemoryRange *range)
{
    VkDeviceSize atom = gpu_shim.profile->atom;
    const char *rule = NULL;
    if (memory == NULL || memory->real == NULL)
        rule = "VUID-VkMappedMemoryRange-memory-00684: it is not mapped";
    else if (range->offset >= memory->size ||
             end_of(memory, range) > memory->size)
        rule = "VUID-VkMappedMemoryRange-size-00685: out of the memory";
    else if (range->offset % atom != 0)
        rule = "VUID-VkMappedMemoryRange-offset-00687: not of whole atoms";
    else if (end_of(memory, range) % atom != 0 &&
             end_of(memory, range) != memory->size)
        rule = "VUID-VkMappedMemoryRange-size-01390: not of whole atoms";
    if (rule != NULL)
        shim_complain("%s", rule);
    return rule == NULL;
}

/* As if slices had not been rounded to atoms. */
static VkMappedMemoryRange
range_read(const VkMappedMemoryRange *given)
{
    VkMappedMemoryRange range = *given;
    if ((gpu_shim.faults & GPU_FAULT_UNROUNDED) == 0)
        return range;
    range.offset += 4;
    if (range.size != VK_WHOLE_SIZE)
        range.size -= 8;
    return range;
}

static void
move(const VkMappedMemoryRange *given,
     void (*line)(struct memory *, VkDeviceSize, size_t))
{
    VkMappedMemoryRange range = range_read(given);
    struct memory *memory = find(range.memory);
    if (range_check(memory, &range) && !is_coherent(memory))
        each_line(memory, range.offset, end_of(memory, &range), line);
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_FlushMappedMemoryRanges(VkDevice device, uint32_t count,
                             const VkMappedMemoryRange *ranges)
{
    VkResult result = shim_enter(GPU_CALL_FlushMappedMemoryRanges);
    (void)device;
    if (result != VK_SUCCESS || (gpu_shim.faults & GPU_FAULT_NO_FLUSH) != 0)
        return result;
    for (uint32_t i = 0; i < count; i++)
        move(&ranges[i], line_flush);
    return VK_SUCCESS;
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_InvalidateMappedMemoryRanges(VkDevice device, uint32_t count,
                                  const VkMappedMemoryRange *ranges)
{
    VkResult result = shim_enter(GPU_CALL_InvalidateMappedMemoryRanges);
    (void)device;
    if (result != VK_SUCCESS ||
        (gpu_shim.faults & GPU_FAULT_NO_INVALIDATE) != 0)
        return result;
    for (uint32_t i = 0; i < count; i++)
        move(&ranges[i], line_invalidate);
    return VK_SUCCESS;
}

/* --- buffers and images --- */

static uint32_t
all_types(void)
{
    return (1u << gpu_shim.profile->type_count) - 1;
}

VKAPI_ATTR void VKAPI_CALL
shim_GetBufferMemoryRequirements2(VkDevice device,
                                  const VkBufferMemoryRequirementsInfo2 *info,
                                  VkMemoryRequirements2 *out)
{
    shim_below.GetBufferMemoryRequirements2(device, info, out);
    out->memoryRequirements.memoryTypeBits = all_types();
}

VKAPI_ATTR void VKAPI_CALL
shim_GetImageMemoryRequirements2(VkDevice device,
                                 const VkImageMemoryRequirementsInfo2 *info,
                                 VkMemoryRequirements2 *out)
{
    shim_below.GetImageMemoryRequirements2(device, info, out);
    out->memoryRequirements.memoryTypeBits = all_types();
}

/* Stricter than Vulkan, which wants them bufferImageGranularity apart: they
 * share no memory at all. */
static void
bind_check(const struct memory *memory)
{
    if (memory->has_image && memory->buffer != VK_NULL_HANDLE)
        shim_complain("a buffer and an image share memory");
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_BindBufferMemory(VkDevice device, VkBuffer buffer, VkDeviceMemory handle,
                      VkDeviceSize offset)
{
    VkResult result = shim_enter(GPU_CALL_BindBufferMemory);
    if (result != VK_SUCCESS)
        return result;
    struct memory *memory = find(handle);
    ck_assert_ptr_nonnull(memory);
    pthread_mutex_lock(&shim_mutex);
    memory->buffer = buffer;
    pthread_mutex_unlock(&shim_mutex);
    bind_check(memory);
    return shim_below.BindBufferMemory(device, buffer, handle, offset);
}

VKAPI_ATTR VkResult VKAPI_CALL
shim_BindImageMemory(VkDevice device, VkImage image, VkDeviceMemory handle,
                     VkDeviceSize offset)
{
    VkResult result = shim_enter(GPU_CALL_BindImageMemory);
    if (result != VK_SUCCESS)
        return result;
    struct memory *memory = find(handle);
    ck_assert_ptr_nonnull(memory);
    memory->has_image = true;
    bind_check(memory);
    return shim_below.BindImageMemory(device, image, handle, offset);
}

#define OBJECT(name, Info)                                                  \
    VKAPI_ATTR VkResult VKAPI_CALL shim_Create##name(                       \
        VkDevice device, const Info *info,                                  \
        const VkAllocationCallbacks *callbacks, Vk##name *out)              \
    {                                                                       \
        VkResult result = shim_enter(GPU_CALL_Create##name);                \
        if (result == VK_SUCCESS)                                           \
            result = shim_below.Create##name(device, info, callbacks, out); \
        shim_live(result == VK_SUCCESS);                                    \
        return result;                                                      \
    }                                                                       \
    VKAPI_ATTR void VKAPI_CALL shim_Destroy##name(                          \
        VkDevice device, Vk##name object,                                   \
        const VkAllocationCallbacks *callbacks)                             \
    {                                                                       \
        shim_live(-(object != VK_NULL_HANDLE));                             \
        shim_below.Destroy##name(device, object, callbacks);                \
    }

OBJECT(Buffer, VkBufferCreateInfo)
OBJECT(Image, VkImageCreateInfo)
OBJECT(CommandPool, VkCommandPoolCreateInfo)
OBJECT(Semaphore, VkSemaphoreCreateInfo)
OBJECT(Fence, VkFenceCreateInfo)
