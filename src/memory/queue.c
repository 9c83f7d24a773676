/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The queue of a context: bounds, and when it is emptied.
 *
 * Its list is the inbox, a stack that others push to and the owner takes as a
 * whole. Two counters stand beside it: what was ever queued, and what has left.
 * Their difference is the depth; who pushes to a bounded queue reserves its
 * place there first, so the bound holds at every moment. When there is no
 * place, a block is pushed anyway, is marked in its page or record where the
 * owner finds it, is refused, or the oldest ones make room: whoever frees takes
 * the whole stack, cuts its end off, pushes that to a second stack and the rest
 * back. tests/models/queue.pml models this.
 *
 * A context stays while a block of it is out. So whoever frees touches the
 * owner for the last time when it hands its own block over.
 */
#include "memory/queue.h"

#include "memory/block.h"
#include "memory/event.h"
#include "memory/frame.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "os/checkers.h"

struct fai_batch *
fai_batch_start(void *block, size_t size, size_t *room)
{
    struct fai_batch *batch = block;
    fai_checkers_allow(batch, size);
    batch->count = 0;
    *room = (size - sizeof(struct fai_batch)) / sizeof(void *);
    return batch;
}

/* Blocks of a node, and their bytes. */
static size_t
measure_node(const fa_ctx *owner, const struct fai_node *node, size_t *bytes)
{
    const struct fai_page_space *space = &owner->allocator->pages;
    const struct fai_page *page = fai_page_find(space, node);
    if (page == NULL) {
        *bytes +=
            FAI_CONTAINER((char *)(uintptr_t)node, struct fai_block, remote)
                ->capacity;
        return 1;
    }
    const struct fai_batch *batch = (const void *)node;
    *bytes += page->block_size;
    for (size_t i = 0; i < batch->count; i++)
        *bytes += fai_page_find(space, batch->block[i])->block_size;
    return batch->count + 1;
}

/* --- adding --- */

enum place {
    IN_QUEUE, /* Counted there. */
    ASIDE,    /* Counted there. */
    IN_PLACE, /* Marked, in its page or record. */
    NOWHERE   /* Refused. */
};

static bool
reserve(struct fai_queue *queue)
{
    uint64_t queued = fai_load(&queue->queued);
    do {
        /* Pairs with the releases in leave_queue(): the swap below meets every
         * place that has been left already. */
        uint64_t done = fai_load_acquire(&queue->done);
        if ((int64_t)(queued - done) >= (int64_t)queue->capacity)
            return false;
    } while (!fai_cas(&queue->queued, &queued, queued + 1));
    return true;
}

static void
leave_queue(struct fai_queue *queue, size_t count, size_t bytes)
{
    fai_fetch_add(&queue->done_bytes, bytes);
    /* Pairs with the acquire in reserve(). */
    fai_fetch_add_release(&queue->done, count);
}

static void
count_aside(struct fai_queue *queue, size_t count, size_t bytes)
{
    fai_fetch_add(&queue->dropped, count);
    fai_fetch_add(&queue->aside_count, count);
    fai_fetch_add(&queue->aside_bytes, bytes);
}

/* Sets the oldest eighth aside, one node at least. False when there is none:
 * others have taken them. */
static bool
set_oldest_aside(fa_ctx *owner)
{
    struct fai_node *first = fai_stack_take(&owner->inbox), *last = NULL;
    size_t nodes = 0, count = 0, bytes = 0;
    for (struct fai_node *node = first; node != NULL; node = node->next)
        nodes++;
    if (nodes == 0)
        return false;
    struct fai_node *old = first;
    for (size_t i = nodes - FAI_MAX(nodes / 8, (size_t)1); i > 0; i--) {
        last = old;
        old = old->next;
    }
    struct fai_node *oldest = old;
    for (struct fai_node *node = old; node != NULL; node = node->next) {
        count += measure_node(owner, node, &bytes);
        oldest = node;
    }
    count_aside(&owner->queue, count, bytes);
    leave_queue(&owner->queue, count, bytes);
    fai_stack_push(&owner->queue.aside, old, oldest);
    if (last != NULL)
        fai_stack_push(&owner->inbox, first, last);
    return true;
}

