/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Barriers: generation, members and arrivals in one word.
 *
 * Every change is one compare-and-swap of the word, and the one that makes the
 * last arrival also begins the next generation. So there is no moment between
 * two generations in which an arrival could be lost, and no reset. Waiters
 * sleep on the generation, the upper half: it is never the same again while
 * somebody waits for it, so no wake-up is missed.
 *
 * A barrier may be destroyed by the first that passes it. So a thread that
 * waits is counted, and after the swap of an arrival that does not wait its
 * thread leaves the barrier alone; the wake-up needs the address only.
 */
#include "accounting/sized.h"
#include "memory/memory.h"
#include "os/clock.h"
#include "os/futex.h"

#include <string.h>

enum member_state {
    MEMBER_NEW = 0,
    MEMBER_JOINED, /* Has not arrived yet. */
    MEMBER_ARRIVED /* In the generation that it holds. */
};

struct fa_barrier {
    uint64_t word;      /* See struct parts. */
    uint32_t unclaimed; /* Members of the count that nobody is yet. */
    uint32_t inside;    /* Threads that its end waits for. */
    fa_allocator *allocator;
    uint64_t generations;
    uint64_t waits;
    uint64_t timeouts;
    uint64_t longest_wait_ns;
};

struct parts {
    uint32_t generation;
    uint32_t members; /* 0: destroyed. */
    uint32_t arrived; /* Less than members. */
};

static struct parts
split(uint64_t word)
{
    return (struct parts){(uint32_t)(word >> 32),
                          (uint32_t)(word >> 16) & 65535,
                          (uint32_t)word & 65535};
}

static uint64_t
join(struct parts parts)
{
    return (uint64_t)parts.generation << 32 | (uint64_t)parts.members << 16 |
           parts.arrived;
}

static fa_status
refuse(const fa_barrier *barrier, const char *why)
{
    fai_report(&barrier->allocator->reporter, 221, barrier, "%s", why);
    return FA_ERR_USAGE;
}

/* The next generation begins with the last arrival. */
static struct parts
complete(struct parts parts)
{
    if (parts.arrived != parts.members)
        return parts;
    return (struct parts){parts.generation + 1, parts.members, 0};
}

/* False when the word has changed: *word is what it is now. */
static bool
replace(fa_barrier *barrier, uint64_t *word, struct parts next)
{
    bool is_complete = next.generation != split(*word).generation;
    /* Counted before, since the barrier may be gone after. */
    if (is_complete)
        fai_fetch_add(&barrier->generations, 1);
    /* Release for those that wait for this generation, acquire for the last
     * arrival, which needs not wait: pairs with itself and with wait(). */
    if (fai_cas_acq_rel(&barrier->word, word, join(next))) {
        if (is_complete)
            fai_futex_wake(fai_futex_upper(&barrier->word));
        return true;
    }
    if (is_complete)
        fai_fetch_sub(&barrier->generations, 1);
    return false;
}

/* A new member takes one of the places that fa_barrier_create() counted. */
static bool
claim(fa_barrier *barrier, fa_barrier_member *member)
{
    if (member->state != MEMBER_NEW)
        return true;
    /* Only the number counts; nothing is ordered by it. */
    uint32_t left = fai_load(&barrier->unclaimed);
    do {
        if (left == 0)
            return false;
    } while (!fai_cas(&barrier->unclaimed, &left, left - 1));
    member->state = MEMBER_JOINED;
    return true;
}

static bool
has_arrived(const fa_barrier_member *member, struct parts parts)
{
    return member->state == MEMBER_ARRIVED &&
           member->generation == parts.generation;
}

static fa_status
arrive(fa_barrier *barrier, fa_barrier_member *member)
{
    if (!claim(barrier, member))
        return refuse(barrier, "more arrivals than members");
    uint64_t word = fai_load(&barrier->word);
    struct parts parts, next;
    do {
        parts = next = split(word);
        if (has_arrived(member, parts))
            return refuse(barrier, "a member arrived twice in a generation");
        next.arrived++;
        next = complete(next);
    } while (!replace(barrier, &word, next));
    member->generation = parts.generation;
    member->state = MEMBER_ARRIVED;
    return FA_OK;
}

