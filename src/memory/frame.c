/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Allocation in a frame: the slow path, and what moves the cursor down.
 *
 * The inline path ends at the limit; everything that it could not decide is
 * sorted out here, in this order: is a frame open for this thread, is the
 * request valid, is a guard mode on, is the block larger than a window, is
 * there room in the chunk, in the next one.
 */
#include "memory/frame.h"

#include "memory/arena.h"
#include "memory/block.h"
#include "memory/capacity.h"
#include "memory/charge.h"
#include "memory/event.h"
#include "memory/guard.h"
#include "memory/queue.h"

#include <string.h>

#define ROUND(size) fai_round_up((size), FA_FRAME_GRANULE)

static void *
refuse(fa_ctx *ctx, fa_status status, uint32_t number, size_t size)
{
    ctx->status = status;
    fai_report(&ctx->allocator->reporter, number, NULL,
               "%zu bytes in context %llu", size, (unsigned long long)ctx->id);
    return NULL;
}

static void *
refuse_align(fa_ctx *ctx, size_t align)
{
    ctx->status = FA_ERR_USAGE;
    fai_report(&ctx->allocator->reporter, 13, NULL,
               "%zu in a frame of context %llu", align,
               (unsigned long long)ctx->id);
    return NULL;
}

/* The status belongs to the owner, so it is left alone (I5). */
void *
fai_frame_report_foreign(fa_ctx *ctx)
{
    fai_report(&ctx->allocator->reporter, 211, NULL, "frame of context %llu",
               (unsigned long long)ctx->id);
    return NULL;
}

/* Whether the context may use its frame now; else the status is set. */
static bool
may_use(fa_ctx *ctx, size_t size)
{
    struct fai_frame *frame = &ctx->frame;
    if (FAI_UNLIKELY(ctx->is_refusing))
        return false;
    if (FAI_UNLIKELY(ctx->thread != NULL && ctx->thread != fai_thread_self()))
        return fai_frame_report_foreign(ctx) != NULL;
    if (FAI_UNLIKELY(!fai_frame_is_open(frame) && frame->refusal != FA_OK))
        return fai_fail(ctx, frame->refusal) != NULL;
    if (FAI_UNLIKELY(!fai_frame_is_open(frame)))
        return refuse(ctx, FA_ERR_STATE, 1, size) != NULL;
    /* Pairs with the release of the boundary: a newer number means that this
     * frame has ended and the context has not followed yet. */
    uint64_t word = fai_load_acquire(ctx->frames);
    if (FAI_UNLIKELY(word != frame->word && frame->pins == 0))
        return refuse(ctx, FA_ERR_STALE, 606, size) != NULL;
    return true;
}

void
fai_frame_note_peak(struct fai_frame *frame)
{
    char *cursor = FAI_MAX(frame->public.cursor, frame->public.high);
    size_t now = fai_frame_position(frame) + frame->block_bytes +
                 (size_t)(cursor - frame->public.cursor);
    frame->high = FAI_MAX(frame->high, now);
    frame->public.high = NULL;
}

/* --- blocks above the window --- */

void
fai_frame_count_block(fa_ctx *ctx, size_t size)
{
    struct fai_frame *frame = &ctx->frame;
    fai_frame_note_peak(frame);
    frame->block_bytes += size;
    fai_frame_clamp_limit(frame);
    frame->attention |= FAI_ATTENTION_BLOCKS;
    fai_frame_mark_tag(ctx, ctx->tag);
    fai_publish_add(&ctx->tag_use[ctx->tag].frame_bytes, size);
    fai_frame_publish(ctx);
}

void
fai_frame_publish(fa_ctx *ctx)
{
    struct fai_frame *frame = &ctx->frame;
    fai_store(&ctx->figures.word, fai_load(&frame->word));
    fai_store(&ctx->figures.frame_bytes,
              fai_frame_position(frame) + frame->block_bytes);
}

