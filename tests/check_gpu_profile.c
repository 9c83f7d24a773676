/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The simulated GPUs themselves, by plain Vulkan without the library's memory:
 * bytes go to the device and back without a message, and each check fires when
 * a rule is broken.
 */
#include "gpu_simulated.h"

#include <string.h>

#define SIZE ((VkDeviceSize)10000)

static struct vulkan_world w;

#define FUNCTIONS(X)                \
    X(CreateBuffer)                 \
    X(DestroyBuffer)                \
    X(CreateImage)                  \
    X(DestroyImage)                 \
    X(GetBufferMemoryRequirements2) \
    X(GetImageMemoryRequirements2)  \
    X(AllocateMemory)               \
    X(FreeMemory)                   \
    X(BindBufferMemory)             \
    X(BindImageMemory)              \
    X(MapMemory)                    \
    X(UnmapMemory)                  \
    X(FlushMappedMemoryRanges)      \
    X(InvalidateMappedMemoryRanges) \
    X(CmdCopyBuffer)                \
    X(CmdPipelineBarrier)           \
    X(GetSemaphoreCounterValue)     \
    X(WaitSemaphores)

static struct {
#define POINTER(name) PFN_vk##name name;
    FUNCTIONS(POINTER)
} vk;

static void
open_profile(int profile)
{
    simulated_prepare(&w, profile);
    vulkan_open_device(&w);
#define FIND(name) vk.name = (PFN_vk##name)vulkan_find(&w, "vk" #name);
    FUNCTIONS(FIND)
}

/* --- memory --- */

/* A buffer with memory, mapped where it can be. */
struct piece {
    VkBuffer buffer;
    VkDeviceMemory memory;
    VkDeviceSize size; /* Of the memory. */
    void *ptr;
};

/* The first type with all wanted and no unwanted property. */
static uint32_t
find_type(VkMemoryPropertyFlags wanted, VkMemoryPropertyFlags unwanted)
{
    const struct gpu_profile *profile = gpu_shim.profile;
    for (uint32_t i = 0; i < profile->type_count; i++) {
        VkMemoryPropertyFlags flags = profile->types[i].propertyFlags;
        if ((flags & wanted) == wanted && (flags & unwanted) == 0)
            return i;
    }
    return UINT32_MAX;
}

static VkResult
allocate(VkDeviceSize size, uint32_t type, VkDeviceMemory *out)
{
    VkMemoryAllocateInfo info = {.sType =
                                     VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .allocationSize = size,
                                 .memoryTypeIndex = type};
    return vk.AllocateMemory(w.handles.device, &info, NULL, out);
}

static VkBuffer
create_buffer(VkDeviceSize *size)
{
    VkBufferCreateInfo info = {.sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
                               .size = SIZE,
                               .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                                        VK_BUFFER_USAGE_TRANSFER_DST_BIT};
    VkBuffer buffer;
    ck_assert_int_eq(vk.CreateBuffer(w.handles.device, &info, NULL, &buffer),
                     VK_SUCCESS);
    VkBufferMemoryRequirementsInfo2 of = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_MEMORY_REQUIREMENTS_INFO_2,
        .buffer = buffer};
    VkMemoryRequirements2 needs = {.sType =
                                       VK_STRUCTURE_TYPE_MEMORY_REQUIREMENTS_2};
    vk.GetBufferMemoryRequirements2(w.handles.device, &of, &needs);
    *size = needs.memoryRequirements.size;
    ck_assert_uint_eq(needs.memoryRequirements.memoryTypeBits,
                      (1u << gpu_shim.profile->type_count) - 1);
    return buffer;
}

static struct piece
make(uint32_t type)
{
    struct piece piece = {.ptr = NULL};
    VkDevice device = w.handles.device;
    piece.buffer = create_buffer(&piece.size);
    ck_assert_int_eq(allocate(piece.size, type, &piece.memory), VK_SUCCESS);
    ck_assert_int_eq(vk.BindBufferMemory(device, piece.buffer, piece.memory, 0),
                     VK_SUCCESS);
    ck_assert_uint_eq(gpu_shim_type_of(piece.buffer), type);
    VkMemoryPropertyFlags flags = gpu_shim.profile->types[type].propertyFlags;
    if ((flags & VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT) != 0)
        ck_assert_int_eq(
            vk.MapMemory(device, piece.memory, 0, VK_WHOLE_SIZE, 0, &piece.ptr),
            VK_SUCCESS);
    return piece;
}

static struct piece
make_visible(void)
{
    return make(find_type(VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT, 0));
}

static struct piece
make_local(void)
{
    return make(find_type(VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT, 0));
}

