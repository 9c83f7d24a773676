/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Scratch arenas: annexes with a name, and two for the functions of a context.
 *
 * A scope is a mark and a depth. The mark says where to go back to; the depth
 * says whether the scope is still open, since an empty scope shares the mark
 * of the one around it.
 *
 * Scopes of functions are tied to the frame of their context without any work
 * at the boundary: an arena notes the frame number of its last scope, and the
 * first scope of another frame rewinds it if something was left open.
 */
#include "lifetime/scratch.h"

#include "accounting/sized.h"
#include "context/ctx.h"
#include "lifetime/annex.h"
#include "memory/frame.h"

#include <string.h>

/* --- named ones --- */

static fa_scratch
handle_of(fa_ctx *annex)
{
    return (fa_scratch){&annex->frame.public, fai_annex_serial(annex)};
}

static fa_ctx *
find(fa_scratch scratch)
{
    return fai_annex_find(scratch.frame, scratch.serial, FAI_ANNEX_SCRATCH);
}

/* Under the lock. */
static fa_ctx *
find_name(const fa_allocator *allocator, const char *name)
{
    fa_ctx *annex = allocator->annexes.named;
    while (annex != NULL && strcmp(annex->name, name) != 0)
        annex = annex->annex.next;
    return annex;
}

static fa_status
read_config(fa_allocator *allocator, const fa_scratch_config *config,
            fa_scratch_config *copy)
{
    if (config == NULL)
        return FA_OK;
    if (!fai_sized_read(&allocator->reporter, "fa_scratch_config", config,
                        offsetof(fa_scratch_config, capacity), copy,
                        sizeof(*copy)))
        return FA_ERR_CONFIG;
    return fai_tags_has(&allocator->tags, copy->tag) ? FA_OK : FA_ERR_USAGE;
}

/* The capacity is the size of the arena's first chunk, up to a limit. */
static struct fai_annex_plan
plan_scratch(const fa_allocator *allocator, enum fai_annex_kind kind,
             const char *name, size_t capacity, fa_tag tag)
{
    size_t reserve = allocator->config.frame_reserve;
    if (capacity != 0)
        reserve = fai_round_up(FAI_MIN(capacity, reserve), FAI_PAGE);
    return (struct fai_annex_plan){.kind = kind,
                                   .name = name,
                                   .capacity = capacity,
                                   .reserve = reserve,
                                   .window = allocator->config.window,
                                   .tag = tag};
}

static bool
add_name(fa_allocator *allocator, fa_ctx *annex)
{
    fai_lock(&allocator->lock);
    bool is_new = find_name(allocator, annex->name) == NULL;
    if (is_new) {
        annex->annex.next = allocator->annexes.named;
        allocator->annexes.named = annex;
    }
    fai_unlock(&allocator->lock);
    return is_new;
}

fa_status
fa_scratch_create(fa_allocator *allocator, const char *name,
                  const fa_scratch_config *config, fa_scratch *out)
{
    fa_scratch_config copy = FA_SCRATCH_CONFIG_INIT;
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = (fa_scratch){NULL, 0};
    if (name == NULL || name[0] == '\0' ||
        strnlen(name, FAI_NAME_MAX) == FAI_NAME_MAX)
        return FA_ERR_USAGE;
    fa_status status = read_config(allocator, config, &copy);
    if (status != FA_OK)
        return status;
    struct fai_annex_plan plan = plan_scratch(allocator, FAI_ANNEX_SCRATCH,
                                              name, copy.capacity, copy.tag);
    fa_ctx *annex = fai_annex_take(allocator, &plan, &status);
    if (annex == NULL)
        return status;
    if (!add_name(allocator, annex)) {
        fai_annex_give(annex);
        return FA_ERR_STATE;
    }
    *out = handle_of(annex);
    return FA_OK;
}

fa_scratch
fa_scratch_find(fa_allocator *allocator, const char *name)
{
    fa_scratch found = {NULL, 0};
    if (allocator == NULL || name == NULL)
        return found;
    fai_lock(&allocator->lock);
    fa_ctx *annex = find_name(allocator, name);
    if (annex != NULL)
        found = handle_of(annex);
    fai_unlock(&allocator->lock);
    return found;
}

