/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A bounded queue that drops its oldest; see src/memory/queue.c.
 *
 * FREERS threads free the BLOCKS blocks of an owner one by one. Each block
 * needs a place: the queue holds CAPACITY, counted by what was queued and what
 * has left. Who finds it full takes the whole list by one exchange, cuts the
 * oldest off, pushes that to a second list and the rest back, and tries again;
 * if the list was empty, its own block goes to the second list. The owner takes
 * the first list at any time and both now and then, and when it ends its
 * context is unmapped as soon as nothing is live.
 *
 * Properties: never more than CAPACITY blocks are in the queue, no block is
 * lost, none comes back twice, and the context is not touched after it has
 * been unmapped.
 *
 * Bugs that can be seeded, to show that the model can fail:
 *   -DBUG_BLIND_PLACE   a place is counted without comparing
 *   -DBUG_LATE_COUNT    what leaves for the second list is counted too late
 *   -DBUG_LOSE_REST     the rest of the list is not pushed back
 *   -DBUG_FORGET_ASIDE  the end of the owner does not look at the second list
 *   -DBUG_EARLY_LEAVE   the owner counts a place as left before it takes
 *   -DBUG_SPLIT_TAKE    the list is read and cleared in two steps
 */

#ifndef BLOCKS
#define BLOCKS 3
#endif
#define CAPACITY 2
#define FREERS 2
#define NONE 255

#define IS_LIVE 0   /* The program has it, or whoever frees it. */
#define IS_QUEUED 1 /* In the first list, or on its way out of it. */
#define IS_ASIDE 2  /* In the second list, or on its way out of it. */
#define IS_FREE 3

byte state[BLOCKS];
byte next[BLOCKS];
byte head = NONE;
byte aside = NONE;
byte queued, done;  /* Counters that only rise. */
byte to[BLOCKS];    /* Which freer gets it. */
bool is_mapped = true;
byte threads_left = FREERS;

inline touch()
{
    assert(is_mapped)
}

inline check_bound(n, i)
{
    d_step {
        n = 0;
        i = 0;
        do
        :: i == BLOCKS -> break
        :: else ->
            if
            :: state[i] == IS_QUEUED -> n++
            :: else -> skip
            fi;
            i++
        od;
        assert(n <= CAPACITY);
        n = 0;
        i = 0
    }
}

/* Pushes the chain from one block to another. The states change before, as
 * the blocks are in nobody's list until then. */
inline push(a_list, a_from, a_last, a_seen)
{
    d_step { touch(); a_seen = a_list; }
    do
    :: next[a_last] = a_seen;
        atomic {
            touch();
            if
            :: a_list == a_seen -> a_list = a_from; break
            :: else -> a_seen = a_list
            fi
        }
    od;
    a_seen = 0
}

proctype freer(byte me)
{
    byte b, first, last, before, seen, n, i, q, d;
    do
    :: b == BLOCKS -> break
    :: b < BLOCKS && to[b] != me -> b++
    :: b < BLOCKS && to[b] == me ->
        assert(state[b] == IS_LIVE);
        do
        :: /* A place, if there is one. */
            d_step { touch(); q = queued; }
            d_step { touch(); d = done; }
            if
            :: q - d < CAPACITY ->
#ifdef BUG_BLIND_PLACE
                touch();
                queued = q + 1;
                state[b] = IS_QUEUED;
                check_bound(n, i);
                push(head, b, b, seen);
                break
#else
                atomic {
                    touch();
                    if
                    :: queued == q ->
                        queued++;
                        state[b] = IS_QUEUED;
                        check_bound(n, i)
                    :: else -> q = NONE
                    fi
                }
                if
                :: q == NONE -> skip
                :: else -> push(head, b, b, seen); break
                fi
#endif
            :: else ->
#ifdef BUG_SPLIT_TAKE
                touch();
                first = head;
                head = NONE;
#else
                atomic { touch(); first = head; head = NONE; }
#endif
                if
                :: first == NONE ->
                    state[b] = IS_ASIDE;
                    push(aside, b, b, seen);
                    break
                :: else ->
                    d_step {
                        last = first;
                        before = NONE;
                        do
                        :: next[last] == NONE -> break
                        :: else -> before = last; last = next[last]
                        od
                    }
#ifdef BUG_LATE_COUNT
                    state[last] = IS_ASIDE;
                    push(aside, last, last, seen);
#ifndef BUG_LOSE_REST
                    if
                    :: before != NONE -> push(head, first, before, seen)
                    :: else -> skip
                    fi;
#endif
                    state[b] = IS_ASIDE;
                    push(aside, b, b, seen);
                    d_step { touch(); done++ };
                    break
#else
                    d_step { touch(); state[last] = IS_ASIDE; done++ };
                    push(aside, last, last, seen);
#ifndef BUG_LOSE_REST
                    if
                    :: before != NONE -> push(head, first, before, seen)
                    :: else -> skip
                    fi
#endif
#endif
                fi
            fi
        od;
        b++
    od;
    threads_left--
}

inline drain(node, following)
{
#ifdef BUG_EARLY_LEAVE
    if
    :: head != NONE -> done++; is_early = true
    :: else -> skip
    fi;
#endif
    atomic { touch(); node = head; head = NONE; }
    do
    :: node == NONE -> break
    :: else ->
        d_step {
            assert(state[node] == IS_QUEUED);
            following = next[node];
            state[node] = IS_FREE;
            if
            :: is_early -> is_early = false
            :: else -> done++
            fi;
            node = following
        }
    od;
    node = 0;
    following = 0
}

inline trim(node, following)
{
    atomic { touch(); node = aside; aside = NONE; }
    do
    :: node == NONE -> break
    :: else ->
        d_step {
            assert(state[node] == IS_ASIDE);
            following = next[node];
            state[node] = IS_FREE;
            node = following
        }
    od;
    node = 0;
    following = 0
}

proctype owner()
{
    byte node, following, n, i;
    bool is_last, is_early;
    do
    :: drain(node, following)
    :: trim(node, following)
    :: break
    od;
    /* It ends; sweeps come until nothing is live. */
    do
    :: is_last = (threads_left == 0);
        drain(node, following);
#ifndef BUG_FORGET_ASIDE
        trim(node, following);
#endif
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
        };
        if
        :: n == 0 -> is_mapped = false; break
        :: else -> skip
        fi;
        n = 0;
        if
        :: is_last -> break
        :: else -> skip
        fi
    od;
    /* All blocks came back, so nothing is left to wait. */
    assert(!is_mapped)
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
        run freer(0);
        run freer(1)
    }
}
