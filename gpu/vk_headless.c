/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A Vulkan device without a window: for tools, tests and servers. The loader is
 * opened by name, so that nothing needs it to be installed.
 */
#include "vk.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define DEVICES_MAX 16u

#define LAYER "VK_LAYER_KHRONOS_validation"

#define HEADLESS_LIST(X)                      \
    X(DestroyInstance)                        \
    X(EnumeratePhysicalDevices)               \
    X(GetPhysicalDeviceProperties2)           \
    X(GetPhysicalDeviceFeatures2)             \
    X(GetPhysicalDeviceQueueFamilyProperties) \
    X(EnumerateDeviceExtensionProperties)     \
    X(CreateDevice)                           \
    X(GetDeviceProcAddr)

struct fa_gpu_vk_headless {
    fa_allocator *allocator;
    fa_gpu_vk_headless_config config;
    fa_gpu_vk_config handles;
    void *loader; /* Of dlopen(). */
    bool has_debug;
    VkDebugUtilsMessengerEXT messenger;
    char name[4 * VK_MAX_PHYSICAL_DEVICE_NAME_SIZE];
#define HEADLESS_POINTER(name) PFN_vk##name name;
    HEADLESS_LIST(HEADLESS_POINTER)
#undef HEADLESS_POINTER
    PFN_vkDestroyDevice DestroyDevice;
    PFN_vkDeviceWaitIdle DeviceWaitIdle;
    PFN_vkDestroySemaphore DestroySemaphore;
};

static fa_status
status_of(VkResult result)
{
    switch (result) {
    case VK_SUCCESS:
        return FA_OK;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
        return FA_ERR_NOMEM;
    case VK_ERROR_INCOMPATIBLE_DRIVER:
    case VK_ERROR_LAYER_NOT_PRESENT:
    case VK_ERROR_EXTENSION_NOT_PRESENT:
    case VK_ERROR_FEATURE_NOT_PRESENT:
        return FA_ERR_UNSUPPORTED;
    default:
        return FA_ERR_BACKEND;
    }
}

/* --- the instance --- */

static fa_status
loader_open(struct fa_gpu_vk_headless *headless)
{
    PFN_vkGetInstanceProcAddr find = headless->config.get_instance_proc_addr;
    if (find == NULL) {
        headless->loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
        if (headless->loader == NULL)
            return FA_ERR_UNSUPPORTED;
        find = (PFN_vkGetInstanceProcAddr)(uintptr_t)dlsym(
            headless->loader, "vkGetInstanceProcAddr");
    }
    headless->handles.get_instance_proc_addr = find;
    return find == NULL ? FA_ERR_UNSUPPORTED : FA_OK;
}

static bool
has_layer(PFN_vkGetInstanceProcAddr find)
{
    PFN_vkEnumerateInstanceLayerProperties list =
        (PFN_vkEnumerateInstanceLayerProperties)find(
            NULL, "vkEnumerateInstanceLayerProperties");
    VkLayerProperties layers[64];
    uint32_t count = 64;
    if (list == NULL || list(&count, layers) < 0)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layers[i].layerName, LAYER) == 0)
            return true;
    return false;
}

static VKAPI_ATTR VkBool32 VKAPI_CALL
take_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
             VkDebugUtilsMessageTypeFlagsEXT types,
             const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    struct fa_gpu_vk_headless *headless = user;
    bool is_error =
        (severity & VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT) != 0;
    (void)types;
    if (headless->config.message != NULL)
        headless->config.message(headless->config.user, is_error,
                                 data->pMessage);
    else
        fprintf(stderr, "vulkan: %s\n", data->pMessage);
    return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT
messenger_info(struct fa_gpu_vk_headless *headless)
{
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity = VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT |
                           VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType = VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT |
                       VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = take_message,
        .pUserData = headless};
}