static void
drop(struct piece *piece)
{
    vk.DestroyBuffer(w.handles.device, piece->buffer, NULL);
    vk.FreeMemory(w.handles.device, piece->memory, NULL);
}

static VkMappedMemoryRange
range_of(const struct piece *piece, VkDeviceSize offset, VkDeviceSize size)
{
    return (VkMappedMemoryRange){.sType = VK_STRUCTURE_TYPE_MAPPED_MEMORY_RANGE,
                                 .memory = piece->memory,
                                 .offset = offset,
                                 .size = size};
}

static void
flush(const struct piece *piece)
{
    VkMappedMemoryRange range = range_of(piece, 0, VK_WHOLE_SIZE);
    ck_assert_int_eq(vk.FlushMappedMemoryRanges(w.handles.device, 1, &range),
                     VK_SUCCESS);
}

static void
invalidate(const struct piece *piece)
{
    VkMappedMemoryRange range = range_of(piece, 0, VK_WHOLE_SIZE);
    ck_assert_int_eq(
        vk.InvalidateMappedMemoryRanges(w.handles.device, 1, &range),
        VK_SUCCESS);
}

/* --- commands --- */

static VkCommandBuffer
begin(unsigned number)
{
    VkCommandBufferBeginInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT};
    ck_assert_int_eq(w.BeginCommandBuffer(w.commands[number], &info),
                     VK_SUCCESS);
    return w.commands[number];
}

static void
copy(VkCommandBuffer commands, const struct piece *from, const struct piece *to)
{
    VkBufferCopy region = {0, 0, SIZE};
    vk.CmdCopyBuffer(commands, from->buffer, to->buffer, 1, &region);
}

static void
barrier(VkCommandBuffer commands, VkPipelineStageFlags behind,
        VkAccessFlags access)
{
    VkMemoryBarrier memory = {.sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
                              .srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT,
                              .dstAccessMask = access};
    vk.CmdPipelineBarrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT, behind, 0,
                          1, &memory, 0, NULL, 0, NULL);
}

static VkResult
wait_for(uint64_t serial, uint64_t timeout)
{
    VkSemaphoreWaitInfo info = {.sType = VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO,
                                .semaphoreCount = 1,
                                .pSemaphores = &w.handles.timeline,
                                .pValues = &serial};
    return vk.WaitSemaphores(w.handles.device, &info, timeout);
}

static uint64_t
reached(void)
{
    uint64_t value;
    ck_assert_int_eq(vk.GetSemaphoreCounterValue(w.handles.device,
                                                 w.handles.timeline, &value),
                     VK_SUCCESS);
    return value;
}

/* From the CPU to the device and back, and waits for it. */
static void
go_round(const struct piece *up, const struct piece *middle,
         const struct piece *down)
{
    VkCommandBuffer commands = begin(0);
    copy(commands, up, middle);
    barrier(commands, VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_TRANSFER_READ_BIT);
    copy(commands, middle, down);
    barrier(commands, VK_PIPELINE_STAGE_HOST_BIT, VK_ACCESS_HOST_READ_BIT);
    vulkan_submit(&w, commands);
    ck_assert_int_eq(wait_for(w.serial, UINT64_MAX), VK_SUCCESS);
}

/* --- contract --- */

START_TEST(bytes_go_to_the_device_and_back)
{
    open_profile(_i);
    struct piece up = make_visible(), middle = make_local(),
                 down = make_visible();
    test_fill(up.ptr, SIZE, 1);
    flush(&up);
    go_round(&up, &middle, &down);
    invalidate(&down);
    ck_assert(test_is_filled(down.ptr, SIZE, 1));
    drop(&up);
    drop(&middle);
    drop(&down);
    simulated_close(&w);
}
END_TEST

START_TEST(the_device_says_what_the_profile_is)
{
    open_profile(_i);
    const struct gpu_profile *profile = gpu_shim.profile;
    PFN_vkGetPhysicalDeviceProperties2 read =
        (PFN_vkGetPhysicalDeviceProperties2)w.handles.get_instance_proc_addr(
            w.handles.instance, "vkGetPhysicalDeviceProperties2");
    VkPhysicalDeviceMaintenance3Properties sizes = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES};
    VkPhysicalDeviceProperties2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &sizes};
    read(w.handles.physical_device, &all);
    const VkPhysicalDeviceLimits *limits = &all.properties.limits;
    ck_assert_uint_eq(limits->nonCoherentAtomSize, profile->atom);
    ck_assert_uint_eq(limits->maxMemoryAllocationCount, profile->count_max);
    ck_assert_uint_eq(limits->bufferImageGranularity, profile->granularity);
    ck_assert_uint_eq(sizes.maxMemoryAllocationSize, profile->allocation_max);
    ck_assert_int_eq(all.properties.deviceType, profile->device_type);
    simulated_close(&w);
}
END_TEST

