/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Handle spaces: how they begin and end, and their figures.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "lifetime/handle.h"

#include <string.h>

#define REGION_SIZE_MIN     ((size_t)64 << 10)
#define REGION_SIZE_DEFAULT ((size_t)1 << 20)
#define REGION_SIZE_MAX     ((size_t)1 << 30)

static uint64_t space_count; /* Of the process, since its begin. */

static fa_status
read_config(fa_allocator *allocator, const fa_handle_space_config *given,
            fa_handle_space_config *config)
{
    if (given == NULL)
        return FA_OK;
    if (!fai_sized_read(&allocator->reporter, "fa_handle_space_config", given,
                        offsetof(fa_handle_space_config, name), config,
                        sizeof(*config)))
        return FA_ERR_CONFIG;
    if (config->region_size != 0 && (config->region_size < REGION_SIZE_MIN ||
                                     config->region_size > REGION_SIZE_MAX)) {
        fai_report(&allocator->reporter, 10, NULL,
                   "fa_handle_space_config.region_size is %zu, allowed are "
                   "%zu to %zu",
                   config->region_size, REGION_SIZE_MIN, REGION_SIZE_MAX);
        return FA_ERR_CONFIG;
    }
    return fai_tags_has(&allocator->tags, config->tag) ? FA_OK : FA_ERR_USAGE;
}

/* Spaces begin with different generations, so that a handle of another space
 * is most probably stale here. */
static uint32_t
choose_generation(void)
{
    /* A counter; nothing is ordered by it. */
    uint64_t n = fai_fetch_add(&space_count, 1);
    return 1 + (uint32_t)((n * 0x9e3779b97f4a7c15u) >> 33);
}

static void
fill_space(fa_handle_space *space, fa_allocator *allocator,
           const fa_handle_space_config *config)
{
    const char *name = config->name == NULL ? "handles" : config->name;
    size_t region_size =
        config->region_size == 0 ? REGION_SIZE_DEFAULT : config->region_size;
    memset(space, 0, sizeof(*space));
    space->allocator = allocator;
    space->moved = config->moved;
    space->user = config->user;
    space->tag = config->tag;
    space->region_size = fai_round_up(region_size, FAI_PAGE);
    space->is_guarded = allocator->config.guard > 0;
    space->first_generation = choose_generation();
    space->last_generation = UINT32_MAX;
    space->used = 1; /* Record 0 is none. */
    memcpy(space->name, name, strnlen(name, sizeof(space->name) - 1));
    fai_mutex_create(&space->lock);
}

fa_status
fa_handle_space_create(fa_allocator *allocator,
                       const fa_handle_space_config *given,
                       fa_handle_space **out)
{
    fa_handle_space_config config = FA_HANDLE_SPACE_CONFIG_INIT;
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    fa_status status = read_config(allocator, given, &config);
    if (status != FA_OK)
        return status;
    fa_ctx *ctx = fai_ctx_self(allocator);
    fa_tag_push(ctx, config.tag);
    fa_handle_space *space = fa_heap_alloc(ctx, sizeof(*space), 64);
    fa_tag_pop(ctx);
    if (space == NULL)
        return fa_ctx_status(ctx);
    fill_space(space, allocator, &config);
    if (!fai_handle_add_records(space)) {
        fai_mutex_destroy(&space->lock);
        fa_heap_free(ctx, space);
        return fa_ctx_status(ctx);
    }
    *out = space;
    return FA_OK;
}

void
fa_handle_space_destroy(fa_handle_space *space)
{
    if (space == NULL)
        return;
    if (space->live_count != 0)
        fai_report(&space->allocator->reporter, 403, NULL,
                   "%llu objects, %llu bytes in \"%s\"",
                   (unsigned long long)space->live_count,
                   (unsigned long long)space->live_bytes, space->name);
    fai_mutex_destroy(&space->lock);
    fai_handle_give_all(space);
}

/* --- figures; under the lock --- */

/* From the region's begin to the end of its last object. */
static uint64_t
region_span(const fa_handle_space *space,
            const struct fai_handle_region *region)
{
    const struct fai_piece *last = fai_piece(space, region->last);
    return region->size - (last->kind == FAI_PIECE_GAP ? last->size : 0);
}

static uint64_t
sum_spans(const fa_handle_space *space)
{
    uint64_t span = 0;
    const struct fai_handle_region *region = space->oldest;
    for (; region != NULL; region = region->next)
        span += region_span(space, region);
    return span;
}

static double
ratio(uint64_t live, uint64_t span)
{
    return span == 0 ? 0 : 1 - (double)live / (double)span;
}

static uint64_t
count_pinned(const fa_handle_space *space)
{
    uint64_t count = 0;
    /* Only counted; pins come and go meanwhile. */
    for (uint32_t i = 1; i < space->used; i++)
        count += (fai_load(&fai_piece(space, i)->word) & FAI_PIECE_PINS) != 0;
    return count;
}

double
fa_handle_space_fragmentation(fa_handle_space *space)
{
    if (space == NULL)
        return 0;
    fai_lock(&space->lock);
    double result = ratio(space->live_bytes, sum_spans(space));
    fai_unlock(&space->lock);
    return result;
}

fa_status
fa_handle_space_stats_read(fa_handle_space *space, fa_handle_stats *out)
{
    if (space == NULL || out == NULL)
        return FA_ERR_USAGE;
    fa_handle_stats stats = FA_HANDLE_STATS_INIT;
    fai_lock(&space->lock);
    stats.live_count = space->live_count;
    stats.pinned_count = count_pinned(space);
    stats.fixed_count = space->fixed_count;
    stats.slot_count = space->used - 1;
    stats.retired_count = space->retired_count;
    stats.live_bytes = space->live_bytes;
    stats.span_bytes = sum_spans(space);
    stats.region_bytes = space->region_bytes;
    stats.region_count = space->region_count;
    stats.move_count = space->move_count;
    stats.moved_bytes = space->moved_bytes;
    stats.fragmentation = ratio(stats.live_bytes, stats.span_bytes);
    fai_unlock(&space->lock);
    return fai_sized_write(&space->allocator->reporter, "fa_handle_stats",
                           &stats, sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
