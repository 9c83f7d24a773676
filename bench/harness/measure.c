/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Measuring: interleaved rounds over all rows.
 *
 * A sample repeats a row's work for at least SAMPLE_NS; a round takes the
 * median of SAMPLES samples of every row, in a new random order; the figure of
 * a row is the median over the rounds, its spread the two quartiles. What a
 * whole pass (one process) loses to a busy neighbour is dealt with outside:
 * several passes are run and the lowest median is published.
 */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#define SAMPLE_NS 25000u
#define SAMPLES   7

void
bench_open(struct bench_row *row)
{
    if (row->is_open)
        return;
    if (row->open != NULL)
        row->open(row->state);
    row->is_open = true;
}

static uint64_t
elapsed(struct bench_row *row, size_t count)
{
    uint64_t start = bench_now_ns();

    row->run(row->state, count);
    return bench_now_ns() - start;
}

static void
calibrate(struct bench_row *row)
{
    size_t count = 1;

    bench_open(row);
    if (row->measure != NULL)
        return;
    /* Twice, because the first run faults pages in. */
    elapsed(row, 1);
    while (elapsed(row, count) < SAMPLE_NS)
        count *= 2;
    row->count = count;
}

static double
sample(struct bench_row *row)
{
    if (row->measure != NULL)
        return row->measure(row->state);
    return (double)elapsed(row, row->count) / ((double)row->count * row->ops);
}

static double
round_median(struct bench_row *row)
{
    double values[SAMPLES];

    for (size_t i = 0; i < SAMPLES; i++)
        values[i] = sample(row);
    return bench_median(values, SAMPLES);
}

static void
shuffle_rows(struct bench_row **rows, size_t count, uint32_t *state)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = bench_random(state) % i;
        struct bench_row *other = rows[j];

        rows[j] = rows[i - 1];
        rows[i - 1] = other;
    }
}

static void
summarise(struct bench_row *row, size_t rounds)
{
    row->median = bench_median(row->rounds, rounds);
    row->low = bench_quantile(row->rounds, rounds, 0.25);
    row->high = bench_quantile(row->rounds, rounds, 0.75);
}

static size_t
prepare(struct bench_set *set, struct bench_row **order, unsigned rounds)
{
    size_t chosen = 0;

    for (size_t i = 0; i < set->row_count; i++) {
        struct bench_row *row = &set->rows[i];

        if (!row->is_selected)
            continue;
        row->rounds = calloc(rounds, sizeof *row->rounds);
        if (row->rounds == NULL)
            bench_die("out of memory");
        calibrate(row);
        order[chosen++] = row;
    }
    return chosen;
}

void
bench_measure(struct bench_set *set, const struct bench_options *options)
{
    struct bench_row *order[BENCH_MAX_ROWS];
    uint32_t state = 0x2545f491u + options->pass;
    size_t chosen = prepare(set, order, options->rounds);

    for (unsigned round = 0; round < options->rounds; round++) {
        shuffle_rows(order, chosen, &state);
        for (size_t i = 0; i < chosen; i++)
            order[i]->rounds[round] = round_median(order[i]);
    }
    for (size_t i = 0; i < chosen; i++)
        summarise(order[i], options->rounds);
}