static fa_status
instance_create(struct fa_gpu_vk_headless *headless)
{
    PFN_vkGetInstanceProcAddr find = headless->handles.get_instance_proc_addr;
    PFN_vkCreateInstance create =
        (PFN_vkCreateInstance)find(NULL, "vkCreateInstance");
    if (create == NULL)
        return FA_ERR_UNSUPPORTED;
    headless->has_debug = headless->config.validate && has_layer(find);
    static const VkValidationFeatureEnableEXT wanted =
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT;
    VkDebugUtilsMessengerCreateInfoEXT messenger = messenger_info(headless);
    VkValidationFeaturesEXT features = {
        .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
        .pNext = &messenger,
        .enabledValidationFeatureCount = 1,
        .pEnabledValidationFeatures = &wanted};
    static const char *const layers[] = {LAYER};
    static const char *const extensions[] = {VK_EXT_DEBUG_UTILS_EXTENSION_NAME};
    VkApplicationInfo application = {.sType =
                                         VK_STRUCTURE_TYPE_APPLICATION_INFO,
                                     .pEngineName = "framealloc",
                                     .apiVersion = VK_API_VERSION_1_2};
    uint32_t count = headless->has_debug ? 1 : 0;
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = headless->has_debug ? &features : NULL,
        .pApplicationInfo = &application,
        .enabledLayerCount = count,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = count,
        .ppEnabledExtensionNames = extensions};
    VkResult result = create(&info, NULL, &headless->handles.instance);
    /* What a call that failed has written is undefined. */
    if (result != VK_SUCCESS)
        headless->handles.instance = NULL;
    return status_of(result);
}

static void
messenger_create(struct fa_gpu_vk_headless *headless)
{
    const fa_gpu_vk_config *handles = &headless->handles;
    PFN_vkCreateDebugUtilsMessengerEXT create =
        (PFN_vkCreateDebugUtilsMessengerEXT)handles->get_instance_proc_addr(
            handles->instance, "vkCreateDebugUtilsMessengerEXT");
    if (!headless->has_debug || create == NULL)
        return;
    VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(headless);
    if (create(handles->instance, &info, NULL, &headless->messenger) !=
        VK_SUCCESS)
        headless->messenger = VK_NULL_HANDLE;
}

static fa_status
functions_find(struct fa_gpu_vk_headless *headless)
{
    const fa_gpu_vk_config *handles = &headless->handles;
#define HEADLESS_FIND(name)                                         \
    headless->name = (PFN_vk##name)handles->get_instance_proc_addr( \
        handles->instance, "vk" #name);                             \
    if (headless->name == NULL)                                     \
        return FA_ERR_UNSUPPORTED;
    HEADLESS_LIST(HEADLESS_FIND)
    return FA_OK;
}

/* --- the device --- */

/* Of the first family that computes, or UINT32_MAX. */
static uint32_t
find_family(struct fa_gpu_vk_headless *headless, VkPhysicalDevice device)
{
    VkQueueFamilyProperties families[16];
    uint32_t count = 16;
    headless->GetPhysicalDeviceQueueFamilyProperties(device, &count, families);
    for (uint32_t i = 0; i < count; i++)
        if ((families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) != 0)
            return i;
    return UINT32_MAX;
}

static VkPhysicalDeviceVulkan12Features
features_of(struct fa_gpu_vk_headless *headless, VkPhysicalDevice device)
{
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES};
    VkPhysicalDeviceFeatures2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &features};
    headless->GetPhysicalDeviceFeatures2(device, &all);
    return features;
}

/* 0: not usable. */
static unsigned
rank_of(struct fa_gpu_vk_headless *headless, VkPhysicalDevice device)
{
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2};
    headless->GetPhysicalDeviceProperties2(device, &properties);
    const VkPhysicalDeviceProperties *facts = &properties.properties;
    if (facts->apiVersion < VK_API_VERSION_1_2 ||
        (headless->config.device != NULL &&
         strstr(facts->deviceName, headless->config.device) == NULL) ||
        find_family(headless, device) == UINT32_MAX ||
        !features_of(headless, device).timelineSemaphore)
        return 0;
    switch (facts->deviceType) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return 4;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return 3;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return 2;
    default:
        return 1;
    }
}

