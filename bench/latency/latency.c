/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The run: a cold first frame, steady frames between control loops, then a
 * frame that grows by a quarter, one that is four times as large, and the
 * frame after idle memory went back to the system. One subject per process,
 * so that peak memory and page faults are its own.
 */
#include "latency.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define WARM_FRAMES 200

static const double quantiles[] = {0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999};
#define QUANTILES (sizeof quantiles / sizeof quantiles[0])

struct run {
    const char *process;
    const struct latency_subject *subject;
    unsigned pass;
    double ns_per_tick;
    struct latency_hist ops;
    struct latency_hist control;
    struct latency_hist frame;
    struct latency_hist end;
};

static uint32_t sizes[LATENCY_SIZES + LATENCY_MAX];

/* Each power of two from 16 B to 64 KiB is as likely as the others. */
static void
make_sizes(void)
{
    uint32_t state = 0x9e3779b9u;

    for (size_t i = 0; i < LATENCY_SIZES; i++) {
        uint32_t exponent = 4 + bench_random(&state) % 12;
        uint32_t low = 1u << exponent;
        sizes[i] = low + bench_random(&state) % low;
    }
    memcpy(sizes + LATENCY_SIZES, sizes, LATENCY_MAX * sizeof *sizes);
}

static const uint32_t *
sizes_of_frame(unsigned frame)
{
    return sizes + (frame * 7919u) % LATENCY_SIZES;
}

/* The end of a bucket: a percentile is never made to look better. */
static uint64_t
bucket_end(size_t bucket)
{
    size_t shift = bucket >> HIST_SUB_BITS;

    if (shift == 0)
        return bucket;
    shift--;
    uint64_t mantissa = bucket - (shift << HIST_SUB_BITS);
    return ((mantissa + 1) << shift) - 1;
}

static uint64_t
hist_quantile(const struct latency_hist *hist, double q)
{
    uint64_t below = (uint64_t)(q * (double)hist->total);
    uint64_t seen = 0;

    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        seen += hist->buckets[i];
        if (seen > below)
            return bucket_end(i) < hist->max ? bucket_end(i) : hist->max;
    }
    return hist->max;
}

static void
print_hist(const struct run *run, const char *what,
           const struct latency_hist *hist)
{
    printf("%u\t%s\t%s\t%s", run->pass, run->process, run->subject->name, what);
    for (size_t i = 0; i < QUANTILES; i++)
        printf("\t%.0f",
               (double)hist_quantile(hist, quantiles[i]) * run->ns_per_tick);
    printf("\t%.0f\t%llu\n", (double)hist->max * run->ns_per_tick,
           (unsigned long long)hist->total);
}

/* One frame: its time in the column p50, its slowest operation in max. */
static void
print_frame(const struct run *run, const char *what,
            const struct latency_frame *frame)
{
    uint64_t total = frame->begin + frame->alloc + frame->end;

    printf("%u\t%s\t%s\t%s\t%.0f\t-\t-\t-\t-\t-\t%.0f\t1\n", run->pass,
           run->process, run->subject->name, what,
           (double)total * run->ns_per_tick,
           (double)frame->slowest * run->ns_per_tick);
}

static void
print_value(const struct run *run, const char *what, double value)
{
    printf("%u\t%s\t%s\t%s\t%.0f\t-\t-\t-\t-\t-\t-\t1\n", run->pass,
           run->process, run->subject->name, what, value);
}

static void
run_control(struct latency_hist *control)
{
    for (int i = 0; i < LATENCY_OBJECTS; i++) {
        uint64_t start = latency_begin();
        latency_record(control, latency_end() - start);
    }
}

static void
run_steady(struct run *run, unsigned frames)
{
    struct latency_frame frame;

    for (unsigned i = 0; i < WARM_FRAMES; i++)
        run->subject->frame(sizes_of_frame(i), LATENCY_OBJECTS, &frame, NULL);
    for (unsigned i = 0; i < frames; i++) {
        run_control(&run->control);
        run->subject->frame(sizes_of_frame(i), LATENCY_OBJECTS, &frame,
                            &run->ops);
        latency_record(&run->frame, frame.begin + frame.alloc + frame.end);
        latency_record(&run->end, frame.end);
    }
}

static void
run_event(struct run *run, const char *what, size_t count)
{
    struct latency_frame frame;

    run->subject->frame(sizes, count, &frame, NULL);
    print_frame(run, what, &frame);
    for (unsigned i = 0; i < WARM_FRAMES; i++)
        run->subject->frame(sizes_of_frame(i), LATENCY_OBJECTS, &frame, NULL);
}

static double
ticks_to_ns(void)
{
    uint64_t ns = bench_now_ns();
    uint64_t ticks = latency_begin();

    while (bench_now_ns() - ns < 50000000u)
        continue;
    return (double)(bench_now_ns() - ns) / (double)(latency_end() - ticks);
}

static long
faults(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt + usage.ru_majflt;
}

static void
run_subject(struct run *run, unsigned frames)
{
    run->subject->open();
    uint64_t rss = bench_memory("Rss");
    struct latency_frame first;

    run->subject->frame(sizes, LATENCY_OBJECTS, &first, NULL);
    print_frame(run, "first-frame", &first);
    long before = faults();
    run_steady(run, frames);
    print_value(run, "faults-per-1000-frames",
                (double)(faults() - before) * 1000 / (frames + WARM_FRAMES));
    print_value(run, "resident-bytes", (double)(bench_memory("Rss") - rss));
    print_hist(run, "control", &run->control);
    print_hist(run, "operation", &run->ops);
    print_hist(run, "frame", &run->frame);
    print_hist(run, "frame-end", &run->end);
    run_event(run, "growth-frame", LATENCY_OBJECTS * 5 / 4);
    run_event(run, "spike-frame", LATENCY_MAX);
    if (run->subject->trim != NULL) {
        run->subject->trim();
        run_event(run, "frame-after-trim", LATENCY_OBJECTS);
    }
}

static const struct latency_subject *
find_subject(const struct latency_subject *subjects, size_t count,
             const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (name == NULL || strcmp(subjects[i].name, name) == 0)
            return &subjects[i];
    bench_die("no such subject");
}

int
latency_main(const char *process, const struct latency_subject *subjects,
             size_t count, int argc, char **argv)
{
    static struct run run;
    const char *name = NULL;
    unsigned frames = 20000;
    int code;

    while ((code = getopt(argc, argv, "n:p:s:")) != -1) {
        if (code == 'n')
            frames = (unsigned)strtoul(optarg, NULL, 10);
        else if (code == 'p')
            run.pass = (unsigned)strtoul(optarg, NULL, 10);
        else if (code == 's')
            name = optarg;
        else
            bench_die("usage: [-n frames] [-p pass] [-s subject]");
    }
    run.process = process;
    run.subject = find_subject(subjects, count, name);
    bench_pin(bench_core());
    make_sizes();
    run.ns_per_tick = ticks_to_ns();
    bench_print_machine(stdout, process);
    puts("pass\tprocess\tsubject\twhat\tp50\tp90\tp99\tp99.9\tp99.99\tp99.999"
         "\tmax\tcount");
    run_subject(&run, frames > 0 ? frames : 1);
    return EXIT_SUCCESS;
}