fa_status
fa_barrier_arrive(fa_barrier *barrier, fa_barrier_member *member)
{
    if (barrier == NULL || member == NULL)
        return FA_ERR_USAGE;
    return arrive(barrier, member);
}

/* --- waiting --- */

static uint64_t
deadline(uint64_t now, uint64_t timeout_ns)
{
    return timeout_ns < FAI_FUTEX_FOREVER - now ? now + timeout_ns
                                                : FAI_FUTEX_FOREVER;
}

/* FA_NOT_READY while it has to be waited for. */
static fa_status
look(const fa_barrier *barrier, uint32_t generation)
{
    /* Pairs with the release of replace(): what was done before arriving. */
    struct parts parts = split(fai_load_acquire(&barrier->word));
    if (parts.generation != generation)
        return FA_OK;
    return parts.members == 0 ? FA_ERR_STATE : FA_NOT_READY;
}

static fa_status
sleep_until(const fa_barrier *barrier, uint32_t generation, uint64_t end)
{
    fa_status status;
    while ((status = look(barrier, generation)) == FA_NOT_READY) {
        if (end != FAI_FUTEX_FOREVER && fai_clock_ns() >= end)
            return FA_TIMEOUT;
        fai_futex_wait(fai_futex_upper(&barrier->word), generation, end);
    }
    return status;
}

/* Figures, which are only shown to people. */
static void
note_wait(fa_barrier *barrier, uint64_t ns, fa_status status)
{
    fai_fetch_add(&barrier->waits, 1);
    if (status == FA_TIMEOUT)
        fai_fetch_add(&barrier->timeouts, 1);
    uint64_t longest = fai_load(&barrier->longest_wait_ns);
    while (ns > longest)
        if (fai_cas(&barrier->longest_wait_ns, &longest, ns))
            break;
}

static FAI_NOINLINE fa_status
wait_slowly(fa_barrier *barrier, uint32_t generation, uint64_t timeout_ns)
{
    /* Pairs with nothing: no call begins while the barrier is destroyed. */
    fai_fetch_add(&barrier->inside, 1);
    uint64_t begin = fai_clock_ns();
    fa_status status =
        sleep_until(barrier, generation, deadline(begin, timeout_ns));
    note_wait(barrier, fai_clock_ns() - begin, status);
    if (status == FA_ERR_STATE)
        fai_report(&barrier->allocator->reporter, 222, barrier, "generation %u",
                   generation);
    /* Pairs with the acquire in send_away(): the last touch. */
    fai_fetch_sub_release(&barrier->inside, 1);
    return status;
}

fa_status
fa_barrier_wait(fa_barrier *barrier, uint32_t generation, uint64_t timeout_ns)
{
    if (barrier == NULL)
        return FA_ERR_USAGE;
    if (look(barrier, generation) == FA_OK)
        return FA_OK;
    return timeout_ns == 0 ? FA_TIMEOUT
                           : wait_slowly(barrier, generation, timeout_ns);
}

fa_status
fa_barrier_arrive_and_wait(fa_barrier *barrier, fa_barrier_member *member,
                           uint64_t timeout_ns)
{
    if (barrier == NULL || member == NULL)
        return FA_ERR_USAGE;
    /* Before the arrival, so that whoever passes by it and destroys the
     * barrier waits for this thread. Pairs with replace(). */
    fai_fetch_add(&barrier->inside, 1);
    fa_status status = arrive(barrier, member);
    if (status == FA_OK)
        status = fa_barrier_wait(barrier, member->generation, timeout_ns);
    /* Pairs with the acquire in send_away(): the last touch. */
    fai_fetch_sub_release(&barrier->inside, 1);
    return status;
}

/* --- members --- */

fa_status
fa_barrier_join(fa_barrier *barrier, fa_barrier_member *member)
{
    if (barrier == NULL || member == NULL)
        return FA_ERR_USAGE;
    if (member->state != MEMBER_NEW)
        return refuse(barrier, "a member joined twice");
    uint64_t word = fai_load(&barrier->word);
    struct parts next;
    do {
        next = split(word);
        if (next.members == FA_BARRIER_MAX)
            return refuse(barrier, "too many members");
        next.members++;
    } while (!replace(barrier, &word, next));
    member->state = MEMBER_JOINED;
    return FA_OK;
}

