/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc physics-demo: 1,000 bodies for 600 frames, stepped by Chipmunk
 * alone, with malloc'ed events, and by the physics module, frame by frame in
 * one process.
 *
 * A program of its own, because it counts malloc calls, which the rest of the
 * tool must not. Chipmunk prints a banner to stdout when the first space is
 * made; meanwhile stdout is stderr, so that --json prints nothing but JSON.
 */
#include "../bench/physics/modes.h"
#include "physics_picture.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 3

static const enum mode shown[SHOWN] = {MODE_RAW, MODE_NAIVE_PERSIST,
                                       MODE_FA_PERSIST};

static const char help_text[] =
    "Usage: framealloc physics-demo [OPTION]...\n"
    "\n"
    "Steps 1,000 circles in a bowl and compares the time of a frame: Chipmunk\n"
    "alone, with one malloc per event, and with events in frame memory.\n"
    "\n"
    "  --frames N   frames, 20 to 100000 (600)\n"
    "  --svg FILE   write a picture of the last frame and of the times\n"
    "  --json       print one JSON object instead of text\n"
    "  --help       print this text\n";

struct options {
    int frames;
    const char *svg;
    bool json;
};

struct demo {
    struct options options;
    struct subject subject[SHOWN];
    float *time[SHOWN]; /* us, per frame. */
    uint64_t mallocs[SHOWN];
    uint64_t begins, ends, persists;
};

static double
now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int
refuse(const char *what, const char *value)
{
    fprintf(stderr, "framealloc physics-demo: %s%s\n", what, value);
    fprintf(stderr, "Try framealloc physics-demo --help.\n");
    return 2;
}

/* 0, or the status to exit with; -1 after --help. */
static int
parse(int argc, char **argv, struct options *options)
{
    static const struct option longs[] = {
        {"frames", required_argument, NULL, 'f'},
        {"svg", required_argument, NULL, 's'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;
    char *end;
    *options = (struct options){.frames = 600};
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'h')
            return fputs(help_text, stdout) < 0 ? EXIT_FAILURE : -1;
        if (option == 'j')
            options->json = true;
        else if (option == 's')
            options->svg = optarg;
        else if (option != 'f')
            return 2;
        if (option != 'f')
            continue;
        long frames = strtol(optarg, &end, 10);
        if (*end != '\0' || frames < 20 || frames > 100000)
            return refuse("--frames takes 20 to 100000, not ", optarg);
        options->frames = (int)frames;
    }
    return optind < argc ? refuse("unexpected argument ", argv[optind]) : 0;
}

/* --- running --- */

static void
open_all(struct demo *demo)
{
    /* The banner of Chipmunk goes to stderr. */
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    for (int i = 0; i < SHOWN; i++) {
        subject_open(&demo->subject[i], shown[i], &scene_kinds[2]);
        demo->time[i] = calloc((size_t)demo->options.frames, sizeof(float));
    }
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
}

static void
count_events(struct demo *demo)
{
    const struct subject *ours = &demo->subject[SHOWN - 1];
    demo->begins += ours->last.begin_count;
    demo->ends += ours->last.end_count;
    demo->persists += ours->last.persist_count;
}

static void
show_progress(const struct demo *demo, int frame)
{
    const struct subject *ours = &demo->subject[SHOWN - 1];
    if (demo->options.json || !isatty(STDERR_FILENO) || frame % 10 != 9)
        return;
    picture_text(stderr, &ours->scene, frame > 9);
    fprintf(stderr,
            "frame %4d of %d  contacts %5u  begin %3u  end %3u  step %6.0f "
            "us\n",
            frame + 1, demo->options.frames, ours->last.persist_count,
            ours->last.begin_count, ours->last.end_count,
            (double)demo->time[SHOWN - 1][frame]);
}

static void
run_frame(struct demo *demo, int frame)
{
    for (int i = 0; i < SHOWN; i++) {
        uint64_t calls = malloc_calls();
        double start = now_us();
        subject_step(&demo->subject[i]);
        demo->time[i][frame] = (float)(now_us() - start);
        /* The first frames warm up. */
        if (frame >= demo->options.frames / 10)
            demo->mallocs[i] += malloc_calls() - calls;
    }
    count_events(demo);
    show_progress(demo, frame);
}

/* --- the result --- */

static int
compare(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return x < y ? -1 : x > y;
}

