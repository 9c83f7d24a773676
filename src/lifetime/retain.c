/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Retained blocks: copied out of a frame when it ends.
 *
 * The list of a frame lies in the frame, as its deferred functions do, and the
 * boundary takes it when it closes the frame. So it can neither outlive the
 * memory that it tells of nor be forgotten, a rollback drops what is above its
 * mark by going back to an older head, and nothing is allocated for it.
 */
#include "lifetime/retain.h"

#include "accounting/sized.h"
#include "context/ctx.h"
#include "lifetime/annex.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/capacity.h"
#include "memory/frame.h"
#include "memory/guard.h"
#include "memory/pool.h"

#include <string.h>

/* --- retaining --- */

static bool
is_in_arena(const struct fai_frame *frame, const char *block, size_t size)
{
    const struct fai_arena *arena = frame->arena;
    for (uint32_t i = 0; i <= arena->current; i++) {
        const struct fai_chunk *chunk = &arena->chunk[i];
        const char *end =
            i == arena->current ? frame->public.cursor : fai_chunk_end(chunk);
        if (block >= chunk->base && block < end)
            return size <= (size_t)(end - block);
    }
    return false;
}

/* Whether the bytes are of the current frame, or of the one that closes. */
static bool
is_of_frame(fa_ctx *ctx, const void *block, size_t size)
{
    if (is_in_arena(&ctx->frame, block, size))
        return true;
    const struct fai_block *large = fai_block_own(ctx, block);
    if (large != NULL && large->state == FAI_BLOCK_FRAME)
        return large->arena == ctx->frame.arena && size <= large->size;
    return fai_guard_has(ctx, block);
}

/* Room for the figures, before there is anything to count. */
static bool
has_record(fa_ctx *ctx)
{
    if (ctx->retain == NULL)
        ctx->retain = fai_meta_alloc(&ctx->meta, sizeof(*ctx->retain));
    return ctx->retain != NULL;
}

static fa_status
read_how(fa_ctx *ctx, const fa_retain *how, fa_retain *copy)
{
    if (!fai_sized_read(&ctx->allocator->reporter, "fa_retain", how,
                        sizeof(size_t), copy, sizeof(*copy)))
        return FA_ERR_CONFIG;
    if (copy->align == 0)
        copy->align = FA_FRAME_GRANULE;
    bool is_valid = fai_is_alignment(copy->align) &&
                    (unsigned)copy->policy <= FA_RETAIN_SCRATCH;
    return is_valid ? FA_OK : FA_ERR_USAGE;
}

/* Reasons that an allocation from the frame does not tell. */
static fa_status
check_block(fa_ctx *ctx, const void *block, size_t size)
{
    if (ctx->thread != NULL && ctx->thread != fai_thread_self()) {
        fai_frame_report_foreign(ctx);
        return FA_ERR_THREAD;
    }
    if (fai_ctx_is_annex(ctx))
        return FA_ERR_UNSUPPORTED;
    bool is_known = !fai_frame_is_open(&ctx->frame) ||
                    (size != 0 && is_of_frame(ctx, block, size));
    if (is_known)
        return FA_OK;
    fai_report(&ctx->allocator->reporter, 432, block,
               "%p of %zu bytes in context %llu", block, size,
               (unsigned long long)ctx->id);
    return FA_ERR_USAGE;
}

/* Of the list of the frame's phases. */
static uint32_t
phase_now(const fa_ctx *ctx)
{
    const struct fai_phases *phases = ctx->phases;
    return phases == NULL || phases->depth == 0
               ? FA_PHASE_NONE
               : phases->open[phases->depth - 1].record;
}

fa_status
fa_frame_retain(fa_frame *public, void *block, size_t size,
                const fa_retain *how)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    fa_retain copy = FA_RETAIN_INIT;
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    if (block == NULL || how == NULL)
        return FA_ERR_USAGE;
    fa_status status = read_how(ctx, how, &copy);
    if (status == FA_OK)
        status = check_block(ctx, block, size);
    if (status != FA_OK)
        return status;
    if (!has_record(ctx))
        return ctx->status = FA_ERR_NOMEM;
    struct fai_retained *entry = fai_frame_alloc_record(ctx, sizeof(*entry));
    if (entry == NULL)
        return ctx->status;
    *entry = (struct fai_retained){
        ctx->frame.retained, block, size, copy, ctx->tag, phase_now(ctx)};
    ctx->frame.retained = entry;
    /* As of a defer: a release may not pop what lies below. */
    fai_frame_raise_floor(&ctx->frame, FAI_MAX(ctx->frame.public.floor,
                                               ctx->frame.public.cursor));
    ctx->frame.attention |= FAI_ATTENTION_BLOCKS;
    return FA_OK;
}

size_t
fa_frame_retained(const fa_frame *public)
{
    const fa_ctx *ctx =
        FAI_CONTAINER((char *)(uintptr_t) public, fa_ctx, frame);
    size_t count = 0;
    for (const struct fai_retained *entry = ctx->frame.retained; entry != NULL;
         entry = entry->next)
        count++;
    return count;
}

