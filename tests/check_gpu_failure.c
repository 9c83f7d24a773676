/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Everything that can fail, fails once: each call of the driver and each block
 * of the books, one after the other, over one scenario; and the device is lost
 * at each call that can tell of it. Nothing may leak or hang, the status says
 * what it was, and a request that was refused succeeds the second time.
 */
#include "gpu_simulated.h"

#include <dlfcn.h>
#include <string.h>

#define SIZE ((size_t)100 * KIB)

static struct vulkan_world w;

/* --- the books --- */

/* Blocks of the core's heap that the GPU module asks for: these functions
 * stand before the library's. */
static struct {
    unsigned n; /* The one that is refused; 0: none. */
    unsigned asked;
    bool is_counting;
} books;

static bool
is_book_refused(void)
{
    return books.is_counting && ++books.asked == books.n;
}

void *
fa_heap_alloc(fa_ctx *ctx, size_t size, size_t align)
{
    static void *(*real)(fa_ctx *, size_t, size_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "fa_heap_alloc");
    return is_book_refused() ? NULL : real(ctx, size, align);
}

void *
fa_heap_realloc(fa_ctx *ctx, void *block, size_t size, size_t align)
{
    static void *(*real)(fa_ctx *, void *, size_t, size_t);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "fa_heap_realloc");
    return is_book_refused() ? NULL : real(ctx, block, size, align);
}

/* --- the scenario --- */

static unsigned refused;

/* Only what the library calls can fail. */
static void
arm(bool is_armed)
{
    gpu_shim.is_paused = !is_armed;
    books.is_counting = is_armed;
}

static bool
was_struck(void)
{
    return gpu_shim.is_struck || (books.n != 0 && books.asked >= books.n);
}

static void
check_refusal(const char *call, fa_status status)
{
    ck_assert_msg(was_struck() && refused == 0, "%s: %s", call,
                  fa_status_name(status));
    ck_assert_msg(status == FA_ERR_NOMEM, "%s: %s", call,
                  fa_status_name(status));
    refused++;
}

/* Once more if it was refused, and that must do. */
#define LIB(call)                                                         \
    do {                                                                  \
        arm(true);                                                        \
        fa_status status_ = (call);                                       \
        arm(false);                                                       \
        if (status_ != FA_OK) {                                           \
            check_refusal(#call, status_);                                \
            status_ = (call);                                             \
        }                                                                 \
        ck_assert_msg(status_ == FA_OK, "%s: %s, the second time", #call, \
                      fa_status_name(status_));                           \
    } while (0)

struct kept {
    fa_gpu_slice slices[FA_GPU_INTENTS];
    VkImage image;
    fa_gpu_vk_memory image_memory;
};

static VkImage
create_image(void)
{
    PFN_vkCreateImage create =
        (PFN_vkCreateImage)vulkan_find(&w, "vkCreateImage");
    VkImageCreateInfo info = {.sType = VK_STRUCTURE_TYPE_IMAGE_CREATE_INFO,
                              .imageType = VK_IMAGE_TYPE_2D,
                              .format = VK_FORMAT_R8G8B8A8_UNORM,
                              .extent = {16, 16, 1},
                              .mipLevels = 1,
                              .arrayLayers = 1,
                              .samples = VK_SAMPLE_COUNT_1_BIT,
                              .usage = VK_IMAGE_USAGE_SAMPLED_BIT};
    VkImage image;
    ck_assert_int_eq(create(w.handles.device, &info, NULL, &image), VK_SUCCESS);
    return image;
}

static void
take_all(struct kept *kept)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = SIZE;
    request.flags = FA_GPU_ALLOW_HOST;
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++) {
        request.intent = (fa_gpu_intent)i;
        LIB(fa_gpu_alloc(w.gpu, &request, &kept->slices[i]));
    }
    kept->image = create_image();
    LIB(fa_gpu_vk_image_alloc(w.gpu, kept->image, NULL, &kept->image_memory));
}

static void
give_all(struct kept *kept)
{
    PFN_vkDestroyImage destroy =
        (PFN_vkDestroyImage)vulkan_find(&w, "vkDestroyImage");
    destroy(w.handles.device, kept->image, NULL);
    LIB(fa_gpu_free(w.gpu, &kept->image_memory.slice));
    for (unsigned i = 0; i < FA_GPU_INTENTS; i++)
        LIB(fa_gpu_free(w.gpu, &kept->slices[i]));
}

