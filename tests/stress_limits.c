/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Little memory, few mappings, no /proc, many allocators in one thread, and
 * signals.
 *
 * Each case runs in a child, because limits of a process cannot be raised
 * again and a handler stays.
 */
#include "stress.h"

#include "os/pages.h"

#include <framealloc/framealloc.h>

#include <sched.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/time.h>

static void
count_message(void *user, const fa_diag *diag)
{
    (void)diag;
    ++*(unsigned *)user;
}

static unsigned messages;

static fa_allocator_config
quiet_config(void)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    config.diag = count_message;
    config.diag_user = &messages;
    return config;
}

/* NULL is allowed, but must be explained. */
static unsigned
take(fa_ctx *ctx, void *block, size_t size)
{
    if (block == NULL) {
        fa_status status = fa_ctx_status(ctx);
        CHECK(status == FA_ERR_NOMEM || status == FA_ERR_BUDGET, "NULL says %s",
              fa_status_name(status));
        return 0;
    }
    memset(block, 1, size);
    return 1;
}

/* --- RLIMIT_AS --- */

/* As much of everything as there is. */
static unsigned
use_up(fa_allocator *allocator)
{
    static void *blocks[4000];
    unsigned served = 0, count = 0;
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_frame *frame = fa_begin_frame(allocator);
    for (unsigned i = 0; i < 4000; i++) {
        size_t size = (size_t)1 << (4 + i % 17);
        served += take(ctx, fa_frame_alloc(frame, size, 16), size);
        blocks[count] = fa_heap_alloc(ctx, size, 16);
        count += take(ctx, blocks[count], size);
    }
    served += count;
    while (count > 0)
        fa_free(ctx, blocks[--count]);
    fa_end_frame(allocator);
    return served;
}

static void
limit_address_space(size_t more)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    CHECK(file != NULL && fscanf(file, "%llu", &pages) == 1, "statm");
    fclose(file);
    struct rlimit limit;
    limit.rlim_cur = limit.rlim_max = (rlim_t)pages * 4096 + more;
    CHECK(setrlimit(RLIMIT_AS, &limit) == 0, "setrlimit");
}

/* From nearly nothing to what is enough for small arenas. */
static void
address_space_is_short(void)
{
    static const size_t rooms[] = {0,        64 << 10, 1 << 20,  4 << 20,
                                   16 << 20, 48 << 20, 100 << 20};
    for (size_t i = 0; i < STRESS_COUNT(rooms); i++) {
        pid_t child = fork();
        if (child == 0) {
            fa_allocator_config config = quiet_config();
            fa_allocator *allocator;
            limit_address_space(rooms[i]);
            fa_status status = fa_allocator_create(&config, &allocator);
            if (status == FA_ERR_NOMEM)
                _Exit(i < 2 ? 0 : 2); /* 1 MiB is enough to begin. */
            CHECK(status == FA_OK, "status %s", fa_status_name(status));
            unsigned served = use_up(allocator) + use_up(allocator);
            CHECK(served > 0 || i < 4, "a part of it is served");
            fa_allocator_destroy(allocator);
            _Exit(0);
        }
        int status = stress_wait(child, 120);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "status %#x with %zu bytes", (unsigned)status, rooms[i]);
    }
}

/* --- max_map_count --- */

static long
read_number(const char *path)
{
    long number = -1;
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%ld", &number) != 1)
        number = -1;
    if (file != NULL)
        fclose(file);
    return number;
}

/* Every other page of a range is another mapping. All that the kernel allows
 * are made, but for the given number. */
static void
use_up_mappings(long most, long left)
{
    size_t size = (size_t)most * 4096;
    char *range = mmap(NULL, size, PROT_NONE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    CHECK(range != MAP_FAILED, "mmap");
    size_t end = 0;
    for (; end + 8192 < size; end += 8192)
        if (mprotect(range + end, 4096, PROT_READ) != 0)
            break;
    CHECK(errno == ENOMEM, "mappings are used up");
    /* Two per page that is made like its neighbours again. */
    for (; left > 0 && end > 0; left -= 2) {
        end -= 8192;
        CHECK(mprotect(range + end, 4096, PROT_NONE) == 0, "mprotect");
    }
}

/* From none on; an allocator that exists goes on, whatever fails. */
static void
mappings_are_few(void)
{
    static const long rooms[] = {0, 2, 4, 8, 16, 32, 64, 128, 512};
    long most = read_number("/proc/sys/vm/max_map_count");
    if (most < 1000 || most > 262144) {
        printf("  max_map_count: skipped, it is %ld\n", most);
        return;
    }
    for (size_t i = 0; i < STRESS_COUNT(rooms); i++) {
        pid_t child = fork();
        if (child == 0) {
            fa_allocator_config config = quiet_config();
            fa_allocator *first, *second;
            CHECK(fa_allocator_create(&config, &first) == FA_OK, "create");
            fa_free(fa_ctx_current(first),
                    fa_heap_alloc(fa_ctx_current(first), 100, 16));
            use_up_mappings(most, rooms[i]);
            use_up(first);
            CHECK(i > 0 || fai_pages_refused() > 0, "the kernel refuses");
            fa_status status = fa_allocator_create(&config, &second);
            CHECK(status == FA_OK || status == FA_ERR_NOMEM, "status %s",
                  fa_status_name(status));
            CHECK(status == FA_OK || i < 6, "64 mappings are enough to begin");
            if (status == FA_OK) {
                use_up(second);
                fa_allocator_destroy(second);
            }
            fa_allocator_trim(first);
            use_up(first);
            fa_allocator_destroy(first);
            _Exit(0);
        }
        int status = stress_wait(child, 120);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0,
              "status %#x with %ld mappings", (unsigned)status, rooms[i]);
    }
}

