/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Start-up: time from spawn to exit and resident memory of two processes that
 * differ in one thing, that one of them links framealloc-core. Spawns of both
 * alternate. The fastest tenth is what the work costs; the median is printed
 * beside it.
 *
 * A library in the build folder is searched for in some twenty places, an
 * installed one in a cache that is open anyway. So the timed process is told
 * the library's path in LD_PRELOAD, which costs one look-up, as an installed
 * one does.
 */
#include "../harness/bench.h"

#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define SPAWNS  400
#define REPORTS 31
#define MIDDLE  (REPORTS / 2)

struct program {
    const char *name;
    char path[4096];
    double ns[SPAWNS];
    double median;
    double fast;
    double rss[REPORTS];
    double dirty[REPORTS];
    size_t tls;
    char library[4096];
    char *environment[2];
};

static double
spawn(struct program *program)
{
    char *argv[] = {program->path, NULL};
    int status;
    pid_t child;
    uint64_t start = bench_now_ns();

    if (posix_spawn(&child, program->path, NULL, NULL, argv,
                    program->environment) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        bench_die("cannot run the program whose start is measured");
    return (double)(bench_now_ns() - start);
}

static void
ask_once(struct program *program, const char *argument, size_t number)
{
    char command[sizeof program->path + 16];
    unsigned long long rss;
    unsigned long long dirty;

    snprintf(command, sizeof command, "'%s' %s", program->path, argument);
    FILE *answer = popen(command, "r");
    if (answer == NULL || fscanf(answer, "%llu %llu %zu %4095s", &rss, &dirty,
                                 &program->tls, program->library) != 4)
        bench_die("a program does not tell its memory");
    pclose(answer);
    program->rss[number] = (double)rss / 1024;
    program->dirty[number] = (double)dirty / 1024;
}

/* The kernel maps file pages around a fault, by where they happen to lie. */
static void
ask(struct program *program, const char *argument)
{
    for (size_t i = 0; i < REPORTS; i++)
        ask_once(program, argument, i);
    bench_median(program->rss, REPORTS);
    bench_median(program->dirty, REPORTS);
}

/* The programs stand beside this one. */
static void
find_program(struct program *program, const char *self)
{
    const char *slash = strrchr(self, '/');
    int length = slash != NULL ? (int)(slash - self) : 1;

    snprintf(program->path, sizeof program->path, "%.*s/%s", length,
             slash != NULL ? self : ".", program->name);
}

static void
preload(struct program *program)
{
    static char variable[sizeof program->library + 16];

    snprintf(variable, sizeof variable, "LD_PRELOAD=%s", program->library);
    program->environment[0] = variable;
}

static void
summarise(struct program *program)
{
    program->median = bench_median(program->ns, SPAWNS);
    program->fast = bench_quantile(program->ns, SPAWNS, 0.1);
}

static void
time_starts(struct program *plain, struct program *linked)
{
    spawn(plain);
    spawn(linked);
    for (size_t i = 0; i < SPAWNS; i++) {
        plain->ns[i] = spawn(plain);
        linked->ns[i] = spawn(linked);
    }
    summarise(plain);
    summarise(linked);
}

static void
print_line(const char *what, double plain, double linked, const char *unit)
{
    printf("%s\t%.1f\t%.1f\t%.1f\t%s\n", what, plain, linked, linked - plain,
           unit);
}

static void
print(const struct program *plain, const struct program *linked,
      const struct program *used)
{
    bench_print_machine(stdout, "startup");
    puts("what\tplain\tlinked\tdifference\tunit");
    print_line("start, fastest tenth", plain->fast / 1e3, linked->fast / 1e3,
               "us");
    print_line("start, median", plain->median / 1e3, linked->median / 1e3,
               "us");
    print_line("resident", plain->rss[MIDDLE], linked->rss[MIDDLE], "KiB");
    print_line("written to", plain->dirty[MIDDLE], linked->dirty[MIDDLE],
               "KiB");
    print_line("resident after first use", plain->rss[MIDDLE],
               used->rss[MIDDLE], "KiB");
    print_line("written to after first use", plain->dirty[MIDDLE],
               used->dirty[MIDDLE], "KiB");
    print_line("static TLS", (double)plain->tls, (double)linked->tls, "bytes");
}

int
main(int argc BENCH_UNUSED, char **argv)
{
    static struct program plain = {.name = "startup-plain"};
    static struct program linked = {.name = "startup-linked"};
    static struct program used;

    find_program(&plain, argv[0]);
    find_program(&linked, argv[0]);
    used = linked;
    bench_pin(bench_core());
    ask(&plain, "report");
    ask(&linked, "report");
    ask(&used, "use");
    preload(&linked);
    time_starts(&plain, &linked);
    print(&plain, &linked, &used);
    return EXIT_SUCCESS;
}
