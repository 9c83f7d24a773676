/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * States are copied where a path forks, and hashed where paths may meet.
 */
#include "check/state.h"

#include "check/memory.h"

#include <string.h>

struct state *
state_begin(void)
{
    return check_zalloc(1, sizeof(struct state));
}

struct state *
state_copy(const struct state *state)
{
    struct state *copy = state_begin();
    *copy = *state;
    copy->next = NULL;
#define COPY(type, name, count)                                        \
    copy->name##_room = state->count;                                  \
    copy->name = NULL;                                                 \
    if (state->count != 0) {                                           \
        copy->name = check_realloc(NULL, state->count * sizeof(type)); \
        memcpy(copy->name, state->name, state->count * sizeof(type));  \
    }
    STATE_LISTS(COPY)
#undef COPY
    return copy;
}

void
state_free(struct state *state)
{
#define FREE(type, name, count) check_free(state->name);
    STATE_LISTS(FREE)
#undef FREE
    check_free(state);
}

const struct binding *
state_binding(const struct state *state, place p)
{
    for (uint32_t i = state->binding_count; i-- > 0;)
        if (state->bindings[i].place == p)
            return &state->bindings[i];
    return NULL;
}

/* The part of a whole structure that is known as one value. */
static value
part_of(struct values *values, value whole, place part, place outer)
{
    const struct value_entry *entry = value_at(values, whole);
    int64_t n;
    if (value_is_int(values, whole, &n) && n == 0)
        return whole;
    /* Members of a scope are its frame. */
    if (entry->kind == VALUE_HANDLE)
        return whole;
    if (entry->kind == VALUE_MARK)
        return entry->a;
    if (entry->kind == VALUE_INITIAL)
        return value_make(values, VALUE_INITIAL,
                          place_moved(values, part, outer, entry->a), 0, 0);
    if (entry->kind != VALUE_FRESH && entry->kind != VALUE_FIELD &&
        entry->kind != VALUE_ARENA)
        return value_make(values, VALUE_INITIAL, part, 0, 0);
    struct place_entry last = *place_at(values, part);
    value inner =
        last.a == outer ? whole : part_of(values, whole, last.a, outer);
    bool is_field = last.kind == PLACE_FIELD;
    return value_make(values, VALUE_FIELD, inner,
                      is_field ? last.b : UINT32_MAX,
                      is_field ? 0 : last.n + ((int64_t)last.b << 32));
}

/* An element that is not known, of an array into which a pointer was stored
 * whose arena has ended since: it may be that one. */
static value
dead_element(const struct state *state, const struct values *values,
             const struct place_entry *entry)
{
    if (entry->kind != PLACE_ELEMENT)
        return VALUE_NONE;
    for (uint32_t i = state->binding_count; i-- > 0;) {
        const struct binding *binding = &state->bindings[i];
        const struct place_entry *other = place_at(values, binding->place);
        if (other->kind != PLACE_ELEMENT || other->a != entry->a ||
            other->b == 0)
            continue;
        int32_t index = state_object(state, values, binding->value);
        if (index >= 0 && state->objects[index].status == OBJECT_DEAD)
            return binding->value;
    }
    return VALUE_NONE;
}

value
state_read(struct state *state, struct values *values, place p)
{
    const struct binding *binding = state_binding(state, p);
    if (binding != NULL)
        return binding->value;
    struct place_entry entry = *place_at(values, p);
    value dead = dead_element(state, values, &entry);
    if (dead != VALUE_NONE)
        return dead;
    while (entry.kind == PLACE_FIELD || entry.kind == PLACE_ELEMENT) {
        place outer = entry.a;
        binding = state_binding(state, outer);
        if (binding != NULL)
            return part_of(values, binding->value, p, outer);
        entry = *place_at(values, outer);
    }
    return value_make(values, VALUE_INITIAL, p, 0, 0);
}

void
state_forget(struct state *state, struct values *values, place p)
{
    uint32_t kept = 0;
    bool has_parts = place_at(values, p)->has_parts;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        place q = state->bindings[i].place;
        if (q == p || (has_parts && place_is_in(values, q, p)))
            continue;
        if (kept != i)
            state->bindings[kept] = state->bindings[i];
        kept++;
    }
    state->binding_count = kept;
}