/* The CPU's own memory, there and back. */
static void
write_some(const fa_gpu_slice *slice, unsigned seed)
{
    static unsigned char bytes[1001];
    test_fill(bytes, sizeof(bytes), seed);
    LIB(fa_gpu_slice_write(w.gpu, slice, 77, bytes, sizeof(bytes)));
    memset(bytes, 0, sizeof(bytes));
    LIB(fa_gpu_slice_read(w.gpu, slice, 77, bytes, sizeof(bytes)));
    ck_assert(test_is_filled(bytes, sizeof(bytes), seed));
}

/* Memory that goes by itself. */
static void
take_dying(void)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    fa_gpu_slice slice;
    request.size = SIZE;
    request.intent = FA_GPU_HOST_CACHED;
    request.frames = 3;
    LIB(fa_gpu_alloc(w.gpu, &request, &slice));
}

/* A frame that sends bytes to the device and fetches them. */
static void
run_frame(const struct kept *kept, unsigned i)
{
    static unsigned char bytes[SIZE];
    fa_gpu_slice scratch;
    fa_gpu_ticket ticket;
    const void *result;
    test_fill(bytes, SIZE, i);
    LIB(fa_gpu_begin_frame(w.gpu, UINT64_MAX));
    LIB(fa_gpu_frame_alloc(w.gpu, FA_GPU_DEVICE_ONLY, SIZE, 0, &scratch));
    LIB(fa_gpu_transfer_to_gpu(w.gpu, &kept->slices[0], 0, bytes, SIZE, NULL));
    LIB(fa_gpu_transfer_copy(w.gpu, &kept->slices[0], 0, &scratch, 0, SIZE,
                             NULL));
    LIB(fa_gpu_transfer_to_cpu(w.gpu, &scratch, 0, SIZE, &ticket));
    if (i == 1)
        take_dying();
    VkCommandBuffer commands = vulkan_record(&w);
    if (i % 2 == 0)
        LIB(fa_gpu_transfer_submit(w.gpu, NULL));
    else
        LIB(fa_gpu_transfer_record(w.gpu, commands));
    LIB(fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE, SIZE, 0, &scratch));
    test_fill(scratch.ptr, SIZE, i);
    LIB(fa_gpu_frame_commit(w.gpu));
    vulkan_submit(&w, commands);
    LIB(fa_gpu_end_frame(w.gpu, w.serial));
    LIB(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX));
    LIB(fa_gpu_transfer_result(w.gpu, ticket, &result, NULL));
    ck_assert(test_is_filled(result, SIZE, i));
    LIB(fa_gpu_transfer_release(w.gpu, ticket));
    write_some(&kept->slices[FA_GPU_HOST_CACHED], i);
}

static void
run_scenario(void)
{
    struct kept kept;
    refused = 0;
    LIB(fa_gpu_vk_create(w.core.allocator, &w.config, &w.handles, &w.gpu));
    take_all(&kept);
    for (unsigned i = 0; i < 6; i++)
        run_frame(&kept, i);
    give_all(&kept);
    LIB(fa_gpu_trim(w.gpu));
    ck_assert_int_eq(w.DeviceWaitIdle(w.handles.device), VK_SUCCESS);
    arm(true);
    fa_gpu_destroy(w.gpu);
    arm(false);
    w.gpu = NULL;
}

static void
prepare_scenario(int profile)
{
    simulated_prepare(&w, profile);
    w.config.staging_chunk = 256 * KIB;
    w.config.staging_limit = 512 * KIB;
    arm(false);
    vulkan_open_device(&w);
}

/* 1 at full size; checkers leave some out. */
static unsigned
stride(void)
{
    return 1 + (unsigned)(20 / test_scaled(100));
}

/* Not on the GPU of few allocations: they are too few for the scenario. */
START_TEST(each_call_of_the_driver_may_fail)
{
    prepare_scenario(_i);
    int live = gpu_shim.live;
    unsigned n = 1;
    do {
        gpu_shim_strike((struct gpu_strike){GPU_CALL_ANY, n, 0, false});
        run_scenario();
        ck_assert_int_eq(gpu_shim.live, live);
        n += stride();
    } while (gpu_shim.is_struck);
    ck_assert_uint_ge(n, 60);
    simulated_close(&w);
}
END_TEST

START_TEST(each_block_of_the_books_may_be_refused)
{
    prepare_scenario(GPU_UNIFIED);
    int live = gpu_shim.live;
    bool was_refused;
    do {
        books.n++;
        books.asked = 0;
        run_scenario();
        was_refused = books.asked >= books.n;
        ck_assert_int_eq(gpu_shim.live, live);
    } while (was_refused);
    ck_assert_uint_ge(books.n, 10);
    simulated_close(&w);
}
END_TEST

