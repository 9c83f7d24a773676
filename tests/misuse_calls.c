/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Programs that call the library wrongly.
 */
#include "misuse.h"

#include <stdlib.h>
#include <string.h>

#define LARGE 100000

typedef volatile char *volatile place;

static fa_ctx *
make_ctx(struct test_world *w, bool own_frames)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *ctx;
    config.own_frames = own_frames;
    if (fa_ctx_create(w->allocator, &config, &ctx) != FA_OK)
        exit(9);
    return ctx;
}

static char *
frame_block(struct test_world *w, size_t size)
{
    char *block = fa_frame_alloc(w->frame, size, 16);
    if (block == NULL)
        exit(9);
    return block;
}

static char *
heap_block(struct test_world *w, size_t size)
{
    char *block = fa_heap_alloc(w->ctx, size, 16);
    if (block == NULL)
        exit(9);
    return block;
}

static void
want_null(const void *block)
{
    if (block != NULL)
        exit(8);
}

/* --- frames --- */

static void
end_alone(struct test_world *w)
{
    test_end(w);
}

static void
begin_twice(struct test_world *w)
{
    test_begin(w);
    test_begin(w);
}

static void
end_own_alone(struct test_world *w)
{
    fa_ctx *ctx = make_ctx(w, true);
    fa_ctx_end_frame(ctx);
    fa_ctx_destroy(ctx);
}

static void
begin_own_in_shared(struct test_world *w)
{
    fa_ctx_begin_frame(w->ctx);
}

static void
unpin_alone(struct test_world *w)
{
    test_begin(w);
    fa_ctx_frame_unpin(w->ctx);
}

static void
pin_too_long(struct test_world *w)
{
    fa_ctx *ctx = make_ctx(w, false);
    test_begin(w);
    fa_ctx_frame_pin(ctx);
    test_end(w);
    test_begin(w);
    fa_ctx_frame(ctx);
    fa_ctx_frame_unpin(ctx);
    fa_ctx_destroy(ctx);
}

static void
alloc_without_frame(struct test_world *w)
{
    test_begin(w);
    test_end(w);
    want_null(fa_frame_alloc(w->frame, 16, 16));
}

static void
use_ended_frame(struct test_world *w, size_t size)
{
    fa_ctx *ctx = make_ctx(w, false);
    test_begin(w);
    fa_frame *frame = fa_ctx_frame(ctx);
    if (fa_frame_alloc(frame, 16, 16) == NULL)
        exit(9);
    test_end(w);
    place block = fa_frame_alloc(frame, size, 16);
    (void)block;
    fa_ctx_destroy(ctx);
}

static void
use_ended_frame_within(struct test_world *w)
{
    use_ended_frame(w, 16);
}

static void
use_ended_frame_above(struct test_world *w)
{
    use_ended_frame(w, LARGE);
}

static void
align_badly(struct test_world *w)
{
    test_begin(w);
    want_null(fa_frame_alloc(w->frame, 16, 48));
}

static void
ask_too_much(struct test_world *w)
{
    volatile size_t size = SIZE_MAX;
    test_begin(w);
    want_null(fa_frame_alloc(w->frame, size, 16));
}

static void
use_old_mark(struct test_world *w)
{
    test_begin(w);
    fa_mark mark = fa_frame_checkpoint(w->frame);
    test_end(w);
    test_begin(w);
    fa_frame_rollback(w->frame, mark);
}

static void
use_newer_mark(struct test_world *w)
{
    test_begin(w);
    fa_mark outer = fa_frame_checkpoint(w->frame);
    frame_block(w, 16);
    fa_mark inner = fa_frame_checkpoint(w->frame);
    fa_frame_rollback(w->frame, outer);
    fa_frame_rollback(w->frame, inner);
}

static void
use_foreign_mark(struct test_world *w)
{
    fa_ctx *ctx = make_ctx(w, false);
    test_begin(w);
    fa_mark mark = fa_frame_checkpoint(fa_ctx_frame(ctx));
    fa_frame_rollback(w->frame, mark);
    fa_ctx_destroy(ctx);
}

/* --- tags and sizes --- */

static void
pop_alone(struct test_world *w)
{
    fa_tag_pop(w->ctx);
}

static void
push_unknown(struct test_world *w)
{
    fa_tag_push(w->ctx, 200);
    fa_tag_pop(w->ctx);
}

