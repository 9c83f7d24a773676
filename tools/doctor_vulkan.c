/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: devices of Vulkan, as its loader names them.
 */
#define VK_NO_PROTOTYPES
#include "doctor.h"

#include <vulkan/vulkan.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

enum { DEVICES_MAX = 8 };

#define TOPIC "gpu"

static const char *const types[] = {"other", "integrated", "discrete",
                                    "virtual", "CPU"};

static void
print_devices(VkInstance instance, PFN_vkGetInstanceProcAddr get, FILE *out)
{
    PFN_vkEnumeratePhysicalDevices enumerate =
        (PFN_vkEnumeratePhysicalDevices)get(instance,
                                            "vkEnumeratePhysicalDevices");
    PFN_vkGetPhysicalDeviceProperties get_properties =
        (PFN_vkGetPhysicalDeviceProperties)get(instance,
                                               "vkGetPhysicalDeviceProperties");
    VkPhysicalDevice device[DEVICES_MAX];
    uint32_t count = DEVICES_MAX;
    if (enumerate(instance, &count, device) < 0)
        return;
    for (uint32_t i = 0; i < count; i++) {
        VkPhysicalDeviceProperties facts;
        get_properties(device[i], &facts);
        fprintf(out, "%d %s, %s, Vulkan %u.%u.%u\n",
                facts.apiVersion >= VK_API_VERSION_1_2, facts.deviceName,
                types[facts.deviceType <= 4 ? facts.deviceType : 0],
                VK_API_VERSION_MAJOR(facts.apiVersion),
                VK_API_VERSION_MINOR(facts.apiVersion),
                VK_API_VERSION_PATCH(facts.apiVersion));
    }
}

/* A first line for the loader, then one per device. */
static void
ask_vulkan(FILE *out)
{
    PFN_vkGetInstanceProcAddr get = NULL;
    void *loader = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
    void *symbol =
        loader != NULL ? dlsym(loader, "vkGetInstanceProcAddr") : NULL;
    memcpy(&get, &symbol, sizeof(symbol));
    if (get == NULL)
        return;
    PFN_vkCreateInstance create =
        (PFN_vkCreateInstance)get(NULL, "vkCreateInstance");
    const VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .apiVersion = VK_API_VERSION_1_2};
    const VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pApplicationInfo = &application};
    VkInstance instance;
    fprintf(out, "loader\n");
    fflush(out);
    VkResult result = create(&info, NULL, &instance);
    if (result == VK_SUCCESS)
        print_devices(instance, get, out);
    else
        fprintf(out, "0 none: vkCreateInstance() gives %d\n", (int)result);
}

static void
tell_devices(struct doctor *doctor, char *line)
{
    unsigned usable = 0, count = 0;
    for (line = strtok(line, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        doctor_tell(doctor, TOPIC, "device", "%s", line + 2);
        usable += line[0] == '1';
        count++;
    }
    if (count == 0)
        doctor_tell(doctor, TOPIC, "device", "none");
    if (usable == 0)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "The GPU module needs a device with Vulkan 1.2; without, "
                      "fa_gpu_create() works on its null backend only. Install "
                      "the card's driver, or mesa-vulkan-drivers (Debian; "
                      "Fedora too), which has one that needs no card.");
}

void
doctor_gpu(struct doctor *doctor)
{
    char answer[2048];
    bool is_told = doctor_ask(ask_vulkan, answer, sizeof(answer));
    if (!is_told) {
        doctor_tell(doctor, TOPIC, "Vulkan", "%s", answer);
        doctor_advise(doctor, DOCTOR_FAILURE,
                      "A driver or layer of Vulkan ends programs that ask for "
                      "devices. VK_LOADER_DEBUG=all shows which one is loaded "
                      "last; limits of address space are too small for some.");
    } else if (answer[0] == '\0') {
        doctor_tell(doctor, TOPIC, "Vulkan",
                    "libvulkan.so.1 not found; only the GPU module uses it");
    } else {
        doctor_tell(doctor, TOPIC, "Vulkan", "libvulkan.so.1 found");
        tell_devices(doctor, answer + strlen("loader\n"));
    }
}