static enum place
place_when_full(fa_ctx *owner, size_t bytes)
{
    struct fai_queue *queue = &owner->queue;
    fai_fetch_add(&queue->full, 1);
    switch (fai_load(&queue->when_full)) {
    case FA_QUEUE_PROCESS:
        return IN_PLACE;
    case FA_QUEUE_FAIL:
        fai_fetch_add(&queue->refused, 1);
        return NOWHERE;
    case FA_QUEUE_DROP_OLDEST:
        while (set_oldest_aside(owner))
            if (reserve(queue)) {
                fai_fetch_add(&queue->queued_bytes, bytes);
                return IN_QUEUE;
            }
        count_aside(queue, 1, bytes);
        return ASIDE;
    default:
        fai_queue_count(owner, 1, bytes);
        return IN_QUEUE;
    }
}

static enum place
find_place(fa_ctx *owner, size_t bytes)
{
    if (!fai_queue_is_bounded(owner)) {
        fai_queue_count(owner, 1, bytes);
        return IN_QUEUE;
    }
    if (!reserve(&owner->queue))
        return place_when_full(owner, bytes);
    fai_fetch_add(&owner->queue.queued_bytes, bytes);
    return IN_QUEUE;
}

static void
push_node(fa_ctx *owner, enum place place, struct fai_node *node)
{
    fai_stack_push(place == ASIDE ? &owner->queue.aside : &owner->inbox, node,
                   node);
}

/* False when it was marked already. */
static bool
mark_block(struct fai_page *page, const void *block)
{
    size_t i = fai_page_index(page, block);
    uint64_t bit = (uint64_t)1 << (i % 64);
    if ((fai_load(&page->marked[i / 64]) & bit) != 0)
        return false;
    /* Counted first: a count without its mark makes the owner look again. */
    fai_fetch_add(&page->pool->ctx->queue.marked, 1);
    /* Pairs with the exchange in take_marks(). */
    return (fai_fetch_or_release(&page->marked[i / 64], bit) & bit) == 0;
}

static uint32_t
put_block(struct fai_page *page, void *block, enum place place)
{
    size_t room;
    if (place == NOWHERE)
        return 17;
    if (place == IN_PLACE)
        return mark_block(page, block) ? 0 : 609;
    struct fai_batch *batch =
        fai_batch_start(block, page->pool->public.block_size, &room);
    push_node(page->pool->ctx, place, &batch->node);
    return 0;
}

uint32_t
fai_queue_add_block(struct fai_page *page, void *block)
{
    fa_ctx *owner = page->pool->ctx;
    /* The newest one, freed twice in a row. */
    if (fai_load(&owner->inbox.head) == block)
        return 609;
    return put_block(page, block, find_place(owner, page->block_size));
}

void
fai_queue_force_block(struct fai_page *page, void *block)
{
    fa_ctx *owner = page->pool->ctx;
    enum place place = find_place(owner, page->block_size);
    if (place == NOWHERE) {
        fai_queue_count(owner, 1, page->block_size);
        place = IN_QUEUE;
    }
    (void)put_block(page, block, place);
}

uint32_t
fai_queue_add_record(struct fai_block *block)
{
    uint32_t state = FAI_BLOCK_HEAP;
    fa_ctx *owner = block->owner;
    /* The winner of two concurrent frees goes on; what follows orders. */
    if (!fai_cas_acquire(&block->state, &state, FAI_BLOCK_REMOTE))
        return 609;
    enum place place = find_place(owner, block->capacity);
    switch (place) {
    case NOWHERE:
        fai_store_release(&block->state, FAI_BLOCK_HEAP);
        return 17;
    case IN_PLACE:
        fai_fetch_add(&owner->queue.marked, 1);
        /* Pairs with the acquire in take_marked_records(). */
        fai_store_release(&block->state, FAI_BLOCK_MARKED);
        return 0;
    default:
        push_node(owner, place, &block->remote);
        return 0;
    }
}

/* --- taking in, by the owner --- */

static void
make_wait(fa_ctx *ctx, struct fai_node *node)
{
    node->next = ctx->queue.waiting;
    ctx->queue.waiting = node;
}

