/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Guard modes.
 *
 * Patterns: 0xCD fresh, 0xDD dead, 0xFD red zone. Blocks in quarantine are
 * dead and verified when they leave it. In guard modes limit == cursor and
 * magazines are empty, so every call comes here through the slow paths; the
 * default mode pays nothing.
 */
#include "memory/guard.h"

#include "memory/charge.h"
#include "memory/frame.h"
#include "memory/page.h"
#include "memory/pool.h"
#include "os/checkers.h"
#include "os/probe.h"

#include <string.h>

#define PATTERN_FRESH 0xCD
#define PATTERN_DEAD  0xDD
#define PATTERN_ZONE  0xFD

bool
fai_guard_create(fa_ctx *ctx)
{
    if (ctx->guard == 0)
        return true;
    ctx->guarding.sites =
        fai_meta_alloc(&ctx->meta, FAI_SITES * sizeof(struct fai_site));
    return ctx->guarding.sites != NULL;
}

void
fai_guard_destroy(fa_ctx *ctx)
{
    struct fai_guard *guard = &ctx->guarding;
    char **ranges = guard->ranges.items;
    for (size_t i = 0; i < guard->ranges.count; i++) {
        /* Whoever gets the addresses next may touch them. */
        fai_checkers_allow(ranges[i], FAI_FRESH_RANGE);
        fai_pages_unmap(ranges[i], FAI_FRESH_RANGE);
    }
    fai_array_destroy(&guard->ranges, sizeof(char *));
    fai_array_destroy(&guard->fresh_live, sizeof(struct fai_fresh));
    fai_array_destroy(&guard->zones, sizeof(struct fai_zone));
}

static void
remember(fa_ctx *ctx, const void *address, size_t size)
{
    struct fai_guard *guard = &ctx->guarding;
    guard->sites[guard->site_count++ % FAI_SITES] = (struct fai_site){
        address, size, guard->caller, fai_load(ctx->frames) >> 1, ctx->tag};
}

static bool
is_filled(const char *p, size_t size, unsigned char pattern)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)p[i] != pattern)
            return false;
    return true;
}

static void
report_overrun(fa_ctx *ctx, const char *block, size_t size)
{
    const struct fai_site *site = fai_guard_site(ctx, block);
    FAI_PROBE2(guard_hit, 9, block);
    fai_report(&ctx->allocator->reporter, 9, block,
               "%p of %zu bytes, tag %s, allocated at %p", (const void *)block,
               size, ctx->allocator->tags.tag[site ? site->tag : 0].name,
               site ? site->caller : NULL);
}

/* --- frames --- */

static bool
wants_page(fa_ctx *ctx, size_t size)
{
    const fa_allocator_config *config = &ctx->allocator->config;
    if (ctx->guard < 3 || size > config->guard_max)
        return false;
    return ++ctx->guarding.sample % config->guard_sample == 0;
}

static bool
add_fresh_range(struct fai_guard *guard)
{
    char **slot = fai_array_push(&guard->ranges, sizeof(char *));
    if (slot == NULL)
        return false;
    *slot = fai_pages_map(FAI_FRESH_RANGE, FAI_PAGE);
    if (*slot == NULL) {
        guard->ranges.count--;
        return false;
    }
    fai_pages_name(*slot, FAI_FRESH_RANGE, "framealloc:guarded");
    guard->fresh = *slot;
    guard->fresh_end = *slot + FAI_FRESH_RANGE;
    return true;
}

/* The segment of fresh addresses that the current frame extends. */
static struct fai_fresh *
fresh_segment(fa_ctx *ctx)
{
    struct fai_guard *guard = &ctx->guarding;
    struct fai_fresh *last = guard->fresh_live.items;
    if (guard->fresh_live.count != 0) {
        last += guard->fresh_live.count - 1;
        if (last->number == fai_frame_number(&ctx->frame) &&
            last->end == guard->fresh)
            return last;
    }
    last = fai_array_push(&guard->fresh_live, sizeof(*last));
    if (last != NULL)
        *last = (struct fai_fresh){guard->fresh, guard->fresh,
                                   fai_frame_number(&ctx->frame), 0};
    return last;
}

