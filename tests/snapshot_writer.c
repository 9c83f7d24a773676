/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Writes a snapshot of so many contexts that each use so many tags, with names
 * that are hard to write as JSON.
 *
 *     snapshot_writer CONTEXTS TAGS [TIMES]
 *
 * The last of TIMES snapshots goes to stdout, the others to /dev/null, and
 * what the fastest took to stderr.
 */
#include <framealloc/framealloc.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void
use_tags(fa_allocator *allocator, fa_ctx *ctx, int tags)
{
    fa_frame *frame = fa_ctx_frame(ctx);
    for (int i = 0; i < tags; i++) {
        char name[32];
        snprintf(name, sizeof(name), "scene::\"%d\"\\\t\xc3\xa9\xff", i);
        fa_tag_push(ctx, fa_tag_register(allocator, name));
        if (fa_frame_alloc(frame, 100, 16) == NULL ||
            fa_heap_alloc(ctx, 64, 16) == NULL)
            exit(1);
        fa_tag_pop(ctx);
    }
}

static void
use_ctxs(fa_allocator *allocator, int ctxs, int tags)
{
    for (int i = 0; i < ctxs; i++) {
        fa_ctx_config config = FA_CTX_CONFIG_INIT;
        fa_ctx *ctx;
        char name[32];
        snprintf(name, sizeof(name), "worker \"%d\"\n", i);
        config.name = name;
        if (fa_ctx_create(allocator, &config, &ctx) != FA_OK)
            exit(1);
        use_tags(allocator, ctx, tags);
        fa_ctx_end_frame(ctx);
    }
}

static double
seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void
take_times(fa_allocator *allocator, int times)
{
    double best = 1e9;
    int fd = open("/dev/null", O_WRONLY);
    for (int i = 0; i < times; i++) {
        double begin = seconds();
        if (fa_snapshot_write(allocator, fd) != FA_OK)
            exit(1);
        double took = seconds() - begin;
        best = took < best ? took : best;
    }
    fprintf(stderr, "fastest of %d: %.3f ms\n", times, best * 1e3);
}

int
main(int argc, char **argv)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_MINIMAL;
    fa_allocator *allocator;
    int ctxs = argc > 1 ? atoi(argv[1]) : 2,
        tags = argc > 2 ? atoi(argv[2]) : 2;
    config.on_misuse = FA_ON_MISUSE_REPORT;
    if (fa_allocator_create(&config, &allocator) != FA_OK)
        return 1;
    (void)fa_begin_frame(allocator);
    use_ctxs(allocator, ctxs, tags);
    fa_end_frame(allocator);
    if (argc > 3)
        take_times(allocator, atoi(argv[3]));
    return fa_snapshot_write(allocator, 1) == FA_OK ? 0 : 1;
}
