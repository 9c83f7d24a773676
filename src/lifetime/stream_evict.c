/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Streams: how room is made.
 *
 * A plan is computed under the lock: it claims what is free of the budget and
 * takes victims out of the lists until both together suffice. Then its
 * victims are marked as evicting, and the program is asked without the lock.
 * A veto rolls the whole plan back, and the next plan is made without the
 * asset. Only a plan that nobody objects to, and whose memory the heap has
 * given, is committed, as a whole; so nothing is evicted in vain.
 *
 * What a plan has claimed, no other request can have meanwhile. So the budget
 * holds at every moment, and two plans never count on the same bytes.
 *
 * To evict first and to see then was rejected: a request that fails would
 * have cost assets. So was one lock around plan and questions: a callback
 * that takes a lock of the program's would wait for a thread that holds it
 * and waits for the stream.
 */
#include "lifetime/stream.h"

#include "context/ctx.h"

/* --- a plan; under the lock --- */

static void
claim(fa_stream *stream, struct fai_stream_request *request, uint64_t bytes)
{
    request->claimed += bytes;
    stream->claimed += bytes;
    stream->used += bytes;
    stream->peak = FAI_MAX(stream->peak, stream->used);
}

static bool
may_plan(const struct fai_asset *asset,
         const struct fai_stream_request *request)
{
    return asset->vetoed <= request->clock;
}

/* Whether there are victims for so many bytes. */
static bool
has_victims(const fa_stream *stream, const struct fai_stream_request *request,
            uint64_t bytes)
{
    uint64_t found = 0;
    for (unsigned p = 0; p <= (unsigned)request->priority; p++) {
        uint32_t index = stream->idle[p].first;
        for (; index != 0 && found < bytes;
             index = fai_asset(stream, index)->next) {
            const struct fai_asset *asset = fai_asset(stream, index);
            found += may_plan(asset, request) ? asset->size : 0;
        }
    }
    return found >= bytes;
}

static void
add_victim(fa_stream *stream, struct fai_stream_request *request,
           uint32_t index)
{
    struct fai_asset *asset = fai_asset(stream, index);
    fai_stream_unlist(stream, index);
    fai_stream_set_state(stream, asset, FA_STREAM_EVICTING);
    asset->next = request->plan;
    request->plan = index;
    request->planned += asset->size;
}

static void
spare_victim(fa_stream *stream, struct fai_stream_request *request,
             uint32_t *link)
{
    uint32_t index = *link;
    struct fai_asset *asset = fai_asset(stream, index);
    *link = asset->next;
    request->planned -= asset->size;
    fai_stream_set_state(stream, asset, FA_STREAM_READY);
    fai_stream_relist(stream, index);
}

/* A large victim at the end may make earlier ones needless. */
static void
spare_needless(fa_stream *stream, struct fai_stream_request *request,
               uint64_t bytes)
{
    for (uint32_t *link = &request->plan; *link != 0;) {
        struct fai_asset *asset = fai_asset(stream, *link);
        if (request->planned - asset->size >= bytes)
            spare_victim(stream, request, link);
        else
            link = &asset->next;
    }
}

static void
choose_victims(fa_stream *stream, struct fai_stream_request *request,
               uint64_t bytes)
{
    for (unsigned p = 0; p <= (unsigned)request->priority; p++) {
        uint32_t index = stream->idle[p].first;
        while (index != 0 && request->planned < bytes) {
            uint32_t next = fai_asset(stream, index)->next;
            if (may_plan(fai_asset(stream, index), request))
                add_victim(stream, request, index);
            index = next;
        }
    }
    spare_needless(stream, request, bytes);
}

static bool
make_plan(fa_stream *stream, struct fai_stream_request *request)
{
    uint64_t available = stream->budget - stream->used;
    uint64_t own = FAI_MIN(available, (uint64_t)request->size);
    uint64_t missing = request->size - own;
    if (missing != 0 && !has_victims(stream, request, missing))
        return false;
    claim(stream, request, own);
    if (missing != 0)
        choose_victims(stream, request, missing);
    return true;
}

