/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Remote frees with thread exit and adoption; see src/memory/remote.c,
 * src/base/stack.h and src/lifetime/end.c.
 *
 * The owner hands BLOCKS blocks to FREERS threads. Each freer collects those
 * that it frees in a batch and pushes the batch by one compare-and-swap in
 * front of the owner's list. The owner takes the whole list by one exchange,
 * puts the blocks back into its pool, and at some moment exits: its context is
 * unmapped when nothing is live, or else waits, idle, to be adopted whole by
 * another thread, or to be swept by the thread that ends a frame.
 *
 * Properties: no block is lost, none comes back twice, the context is touched
 * by one owner at a time, and never after it has been unmapped.
 *
 * Bugs that can be seeded, to show that the model can fail:
 *   -DBUG_SPLIT_TAKE    the list is read and cleared in two steps
 *   -DBUG_BLIND_PUSH    a push stores without comparing
 *   -DBUG_EARLY_UNMAP   the exit unmaps although blocks are live
 *   -DBUG_LAZY_ADOPT    adopting does not take the idle mark in one step
 *   -DBUG_KEEP_BATCH    a freer exits without pushing its batch
 */

#ifndef BLOCKS
#define BLOCKS 3
#endif
#define FREERS 2
#define NONE 255

#define IS_LIVE 0   /* The program has it. */
#define IS_BATCHED 1
#define IS_LISTED 2 /* In the owner's list, or on its way out of it. */
#define IS_FREE 3   /* In the pool of the context. */

byte state[BLOCKS];
byte next[BLOCKS];  /* Links of the list. */
byte head = NONE;   /* The owner's list. */
byte to[BLOCKS];    /* Which freer gets it. */

bool is_mapped = true;
bool is_idle = false; /* Under the lock of the allocator. */
byte owners = 1;      /* Threads that think the context is theirs. */
byte threads_left = FREERS + 2; /* Freers, the owner, the adopter. */

/* The batch of a freer is in the list now. */
inline list_batch(freer_of, j)
{
    j = 0;
    do
    :: j == BLOCKS -> break
    :: else ->
        if
        :: to[j] == freer_of && state[j] == IS_BATCHED -> state[j] = IS_LISTED
        :: else -> skip
        fi;
        j++
    od;
    j = 0
}

inline touch()
{
    assert(is_mapped);
}

/* One atomic exchange; then block by block into the pool. */
inline drain(taken, following)
{
    touch();
#ifdef BUG_SPLIT_TAKE
    taken = head;
    head = NONE;
#else
    atomic { taken = head; head = NONE; }
#endif
    do
    :: taken == NONE -> break
    :: else ->
        d_step {
            touch();
            assert(owners == 1);
            assert(state[taken] == IS_LISTED);
            following = next[taken];
            state[taken] = IS_FREE;
            taken = following;
        }
    od;
    taken = 0;
    following = 0
}

inline count_live(n, i)
{
    d_step {
        n = 0;
        i = 0;
        do
        :: i == BLOCKS -> break
        :: else ->
            if
            :: state[i] != IS_FREE -> n++
            :: else -> skip
            fi;
            i++
        od;
        i = 0
    }
}

/* Everything that can be given back is; what is left waits. */
inline settle(taken, following, n)
{
    drain(taken, following);
    count_live(n, following);
    atomic {
        assert(owners == 1);
        owners--;
        if
#ifdef BUG_EARLY_UNMAP
        :: true -> is_mapped = false
#else
        :: n == 0 -> is_mapped = false
        :: else -> is_idle = true
#endif
        fi
    };
    n = 0
}

/* A thread that finds an idle context takes it whole. */
inline claim(is_mine)
{
#ifdef BUG_LAZY_ADOPT
    is_mine = is_idle;
    if
    :: is_mine -> atomic { is_idle = false; owners++ }
    :: else -> skip
    fi
#else
    atomic {
        is_mine = is_idle;
        if
        :: is_mine -> is_idle = false; owners++
        :: else -> skip
        fi
    }
#endif
}

proctype freer(byte me)
{
    byte first = NONE, last = NONE, seen, i, j;
    do
    :: i < BLOCKS && to[i] == me ->
        d_step {
            assert(state[i] == IS_LIVE);
            state[i] = IS_BATCHED;
            next[i] = first;
            first = i;
            if
            :: last == NONE -> last = i
            :: else -> skip
            fi;
            i++
        }
    :: i < BLOCKS && to[i] != me -> i++
    :: first != NONE -> /* A full batch, a frame end, or the exit. */
        d_step { touch(); seen = head; }
        do
        :: next[last] = seen;
#ifdef BUG_BLIND_PUSH
            d_step {
                touch();
                head = first;
                list_batch(me, j)
            };
            break
#else
            atomic {
                touch();
                if
                :: head == seen -> head = first; list_batch(me, j); break
                :: else -> seen = head
                fi
            }
#endif
        od;
        first = NONE;
        last = NONE
#ifdef BUG_KEEP_BATCH
    :: i == BLOCKS -> break
#else
    :: i == BLOCKS && first == NONE -> break
#endif
    od;
    threads_left--
}

/* The owner: works for a while, then its thread exits. */
proctype owner()
{
    byte taken, following, n;
    do
    :: drain(taken, following)
    :: break
    od;
    settle(taken, following, n);
    threads_left--
}

/* Makes a context: adopts an idle one, works, and exits, too. */
proctype adopter()
{
    byte taken, following, n;
    bool is_mine;
    claim(is_mine);
    if
    :: is_mine ->
        do
        :: drain(taken, following)
        :: break
        od;
        settle(taken, following, n)
    :: else -> skip
    fi;
    threads_left--
}

/* Ends frames: sweeps idle contexts; the last sweep comes after all frees. */
proctype sweeper()
{
    byte taken, following, n;
    bool is_mine, is_last;
    do
    :: is_last = (threads_left == 0);
        claim(is_mine);
        if
        :: is_mine -> settle(taken, following, n)
        :: else -> skip
        fi;
        if
        :: is_last -> break
        :: else -> skip
        fi
    od;
    /* All blocks came back, so nothing is left to wait. */
    assert(!is_mapped);
    n = 0;
    do
    :: n == BLOCKS -> break
    :: else -> assert(state[n] == IS_FREE); n++
    od
}

init {
    byte i;
    atomic {
        do
        :: i == BLOCKS -> break
        :: else ->
            if
            :: to[i] = 0
            :: to[i] = 1
            fi;
            next[i] = NONE;
            i++
        od;
        run owner();
        run adopter();
        run freer(0);
        run freer(1);
        run sweeper()
    }
}
