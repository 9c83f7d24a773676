/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Profilers over events.
 *
 * Of each block that was told, the address is in a table, so that a free is
 * told once and only then. A free by another context may be told later than
 * the next allocation at the same address: then the free is made up before
 * the allocation, and the late one is left out.
 */
#include "accounting/sized.h"
#include "context/ctx.h"
#include "memory/event.h"

#include <framealloc/profile.h>

struct fai_profile {
    struct fai_mutex lock;
    uint64_t listener;
    fa_allocator *allocator;
    fa_profile call;
    /* Address to the number of late frees to leave out, + 1. */
    struct fai_table known;
};

static void
tell_alloc(struct fai_profile *profile, const fa_event *event)
{
    uintptr_t key = (uintptr_t)event->address;
    const fa_profile *call = &profile->call;
    char *late = fai_table_find(&profile->known, key);
    if (late != NULL) {
        if (call->free != NULL)
            call->free(call->user, event->address);
        fai_table_remove(&profile->known, key);
    }
    /* What cannot be remembered is not told: its free would not be, either. */
    void *count = (void *)((uintptr_t)late + 1);
    if (fai_table_insert(&profile->known, key, count) && call->alloc != NULL)
        call->alloc(call->user, event->address, event->size,
                    profile->allocator->tags.tag[event->tag].name);
}

static void
tell_free(struct fai_profile *profile, const fa_event *event)
{
    uintptr_t key = (uintptr_t)event->address;
    const fa_profile *call = &profile->call;
    uintptr_t count = (uintptr_t)fai_table_find(&profile->known, key);
    if (count == 0)
        return;
    fai_table_remove(&profile->known, key);
    if (count > 1)
        /* There is room: one has just left. */
        (void)fai_table_insert(&profile->known, key, (void *)(count - 1));
    else if (call->free != NULL)
        call->free(call->user, event->address);
}

static void
tell_frame(const fa_profile *call, const fa_event *event)
{
    if (event->kind == FA_EVENT_FRAME_BEGIN) {
        if (call->zone_begin != NULL)
            call->zone_begin(call->user, event->ctx, event->frame);
        return;
    }
    if (call->zone_end != NULL)
        call->zone_end(call->user, event->ctx, event->frame);
    if (call->frame != NULL)
        call->frame(call->user, event->ctx, event->frame, event->size);
}

static void
take(void *user, const fa_event *event)
{
    struct fai_profile *profile = user;
    bool is_block =
        event->memory == FA_MEMORY_POOL || event->memory == FA_MEMORY_HEAP;
    fai_lock(&profile->lock);
    if (event->kind == FA_EVENT_ALLOC && is_block)
        tell_alloc(profile, event);
    else if (event->kind == FA_EVENT_FREE)
        tell_free(profile, event);
    else if (event->kind != FA_EVENT_ALLOC)
        tell_frame(&profile->call, event);
    fai_unlock(&profile->lock);
}

void
fai_profile_end(fa_allocator *allocator)
{
    struct fai_profile *profile = allocator->profile;
    allocator->profile = NULL;
    if (profile == NULL)
        return;
    (void)fa_event_listener_remove(allocator, profile->listener);
    fai_table_destroy(&profile->known);
    fai_mutex_destroy(&profile->lock);
    fai_pages_unmap(profile, sizeof(*profile));
}

static struct fai_profile *
make_profile(fa_allocator *allocator, const fa_profile *call)
{
    struct fai_profile *profile = fai_pages_map(sizeof(*profile), FAI_PAGE);
    if (profile == NULL)
        return NULL;
    fai_mutex_create(&profile->lock);
    profile->allocator = allocator;
    profile->call = *call;
    if (fai_table_create(&profile->known))
        return profile;
    fai_pages_unmap(profile, sizeof(*profile));
    return NULL;
}

fa_status
fa_profile_set(fa_allocator *allocator, const fa_profile *call)
{
    if (allocator == NULL)
        return FA_ERR_USAGE;
    fa_profile copy = {0};
    if (call != NULL &&
        !fai_sized_read(&allocator->reporter, "fa_profile", call,
                        sizeof(size_t), &copy, sizeof(copy)))
        return FA_ERR_CONFIG;
    fai_profile_end(allocator);
    if (call == NULL)
        return FA_OK;
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    struct fai_profile *profile = make_profile(allocator, &copy);
    if (profile == NULL)
        return FA_ERR_NOMEM;
    allocator->profile = profile;
    listener.kinds =
        FA_EVENT_BIT(FA_EVENT_ALLOC) | FA_EVENT_BIT(FA_EVENT_FREE) |
        FA_EVENT_BIT(FA_EVENT_FRAME_BEGIN) | FA_EVENT_BIT(FA_EVENT_FRAME_END);
    listener.fn = take;
    listener.user = profile;
    fa_status status =
        fa_event_listener_add(allocator, &listener, &profile->listener);
    if (status != FA_OK)
        fai_profile_end(allocator);
    return status;
}
