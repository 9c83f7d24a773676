/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Time, cores, quantiles and the few other things that every benchmark program
 * needs from the system.
 */
#include "bench.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int measured_core = -1; /* -1: the last allowed one */

uint64_t
bench_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Taken once, before this thread is pinned. */
static const cpu_set_t *
allowed_cores(void)
{
    static cpu_set_t allowed;
    static bool is_known;

    if (!is_known && sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        CPU_ZERO(&allowed);
    is_known = true;
    return &allowed;
}

static int
last_allowed_core(int except)
{
    for (int core = CPU_SETSIZE - 1; core >= 0; core--)
        if (core != except && CPU_ISSET(core, allowed_cores()))
            return core;
    return -1;
}

void
bench_set_core(int core)
{
    measured_core = core;
}

int
bench_core(void)
{
    return measured_core >= 0 ? measured_core : last_allowed_core(-1);
}

int
bench_other_core(void)
{
    return last_allowed_core(bench_core());
}

void
bench_pin(int core)
{
    cpu_set_t one;

    if (core < 0)
        return;
    CPU_ZERO(&one);
    CPU_SET(core, &one);
    if (sched_setaffinity(0, sizeof one, &one) != 0)
        perror("bench: cannot pin this thread to a core");
}

static int
compare_doubles(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;

    return (a > b) - (a < b);
}

double
bench_quantile(double *sorted, size_t count, double q)
{
    double position = q * (double)(count - 1);
    size_t below = (size_t)position;
    size_t above = below + 1 < count ? below + 1 : below;
    double part = position - (double)below;

    return sorted[below] * (1 - part) + sorted[above] * part;
}

double
bench_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return bench_quantile(values, count, 0.5);
}

void
bench_die(const char *what)
{
    fprintf(stderr, "bench: %s\n", what);
    exit(EXIT_FAILURE);
}

/*
 * The counters in statm are kept per core and only roughly right; smaps_rollup
 * walks the page tables.
 */
uint64_t
bench_memory(const char *field)
{
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    size_t length = strlen(field);
    uint64_t kib = 0;
    char line[256];

    if (file == NULL)
        return 0;
    while (fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, field, length) == 0 && line[length] == ':')
            kib = strtoull(line + length + 1, NULL, 10);
    fclose(file);
    return kib * 1024;
}