/* Memory stays short: all say so, and what is held goes on. */
START_TEST(short_memory_is_said_until_it_is_there_again)
{
    static const enum gpu_call calls[] = {
        GPU_CALL_AllocateMemory, GPU_CALL_MapMemory, GPU_CALL_CreateBuffer,
        GPU_CALL_BindBufferMemory};
    prepare_scenario(GPU_DISCRETE);
    LIB(fa_gpu_vk_create(w.core.allocator, &w.config, &w.handles, &w.gpu));
    struct kept kept;
    take_all(&kept);
    run_frame(&kept, 0);
    run_frame(&kept, 1);
    int live = gpu_shim.live;
    gpu_shim_strike((struct gpu_strike){calls[_i], 1, 0, true});
    arm(true);
    fa_gpu_slice none;
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 20 * MIB;
    request.flags = FA_GPU_ALLOW_HOST;
    request.intent = FA_GPU_HOST_CACHED;
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &none), FA_ERR_NOMEM);
        ck_assert_uint_eq(none.id, 0);
    }
    ck_assert_int_lt(fa_gpu_native_error(w.gpu), 0);
    ck_assert_int_le(gpu_shim.live, live);
    arm(false);
    run_frame(&kept, 2);
    LIB(fa_gpu_alloc(w.gpu, &request, &none));
    LIB(fa_gpu_free(w.gpu, &none));
    give_all(&kept);
    simulated_close(&w);
}
END_TEST

/* --- the lost device --- */

enum { TIMELINE, FENCES, WAYS };

#define FRAMES 6

static VkFence fences[FRAMES];

static void
fences_create(void)
{
    PFN_vkCreateFence create =
        (PFN_vkCreateFence)vulkan_find(&w, "vkCreateFence");
    VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    for (unsigned i = 0; i < FRAMES; i++)
        ck_assert_int_eq(create(w.handles.device, &info, NULL, &fences[i]),
                         VK_SUCCESS);
}

static void
fences_destroy(void)
{
    PFN_vkDestroyFence destroy =
        (PFN_vkDestroyFence)vulkan_find(&w, "vkDestroyFence");
    for (unsigned i = 0; i < FRAMES; i++)
        destroy(w.handles.device, fences[i], NULL);
}

#define STEP(call)                \
    do {                          \
        fa_status step_ = (call); \
        if (step_ != FA_OK)       \
            return step_;         \
    } while (0)

/* The program's submit, which does not tell the library of the loss. */
static fa_status
submit(VkCommandBuffer commands, int way, unsigned frame)
{
    ck_assert_int_eq(w.EndCommandBuffer(commands), VK_SUCCESS);
    uint64_t serial = ++w.serial;
    VkTimelineSemaphoreSubmitInfo values = {
        .sType = VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO,
        .signalSemaphoreValueCount = 1,
        .pSignalSemaphoreValues = &serial};
    bool has_timeline = way == TIMELINE;
    VkSubmitInfo info = {.sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
                         .pNext = has_timeline ? &values : NULL,
                         .commandBufferCount = 1,
                         .pCommandBuffers = &commands,
                         .signalSemaphoreCount = has_timeline ? 1 : 0,
                         .pSignalSemaphores = &w.handles.timeline};
    w.QueueSubmit(w.handles.queue, 1, &info,
                  has_timeline ? VK_NULL_HANDLE : fences[frame]);
    if (!has_timeline)
        STEP(fa_gpu_vk_frame_fence(w.gpu, serial, fences[frame]));
    return fa_gpu_end_frame(w.gpu, serial);
}

static fa_status
run_losing(const fa_gpu_slice *target, int way, unsigned i)
{
    static unsigned char bytes[1000];
    fa_gpu_slice slice;
    fa_gpu_ticket ticket;
    const void *result;
    STEP(fa_gpu_begin_frame(w.gpu, UINT64_MAX));
    STEP(fa_gpu_frame_alloc(w.gpu, FA_GPU_HOST_VISIBLE, 1000, 0, &slice));
    STEP(fa_gpu_transfer_to_gpu(w.gpu, target, 0, bytes, sizeof(bytes), NULL));
    STEP(fa_gpu_transfer_to_cpu(w.gpu, target, 0, sizeof(bytes), &ticket));
    VkCommandBuffer commands = vulkan_record(&w);
    if (i % 2 == 0)
        STEP(fa_gpu_transfer_submit(w.gpu, NULL));
    else
        STEP(fa_gpu_transfer_record(w.gpu, commands));
    STEP(fa_gpu_frame_commit(w.gpu));
    STEP(submit(commands, way, i));
    if (i % 3 == 0)
        STEP(fa_gpu_transfer_wait(w.gpu, ticket, UINT64_MAX));
    fa_status status = fa_gpu_transfer_result(w.gpu, ticket, &result, NULL);
    fa_gpu_transfer_release(w.gpu, ticket);
    return status == FA_NOT_READY ? FA_OK : status;
}