/* A block that ends at a guard page; NULL when pages are short. */
static void *
alloc_fresh(fa_ctx *ctx, size_t size, size_t align, size_t *charged)
{
    struct fai_guard *guard = &ctx->guarding;
    size_t body = fai_round_up(FAI_MAX(size, (size_t)1), FAI_PAGE);
    if (!fai_frame_has_room(ctx, size) ||
        !fai_charge_tag(ctx, ctx->tag, size, charged))
        return NULL;
    if (!fai_charge_take(ctx, body)) {
        fai_charge_refund(ctx, ctx->tag, *charged);
        return NULL;
    }
    /* A callback of the budgets may have been here; from now on none is. */
    size_t room = (size_t)(guard->fresh_end - guard->fresh);
    bool has_room = body + FAI_PAGE <= room || add_fresh_range(guard);
    struct fai_fresh *segment = has_room ? fresh_segment(ctx) : NULL;
    char *end = segment != NULL ? guard->fresh + body : NULL;
    if (segment == NULL || !fai_pages_protect(end, FAI_PAGE, false)) {
        fai_charge_refund(ctx, ctx->tag, *charged);
        fai_charge_give(ctx, body);
        return NULL;
    }
    fai_frame_count_block(ctx, size);
    fai_publish_add(&ctx->tag_use[ctx->tag].charged, *charged);
    segment->charged += body;
    segment->end = guard->fresh = end + FAI_PAGE;
    return (char *)fai_round_down((uintptr_t)(end - size),
                                  FAI_MAX(align, FA_FRAME_GRANULE));
}

/* Where the record cannot be kept, the zone is not verified. */
static void
add_zone(fa_ctx *ctx, const struct fai_zone *zone)
{
    char *begin = zone->block + zone->size;
    struct fai_zone *record =
        fai_array_push(&ctx->guarding.zones, sizeof(*record));
    if (record != NULL)
        *record = *zone;
    fai_checkers_allow(begin, zone->zone);
    memset(begin, PATTERN_ZONE, zone->zone);
    fai_checkers_forbid(begin, zone->zone);
}

void *
fai_guard_frame_alloc(fa_ctx *ctx, size_t size, size_t align, bool is_large)
{
    if (size > PTRDIFF_MAX)
        return fai_fail(ctx, FA_ERR_NOMEM);
    struct fai_zone zone = {.size = size, .tag = ctx->tag};
    /* What the frame's budget has no room for is judged where it is refused
     * or promoted. */
    if (align <= FAI_PAGE && wants_page(ctx, size) &&
        fai_charge_frame_growth(ctx, size)) {
        ctx->status = FA_OK;
        zone.block = alloc_fresh(ctx, size, align, &zone.charged);
        /* A budget would refuse the arena, too. */
        if (zone.block == NULL && ctx->status == FA_ERR_BUDGET)
            return NULL;
    }
    zone.has_page = zone.block != NULL;
    /* What the alignment leaves before the guard page is a red zone. */
    zone.zone = (0 - ((uintptr_t)zone.block + size)) & (FAI_PAGE - 1);
    if (!zone.has_page) {
        zone.zone = fai_round_up(size, 16) + FAI_RED_ZONE - size;
        zone.block =
            fai_frame_alloc_plain(ctx, size + zone.zone, align, is_large);
        if (zone.block == NULL)
            return NULL;
    }
    add_zone(ctx, &zone);
    fai_checkers_allow(zone.block, size);
    memset(zone.block, PATTERN_FRESH, size);
    fai_checkers_hand_out(zone.block, size);
    remember(ctx, zone.block, size);
    return zone.block;
}

/* A copy: a sink that is told of an overrun may allocate. */
static struct fai_zone
zone_at(const struct fai_array *zones, size_t i)
{
    return ((const struct fai_zone *)zones->items)[i];
}

static void
verify_zone(fa_ctx *ctx, struct fai_zone zone)
{
    char *begin = zone.block + zone.size;
    fai_checkers_allow(begin, zone.zone);
    if (!is_filled(begin, zone.zone, PATTERN_ZONE))
        report_overrun(ctx, zone.block, zone.size);
}

void
fai_guard_frame_verify(fa_ctx *ctx)
{
    struct fai_array *zones = &ctx->guarding.zones;
    for (size_t i = 0; i < zones->count; i++)
        verify_zone(ctx, zone_at(zones, i));
    zones->count = 0;
}

/* What a block with a guard page counted is taken back. */
static void
refund_zone(fa_ctx *ctx, const struct fai_zone *zone)
{
    struct fai_tag_use *use = &ctx->tag_use[zone->tag];
    ctx->frame.block_bytes -= zone->size;
    fai_publish_sub(&use->frame_bytes, zone->size);
    fai_publish_sub(&use->charged, zone->charged);
    fai_charge_refund(ctx, zone->tag, zone->charged);
}

