/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Events: rings of the contexts, listeners of the allocator, and counting.
 *
 * A ring has one writer, its context. Two counters stand around each write:
 * begun goes up before the words of the slot, done after them. A reader copies
 * a slot and then looks at begun: has nobody begun to write the slot again,
 * the copy is whole. The words are written by release stores, so who has seen
 * a new word sees begun, too. Writers never wait.
 *
 * A listener has a version, odd while the slot is in use. It is read before
 * and after the rest of the slot, as above; and the number of threads in a
 * slot lets the removal wait for them.
 */
#include "memory/event.h"

#include "accounting/sized.h"
#include "memory/pool.h"
#include "os/clock.h"

#include <sched.h>
#include <string.h>

#define RING_DEFAULT ((size_t)4096)
#define RING_MAX     ((size_t)1 << 20)

/* Of this thread: a listener is being called. */
static __thread bool is_telling __attribute__((__tls_model__("initial-exec")));

/* --- rings --- */

static struct fai_event_ring *
find_ring(struct fai_events *events)
{
    struct fai_event_ring *ring = events->rings;
    while (ring != NULL && ring->is_used)
        ring = ring->next;
    return ring;
}

static struct fai_event_ring *
map_ring(struct fai_events *events)
{
    size_t size =
        sizeof(struct fai_event_ring) + events->ring_size * sizeof(fa_event);
    struct fai_event_ring *ring = fai_pages_map(size, FAI_PAGE);
    if (ring == NULL)
        return NULL;
    fai_pages_name(ring, size, "framealloc:events");
    ring->bytes = size;
    ring->mask = events->ring_size - 1;
    ring->next = events->rings;
    events->rings = ring;
    return ring;
}

static struct fai_event_ring *
take_ring(fa_ctx *ctx)
{
    fa_allocator *allocator = ctx->allocator;
    fai_lock(&allocator->lock);
    struct fai_event_ring *ring = find_ring(&allocator->events);
    if (ring == NULL)
        ring = map_ring(&allocator->events);
    if (ring != NULL)
        ring->is_used = true;
    fai_unlock(&allocator->lock);
    return ctx->ring = ring;
}

static void
copy_in(fa_event *slot, const fa_event *event)
{
    uint64_t word[sizeof(fa_event) / 8];
    uint64_t *to = (uint64_t *)(void *)slot;
    memcpy(word, event, sizeof(word));
    /* Pair with the acquires in copy_out(): who sees one sees begun. */
    for (size_t i = 0; i < FAI_COUNT(word); i++)
        fai_store_release(&to[i], word[i]);
}

static void
keep(fa_ctx *ctx, const fa_event *event)
{
    struct fai_event_ring *ring = ctx->ring;
    if (FAI_UNLIKELY(ring == NULL) && (ring = take_ring(ctx)) == NULL) {
        fai_fetch_add(&ctx->allocator->events.lost, 1);
        return;
    }
    uint64_t at = ring->done;
    fai_store(&ring->begun, at + 1);
    copy_in(&ring->slot[at & ring->mask], event);
    /* Pairs with the acquire in read_ring(): the slot is complete. */
    fai_store_release(&ring->done, at + 1);
}

static void
copy_out(const fa_event *slot, fa_event *event)
{
    uint64_t word[sizeof(fa_event) / 8] = {0};
    const uint64_t *from = (const uint64_t *)(const void *)slot;
    /* Pair with the releases in copy_in(). */
    for (size_t i = 0; i < FAI_COUNT(word); i++)
        word[i] = fai_load_acquire(&from[i]);
    memcpy(event, word, sizeof(word));
}

/* Under the lock, which makes this the only reader. */
static size_t
read_ring(struct fai_event_ring *ring, fa_event *out, size_t count,
          uint64_t *lost)
{
    /* Pairs with the release in keep(). */
    uint64_t done = fai_load_acquire(&ring->done);
    size_t taken = 0;
    while (taken < count && ring->taken != done) {
        copy_out(&ring->slot[ring->taken & ring->mask], &out[taken]);
        uint64_t begun = fai_load(&ring->begun);
        uint64_t oldest = begun > ring->mask ? begun - ring->mask - 1 : 0;
        if (oldest > ring->taken) {
            *lost += oldest - ring->taken;
            ring->taken = oldest;
            done = FAI_MAX(done, oldest);
            continue;
        }
        ring->taken++;
        taken++;
    }
    return taken;
}

