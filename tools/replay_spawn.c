/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The parent's side of a child: starts this program again, with a peer's
 * library preloaded where the row has one, and reads the answer.
 *
 * A peer's allocator cannot be loaded at run time (jemalloc's thread-local
 * storage does not fit any more by then), so the dynamic linker must do it.
 * It finds the library by its name, as it finds every library. When it cannot
 * it says so and goes on without; therefore the child is asked whose malloc it
 * has before anything is believed.
 */
#include "replay.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct child {
    pid_t pid;
    int result_fd;
};

static bool
read_all(int fd, void *bytes, size_t size)
{
    for (char *p = bytes; size != 0;) {
        ssize_t got = read(fd, p, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        size -= (size_t)got;
    }
    return true;
}

/* By its name where that still exists: checkers that run the program for us,
 * such as Valgrind, know what the link points to but not the link. */
static void
exec_path(char **argv)
{
    char path[4096];
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 1);

    if (size > 0) {
        path[size] = '\0';
        execv(path, argv);
    }
    execv("/proc/self/exe", argv);
}

/* In the child, between fork and exec. */
static _Noreturn void
exec_self(const char *what, const char *preload, int result_fd, int plan_fd,
          bool is_quiet)
{
    static char name[] = "framealloc", command[] = REPLAY_CHILD_NAME;
    char what_text[16], result_text[16], plan_text[16];
    char *argv[] = {
        name, command, what_text, result_text, plan_fd >= 0 ? plan_text : NULL,
        NULL};
    int null_fd = is_quiet ? open("/dev/null", O_WRONLY) : -1;

    if (null_fd >= 0)
        dup2(null_fd, STDERR_FILENO);
    snprintf(what_text, sizeof what_text, "%s", what);
    snprintf(result_text, sizeof result_text, "%d", result_fd);
    snprintf(plan_text, sizeof plan_text, "%d", plan_fd);
    if (preload != NULL)
        setenv("LD_PRELOAD", preload, 1);
    else
        unsetenv("LD_PRELOAD");
    exec_path(argv);
    _exit(127);
}

static bool
child_create(struct child *child, const char *what, const char *preload,
             int plan_fd, bool is_quiet)
{
    int fds[2];

    if (pipe(fds) != 0)
        return false;
    child->pid = fork();
    if (child->pid == 0) {
        close(fds[0]);
        exec_self(what, preload, fds[1], plan_fd, is_quiet);
    }
    close(fds[1]);
    child->result_fd = fds[0];
    if (child->pid > 0)
        return true;
    close(fds[0]);
    return false;
}

/* The status of waitpid. */
static int
child_destroy(struct child *child)
{
    int status = -1;

    close(child->result_fd);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

bool
replay_probe(const char *preload, struct probe_result *result)
{
    struct child child;

    if (!child_create(&child, "probe", preload, -1, true))
        return false;
    bool is_read = read_all(child.result_fd, result, sizeof *result) &&
                   result->magic == CHILD_MAGIC;
    child_destroy(&child);
    result->library[sizeof result->library - 1] = '\0';
    result->version[sizeof result->version - 1] = '\0';
    return is_read;
}

static void
note_end(struct row_results *results, int status)
{
    if (WIFSIGNALED(status))
        snprintf(results->note, sizeof results->note,
                 "the replay was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(results->note, sizeof results->note,
                 "the replay ended with status %d and without an answer",
                 WEXITSTATUS(status));
}

static bool
check_result(struct row_results *results, const struct child_result *result,
             const struct plan *plan)
{
    if (result->status == CHILD_SETUP) {
        snprintf(results->note, sizeof results->note,
                 "not enough memory to load the trace; use --frames");
        return false;
    }
    if (result->status == CHILD_NO_MEMORY) {
        snprintf(results->note, sizeof results->note,
                 "it could not give %llu bytes in frame %u",
                 (unsigned long long)result->failed_size, result->failed_frame);
        return false;
    }
    return result->frame_count == plan->head->frame_count;
}

bool
replay_once(enum row row, struct row_results *results, const struct plan *plan,
            uint32_t replay)
{
    struct child_result *result = &results->results[replay];
    size_t frame_count = plan->head->frame_count;
    struct frame_time *times = results->times + replay * frame_count;
    struct child child;
    char row_text[16];

    snprintf(row_text, sizeof row_text, "%d", (int)row);
    if (!child_create(&child, row_text, results->preload, plan->fd, false)) {
        snprintf(results->note, sizeof results->note,
                 "no process could be started: %s", strerror(errno));
        return false;
    }
    bool is_read = read_all(child.result_fd, result, sizeof *result) &&
                   result->magic == CHILD_MAGIC;
    bool is_sound =
        is_read && check_result(results, result, plan) &&
        read_all(child.result_fd, times, frame_count * sizeof *times);
    int status = child_destroy(&child);
    if (!is_sound && results->note[0] == '\0')
        note_end(results, status);
    return is_sound;
}
