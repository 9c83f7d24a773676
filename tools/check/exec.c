/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Instructions and paths. A path forks where a condition is not known, and is
 * dropped where another one was with the same knowledge. A loop is entered
 * three times at most and then left.
 */
#include "check/exec.h"

#include "check/memory.h"

#include <string.h>

enum { MAX_ROUNDS = 3, MAX_STEPS = 40000 };

void
exec_begin(struct exec *exec, struct program *program,
           struct verdict_list *reports)
{
    memset(exec, 0, sizeof(*exec));
    exec->program = program;
    exec->reports = reports;
    exec->max_steps = MAX_STEPS;
}

void
exec_end(struct exec *exec)
{
    check_free(exec->seen);
    check_free(exec->outcomes);
}

static struct call_frame *
top(struct exec *exec)
{
    return &exec->state->frames[exec->state->frame_count - 1];
}

struct event
exec_here(const struct exec *exec)
{
    const struct call_frame *frame =
        &exec->state->frames[exec->state->frame_count - 1];
    struct event event = {frame->function, &frame->function->insns[frame->pc],
                          frame->activation};
    return event;
}

/* By which calls the function is reached: two calls of one make two values. */
static uint32_t
call_path(struct exec *exec)
{
    const struct state *state = exec->state;
    uint32_t path = 0, at = top(exec)->activation;
    for (; at != 0; at = state->activations[at].parent)
        path = path * 31 + state->activations[at].call->line * 97 +
               state->activations[at].call->column;
    return path & INT32_MAX;
}

value
exec_fresh(struct exec *exec)
{
    const struct call_frame *frame = top(exec);
    int64_t way = (int64_t)call_path(exec) << 32 | exec->state->rounds;
    return value_make(&exec->values, VALUE_FRESH,
                      frame->function->first_number + frame->pc,
                      exec->fresh++ & 15, way);
}

static value *
reg(struct exec *exec, int32_t index)
{
    return &exec->state->registers[top(exec)->registers + (uint32_t)index];
}

static value
get(struct exec *exec, int32_t index)
{
    if (index < 0)
        return exec_fresh(exec);
    value v = *reg(exec, index);
    return v == VALUE_NONE ? exec_fresh(exec) : v;
}

static bool
is_null(struct exec *exec, value v)
{
    int64_t n;
    return state_number(exec->state, &exec->values, v, &n) && n == 0;
}

static void
run_field(struct exec *exec, const struct ir_insn *insn)
{
    value base = get(exec, insn->a);
    place p = value_target(&exec->values, base);
    *reg(exec, insn->dst) = value_address(
        &exec->values, place_field(&exec->values, p, (uint32_t)insn->b));
}

static void
run_index(struct exec *exec, const struct ir_insn *insn)
{
    int64_t n;
    value base = get(exec, insn->a);
    value index = insn->b < 0 ? exec_fresh(exec) : get(exec, insn->b);
    bool is_known =
        state_number(exec->state, &exec->values, index, &n) && n >= 0;
    place p = value_target(&exec->values, base);
    p = is_known ? place_element(&exec->values, p, n)
                 : place_indexed(&exec->values, p, index);
    *reg(exec, insn->dst) = value_address(&exec->values, p);
}

static value
load_object(struct exec *exec, place p, value found)
{
    const struct place_entry *entry = place_at(&exec->values, p);
    const struct symbol *symbol;
    if (entry->kind != PLACE_GLOBAL)
        return found;
    symbol = &exec->program->symbols[entry->b];
    if (!symbol->has_value || symbol->is_written)
        return found;
    return value_int(&exec->values, symbol->value);
}

static void
run_load(struct exec *exec, const struct ir_insn *insn)
{
    value address = get(exec, insn->a);
    if (is_null(exec, address)) {
        exec->is_path_over = true;
        return;
    }
    place p = value_target(&exec->values, address);
    exec_use(exec, p);
    value v;
    if (insn->type == IR_TYPE_RECORD) {
        v = value_make(&exec->values, VALUE_WHOLE, p, 0, 0);
    } else {
        v = load_object(exec, p, state_read(exec->state, &exec->values, p));
        if (insn->type > IR_TYPE_RECORD &&
            exec->values.values[v].kind != VALUE_INT)
            exec->values.values[v].type = insn->type;
    }
    *reg(exec, insn->dst) = v;
}

