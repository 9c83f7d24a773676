/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the unit tests share.
 *
 * Nothing here knows the library's insides; figures come from its public
 * functions and from the kernel.
 */
#include "support.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_CONFIG_H
#    include "config.h"
#endif
#ifdef HAVE_VALGRIND
#    include <valgrind/valgrind.h>
#endif

void __asan_poison_memory_region(void const volatile *p, size_t size)
    __attribute__((__weak__));
void __tsan_acquire(void *p) __attribute__((__weak__));

/* --- messages --- */

void
test_log_take(void *user, const fa_diag *diag)
{
    struct test_log *log = user;
    unsigned i = __atomic_fetch_add(&log->count, 1, __ATOMIC_RELAXED);
    if (i >= TEST_LOG_MAX)
        return;
    log->entry[i].number = diag->number;
    log->entry[i].severity = diag->severity;
    log->entry[i].address = diag->address;
    log->entry[i].frame = diag->frame;
    snprintf(log->entry[i].detail, sizeof(log->entry[i].detail), "%s",
             diag->detail);
}

unsigned
test_log_count(const struct test_log *log, uint32_t number)
{
    unsigned count = 0;
    for (unsigned i = 0; i < log->count && i < TEST_LOG_MAX; i++)
        count += log->entry[i].number == number;
    return count;
}

/* --- allocators --- */

void
test_prepare(struct test_world *world)
{
    *world = (struct test_world){
        .config = FA_ALLOCATOR_CONFIG_INIT,
    };
    world->config.guard = FA_GUARD_OFF;
    world->config.on_misuse = FA_ON_MISUSE_REPORT;
    world->config.diag = test_log_take;
    world->config.diag_user = &world->log;
}

void
test_open(struct test_world *world)
{
    ck_assert_int_eq(fa_allocator_create(&world->config, &world->allocator),
                     FA_OK);
    world->ctx = fa_ctx_current(world->allocator);
    ck_assert_uint_ne(fa_ctx_id(world->ctx), 0);
}

void
test_open_guard(struct test_world *world, fa_guard guard)
{
    test_prepare(world);
    world->config.guard = guard;
    test_open(world);
}

void
test_begin(struct test_world *world)
{
    world->frame = fa_begin_frame(world->allocator);
}

void
test_end(struct test_world *world)
{
    fa_end_frame(world->allocator);
}

void
test_close(struct test_world *world)
{
    fa_allocator_destroy(world->allocator);
    world->allocator = NULL;
}

fa_stats
test_stats(fa_allocator *allocator)
{
    fa_stats stats = FA_STATS_INIT;
    ck_assert_int_eq(fa_stats_read(allocator, &stats), FA_OK);
    return stats;
}

fa_usage
test_tag_usage(fa_allocator *allocator, fa_tag tag)
{
    fa_usage usage = FA_USAGE_INIT;
    ck_assert_int_eq(fa_tag_usage_read(allocator, tag, &usage), FA_OK);
    return usage;
}

fa_usage
test_ctx_usage(fa_ctx *ctx)
{
    fa_usage usage = FA_USAGE_INIT;
    ck_assert_int_eq(fa_ctx_usage_read(ctx, &usage), FA_OK);
    return usage;
}

void
test_limit(fa_allocator *allocator, fa_budget_scope scope, uint64_t id,
           uint64_t hard_bytes)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = hard_bytes;
    ck_assert_int_eq(fa_budget_set(allocator, scope, id, &budget), FA_OK);
}

/* --- contents --- */

static unsigned char
byte_at(size_t i, unsigned seed)
{
    return (unsigned char)((i * 131 + seed * 2654435761u) >> 3);
}

void
test_fill(void *block, size_t size, unsigned seed)
{
    unsigned char *p = block;
    for (size_t i = 0; i < size; i++)
        p[i] = byte_at(i, seed);
}

bool
test_is_filled(const void *block, size_t size, unsigned seed)
{
    const unsigned char *p = block;
    for (size_t i = 0; i < size; i++)
        if (p[i] != byte_at(i, seed))
            return false;
    return true;
}

bool
test_is_byte(const void *block, size_t size, unsigned char byte)
{
    const unsigned char *p = block;
    for (size_t i = 0; i < size; i++)
        if (p[i] != byte)
            return false;
    return true;
}

size_t
test_size(size_t size)
{
    return size;
}

void
test_write(void *at, size_t size)
{
    volatile char *p = at;
    for (size_t i = 0; i < size; i++)
        p[i] = 0x33;
}

/* --- how the tests run --- */

/* Before a test case is made: a busy machine is no failure. */
FA_ATTR((__constructor__))
static void
set_timeout(void)
{
    setenv("CK_DEFAULT_TIMEOUT", "120", 0);
}