/* Blocks whose marks were found; they never were in the queue. */
struct found {
    struct fai_node *first;
    size_t room; /* For so many more. */
};

static void
add_found(struct found *found, struct fai_node *node)
{
    node->next = found->first;
    found->first = node;
    found->room--;
}

static void
find_marks(struct fai_page *page, void *arg)
{
    struct found *found = arg;
    for (size_t word = 0; word * 64 < page->count; word++) {
        /* Pairs with the release in mark_block(). */
        uint64_t bits = fai_load_acquire(&page->marked[word]), taken = 0;
        for (; bits != 0 && found->room != 0; bits &= bits - 1) {
            size_t room, i = word * 64 + fai_lowest_bit(bits);
            struct fai_batch *batch =
                fai_batch_start(page->base + i * page->block_size,
                                page->pool->public.block_size, &room);
            add_found(found, &batch->node);
            taken |= bits & (0 - bits);
        }
        /* Nobody else clears marks. */
        if (taken != 0)
            fai_fetch_and(&page->marked[word], ~taken);
    }
}

static void
find_marked_records(const fa_ctx *ctx, struct found *found)
{
    const struct fai_table *own = &ctx->cache.own;
    for (size_t i = 0; own->slots != NULL && i <= own->mask && found->room != 0;
         i++) {
        struct fai_block *block = own->slots[i].value;
        /* Pairs with the release in fai_queue_add_record(). */
        if (block == NULL ||
            fai_load_acquire(&block->state) != FAI_BLOCK_MARKED)
            continue;
        fai_store(&block->state, FAI_BLOCK_REMOTE);
        add_found(found, &block->remote);
    }
}

/* What a drain has taken in. */
struct taken {
    size_t count;
    size_t bytes; /* As queued. */
    size_t sizes; /* As the program had them. */
};

/* With its last block a page may go, so the pool is asked for first. */
static struct fai_page *
take_in_block(fa_ctx *ctx, struct fai_page *page, void *block,
              struct taken *taken)
{
    if (!fai_page_holds(page, block))
        page = fai_page_find(&ctx->allocator->pages, block);
    taken->count++;
    taken->bytes += page->block_size;
    taken->sizes += page->pool->public.block_size;
    if (FAI_UNLIKELY(ctx->guard != 0))
        fai_checkers_forbid(block, page->pool->public.block_size);
    fai_pool_push(page->pool, block);
    return page;
}

static void
take_in_batch(fa_ctx *ctx, struct fai_page *page, struct fai_batch *batch,
              size_t max, struct taken *taken)
{
    /* What does not fit any more waits on; the last block is the batch. */
    size_t listed = batch->count;
    size_t first = listed < max ? 0 : listed - max;
    bool is_whole = listed < max;
    if (!is_whole) {
        batch->count = first;
        make_wait(ctx, &batch->node);
    }
    for (size_t i = first; i < listed; i++)
        page = take_in_block(ctx, page, batch->block[i], taken);
    if (is_whole)
        take_in_block(ctx, page, batch, taken);
}

/* Of one node; the figure of all that was taken in follows. */
static struct taken
take_in(fa_ctx *ctx, struct fai_node *node, size_t max)
{
    struct taken taken = {0, 0, 0};
    struct fai_page *page = fai_page_find(&ctx->allocator->pages, node);
    if (page != NULL) {
        take_in_batch(ctx, page, (struct fai_batch *)(void *)node, max, &taken);
    } else {
        /* Not in a page: the record of a larger block. */
        struct fai_block *block = FAI_CONTAINER(node, struct fai_block, remote);
        taken = (struct taken){1, block->capacity, block->size};
        fai_block_free(ctx, block);
    }
    fai_publish_add(&ctx->figures.remote_frees, taken.count);
    return taken;
}

static void
add_taken(struct taken *sum, struct taken taken)
{
    sum->count += taken.count;
    sum->sizes += taken.sizes;
}

/* A message of a guard mode may come here again, so the list is whole at each
 * step. */
static void
take_in_waiting(fa_ctx *ctx, size_t max, struct taken *sum)
{
    while (ctx->queue.waiting != NULL && sum->count < max) {
        struct fai_node *node = ctx->queue.waiting;
        ctx->queue.waiting = node->next;
        struct taken taken = take_in(ctx, node, max - sum->count);
        leave_queue(&ctx->queue, taken.count, taken.bytes);
        add_taken(sum, taken);
    }
}

