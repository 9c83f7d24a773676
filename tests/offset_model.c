/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle of offsets: takes, frees and resets at random, and marks in a map
 * whose each granule is.
 */
#include "offset_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
keep(const struct offset_model *model, bool is_kept, const char *promise)
{
    if (is_kept)
        return;
    fprintf(stderr, "operation %llu: not kept: %s\n",
            (unsigned long long)model->operation, promise);
    abort();
}

/* A fuzzer's input that has ended gives zeroes. */
static uint64_t
below(struct offset_model *model, uint64_t limit)
{
    if (model->input == NULL) {
        model->random =
            model->random * UINT64_C(6364136223846793005) + 1442695040888963407;
        return (model->random >> 32) % limit;
    }
    uint64_t n = 0;
    for (uint64_t most = limit - 1; most > 0; most >>= 8) {
        n = n << 8 | (model->input_left > 0 ? *model->input : 0);
        model->input += model->input_left > 0;
        model->input_left -= model->input_left > 0;
    }
    return n % limit;
}

static uint32_t
longest_hole(const struct offset_model *model)
{
    uint32_t most = 0;
    uint32_t run = 0;
    for (uint32_t i = 0; i < model->units; i++) {
        run = model->owner[i] == 0 ? run + 1 : 0;
        most = run > most ? run : most;
    }
    return most;
}

static bool
is_live(const struct offset_model *model, uint32_t node)
{
    for (uint32_t i = 0; i < model->count; i++)
        if (model->live[i] == node)
            return true;
    return false;
}

/* --- operations --- */

/* A hole that has room for the size at each place, and is of a class above,
 * is always found. */
static void
check_refusal(const struct offset_model *model, uint32_t units,
              uint64_t align_units)
{
    uint64_t sure = units + align_units - 1;
    keep(model, longest_hole(model) < sure + sure / 16,
         "a request that fits is served");
}

static void
check_range(const struct offset_model *model, uint64_t begin, uint64_t size,
            uint64_t align, uint32_t node)
{
    uint64_t granule = (uint64_t)1 << model->shift;
    keep(model, begin % granule == 0, "a begin is at a granule");
    keep(model, align == 0 || begin % align == 0, "a begin is aligned");
    keep(model, begin + size <= (uint64_t)model->units << model->shift,
         "a range is inside");
    keep(model, node != 0 && !is_live(model, node), "a number is new");
}

static void
take(struct offset_model *model)
{
    uint64_t all = (uint64_t)model->units << model->shift;
    unsigned bits = 64 - (unsigned)__builtin_clzll(all);
    /* Most are small, so that there are many. */
    uint64_t most = below(model, 1 + below(model, bits));
    uint64_t size = 1 + below(model, (uint64_t)1 << most);
    uint64_t align =
        below(model, 2) == 0 ? 0 : (uint64_t)1 << below(model, bits);
    uint64_t begin = UINT64_MAX;
    uint32_t node = UINT32_MAX;
    uint64_t mask = ((uint64_t)1 << model->shift) - 1;
    uint32_t units = (uint32_t)((size + mask) >> model->shift);
    fa_status status =
        fa_offset_alloc(model->offset, size, align, &begin, &node);
    if (status != FA_OK) {
        keep(model, status == FA_ERR_NOMEM, "a refusal is for lack of room");
        keep(model, begin == UINT64_MAX && node == UINT32_MAX,
             "a refusal leaves the results");
        check_refusal(model, units, align <= mask ? 1 : align >> model->shift);
        return;
    }
    check_range(model, begin, size, align, node);
    uint32_t first = (uint32_t)(begin >> model->shift);
    for (uint32_t i = first; i < first + units; i++) {
        keep(model, model->owner[i] == 0, "ranges do not overlap");
        model->owner[i] = node;
    }
    model->begin[model->count] = first;
    model->live[model->count++] = node;
}

