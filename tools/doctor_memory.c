/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: what the system allows, and whether a frame can be
 * allocated under it.
 */
#include "doctor.h"

#include <framealloc/framealloc.h>

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#define TOPIC "memory"

static void
tell_kernel(struct doctor *doctor)
{
    struct utsname name;
    if (uname(&name) == 0)
        doctor_tell(doctor, TOPIC, "kernel", "%s %s", name.release,
                    name.machine);
    long page = sysconf(_SC_PAGESIZE);
    doctor_tell(doctor, TOPIC, "page", "%ld bytes", page);
    if (page != 4096)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "The library is tested with pages of 4096 bytes only.");
}

/* The word in brackets. */
static void
tell_huge_pages(struct doctor *doctor)
{
    char line[128];
    char *end = NULL, *begin = NULL;
    if (doctor_read_line("/sys/kernel/mm/transparent_hugepage/enabled", line,
                         sizeof(line)))
        begin = strchr(line, '[');
    if (begin != NULL)
        end = strchr(begin, ']');
    if (end == NULL) {
        doctor_tell(doctor, TOPIC, "huge pages", "unknown");
        return;
    }
    *end = '\0';
    doctor_tell(doctor, TOPIC, "huge pages", "%s", begin + 1);
    if (strcmp(begin + 1, "never") == 0)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "Large arenas take more page faults, and huge_pages and "
                      "huge=2 change nothing. As root: echo madvise "
                      ">/sys/kernel/mm/transparent_hugepage/enabled");
}

/* Address space of this process now. */
static uint64_t
mapped_bytes(void)
{
    char line[128];
    if (!doctor_read_line("/proc/self/statm", line, sizeof(line)))
        return 0;
    return strtoull(line, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t
tell_limit(struct doctor *doctor, const char *name, int resource)
{
    struct rlimit limit;
    char text[DOCTOR_BYTES];
    if (getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) {
        doctor_tell(doctor, TOPIC, name, "unlimited");
        return UINT64_MAX;
    }
    doctor_tell(doctor, TOPIC, name, "%s", doctor_bytes(text, limit.rlim_cur));
    return limit.rlim_cur;
}

/* An arena per thread is address space, whether it is used or not. */
static void
tell_address_space(struct doctor *doctor, const char *name, int resource,
                   const char *option)
{
    const uint64_t arena = (uint64_t)64 << 20;
    uint64_t limit = tell_limit(doctor, name, resource);
    if (limit == UINT64_MAX)
        return;
    uint64_t mapped = mapped_bytes();
    uint64_t threads = limit > mapped ? (limit - mapped) / arena : 0;
    if (threads < (uint64_t)sysconf(_SC_NPROCESSORS_ONLN) + 1)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "There is room for the arenas of %llu threads, which "
                      "reserve 64 MiB each; more threads get less, or "
                      "nothing. Raise the limit (ulimit %s "
                      "unlimited; LimitAS= or LimitDATA= of systemd), or set "
                      "frame_reserve, as FA_ALLOCATOR_CONFIG_MINIMAL does.",
                      (unsigned long long)threads, option);
}

static void
tell_overcommit(struct doctor *doctor)
{
    static const char *const meanings[] = {"0: by heuristics", "1: always",
                                           "2: never"};
    char line[64];
    if (!doctor_read_line("/proc/sys/vm/overcommit_memory", line, sizeof(line)))
        return;
    unsigned long value = strtoul(line, NULL, 10);
    doctor_tell(doctor, TOPIC, "overcommit", "%s",
                value <= 2 ? meanings[value] : line);
    if (value == 2)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "Address space of arenas counts as used memory, 64 MiB "
                      "per thread. Set frame_reserve to what frames need, or "
                      "as root: sysctl vm.overcommit_memory=0");
}

static void
tell_map_count(struct doctor *doctor)
{
    char line[64];
    if (!doctor_read_line("/proc/sys/vm/max_map_count", line, sizeof(line)))
        return;
    doctor_tell(doctor, TOPIC, "max_map_count", "%s", line);
    if (strtoul(line, NULL, 10) < 65530)
        doctor_advise(doctor, DOCTOR_WARNING,
                      "Guard levels 2 and 3 need a mapping for each dead arena "
                      "or guarded block, and soon reach this number. As root: "
                      "sysctl vm.max_map_count=65530");
}