START_TEST(budgets_are_what_the_test_says)
{
    open_profile(GPU_DISCRETE);
    ck_assert_uint_ne(w.handles.features & FA_GPU_VK_BUDGET, 0);
    PFN_vkGetPhysicalDeviceMemoryProperties2 read =
        (PFN_vkGetPhysicalDeviceMemoryProperties2)
            w.handles.get_instance_proc_addr(
                w.handles.instance, "vkGetPhysicalDeviceMemoryProperties2");
    VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
        .sType =
            VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT};
    VkPhysicalDeviceMemoryProperties2 all = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
        .pNext = &budget};
    struct piece piece = make(2);
    gpu_shim.budgets[2] = 12345;
    read(w.handles.physical_device, &all);
    ck_assert_uint_eq(all.memoryProperties.memoryHeapCount, 3);
    ck_assert_uint_eq(budget.heapBudget[2], 12345);
    ck_assert_uint_eq(budget.heapUsage[2], piece.size);
    ck_assert_uint_eq(budget.heapUsage[0], 0);
    ck_assert_uint_eq(gpu_shim.budget_queries, 1);
    drop(&piece);
    simulated_close(&w);
}
END_TEST

START_TEST(a_closed_gate_holds_submits_back)
{
    open_profile(GPU_UNIFIED);
    gpu_shim_gate_close();
    for (unsigned i = 0; i < 3; i++)
        vulkan_submit(&w, begin(i));
    ck_assert_int_eq(wait_for(1, 1000000), VK_TIMEOUT);
    for (uint64_t i = 1; i <= 3; i++) {
        gpu_shim_gate_release(1);
        ck_assert_int_eq(wait_for(i, UINT64_MAX), VK_SUCCESS);
        ck_assert_uint_eq(reached(), i);
    }
    vulkan_submit(&w, begin(3));
    ck_assert_uint_eq(reached(), 3);
    gpu_shim_gate_open();
    ck_assert_int_eq(wait_for(4, UINT64_MAX), VK_SUCCESS);
    simulated_close(&w);
}
END_TEST

/* --- failure --- */

START_TEST(the_nth_call_fails)
{
    open_profile(GPU_UNIFIED);
    VkDeviceMemory memory[4];
    gpu_shim_strike((struct gpu_strike){GPU_CALL_AllocateMemory, 3, 0, false});
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(allocate(1000, 0, &memory[i]),
                         i == 2 ? VK_ERROR_OUT_OF_DEVICE_MEMORY : VK_SUCCESS);
    ck_assert_int_eq(gpu_shim.live, 2 + 3);
    gpu_shim_strike((struct gpu_strike){GPU_CALL_ANY, 1, 0, true});
    ck_assert_int_eq(allocate(1000, 0, &memory[2]),
                     VK_ERROR_OUT_OF_DEVICE_MEMORY);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device),
                     VK_ERROR_OUT_OF_HOST_MEMORY);
    for (unsigned i = 0; i < 4; i++)
        if (i != 2)
            vk.FreeMemory(w.handles.device, memory[i], NULL);
    simulated_close(&w);
}
END_TEST

START_TEST(a_lost_device_stays_lost)
{
    open_profile(GPU_UNIFIED);
    uint64_t value;
    VkResult lost = VK_ERROR_DEVICE_LOST;
    gpu_shim_gate_close();
    vulkan_submit(&w, begin(0));
    gpu_shim_strike((struct gpu_strike){GPU_CALL_QueueSubmit, 1, lost, false});
    ck_assert_int_eq(w.QueueSubmit(w.handles.queue, 0, NULL, VK_NULL_HANDLE),
                     lost);
    ck_assert_int_eq(w.QueueSubmit(w.handles.queue, 0, NULL, VK_NULL_HANDLE),
                     lost);
    ck_assert_int_eq(wait_for(1, UINT64_MAX), lost);
    ck_assert_int_eq(vk.GetSemaphoreCounterValue(w.handles.device,
                                                 w.handles.timeline, &value),
                     lost);
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), lost);
    simulated_close(&w);
}
END_TEST

