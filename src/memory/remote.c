/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Remote frees: batches of up to 32 blocks per owner, pushed by one atomic
 * operation each, and taken by the owner all at once.
 *
 * The list of an owner lives in its context, which stays while any of its
 * blocks is out; so a push never meets a context that is gone. When a thread
 * exits, its context with live blocks waits for a thread that adopts it whole:
 * blocks never change their owner. tests/models/remote.pml models this.
 */
#include "memory/remote.h"

#include "memory/block.h"
#include "memory/event.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "os/checkers.h"

/* Blocks that travel together are listed in the first of them, as many as it
 * holds, so that the others are not touched. */
struct batch {
    struct fai_node node;
    size_t count;
    void *block[];
};

static struct batch *
start_batch(struct fai_node *node, size_t size, size_t *room)
{
    struct batch *batch = (struct batch *)(void *)node;
    fai_checkers_allow(batch, size);
    batch->count = 0;
    *room = (size - sizeof(struct batch)) / sizeof(void *);
    return batch;
}

/* The page has changed its owner since it led to the outbox. */
static void
redirect(fa_ctx *ctx, struct fai_page *page, struct fai_node *node)
{
    uintptr_t number = (uintptr_t)node >> FA_POOL_PAGE_SHIFT;
    ctx->pages.entry[number & (FA_CTX_PAGES - 1)].page = UINTPTR_MAX;
    if (page->pool->ctx == ctx) {
        fai_pool_push(page->pool, node);
    } else {
        size_t room;
        start_batch(node, page->pool->public.block_size, &room);
        fai_stack_push(&page->pool->ctx->inbox, node, node);
    }
}

static inline bool
is_in_page(const struct fai_page *page, const void *block)
{
    return page != NULL &&
           (uintptr_t)block - (uintptr_t)page->base < FAI_POOL_PAGE;
}

/* The owner of the outbox may be gone, and its pages may be another's by now,
 * so every page is asked: while a block is out, its page and owner stay. */
static void
push_batch(fa_ctx *ctx, struct fai_outbox *box)
{
    struct fai_node *first = NULL, *last = NULL;
    struct batch *batch = NULL;
    struct fai_page *page = NULL;
    size_t room = 0;
    while (box->public.top != box->public.base) {
        struct fai_node *node = *--box->public.top;
        if (!is_in_page(page, node))
            page = fai_page_find(&ctx->allocator->pages, node);
        if (FAI_UNLIKELY(page->pool->ctx != box->owner)) {
            redirect(ctx, page, node);
        } else if (room > 0) {
            batch->block[batch->count++] = node;
            room--;
        } else {
            batch = start_batch(node, page->pool->public.block_size, &room);
            node->next = first;
            first = node;
            last = last == NULL ? node : last;
        }
    }
    if (first == NULL)
        return;
    fai_stack_push(&box->owner->inbox, first, last);
    box->was_pushed = true;
}

/* The pages that led to the outbox lead nowhere. */
static void
forget_owner(fa_ctx *ctx, struct fai_outbox *box)
{
    for (size_t i = 0; i < FA_CTX_PAGES; i++)
        if (ctx->pages.entry[i].pool == &box->public)
            ctx->pages.entry[i].page = UINTPTR_MAX;
    box->owner = NULL;
}

static struct fai_outbox *
outbox_of_owner(fa_ctx *ctx, fa_ctx *owner)
{
    struct fai_outbox *box =
        &ctx->outbox[((uintptr_t)owner >> 12) % FAI_REMOTE_OWNERS];
    if (box->owner == owner)
        return box;
    if (box->owner != NULL) {
        push_batch(ctx, box);
        forget_owner(ctx, box);
    }
    box->owner = owner;
    box->public.base = box->public.top = &box->slot[1];
    box->public.end = box->public.base + FAI_REMOTE_BATCH;
    ctx->frame.attention |= FAI_ATTENTION_REMOTE;
    return box;
}

