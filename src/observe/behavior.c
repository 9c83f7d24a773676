/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The behaviour filter: counts of objects by tag, against thresholds.
 *
 * Contexts count objects by tag while counting is on; here they are read once
 * per frame, when the first context of a frame has closed it. Of a tag five
 * words are kept: the counts when it was begun to be observed, and the live
 * objects of each frame, summed up. By Little's law this sum, divided by the
 * objects that were made, is their mean lifetime in frames; so no object has
 * a birth date, and memory is O(tags).
 *
 * Rejected: a stamp per object, which is what the records beside the memory
 * would have to grow for.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "memory/event.h"

#include <string.h>

/* Frames between two looks at the thresholds. */
#define LOOK_FRAMES 30

/* What a tag did since it is observed. */
struct traffic {
    uint64_t frame_allocs;
    uint64_t pool_allocs;
    uint64_t heap_allocs;
    uint64_t same_frame;
    uint64_t promotions;
    uint64_t live;
};

static struct traffic
read_traffic(fa_allocator *allocator, fa_tag tag)
{
    struct fai_object_counts sum = fai_stats_objects(allocator, tag);
    return (struct traffic){
        sum.allocs[FA_MEMORY_FRAME],
        sum.allocs[FA_MEMORY_POOL],
        sum.allocs[FA_MEMORY_HEAP],
        sum.same_frame,
        sum.promotions,
        sum.allocs[FA_MEMORY_POOL] - sum.frees[FA_MEMORY_POOL] +
            sum.allocs[FA_MEMORY_HEAP] - sum.frees[FA_MEMORY_HEAP]};
}

static struct traffic
since(struct traffic now, const struct fai_tag_behavior *state)
{
    now.frame_allocs -= state->frame_allocs;
    now.pool_allocs -= state->pool_allocs;
    now.heap_allocs -= state->heap_allocs;
    now.same_frame -= state->same_frame;
    now.promotions -= state->promotions;
    /* What was there before is not part of it. */
    now.live -= FAI_MIN(now.live, state->live);
    return now;
}

static void
forget(fa_allocator *allocator, fa_tag tag)
{
    struct traffic now = read_traffic(allocator, tag);
    allocator->behavior.tag[tag] =
        (struct fai_tag_behavior){.frame_allocs = now.frame_allocs,
                                  .pool_allocs = now.pool_allocs,
                                  .heap_allocs = now.heap_allocs,
                                  .same_frame = now.same_frame,
                                  .promotions = now.promotions,
                                  .live = now.live};
}

static void
forget_all(fa_allocator *allocator)
{
    for (fa_tag tag = 0; fai_tags_has(&allocator->tags, tag); tag++)
        forget(allocator, tag);
}

/* --- judging --- */

#define ISSUES_MAX 5

struct verdict {
    unsigned count;
    fa_behavior_issue issue[ISSUES_MAX];
};

static void
judge(struct verdict *verdict, fa_tag tag, uint32_t number, uint64_t objects,
      double observed, uint32_t threshold)
{
    if (observed > threshold)
        verdict->issue[verdict->count++] =
            (fa_behavior_issue){number, tag, objects, observed, threshold};
}

static double
ratio(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0.0 : (double)part / (double)whole;
}

static void
judge_survivors(struct verdict *verdict, fa_tag tag, const struct traffic *did,
                const struct fai_tag_behavior *state, const fa_behavior *limit)
{
    if (did->promotions >= limit->min_samples)
        judge(verdict, tag, 501, did->promotions,
              ratio(state->live_frames, did->pool_allocs + did->heap_allocs),
              limit->survivor_frames);
    if (did->frame_allocs >= limit->min_samples)
        judge(verdict, tag, 502, did->frame_allocs,
              100 * ratio(did->promotions, did->frame_allocs),
              limit->survivor_percent);
}

