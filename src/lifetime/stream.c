/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: the life of an asset, and its pins.
 *
 * An asset that is freed while it is filled, or while a plan has it, is only
 * marked. Its name is stale at once; its memory goes when the fill or the
 * plan ends, so neither a reading thread nor a callback loses it.
 *
 * To be evicted is nobody's mistake, so names of assets that are gone are
 * refused without a message where a program cannot know it: in pins, frees
 * and queries. Whoever has pinned or fills an asset does know that it is
 * there.
 */
#include "lifetime/stream.h"

#include "accounting/sized.h"
#include "context/ctx.h"

/* Of memory; enough for a cache line, and for what reads a file into it. */
#define ASSET_ALIGN 64

/* --- names --- */

static uint32_t
index_of(fa_stream_asset asset)
{
    return (uint32_t)asset;
}

/* The name is or was that of an asset; under the lock. */
static bool
was_named(const fa_stream *stream, fa_stream_asset name)
{
    uint32_t generation = (uint32_t)(name >> 32);
    return index_of(name) != 0 && index_of(name) < stream->records.count &&
           generation >= stream->first_generation &&
           generation <= fai_asset(stream, index_of(name))->generation;
}

/* The record, while the name is its asset's; under the lock. */
static struct fai_asset *
find_any(const fa_stream *stream, fa_stream_asset name)
{
    if (!was_named(stream, name))
        return NULL;
    struct fai_asset *asset = fai_asset(stream, index_of(name));
    bool is_named = asset->generation == (uint32_t)(name >> 32) &&
                    asset->state != FA_STREAM_GONE;
    return is_named ? asset : NULL;
}

/* The same, unless it was freed. */
static struct fai_asset *
find(const fa_stream *stream, fa_stream_asset name)
{
    struct fai_asset *asset = find_any(stream, name);
    return asset == NULL || asset->is_freed ? NULL : asset;
}

static fa_status
fail(fa_stream *stream, fa_status status)
{
    fai_fail(fai_ctx_self(stream->allocator), status);
    return status;
}

static FAI_COLD fa_status
refuse_stale(fa_stream *stream, fa_stream_asset name, const char *function)
{
    fai_report(&stream->allocator->reporter, 401, NULL,
               "%s(), record %u, generation %u in \"%s\"", function,
               (unsigned)index_of(name), (unsigned)(name >> 32), stream->name);
    return fail(stream, FA_ERR_STALE);
}

static FAI_COLD fa_status
refuse_pins(fa_stream *stream, fa_stream_asset name, const char *what)
{
    fai_report(&stream->allocator->reporter, 404, NULL,
               "%s, record %u in \"%s\"", what, (unsigned)index_of(name),
               stream->name);
    return fail(stream, FA_ERR_STATE);
}

/* --- reserve --- */

static bool
check_request(fa_stream *stream, fa_stream_priority priority, fa_tag tag)
{
    if ((unsigned)priority <= FA_STREAM_CRITICAL &&
        fai_tags_has(&stream->allocator->tags, tag))
        return true;
    fail(stream, FA_ERR_USAGE);
    return false;
}

/* A record for the request, or 0. */
static uint32_t
begin_request(fa_stream *stream, struct fai_stream_request *request)
{
    fai_lock(&stream->lock);
    uint32_t index = fai_stream_take_record(stream);
    request->clock = stream->clock;
    fai_unlock(&stream->lock);
    if (index == 0)
        fail(stream, FA_ERR_NOMEM);
    return index;
}

static fa_stream_asset
abandon_request(fa_stream *stream, uint32_t index)
{
    fai_lock(&stream->lock);
    fai_stream_give_record(stream, index);
    fai_unlock(&stream->lock);
    return FA_STREAM_ASSET_NONE;
}

static FAI_COLD void
refuse_budget(fa_stream *stream, size_t size)
{
    fai_report(&stream->allocator->reporter, 402, NULL,
               "%zu bytes in \"%s\", whose budget is %llu", size, stream->name,
               (unsigned long long)stream->budget);
    fail(stream, FA_ERR_BUDGET);
}

static void *
alloc_tagged(fa_stream *stream, size_t size, fa_tag tag)
{
    fa_ctx *ctx = fai_ctx_self(stream->allocator);
    fa_tag_push(ctx, tag);
    void *memory = fa_heap_alloc(ctx, size, ASSET_ALIGN);
    fa_tag_pop(ctx);
    return memory;
}

static fa_stream_asset
begin_asset(fa_stream *stream, struct fai_stream_request *request,
            uint32_t index, void *memory)
{
    fai_lock(&stream->lock);
    fai_stream_plan_commit(stream, request);
    struct fai_asset *asset = fai_asset(stream, index);
    asset->memory = memory;
    asset->size = request->size;
    asset->priority = (uint8_t)request->priority;
    fai_stream_touch(stream, asset);
    fai_stream_set_state(stream, asset, FA_STREAM_RESERVED);
    fa_stream_asset name = fai_asset_name(stream, index);
    fai_unlock(&stream->lock);
    fai_stream_plan_finish(stream, request);
    return name;
}

