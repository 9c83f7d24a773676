/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The report for people. It says first what was measured and how, then where
 * framealloc loses, and only then shows the tables.
 */
#include "report.h"

#include <framealloc/version.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

#define BAR_WIDTH 12 /* a column: a space and a bar of up to 10 */

static bool
is_ours(enum row row)
{
    return row == ROW_FRAMEALLOC || row == ROW_FRAMES_ONLY;
}

static bool
is_peer(enum row row)
{
    return row != ROW_NONE && !is_ours(row);
}

/* "12.3", with fewer decimals the larger it is; right-aligned. */
static void
print_number(double value, int width)
{
    double size = fabs(value);
    int decimals = size < 10 ? 2 : size < 100 ? 1 : 0;

    if (isnan(value))
        printf("%*s", width, "-");
    else
        printf("%*.*f", width, decimals, value);
}

static void
print_metric(const struct row_figures *row, enum metric metric, int width)
{
    if (metric == METRIC_FAULTS || metric == METRIC_RSS)
        printf("%*.0f", width,
               row->values[metric] * metric_infos[metric].scale);
    else
        print_number(row->values[metric] * metric_infos[metric].scale, width);
}

static void
print_live(uint64_t bytes)
{
    if (bytes < 1 << 20)
        printf("at most %.1f KiB live\n\n", (double)bytes / (1 << 10));
    else
        printf("at most %.1f MiB live\n\n", (double)bytes / (1 << 20));
}

static void
print_head(const struct report *report)
{
    char program[80], workload[80];

    trace_header_value(report->trace, "program", program, sizeof program);
    trace_header_value(report->trace, "workload", workload, sizeof workload);
    printf("framealloc %s, replay of %s\n", FA_VERSION, report->path);
    if (program[0] != '\0')
        printf("%s\n", program);
    if (workload[0] != '\0')
        printf("%s\n", workload);
    printf("%u frames, %u requests, %u thread%s, ",
           report->figures->frame_count, report->plan->request_count,
           report->trace->thread_count,
           report->trace->thread_count == 1 ? "" : "s");
    print_live(report->plan->peak_bytes);
}

static void
print_frames(const struct figures *figures)
{
    if (figures->first_frame != 0)
        printf("Percentiles over frames %u to %u; the rest "
               "over all.\n\n",
               figures->first_frame, figures->frame_count - 1);
    else
        printf("All figures, percentiles too, are over\n"
               "all frames, since there are fewer than %u.\n\n",
               2 * WARM_UP_FRAMES);
}

static void
print_method(const struct figures *figures)
{
    printf("How: one thread runs all requests in the order of the recording, "
           "and touches the\n"
           "memory. Replays of each row: %u, interleaved, each in a fresh "
           "process. Per frame\n"
           "the median of the replays, begin and end of the frame included, "
           "minus what the\n"
           "replayer itself takes. ",
           figures->replays);
    print_frames(figures);
    printf("Lifetimes come from the recording: the framealloc rows know the "
           "future, as the\n"
           "author of a program often does, but not always. They show the "
           "best that it gives.\n"
           "framealloc: with release hints; frames-only: without.\n");
}

static void
print_notes(const struct report *report)
{
    for (int i = 0; i < ROW_COUNT; i++)
        if (report->results[i].note[0] != '\0')
            printf("Note: %s: %s.\n", row_infos[i].title,
                   report->results[i].note);
}

static void
print_loss(const struct report *report, enum row row, enum metric metric)
{
    const struct figures *figures = report->figures;
    const char *before = "(";

    printf("  %-23s %-9s", row_infos[row].title, metric_infos[metric].name);
    print_metric(&figures->rows[row], metric, 8);
    printf(" %-3s ", metric_infos[metric].unit);
    for (int peer = ROW_LIBC; peer <= ROW_MIMALLOC; peer++) {
        if (!figures_loses(figures, row, (enum row)peer, metric))
            continue;
        printf("%s%s ", before, row_infos[peer].title);
        print_metric(&figures->rows[peer], metric, 0);
        before = ", ";
    }
    printf(")\n");
}

