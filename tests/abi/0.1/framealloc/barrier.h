/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Barriers: threads that meet once per frame, frame after frame.
 *
 * A barrier counts generations. A generation is complete when each member has
 * arrived once; the next one begins by itself, so there is nothing to reset.
 * Whoever waits names a generation, so a slow waiter is never overtaken.
 * Members come and go at any time.
 */
#ifndef FRAMEALLOC_BARRIER_H
#define FRAMEALLOC_BARRIER_H

#include <framealloc/allocator.h>

FA_BEGIN_DECLS

/** A barrier. */
typedef struct fa_barrier fa_barrier;

/** Most members of a barrier. */
#define FA_BARRIER_MAX 65535u
/** A timeout that never passes. */
#define FA_BARRIER_FOREVER UINT64_MAX

/** What a member keeps, one per thread or job. Start from
 *  FA_BARRIER_MEMBER_INIT. */
typedef struct fa_barrier_member {
    uint32_t generation; /**< That it has arrived for last. */
    uint32_t state;      /**< Of the library; 0: new. */
} fa_barrier_member;

#define FA_BARRIER_MEMBER_INIT \
    {                          \
        0, 0                   \
    }

/** Figures of a barrier. Start from FA_BARRIER_STATS_INIT. */
typedef struct fa_barrier_stats {
    size_t struct_size;       /**< sizeof(fa_barrier_stats). */
    uint64_t generations;     /**< Complete ones. */
    uint64_t waits;           /**< Waits that had to sleep. */
    uint64_t timeouts;        /**< Of them: those that ended by the timeout. */
    uint64_t longest_wait_ns; /**< Longest sleep of one wait. */
    uint32_t members;         /**< Now. */
    uint32_t arrived;         /**< Of them: in the current generation. */
    uint32_t waiting;         /**< Threads that wait now. */
} fa_barrier_stats;

#define FA_BARRIER_STATS_INIT                         \
    {                                                 \
        sizeof(fa_barrier_stats), 0, 0, 0, 0, 0, 0, 0 \
    }

/**
 * Makes a barrier.
 *
 * When to use: once, for threads that meet again and again.
 * @param ctx the calling thread's context.
 * @param count members, 1 to FA_BARRIER_MAX. Each becomes one by its first
 *        call with a new fa_barrier_member.
 * @param out gets the barrier; NULL on failure.
 * @return FA_OK; FA_ERR_USAGE with FA221 for a count outside its range,
 *         FA_ERR_NOMEM, FA_ERR_BUDGET.
 * Valid until: fa_barrier_destroy(). Owner: the caller.
 * Thread: the context's own. Cost: a pool block. Since: 0.1.
 */
FA_API FA_CHECKED fa_status fa_barrier_create(fa_ctx *ctx, uint32_t count,
                                              fa_barrier **out);

/**
 * Ends a barrier.
 *
 * When to use: when the last generation is complete. Threads that are still
 * waking up from it are waited for; those that wait for one that is not
 * complete return with FA222.
 * @param ctx the calling thread's context, of the same allocator.
 * @param barrier the barrier, or NULL. No call may begin from now on.
 * Valid until: - Owner: - Thread: the context's own.
 * Cost: a free, and the time until the last waiter has left. Since: 0.1.
 */
FA_API void fa_barrier_destroy(fa_ctx *ctx, fa_barrier *barrier);

/**
 * Arrives, and goes on at once.
 *
 * When to use: by a member that has done its part and needs nobody else's.
 * @param barrier the barrier.
 * @param member the member; its generation can be waited for.
 * @return FA_OK; FA_ERR_USAGE with FA221 when the member has arrived in this
 *         generation before, or is one more than the barrier counts.
 * Valid until: - Owner: - Thread: any, one at a time for a member. What was
 * written before is seen by all that wait for the generation.
 * Cost: one compare-and-swap; the last arrival makes a system call.
 * Since: 0.1.
 */
FA_API fa_status fa_barrier_arrive(fa_barrier *barrier,
                                   fa_barrier_member *member);

/**
 * Waits until a generation is complete.
 *
 * When to use: by members after fa_barrier_arrive(), and by threads that are
 * none, as one that coordinates.
 * @param barrier the barrier.
 * @param generation of a member, or of fa_barrier_generation().
 * @param timeout_ns nanoseconds; 0 only asks, FA_BARRIER_FOREVER waits on.
 * @return FA_OK; FA_TIMEOUT, and it can be waited for again; FA_ERR_STATE with
 *         FA222 when the barrier has ended meanwhile.
 * Valid until: - Owner: - Thread: any.
 * Cost: a load when it is complete; a system call otherwise. Since: 0.1.
 */
FA_API FA_JOINS_THREADS fa_status fa_barrier_wait(fa_barrier *barrier,
                                                  uint32_t generation,
                                                  uint64_t timeout_ns);

/**
 * Arrives and waits for the others.
 *
 * When to use: where threads go on together.
 * @param barrier the barrier.
 * @param member the member.
 * @param timeout_ns as fa_barrier_wait(); the arrival counts after a timeout,
 *        too.
 * @return as fa_barrier_arrive() and fa_barrier_wait().
 * Valid until: - Owner: - Thread: any, one at a time for a member.
 * Cost: of both. Since: 0.1.
 */
FA_API FA_JOINS_THREADS fa_status fa_barrier_arrive_and_wait(
    fa_barrier *barrier, fa_barrier_member *member, uint64_t timeout_ns);

/**
 * Adds a member; the current generation needs its arrival, too.
 *
 * When to use: when a worker starts.
 * @param barrier the barrier.
 * @param member a new one.
 * @return FA_OK; FA_ERR_USAGE with FA221 when it is a member already, or
 *         beyond FA_BARRIER_MAX.
 * Valid until: fa_barrier_leave(). Owner: the caller. Thread: any.
 * Cost: one compare-and-swap. Since: 0.1.
 */
FA_API fa_status fa_barrier_join(fa_barrier *barrier,
                                 fa_barrier_member *member);

/**
 * Takes a member away, arrived or not; the others may be complete by that.
 *
 * When to use: when a worker stops.
 * @param barrier the barrier.
 * @param member the member; a new one afterwards.
 * @return FA_OK; FA_ERR_USAGE with FA221 for the last member and for one that
 *         the barrier does not count.
 * Valid until: - Owner: - Thread: any, one at a time for a member.
 * Cost: as fa_barrier_arrive(). Since: 0.1.
 */
FA_API fa_status fa_barrier_leave(fa_barrier *barrier,
                                  fa_barrier_member *member);

/**
 * The generation that is not complete yet.
 *
 * When to use: by a thread that waits and is no member, before it lets the
 * members work.
 * @param barrier the barrier.
 * @return its number, from 0 on; it wraps after 2^32.
 * Valid until: it is complete. Owner: - Thread: any.
 * Cost: one load. Since: 0.1.
 */
FA_API uint32_t fa_barrier_generation(const fa_barrier *barrier);

/**
 * Reads the figures of a barrier.
 *
 * When to use: to see who waits for whom, and how long.
 * @param barrier the barrier.
 * @param out initialised; gets the figures.
 * @return FA_OK; FA_ERR_CONFIG with FA010, FA_ERR_USAGE for NULL.
 * Valid until: a copy. Owner: the caller. Thread: any.
 * Cost: six loads. Since: 0.1.
 */
FA_API fa_status fa_barrier_stats_read(const fa_barrier *barrier,
                                       fa_barrier_stats *out);

FA_END_DECLS

#endif