/* Elements are not followed one by one: what is in an array is not lost. */
void
exec_escape(struct exec *exec, value v)
{
    int32_t index = state_object(exec->state, &exec->values, v);
    if (index >= 0)
        exec->state->objects[index].is_escaped = true;
}

static void
run_store(struct exec *exec, const struct ir_insn *insn)
{
    value address = get(exec, insn->a), v = get(exec, insn->b);
    if (is_null(exec, address)) {
        exec->is_path_over = true;
        return;
    }
    place p = value_target(&exec->values, address);
    exec_use(exec, p);
    const struct value_entry *entry = value_at(&exec->values, v);
    if (place_at(&exec->values, p)->kind == PLACE_ELEMENT)
        exec_escape(exec, v);
    if (entry->kind == VALUE_WHOLE)
        state_copy_place(exec->state, &exec->values, entry->a, p,
                         exec_here(exec));
    else
        state_write(exec->state, &exec->values, p, v, exec_here(exec));
}

static void
jump(struct exec *exec, uint32_t to)
{
    struct call_frame *frame = top(exec);
    if (to <= frame->pc)
        exec->state->rounds++;
    frame->pc = to;
}

static void
decide(struct state *state, struct event at, bool is_true)
{
    *STATE_APPEND(state, decisions, decision_count) =
        (struct decision){at, is_true};
}

static uint32_t
count_visit(struct exec *exec)
{
    struct state *state = exec->state;
    const struct call_frame *frame = top(exec);
    for (uint32_t i = state->visit_count; i-- > 0;)
        if (state->visits[i].activation == frame->activation &&
            state->visits[i].pc == frame->pc)
            return ++state->visits[i].count;
    *STATE_APPEND(state, visits, visit_count) =
        (struct visit){frame->activation, frame->pc, 1};
    return 1;
}

/* True: a path with this knowledge has been here. */
static bool
was_seen(struct exec *exec)
{
    /* The more paths there are, the less is compared. */
    enum state_detail detail = exec->steps < exec->max_steps / 3 ? STATE_ALL
                               : exec->steps < exec->max_steps / 3 * 2
                                   ? STATE_PLACES
                                   : STATE_LIFETIMES;
    state_forget_facts(exec->state, &exec->values);
    uint64_t hash = state_hash(exec->state, &exec->values, detail);
    if (hash == 0)
        hash = 1;
    if (exec->seen_count * 2 >= exec->seen_room) {
        uint64_t *old = exec->seen;
        uint32_t old_room = exec->seen_room;
        exec->seen_room = old_room == 0 ? 1024 : old_room * 2;
        exec->seen = check_zalloc(exec->seen_room, sizeof(*exec->seen));
        for (uint32_t i = 0; i < old_room; i++) {
            if (old[i] == 0)
                continue;
            uint64_t at = old[i];
            while (exec->seen[at & (exec->seen_room - 1)] != 0)
                at++;
            exec->seen[at & (exec->seen_room - 1)] = old[i];
        }
        check_free(old);
    }
    for (uint64_t at = hash;; at++) {
        uint64_t *slot = &exec->seen[at & (exec->seen_room - 1)];
        if (*slot == hash)
            return true;
        if (*slot != 0)
            continue;
        *slot = hash;
        exec->seen_count++;
        return false;
    }
}

static void
fork_path(struct exec *exec, value v, const struct ir_insn *insn)
{
    struct state *other = state_copy(exec->state);
    struct event at = exec_here(exec);
    decide(other, at, false);
    if (state_assume(other, &exec->values, v, false)) {
        struct call_frame *frame = &other->frames[other->frame_count - 1];
        frame->pc = (uint32_t)insn->c;
        other->next = exec->waiting;
        exec->waiting = other;
    } else {
        state_free(other);
    }
    decide(exec->state, at, true);
    if (!state_assume(exec->state, &exec->values, v, true))
        exec->is_path_over = true;
    else
        jump(exec, (uint32_t)insn->b);
}

/* In the second round a counter may be anything: what happens in a late round
 * is seen, too. */
