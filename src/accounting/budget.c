/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Budgets by compare-and-swap.
 *
 * The counter is the only state that is fought over. Nothing here locks, so
 * callbacks run where the caller holds no lock either. Policy, callback and
 * its argument are copied under a version, so a callback never meets the
 * argument of another one.
 */
#include "accounting/budget.h"

#include "accounting/tag.h"
#include "base/bits.h"
#include "os/probe.h"

void
fai_budget_create(struct fai_budget *budget, fa_budget_scope scope, uint64_t id,
                  const uint64_t *frames)
{
    *budget = (struct fai_budget){.hard = UINT64_MAX,
                                  .soft = UINT64_MAX,
                                  .scope = scope,
                                  .id = id,
                                  .frames = frames};
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

/* A store that is seen after those before it, as the readers expect. */
#define WRITE(field, value) fai_store_release(&budget->rule.field, (value))
#define READ(field)         fai_load_acquire(&budget->rule.field)

void
fai_budget_set(struct fai_budget *budget, const fa_budget *limits)
{
    uint64_t hard = limits->hard_bytes & ~(uint64_t)15;
    fai_store(&budget->version, budget->version + 1);
    WRITE(policy, limits->policy);
    WRITE(callback, limits->callback);
    WRITE(decide, limits->decide);
    WRITE(user, limits->user);
    /* Pairs with the acquire in read_rule(). */
    fai_store_release(&budget->version, budget->version + 1);
    /* Read one by one at the next take; a mix of old and new is harmless. */
    fai_store(&budget->soft, soft_limit(limits));
    fai_store(&budget->hard, limits->hard_bytes == 0 ? UINT64_MAX : hard);
}

static struct fai_budget_rule
read_rule(const struct fai_budget *budget)
{
    struct fai_budget_rule rule;
    uint32_t version;
    do {
        /* Pairs with the releases in fai_budget_set(): a field of a newer rule
         * is not read without its version being seen as odd or newer. */
        version = fai_load_acquire(&budget->version);
        rule = (struct fai_budget_rule){READ(policy), READ(callback),
                                        READ(decide), READ(user)};
    } while ((version & 1) != 0 || version != fai_load(&budget->version));
    return rule;
}

static uint64_t
room_left(const struct fai_budget *budget, uint64_t used)
{
    uint64_t hard =
        fai_budget_may_pass(budget) ? UINT64_MAX : fai_load(&budget->hard);
    return used >= hard ? 0 : hard - used;
}

static void
raise_peak(struct fai_budget *budget, uint64_t used)
{
    /* Only shown; no pairing is needed. */
    uint64_t peak = fai_load(&budget->peak);
    while (used > peak && !fai_cas(&budget->peak, &peak, used))
        ;
}

uint64_t
fai_budget_lease(struct fai_budget *budget, uint64_t min, uint64_t want)
{
    /* The counter orders nothing else; relaxed is enough. */
    uint64_t used = fai_load(&budget->used);
    uint64_t bytes;
    do {
        uint64_t room = room_left(budget, used);
        if (room < min)
            return 0;
        bytes = FAI_MIN(want, room);
    } while (!fai_cas(&budget->used, &used, used + bytes));
    raise_peak(budget, used + bytes);
    return bytes;
}

bool
fai_budget_take(struct fai_budget *budget, uint64_t bytes)
{
    return bytes == 0 || fai_budget_lease(budget, bytes, bytes) == bytes;
}

void
fai_budget_force(struct fai_budget *budget, uint64_t bytes)
{
    raise_peak(budget, fai_fetch_add(&budget->used, bytes) + bytes);
}

void
fai_budget_give(struct fai_budget *budget, uint64_t bytes)
{
    fai_fetch_sub(&budget->used, bytes);
}

/* --- what the program is told --- */

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
    static const uint32_t numbers[] = {311, 312, 313, 313, 313};
    static const char *const scopes[] = {
        "allocator", "tag", "context", "frames of context", "pools of context"};
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
probe_event(const fa_budget_event *event)
{
    FAI_PROBE6(budget, event->scope, event->id, event->used, event->requested,
               event->limit, event->is_refused);
}

static void
tell_event(const struct fai_budget *budget, struct fai_reporter *reporter,
           const fa_budget_event *event)
{
    struct fai_budget_rule rule = read_rule(budget);
    if (rule.callback != NULL)
        rule.callback(rule.user, event);
    else
        report_event(budget, reporter, event);
}

static bool
is_first_in_frame(const struct fai_budget *budget, uint64_t *last,
                  const struct fai_reporter *reporter)
{
    const uint64_t *word =
        budget->frames != NULL ? budget->frames : reporter->word;
    uint64_t mark = (fai_load(word) >> 1) + 1;
    /* Marks only rise: a thread that read the number late must not make the
     * newer frame speak again. Nothing else is ordered. */
    uint64_t seen = fai_load(last);
    while (seen < mark)
        if (fai_cas(last, &seen, mark))
            return true;
    return false;
}

static void
tell_hard(struct fai_budget *budget, struct fai_reporter *reporter,
          const fa_budget_event *event)
{
    bool is_first = is_first_in_frame(budget, &budget->exceeded, reporter);
    /* A warning in the same frame must not hide the first refusal. */
    if (is_first)
        fai_report_forget(reporter);
    if (event->is_refused || is_first)
        tell_event(budget, reporter, event);
}

static bool
may_promote(const struct fai_budget *budget)
{
    return budget->scope == FA_BUDGET_CTX_FRAME ||
           budget->scope == FA_BUDGET_CTX_POOL;
}

fa_budget_policy
fai_budget_judge(struct fai_budget *budget, struct fai_reporter *reporter,
                 uint64_t used, uint64_t requested)
{
    struct fai_budget_rule rule = read_rule(budget);
    fa_budget_event event = {
        sizeof(event), budget->scope, budget->id, used, requested, 0, true};
    event.limit = fai_load(&budget->hard);
    fa_budget_policy policy = rule.policy;
    if (policy == FA_BUDGET_CUSTOM)
        policy = rule.decide(rule.user, &event);
    if (policy == FA_BUDGET_PROMOTE && may_promote(budget)) {
        fai_fetch_add(&budget->promoted, 1);
        return policy;
    }
    event.is_refused = policy != FA_BUDGET_WARN && policy != FA_BUDGET_ALLOW;
    fai_fetch_add(event.is_refused ? &budget->refusals : &budget->allowed, 1);
    probe_event(&event);
    if (policy != FA_BUDGET_ALLOW)
        tell_hard(budget, reporter, &event);
    return event.is_refused ? FA_BUDGET_FAIL : FA_BUDGET_ALLOW;
}

bool
fai_budget_warn(struct fai_budget *budget, struct fai_reporter *reporter,
                uint64_t used, uint64_t requested)
{
    if (!is_first_in_frame(budget, &budget->warned, reporter))
        return false;
    fa_budget_event event = {
        sizeof(event), budget->scope, budget->id, used, requested, 0, false};
    event.limit = fai_load(&budget->soft);
    fai_fetch_add(&budget->warnings, 1);
    probe_event(&event);
    tell_event(budget, reporter, &event);
    return true;
}