static void
commit_too_much(struct test_world *w)
{
    size_t room;
    test_begin(w);
    char *text = fa_frame_reserve(w->frame, 16, 16, &room);
    fa_frame_commit(w->frame, text, room + 1);
}

static void
zero_too_much(struct test_world *w)
{
    fa_pool *pool = fa_ctx_pool(w->ctx, 64, 16);
    want_null(fa_pool_zalloc(pool, pool->block_size + 1));
}

static void
release_wrong_size(struct test_world *w)
{
    test_begin(w);
    char *block = frame_block(w, 160);
    fa_frame_release(w->frame, block, 1600);
    char *next = frame_block(w, 16);
    if (next < block + 160)
        exit(8);
}

/* --- frees --- */

static void
free_twice(struct test_world *w)
{
    char *block = heap_block(w, 64);
    fa_free(w->ctx, block);
    fa_free(w->ctx, block);
}

static void
free_twice_between(struct test_world *w)
{
    char *block = heap_block(w, 64), *other = heap_block(w, 64);
    fa_free(w->ctx, block);
    fa_free(w->ctx, other);
    fa_free(w->ctx, block);
}

static void
free_foreign_twice(struct test_world *w)
{
    fa_ctx *ctx = make_ctx(w, false);
    char *block = heap_block(w, 64);
    fa_free(ctx, block);
    fa_free(ctx, block);
    fa_ctx_destroy(ctx);
}

static void
free_large_twice(struct test_world *w)
{
    char *block = heap_block(w, LARGE);
    fa_free(w->ctx, block);
    fa_free(w->ctx, block);
}

static void
free_not_ours(struct test_world *w)
{
    fa_free(w->ctx, &w);
}

static void
free_of_other_allocator(struct test_world *w)
{
    struct test_world other;
    test_prepare(&other);
    test_open(&other);
    void *block = heap_block(&other, 64);
    fa_free(w->ctx, block);
    fa_free(other.ctx, block);
    test_close(&other);
}

static void
free_inside(struct test_world *w, size_t size, bool is_freed_after)
{
    char *block = heap_block(w, size);
    fa_free(w->ctx, block + 16);
    if (is_freed_after)
        fa_free(w->ctx, block);
}

static void
free_inside_of_pool_block(struct test_world *w)
{
    free_inside(w, 64, true);
}

static void
free_inside_of_large_block(struct test_world *w)
{
    free_inside(w, LARGE, true);
}

static void
free_small_frame_block(struct test_world *w)
{
    test_begin(w);
    fa_free(w->ctx, frame_block(w, 64));
}

static void
free_large_frame_block(struct test_world *w)
{
    test_begin(w);
    fa_free(w->ctx, frame_block(w, LARGE));
}

static void
realloc_frame_block(struct test_world *w)
{
    test_begin(w);
    want_null(fa_heap_realloc(w->ctx, frame_block(w, LARGE), 100, 16));
}

/* --- threads --- */

static void *
use_frame_within(void *arg)
{
    struct test_world *w = arg;
    place block = fa_frame_alloc(w->frame, 16, 16);
    (void)block;
    return NULL;
}

static void *
use_frame_above(void *arg)
{
    struct test_world *w = arg;
    want_null(fa_frame_alloc(w->frame, LARGE, 16));
    return NULL;
}

static void *
use_heap(void *arg)
{
    struct test_world *w = arg;
    want_null(fa_heap_alloc(w->ctx, LARGE, 16));
    return NULL;
}

static void
share_frame_within(struct test_world *w)
{
    test_begin(w);
    frame_block(w, 16);
    test_run_thread(use_frame_within, w);
}

static void
share_frame_above(struct test_world *w)
{
    test_begin(w);
    test_run_thread(use_frame_above, w);
}

static void
share_heap(struct test_world *w)
{
    test_run_thread(use_heap, w);
}

static void
destroy_thread_ctx(struct test_world *w)
{
    fa_ctx_destroy(w->ctx);
}

/* --- limits, ends and structures --- */

static void
pass_limit(struct test_world *w)
{
    want_null(fa_heap_alloc(w->ctx, 8 * MIB, 16));
}