void
fai_guard_frame_rollback(fa_ctx *ctx, size_t keep)
{
    struct fai_array *zones = &ctx->guarding.zones;
    while (zones->count > keep) {
        struct fai_zone zone = zone_at(zones, --zones->count);
        verify_zone(ctx, zone);
        if (zone.has_page)
            refund_zone(ctx, &zone);
    }
}

bool
fai_guard_has(const fa_ctx *ctx, const void *address)
{
    char *const *ranges = ctx->guarding.ranges.items;
    for (size_t i = 0; i < ctx->guarding.ranges.count; i++)
        if ((uintptr_t)address - (uintptr_t)ranges[i] < FAI_FRESH_RANGE)
            return true;
    return false;
}

static void
drop_fresh(fa_ctx *ctx, uint64_t number)
{
    struct fai_array *live = &ctx->guarding.fresh_live;
    struct fai_fresh *items = live->items;
    size_t kept = 0;
    for (size_t i = 0; i < live->count; i++) {
        struct fai_fresh *segment = &items[i];
        if (segment->number > number) {
            items[kept++] = *segment;
            continue;
        }
        size_t size = (size_t)(segment->end - segment->begin);
        fai_pages_protect(segment->begin, size, false);
        fai_pages_purge(segment->begin, size);
        fai_charge_give(ctx, segment->charged);
    }
    live->count = kept;
}

static size_t
used_of_chunk(const struct fai_arena *arena, uint32_t i)
{
    const struct fai_chunk *chunk = &arena->chunk[i];
    return i < arena->current    ? chunk->touched
           : i == arena->current ? (size_t)(arena->cursor - chunk->base)
                                 : 0;
}

void
fai_guard_arena_die(fa_ctx *ctx, struct fai_arena *arena)
{
    for (uint32_t i = 0; i <= arena->current; i++) {
        const struct fai_chunk *chunk = &arena->chunk[i];
        size_t used = used_of_chunk(arena, i);
        if (used == 0)
            continue;
        fai_checkers_allow(chunk->base, used);
        memset(chunk->base, PATTERN_DEAD, used);
        fai_checkers_forbid(chunk->base, used);
        if (ctx->guard >= 2)
            arena->is_protected |= fai_pages_protect(
                chunk->base, fai_round_up(used, FAI_PAGE), false);
    }
    if (ctx->guard >= 3)
        drop_fresh(ctx, arena->number);
}

bool
fai_guard_arena_revive(fa_ctx *ctx, struct fai_arena *arena)
{
    if (!arena->is_protected)
        return true;
    for (uint32_t i = 0; i < arena->chunk_count; i++) {
        const struct fai_chunk *chunk = &arena->chunk[i];
        /* The whole of it: a trim may have lowered what counts as touched. */
        if (!fai_pages_protect(chunk->base, chunk->reserved, true)) {
            ctx->status = FA_ERR_NOMEM;
            return false;
        }
    }
    arena->is_protected = false;
    return true;
}

/* --- pools --- */

void *
fai_guard_pool_alloc(struct fai_pool *pool, void *block)
{
    struct fai_page *page = fai_page_find(&pool->ctx->allocator->pages, block);
    size_t i = fai_page_index(page, block);
    size_t size = pool->public.block_size;
    char *zone = (char *)block + size;
    /* Another context may clear bits of the same word. */
    __atomic_fetch_or(&page->live[i / 64], (uint64_t)1 << (i % 64),
                      __ATOMIC_RELAXED);
    fai_checkers_allow(block, size + FAI_RED_ZONE);
    memset(block, PATTERN_FRESH, size);
    memset(zone, PATTERN_ZONE, FAI_RED_ZONE);
    fai_checkers_forbid(zone, FAI_RED_ZONE);
    fai_checkers_hand_out(block, size);
    remember(pool->ctx, block, size);
    return block;
}

bool
fai_guard_may_free(struct fai_page *page, const void *block)
{
    size_t i = fai_page_index(page, block);
    uint64_t bit = (uint64_t)1 << (i % 64);
    /* Of two concurrent frees one sees the bit. The freed block travels by a
     * push that orders; here nothing needs to be. */
    if ((__atomic_fetch_and(&page->live[i / 64], ~bit, __ATOMIC_RELAXED) &
         bit) == 0) {
        FAI_PROBE2(guard_hit, 609, block);
        return false;
    }
    struct fai_pool *pool = page->pool;
    const char *zone = (const char *)block + pool->public.block_size;
    fai_checkers_allow(zone, FAI_RED_ZONE);
    if (!is_filled(zone, FAI_RED_ZONE, PATTERN_ZONE))
        report_overrun(pool->ctx, block, pool->public.block_size);
    return true;
}

