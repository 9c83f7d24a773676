/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The function at hand is left: what is still open, held or lost?
 */
#include "check/exec.h"

#include "check/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Elements are not followed one by one. */
static bool
is_in_array(struct exec *exec, place p)
{
    const struct place_entry *entry = place_at(&exec->values, p);
    while (entry->kind == PLACE_FIELD || entry->kind == PLACE_ELEMENT) {
        if (entry->kind == PLACE_ELEMENT)
            return true;
        entry = place_at(&exec->values, entry->a);
    }
    return false;
}

/* Objects that something behind the function can still reach. */
static void
find_reachable(struct exec *exec, value result, bool *is_reached)
{
    struct state *state = exec->state;
    bool is_changed = true;
    int32_t index =
        result == VALUE_NONE ? -1 : state_object(state, &exec->values, result);
    for (uint32_t i = 0; i < state->object_count; i++)
        is_reached[i] = state->objects[i].is_escaped || (int32_t)i == index;
    place whole = result != VALUE_NONE &&
                          value_at(&exec->values, result)->kind == VALUE_WHOLE
                      ? value_at(&exec->values, result)->a
                      : PLACE_NONE;
    while (is_changed) {
        is_changed = false;
        for (uint32_t i = 0; i < state->binding_count; i++) {
            const struct binding *binding = &state->bindings[i];
            index = state_object(state, &exec->values, binding->value);
            if (index < 0 || is_reached[index])
                continue;
            const struct place_entry *root = place_at(
                &exec->values, place_at(&exec->values, binding->place)->root);
            int32_t holder =
                state_object_at(state, &exec->values, binding->place);
            bool is_held = root->kind == PLACE_GLOBAL ||
                           is_in_array(exec, binding->place) ||
                           (root->kind == PLACE_DEREF && holder < 0) ||
                           (holder >= 0 && is_reached[holder]) ||
                           (whole != PLACE_NONE &&
                            place_is_in(&exec->values, binding->place, whole));
            if (is_held)
                is_reached[index] = is_changed = true;
        }
    }
}

enum { MAX_OBJECTS = 512 };

/* Bodies and shapes are the world's, which can free them all. */
static bool
belongs_to_world(const struct exec *exec, const struct object *object)
{
    const struct ir_insn *insn = object->made.insn;
    return insn != NULL && insn->op == IR_CALL && insn->a > 0 &&
           strncmp(program_text(exec->program, (uint32_t)insn->a),
                   "fa_physics_", strlen("fa_physics_")) == 0;
}

static void
report_lost(struct exec *exec, value result)
{
    struct state *state = exec->state;
    bool is_reached[MAX_OBJECTS];
    if (state->object_count > MAX_OBJECTS)
        return;
    find_reachable(exec, result, is_reached);
    for (uint32_t i = 0; i < state->object_count; i++) {
        struct object *object = &state->objects[i];
        if (object->status != OBJECT_LIVE || is_reached[i] ||
            belongs_to_world(exec, object))
            continue;
        const struct verdict_note notes[] = {
            {exec_here(exec), "nothing has its address behind this"}};
        if (object->kind == OBJECT_POOL || object->kind == OBJECT_HEAP)
            verdict_add(exec->reports, exec->program, state, 610, object->made,
                        notes, 1, "%s is never freed on a path",
                        object->kind == OBJECT_POOL ? "a pool block"
                                                    : "a heap block");
        bool was_refused =
            object->started != VALUE_NONE &&
            state_truth(state, &exec->values, object->started) == 1;
        /* In a loop one is often asked for once, behind all of them. */
        was_refused |= (object->made.insn->flags & IR_IN_LOOP) != 0;
        if (object->kind == OBJECT_TICKET && !was_refused)
            verdict_add(exec->reports, exec->program, state, 551, object->made,
                        notes, 1, "a ticket is never released");
        if (object->kind == OBJECT_TRANSFER && !was_refused)
            verdict_add(exec->reports, exec->program, state, 206, object->made,
                        notes, 1,
                        "a transfer is neither received nor passed "
                        "on");
    }
}

