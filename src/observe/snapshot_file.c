/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The folder of snapshots: when one is written, under which name, and which
 * ones are removed.
 *
 * A snapshot is written to a name that no tool looks for, and then renamed, so
 * that readers find whole files only. It is not synced: after a crash of the
 * system nobody needs it. A request is removed when it is fulfilled, so one
 * that could not be is tried again.
 *
 * Names begin with the date of the session and end with the frame. What is
 * too much goes by age, oldest first, and by name where ages are equal: a
 * program that was started again begins with frame 1 and keeps what it wrote.
 */
#include "observe/snapshot.h"

#include "accounting/sized.h"
#include "base/date.h"
#include "base/text.h"
#include "context/ctx.h"
#include "os/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NS_PER_MS UINT64_C(1000000)
#define LOOK_NS   (10 * NS_PER_MS)
#define NAME_SIZE 128
/* Removed after one snapshot; more go after the next ones. */
#define PRUNE_MAX 16

#define NAME_BEGIN "snapshot_"
#define NAME_END   ".json"

/* --- names --- */

/* "snapshot_20260301T000000Z-PID-ALLOCATOR_0000000000000012.json" */
static void
write_name(const struct fai_snapshot *snapshot, char name[NAME_SIZE])
{
    uint64_t frame = fa_frame_number(snapshot->allocator);
    struct fai_text text = fai_text_begin(name, NAME_SIZE);
    fai_text_string(&text, NAME_BEGIN);
    fai_text_string(&text, snapshot->session);
    fai_text_string(&text, "-");
    fai_text_decimal(&text, (uint64_t)getpid());
    fai_text_string(&text, "-");
    fai_text_decimal(&text, snapshot->allocator->id);
    fai_text_string(&text, "_");
    for (uint64_t n = UINT64_C(1000000000000000); n > FAI_MAX(frame, 1);
         n /= 10)
        fai_text_string(&text, "0");
    fai_text_decimal(&text, frame);
    fai_text_string(&text, NAME_END);
}

/* One per process and allocator: what a crash has left is written again. */
static void
write_draft_name(const struct fai_snapshot *snapshot, char name[NAME_SIZE])
{
    struct fai_text text = fai_text_begin(name, NAME_SIZE);
    fai_text_string(&text, ".snapshot-");
    fai_text_decimal(&text, (uint64_t)getpid());
    fai_text_string(&text, "-");
    fai_text_decimal(&text, snapshot->allocator->id);
}

static bool
is_snapshot(const char *name)
{
    size_t begin = sizeof(NAME_BEGIN) - 1, end = sizeof(NAME_END) - 1;
    size_t length = strlen(name);
    return length >= begin + end && length < NAME_SIZE &&
           memcmp(name, NAME_BEGIN, begin) == 0 &&
           memcmp(name + length - end, NAME_END, end) == 0;
}

/* --- what is too much --- */

struct oldest {
    uint32_t count; /* Snapshots in the folder. */
    struct timespec time;
    char name[NAME_SIZE];
};

static bool
is_older(const struct stat *status, const char *name,
         const struct oldest *oldest)
{
    const struct timespec *time = &status->st_mtim;
    if (time->tv_sec != oldest->time.tv_sec)
        return time->tv_sec < oldest->time.tv_sec;
    if (time->tv_nsec != oldest->time.tv_nsec)
        return time->tv_nsec < oldest->time.tv_nsec;
    return strcmp(name, oldest->name) < 0;
}