static struct verdict
judge_tag(fa_allocator *allocator, fa_tag tag)
{
    const struct fai_behavior *behavior = &allocator->behavior;
    const struct fai_tag_behavior *state = &behavior->tag[tag];
    const fa_behavior *limit = &behavior->thresholds;
    struct traffic did = since(read_traffic(allocator, tag), state);
    struct verdict verdict = {0};
    judge_survivors(&verdict, tag, &did, state, limit);
    if (did.pool_allocs >= limit->min_samples)
        judge(&verdict, tag, 510, did.pool_allocs,
              100 * ratio(did.same_frame, did.pool_allocs),
              limit->same_frame_percent);
    if (did.promotions >= limit->min_samples)
        judge(&verdict, tag, 520, did.promotions,
              100 * ratio(did.promotions, state->frames),
              limit->promotions_per_100_frames);
    if (did.heap_allocs >= limit->min_samples)
        judge(&verdict, tag, 530, did.heap_allocs,
              60 * ratio(did.heap_allocs, state->frames),
              limit->heap_allocs_per_60_frames);
    return verdict;
}

/* --- saying --- */

static uint32_t
bit_of(uint32_t number)
{
    return UINT32_C(1) << (number - 501);
}

/* What was not said yet. Under the lock. */
static struct verdict
take_news(fa_allocator *allocator, fa_tag tag)
{
    struct fai_tag_behavior *state = &allocator->behavior.tag[tag];
    struct verdict verdict = judge_tag(allocator, tag);
    unsigned kept = 0;
    for (unsigned i = 0; i < verdict.count; i++) {
        uint32_t bit = bit_of(verdict.issue[i].number);
        if ((state->said & bit) == 0)
            verdict.issue[kept++] = verdict.issue[i];
        state->said |= bit;
    }
    verdict.count = kept;
    return verdict;
}

static void
say(fa_allocator *allocator, const fa_behavior_issue *issue)
{
    static const char *const units[] = {
        "frames of mean lifetime", "% of objects of frames",
        "% of pool objects", "promotions in 100 frames",
        "heap blocks in 60 frames"};
    uint32_t n = issue->number;
    unsigned unit = n == 501   ? 0
                    : n == 502 ? 1
                    : n == 510 ? 2
                    : n == 520 ? 3
                               : 4;
    fai_report(&allocator->reporter, n, NULL,
               "tag %s: %.1f %s, the threshold is %u, %llu objects seen",
               allocator->tags.tag[issue->tag].name, issue->observed,
               units[unit], (unsigned)issue->threshold,
               (unsigned long long)issue->objects);
}

static void
say_news(fa_allocator *allocator)
{
    for (fa_tag tag = 0; fai_tags_has(&allocator->tags, tag); tag++) {
        fai_lock(&allocator->behavior.lock);
        struct verdict verdict = take_news(allocator, tag);
        fai_unlock(&allocator->behavior.lock);
        for (unsigned i = 0; i < verdict.count; i++)
            say(allocator, &verdict.issue[i]);
    }
}

/* --- observing --- */

static void
observe_tag(fa_allocator *allocator, fa_tag tag)
{
    struct fai_tag_behavior *state = &allocator->behavior.tag[tag];
    struct traffic did = since(read_traffic(allocator, tag), state);
    if (did.frame_allocs + did.pool_allocs + did.heap_allocs == 0)
        return; /* Not active yet. */
    state->frames++;
    state->live_frames += did.live;
}

/* True when it is time to look at the thresholds. */
static bool
observe_frame(fa_allocator *allocator, uint64_t number)
{
    struct fai_behavior *behavior = &allocator->behavior;
    bool is_time = false;
    fai_lock(&behavior->lock);
    /* Another context of the same frame has been here. */
    if (behavior->number != number) {
        behavior->number = number;
        for (fa_tag tag = 0; fai_tags_has(&allocator->tags, tag); tag++)
            observe_tag(allocator, tag);
        is_time = ++behavior->frames % LOOK_FRAMES == 0;
    }
    fai_unlock(&behavior->lock);
    return is_time;
}

static void
take_frame_end(void *user, const fa_event *event)
{
    fa_allocator *allocator = user;
    if (event->memory == FA_MEMORY_FRAME &&
        observe_frame(allocator, fa_frame_number(allocator)))
        say_news(allocator);
}

/* --- public --- */