void
fai_guard_keep(struct fai_page *page, const void *block)
{
    size_t i = fai_page_index(page, block);
    size_t size = page->pool->public.block_size;
    __atomic_fetch_or(&page->live[i / 64], (uint64_t)1 << (i % 64),
                      __ATOMIC_RELAXED);
    fai_checkers_forbid((const char *)block + size, FAI_RED_ZONE);
}

static void
release_oldest(struct fai_pool *pool)
{
    struct fai_quarantine *quarantine = &pool->quarantine;
    size_t size = pool->public.block_size;
    uint32_t oldest = (quarantine->next + (uint32_t)FAI_QUARANTINE_SLOTS -
                       quarantine->count) %
                      FAI_QUARANTINE_SLOTS;
    char *block = quarantine->ring[oldest];
    quarantine->count--;
    fai_checkers_allow(block, size);
    if (!is_filled(block, size, PATTERN_DEAD)) {
        FAI_PROBE2(guard_hit, 16, block);
        fai_report(&pool->ctx->allocator->reporter, 16, block,
                   "%p of %zu bytes", (void *)block, size);
    }
    fai_checkers_forbid(block, size);
    fai_pool_push(pool, block);
}

bool
fai_guard_pool_free(struct fai_pool *pool, void *block)
{
    struct fai_quarantine *quarantine = &pool->quarantine;
    fai_checkers_allow(block, pool->public.block_size);
    memset(block, PATTERN_DEAD, pool->public.block_size);
    fai_checkers_forbid(block, pool->public.block_size);
    while (quarantine->count == FAI_QUARANTINE_SLOTS)
        release_oldest(pool);
    quarantine->ring[quarantine->next] = block;
    quarantine->next = (quarantine->next + 1) % FAI_QUARANTINE_SLOTS;
    quarantine->count++;
    return true;
}

void
fai_guard_quarantine_flush(struct fai_pool *pool)
{
    while (pool->quarantine.count > 0)
        release_oldest(pool);
}

void *
fai_guard_foreign(fa_ctx *ctx, const struct fai_pool *pool)
{
    FAI_PROBE2(guard_hit, 211, pool);
    fai_report(&ctx->allocator->reporter, 211, pool,
               "pool of %zu bytes of context %llu", pool->public.block_size,
               (unsigned long long)ctx->id);
    return NULL;
}

/* --- blocks --- */

static size_t
zone_of_block(const struct fai_block *block)
{
    return FAI_MIN(block->capacity - block->size, 4 * FAI_RED_ZONE);
}

void
fai_guard_block_alloc(fa_ctx *ctx, struct fai_block *block)
{
    char *zone = block->address + block->size;
    fai_checkers_allow(block->address, block->capacity);
    memset(block->address, PATTERN_FRESH, block->size);
    memset(zone, PATTERN_ZONE, zone_of_block(block));
    fai_checkers_forbid(zone, block->capacity - block->size);
    fai_checkers_hand_out(block->address, block->size);
    remember(ctx, block->address, block->size);
}

void
fai_guard_block_free(fa_ctx *ctx, struct fai_block *block)
{
    char *zone = block->address + block->size;
    fai_checkers_allow(block->address, block->capacity);
    if (!is_filled(zone, zone_of_block(block), PATTERN_ZONE))
        report_overrun(ctx, block->address, block->size);
    memset(block->address, PATTERN_DEAD, block->size);
    fai_checkers_forbid(block->address, block->capacity);
}

const struct fai_site *
fai_guard_site(const fa_ctx *ctx, const void *address)
{
    const struct fai_guard *guard = &ctx->guarding;
    const struct fai_site *best = NULL;
    uint64_t count = FAI_MIN(guard->site_count, (uint64_t)FAI_SITES);
    for (uint64_t i = 0; guard->sites != NULL && i < count; i++) {
        const struct fai_site *site = &guard->sites[i];
        bool is_before = (uintptr_t)site->address <= (uintptr_t)address;
        if (is_before && (best == NULL ||
                          (uintptr_t)site->address >= (uintptr_t)best->address))
            best = site;
    }
    return best;
}
