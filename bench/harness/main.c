/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The command line that all benchmark programs share.
 */
#include "bench.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: %s [options]\n"
    "  --workload NAME  only this workload\n"
    "  --variant NAME   only this variant\n"
    "  --count N        run the chosen row N times, measure nothing\n"
    "  --rounds N       rounds of interleaved samples (default 41)\n"
    "  --pass N         number of this pass, for the raw results\n"
    "  --core N         core to pin to (default: the last one)\n"
    "  --tsv            tab-separated values instead of a table\n"
    "  --no-header      leave out machine and column names\n"
    "  --steady         count page faults and system calls once warm\n"
    "  --list           list the rows\n";

enum { OPT_WORKLOAD = 1, OPT_VARIANT, OPT_COUNT, OPT_ROUNDS, OPT_PASS };
enum { OPT_CORE = 16, OPT_TSV, OPT_NO_HEADER, OPT_STEADY, OPT_LIST, OPT_HELP };

static const struct option long_options[] = {
    {"workload", required_argument, NULL, OPT_WORKLOAD},
    {"variant", required_argument, NULL, OPT_VARIANT},
    {"count", required_argument, NULL, OPT_COUNT},
    {"rounds", required_argument, NULL, OPT_ROUNDS},
    {"pass", required_argument, NULL, OPT_PASS},
    {"core", required_argument, NULL, OPT_CORE},
    {"tsv", no_argument, NULL, OPT_TSV},
    {"no-header", no_argument, NULL, OPT_NO_HEADER},
    {"steady", no_argument, NULL, OPT_STEADY},
    {"list", no_argument, NULL, OPT_LIST},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static unsigned
number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value > 1000000000ul)
        bench_die("not a number, or too large");
    return (unsigned)value;
}

static void
apply_option(struct bench_options *options, int code, const char *program)
{
    switch (code) {
    case OPT_WORKLOAD:
        options->workload = optarg;
        break;
    case OPT_VARIANT:
        options->variant = optarg;
        break;
    case OPT_COUNT:
        options->count = number(optarg);
        break;
    case OPT_ROUNDS:
        options->rounds = number(optarg);
        break;
    case OPT_PASS:
        options->pass = number(optarg);
        break;
    case OPT_CORE:
        options->core = (int)number(optarg);
        break;
    case OPT_TSV:
        options->is_tsv = true;
        break;
    case OPT_NO_HEADER:
        options->has_header = false;
        break;
    case OPT_STEADY:
        options->is_steady = true;
        break;
    case OPT_LIST:
        options->is_list = true;
        break;
    default:
        fprintf(code == OPT_HELP ? stdout : stderr, usage, program);
        exit(code == OPT_HELP ? EXIT_SUCCESS : EXIT_FAILURE);
    }
}

static struct bench_options
parse(int argc, char **argv)
{
    struct bench_options options = {
        .rounds = 41,
        .core = -2,
        .has_header = true,
    };
    int code;

    while ((code = getopt_long(argc, argv, "h", long_options, NULL)) != -1)
        apply_option(&options, code == 'h' ? OPT_HELP : code, argv[0]);
    if (options.rounds == 0)
        options.rounds = 1;
    return options;
}

static struct bench_row *
next_row(struct bench_set *set)
{
    if (set->row_count == BENCH_MAX_ROWS)
        bench_die("too many rows");
    return &set->rows[set->row_count++];
}

void
bench_add(struct bench_set *set, const char *workload, const char *variant,
          void (*open)(void *), void (*run)(void *, size_t), void *state,
          double ops)
{
    *next_row(set) = (struct bench_row){
        .workload = workload,
        .variant = variant,
        .open = open,
        .run = run,
        .state = state,
        .ops = ops,
    };
}

void
bench_add_measured(struct bench_set *set, const char *workload,
                   const char *variant, void (*open)(void *),
                   double (*measure)(void *), void *state)
{
    if (bench_other_core() < 0)
        return;
    *next_row(set) = (struct bench_row){
        .workload = workload,
        .variant = variant,
        .open = open,
        .measure = measure,
        .state = state,
        .ops = 1,
    };
}

static bool
is_match(const char *wanted, const char *name)
{
    return wanted == NULL || strcmp(wanted, name) == 0;
}

/* The limit rows of the chosen workloads are measured in any case. */
static size_t
select_rows(struct bench_set *set, const struct bench_options *options)
{
    bool with_limits = options->count == 0 && !options->is_steady;
    size_t chosen = 0;

    for (size_t i = 0; i < set->row_count; i++) {
        struct bench_row *row = &set->rows[i];
        bool is_limit = strcmp(row->variant, "limit") == 0;

        row->is_selected = is_match(options->workload, row->workload) &&
                           (is_match(options->variant, row->variant) ||
                            (is_limit && with_limits));
        chosen += row->is_selected;
    }
    return chosen;
}

static int
run_once(struct bench_set *set, size_t chosen, size_t count)
{
    if (chosen != 1)
        bench_die("--count needs exactly one row");
    for (size_t i = 0; i < set->row_count; i++) {
        struct bench_row *row = &set->rows[i];

        if (!row->is_selected)
            continue;
        if (row->run == NULL)
            bench_die("--count does not work for rows with two threads");
        bench_open(row);
        row->run(row->state, count);
        printf("%g\n", row->ops);
    }
    return EXIT_SUCCESS;
}

static int
list_rows(const struct bench_set *set)
{
    for (size_t i = 0; i < set->row_count; i++)
        if (set->rows[i].is_selected)
            printf("%s\t%s\n", set->rows[i].workload, set->rows[i].variant);
    return EXIT_SUCCESS;
}

int
bench_main(struct bench_set *set, int argc, char **argv)
{
    struct bench_options options = parse(argc, argv);
    size_t chosen = select_rows(set, &options);

    if (chosen == 0)
        bench_die("no such row");
    if (options.is_list)
        return list_rows(set);
    if (options.core >= 0)
        bench_set_core(options.core);
    bench_other_core();
    bench_pin(bench_core());
    bench_tables_init();
    if (options.count > 0)
        return run_once(set, chosen, options.count);
    if (options.is_steady)
        return bench_steady(set);
    bench_measure(set, &options);
    bench_print(set, &options);
    return EXIT_SUCCESS;
}
