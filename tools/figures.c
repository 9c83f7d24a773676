/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Medians, percentiles and ratios of the replays.
 *
 * Percentiles are by nearest rank, over the frames behind the warm-up; a short
 * trace has none. A frame in which a row is as fast as the replayer may come
 * out below 0: that is noise of the clock, and it is kept.
 */
#include "figures.h"

#include <math.h>
#include <stdlib.h>

const struct metric_info metric_infos[METRIC_COUNT] = {
    {"p50", "p50_us", "us", 1e-3},
    {"p99", "p99_us", "us", 1e-3},
    {"p99.9", "p99_9_us", "us", 1e-3},
    {"max", "max_us", "us", 1e-3},
    {"total", "total_ms", "ms", 1e-6},
    {"faults", "page_faults", "", 1},
    {"peak RSS", "peak_rss_kib", "KiB", 1.0 / 1024}};

/* One value per frame. */
struct series {
    double *whole; /* begin, requests and end */
    double *end;
};

static int
compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* Sorts the values. */
static double
median_of(double *values, uint32_t count)
{
    qsort(values, count, sizeof *values, compare);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* Nearest rank; the percentile in tenths. */
static double
percentile_of(const double *sorted, uint32_t count, uint32_t per_mille)
{
    uint64_t rank = ((uint64_t)count * per_mille + 999) / 1000;

    return sorted[rank - 1];
}

static bool
create_series(struct series *series, uint32_t frame_count)
{
    series->whole = calloc(frame_count, sizeof(double));
    series->end = calloc(frame_count, sizeof(double));
    return series->whole != NULL && series->end != NULL;
}

static void
destroy_series(struct series *series)
{
    free(series->whole);
    free(series->end);
}

static void
read_series(struct series *series, const struct row_results *results,
            const struct figures *figures, double *scratch)
{
    uint32_t replays = figures->replays;

    for (uint32_t frame = 0; frame < figures->frame_count; frame++) {
        const struct frame_time *time = results->times + frame;
        for (uint32_t i = 0; i < replays; i++)
            scratch[i] =
                (double)time[(size_t)i * figures->frame_count].events_ns +
                time[(size_t)i * figures->frame_count].end_ns;
        series->whole[frame] = median_of(scratch, replays);
        for (uint32_t i = 0; i < replays; i++)
            scratch[i] = time[(size_t)i * figures->frame_count].end_ns;
        series->end[frame] = median_of(scratch, replays);
    }
}

static void
subtract_series(struct series *series, const struct series *base,
                uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        series->whole[i] -= base->whole[i];
        series->end[i] -= base->end[i];
    }
}

static void
fill_histogram(struct row_figures *row, const double *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        int bucket = 0;
        while (bucket + 1 < HISTOGRAM_BUCKETS &&
               values[i] >= histogram_bound(bucket) * 1000)
            bucket++;
        row->histogram[bucket]++;
    }
}

/* Sorts the series. */
static void
fill_times(struct row_figures *row, struct series *series,
           const struct figures *figures)
{
    double *whole = series->whole + figures->first_frame;
    double *end = series->end + figures->first_frame;
    uint32_t count = figures->frame_count - figures->first_frame;

    for (uint32_t i = 0; i < figures->frame_count; i++)
        row->values[METRIC_TOTAL] += series->whole[i];
    fill_histogram(row, whole, count);
    qsort(whole, count, sizeof *whole, compare);
    qsort(end, count, sizeof *end, compare);
    row->values[METRIC_P50] = percentile_of(whole, count, 500);
    row->values[METRIC_P99] = percentile_of(whole, count, 990);
    row->values[METRIC_P999] = percentile_of(whole, count, 999);
    row->values[METRIC_MAX] = whole[count - 1];
    row->end[END_P50] = percentile_of(end, count, 500);
    row->end[END_P99] = percentile_of(end, count, 990);
    row->end[END_MAX] = end[count - 1];
}

static void
fill_memory(struct row_figures *row, const struct row_results *results,
            uint32_t replays, double *scratch)
{
    for (uint32_t i = 0; i < replays; i++)
        scratch[i] = (double)results->results[i].faults;
    row->values[METRIC_FAULTS] = median_of(scratch, replays);
    for (uint32_t i = 0; i < replays; i++)
        scratch[i] = (double)results->results[i].peak_rss;
    row->values[METRIC_RSS] = median_of(scratch, replays);
    row->shares = results->results[0].shares;
}

static void
fill_rows(struct figures *figures, const struct row_results *results,
          struct series *base, struct series *series, double *scratch)
{
    read_series(base, &results[ROW_NONE], figures, scratch);
    for (int i = ROW_COUNT - 1; i >= 0; i--) {
        struct row_figures *row = &figures->rows[i];
        if (!results[i].is_run)
            continue;
        row->is_run = true;
        read_series(series, &results[i], figures, scratch);
        if (i != ROW_NONE)
            subtract_series(series, base, figures->frame_count);
        fill_times(row, series, figures);
        fill_memory(row, &results[i], figures->replays, scratch);
    }
}

bool
figures_read(struct figures *figures, const struct row_results *results,
             uint32_t frame_count, uint32_t replays)
{
    struct series base = {NULL, NULL}, series = {NULL, NULL};
    double *scratch = calloc(replays, sizeof *scratch);
    bool is_made = create_series(&base, frame_count) &&
                   create_series(&series, frame_count) && scratch != NULL;

    *figures = (struct figures){
        .first_frame = frame_count >= 2 * WARM_UP_FRAMES ? WARM_UP_FRAMES : 0,
        .frame_count = frame_count,
        .replays = replays};
    if (is_made)
        fill_rows(figures, results, &base, &series, scratch);
    destroy_series(&base);
    destroy_series(&series);
    free(scratch);
    return is_made;
}

double
figures_ratio(const struct figures *figures, enum row row, enum row peer,
              enum metric metric)
{
    double value = figures->rows[row].values[metric];
    double other = figures->rows[peer].values[metric];

    if (!figures->rows[row].is_run || !figures->rows[peer].is_run || other <= 0)
        return NAN;
    return value / other;
}

bool
figures_loses(const struct figures *figures, enum row row, enum row peer,
              enum metric metric)
{
    uint32_t measured = figures->frame_count - figures->first_frame;

    if (metric == METRIC_P999 && measured < 1000)
        return false;
    return figures->rows[row].is_run && figures->rows[peer].is_run &&
           figures->rows[row].values[metric] >
               figures->rows[peer].values[metric];
}