static fa_status
listen_to_frames(fa_allocator *allocator, uint64_t *id)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    listener.kinds = FA_EVENT_BIT(FA_EVENT_FRAME_END);
    listener.fn = take_frame_end;
    listener.user = allocator;
    return fa_event_listener_add(allocator, &listener, id);
}

static void
switch_off(fa_allocator *allocator)
{
    struct fai_behavior *behavior = &allocator->behavior;
    fai_lock(&behavior->lock);
    uint64_t id = behavior->listener;
    behavior->listener = 0;
    fai_unlock(&behavior->lock);
    /* It takes the lock, so it is waited for without. */
    if (id != 0)
        (void)fa_event_listener_remove(allocator, id);
    fai_event_count(allocator, FAI_COUNT_BEHAVIOR, false);
}

fa_status
fa_behavior_set(fa_allocator *allocator, const fa_behavior *thresholds)
{
    fa_behavior copy = FA_BEHAVIOR_DEFAULT;
    if (allocator == NULL)
        return FA_ERR_USAGE;
    if (thresholds != NULL &&
        !fai_sized_read(&allocator->reporter, "fa_behavior", thresholds,
                        offsetof(fa_behavior, survivor_frames), &copy,
                        sizeof(copy)))
        return FA_ERR_CONFIG;
    switch_off(allocator);
    if (thresholds == NULL)
        return FA_OK;
    uint64_t id;
    fa_status status = listen_to_frames(allocator, &id);
    if (status != FA_OK)
        return status;
    struct fai_behavior *behavior = &allocator->behavior;
    fai_event_count(allocator, FAI_COUNT_BEHAVIOR, true);
    fai_lock(&behavior->lock);
    behavior->listener = id;
    behavior->thresholds = copy;
    if (copy.min_samples == 0)
        behavior->thresholds.min_samples = 1;
    forget_all(allocator);
    fai_unlock(&behavior->lock);
    return FA_OK;
}

fa_status
fai_behavior_start(fa_allocator *allocator, uint32_t level)
{
    static const fa_behavior levels[] = {
        FA_BEHAVIOR_DEFAULT, FA_BEHAVIOR_STRICT, FA_BEHAVIOR_RELAXED};
    return level == 0 ? FA_OK : fa_behavior_set(allocator, &levels[level - 1]);
}

size_t
fa_behavior_read(fa_allocator *allocator, fa_behavior_issue *out, size_t count)
{
    size_t total = 0;
    if (allocator == NULL || (out == NULL && count != 0))
        return 0;
    fai_lock(&allocator->behavior.lock);
    bool is_on = allocator->behavior.listener != 0;
    for (fa_tag tag = 0; is_on && fai_tags_has(&allocator->tags, tag); tag++) {
        struct verdict verdict = judge_tag(allocator, tag);
        for (unsigned i = 0; i < verdict.count; i++)
            if (total++ < count)
                out[total - 1] = verdict.issue[i];
    }
    fai_unlock(&allocator->behavior.lock);
    return total;
}

/* Under the lock. */
static double
mean_lifetime(fa_allocator *allocator, fa_tag tag)
{
    const struct fai_tag_behavior *state = &allocator->behavior.tag[tag];
    struct traffic did = since(read_traffic(allocator, tag), state);
    uint64_t objects = did.pool_allocs + did.heap_allocs;
    return objects == 0 ? -1.0 : ratio(state->live_frames, objects);
}

double
fai_behavior_lifetime(fa_allocator *allocator, fa_tag tag)
{
    double frames = -1.0;
    fai_lock(&allocator->behavior.lock);
    if (allocator->behavior.listener != 0)
        frames = mean_lifetime(allocator, tag);
    fai_unlock(&allocator->behavior.lock);
    return frames;
}

void
fa_behavior_reset(fa_allocator *allocator)
{
    if (allocator == NULL)
        return;
    fai_lock(&allocator->behavior.lock);
    forget_all(allocator);
    fai_unlock(&allocator->behavior.lock);
}

void
fa_behavior_promoted(fa_ctx *ctx)
{
    if (ctx != NULL && !ctx->is_refusing && ctx->is_counting)
        fai_publish_add(&ctx->tag_use[ctx->tag].objects.promotions, 1);
}
