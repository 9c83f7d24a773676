/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What functions with roles do.
 */
#include "check/exec_role.h"

#include <string.h>

/* Frame memory that a value is, or that the structure has that it points to;
 * index of the object, or -1. */
static int32_t
frame_memory_in(struct exec *exec, value v)
{
    struct state *state = exec->state;
    int32_t index = state_object(state, &exec->values, v);
    if (index >= 0 && state->objects[index].kind == OBJECT_FRAME &&
        state->objects[index].status == OBJECT_LIVE)
        return index;
    uint8_t kind = value_at(&exec->values, v)->kind;
    if (kind == VALUE_INT || kind == VALUE_FUNCTION || kind == VALUE_BINARY)
        return -1;
    place p = value_target(&exec->values, v);
    for (uint32_t i = 0; i < state->binding_count; i++) {
        if (!place_is_in(&exec->values, state->bindings[i].place, p))
            continue;
        index = state_object(state, &exec->values, state->bindings[i].value);
        if (index >= 0 && state->objects[index].kind == OBJECT_FRAME &&
            state->objects[index].status == OBJECT_LIVE)
            return index;
    }
    return -1;
}

static void
mark_escaped(struct exec *exec, value v)
{
    int32_t index = state_object(exec->state, &exec->values, v);
    if (index >= 0)
        exec->state->objects[index].is_escaped = true;
}

/* The context of this thread, handed to another. */
static bool
reads_field(const struct function *function, uint32_t name)
{
    for (uint32_t i = 0; i < function->insn_count; i++)
        if (function->insns[i].op == IR_FIELD &&
            (uint32_t)function->insns[i].b == name)
            return true;
    return false;
}

static void
check_foreign_ctx(struct exec *exec, value data, const struct function *started)
{
    struct state *state = exec->state;
    const struct value_entry entry = *value_at(&exec->values, data);
    bool is_bad = entry.kind == VALUE_ARENA && entry.type == IR_TYPE_CTX;
    if (entry.kind == VALUE_INT)
        return;
    place p = value_target(&exec->values, data);
    for (uint32_t i = 0; !is_bad && i < state->binding_count; i++) {
        const struct value_entry *held =
            value_at(&exec->values, state->bindings[i].value);
        const struct place_entry *field =
            place_at(&exec->values, state->bindings[i].place);
        if (started != NULL && field->kind == PLACE_FIELD &&
            !reads_field(started, field->b))
            continue;
        is_bad = place_is_in(&exec->values, state->bindings[i].place, p) &&
                 held->kind == VALUE_ARENA && held->type == IR_TYPE_CTX;
    }
    if (is_bad)
        verdict_add(exec->reports, exec->program, state, 202, exec_here(exec),
                    NULL, 0,
                    "the context of this thread is handed to another one");
}

static void
start_thread(struct exec *exec, struct call *call, const struct role *role)
{
    value data = call_argument(call, role->b);
    if (data == VALUE_NONE)
        return;
    value entry = call_argument(call, role->a);
    check_foreign_ctx(
        exec, data,
        value_at(&exec->values, entry)->kind == VALUE_FUNCTION
            ? exec->program->symbols[value_at(&exec->values, entry)->a].function
            : NULL);
    int32_t index = frame_memory_in(exec, data);
    mark_escaped(exec, data);
    if (index < 0)
        return;
    exec->state->objects[index].shared = exec_here(exec);
    call->result = exec_fresh(exec);
    exec->state->objects[index].started = call->result;
}

static void
run_later(struct exec *exec, const struct call *call, const struct role *role)
{
    value data = call_argument(call, role->b);
    int32_t index = data == VALUE_NONE ? -1 : frame_memory_in(exec, data);
    if (data != VALUE_NONE)
        mark_escaped(exec, data);
    if (index < 0)
        return;
    struct object *object = &exec->state->objects[index];
    const struct verdict_note notes[] = {
        {object->made, "the memory is allocated here"}};
    verdict_add(exec->reports, exec->program, exec->state, 703, exec_here(exec),
                notes, 1, "frame memory is handed to %s(), which uses it later",
                program_plain(program_text(exec->program, call->symbol)));
}

static void
keep_argument(struct exec *exec, const struct call *call,
              const struct role *role)
{
    value v = call_argument(call, role->a),
          keeper = call_argument(call, role->b);
    if (v == VALUE_NONE)
        return;
    int32_t index = frame_memory_in(exec, v);
    mark_escaped(exec, v);
    if (index < 0)
        return;
    struct object *object = &exec->state->objects[index];
    if (keeper != VALUE_NONE) {
        int32_t k = state_object(exec->state, &exec->values, keeper);
        if (k >= 0 && exec->state->objects[k].kind == OBJECT_FRAME &&
            exec->state->objects[k].arena == object->arena)
            return;
        if (exec_belongs(exec, exec_owner(exec, keeper), object->arena, true) ||
            exec_belongs(exec, object->arena, exec_owner(exec, keeper), true))
            return;
    }
    const struct verdict_note notes[] = {
        {object->made, "the memory is allocated here"}};
    verdict_add(exec->reports, exec->program, exec->state, 613, exec_here(exec),
                notes, 1, "%s() keeps argument %d, which is frame memory",
                program_plain(program_text(exec->program, call->symbol)),
                role->a);
}

