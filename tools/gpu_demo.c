/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc gpu-demo: in each frame, vertices go through staging memory to the
 * device, a compute shader changes them, and the result comes back and is
 * compared, word by word. No window is needed; any Vulkan device will do.
 *
 * A program of its own, since the rest of the tool needs no Vulkan.
 */
#include "gpu_pipeline.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FLIGHT PIPELINE_FLIGHT

static const char help_text[] =
    "Usage: framealloc gpu-demo [OPTION]...\n"
    "\n"
    "Streams vertices through staging memory to a Vulkan device for some\n"
    "frames, runs a compute shader over them, reads them back and compares\n"
    "every byte.\n"
    "\n"
    "  --frames N      frames, 1 to 1000000 (600)\n"
    "  --vertices N    vertices of 16 bytes per frame, 1 to 1000000 (16384)\n"
    "  --device NAME   part of the device's name (a graphics card, if any)\n"
    "  --validate      with the validation layer, which must be silent\n"
    "  --json          print one JSON object instead of text\n"
    "  --help          print this text\n";

struct options {
    unsigned frames;
    unsigned vertices;
    const char *device;
    bool validate;
    bool json;
};

/* What a frame in flight has sent. */
struct pending {
    uint64_t frame; /* 0: none. */
    fa_gpu_ticket ticket;
};

struct demo {
    struct options options;
    fa_allocator *allocator;
    fa_gpu_vk_headless *headless;
    fa_gpu *gpu;
    struct pipeline pipeline;
    struct pending pending[FLIGHT];
    uint32_t words;    /* Per frame. */
    uint64_t verified; /* Words that were right. */
    uint64_t wrong;
    unsigned messages;   /* Of the validation layer. */
    uint64_t warm_calls; /* Driver calls for memory, after the warm-up. */
    double seconds;
};

static double
now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- options --- */

static int
refuse(const char *what, const char *value)
{
    fprintf(stderr, "framealloc gpu-demo: %s%s\n", what, value);
    fprintf(stderr, "Try framealloc gpu-demo --help.\n");
    return 2;
}

static bool
read_number(const char *text, unsigned *out)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || value == 0 ||
        value > 1000000)
        return false;
    *out = (unsigned)value;
    return true;
}

/* 0, or the status to exit with; -1 after --help. */
static int
parse(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"frames", required_argument, NULL, 'f'},
        {"vertices", required_argument, NULL, 'n'},
        {"device", required_argument, NULL, 'd'},
        {"validate", no_argument, NULL, 'v'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'd')
            options->device = optarg;
        else if (option == 'v')
            options->validate = true;
        else if (option == 'j')
            options->json = true;
        else if (option == 'h')
            return fputs(help_text, stdout) < 0 ? EXIT_FAILURE : -1;
        else if (option == '?')
            return refuse("see above", "");
        else if (!read_number(optarg, option == 'f' ? &options->frames
                                                    : &options->vertices))
            return refuse("not a number from 1 to 1000000: ", optarg);
    }
    return optind < argc ? refuse("too many arguments: ", argv[optind]) : 0;
}

/* --- frames --- */

static int
fail(const struct demo *demo, const char *what, fa_status status)
{
    long long native =
        demo->gpu == NULL ? 0 : (long long)fa_gpu_native_error(demo->gpu);
    fprintf(stderr, "framealloc gpu-demo: %s: %s (VkResult %lld)\n", what,
            fa_status_name(status), native);
    return EXIT_FAILURE;
}

static uint32_t
word_of(uint64_t frame, uint32_t place)
{
    return (uint32_t)(frame * 0x9e3779b97f4a7c15u >> 32) ^ (place * 40503u);
}

/* What came back from a frame, if any is on its way there. */
static fa_status
verify(struct demo *demo, struct pending *pending, uint64_t timeout_ns)
{
    if (pending->frame == 0)
        return FA_OK;
    fa_status status =
        fa_gpu_transfer_wait(demo->gpu, pending->ticket, timeout_ns);
    const void *bytes;
    uint64_t size;
    if (status == FA_OK)
        status =
            fa_gpu_transfer_result(demo->gpu, pending->ticket, &bytes, &size);
    if (status != FA_OK)
        return status;
    const uint32_t *words = bytes;
    for (uint32_t i = 0; i < demo->words; i++) {
        uint32_t wanted =
            pipeline_expect(word_of(pending->frame, i), i, pending->frame);
        demo->verified += words[i] == wanted;
        demo->wrong += words[i] != wanted;
    }
    pending->frame = 0;
    return fa_gpu_transfer_release(demo->gpu, pending->ticket);
}

