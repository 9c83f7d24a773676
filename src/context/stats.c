/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Statistics: sums of what the contexts have published.
 *
 * Readers take the allocator's lock, which keeps the contexts in place; the
 * figures themselves are written without locks and read as they are.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "memory/queue.h"

#include <string.h>

#define ADD(field) sum->field += fai_load(&from->field)

static void
add_figures(struct fai_figures *sum, const struct fai_figures *from)
{
    ADD(frame_peak);
    ADD(reserved);
    ADD(resident);
    ADD(pool_bytes);
    ADD(block_bytes);
    ADD(cache_bytes);
    ADD(backend_bytes);
    ADD(arena_bytes);
    ADD(spills);
    ADD(spill_bytes);
    ADD(spill_ns);
    ADD(remote_frees);
    ADD(frame_count);
    ADD(trimmed_bytes);
    for (size_t i = 0; i < 3; i++)
        ADD(promoted[i]);
    ADD(promotions);
    ADD(promotions_failed);
    for (size_t i = 0; i < FA_HISTOGRAM_BUCKETS; i++)
        ADD(histogram[i]);
}

/* Tags that a context may have used; the records of others are not touched. */
static fa_tag
tag_count(const fa_ctx *ctx)
{
    /* Pairs with the release in add_tag(). */
    return fai_load_acquire(&ctx->allocator->tags.count);
}

/* Frames that were closed the short way are counted by their tag. */
static void
add_plain_frames(struct fai_figures *sum, const fa_ctx *ctx)
{
    uint64_t peak = fai_load(&ctx->figures.frame_peak);
    uint64_t known = peak;
    fa_tag count = tag_count(ctx);
    for (fa_tag tag = 0; tag < count; tag++) {
        const struct fai_tag_use *use = &ctx->tag_use[tag];
        uint64_t plain_peak = fai_load(&use->plain_peak);
        if (plain_peak == 0)
            continue;
        peak = FAI_MAX(peak, plain_peak);
        for (size_t i = 1; i < FA_HISTOGRAM_BUCKETS; i++)
            sum->histogram[i] += fai_load(&use->plain_histogram[i - 1]);
    }
    sum->frame_peak += peak - known;
}

static void
add_objects(struct fai_object_counts *sum, const struct fai_object_counts *from)
{
    for (size_t i = 0; i < FAI_MEMORY_KINDS; i++) {
        sum->allocs[i] += fai_load(&from->allocs[i]);
        sum->frees[i] += fai_load(&from->frees[i]);
    }
    sum->same_frame += fai_load(&from->same_frame);
    sum->promotions += fai_load(&from->promotions);
}

/* Only totals outlive a context. */
void
fai_stats_retire(fa_allocator *allocator, const fa_ctx *ctx)
{
    for (fa_tag tag = 0; tag < FA_TAG_MAX; tag++)
        add_objects(&allocator->tags.tag[tag].retired,
                    &ctx->tag_use[tag].objects);
    struct fai_figures figures = ctx->figures;
    add_plain_frames(&figures, ctx);
    figures.frame_peak = 0;
    figures.reserved = figures.resident = figures.pool_bytes = 0;
    figures.block_bytes = figures.cache_bytes = 0;
    add_figures(&allocator->retired, &figures);
}

/* Bytes that would have held 99.9 % of the frames: the end of a bucket. */
static uint64_t
suggest_reserve(const uint64_t *histogram)
{
    uint64_t frames = 0, seen = 0;
    for (size_t i = 0; i < FA_HISTOGRAM_BUCKETS; i++)
        frames += histogram[i];
    for (size_t i = 0; i < FA_HISTOGRAM_BUCKETS; i++) {
        seen += histogram[i];
        if (frames != 0 && seen >= frames - frames / 1000)
            return (uint64_t)1 << i;
    }
    return 0;
}

/* Its frame is still open, and closed for the allocator. */
static bool
is_behind(const fa_allocator *allocator, const fa_ctx *ctx)
{
    uint64_t word = fai_load(&allocator->word);
    uint64_t own = fai_load(&ctx->frame.word);
    return !ctx->has_own_frames && (own & 1) != 0 &&
           own >> 1 <= (word >> 1) - (word & 1);
}

