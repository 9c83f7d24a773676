/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The loader and the table of functions; what the physical device says; calls
 * that are to fail.
 */
#include "gpu_shim_state.h"

#include "support.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct gpu_shim gpu_shim;
struct shim_below shim_below;
pthread_mutex_t shim_mutex = PTHREAD_MUTEX_INITIALIZER;

static const struct {
    VkResult shortage;
    bool can_be_lost;
} kinds[GPU_CALLS] = {
#define KIND(name, shortage, can_be_lost) \
    [GPU_CALL_##name] = {shortage, can_be_lost},
    GPU_CALL_LIST(KIND)
#undef KIND
};

/* --- calls that fail --- */

void
shim_complain(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    pthread_mutex_lock(&shim_mutex);
    if (gpu_shim.errors++ == 0)
        vsnprintf(gpu_shim.error, sizeof(gpu_shim.error), format, list);
    pthread_mutex_unlock(&shim_mutex);
    va_end(list);
}

void
shim_live(int change)
{
    pthread_mutex_lock(&shim_mutex);
    gpu_shim.live += change;
    pthread_mutex_unlock(&shim_mutex);
}

static VkResult
struck(enum gpu_call call)
{
    const struct gpu_strike *strike = &gpu_shim.strike;
    if (gpu_shim.is_lost && kinds[call].can_be_lost)
        return VK_ERROR_DEVICE_LOST;
    VkResult result =
        strike->result != 0 ? strike->result : kinds[call].shortage;
    bool is_other = strike->call != GPU_CALL_ANY && strike->call != call;
    bool is_loss = result == VK_ERROR_DEVICE_LOST;
    if (strike->n == 0 || gpu_shim.is_paused || is_other ||
        kinds[call].shortage == VK_SUCCESS ||
        (is_loss && !kinds[call].can_be_lost))
        return VK_SUCCESS;
    gpu_shim.asked++;
    if (gpu_shim.asked < strike->n ||
        (gpu_shim.asked > strike->n && !strike->is_for_ever))
        return VK_SUCCESS;
    gpu_shim.is_struck = true;
    gpu_shim.struck = call;
    return result;
}

/* Whatever the device was doing ends, as a device that is lost does. */
static void
lose(void)
{
    gpu_shim_gate_open();
    shim_below.DeviceWaitIdle(shim_below.device);
    gpu_shim.is_lost = true;
}

VkResult
shim_enter(enum gpu_call call)
{
    pthread_mutex_lock(&shim_mutex);
    gpu_shim.calls[call]++;
    VkResult result = struck(call);
    bool is_new = result == VK_ERROR_DEVICE_LOST && !gpu_shim.is_lost;
    pthread_mutex_unlock(&shim_mutex);
    if (is_new)
        lose();
    return result;
}

void
gpu_shim_strike(struct gpu_strike strike)
{
    gpu_shim.strike = strike;
    gpu_shim.asked = 0;
    gpu_shim.is_struck = false;
}

/* --- the physical device --- */

static void
limits_fake(VkPhysicalDeviceProperties *properties)
{
    const struct gpu_profile *profile = gpu_shim.profile;
    properties->deviceType = profile->device_type;
    snprintf(properties->deviceName, sizeof(properties->deviceName),
             "simulated, %s", profile->name);
    properties->limits.nonCoherentAtomSize = profile->atom;
    properties->limits.bufferImageGranularity = profile->granularity;
    properties->limits.maxMemoryAllocationCount = profile->count_max;
}

static VKAPI_ATTR void VKAPI_CALL
shim_GetPhysicalDeviceProperties2(VkPhysicalDevice device,
                                  VkPhysicalDeviceProperties2 *out)
{
    shim_below.GetPhysicalDeviceProperties2(device, out);
    limits_fake(&out->properties);
    for (VkBaseOutStructure *next = out->pNext; next != NULL;
         next = next->pNext) {
        if (next->sType ==
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES)
            ((VkPhysicalDeviceMaintenance3Properties *)(void *)next)
                ->maxMemoryAllocationSize = gpu_shim.profile->allocation_max;
    }
}

static void
budget_fake(VkPhysicalDeviceMemoryBudgetPropertiesEXT *out)
{
    pthread_mutex_lock(&shim_mutex);
    gpu_shim.budget_queries++;
    pthread_mutex_unlock(&shim_mutex);
    for (uint32_t i = 0; i < gpu_shim.profile->heap_count; i++) {
        out->heapBudget[i] = gpu_shim.budgets[i];
        out->heapUsage[i] = gpu_shim_held(i);
    }
}

static VKAPI_ATTR void VKAPI_CALL
shim_GetPhysicalDeviceMemoryProperties2(VkPhysicalDevice device,
                                        VkPhysicalDeviceMemoryProperties2 *out)
{
    const struct gpu_profile *profile = gpu_shim.profile;
    VkPhysicalDeviceMemoryProperties *memory = &out->memoryProperties;
    (void)device;
    *memory = (VkPhysicalDeviceMemoryProperties){
        .memoryHeapCount = profile->heap_count,
        .memoryTypeCount = profile->type_count};
    memcpy(memory->memoryHeaps, profile->heaps, sizeof(profile->heaps));
    memcpy(memory->memoryTypes, profile->types, sizeof(profile->types));
    for (VkBaseOutStructure *next = out->pNext; next != NULL;
         next = next->pNext) {
        if (next->sType ==
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT)
            budget_fake((void *)next);
    }
}

/* One more than the driver has: the budget, which we answer. */
static VKAPI_ATTR VkResult VKAPI_CALL
shim_EnumerateDeviceExtensionProperties(VkPhysicalDevice device,
                                        const char *layer, uint32_t *count,
                                        VkExtensionProperties *list)
{
    uint32_t others = list == NULL || *count == 0 ? 0 : *count - 1;
    VkResult result = shim_below.EnumerateDeviceExtensionProperties(
        device, layer, list == NULL ? count : &others, list);
    if (list == NULL) {
        ++*count;
        return result;
    }
    list[others] = (VkExtensionProperties){
        .extensionName = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME, .specVersion = 1};
    *count = others + 1;
    return result;
}

/* --- the device --- */

/* The driver's type that stands for all of ours. */
static void
find_type(VkPhysicalDevice device)
{
    const VkMemoryPropertyFlags wanted = VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT |
                                         VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2};
    shim_below.GetPhysicalDeviceMemoryProperties2(device, &memory);
    const VkMemoryType *types = memory.memoryProperties.memoryTypes;
    shim_below.type = 0;
    while ((types[shim_below.type].propertyFlags & wanted) != wanted)
        shim_below.type++;
}