void
state_write(struct state *state, struct values *values, place p, value v,
            struct event at)
{
    state_forget(state, values, p);
    struct binding *binding = STATE_APPEND(state, bindings, binding_count);
    binding->place = p;
    binding->value = v;
    binding->stored = at;
}

void
state_copy_place(struct state *state, struct values *values, place from,
                 place to, struct event at)
{
    if (from == to)
        return;
    bool has_whole = state_binding(state, from) != NULL;
    value whole = state_read(state, values, from);
    uint32_t count = state->binding_count;
    struct binding *copies = check_realloc(NULL, (count + 1) * sizeof(*copies));
    uint32_t copied = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct binding binding = state->bindings[i];
        if (binding.place == from || !place_is_in(values, binding.place, from))
            continue;
        binding.place = place_moved(values, binding.place, from, to);
        binding.stored = at;
        copies[copied++] = binding;
    }
    (void)has_whole;
    state_write(state, values, to, whole, at);
    for (uint32_t i = 0; i < copied; i++)
        *STATE_APPEND(state, bindings, binding_count) = copies[i];
    check_free(copies);
}

void
state_drop(struct state *state, struct values *values, uint32_t activation,
           place keep)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        place p = state->bindings[i].place;
        const struct place_entry *root =
            place_at(values, place_at(values, p)->root);
        bool is_own = root->kind == PLACE_VAR && root->a == activation;
        if (is_own && (keep == PLACE_NONE || !place_is_in(values, p, keep)))
            continue;
        state->bindings[kept++] = state->bindings[i];
    }
    state->binding_count = kept;
}

static const struct fact *
find_fact(const struct state *state, value v, enum fact_kind kind)
{
    for (uint32_t i = state->fact_count; i-- > 0;)
        if (state->facts[i].value == v && state->facts[i].kind == kind)
            return &state->facts[i];
    return NULL;
}

bool
state_number(const struct state *state, const struct values *values, value v,
             int64_t *n)
{
    if (value_is_int(values, v, n))
        return true;
    const struct fact *fact = find_fact(state, v, FACT_EQUAL);
    if (fact != NULL)
        *n = fact->n;
    else if (find_fact(state, v, FACT_ZERO) != NULL)
        *n = 0;
    else
        return false;
    return true;
}

int32_t
state_object_at(const struct state *state, const struct values *values, place p)
{
    place root = place_at(values, p)->root;
    const struct place_entry *entry = place_at(values, root);
    if (entry->kind != PLACE_BLOCK && entry->kind != PLACE_DEREF)
        return -1;
    for (uint32_t i = 0; i < state->object_count; i++)
        if (state->objects[i].base == root)
            return (int32_t)i;
    return -1;
}

int32_t
state_object(const struct state *state, const struct values *values, value v)
{
    const struct value_entry *entry = value_at(values, v);
    if (entry->kind == VALUE_ADDRESS)
        return state_object_at(state, values, entry->a);
    for (uint32_t i = 0; i < state->object_count; i++) {
        const struct place_entry *base =
            place_at(values, state->objects[i].base);
        if (base->kind == PLACE_DEREF && base->b == v)
            return (int32_t)i;
    }
    return -1;
}

static int
truth_of_address(const struct state *state, const struct values *values,
                 value v)
{
    int32_t i = state_object(state, values, v);
    if (i < 0)
        return 1;
    if (state->objects[i].status == OBJECT_ABSENT)
        return 0;
    return state->objects[i].is_maybe_null ? -1 : 1;
}

/* Two blocks, or a new block and a pointer that was there before. */
static bool
are_apart(const struct state *state, const struct values *values, value a,
          value b)
{
    const struct value_entry *x = value_at(values, a);
    const struct value_entry *y = value_at(values, b);
    if (x->kind != VALUE_ADDRESS ||
        (y->kind != VALUE_ADDRESS && y->kind != VALUE_INITIAL)) {
        if (y->kind == VALUE_ADDRESS && x->kind == VALUE_INITIAL)
            return are_apart(state, values, b, a);
        return false;
    }
    int32_t i = state_object(state, values, a);
    place root = place_at(values, x->a)->root;
    if (place_at(values, root)->kind != PLACE_BLOCK || i < 0 ||
        state->objects[i].status == OBJECT_ABSENT)
        return false;
    return y->kind == VALUE_INITIAL || place_at(values, y->a)->root != root;
}

