/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The oracle's frames.
 *
 * Where the frame stands is known from the addresses of its blocks and from
 * rules that are short enough to be read: a small block ends at the cursor, a
 * large one counts as it was asked for, a rollback restores the position.
 */
#include "model.h"

#include "memory/memory.h"

#define ROUND(size) (((size) + 15) & ~(size_t)15)

/* --- position --- */

static void
check_used(void)
{
    size_t used = model.position + model.block_bytes;
    if (model.guard == 0 && fa_frame_used(model.frame) != used) {
        model_log("should be", model.position, model.block_bytes);
        model_fail("fa_frame_used() is exact");
    }
    MODEL_CHECK((uintptr_t)model.frame->cursor % 16 == 0 &&
                    (uintptr_t)model.frame->limit % 16 == 0 &&
                    model.frame->cursor <= model.frame->limit,
                "cursor and limit are multiples of 16, in order");
    const struct fai_arena *arena = model.ctx->frame.arena;
    const struct fai_chunk *chunk = &arena->chunk[arena->current];
    MODEL_CHECK(model.frame->cursor >= chunk->base &&
                    model.frame->limit <= chunk->base + chunk->touched,
                "what may be used is in the chunk and charged");
}

/* The cursor has moved from old to behind the block at this address, of this
 * rounded size; in a new chunk it begins at the chunk's base. */
static void
advance(const char *old, char *at, size_t size, size_t align)
{
    size_t skip = (size_t)(at - old);
    bool is_here = at >= old && skip < (align < 16 ? 16 : align);
    size_t here = model.position + skip + size;
    if (is_here && fa_frame_used(model.frame) == here + model.block_bytes) {
        model_move_to(here);
        return;
    }
    model_move_to(model.position + size);
    model.floor = at;
}

static void
raise_floor(void)
{
    model.floor = model.frame->cursor;
}

/* --- blocks --- */

/* Only small blocks end at the cursor. The room of the inline path may be a
 * bit more than a window, so the size alone does not tell. */
static bool
is_large(const char *at, size_t size, size_t align)
{
    return (size > model.window || align > 4096) &&
           at + ROUND(size) != model.frame->cursor;
}

/* old: the cursor before the call. */
static void
add_block(void *at, size_t size, size_t align, const char *old)
{
    struct model_frame *frame = model_current();
    if (at == NULL) {
        model_check_refusal();
        /* It may have gone on to the next chunk before it was refused. */
        if (model.frame->cursor != old)
            raise_floor();
        return;
    }
    model_check_block(at, size, align);
    struct model_block *block = &frame->blocks[frame->count++];
    *block = (struct model_block){.at = at,
                                  .size = size,
                                  .align = align,
                                  .tag = model_tag_now(),
                                  .is_large = is_large(at, size, align)};
    block->counted = size;
    if (block->is_large)
        model.block_bytes += size;
    else if (model.guard == 0)
        advance(old, at, ROUND(size), align);
    model_fill(block);
}

static size_t
random_size(void)
{
    switch (model_random(32)) {
    case 0:
        return 0;
    case 1:
        return model.window - 20 + model_random(40);
    case 2:
        return model_random(300000);
    case 3:
        return model_random(20000);
    default:
        return model_random(300);
    }
}

static void
alloc_block(void)
{
    size_t size = random_size();
    size_t align = (size_t)1 << model_random(model_random(16) == 0 ? 22 : 5);
    const char *old = model.frame->cursor;
    void *at;
    model_log("alloc", size, align);
    if (model_random(4) == 0) {
        at = fa_frame_zalloc(model.frame, size, align);
        for (size_t i = 0; at != NULL && i < size; i++)
            MODEL_CHECK(((char *)at)[i] == 0, "zalloc gives zeroes");
    } else {
        at = fa_frame_alloc(model.frame, size, align);
    }
    add_block(at, size, align, old);
}

static void
alloc_array(void)
{
    size_t count = model_random(200), size = model_random(100);
    const char *old = model.frame->cursor;
    model_log("array", count, size);
    void *at = fa_frame_alloc_array(model.frame, count, size, 8);
    add_block(at, count * size, 8, old);
    if (model_random(16) == 0)
        MODEL_CHECK(fa_frame_alloc_array(model.frame, SIZE_MAX / 8, 9, 8) ==
                        NULL,
                    "a product that overflows is refused");
}

/* Whether the block may be popped. */
static bool
is_last(const struct model_block *block)
{
    char *at = (char *)block->at;
    return model.guard == 0 && !block->is_large && block->size != 0 &&
           at >= model.floor && at + ROUND(block->size) == model.frame->cursor;
}