/* --- strict accounting of memory --- */

/* The setting is the machine's, so a test does not change it. */
static void
overcommit_is_off(void)
{
    long mode = read_number("/proc/sys/vm/overcommit_memory");
    if (mode != 2) {
        printf("  overcommit_memory: skipped, it is %ld and not 2\n", mode);
        return;
    }
    fa_allocator_config config = quiet_config();
    fa_allocator *allocator;
    CHECK(fa_allocator_create(&config, &allocator) == FA_OK, "create");
    CHECK(use_up(allocator) > 0, "a part of it is served");
    fa_allocator_destroy(allocator);
}

/* --- memory_limit --- */

static void
memory_limit_is_not_passed(void)
{
    for (uint64_t limit = 1 << 20; limit <= 64 << 20; limit *= 4) {
        fa_allocator_config config = quiet_config();
        fa_allocator *allocator;
        fa_stats stats = FA_STATS_INIT;
        config.memory_limit = limit;
        CHECK(fa_allocator_create(&config, &allocator) == FA_OK, "create");
        messages = 0;
        unsigned served = use_up(allocator);
        CHECK(served > 0 && served < 8000, "a part of it is served");
        CHECK(messages > 0, "and it is told");
        CHECK(use_up(allocator) > 0, "the next frame is served, too");
        fa_stats_read(allocator, &stats);
        CHECK(stats.held_peak <= limit, "%llu bytes of %llu were held",
              (unsigned long long)stats.held_peak, (unsigned long long)limit);
        CHECK(stats.budget_refusals > 0, "refusals are counted");
        fa_allocator_destroy(allocator);
    }
}

/* --- without /proc --- */

static void
proc_is_not_needed(void)
{
    fa_allocator_config config = quiet_config();
    fa_allocator *allocator;
    char empty[] = "/tmp/framealloc-XXXXXX";
    if (mkdtemp(empty) == NULL || chroot(empty) != 0) {
        rmdir(empty);
        printf("  only root may chroot()\n");
        return;
    }
    CHECK(access("/proc", F_OK) != 0, "there is no /proc");
    config.prefault = 1 << 20;
    config.report = true;
    CHECK(fa_allocator_create(&config, &allocator) == FA_OK, "create");
    CHECK(use_up(allocator) == 8000, "all is served");
    fa_allocator_trim(allocator);
    fa_allocator_destroy(allocator);
}

static void
remove_empty_folders(void)
{
    if (system("rmdir /tmp/framealloc-?????? 2>/dev/null") == -1)
        printf("  no shell\n");
}

/* --- many allocators in one thread --- */

#define MOST 1000

static void
check_isolation(fa_allocator **allocators, unsigned count)
{
    static char *kept[MOST], *text[MOST];
    for (unsigned i = 0; i < count; i++)
        fa_begin_frame(allocators[i]);
    for (unsigned i = 0; i < count; i++) {
        fa_ctx *ctx = fa_ctx_current(allocators[i]);
        text[i] = fa_frame_printf(fa_ctx_frame(ctx), "frame of %u", i);
        kept[i] = fa_heap_alloc(ctx, 40, 16);
        CHECK(text[i] != NULL && kept[i] != NULL, "memory of %u", i);
        snprintf(kept[i], 40, "block of %u", i);
    }
    /* The end of one says nothing about the others. */
    for (unsigned i = 0; i < count; i++) {
        char expected[40];
        fa_ctx *ctx = fa_ctx_current(allocators[i]);
        snprintf(expected, sizeof(expected), "frame of %u", i);
        CHECK(strcmp(text[i], expected) == 0, "frame of %u", i);
        snprintf(expected, sizeof(expected), "block of %u", i);
        CHECK(strcmp(kept[i], expected) == 0, "block of %u", i);
        fa_end_frame(allocators[i]);
        CHECK(fa_frame_number(allocators[i]) == 1, "numbers are their own");
        messages = 0;
        fa_free(fa_ctx_current(allocators[(i + 1) % count]), kept[i]);
        CHECK(messages == 1, "a block of another allocator is refused");
        fa_free(ctx, kept[i]);
        CHECK(messages == 1, "its own one is taken");
    }
}

