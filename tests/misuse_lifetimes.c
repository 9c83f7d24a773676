/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Wrong uses of what lives beyond a frame: scratch arenas, groups and retained
 * blocks.
 */
#include "misuse.h"

static fa_scratch
make_scratch(struct test_world *w, size_t capacity)
{
    fa_scratch_config config = FA_SCRATCH_CONFIG_INIT;
    fa_scratch scratch;
    config.capacity = capacity;
    ck_assert_int_eq(fa_scratch_create(w->allocator, "s", &config, &scratch),
                     FA_OK);
    return scratch;
}

static void
use_dead_scratch(struct test_world *w)
{
    fa_scratch scratch = make_scratch(w, 0);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_OK);
    make_scratch(w, 0);
    ck_assert_ptr_null(fa_frame_alloc(fa_scratch_frame(scratch), 16, 16));
}

static void
use_dead_group(struct test_world *w)
{
    fa_group group, other;
    ck_assert_int_eq(fa_group_create(w->ctx, NULL, &group), FA_OK);
    ck_assert_int_eq(fa_group_destroy(group), FA_OK);
    ck_assert_int_eq(fa_group_create(w->ctx, NULL, &other), FA_OK);
    ck_assert_ptr_null(fa_frame_alloc(fa_group_frame(group), 16, 16));
}

static void
destroy_used_scratch(struct test_world *w)
{
    fa_scratch scratch = make_scratch(w, 0);
    fa_scratch_scope scope = fa_scratch_begin_in(scratch);
    ck_assert_int_eq(fa_scratch_destroy(scratch), FA_ERR_STATE);
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
}

static void
end_scope_twice(struct test_world *w)
{
    fa_scratch_scope scope = fa_scratch_begin(w->ctx, NULL, 0);
    ck_assert_int_eq(fa_scratch_end(scope), FA_OK);
    ck_assert_int_eq(fa_scratch_end(scope), FA_ERR_STALE);
}

static void
forget_scope(struct test_world *w)
{
    test_begin(w);
    fa_scratch_scope lost = fa_scratch_begin(w->ctx, NULL, 0);
    ck_assert_ptr_nonnull(lost.frame);
    test_end(w);
    test_begin(w);
    ck_assert_int_eq(fa_scratch_end(fa_scratch_begin(w->ctx, NULL, 0)), FA_OK);
    test_end(w);
}

static void
conflict_with_both(struct test_world *w)
{
    fa_scratch_scope a = fa_scratch_begin(w->ctx, NULL, 0);
    fa_scratch_scope b = fa_scratch_begin(w->ctx, &a.frame, 1);
    fa_frame *both[] = {a.frame, b.frame};
    ck_assert_int_eq(fa_scratch_end(fa_scratch_begin(w->ctx, both, 2)), FA_OK);
    ck_assert_int_eq(fa_scratch_end(b), FA_OK);
    ck_assert_int_eq(fa_scratch_end(a), FA_OK);
}

static void
retain_too_much(struct test_world *w)
{
    fa_retain how = FA_RETAIN_INIT;
    test_begin(w);
    how.policy = FA_RETAIN_SCRATCH;
    how.scratch = make_scratch(w, 64);
    void *block = fa_frame_alloc(w->frame, 1000, 16);
    ck_assert_int_eq(fa_frame_retain(w->frame, block, 1000, &how), FA_OK);
    test_end(w);
}

static void
retain_heap_block(struct test_world *w)
{
    fa_retain how = FA_RETAIN_INIT;
    test_begin(w);
    void *block = fa_heap_alloc(w->ctx, 1000, 16);
    ck_assert_int_eq(fa_frame_retain(w->frame, block, 1000, &how),
                     FA_ERR_USAGE);
    test_end(w);
    fa_free(w->ctx, block);
}

const struct misuse misuses_of_lifetimes[] = {
    {"use a scratch arena that was destroyed", use_dead_scratch, NULL},
    {"use a group that has ended", use_dead_group, NULL},
    {"destroy a scratch arena in a scope", destroy_used_scratch, NULL},
    {"end a scratch scope twice", end_scope_twice, NULL},
    {"leave a scratch scope open at the end of the frame", forget_scope, NULL},
    {"name both scratch arenas as conflicts", conflict_with_both, NULL},
    {"retain more than a scratch arena has room for", retain_too_much, NULL},
    {"retain a heap block", retain_heap_block, NULL},
    {NULL, NULL, NULL},
};