static int
truth_of_equal(struct state *state, struct values *values,
               const struct value_entry *entry)
{
    int64_t a, b;
    bool has_a = state_number(state, values, entry->a, &a);
    bool has_b = state_number(state, values, entry->b, &b);
    if (has_a && has_b)
        return a == b;
    if (entry->a == entry->b)
        return 1;
    if (are_apart(state, values, entry->a, entry->b))
        return 0;
    if (!has_b)
        return -1;
    if (b == 0) {
        int truth = state_truth(state, values, entry->a);
        return truth < 0 ? -1 : !truth;
    }
    for (uint32_t i = 0; i < state->fact_count; i++)
        if (state->facts[i].value == entry->a &&
            state->facts[i].kind == FACT_UNEQUAL && state->facts[i].n == b)
            return 0;
    return -1;
}

int
state_truth(struct state *state, struct values *values, value v)
{
    struct value_entry entry = *value_at(values, v);
    int64_t n;
    if (state_number(state, values, v, &n))
        return n != 0;
    if (find_fact(state, v, FACT_NONZERO) != NULL)
        return 1;
    switch (entry.kind) {
    case VALUE_NOT: {
        int truth = state_truth(state, values, entry.a);
        return truth < 0 ? -1 : !truth;
    }
    case VALUE_ADDRESS:
        return truth_of_address(state, values, v);
    case VALUE_FUNCTION:
    case VALUE_ARENA:
    case VALUE_HANDLE:
        return 1;
    case VALUE_BINARY:
        if (entry.n == IR_EQ)
            return truth_of_equal(state, values, &entry);
        if (entry.n == IR_LT) {
            int64_t a, b;
            if (state_number(state, values, entry.a, &a) &&
                state_number(state, values, entry.b, &b))
                return a < b;
        }
        return -1;
    default:
        return -1;
    }
}

static void
add_fact(struct state *state, value v, enum fact_kind kind, int64_t n)
{
    *STATE_APPEND(state, facts, fact_count) = (struct fact){v, kind, n};
}

static void
assume_address(struct state *state, struct values *values, value v,
               bool is_true)
{
    int32_t i = state_object(state, values, v);
    if (i < 0)
        return;
    struct object *object = &state->objects[i];
    object->is_maybe_null = false;
    if (is_true)
        return;
    object->status = OBJECT_ABSENT;
    /* The old block of a failed resizing is still there. */
    if (object->old >= 0 && state->objects[object->old].status == OBJECT_FREED)
        state->objects[object->old].status = OBJECT_LIVE;
}

/* A call that says that it has failed has handed nothing over. */
static void
take_back(struct state *state, value status)
{
    for (uint32_t i = 0; i < state->object_count; i++) {
        struct object *object = &state->objects[i];
        if (object->kind != OBJECT_TRANSFER || object->started != status)
            continue;
        object->status = OBJECT_ABSENT;
        if (object->old >= 0 &&
            state->objects[object->old].status == OBJECT_SENT)
            state->objects[object->old].status = OBJECT_LIVE;
    }
}

bool
state_assume(struct state *state, struct values *values, value v, bool is_true)
{
    struct value_entry entry = *value_at(values, v);
    int known = state_truth(state, values, v);
    int64_t n;
    if (known >= 0)
        return (known != 0) == is_true;
    if (entry.kind == VALUE_NOT)
        return state_assume(state, values, entry.a, !is_true);
    if (entry.kind == VALUE_ADDRESS) {
        assume_address(state, values, v, is_true);
        return true;
    }
    add_fact(state, v, is_true ? FACT_NONZERO : FACT_ZERO, 0);
    if (is_true)
        take_back(state, v);
    if (entry.kind != VALUE_BINARY || entry.n != IR_EQ ||
        !state_number(state, values, entry.b, &n))
        return true;
    if (n == 0)
        return state_assume(state, values, entry.a, !is_true);
    add_fact(state, entry.a, is_true ? FACT_EQUAL : FACT_UNEQUAL, n);
    return true;
}