static void
widen_counters(struct exec *exec, const struct ir_insn *branch)
{
    struct state *state = exec->state;
    const struct call_frame *frame = top(exec);
    const struct ir_insn *insns = frame->function->insns;
    uint32_t out = (uint32_t)(branch->imm ? branch->b : branch->c);
    uint32_t body = (uint32_t)(branch->imm ? branch->c : branch->b);
    uint32_t first = body < frame->pc ? body : frame->pc;
    uint32_t last = body < frame->pc ? frame->pc : out;
    for (uint32_t i = 0; i < state->binding_count; i++) {
        const struct event *stored = &state->bindings[i].stored;
        int64_t n;
        if (stored->activation != frame->activation ||
            stored->function != frame->function ||
            !value_is_int(&exec->values, state->bindings[i].value, &n))
            continue;
        uint32_t at = (uint32_t)(stored->insn - insns);
        if (at <= first || at >= last || insns[at - 1].op != IR_BINARY ||
            (insns[at - 1].sub != IR_ADD && insns[at - 1].sub != IR_SUB))
            continue;
        state->bindings[i].value =
            value_make(&exec->values, VALUE_FRESH,
                       frame->function->first_number + at, 0, state->rounds);
    }
}

static void
run_branch(struct exec *exec, const struct ir_insn *insn)
{
    value v = get(exec, insn->a);
    bool is_loop = (insn->flags & IR_LOOP) != 0;
    int truth = state_truth(exec->state, &exec->values, v);
    uint32_t visits = is_loop ? count_visit(exec) : 0;
    if (visits == 2)
        widen_counters(exec, insn);
    if (visits > MAX_ROUNDS) {
        /* Enough of it: out, whatever the condition says. */
        jump(exec, insn->imm ? (uint32_t)insn->b : (uint32_t)insn->c);
        return;
    }
    if (truth >= 0) {
        jump(exec, truth ? (uint32_t)insn->b : (uint32_t)insn->c);
        return;
    }
    if (was_seen(exec)) {
        exec->is_path_over = true;
        return;
    }
    fork_path(exec, v, insn);
}

/* A loop without a condition would go on for ever. */
static void
run_jump(struct exec *exec, const struct ir_insn *insn)
{
    if ((uint32_t)insn->b <= top(exec)->pc &&
        count_visit(exec) > MAX_ROUNDS + 1) {
        exec->is_path_over = true;
        return;
    }
    jump(exec, (uint32_t)insn->b);
}

static void
run_call(struct exec *exec, const struct ir_insn *insn)
{
    value args[65];
    uint32_t count = 0;
    const int32_t *list = top(exec)->function->args + insn->imm;
    for (int32_t i = 0; i < insn->c && i < 65; i++)
        args[count++] = get(exec, list[i]);
    value pointer = insn->b < 0 ? VALUE_NONE : get(exec, insn->b);
    exec_call(exec, (uint32_t)insn->a, pointer, args, count, insn->dst,
              insn->type);
}

static void
run_cleanup(struct exec *exec, const struct ir_insn *insn)
{
    place var = place_make(&exec->values, PLACE_VAR, top(exec)->activation,
                           (uint32_t)insn->a, 0);
    value address = value_address(&exec->values, var);
    exec_call(exec, (uint32_t)insn->b, VALUE_NONE, &address, 1, -1,
              IR_TYPE_OTHER);
}

void
exec_return(struct exec *exec, value result, bool has_result)
{
    struct state *state = exec->state;
    struct call_frame frame = *top(exec);
    if (state->frame_count == 1) {
        exec_exit(exec, has_result ? result : VALUE_NONE);
        exec->is_path_over = true;
        return;
    }
    place keep = PLACE_NONE;
    if (has_result && value_at(&exec->values, result)->kind == VALUE_WHOLE)
        keep = value_at(&exec->values, result)->a;
    state_drop(state, &exec->values, frame.activation, keep);
    exec_lost_inside(exec, frame.activation, has_result ? result : VALUE_NONE);
    state->register_count = frame.registers;
    state->frame_count--;
    if (frame.dst >= 0)
        *reg(exec, frame.dst) = has_result ? result : exec_fresh(exec);
    top(exec)->pc++;
}