size_t
test_scaled(size_t full)
{
    const char *text = getenv("FA_TEST_SCALE");
    size_t scale = text == NULL ? 1 : strtoul(text, NULL, 10);
    size_t size = full / (scale == 0 ? 1 : scale);
    return size == 0 ? 1 : size;
}

static bool
is_on_valgrind(void)
{
#ifdef HAVE_VALGRIND
    return RUNNING_ON_VALGRIND != 0;
#else
    return false;
#endif
}

bool
test_is_watched(void)
{
    return __asan_poison_memory_region != NULL || is_on_valgrind();
}

bool
test_is_emulated(void)
{
    return getenv("FA_TEST_EMULATED") != NULL;
}

bool
test_is_instrumented(void)
{
    return test_is_watched() || __tsan_acquire != NULL || test_is_emulated();
}

bool
test_is_forking(void)
{
    const char *text = getenv("CK_FORK");
    return text == NULL || strcmp(text, "no") != 0;
}

/* --- the kernel --- */

size_t
test_resident_pages(const void *begin, size_t size)
{
    unsigned char vector[1024];
    uintptr_t at = (uintptr_t)begin & ~(uintptr_t)(PAGE - 1);
    size_t pages = ((uintptr_t)begin + size - at + PAGE - 1) / PAGE;
    size_t resident = 0;
    while (pages > 0) {
        size_t n = pages < sizeof(vector) ? pages : sizeof(vector);
        ck_assert_int_eq(mincore((void *)at, n * PAGE, vector), 0);
        for (size_t i = 0; i < n; i++)
            resident += vector[i] & 1;
        at += n * PAGE;
        pages -= n;
    }
    return resident;
}

/* The line of smaps with this field, of the mapping of the address. */
static bool
find_smaps_line(const void *address, const char *field, char *line, size_t size)
{
    unsigned long at = (unsigned long)(uintptr_t)address;
    bool is_here = false, is_found = false;
    FILE *file = fopen("/proc/self/smaps", "r");
    ck_assert_ptr_nonnull(file);
    while (!is_found && fgets(line, (int)size, file) != NULL) {
        unsigned long begin, end;
        char dash;
        if (sscanf(line, "%lx%c%lx ", &begin, &dash, &end) == 3 && dash == '-')
            is_here = at >= begin && at < end;
        else
            is_found = is_here && strncmp(line, field, strlen(field)) == 0;
    }
    fclose(file);
    return is_found;
}

long
test_smaps_kib(const void *address, const char *field)
{
    char line[512];
    ck_assert(find_smaps_line(address, field, line, sizeof(line)));
    return strtol(line + strlen(field) + 1, NULL, 10);
}

bool
test_smaps_flag(const void *address, const char *flag)
{
    char line[512], word[16];
    if (!find_smaps_line(address, "VmFlags", line, sizeof(line)))
        return false;
    line[strcspn(line, "\n")] = '\0';
    snprintf(word, sizeof(word), " %s", flag);
    const char *at = strstr(line, word);
    return at != NULL && (at[3] == ' ' || at[3] == '\0');
}

long
test_minor_faults(void)
{
    struct rusage usage;
    ck_assert_int_eq(getrusage(RUSAGE_THREAD, &usage), 0);
    return usage.ru_minflt;
}

/* --- children --- */

static void
become_child(int err, void (*fn)(void *), void *arg)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < COUNT(signals); i++)
        signal(signals[i], SIG_DFL);
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    dup2(err, STDERR_FILENO);
    fn(arg);
    fflush(NULL);
    _exit(0);
}

static void
read_all(int fd, char *text, size_t size)
{
    size_t length = 0;
    ssize_t n;
    while ((n = read(fd, text + length, size - 1 - length)) > 0)
        length += (size_t)n;
    text[length] = '\0';
}

void
test_run_child(struct test_child *child, void (*fn)(void *), void *arg)
{
    int ends[2];
    ck_assert_int_eq(pipe(ends), 0);
    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0)
        become_child(ends[1], fn, arg);
    close(ends[1]);
    read_all(ends[0], child->err, sizeof(child->err));
    close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &child->status, 0), pid);
}

int
test_child_exit(const struct test_child *child)
{
    return WIFEXITED(child->status) ? WEXITSTATUS(child->status) : -1;
}

int
test_child_signal(const struct test_child *child)
{
    return WIFSIGNALED(child->status) ? WTERMSIG(child->status) : 0;
}

unsigned
test_child_lines(const struct test_child *child, const char *text)
{
    unsigned count = 0;
    const char *line = child->err;
    while (*line != '\0') {
        size_t length = strcspn(line, "\n");
        const char *found = strstr(line, text);
        count += found != NULL && found < line + length;
        line += length + (line[length] == '\n');
    }
    return count;
}

void
test_run_thread(void *(*fn)(void *), void *arg)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, fn, arg), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

int
test_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