/* --- promoting --- */

static fa_retained_outcome
reason_of(fa_status status)
{
    return status == FA_ERR_BUDGET ? FA_RETAINED_NO_BUDGET
                                   : FA_RETAINED_NO_MEMORY;
}

static void *
to_pool(fa_ctx *ctx, const struct fai_retained *entry,
        fa_retained_outcome *outcome)
{
    *outcome = FA_RETAINED_TOO_LARGE;
    if (!fai_pool_serves(ctx, entry->size, entry->how.align))
        return NULL;
    fa_pool *pool = fa_ctx_pool(ctx, entry->size, entry->how.align);
    void *copy = fa_pool_alloc(pool);
    *outcome = copy != NULL ? FA_RETAINED_POOL : reason_of(ctx->status);
    return copy;
}

static void *
to_heap(fa_ctx *ctx, const struct fai_retained *entry,
        fa_retained_outcome *outcome)
{
    void *copy = fa_heap_alloc(ctx, entry->size, entry->how.align);
    *outcome = copy != NULL ? FA_RETAINED_HEAP : reason_of(ctx->status);
    return copy;
}

static void *
to_scratch(const struct fai_retained *entry, fa_retained_outcome *outcome)
{
    fa_scratch scratch = entry->how.scratch;
    *outcome = FA_RETAINED_NO_SCRATCH;
    if (!fa_scratch_is_live(scratch))
        return NULL;
    fa_ctx *annex = fai_ctx_of_frame(scratch.frame);
    uint64_t refusals = annex->annex.refusals;
    void *copy = fa_frame_alloc(scratch.frame, entry->size, entry->how.align);
    *outcome = copy != NULL                        ? FA_RETAINED_SCRATCH
               : annex->annex.refusals != refusals ? FA_RETAINED_SCRATCH_FULL
                                                   : reason_of(annex->status);
    return copy;
}

/* The copy counts for the tag that the block was retained under. */
static void *
copy_entry(fa_ctx *ctx, const struct fai_retained *entry,
           fa_retained_outcome *outcome)
{
    fa_tag tag = ctx->tag;
    void *copy = NULL;
    ctx->tag = entry->tag;
    ctx->use = &ctx->tag_use[entry->tag];
    switch (entry->how.policy) {
    case FA_RETAIN_POOL:
        copy = to_pool(ctx, entry, outcome);
        break;
    case FA_RETAIN_HEAP:
        copy = to_heap(ctx, entry, outcome);
        break;
    case FA_RETAIN_SCRATCH:
        copy = to_scratch(entry, outcome);
        break;
    case FA_RETAIN_DISCARD:
        break;
    }
    ctx->tag = tag;
    ctx->use = &ctx->tag_use[tag];
    if (copy != NULL)
        memcpy(copy, entry->block, entry->size);
    return copy;
}

static void *
promote(fa_ctx *ctx, const struct fai_retained *entry,
        fa_retained_outcome *outcome)
{
    *outcome = FA_RETAINED_DISCARDED;
    if (entry->how.policy == FA_RETAIN_DISCARD)
        return NULL;
    *outcome = FA_RETAINED_RELEASED;
    if (!is_of_frame(ctx, entry->block, entry->size))
        return NULL;
    return copy_entry(ctx, entry, outcome);
}

/* --- figures --- */

static void
count(fa_retain_count *of, size_t bytes)
{
    of->count++;
    of->bytes += bytes;
}

static fa_retain_share *
share_of_tag(const fa_ctx *ctx, fa_tag tag)
{
    struct fai_retain_record *record = ctx->retain;
    uint32_t *tags = &record->summary.tag_count;
    for (uint32_t i = 0; i < *tags; i++)
        if (record->by_tag[i].id == tag)
            return &record->by_tag[i];
    fa_retain_share *share = &record->by_tag[(*tags)++];
    *share =
        (fa_retain_share){.name = fa_tag_name(ctx->allocator, tag), .id = tag};
    return share;
}

/* Phases were closed before the list was taken, so their list is the last. */
static const char *
phase_of(const fa_ctx *ctx, const struct fai_retained *entry)
{
    if (entry->phase == FA_PHASE_NONE)
        return "";
    const struct fai_phases *phases = ctx->phases;
    return phases->list[phases->current ^ 1].phase[entry->phase].name;
}

static fa_retain_share *
share_of_phase(const fa_ctx *ctx, const char *name)
{
    struct fai_retain_record *record = ctx->retain;
    uint32_t *phases = &record->summary.phase_count;
    for (uint32_t i = 0; i < *phases; i++)
        if (strcmp(record->by_phase[i].name, name) == 0)
            return &record->by_phase[i];
    if (*phases >= FA_RETAIN_PHASES && name[0] != '\0')
        return share_of_phase(ctx, "");
    char *copy = record->phase_name[*phases];
    memcpy(copy, name, strlen(name) + 1);
    fa_retain_share *share = &record->by_phase[(*phases)++];
    *share = (fa_retain_share){.name = copy};
    return share;
}