void
exec_lost_inside(struct exec *exec, uint32_t activation, value result)
{
    struct state *state = exec->state;
    int32_t returned =
        result == VALUE_NONE ? -1 : state_object(state, &exec->values, result);
    for (uint32_t i = 0; i < state->object_count; i++) {
        struct object *object = &state->objects[i];
        bool is_owed =
            object->kind == OBJECT_POOL || object->kind == OBJECT_HEAP ||
            object->kind == OBJECT_TICKET || object->kind == OBJECT_TRANSFER;
        bool is_held = (int32_t)i == returned ||
                       object->made.activation != activation ||
                       object->is_escaped || object->status != OBJECT_LIVE;
        for (uint32_t k = 0; is_owed && !is_held && k < state->binding_count;
             k++)
            is_held = state_object(state, &exec->values,
                                   state->bindings[k].value) == (int32_t)i;
        if (is_owed && !is_held)
            object->is_escaped = true;
    }
}

static bool
name_has(const char *name, const char *const *words)
{
    for (; *words != NULL; words++) {
        size_t length = strlen(*words);
        for (const char *at = name; (at = strstr(at, *words)) != NULL; at++)
            if ((at == name || !isalnum((unsigned char)at[-1])) &&
                !isalnum((unsigned char)at[length]))
                return true;
    }
    return false;
}

/* How long an arena that is a parameter lives, by its name: 1 short, 2 long,
 * 0 nothing tells. */
static int
life_by_name(const struct exec *exec, value arena)
{
    static const char *const brief[] = {"scratch", "tmp", "temp", "temporary",
                                        NULL};
    static const char *const lasting[] = {"result", "results",   "out",
                                          "perm",   "permanent", "persistent",
                                          "level",  "long",      NULL};
    const struct value_entry *entry = value_at(&exec->values, arena);
    if (entry->kind != VALUE_INITIAL)
        return 0;
    const struct place_entry *p = place_at(&exec->values, entry->a);
    if (p->kind != PLACE_VAR || p->a != 0 || p->b >= exec->root->param_count)
        return 0;
    const char *name = program_text(exec->program, exec->root->vars[p->b].name);
    return name_has(name, brief) ? 1 : name_has(name, lasting) ? 2 : 0;
}

/* The arena of a thread's frame, as against those that are ended by hand. */
static bool
is_frame_arena(struct exec *exec, value arena)
{
    struct value_entry entry = *value_at(&exec->values, arena);
    if (entry.kind != VALUE_ARENA)
        return false;
    uint8_t owner = value_at(&exec->values, entry.a)->type;
    return owner == IR_TYPE_CTX || owner == IR_TYPE_ALLOCATOR;
}

static bool
is_other_arena(struct exec *exec, value arena)
{
    struct value_entry entry = *value_at(&exec->values, arena);
    return entry.kind == VALUE_ARENA && !is_frame_arena(exec, arena);
}

/* Whether arena a is known to end before arena b. */
static bool
ends_before(struct exec *exec, value a, value b)
{
    if (a == VALUE_NONE || b == VALUE_NONE || a == b)
        return false;
    if (is_frame_arena(exec, a) && is_other_arena(exec, b))
        return true;
    struct value_entry outer = *value_at(&exec->values, b);
    value owner = outer.kind == VALUE_ARENA ? outer.a : b;
    struct value_entry inner = *value_at(&exec->values, a);
    if (inner.kind == VALUE_ARENA && inner.a == owner)
        return false;
    return exec_belongs(exec, a, owner, true) &&
           value_at(&exec->values, owner)->type == 0;
}

static bool
is_short(struct exec *exec, const struct object *object)
{
    return object->kind == OBJECT_FRAME && object->status == OBJECT_LIVE &&
           object->arena != VALUE_NONE &&
           life_by_name(exec, object->arena) == 1;
}

