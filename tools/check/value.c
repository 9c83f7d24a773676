/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Values and places, hashed so that each is made once.
 */
#include "check/value.h"

#include "check/ir.h"
#include "check/memory.h"

#include <string.h>

void
values_begin(struct values *values)
{
    memset(values, 0, sizeof(*values));
    values->value_slot_count = values->place_slot_count = 256;
    values->value_slots = check_zalloc(256, sizeof(uint32_t));
    values->place_slots = check_zalloc(256, sizeof(uint32_t));
    ir_grow((void **)&values->values, &values->values_room, 0,
            sizeof(*values->values));
    ir_grow((void **)&values->places, &values->places_room, 0,
            sizeof(*values->places));
    values->value_count = values->place_count = 1;
}

void
values_free(struct values *values)
{
    check_free(values->values);
    check_free(values->places);
    check_free(values->value_slots);
    check_free(values->place_slots);
}

static uint32_t
mix(uint32_t kind, uint32_t a, uint32_t b, int64_t n)
{
    uint64_t hash = kind * UINT64_C(0x9e3779b97f4a7c15);
    hash = (hash ^ a) * UINT64_C(0xbf58476d1ce4e5b9);
    hash = (hash ^ (hash >> 29) ^ b) * UINT64_C(0x94d049bb133111eb);
    hash = (hash ^ (hash >> 31) ^ (uint64_t)n) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash >> 32);
}

static void
grow_value_slots(struct values *values)
{
    check_free(values->value_slots);
    values->value_slot_count *= 2;
    values->value_slots =
        check_zalloc(values->value_slot_count, sizeof(uint32_t));
    for (uint32_t i = 1; i < values->value_count; i++) {
        const struct value_entry *entry = &values->values[i];
        uint32_t at = mix(entry->kind, entry->a, entry->b, entry->n);
        while (values->value_slots[at & (values->value_slot_count - 1)] != 0)
            at++;
        values->value_slots[at & (values->value_slot_count - 1)] = i;
    }
}

value
value_make(struct values *values, enum value_kind kind, uint32_t a, uint32_t b,
           int64_t n)
{
    for (uint32_t at = mix(kind, a, b, n);; at++) {
        uint32_t *slot =
            &values->value_slots[at & (values->value_slot_count - 1)];
        const struct value_entry *entry = &values->values[*slot];
        if (*slot != 0 && entry->kind == kind && entry->a == a &&
            entry->b == b && entry->n == n)
            return *slot;
        if (*slot != 0)
            continue;
        ir_grow((void **)&values->values, &values->values_room,
                values->value_count, sizeof(*values->values));
        uint32_t v = *slot = values->value_count++;
        values->values[v] = (struct value_entry){(uint8_t)kind, 0, a, b, n};
        if (values->value_count * 2 > values->value_slot_count)
            grow_value_slots(values);
        return v;
    }
}

static void
grow_place_slots(struct values *values)
{
    check_free(values->place_slots);
    values->place_slot_count *= 2;
    values->place_slots =
        check_zalloc(values->place_slot_count, sizeof(uint32_t));
    for (uint32_t i = 1; i < values->place_count; i++) {
        const struct place_entry *entry = &values->places[i];
        uint32_t at = mix(entry->kind, entry->a, entry->b, entry->n);
        while (values->place_slots[at & (values->place_slot_count - 1)] != 0)
            at++;
        values->place_slots[at & (values->place_slot_count - 1)] = i;
    }
}

place
place_make(struct values *values, enum place_kind kind, uint32_t a, uint32_t b,
           int64_t n)
{
    for (uint32_t at = mix(kind, a, b, n);; at++) {
        uint32_t *slot =
            &values->place_slots[at & (values->place_slot_count - 1)];
        const struct place_entry *entry = &values->places[*slot];
        if (*slot != 0 && entry->kind == kind && entry->a == a &&
            entry->b == b && entry->n == n)
            return *slot;
        if (*slot != 0)
            continue;
        ir_grow((void **)&values->places, &values->places_room,
                values->place_count, sizeof(*values->places));
        uint32_t p = *slot = values->place_count++;
        bool is_part = kind == PLACE_FIELD || kind == PLACE_ELEMENT;
        values->places[p] =
            (struct place_entry){(uint8_t)kind,
                                 false,
                                 a,
                                 b,
                                 n,
                                 is_part ? values->places[a].root : p};
        if (is_part)
            values->places[a].has_parts = true;
        if (values->place_count * 2 > values->place_slot_count)
            grow_place_slots(values);
        return p;
    }
}

value
value_int(struct values *values, int64_t n)
{
    return value_make(values, VALUE_INT, 0, 0, n);
}

bool
value_is_int(const struct values *values, value v, int64_t *n)
{
    if (values->values[v].kind != VALUE_INT)
        return false;
    *n = values->values[v].n;
    return true;
}

value
value_not(struct values *values, value v)
{
    int64_t n;
    if (value_is_int(values, v, &n))
        return value_int(values, n == 0);
    return value_make(values, VALUE_NOT, v, 0, 0);
}

value
value_address(struct values *values, place p)
{
    const struct place_entry *entry = place_at(values, p);
    if (entry->kind == PLACE_DEREF)
        return entry->b;
    return value_make(values, VALUE_ADDRESS, p, 0, 0);
}

place
value_target(struct values *values, value v)
{
    const struct value_entry *entry = value_at(values, v);
    if (entry->kind == VALUE_ADDRESS || entry->kind == VALUE_WHOLE)
        return entry->a;
    return place_make(values, PLACE_DEREF, 0, v, 0);
}

place
place_field(struct values *values, place p, uint32_t name)
{
    return place_make(values, PLACE_FIELD, p, name, 0);
}

place
place_element(struct values *values, place p, int64_t n)
{
    const struct place_entry *entry = place_at(values, p);
    if (n == 0)
        return p;
    if (entry->kind == PLACE_ELEMENT && entry->b == 0)
        return place_element(values, entry->a, entry->n + n);
    return place_make(values, PLACE_ELEMENT, p, 0, n);
}

place
place_indexed(struct values *values, place p, value index)
{
    return place_make(values, PLACE_ELEMENT, p, index, 0);
}

bool
place_is_in(const struct values *values, place p, place q)
{
    for (;;) {
        if (p == q)
            return true;
        const struct place_entry *entry = place_at(values, p);
        if (entry->kind != PLACE_FIELD && entry->kind != PLACE_ELEMENT)
            return false;
        p = entry->a;
    }
}

place
place_moved(struct values *values, place part, place from, place to)
{
    if (part == from)
        return to;
    struct place_entry entry = *place_at(values, part);
    place outer = place_moved(values, entry.a, from, to);
    return place_make(values, (enum place_kind)entry.kind, outer, entry.b,
                      entry.n);
}