static fa_status
run_until_lost(const fa_gpu_slice *target, int way)
{
    for (unsigned i = 0; i < FRAMES; i++)
        STEP(run_losing(target, way, i));
    /* Whatever the last frame has left. */
    STEP(fa_gpu_begin_frame(w.gpu, UINT64_MAX));
    STEP(fa_gpu_end_frame(w.gpu, 0));
    return fa_gpu_begin_frame(w.gpu, UINT64_MAX);
}

static void
check_lost(fa_gpu_slice *target)
{
    fa_gpu_slice none;
    fa_gpu_ticket ticket;
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = 1000;
    ck_assert_int_eq(fa_gpu_alloc(w.gpu, &request, &none), FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_transfer_to_cpu(w.gpu, target, 0, 10, &ticket),
                     FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_trim(w.gpu), FA_ERR_DEVICE_LOST);
    /* The loss came within a frame, or between two. */
    fa_status status = fa_gpu_end_frame(w.gpu, 0);
    ck_assert(status == FA_OK || status == FA_ERR_STATE);
    for (unsigned i = 0; i < 3; i++)
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX),
                         FA_ERR_DEVICE_LOST);
    ck_assert_int_eq(fa_gpu_native_error(w.gpu), VK_ERROR_DEVICE_LOST);
    ck_assert_uint_eq(test_log_count(&w.core.log, 556), 1);
}

/* False when there is no n-th call any more. */
static bool
lose_at(int way, unsigned n)
{
    simulated_prepare(&w, GPU_MOBILE);
    vulkan_open_device(&w);
    fences_create();
    if (way == FENCES) {
        w.handles.timeline = VK_NULL_HANDLE;
        w.handles.features &= ~(unsigned)FA_GPU_VK_TIMELINE;
    }
    int live = gpu_shim.live;
    vulkan_open(&w);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 1000);
    gpu_shim_strike(
        (struct gpu_strike){GPU_CALL_ANY, n, VK_ERROR_DEVICE_LOST, false});
    fa_status status = run_until_lost(&target, way);
    bool is_lost = gpu_shim.is_lost;
    if (is_lost) {
        ck_assert_int_eq(status, FA_ERR_DEVICE_LOST);
        check_lost(&target);
    } else {
        ck_assert_int_eq(status, FA_OK);
    }
    fa_gpu_destroy(w.gpu);
    w.gpu = NULL;
    ck_assert_int_eq(gpu_shim.live, live);
    fences_destroy();
    simulated_close(&w);
    return is_lost;
}

START_TEST(a_device_may_be_lost_at_each_call)
{
    unsigned n = 1;
    while (lose_at(_i, n))
        n += stride();
    /* How often the device is asked how far it is depends on its pace. */
    ck_assert_uint_ge(n, 15);
}
END_TEST

START_TEST(a_device_may_be_lost_while_a_frame_waits)
{
    simulated_prepare(&w, GPU_DISCRETE);
    vulkan_open(&w);
    fa_gpu_slice target = simulated_keep(&w, FA_GPU_DEVICE_ONLY, 1000);
    gpu_shim_gate_close();
    for (unsigned i = 0; i < 2; i++) {
        ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, 0), FA_OK);
        simulated_take(&w, FA_GPU_HOST_VISIBLE, 1000);
        simulated_end(&w, vulkan_record(&w));
    }
    gpu_shim_strike((struct gpu_strike){GPU_CALL_WaitSemaphores, 1,
                                        VK_ERROR_DEVICE_LOST, false});
    ck_assert_int_eq(fa_gpu_begin_frame(w.gpu, UINT64_MAX), FA_ERR_DEVICE_LOST);
    check_lost(&target);
    simulated_close(&w);
}
END_TEST

static Suite *
make_suite(void)
{
    Suite *suite = suite_create("gpu_failure");
    TCase *failure = tcase_create("failure");
    tcase_add_loop_test(failure, each_call_of_the_driver_may_fail, 0, GPU_FEW);
    tcase_add_test(failure, each_block_of_the_books_may_be_refused);
    tcase_add_loop_test(failure, short_memory_is_said_until_it_is_there_again,
                        0, 4);
    tcase_add_loop_test(failure, a_device_may_be_lost_at_each_call, 0, WAYS);
    tcase_add_test(failure, a_device_may_be_lost_while_a_frame_waits);
    suite_add_tcase(suite, failure);
    return suite;
}

int
main(void)
{
    vulkan_require();
    return test_main(make_suite());
}