static fa_status
device_choose(struct fa_gpu_vk_headless *headless)
{
    VkPhysicalDevice devices[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;
    VkResult result = headless->EnumeratePhysicalDevices(
        headless->handles.instance, &count, devices);
    if (result < 0)
        return status_of(result);
    unsigned best = 0;
    for (uint32_t i = 0; i < count; i++) {
        unsigned rank = rank_of(headless, devices[i]);
        if (rank > best) {
            best = rank;
            headless->handles.physical_device = devices[i];
        }
    }
    return best == 0 ? FA_ERR_UNSUPPORTED : FA_OK;
}

static bool
has_budget(struct fa_gpu_vk_headless *headless)
{
    uint32_t count = 0;
    VkPhysicalDevice device = headless->handles.physical_device;
    if (headless->EnumerateDeviceExtensionProperties(device, NULL, &count,
                                                     NULL) != VK_SUCCESS ||
        count == 0)
        return false;
    fa_ctx *ctx = fa_ctx_current(headless->allocator);
    VkExtensionProperties *list = fa_heap_alloc(ctx, count * sizeof(*list), 16);
    bool is_found = false;
    if (list != NULL && headless->EnumerateDeviceExtensionProperties(
                            device, NULL, &count, list) >= 0)
        for (uint32_t i = 0; i < count && !is_found; i++)
            is_found = strcmp(list[i].extensionName,
                              VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) == 0;
    fa_heap_free(ctx, list);
    return is_found;
}

static void
name_read(struct fa_gpu_vk_headless *headless)
{
    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES};
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &driver};
    headless->GetPhysicalDeviceProperties2(headless->handles.physical_device,
                                           &properties);
    snprintf(headless->name, sizeof(headless->name), "%s, %s %s",
             properties.properties.deviceName, driver.driverName,
             driver.driverInfo);
}

static fa_status
device_create(struct fa_gpu_vk_headless *headless)
{
    fa_gpu_vk_config *handles = &headless->handles;
    VkPhysicalDeviceVulkan12Features have =
        features_of(headless, handles->physical_device);
    VkPhysicalDeviceVulkan12Features features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES,
        .timelineSemaphore = VK_TRUE,
        .bufferDeviceAddress = have.bufferDeviceAddress};
    float priority = 1.0f;
    handles->queue_family = find_family(headless, handles->physical_device);
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = handles->queue_family,
        .queueCount = 1,
        .pQueuePriorities = &priority};
    bool knows_budget = has_budget(headless);
    static const char *const extensions[] = {
        VK_EXT_MEMORY_BUDGET_EXTENSION_NAME};
    VkDeviceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
                               .pNext = &features,
                               .queueCreateInfoCount = 1,
                               .pQueueCreateInfos = &queue,
                               .enabledExtensionCount = knows_budget ? 1 : 0,
                               .ppEnabledExtensionNames = extensions};
    handles->features =
        FA_GPU_VK_TIMELINE |
        (have.bufferDeviceAddress ? (unsigned)FA_GPU_VK_ADDRESS : 0) |
        (knows_budget ? (unsigned)FA_GPU_VK_BUDGET : 0) |
        (headless->has_debug ? (unsigned)FA_GPU_VK_NAMES : 0);
    return status_of(headless->CreateDevice(handles->physical_device, &info,
                                            NULL, &handles->device));
}

static fa_status
device_fill(struct fa_gpu_vk_headless *headless)
{
    fa_gpu_vk_config *handles = &headless->handles;
    PFN_vkGetDeviceProcAddr find = headless->GetDeviceProcAddr;
    VkDevice device = handles->device;
    PFN_vkGetDeviceQueue get_queue =
        (PFN_vkGetDeviceQueue)find(device, "vkGetDeviceQueue");
    PFN_vkCreateSemaphore create_semaphore =
        (PFN_vkCreateSemaphore)find(device, "vkCreateSemaphore");
    headless->DestroyDevice =
        (PFN_vkDestroyDevice)find(device, "vkDestroyDevice");
    headless->DeviceWaitIdle =
        (PFN_vkDeviceWaitIdle)find(device, "vkDeviceWaitIdle");
    headless->DestroySemaphore =
        (PFN_vkDestroySemaphore)find(device, "vkDestroySemaphore");
    if (get_queue == NULL || create_semaphore == NULL ||
        headless->DestroyDevice == NULL || headless->DeviceWaitIdle == NULL ||
        headless->DestroySemaphore == NULL)
        return FA_ERR_UNSUPPORTED;
    get_queue(device, handles->queue_family, 0, &handles->queue);
    VkSemaphoreTypeCreateInfo type = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO,
        .semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE};
    VkSemaphoreCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, .pNext = &type};
    VkResult result = create_semaphore(device, &info, NULL, &handles->timeline);
    if (result != VK_SUCCESS)
        handles->timeline = VK_NULL_HANDLE;
    return status_of(result);
}