bool
fai_frame_has_room(fa_ctx *ctx, size_t size)
{
    if (FAI_LIKELY(size <= fai_frame_room(&ctx->frame)))
        return true;
    ctx->status = FA_ERR_NOMEM;
    if (ctx->frame.capacity != FAI_NO_CAPACITY) {
        fai_publish_add(&ctx->annex.refusals, 1);
        ctx->status = FA_ERR_BUDGET;
    }
    if ((ctx->frame.attention & FAI_ATTENTION_CAPACITY) != 0)
        fai_capacity_refuse(ctx, size);
    return false;
}

struct fai_block *
fai_frame_take_block(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_frame *frame = &ctx->frame;
    struct fai_block *block =
        fai_frame_has_room(ctx, size)
            ? fai_block_alloc(ctx, size, align, FAI_BLOCK_FRAME)
            : NULL;
    if (block == NULL)
        return NULL;
    struct fai_arena *arena = frame->arena;
    block->is_promoted = false;
    block->arena = arena;
    block->serial = ++frame->block_serial;
    block->prev = NULL;
    block->next = arena->blocks;
    if (block->next != NULL)
        block->next->prev = block;
    arena->blocks = block;
    fai_frame_count_block(ctx, size);
    return block;
}

static void
unlink_block(struct fai_block *block)
{
    if (block->next != NULL)
        block->next->prev = block->prev;
    if (block->prev != NULL)
        block->prev->next = block->next;
    else
        block->arena->blocks = block->next;
}

static void
free_block(fa_ctx *ctx, struct fai_block *block)
{
    struct fai_frame *frame = &ctx->frame;
    unlink_block(block);
    if (block->arena == frame->arena && fai_frame_is_open(frame)) {
        fai_frame_note_peak(frame);
        frame->block_bytes -= block->size;
        fai_publish_sub(&ctx->tag_use[block->tag].frame_bytes, block->size);
        if (FAI_UNLIKELY(block->is_promoted)) {
            frame->promoted_bytes -= block->size;
            frame->promoted = NULL;
        }
    }
    fai_block_free(ctx, block);
}

void
fai_frame_free_blocks(fa_ctx *ctx, struct fai_arena *arena, uint64_t serial)
{
    while (arena->blocks != NULL && arena->blocks->serial > serial)
        free_block(ctx, arena->blocks);
}

static struct fai_block *
find_block(const fa_ctx *ctx, const void *address)
{
    struct fai_block *block = fai_block_own_recent(ctx, address);
    return block != NULL && block->state == FAI_BLOCK_FRAME &&
                   block->arena == ctx->frame.arena
               ? block
               : NULL;
}

/* --- the slow path --- */

/* A place in the arena, to go back to when a request is refused (I6). */
struct place {
    fa_frame public;
    size_t prior;
    uint32_t current;
};

static struct place
place_of(const struct fai_frame *frame)
{
    return (struct place){frame->public, frame->arena->prior,
                          frame->arena->current};
}

static void *
go_back(struct fai_frame *frame, const struct place *place)
{
    frame->public = place->public;
    frame->arena->prior = place->prior;
    frame->arena->current = place->current;
    return NULL;
}

static void *
bump(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_frame *frame = &ctx->frame;
    struct place before = place_of(frame);
    size_t need = ROUND(size);
    if (!fai_frame_has_room(ctx, need))
        return NULL;
    for (;;) {
        const struct fai_chunk *chunk =
            &frame->arena->chunk[frame->arena->current];
        char *block = fai_align_pointer(frame->public.cursor, align);
        if (block + need <= fai_chunk_end(chunk)) {
            if (block + need > frame->public.limit) {
                if (!fai_arena_open_window(ctx, block + need))
                    return go_back(frame, &before);
                continue;
            }
            frame->public.cursor = block + need;
            if (FAI_UNLIKELY((frame->attention & FAI_ATTENTION_MODE) != 0))
                frame->public.limit = frame->public.cursor;
            return block;
        }
        if (!fai_arena_next_chunk(ctx, need + align))
            return go_back(frame, &before);
    }
}

/* In guard modes, too, the number of objects is known. */
static void
count_object(fa_ctx *ctx, const void *block, size_t size)
{
    if (ctx->is_own)
        return;
    if (ctx->is_counting)
        fai_event_alloc(ctx, FA_MEMORY_FRAME, block, size);
    else
        fai_publish_add(&ctx->figures.frame_count, 1);
}