/* The middle of the frames after the warm-up, and the 99 % quantile. */
static void
summarize(const struct demo *demo, int i, double *p50, double *p99)
{
    int from = demo->options.frames / 10;
    int count = demo->options.frames - from;
    float *sorted = malloc((size_t)count * sizeof(float));
    *p50 = *p99 = 0;
    if (sorted == NULL)
        return;
    memcpy(sorted, demo->time[i] + from, (size_t)count * sizeof(float));
    qsort(sorted, (size_t)count, sizeof(float), compare);
    *p50 = (double)sorted[count / 2];
    *p99 = (double)sorted[count * 99 / 100];
    free(sorted);
}

static double
mallocs_per_frame(const struct demo *demo, int i)
{
    int frames = demo->options.frames;
    return (double)demo->mallocs[i] / (frames - frames / 10);
}

static void
print_text(const struct demo *demo)
{
    double raw = 0;
    printf("1,000 circles in a bowl, %d frames; CPU time per frame\n\n"
           "  %-24s %10s %10s %10s %16s\n",
           demo->options.frames, "", "p50 us", "p99 us", "over raw",
           "mallocs/frame");
    for (int i = 0; i < SHOWN; i++) {
        double p50, p99;
        summarize(demo, i, &p50, &p99);
        raw = i == 0 ? p50 : raw;
        printf("  %-24s %10.0f %10.0f %9.1f%% %16.1f\n", mode_names[shown[i]],
               p50, p99, (p50 / raw - 1) * 100, mallocs_per_frame(demo, i));
    }
    printf("\nevents: %llu begin, %llu end, %llu contacts that went on\n",
           (unsigned long long)demo->begins, (unsigned long long)demo->ends,
           (unsigned long long)demo->persists);
    printf("Frame memory does not make the solver faster: raw is what it "
           "takes.\n");
}

static void
print_json(const struct demo *demo)
{
    printf("{\"frames\": %d, \"bodies\": 1000, \"rows\": [",
           demo->options.frames);
    for (int i = 0; i < SHOWN; i++) {
        double p50, p99;
        summarize(demo, i, &p50, &p99);
        printf("%s\n  {\"name\": \"%s\", \"p50_us\": %.2f, \"p99_us\": %.2f, "
               "\"mallocs_per_frame\": %.3f}",
               i == 0 ? "" : ",", mode_names[shown[i]], p50, p99,
               mallocs_per_frame(demo, i));
    }
    printf("],\n \"events\": {\"begin\": %llu, \"end\": %llu, \"persist\": "
           "%llu}}\n",
           (unsigned long long)demo->begins, (unsigned long long)demo->ends,
           (unsigned long long)demo->persists);
}

static int
write_svg(struct demo *demo)
{
    const char *names[SHOWN];
    const float *times[SHOWN];
    for (int i = 0; i < SHOWN; i++) {
        names[i] = mode_names[shown[i]];
        times[i] = demo->time[i];
    }
    FILE *file = fopen(demo->options.svg, "w");
    if (file == NULL) {
        fprintf(stderr, "framealloc physics-demo: %s: %s\n", demo->options.svg,
                strerror(errno));
        return EXIT_FAILURE;
    }
    bool is_good = picture_svg(file, &demo->subject[SHOWN - 1], names, times,
                               SHOWN, demo->options.frames);
    if (fclose(file) != 0 || !is_good) {
        fprintf(stderr, "framealloc physics-demo: %s: not written\n",
                demo->options.svg);
        return EXIT_FAILURE;
    }
    if (!demo->options.json)
        printf("The scene and the times are drawn in %s.\n", demo->options.svg);
    return EXIT_SUCCESS;
}

int
main(int argc, char **argv)
{
    static struct demo demo;
    int status = parse(argc, argv, &demo.options);
    if (status != 0)
        return status < 0 ? EXIT_SUCCESS : status;
    open_all(&demo);
    for (int i = 0; i < demo.options.frames; i++)
        run_frame(&demo, i);
    demo.options.json ? print_json(&demo) : print_text(&demo);
    if (demo.options.svg != NULL)
        status = write_svg(&demo);
    for (int i = 0; i < SHOWN; i++) {
        subject_close(&demo.subject[i]);
        free(demo.time[i]);
    }
    return fflush(stdout) != 0 ? EXIT_FAILURE : status;
}
