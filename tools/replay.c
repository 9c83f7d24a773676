/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The subcommand `framealloc replay`: its options, and the order of things.
 *
 * The trace is read once and made a plan; each row is probed for the library
 * that it needs; then every row is replayed in turn, and that several times
 * over, so that a busy moment of the machine hits all rows alike.
 */
#include "replay.h"

#include "report.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPLAYS_DEFAULT 9
#define REPLAYS_MAX     1000

#define EXIT_USAGE 2

const struct row_info row_infos[ROW_COUNT] = {
    [ROW_NONE] = {.name = "none", .title = "the replayer itself"},
    [ROW_LIBC] = {.name = "libc", .title = "libc", .library = "libc."},
    [ROW_JEMALLOC] = {.name = "jemalloc",
                      .title = "jemalloc",
                      .preloads = {"libjemalloc.so.2", "libjemalloc.so"},
                      .library = "libjemalloc",
                      .package = "libjemalloc2"},
    [ROW_MIMALLOC] = {.name = "mimalloc",
                      .title = "mimalloc",
                      .preloads = {"libmimalloc.so.2", "libmimalloc.so.2.0",
                                   "libmimalloc.so"},
                      .library = "libmimalloc",
                      .package = "libmimalloc2.0"},
    [ROW_FRAMEALLOC] = {.name = "framealloc", .title = "framealloc"},
    [ROW_FRAMES_ONLY] = {.name = "frames-only", .title = "frames-only"}};

static const char help_text[] =
    "Usage: framealloc replay [OPTION]... TRACE\n"
    "\n"
    "Replays the frames of a recorded game on libframealloc and on the malloc\n"
    "of libc, jemalloc and mimalloc, each in processes of its own, and prints\n"
    "what allocation took per frame. TRACE is a .fatrace or .fatrace.xz file.\n"
    "\n"
    "  --frames N    replay the first N frames only\n"
    "  --replays N   replay each row N times (default 9, at most 1000)\n"
    "  --only NAME   replay only this row; may be given several times. One of\n"
    "                libc, jemalloc, mimalloc, framealloc, frames-only\n"
    "  --json        print JSON instead of tables\n"
    "  --help        print this text\n"
    "\n"
    "The framealloc rows choose arena, pool or heap by the lifetimes in the\n"
    "recording: knowledge of the future. In the row framealloc the end of a\n"
    "frame's object is passed on as a release hint, in frames-only it is not.\n"
    "\n"
    "Exit status: 0 all is measured, 1 the trace was refused or a row failed,\n"
    "2 wrong usage.\n";

static bool
refuse_usage(const char *what, const char *value, const char *cure)
{
    fprintf(stderr, "framealloc replay: %s%s%s%s. %s\n", what,
            value == NULL ? "" : " \"", value == NULL ? "" : value,
            value == NULL ? "" : "\"", cure);
    return false;
}

static bool
read_count(const char *option, const char *text, uint32_t max, uint32_t *count)
{
    char what[64];
    char *end;
    unsigned long value = strtoul(text, &end, 10);

    if (text[0] >= '0' && text[0] <= '9' && *end == '\0' && value >= 1 &&
        value <= max) {
        *count = (uint32_t)value;
        return true;
    }
    snprintf(what, sizeof what, "%s does not take", option);
    char cure[64];
    snprintf(cure, sizeof cure, "Give a whole number from 1 to %u.", max);
    return refuse_usage(what, text, cure);
}

static bool
read_row(const char *name, uint32_t *rows)
{
    for (int i = ROW_NONE + 1; i < ROW_COUNT; i++) {
        if (strcmp(name, row_infos[i].name) == 0) {
            *rows |= ROW_BIT(i);
            return true;
        }
    }
    return refuse_usage("--only does not take", name,
                        "Give one of libc, jemalloc, mimalloc, framealloc, "
                        "frames-only.");
}

static bool
read_option(struct replay_options *options, int option, char **argv)
{
    switch (option) {
    case 'f':
        return read_count("--frames", optarg, TRACE_MAX_FRAMES,
                          &options->frames);
    case 'r':
        return read_count("--replays", optarg, REPLAYS_MAX, &options->replays);
    case 'o':
        return read_row(optarg, &options->rows);
    case 'j':
        options->is_json = true;
        return true;
    case 'h':
        options->is_help = true;
        return true;
    case ':':
        return refuse_usage("a value is missing behind", argv[optind - 1],
                            "framealloc replay --help lists the options.");
    default:
        return refuse_usage("there is no option", argv[optind - 1],
                            "framealloc replay --help lists the options.");
    }
}

