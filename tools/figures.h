/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the replays come to: per frame the median of the replays, minus that
 * of the row `none` in the same frame, then percentiles over the frames.
 */
#ifndef FRAMEALLOC_TOOLS_FIGURES_H
#define FRAMEALLOC_TOOLS_FIGURES_H

#include "replay.h"

enum metric {
    METRIC_P50,
    METRIC_P99,
    METRIC_P999,
    METRIC_MAX,
    METRIC_TOTAL,  /* all frames, warm-up too */
    METRIC_FAULTS, /* page faults, all frames */
    METRIC_RSS,    /* peak of resident memory, bytes */
    METRIC_COUNT
};

struct metric_info {
    const char *name; /* in tables */
    const char *key;  /* in JSON */
    const char *unit; /* of the value times scale */
    double scale;     /* from what is stored (ns, bytes) to the unit */
};

extern const struct metric_info metric_infos[METRIC_COUNT];

#define HISTOGRAM_BUCKETS 18

/* Upper bound of a bucket, us: 1/8, then doubling. The last bucket takes
 * everything above the bound before it, the first one negative values. */
static inline double
histogram_bound(int bucket)
{
    return (double)(UINT64_C(1) << bucket) / 8;
}

enum end_metric { END_P50, END_P99, END_MAX, END_METRIC_COUNT };

struct row_figures {
    bool is_run;
    double values[METRIC_COUNT];  /* ns, counts, bytes */
    double end[END_METRIC_COUNT]; /* ns, the frame's end alone */
    uint32_t histogram[HISTOGRAM_BUCKETS];
    struct byte_shares shares;
};

struct figures {
    struct row_figures rows[ROW_COUNT];
    uint32_t first_frame; /* of the percentiles */
    uint32_t frame_count;
    uint32_t replays;
};

/* False when memory is short. */
bool figures_read(struct figures *figures, const struct row_results *results,
                  uint32_t frame_count, uint32_t replays);

/* Value of a row over that of another; NAN where one of them is missing, or
 * the other is not above 0. */
double figures_ratio(const struct figures *figures, enum row row, enum row peer,
                     enum metric metric);

/* Whether the row is worse than the peer. Of fewer than 1000 frames p99.9 is
 * the maximum, and not counted a second time. */
bool figures_loses(const struct figures *figures, enum row row, enum row peer,
                   enum metric metric);

#endif
