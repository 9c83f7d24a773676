/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The text of a snapshot: doc/snapshot.schema.json says what each member is.
 *
 * Each part is copied under the lock and written without it, so that no thread
 * waits for a file. Parts may therefore be of slightly different moments, as
 * the published figures are anyhow.
 *
 * Tags are summed over all contexts. Rejected: a row for each tag of each
 * context, which for 64 of each is 4096 rows and a megabyte of text.
 */
#include "observe/snapshot.h"

#include "base/date.h"
#include "base/text.h"
#include "context/ctx.h"
#include "observe/json.h"
#include "os/clock.h"

#include <errno.h>

#define ISSUES_MAX 64

struct writer {
    struct fai_json json;
    fa_allocator *allocator;
    uint64_t queued; /* Blocks that wait, of all contexts. */
    size_t issue_count;
    fa_behavior_issue issue[ISSUES_MAX];
    struct fai_ctx_summary ctx[FAI_CTX_SUMMARIES];
};

static void
write_summary(struct fai_json *json, const fa_stats *stats)
{
    fai_json_open(json, "summary", '{');
    fai_json_number(json, "frame_bytes", stats->frame_bytes);
    fai_json_number(json, "pool_bytes", stats->pool_bytes);
    fai_json_number(json, "heap_bytes", stats->heap_bytes);
    fai_json_number(json, "total_bytes", stats->held_bytes);
    fai_json_number(json, "peak_bytes", stats->held_peak);
    fai_json_number(json, "scratch_bytes", stats->scratch_bytes);
    fai_json_number(json, "group_bytes", stats->group_bytes);
    fai_json_number(json, "cache_bytes", stats->cache_bytes);
    fai_json_number(json, "reserved_bytes", stats->reserved_bytes);
    fai_json_number(json, "frame_peak_bytes", stats->frame_peak);
    fai_json_count(json, "frame_count", stats->frame_count);
    fai_json_number(json, "spills", stats->spills);
    fai_json_number(json, "budget_refusals", stats->budget_refusals);
    fai_json_number(json, "system_refusals", stats->system_refusals);
    fai_json_number(json, "age_frames", stats->age_frames);
    fai_json_close(json, '}');
}

/* --- contexts --- */

static void
write_budget(struct fai_json *json, uint64_t limit, uint64_t used)
{
    /* A budget with a soft limit only has nothing to be a part of. */
    if (limit == UINT64_MAX || limit == 0) {
        fai_json_null(json, "budget");
        return;
    }
    fai_json_open(json, "budget", '{');
    fai_json_number(json, "limit", limit);
    fai_json_number(json, "used", used);
    fai_json_decimal(json, "percent", 100.0 * (double)used / (double)limit);
    fai_json_close(json, '}');
}

static void
write_ctx(struct fai_json *json, const struct fai_ctx_summary *ctx)
{
    char id[24];
    struct fai_text text = fai_text_begin(id, sizeof(id));
    fai_text_decimal(&text, ctx->id);
    fai_json_open(json, NULL, '{');
    fai_json_string(json, "id", id);
    fai_json_string(json, "name", ctx->name);
    fai_json_number(json, "frame_bytes", ctx->frame_bytes);
    fai_json_number(json, "pool_bytes", ctx->pool_bytes);
    fai_json_number(json, "heap_bytes", ctx->heap_bytes);
    fai_json_number(json, "total_bytes", ctx->used);
    fai_json_number(json, "peak_bytes", ctx->peak);
    fai_json_bool(json, "is_idle", ctx->is_idle);
    fai_json_number(json, "queue_depth", ctx->queued);
    write_budget(json, ctx->limit, ctx->used);
    fai_json_close(json, '}');
}

static void
write_ctxs(struct writer *writer)
{
    uint64_t last = 0;
    size_t count;
    fai_json_open(&writer->json, "threads", '[');
    do {
        count = fai_stats_ctxs(writer->allocator, last, writer->ctx);
        for (size_t i = 0; i < count; i++) {
            write_ctx(&writer->json, &writer->ctx[i]);
            writer->queued += writer->ctx[i].queued;
            last = writer->ctx[i].id;
        }
    } while (count == FAI_CTX_SUMMARIES);
    fai_json_close(&writer->json, ']');
}