START_TEST(a_full_heap_has_no_memory)
{
    open_profile(GPU_DISCRETE);
    VkDeviceMemory memory[17];
    for (unsigned i = 0; i < 17; i++)
        ck_assert_int_eq(allocate(MIB, 2, &memory[i]),
                         i < 16 ? VK_SUCCESS : VK_ERROR_OUT_OF_DEVICE_MEMORY);
    ck_assert_uint_eq(gpu_shim_held(2), 16 * MIB);
    for (unsigned i = 0; i < 16; i++)
        vk.FreeMemory(w.handles.device, memory[i], NULL);
    ck_assert_uint_eq(gpu_shim_held(2), 0);
    simulated_close(&w);
}
END_TEST

/* --- misuse: what is broken is found --- */

static void
expect_rule(const char *text)
{
    ck_assert_uint_ge(gpu_shim.errors, 1);
    ck_assert_msg(strstr(gpu_shim.error, text) != NULL, "%s", gpu_shim.error);
    gpu_shim.errors = 0;
}

START_TEST(without_a_flush_the_device_sees_other_bytes)
{
    open_profile(GPU_MOBILE);
    struct piece up = make_visible(), middle = make_local(),
                 down = make_visible();
    test_fill(up.ptr, SIZE, 1);
    flush(&up);
    test_fill(up.ptr, SIZE, 2);
    go_round(&up, &middle, &down);
    ck_assert(!test_is_filled(down.ptr, SIZE, 1));
    invalidate(&down);
    ck_assert(test_is_filled(down.ptr, SIZE, 1));
    drop(&up);
    drop(&middle);
    drop(&down);
    simulated_close(&w);
}
END_TEST

START_TEST(ranges_that_are_not_of_whole_atoms_are_found)
{
    open_profile(GPU_MOBILE);
    struct piece piece = make_visible();
    VkMappedMemoryRange range = range_of(&piece, 64, VK_WHOLE_SIZE);
    vk.FlushMappedMemoryRanges(w.handles.device, 1, &range);
    expect_rule("offset-00687");
    range = range_of(&piece, 256, 64);
    vk.InvalidateMappedMemoryRanges(w.handles.device, 1, &range);
    expect_rule("size-01390");
    range = range_of(&piece, 256, piece.size);
    vk.FlushMappedMemoryRanges(w.handles.device, 1, &range);
    expect_rule("size-00685");
    range = range_of(&piece, piece.size / 256 * 256, VK_WHOLE_SIZE);
    vk.FlushMappedMemoryRanges(w.handles.device, 1, &range);
    ck_assert_uint_eq(gpu_shim.errors, piece.size % 256 == 0);
    gpu_shim.errors = 0;
    vk.UnmapMemory(w.handles.device, piece.memory);
    vk.FlushMappedMemoryRanges(w.handles.device, 1, &range);
    expect_rule("memory-00684");
    drop(&piece);
    simulated_close(&w);
}
END_TEST

START_TEST(wrong_maps_are_found)
{
    open_profile(GPU_DISCRETE);
    struct piece visible = make_visible(), local = make_local();
    void *ptr;
    ck_assert_int_ne(vk.MapMemory(w.handles.device, visible.memory, 0,
                                  VK_WHOLE_SIZE, 0, &ptr),
                     VK_SUCCESS);
    expect_rule("memory-00678");
    ck_assert_int_ne(
        vk.MapMemory(w.handles.device, local.memory, 0, VK_WHOLE_SIZE, 0, &ptr),
        VK_SUCCESS);
    expect_rule("memory-00682");
    vk.UnmapMemory(w.handles.device, local.memory);
    expect_rule("memory-00689");
    drop(&visible);
    drop(&local);
    simulated_close(&w);
}
END_TEST

START_TEST(wrong_sizes_and_numbers_are_found)
{
    open_profile(GPU_FEW);
    VkDeviceMemory memory[9];
    ck_assert_int_ne(allocate(257 * MIB, 0, &memory[0]), VK_SUCCESS);
    expect_rule("pAllocateInfo-01713");
    ck_assert_int_eq(allocate(129 * MIB, 0, &memory[0]), VK_SUCCESS);
    vk.FreeMemory(w.handles.device, memory[0], NULL);
    expect_rule("maxMemoryAllocationSize");
    ck_assert_int_ne(allocate(1000, 1, &memory[0]), VK_SUCCESS);
    expect_rule("pAllocateInfo-01714");
    for (unsigned i = 0; i < 9; i++)
        ck_assert_int_eq(allocate(1000, 0, &memory[i]),
                         i < 8 ? VK_SUCCESS : VK_ERROR_TOO_MANY_OBJECTS);
    expect_rule("maxMemoryAllocationCount-04101");
    for (unsigned i = 0; i < 8; i++)
        vk.FreeMemory(w.handles.device, memory[i], NULL);
    simulated_close(&w);
}
END_TEST

