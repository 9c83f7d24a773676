/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a library costs a program that does nothing with it. See startup.sh.
 *
 *     startup                 is such a program
 *     startup rss             prints its resident memory, in KiB
 *     startup PLAIN LINKED    prints how much longer LINKED takes to start
 *                             and end than PLAIN: medians, in us
 */
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>

#define ROUNDS 201

extern char **environ;

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static int
print_rss(void)
{
    char line[256];
    long kib;
    FILE *status = fopen("/proc/self/status", "r");

    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        if (sscanf(line, "VmHWM: %ld", &kib) == 1)
            return printf("%ld\n", kib) < 0;
    return 1;
}

static double
now_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double
start_us(char *program)
{
    char *argv[] = {program, NULL};
    double begin = now_us();
    pid_t child;
    int status;

    if (posix_spawn(&child, program, NULL, NULL, argv, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        exit(1);
    return now_us() - begin;
}

int
main(int argc, char **argv)
{
    static double plain[ROUNDS], linked[ROUNDS];

    if (argc == 2)
        return print_rss();
    if (argc != 3)
        return 0;
    for (int i = 0; i < ROUNDS; i++) {
        plain[i] = start_us(argv[1]);
        linked[i] = start_us(argv[2]);
    }
    qsort(plain, ROUNDS, sizeof(plain[0]), compare);
    qsort(linked, ROUNDS, sizeof(linked[0]), compare);
    printf("%.0f\n", linked[ROUNDS / 2] - plain[ROUNDS / 2]);
    return 0;
}