/* Whether what a place points to ends before what the place is in. */
static bool
is_against_order(struct exec *exec, const struct binding *binding,
                 uint32_t index)
{
    struct state *state = exec->state;
    struct object *object = &state->objects[index];
    if (object->kind != OBJECT_FRAME || object->status != OBJECT_LIVE)
        return false;
    const struct place_entry *root =
        place_at(&exec->values, place_at(&exec->values, binding->place)->root);
    int32_t at = state_object_at(state, &exec->values, binding->place);
    const struct object *holder = at < 0 ? NULL : &state->objects[at];
    if (holder == NULL)
        return is_short(exec, object) &&
               (root->kind == PLACE_DEREF || root->kind == PLACE_GLOBAL);
    if (holder->status != OBJECT_LIVE)
        return false;
    /* A block that lives on, and was made here. */
    if (holder->kind == OBJECT_POOL || holder->kind == OBJECT_HEAP)
        return object->arena != VALUE_NONE &&
               (value_at(&exec->values, object->arena)->type == IR_TYPE_FRAME ||
                is_frame_arena(exec, object->arena));
    if (holder->kind != OBJECT_FRAME)
        return false;
    bool is_named =
        is_short(exec, object) && !is_short(exec, holder) &&
        holder->arena != object->arena && holder->arena != VALUE_NONE &&
        value_at(&exec->values, holder->arena)->kind == VALUE_INITIAL;
    return is_named || ends_before(exec, object->arena, holder->arena);
}

/* Memory of a scratch parameter in a result. */
static void
report_order(struct exec *exec, value result)
{
    struct state *state = exec->state;
    int32_t index =
        result == VALUE_NONE ? -1 : state_object(state, &exec->values, result);
    if (index >= 0 && is_short(exec, &state->objects[index])) {
        const struct verdict_note notes[] = {
            {state->objects[index].made, "the memory is allocated here"}};
        verdict_add(exec->reports, exec->program, state, 611, exec_here(exec),
                    notes, 1, "the result is memory of %s",
                    exec_name(exec, state->objects[index].arena));
    }
    for (uint32_t i = 0; i < state->binding_count; i++) {
        struct binding binding = state->bindings[i];
        index = state_object(state, &exec->values, binding.value);
        if (index < 0 || binding.stored.function == NULL ||
            !is_against_order(exec, &binding, (uint32_t)index))
            continue;
        const struct verdict_note notes[] = {
            {state->objects[index].made, "the memory is allocated here"}};
        verdict_add(exec->reports, exec->program, state, 611, binding.stored,
                    notes, 1, "%s gets memory of a shorter-lived arena",
                    exec_place_name(exec, binding.place));
    }
}

/* An arena that is itself kept in an object of static lifetime. */
static bool
is_global(struct exec *exec, value arena)
{
    const struct value_entry *entry = value_at(&exec->values, arena);
    while (entry->kind == VALUE_ARENA || entry->kind == VALUE_FIELD)
        entry = value_at(&exec->values, entry->a);
    if (entry->kind != VALUE_INITIAL)
        return false;
    place root = place_at(&exec->values, entry->a)->root;
    return place_at(&exec->values, root)->kind == PLACE_GLOBAL;
}

/* Frame memory in objects of static lifetime, when nobody is known who ends
 * the frame. */