static bool
read_options(struct replay_options *options, int argc, char **argv)
{
    static const struct option list[] = {
        {"frames", required_argument, NULL, 'f'},
        {"replays", required_argument, NULL, 'r'},
        {"only", required_argument, NULL, 'o'},
        {"json", no_argument, NULL, 'j'},
        {"help", no_argument, NULL, 'h'},
        {NULL, 0, NULL, 0}};
    int option;

    *options = (struct replay_options){.frames = TRACE_MAX_FRAMES,
                                       .replays = REPLAYS_DEFAULT};
    while ((option = getopt_long(argc, argv, ":h", list, NULL)) != -1)
        if (!read_option(options, option, argv))
            return false;
    if (options->rows == 0)
        options->rows = ROW_BIT(ROW_COUNT) - 1;
    options->rows |= ROW_BIT(ROW_NONE);
    if (options->is_help)
        return true;
    if (optind == argc)
        return refuse_usage("no trace is given", NULL,
                            "Name a .fatrace or .fatrace.xz file; "
                            "bench/traces has some.");
    if (optind + 1 < argc)
        return refuse_usage("one trace at a time, not also", argv[optind + 1],
                            "Give one file name.");
    options->trace_path = argv[optind];
    return true;
}

static bool
read_trace(struct trace *trace, const char *path)
{
    struct trace_error error;

    if (!trace_read_file(trace, path, &error)) {
        fprintf(stderr, "framealloc: %s: ", path);
        if (error.has_offset)
            fprintf(stderr, "byte %llu: ", (unsigned long long)error.offset);
        fprintf(stderr, "%s. %s\n", error.cause, error.cure);
        return false;
    }
    if (trace->frame_count != 0)
        return true;
    fprintf(stderr,
            "framealloc: %s: the trace has no frames, so there is nothing to "
            "replay. Record it again, with at least one frame.\n",
            path);
    trace_destroy(trace);
    return false;
}

/* A trace may ask for more than this machine has. Twice the live bytes is
 * what a replay needs with some waste. */
static bool
has_memory_for(const struct plan_head *plan, const char *path)
{
    char line[256];
    unsigned long long available_kib = 0;
    FILE *file = fopen("/proc/meminfo", "r");

    if (file == NULL)
        return true;
    while (fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "MemAvailable: %llu", &available_kib) == 1)
            break;
    fclose(file);
    if (available_kib == 0 || plan->peak_bytes / 512 <= available_kib)
        return true;
    fprintf(stderr,
            "framealloc: %s: %llu MiB are live at once, which takes about "
            "twice as much memory; %llu MiB are available. Replay fewer frames "
            "with --frames.\n",
            path, (unsigned long long)plan->peak_bytes >> 20,
            available_kib >> 10);
    return false;
}

static bool
is_library(const struct probe_result *probe, const char *start)
{
    const char *name = strrchr(probe->library, '/');

    name = name == NULL ? probe->library : name + 1;
    return strncmp(name, start, strlen(start)) == 0;
}

static void
probe_peer(const struct row_info *info, struct row_results *results)
{
    for (int i = 0; info->preloads[i] != NULL; i++) {
        if (!replay_probe(info->preloads[i], &results->probe) ||
            !is_library(&results->probe, info->library))
            continue;
        results->preload = info->preloads[i];
        results->is_run = true;
        return;
    }
    results->probe = (struct probe_result){.magic = 0};
    snprintf(results->note, sizeof results->note,
             "skipped, since %s cannot be loaded (Debian package %s)",
             info->preloads[0], info->package);
}

static void
probe_own(const struct row_info *info, struct row_results *results)
{
    results->is_run = replay_probe(NULL, &results->probe);
    if (!results->is_run)
        snprintf(results->note, sizeof results->note,
                 "this program could not be started again by /proc/self/exe");
    else if (info->library != NULL &&
             !is_library(&results->probe, info->library))
        snprintf(results->note, sizeof results->note,
                 "malloc is not libc's here but that of %.180s",
                 results->probe.library);
    else if (info >= &row_infos[ROW_FRAMEALLOC] &&
             getenv("FRAMEALLOC_OPTIONS") != NULL)
        snprintf(results->note, sizeof results->note,
                 "it ran with FRAMEALLOC_OPTIONS=%.180s",
                 getenv("FRAMEALLOC_OPTIONS"));
}

