/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Contexts of threads.
 *
 * A thread finds the context of the allocator that it used last by one
 * compare in its TLS, those of other allocators in a small record of its own.
 * Locks, outermost first: the process's lock guards the list of allocators
 * and the lists of threads; an allocator's lock guards its contexts.
 */
#include "context/ctx.h"

#include "accounting/sized.h"
#include "memory/arena.h"
#include "memory/block.h"
#include "memory/event.h"
#include "memory/guard.h"
#include "memory/heap.h"
#include "memory/magazine.h"
#include "memory/pool.h"

#include <stdio.h>
#include <string.h>

#define THREAD_SLOTS 32

/* What the library keeps for a thread. */
struct fai_thread {
    fa_ctx *ctxs; /* Under the process's lock. */
    struct {
        uint64_t id;
        fa_ctx *ctx;
    } slot[THREAD_SLOTS]; /* By allocator id; of the thread alone. */
};

__thread struct fai_tls fai_tls;

static struct fai_mutex process_lock = FAI_MUTEX_INIT;
static fa_allocator *allocators;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

fa_ctx *
fai_ctx_refusing(void)
{
    static fa_ctx refusing;
    static char nowhere[16] __attribute__((__aligned__(16)));
    /* Every thread writes the same values; no pairing is needed. */
    fai_store(&refusing.pages.entry[0].page, UINTPTR_MAX);
    fai_store(&refusing.is_refusing, true);
    fai_store(&refusing.frames, &refusing.word);
    fai_store(&refusing.status, FA_ERR_NOMEM);
    fai_store(&refusing.frame.attention, (uint32_t)FAI_ATTENTION_NEW);
    fai_store(&refusing.frame.public.cursor, nowhere);
    fai_store(&refusing.frame.public.limit, nowhere);
    return &refusing;
}

/* --- fork --- */

static void
lock_all(void)
{
    fai_lock(&process_lock);
    for (fa_allocator *a = allocators; a != NULL; a = a->next) {
        fai_lock(&a->behavior.lock);
        fai_lock(&a->transfers.lock);
        fai_lock(&a->tasks.lock);
        fai_lock(&a->lock);
        fai_lock(&a->tags.lock);
        fai_lock(&a->pages.lock);
        fai_lock(&a->spans.lock);
    }
}

static void
unlock_all(void)
{
    for (fa_allocator *a = allocators; a != NULL; a = a->next) {
        fai_unlock(&a->spans.lock);
        fai_unlock(&a->pages.lock);
        fai_unlock(&a->tags.lock);
        fai_unlock(&a->lock);
        fai_unlock(&a->tasks.lock);
        fai_unlock(&a->transfers.lock);
        fai_unlock(&a->behavior.lock);
    }
    fai_unlock(&process_lock);
}

/* Other threads are gone, perhaps in the middle of a change: their contexts
 * are not touched again, but their blocks stay valid. Who was inside of an
 * explicit context is not known; it is the child's if the child uses it, but
 * the end of the allocator leaves it alone. */
static void
abandon_others(void)
{
    for (fa_allocator *a = allocators; a != NULL; a = a->next)
        for (fa_ctx *ctx = a->ctxs; ctx != NULL; ctx = ctx->next)
            if (!ctx->is_idle && ctx->thread != fai_thread_self()) {
                ctx->is_lost = true;
                ctx->owner = NULL;
            }
    unlock_all();
}

static void
watch_forks(void)
{
    fai_thread_at_fork(lock_all, unlock_all, abandon_others);
}

/* --- the process --- */

void
fai_process_add(fa_allocator *allocator)
{
    static uint64_t last_id;
    pthread_once(&fork_once, watch_forks);
    fai_lock(&process_lock);
    allocator->id = ++last_id;
    allocator->plain_id = allocator->id;
    allocator->next = allocators;
    if (allocators != NULL)
        allocators->prev = allocator;
    allocators = allocator;
    fai_unlock(&process_lock);
}

void
fai_process_remove(fa_allocator *allocator)
{
    fai_lock(&process_lock);
    if (allocator->next != NULL)
        allocator->next->prev = allocator->prev;
    if (allocator->prev != NULL)
        allocator->prev->next = allocator->next;
    else
        allocators = allocator->next;
    fai_unlock(&process_lock);
}

const fa_allocator *
fai_process_first(void)
{
    return allocators;
}

size_t
fa_heap_usable_size(const void *block)
{
    size_t size = 0;
    fai_lock(&process_lock);
    for (fa_allocator *a = allocators; a != NULL && size == 0; a = a->next)
        size = block == NULL ? 0 : fai_heap_usable_size(a, block);
    fai_unlock(&process_lock);
    return size;
}

/* --- threads --- */

