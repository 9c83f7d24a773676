/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: how they begin and end, their figures, and what must hold.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "lifetime/stream.h"

#include <string.h>

#define BUDGET_DEFAULT ((size_t)64 << 20)

static uint64_t stream_count; /* Of the process, since its begin. */

/* --- begin --- */

/* Streams begin with different generations, so that an asset of another
 * stream is most probably stale here. */
static uint32_t
choose_generation(void)
{
    /* A counter; nothing is ordered by it. */
    uint64_t n = fai_fetch_add(&stream_count, 1);
    return 1 + (uint32_t)((n * 0x9e3779b97f4a7c15u) >> 33);
}

static void
fill_stream(fa_stream *stream, fa_allocator *allocator,
            const fa_stream_config *config)
{
    const char *name = config->name == NULL ? "stream" : config->name;
    memset(stream, 0, sizeof(*stream));
    stream->allocator = allocator;
    stream->may_evict = config->may_evict;
    stream->evicted = config->evicted;
    stream->user = config->user;
    stream->budget = config->budget == 0 ? BUDGET_DEFAULT : config->budget;
    stream->first_generation = choose_generation();
    stream->last_generation = UINT32_MAX;
    memcpy(stream->name, name, strnlen(name, sizeof(stream->name) - 1));
    fai_mutex_create(&stream->lock);
}

static void
free_stream(fa_stream *stream)
{
    fai_array_destroy(&stream->records, sizeof(struct fai_asset));
    fai_mutex_destroy(&stream->lock);
    fa_heap_free(fai_ctx_self(stream->allocator), stream);
}

fa_status
fa_stream_create(fa_allocator *allocator, const fa_stream_config *given,
                 fa_stream **out)
{
    fa_stream_config config = FA_STREAM_CONFIG_INIT;
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (given != NULL &&
        !fai_sized_read(&allocator->reporter, "fa_stream_config", given,
                        offsetof(fa_stream_config, name), &config,
                        sizeof(config)))
        return FA_ERR_CONFIG;
    fa_ctx *ctx = fai_ctx_self(allocator);
    fa_stream *stream = fa_heap_alloc(ctx, sizeof(*stream), 64);
    if (stream == NULL)
        return fa_ctx_status(ctx);
    fill_stream(stream, allocator, &config);
    if (fai_array_push(&stream->records, sizeof(struct fai_asset)) == NULL) {
        free_stream(stream);
        return FA_ERR_NOMEM;
    }
    *fai_asset(stream, 0) = (struct fai_asset){0};
    *out = stream;
    return FA_OK;
}

/* --- end --- */

static uint64_t
count_assets(const fa_stream *stream)
{
    return stream->count[FA_STREAM_RESERVED] +
           stream->count[FA_STREAM_LOADING] + stream->count[FA_STREAM_READY];
}

void
fa_stream_destroy(fa_stream *stream)
{
    if (stream == NULL)
        return;
    if (count_assets(stream) != 0)
        fai_report(&stream->allocator->reporter, 403, NULL,
                   "%llu assets, %llu bytes in \"%s\"",
                   (unsigned long long)count_assets(stream),
                   (unsigned long long)stream->used, stream->name);
    for (uint32_t i = 1; i < stream->records.count; i++)
        fa_heap_free(fai_ctx_self(stream->allocator),
                     fai_asset(stream, i)->memory);
    free_stream(stream);
}

/* --- figures --- */

static double
ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 1 : (double)part / (double)whole;
}