static void
take_in_marked(fa_ctx *ctx, size_t max, struct taken *sum)
{
    struct found found = {NULL, max - sum->count};
    fai_pools_visit_pages(ctx, find_marks, &found);
    find_marked_records(ctx, &found);
    fai_fetch_sub(&ctx->queue.marked, max - sum->count - found.room);
    while (found.first != NULL) {
        struct fai_node *node = found.first;
        found.first = node->next;
        add_taken(sum, take_in(ctx, node, 1));
    }
}

static void
take_in_aside(fa_ctx *ctx, struct taken *sum)
{
    struct fai_queue *queue = &ctx->queue;
    struct fai_node *node = fai_stack_take(&queue->aside);
    while (node != NULL) {
        struct fai_node *next = node->next;
        struct taken taken = take_in(ctx, node, SIZE_MAX);
        fai_fetch_sub(&queue->aside_count, taken.count);
        fai_fetch_sub(&queue->aside_bytes, taken.bytes);
        add_taken(sum, taken);
        node = next;
    }
}

static void
tell(fa_ctx *ctx, const struct taken *sum)
{
    if (sum->count != 0 && fai_event_wants(ctx, FA_EVENT_REMOTE_PROCESSED))
        fai_event_tell(ctx, FA_EVENT_REMOTE_PROCESSED, NULL, sum->sizes,
                       sum->count);
}

static void
drain(fa_ctx *ctx, size_t max, struct taken *sum)
{
    struct fai_queue *queue = &ctx->queue;
    fai_publish_max(&queue->peak, fai_queue_depth(ctx));
    take_in_waiting(ctx, max, sum);
    if (sum->count < max) {
        queue->waiting = fai_stack_take(&ctx->inbox);
        take_in_waiting(ctx, max, sum);
    }
    if (FAI_UNLIKELY(fai_load(&queue->marked) != 0) && sum->count < max)
        take_in_marked(ctx, max, sum);
}

static FAI_NOINLINE size_t
drain_and_tell(fa_ctx *ctx, size_t max)
{
    struct taken sum = {0, 0, 0};
    drain(ctx, max, &sum);
    tell(ctx, &sum);
    return sum.count;
}

static size_t
blocks_wanted(const struct fai_queue *queue, enum fai_drain_moment moment)
{
    switch (queue->drain) {
    case FA_DRAIN_IMMEDIATE:
        return SIZE_MAX;
    case FA_DRAIN_EXPLICIT:
        return 0;
    case FA_DRAIN_FRAME_BEGIN:
        return moment == FAI_DRAIN_SHORT || moment == FAI_DRAIN_BEGIN ? SIZE_MAX
                                                                      : 0;
    case FA_DRAIN_INCREMENTAL:
        return moment == FAI_DRAIN_SHORT || moment == FAI_DRAIN_END
                   ? queue->drain_count
                   : 0;
    default:
        return moment == FAI_DRAIN_SHORT || moment == FAI_DRAIN_END ? SIZE_MAX
                                                                    : 0;
    }
}

void
fai_queue_drain_some(fa_ctx *ctx, enum fai_drain_moment moment)
{
    size_t max = blocks_wanted(&ctx->queue, moment);
    if (max != 0)
        (void)drain_and_tell(ctx, max);
}

void
fai_queue_drain_all(fa_ctx *ctx)
{
    struct taken sum = {0, 0, 0};
    take_in_aside(ctx, &sum);
    if (!fai_queue_is_empty(ctx))
        drain(ctx, SIZE_MAX, &sum);
    tell(ctx, &sum);
}

size_t
fa_ctx_drain(fa_ctx *ctx, size_t max)
{
    if (ctx == NULL || ctx->is_refusing || max == 0)
        return 0;
    if (ctx->thread != NULL && ctx->thread != fai_thread_self()) {
        fai_report(&ctx->allocator->reporter, 211, NULL,
                   "fa_ctx_drain() of context %llu",
                   (unsigned long long)ctx->id);
        return 0;
    }
    return drain_and_tell(ctx, max);
}
