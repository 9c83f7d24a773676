/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tags and budgets: who uses the memory, and how much it may be.
 *
 * Particles may use 256 KiB per frame and hear about it at three quarters.
 * They ask for more in each frame, until they are refused; the rest of the
 * program does not notice.
 */
#include <framealloc.h>

#include <inttypes.h>
#include <stdio.h>

#define LIMIT  ((size_t)256 << 10)
#define FRAMES 5
#define STEP   1000

struct particle {
    float position[3], speed[3];
    float age, size;
};

struct events {
    int warnings;
    int refusals;
};

static void
on_budget(void *user, const fa_budget_event *event)
{
    struct events *events = user;
    if (event->is_refused)
        events->refusals++;
    else
        events->warnings++;
    printf("  %s: %" PRIu64 " bytes used, limit %" PRIu64 "\n",
           event->is_refused ? "refused" : "warning", event->used,
           event->limit);
}

/* How many of count particles there was room for. */
static size_t
make_particles(fa_ctx *ctx, size_t count)
{
    fa_frame *frame = fa_ctx_frame(ctx);
    for (size_t i = 0; i < count; i++)
        if (fa_frame_new(frame, struct particle) == NULL)
            return i;
    return count;
}

static bool
run_frame(fa_allocator *allocator, fa_tag particles, size_t count)
{
    fa_ctx *ctx = fa_ctx_current(allocator);
    fa_frame *frame = fa_begin_frame(allocator);
    fa_tag_push(ctx, particles);
    size_t made = make_particles(ctx, count);
    fa_tag_pop(ctx);
    const char *line = fa_frame_printf(frame, "frame %" PRIu64 ": %zu of %zu",
                                       fa_frame_number(allocator), made, count);
    puts(line != NULL ? line : "no memory for a line");
    fa_end_frame(allocator);
    return line != NULL && made * sizeof(struct particle) <= LIMIT;
}

static fa_status
set_limit(fa_allocator *allocator, fa_tag tag, struct events *events)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = LIMIT;
    budget.warn_percent = 75;
    budget.callback = on_budget;
    budget.user = events;
    return fa_budget_set(allocator, FA_BUDGET_TAG, tag, &budget);
}

int
main(void)
{
    fa_allocator *allocator;
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    struct events events = {0};
    fa_tag particles = fa_tag_register(allocator, "particles");
    bool ok = set_limit(allocator, particles, &events) == FA_OK;
    for (size_t i = 1; i <= FRAMES; i++)
        ok &= run_frame(allocator, particles, i * 2 * STEP);

    fa_usage usage = FA_USAGE_INIT;
    ok &= fa_tag_usage_read(allocator, particles, &usage) == FA_OK;
    printf("%s: %" PRIu64 " bytes in the last frame, %" PRIu64
           " at most, %" PRIu64 " refusals\n",
           fa_tag_name(allocator, particles), usage.frame_bytes,
           usage.frame_peak, usage.refusals);
    ok &= usage.frame_peak <= LIMIT && events.refusals != 0 &&
          events.warnings != 0;
    fa_allocator_destroy(allocator);
    return ok ? 0 : 1;
}