static void
suspend(struct exec *exec)
{
    struct state *state = exec->state;
    state->suspended = exec_here(exec);
    if (state->pins != 0)
        return;
    for (uint32_t i = 0; i < state->object_count; i++)
        if (state->objects[i].kind == OBJECT_FRAME &&
            state->objects[i].status == OBJECT_LIVE)
            state->objects[i].is_suspended = true;
}

static void
wait_for_others(struct exec *exec)
{
    struct state *state = exec->state;
    state->has_waited = true;
    for (uint32_t i = 0; i < state->object_count; i++)
        state->objects[i].shared.function = NULL;
}

static struct tag_depth *
tags_of(struct exec *exec, value ctx)
{
    struct state *state = exec->state;
    for (uint32_t i = 0; i < state->tag_count; i++)
        if (state->tags[i].ctx == ctx)
            return &state->tags[i];
    struct tag_depth *tags = STATE_APPEND(state, tags, tag_count);
    tags->ctx = ctx;
    return tags;
}

static void
push_tag(struct exec *exec, value ctx, value tag)
{
    struct tag_depth *tags = tags_of(exec, exec_owner(exec, ctx));
    if (tags->depth >= 0 && tags->depth < 4)
        tags->stack[tags->depth] = tag;
    tags->depth++;
    tags->pushes++;
    tags->pushed = exec_here(exec);
}

value
exec_tag(const struct exec *exec)
{
    const struct state *state = exec->state;
    for (uint32_t i = 0; i < state->tag_count; i++) {
        const struct tag_depth *tags = &state->tags[i];
        if (tags->depth > 0 && tags->depth <= 4)
            return tags->stack[tags->depth - 1];
    }
    return VALUE_NONE;
}

static void
pop_tag(struct exec *exec, value ctx)
{
    struct tag_depth *tags = tags_of(exec, exec_owner(exec, ctx));
    tags->depth--;
    tags->was_popped = true;
    if (tags->depth >= 0 || tags->pushes == 0)
        return;
    const struct verdict_note notes[] = {
        {tags->pushed, "a tag is pushed here"}};
    verdict_add(exec->reports, exec->program, exec->state, 804, exec_here(exec),
                notes, 1, "a tag of %s is popped twice",
                exec_name(exec, tags->ctx));
    tags->pushes = 0;
}

/* The most bytes that a configuration allows; 0: it does not say. */
static uint64_t
configured_limit(struct exec *exec, const struct call *call)
{
    static const char *const names[] = {"capacity", "memory_limit"};
    for (uint32_t i = 0; i < call->count; i++) {
        if (value_at(&exec->values, call->args[i])->kind != VALUE_ADDRESS)
            continue;
        place p = value_target(&exec->values, call->args[i]);
        for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
            uint32_t name = program_symbol(exec->program, names[k]);
            int64_t n;
            const struct binding *binding =
                state_binding(exec->state, place_field(&exec->values, p, name));
            if (binding != NULL &&
                value_is_int(&exec->values, binding->value, &n) && n > 0)
                return (uint64_t)n;
        }
    }
    return 0;
}

/* A configuration may name the arena around the new one. */
static value
configured_parent(struct exec *exec, const struct call *call)
{
    uint32_t name = program_symbol(exec->program, "parent");
    for (uint32_t i = 0; i < call->count; i++) {
        if (value_at(&exec->values, call->args[i])->kind != VALUE_ADDRESS)
            continue;
        place p = place_field(&exec->values,
                              value_target(&exec->values, call->args[i]), name);
        const struct binding *binding = state_binding(exec->state, p);
        if (binding != NULL && !call_is_null(exec, binding->value))
            return exec_owner(exec, binding->value);
    }
    return VALUE_NONE;
}

static void
create(struct exec *exec, struct call *call, const struct role *role)
{
    value parent = call_deref_argument(exec, call, role->b, role->is_out_b);
    const char *name = program_text(exec->program, call->symbol);
    bool is_allocator = strstr(name, "allocator_create") != NULL;
    parent = parent != VALUE_NONE ? exec_owner(exec, parent)
                                  : configured_parent(exec, call);
    value made = exec_create(exec, parent, is_allocator);
    exec_arena(exec, made, true)->limit = configured_limit(exec, call);
    exec_arena(exec, made, true)->is_scope = role->a == 0;
    call_set_out(exec, call, role->a, role->is_out_a, made);
}

