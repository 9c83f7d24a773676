/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Snapshots: their dates, and the folder that they are written to. Time is
 * given by hand.
 */
#include "support.h"

#include "base/date.h"
#include "observe/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define MS UINT64_C(1000000)

static struct test_world w;
static char folder[] = "/tmp/check_snapshot.XXXXXX";

/* --- dates --- */

START_TEST(dates_are_right_at_ends_of_months_and_in_leap_years)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } dates[] = {
        {0, "1970-01-01T00:00:00Z"},
        {68169599, "1972-02-28T23:59:59Z"},
        {68169600, "1972-02-29T00:00:00Z"},
        {951782400, "2000-02-29T00:00:00Z"},
        {951868800, "2000-03-01T00:00:00Z"},
        {1740787199, "2025-02-28T23:59:59Z"},
        {1740787200, "2025-03-01T00:00:00Z"},
        {1767225599, "2025-12-31T23:59:59Z"},
        {1767225600, "2026-01-01T00:00:00Z"},
        {4107542399, "2100-02-28T23:59:59Z"},
        {4107542400, "2100-03-01T00:00:00Z"},
        {253402300799, "9999-12-31T23:59:59Z"},
        {253402300800, "9999-12-31T23:59:59Z"},
        {INT64_MAX, "9999-12-31T23:59:59Z"},
        {INT64_MIN, "1970-01-01T00:00:00Z"},
    };
    for (size_t i = 0; i < COUNT(dates); i++) {
        char date[FAI_DATE_SIZE];
        fai_date_write(dates[i].seconds, date);
        ck_assert_str_eq(date, dates[i].text);
    }
}
END_TEST

/* A time_t of 32 bits ends in 2038. */
#define DAYS (sizeof(time_t) == 8 ? 430 * 366 : 24855)

START_TEST(each_day_of_430_years_is_as_libc_has_it)
{
    for (int64_t day = 0; day < DAYS; day++) {
        char ours[FAI_DATE_SIZE], theirs[32];
        time_t seconds = day * 86400 + day % 86400;
        struct tm tm;
        fai_date_write(seconds, ours);
        gmtime_r(&seconds, &tm);
        strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%SZ", &tm);
        ck_assert_str_eq(ours, theirs);
    }
}
END_TEST

/* --- the folder --- */

static void
set_folder(uint32_t max_files, uint32_t min_ms, uint32_t interval_ms)
{
    fa_snapshot_config config = FA_SNAPSHOT_CONFIG_INIT;
    config.folder = folder;
    config.max_files = max_files;
    config.min_interval_ms = min_ms;
    config.interval_ms = interval_ms;
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_OK);
}

static void
make_file(const char *name, time_t mtime)
{
    char path[512];
    struct timespec times[2] = {{mtime, 0}, {mtime, 0}};
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT, 0666);
    ck_assert_int_ge(fd, 0);
    futimens(fd, times);
    close(fd);
}

static void
request(void)
{
    make_file(FA_SNAPSHOT_REQUEST, 0);
}

static bool
has_file(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

/* Files whose names begin so; last gets the name of the last one, or NULL. */
static unsigned
count_files(const char *begin, char last[256])
{
    unsigned count = 0;
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strncmp(entry->d_name, begin, strlen(begin)) != 0)
            continue;
        if (last != NULL)
            snprintf(last, 256, "%s", entry->d_name);
        count++;
    }
    closedir(dir);
    return count;
}

/* The text of the only snapshot has this. */
static bool
is_in_file(const char *part)
{
    static char text[64 * 1024];
    char name[256], path[512];
    ck_assert_uint_eq(count_files("snapshot_", name), 1);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    close(fd);
    ck_assert_int_gt(n, 0);
    text[n] = '\0';
    return strstr(text, part) != NULL;
}

/* Later than any time that the frames have by themselves. */
static void
look(uint64_t ms)
{
    fai_snapshot_look(w.allocator->snapshot, UINT64_MAX / 4 + ms * MS);
}

START_TEST(a_request_is_fulfilled_at_the_next_frame_and_removed)
{
    char name[256];
    set_folder(0, 0, 0);
    test_begin(&w);
    test_end(&w);
    ck_assert_uint_eq(count_files("snapshot_", NULL), 0);
    set_folder(0, 0, 0); /* It need not wait for the next look. */
    request();
    errno = 42;
    test_begin(&w);
    ck_assert_int_eq(errno, 42);
    ck_assert_uint_eq(count_files("snapshot_", name), 1);
    ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
    ck_assert_ptr_nonnull(strstr(name, "_0000000000000002.json"));
    ck_assert(is_in_file("\"frame\": 2,"));
    ck_assert_no_diag(&w.log);
}
END_TEST