/* The block was the last one and has been popped. Released ones that it stood
 * on may have gone with it, but nothing else. */
static void
check_pop(const struct model_block *block)
{
    const char *end = (char *)block->at + ROUND(block->size);
    const char *cursor = model.frame->cursor;
    const struct model_frame *frame = model_current();
    MODEL_CHECK(cursor <= (char *)block->at && cursor >= model.floor,
                "a pop stays above the floor");
    for (size_t i = 0; i < frame->count; i++) {
        const struct model_block *other = &frame->blocks[i];
        const char *at = (const char *)other->at;
        MODEL_CHECK(other->is_released || other->size == 0 ||
                        at + other->size <= cursor || at >= end,
                    "a pop takes released blocks only");
    }
    model_move_to(model.position - (size_t)(end - cursor));
}

/* After a release, by the program or by a resize that has moved it. */
static void
mark_released(struct model_block *block, bool was_last)
{
    bool is_kept = block->is_large && block->size <= model.window;
    if (model.guard != 0 || block->size == 0 || is_kept)
        return; /* The hint is not taken; contents stay as they are. */
    block->is_released = true;
    if (block->is_large)
        model.block_bytes -= block->counted;
    else if (was_last)
        check_pop(block);
}

static struct model_block *
random_block(void)
{
    struct model_frame *frame = model_current();
    if (frame->count == 0)
        return NULL;
    size_t back = model_random(2) == 0 ? 0 : model_random(frame->count);
    struct model_block *block = &frame->blocks[frame->count - 1 - back];
    return block->is_released ? NULL : block;
}

static void
release_block(void)
{
    struct model_block *block = random_block();
    if (block == NULL)
        return;
    bool was_last = is_last(block);
    model_log("release", block->size, was_last);
    model_verify(block, block->size);
    fa_frame_release(model.frame, block->at, block->size);
    mark_released(block, was_last);
}

static void
resize_here(struct model_block *block, size_t size, bool was_last)
{
    size_t old = block->size;
    model_verify(block, old < size ? old : size);
    bool is_charged = model.has_budget && block->tag == model.tags[1];
    if (block->is_large) {
        MODEL_CHECK(size <= old || !is_charged, "a charge is not passed");
        if (old > model.window && !is_charged) {
            model.block_bytes += size - block->counted;
            block->counted = size;
        }
    } else if (was_last) {
        model_move_to(model.position + ROUND(size) - ROUND(old));
    } else {
        MODEL_CHECK(size <= old, "only the last block grows in place");
    }
    block->size = size;
    model_fill(block);
}

static void
resize_block(void)
{
    struct model_block *block = random_block();
    if (block == NULL)
        return;
    struct model_block old = *block;
    size_t size = 1 + model_random(old.size * 2 + 50);
    bool was_last = is_last(block);
    const char *cursor = model.frame->cursor;
    model_log("resize", old.size, size);
    model_verify(block, old.size);
    void *at = fa_frame_resize(model.frame, old.at, old.size, size, old.align);
    if (at == NULL) {
        add_block(NULL, size, old.align, cursor);
    } else if (at == old.at && old.size != 0) {
        resize_here(block, size, was_last);
    } else {
        struct model_block moved = old;
        moved.at = at;
        model_verify(&moved, old.size < size ? old.size : size);
        /* Only where the new one is large, the old one is still the last. */
        mark_released(block, was_last && is_large(at, size, old.align));
        add_block(at, size, old.align, cursor);
    }
}

static void
reserve_block(void)
{
    size_t min = random_size(), room;
    size_t align = (size_t)1 << model_random(7);
    char *old = model.frame->cursor;
    model_log("reserve", min, align);
    char *at = fa_frame_reserve(model.frame, min, align, &room);
    if (at == NULL) {
        add_block(NULL, min, align, old);
        return;
    }
    MODEL_CHECK(room >= min && room > 0, "the room is enough");
    size_t used = model_random(room + 1);
    /* What begins at the cursor is the open end of the arena. */
    bool is_block =
        model.guard == 0 ? at != model.frame->cursor : min > model.window;
    memset(at, 0x77, used);
    fa_frame_commit(model.frame, at, used);
    if (is_block && used == 0 && model.guard == 0)
        return;
    add_block(at, is_block ? min : used, align, old);
}