static bool
print_losses_of(const struct report *report, enum row row)
{
    bool is_any = false;

    for (int metric = 0; metric < METRIC_COUNT; metric++) {
        bool is_loss = false;
        for (int peer = ROW_LIBC; peer <= ROW_MIMALLOC; peer++)
            is_loss |= figures_loses(report->figures, row, (enum row)peer,
                                     (enum metric)metric);
        if (is_loss)
            print_loss(report, row, (enum metric)metric);
        is_any |= is_loss;
    }
    return is_any;
}

static bool
has_comparison(const struct report *report)
{
    bool is_ours_run = false, is_peer_run = false;

    for (int i = 0; i < ROW_COUNT; i++) {
        is_ours_run |= is_ours((enum row)i) && report->figures->rows[i].is_run;
        is_peer_run |= is_peer((enum row)i) && report->figures->rows[i].is_run;
    }
    return is_ours_run && is_peer_run;
}

static void
print_median(const struct report *report)
{
    static const enum row order[] = {ROW_FRAMEALLOC, ROW_FRAMES_ONLY, ROW_LIBC,
                                     ROW_JEMALLOC, ROW_MIMALLOC};
    const char *before = "\nMedian frame: ";

    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const struct row_figures *row = &report->figures->rows[order[i]];
        if (!row->is_run)
            continue;
        printf("%s%s ", before, row_infos[order[i]].title);
        print_metric(row, METRIC_P50, 0);
        printf(" us");
        before = ", ";
    }
    printf("\n");
}

static void
print_losses(const struct report *report)
{
    printf("\nWhere framealloc loses:\n");
    bool is_full = print_losses_of(report, ROW_FRAMEALLOC);
    bool is_frames_only = print_losses_of(report, ROW_FRAMES_ONLY);
    if (!is_full && !is_frames_only)
        printf("  nowhere in this run\n");
}

static void
print_times(const struct report *report)
{
    printf("\nTime in allocation                   us per frame      total"
           "     end of frame\n"
           "                           p50     p99   p99.9     max      ms"
           "     p50     max\n");
    for (int i = 0; i < ROW_COUNT; i++) {
        const struct row_figures *row = &report->figures->rows[i];
        if (!row->is_run)
            continue;
        printf("%-23s", row_infos[i].title);
        for (int metric = METRIC_P50; metric <= METRIC_TOTAL; metric++)
            print_metric(row, (enum metric)metric, metric == 0 ? 7 : 8);
        print_number(row->end[END_P50] / 1000, 8);
        print_number(row->end[END_MAX] / 1000, 8);
        printf("\n");
    }
}

static double
share_of(uint64_t part, const struct byte_shares *shares)
{
    uint64_t all =
        shares->arena + shares->pool + shares->cache + shares->backend;

    return all == 0 ? NAN : 100.0 * (double)part / (double)all;
}

static void
print_memory(const struct report *report)
{
    printf("\nMemory                    page    peak RSS  %% of bytes that "
           "came from\n"
           "                        faults         KiB    arena    pool   "
           "cache backend\n");
    for (int i = 0; i < ROW_COUNT; i++) {
        const struct row_figures *row = &report->figures->rows[i];
        if (!row->is_run)
            continue;
        printf("%-23s", row_infos[i].title);
        print_metric(row, METRIC_FAULTS, 7);
        print_metric(row, METRIC_RSS, 12);
        if (is_ours((enum row)i)) {
            print_number(share_of(row->shares.arena, &row->shares), 9);
            print_number(share_of(row->shares.pool, &row->shares), 8);
            print_number(share_of(row->shares.cache, &row->shares), 8);
            print_number(share_of(row->shares.backend, &row->shares), 8);
        }
        printf("\n");
    }
}