START_TEST(the_duration_of_the_last_frame_is_told)
{
    set_folder(0, 0, 0);
    test_begin(&w);
    test_end(&w);
    request();
    look(0);
    ck_assert(is_in_file("\"duration_us\": "));
    ck_assert(!is_in_file("\"duration_us\": null"));
}
END_TEST

/* An explicit context receives so many transfers of w.ctx in the frame, and
 * frees so many of its objects. */
static void
cross(fa_ctx *other, unsigned transfers, unsigned frees)
{
    fa_pool *pool = fa_ctx_pool(w.ctx, 64, 16);
    test_begin(&w);
    ck_assert_ptr_nonnull(fa_ctx_frame(other));
    for (unsigned i = 0; i < transfers; i++) {
        fa_transfer transfer;
        void *block = fa_heap_alloc(w.ctx, 20000, 16);
        ck_assert_int_eq(fa_transfer_send(w.ctx, block, 20000, &transfer),
                         FA_OK);
        block = fa_transfer_receive(other, transfer, NULL);
        ck_assert_ptr_nonnull(block);
        fa_free(w.ctx, block); /* Whose it still is: no remote free. */
    }
    for (unsigned i = 0; i < frees; i++)
        fa_free(other, fa_pool_alloc(pool));
    fa_ctx_end_frame(other);
    test_end(&w);
}

START_TEST(what_crossed_in_the_last_frame_is_told)
{
    fa_ctx *other;
    ck_assert_int_eq(fa_ctx_create(w.allocator, NULL, &other), FA_OK);
    set_folder(1, 0, 0);
    cross(other, 1, 1);
    request();
    look(0);
    ck_assert(is_in_file("\"completed_this_frame\": null"));
    ck_assert(is_in_file("\"processed_this_frame\": null"));
    cross(other, 3, 5);
    test_begin(&w);
    request();
    look(1000);
    ck_assert(is_in_file("\"completed_this_frame\": 3,"));
    ck_assert(is_in_file("\"processed_this_frame\": 5,"));
    ck_assert(is_in_file("\"received\": 4,"));
    test_end(&w);
    test_begin(&w);
    request();
    look(2000);
    ck_assert(is_in_file("\"completed_this_frame\": 0,"));
    ck_assert(is_in_file("\"processed_this_frame\": 0,"));
    test_end(&w);
    fa_ctx_destroy(other);
}
END_TEST

START_TEST(requests_wait_for_the_least_interval)
{
    set_folder(0, 200, 0);
    request();
    look(1000);
    ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
    request();
    look(1199);
    ck_assert(has_file(FA_SNAPSHOT_REQUEST));
    look(1200);
    ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
}
END_TEST

START_TEST(the_folder_is_not_looked_at_in_each_frame)
{
    set_folder(0, 1, 0);
    look(1000);
    request();
    look(1009);
    ck_assert(has_file(FA_SNAPSHOT_REQUEST));
    look(1010);
    ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
}
END_TEST

START_TEST(snapshots_come_by_themselves_with_an_interval)
{
    set_folder(0, 100000, 1000000);
    struct fai_snapshot *snapshot = w.allocator->snapshot;
    uint64_t begin_ns = snapshot->due_ns - 1000000 * MS;
    unsigned wanted = 0;
    for (uint64_t i = 0; i <= 50; i++) {
        fa_begin_frame(w.allocator);
        fa_end_frame(w.allocator);
        /* After the look that the frame had by itself. */
        snapshot->look_ns = 0;
        fai_snapshot_look(snapshot, begin_ns + i * 100000 * MS);
        wanted += i != 0 && i % 10 == 0;
        ck_assert_uint_eq(count_files("snapshot_", NULL), wanted);
    }
}
END_TEST

START_TEST(nothing_is_written_without_request_or_when_switched_off)
{
    set_folder(0, 0, 0);
    look(1000);
    ck_assert_uint_eq(count_files("snapshot", NULL), 0);
    ck_assert_int_eq(fa_snapshot_set(w.allocator, NULL), FA_OK);
    request();
    test_begin(&w);
    test_end(&w);
    fa_snapshot_config config = FA_SNAPSHOT_CONFIG_INIT;
    config.folder = folder;
    config.no_requests = true;
    ck_assert_int_eq(fa_snapshot_set(w.allocator, &config), FA_OK);
    test_begin(&w);
    test_end(&w);
    ck_assert(has_file(FA_SNAPSHOT_REQUEST));
    ck_assert_uint_eq(count_files("snapshot_", NULL), 0);
}
END_TEST