START_TEST(a_buffer_and_an_image_in_one_memory_are_found)
{
    open_profile(GPU_DISCRETE);
    VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                              .extent = {16, 16, 1},
                              .mipLevels = 1,
                              .arrayLayers = 1,
                              .samples = VK_SAMPLE_COUNT_1_BIT,
                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    VkImage image;
    VkDevice device = w.handles.device;
    ck_assert_int_eq(vk.CreateImage(device, &info, NULL, &image), VK_SUCCESS);
    VkDeviceSize size;
    VkDeviceMemory memory;
    VkBuffer buffer = create_buffer(&size);
    ck_assert_int_eq(allocate(MIB, 0, &memory), VK_SUCCESS);
    ck_assert_int_eq(vk.BindImageMemory(device, image, memory, 0), VK_SUCCESS);
    ck_assert_int_eq(vk.BindBufferMemory(device, buffer, memory, 512 * KIB),
                     VK_SUCCESS);
    expect_rule("share memory");
    vk.DestroyImage(device, image, NULL);
    vk.DestroyBuffer(device, buffer, NULL);
    vk.FreeMemory(device, memory, NULL);
    simulated_close(&w);
}
END_TEST

START_TEST(objects_that_are_left_are_found)
{
    open_profile(GPU_UNIFIED);
    VkDeviceSize size;
    create_buffer(&size);
    w.DestroyCommandPool(w.handles.device, w.pool, NULL);
    fa_gpu_vk_headless_destroy(w.headless);
    test_close(&w.core);
    ck_assert_int_eq(gpu_shim.live, 1);
    expect_rule("vkDestroyDevice-device-00378");
    ck_assert_uint_ge(w.messages, 1);
}
END_TEST

/* The checks of the layers below are awake. */
START_TEST(a_hazard_in_a_command_buffer_is_found)
{
    open_profile(GPU_UNIFIED);
    struct piece a = make_visible(), b = make_local();
    VkCommandBuffer commands = begin(0);
    copy(commands, &a, &b);
    copy(commands, &a, &b);
    ck_assert_uint_ge(w.messages, 1);
    vulkan_submit(&w, commands);
    ck_assert_int_eq(wait_for(1, UINT64_MAX), VK_SUCCESS);
    drop(&a);
    drop(&b);
    simulated_forgive(&w);
    simulated_close(&w);
}
END_TEST

START_TEST(a_hazard_between_submits_is_found)
{
    open_profile(GPU_UNIFIED);
    struct piece a = make_visible(), b = make_local();
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_uint_eq(w.messages, 0);
        VkCommandBuffer commands = begin(i);
        copy(commands, &a, &b);
        vulkan_submit(&w, commands);
    }
    ck_assert_uint_ge(w.messages, 1);
    ck_assert_int_eq(wait_for(2, UINT64_MAX), VK_SUCCESS);
    drop(&a);
    drop(&b);
    simulated_forgive(&w);
    simulated_close(&w);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_profile");
    TCase *contract = tcase_create("contract");
    tcase_add_loop_test(contract, bytes_go_to_the_device_and_back, 0,
                        GPU_PROFILES);
    tcase_add_loop_test(contract, the_device_says_what_the_profile_is, 0,
                        GPU_PROFILES);
    tcase_add_test(contract, budgets_are_what_the_test_says);
    tcase_add_test(contract, a_closed_gate_holds_submits_back);
    suite_add_tcase(suite, contract);

    TCase *failure = tcase_create("failure");
    tcase_add_test(failure, the_nth_call_fails);
    tcase_add_test(failure, a_lost_device_stays_lost);
    tcase_add_test(failure, a_full_heap_has_no_memory);
    suite_add_tcase(suite, failure);

    TCase *misuse = tcase_create("misuse");
    tcase_add_test(misuse, without_a_flush_the_device_sees_other_bytes);
    tcase_add_test(misuse, ranges_that_are_not_of_whole_atoms_are_found);
    tcase_add_test(misuse, wrong_maps_are_found);
    tcase_add_test(misuse, wrong_sizes_and_numbers_are_found);
    tcase_add_test(misuse, a_buffer_and_an_image_in_one_memory_are_found);
    tcase_add_test(misuse, objects_that_are_left_are_found);
    tcase_add_test(misuse, a_hazard_in_a_command_buffer_is_found);
    tcase_add_test(misuse, a_hazard_between_submits_is_found);
    suite_add_tcase(suite, misuse);
    return suite;
}

int
main(void)
{
    vulkan_require();
    return test_main(make_suite());
}
