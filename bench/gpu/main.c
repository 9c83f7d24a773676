/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Benchmark of the GPU module, on the Vulkan device that is found. Each figure
 * is compared with something measured in the same process; of repeated
 * measurements the median counts.
 *
 *     bench-gpu                    all figures and their limits
 *     bench-gpu --workload W --variant V --count N
 *                                  work only, to count instructions; prints the
 *                                  operations of one unit
 */
#include "loops.h"

#include <framealloc/gpu-vulkan.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define REPEATS 9

static fa_allocator *allocator;
static fa_gpu_vk_headless *headless;
static fa_gpu *gpu;
static unsigned missed;
static double slice_ns; /* Of frame memory; 0: not measured. */

static double
now_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double
median_of(void (*call)(void), clockid_t clock)
{
    double times[REPEATS];
    for (int i = 0; i < REPEATS; i++) {
        double begin = now_ns(clock);
        call();
        times[i] = now_ns(clock) - begin;
    }
    qsort(times, REPEATS, sizeof(times[0]), compare);
    return times[REPEATS / 2];
}

/* Median time of a call that works by itself: of the thread, since these
 * machines are shared. */
static double
cpu_ns(void (*call)(void))
{
    return median_of(call, CLOCK_THREAD_CPUTIME_ID);
}

/* Median time of a call that waits for the device. */
static double
wall_ns(void (*call)(void))
{
    return median_of(call, CLOCK_MONOTONIC);
}

static void
print(const char *name, double value, const char *unit, const char *sign,
      double limit)
{
    bool is_met = sign[0] == '<' ? value <= limit : value >= limit;
    if (sign[0] == 0)
        printf("%-56s %10.2f %s\n", name, value, unit);
    else
        printf("%-56s %10.2f %-5s %s %-7g %s\n", name, value, unit, sign, limit,
               is_met ? "met" : "MISSED");
    missed += sign[0] != 0 && !is_met;
}

static void
check(const char *what, fa_status status)
{
    if (status != FA_OK)
        bench_gpu_die(what, status);
}

/* --- a frame's memory, against a buffer with memory of its own --- */

#define SLICES 1000

static void
frame_of_slices(void)
{
    check("a frame", fa_gpu_begin_frame(gpu, UINT64_MAX));
    frame_loop(gpu, SLICES);
    check("its end", fa_gpu_end_frame(gpu, 0));
}

static void
empty_frame(void)
{
    check("a frame", fa_gpu_begin_frame(gpu, UINT64_MAX));
    check("its end", fa_gpu_end_frame(gpu, 0));
}

static PFN_vkVoidFunction
find(const char *name)
{
    const fa_gpu_vk_config *handles = fa_gpu_vk_headless_handles(headless);
    PFN_vkGetDeviceProcAddr get =
        (PFN_vkGetDeviceProcAddr)handles->get_instance_proc_addr(
            handles->instance, "vkGetDeviceProcAddr");
    PFN_vkVoidFunction function = get(handles->device, name);
    if (function == NULL)
        bench_gpu_die(name, FA_ERR_UNSUPPORTED);
    return function;
}

static void
buffers_of_their_own(void)
{
    VkDevice device = fa_gpu_vk_headless_handles(headless)->device;
    PFN_vkCreateBuffer create = (PFN_vkCreateBuffer)find("vkCreateBuffer");
    PFN_vkDestroyBuffer destroy = (PFN_vkDestroyBuffer)find("vkDestroyBuffer");
    PFN_vkAllocateMemory allocate =
        (PFN_vkAllocateMemory)find("vkAllocateMemory");
    PFN_vkFreeMemory release = (PFN_vkFreeMemory)find("vkFreeMemory");
    PFN_vkBindBufferMemory bind =
        (PFN_vkBindBufferMemory)find("vkBindBufferMemory");
    PFN_vkMapMemory map = (PFN_vkMapMemory)find("vkMapMemory");
    VkBufferCreateInfo buffer_info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .usage = VK_BUFFER_USAGE_VERTEX_BUFFER_BIT};
    VkMemoryAllocateInfo info = {.sType =
                                     VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
                                 .allocationSize = 1024};
    static VkBuffer buffers[SLICES];
    static VkDeviceMemory memory[SLICES];
    for (int i = 0; i < SLICES; i++) {
        void *mapped;
        buffer_info.size = info.allocationSize = slice_size((uint64_t)i);
        if (create(device, &buffer_info, NULL, &buffers[i]) != VK_SUCCESS ||
            allocate(device, &info, NULL, &memory[i]) != VK_SUCCESS ||
            bind(device, buffers[i], memory[i], 0) != VK_SUCCESS ||
            map(device, memory[i], 0, VK_WHOLE_SIZE, 0, &mapped) != VK_SUCCESS)
            bench_gpu_die("a buffer", FA_ERR_BACKEND);
        *(volatile char *)mapped = 1;
    }
    for (int i = 0; i < SLICES; i++) {
        destroy(device, buffers[i], NULL);
        release(device, memory[i], NULL);
    }
}

