/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Pools: magazines of pointers in front of 64 KiB pages.
 *
 * Size classes are multiples of 16 up to 128, then four per doubling up to
 * 8 KiB. A page keeps one bit per block: set when the block is in the page.
 * A refill takes up to 64 blocks in rising order of address. The magazine has
 * a slot for every block of the pool, so freeing never finds it full; behind
 * it stands a page that faults, for programs that free twice without end.
 * Freed blocks are not written to, so the next
 * allocation does not wait for them, and nothing of ours can be overwritten
 * in them. A page with all blocks back goes to the page space.
 */
#include "memory/pool.h"

#include "memory/block.h"
#include "memory/charge.h"
#include "memory/event.h"
#include "memory/guard.h"
#include "memory/magazine.h"
#include "memory/page.h"
#include "memory/queue.h"
#include "memory/remote.h"
#include "os/checkers.h"

#include <string.h>

/* A refill takes about two kernel pages of blocks. */
#define REFILL_BYTES ((size_t)8192)
#define REFILL_MIN   ((size_t)8)
#define REFILL_MAX   ((size_t)64)

/* As in every pool, NULL is in no page. */
struct fai_pool fai_pool_refusing = {.public = {.pages = {UINTPTR_MAX}}};

/* Class of a size from 1 to FA_POOL_BLOCK_MAX, and its block size. */
static unsigned
class_of_size(size_t size, size_t *stride)
{
    if (size <= 128) {
        *stride = fai_round_up(size, 16);
        return (unsigned)(*stride / 16) - 1;
    }
    unsigned shift = fai_log2(size - 1) - 2;
    *stride = (((size - 1) >> shift) + 1) << shift;
    return 8 + 4 * (shift - 5) + (unsigned)(((size - 1) >> shift) & 3);
}

/* The smallest class whose blocks are all aligned: blocks begin at multiples
 * of their size in a page that is aligned to 64 KiB. */
static unsigned
class_for(size_t size, size_t align, size_t *stride)
{
    size = FAI_MAX(size, (size_t)1);
    unsigned class = class_of_size(size, stride);
    while ((*stride & (align - 1)) != 0)
        class = class_of_size(*stride + 1, stride);
    return class;
}

bool
fai_pool_serves(const fa_ctx *ctx, size_t size, size_t align)
{
    size_t most = FA_POOL_BLOCK_MAX - (ctx->guard != 0 ? FAI_RED_ZONE : 0);
    return size <= most && align <= FA_POOL_BLOCK_MAX;
}

struct fai_pool *
fai_pool_get(fa_ctx *ctx, size_t size, size_t align)
{
    size_t stride;
    size += ctx->guard != 0 ? FAI_RED_ZONE : 0;
    unsigned class = class_for(size, align, &stride);
    struct fai_pool_set *set = ctx->pools.by_tag[ctx->tag];
    if (FAI_UNLIKELY(set == NULL) &&
        (set = fai_pool_set_make(ctx, ctx->tag)) == NULL)
        return NULL;
    struct fai_pool *pool = set->pool[class];
    return FAI_LIKELY(pool != NULL) ? pool : fai_pool_make(ctx, set, class);
}

/* --- pages of a pool --- */

static void
link_page(struct fai_page **list, struct fai_page *page)
{
    page->prev = NULL;
    page->next = *list;
    if (page->next != NULL)
        page->next->prev = page;
    *list = page;
}

static void
unlink_page(struct fai_page **list, struct fai_page *page)
{
    if (page->next != NULL)
        page->next->prev = page->prev;
    if (page->prev != NULL)
        page->prev->next = page->next;
    else
        *list = page->next;
}

static void
enter_page(struct fai_pool *pool, uintptr_t number)
{
    if (pool->ctx->is_watched)
        return; /* Every free takes the slow path. */
    pool->public.pages[number & (FA_POOL_PAGES - 1)] = number;
    fa_page_entry *entry = &pool->ctx->pages.entry[number & (FA_CTX_PAGES - 1)];
    *entry = (fa_page_entry){number, &pool->public};
}

