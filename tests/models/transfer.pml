/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Transfers; see src/lifetime/transfer.c.
 *
 * A sender sends SENDS blocks, one after another, through one record of the
 * table. Two receivers and one that releases have got copies of every number,
 * also of those that are over. What is left is dropped when all have ended.
 *
 * Properties: each block ends exactly once, received, released or dropped;
 * none is handed out twice, and none under the number of another.
 *
 * Bugs that can be seeded, to show that the model can fail:
 *   -DBUG_SPLIT_TAKE   the record is looked at and cleared in two steps
 *   -DBUG_SAME_SERIAL  the serial number does not change
 *   -DBUG_NO_DROP      what is left is forgotten
 */

#define SENDS 2
#define NONE 255

byte block = NONE; /* The record; block i is sent as number serial_of[i]. */
byte serial = 1;
byte serial_of[SENDS];
byte ended[SENDS];
byte sent;
byte running = 4;

inline take(number, what)
{
#ifdef BUG_SPLIT_TAKE
    what = (serial == number -> block : NONE);
    atomic {
        if
        :: what != NONE ->
            block = NONE;
            serial++
        :: else -> skip
        fi
    }
#else
    atomic {
        if
        :: serial == number && block != NONE ->
            what = block;
            block = NONE;
#ifndef BUG_SAME_SERIAL
            serial++
#endif
        :: else -> what = NONE
        fi
    }
#endif
}

/* Nobody else has it, and it is the one that was asked for. */
inline end_block(what, wanted)
{
    d_step {
        if
        :: what != NONE ->
            ended[what]++;
            assert(ended[what] == 1);
            assert(what == wanted)
        :: else -> skip
        fi;
        what = 0
    }
}

proctype sender()
{
    do
    :: sent == SENDS -> break
    :: sent < SENDS && block == NONE ->
        atomic { serial_of[sent] = serial; block = sent; sent++ }
    /* The record is in use for ever, if nobody takes it: give up. */
    :: sent != 0 -> break
    od;
    running--
}

/* Tries every number that it has heard of, in any order. */
proctype taker()
{
    byte what, i;
    do
    :: i < sent ->
        take(serial_of[i], what);
        end_block(what, i);
        i++
    :: i < SENDS -> i++
    :: i >= SENDS -> break
    od;
    running--
}

proctype destroyer()
{
    byte i;
    running == 0;
#ifndef BUG_NO_DROP
    if
    :: block != NONE -> ended[block]++; block = NONE
    :: else -> skip
    fi;
#endif
    do
    :: i == sent -> break
    :: else -> assert(ended[i] == 1); i++
    od
}

init {
    atomic {
        run sender();
        run taker();
        run taker();
        run taker();
        run destroyer()
    }
}
