/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The scenarios of oom_sweep.c. Each makes requests that may fail and cleans
 * up what it got; the helpers look at the status of each failure.
 */
#ifndef FA_TESTS_OOM_SCENARIOS_H
#define FA_TESTS_OOM_SCENARIOS_H

#include "oom_configs.h"
#include "oom_lifetime.h"

struct scenario {
    const char *name;
    void (*run)(void);
    void (*configure)(fa_allocator_config *config);
    bool is_cold; /* Making the allocator may fail, too. */
};

/* --- frames --- */

static void
make_context(void)
{
}

static void
open_frames(void)
{
    for (unsigned i = 0; i < 10; i++) {
        take_frame(begin(), 1000, 16);
        end();
    }
}

static void
grow_frame(void)
{
    fa_frame *frame = begin();
    for (unsigned i = 0; i < 300; i++)
        take_frame(frame, 10000, 16);
    end();
}

static void
alloc_large_frame_blocks(void)
{
    fa_frame *frame = begin();
    for (size_t size = 40000; size < 20000000; size *= 3)
        take_frame(frame, size, 16);
    end();
}

static void
alloc_huge_frame_block(void)
{
    fa_frame *frame = begin();
    void *block = got(fa_frame_alloc(frame, (size_t)100 << 20, 16));
    fa_frame_release(frame, block, (size_t)100 << 20);
    end();
}

static void
alloc_aligned(void)
{
    fa_frame *frame = begin();
    for (size_t align = 1; align <= FA_ALIGN_MAX; align *= 2)
        take_frame(frame, 100, align);
    end();
}

static void
alloc_arrays(void)
{
    fa_frame *frame = begin();
    got(fa_frame_zalloc_array(frame, 100, 100, 8));
    got(fa_frame_alloc_array(frame, 1000, 1000, 8));
    fill(got(fa_frame_zalloc(frame, 5000, 64)), 5000);
    end();
}

static void
resize_blocks(void)
{
    fa_frame *frame = begin();
    size_t size = 100;
    char *block = take_frame(frame, size, 16);
    for (unsigned i = 0; block != NULL && i < 16; i++) {
        char *moved = got(fa_frame_resize(frame, block, size, size * 2, 16));
        if (moved == NULL) {
            CHECK(block[0] == 0x5a && block[99] == 0x5a, "it is as it was");
            break;
        }
        CHECK(moved[0] == 0x5a && moved[99] == 0x5a, "or was copied");
        block = moved;
        size *= 2;
        if (i % 3 == 0)
            take_frame(frame, 16, 16); /* So that it must move. */
    }
    end();
}

static void
reserve_blocks(void)
{
    fa_frame *frame = begin();
    for (size_t min = 10; min < 200000; min *= 4) {
        size_t room = 1;
        char *block = got(fa_frame_reserve(frame, min, 16, &room));
        CHECK((block == NULL) == (room == 0), "no block, no room");
        fill(block, room);
        fa_frame_commit(frame, block, room / 2);
    }
    end();
}

static void
print_texts(void)
{
    fa_frame *frame = begin();
    got(fa_frame_printf(frame, "%d", 1));
    got(fa_frame_printf(frame, "%60000d", 1));
    got(fa_frame_strdup(frame, "text"));
    end();
}

/* Where a record of guard 3 is missing, what it counts is refunded at the end
 * of the frame only. */
static void
check_rollback(fa_frame *frame, fa_mark mark, size_t used)
{
    CHECK(fa_frame_rollback(frame, mark) == FA_OK, "rollback never fails");
    CHECK(fa_frame_used(frame) == used || given.guard == FA_GUARD_FRESH,
          "it is exact");
}

static void
nest_marks(void)
{
    fa_frame *frame = begin();
    fa_mark first = fa_frame_checkpoint(frame);
    world.failed += first.frame == NULL;
    size_t used = fa_frame_used(frame);
    for (unsigned i = 0; i < 500; i++) {
        take_frame(frame, 16, 16);
        world.failed += fa_frame_checkpoint(frame).frame == NULL;
    }
    if (first.frame != NULL)
        check_rollback(frame, first, used);
    end();
}

static void
roll_back_blocks(void)
{
    fa_frame *frame = begin();
    for (unsigned i = 0; i < 5; i++) {
        fa_mark mark = fa_frame_checkpoint(frame);
        size_t used = fa_frame_used(frame);
        take_frame(frame, 100000, 16);
        take_frame(frame, 30000, 16);
        take_frame(frame, 30000, 16);
        if (mark.frame == NULL) {
            world.failed++;
            continue;
        }
        check_rollback(frame, mark, used);
    }
    end();
}

