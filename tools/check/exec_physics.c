/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Worlds of framealloc/physics.h: FA903, FA904, FA912 and FA915.
 */
#include "check/exec_module.h"
#include "check/exec_scan.h"

#include <string.h>

enum { SCAN_DEPTH = 3 };

static bool
begins_with_any(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strncmp(name, *list, strlen(*list)) == 0)
            return true;
    return false;
}

static void
report(struct exec *exec, unsigned number, const char *message)
{
    verdict_add(exec->reports, exec->program, exec->state, number,
                exec_here(exec), NULL, 0, "%s", message);
}

static bool
is_pointer(const struct exec *exec, value v)
{
    uint8_t kind = value_at(&exec->values, v)->kind;
    return kind != VALUE_INT && kind != VALUE_WHOLE;
}

/* A world that was not stepped; the space in its settings has a world now. */
static void
create(struct exec *exec, const value *args)
{
    value world = exec_fresh(exec);
    state_write(exec->state, &exec->values,
                value_target(&exec->values, args[2]), world, exec_here(exec));
    module_note(exec, value_target(&exec->values, world), "#stepped", 0);
    if (!is_pointer(exec, args[1]))
        return;
    uint32_t name = program_symbol(exec->program, "space");
    place p =
        place_field(&exec->values, value_target(&exec->values, args[1]), name);
    value space = state_read(exec->state, &exec->values, p);
    if (is_pointer(exec, space))
        module_note(exec, value_target(&exec->values, space), "#world", 1);
}

static void
look_at_world(struct exec *exec, const char *name, value v)
{
    static const char *const steps[] = {"step", "advance", NULL};
    static const char *const questions[] = {"ray_", "point_", "overlap",
                                            "touching", NULL};
    if (!is_pointer(exec, v))
        return;
    place world = value_target(&exec->values, v);
    if (scan_is_any(name, steps))
        module_note(exec, world, "#stepped", 1);
    if (begins_with_any(name, questions) &&
        module_known(exec, world, "#stepped") == 0)
        report(exec, 904, "a world is asked before its first step");
}

/* Of a space, and nothing else is touched or kept. */
static bool
is_setting(const char *name)
{
    static const char *const settings[] = {"cpSpaceGet", "cpSpaceSet", NULL};
    return begins_with_any(name, settings) && strstr(name, "UserData") == NULL;
}

bool
exec_physics(struct exec *exec, const char *name, const value *args,
             uint32_t count, value *result)
{
    if (count == 0)
        return false;
    if (strcmp(name, "cpSpaceStep") == 0 && is_pointer(exec, args[0]) &&
        module_known(exec, value_target(&exec->values, args[0]), "#world") == 1)
        report(exec, 912, "a space that has a world is stepped past it");
    if (is_setting(name)) {
        *result = exec_fresh(exec);
        return true;
    }
    if (strncmp(name, "fa_physics_", 11) != 0)
        return false;
    name += 11;
    if (strcmp(name, "create") == 0 && count == 3) {
        create(exec, args);
        *result = exec_fresh(exec);
        return true;
    }
    if (strcmp(name, "space") == 0) {
        *result = exec_fresh(exec);
        module_note(exec, value_target(&exec->values, *result), "#world", 1);
        return true;
    }
    look_at_world(exec, name, args[0]);
    return false;
}

/* Whether an instruction does more with the address in a register than to
 * store there, or to pass it to a step. */
static bool
is_read_by(const struct exec *exec, const struct function *function,
           const struct ir_insn *insn, int32_t reg)
{
    bool is_target = insn->op == IR_STORE && insn->a == reg;
    return insn->op != IR_ZERO && !is_target &&
           scan_uses(function, insn, reg) &&
           strcmp(scan_called(exec, insn), "fa_physics_step") != 0;
}

static bool
is_variable_read(const struct exec *exec, const struct function *function,
                 int32_t variable)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *var = &function->insns[i];
        if (var->op != IR_VAR || var->a != variable)
            continue;
        for (uint32_t k = i + 1; k < function->insn_count; k++)
            if (is_read_by(exec, function, &function->insns[k], var->dst))
                return true;
    }
    return false;
}

static void
check_events(struct exec *exec, const struct function *function, uint32_t at)
{
    const struct ir_insn *call = &function->insns[at];
    if (strcmp(scan_called(exec, call), "fa_physics_step") != 0 || call->c != 3)
        return;
    const struct ir_insn *var =
        scan_maker(function, at, function->args[call->imm + 2]);
    if (var != NULL && var->op == IR_VAR &&
        !is_variable_read(exec, function, var->a))
        scan_report(exec, function, call, 903,
                    "the events of a step are never read");
}

/* Calls that change a space, in what a step calls. */
static void
scan_callback(struct exec *exec, const struct function *function, int depth)
{
    static const char *const changes[] = {"cpSpaceAddBody",
                                          "cpSpaceAddConstraint",
                                          "cpSpaceAddShape",
                                          "cpSpaceRemoveBody",
                                          "cpSpaceRemoveConstraint",
                                          "cpSpaceRemoveShape",
                                          NULL};
    if (function == NULL || depth == SCAN_DEPTH)
        return;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_CALL || insn->a <= 0)
            continue;
        const char *name = scan_called(exec, insn);
        if (scan_is_any(name, changes))
            scan_report(exec, function, insn, 915,
                        "a space is changed in the middle of a step");
        const struct function *inner = exec->program->symbols[insn->a].function;
        if (inner != function)
            scan_callback(exec, inner, depth + 1);
    }
}

static void
check_callback(struct exec *exec, const struct function *function, uint32_t at)
{
    static const char *const members[] = {"beginFunc",     "preSolveFunc",
                                          "postSolveFunc", "separateFunc",
                                          "pair_filter",   NULL};
    const struct ir_insn *store = &function->insns[at];
    const struct ir_insn *field = scan_maker(function, at, store->a);
    const struct ir_insn *what = scan_maker(function, at, store->b);
    if (field == NULL || field->op != IR_FIELD || what == NULL ||
        what->op != IR_FUNC ||
        !scan_is_any(program_text(exec->program, (uint32_t)field->b), members))
        return;
    scan_callback(exec, exec->program->symbols[what->a].function, 0);
}

void
exec_scan_physics(struct exec *exec, const struct function *function,
                  uint32_t at)
{
    if (function->insns[at].op == IR_CALL)
        check_events(exec, function, at);
    if (function->insns[at].op == IR_STORE)
        check_callback(exec, function, at);
}
