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
 *
 * Owners whose queue is bounded get their blocks one by one; see queue.c.
 */
#include "memory/remote.h"

#include "memory/page.h"
#include "memory/pool.h"
#include "memory/queue.h"

/* The page has changed its owner since it led to the outbox. */
static void
forget_page(fa_ctx *ctx, const void *block)
{
    uintptr_t number = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    ctx->pages.entry[number & (FA_CTX_PAGES - 1)].page = UINTPTR_MAX;
}

static void
redirect(fa_ctx *ctx, struct fai_page *page, void *block)
{
    forget_page(ctx, block);
    if (page->pool->ctx == ctx)
        fai_pool_push(page->pool, block);
    else
        fai_queue_force_block(page, block);
}

/* The owner of the outbox may be gone, and its pages may be another's by now,
 * so every page is asked: while a block is out, its page and owner stay. */
static void
push_batch(fa_ctx *ctx, struct fai_outbox *box)
{
    struct fai_node *first = NULL, *last = NULL;
    struct fai_batch *batch = NULL;
    struct fai_page *page = NULL;
    size_t room = 0, count = 0, bytes = 0;
    while (box->public.top != box->public.base) {
        struct fai_node *node = *--box->public.top;
        if (!fai_page_holds(page, node))
            page = fai_page_find(&ctx->allocator->pages, node);
        if (FAI_UNLIKELY(page->pool->ctx != box->owner ||
                         fai_queue_is_bounded(box->owner))) {
            redirect(ctx, page, node);
            continue;
        }
        count++;
        bytes += page->block_size;
        if (room > 0) {
            batch->block[batch->count++] = node;
            room--;
        } else {
            batch = fai_batch_start(node, page->pool->public.block_size, &room);
            node->next = first;
            first = node;
            last = last == NULL ? node : last;
        }
    }
    if (first == NULL)
        return;
    fai_queue_count(box->owner, count, bytes);
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

uint32_t
fai_remote_free(fa_ctx *ctx, struct fai_page *page, void *block)
{
    if (FAI_UNLIKELY(fai_queue_is_bounded(page->pool->ctx)))
        return fai_queue_add_block(page, block);
    struct fai_outbox *box = outbox_of_owner(ctx, page->pool->ctx);
    uintptr_t number = (uintptr_t)block >> FA_POOL_PAGE_SHIFT;
    if (box->public.top[-1] == block)
        return 609;
    if (box->public.top == box->public.end)
        push_batch(ctx, box);
    *box->public.top++ = block;
    if (!ctx->is_watched)
        ctx->pages.entry[number & (FA_CTX_PAGES - 1)] =
            (fa_page_entry){number, &box->public};
    return 0;
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
