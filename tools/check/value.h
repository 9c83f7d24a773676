/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Symbolic values and the places that they are stored in. Both are numbers:
 * equal things have equal numbers, so that two paths that know the same are
 * found to be one. A table lasts for the run of one function.
 */
#ifndef CHECK_VALUE_H
#define CHECK_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint32_t value;
typedef uint32_t place;

enum { VALUE_NONE = 0, PLACE_NONE = 0 };

enum value_kind {
    VALUE_INT = 1,  /* n */
    VALUE_ADDRESS,  /* of place a */
    VALUE_INITIAL,  /* what place a held when the function began */
    VALUE_FRESH,    /* made by instruction a in round n */
    VALUE_FIELD,    /* member b of value a, which is a whole structure */
    VALUE_FUNCTION, /* symbol a */
    VALUE_WHOLE,    /* the structure at place a */
    VALUE_NOT,      /* of value a */
    VALUE_BINARY,   /* n (an ir_binary) of values a and b */
    VALUE_ARENA,    /* the arena of owner a */
    VALUE_HANDLE,   /* arena a, fetched in generation n */
    VALUE_MARK      /* number n of arena a */
};

struct value_entry {
    uint8_t kind, type; /* an ir_type, when it is known */
    uint32_t a, b;
    int64_t n;
};

enum place_kind {
    PLACE_VAR = 1, /* variable b of activation a */
    PLACE_GLOBAL,  /* symbol b */
    PLACE_DEREF,   /* what value b points to */
    PLACE_BLOCK,   /* allocation b */
    PLACE_LITERAL, /* a string */
    PLACE_FIELD,   /* member b of place a */
    PLACE_ELEMENT  /* element n of place a; or number b, a value */
};

struct place_entry {
    uint8_t kind;
    bool has_parts; /* fields or elements of it were named */
    uint32_t a, b;
    int64_t n;
    uint32_t root;
};

struct values {
    struct value_entry *values;
    uint32_t value_count, values_room;
    struct place_entry *places;
    uint32_t place_count, places_room;
    uint32_t *value_slots, *place_slots;
    uint32_t value_slot_count, place_slot_count;
};

void values_begin(struct values *values);
void values_free(struct values *values);

value value_make(struct values *values, enum value_kind kind, uint32_t a,
                 uint32_t b, int64_t n);
static inline const struct value_entry *
value_at(const struct values *values, value v)
{
    return &values->values[v];
}
value value_int(struct values *values, int64_t n);
bool value_is_int(const struct values *values, value v, int64_t *n);
value value_not(struct values *values, value v);
/* The address of a place; of what a pointer points to the pointer itself. */
value value_address(struct values *values, place p);
/* Where a pointer points to. */
place value_target(struct values *values, value v);

place place_make(struct values *values, enum place_kind kind, uint32_t a,
                 uint32_t b, int64_t n);
static inline const struct place_entry *
place_at(const struct values *values, place p)
{
    return &values->places[p];
}
place place_field(struct values *values, place p, uint32_t name);
place place_element(struct values *values, place p, int64_t n);
/* Element number index of p, where the index is not a known number. */
place place_indexed(struct values *values, place p, value index);
/* Whether p is q or a part of it. */
bool place_is_in(const struct values *values, place p, place q);
/* The same part of another place. */
place place_moved(struct values *values, place part, place from, place to);

#endif