/* --- tags --- */

/* A row of one tag and one kind of memory. */
struct row {
    fa_tag tag;
    fa_memory memory;
    uint64_t bytes;
    uint64_t allocs;
    uint64_t frees;
    double lifetime;  /* Below 0: not known. */
    double promotion; /* Below 0: not known. */
};

static void
write_code(struct fai_json *json, const char *key, uint32_t number)
{
    char code[8];
    struct fai_text text = fai_text_begin(code, sizeof(code));
    fai_text_string(&text, number < 10 ? "FA00" : number < 100 ? "FA0" : "FA");
    fai_text_decimal(&text, number);
    fai_json_string(json, key, code);
}

static fa_memory
memory_of(const fa_behavior_issue *issue)
{
    return issue->number == 510   ? FA_MEMORY_POOL
           : issue->number == 530 ? FA_MEMORY_HEAP
                                  : FA_MEMORY_FRAME;
}

static void
write_codes(struct writer *writer, const struct row *row)
{
    fai_json_open(&writer->json, "diagnostics", '[');
    for (size_t i = 0; i < writer->issue_count; i++) {
        const fa_behavior_issue *issue = &writer->issue[i];
        if (issue->tag == row->tag && memory_of(issue) == row->memory)
            write_code(&writer->json, NULL, issue->number);
    }
    fai_json_close(&writer->json, ']');
}

static void
write_ratio(struct fai_json *json, const char *key, double n)
{
    if (n < 0)
        fai_json_null(json, key);
    else
        fai_json_decimal(json, key, n);
}

static void
write_row(struct writer *writer, const struct row *row)
{
    static const char *const kinds[] = {"frame", "pool", "heap"};
    struct fai_json *json = &writer->json;
    fai_json_open(json, NULL, '{');
    fai_json_string(json, "path", writer->allocator->tags.tag[row->tag].name);
    fai_json_null(json, "thread");
    fai_json_string(json, "alloc_kind", kinds[row->memory]);
    fai_json_count(json, "alloc_count", row->allocs);
    fai_json_count(json, "free_count", row->frees);
    fai_json_number(json, "bytes", row->bytes);
    write_ratio(json, "avg_lifetime_frames", row->lifetime);
    write_ratio(json, "promotion_rate", row->promotion);
    write_codes(writer, row);
    fai_json_close(json, '}');
}

static bool
has_content(const struct row *row)
{
    return row->bytes != 0 ||
           (row->allocs != 0 && row->allocs != FA_COUNT_UNKNOWN);
}

/* Frames have a row in any case, so that each tag is seen. */
static void
write_tag(struct writer *writer, fa_tag tag)
{
    fa_usage usage = FA_USAGE_INIT;
    struct fai_object_counts objects;
    fai_stats_tag(writer->allocator, tag, &usage, &objects);
    double lifetime = fai_behavior_lifetime(writer->allocator, tag);
    bool is_known = usage.frame_allocs != FA_COUNT_UNKNOWN;
    double rate = is_known && usage.frame_allocs != 0
                      ? (double)objects.promotions / (double)usage.frame_allocs
                      : -1.0;
    const struct row rows[] = {
        {tag, FA_MEMORY_FRAME, usage.frame_bytes, usage.frame_allocs,
         FA_COUNT_UNKNOWN, -1.0, rate},
        {tag, FA_MEMORY_POOL, usage.pool_bytes, usage.pool_allocs,
         usage.pool_frees, lifetime, -1.0},
        {tag, FA_MEMORY_HEAP, usage.heap_bytes, usage.heap_allocs,
         usage.heap_frees, lifetime, -1.0}};
    for (size_t i = 0; i < FAI_COUNT(rows); i++)
        if (i == 0 || has_content(&rows[i]))
            write_row(writer, &rows[i]);
}

static void
write_tags(struct writer *writer)
{
    fai_json_open(&writer->json, "tags", '[');
    for (fa_tag tag = 0; fai_tags_has(&writer->allocator->tags, tag); tag++)
        write_tag(writer, tag);
    fai_json_close(&writer->json, ']');
}