static void
report_static(struct exec *exec)
{
    struct state *state = exec->state;
    if (exec->root->has_caller)
        return;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        struct binding binding = state->bindings[i];
        const struct place_entry *root = place_at(
            &exec->values, place_at(&exec->values, binding.place)->root);
        if (root->kind != PLACE_GLOBAL || binding.stored.function == NULL)
            continue;
        int32_t index = state_object(state, &exec->values, binding.value);
        if (index < 0 || state->objects[index].kind != OBJECT_FRAME ||
            state->objects[index].status != OBJECT_LIVE)
            continue;
        uint8_t type =
            state->objects[index].arena == VALUE_NONE
                ? 0
                : value_at(&exec->values, state->objects[index].arena)->type;
        if (type != IR_TYPE_FRAME ||
            is_global(exec, state->objects[index].arena))
            continue;
        const struct verdict_note notes[] = {
            {state->objects[index].made, "the memory is allocated here"}};
        verdict_add(exec->reports, exec->program, state, 601, binding.stored,
                    notes, 1,
                    "frame memory is stored in %s, which outlives "
                    "the frame",
                    exec_place_name(exec, binding.place));
    }
}

static void
report_result(struct exec *exec, value result)
{
    int32_t index = result == VALUE_NONE
                        ? -1
                        : state_object(exec->state, &exec->values, result);
    if (index < 0)
        return;
    uint8_t status = exec->state->objects[index].status;
    if (status == OBJECT_DEAD || status == OBJECT_FREED ||
        status == OBJECT_MOVED)
        exec_use_value(exec, result);
}

static void
add_outcome(struct exec *exec, value arena, bool is_open, bool was_paired,
            bool is_tag, struct event begun)
{
    struct outcome outcome = {arena,  is_open, was_paired,
                              is_tag, begun,   exec_here(exec)};
    for (uint32_t i = 0; i < exec->outcome_count; i++)
        if (exec->outcomes[i].arena == arena &&
            exec->outcomes[i].is_open == is_open &&
            exec->outcomes[i].was_paired == was_paired &&
            exec->outcomes[i].is_tag == is_tag &&
            exec->outcomes[i].left.insn == outcome.left.insn)
            return;
    ir_grow((void **)&exec->outcomes, &exec->outcomes_room, exec->outcome_count,
            sizeof(*exec->outcomes));
    exec->outcomes[exec->outcome_count++] = outcome;
}

/* Events of paths that are gone keep no activations; only those of the
 * function itself can be shown. */
static struct event
at_root(struct exec *exec, struct event event)
{
    while (event.activation != 0) {
        const struct activation *inner =
            &exec->state->activations[event.activation];
        event.insn = inner->call;
        event.activation = inner->parent;
        event.function = exec->root;
    }
    return event;
}

/* A scope that somebody else has, too. */
static bool
is_passed_on(struct exec *exec, value scope, value result)
{
    struct state *state = exec->state;
    place whole = result != VALUE_NONE &&
                          value_at(&exec->values, result)->kind == VALUE_WHOLE
                      ? value_at(&exec->values, result)->a
                      : PLACE_NONE;
    /* One that could not be made is nobody's to end. */
    if (result == scope || state_truth(state, &exec->values, scope) == 0)
        return true;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        const struct binding *binding = &state->bindings[i];
        if (binding->value != scope)
            continue;
        const struct place_entry *root = place_at(
            &exec->values, place_at(&exec->values, binding->place)->root);
        if (root->kind != PLACE_VAR ||
            (whole != PLACE_NONE &&
             place_is_in(&exec->values, binding->place, whole)))
            return true;
    }
    return false;
}

static void
note_outcomes(struct exec *exec, value result)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->arena_count; i++) {
        const struct arena *arena = &state->arenas[i];
        bool is_open = arena->status == ARENA_OPEN ||
                       (arena->is_scope && arena->status == ARENA_UNKNOWN &&
                        !is_passed_on(exec, arena->value, result));
        if (is_open || arena->was_paired)
            add_outcome(exec, arena->value, is_open, arena->was_paired, false,
                        at_root(exec, arena->begun));
    }
    for (uint32_t i = 0; i < state->tag_count; i++) {
        const struct tag_depth *tags = &state->tags[i];
        add_outcome(exec, tags->ctx, tags->depth > 0,
                    tags->depth == 0 && tags->was_popped, true,
                    tags->depth > 0 ? at_root(exec, tags->pushed)
                                    : exec_here(exec));
    }
}