static void
count_run(void *argument)
{
    ++*(unsigned *)argument;
}

static void
defer_often(void)
{
    unsigned kept = 0, runs = 0;
    fa_frame *frame = begin();
    for (unsigned i = 0; i < 2000; i++)
        kept += is_done(fa_frame_defer(frame, count_run, &runs));
    end();
    for (uint32_t i = 0; i < given.frame_lag; i++) {
        begin();
        end();
    }
    CHECK(runs == kept, "what was kept has run");
}

static void
use_scratch(void)
{
    for (unsigned i = 0; i < 4; i++) {
        fa_scratch scratch;
        if (!is_done(fa_scratch_create(world.allocator, "oom", NULL, &scratch)))
            continue;
        fa_frame *frame = fa_scratch_frame(scratch);
        for (size_t size = 16; size < 1000000; size *= 5)
            world.failed += fa_frame_alloc(frame, size, 16) == NULL;
        fa_scratch_scope scope = fa_scratch_begin_in(scratch);
        world.failed += scope.mark.frame == NULL;
        world.failed += fa_frame_alloc(scope.frame, 50000, 16) == NULL;
        CHECK(fa_scratch_end(scope) == FA_OK, "a scope ends");
        CHECK(fa_scratch_reset(scratch) == FA_OK, "a reset never fails");
        world.failed += fa_frame_alloc(frame, 100, 16) == NULL;
        CHECK(fa_scratch_destroy(scratch) == FA_OK, "nor does the end");
    }
}

static void
change_tags(void)
{
    fa_tag tag = fa_tag_register(world.allocator, "t");
    fa_frame *frame = begin();
    for (unsigned i = 0; i < 600; i++) {
        fa_tag_push(world.ctx, tag);
        take_frame(frame, 50, 16);
        fa_tag_pop(world.ctx);
        take_frame(frame, 50, 16);
    }
    end();
}

static void
pin_frame(void)
{
    fa_frame *frame = begin();
    if (fa_frame_used(frame) == 0 && fa_ctx_id(world.ctx) != 0 &&
        take_frame(frame, 16, 16) != NULL) {
        take_frame(fa_ctx_frame_pin(world.ctx), 1000, 16);
        fa_ctx_frame_unpin(world.ctx);
    }
    end();
}

static void
prepare_frames(void)
{
    open_frames();
    is_done(fa_allocator_prepare(world.allocator));
    open_frames();
}

static void
trim_often(void)
{
    for (unsigned i = 0; i < 5; i++) {
        take_frame(begin(), 20000, 16);
        fa_free(world.ctx, take_heap(50000, 16));
        CHECK(fa_allocator_trim(world.allocator) == FA_OK, "trim is done");
        end();
    }
}

static void
on_frame(void *user, fa_allocator *allocator, uint64_t number)
{
    (void)user;
    (void)number;
    got(fa_alloc(fa_ctx_current(allocator), 100, 16, FA_INTENT_FRAME));
}

static void
run_hooks(void)
{
    fa_frame_hook hook = FA_FRAME_HOOK_INIT;
    hook.begin = hook.end = on_frame;
    is_done(fa_allocator_hook_add(world.allocator, &hook));
    open_frames();
}

/* --- heap and pools --- */

static void
alloc_and_free(unsigned count, size_t size, size_t align)
{
    static void *blocks[10000];
    for (unsigned i = 0; i < count; i++)
        blocks[i] = take_heap(size, align);
    for (unsigned i = 0; i < count; i++)
        fa_free(world.ctx, blocks[i]);
}

static void
alloc_small(void)
{
    alloc_and_free(100, 48, 16);
}

/* More than a region of 64 pages. */
static void
alloc_many_small(void)
{
    alloc_and_free(10000, 512, 16);
}

static void
alloc_all_classes(void)
{
    for (size_t size = 1; size <= 8192; size += 100)
        alloc_and_free(2, size, 16);
}

static void
alloc_large(void)
{
    alloc_and_free(3, 100000, 16);
}

/* The tables of blocks grow. */
static void
alloc_many_large(void)
{
    alloc_and_free(700, 9000, 16);
}

static void
alloc_direct(void)
{
    void *block = got(fa_heap_alloc(world.ctx, (size_t)40 << 20, 16));
    fa_free(world.ctx, block);
}