/* The frame's vertices, written into staging memory in place. */
static fa_status
upload(struct demo *demo, uint64_t frame, const fa_gpu_slice *target)
{
    void *staging;
    fa_gpu_ticket ticket;
    fa_status status = fa_gpu_transfer_reserve(demo->gpu, target, 0,
                                               target->size, &staging, &ticket);
    if (status != FA_OK)
        return status;
    uint32_t *words = staging;
    for (uint32_t i = 0; i < demo->words; i++)
        words[i] = word_of(frame, i);
    return fa_gpu_transfer_release(demo->gpu, ticket);
}

static fa_status
frame_record(struct demo *demo, uint64_t frame, struct pending *pending)
{
    uint64_t size = demo->words * sizeof(uint32_t);
    fa_gpu_slice source;
    fa_gpu_slice target;
    fa_status status =
        fa_gpu_frame_alloc(demo->gpu, FA_GPU_DEVICE_ONLY, size, 0, &source);
    if (status == FA_OK)
        status =
            fa_gpu_frame_alloc(demo->gpu, FA_GPU_DEVICE_ONLY, size, 0, &target);
    if (status == FA_OK)
        status = upload(demo, frame, &source);
    if (status != FA_OK)
        return status;
    VkCommandBuffer commands = pipeline_begin(&demo->pipeline, frame);
    if (commands == NULL)
        return FA_ERR_BACKEND;
    status = fa_gpu_transfer_record(demo->gpu, commands);
    if (status != FA_OK)
        return status;
    pipeline_dispatch(&demo->pipeline, frame, &source, &target, demo->words);
    status =
        fa_gpu_transfer_to_cpu(demo->gpu, &target, 0, size, &pending->ticket);
    if (status != FA_OK)
        return status;
    pending->frame = frame;
    return fa_gpu_transfer_record(demo->gpu, commands);
}

static fa_status
frame_run(struct demo *demo)
{
    fa_status status = fa_gpu_begin_frame(demo->gpu, UINT64_MAX);
    if (status != FA_OK)
        return status;
    uint64_t frame = fa_gpu_frame_number(demo->gpu);
    struct pending *pending = &demo->pending[frame % FLIGHT];
    status = verify(demo, pending, UINT64_MAX);
    if (status == FA_OK)
        status = frame_record(demo, frame, pending);
    if (status == FA_OK)
        status = fa_gpu_frame_commit(demo->gpu);
    if (status != FA_OK)
        return status;
    if (!pipeline_submit(&demo->pipeline, frame, frame))
        return FA_ERR_BACKEND;
    return fa_gpu_end_frame(demo->gpu, frame);
}

static uint64_t
memory_calls(struct demo *demo)
{
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    fa_gpu_stats_read(demo->gpu, &stats);
    return stats.block_creates + stats.block_destroys;
}

static fa_status
frames_run(struct demo *demo)
{
    const unsigned warm = 60;
    uint64_t calls = 0;
    double begin = now();
    for (unsigned i = 0; i < demo->options.frames; i++) {
        if (i == warm)
            calls = memory_calls(demo);
        fa_status status = frame_run(demo);
        if (status != FA_OK)
            return status;
    }
    if (demo->options.frames > warm)
        demo->warm_calls = memory_calls(demo) - calls;
    for (unsigned i = 0; i < FLIGHT; i++) {
        fa_status status = verify(demo, &demo->pending[i], UINT64_MAX);
        if (status != FA_OK)
            return status;
    }
    demo->seconds = now() - begin;
    return FA_OK;
}

/* --- report --- */

static void
print_pool(const char *name, const fa_gpu_pool_usage *pool)
{
    printf("  %-22s %10.2f MiB held, peak %.2f; the driver allows %.0f MiB\n",
           name, (double)pool->held_bytes / (1 << 20),
           (double)pool->peak_bytes / (1 << 20),
           (double)pool->driver_budget / (1 << 20));
}

static double
bytes_per_second(const struct demo *demo)
{
    return 2.0 * demo->options.frames * demo->words * sizeof(uint32_t) /
           demo->seconds;
}