static void
leave_page(struct fai_pool *pool, uintptr_t number)
{
    uintptr_t *own = &pool->public.pages[number & (FA_POOL_PAGES - 1)];
    fa_page_entry *entry = &pool->ctx->pages.entry[number & (FA_CTX_PAGES - 1)];
    if (*own == number)
        *own = UINTPTR_MAX;
    if (entry->page == number)
        entry->page = UINTPTR_MAX;
}

static void
fill_page(struct fai_pool *pool, struct fai_page *page)
{
    page->block_size = (uint32_t)pool->stride;
    page->count = (uint32_t)(FAI_POOL_PAGE / pool->stride);
    page->free_count = page->count;
    for (size_t i = 0; i * 64 < page->count; i++) {
        size_t left = page->count - i * 64;
        page->free[i] = left >= 64 ? UINT64_MAX : ((uint64_t)1 << left) - 1;
        if (pool->ctx->guard != 0)
            page->live[i] = 0;
    }
    /* Pairs with the acquire in fai_page_find(): the record is complete. */
    fai_store_release(&page->pool, pool);
}

static void
count_pages(struct fai_pool *pool, uint64_t bytes)
{
    fai_publish_add(&pool->ctx->figures.pool_bytes, bytes);
    fai_publish_add(&pool->ctx->tag_use[pool->tag].pool_bytes, bytes);
}

static struct fai_budget *
tag_budget(const struct fai_pool *pool)
{
    return &pool->ctx->allocator->tags.tag[pool->tag].budget;
}

/* Pages are charged whole, to the tag as well; see budget.h. */
static bool
charge_tag_and_ctx(struct fai_pool *pool)
{
    struct fai_budget *budget = tag_budget(pool);
    if (fai_budget_is_limited(budget))
        fai_charge_past(pool->ctx, pool->tag);
    if (!fai_charge_one(pool->ctx, budget, FAI_POOL_PAGE))
        return false;
    if (fai_charge_take(pool->ctx, FAI_POOL_PAGE))
        return true;
    fai_budget_give(budget, FAI_POOL_PAGE);
    return false;
}

static void
tell_page(struct fai_pool *pool, struct fai_budget *budget)
{
    if (FAI_UNLIKELY(fai_budget_is_limited(budget)))
        fai_charge_tell(pool->ctx, budget, FAI_POOL_PAGE, FAI_POOL_PAGE);
}

/* FA_BUDGET_ALLOW when it was charged; FA_BUDGET_PROMOTE when the budget of
 * the context's pools wants blocks from the heap instead. */
static fa_budget_policy
charge_page(struct fai_pool *pool)
{
    fa_ctx *ctx = pool->ctx;
    struct fai_budget *pools = &ctx->pool_budget;
    if (!fai_budget_take(pools, FAI_POOL_PAGE)) {
        fa_budget_policy policy =
            fai_charge_judge(ctx, pools, fai_load(&pools->used), FAI_POOL_PAGE);
        if (policy == FA_BUDGET_FAIL)
            ctx->status = FA_ERR_BUDGET;
        if (policy != FA_BUDGET_ALLOW)
            return policy;
        fai_budget_force(pools, FAI_POOL_PAGE);
    }
    if (!charge_tag_and_ctx(pool)) {
        fai_budget_give(pools, FAI_POOL_PAGE);
        return FA_BUDGET_FAIL;
    }
    tell_page(pool, pools);
    tell_page(pool, tag_budget(pool));
    return FA_BUDGET_ALLOW;
}

static void
refund_page(struct fai_pool *pool)
{
    fai_charge_give(pool->ctx, FAI_POOL_PAGE);
    fai_budget_give(&pool->ctx->pool_budget, FAI_POOL_PAGE);
    fai_budget_give(tag_budget(pool), FAI_POOL_PAGE);
}

