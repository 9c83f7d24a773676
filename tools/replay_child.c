/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The child: measures one replay of one row and writes the answer to a pipe.
 *
 *     framealloc internal-replay-child probe RESULT-FD
 *     framealloc internal-replay-child ROW RESULT-FD PLAN-FD
 *
 * Whatever the loop reads or writes is mapped and made resident first, and
 * not by malloc, so that the allocator under test is as a fresh process has
 * it. Then the high-water mark of resident memory is reset and the page
 * faults are counted from there.
 */
#include "replay.h"
#include "replay_loop.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#ifdef __GLIBC__
#    include <gnu/libc-version.h>
#    define LIBC_VERSION gnu_get_libc_version()
#else
#    define LIBC_VERSION "unknown"
#endif

struct measurement {
    const struct driver *driver;
    struct plan plan;
    void **blocks;
    struct frame_time *times;
    struct child_result result;
};

static const struct driver *const drivers[ROW_COUNT] = {
    &none_driver,   &malloc_driver,     &malloc_driver,
    &malloc_driver, &framealloc_driver, &frames_only_driver};

static bool
write_all(int fd, const void *bytes, size_t size)
{
    for (const char *p = bytes; size != 0;) {
        ssize_t written = write(fd, p, size);
        if (written <= 0)
            return false;
        p += written;
        size -= (size_t)written;
    }
    return true;
}

/* A value in KiB of /proc/self/status, as bytes; no malloc. */
static uint64_t
read_status_bytes(const char *key)
{
    char text[4096];
    int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t size = read(fd, text, sizeof text - 1);
    close(fd);
    if (size <= 0)
        return 0;
    text[size] = '\0';
    const char *line = strstr(text, key);
    return line == NULL ? 0 : strtoull(line + strlen(key), NULL, 10) * 1024;
}

/* Where this is not possible the mark stands at the top of the set-up, which
 * is what is resident now. */
static void
reset_peak_rss(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return;
    if (write(fd, "5", 1) != 1)
        (void)0;
    close(fd);
}

static uint64_t
now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static uint64_t
fault_count(void)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    return (uint64_t)usage.ru_minflt + (uint64_t)usage.ru_majflt;
}