/* The least limit of the group and those above it. */
static uint64_t
group_limit(const char *root, const char *group, const char *file)
{
    char path[4096], line[64];
    int length = snprintf(path, sizeof(path) - 64, "%s%s", root, group);
    uint64_t limit = UINT64_MAX;
    size_t least = strlen(root);
    if (length < 0 || (size_t)length >= sizeof(path) - 64)
        return limit;
    for (char *end = path + length; end != NULL; end = strrchr(path, '/')) {
        snprintf(end, sizeof(path) - (size_t)(end - path), "/%s", file);
        uint64_t value = UINT64_MAX;
        if (doctor_read_line(path, line, sizeof(line)) && line[0] != 'm')
            value = strtoull(line, NULL, 10);
        if (value < limit)
            limit = value;
        *end = '\0';
        if (strlen(path) <= least)
            break;
    }
    return limit;
}

/* Of version 2, "0::/group"; of version 1, "4:memory:/group". */
static uint64_t
find_group_limit(void)
{
    char line[4096];
    uint64_t limit = UINT64_MAX, value;
    FILE *in = fopen("/proc/self/cgroup", "re");
    while (in != NULL && fgets(line, sizeof(line), in) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        char *group = strchr(line, '/');
        if (group == NULL)
            continue;
        if (strncmp(line, "0::", 3) == 0)
            value = group_limit("/sys/fs/cgroup", group, "memory.max");
        else if (strstr(line, ":memory:") != NULL)
            value = group_limit("/sys/fs/cgroup/memory", group,
                                "memory.limit_in_bytes");
        else
            continue;
        if (value < limit)
            limit = value;
    }
    if (in != NULL)
        fclose(in);
    return limit;
}

static void
tell_group(struct doctor *doctor)
{
    char text[DOCTOR_BYTES];
    uint64_t limit = find_group_limit();
    /* Version 1 says "none" by a number near the largest one. */
    if (limit >= (uint64_t)1 << 60) {
        doctor_tell(doctor, TOPIC, "cgroup", "no limit");
        return;
    }
    doctor_tell(doctor, TOPIC, "cgroup", "%s", doctor_bytes(text, limit));
    doctor_advise(doctor, DOCTOR_WARNING,
                  "A program that passes this limit is killed. Set "
                  "memory_limit below it: then requests are refused instead, "
                  "with FA_ERR_BUDGET.");
}

/* What does not work first, or NULL. */
static const char *
try_frame(fa_allocator *allocator)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_frame *frame = fa_begin_frame(allocator);
    const char *failed = NULL;
    if (fa_frame_alloc(frame, 100, 16) == NULL)
        failed = "a frame";
    void *object = fa_pool_alloc(fa_ctx_pool(ctx, 64, 16));
    void *block = fa_heap_alloc(ctx, (size_t)1 << 20, 16);
    if (failed == NULL && (object == NULL || block == NULL))
        failed = object == NULL ? "a pool" : "the heap";
    fa_free(ctx, object);
    fa_free(ctx, block);
    fa_end_frame(allocator);
    return failed;
}

static void
ignore_message(void *user, const fa_diag *diag)
{
    (void)user;
    (void)diag;
}

/* What is refused with this configuration, or NULL. */
static const char *
try_config(fa_allocator_config config)
{
    fa_allocator *allocator;
    config.on_misuse = FA_ON_MISUSE_REPORT;
    config.diag = ignore_message;
    fa_status status = fa_allocator_create(&config, &allocator);
    const char *failed =
        status == FA_OK ? try_frame(allocator) : "an allocator";
    fa_allocator_destroy(allocator);
    return failed;
}

static void
tell_trial(struct doctor *doctor)
{
    const fa_allocator_config plain = FA_ALLOCATOR_CONFIG_INIT;
    const fa_allocator_config minimal = FA_ALLOCATOR_CONFIG_MINIMAL;
    const char *failed = try_config(plain);
    if (failed == NULL) {
        doctor_tell(doctor, TOPIC, "trial",
                    "a frame, a pool and the heap have served");
        return;
    }
    doctor_tell(doctor, TOPIC, "trial", "%s was refused", failed);
    doctor_advise(doctor, DOCTOR_FAILURE,
                  "A program with the default configuration does not work "
                  "here. Raise the limits above (ulimit -v unlimited; ulimit "
                  "-d unlimited)%s.",
                  try_config(minimal) == NULL
                      ? ", or make allocators with "
                        "FA_ALLOCATOR_CONFIG_MINIMAL, which works"
                      : "; FA_ALLOCATOR_CONFIG_MINIMAL does not work either");
}

void
doctor_memory(struct doctor *doctor)
{
    tell_kernel(doctor);
    tell_huge_pages(doctor);
    tell_address_space(doctor, "address space", RLIMIT_AS, "-v");
    tell_address_space(doctor, "data", RLIMIT_DATA, "-d");
    tell_limit(doctor, "locked", RLIMIT_MEMLOCK);
    tell_overcommit(doctor);
    tell_map_count(doctor);
    tell_group(doctor);
    tell_trial(doctor);
}