START_TEST(the_newest_files_stay_whatever_their_frames_are)
{
    /* Older than all, with names that come last; and one for later. */
    make_file("snapshot_20990101T000000Z-1-1_0000000000099999.json", 1000);
    make_file("snapshot_20990101T000000Z-1-1_0000000000099998.json", 1000);
    make_file("snapshot_0.json", 2000000000);
    make_file("snapshot_notes.txt", 1);
    make_file("other.json", 1);
    set_folder(3, 1, 0);
    for (unsigned i = 1; i <= 5; i++) {
        fa_begin_frame(w.allocator);
        fa_end_frame(w.allocator);
        request();
        look(1000 + 100 * i);
        ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
        ck_assert(has_file("snapshot_0.json"));
        ck_assert_uint_eq(count_files("snapshot_", NULL), 1 + 3);
        ck_assert_uint_eq(
            has_file("snapshot_20990101T000000Z-1-1_0000000000099999.json"),
            i == 1);
        ck_assert(
            !has_file("snapshot_20990101T000000Z-1-1_0000000000099998.json"));
    }
    ck_assert(has_file("snapshot_notes.txt"));
    ck_assert(has_file("other.json"));
}
END_TEST

START_TEST(files_get_their_names_when_they_are_complete)
{
    _Alignas(struct inotify_event) char events[4096];
    int fd = inotify_init1(IN_NONBLOCK);
    ck_assert_int_ge(inotify_add_watch(fd, folder, IN_CREATE | IN_MOVED_TO), 0);
    unsigned moved = 0;
    set_folder(0, 0, 0);
    request();
    look(1000);
    ssize_t n = read(fd, events, sizeof(events));
    ck_assert_int_gt(n, 0);
    close(fd);
    const struct inotify_event *event;
    for (const char *at = events; at < events + n;
         at += sizeof(*event) + event->len) {
        event = (const void *)at;
        if (strncmp(event->name, "snapshot_", 9) != 0)
            continue;
        ck_assert_uint_eq(event->mask, IN_MOVED_TO);
        moved++;
    }
    ck_assert_uint_eq(moved, 1);
    ck_assert_uint_eq(count_files(".snapshot", NULL), 0);
}
END_TEST

/* --- failure --- */

START_TEST(a_snapshot_that_cannot_be_written_leaves_the_request)
{
    struct rlimit old, small;
    set_folder(0, 100, 0);
    request();
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &old);
    small = old;
    small.rlim_cur = 100;
    setrlimit(RLIMIT_FSIZE, &small);
    look(1000);
    setrlimit(RLIMIT_FSIZE, &old);
    ck_assert_only_diag(&w.log, 18);
    ck_assert_uint_eq(count_files("snapshot_", NULL), 0);
    ck_assert_uint_eq(count_files(".snapshot", NULL), 0);
    ck_assert(has_file(FA_SNAPSHOT_REQUEST));
    look(1099);
    ck_assert(has_file(FA_SNAPSHOT_REQUEST));
    look(1100);
    ck_assert(!has_file(FA_SNAPSHOT_REQUEST));
    ck_assert_no_diag(&w.log);
}
END_TEST

static void
open_folder(void)
{
    test_open_guard(&w, FA_GUARD_OFF);
    strcpy(folder, "/tmp/check_snapshot.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void
close_folder(void)
{
    DIR *dir = opendir(folder);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;)
        unlinkat(dirfd(dir), entry->d_name, 0);
    closedir(dir);
    rmdir(folder);
    test_close(&w);
}

int
main(void)
{
    Suite *suite = suite_create("snapshot_folder");
    TCase *tc = tcase_create("dates");
    tcase_add_test(tc, dates_are_right_at_ends_of_months_and_in_leap_years);
    tcase_add_test(tc, each_day_of_430_years_is_as_libc_has_it);
    suite_add_tcase(suite, tc);
    tc = tcase_create("contract");
    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_add_test(tc, a_request_is_fulfilled_at_the_next_frame_and_removed);
    tcase_add_test(tc, the_duration_of_the_last_frame_is_told);
    tcase_add_test(tc, what_crossed_in_the_last_frame_is_told);
    tcase_add_test(tc, requests_wait_for_the_least_interval);
    tcase_add_test(tc, the_folder_is_not_looked_at_in_each_frame);
    tcase_add_test(tc, snapshots_come_by_themselves_with_an_interval);
    tcase_add_test(tc, nothing_is_written_without_request_or_when_switched_off);
    tcase_add_test(tc, the_newest_files_stay_whatever_their_frames_are);
    tcase_add_test(tc, files_get_their_names_when_they_are_complete);
    suite_add_tcase(suite, tc);
    tc = tcase_create("failure");
    tcase_add_checked_fixture(tc, open_folder, close_folder);
    tcase_add_test(tc, a_snapshot_that_cannot_be_written_leaves_the_request);
    suite_add_tcase(suite, tc);
    return test_main(suite);
}
