/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the stress tests share: checks, sizes, random numbers, figures of the
 * process, and children that must end in time.
 *
 * FA_TEST_SCALE divides the sizes: 1 is the full size, and the default.
 */
#ifndef FA_TESTS_STRESS_H
#define FA_TESTS_STRESS_H

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef HAVE_CONFIG_H
#    include "config.h"
#endif
#ifdef HAVE_VALGRIND
#    include <valgrind/valgrind.h>
#endif

#define STRESS_COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A promise of the library that must hold; the message says which. */
#define CHECK(is_kept, ...)                                           \
    do {                                                              \
        if (!(is_kept)) {                                             \
            fprintf(stderr, "%s:%d: not kept: ", __FILE__, __LINE__); \
            fprintf(stderr, __VA_ARGS__);                             \
            fputc('\n', stderr);                                      \
            fflush(NULL);                                             \
            _Exit(EXIT_FAILURE);                                      \
        }                                                             \
    } while (0)

#if defined(__SANITIZE_THREAD__)
#    define STRESS_TSAN 1
#elif defined(__SANITIZE_ADDRESS__)
#    define STRESS_ASAN 1
#elif defined(__has_feature)
#    if __has_feature(thread_sanitizer)
#        define STRESS_TSAN 1
#    elif __has_feature(address_sanitizer)
#        define STRESS_ASAN 1
#    endif
#endif

static inline bool
stress_is_tsan(void)
{
#ifdef STRESS_TSAN
    return true;
#else
    return false;
#endif
}

static inline bool
stress_is_asan(void)
{
#ifdef STRESS_ASAN
    return true;
#else
    return false;
#endif
}

static inline bool
stress_is_valgrind(void)
{
#ifdef HAVE_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

/* A checker has memory and system calls of its own. */
static inline bool
stress_is_checked(void)
{
    return stress_is_tsan() || stress_is_asan() || stress_is_valgrind();
}

/* The full size divided by FA_TEST_SCALE, but not below least. */
static inline uint64_t
stress_size(uint64_t full, uint64_t least)
{
    const char *text = getenv("FA_TEST_SCALE");
    uint64_t scale = text == NULL ? 1 : strtoull(text, NULL, 10);
    uint64_t size = full / (scale == 0 ? 1 : scale);
    return size < least ? least : size;
}

/* xorshift64* (Vigna, 2014); the state is not 0. */
static inline uint64_t
stress_random(uint64_t *state)
{
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

static inline double
stress_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Resident pages, without memory of our own; 0 without /proc. */
static inline uint64_t
stress_rss_pages(void)
{
    unsigned long long size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL)
        return 0;
    if (fscanf(file, "%llu %llu", &size, &resident) != 2)
        resident = 0;
    fclose(file);
    return resident;
}

/* Lines of /proc/self/maps that contain the word, or all for NULL. */
static inline unsigned
stress_mappings(const char *word)
{
    char line[512];
    unsigned count = 0;
    FILE *file = fopen("/proc/self/maps", "r");
    if (file == NULL)
        return 0;
    while (fgets(line, sizeof(line), file) != NULL)
        count += word == NULL || strstr(line, word) != NULL;
    fclose(file);
    return count;
}

/* Waits for a child; kills it when it takes longer. The status of waitpid(),
 * or -1 when it hung. */
static inline int
stress_wait(pid_t child, double seconds)
{
    const double end = stress_seconds() + seconds;
    const struct timespec pause = {0, 200 * 1000};
    int status;
    for (;;) {
        pid_t done = waitpid(child, &status, WNOHANG);
        if (done == child)
            return status;
        if (done < 0 && errno != EINTR)
            return -1;
        if (stress_seconds() > end)
            break;
        nanosleep(&pause, NULL);
    }
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return -1;
}

/* Runs fn in a child and wants it to exit with 0. */
static inline void
stress_in_child(void (*fn)(void), const char *name, double seconds)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0, "%s: fork", name);
    if (child == 0) {
        fn();
        fflush(NULL);
        _Exit(EXIT_SUCCESS);
    }
    int status = stress_wait(child, seconds);
    CHECK(status != -1, "%s: ends within %.0f s", name, seconds);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: %s %d", name,
          WIFSIGNALED(status) ? "signal" : "exit",
          WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    printf("%s: ok\n", name);
}

#endif
