/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Work in processes of their own, several at a time.
 */
#ifndef CHECK_CREW_H
#define CHECK_CREW_H

#include <stdio.h>

struct crew_job {
    void (*run)(void *user, FILE *out); /* in the process */
    void *user;
    FILE *out; /* what it wrote, from the start; NULL: it failed */
};

/* Runs all, at most so many at once. */
void crew_run(struct crew_job *jobs, size_t count, unsigned at_once);

#endif
