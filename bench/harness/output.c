/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Output: machine and compiler first, then one line per row, as a table for
 * people or as tab-separated values for bench/figures.
 */
#include "bench.h"

#include <string.h>
#include <sys/utsname.h>

#ifdef __GLIBC__
#    include <gnu/libc-version.h>
#    define LIBC_VERSION "glibc", gnu_get_libc_version()
#else
#    define LIBC_VERSION "unknown", ""
#endif

#ifndef BENCH_FLAGS
#    define BENCH_FLAGS "unknown"
#endif

static void
print_first_match(FILE *out, const char *path, const char *key,
                  const char *name)
{
    FILE *file = fopen(path, "r");
    char line[512];

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *value = strchr(line, ':');
        value = value != NULL ? value + 2 : line;
        fprintf(out, "# %s: %.*s\n", name, (int)strcspn(value, "\n"), value);
        break;
    }
    if (file != NULL)
        fclose(file);
}

/* A chain of additions tells the real clock rate: one per cycle. */
static double
cycle_ns(void)
{
    double best = 1e9;

    for (int attempt = 0; attempt < 20; attempt++) {
        uint64_t x = 1;
        uint64_t start = bench_now_ns();

        for (uint64_t i = 0; i < 100000; i++) {
            x += i;
            __asm__ volatile("" : "+r"(x));
        }
        double ns = (double)(bench_now_ns() - start) / 100000;
        best = ns < best ? ns : best;
    }
    return best;
}

void
bench_print_machine(FILE *out, const char *process)
{
    struct utsname name;

    fprintf(out, "# process: %s\n", process);
    print_first_match(out, "/proc/cpuinfo", "model name", "cpu");
    print_first_match(out, "/sys/kernel/mm/transparent_hugepage/enabled", "",
                      "transparent huge pages");
    if (uname(&name) == 0)
        fprintf(out, "# kernel: %s %s %s\n", name.sysname, name.release,
                name.machine);
    fprintf(out, "# libc: %s %s\n", LIBC_VERSION);
#ifdef __clang__
    fprintf(out, "# compiler: %s\n", __VERSION__);
#else
    fprintf(out, "# compiler: gcc %s\n", __VERSION__);
#endif
    fprintf(out, "# flags: %s\n", BENCH_FLAGS);
    fprintf(out, "# dependent addition: %.3f ns\n", cycle_ns());
}

static const struct bench_row *
limit_of(const struct bench_set *set, const struct bench_row *row)
{
    for (size_t i = 0; i < set->row_count; i++) {
        const struct bench_row *other = &set->rows[i];

        if (other->is_selected && strcmp(other->variant, "limit") == 0 &&
            strcmp(other->workload, row->workload) == 0)
            return other;
    }
    return NULL;
}

static void
print_tsv_row(const struct bench_set *set, const struct bench_row *row,
              unsigned pass)
{
    const struct bench_row *limit = limit_of(set, row);

    printf("%u\t%s\t%s\t%s\t%.4f\t%.4f\t%.4f\t", pass, set->process,
           row->workload, row->variant, row->median, row->low, row->high);
    if (limit != NULL)
        printf("%.4f\t%.4f\n", limit->median, row->median / limit->median);
    else
        printf("-\t-\n");
}

static void
print_table_row(const struct bench_set *set, const struct bench_row *row)
{
    const struct bench_row *limit = limit_of(set, row);

    printf("%-20s %-30s %12.2f  %10.2f .. %-10.2f", row->workload, row->variant,
           row->median, row->low, row->high);
    if (limit != NULL)
        printf(" %7.2f", row->median / limit->median);
    putchar('\n');
}

void
bench_print(const struct bench_set *set, const struct bench_options *options)
{
    if (options->has_header)
        bench_print_machine(stdout, set->process);
    if (options->is_tsv && options->has_header)
        puts("pass\tprocess\tworkload\tvariant\tns\tlow\thigh\tlimit_ns"
             "\tratio");
    if (!options->is_tsv)
        printf("%-20s %-30s %12s  %24s %7s\n", "workload", "variant",
               "ns median", "quartiles       ", "ratio");
    for (size_t i = 0; i < set->row_count; i++) {
        const struct bench_row *row = &set->rows[i];

        if (!row->is_selected)
            continue;
        if (options->is_tsv)
            print_tsv_row(set, row, options->pass);
        else
            print_table_row(set, row);
    }
}
