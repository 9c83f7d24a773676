/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The table that maps the lifetime and size of an object to its intent.
 *
 * Rules are tried from the top; the first with lifetime <= max_lifetime and
 * size <= max_size wins. The last one fits everything. Only objects of
 * lifetime 0 may live in the arena, since the replay runs without lag.
 *
 * - Same frame, up to the window: the frame arena. In the row `framealloc` the
 *   end of the object is passed on as a hint, which pops the arena when the
 *   object is the newest one; `frames only` leaves all to the frame's end.
 * - Same frame, above the window: still asked from the frame, which takes such
 *   a block from the block cache and gives it back at the hint. Without hints
 *   it would be kept to the end of the frame, so `frames only` uses the heap.
 * - Longer, small: a pool. A life of a few frames is no reason for a lagging
 *   arena, which would walk through several frames' worth of cold memory.
 * - Everything else: the heap.
 */
#include "intent.h"

#define POOL_MAX 4096

const struct intent_rule intent_rules[] = {
    /* lifetime   size           framealloc       frames only */
    {0, INTENT_WINDOW, {HOME_ARENA_HINT, HOME_ARENA}},
    {0, INTENT_ANY, {HOME_ARENA_HINT, HOME_HEAP}},
    {INTENT_ANY, POOL_MAX, {HOME_POOL, HOME_POOL}},
    {INTENT_ANY, INTENT_ANY, {HOME_HEAP, HOME_HEAP}},
};

const uint32_t intent_rule_count = sizeof intent_rules / sizeof *intent_rules;

_Static_assert(sizeof intent_rules / sizeof *intent_rules <= INTENT_RULE_MAX,
               "rule numbers must fit the tables made from them");

uint8_t
intent_rule_of(const struct trace_object *object)
{
    uint32_t lifetime = trace_lifetime(object);
    uint8_t i = 0;

    while (i + 1u < intent_rule_count &&
           (lifetime > intent_rules[i].max_lifetime ||
            object->largest_size > intent_rules[i].max_size))
        i++;
    return i;
}

enum intent_home
intent_home_of(uint8_t index, enum intent_row row)
{
    const struct intent_rule *rule = &intent_rules[index];
    enum intent_home home = (enum intent_home)rule->home[row];

    if (home == HOME_POOL && rule->max_size > INTENT_WINDOW)
        return HOME_HEAP;
    if (home <= HOME_ARENA_HINT && rule->max_lifetime != 0)
        return HOME_HEAP;
    return home;
}

const char *
intent_home_name(enum intent_home home)
{
    static const char *const names[] = {"arena", "arena with hints", "pool",
                                        "heap"};
    return names[home];
}
