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
#include "memory/page.h"
#include "memory/pool.h"
#include "os/checkers.h"

/* The page has changed its owner since it led to the outbox. */
static void
redirect(fa_ctx *ctx, struct fai_page *page, struct fai_node *node)
{
    uintptr_t number = (uintptr_t)node >> FA_POOL_PAGE_SHIFT;
    ctx->pages.entry[number & (FA_CTX_PAGES - 1)].page = UINTPTR_MAX;
    if (page->pool->ctx == ctx)
        fai_pool_push(page->pool, node);
    else
        fai_stack_push(&page->pool->ctx->inbox, node, node);
}

/* The owner of the outbox may be gone, and its pages may be another's by now,
 * so every block is asked: while it is out, its page and owner stay. */
static void
push_batch(fa_ctx *ctx, struct fai_outbox *box)
{
    struct fai_node *first = NULL, *last = NULL;
    while (box->public.top != box->public.base) {
        struct fai_node *node = *--box->public.top;
        struct fai_page *page = fai_page_find(&ctx->allocator->pages, node);
        fai_checkers_allow(node, sizeof(*node));
        if (FAI_UNLIKELY(page->pool->ctx != box->owner)) {
            redirect(ctx, page, node);
            continue;
        }
        node->next = first;
        first = node;
        last = last == NULL ? node : last;
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
    if (ctx->guard == 0)
        ctx->pages.entry[number & (FA_CTX_PAGES - 1)] =
            (fa_page_entry){number, &box->public};
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

static void
take_in(fa_ctx *ctx, struct fai_node *node)
{
    struct fai_page *page = fai_page_find(&ctx->allocator->pages, node);
    fai_publish_add(&ctx->figures.remote_frees, 1);
    if (page == NULL) {
        /* Not in a page: the record of a larger block. */
        fai_block_free(ctx, FAI_CONTAINER(node, struct fai_block, remote));
        return;
    }
    struct fai_pool *pool = page->pool;
    if (FAI_UNLIKELY(ctx->guard != 0))
        fai_checkers_forbid(node, pool->public.block_size);
    /* With its last block the page may go; nothing is done to it after. */
    fai_pool_push(pool, node);
}

void
fai_remote_drain(fa_ctx *ctx)
{
    struct fai_node *node = fai_stack_take(&ctx->inbox);
    while (node != NULL) {
        struct fai_node *next = node->next;
        take_in(ctx, node);
        node = next;
    }
}