size_t
fa_event_read(fa_allocator *allocator, fa_event *out, size_t count,
              uint64_t *lost)
{
    uint64_t unseen = 0;
    size_t taken = 0;
    if (allocator != NULL && out != NULL) {
        fai_lock(&allocator->lock);
        for (struct fai_event_ring *ring = allocator->events.rings;
             ring != NULL && taken < count; ring = ring->next)
            taken += read_ring(ring, out + taken, count - taken, &unseen);
        fai_unlock(&allocator->lock);
        unseen += fai_exchange(&allocator->events.lost, (uint64_t)0);
    }
    if (lost != NULL)
        *lost = unseen;
    return taken;
}

/* --- listeners --- */

/* The version stays odd and the same while the slot is this listener's. */
static void
tell_one(struct fai_listener *listener, const fa_event *event)
{
    /* Sequentially consistent with the version: either the removal sees this
     * thread in the slot, or this thread sees the slot empty. */
    __atomic_fetch_add(&listener->inside, 1, __ATOMIC_SEQ_CST);
    uint64_t version = __atomic_load_n(&listener->version, __ATOMIC_SEQ_CST);
    /* Pair with the releases in fa_event_listener_add(). */
    fa_event_fn fn = fai_load_acquire(&listener->fn);
    void *user = fai_load_acquire(&listener->user);
    uint32_t kinds = fai_load_acquire(&listener->kinds);
    if ((version & 1) != 0 && version == fai_load(&listener->version) &&
        (kinds & FA_EVENT_BIT(event->kind)) != 0)
        fn(user, event);
    /* Pairs with the acquire in wait_for_others(): what fn did is done. */
    __atomic_fetch_sub(&listener->inside, 1, __ATOMIC_RELEASE);
}

static void
tell(fa_allocator *allocator, const fa_event *event)
{
    if (is_telling)
        return;
    is_telling = true;
    for (size_t i = 0; i < FA_EVENT_LISTENERS_MAX; i++) {
        struct fai_listener *listener = &allocator->events.listener[i];
        /* A guess; tell_one() makes sure. */
        if ((fai_load(&listener->version) & 1) != 0 &&
            (fai_load(&listener->kinds) & FA_EVENT_BIT(event->kind)) != 0)
            tell_one(listener, event);
    }
    is_telling = false;
}

static void
wait_for_others(const struct fai_listener *listener)
{
    /* Pairs with the release in tell_one(). */
    while (!is_telling && fai_load_acquire(&listener->inside) != 0)
        sched_yield();
}

/* --- what is wanted --- */

/* A watched context looks by itself whether it shall be so any longer. */
static void
set_attention(fa_allocator *allocator)
{
    if (allocator->events.kinds != 0 || allocator->counting != 0)
        fai_allocator_attend(allocator, FAI_ATTENTION_EVENTS);
    else
        fai_allocator_rest(allocator, FAI_ATTENTION_EVENTS);
}

/* Under the lock. */
static void
set_wanted(fa_allocator *allocator)
{
    struct fai_events *events = &allocator->events;
    uint32_t told = 0;
    for (size_t i = 0; i < FA_EVENT_LISTENERS_MAX; i++)
        if ((events->listener[i].version & 1) != 0)
            told |= events->listener[i].kinds;
    uint32_t objects = FA_EVENT_BIT(FA_EVENT_ALLOC) |
                       FA_EVENT_BIT(FA_EVENT_FREE) |
                       FA_EVENT_BIT(FA_EVENT_REMOTE_QUEUED);
    fai_store(&events->told, told);
    fai_store(&events->kinds, told | events->kept);
    uint32_t counting = allocator->counting & ~(uint32_t)FAI_COUNT_EVENTS;
    if ((events->kinds & objects) != 0)
        counting |= FAI_COUNT_EVENTS;
    fai_store(&allocator->counting, counting);
    set_attention(allocator);
}

void
fai_event_count(fa_allocator *allocator, enum fai_counting why, bool is_on)
{
    fai_lock(&allocator->lock);
    uint32_t rest = allocator->counting & ~(uint32_t)why;
    fai_store(&allocator->counting, rest | (is_on ? (uint32_t)why : 0));
    set_attention(allocator);
    fai_unlock(&allocator->lock);
}

