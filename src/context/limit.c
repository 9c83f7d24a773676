/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Setting and reading budgets: from scopes and numbers to the records.
 *
 * Both hold the allocator's lock, which keeps contexts in place, and call
 * nothing of the program under it.
 */
#include "context/ctx.h"

#include "accounting/sized.h"

#include <string.h>

static fa_ctx *
find_ctx(const fa_allocator *allocator, uint64_t id)
{
    fa_ctx *ctx = allocator->ctxs;
    while (ctx != NULL && (ctx->id != id || ctx->is_idle))
        ctx = ctx->next;
    return ctx;
}

/* Under the lock. */
static struct fai_budget *
find_budget(fa_allocator *allocator, fa_budget_scope scope, uint64_t id)
{
    if (scope == FA_BUDGET_ALLOCATOR && id == 0)
        return &allocator->budget;
    if (scope == FA_BUDGET_TAG && id < FA_TAG_MAX &&
        fai_tags_has(&allocator->tags, (fa_tag)id))
        return &allocator->tags.tag[id].budget;
    fa_ctx *ctx = scope < FA_BUDGET_CTX ? NULL : find_ctx(allocator, id);
    if (ctx == NULL)
        return NULL;
    return scope == FA_BUDGET_CTX         ? &ctx->budget
           : scope == FA_BUDGET_CTX_FRAME ? &ctx->frame_budget
           : scope == FA_BUDGET_CTX_POOL  ? &ctx->pool_budget
                                          : NULL;
}

static bool
is_valid(fa_budget_scope scope, const fa_budget *budget)
{
    if (budget->policy == FA_BUDGET_PROMOTE && scope != FA_BUDGET_CTX_FRAME &&
        scope != FA_BUDGET_CTX_POOL)
        return false;
    return budget->warn_percent <= 100 &&
           (unsigned)budget->policy <= FA_BUDGET_CUSTOM &&
           (budget->policy != FA_BUDGET_CUSTOM || budget->decide != NULL) &&
           (budget->hard_bytes == 0 || budget->hard_bytes >= 16);
}

/* Of older programs, what they know. */
static bool
copy_given(const fa_budget *given, fa_budget *out)
{
    *out = (fa_budget)FA_BUDGET_INIT;
    if (given->struct_size < offsetof(fa_budget, decide) ||
        given->struct_size > 4096)
        return false;
    memcpy(out, given, FAI_MIN(given->struct_size, sizeof(*out)));
    return true;
}

/* The calling thread's context asks before it hands out more. */
static void
heed(fa_allocator *allocator)
{
    if (fai_tls.id != allocator->id)
        return;
    struct fai_frame *frame = &fai_tls.ctx->frame;
    frame->public.limit = frame->public.cursor;
}

fa_status
fa_budget_set(fa_allocator *allocator, fa_budget_scope scope, uint64_t id,
              const fa_budget *budget)
{
    fa_budget limits;
    if (allocator == NULL || budget == NULL)
        return FA_ERR_USAGE;
    if (!copy_given(budget, &limits) || !is_valid(scope, &limits)) {
        fai_report(&allocator->reporter, 10, NULL,
                   "fa_budget: struct_size %zu, warn_percent %u, policy %d, "
                   "hard_bytes %llu",
                   budget->struct_size, (unsigned)limits.warn_percent,
                   (int)limits.policy, (unsigned long long)limits.hard_bytes);
        return FA_ERR_CONFIG;
    }
    fai_lock(&allocator->lock);
    struct fai_budget *found = find_budget(allocator, scope, id);
    if (found != NULL) {
        fai_budget_set(found, &limits);
        if (scope == FA_BUDGET_TAG || scope == FA_BUDGET_CTX_FRAME)
            fai_allocator_attend(allocator, FAI_ATTENTION_LIMITS);
    }
    fai_unlock(&allocator->lock);
    if (found == NULL)
        return FA_ERR_USAGE;
    heed(allocator);
    return FA_OK;
}

static uint64_t
or_zero(uint64_t limit)
{
    return limit == UINT64_MAX ? 0 : limit;
}

static void
fill_usage(const struct fai_budget *budget, fa_budget_usage *usage)
{
    uint64_t hard = fai_load(&budget->hard);
    usage->used = fai_load(&budget->used);
    usage->peak = FAI_MAX(fai_load(&budget->peak), usage->used);
    usage->remaining =
        hard == UINT64_MAX ? hard : hard - FAI_MIN(usage->used, hard);
    usage->hard_bytes = or_zero(hard);
    usage->soft_bytes = or_zero(fai_load(&budget->soft));
    usage->refused = fai_load(&budget->refusals);
    usage->allowed = fai_load(&budget->allowed);
    usage->promoted = fai_load(&budget->promoted);
    usage->warned = fai_load(&budget->warnings);
}

fa_status
fa_budget_read(fa_allocator *allocator, fa_budget_scope scope, uint64_t id,
               fa_budget_usage *out)
{
    if (allocator == NULL || out == NULL)
        return FA_ERR_USAGE;
    fa_budget_usage usage = FA_BUDGET_USAGE_INIT;
    fai_lock(&allocator->lock);
    const struct fai_budget *found = find_budget(allocator, scope, id);
    if (found != NULL)
        fill_usage(found, &usage);
    fai_unlock(&allocator->lock);
    if (found == NULL)
        return FA_ERR_USAGE;
    return fai_sized_write(&allocator->reporter, "fa_budget_usage", &usage,
                           sizeof(usage), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
