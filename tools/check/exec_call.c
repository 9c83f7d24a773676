/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Calls. What has roles does what they say; what the program defines is
 * entered when it may matter; of the rest, what it gets may be changed and
 * kept.
 */
#include "check/exec.h"

#include <string.h>

enum { MAX_DEPTH = 6, SMALL = 60 };

static struct call_frame *
top(struct exec *exec)
{
    return &exec->state->frames[exec->state->frame_count - 1];
}

static void
finish(struct exec *exec, int32_t dst, value result)
{
    struct call_frame *frame = top(exec);
    if (dst >= 0)
        exec->state->registers[frame->registers + (uint32_t)dst] =
            result == VALUE_NONE ? exec_fresh(exec) : result;
    frame->pc++;
}

static bool
is_running(const struct state *state, const struct function *function)
{
    for (uint32_t i = 0; i < state->frame_count; i++)
        if (state->frames[i].function == function)
            return true;
    return false;
}

/* A pointer to something of ours, or to a variable. */
static bool
is_interesting(struct exec *exec, value v)
{
    uint8_t kind = value_at(&exec->values, v)->kind;
    return kind == VALUE_ADDRESS || kind == VALUE_WHOLE ||
           kind == VALUE_HANDLE || kind == VALUE_ARENA ||
           state_object(exec->state, &exec->values, v) >= 0;
}

static bool
is_entered(struct exec *exec, const struct function *function,
           const value *args, uint32_t count)
{
    if (function == NULL || exec->state->frame_count >= MAX_DEPTH ||
        is_running(exec->state, function))
        return false;
    if (function->is_relevant || function->insn_count <= SMALL)
        return true;
    for (uint32_t i = 0; i < count; i++)
        if (is_interesting(exec, args[i]))
            return true;
    return false;
}

static void
enter(struct exec *exec, const struct function *function, const value *args,
      uint32_t count, int32_t dst)
{
    struct state *state = exec->state;
    struct event at = exec_here(exec);
    struct activation inner = {function, top(exec)->activation, at.insn};
    uint32_t activation = state->activation_count;
    *STATE_APPEND(state, activations, activation_count) = inner;
    struct call_frame frame = {function, activation, 0, state->register_count,
                               dst};
    *STATE_APPEND(state, frames, frame_count) = frame;
    for (uint32_t i = 0; i < function->register_count; i++)
        *STATE_APPEND(state, registers, register_count) = VALUE_NONE;
    for (uint32_t i = 0; i < function->param_count && i < count; i++) {
        place p = place_make(&exec->values, PLACE_VAR, activation, i, 0);
        const struct value_entry *entry = value_at(&exec->values, args[i]);
        if (entry->kind == VALUE_WHOLE)
            state_copy_place(state, &exec->values, entry->a, p, at);
        else
            state_write(state, &exec->values, p, args[i], at);
    }
}

/* Whether an unknown function would hardly change what a place holds. */
static bool
is_kept(struct exec *exec, value v, bool is_part)
{
    uint8_t kind = value_at(&exec->values, v)->kind;
    if (kind == VALUE_ARENA || kind == VALUE_HANDLE || kind == VALUE_MARK ||
        exec_arena(exec, v, false) != NULL)
        return true;
    return is_part && state_object(exec->state, &exec->values, v) >= 0;
}

static void
escape(struct exec *exec, value v)
{
    int32_t index = state_object(exec->state, &exec->values, v);
    if (index >= 0)
        exec->state->objects[index].is_escaped = true;
}

/* An unknown function gets a pointer. */
static void
give_away(struct exec *exec, value v)
{
    struct state *state = exec->state;
    struct value_entry entry = *value_at(&exec->values, v);
    escape(exec, v);
    if (entry.kind != VALUE_ADDRESS && entry.kind != VALUE_INITIAL &&
        entry.kind != VALUE_FRESH && entry.kind != VALUE_FIELD)
        return;
    place p = value_target(&exec->values, v);
    for (uint32_t i = 0; i < state->binding_count; i++) {
        struct binding *binding = &state->bindings[i];
        if (!place_is_in(&exec->values, binding->place, p))
            continue;
        escape(exec, binding->value);
        if (is_kept(exec, binding->value, binding->place != p))
            continue;
        value changed = exec_fresh(exec);
        state->bindings[i].value = changed;
    }
}