static void
count_share(fa_retain_share *share, size_t size, fa_retained_outcome outcome)
{
    count(outcome == FA_RETAINED_DISCARDED ? &share->discarded
          : outcome <= FA_RETAINED_SCRATCH ? &share->promoted
                                           : &share->failed,
          size);
}

static void
count_entry(fa_ctx *ctx, const struct fai_retained *entry,
            fa_retained_outcome outcome)
{
    fa_retain_summary *summary = &ctx->retain->summary;
    count(&summary->outcome[outcome], entry->size);
    count_share(share_of_tag(ctx, entry->tag), entry->size, outcome);
    count_share(share_of_phase(ctx, phase_of(ctx, entry)), entry->size,
                outcome);
    if (outcome == FA_RETAINED_DISCARDED)
        return;
    if (outcome <= FA_RETAINED_SCRATCH) {
        count(&summary->promoted, entry->size);
        fai_publish_add(&ctx->figures.promoted[outcome - 1], entry->size);
        fai_publish_add(&ctx->figures.promotions, 1);
        if (FAI_UNLIKELY(ctx->is_counting))
            fai_publish_add(&ctx->tag_use[entry->tag].objects.promotions, 1);
    } else {
        count(&summary->failed, entry->size);
        fai_publish_add(&ctx->figures.promotions_failed, 1);
    }
}

/* A worker that goes on in a frame ends it more than once. */
static void
start_summary(fa_ctx *ctx, size_t frame_bytes)
{
    struct fai_retain_record *record = ctx->retain;
    uint64_t number = fai_frame_number(&ctx->frame);
    if (record->summary.frame_number != number)
        record->summary = (fa_retain_summary)FA_RETAIN_SUMMARY_INIT;
    record->summary.frame_number = number;
    record->summary.frame_bytes = frame_bytes;
}

/* --- the end of the frame --- */

static void
tell(fa_ctx *ctx, const struct fai_retained *entry, void *copy,
     fa_retained_outcome outcome)
{
    if (entry->how.slot != NULL)
        *entry->how.slot = copy;
    if (outcome >= FA_RETAINED_NO_BUDGET)
        fai_report(&ctx->allocator->reporter, 431, entry->block,
                   "%s: %zu bytes, tag %s", fa_retained_outcome_name(outcome),
                   entry->size, fa_tag_name(ctx->allocator, entry->tag));
    fa_retained event = {sizeof(event), entry->block, copy,
                         entry->size,   outcome,      entry->tag};
    if (entry->how.fn != NULL)
        entry->how.fn(entry->how.user, &event);
}

/* Takes the list, oldest first. */
static struct fai_retained *
take_list(struct fai_frame *frame)
{
    struct fai_retained *oldest = NULL;
    while (frame->retained != NULL) {
        struct fai_retained *entry = frame->retained;
        frame->retained = entry->next;
        entry->next = oldest;
        oldest = entry;
    }
    return oldest;
}

void
fai_retain_promote(fa_ctx *ctx, size_t frame_bytes)
{
    start_summary(ctx, frame_bytes);
    for (const struct fai_retained *entry = take_list(&ctx->frame);
         entry != NULL; entry = entry->next) {
        fa_retained_outcome outcome;
        /* fa-ignore: FA610 the program gets it by its slot or callback */
        void *copy = promote(ctx, entry, &outcome);
        count_entry(ctx, entry, outcome);
        tell(ctx, entry, copy, outcome);
    }
}

void
fai_retain_drop(fa_ctx *ctx)
{
    for (const struct fai_retained *entry = take_list(&ctx->frame);
         entry != NULL; entry = entry->next)
        tell(ctx, entry, NULL,
             entry->how.policy == FA_RETAIN_DISCARD ? FA_RETAINED_DISCARDED
                                                    : FA_RETAINED_ENDED);
}

fa_status
fa_retain_summary_read(fa_ctx *ctx, fa_retain_summary *out)
{
    if (ctx == NULL || out == NULL || ctx->is_refusing)
        return FA_ERR_USAGE;
    fa_retain_summary summary = FA_RETAIN_SUMMARY_INIT;
    const struct fai_retain_record *record = ctx->retain;
    uint64_t number = fai_frame_number(&ctx->frame);
    if (record != NULL && record->summary.frame_number == number) {
        summary = record->summary;
        summary.by_tag = record->by_tag;
        summary.by_phase = record->by_phase;
        uint64_t tried = summary.promoted.count + summary.failed.count;
        if (tried != 0)
            summary.success_rate =
                (double)summary.promoted.count / (double)tried;
    }
    summary.frame_number = number;
    return fai_sized_write(&ctx->allocator->reporter, "fa_retain_summary",
                           &summary, sizeof(summary), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}

const char *
fa_retained_outcome_name(fa_retained_outcome outcome)
{
    static const char *const names[FA_RETAINED_OUTCOMES] = {
        "discarded", "pool",       "heap",         "scratch",
        "no budget", "no scratch", "scratch full", "too large",
        "no memory", "released",   "ended"};
    return (unsigned)outcome < FA_RETAINED_OUTCOMES ? names[outcome]
                                                    : "unknown";
}