static void
alloc_large_aligned(void)
{
    alloc_and_free(2, 5000, FA_ALIGN_MAX);
}

static void
realloc_blocks(void)
{
    size_t size = 10;
    char *block = take_heap(size, 16);
    for (unsigned i = 0; block != NULL && i < 16; i++) {
        char *moved = got(fa_heap_realloc(world.ctx, block, size * 2, 16));
        if (moved == NULL) {
            CHECK(block[0] == 0x5a && block[9] == 0x5a, "it is as it was");
            break;
        }
        block = moved;
        CHECK(block[0] == 0x5a && block[9] == 0x5a, "or was copied");
        size *= 2;
    }
    fa_heap_free(world.ctx, block);
}

static void
use_pools(void)
{
    void *blocks[20];
    for (unsigned i = 0; i < 20; i++) {
        fa_pool *pool = fa_ctx_pool(world.ctx, i * 600, 16);
        blocks[i] = got(fa_pool_alloc(pool));
    }
    for (unsigned i = 0; i < 20; i++)
        fa_free(world.ctx, blocks[i]);
}

static void
use_pools_of_tags(void)
{
    for (unsigned i = 0; i < 40; i++) {
        char name[] = {'a', (char)('A' + i), 0};
        fa_tag_push(world.ctx, fa_tag_register(world.allocator, name));
        fa_free(world.ctx, take_heap(100, 16));
        fa_tag_pop(world.ctx);
    }
}

static void
quarantine_blocks(void)
{
    for (unsigned i = 0; i < 300; i++)
        fa_free(world.ctx, take_heap(100, 16));
}

/* --- contexts and threads --- */

static bool
has_context(void)
{
    world.failed += fa_ctx_id(world.ctx) == 0;
    return fa_ctx_id(world.ctx) != 0;
}

static void
use_explicit(bool own_frames)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    fa_ctx *mine = world.ctx, *ctx;
    config.own_frames = own_frames;
    config.frame_lag = own_frames ? 2 : 0;
    if (!has_context())
        return; /* It could not free what others leave. */
    if (!is_done(fa_ctx_create(world.allocator, &config, &ctx))) {
        CHECK(ctx == NULL, "no context");
        return;
    }
    world.ctx = ctx;
    if (!own_frames)
        begin();
    take_frame(own_frames ? fa_ctx_begin_frame(ctx) : fa_ctx_frame(ctx), 9, 1);
    void *small = take_heap(100, 16), *large = take_heap(50000, 16);
    if (own_frames)
        fa_ctx_end_frame(ctx);
    else
        end();
    fa_ctx_destroy(ctx); /* With live blocks: it waits to be adopted. */
    world.ctx = mine;
    fa_free(mine, small);
    fa_free(mine, large);
}

static void
use_explicit_context(void)
{
    use_explicit(false);
    use_explicit(false);
}

static void
use_own_frames(void)
{
    use_explicit(true);
    use_explicit(true);
}

static void *left[50];

static void *
live_shortly(void *argument)
{
    fa_ctx *mine = world.ctx;
    world.ctx = fa_ctx_current(world.allocator);
    take_frame(fa_ctx_frame(world.ctx), 100, 16);
    for (unsigned i = 0; i < 50; i++)
        left[i] = take_heap(i % 10 == 0 ? 30000 : 100, 16);
    if (argument != NULL)
        for (unsigned i = 0; i < 50; i++)
            fa_free(world.ctx, left[i]);
    world.ctx = mine;
    return NULL;
}

static void
run_threads(bool is_clean)
{
    for (unsigned i = 0; i < 3 && has_context(); i++) {
        pthread_t thread;
        begin();
        CHECK(pthread_create(&thread, NULL, live_shortly,
                             is_clean ? &world : NULL) == 0,
              "thread");
        pthread_join(thread, NULL);
        end();
        for (unsigned j = 0; !is_clean && j < 50; j++)
            fa_free(world.ctx, left[j]);
    }
}

static void
run_clean_threads(void)
{
    run_threads(true);
}

static void
run_threads_that_leave_blocks(void)
{
    run_threads(false);
}

static void
do_everything(void)
{
    open_frames();
    resize_blocks();
    nest_marks();
    defer_often();
    use_groups();
    retain_blocks();
    use_scratch();
    use_scratch_scopes();
    change_tags();
    realloc_blocks();
    use_pools();
    use_own_frames();
    run_threads_that_leave_blocks();
    trim_often();
}