static void
mark(struct exec *exec, struct call *call, const struct role *role)
{
    value arena = call_argument(call, role->a);
    if (arena == VALUE_NONE)
        return;
    arena = exec_owner(exec, arena);
    call->result = value_make(&exec->values, VALUE_MARK, arena, 0,
                              exec->state->mark_count);
    *STATE_APPEND(exec->state, marks, mark_count) = exec->state->object_count;
}

static void
roll_back(struct exec *exec, const struct call *call, const struct role *role)
{
    value v = call_deref_argument(exec, call, role->b, role->is_out_b);
    if (v == VALUE_NONE)
        return;
    exec_rolls_back(exec, exec_owner(exec, v));
}

static void
end(struct exec *exec, const struct call *call, const struct role *role)
{
    value owner = call_deref_argument(exec, call, role->a, role->is_out_a);
    const char *name = program_text(exec->program, call->symbol);
    if (owner == VALUE_NONE || call_is_null(exec, owner))
        return;
    bool is_destroyed =
        strstr(name, "destroy") != NULL || strstr(name, "delete") != NULL;
    exec_ends(exec, exec_owner(exec, owner), is_destroyed);
}

static void
apply_arena(struct exec *exec, struct call *call, const struct role *role)
{
    value v = call_deref_argument(exec, call, role->a, role->is_out_a);
    if (role->verb == ROLE_CREATES) {
        create(exec, call, role);
        return;
    }
    if (v == VALUE_NONE)
        return;
    switch (role->verb) {
    case ROLE_ARENA:
        call->result = exec_arena_of(exec, v, call->type);
        break;
    case ROLE_BEGINS:
        exec_begins(
            exec, exec_owner(exec, v),
            strstr(program_text(exec->program, call->symbol), "scope") != NULL);
        call->result = exec_arena_of(exec, v, IR_TYPE_FRAME);
        break;
    case ROLE_ENDS:
    case ROLE_SCOPE:
        end(exec, call, role);
        break;
    case ROLE_RESETS:
        exec_resets(exec, exec_owner(exec, v));
        break;
    case ROLE_MARK:
        mark(exec, call, role);
        break;
    case ROLE_ROLLBACK:
        roll_back(exec, call, role);
        break;
    case ROLE_PUSHES:
        push_tag(exec, v, call_argument(call, role->a + 1));
        break;
    case ROLE_POPS:
        pop_tag(exec, v);
        break;
    default:
        break;
    }
}

static void
apply_flow(struct exec *exec, struct call *call, const struct role *role)
{
    switch (role->verb) {
    case ROLE_RETAINS:
        keep_argument(exec, call, role);
        break;
    case ROLE_COPIES:
        if (role->a == 0)
            call->result = call_argument(call, role->b);
        break;
    case ROLE_THREAD:
        start_thread(exec, call, role);
        break;
    case ROLE_ASYNC:
        run_later(exec, call, role);
        break;
    case ROLE_JOINS:
        wait_for_others(exec);
        break;
    case ROLE_SUSPENDS:
        suspend(exec);
        break;
    case ROLE_PINS:
        exec->state->pins++;
        break;
    case ROLE_UNPINS:
        if (exec->state->pins > 0)
            exec->state->pins--;
        break;
    default:
        break;
    }
}

static bool
is_freed_argument(const struct roles *roles, uint32_t n)
{
    for (size_t i = 0; i < roles->count; i++) {
        const struct role *role = &roles->list[i];
        if ((role->verb >= ROLE_FREES_POOL && role->verb <= ROLE_REALLOCS) ||
            role->verb == ROLE_GROWS || role->verb == ROLE_SENDS ||
            role->verb == ROLE_RECEIVES)
            if ((uint32_t)role->a == n)
                return true;
    }
    return false;
}

value
exec_roles(struct exec *exec, const struct roles *roles, uint32_t symbol,
           const value *args, uint32_t count, uint8_t type)
{
    struct call call = {roles, symbol, args, count, type, VALUE_NONE};
    for (uint32_t i = 0; i < count; i++)
        if (!is_freed_argument(roles, i + 1))
            exec_use_value(exec, args[i]);
    for (size_t i = 0; i < roles->count; i++)
        apply_flow(exec, &call, &roles->list[i]);
    for (size_t i = 0; i < roles->count; i++)
        apply_arena(exec, &call, &roles->list[i]);
    for (size_t i = 0; i < roles->count; i++)
        call_memory(exec, &call, &roles->list[i]);
    if (roles_find(roles, ROLE_NORETURN) != NULL)
        exec->is_path_over = true;
    return call.result;
}