/* Of the frame that was published last. */
static uint64_t
published_bytes(const fa_ctx *ctx, uint64_t *number)
{
    uint64_t bytes = fai_load(&ctx->figures.frame_bytes);
    uint64_t word = fai_load(&ctx->figures.word);
    fa_tag count = tag_count(ctx);
    /* A frame that was closed the short way is with its tag, and what was
     * published while it was open is older. */
    for (fa_tag tag = 0; tag < count; tag++) {
        uint64_t closed = fai_load(&ctx->tag_use[tag].number) * 2;
        if (closed > (word & ~(uint64_t)1) || closed + 1 == word) {
            word = closed;
            bytes = fai_load(&ctx->tag_use[tag].last_frame);
        }
    }
    *number = word >> 1;
    return bytes;
}

/* Of the current frame, or of the last one when nothing was published yet. */
static uint64_t
frame_bytes(const fa_ctx *ctx)
{
    uint64_t word = fai_load(&ctx->frame.word);
    uint64_t number;
    uint64_t bytes = published_bytes(ctx, &number);
    return number + (word & 1) >= word >> 1 ? bytes : 0;
}

struct tally {
    struct fai_figures sum;
    uint64_t annex_bytes[FAI_ANNEX_KINDS];
    uint32_t annexes[FAI_ANNEX_KINDS];
    uint64_t frame_bytes;
    uint64_t heap_bytes;
    uint64_t refusals;
    uint64_t oldest;
    uint32_t in_use;
    uint32_t idle;
    uint32_t behind;
};

static uint64_t
heap_bytes(const fa_ctx *ctx)
{
    uint64_t bytes = 0;
    fa_tag count = tag_count(ctx);
    for (fa_tag tag = 0; tag < count; tag++)
        bytes += fai_load(&ctx->tag_use[tag].heap_bytes);
    return bytes;
}

static uint64_t
refusals(const fa_ctx *ctx)
{
    return fai_load(&ctx->budget.refusals) +
           fai_load(&ctx->frame_budget.refusals) +
           fai_load(&ctx->pool_budget.refusals);
}

/* Of what is in an annex now. */
static uint64_t
annex_bytes(const fa_ctx *annex)
{
    bool is_published =
        fai_load(&annex->figures.word) == fai_load(&annex->frame.word);
    return is_published ? fai_load(&annex->figures.frame_bytes) : 0;
}

/* An annex holds memory, but it has no frames of the program. */
static void
tally_annex(const fa_ctx *annex, struct tally *tally)
{
    struct fai_figures *sum = &tally->sum;
    const struct fai_figures *from = &annex->figures;
    ADD(reserved);
    ADD(resident);
    ADD(block_bytes);
    ADD(cache_bytes);
    ADD(backend_bytes);
    ADD(trimmed_bytes);
    tally->refusals += fai_load(&annex->annex.refusals);
    if (fai_load(&annex->annex.serial) == 0)
        return;
    tally->annexes[annex->annex.kind]++;
    tally->annex_bytes[annex->annex.kind] += annex_bytes(annex);
}

static void
tally_ctxs(fa_allocator *allocator, struct tally *tally)
{
    tally->sum = allocator->retired;
    tally->oldest = fai_load(&allocator->word) >> 1;
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next) {
        if (fai_ctx_is_annex(ctx)) {
            tally_annex(ctx, tally);
            continue;
        }
        add_figures(&tally->sum, &ctx->figures);
        add_plain_frames(&tally->sum, ctx);
        tally->frame_bytes += frame_bytes(ctx);
        tally->heap_bytes += heap_bytes(ctx);
        tally->refusals += refusals(ctx);
        tally->idle += ctx->is_idle;
        tally->in_use += !ctx->is_idle;
        tally->behind += is_behind(allocator, ctx);
        if (!ctx->is_idle && !ctx->has_own_frames)
            tally->oldest =
                FAI_MIN(tally->oldest, fai_load(&ctx->frame.word) >> 1);
    }
    tally->refusals += fai_load(&allocator->budget.refusals);
    for (size_t i = 0; i < FA_TAG_MAX; i++)
        tally->refusals += fai_load(&allocator->tags.tag[i].budget.refusals);
}