/* Conditions on what a pointer leads to may not hold any more. */
static void
forget_facts(struct exec *exec, value v)
{
    struct state *state = exec->state;
    if (value_at(&exec->values, v)->kind != VALUE_ADDRESS)
        return;
    place p = value_target(&exec->values, v);
    const struct place_entry *root =
        place_at(&exec->values, place_at(&exec->values, p)->root);
    if (root->kind != PLACE_VAR)
        return;
    if (state_binding(state, p) == NULL &&
        !place_at(&exec->values, p)->has_parts)
        state_write(state, &exec->values, p, exec_fresh(exec), exec_here(exec));
}

static void
call_unknown(struct exec *exec, bool is_defined, const value *args,
             uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!is_defined)
            exec_use_value(exec, args[i]);
        forget_facts(exec, args[i]);
        give_away(exec, args[i]);
    }
}

/* Functions of C that move bytes. */
static bool
call_bytes(struct exec *exec, const char *name, const value *args,
           uint32_t count, int32_t dst)
{
    bool is_copy = strcmp(name, "memcpy") == 0 || strcmp(name, "memmove") == 0;
    int64_t n;
    if (count != 3 || (!is_copy && strcmp(name, "memset") != 0))
        return false;
    place to = value_target(&exec->values, args[0]);
    exec_use(exec, to);
    if (is_copy) {
        place from = value_target(&exec->values, args[1]);
        exec_use(exec, from);
        state_copy_place(exec->state, &exec->values, from, to, exec_here(exec));
    } else {
        bool is_zero =
            state_number(exec->state, &exec->values, args[1], &n) && n == 0;
        value v = is_zero ? value_int(&exec->values, 0) : exec_fresh(exec);
        state_write(exec->state, &exec->values, to, v, exec_here(exec));
    }
    finish(exec, dst, args[0]);
    return true;
}

/* Functions of ours without roles look at what they get and keep nothing. */
/* What a task lets go is freed by fa_free(), or by the task if that failed. */
static void
leave_task(struct exec *exec, value block)
{
    int32_t index = state_object(exec->state, &exec->values, block);
    if (index < 0 || exec->state->objects[index].kind != OBJECT_TASK)
        return;
    exec->state->objects[index].kind = OBJECT_HEAP;
    exec->state->objects[index].is_escaped = true;
}

static bool
is_own(const char *name)
{
    return strncmp(name, "fa_", 3) == 0 || strncmp(name, "__builtin_", 10) == 0;
}

void
exec_call(struct exec *exec, uint32_t symbol, value pointer, const value *args,
          uint32_t count, int32_t dst, uint8_t type)
{
    if (symbol == 0 && pointer != VALUE_NONE &&
        value_at(&exec->values, pointer)->kind == VALUE_FUNCTION)
        symbol = value_at(&exec->values, pointer)->a;
    const char *name = program_text(exec->program, symbol);
    const struct roles *roles = program_roles(exec->program, symbol);
    const struct function *function =
        symbol == 0 ? NULL : exec->program->symbols[symbol].function;
    if (strstr(name, "longjmp") != NULL)
        exec_jumps_out(exec, exec->state->jump_set);
    if (strstr(name, "setjmp") != NULL)
        exec->state->jump_set = exec->steps;
    if (symbol != 0 && call_bytes(exec, name, args, count, dst))
        return;
    if (roles != NULL) {
        exec_protocol(exec, name, args, count);
        value result = exec_roles(exec, roles, symbol, args, count, type);
        exec_made(exec, name, args, count, &result);
        finish(exec, dst, result);
        return;
    }
    exec_protocol(exec, name, args, count);
    if (strcmp(name, "fa_frame_guard_commit") == 0 && count > 0)
        state_write(exec->state, &exec->values,
                    value_target(&exec->values, args[0]),
                    value_int(&exec->values, 0), exec_here(exec));
    if (strcmp(name, "fa_task_remove") == 0 && count > 2)
        leave_task(exec, args[2]);
    bool is_library =
        is_own(name) &&
        strncmp(program_text(exec->program, exec->root->plain_name), "fa", 2) !=
            0;
    if (!is_library && is_entered(exec, function, args, count)) {
        enter(exec, function, args, count, dst);
        return;
    }
    if (is_own(name)) {
        for (uint32_t i = 0; i < count; i++) {
            exec_use_value(exec, args[i]);
            forget_facts(exec, args[i]);
        }
    } else {
        call_unknown(exec, function != NULL, args, count);
    }
    value result = exec_fresh(exec);
    if (type > IR_TYPE_RECORD)
        exec->values.values[result].type = type;
    exec_made(exec, name, args, count, &result);
    finish(exec, dst, result);
}