static void
bench_frames(void)
{
    for (int i = 0; i < 20; i++)
        frame_of_slices();
    double frame = cpu_ns(frame_of_slices) - cpu_ns(empty_frame);
    double own = cpu_ns(buffers_of_their_own);
    slice_ns = frame / SLICES;
    print("frame memory, one slice", slice_ns, "ns", "<=", 6);
    print("a VkBuffer with its own memory", own / SLICES, "ns", "", 0);
    print("  the slice is faster by", own / frame, "times", ">=", 50);
    fa_gpu_stats before = FA_GPU_STATS_INIT;
    fa_gpu_stats after = FA_GPU_STATS_INIT;
    fa_gpu_stats_read(gpu, &before);
    for (int i = 0; i < 1000; i++)
        frame_of_slices();
    fa_gpu_stats_read(gpu, &after);
    print("driver calls for memory in 1000 warm frames",
          (double)(after.block_creates - before.block_creates +
                   after.block_destroys - before.block_destroys),
          "", "<=", 0);
}

/* --- memory that persists --- */

static struct churn churn;

static void
churn_once(void)
{
    churn_run(&churn, 20000);
}

static void
bench_offsets(void)
{
    churn_open(&churn, allocator);
    churn_run(&churn, 100000);
    uint64_t before = churn.operations;
    double time = cpu_ns(churn_once);
    double pairs = (double)(churn.operations - before) / REPEATS;
    print("fa_offset alloc and free at 80 %, with its random sizes",
          time / pairs, "ns", "", 0);
    if (slice_ns > 0)
        print("  times a slice of a frame", time / pairs / slice_ns, "",
              "<=", 12);
    print("  failures", (double)churn.failures, "", "<=", 0);
    /* 85 % of 9.8 MiB, which is the best known. */
    print("  largest hole", (double)churn_largest_hole(&churn) / (1 << 20),
          "MiB", ">=", 8.33);
    churn_close(&churn);
}

/* --- uploads --- */

#define UPLOADS 1000

static fa_gpu_slice target;
static char bytes[4 << 20];
static char copy[4 << 20];

static void
submit_and_wait(fa_gpu_ticket ticket)
{
    uint64_t serial;
    check("a submit", fa_gpu_transfer_submit(gpu, &serial));
    check("a wait", fa_gpu_transfer_wait(gpu, ticket, UINT64_MAX));
    check("a ticket", fa_gpu_transfer_release(gpu, ticket));
}

static void
uploads_in_one_batch(void)
{
    fa_gpu_ticket ticket = FA_GPU_TICKET_NONE;
    for (uint64_t i = 0; i < UPLOADS; i++)
        check("an upload",
              fa_gpu_transfer_to_gpu(gpu, &target, i * 4096, bytes, 4096,
                                     i == UPLOADS - 1 ? &ticket : NULL));
    submit_and_wait(ticket);
}

static void
uploads_one_by_one(void)
{
    for (uint64_t i = 0; i < UPLOADS; i++) {
        fa_gpu_ticket ticket;
        check("an upload", fa_gpu_transfer_to_gpu(gpu, &target, i * 4096, bytes,
                                                  4096, &ticket));
        submit_and_wait(ticket);
    }
}

