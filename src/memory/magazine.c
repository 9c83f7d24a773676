/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Magazines: where pools keep their free blocks, and the pools themselves.
 *
 * The pools of a tag lie in one mapping, each followed by its first magazine,
 * for the blocks of one page, so that most pools touch one page of memory and
 * making one costs no system call. A magazine has a slot for every block of
 * its pool, so freeing never finds it full. Behind it stands a fence, a page
 * that faults, for programs that free twice without end. Fences are put up
 * outside of small frames: many new pools at once are start-up and get theirs
 * at the frame's end, a few wait for the trim policy's next look. Magazines
 * that grow get a mapping of their own, and the fence at once.
 */
#include "memory/magazine.h"

#include "memory/guard.h"

#include <string.h>

/* New pools above this number are a burst. */
#define BURST 4

/* One slot below the base is never a block; see fa_pool_free(). */
static size_t
magazine_bytes(size_t slots)
{
    return fai_round_up((slots + 1) * sizeof(void *), FAI_PAGE) + FAI_PAGE;
}

/* Pages whose last one faults; NULL on failure. */
static char *
map_fenced(size_t bytes)
{
    char *memory = fai_pages_map(bytes, FAI_PAGE);
    if (memory == NULL ||
        fai_pages_protect(memory + bytes - FAI_PAGE, FAI_PAGE, false))
        return memory;
    fai_pages_unmap(memory, bytes);
    return NULL;
}

static void
set_magazine(struct fai_pool *pool, void **memory, size_t slots, size_t count)
{
    pool->slots = slots;
    pool->public.base = memory + 1;
    pool->public.top = memory + 1 + count;
    pool->public.end = memory + 1 + slots;
}

void
fai_magazine_unmap(struct fai_pool *pool)
{
    if (pool->magazine_bytes != 0)
        fai_pages_unmap(pool->public.base - 1, pool->magazine_bytes);
}

/* Room for this many blocks; what is in the magazine stays. */
bool
fai_magazine_grow(struct fai_pool *pool, size_t slots)
{
    size_t bytes = magazine_bytes(slots);
    void **memory = (void **)(void *)map_fenced(bytes);
    if (memory == NULL)
        return false;
    size_t count = (size_t)(pool->public.top - pool->public.base);
    memcpy(memory + 1, pool->public.base, count * sizeof(void *));
    fai_magazine_unmap(pool);
    set_magazine(pool, memory, slots, count);
    pool->magazine_bytes = bytes;
    return true;
}

static size_t
stride_of_class(unsigned class)
{
    if (class < 8)
        return 16 * ((size_t) class + 1);
    return (size_t)(5 + (class - 8) % 4) << (5 + (class - 8) / 4);
}

static size_t
first_slots(size_t stride)
{
    return FAI_MAX(FAI_POOL_PAGE / stride, FAI_QUARANTINE_SLOTS);
}

/* Of a pool in its set: the record, its first magazine, and the fence. */
static size_t
place_bytes(unsigned class)
{
    size_t slots = first_slots(stride_of_class(class));
    return magazine_bytes(slots + sizeof(struct fai_pool) / sizeof(void *));
}

static size_t
place_offset(unsigned class)
{
    size_t offset = FAI_PAGE; /* The set itself. */
    for (unsigned i = 0; i < class; i++)
        offset += place_bytes(i);
    return offset;
}

struct fai_pool_set *
fai_pool_set_make(fa_ctx *ctx, fa_tag tag)
{
    struct fai_pool_set *set =
        fai_pages_map(place_offset(FAI_CLASSES), FAI_PAGE);
    if (set == NULL)
        return fai_fail(ctx, FA_ERR_NOMEM);
    set->next = ctx->pools.sets;
    ctx->pools.sets = set;
    ctx->pools.by_tag[tag] = set;
    return set;
}

bool
fai_pools_create(fa_ctx *ctx)
{
    return fai_pool_set_make(ctx, FA_TAG_NONE) != NULL;
}

static bool
needs_fence(const struct fai_pool *pool)
{
    return pool != NULL && !pool->is_fenced;
}

static void
fence_pool(struct fai_pool *pool, unsigned class)
{
    /* Where the kernel refuses, there is none: a check less, no failure. */
    fai_pages_protect((char *)pool + place_bytes(class) - FAI_PAGE, FAI_PAGE,
                      false);
    pool->is_fenced = true;
}

/* Costs no system call in a frame. */
struct fai_pool *
fai_pool_make(fa_ctx *ctx, struct fai_pool_set *set, unsigned class)
{
    size_t stride = stride_of_class(class);
    struct fai_pool *pool =
        (struct fai_pool *)(void *)((char *)set + place_offset(class));
    pool->ctx = ctx;
    pool->stride = stride;
    pool->align = stride & (0 - stride);
    pool->tag = ctx->tag;
    pool->public.block_size = stride - (ctx->guard != 0 ? FAI_RED_ZONE : 0);
    pool->public.pages[0] = UINTPTR_MAX; /* NULL is in no page. */
    set_magazine(pool, (void **)(void *)(pool + 1), first_slots(stride), 0);
    if (ctx->guard != 0) {
        /* No block is ever in the magazine; its place is for quarantine. */
        pool->quarantine.ring = pool->public.base;
        pool->public.end = pool->public.base;
    }
    set->pool[class] = pool;
    ctx->frame.attention |= FAI_ATTENTION_FENCE;
    /* A program without frames, or before its first, has time now. */
    if (ctx->frame.arena == NULL)
        fence_pool(pool, class);
    return pool;
}

static unsigned
count_unfenced(const struct fai_pool_set *set)
{
    unsigned count = 0;
    for (unsigned class = 0; class < FAI_CLASSES; class ++)
        count += needs_fence(set->pool[class]);
    return count;
}

static void
fence_set(struct fai_pool_set *set)
{
    for (unsigned class = 0; class < FAI_CLASSES; class ++)
        if (needs_fence(set->pool[class]))
            fence_pool(set->pool[class], class);
    set->waiting = 0;
}

void
fai_pools_fence(fa_ctx *ctx)
{
    for (struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        fence_set(set);
}

static void
fence_burst(struct fai_pool_set *set, bool is_trimming)
{
    unsigned unfenced = count_unfenced(set);
    if (unfenced > set->waiting + BURST || !is_trimming)
        fence_set(set);
    else
        set->waiting = unfenced;
}

void
fai_pools_fence_bursts(fa_ctx *ctx)
{
    /* Without a trim policy nobody looks later. */
    bool is_trimming = ctx->allocator->config.trim_frames != UINT32_MAX;
    for (struct fai_pool_set *set = ctx->pools.sets; set != NULL;
         set = set->next)
        fence_burst(set, is_trimming);
    ctx->frame.attention &= ~(uint32_t)FAI_ATTENTION_FENCE;
}

void
fai_pools_unmap(fa_ctx *ctx)
{
    while (ctx->pools.sets != NULL) {
        struct fai_pool_set *set = ctx->pools.sets;
        ctx->pools.sets = set->next;
        fai_pages_unmap(set, place_offset(FAI_CLASSES));
    }
}