static void *
alloc_checked(fa_ctx *ctx, size_t size, size_t align)
{
    bool is_large = size > ctx->frame.window || align > FAI_PAGE;
    if (FAI_LIKELY((ctx->frame.attention & FAI_ATTENTION_MODE) == 0))
        return fai_frame_alloc_plain(ctx, size, align, is_large);
    void *block = ctx->guard != 0
                      ? fai_guard_frame_alloc(ctx, size, align, is_large)
                      : fai_frame_alloc_plain(ctx, size, align, is_large);
    if (block != NULL)
        count_object(ctx, block, size);
    return block;
}

void *
fai_frame_alloc_unasked(fa_ctx *ctx, size_t size, size_t align, bool is_large)
{
    if (!is_large)
        return bump(ctx, size, align);
    struct fai_block *block = fai_frame_take_block(ctx, size, align);
    return block == NULL ? NULL : block->address;
}

void *
fai_frame_alloc_plain(fa_ctx *ctx, size_t size, size_t align, bool is_large)
{
    if (FAI_UNLIKELY(fai_budget_is_limited(&ctx->frame_budget)))
        return fai_frame_alloc_budgeted(ctx, size, align, is_large);
    return fai_frame_alloc_unasked(ctx, size, align, is_large);
}

/* The common case: the next window of memory that is charged already, for a
 * small request in an open frame without limits. NULL when it is not. */
static inline void *
alloc_in_next_window(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_frame *frame = &ctx->frame;
    if (ctx->plain_thread != fai_thread_self() || align > FA_FRAME_GRANULE ||
        size > frame->window || fai_load(&ctx->allocator->attention) != 0 ||
        !fai_frame_is_open(frame) || fai_load(ctx->frames) != frame->word ||
        (frame->attention & FAI_ATTENTION_NO_WINDOW) != 0)
        return NULL;
    const struct fai_chunk *chunk = &frame->arena->chunk[frame->arena->current];
    char *block = frame->public.cursor;
    size_t room = chunk->touched - (size_t)(block - chunk->base);
    size_t need = ROUND(size);
    if (need > room || !fai_is_power_of_two(align))
        return NULL;
    frame->public.cursor = block + need;
    frame->public.limit = block + need + FAI_MIN(room - need, frame->window);
    return block;
}

void *
fa_frame_alloc_slow(fa_frame *public, size_t size, size_t align)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    void *next = alloc_in_next_window(ctx, size, align);
    if (FAI_LIKELY(next != NULL))
        return next;
    if (!may_use(ctx, size))
        return NULL;
    if (FAI_UNLIKELY(!fai_is_alignment(align)))
        return refuse_align(ctx, align);
    if (FAI_UNLIKELY((ctx->frame.attention & FAI_ATTENTION_DRAIN) != 0))
        fai_queue_drain(ctx, FAI_DRAIN_CALL);
    ctx->guarding.caller = __builtin_return_address(0);
    void *block = alloc_checked(ctx, size, align);
    if (FAI_UNLIKELY(block == NULL) && ctx->status == FA_ERR_NOMEM)
        refuse(ctx, FA_ERR_NOMEM, 3, size);
    return block;
}

/* --- the last block --- */

/* Whether the block ends at the cursor and may be changed. A floor at the end
 * of the address space refuses all. */
static inline bool
is_last(const struct fai_frame *frame, const char *block, size_t size)
{
    /* Numbers, because the block may be NULL. */
    return (uintptr_t)block + ROUND(size) == (uintptr_t)frame->public.cursor &&
           block >= frame->public.floor && size != 0;
}

static bool
resize_last(fa_ctx *ctx, char *block, size_t size)
{
    struct fai_frame *frame = &ctx->frame;
    const struct fai_arena *arena = frame->arena;
    size_t room =
        (size_t)(fai_chunk_end(&arena->chunk[arena->current]) - block);
    if (size > room)
        return false;
    char *end = block + ROUND(size);
    const char *cursor = frame->public.cursor;
    if (end > frame->public.limit &&
        (!fai_charge_frame_growth(ctx, (size_t)(end - cursor)) ||
         frame->public.cursor != cursor))
        return false;
    while (end > frame->public.limit) {
        if (!fai_arena_open_window(ctx, end) || frame->public.cursor != cursor)
            return false;
    }
    fai_frame_move_down(frame, end);
    if (FAI_UNLIKELY(ctx->is_watched))
        frame->public.limit = end;
    return true;
}