static bool
fits_magazine(struct fai_pool *pool)
{
    size_t blocks = pool->blocks + FAI_POOL_PAGE / pool->stride;
    return pool->ctx->guard != 0 || blocks <= pool->slots ||
           fai_magazine_grow(pool, FAI_MAX(blocks, 2 * pool->slots));
}

/* As charge_page(), and there is a page with free blocks now. */
static fa_budget_policy
add_page(struct fai_pool *pool)
{
    fa_budget_policy policy = charge_page(pool);
    if (policy != FA_BUDGET_ALLOW)
        return policy;
    struct fai_page *page = NULL;
    if (fits_magazine(pool))
        page = fai_page_take(&pool->ctx->allocator->pages);
    if (page == NULL) {
        refund_page(pool);
        pool->ctx->status = FA_ERR_NOMEM;
        return FA_BUDGET_FAIL;
    }
    fill_page(pool, page);
    pool->blocks += page->count;
    link_page(&pool->partial, page);
    count_pages(pool, FAI_POOL_PAGE);
    enter_page(pool, (uintptr_t)page->base >> FA_POOL_PAGE_SHIFT);
    if (FAI_UNLIKELY(pool->ctx->guard != 0))
        fai_checkers_forbid(page->base, FAI_POOL_PAGE);
    return FA_BUDGET_ALLOW;
}

static void
drop_page(struct fai_pool *pool, struct fai_page *page)
{
    pool->blocks -= page->count;
    unlink_page(&pool->partial, page);
    leave_page(pool, (uintptr_t)page->base >> FA_POOL_PAGE_SHIFT);
    count_pages(pool, 0 - (uint64_t)FAI_POOL_PAGE);
    fai_checkers_allow(page->base, FAI_POOL_PAGE);
    fai_page_give(&pool->ctx->allocator->pages, page);
    refund_page(pool);
}

/* The lowest block of the page. */
static void *
take_block(struct fai_pool *pool, struct fai_page *page)
{
    size_t word = 0;
    while (page->free[word] == 0)
        word++;
    size_t i = word * 64 + fai_lowest_bit(page->free[word]);
    fai_bit_clear(page->free, i);
    if (--page->free_count == 0) {
        unlink_page(&pool->partial, page);
        link_page(&pool->full, page);
    }
    return page->base + i * page->block_size;
}

static void
return_block(struct fai_pool *pool, void *block)
{
    struct fai_page *page = fai_page_find(&pool->ctx->allocator->pages, block);
    if (page->free_count == 0) {
        unlink_page(&pool->full, page);
        link_page(&pool->partial, page);
    }
    fai_bit_set(page->free, fai_page_index(page, block));
    page->free_count++;
    bool is_only = page->next == NULL && page->prev == NULL;
    if (page->free_count == page->count && !is_only)
        drop_page(pool, page);
}

/* --- magazines --- */

static void
reverse_slots(void **first, void **last)
{
    while (first < --last) {
        void *block = *first;
        *first++ = *last;
        *last = block;
    }
}

static void
refill(struct fai_pool *pool)
{
    struct fai_page *page = pool->partial;
    void **top = pool->public.top;
    size_t count =
        FAI_MIN(FAI_MAX(REFILL_BYTES / pool->stride, REFILL_MIN), REFILL_MAX);
    count = FAI_MIN(count, page->free_count);
    for (size_t i = 0; i < count; i++)
        *top++ = take_block(pool, page);
    /* The lowest block is popped first. */
    reverse_slots(pool->public.top, top);
    pool->public.top = top;
}

static void
empty_magazine(struct fai_pool *pool)
{
    while (pool->public.top != pool->public.base)
        return_block(pool, *--pool->public.top);
}

/* Nobody but a slow path pushes here, so a block that is back is known. */
static void
return_once(struct fai_pool *pool, void *block)
{
    const struct fai_page *page =
        fai_page_find(&pool->ctx->allocator->pages, block);
    if (!fai_bit_test(page->free, fai_page_index(page, block)))
        return_block(pool, block);
}