static void
allocators_are_isolated(void)
{
    static fa_allocator *allocators[MOST];
    unsigned most = (unsigned)stress_size(MOST, 100);
    uint64_t before = 0;
    for (unsigned count = 2; count <= most;
         count = count < most && count * 5 > most ? most : count * 5) {
        for (unsigned i = 0; i < count; i++) {
            fa_allocator_config config = quiet_config();
            CHECK(fa_allocator_create(&config, &allocators[i]) == FA_OK,
                  "allocator %u", i);
        }
        check_isolation(allocators, count);
        /* Not in the order in which they were made. */
        for (unsigned i = 0; i < count; i++)
            fa_allocator_destroy(allocators[(i * 7 + 3) % count]);
        if (before == 0)
            before = fai_pages_mapped();
        CHECK(fai_pages_mapped() == before, "all is unmapped");
    }
}

/* --- signals --- */

static fa_allocator *main_allocator;
static fa_ctx *signal_frames; /* Of the same allocator. */
static fa_allocator *signal_allocator;
static fa_ctx *signal_ctx;
static volatile sig_atomic_t signals;

/* Frames of another context take no lock; pools and heap may, so these come
 * from another allocator. */
static void
on_signal(int number)
{
    int saved = errno;
    (void)number;
    fa_frame *frame = fa_ctx_begin_frame(signal_frames);
    char *text = fa_frame_alloc(frame, 500, 16);
    char *block = fa_heap_alloc(signal_ctx, 700, 16);
    if (text == NULL || block == NULL)
        _Exit(9);
    memset(text, 2, 500);
    memset(block, 3, 700);
    fa_free(signal_ctx, block);
    fa_ctx_end_frame(signal_frames);
    signals++;
    errno = saved;
}

static void
make_signal_contexts(void)
{
    fa_allocator_config config = quiet_config();
    fa_ctx_config own = FA_CTX_CONFIG_INIT;
    own.own_frames = true;
    /* A trim may take the lock of the spans. */
    config.trim_frames = UINT32_MAX;
    CHECK(fa_allocator_create(&config, &main_allocator) == FA_OK &&
              fa_allocator_create(&config, &signal_allocator) == FA_OK,
          "allocators");
    CHECK(fa_ctx_create(main_allocator, &own, &signal_frames) == FA_OK &&
              fa_ctx_create(signal_allocator, NULL, &signal_ctx) == FA_OK,
          "contexts");
}

static void
handlers_may_use_another_context(void)
{
    const struct itimerval often = {{0, 100}, {0, 100}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    double end = stress_seconds() + (double)stress_size(3000, 200) / 1000;
    fa_stats stats = FA_STATS_INIT;
    make_signal_contexts();
    on_signal(0); /* The first use maps. */
    signal(SIGALRM, on_signal);
    setitimer(ITIMER_REAL, &often, NULL);
    for (uint64_t random = 1; stress_seconds() < end;) {
        fa_ctx *ctx = fa_ctx_current(main_allocator);
        fa_frame *frame = fa_begin_frame(main_allocator);
        for (unsigned i = 0; i < 50; i++) {
            size_t size = 1 + stress_random(&random) % 2000;
            char *block = fa_frame_alloc(frame, size, 16);
            char *small = fa_heap_alloc(ctx, size, 16);
            char *large = fa_heap_alloc(ctx, size * 20, 16);
            CHECK(block != NULL && small != NULL && large != NULL, "blocks");
            memset(block, 1, size);
            memset(small, 1, size);
            CHECK(block[size - 1] == 1 && small[0] == 1, "contents");
            fa_free(ctx, small);
            fa_free(ctx, large);
        }
        fa_end_frame(main_allocator);
    }
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(fa_stats_read(main_allocator, &stats) == FA_OK, "stats");
    printf("  %d signals in %llu frames\n", (int)signals,
           (unsigned long long)stats.frame_number);
    CHECK(signals > 10, "signals came");
    CHECK(messages == 0, "no misuse is reported");
    fa_ctx_destroy(signal_frames);
    fa_ctx_destroy(signal_ctx);
    fa_allocator_destroy(main_allocator);
    fa_allocator_destroy(signal_allocator);
}

int
main(void)
{
    if (!stress_is_checked())
        stress_in_child(address_space_is_short, "short address space", 300);
    if (!stress_is_checked())
        stress_in_child(mappings_are_few, "few mappings", 300);
    stress_in_child(overcommit_is_off, "overcommit_memory", 60);
    stress_in_child(memory_limit_is_not_passed, "memory_limit", 300);
    stress_in_child(proc_is_not_needed, "no /proc", 60);
    remove_empty_folders();
    stress_in_child(allocators_are_isolated, "many allocators", 300);
    if (!stress_is_tsan())
        stress_in_child(handlers_may_use_another_context, "signals", 120);
    return EXIT_SUCCESS;
}