static void
print_text(void)
{
    char *old = model.frame->cursor;
    uint64_t n = model_random(UINT64_C(1) << 40);
    char expected[64];
    int length = snprintf(expected, sizeof(expected), "%llx block",
                          (unsigned long long)n);
    model_log("printf", (size_t)length, 0);
    char *text =
        fa_frame_printf(model.frame, "%llx block", (unsigned long long)n);
    MODEL_CHECK(text == NULL || strcmp(text, expected) == 0, "text is right");
    add_block(text, (size_t)length + 1, 1, old);
}

/* --- marks and defers --- */

/* The argument is the place of the defer in the list of its frame. */
static void
run_defer(void *argument)
{
    for (uint32_t f = 0; f <= model.lag; f++) {
        struct model_frame *frame = &model.frames[f];
        if (frame->defer_count > 0 &&
            argument == &frame->defers[frame->defer_count - 1]) {
            frame->defer_count--;
            return;
        }
    }
    model_fail("defers run once, newest first");
}

static void
add_defer(void)
{
    struct model_frame *frame = model_current();
    if (frame->defer_count == MODEL_DEFERS)
        return;
    size_t before = fa_frame_used(model.frame);
    const char *old = model.frame->cursor;
    model_log("defer", frame->defer_count, 0);
    if (fa_frame_defer(model.frame, run_defer,
                       &frame->defers[frame->defer_count]) != FA_OK) {
        add_block(NULL, 0, 16, old);
        return;
    }
    frame->defer_count++;
    size_t after = fa_frame_used(model.frame);
    MODEL_CHECK((after > before && after - before <= 48) || model.guard != 0,
                "a defer uses 48 bytes at most");
    model_move_to(model.position + (after - before));
    raise_floor();
}

static void
take_mark(void)
{
    if (model.mark_count == MODEL_MARKS)
        return;
    model_log("mark", model.mark_count, 0);
    fa_mark mark = fa_frame_checkpoint(model.frame);
    MODEL_CHECK(mark.frame == model.frame, "there is a mark");
    model.marks[model.mark_count++] = (struct model_mark){
        mark, model.frame->cursor, model.position, model_current()->count,
        model_current()->defer_count};
    raise_floor();
}

static void
drop_blocks(struct model_frame *frame, size_t count)
{
    while (frame->count > count) {
        const struct model_block *block = &frame->blocks[--frame->count];
        if (block->is_released)
            continue;
        model_verify(block, block->size);
        if (block->is_large)
            model.block_bytes -= block->counted;
    }
}

static void
roll_back(void)
{
    if (model.dead_mark.frame != NULL)
        MODEL_CHECK(fa_frame_rollback(model.frame, model.dead_mark) ==
                        FA_ERR_STALE,
                    "a stale mark is refused");
    if (model.mark_count == 0)
        return;
    size_t i = model_random(model.mark_count);
    const struct model_mark *mark = &model.marks[i];
    const struct model_mark *newest = &model.marks[model.mark_count - 1];
    if (newest->position > mark->position)
        model.dead_mark = newest->mark;
    model_log("rollback", i, mark->position);
    drop_blocks(model_current(), mark->blocks);
    MODEL_CHECK(fa_frame_rollback(model.frame, mark->mark) == FA_OK,
                "a mark can be rolled back to");
    MODEL_CHECK(model_current()->defer_count == mark->defers,
                "the defers since the mark have run");
    MODEL_CHECK(model.frame->cursor == mark->cursor || model.guard != 0,
                "the cursor is where it was");
    model.mark_count = i + 1;
    model_move_to(mark->position);
    raise_floor();
}

/* --- tags --- */

static void
change_tag(void)
{
    fa_tag before = model_tag_now();
    if (model_random(2) == 0 && model.tag_depth < MODEL_TAG_DEPTH) {
        fa_tag tag = model.tags[model_random(MODEL_TAGS)];
        model_log("push", tag, model.tag_depth);
        fa_tag_push(model.ctx, tag);
        model.tag_stack[model.tag_depth++] = tag;
    } else if (model.tag_depth > 0) {
        model_log("pop", model.tag_depth, 0);
        fa_tag_pop(model.ctx);
        model.tag_depth--;
    }
    MODEL_CHECK(fa_tag_current(model.ctx) == model_tag_now(),
                "the tag is on top");
    if (before != model_tag_now())
        raise_floor();
}

/* --- frames --- */

static void
begin_frame(void)
{
    model.frame = fa_begin_frame(model.allocator);
    struct model_frame *frame = model_current();
    MODEL_CHECK(frame->count == 0 && frame->defer_count == 0,
                "the frame of lag + 1 before is dead");
    frame->number = fa_frame_number(model.allocator);
    model.position = model.block_bytes = 0;
    model.mark_count = model.segment_count = 0;
    model.dead_mark.frame = NULL;
    model.floor = model.frame->cursor;
    check_used();
}