size_t
fa_scratch_list(fa_allocator *allocator, fa_scratch *out, size_t max)
{
    size_t count = 0;
    if (allocator == NULL)
        return 0;
    fai_lock(&allocator->lock);
    for (fa_ctx *annex = allocator->annexes.named; annex != NULL;
         annex = annex->annex.next) {
        if (count < max)
            out[count] = handle_of(annex);
        count++;
    }
    fai_unlock(&allocator->lock);
    return count;
}

fa_frame *
fa_scratch_frame(fa_scratch scratch)
{
    fa_ctx *annex = find(scratch);
    return annex != NULL ? &annex->frame.public
                         : &fai_ctx_refusing()->frame.public;
}

bool
fa_scratch_is_live(fa_scratch scratch)
{
    return fai_annex_is_live(scratch.frame, scratch.serial, FAI_ANNEX_SCRATCH);
}

/* No scope is open; else FA422. */
static bool
is_free(fa_ctx *annex, const char *what)
{
    if (annex->annex.scopes == 0)
        return true;
    fai_report(&annex->allocator->reporter, 422, NULL,
               "%s of \"%s\" in %u open scopes", what, annex->name,
               (unsigned)annex->annex.scopes);
    return false;
}

fa_status
fa_scratch_reset(fa_scratch scratch)
{
    fa_ctx *annex = find(scratch);
    if (annex == NULL)
        return FA_ERR_STALE;
    if (!is_free(annex, "reset"))
        return FA_ERR_STATE;
    fai_annex_reset(annex);
    return FA_OK;
}

static void
remove_name(fa_ctx *annex)
{
    fa_allocator *allocator = annex->allocator;
    fai_lock(&allocator->lock);
    fa_ctx **link = &allocator->annexes.named;
    while (*link != annex)
        link = &(*link)->annex.next;
    *link = annex->annex.next;
    fai_unlock(&allocator->lock);
}

fa_status
fa_scratch_destroy(fa_scratch scratch)
{
    fa_ctx *annex = find(scratch);
    if (annex == NULL)
        return FA_ERR_STALE;
    if (!is_free(annex, "destroy"))
        return FA_ERR_STATE;
    remove_name(annex);
    fai_annex_give(annex);
    return FA_OK;
}

static void
fill_stats(fa_ctx *annex, fa_scratch_stats *stats)
{
    stats->name = annex->name;
    stats->bytes = fa_frame_used(&annex->frame.public);
    stats->peak = fai_annex_peak(annex);
    stats->held_bytes = fai_annex_held(annex);
    stats->capacity = fai_annex_capacity(annex);
    stats->resets = annex->annex.resets;
    stats->refusals = annex->annex.refusals;
    stats->count = fai_annex_objects(annex);
    stats->scopes = annex->annex.scopes;
}