bool
fai_remote_free(fa_ctx *ctx, struct fai_page *page, void *block)
{
    struct fai_outbox *box = outbox_of_owner(ctx, page->pool->ctx);
    uintptr_t number = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    if (box->public.top[-1] == block)
        return false;
    if (box->public.top == box->public.end)
        push_batch(ctx, box);
    *box->public.top++ = block;
    if (!ctx->is_watched)
        ctx->pages.entry[number & (FA_CTX_PAGES - 1)] =
            (fa_page_entry){number, &box->public};
    return true;
}

bool
fai_remote_free_full(fa_ctx *ctx, void *block)
{
    uintptr_t number = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    const fa_page_entry *entry = &ctx->pages.entry[number & (FA_CTX_PAGES - 1)];
    size_t offset = (size_t)((char *)entry->pool - (char *)ctx->outbox);
    if (entry->page != number || offset >= sizeof(ctx->outbox))
        return false;
    struct fai_outbox *box =
        FAI_CONTAINER(entry->pool, struct fai_outbox, public);
    if (box->public.top != box->public.end || box->public.top[-1] == block)
        return false;
    push_batch(ctx, box);
    *box->public.top++ = block;
    return true;
}

void
fai_remote_flush(fa_ctx *ctx)
{
    bool is_used = false;
    for (size_t i = 0; i < FAI_REMOTE_OWNERS; i++) {
        struct fai_outbox *box = &ctx->outbox[i];
        if (box->owner == NULL)
            continue;
        if (box->public.top == box->public.base && !box->was_pushed) {
            forget_owner(ctx, box);
            continue;
        }
        push_batch(ctx, box);
        box->was_pushed = false;
        is_used = true;
    }
    if (!is_used)
        ctx->frame.attention &= ~(uint32_t)FAI_ATTENTION_REMOTE;
}

/* What a drain has taken in. */
struct sum {
    uint64_t count;
    uint64_t bytes;
};

/* With its last block a page may go, so the pool is asked for first. */
static void
take_in_batch(fa_ctx *ctx, struct fai_page *page, const struct batch *batch,
              struct sum *sum)
{
    const struct fai_page_space *space = &ctx->allocator->pages;
    size_t count = batch->count;
    fai_publish_add(&ctx->figures.remote_frees, count + 1);
    sum->count += count + 1;
    for (size_t i = 0; i <= count; i++) {
        /* The batch itself comes last: it is a block, too. */
        void *block = i < count ? batch->block[i] : (void *)(uintptr_t)batch;
        if (!is_in_page(page, block))
            page = fai_page_find(space, block);
        struct fai_pool *pool = page->pool;
        sum->bytes += pool->public.block_size;
        if (FAI_UNLIKELY(ctx->guard != 0))
            fai_checkers_forbid(block, pool->public.block_size);
        fai_pool_push(pool, block);
    }
}

static void
take_in(fa_ctx *ctx, struct fai_node *node, struct sum *sum)
{
    struct fai_page *page = fai_page_find(&ctx->allocator->pages, node);
    if (page != NULL) {
        take_in_batch(ctx, page, (const struct batch *)(const void *)node, sum);
        return;
    }
    /* Not in a page: the record of a larger block. */
    struct fai_block *block = FAI_CONTAINER(node, struct fai_block, remote);
    fai_publish_add(&ctx->figures.remote_frees, 1);
    sum->count++;
    sum->bytes += block->size;
    fai_block_free(ctx, block);
}

static FAI_NOINLINE void
drain(fa_ctx *ctx, struct fai_node *node)
{
    struct sum sum = {0, 0};
    while (node != NULL) {
        struct fai_node *next = node->next;
        take_in(ctx, node, &sum);
        node = next;
    }
    if (fai_event_wants(ctx, FA_EVENT_REMOTE_PROCESSED))
        fai_event_tell(ctx, FA_EVENT_REMOTE_PROCESSED, NULL, sum.bytes,
                       sum.count);
}

void
fai_remote_drain(fa_ctx *ctx)
{
    struct fai_node *node = fai_stack_take(&ctx->inbox);
    if (node != NULL)
        drain(ctx, node);
}