/* --- the list --- */

#define ALL_OF(name, configure)              \
    {                                        \
        name, do_everything, configure, true \
    }

static const struct scenario scenarios[] = {
    {"make a context", make_context, NULL, true},
    {"open frames", open_frames, NULL, true},
    {"open frames, lag 3", open_frames, with_lag, true},
    {"open frames, prefault", open_frames, with_prefault, true},
    {"open frames, performance", open_frames, with_performance, true},
    {"open frames, guard 1", open_frames, with_guard_1, true},
    {"open frames, guard 2", open_frames, with_guard_2, true},
    {"open frames, guard 3", open_frames, with_guard_3, true},
    {"grow a frame", grow_frame, NULL, false},
    {"spill", grow_frame, with_small_reserve, false},
    {"spill, guard 2", grow_frame, with_guard_2, false},
    {"spill, counts", grow_frame, with_counts, false},
    {"large frame blocks", alloc_large_frame_blocks, NULL, false},
    {"large frame blocks, guard 3", alloc_large_frame_blocks, with_guard_3,
     false},
    {"large frame blocks, backend", alloc_large_frame_blocks, with_backend,
     false},
    {"huge frame block", alloc_huge_frame_block, NULL, false},
    {"aligned blocks", alloc_aligned, NULL, false},
    {"aligned blocks, guard 3", alloc_aligned, with_guard_3, false},
    {"arrays", alloc_arrays, NULL, false},
    {"resize", resize_blocks, NULL, false},
    {"resize, small reserve", resize_blocks, with_small_reserve, false},
    {"resize, guard 1", resize_blocks, with_guard_1, false},
    {"reserve and commit", reserve_blocks, NULL, false},
    {"print", print_texts, NULL, false},
    {"marks", nest_marks, NULL, false},
    {"rollback", roll_back_blocks, NULL, false},
    {"rollback, small reserve", roll_back_blocks, with_small_reserve, false},
    {"defers", defer_often, NULL, false},
    {"defers, lag 3", defer_often, with_lag, false},
    {"groups", use_groups, NULL, false},
    {"groups, guard 3", use_groups, with_some_guard_3, false},
    {"tasks", use_tasks, NULL, false},
    {"tasks, guard 1", use_tasks, with_guard_1, false},
    {"retained blocks", retain_blocks, NULL, false},
    {"retained blocks, guard 3", retain_blocks, with_some_guard_3, false},
    {"scratch arenas", use_scratch, NULL, false},
    {"scratch arenas, guard 3", use_scratch, with_some_guard_3, false},
    {"scratch scopes", use_scratch_scopes, NULL, false},
    {"tags", change_tags, NULL, false},
    {"pins", pin_frame, NULL, false},
    {"prepare", prepare_frames, NULL, false},
    {"prepare, guard 2", prepare_frames, with_guard_2, false},
    {"trim", trim_often, NULL, false},
    {"hooks", run_hooks, NULL, false},
    {"small blocks", alloc_small, NULL, false},
    {"small blocks of all classes", alloc_all_classes, NULL, false},
    {"many small blocks", alloc_many_small, NULL, false},
    {"large blocks", alloc_large, NULL, false},
    {"large blocks, backend", alloc_large, with_backend, false},
    {"many large blocks", alloc_many_large, NULL, false},
    {"many large blocks, backend", alloc_many_large, with_backend, false},
    {"blocks with a mapping of their own", alloc_direct, NULL, false},
    {"large aligned blocks", alloc_large_aligned, NULL, false},
    {"realloc", realloc_blocks, NULL, false},
    {"realloc, backend", realloc_blocks, with_backend, false},
    {"pools", use_pools, NULL, false},
    {"pools of tags", use_pools_of_tags, NULL, false},
    {"quarantine", quarantine_blocks, with_guard_1, false},
    {"explicit contexts", use_explicit_context, NULL, false},
    {"own frames", use_own_frames, NULL, false},
    {"own frames, guard 3", use_own_frames, with_guard_3, false},
    {"threads", run_clean_threads, NULL, false},
    {"threads that leave blocks", run_threads_that_leave_blocks, NULL, false},
    {"threads, guard 1", run_threads_that_leave_blocks, with_guard_1, false},
    ALL_OF("everything", NULL),
    ALL_OF("everything, lag 3", with_lag),
    ALL_OF("everything, backend", with_backend),
    ALL_OF("everything, guard 3", with_some_guard_3),
};

#undef ALL_OF

#endif