fa_status
fa_scratch_stats_read(fa_scratch scratch, fa_scratch_stats *out)
{
    fa_ctx *annex = find(scratch);
    if (annex == NULL)
        return FA_ERR_STALE;
    if (out == NULL)
        return FA_ERR_USAGE;
    fa_scratch_stats stats = FA_SCRATCH_STATS_INIT;
    fill_stats(annex, &stats);
    return fai_sized_write(&annex->allocator->reporter, "fa_scratch_stats",
                           &stats, sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}

/* --- scopes --- */

static fa_scratch_scope
refuse_scope(void)
{
    return (fa_scratch_scope){
        &fai_ctx_refusing()->frame.public, {NULL, 0, 0, 0}, 0};
}

static fa_scratch_scope
open_scope(fa_ctx *annex)
{
    fa_mark mark = fa_frame_checkpoint(&annex->frame.public);
    if (mark.frame == NULL)
        return refuse_scope();
    return (fa_scratch_scope){&annex->frame.public, mark,
                              ++annex->annex.scopes};
}

fa_scratch_scope
fa_scratch_begin_in(fa_scratch scratch)
{
    fa_ctx *annex = find(scratch);
    return annex != NULL ? open_scope(annex) : refuse_scope();
}

fa_status
fa_scratch_end(fa_scratch_scope scope)
{
    /* It was refused at its begin; there is nothing to end. */
    if (scope.mark.frame == NULL)
        return FA_OK;
    fa_ctx *annex = fai_ctx_of_frame(scope.frame);
    if (scope.mark.number != fai_frame_number(&annex->frame) ||
        scope.depth > annex->annex.scopes) {
        fai_report(&annex->allocator->reporter, 422, NULL,
                   "a scope of \"%s\" was ended again", annex->name);
        return FA_ERR_STALE;
    }
    fa_status status = fa_frame_rollback(scope.frame, scope.mark);
    if (status == FA_OK)
        annex->annex.scopes = scope.depth - 1;
    /* What was leased from a limited tag is not needed any more. */
    if (FAI_UNLIKELY(annex->frame.leased != 0))
        fai_frame_close_section(annex);
    return status;
}

void
fa_scratch_end_scope(fa_scratch_scope *scope)
{
    (void)fa_scratch_end(*scope);
}

/* --- those of a context --- */

static bool
is_among(const fa_ctx *annex, fa_frame *const *conflicts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (conflicts[i] == &annex->frame.public)
            return true;
    return false;
}

static FAI_NOINLINE fa_ctx *
make_arena(fa_ctx *ctx, size_t i)
{
    struct fai_annex_plan plan =
        plan_scratch(ctx->allocator, FAI_ANNEX_SCOPES, ctx->name, 0, ctx->tag);
    plan.thread = ctx->thread;
    fa_status status;
    ctx->scratch[i] = fai_annex_take(ctx->allocator, &plan, &status);
    return ctx->scratch[i] != NULL ? ctx->scratch[i] : fai_fail(ctx, status);
}

/* An arena of the context without conflicts. NULL, with the status set. */
static fa_ctx *
choose_arena(fa_ctx *ctx, fa_frame *const *conflicts, size_t count)
{
    for (size_t i = 0; i < 2; i++) {
        if (ctx->scratch[i] == NULL)
            return make_arena(ctx, i);
        if (!is_among(ctx->scratch[i], conflicts, count))
            return ctx->scratch[i];
    }
    fai_report(&ctx->allocator->reporter, 424, NULL,
               "%zu frames in context %llu", count,
               (unsigned long long)ctx->id);
    return fai_fail(ctx, FA_ERR_USAGE);
}

/* The first scope in another frame than before. */
static FAI_NOINLINE void
follow_frame(fa_ctx *annex, uint64_t number)
{
    annex->annex.number = number;
    if (annex->annex.scopes == 0)
        return;
    fai_report(&annex->allocator->reporter, 423, NULL,
               "%u scopes in context %s", (unsigned)annex->annex.scopes,
               annex->name);
    fai_annex_reset(annex);
}

fa_scratch_scope
fa_scratch_begin(fa_ctx *ctx, fa_frame *const *conflicts, size_t count)
{
    if (ctx == NULL || ctx->is_refusing)
        return refuse_scope();
    if (FAI_UNLIKELY(ctx->thread != NULL && ctx->thread != fai_thread_self())) {
        fai_frame_report_foreign(ctx);
        return refuse_scope();
    }
    fa_ctx *annex = choose_arena(ctx, conflicts, count);
    if (annex == NULL)
        return refuse_scope();
    uint64_t number = fai_frame_number(&ctx->frame);
    if (FAI_UNLIKELY(annex->annex.number != number))
        follow_frame(annex, number);
    if (annex->annex.scopes == 0)
        fai_frame_set_tag(annex, ctx->tag);
    return open_scope(annex);
}

void
fai_scratch_leave(fa_ctx *ctx)
{
    for (size_t i = 0; i < 2; i++)
        if (ctx->scratch[i] != NULL) {
            fai_annex_give(ctx->scratch[i]);
            ctx->scratch[i] = NULL;
        }
}