fa_stream_asset
fa_stream_reserve(fa_stream *stream, size_t size, fa_stream_priority priority,
                  fa_tag tag)
{
    struct fai_stream_request request = {.size = FAI_MAX(size, (size_t)1),
                                         .priority = priority};
    if (stream == NULL || !check_request(stream, priority, tag))
        return FA_STREAM_ASSET_NONE;
    uint32_t index = begin_request(stream, &request);
    if (index == 0)
        return FA_STREAM_ASSET_NONE;
    if (!fai_stream_plan(stream, &request)) {
        refuse_budget(stream, request.size);
        return abandon_request(stream, index);
    }
    void *memory = alloc_tagged(stream, request.size, tag);
    if (memory == NULL) {
        fa_status status = fa_ctx_status(fai_ctx_self(stream->allocator));
        fai_stream_plan_rollback(stream, &request);
        fail(stream, status);
        return abandon_request(stream, index);
    }
    return begin_asset(stream, &request, index, memory);
}

/* --- free --- */

/* FA_OK with the memory to free, or NULL; under the lock. */
static fa_status
free_asset(fa_stream *stream, fa_stream_asset name, void **memory)
{
    struct fai_asset *asset = find(stream, name);
    if (asset == NULL)
        return was_named(stream, name) ? FA_ERR_STALE : FA_ERR_USAGE;
    if (asset->pins != 0)
        return FA_ERR_STATE;
    if (asset->state == FA_STREAM_LOADING || asset->state == FA_STREAM_EVICTING)
        asset->is_freed = true;
    else
        *memory = fai_stream_end_asset(stream, index_of(name));
    return FA_OK;
}

fa_status
fa_stream_free(fa_stream *stream, fa_stream_asset name)
{
    void *memory = NULL;
    if (stream == NULL)
        return FA_ERR_USAGE;
    if (name == FA_STREAM_ASSET_NONE)
        return FA_OK;
    fai_lock(&stream->lock);
    fa_status status = free_asset(stream, name, &memory);
    fai_unlock(&stream->lock);
    fa_heap_free(fai_ctx_self(stream->allocator), memory);
    if (status == FA_ERR_USAGE)
        return refuse_stale(stream, name, "fa_stream_free");
    if (status == FA_ERR_STATE)
        return refuse_pins(stream, name, "fa_stream_free() of a pinned asset");
    return status == FA_OK ? FA_OK : fail(stream, status);
}

/* --- fill --- */

void *
fa_stream_fill_begin(fa_stream *stream, fa_stream_asset name)
{
    void *memory = NULL;
    if (stream == NULL || name == FA_STREAM_ASSET_NONE)
        return NULL;
    fai_lock(&stream->lock);
    struct fai_asset *asset = find(stream, name);
    bool was_asset = was_named(stream, name);
    if (asset != NULL && asset->state == FA_STREAM_RESERVED) {
        fai_stream_set_state(stream, asset, FA_STREAM_LOADING);
        memory = asset->memory;
    }
    fai_unlock(&stream->lock);
    if (!was_asset)
        refuse_stale(stream, name, "fa_stream_fill_begin");
    else if (memory == NULL)
        fail(stream, asset == NULL ? FA_ERR_STALE : FA_ERR_STATE);
    return memory;
}

/* Also when it was freed meanwhile; under the lock. */
static struct fai_asset *
find_loading(const fa_stream *stream, fa_stream_asset name)
{
    struct fai_asset *asset = find_any(stream, name);
    bool is_loading = asset != NULL && asset->state == FA_STREAM_LOADING;
    return is_loading ? asset : NULL;
}

fa_status
fa_stream_progress_set(fa_stream *stream, fa_stream_asset name, size_t filled)
{
    if (stream == NULL)
        return FA_ERR_USAGE;
    fa_status status = FA_ERR_STALE;
    fai_lock(&stream->lock);
    struct fai_asset *asset = find_loading(stream, name);
    bool is_loading = asset != NULL;
    if (is_loading && filled > asset->size)
        status = FA_ERR_USAGE;
    else if (is_loading && !asset->is_freed) {
        fai_stream_set_filled(stream, asset, filled);
        status = FA_OK;
    }
    fai_unlock(&stream->lock);
    if (!is_loading)
        return refuse_stale(stream, name, "fa_stream_progress_set");
    return status == FA_OK ? FA_OK : fail(stream, status);
}

/* The memory to free, or NULL; under the lock. */
static void *
end_fill(fa_stream *stream, fa_stream_asset name, fa_status result)
{
    struct fai_asset *asset = fai_asset(stream, index_of(name));
    if (asset->is_freed)
        return fai_stream_end_asset(stream, index_of(name));
    fai_stream_set_filled(stream, asset, 0);
    fai_stream_touch(stream, asset);
    if (result != FA_OK) {
        fai_stream_set_state(stream, asset, FA_STREAM_RESERVED);
        return NULL;
    }
    fai_stream_set_state(stream, asset, FA_STREAM_READY);
    fai_stream_list(stream, index_of(name));
    return NULL;
}