/* --- what remains --- */

static void
write_promotions(struct fai_json *json, const fa_stats *stats)
{
    fai_json_open(json, "promotions", '{');
    fai_json_number(json, "to_pool", stats->promoted_pool);
    fai_json_number(json, "to_heap", stats->promoted_heap);
    fai_json_number(json, "to_scratch", stats->promoted_scratch);
    fai_json_number(json, "blocks", stats->promotions);
    fai_json_number(json, "failed", stats->promotions_failed);
    fai_json_close(json, '}');
}

static void
write_travel(struct writer *writer, const fa_stats *stats,
             const struct fai_travel *last)
{
    struct fai_json *json = &writer->json;
    fai_json_open(json, "transfers", '{');
    fai_json_number(json, "pending", stats->transfers_pending);
    fai_json_count(json, "completed_this_frame", last->received);
    fai_json_number(json, "sent", stats->transfers_sent);
    fai_json_number(json, "received", stats->transfers_received);
    fai_json_number(json, "dropped", stats->transfers_dropped);
    fai_json_number(json, "bytes", stats->transfer_bytes);
    fai_json_close(json, '}');
    fai_json_open(json, "deferred", '{');
    fai_json_number(json, "queue_depth", writer->queued);
    fai_json_count(json, "processed_this_frame", last->taken_in);
    fai_json_number(json, "processed", stats->remote_frees);
    fai_json_close(json, '}');
}

static void
write_issues(struct writer *writer)
{
    struct fai_json *json = &writer->json;
    fai_json_open(json, "diagnostics", '[');
    for (size_t i = 0; i < writer->issue_count; i++) {
        const fa_behavior_issue *issue = &writer->issue[i];
        fai_json_open(json, NULL, '{');
        write_code(json, "code", issue->number);
        fai_json_string(json, "tag",
                        writer->allocator->tags.tag[issue->tag].name);
        fai_json_string(json, "message", fa_diag_text(issue->number));
        fai_json_decimal(json, "observed", issue->observed);
        fai_json_number(json, "threshold", issue->threshold);
        fai_json_close(json, '}');
    }
    fai_json_close(json, ']');
}

static void
write_head(struct fai_json *json, const fa_stats *stats, uint64_t duration_ns)
{
    char date[FAI_DATE_SIZE];
    fai_date_write(fai_clock_utc(), date);
    fai_json_number(json, "version", FA_SNAPSHOT_VERSION);
    fai_json_string(json, "timestamp", date);
    fai_json_number(json, "frame", stats->frame_number);
    fai_json_count(json, "duration_us",
                   duration_ns == FA_COUNT_UNKNOWN ? FA_COUNT_UNKNOWN
                                                   : duration_ns / 1000);
}

bool
fai_snapshot_write(fa_allocator *allocator, int fd,
                   const struct fai_snapshot_frame *last)
{
    struct writer writer;
    fa_stats stats = FA_STATS_INIT;
    (void)fa_stats_read(allocator, &stats);
    writer.allocator = allocator;
    writer.queued = 0;
    size_t issues = fa_behavior_read(allocator, writer.issue, ISSUES_MAX);
    writer.issue_count = FAI_MIN(issues, ISSUES_MAX);
    fai_json_begin(&writer.json, fd);
    fai_json_open(&writer.json, NULL, '{');
    write_head(&writer.json, &stats, last->duration_ns);
    write_summary(&writer.json, &stats);
    write_ctxs(&writer);
    write_tags(&writer);
    write_promotions(&writer.json, &stats);
    write_travel(&writer, &stats, &last->travel);
    write_issues(&writer);
    fai_json_close(&writer.json, '}');
    return fai_json_end(&writer.json);
}

fa_status
fa_snapshot_write(fa_allocator *allocator, int fd)
{
    if (allocator == NULL || fd < 0)
        return FA_ERR_USAGE;
    int saved = errno;
    const struct fai_snapshot_frame unknown = FAI_SNAPSHOT_FRAME_UNKNOWN;
    bool is_written = fai_snapshot_write(allocator, fd, &unknown);
    errno = saved;
    return is_written ? FA_OK : FA_ERR_STATE;
}