static PFN_vkVoidFunction
below(const char *name)
{
    return shim_below.GetDeviceProcAddr(shim_below.device, name);
}

static void
find_functions(void)
{
#define FIND(name, shortage, can_be_lost) \
    shim_below.name = (PFN_vk##name)below("vk" #name);
    GPU_CALL_LIST(FIND)
#undef FIND
    shim_below.SignalSemaphore =
        (PFN_vkSignalSemaphore)below("vkSignalSemaphore");
}

static VKAPI_ATTR VkResult VKAPI_CALL
shim_CreateDevice(VkPhysicalDevice physical_device,
                  const VkDeviceCreateInfo *info,
                  const VkAllocationCallbacks *callbacks, VkDevice *out)
{
    const char *names[16];
    VkDeviceCreateInfo own = *info;
    own.enabledExtensionCount = 0;
    own.ppEnabledExtensionNames = names;
    for (uint32_t i = 0; i < info->enabledExtensionCount; i++)
        if (strcmp(info->ppEnabledExtensionNames[i],
                   VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) != 0 &&
            own.enabledExtensionCount < COUNT(names))
            names[own.enabledExtensionCount++] =
                info->ppEnabledExtensionNames[i];
    VkResult result =
        shim_below.CreateDevice(physical_device, &own, callbacks, out);
    if (result != VK_SUCCESS)
        return result;
    shim_below.device = *out;
    find_type(physical_device);
    find_functions();
    return shim_gate_make(*out);
}

VKAPI_ATTR void VKAPI_CALL
shim_DestroyDevice(VkDevice device, const VkAllocationCallbacks *callbacks)
{
    if (gpu_shim.live != 0)
        shim_complain("VUID-vkDestroyDevice-device-00378: %d objects are left",
                      gpu_shim.live);
    shim_gate_destroy(device);
    shim_below.DestroyDevice(device, callbacks);
}

/* --- functions by name --- */

static VKAPI_ATTR VkResult VKAPI_CALL
shim_CreateInstance(const VkInstanceCreateInfo *info,
                    const VkAllocationCallbacks *callbacks, VkInstance *out)
{
    VkResult result = shim_below.CreateInstance(info, callbacks, out);
    if (result != VK_SUCCESS)
        return result;
#define FIND(name)    \
    shim_below.name = \
        (PFN_vk##name)shim_below.GetInstanceProcAddr(*out, "vk" #name);
    SHIM_INSTANCE_LIST(FIND)
#undef FIND
    return result;
}

static PFN_vkVoidFunction
device_function(const char *name)
{
#define OURS(known, shortage, can_be_lost) \
    if (strcmp(name, "vk" #known) == 0)    \
        return (PFN_vkVoidFunction)shim_##known;
    GPU_CALL_LIST(OURS)
#undef OURS
    return NULL;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
shim_GetDeviceProcAddr(VkDevice device, const char *name)
{
    PFN_vkVoidFunction real = shim_below.GetDeviceProcAddr(device, name);
    PFN_vkVoidFunction ours = device_function(name);
    bool is_hidden =
        gpu_shim.hidden != NULL &&
        strncmp(name, gpu_shim.hidden, strlen(gpu_shim.hidden)) == 0;
    if (is_hidden)
        return NULL;
    return real != NULL && ours != NULL ? ours : real;
}

static PFN_vkVoidFunction
instance_function(const char *name)
{
    if (strcmp(name, "vkCreateInstance") == 0)
        return (PFN_vkVoidFunction)shim_CreateInstance;
#define OURS(known)                     \
    if (strcmp(name, "vk" #known) == 0) \
        return (PFN_vkVoidFunction)shim_##known;
    SHIM_INSTANCE_LIST(OURS)
#undef OURS
    return device_function(name);
}

VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
gpu_shim_get_instance_proc_addr(VkInstance instance, const char *name)
{
    PFN_vkVoidFunction ours = instance_function(name);
    return ours != NULL ? ours : shim_below.GetInstanceProcAddr(instance, name);
}

void
gpu_shim_open(const struct gpu_profile *profile)
{
    /* Stays loaded, so that what is leaked in it has a name. */
    void *loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_NODELETE);
    ck_assert_ptr_nonnull(loader);
    memset(&gpu_shim, 0, sizeof(gpu_shim));
    gpu_shim.profile = profile;
    for (uint32_t i = 0; i < profile->heap_count; i++)
        gpu_shim.budgets[i] = profile->heaps[i].size;
    PFN_vkGetInstanceProcAddr find =
        (PFN_vkGetInstanceProcAddr)(uintptr_t)dlsym(loader,
                                                    "vkGetInstanceProcAddr");
    shim_below.GetInstanceProcAddr = find;
    shim_below.CreateInstance =
        (PFN_vkCreateInstance)find(NULL, "vkCreateInstance");
    dlclose(loader);
}