void
fai_event_follow(fa_ctx *ctx)
{
    bool is_counting = fai_load(&ctx->allocator->counting) != 0;
    if (FAI_LIKELY(is_counting == ctx->is_counting))
        return;
    ctx->is_counting = is_counting;
    ctx->is_watched = is_counting || ctx->guard != 0;
    /* An annex has its own limits to look at. */
    if (!fai_ctx_is_annex(ctx))
        ctx->plain_thread = ctx->is_watched ? NULL : ctx->thread;
    if (ctx->is_watched)
        ctx->frame.attention |= FAI_ATTENTION_MODE;
    else
        ctx->frame.attention &= ~(uint32_t)FAI_ATTENTION_MODE;
    if (!fai_ctx_is_annex(ctx))
        fai_pools_watch(ctx);
}

void
fai_event_leave(fa_ctx *ctx)
{
    if (ctx->ring != NULL)
        ctx->ring->is_used = false;
    ctx->ring = NULL;
}

void
fai_events_destroy(fa_allocator *allocator)
{
    struct fai_event_ring *ring = allocator->events.rings;
    while (ring != NULL) {
        struct fai_event_ring *next = ring->next;
        fai_pages_unmap(ring, ring->bytes);
        ring = next;
    }
}

/* --- emission --- */

static bool
is_timed(uint32_t kind)
{
    return kind != FA_EVENT_ALLOC && kind != FA_EVENT_FREE;
}

void
fai_event_emit(fa_ctx *ctx, fa_event *event)
{
    struct fai_events *events = &ctx->allocator->events;
    uint32_t bit = FA_EVENT_BIT(event->kind);
    event->ctx = ctx->id;
    if (event->frame == 0)
        event->frame = fai_frame_number(&ctx->frame);
    if (is_timed(event->kind) && event->time_ns == 0)
        event->time_ns = fai_clock_ns();
    if ((fai_load(&events->kept) & bit) != 0)
        keep(ctx, event);
    if ((fai_load(&events->told) & bit) != 0)
        tell(ctx->allocator, event);
}

void
fai_event_tell(fa_ctx *ctx, fa_event_kind kind, const void *address,
               uint64_t size, uint64_t other)
{
    fa_event event = {0};
    event.kind = kind;
    event.tag = ctx->tag;
    event.address = address;
    event.size = size;
    event.other = other;
    fai_event_emit(ctx, &event);
}

static fa_memory
memory_of(const fa_ctx *ctx, fa_memory memory)
{
    return fai_ctx_is_annex(ctx) ? FA_MEMORY_SCRATCH : memory;
}

void
fai_event_begin(fa_ctx *ctx)
{
    ctx->begin_ns = fai_clock_ns();
    fa_event event = {0};
    event.kind = FA_EVENT_FRAME_BEGIN;
    event.memory = memory_of(ctx, FA_MEMORY_FRAME);
    event.time_ns = ctx->begin_ns;
    if (fai_event_wants(ctx, FA_EVENT_FRAME_BEGIN))
        fai_event_emit(ctx, &event);
}

void
fai_event_end(fa_ctx *ctx, uint64_t bytes, uint64_t peak)
{
    fa_event event = {0};
    event.kind = FA_EVENT_FRAME_END;
    event.memory = memory_of(ctx, FA_MEMORY_FRAME);
    event.size = bytes;
    event.other = peak;
    event.time_ns = fai_clock_ns();
    /* 0: nobody wanted events when it began. */
    if (ctx->begin_ns != 0)
        event.duration_ns = event.time_ns - ctx->begin_ns;
    ctx->begin_ns = 0;
    fai_event_emit(ctx, &event);
}

void
fai_event_alloc(fa_ctx *ctx, fa_memory memory, const void *address, size_t size)
{
    fai_publish_add(&ctx->tag_use[ctx->tag].objects.allocs[memory], 1);
    if (memory == FA_MEMORY_FRAME)
        fai_publish_add(&ctx->figures.frame_count, 1);
    if (!fai_event_wants(ctx, FA_EVENT_ALLOC))
        return;
    fa_event event = {0};
    event.kind = FA_EVENT_ALLOC;
    event.memory = memory_of(ctx, memory);
    event.tag = ctx->tag;
    event.address = address;
    event.size = size;
    fai_event_emit(ctx, &event);
}