static bool
resize_block(fa_ctx *ctx, void *address, size_t size)
{
    struct fai_block *block = find_block(ctx, address);
    if (block == NULL || size > block->capacity || block->charged != 0 ||
        (size > block->size &&
         size - block->size > fai_frame_room(&ctx->frame)) ||
        fai_budget_is_limited(&ctx->frame_budget))
        return false;
    fai_frame_note_peak(&ctx->frame);
    uint64_t change = (uint64_t)size - block->size;
    ctx->frame.block_bytes += change;
    fai_frame_clamp_limit(&ctx->frame);
    fai_publish_add(&ctx->tag_use[block->tag].frame_bytes, change);
    fai_publish_add(&ctx->figures.block_bytes, change);
    block->size = size;
    return true;
}

static bool
resize_in_place(fa_ctx *ctx, void *block, size_t old_size, size_t new_size)
{
    if (ctx->guard == 0 && old_size != 0) {
        if (is_last(&ctx->frame, block, old_size) &&
            resize_last(ctx, block, new_size))
            return true;
        if (old_size > ctx->frame.window && resize_block(ctx, block, new_size))
            return true;
    }
    return new_size <= old_size;
}

void *
fa_frame_resize(fa_frame *public, void *block, size_t old_size, size_t new_size,
                size_t align)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    if (block == NULL)
        return fa_frame_alloc(public, new_size, align);
    if (!may_use(ctx, new_size))
        return NULL;
    if (!fai_is_alignment(align))
        return refuse_align(ctx, align);
    bool is_aligned = ((uintptr_t)block & (align - 1)) == 0;
    if (is_aligned && resize_in_place(ctx, block, old_size, new_size))
        return block;
    void *moved = fa_frame_alloc(public, new_size, align);
    if (moved != NULL) {
        memcpy(moved, block, FAI_MIN(old_size, new_size));
        fa_frame_release(public, block, old_size);
    }
    return moved;
}

/* --- release --- */

static void
insert_hole(struct fai_frame *frame, uint32_t i, char *begin, char *end)
{
    struct fai_hole *holes = frame->holes;
    if (frame->hole_count == FAI_HOLES_MAX) {
        /* The lowest one has waited longest, and will. */
        if (i == 0)
            return;
        memmove(holes, holes + 1, (--i) * sizeof(holes[0]));
        holes[i] = (struct fai_hole){begin, end};
        return;
    }
    memmove(holes + i + 1, holes + i,
            (frame->hole_count - i) * sizeof(holes[0]));
    holes[i] = (struct fai_hole){begin, end};
    frame->hole_count++;
}

/* A block that is not the last: remembered until all above it is released. */
static void
add_hole(struct fai_frame *frame, char *begin, char *end)
{
    struct fai_hole *holes = frame->holes;
    uint32_t i = frame->hole_count;
    if (i > 0 && i < FAI_HOLES_MAX && holes[i - 1].end < begin) {
        holes[frame->hole_count++] = (struct fai_hole){begin, end};
        return;
    }
    while (i > 0 && holes[i - 1].begin > begin)
        i--;
    bool meets_lower = i > 0 && holes[i - 1].end >= begin;
    bool meets_upper = i < frame->hole_count && holes[i].begin <= end;
    if (meets_lower && meets_upper) {
        holes[i - 1].end = holes[i].end;
        memmove(holes + i, holes + i + 1,
                (frame->hole_count - i - 1) * sizeof(holes[0]));
        frame->hole_count--;
    } else if (meets_lower) {
        holes[i - 1].end = FAI_MAX(holes[i - 1].end, end);
    } else if (meets_upper) {
        holes[i].begin = begin;
    } else {
        insert_hole(frame, i, begin, end);
    }
}

/* The block was the last, and released ones lie right below it. */
static FAI_NOINLINE void
pop_holes(struct fai_frame *frame)
{
    char *cursor = frame->public.cursor;
    while (frame->hole_count > 0 &&
           frame->holes[frame->hole_count - 1].end >= cursor)
        cursor = frame->holes[--frame->hole_count].begin;
    fai_frame_move_down(frame, cursor);
}