static void
pass_tag_limit(struct test_world *w)
{
    fa_tag tag = fa_tag_register(w->allocator, "ui");
    test_limit(w->allocator, FA_BUDGET_TAG, tag, 1600);
    fa_tag_push(w->ctx, tag);
    test_begin(w);
    want_null(fa_frame_alloc(w->frame, 3200, 16));
    fa_tag_pop(w->ctx);
}

static void
pass_ctx_limit(struct test_world *w)
{
    test_limit(w->allocator, FA_BUDGET_CTX, fa_ctx_id(w->ctx), 16 * KIB);
    want_null(fa_heap_alloc(w->ctx, LARGE, 16));
}

static void
destroy_in_frame(struct test_world *w)
{
    test_begin(w);
    frame_block(w, 64);
    frame_block(w, LARGE);
}

static void
leave_blocks(struct test_world *w)
{
    heap_block(w, 64);
    heap_block(w, LARGE);
}

static void
leave_ctx(struct test_world *w)
{
    make_ctx(w, false);
}

static void
give_zeroes(struct test_world *w)
{
    fa_budget budget;
    memset(&budget, 0, sizeof(budget));
    if (fa_budget_set(w->allocator, FA_BUDGET_ALLOCATOR, 0, &budget) !=
        FA_ERR_CONFIG)
        exit(8);
}

static void
do_nothing(struct test_world *w)
{
    (void)w;
}

const struct misuse misuses_of_calls[] = {
    {"end a frame without a begin", end_alone, NULL},
    {"begin a frame while one is open", begin_twice, NULL},
    {"end the own frame of a context without a begin", end_own_alone, NULL},
    {"begin own frames in a context without them", begin_own_in_shared, NULL},
    {"unpin without a pin", unpin_alone, NULL},
    {"keep a pin longer than the lag", pin_too_long, NULL},
    {"allocate without an open frame", alloc_without_frame, NULL},
    {"allocate in a worker's frame that has ended, within the window",
     use_ended_frame_within, NULL},
    {"allocate in a worker's frame that has ended, above the window",
     use_ended_frame_above, NULL},
    {"ask for an alignment of 48", align_badly, NULL},
    {"ask for more than any system has", ask_too_much, NULL},
    {"roll back to a mark of a frame that has ended", use_old_mark, NULL},
    {"roll back to a mark newer than the last rollback", use_newer_mark, NULL},
    {"roll back to a mark of another context", use_foreign_mark, NULL},
    {"pop a tag that was not pushed", pop_alone, NULL},
    {"push an unknown tag", push_unknown, NULL},
    {"commit more than was reserved", commit_too_much, NULL},
    {"zero more of a pool block than it has", zero_too_much, NULL},
    {"release a frame block with a wrong size", release_wrong_size, NULL},
    {"free a pool block twice in a row", free_twice, NULL},
    {"free a pool block twice, with another free between", free_twice_between,
     NULL},
    {"free a pool block of another context twice in a row", free_foreign_twice,
     NULL},
    {"free a large block twice", free_large_twice, NULL},
    {"free a pointer that is not ours", free_not_ours, NULL},
    {"free a block of another allocator", free_of_other_allocator, NULL},
    {"free the inside of a pool block", free_inside_of_pool_block, NULL},
    {"free the inside of a large block", free_inside_of_large_block, NULL},
    {"free a small block of a frame", free_small_frame_block, NULL},
    {"free a large block of a frame", free_large_frame_block, NULL},
    {"reallocate a block of a frame", realloc_frame_block, NULL},
    {"use another thread's frame, within the window", share_frame_within, NULL},
    {"use another thread's frame, above the window", share_frame_above, NULL},
    {"use another thread's context for the heap", share_heap, NULL},
    {"destroy the context of a thread", destroy_thread_ctx, NULL},
    {"pass the limit of the allocator", pass_limit, NULL},
    {"pass the limit of a tag", pass_tag_limit, NULL},
    {"pass the limit of a context", pass_ctx_limit, NULL},
    {"destroy an allocator with an open frame", destroy_in_frame, NULL},
    {"destroy an allocator with live blocks", leave_blocks, NULL},
    {"destroy an allocator with a live explicit context", leave_ctx, NULL},
    {"give a structure of zeroes", give_zeroes, NULL},
    {"name an unknown option in the environment", do_nothing, "colour=red"},
    {"give an option a value that it does not have", do_nothing, "counts=2"},
    {NULL, NULL, NULL},
};
