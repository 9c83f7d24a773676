/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Model test of the core: random operations against a naive oracle.
 *
 * 64 fixed seeds and a random one, each in a child, because a failure ends the
 * process. When a seed fails, beginnings of it are replayed, and the shortest
 * one that fails is told with its last operations. FA_TEST_SEED runs one seed.
 */
#include "model.h"

#include "os/pages.h"

#include <sys/mman.h>

#define SEEDS     64
#define LOG_LINES 12

static char log_lines[LOG_LINES][96];
static uint64_t log_count;

void
model_log(const char *name, size_t a, size_t b)
{
    snprintf(log_lines[log_count++ % LOG_LINES], sizeof(log_lines[0]),
             "operation %llu: %s %zu %zu, used %zu",
             (unsigned long long)model.operation, name, a, b,
             fa_frame_used(model.frame));
}

void
model_fail(const char *promise)
{
    fprintf(stderr, "model_core: not kept: %s\n", promise);
    for (uint64_t i = 0; i < LOG_LINES; i++) {
        const char *line = log_lines[(log_count + i) % LOG_LINES];
        if (line[0] != '\0')
            fprintf(stderr, "  %s\n", line);
    }
    _Exit(EXIT_FAILURE);
}

/* Each seed has an allocator of its own kind. */
static fa_allocator_config
config_of_seed(uint64_t seed)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.frame_lag = (uint32_t)(seed % (MODEL_LAG + 1));
    config.guard = seed % 8 == 7   ? (fa_guard)(1 + seed / 8 % 3)
                   : seed % 8 == 6 ? FA_GUARD_CHECK
                                   : FA_GUARD_OFF;
    if (seed % 2 == 1)
        config.frame_reserve = (size_t)64 << 10;
    if (seed % 4 == 2)
        config.window = 4096;
    if (seed % 4 == 3)
        config.cache_limit = (size_t)64 << 10;
    config.trim_frames = seed % 3 == 0 ? 4 : 0;
    config.counts = seed % 16 == 5;
    return config;
}

static void
run_seed(uint64_t seed, uint64_t operations)
{
    uint64_t before = fai_pages_mapped();
    fa_allocator_config config = config_of_seed(seed);
    model.random = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    model.has_budget = seed % 4 == 1;
    model_begin(&config);
    while (model.operation < operations)
        model_step();
    model_end();
    /* What the library keeps for the thread is all that is left. */
    MODEL_CHECK(fai_pages_mapped() - before <= 16384, "all is unmapped");
    _Exit(EXIT_SUCCESS);
}

static bool
passes(uint64_t seed, uint64_t operations, bool is_silent)
{
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0, "fork");
    if (child == 0) {
        if (is_silent && freopen("/dev/null", "w", stderr) == NULL)
            _Exit(EXIT_FAILURE);
        run_seed(seed, operations);
    }
    int status = stress_wait(child, 600);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The shortest beginning that fails, told at length. */
static void
shrink(uint64_t seed, uint64_t operations)
{
    uint64_t good = 0, bad = operations;
    while (good + 1 < bad) {
        uint64_t middle = good + (bad - good) / 2;
        if (passes(seed, middle, true))
            good = middle;
        else
            bad = middle;
    }
    fprintf(stderr,
            "model_core: FA_TEST_SEED=%llu fails within %llu operations:\n",
            (unsigned long long)seed, (unsigned long long)bad);
    passes(seed, bad, false);
}

static uint64_t
random_seed(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    uint64_t seed = (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 20;
    return stress_random(&seed) >> 16;
}

static bool
try_seed(uint64_t seed, uint64_t operations)
{
    if (passes(seed, operations, true))
        return true;
    shrink(seed, operations);
    return false;
}

int
main(void)
{
    uint64_t operations = stress_size(100000, 500);
    const char *given = getenv("FA_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 10) : random_seed();
    unsigned failed = 0;
    if (given == NULL)
        for (uint64_t i = 0; i < SEEDS; i++)
            failed += !try_seed(i, operations);
    printf("FA_TEST_SEED=%llu\n", (unsigned long long)seed);
    failed += !try_seed(seed, operations);
    printf("model_core: %u seeds of %llu operations, %u failed\n",
           given == NULL ? SEEDS + 1 : 1, (unsigned long long)operations,
           failed);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
