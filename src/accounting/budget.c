/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets by compare-and-swap.
 *
 * The counter is the only shared state. Nothing here locks, so callbacks run
 * where the caller holds no lock either.
 */
#include "accounting/budget.h"

#include "accounting/tag.h"
#include "base/bits.h"

void
fai_budget_create(struct fai_budget *budget, fa_budget_scope scope, uint64_t id)
{
    *budget = (struct fai_budget){
        .hard = UINT64_MAX, .soft = UINT64_MAX, .scope = scope, .id = id};
}

static uint64_t
soft_limit(const fa_budget *limits)
{
    if (limits->soft_bytes != 0)
        return limits->soft_bytes;
    if (limits->warn_percent != 0 && limits->hard_bytes != 0)
        return limits->hard_bytes / 100 * limits->warn_percent +
               limits->hard_bytes % 100 * limits->warn_percent / 100;
    return UINT64_MAX;
}

void
fai_budget_set(struct fai_budget *budget, const fa_budget *limits)
{
    uint64_t hard = limits->hard_bytes & ~(uint64_t)15;
    /* Read one by one at the next take; a mix of old and new is harmless. */
    fai_store(&budget->policy, limits->policy);
    fai_store(&budget->callback, limits->callback);
    fai_store(&budget->user, limits->user);
    fai_store(&budget->soft, soft_limit(limits));
    fai_store(&budget->hard, limits->hard_bytes == 0 ? UINT64_MAX : hard);
}

static bool
may_pass(const struct fai_budget *budget)
{
    return fai_load(&budget->policy) == FA_BUDGET_WARN;
}

static uint64_t
room_left(const struct fai_budget *budget, uint64_t used)
{
    uint64_t hard = may_pass(budget) ? UINT64_MAX : fai_load(&budget->hard);
    return used >= hard ? 0 : hard - used;
}

uint64_t
fai_budget_lease(struct fai_budget *budget, uint64_t min, uint64_t want)
{
    /* The counter orders nothing else; relaxed is enough. */
    uint64_t used = fai_load(&budget->used);
    uint64_t bytes;
    do {
        uint64_t room = room_left(budget, used);
        if (room < min) {
            fai_fetch_add(&budget->refusals, 1);
            return 0;
        }
        bytes = FAI_MIN(want, room);
    } while (!fai_cas(&budget->used, &used, used + bytes));
    uint64_t peak = fai_load(&budget->peak);
    while (used + bytes > peak && !fai_cas(&budget->peak, &peak, used + bytes))
        ;
    return bytes;
}

bool
fai_budget_take(struct fai_budget *budget, uint64_t bytes)
{
    return bytes == 0 || fai_budget_lease(budget, bytes, bytes) == bytes;
}

void
fai_budget_give(struct fai_budget *budget, uint64_t bytes)
{
    fai_fetch_sub(&budget->used, bytes);
}

static const char *
tag_name(const struct fai_budget *budget)
{
    return budget->scope == FA_BUDGET_TAG
               ? FAI_CONTAINER((char *)(uintptr_t)budget, struct fai_tag,
                               budget)
                     ->name
               : "";
}

static void
report_event(const struct fai_budget *budget, struct fai_reporter *reporter,
             const fa_budget_event *event)
{
    static const uint32_t numbers[] = {311, 312, 313};
    static const char *const scopes[] = {"allocator", "tag", "context"};
    bool is_hard = event->limit == fai_load(&budget->hard);
    fai_report(reporter, numbers[budget->scope], NULL,
               "%s %llu %s: %llu bytes used, %llu requested, %s limit %llu%s",
               scopes[budget->scope], (unsigned long long)event->id,
               tag_name(budget), (unsigned long long)event->used,
               (unsigned long long)event->requested, is_hard ? "hard" : "soft",
               (unsigned long long)event->limit,
               event->is_refused ? ", refused" : "");
}

static void
tell_event(struct fai_budget *budget, struct fai_reporter *reporter,
           const fa_budget_event *event)
{
    fa_budget_fn callback = fai_load(&budget->callback);
    if (callback != NULL)
        callback(fai_load(&budget->user), event);
    else
        report_event(budget, reporter, event);
}

static bool
is_first_in_frame(uint64_t *last, const struct fai_reporter *reporter)
{
    uint64_t mark = (fai_load(reporter->word) >> 1) + 1;
    return fai_exchange(last, mark) != mark;
}

void
fai_budget_tell(struct fai_budget *budget, struct fai_reporter *reporter,
                uint64_t requested, uint64_t taken)
{
    uint64_t used = fai_load(&budget->used);
    uint64_t hard = fai_load(&budget->hard);
    uint64_t soft = fai_load(&budget->soft);
    bool is_refused = taken == 0;
    fa_budget_event event = {
        sizeof(event), budget->scope, budget->id, used - FAI_MIN(used, taken),
        requested,     hard,          is_refused};
    if (is_refused || used > hard) {
        bool is_first = is_first_in_frame(&budget->exceeded, reporter);
        /* A warning in the same frame must not hide the first refusal. */
        if (is_first)
            fai_report_forget(reporter);
        if (is_refused || is_first)
            tell_event(budget, reporter, &event);
    } else if (used >= soft) {
        event.limit = soft;
        if (is_first_in_frame(&budget->warned, reporter))
            tell_event(budget, reporter, &event);
    }
}