void
fai_pool_push(struct fai_pool *pool, void *block)
{
    if (pool->ctx->is_watched) {
        return_once(pool, block);
        return;
    }
    *pool->public.top++ = block;
    enter_page(pool, (uintptr_t)block >> FA_POOL_PAGE_SHIFT);
}

/* Aligned as the pool's own blocks are, to the power of two in the stride. */
static void *
promote_block(struct fai_pool *pool)
{
    size_t align = pool->stride & (0 - pool->stride);
    struct fai_block *block = fai_block_alloc(
        pool->ctx, pool->public.block_size, align, FAI_BLOCK_HEAP);
    if (block == NULL)
        return NULL;
    if (FAI_UNLIKELY(pool->ctx->is_counting))
        fai_event_alloc(pool->ctx, FA_MEMORY_HEAP, block->address, block->size);
    return block->address;
}

/* The magazine stays empty, so that every call comes here. */
static void *
alloc_watched(struct fai_pool *pool)
{
    fa_ctx *ctx = pool->ctx;
    struct fai_page *page = pool->partial;
    void *block = take_block(pool, page);
    if (ctx->guard != 0)
        fai_guard_pool_alloc(pool, block);
    if (ctx->is_counting) {
        fai_page_mark_young(page, block, fai_load(ctx->frames) >> 1);
        fai_event_alloc(ctx, FA_MEMORY_POOL, block, pool->public.block_size);
    }
    return block;
}

void *
fa_pool_alloc_slow(fa_pool *public)
{
    struct fai_pool *pool = fai_pool_of(public);
    fa_ctx *ctx = pool->ctx;
    if (ctx == NULL)
        return NULL; /* The refusing pool. */
    if (FAI_UNLIKELY(ctx->thread != NULL && ctx->thread != fai_thread_self()))
        return fai_guard_foreign(ctx, pool);
    if (pool->stride == 0)
        return fa_heap_alloc(ctx, public->block_size, pool->align);
    fai_queue_drain(ctx, FAI_DRAIN_SHORT);
    ctx->guarding.caller = __builtin_return_address(0);
    if (FAI_UNLIKELY(fai_load(&ctx->allocator->counting) != 0))
        fai_event_follow(ctx);
    if (public->top == public->base && pool->partial == NULL) {
        fa_budget_policy policy = add_page(pool);
        if (FAI_UNLIKELY(policy != FA_BUDGET_ALLOW))
            return policy == FA_BUDGET_PROMOTE ? promote_block(pool) : NULL;
    }
    if (FAI_UNLIKELY(ctx->is_watched))
        return alloc_watched(pool);
    if (public->top == public->base)
        refill(pool);
    return *--public->top;
}

