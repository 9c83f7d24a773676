/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The report of leaks. It costs nothing before the end: blocks of pools are
 * found by the bits of their pages, and the sites that guard modes remember
 * tell who made them, as long as the ring still has them.
 */
#include "lifetime/leak.h"

#include "base/text.h"
#include "memory/guard.h"
#include "memory/page.h"

static void
add_leak(struct fai_leaks *leaks, struct fai_leak leak)
{
    if (leaks->blocks < FAI_LEAKS_NAMED)
        leaks->named[leaks->blocks] = leak;
    leaks->blocks++;
}

static void
add_pages(struct fai_leaks *leaks, const fa_ctx *ctx,
          const struct fai_page *page)
{
    for (; page != NULL; page = page->next)
        for (size_t i = 0; i < page->count; i++)
            if (!fai_bit_test(page->free, i))
                add_leak(leaks,
                         (struct fai_leak){
                             ctx, page->base + i * page->block_size,
                             page->pool->public.block_size, page->pool->tag});
}

static void
add_pools(struct fai_leaks *leaks, const fa_ctx *ctx)
{
    for (const struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        for (unsigned class = 0; class < FAI_CLASSES; class ++)
            if (set->pool[class] != NULL) {
                add_pages(leaks, ctx, set->pool[class]->partial);
                add_pages(leaks, ctx, set->pool[class]->full);
            }
}

void
fai_leaks_add(struct fai_leaks *leaks, const fa_ctx *ctx)
{
    const struct fai_table *own = &ctx->cache.own;
    add_pools(leaks, ctx);
    for (size_t i = 0; own->slots != NULL && i <= own->mask; i++) {
        const struct fai_block *block = own->slots[i].value;
        if (block != NULL && fai_load(&block->state) > FAI_BLOCK_OLD)
            add_leak(leaks, (struct fai_leak){ctx, block->address, block->size,
                                              block->tag});
    }
}

/* The newest site of a live block's address is its own. */
static void
write_site(struct fai_text *text, const struct fai_leak *leak)
{
    const struct fai_site *site = fai_guard_site(leak->ctx, leak->block);
    if (site == NULL || site->address != leak->block)
        return;
    fai_text_string(text, ", ");
    fai_text_decimal(text, (fai_load(leak->ctx->frames) >> 1) - site->number);
    fai_text_string(text, " frames old, allocated at ");
    fai_text_address(text, site->caller);
}

static void
write_leak(struct fai_text *text, const struct fai_leak *leak)
{
    fai_text_string(text, "; ");
    fai_text_address(text, leak->block);
    fai_text_string(text, " of ");
    fai_text_decimal(text, leak->size);
    fai_text_string(text, " bytes, tag ");
    fai_text_string(text, leak->ctx->allocator->tags.tag[leak->tag].name);
    write_site(text, leak);
}

void
fai_leaks_report(const struct fai_leaks *leaks, fa_allocator *allocator)
{
    char blocks[FAI_DETAIL_MAX - 100];
    char more[40];
    struct fai_text text = fai_text_begin(blocks, sizeof(blocks));
    if (leaks->blocks == 0 && leaks->contexts == 0)
        return;
    for (size_t i = 0; i < FAI_LEAKS_NAMED && i < leaks->blocks; i++)
        write_leak(&text, &leaks->named[i]);
    text = fai_text_begin(more, sizeof(more));
    if (leaks->blocks > FAI_LEAKS_NAMED) {
        fai_text_string(&text, "; and ");
        fai_text_decimal(&text, leaks->blocks - FAI_LEAKS_NAMED);
        fai_text_string(&text, " more");
    }
    fai_report(&allocator->reporter, 610, leaks->named[0].block,
               "%zu blocks, %zu explicit contexts%s%s", leaks->blocks,
               leaks->contexts, blocks, more);
}