static void
give(struct offset_model *model, uint32_t i)
{
    uint32_t node = model->live[i];
    keep(model, fa_offset_free(model->offset, node) == FA_OK,
         "a range can be freed");
    for (uint32_t at = model->begin[i];
         at < model->units && model->owner[at] == node; at++)
        model->owner[at] = 0;
    model->count--;
    model->live[i] = model->live[model->count];
    model->begin[i] = model->begin[model->count];
    keep(model, fa_offset_free(model->offset, node) == FA_ERR_STALE,
         "a range is freed once");
}

static void
misuse(struct offset_model *model)
{
    uint64_t begin;
    uint32_t node = (uint32_t)below(model, 4 * (uint64_t)OFFSET_MODEL_UNITS);
    if (!is_live(model, node))
        keep(model, fa_offset_free(model->offset, node) == FA_ERR_STALE,
             "what is not in use can't be freed");
    keep(model,
         fa_offset_alloc(model->offset, 0, 0, &begin, &node) == FA_ERR_USAGE,
         "nothing can't be taken");
}

static void
reset(struct offset_model *model)
{
    fa_offset_reset(model->offset);
    memset(model->owner, 0, sizeof(model->owner));
    model->count = 0;
}

void
offset_model_step(struct offset_model *model)
{
    model->operation++;
    uint64_t kind = below(model, 256);
    if (kind < 130)
        take(model);
    else if (kind >= 252)
        misuse(model);
    else if (kind == 251 && below(model, 64) == 1)
        reset(model);
    else if (model->count > 0)
        give(model, (uint32_t)below(model, model->count));
}

/* --- the whole --- */

/* Granules from here on that have the same owner. */
static uint32_t
run_at(const struct offset_model *model, uint32_t at)
{
    uint32_t i = at;
    while (i < model->units && model->owner[i] == model->owner[at])
        i++;
    return i - at;
}

static uint32_t
compare_ranges(const struct offset_model *model, uint32_t *holes)
{
    fa_offset_range range;
    uint32_t cursor = 0;
    uint32_t at = 0;
    uint32_t used = 0;
    while (fa_offset_next(model->offset, &cursor, &range)) {
        keep(model, at < model->units, "ranges end at the end");
        uint32_t run = run_at(model, at);
        keep(model, range.offset == (uint64_t)at << model->shift,
             "ranges follow each other");
        keep(model, range.size == (uint64_t)run << model->shift,
             "a range is as long as its owner's, and holes are merged");
        keep(model, range.is_free == (model->owner[at] == 0),
             "holes are holes");
        keep(model, range.is_free || range.node == model->owner[at],
             "a range has its number");
        *holes += range.is_free;
        used += range.is_free ? 0 : run;
        at += run;
    }
    keep(model, at == model->units, "ranges cover all");
    return used;
}

void
offset_model_compare(const struct offset_model *model)
{
    uint32_t holes = 0;
    uint32_t used = compare_ranges(model, &holes);
    fa_offset_usage usage = FA_OFFSET_USAGE_INIT;
    keep(model, fa_offset_usage_read(model->offset, &usage) == FA_OK,
         "figures can be read");
    keep(model, usage.size == (uint64_t)model->units << model->shift,
         "the size stays");
    keep(model, usage.used == (uint64_t)used << model->shift, "used is used");
    keep(model, usage.ranges == model->count, "ranges are counted");
    keep(model, usage.holes == holes, "holes are counted");
    keep(model,
         usage.largest_hole == (uint64_t)longest_hole(model) << model->shift,
         "the largest hole is the largest");
}

void
offset_model_begin(struct offset_model *model, fa_allocator *allocator,
                   uint32_t shift, uint32_t units)
{
    fa_offset_config config = FA_OFFSET_CONFIG_INIT;
    config.granule = (uint64_t)1 << shift;
    /* What is no whole granule is cut off. */
    config.size = ((uint64_t)units << shift) + (config.granule - 1);
    model->shift = shift;
    model->units = units;
    keep(model, fa_offset_create(allocator, &config, &model->offset) == FA_OK,
         "it can be made");
    offset_model_compare(model);
}

void
offset_model_end(struct offset_model *model)
{
    offset_model_compare(model);
    while (model->count > 0)
        give(model, model->count - 1);
    offset_model_compare(model);
    fa_offset_destroy(model->offset);
}