static void
fill_totals(fa_stats *stats, const struct fai_figures *sum)
{
    stats->reserved_bytes = sum->reserved;
    stats->frame_peak = sum->frame_peak;
    stats->frame_resident = sum->resident;
    stats->pool_bytes = sum->pool_bytes;
    stats->block_bytes = sum->block_bytes;
    stats->cache_bytes = sum->cache_bytes;
    stats->backend_bytes = sum->backend_bytes;
    stats->arena_bytes = sum->arena_bytes;
    stats->spills = sum->spills;
    stats->spill_bytes = sum->spill_bytes;
    stats->spill_ns = sum->spill_ns;
    stats->remote_frees = sum->remote_frees;
    stats->trimmed_bytes = sum->trimmed_bytes;
    stats->promoted_pool = sum->promoted[0];
    stats->promoted_heap = sum->promoted[1];
    stats->promoted_scratch = sum->promoted[2];
    stats->promotions = sum->promotions;
    stats->promotions_failed = sum->promotions_failed;
    memcpy(stats->histogram, sum->histogram, sizeof(stats->histogram));
    stats->suggested_reserve = suggest_reserve(sum->histogram);
}

static void
fill_transfers(fa_allocator *allocator, fa_stats *stats)
{
    struct fai_transfers *transfers = &allocator->transfers;
    fai_lock(&transfers->lock);
    stats->transfers_sent = transfers->sent;
    stats->transfers_received = transfers->received;
    stats->transfers_dropped = transfers->dropped;
    stats->transfers_pending = transfers->pending;
    stats->transfer_bytes = transfers->bytes;
    fai_unlock(&transfers->lock);
}

static void
fill_tasks(fa_allocator *allocator, fa_stats *stats)
{
    struct fai_tasks *tasks = &allocator->tasks;
    fai_lock(&tasks->lock);
    stats->tasks = tasks->live;
    stats->tasks_begun = tasks->begun;
    fai_unlock(&tasks->lock);
}

static void
fill_stats(fa_allocator *allocator, fa_stats *stats)
{
    struct tally tally = {0};
    fai_lock(&allocator->lock);
    tally_ctxs(allocator, &tally);
    fai_unlock(&allocator->lock);
    /* Pairs with the releases in fa_begin_frame() and fa_end_frame(). */
    uint64_t word = fai_load_acquire(&allocator->word);
    fill_totals(stats, &tally.sum);
    fill_transfers(allocator, stats);
    fill_tasks(allocator, stats);
    stats->frame_number = word >> 1;
    stats->frame_is_open = (word & 1) != 0;
    stats->frame_bytes = tally.frame_bytes;
    stats->heap_bytes = tally.heap_bytes;
    stats->scratches = tally.annexes[FAI_ANNEX_SCRATCH];
    stats->scratch_bytes = tally.annex_bytes[FAI_ANNEX_SCRATCH] +
                           tally.annex_bytes[FAI_ANNEX_SCOPES];
    stats->groups = tally.annexes[FAI_ANNEX_GROUP];
    stats->group_bytes = tally.annex_bytes[FAI_ANNEX_GROUP];
    stats->guard = (int)allocator->config.guard;
    stats->contexts = tally.in_use;
    stats->contexts_idle = tally.idle;
    stats->contexts_behind = tally.behind;
    stats->age_frames = (word >> 1) - tally.oldest;
    stats->held_bytes = fai_load(&allocator->budget.used);
    stats->held_peak = fai_load(&allocator->budget.peak);
    stats->budget_refusals = tally.refusals;
    stats->system_refusals = fai_pages_refused();
    stats->frame_count = allocator->config.counts || allocator->config.guard > 0
                             ? tally.sum.frame_count
                             : FA_COUNT_UNKNOWN;
}