static void
report_text(struct demo *demo)
{
    fa_gpu_usage usage = FA_GPU_USAGE_INIT;
    fa_gpu_stats stats = FA_GPU_STATS_INIT;
    fa_gpu_usage_read(demo->gpu, &usage);
    fa_gpu_stats_read(demo->gpu, &stats);
    printf("%s\n\n", fa_gpu_vk_headless_name(demo->headless));
    printf("  %-22s %10u, %u in flight\n", "frames", demo->options.frames,
           FLIGHT);
    printf("  %-22s %10u, %.2f MiB up and down\n", "vertices per frame",
           demo->options.vertices,
           (double)demo->words * sizeof(uint32_t) / (1 << 20));
    printf("  %-22s %10" PRIu64 ", %" PRIu64 " wrong\n", "words compared",
           demo->verified + demo->wrong, demo->wrong);
    printf("  %-22s %10.3f ms per frame\n", "time",
           demo->seconds * 1e3 / demo->options.frames);
    printf("  %-22s %10.2f GB/s, both ways, with the shader and the check\n",
           "bandwidth", bytes_per_second(demo) / 1e9);
    printf("  %-22s %10" PRIu64 " in all, %" PRIu64 " after 60 frames\n",
           "driver calls for memory",
           stats.block_creates + stats.block_destroys, demo->warm_calls);
    print_pool("memory of the device", &usage.gpu);
    print_pool("memory of the system", &usage.cpu);
    printf("  %-22s %10.2f MiB of frames, %.2f of staging\n", "of it",
           (double)stats.arena_bytes / (1 << 20),
           (double)stats.staging_bytes / (1 << 20));
    if (demo->options.validate)
        printf("  %-22s %10u\n", "validation messages", demo->messages);
}

static void
report_json(struct demo *demo)
{
    fa_gpu_usage usage = FA_GPU_USAGE_INIT;
    fa_gpu_usage_read(demo->gpu, &usage);
    printf("{\"device\":\"%s\",\"frames\":%u,\"vertices\":%u,"
           "\"verified\":%" PRIu64 ",\"wrong\":%" PRIu64 ",\"seconds\":%.6f,"
           "\"bytes_per_second\":%.0f,\"warm_driver_calls\":%" PRIu64
           ",\"gpu_held_bytes\":%" PRIu64 ",\"gpu_budget_bytes\":%" PRIu64
           ",\"messages\":%u}\n",
           fa_gpu_vk_headless_name(demo->headless), demo->options.frames,
           demo->options.vertices, demo->verified, demo->wrong, demo->seconds,
           bytes_per_second(demo), demo->warm_calls, usage.gpu.held_bytes,
           usage.gpu.driver_budget, demo->messages);
}

/* --- the whole --- */

static void
take_message(void *user, bool is_error, const char *text)
{
    struct demo *demo = user;
    (void)is_error;
    demo->messages++;
    fprintf(stderr, "%s\n", text);
}

static int
demo_open(struct demo *demo)
{
    fa_gpu_vk_headless_config config = FA_GPU_VK_HEADLESS_CONFIG_INIT;
    config.device = demo->options.device;
    config.validate = demo->options.validate;
    config.message = take_message;
    config.user = demo;
    fa_status status =
        fa_gpu_vk_headless_create(demo->allocator, &config, &demo->headless);
    if (status == FA_ERR_UNSUPPORTED) {
        fputs("framealloc gpu-demo: no Vulkan 1.2 device of that name is here. "
              "Debian's mesa-vulkan-drivers has one that runs on the CPU; "
              "vulkaninfo shows what is found.\n",
              stderr);
        return EXIT_FAILURE;
    }
    if (status != FA_OK)
        return fail(demo, "the device", status);
    fa_gpu_config memory = FA_GPU_CONFIG_INIT;
    memory.frames = FLIGHT;
    const fa_gpu_vk_config *handles =
        fa_gpu_vk_headless_handles(demo->headless);
    status = fa_gpu_vk_create(demo->allocator, &memory, handles, &demo->gpu);
    if (status != FA_OK)
        return fail(demo, "its memory", status);
    if (!pipeline_open(&demo->pipeline, handles))
        return fail(demo, "the shader", FA_ERR_BACKEND);
    return 0;
}

static int
demo_run(struct demo *demo)
{
    int result = demo_open(demo);
    if (result != 0)
        return result;
    fa_status status = frames_run(demo);
    if (status != FA_OK)
        return fail(demo, "a frame", status);
    if (demo->options.json)
        report_json(demo);
    else
        report_text(demo);
    return demo->wrong != 0 || demo->messages != 0 ? EXIT_FAILURE : 0;
}

int
main(int argc, char **argv)
{
    static struct demo demo = {.options = {.frames = 600, .vertices = 16384}};
    int result = parse(argc, argv, &demo.options);
    if (result != 0)
        return result < 0 ? EXIT_SUCCESS : result;
    demo.words = demo.options.vertices * 4;
    if (fa_allocator_create(NULL, &demo.allocator) != FA_OK)
        return fail(&demo, "an allocator", FA_ERR_NOMEM);
    result = demo_run(&demo);
    pipeline_close(&demo.pipeline);
    fa_gpu_destroy(demo.gpu);
    fa_gpu_vk_headless_destroy(demo.headless);
    fa_allocator_destroy(demo.allocator);
    if (result == 0 && (fflush(stdout) != 0 || ferror(stdout) != 0))
        result = EXIT_FAILURE;
    return result;
}
