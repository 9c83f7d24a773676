/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The harness of the microbenchmarks.
 *
 * A row is one way (`variant`) of doing one piece of work (`workload`). A
 * program collects rows in a set and calls bench_main(), which measures all of
 * them interleaved: round by round, in a new order each round, so that a slow
 * moment of the machine hits every row alike. Every program carries the limit
 * rows of limit.c, so that each figure has its baseline in the same process.
 *
 * A row does not time itself: run() repeats the work `count` times. Rows that
 * need two threads time themselves in measure() instead.
 */
#ifndef BENCH_HARNESS_BENCH_H
#define BENCH_HARNESS_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

#define BENCH_OBJECTS     1000
#define BENCH_OBJECT_SIZE 64
#define BENCH_BATCH       ((size_t)BENCH_OBJECTS * BENCH_OBJECT_SIZE)
#define BENCH_BIG_FRAME   ((size_t)8 << 20)
#define BENCH_MAX_ROWS    160

#define BENCH_UNUSED __attribute__((__unused__))

/** The compiler must have this pointer, and memory up to date. */
#define bench_keep(p) __asm__ volatile("" : : "r"(p) : "memory")

/** Writes one word per step; size is a multiple of step. */
static inline void
bench_touch(char *block, size_t size, size_t step)
{
    for (char *end = block + size; block != end; block += step)
        *(volatile uint64_t *)(void *)block = (uintptr_t)block;
}

struct bench_row {
    const char *workload;
    const char *variant;
    void (*open)(void *state);              /* once, before the first run */
    void (*run)(void *state, size_t count); /* the work, count times */
    double (*measure)(void *state);         /* or: one sample, ns per op */
    void *state;
    double ops; /* operations in one unit of count */
    /* Filled by the harness. */
    bool is_open;
    bool is_selected;
    size_t count;
    double *rounds;
    double median;
    double low;  /* first quartile of the rounds */
    double high; /* third quartile of the rounds */
};

struct bench_set {
    const char *process; /* which process this is: framealloc, jemalloc ... */
    const char *extra_threads;
    size_t row_count;
    struct bench_row rows[BENCH_MAX_ROWS];
};

struct bench_options {
    const char *workload; /* NULL: all; else a prefix or the whole name */
    const char *variant;
    size_t count; /* > 0: run the chosen row so often and stop */
    unsigned rounds;
    unsigned pass;
    int core;
    bool is_tsv;
    bool is_list;
    bool is_steady;
    bool has_header;
};

/** Adds a row of one thread; ops: operations in one unit of run()'s count. */
void bench_add(struct bench_set *set, const char *workload, const char *variant,
               void (*open)(void *), void (*run)(void *, size_t), void *state,
               double ops);
/** Adds a row that times itself; left out where there is only one core. */
void bench_add_measured(struct bench_set *set, const char *workload,
                        const char *variant, void (*open)(void *),
                        double (*measure)(void *), void *state);
int bench_main(struct bench_set *set, int argc, char **argv);

/* measure.c */
void bench_open(struct bench_row *row);
void bench_measure(struct bench_set *set, const struct bench_options *options);

/* output.c */
void bench_print_machine(FILE *out, const char *process);
void bench_print(const struct bench_set *set,
                 const struct bench_options *options);

/* steady.c: 0 when no selected row faults or enters the kernel once warm. */
int bench_steady(struct bench_set *set);

/* tables.c: the same objects for every row of every process. */
struct bench_object {
    uint32_t size;  /* 16 to 256 bytes */
    uint32_t align; /* 8 or 16 */
};

extern const struct bench_object *bench_objects; /* BENCH_OBJECTS of them */
extern const unsigned *bench_shuffled;           /* a permutation of 0 to 999 */
void bench_tables_init(void);
uint32_t bench_random(uint32_t *state);

/* clock.c */
uint64_t bench_now_ns(void);
int bench_core(void);       /* the core of the measured thread */
int bench_other_core(void); /* -1 when there is only one */
void bench_pin(int core);
void bench_set_core(int core);
double bench_median(double *values, size_t count);
double bench_quantile(double *sorted, size_t count, double q);
__attribute__((__noreturn__)) void bench_die(const char *what);
/** Bytes of a field of smaps_rollup: "Rss", "Private_Dirty" ... */
uint64_t bench_memory(const char *field);

#ifdef __cplusplus
}
#endif

#endif