fa_status
fa_stats_read(fa_allocator *allocator, fa_stats *out)
{
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    fa_stats stats = FA_STATS_INIT;
    fill_stats(allocator, &stats);
    return fai_sized_write(&allocator->reporter, "fa_stats", &stats,
                           sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}

static void
add_tag_use(const fa_ctx *ctx, fa_tag tag, fa_usage *usage)
{
    /* The tag of an annex stays the same while there is something in it. */
    if (fai_ctx_is_annex(ctx)) {
        if (fai_load(&ctx->tag) == tag && fai_load(&ctx->annex.serial) != 0)
            usage->frame_bytes += annex_bytes(ctx);
        return;
    }
    const struct fai_tag_use *use = &ctx->tag_use[tag];
    uint64_t word = fai_load(ctx->frames);
    uint64_t frame = fai_load(&use->frame_bytes);
    /* Nothing yet in this frame: the last one that has ended, if it had any. */
    if (frame == 0 && fai_load(&use->number) >= (word >> 1) - (word & 1))
        frame = fai_load(&use->last_frame);
    usage->frame_bytes += frame;
    usage->frame_peak +=
        FAI_MAX(fai_load(&use->frame_peak), fai_load(&use->plain_peak));
    usage->pool_bytes += fai_load(&use->pool_bytes);
    usage->heap_bytes += fai_load(&use->heap_bytes);
    usage->peak += FAI_MAX(fai_load(&use->peak), fai_load(&use->plain_peak));
}

static void
add_tag_histogram(const fa_ctx *ctx, fa_tag tag, fa_usage *usage)
{
    const struct fai_tag_use *use = &ctx->tag_use[tag];
    if (fai_ctx_is_annex(ctx))
        return;
    for (size_t i = 0; i < FA_HISTOGRAM_BUCKETS; i++)
        usage->histogram[i] +=
            fai_load(&use->histogram[i]) + fai_load(&use->plain_histogram[i]);
}

/* Under the lock. */
static struct fai_object_counts
sum_objects(const fa_allocator *allocator, fa_tag tag)
{
    struct fai_object_counts sum = allocator->tags.tag[tag].retired;
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        if (!fai_ctx_is_annex(ctx))
            add_objects(&sum, &ctx->tag_use[tag].objects);
    return sum;
}

struct fai_object_counts
fai_stats_objects(fa_allocator *allocator, fa_tag tag)
{
    fai_lock(&allocator->lock);
    struct fai_object_counts sum = sum_objects(allocator, tag);
    fai_unlock(&allocator->lock);
    return sum;
}

static void
write_objects(const fa_allocator *allocator,
              const struct fai_object_counts *sum, fa_usage *usage)
{
    bool is_known = fai_load(&allocator->counting) != 0;
    usage->frame_allocs =
        is_known ? sum->allocs[FA_MEMORY_FRAME] : FA_COUNT_UNKNOWN;
    usage->pool_allocs =
        is_known ? sum->allocs[FA_MEMORY_POOL] : FA_COUNT_UNKNOWN;
    usage->pool_frees =
        is_known ? sum->frees[FA_MEMORY_POOL] : FA_COUNT_UNKNOWN;
    usage->heap_allocs =
        is_known ? sum->allocs[FA_MEMORY_HEAP] : FA_COUNT_UNKNOWN;
    usage->heap_frees =
        is_known ? sum->frees[FA_MEMORY_HEAP] : FA_COUNT_UNKNOWN;
}

static fa_status
write_usage(fa_allocator *allocator, const fa_usage *usage, fa_usage *out)
{
    return fai_sized_write(&allocator->reporter, "fa_usage", usage,
                           sizeof(*usage), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}

void
fai_stats_tag(fa_allocator *allocator, fa_tag tag, fa_usage *usage,
              struct fai_object_counts *objects)
{
    fai_lock(&allocator->lock);
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        add_tag_use(ctx, tag, usage);
    *objects = sum_objects(allocator, tag);
    fai_unlock(&allocator->lock);
    write_objects(allocator, objects, usage);
}

fa_status
fa_tag_usage_read(fa_allocator *allocator, fa_tag tag, fa_usage *out)
{
    if (allocator == NULL || out == NULL ||
        !fai_tags_has(&allocator->tags, tag))
        return FA_ERR_USAGE;
    fa_usage usage = FA_USAGE_INIT;
    struct fai_object_counts objects;
    fai_lock(&allocator->lock);
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next) {
        add_tag_use(ctx, tag, &usage);
        add_tag_histogram(ctx, tag, &usage);
    }
    objects = sum_objects(allocator, tag);
    fai_unlock(&allocator->lock);
    write_objects(allocator, &objects, &usage);
    usage.bytes = usage.frame_bytes + usage.pool_bytes + usage.heap_bytes;
    usage.peak = FAI_MAX(usage.peak, usage.bytes);
    usage.spills = fai_load(&allocator->tags.tag[tag].spills);
    usage.refusals = fai_load(&allocator->tags.tag[tag].budget.refusals);
    usage.suggested_reserve = suggest_reserve(usage.histogram);
    return write_usage(allocator, &usage, out);
}

fa_status
fa_ctx_usage_read(fa_ctx *ctx, fa_usage *out)
{
    if (ctx == NULL || out == NULL || ctx->is_refusing)
        return FA_ERR_USAGE;
    fa_usage usage = FA_USAGE_INIT;
    struct fai_figures figures = {0};
    add_figures(&figures, &ctx->figures);
    add_plain_frames(&figures, ctx);
    usage.bytes = fai_load(&ctx->budget.used);
    usage.peak = fai_load(&ctx->budget.peak);
    usage.frame_bytes = frame_bytes(ctx);
    usage.frame_peak = figures.frame_peak;
    usage.pool_bytes = figures.pool_bytes;
    usage.heap_bytes = heap_bytes(ctx);
    usage.spills = figures.spills;
    usage.refusals = refusals(ctx);
    struct fai_object_counts objects = {0};
    for (fa_tag tag = 0; tag < tag_count(ctx); tag++)
        add_objects(&objects, &ctx->tag_use[tag].objects);
    write_objects(ctx->allocator, &objects, &usage);
    memcpy(usage.histogram, figures.histogram, sizeof(usage.histogram));
    usage.suggested_reserve = suggest_reserve(usage.histogram);
    return write_usage(ctx->allocator, &usage, out);
}

static void
fill_summary(const fa_ctx *ctx, struct fai_ctx_summary *summary)
{
    summary->id = ctx->id;
    memcpy(summary->name, ctx->name, sizeof(summary->name));
    summary->is_idle = ctx->is_idle;
    summary->frame_bytes = frame_bytes(ctx);
    summary->pool_bytes = fai_load(&ctx->figures.pool_bytes);
    summary->heap_bytes = heap_bytes(ctx);
    summary->used = fai_load(&ctx->budget.used);
    summary->peak = fai_load(&ctx->budget.peak);
    summary->limit = fai_load(&ctx->budget.hard);
    summary->queued = fai_queue_depth(ctx);
}

/* Keeps the first ids of all, in order. */
static size_t
insert_ctx(const fa_ctx **first, size_t used, size_t count, const fa_ctx *ctx)
{
    if (used == count && first[used - 1]->id < ctx->id)
        return used;
    size_t i = used < count ? used++ : used - 1;
    for (; i > 0 && first[i - 1]->id > ctx->id; i--)
        first[i] = first[i - 1];
    first[i] = ctx;
    return used;
}

size_t
fai_stats_ctxs(fa_allocator *allocator, uint64_t after,
               struct fai_ctx_summary out[FAI_CTX_SUMMARIES])
{
    const fa_ctx *first[FAI_CTX_SUMMARIES];
    size_t used = 0;
    fai_lock(&allocator->lock);
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        if (!fai_ctx_is_annex(ctx) && ctx->id > after)
            used = insert_ctx(first, used, FAI_CTX_SUMMARIES, ctx);
    for (size_t i = 0; i < used; i++)
        fill_summary(first[i], &out[i]);
    fai_unlock(&allocator->lock);
    return used;
}

struct fai_travel
fai_stats_travel(fa_allocator *allocator)
{
    struct fai_travel travel;
    fai_lock(&allocator->transfers.lock);
    travel.received = allocator->transfers.received;
    fai_unlock(&allocator->transfers.lock);
    fai_lock(&allocator->lock);
    travel.taken_in = allocator->retired.remote_frees;
    for (const fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        travel.taken_in += fai_load(&ctx->figures.remote_frees);
    fai_unlock(&allocator->lock);
    return travel;
}

fa_status
fa_remote_usage_read(fa_ctx *ctx, fa_remote_usage *out)
{
    if (ctx == NULL || out == NULL || ctx->is_refusing)
        return FA_ERR_USAGE;
    const struct fai_queue *queue = &ctx->queue;
    fa_remote_usage usage = FA_REMOTE_USAGE_INIT;
    usage.depth = fai_queue_depth(ctx);
    usage.depth_peak = FAI_MAX(fai_load(&queue->peak), usage.depth);
    uint64_t done_bytes = fai_load(&queue->done_bytes);
    uint64_t queued_bytes = fai_load(&queue->queued_bytes);
    usage.bytes = queued_bytes - FAI_MIN(done_bytes, queued_bytes);
    usage.processed = fai_load(&ctx->figures.remote_frees);
    usage.full = fai_load(&queue->full);
    usage.marked = fai_load(&queue->marked);
    usage.dropped = fai_load(&queue->dropped);
    usage.aside = fai_load(&queue->aside_count);
    usage.aside_bytes = fai_load(&queue->aside_bytes);
    usage.refused = fai_load(&queue->refused);
    return fai_sized_write(&ctx->allocator->reporter, "fa_remote_usage", &usage,
                           sizeof(usage), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