static uint32_t
saturate(uint64_t ns)
{
    return ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static void *
map_resident(size_t size)
{
    void *bytes = mmap(NULL, size + 1, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);

    return bytes == MAP_FAILED ? NULL : bytes;
}

static enum step
step_of(enum trace_op op, enum intent_home home)
{
    static const uint8_t steps[][2] = {
        [HOME_ARENA] = {STEP_ARENA_ALLOC, STEP_ARENA_FREE},
        [HOME_ARENA_HINT] = {STEP_ARENA_ALLOC, STEP_ARENA_FREE},
        [HOME_POOL] = {STEP_POOL_ALLOC, STEP_POOL_FREE},
        [HOME_HEAP] = {STEP_HEAP_ALLOC, STEP_HEAP_FREE}};

    return (enum step)steps[home][op == TRACE_FREE];
}

/* Replaces ops by steps and rules by homes, those of the row. */
static void
translate_plan(struct plan *plan, enum intent_row row)
{
    uint32_t count = plan->head->event_count + plan->head->tail_count;

    for (struct plan_event *event = plan->events; event != plan->events + count;
         event++) {
        enum trace_op op = (enum trace_op)event->step;
        enum intent_home home = intent_home_of(event->rule, row);
        bool is_rare = op == TRACE_RESIZE ||
                       (op == TRACE_ALLOC && (event->align_log2 != 0 ||
                                              (event->flags & TRACE_ZEROED)));
        event->rule = (uint8_t)home;
        event->step = (uint8_t)(is_rare ? STEP_RARE : step_of(op, home));
    }
}

static bool
prepare(struct measurement *m, int plan_fd)
{
    if (!plan_open(&m->plan, plan_fd))
        return false;
    translate_plan(&m->plan, m->driver->intent_row);
    m->blocks = map_resident(m->plan.head->slot_count * sizeof *m->blocks);
    m->times = map_resident(m->plan.head->frame_count * sizeof *m->times);
    return m->blocks != NULL && m->times != NULL;
}

static bool
run_frames(struct measurement *m, void *state)
{
    const struct plan_event *event = m->plan.events;

    for (uint32_t i = 0; i < m->plan.head->frame_count; i++) {
        const struct plan_event *end = m->plan.events + m->plan.frame_ends[i];
        uint64_t start = now_ns();
        m->driver->begin(state);
        const struct plan_event *failed =
            m->driver->run(state, m->blocks, event, end);
        uint64_t middle = now_ns();
        m->driver->end(state);
        uint64_t stop = now_ns();
        m->times[i].events_ns = saturate(middle - start);
        m->times[i].end_ns = saturate(stop - middle);
        if (failed != NULL) {
            m->result.failed_frame = i;
            m->result.failed_size = failed->size;
            return false;
        }
        event = end;
    }
    return true;
}

/* What outlives the trace is freed, but its time is not measured. */
static void
run_tail(struct measurement *m, void *state)
{
    const struct plan_event *tail = m->plan.events + m->plan.head->event_count;

    m->driver->run(state, m->blocks, tail, tail + m->plan.head->tail_count);
}

static void
measure(struct measurement *m)
{
    reset_peak_rss();
    uint64_t rss = read_status_bytes("VmRSS:");
    uint64_t faults = fault_count();
    void *state = m->driver->create();

    m->result.frame_count = m->plan.head->frame_count;
    if (state == NULL || !run_frames(m, state)) {
        m->result.status = CHILD_NO_MEMORY;
        return;
    }
    m->result.faults = fault_count() - faults;
    uint64_t peak = read_status_bytes("VmHWM:");
    m->result.peak_rss = peak > rss ? peak - rss : 0;
    m->driver->read_shares(state, &m->plan, &m->result.shares);
    run_tail(m, state);
    m->driver->destroy(state);
}

static int
run_row(unsigned long row, int result_fd, int plan_fd)
{
    struct measurement m = {.driver = drivers[row],
                            .result = {.magic = CHILD_MAGIC}};

    if (prepare(&m, plan_fd))
        measure(&m);
    else
        m.result.status = CHILD_SETUP;
    bool is_written = write_all(result_fd, &m.result, sizeof m.result);
    if (m.result.status == CHILD_OK)
        is_written =
            is_written && write_all(result_fd, m.times,
                                    m.result.frame_count * sizeof *m.times);
    return is_written ? 0 : 1;
}

static void
describe_version(struct probe_result *result)
{
    int (*read_option)(const char *, void *, size_t *, void *, size_t);
    int (*mimalloc_version)(void);
    void *symbol = dlsym(RTLD_DEFAULT, "mallctl");
    const char *text = LIBC_VERSION;
    size_t size = sizeof text;

    if (symbol != NULL) {
        memcpy(&read_option, &symbol, sizeof symbol);
        read_option("version", &text, &size, NULL, 0);
    }
    /* jemalloc adds its commit behind a dash. */
    snprintf(result->version, sizeof result->version, "%.*s",
             (int)strcspn(text, "-"), text);
    symbol = dlsym(RTLD_DEFAULT, "mi_version");
    if (symbol != NULL) {
        memcpy(&mimalloc_version, &symbol, sizeof symbol);
        int number = mimalloc_version();
        snprintf(result->version, sizeof result->version, "%d.%d.%d",
                 number / 100, number / 10 % 10, number % 10);
    }
}

static int
run_probe(int result_fd)
{
    struct probe_result result = {.magic = CHILD_MAGIC};
    void *symbol = dlsym(RTLD_DEFAULT, "malloc");
    Dl_info info;

    if (symbol == NULL || dladdr(symbol, &info) == 0)
        return 1;
    snprintf(result.library, sizeof result.library, "%s", info.dli_fname);
    describe_version(&result);
    return write_all(result_fd, &result, sizeof result) ? 0 : 1;
}

int
replay_child_main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "probe") == 0)
        return run_probe(atoi(argv[2]));
    unsigned long row = argc == 4 ? strtoul(argv[1], NULL, 10) : ROW_COUNT;
    if (row < ROW_COUNT)
        return run_row(row, atoi(argv[2]), atoi(argv[3]));
    fprintf(stderr,
            "framealloc: %s is for the program's own use. "
            "Use framealloc replay.\n",
            argv[0]);
    return 2;
}