static void
release_other(fa_ctx *ctx, char *block, size_t size)
{
    struct fai_frame *frame = &ctx->frame;
    bool is_here = block >= frame->public.floor &&
                   block < frame->public.cursor &&
                   size <= (size_t)(frame->public.cursor - block);
    if (size == 0 || !fai_frame_is_open(frame) || ctx->guard != 0)
        return;
    if (is_here) {
        /* A small frame is not worth the book-keeping. */
        if (frame->public.cursor > frame->public.release_from)
            add_hole(frame, block, block + ROUND(size));
    } else if (size > frame->window) {
        struct fai_block *large = find_block(ctx, block);
        if (large != NULL)
            free_block(ctx, large);
    }
}

void
fa_frame_release_slow(fa_frame *public, void *block, size_t size)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    if (!is_last(frame, block, size)) {
        release_other(ctx, block, size);
        return;
    }
    fai_frame_move_down(frame, block);
    if (frame->hole_count != 0 &&
        frame->holes[frame->hole_count - 1].end == block)
        pop_holes(frame);
    if (FAI_UNLIKELY(ctx->is_watched))
    public->limit = public->cursor;
    /* From here on the inline path pops, which knows no holes. */
    if (public->cursor <= public->release_from)
        frame->hole_count = 0;
}

void *
fa_frame_reserve(fa_frame *public, size_t min, size_t align, size_t *room)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    if (ctx->guard != 0)
        min = FAI_MAX(min, (size_t)1024);
    size_t want = FAI_MAX(min, FA_FRAME_GRANULE);
    char *block = fa_frame_alloc(public, want, align);
    *room = block == NULL ? 0 : want;
    if (block == NULL || ctx->guard != 0 || !is_last(frame, block, want))
        return block;
    fai_frame_move_down(frame, block);
    /* More than a window may have come from the first ones. */
    if (frame->public.limit < block + ROUND(want))
        frame->public.limit = block + ROUND(want);
    *room = (size_t)(frame->public.limit - block);
    return block;
}

static void
commit_tail(fa_ctx *ctx, char *block, size_t used)
{
    struct fai_frame *frame = &ctx->frame;
    size_t room = (size_t)(frame->public.limit - block);
    if (used > room) {
        fai_report(&ctx->allocator->reporter, 15, block,
                   "fa_frame_commit() of %zu bytes, the room was %zu", used,
                   room);
        used = room;
    }
    frame->public.cursor = block + ROUND(used);
    if ((frame->attention & FAI_ATTENTION_MODE) != 0)
        frame->public.limit = frame->public.cursor;
}

void
fa_frame_commit(fa_frame *public, void *block, size_t used)
{
    fa_ctx *ctx = fai_ctx_of_frame(public);
    struct fai_frame *frame = &ctx->frame;
    if (block == NULL || !fai_frame_is_open(frame))
        return;
    if (block == frame->public.cursor) {
        commit_tail(ctx, block, used);
    } else if (used == 0 && ctx->guard == 0) {
        struct fai_block *large = find_block(ctx, block);
        if (large != NULL)
            free_block(ctx, large);
    }
}

fa_status
fa_frame_status(const fa_frame *public)
{
    const fa_ctx *ctx =
        FAI_CONTAINER((char *)(uintptr_t) public, fa_ctx, frame);
    return ctx->status;
}

size_t
fa_frame_used(const fa_frame *public)
{
    const fa_ctx *ctx =
        FAI_CONTAINER((char *)(uintptr_t) public, fa_ctx, frame);
    const struct fai_frame *frame = &ctx->frame;
    return fai_frame_is_open(frame)
               ? fai_frame_position(frame) + frame->block_bytes
               : 0;
}

size_t
fa_frame_remaining(const fa_frame *public)
{
    const fa_ctx *ctx =
        FAI_CONTAINER((char *)(uintptr_t) public, fa_ctx, frame);
    return fai_frame_is_open(&ctx->frame) ? (size_t)fai_charge_frame_room(ctx)
                                          : 0;
}
