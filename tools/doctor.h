/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The command `framealloc doctor`: facts about the library, the machine and
 * the environment, and what to do where one of them is in the way.
 *
 * The files doctor_*.c find facts; none of them decides what is printed.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum doctor_level {
    DOCTOR_FINE,
    DOCTOR_WARNING, /* Works, at a cost or not for everybody. */
    DOCTOR_FAILURE  /* Something will not work. */
};

struct doctor_fact {
    const char *topic; /* Facts of one topic follow one another. */
    const char *name;
    enum doctor_level level;
    char value[256];
    char advice[640]; /* "" where there is none. */
};

#define DOCTOR_FACTS_MAX 64

struct doctor {
    unsigned count;
    struct doctor_fact fact[DOCTOR_FACTS_MAX];
};

/* Adds a fact, which is fine so far. */
void doctor_tell(struct doctor *doctor, const char *topic, const char *name,
                 const char *format, ...)
    __attribute__((__format__(__printf__, 4, 5)));
/* Says of the last fact how bad it is and what to do. */
void doctor_advise(struct doctor *doctor, enum doctor_level level,
                   const char *format, ...)
    __attribute__((__format__(__printf__, 3, 4)));
enum doctor_level doctor_worst(const struct doctor *doctor);
bool doctor_print_text(const struct doctor *doctor);
bool doctor_print_json(const struct doctor *doctor);

/* What a child has written to its stream; code of others runs there, and may
 * crash, hang or print. False: it did not come back well, and the answer says
 * how. */
bool doctor_ask(void (*child)(FILE *out), char *answer, size_t size);
/* "64 MiB". */
#define DOCTOR_BYTES 32
const char *doctor_bytes(char text[DOCTOR_BYTES], uint64_t bytes);
/* The first line of a file without its end; false when there is none. */
bool doctor_read_line(const char *path, char *line, size_t size);

/* In the order of the report. The environment comes first because the library
 * tells only once per process what it cannot use there. */
void doctor_environment(struct doctor *doctor);
void doctor_library(struct doctor *doctor);
void doctor_heap(struct doctor *doctor);
void doctor_memory(struct doctor *doctor);
void doctor_gpu(struct doctor *doctor);
void doctor_physics(struct doctor *doctor);
void doctor_check(struct doctor *doctor);

/* Tells whether a module of ours is installed and can be loaded. */
void doctor_tell_module(struct doctor *doctor, const char *name,
                        const char *library);

int doctor_main(int argc, char **argv);

/* Prints the heap of a program that has the jemalloc module from its start;
 * this program with the module preloaded. */
#define DOCTOR_CHILD_NAME "doctor-heap"
int doctor_child_main(void);

#endif