static void
look_at(int folder, const char *name, struct oldest *oldest)
{
    struct stat status;
    if (!is_snapshot(name) ||
        fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    if (oldest->count++ != 0 && !is_older(&status, name, oldest))
        return;
    oldest->time = status.st_mtim;
    memcpy(oldest->name, name, strlen(name) + 1);
}

/* opendir() would allocate. */
static void
find_oldest(int folder, struct oldest *oldest)
{
    _Alignas(struct dirent64) char entries[4096];
    ssize_t size;
    oldest->count = 0;
    (void)lseek(folder, 0, SEEK_SET);
    /* The cast is for musl, whose function takes the structure. */
    while ((size = getdents64(folder, (void *)entries, sizeof(entries))) > 0) {
        const struct dirent64 *entry;
        for (const char *at = entries; at < entries + size;
             at += entry->d_reclen) {
            entry = (const void *)at;
            look_at(folder, entry->d_name, oldest);
        }
    }
}

static void
prune(int folder, uint32_t max_files)
{
    struct oldest oldest;
    for (unsigned i = 0; i < PRUNE_MAX; i++) {
        find_oldest(folder, &oldest);
        if (oldest.count <= max_files || unlinkat(folder, oldest.name, 0) != 0)
            return;
    }
}

/* --- writing --- */

static bool
write_draft(const struct fai_snapshot *snapshot, int folder, const char *name)
{
    /* Made new, so that no link leads elsewhere. */
    (void)unlinkat(folder, name, 0);
    int fd =
        openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return false;
    bool is_written =
        fai_snapshot_write(snapshot->allocator, fd, &snapshot->last);
    return close(fd) == 0 && is_written;
}

static bool
write_file(const struct fai_snapshot *snapshot, int folder)
{
    char draft[NAME_SIZE], name[NAME_SIZE];
    write_draft_name(snapshot, draft);
    write_name(snapshot, name);
    if (write_draft(snapshot, folder, draft) &&
        renameat(folder, draft, folder, name) == 0)
        return true;
    int saved = errno;
    (void)unlinkat(folder, draft, 0);
    errno = saved;
    return false;
}

static bool
write_snapshot(const struct fai_snapshot *snapshot)
{
    (void)mkdir(snapshot->folder, 0777);
    int folder = open(snapshot->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
        return false;
    bool is_written = write_file(snapshot, folder);
    int saved = errno;
    if (is_written) {
        (void)unlinkat(folder, FA_SNAPSHOT_REQUEST, 0);
        prune(folder, snapshot->max_files);
    }
    (void)close(folder);
    errno = saved;
    return is_written;
}

static bool
is_requested(const struct fai_snapshot *snapshot)
{
    char path[FAI_SNAPSHOT_FOLDER_MAX + sizeof("/" FA_SNAPSHOT_REQUEST)];
    struct fai_text text = fai_text_begin(path, sizeof(path));
    fai_text_string(&text, snapshot->folder);
    fai_text_string(&text, "/" FA_SNAPSHOT_REQUEST);
    return snapshot->takes_requests && access(path, F_OK) == 0;
}

void
fai_snapshot_look(struct fai_snapshot *snapshot, uint64_t now_ns)
{
    if (now_ns < snapshot->look_ns || now_ns < snapshot->open_ns)
        return;
    int saved = errno;
    snapshot->look_ns = now_ns + LOOK_NS;
    if (now_ns >= snapshot->due_ns || is_requested(snapshot)) {
        snapshot->open_ns = now_ns + snapshot->min_ns;
        if (snapshot->interval_ns != UINT64_MAX)
            snapshot->due_ns = now_ns + snapshot->interval_ns;
        if (!write_snapshot(snapshot))
            fai_report(&snapshot->allocator->reporter, 18, NULL, "%s: error %d",
                       snapshot->folder, errno);
    }
    errno = saved;
}

/* --- switching --- */

/* At the begin of a frame: how much more it is than at the last one. */
static void
note_travel(struct fai_snapshot *snapshot)
{
    struct fai_travel now = fai_stats_travel(snapshot->allocator);
    struct fai_travel *last = &snapshot->last.travel;
    if (snapshot->begin_ns != 0) {
        last->received = now.received - snapshot->travel.received;
        last->taken_in = now.taken_in - snapshot->travel.taken_in;
    }
    snapshot->travel = now;
}

static void
begin_frame(void *user, fa_allocator *allocator, uint64_t number)
{
    struct fai_snapshot *snapshot = user;
    (void)allocator;
    (void)number;
    if (!snapshot->is_on)
        return;
    note_travel(snapshot);
    snapshot->begin_ns = fai_clock_ns();
    fai_snapshot_look(snapshot, snapshot->begin_ns);
}

static void
end_frame(void *user, fa_allocator *allocator, uint64_t number)
{
    struct fai_snapshot *snapshot = user;
    (void)allocator;
    (void)number;
    if (snapshot->is_on && snapshot->begin_ns != 0)
        snapshot->last.duration_ns = fai_clock_ns() - snapshot->begin_ns;
}

static bool
read_config(fa_allocator *allocator, const fa_snapshot_config *given,
            fa_snapshot_config *config)
{
    if (!fai_sized_read(&allocator->reporter, "fa_snapshot_config", given,
                        offsetof(fa_snapshot_config, max_files), config,
                        sizeof(*config)))
        return false;
    if (config->folder == NULL || config->folder[0] == '\0' ||
        strlen(config->folder) >= FAI_SNAPSHOT_FOLDER_MAX)
        fai_report(&allocator->reporter, 10, NULL,
                   "fa_snapshot_config.folder is missing, or too long");
    else
        return true;
    return false;
}

/* Once per allocator: a hook stays. */
static struct fai_snapshot *
make_snapshot(fa_allocator *allocator)
{
    struct fai_snapshot *snapshot = fai_pages_map(sizeof(*snapshot), FAI_PAGE);
    fa_frame_hook hook = FA_FRAME_HOOK_INIT;
    if (snapshot == NULL)
        return NULL;
    snapshot->allocator = allocator;
    hook.begin = begin_frame;
    hook.end = end_frame;
    hook.user = snapshot;
    if (fa_allocator_hook_add(allocator, &hook) == FA_OK)
        return snapshot;
    fai_pages_unmap(snapshot, sizeof(*snapshot));
    return NULL;
}

/* "20260301T000000Z", which sorts by time. */
static void
begin_session(struct fai_snapshot *snapshot)
{
    char date[FAI_DATE_SIZE], *to = snapshot->session;
    fai_date_write(fai_clock_utc(), date);
    for (const char *from = date; *from != '\0'; from++)
        if (*from != '-' && *from != ':')
            *to++ = *from;
    *to = '\0';
}

static void
set_times(struct fai_snapshot *snapshot, const fa_snapshot_config *config)
{
    uint64_t now = fai_clock_ns();
    uint32_t min_ms =
        config->min_interval_ms != 0 ? config->min_interval_ms : 500;
    snapshot->min_ns = min_ms * NS_PER_MS;
    snapshot->interval_ns =
        config->interval_ms != 0 ? config->interval_ms * NS_PER_MS : UINT64_MAX;
    snapshot->due_ns =
        config->interval_ms != 0 ? now + snapshot->interval_ns : UINT64_MAX;
    snapshot->look_ns = snapshot->open_ns = snapshot->begin_ns = 0;
    snapshot->last = (struct fai_snapshot_frame)FAI_SNAPSHOT_FRAME_UNKNOWN;
}

fa_status
fa_snapshot_set(fa_allocator *allocator, const fa_snapshot_config *given)
{
    fa_snapshot_config config = FA_SNAPSHOT_CONFIG_INIT;
    if (allocator == NULL)
        return FA_ERR_USAGE;
    if (given != NULL && !read_config(allocator, given, &config))
        return FA_ERR_CONFIG;
    if (given != NULL && allocator->snapshot == NULL)
        allocator->snapshot = make_snapshot(allocator);
    struct fai_snapshot *snapshot = allocator->snapshot;
    if (snapshot == NULL)
        return given == NULL ? FA_OK : FA_ERR_NOMEM;
    snapshot->is_on = given != NULL;
    if (given == NULL)
        return FA_OK;
    snapshot->takes_requests = !config.no_requests;
    snapshot->max_files = config.max_files != 0 ? config.max_files : 30;
    memcpy(snapshot->folder, config.folder, strlen(config.folder) + 1);
    set_times(snapshot, &config);
    begin_session(snapshot);
    return FA_OK;
}

void
fai_snapshot_end(fa_allocator *allocator)
{
    if (allocator->snapshot != NULL)
        fai_pages_unmap(allocator->snapshot, sizeof(*allocator->snapshot));
    allocator->snapshot = NULL;
}
