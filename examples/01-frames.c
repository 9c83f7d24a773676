/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The first program: memory that dies with its frame, work that is dropped
 * again, and a few objects that live longer.
 */
#include <framealloc.h>

#include <stdio.h>

#define FRAMES 5
#define SPARKS 100

struct spark {
    float x, y;
    float speed;
};

struct hero {
    int frames_seen;
};

static void
say_bye(void *name)
{
    printf("  end of %s\n", (const char *)name);
}

/* Half of the sparks, in memory that nobody has to free. */
static struct spark *
find_fast(fa_frame *frame, const struct spark *sparks, size_t *count)
{
    struct spark *fast = fa_frame_array(frame, struct spark, SPARKS);
    if (fast == NULL)
        return NULL;
    for (size_t i = 0; i < SPARKS; i++)
        if (sparks[i].speed >= SPARKS / 2)
            fast[(*count)++] = sparks[i];
    return fast;
}

static fa_status
run_frame(fa_allocator *allocator, struct hero *hero)
{
    fa_frame *frame = fa_begin_frame(allocator);
    struct spark *sparks = fa_frame_array(frame, struct spark, SPARKS);
    char *title = fa_frame_printf(frame, "frame %d", ++hero->frames_seen);
    if (sparks == NULL || title == NULL ||
        fa_frame_defer(frame, say_bye, title) != FA_OK) {
        fa_end_frame(allocator);
        return fa_ctx_status(fa_ctx_current(allocator));
    }
    for (size_t i = 0; i < SPARKS; i++)
        sparks[i].speed = (float)i;

    /* What find_fast() allocates is dropped at once. */
    size_t before = fa_frame_used(frame);
    fa_mark mark = fa_frame_checkpoint(frame);
    size_t count = 0;
    const struct spark *fast = find_fast(frame, sparks, &count);
    size_t most = fa_frame_used(frame);
    fa_status status = fa_frame_rollback(frame, mark);
    printf("%s: %zu fast sparks, %zu bytes used, then %zu again\n", title,
           count, most, fa_frame_used(frame));
    if (fast == NULL || fa_frame_used(frame) != before)
        status = FA_ERR_INTERNAL;
    fa_end_frame(allocator);
    return status;
}

int
main(void)
{
    fa_allocator *allocator;
    fa_status status = fa_allocator_create(NULL, &allocator);
    if (status != FA_OK) {
        fprintf(stderr, "no allocator: %s\n", fa_status_name(status));
        return 1;
    }
    /* The hero outlives frames, so it comes from a pool. */
    fa_ctx *ctx = fa_ctx_current(allocator);
    struct hero *hero = fa_pool_new(ctx, struct hero);
    for (int i = 0; i < FRAMES && hero != NULL && status == FA_OK; i++)
        status = run_frame(allocator, hero);
    if (hero == NULL)
        status = fa_ctx_status(ctx);
    fa_pool_delete(ctx, struct hero, hero);
    fa_allocator_destroy(allocator);
    printf("%s\n", fa_status_name(status));
    return status == FA_OK ? 0 : 1;
}