static void
run_value(struct exec *exec, const struct ir_insn *insn)
{
    struct values *values = &exec->values;
    value *dst = reg(exec, insn->dst);
    switch (insn->op) {
    case IR_CONST:
        *dst = value_int(values, insn->imm);
        break;
    case IR_HAVOC:
        *dst = exec_fresh(exec);
        break;
    case IR_STRING:
        *dst = value_address(
            values, place_make(values, PLACE_LITERAL, 0,
                               insn->a > 0 ? (uint32_t)insn->a : 0, 0));
        break;
    case IR_VAR:
        *dst = value_address(values, place_make(values, PLACE_VAR,
                                                top(exec)->activation,
                                                (uint32_t)insn->a, 0));
        break;
    case IR_GLOBAL:
        *dst = value_address(
            values, place_make(values, PLACE_GLOBAL, 0, (uint32_t)insn->a, 0));
        break;
    case IR_FUNC:
        *dst = value_make(values, VALUE_FUNCTION, (uint32_t)insn->a, 0, 0);
        break;
    case IR_MOVE:
        *dst = get(exec, insn->a);
        break;
    case IR_NOT:
        *dst = value_not(values, get(exec, insn->a));
        break;
    default:
        *dst = exec_compute(exec, (enum ir_binary)insn->sub, get(exec, insn->a),
                            get(exec, insn->b));
    }
}

static void
run_zero(struct exec *exec, const struct ir_insn *insn)
{
    place p = value_target(&exec->values, get(exec, insn->a));
    exec_use(exec, p);
    state_write(exec->state, &exec->values, p, value_int(&exec->values, 0),
                exec_here(exec));
}

static void
run_declare(struct exec *exec, const struct ir_insn *insn)
{
    state_forget(exec->state, &exec->values,
                 place_make(&exec->values, PLACE_VAR, top(exec)->activation,
                            (uint32_t)insn->a, 0));
}

/* One instruction. Those that go elsewhere set the counter themselves. */
static void
step(struct exec *exec)
{
    struct call_frame *frame = top(exec);
    const struct ir_insn *insn = &frame->function->insns[frame->pc];
    switch (insn->op) {
    case IR_BRANCH:
        run_branch(exec, insn);
        return;
    case IR_JUMP:
        run_jump(exec, insn);
        return;
    case IR_RETURN:
        exec_return(exec, insn->a < 0 ? VALUE_NONE : get(exec, insn->a),
                    insn->a >= 0);
        return;
    case IR_CALL:
        run_call(exec, insn);
        return;
    case IR_CLEANUP:
        run_cleanup(exec, insn);
        return;
    case IR_END:
        if (insn->imm != 0)
            exec_jumps_out(exec, 0);
        exec->is_path_over = true;
        return;
    case IR_FIELD:
        run_field(exec, insn);
        break;
    case IR_INDEX:
        run_index(exec, insn);
        break;
    case IR_LOAD:
        run_load(exec, insn);
        break;
    case IR_STORE:
        run_store(exec, insn);
        break;
    case IR_ZERO:
        run_zero(exec, insn);
        break;
    case IR_DECLARE:
        run_declare(exec, insn);
        break;
    case IR_NOP:
        break;
    default:
        run_value(exec, insn);
    }
    top(exec)->pc++;
}

static void
run_path(struct exec *exec)
{
    exec->is_path_over = false;
    while (!exec->is_path_over && exec->steps < exec->max_steps) {
        exec->steps++;
        exec->fresh = 0;
        step(exec);
    }
}

struct state *
exec_first_state(const struct function *function)
{
    struct state *state = state_begin();
    *STATE_APPEND(state, activations, activation_count) =
        (struct activation){function, 0, NULL};
    *STATE_APPEND(state, frames, frame_count) =
        (struct call_frame){function, 0, 0, 0, -1};
    for (uint32_t i = 0; i < function->register_count; i++)
        *STATE_APPEND(state, registers, register_count) = VALUE_NONE;
    return state;
}

bool
exec_run(struct exec *exec, const struct function *function)
{
    exec->root = function;
    exec->steps = exec->blocks = 0;
    exec->seen_count = exec->outcome_count = 0;
    check_free(exec->seen);
    exec->seen = NULL;
    exec->seen_room = 0;
    values_begin(&exec->values);
    exec->waiting = exec_first_state(function);
    while (exec->waiting != NULL) {
        exec->state = exec->waiting;
        exec->waiting = exec->state->next;
        if (exec->steps < exec->max_steps)
            run_path(exec);
        state_free(exec->state);
    }
    exec_pairing(exec);
    values_free(&exec->values);
    return exec->steps < exec->max_steps;
}