static void
end_frame(void)
{
    uint64_t number = fa_frame_number(model.allocator);
    fa_stamp stamp = fa_frame_stamp(model.frame);
    model_log("end", number, 0);
    /* Everything that may still be read is as it was written. */
    for (uint32_t f = 0; f <= model.lag; f++)
        for (size_t i = 0; i < model.frames[f].count; i++) {
            const struct model_block *block = &model.frames[f].blocks[i];
            if (!block->is_released)
                model_verify(block, block->size);
        }
    fa_end_frame(model.allocator);
    MODEL_CHECK(fa_stamp_is_live(model.allocator, stamp) == (model.lag > 0),
                "a stamp lives as long as the lag");
    if (model.guard == 0)
        model_check_tags();
    if (number > model.lag) {
        struct model_frame *dead = model_frame_of(number - model.lag);
        MODEL_CHECK(dead->defer_count == 0, "the defers of a dead frame ran");
        dead->count = 0;
    }
    fa_stats stats = FA_STATS_INIT;
    MODEL_CHECK(fa_stats_read(model.allocator, &stats) == FA_OK, "stats");
    MODEL_CHECK(model.guard != 0 || stats.heap_bytes == model.heap_bytes,
                "heap bytes are exact");
}

static void
trim(void)
{
    model_log("trim", 0, 0);
    MODEL_CHECK(fa_allocator_trim(model.allocator) == FA_OK, "trim");
}

/* --- the whole --- */

static void
ignore(void *user, const fa_diag *diag)
{
    (void)user;
    MODEL_CHECK(diag->number != 8 && diag->number != 9 && diag->number != 16 &&
                    diag->number < 600,
                "no misuse is found where there is none");
}

static void
limit_tag(fa_tag tag)
{
    fa_budget budget = FA_BUDGET_INIT;
    budget.hard_bytes = (uint64_t)1 << 20;
    MODEL_CHECK(fa_budget_set(model.allocator, FA_BUDGET_TAG, tag, &budget) ==
                    FA_OK,
                "a budget can be set");
}

void
model_begin(fa_allocator_config *config)
{
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    config->diag = ignore;
    MODEL_CHECK(fa_allocator_create(config, &model.allocator) == FA_OK,
                "an allocator can be made");
    model.window = model.allocator->config.window;
    model.guard = (int)model.allocator->config.guard;
    model.lag = config->frame_lag;
    model.ctx = fa_ctx_current(model.allocator);
    for (size_t i = 1; i < MODEL_TAGS; i++)
        model.tags[i] = fa_tag_register(model.allocator, names[i - 1]);
    if (model.has_budget)
        limit_tag(model.tags[1]);
    begin_frame();
}

static void
run_step(unsigned what)
{
    static void (*const steps[])(void) = {
        alloc_block,    alloc_block,    alloc_block,    alloc_block,
        alloc_block,    alloc_array,    resize_block,   resize_block,
        resize_block,   release_block,  release_block,  release_block,
        reserve_block,  print_text,     take_mark,      roll_back,
        add_defer,      change_tag,     model_use_heap, model_use_heap,
        model_use_heap, model_use_heap, model_use_heap, model_use_heap,
    };
    steps[what % STRESS_COUNT(steps)]();
}

void
model_step(void)
{
    unsigned what = (unsigned)model_random(4096);
    model.operation++;
    bool is_full = model_current()->count + 2 > MODEL_BLOCKS ||
                   model.segment_count + 2 > MODEL_SEGMENTS;
    if (is_full || what < 12) {
        end_frame();
        begin_frame();
    } else if (what < 16) {
        trim();
    } else {
        run_step(what);
    }
    check_used();
}

/* What is charged to tags in the end is nothing. */
static void
check_budgets(void)
{
    MODEL_CHECK(fa_allocator_trim(model.allocator) == FA_OK, "trim");
    for (size_t i = 0; i < FA_TAG_MAX; i++) {
        uint64_t used = model.allocator->tags.tag[i].budget.used;
        if (used == 0)
            continue;
        model_log("tag and bytes", i, used);
        model_fail("tags hold nothing in the end");
    }
}

void
model_end(void)
{
    end_frame();
    for (uint32_t i = 0; i < model.lag; i++) {
        begin_frame();
        end_frame();
    }
    model_free_heap();
    check_budgets();
    fa_allocator_destroy(model.allocator);
}