static void
print_ratios_to(const struct report *report, enum row row, enum row peer)
{
    if (!report->figures->rows[peer].is_run)
        return;
    printf("  to %-18s", row_infos[peer].title);
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        print_number(
            figures_ratio(report->figures, row, peer, (enum metric)metric),
            metric == METRIC_RSS ? 10 : 8);
    printf("\n");
}

static void
print_ratios(const struct report *report)
{
    printf("\nRatios, below 1 is better\n%23s", "");
    for (int metric = 0; metric < METRIC_COUNT; metric++)
        printf("%*s", metric == METRIC_RSS ? 10 : 8, metric_infos[metric].name);
    printf("\n");
    for (int row = 0; row < ROW_COUNT; row++) {
        if (!is_ours((enum row)row) || !report->figures->rows[row].is_run)
            continue;
        printf("%s\n", row_infos[row].title);
        for (int peer = 0; peer < ROW_COUNT; peer++)
            if (is_peer((enum row)peer))
                print_ratios_to(report, (enum row)row, (enum row)peer);
    }
}

/* pad: what is missing to the column; the result is that of the next one. */
static int
print_bar(int pad, uint32_t count, uint32_t all)
{
    static const char full[] = "##########";
    int width = (int)(((uint64_t)count * 10 + all / 2) / all);

    if (count == 0)
        return pad + BAR_WIDTH;
    if (width == 0)
        printf("%*s.", pad + 1, "");
    else
        printf("%*s%.*s", pad + 1, "", width, full);
    return BAR_WIDTH - (width == 0 ? 2 : width + 1);
}

static bool
is_bucket_used(const struct figures *figures, int bucket)
{
    for (int i = ROW_LIBC; i < ROW_COUNT; i++)
        if (figures->rows[i].is_run && figures->rows[i].histogram[bucket] != 0)
            return true;
    return false;
}

static void
print_bucket(const struct report *report, int bucket)
{
    const struct figures *figures = report->figures;

    int pad = 0;

    printf("%5g", bucket == 0 ? 0 : histogram_bound(bucket - 1));
    if (bucket < HISTOGRAM_BUCKETS - 1)
        printf("-%-5g", histogram_bound(bucket));
    else
        printf("%-6s", " up");
    for (int i = ROW_LIBC; i < ROW_COUNT; i++)
        if (figures->rows[i].is_run)
            pad = print_bar(pad, figures->rows[i].histogram[bucket],
                            figures->frame_count - figures->first_frame);
    printf("\n");
}

static void
print_histogram(const struct report *report)
{
    const struct figures *figures = report->figures;
    int first = 0, last = HISTOGRAM_BUCKETS - 1;

    while (first < last && !is_bucket_used(figures, first))
        first++;
    while (last > first && !is_bucket_used(figures, last))
        last--;
    int pad = 0;
    printf("\nFrames by time in allocation (#: a tenth of the frames, .: less)"
           "\n    us     ");
    for (int i = ROW_LIBC; i < ROW_COUNT; i++) {
        if (!figures->rows[i].is_run)
            continue;
        printf("%*s%s", pad + 1, "", row_infos[i].name);
        pad = BAR_WIDTH - 1 - (int)strlen(row_infos[i].name);
    }
    printf("\n");
    for (int bucket = first; bucket <= last; bucket++)
        print_bucket(report, bucket);
}

static void
print_libraries(const struct report *report)
{
    printf("\nLibraries measured\n");
    for (int i = ROW_LIBC; i <= ROW_MIMALLOC; i++)
        if (report->figures->rows[i].is_run)
            printf("  %-10s%-8s%s\n", row_infos[i].title,
                   report->results[i].probe.version,
                   report->results[i].probe.library);
}

void
report_print_text(const struct report *report)
{
    print_head(report);
    print_method(report->figures);
    print_notes(report);
    if (has_comparison(report)) {
        print_median(report);
        print_losses(report);
    }
    print_times(report);
    print_memory(report);
    if (has_comparison(report))
        print_ratios(report);
    print_histogram(report);
    print_libraries(report);
}