fa_status
fa_stream_fill_end(fa_stream *stream, fa_stream_asset name, fa_status result)
{
    void *memory = NULL;
    if (stream == NULL)
        return FA_ERR_USAGE;
    fai_lock(&stream->lock);
    bool is_loading = find_loading(stream, name) != NULL;
    if (is_loading)
        memory = end_fill(stream, name, result);
    fai_unlock(&stream->lock);
    if (!is_loading)
        return refuse_stale(stream, name, "fa_stream_fill_end");
    if (memory == NULL)
        return FA_OK;
    fa_heap_free(fai_ctx_self(stream->allocator), memory);
    return fail(stream, FA_ERR_STALE);
}

/* --- pins --- */

/* Under the lock. */
static fa_status
pin_asset(fa_stream *stream, fa_stream_asset name, void **memory)
{
    struct fai_asset *asset = find(stream, name);
    if (asset == NULL)
        return was_named(stream, name) ? FA_ERR_STALE : FA_ERR_USAGE;
    if (asset->state != FA_STREAM_READY)
        return FA_NOT_READY;
    if (asset->pins == UINT32_MAX)
        return FA_ERR_STATE;
    if (asset->pins++ == 0) {
        fai_stream_unlist(stream, index_of(name));
        stream->pinned_count++;
    }
    fai_stream_touch(stream, asset);
    *memory = asset->memory;
    return FA_OK;
}

void *
fa_stream_pin(fa_stream *stream, fa_stream_asset name)
{
    void *memory = NULL;
    if (stream == NULL || name == FA_STREAM_ASSET_NONE)
        return NULL;
    fai_lock(&stream->lock);
    fa_status status = pin_asset(stream, name, &memory);
    fai_unlock(&stream->lock);
    if (status == FA_ERR_USAGE)
        refuse_stale(stream, name, "fa_stream_pin");
    else if (status == FA_ERR_STATE)
        refuse_pins(stream, name, "more pins than can be counted");
    else if (status != FA_OK)
        fail(stream, status);
    return memory;
}

/* Under the lock. */
static fa_status
unpin_asset(fa_stream *stream, fa_stream_asset name)
{
    struct fai_asset *asset = find(stream, name);
    if (asset == NULL)
        return FA_ERR_STALE;
    if (asset->pins == 0)
        return FA_ERR_STATE;
    fai_stream_touch(stream, asset);
    if (--asset->pins == 0) {
        stream->pinned_count--;
        fai_stream_list(stream, index_of(name));
    }
    return FA_OK;
}

fa_status
fa_stream_unpin(fa_stream *stream, fa_stream_asset name)
{
    if (stream == NULL)
        return FA_ERR_USAGE;
    if (name == FA_STREAM_ASSET_NONE)
        return FA_OK;
    fai_lock(&stream->lock);
    fa_status status = unpin_asset(stream, name);
    fai_unlock(&stream->lock);
    if (status == FA_ERR_STALE)
        return refuse_stale(stream, name, "fa_stream_unpin");
    if (status == FA_ERR_STATE)
        return refuse_pins(stream, name, "an unpin without a pin");
    return status;
}

/* --- one asset --- */

fa_stream_state
fa_stream_asset_state(fa_stream *stream, fa_stream_asset name)
{
    if (stream == NULL)
        return FA_STREAM_GONE;
    fai_lock(&stream->lock);
    const struct fai_asset *asset = find(stream, name);
    fa_stream_state state =
        asset == NULL ? FA_STREAM_GONE : (fa_stream_state)asset->state;
    fai_unlock(&stream->lock);
    return state;
}

static void
fill_info(const struct fai_asset *asset, fa_stream_info *out)
{
    bool is_filled =
        asset->state == FA_STREAM_READY || asset->state == FA_STREAM_EVICTING;
    out->state = (fa_stream_state)asset->state;
    out->priority = (fa_stream_priority)asset->priority;
    out->size = asset->size;
    out->filled = is_filled ? asset->size : asset->filled;
    out->pins = asset->pins;
    out->frame = asset->frame;
}

fa_status
fa_stream_info_read(fa_stream *stream, fa_stream_asset name,
                    fa_stream_info *out)
{
    if (stream == NULL || out == NULL)
        return FA_ERR_USAGE;
    fa_stream_info info = FA_STREAM_INFO_INIT;
    fai_lock(&stream->lock);
    const struct fai_asset *asset = find(stream, name);
    if (asset != NULL)
        fill_info(asset, &info);
    fai_unlock(&stream->lock);
    if (asset == NULL)
        return FA_ERR_STALE;
    return fai_sized_write(&stream->allocator->reporter, "fa_stream_info",
                           &info, sizeof(info), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