static void
unlink_from_thread(fa_ctx *ctx)
{
    if (ctx->owner == NULL)
        return;
    fa_ctx **link = &ctx->owner->ctxs;
    while (*link != ctx)
        link = &(*link)->next_thread;
    *link = ctx->next_thread;
    ctx->owner = NULL;
}

void
fai_ctx_detach(fa_ctx *ctx)
{
    fai_lock(&process_lock);
    unlink_from_thread(ctx);
    fai_unlock(&process_lock);
}

static fa_ctx *
detach_first(struct fai_thread *thread)
{
    fai_lock(&process_lock);
    fa_ctx *ctx = thread->ctxs;
    if (ctx != NULL)
        unlink_from_thread(ctx);
    fai_unlock(&process_lock);
    return ctx;
}

/* The context may be unmapped by now; only its address is compared. */
static void
forget(struct fai_thread *thread, const fa_ctx *ctx)
{
    for (size_t i = 0; i < THREAD_SLOTS; i++)
        if (thread->slot[i].ctx == ctx)
            thread->slot[i].id = 0;
    if (fai_tls.ctx == ctx)
        fai_tls.id = 0;
}

/* The thread exits. Functions that run now may use the library and make the
 * thread a new record; this is called again then. */
static void
end_thread(void *value)
{
    struct fai_thread *thread = value;
    fa_ctx *ctx;
    while ((ctx = detach_first(thread)) != NULL) {
        fai_ctx_end(ctx);
        /* Defers of the thread's other contexts may look for this one. */
        forget(thread, ctx);
    }
    if (fai_tls.thread == thread)
        fai_tls = (struct fai_tls){0};
    fai_pages_unmap(thread, sizeof(*thread));
}

static struct fai_thread *
this_thread(void)
{
    if (fai_tls.thread != NULL)
        return fai_tls.thread;
    struct fai_thread *thread = fai_pages_map(sizeof(*thread), FAI_PAGE);
    if (thread == NULL)
        return NULL;
    if (!fai_thread_at_exit(end_thread, thread)) {
        fai_pages_unmap(thread, sizeof(*thread));
        return NULL;
    }
    fai_tls.thread = thread;
    return thread;
}

static fa_ctx *
remember(fa_allocator *allocator, struct fai_thread *thread, fa_ctx *ctx)
{
    thread->slot[allocator->id % THREAD_SLOTS].id = allocator->id;
    thread->slot[allocator->id % THREAD_SLOTS].ctx = ctx;
    fai_tls.id = allocator->id;
    fai_tls.ctx = ctx;
    return ctx;
}

static fa_ctx *
search_thread(fa_allocator *allocator, const struct fai_thread *thread)
{
    if (thread->slot[allocator->id % THREAD_SLOTS].id == allocator->id)
        return thread->slot[allocator->id % THREAD_SLOTS].ctx;
    fai_lock(&process_lock);
    fa_ctx *ctx = thread->ctxs;
    while (ctx != NULL && ctx->allocator != allocator)
        ctx = ctx->next_thread;
    fai_unlock(&process_lock);
    return ctx;
}

static void
link_to_thread(fa_ctx *ctx, struct fai_thread *thread)
{
    fai_lock(&process_lock);
    ctx->owner = thread;
    ctx->next_thread = thread->ctxs;
    thread->ctxs = ctx;
    fai_unlock(&process_lock);
}

fa_ctx *
fai_ctx_find(fa_allocator *allocator)
{
    struct fai_thread *thread = this_thread();
    if (thread == NULL)
        return fai_ctx_refusing();
    fa_ctx *ctx = search_thread(allocator, thread);
    if (ctx != NULL)
        return remember(allocator, thread, ctx);
    fa_status status;
    ctx = fai_ctx_make(allocator, NULL, false, &status);
    if (ctx == NULL)
        return fai_ctx_refusing();
    link_to_thread(ctx, thread);
    return remember(allocator, thread, ctx);
}

fa_ctx *
fa_ctx_current(fa_allocator *allocator)
{
    return fai_ctx_self(allocator);
}

/* --- making --- */

void
fai_ctx_unmake(fa_ctx *ctx)
{
    for (uint32_t i = 0; i < ctx->arena_count; i++)
        fai_arena_destroy(ctx, &ctx->arenas[i]);
    fai_pools_destroy(ctx);
    fai_cache_destroy(ctx);
    fai_guard_destroy(ctx);
    fai_array_destroy(&ctx->frame.marks, sizeof(struct fai_mark));
    fai_array_destroy(&ctx->frame.sections, sizeof(struct fai_section));
    fai_meta_destroy(&ctx->meta);
    fai_pages_unmap(ctx, sizeof(fa_ctx));
}