void
fai_event_free(fa_ctx *ctx, fa_memory memory, fa_tag tag, const void *address,
               size_t size, const fa_ctx *owner)
{
    fai_publish_add(&ctx->tag_use[tag].objects.frees[memory], 1);
    fa_event event = {0};
    event.kind = FA_EVENT_FREE;
    event.memory = memory;
    event.tag = tag;
    event.address = address;
    event.size = size;
    event.other = owner->id;
    if (fai_event_wants(ctx, FA_EVENT_FREE))
        fai_event_emit(ctx, &event);
    event.kind = FA_EVENT_REMOTE_QUEUED;
    if (owner != ctx && fai_event_wants(ctx, FA_EVENT_REMOTE_QUEUED))
        fai_event_emit(ctx, &event);
}

/* --- public --- */

static fa_status
read_listener(fa_allocator *allocator, const fa_event_listener *given,
              fa_event_listener *listener)
{
    if (!fai_sized_read(&allocator->reporter, "fa_event_listener", given,
                        sizeof(size_t), listener, sizeof(*listener)))
        return FA_ERR_CONFIG;
    if (listener->fn != NULL && listener->kinds != 0 &&
        (listener->kinds & ~FA_EVENT_ALL) == 0)
        return FA_OK;
    fai_report(
        &allocator->reporter, 10, NULL, "fa_event_listener: kinds 0x%x, fn %s",
        (unsigned)listener->kinds, listener->fn == NULL ? "is NULL" : "is set");
    return FA_ERR_CONFIG;
}

static struct fai_listener *
free_listener(struct fai_events *events)
{
    for (size_t i = 0; i < FA_EVENT_LISTENERS_MAX; i++)
        if ((events->listener[i].version & 1) == 0)
            return &events->listener[i];
    return NULL;
}

fa_status
fa_event_listener_add(fa_allocator *allocator, const fa_event_listener *given,
                      uint64_t *id)
{
    fa_event_listener listener = FA_EVENT_LISTENER_INIT;
    if (allocator == NULL || given == NULL || id == NULL)
        return FA_ERR_USAGE;
    *id = 0;
    fa_status status = read_listener(allocator, given, &listener);
    if (status != FA_OK)
        return status;
    struct fai_events *events = &allocator->events;
    fai_lock(&allocator->lock);
    struct fai_listener *slot = free_listener(events);
    if (slot != NULL) {
        /* Pair with the acquires in tell_one(). */
        fai_store_release(&slot->fn, listener.fn);
        fai_store_release(&slot->user, listener.user);
        fai_store_release(&slot->kinds, listener.kinds);
        __atomic_fetch_add(&slot->version, 1, __ATOMIC_SEQ_CST);
        *id = slot->version * FA_EVENT_LISTENERS_MAX +
              (uint64_t)(slot - events->listener);
        set_wanted(allocator);
    }
    fai_unlock(&allocator->lock);
    return slot != NULL ? FA_OK : FA_ERR_NOMEM;
}

fa_status
fa_event_listener_remove(fa_allocator *allocator, uint64_t id)
{
    if (allocator == NULL)
        return FA_ERR_USAGE;
    struct fai_listener *slot =
        &allocator->events.listener[id % FA_EVENT_LISTENERS_MAX];
    fai_lock(&allocator->lock);
    bool is_found =
        slot->version == id / FA_EVENT_LISTENERS_MAX && slot->version % 2 == 1;
    if (is_found) {
        /* See tell_one(). */
        __atomic_fetch_add(&slot->version, 1, __ATOMIC_SEQ_CST);
        set_wanted(allocator);
    }
    fai_unlock(&allocator->lock);
    if (!is_found)
        return FA_ERR_USAGE;
    wait_for_others(slot);
    return FA_OK;
}

fa_status
fa_event_ring_set(fa_allocator *allocator, uint32_t kinds, size_t count)
{
    if (allocator == NULL || (kinds & ~FA_EVENT_ALL) != 0 || count > RING_MAX)
        return FA_ERR_USAGE;
    struct fai_events *events = &allocator->events;
    size_t size = 1;
    while (size < (count == 0 ? RING_DEFAULT : count))
        size *= 2;
    fai_lock(&allocator->lock);
    if (events->ring_size == 0 && kinds != 0)
        events->ring_size = size;
    fai_store(&events->kept, kinds);
    set_wanted(allocator);
    fai_unlock(&allocator->lock);
    return FA_OK;
}

const char *
fa_event_name(uint32_t kind)
{
    static const char *const names[FA_EVENT_KINDS] = {
        "frame begin",    "alloc",         "free",
        "frame end",      "remote queued", "remote processed",
        "transfer begin", "transfer end",  "pressure",
        "budget"};
    return kind < FA_EVENT_KINDS ? names[kind] : NULL;
}