/* One frame is begun, and then another allocator's is ended. */
static void
report_crossed(struct exec *exec)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->arena_count; i++) {
        const struct arena *open = &state->arenas[i];
        if (open->status != ARENA_OPEN)
            continue;
        for (uint32_t k = 0; k < state->arena_count; k++) {
            const struct arena *ended = &state->arenas[k];
            bool is_crossed = ended->status == ARENA_CLOSED &&
                              !ended->was_paired && !ended->is_created &&
                              ended->ended_at > open->begun_at &&
                              value_at(&exec->values, ended->value)->type ==
                                  value_at(&exec->values, open->value)->type;
            if (!is_crossed)
                continue;
            const struct verdict_note notes[] = {
                {open->begun, "a frame is begun here"}};
            char name[256];
            snprintf(name, sizeof(name), "%s", exec_name(exec, open->value));
            verdict_add(exec->reports, exec->program, state, 607, ended->ended,
                        notes, 1,
                        "the frame of %s is open, and that of %s is ended",
                        name, exec_name(exec, ended->value));
            return;
        }
    }
}

void
exec_exit(struct exec *exec, value result)
{
    report_crossed(exec);
    report_result(exec, result);
    report_lost(exec, result);
    report_order(exec, result);
    report_static(exec);
    note_outcomes(exec, result);
}

void
exec_jumps_out(struct exec *exec, uint32_t set_at)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->arena_count; i++) {
        const struct arena *arena = &state->arenas[i];
        if (arena->status == ARENA_OPEN && arena->begun_at > set_at) {
            add_outcome(exec, arena->value, true, false, false,
                        at_root(exec, arena->begun));
            exec->outcomes[exec->outcome_count - 1].left =
                at_root(exec, exec_here(exec));
        }
    }
}

/* A function that leaves the frame open on its last way out is one that
 * begins a frame for its caller. */
static bool
is_beginner(const struct exec *exec, value arena, bool is_tag)
{
    bool is_left_open = false, is_left_paired = false;
    for (uint32_t i = 0; i < exec->outcome_count; i++) {
        const struct outcome *outcome = &exec->outcomes[i];
        bool is_last = outcome->left.insn->imm != 0 ||
                       outcome->left.insn->line == exec->root->last_return;
        if (outcome->arena != arena || outcome->is_tag != is_tag || !is_last)
            continue;
        is_left_open |= outcome->is_open;
        is_left_paired |= !outcome->is_open && outcome->was_paired;
    }
    return is_left_open && !is_left_paired;
}

static bool
is_paired_elsewhere(const struct exec *exec, value arena, bool is_tag)
{
    for (uint32_t i = 0; i < exec->outcome_count; i++)
        if (exec->outcomes[i].arena == arena &&
            exec->outcomes[i].is_tag == is_tag &&
            exec->outcomes[i].was_paired && !exec->outcomes[i].is_open)
            return true;
    return false;
}

void
exec_pairing(struct exec *exec)
{
    struct state *state = exec->state = exec_first_state(exec->root);
    for (uint32_t i = 0; i < exec->outcome_count; i++) {
        const struct outcome *outcome = &exec->outcomes[i];
        if (!outcome->is_open ||
            !is_paired_elsewhere(exec, outcome->arena, outcome->is_tag) ||
            is_beginner(exec, outcome->arena, outcome->is_tag))
            continue;
        const struct verdict_note notes[] = {
            {outcome->begun,
             outcome->is_tag ? "a tag is pushed here" : "it is begun here"}};
        verdict_add(exec->reports, exec->program, state,
                    outcome->is_tag ? 804 : 607, outcome->left, notes, 1,
                    outcome->is_tag ? "a tag of %s is not popped on this way "
                                      "out"
                                    : "the frame of %s is not ended on this "
                                      "way out",
                    exec_name(exec, outcome->arena));
    }
    state_free(state);
}