fa_status
fa_barrier_leave(fa_barrier *barrier, fa_barrier_member *member)
{
    if (barrier == NULL || member == NULL)
        return FA_ERR_USAGE;
    if (!claim(barrier, member))
        return refuse(barrier, "it is no member");
    uint64_t word = fai_load(&barrier->word);
    struct parts next;
    do {
        next = split(word);
        if (next.members == 1)
            return refuse(barrier, "the last member cannot leave");
        next.members--;
        next.arrived -= has_arrived(member, next);
        next = complete(next);
    } while (!replace(barrier, &word, next));
    *member = (fa_barrier_member)FA_BARRIER_MEMBER_INIT;
    return FA_OK;
}

/* --- begin and end --- */

fa_status
fa_barrier_create(fa_ctx *ctx, uint32_t count, fa_barrier **out)
{
    if (ctx == NULL || out == NULL)
        return FA_ERR_USAGE;
    *out = NULL;
    if (ctx->is_refusing)
        return FA_ERR_NOMEM;
    if (count == 0 || count > FA_BARRIER_MAX) {
        fai_report(&ctx->allocator->reporter, 221, NULL, "%u members", count);
        return FA_ERR_USAGE;
    }
    fa_barrier *barrier = fa_heap_alloc(ctx, sizeof(*barrier), 64);
    if (barrier == NULL)
        return ctx->status;
    *barrier = (fa_barrier){.word = join((struct parts){0, count, 0}),
                            .unclaimed = count,
                            .allocator = ctx->allocator};
    *out = barrier;
    return FA_OK;
}

#define LEAVE_NS 100000

/* Those that sleep see that no member is left. They are woken until they have
 * gone, as one may fall asleep only now. */
static void
send_away(fa_barrier *barrier)
{
    struct parts parts = split(fai_load(&barrier->word));
    parts.members = parts.arrived = 0;
    fai_store_release(&barrier->word, join(parts));
    uint32_t inside;
    /* Pairs with the release in wait_slowly(). */
    while ((inside = fai_load_acquire(&barrier->inside)) != 0) {
        fai_futex_wake(fai_futex_upper(&barrier->word));
        fai_futex_wait(&barrier->inside, inside, fai_clock_ns() + LEAVE_NS);
    }
}

void
fa_barrier_destroy(fa_ctx *ctx, fa_barrier *barrier)
{
    if (ctx == NULL || barrier == NULL || ctx->is_refusing)
        return;
    if (barrier->allocator != ctx->allocator) {
        fai_report(&ctx->allocator->reporter, 8, barrier,
                   "a barrier of another allocator");
        return;
    }
    send_away(barrier);
    fa_heap_free(ctx, barrier);
}

/* --- figures --- */

uint32_t
fa_barrier_generation(const fa_barrier *barrier)
{
    /* Who waits for it looks again, with an acquire. */
    return split(fai_load(&barrier->word)).generation;
}

fa_status
fa_barrier_stats_read(const fa_barrier *barrier, fa_barrier_stats *out)
{
    if (barrier == NULL || out == NULL)
        return FA_ERR_USAGE;
    struct parts parts = split(fai_load(&barrier->word));
    fa_barrier_stats stats = {.struct_size = sizeof(stats),
                              .generations = fai_load(&barrier->generations),
                              .waits = fai_load(&barrier->waits),
                              .timeouts = fai_load(&barrier->timeouts),
                              .longest_wait_ns =
                                  fai_load(&barrier->longest_wait_ns),
                              .members = parts.members,
                              .arrived = parts.arrived,
                              .waiting = fai_load(&barrier->inside)};
    return fai_sized_write(&barrier->allocator->reporter, "fa_barrier_stats",
                           &stats, sizeof(stats), out)
               ? FA_OK
               : FA_ERR_CONFIG;
}