static fa_ctx *
map_record(fa_allocator *allocator)
{
    fa_ctx *ctx = fai_pages_map(sizeof(fa_ctx), FAI_PAGE);
    if (ctx == NULL)
        return NULL;
    fai_pages_name(ctx, sizeof(fa_ctx), "framealloc:context");
    ctx->allocator = allocator;
    ctx->guard = (uint8_t)allocator->config.guard;
    ctx->arena_records = &ctx->first_arena;
    ctx->arena_room = 1;
    return ctx;
}

static fa_ctx *
map_ctx(fa_allocator *allocator)
{
    fa_ctx *ctx = map_record(allocator);
    if (ctx == NULL)
        return NULL;
    ctx->pages.entry[0].page = UINTPTR_MAX; /* NULL is in no page. */
    if (fai_cache_create(ctx) && fai_pools_create(ctx) && fai_guard_create(ctx))
        return ctx;
    fai_ctx_unmake(ctx);
    return NULL;
}

/* A context without a thread whose arenas nobody reads; under the lock. */
static fa_ctx *
take_idle(fa_allocator *allocator)
{
    for (fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        if (ctx->is_idle && !ctx->is_readable) {
            ctx->is_idle = false;
            allocator->idle_count--;
            return ctx;
        }
    return NULL;
}

static void
set_queue(struct fai_queue *queue, const fa_ctx_config *config,
          const fa_allocator_config *all)
{
    static const fa_ctx_config defaults = FA_CTX_CONFIG_INIT;
    const fa_ctx_config *own = config != NULL ? config : &defaults;
    queue->drain = own->drain != FA_DRAIN_DEFAULT ? own->drain : all->drain;
    queue->drain_count =
        own->drain_count != 0 ? own->drain_count : all->drain_count;
    /* Others may free blocks of a context that is adopted. */
    fai_store(&queue->capacity, own->queue_capacity != 0 ? own->queue_capacity
                                                         : all->queue_capacity);
    fai_store(&queue->when_full, own->queue_full != FA_QUEUE_DEFAULT
                                     ? own->queue_full
                                     : all->queue_full);
}

static void
set_modes(fa_ctx *ctx, const fa_ctx_config *config, bool is_explicit)
{
    const fa_allocator_config *all = &ctx->allocator->config;
    ctx->is_explicit = is_explicit;
    ctx->thread = is_explicit ? NULL : fai_thread_self();
    ctx->has_own_frames = config != NULL && config->own_frames;
    ctx->lag = ctx->has_own_frames ? config->frame_lag : all->frame_lag;
    ctx->word = 0;
    ctx->frames = ctx->has_own_frames ? &ctx->word : &ctx->allocator->word;
    ctx->is_watched = ctx->guard != 0 || ctx->is_counting;
    ctx->plain_thread = ctx->is_watched ? NULL : ctx->thread;
    fai_store(&ctx->frame.word, 0);
    ctx->frame.tick = 0;
    ctx->frame.window = all->window;
    ctx->frame.capacity = FAI_NO_CAPACITY;
    /* A closed frame, and one in guard modes, releases nothing. */
    ctx->frame.public.floor = FAI_NO_FLOOR;
    ctx->status = FA_OK;
    /* Numbers of other frames than those it tells of. */
    if (ctx->retain != NULL)
        ctx->retain->summary.frame_number = 0;
    ctx->tag = FA_TAG_NONE;
    ctx->use = &ctx->tag_use[FA_TAG_NONE];
    ctx->tag_depth = 0;
    ctx->tag_excess = 0;
    ctx->frame.attention = FAI_ATTENTION_NEW;
    if (ctx->lag > 0 || ctx->guard >= 2)
        ctx->frame.attention |= FAI_ATTENTION_LAG;
    if (ctx->is_watched)
        ctx->frame.attention |= FAI_ATTENTION_MODE;
    set_queue(&ctx->queue, config, all);
    if (ctx->queue.drain != FA_DRAIN_FRAME_END || ctx->queue.capacity != 0)
        ctx->frame.attention |= FAI_ATTENTION_DRAIN;
    /* No arena yet: any aligned address that is not NULL will do. */
    ctx->frame.public.cursor = ctx->frame.public.limit = (char *)ctx;
}

static void
set_name(fa_ctx *ctx, const fa_ctx_config *config)
{
    if (config != NULL && config->name != NULL)
        snprintf(ctx->name, sizeof(ctx->name), "%s", config->name);
    else
        snprintf(ctx->name, sizeof(ctx->name), "context %llu",
                 (unsigned long long)ctx->id);
}

/* Without limits; what an adopted context holds stays. */
static void
renew_budget(fa_ctx *ctx, struct fai_budget *budget, fa_budget_scope scope)
{
    uint64_t used = fai_load(&budget->used);
    fai_budget_create(budget, scope, ctx->id, ctx->frames);
    if (scope != FA_BUDGET_CTX_FRAME)
        budget->used = budget->peak = used;
}

static void
renew_budgets(fa_ctx *ctx)
{
    renew_budget(ctx, &ctx->budget, FA_BUDGET_CTX);
    renew_budget(ctx, &ctx->frame_budget, FA_BUDGET_CTX_FRAME);
    renew_budget(ctx, &ctx->pool_budget, FA_BUDGET_CTX_POOL);
}

fa_ctx *
fai_ctx_make(fa_allocator *allocator, const fa_ctx_config *config,
             bool is_explicit, fa_status *status)
{
    fai_lock(&allocator->lock);
    fa_ctx *ctx = take_idle(allocator);
    fai_unlock(&allocator->lock);
    bool is_new = ctx == NULL;
    if (is_new && (ctx = map_ctx(allocator)) == NULL) {
        *status = FA_ERR_NOMEM;
        return NULL;
    }
    fai_lock(&allocator->lock);
    set_modes(ctx, config, is_explicit);
    ctx->id = ++allocator->next_ctx_id;
    renew_budgets(ctx);
    allocator->ctx_count++;
    if (is_new) {
        ctx->next = allocator->ctxs;
        allocator->ctxs = ctx;
    }
    /* Snapshots read the name under the lock. */
    set_name(ctx, config);
    fai_unlock(&allocator->lock);
    fai_event_follow(ctx);
    *status = FA_OK;
    return ctx;
}

/* Frees do not pass through an annex, so it needs no pools and its page table
 * is not touched; large blocks pay for their records. */
fa_ctx *
fai_ctx_make_annex(fa_allocator *allocator, enum fai_annex_kind kind)
{
    fa_ctx_config config = FA_CTX_CONFIG_INIT;
    config.own_frames = true;
    fa_ctx *ctx = map_record(allocator);
    if (ctx == NULL)
        return NULL;
    ctx->annex.kind = kind;
    fai_cache_prepare(ctx);
    if (!fai_guard_create(ctx)) {
        fai_ctx_unmake(ctx);
        return NULL;
    }
    set_modes(ctx, &config, true);
    fai_lock(&allocator->lock);
    ctx->id = ++allocator->next_ctx_id;
    renew_budgets(ctx);
    ctx->next = allocator->ctxs;
    allocator->ctxs = ctx;
    fai_unlock(&allocator->lock);
    return ctx;
}

static bool
is_valid(const fa_ctx_config *config)
{
    return config->frame_lag <= FAI_LAG_MAX &&
           (unsigned)config->drain <= FA_DRAIN_EXPLICIT &&
           (unsigned)config->queue_full <= FA_QUEUE_FAIL;
}

fa_status
fa_ctx_create(fa_allocator *allocator, const fa_ctx_config *config,
              fa_ctx **out)
{
    fa_ctx_config copy = FA_CTX_CONFIG_INIT;
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (config != NULL &&
        !fai_sized_read(&allocator->reporter, "fa_ctx_config", config,
                        offsetof(fa_ctx_config, own_frames), &copy,
                        sizeof(copy)))
        return FA_ERR_CONFIG;
    if (!is_valid(&copy)) {
        fai_report(&allocator->reporter, 10, NULL,
                   "fa_ctx_config: frame_lag %u of 0 to %d, drain %d, "
                   "queue_full %d",
                   (unsigned)copy.frame_lag, FAI_LAG_MAX, (int)copy.drain,
                   (int)copy.queue_full);
        return FA_ERR_CONFIG;
    }
    fa_status status;
    *out = fai_ctx_make(allocator, &copy, true, &status);
    return status;
}

fa_status
fa_ctx_status(const fa_ctx *ctx)
{
    return ctx == NULL ? FA_OK : ctx->status;
}

uint64_t
fa_ctx_id(const fa_ctx *ctx)
{
    return ctx == NULL ? 0 : ctx->id;
}

bool
fai_ctx_is_live_number(fa_allocator *allocator, uint64_t id, uint64_t number,
                       bool (*is_live)(uint64_t word, uint64_t number,
                                       uint32_t lag))
{
    bool result = false;
    fai_lock(&allocator->lock);
    for (fa_ctx *ctx = allocator->ctxs; ctx != NULL; ctx = ctx->next)
        if (ctx->id == id && !ctx->is_idle)
            /* Pairs with the releases in fa_ctx_begin_frame() and
             * fa_ctx_end_frame(). */
            result = is_live(fai_load_acquire(&ctx->word), number, ctx->lag);
    fai_unlock(&allocator->lock);
    return result;
}