static void
upload_4_mib(void)
{
    fa_gpu_ticket ticket;
    check("an upload", fa_gpu_transfer_to_gpu(gpu, &target, 0, bytes,
                                              sizeof(bytes), &ticket));
    submit_and_wait(ticket);
}

static void
memcpy_4_mib(void)
{
    memcpy(copy, bytes, sizeof(bytes));
    /* So that the compiler cannot leave it out. */
    __asm__ volatile("" : : "r"(copy) : "memory");
}

static void
write_4_mib(void)
{
    check("a write", fa_gpu_slice_write(gpu, &target, 0, bytes, sizeof(bytes)));
}

static void
bench_uploads(void)
{
    fa_gpu_request request = FA_GPU_REQUEST_INIT;
    request.size = sizeof(bytes);
    request.flags = FA_GPU_ALLOW_HOST;
    check("a target", fa_gpu_alloc(gpu, &request, &target));
    memset(bytes, 1, sizeof(bytes));
    upload_4_mib();
    memcpy_4_mib();
    double batch = wall_ns(uploads_in_one_batch);
    double single = wall_ns(uploads_one_by_one);
    print("1000 uploads of 4 KiB, one batch", batch / 1e6, "ms", "", 0);
    print("  faster than one submit each by", single / batch, "times",
          ">=", 25);
    double plain = cpu_ns(memcpy_4_mib);
    print("upload of 4 MiB, part of memcpy's bandwidth",
          plain / wall_ns(upload_4_mib), "", ">=", 0.35);
    if (target.ptr != NULL)
        print("direct write of 4 MiB, part of memcpy's bandwidth",
              plain / cpu_ns(write_4_mib), "", ">=", 0.9);
    check("the target", fa_gpu_free(gpu, &target));
}

/* --- instructions --- */

static void
count_frames(uint64_t units)
{
    fa_gpu_backend backend;
    fa_gpu_null *null;
    check("a backend", fa_gpu_null_create(allocator, NULL, &backend, &null));
    check("its memory", fa_gpu_create(allocator, NULL, &backend, &gpu));
    for (int i = 0; i < 20; i++)
        frame_of_slices();
    for (uint64_t i = 0; i < units; i++)
        frame_of_slices();
    fa_gpu_destroy(gpu);
    printf("%d\n", SLICES);
}

static void
count_offsets(uint64_t units)
{
    churn_open(&churn, allocator);
    churn_run(&churn, 20000);
    churn_run(&churn, units * 100);
    churn_close(&churn);
    printf("100\n");
}

static int
count(int argc, char **argv)
{
    if (argc != 7 || strcmp(argv[1], "--workload") != 0 ||
        strcmp(argv[5], "--count") != 0)
        return 2;
    uint64_t units = strtoull(argv[6], NULL, 10);
    if (strcmp(argv[2], "gpu-frame") == 0)
        count_frames(units);
    else if (strcmp(argv[2], "offset-churn") == 0)
        count_offsets(units);
    else
        return 2;
    return 0;
}

static int
run_all(void)
{
    fa_gpu_config config = FA_GPU_CONFIG_INIT;
    fa_status status = fa_gpu_vk_headless_create(allocator, NULL, &headless);
    if (status == FA_ERR_UNSUPPORTED) {
        puts("no Vulkan device here; only what needs none:");
        bench_offsets();
        return missed != 0;
    }
    check("a device", status);
    printf("device: %s\n", fa_gpu_vk_headless_name(headless));
    check("its memory",
          fa_gpu_vk_create(allocator, &config,
                           fa_gpu_vk_headless_handles(headless), &gpu));
    bench_frames();
    bench_offsets();
    bench_uploads();
    fa_gpu_destroy(gpu);
    fa_gpu_vk_headless_destroy(headless);
    return missed != 0;
}

int
main(int argc, char **argv)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.guard = FA_GUARD_OFF;
    check("an allocator", fa_allocator_create(&config, &allocator));
    int result = argc > 1 ? count(argc, argv) : run_all();
    fa_allocator_destroy(allocator);
    return result;
}
