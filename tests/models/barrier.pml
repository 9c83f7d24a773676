/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The barrier; see src/lifetime/barrier.c.
 *
 * Two members meet in ROUNDS generations. A third thread joins, meets once or
 * not, and leaves. An observer waits for each generation without being a
 * member. Each change of the word is one compare-and-swap, so one atomic step;
 * the wake-up is a step of its own, and sleeping is the kernel's: it compares
 * and falls asleep in one step.
 *
 * Properties: nobody passes a generation before all its members have arrived,
 * no arrival is lost, and nobody sleeps for ever (a deadlock is an error).
 *
 * Bugs that can be seeded, to show that the model can fail:
 *   -DBUG_BLIND_SLEEP   falling asleep does not compare
 *   -DBUG_SPLIT_END     the generation changes, arrivals are cleared later
 *   -DBUG_STICKY        once complete, always complete
 *   -DBUG_QUIET_LEAVE   a leave that completes wakes nobody
 *   -DBUG_SPLIT_JOIN    joining reads and writes in two steps
 *   -DBUG_KEEP_ARRIVAL  who leaves does not take its arrival along
 */

#define ROUNDS 3
#define GUEST 2
#define OBSERVER 3
#define THREADS 4
#define NEVER 255

byte generation, members = 2, arrived; /* The word. */
bool asleep[THREADS];

/* What the word stands for. */
bool is_member[THREADS];
byte done_for[THREADS]; /* Generation that it has arrived for. */

inline check_members()
{
    assert(members == is_member[0] + is_member[1] + is_member[GUEST])
}

/* All members have arrived for the generation that ends here. */
inline check_arrivals(k)
{
    k = 0;
    do
    :: k == THREADS -> break
    :: else ->
        assert(!is_member[k] || done_for[k] == generation);
        k++
    od;
    k = 0
}

inline complete(k, is_last)
{
    is_last = (arrived == members);
    if
    :: is_last ->
        check_arrivals(k);
#ifndef BUG_SPLIT_END
        arrived = 0;
#endif
        generation++
    :: else -> skip
    fi
}

inline wake(k)
{
    d_step {
        k = 0;
        do
        :: k == THREADS -> break
        :: else -> asleep[k] = false; k++
        od;
        k = 0
    }
}

inline finish(k, is_last)
{
    if
    :: is_last ->
#ifdef BUG_SPLIT_END
        arrived = 0;
#endif
        wake(k)
    :: else -> skip
    fi;
    is_last = false
}

inline arrive(me, own, k, is_last)
{
    atomic {
        own = generation;
        assert(done_for[me] != own);
        done_for[me] = own;
        arrived++;
        complete(k, is_last)
    };
    finish(k, is_last)
}

inline wait(me, own)
{
    do
    :: generation != own -> break
#ifdef BUG_STICKY
    :: generation != 0 -> break
#endif
    :: generation == own ->
#ifdef BUG_BLIND_SLEEP
        asleep[me] = true;
#else
        atomic {
            if
            :: generation == own -> asleep[me] = true
            :: else -> skip
            fi
        };
#endif
        !asleep[me]
    od
}

inline join(me, seen)
{
#ifdef BUG_SPLIT_JOIN
    seen = members;
    atomic { members = seen + 1; is_member[me] = true; check_members() };
#else
    atomic { members++; is_member[me] = true; check_members() };
#endif
    seen = 0
}

inline leave(me, k, is_last)
{
    atomic {
        members--;
        is_member[me] = false;
        check_members();
#ifndef BUG_KEEP_ARRIVAL
        if
        :: done_for[me] == generation -> arrived--
        :: else -> skip
        fi;
#endif
        complete(k, is_last)
    };
#ifdef BUG_QUIET_LEAVE
    is_last = false;
#endif
    finish(k, is_last)
}

proctype stayer(byte me)
{
    byte own, k, n;
    bool is_last;
    do
    :: n == ROUNDS -> break
    :: else ->
        arrive(me, own, k, is_last);
        wait(me, own);
        assert(generation > own);
        n++
    od;
    /* The second leaves, so that the guest may be alone with the first. */
    if
    :: me == 1 -> leave(me, k, is_last)
    :: else -> skip
    fi
}

proctype guest(byte me)
{
    byte own, k;
    bool is_last;
    join(me, own);
    if
    :: arrive(me, own, k, is_last)
    :: skip
    fi;
    leave(me, k, is_last)
}

proctype observer(byte me)
{
    byte n;
    do
    :: n == ROUNDS -> break
    :: else -> wait(me, n); n++
    od
}

init {
    atomic {
        is_member[0] = true;
        is_member[1] = true;
        done_for[0] = NEVER;
        done_for[1] = NEVER;
        done_for[GUEST] = NEVER;
        run stayer(0);
        run stayer(1);
        run guest(GUEST);
        run observer(OBSERVER)
    }
}
