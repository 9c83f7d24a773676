/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The scenarios of oom_sweep.c with what lives beyond a frame.
 */
#ifndef FA_TESTS_OOM_LIFETIME_H
#define FA_TESTS_OOM_LIFETIME_H

static void
use_groups(void)
{
    fa_group parent, child;
    for (unsigned i = 0; i < 4; i++) {
        fa_group_config config = FA_GROUP_CONFIG_INIT;
        if (!is_done(fa_group_create(world.ctx, NULL, &parent)))
            continue;
        config.parent = parent;
        if (is_done(fa_group_create(world.ctx, &config, &child)))
            for (size_t size = 16; size < 1000000; size *= 5)
                world.failed +=
                    fa_frame_alloc(fa_group_frame(child), size, 16) == NULL;
        CHECK(fa_group_reset(parent) == FA_OK, "a reset never fails");
        world.failed += fa_frame_alloc(fa_group_frame(parent), 100, 16) == NULL;
        CHECK(fa_group_destroy(parent) == FA_OK, "nor does the end");
    }
}

static void
use_tasks(void)
{
    fa_task task;
    fa_task_stats stats = FA_TASK_STATS_INIT;
    unsigned got = 0;
    if (!is_done(fa_task_begin(world.ctx, NULL, &task)))
        return;
    for (unsigned i = 0; i < 300; i++) {
        void *block = fa_task_alloc(world.ctx, task, i % 10 ? 100 : 20000, 16);
        void *moved = NULL;
        world.failed += block == NULL;
        got += block != NULL;
        if (block != NULL && i % 7 == 0)
            moved = fa_task_realloc(world.ctx, task, block, 30000, 16);
        world.failed += block != NULL && i % 7 == 0 && moved == NULL;
    }
    CHECK(fa_task_end(world.ctx, task, &stats) == FA_OK, "the end never fails");
    CHECK(stats.count == got, "it has what it gave");
}

static void
use_scratch_scopes(void)
{
    begin();
    for (unsigned i = 0; i < 4; i++) {
        fa_scratch_scope a = fa_scratch_begin(world.ctx, NULL, 0);
        world.failed += fa_frame_alloc(a.frame, 1000, 16) == NULL;
        fa_scratch_scope b = fa_scratch_begin(world.ctx, &a.frame, 1);
        CHECK(a.mark.frame == NULL || a.frame != b.frame, "another arena");
        world.failed += fa_frame_alloc(b.frame, 100000, 16) == NULL;
        CHECK(fa_scratch_end(b) == FA_OK && fa_scratch_end(a) == FA_OK, "end");
    }
    end();
}

/* What is kept is freed; what is lost was told. */
static void
count_retained(void *user, const fa_retained *retained)
{
    unsigned *told = user;
    ++*told;
    world.failed += retained->outcome == FA_RETAINED_NO_MEMORY;
    CHECK((retained->to != NULL) == (retained->outcome <= FA_RETAINED_SCRATCH),
          "a copy or a reason: %s",
          fa_retained_outcome_name(retained->outcome));
    if (retained->outcome != FA_RETAINED_SCRATCH)
        fa_free(fa_ctx_current(world.allocator), retained->to);
}

static void
retain_blocks(void)
{
    static const fa_retain_policy policies[] = {FA_RETAIN_POOL, FA_RETAIN_HEAP,
                                                FA_RETAIN_SCRATCH};
    unsigned told = 0, kept = 0;
    fa_retain how = FA_RETAIN_INIT;
    how.fn = count_retained;
    how.user = &told;
    if (!is_done(
            fa_scratch_create(world.allocator, "kept", NULL, &how.scratch)))
        return;
    fa_frame *frame = begin();
    for (unsigned i = 0; i < 90; i++) {
        size_t size = i % 10 == 9 ? 100000 : 1000;
        how.policy = size > 8192 ? FA_RETAIN_HEAP : policies[i % 3];
        void *block = take_frame(frame, size, 16);
        if (block != NULL)
            kept += is_done(fa_frame_retain(frame, block, size, &how));
    }
    end();
    CHECK(told == kept, "each is told once");
    CHECK(fa_scratch_destroy(how.scratch) == FA_OK, "the end never fails");
}

#endif