static bool
create_results(struct row_results *results, const struct plan *plan,
               const struct replay_options *options)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        if ((options->rows & ROW_BIT(i)) == 0)
            continue;
        if (row_infos[i].preloads[0] != NULL)
            probe_peer(&row_infos[i], &results[i]);
        else
            probe_own(&row_infos[i], &results[i]);
        if (!results[i].is_run)
            continue;
        results[i].results =
            calloc(options->replays, sizeof *results[i].results);
        results[i].times =
            calloc((size_t)options->replays * plan->head->frame_count,
                   sizeof *results[i].times);
        if (results[i].results == NULL || results[i].times == NULL)
            return false;
    }
    return true;
}

static void
destroy_results(struct row_results *results)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        free(results[i].results);
        free(results[i].times);
    }
}

static void
print_progress(uint32_t done, uint32_t all, const char *title)
{
    char bar[] = "..............................";
    int width = (int)(sizeof bar - 1);

    if (!isatty(STDERR_FILENO))
        return;
    memset(bar, '#', (size_t)done * (size_t)width / all);
    fprintf(stderr, "\r[%s] %u of %u  %-23s", bar, done, all, title);
    if (done == all)
        fprintf(stderr, "\r%*s\r", 75, "");
    fflush(stderr);
}

static uint32_t
count_rows(const struct row_results *results)
{
    uint32_t count = 0;

    for (int i = 0; i < ROW_COUNT; i++)
        count += results[i].is_run;
    return count;
}

/* False when a row failed; the others are measured all the same. */
static bool
run_replays(struct row_results *results, const struct plan *plan,
            uint32_t replays)
{
    uint32_t all = count_rows(results) * replays, done = 0;
    bool is_complete = true;

    for (uint32_t replay = 0; replay < replays; replay++) {
        for (int i = 0; i < ROW_COUNT; i++) {
            if (!results[i].is_run)
                continue;
            print_progress(done++, all, row_infos[i].title);
            if (replay_once((enum row)i, &results[i], plan, replay))
                continue;
            results[i].is_run = false;
            is_complete = false;
            all -= replays - replay - 1;
        }
    }
    print_progress(all, all, "");
    return is_complete;
}

static bool
print_report(const struct report *report, bool is_json)
{
    if (is_json)
        report_print_json(report);
    else
        report_print_text(report);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    perror("framealloc: the report could not be written");
    return false;
}

static bool
measure(struct row_results *results, const struct trace *trace,
        const struct plan *plan, const struct replay_options *options)
{
    struct figures figures;

    if (!create_results(results, plan, options)) {
        fprintf(stderr, "framealloc: not enough memory for the results. Use "
                        "fewer --replays or --frames.\n");
        return false;
    }
    bool is_complete = run_replays(results, plan, options->replays);
    if (!results[ROW_NONE].is_run) {
        fprintf(stderr, "framealloc: the replay itself failed: %s.\n",
                results[ROW_NONE].note);
        return false;
    }
    if (!figures_read(&figures, results, plan->head->frame_count,
                      options->replays)) {
        fprintf(stderr, "framealloc: not enough memory for the figures. Use "
                        "--frames.\n");
        return false;
    }
    struct report report = {.path = options->trace_path,
                            .trace = trace,
                            .plan = plan->head,
                            .results = results,
                            .figures = &figures};
    return print_report(&report, options->is_json) && is_complete;
}

static bool
replay_trace(const struct trace *trace, const struct replay_options *options)
{
    static struct row_results results[ROW_COUNT];
    struct plan plan;

    if (!plan_create(&plan, trace, options->frames)) {
        fprintf(stderr,
                "framealloc: %s: not enough memory to replay it. Use "
                "--frames.\n",
                options->trace_path);
        return false;
    }
    bool is_done = has_memory_for(plan.head, options->trace_path) &&
                   measure(results, trace, &plan, options);
    destroy_results(results);
    plan_destroy(&plan);
    return is_done;
}

int
replay_main(int argc, char **argv)
{
    struct replay_options options;
    struct trace trace;

    if (!read_options(&options, argc, argv))
        return EXIT_USAGE;
    if (options.is_help)
        return fputs(help_text, stdout) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
    if (!read_trace(&trace, options.trace_path))
        return EXIT_FAILURE;
    bool is_done = replay_trace(&trace, &options);
    trace_destroy(&trace);
    return is_done ? EXIT_SUCCESS : EXIT_FAILURE;
}