/* Under the lock. */
static void
fill_stats(const fa_stream *stream, fa_stream_stats *out)
{
    const uint64_t *bytes = stream->bytes;
    const uint64_t *count = stream->count;
    out->budget_bytes = stream->budget;
    out->used_bytes = stream->used;
    out->peak_bytes = stream->peak;
    out->reserved_bytes = bytes[FA_STREAM_RESERVED];
    out->loading_bytes = bytes[FA_STREAM_LOADING];
    out->ready_bytes = bytes[FA_STREAM_READY] + bytes[FA_STREAM_EVICTING];
    out->filled_bytes = stream->filled;
    out->reserved_count = count[FA_STREAM_RESERVED];
    out->loading_count = count[FA_STREAM_LOADING];
    out->ready_count = count[FA_STREAM_READY] + count[FA_STREAM_EVICTING];
    out->pinned_count = stream->pinned_count;
    out->eviction_count = stream->eviction_count;
    out->evicted_bytes = stream->evicted_bytes;
    out->veto_count = stream->clock;
    out->refusal_count = stream->refusal_count;
    out->utilization = ratio(stream->used, stream->budget);
    out->progress =
        ratio(stream->filled, out->reserved_bytes + out->loading_bytes);
}

fa_status
fa_stream_stats_read(fa_stream *stream, fa_stream_stats *out)
{
    if (stream == NULL || out == NULL)
        return FA_ERR_USAGE;
    fa_stream_stats stats = FA_STREAM_STATS_INIT;
    fai_lock(&stream->lock);
    fill_stats(stream, &stats);
    fai_unlock(&stream->lock);
    return fai_sized_write(&stream->allocator->reporter, "fa_stream_stats",
                           &stats, sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}

/* --- what must hold, while nothing is under way --- */

static bool
is_idle(const struct fai_asset *asset)
{
    return asset->state == FA_STREAM_READY && asset->pins == 0 &&
           asset->priority != FA_STREAM_CRITICAL;
}

static const char *
check_list(const fa_stream *stream, unsigned priority, uint64_t *listed)
{
    uint32_t prev = 0;
    uint32_t index = stream->idle[priority].first;
    for (; index != 0; index = fai_asset(stream, index)->next) {
        const struct fai_asset *asset = fai_asset(stream, index);
        if (asset->prev != prev || asset->priority != priority)
            return "a list is linked wrongly";
        if (!is_idle(asset))
            return "an asset that is not idle may be evicted";
        if (prev != 0 && (fai_asset(stream, prev)->order >= asset->order ||
                          fai_asset(stream, prev)->frame > asset->frame))
            return "a list is not sorted by age";
        (*listed)++;
        prev = index;
    }
    return prev == stream->idle[priority].last ? NULL : "a list has no end";
}

static const char *
check_sums(const fa_stream *stream)
{
    uint64_t bytes[FAI_STREAM_STATES] = {0};
    uint64_t filled = 0;
    uint64_t idle = 0;
    for (uint32_t i = 1; i < stream->records.count; i++) {
        const struct fai_asset *asset = fai_asset(stream, i);
        bytes[asset->state] += asset->size;
        filled += asset->filled;
        idle += is_idle(asset);
        if ((asset->state == FA_STREAM_GONE) != (asset->memory == NULL))
            return "memory without an asset, or an asset without memory";
    }
    bytes[FA_STREAM_GONE] = 0;
    if (memcmp(bytes, stream->bytes, sizeof(bytes)) != 0 ||
        filled != stream->filled)
        return "figures are wrong";
    uint64_t listed = 0;
    const char *wrong = NULL;
    for (unsigned p = 0; p < FAI_STREAM_PRIORITIES && wrong == NULL; p++)
        wrong = check_list(stream, p, &listed);
    return wrong != NULL || listed == idle ? wrong : "an idle asset is lost";
}

const char *
fai_stream_check(fa_stream *stream)
{
    fai_lock(&stream->lock);
    uint64_t used = stream->bytes[FA_STREAM_RESERVED] +
                    stream->bytes[FA_STREAM_LOADING] +
                    stream->bytes[FA_STREAM_READY];
    const char *wrong = check_sums(stream);
    if (used != stream->used || stream->claimed != 0)
        wrong = "the budget and the assets differ";
    if (stream->used > stream->budget)
        wrong = "more is used than the budget has";
    fai_unlock(&stream->lock);
    return wrong;
}