static void
for_each_pool(const fa_ctx *ctx, void (*visit)(struct fai_pool *pool))
{
    for (struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        for (unsigned class = 0; class < FAI_CLASSES; class ++)
            if (set->pool[class] != NULL)
                visit(set->pool[class]);
}

static void
flush_pool(struct fai_pool *pool)
{
    fai_guard_quarantine_flush(pool);
    empty_magazine(pool);
    struct fai_page *page = pool->partial;
    if (page != NULL && page->next == NULL && page->free_count == page->count)
        drop_page(pool, page);
}

void
fai_pools_visit_pages(const fa_ctx *ctx,
                      void (*visit)(struct fai_page *page, void *arg),
                      void *arg)
{
    for (struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        for (unsigned class = 0; class < FAI_CLASSES; class ++) {
            if (set->pool[class] == NULL)
                continue;
            for (struct fai_page *page = set->pool[class]->partial;
                 page != NULL; page = page->next)
                visit(page, arg);
            for (struct fai_page *page = set->pool[class]->full; page != NULL;
                 page = page->next)
                visit(page, arg);
        }
}

void
fai_pools_flush(fa_ctx *ctx)
{
    fai_queue_drain_all(ctx);
    for_each_pool(ctx, flush_pool);
}

/* Pages are entered again by frees, one by one. */
static void
forget_pages(struct fai_pool *pool)
{
    empty_magazine(pool);
    memset(pool->public.pages, 0, sizeof(pool->public.pages));
    pool->public.pages[0] = UINTPTR_MAX; /* NULL is in no page. */
}

void
fai_pools_watch(fa_ctx *ctx)
{
    if (!ctx->is_watched)
        return;
    fai_remote_flush(ctx);
    for_each_pool(ctx, forget_pages);
    memset(&ctx->pages, 0, sizeof(ctx->pages));
    ctx->pages.entry[0].page = UINTPTR_MAX;
}

static size_t
count_live(const struct fai_page *page)
{
    size_t live = 0;
    /* By the bits: after a double free that went unseen the count is off. */
    for (; page != NULL; page = page->next) {
        live += page->count;
        /* Words beyond the blocks are of an earlier use of the page. */
        for (size_t i = 0; i * 64 < page->count; i++)
            live -= (size_t)__builtin_popcountll(page->free[i]);
    }
    return live;
}

size_t
fai_pools_live(const fa_ctx *ctx)
{
    size_t live = 0;
    for (struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        for (unsigned class = 0; class < FAI_CLASSES; class ++)
            if (set->pool[class] != NULL)
                live += count_live(set->pool[class]->partial) +
                        count_live(set->pool[class]->full);
    return live;
}

static void
destroy_pool(struct fai_pool *pool)
{
    while (pool->full != NULL) {
        struct fai_page *page = pool->full;
        unlink_page(&pool->full, page);
        link_page(&pool->partial, page);
    }
    while (pool->partial != NULL)
        drop_page(pool, pool->partial);
    fai_magazine_unmap(pool);
}

void
fai_pools_destroy(fa_ctx *ctx)
{
    for_each_pool(ctx, destroy_pool);
    fai_pools_unmap(ctx);
}

/* --- public --- */

/* Pools above the classes hand out heap blocks; one per size and alignment. */
static struct fai_pool *
large_pool(fa_ctx *ctx, size_t size, size_t align)
{
    for (struct fai_pool *pool = ctx->pools.large; pool != NULL;
         pool = pool->next_large)
        if (pool->public.block_size == size && pool->align == align)
            return pool;
    struct fai_pool *pool = fai_meta_alloc(&ctx->meta, sizeof(*pool));
    if (pool == NULL)
        return fai_fail(ctx, FA_ERR_NOMEM);
    pool->ctx = ctx;
    pool->align = align;
    pool->public.block_size = size;
    pool->public.pages[0] = UINTPTR_MAX;
    pool->next_large = ctx->pools.large;
    ctx->pools.large = pool;
    return pool;
}

static struct fai_pool *
find_pool(fa_ctx *ctx, size_t size, size_t align)
{
    if (ctx == NULL || ctx->is_refusing)
        return NULL;
    if (!fai_is_alignment(align)) {
        fai_report(&ctx->allocator->reporter, 13, NULL, "%zu in fa_ctx_pool()",
                   align);
        return fai_fail(ctx, FA_ERR_USAGE);
    }
    size = FAI_MAX(size, (size_t)1);
    return fai_pool_serves(ctx, size, align) ? fai_pool_get(ctx, size, align)
                                             : large_pool(ctx, size, align);
}

fa_pool *
fa_ctx_pool(fa_ctx *ctx, size_t size, size_t align)
{
    struct fai_pool *pool = find_pool(ctx, size, align);
    return pool != NULL ? &pool->public : &fai_pool_refusing.public;
}

void *
fa_pool_zalloc(fa_pool *pool, size_t size)
{
    fa_ctx *ctx = fai_pool_of(pool)->ctx;
    if (FAI_UNLIKELY(size > pool->block_size)) {
        if (ctx == NULL)
            return NULL;
        fai_report(&ctx->allocator->reporter, 15, NULL,
                   "fa_pool_zalloc() of %zu bytes, blocks have %zu", size,
                   pool->block_size);
        return fai_fail(ctx, FA_ERR_USAGE);
    }
    void *block = fa_pool_alloc(pool);
    return block == NULL ? NULL : memset(block, 0, size);
}