static uint64_t
mix(uint64_t hash, uint64_t n)
{
    hash = (hash ^ n) * UINT64_C(0xbf58476d1ce4e5b9);
    return hash ^ (hash >> 29);
}

static bool
contains(const struct values *values, value whole, value part, int depth)
{
    if (whole == part)
        return true;
    const struct value_entry *entry = value_at(values, whole);
    if (depth > 5)
        return false;
    if (entry->kind == VALUE_NOT || entry->kind == VALUE_FIELD)
        return contains(values, entry->a, part, depth + 1);
    return entry->kind == VALUE_BINARY &&
           (contains(values, entry->a, part, depth + 1) ||
            contains(values, entry->b, part, depth + 1));
}

/* Whether a value can be met again: something that is bound is made of it, or
 * it is what a place held at first. */
static bool
is_lasting(const struct state *state, const struct values *values, value v,
           int depth)
{
    const struct value_entry *entry = value_at(values, v);
    switch (entry->kind) {
    case VALUE_NOT:
    case VALUE_FIELD:
        return is_lasting(state, values, entry->a, depth);
    case VALUE_BINARY:
        return depth < 5 && is_lasting(state, values, entry->a, depth + 1) &&
               is_lasting(state, values, entry->b, depth + 1);
    case VALUE_FRESH:
        for (uint32_t i = 0; i < state->binding_count; i++)
            if (contains(values, state->bindings[i].value, v, 0))
                return true;
        return false;
    default:
        return true;
    }
}

void
state_forget_facts(struct state *state, const struct values *values)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < state->fact_count; i++)
        if (is_lasting(state, values, state->facts[i].value, 0))
            state->facts[kept++] = state->facts[i];
    state->fact_count = kept;
}

static bool
is_about_lifetimes(const struct state *state, const struct values *values,
                   const struct binding *binding)
{
    uint8_t kind = value_at(values, binding->value)->kind;
    return kind == VALUE_HANDLE || kind == VALUE_ARENA || kind == VALUE_MARK ||
           state_object(state, values, binding->value) >= 0;
}

uint64_t
state_hash(const struct state *state, const struct values *values,
           enum state_detail detail)
{
    uint64_t hash = 1, sum = 0;
    for (uint32_t i = 0; i < state->frame_count; i++)
        hash = mix(mix(hash, state->frames[i].pc),
                   state->frames[i].function->first_number);
    /* The order of bindings and facts does not matter. */
    for (uint32_t i = 0; i < state->binding_count; i++)
        if (detail < STATE_LIFETIMES ||
            is_about_lifetimes(state, values, &state->bindings[i]))
            sum +=
                mix(mix(7, state->bindings[i].place), state->bindings[i].value);
    for (uint32_t i = 0; detail == STATE_ALL && i < state->fact_count; i++)
        sum += mix(mix(mix(9, state->facts[i].value), state->facts[i].kind),
                   (uint64_t)state->facts[i].n);
    hash = mix(hash, sum);
    for (uint32_t i = 0; i < state->object_count; i++) {
        const struct object *object = &state->objects[i];
        hash = mix(mix(hash, object->base),
                   object->status + 16u * object->is_maybe_null +
                       32u * object->is_escaped +
                       64u * (object->shared.function != NULL) +
                       128u * object->is_suspended);
    }
    for (uint32_t i = 0; i < state->arena_count; i++)
        hash = mix(mix(hash, state->arenas[i].value),
                   state->arenas[i].status + 8u * state->arenas[i].was_paired +
                       16u * (uint64_t)state->arenas[i].generation);
    for (uint32_t i = 0; i < state->tag_count; i++)
        hash =
            mix(mix(hash, state->tags[i].ctx), (uint64_t)state->tags[i].depth);
    return mix(hash, state->pins);
}
