/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Each job is a child that writes to a temporary file without a name. Where
 * there can be no child, the job runs here.
 */
#include "check/crew.h"

#include "check/memory.h"

#include <sys/wait.h>
#include <unistd.h>

static void
run_here(struct crew_job *job)
{
    job->run(job->user, job->out);
    if (fflush(job->out) != 0 || ferror(job->out)) {
        fclose(job->out);
        job->out = NULL;
    }
}

/* The child's number, or 0 when the job is done. */
static pid_t
start(struct crew_job *job)
{
    job->out = tmpfile();
    if (job->out == NULL)
        return 0;
    fflush(stdout);
    fflush(stderr);
    pid_t child = fork();
    if (child < 0)
        run_here(job);
    if (child != 0)
        return child < 0 ? 0 : child;
    run_here(job);
    _exit(job->out == NULL);
}

/* Waits for one of them. */
static void
finish_one(struct crew_job *jobs, pid_t *children, size_t count)
{
    int status;
    pid_t child = wait(&status);
    for (size_t i = 0; i < count; i++) {
        if (children[i] != child || child <= 0)
            continue;
        children[i] = 0;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
            fclose(jobs[i].out);
            jobs[i].out = NULL;
        }
    }
}

void
crew_run(struct crew_job *jobs, size_t count, unsigned at_once)
{
    pid_t *children = check_zalloc(count, sizeof(*children));
    unsigned running = 0;
    for (size_t i = 0; i < count; i++) {
        if (running == at_once) {
            finish_one(jobs, children, i);
            running--;
        }
        if (at_once <= 1 && count == 1) {
            jobs[i].out = tmpfile();
            if (jobs[i].out != NULL)
                run_here(&jobs[i]);
            continue;
        }
        children[i] = start(&jobs[i]);
        running += children[i] != 0;
    }
    while (running-- > 0)
        finish_one(jobs, children, count);
    for (size_t i = 0; i < count; i++)
        if (jobs[i].out != NULL)
            rewind(jobs[i].out);
    check_free(children);
}