/* --- the program is asked; without the lock --- */

/* Of one victim; gives the next one. False in *is_freed: ask and tell. */
static uint32_t
describe_victim(fa_stream *stream, uint32_t index, fa_stream_eviction *what,
                bool *is_freed)
{
    fai_lock(&stream->lock);
    const struct fai_asset *asset = fai_asset(stream, index);
    uint32_t next = asset->next;
    *is_freed = asset->is_freed;
    *what = (fa_stream_eviction){
        sizeof(*what), fai_asset_name(stream, index),       asset->memory,
        asset->size,   (fa_stream_priority)asset->priority, asset->frame};
    fai_unlock(&stream->lock);
    return next;
}

static void
note_veto(fa_stream *stream, uint32_t index)
{
    fai_lock(&stream->lock);
    fai_asset(stream, index)->vetoed = ++stream->clock;
    fai_unlock(&stream->lock);
}

static bool
all_may_go(fa_stream *stream, const struct fai_stream_request *request)
{
    if (stream->may_evict == NULL)
        return true;
    uint32_t next;
    for (uint32_t index = request->plan; index != 0; index = next) {
        fa_stream_eviction what;
        bool is_freed;
        next = describe_victim(stream, index, &what, &is_freed);
        if (!is_freed && !stream->may_evict(stream->user, &what)) {
            note_veto(stream, index);
            return false;
        }
    }
    return true;
}

bool
fai_stream_plan(fa_stream *stream, struct fai_stream_request *request)
{
    for (;;) {
        fai_lock(&stream->lock);
        bool is_possible = make_plan(stream, request);
        stream->refusal_count += !is_possible;
        fai_unlock(&stream->lock);
        if (!is_possible)
            return false;
        if (all_may_go(stream, request))
            return true;
        /* Each veto leaves fewer assets to ask for: this ends. */
        fai_stream_plan_rollback(stream, request);
    }
}

/* --- how it ends --- */

void
fai_stream_plan_rollback(fa_stream *stream, struct fai_stream_request *request)
{
    fai_lock(&stream->lock);
    for (uint32_t *link = &request->plan; *link != 0;) {
        struct fai_asset *asset = fai_asset(stream, *link);
        if (!asset->is_freed) {
            spare_victim(stream, request, link);
            continue;
        }
        fai_stream_set_state(stream, asset, FA_STREAM_GONE);
        link = &asset->next;
    }
    stream->claimed -= request->claimed;
    stream->used -= request->claimed;
    request->claimed = request->planned = 0;
    fai_unlock(&stream->lock);
    fai_stream_plan_finish(stream, request);
}

void
fai_stream_plan_commit(fa_stream *stream, struct fai_stream_request *request)
{
    uint32_t index = request->plan;
    for (; index != 0; index = fai_asset(stream, index)->next) {
        struct fai_asset *asset = fai_asset(stream, index);
        fai_stream_set_state(stream, asset, FA_STREAM_GONE);
        if (!asset->is_freed) {
            stream->eviction_count++;
            stream->evicted_bytes += asset->size;
        }
    }
    claim(stream, request, request->size - request->claimed);
    stream->claimed -= request->claimed;
    stream->used -= request->claimed;
}

/* The victim's record is not used again before its memory is known. */
void
fai_stream_plan_finish(fa_stream *stream, struct fai_stream_request *request)
{
    while (request->plan != 0) {
        fa_stream_eviction what;
        bool is_freed;
        uint32_t index = request->plan;
        request->plan = describe_victim(stream, index, &what, &is_freed);
        fai_lock(&stream->lock);
        void *memory = fai_asset(stream, index)->memory;
        fai_stream_give_record(stream, index);
        fai_unlock(&stream->lock);
        if (!is_freed && stream->evicted != NULL)
            stream->evicted(stream->user, &what);
        fa_heap_free(fai_ctx_self(stream->allocator), memory);
    }
}