/* --- public --- */

static fa_status
headless_open(struct fa_gpu_vk_headless *headless)
{
    fa_status status = loader_open(headless);
    if (status == FA_OK)
        status = instance_create(headless);
    if (status == FA_OK)
        status = functions_find(headless);
    if (status != FA_OK)
        return status;
    messenger_create(headless);
    status = device_choose(headless);
    if (status == FA_OK)
        status = device_create(headless);
    if (status != FA_OK)
        return status;
    name_read(headless);
    return device_fill(headless);
}

fa_status
fa_gpu_vk_headless_create(fa_allocator *allocator,
                          const fa_gpu_vk_headless_config *config,
                          fa_gpu_vk_headless **out)
{
    if (out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (allocator == NULL)
        return FA_ERR_USAGE;
    fa_gpu_vk_headless_config own = FA_GPU_VK_HEADLESS_CONFIG_INIT;
    if (config != NULL && !gpu_struct_read(&own, sizeof(own), config)) {
        fa_diag_send(allocator, 10, NULL,
                     "fa_gpu_vk_headless_config.struct_size");
        return FA_ERR_CONFIG;
    }
    fa_gpu_vk_headless *headless =
        fa_heap_alloc(fa_ctx_current(allocator), sizeof(*headless), 16);
    if (headless == NULL)
        return FA_ERR_NOMEM;
    memset(headless, 0, sizeof(*headless));
    headless->allocator = allocator;
    headless->config = own;
    headless->handles = (fa_gpu_vk_config)FA_GPU_VK_CONFIG_INIT;
    fa_status status = headless_open(headless);
    if (status != FA_OK) {
        fa_gpu_vk_headless_destroy(headless);
        return status;
    }
    *out = headless;
    return FA_OK;
}

static void
instance_close(struct fa_gpu_vk_headless *headless)
{
    const fa_gpu_vk_config *handles = &headless->handles;
    PFN_vkDestroyDebugUtilsMessengerEXT destroy_messenger =
        (PFN_vkDestroyDebugUtilsMessengerEXT)handles->get_instance_proc_addr(
            handles->instance, "vkDestroyDebugUtilsMessengerEXT");
    if (headless->messenger != VK_NULL_HANDLE && destroy_messenger != NULL)
        destroy_messenger(handles->instance, headless->messenger, NULL);
    if (headless->DestroyInstance != NULL)
        headless->DestroyInstance(handles->instance, NULL);
}

void
fa_gpu_vk_headless_destroy(fa_gpu_vk_headless *headless)
{
    if (headless == NULL)
        return;
    const fa_gpu_vk_config *handles = &headless->handles;
    /* The last function that is looked for: all of them are there. */
    if (headless->DestroySemaphore != NULL) {
        headless->DeviceWaitIdle(handles->device);
        if (handles->timeline != VK_NULL_HANDLE)
            headless->DestroySemaphore(handles->device, handles->timeline,
                                       NULL);
        headless->DestroyDevice(handles->device, NULL);
    }
    if (handles->instance != NULL)
        instance_close(headless);
    if (headless->loader != NULL)
        dlclose(headless->loader);
    fa_heap_free(fa_ctx_current(headless->allocator), headless);
}

const fa_gpu_vk_config *
fa_gpu_vk_headless_handles(const fa_gpu_vk_headless *headless)
{
    return &headless->handles;
}

const char *
fa_gpu_vk_headless_name(const fa_gpu_vk_headless *headless)
{
    return headless->name;
}
