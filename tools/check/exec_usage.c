/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * How functions are called: FA101, FA104, FA204, FA205, FA302, FA604, FA605.
 */
#include "check/exec_scan.h"

#include <stdio.h>
#include <string.h>

enum { CALL_DEPTH = 3 };

const struct ir_insn *
scan_maker(const struct function *function, uint32_t before, int32_t reg)
{
    for (uint32_t i = before; i-- > 0;)
        if (function->insns[i].dst == reg && function->insns[i].op != IR_NOP)
            return &function->insns[i];
    return NULL;
}

const char *
scan_called(const struct exec *exec, const struct ir_insn *insn)
{
    return insn->op == IR_CALL && insn->a > 0
               ? program_text(exec->program, (uint32_t)insn->a)
               : "";
}

bool
scan_is_argument(const struct function *function, const struct ir_insn *insn,
                 int32_t reg)
{
    for (int32_t i = 0; i < insn->c; i++)
        if (function->args[insn->imm + i] == reg)
            return true;
    return false;
}

bool
scan_uses(const struct function *function, const struct ir_insn *insn,
          int32_t reg)
{
    switch (insn->op) {
    case IR_FIELD:
    case IR_LOAD:
    case IR_ZERO:
    case IR_MOVE:
    case IR_NOT:
    case IR_BRANCH:
    case IR_RETURN:
        return insn->a == reg;
    case IR_INDEX:
    case IR_STORE:
    case IR_BINARY:
        return insn->a == reg || insn->b == reg;
    case IR_CALL:
        return insn->b == reg || scan_is_argument(function, insn, reg);
    default:
        return false;
    }
}

bool
scan_is_any(const char *name, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(name, *list) == 0)
            return true;
    return false;
}

void
scan_report(struct exec *exec, const struct function *function,
            const struct ir_insn *insn, unsigned number, const char *message)
{
    const struct program *program = exec->program;
    verdict_plain(exec->reports, number,
                  program_text(program, function->files[insn->file]),
                  insn->line, insn->column,
                  program_text(program, function->plain_name), message);
}

/* "before name() after other". */
static void
report_call(struct exec *exec, const struct function *function,
            const struct ir_insn *insn, unsigned number, const char *before,
            const char *after, const char *other)
{
    char message[256];
    snprintf(message, sizeof(message), "%s%s()%s%s", before,
             program_plain(scan_called(exec, insn)), after, other);
    scan_report(exec, function, insn, number, message);
}

static bool
gives_memory(const struct roles *roles)
{
    static const enum role_verb verbs[] = {ROLE_FRAME, ROLE_POOL, ROLE_HEAP,
                                           ROLE_MALLOC, ROLE_TASK};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(*verbs); i++)
        if (roles_find(roles, verbs[i]) != NULL)
            return roles_find(roles, ROLE_REALLOCS) == NULL;
    return false;
}

/* Whether a variable is loaded, and what was loaded is used. */
static bool
is_looked_at(const struct function *function, int32_t variable)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *load = &function->insns[i];
        const struct ir_insn *var =
            load->op == IR_LOAD ? scan_maker(function, i, load->a) : NULL;
        if (var == NULL || var->op != IR_VAR || var->a != variable)
            continue;
        for (uint32_t k = i + 1; k < function->insn_count; k++)
            if (scan_uses(function, &function->insns[k], load->dst))
                return true;
    }
    return false;
}

/* Nobody looks at what a call returns, not even by way of a variable. */
static bool
is_ignored(const struct function *function, uint32_t at)
{
    const struct ir_insn *call = &function->insns[at];
    if ((call->flags & IR_DISCARDED) != 0 || call->dst < 0)
        return true;
    for (uint32_t i = at + 1; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (!scan_uses(function, insn, call->dst))
            continue;
        const struct ir_insn *var = scan_maker(function, i, insn->a);
        if (insn->op != IR_STORE || var == NULL || var->op != IR_VAR ||
            is_looked_at(function, var->a))
            return false;
    }
    return true;
}

static void
check_call(struct exec *exec, const struct function *function, uint32_t at)
{
    static const char *const budgets[] = {"fa_budget_set", "fa_budget_read",
                                          NULL};
    const struct ir_insn *call = &function->insns[at];
    const struct roles *roles =
        call->a > 0 ? program_roles(exec->program, (uint32_t)call->a) : NULL;
    const struct role *renamed = roles_find(roles, ROLE_RENAMED);
    if (renamed != NULL)
        report_call(exec, function, call, 104, "", " is now called ",
                    renamed->name);
    if ((call->flags & IR_DISCARDED) != 0 && gives_memory(roles))
        report_call(exec, function, call, 101, "the memory that ",
                    " returns is lost", "");
    if (scan_is_any(scan_called(exec, call), budgets) &&
        is_ignored(function, at))
        report_call(exec, function, call, 302, "the status of ", " is ignored",
                    "");
}

/* The variable that the field belongs to, or -1. */
static int32_t
variable_of(const struct exec *exec, const struct function *function,
            uint32_t at, const char *name)
{
    const struct ir_insn *field = &function->insns[at];
    if (field->op != IR_FIELD ||
        strcmp(program_text(exec->program, (uint32_t)field->b), name) != 0)
        return -1;
    const struct ir_insn *var = scan_maker(function, at, field->a);
    return var != NULL && var->op == IR_VAR ? var->a : -1;
}

static bool
is_zero(const struct ir_insn *insn)
{
    return insn != NULL && insn->op == IR_CONST && insn->imm == 0;
}

/* The store that gives a field of a variable something but zero. */
static const struct ir_insn *
setting_of(const struct exec *exec, const struct function *function,
           int32_t variable, const char *name)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        if (variable_of(exec, function, i, name) != variable)
            continue;
        int32_t field = function->insns[i].dst;
        for (uint32_t k = i + 1; k < function->insn_count; k++) {
            const struct ir_insn *store = &function->insns[k];
            if (store->op == IR_STORE && store->a == field &&
                !is_zero(scan_maker(function, k, store->b)))
                return store;
        }
    }
    return NULL;
}

/* Its address, or all of it, goes somewhere. */
static bool
is_passed_on(const struct function *function, int32_t variable)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *var = &function->insns[i];
        if (var->op != IR_VAR || var->a != variable)
            continue;
        for (uint32_t k = i + 1; k < function->insn_count; k++) {
            const struct ir_insn *insn = &function->insns[k];
            bool is_target = insn->op == IR_STORE && insn->a == var->dst;
            if (insn->op != IR_FIELD && insn->op != IR_ZERO && !is_target &&
                scan_uses(function, insn, var->dst))
                return true;
        }
    }
    return false;
}

static void
check_policy(struct exec *exec, const struct function *function, uint32_t at)
{
    int32_t variable = variable_of(exec, function, at, "policy");
    if (variable < (int32_t)function->param_count)
        return;
    bool is_retain = false;
    for (uint32_t i = 0; i < function->insn_count; i++)
        is_retain |= variable_of(exec, function, i, "slot") == variable;
    const struct ir_insn *set = setting_of(exec, function, variable, "policy");
    if (is_retain && set != NULL && !is_passed_on(function, variable))
        scan_report(exec, function, set, 604,
                    "no block is retained with this policy");
}

typedef bool insn_fn(struct exec *exec, const struct function *function,
                     const struct ir_insn *insn);

/* The first instruction that it is true for, here or in what is called. */
static const struct ir_insn *
find_call(struct exec *exec, const struct function *function, insn_fn *fn,
          int depth)
{
    if (function == NULL || depth == CALL_DEPTH)
        return NULL;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_CALL || insn->a <= 0)
            continue;
        const struct function *inner = exec->program->symbols[insn->a].function;
        if (fn(exec, function, insn) ||
            (inner != function &&
             find_call(exec, inner, fn, depth + 1) != NULL))
            return insn;
    }
    return NULL;
}

static bool
ends_frame(struct exec *exec, const struct function *function,
           const struct ir_insn *insn)
{
    (void)function;
    return strcmp(scan_called(exec, insn), "fa_end_frame") == 0;
}

static bool
meets_others(struct exec *exec, const struct function *function,
             const struct ir_insn *insn)
{
    (void)function;
    return strstr(scan_called(exec, insn), "barrier") != NULL;
}

static bool
frees(struct exec *exec, const struct function *function,
      const struct ir_insn *insn)
{
    (void)function;
    const struct roles *roles = program_roles(exec->program, (uint32_t)insn->a);
    return roles_find(roles, ROLE_FREES_ANY) != NULL ||
           roles_find(roles, ROLE_FREES_POOL) != NULL ||
           roles_find(roles, ROLE_FREES_HEAP) != NULL;
}

static bool
starts_freer(struct exec *exec, const struct function *function,
             const struct ir_insn *insn)
{
    const struct role *role = roles_find(
        program_roles(exec->program, (uint32_t)insn->a), ROLE_THREAD);
    if (role == NULL || role->a < 1 || role->a > insn->c)
        return false;
    const struct ir_insn *what =
        scan_maker(function, (uint32_t)(insn - function->insns),
                   function->args[insn->imm + role->a - 1]);
    return what != NULL && what->op == IR_FUNC &&
           find_call(exec, exec->program->symbols[what->a].function, frees,
                     0) != NULL;
}

static void
check_threads(struct exec *exec, const struct function *function)
{
    const struct ir_insn *end = function->is_thread_entry && function->is_many
                                    ? find_call(exec, function, ends_frame, 0)
                                    : NULL;
    if (end != NULL && find_call(exec, function, meets_others, 0) == NULL)
        scan_report(exec, function, end, 205,
                    "each of several threads ends the frame");
}

static void
check_queue(struct exec *exec, const struct function *function, uint32_t at)
{
    const struct ir_insn *create = &function->insns[at];
    if (strncmp(scan_called(exec, create), "fa_allocator_create", 19) != 0 ||
        create->c < 2)
        return;
    const struct ir_insn *config =
        scan_maker(function, at, function->args[create->imm]);
    if (config == NULL || config->op != IR_VAR ||
        setting_of(exec, function, config->a, "queue_capacity") != NULL ||
        find_call(exec, function, starts_freer, CALL_DEPTH - 1) == NULL)
        return;
    scan_report(exec, function, create, 204,
                "another thread frees memory of an allocator whose queues "
                "have no bound");
}

/* Those of syntax.c. */
static void
check_remark(struct exec *exec, const struct function *function,
             const struct ir_insn *insn)
{
    if (insn->imm == 102)
        scan_report(exec, function, insn, 102,
                    "a product that may overflow is passed as size");
    if (insn->imm == 103)
        scan_report(exec, function, insn, 103,
                    "the size is that of the pointer, not of what it points "
                    "to");
}

void
exec_scan(struct exec *exec, const struct function *function)
{
    check_threads(exec, function);
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op == IR_CALL) {
            check_call(exec, function, i);
            check_queue(exec, function, i);
        }
        if (insn->op == IR_FIELD)
            check_policy(exec, function, i);
        exec_scan_physics(exec, function, i);
        exec_scan_tags(exec, function, i);
        if (insn->op == IR_NOP)
            check_remark(exec, function, insn);
    }
}

static value
setting(struct exec *exec, value how, const char *name)
{
    place p = place_field(&exec->values, value_target(&exec->values, how),
                          program_symbol(exec->program, name));
    return state_read(exec->state, &exec->values, p);
}

/* With the policy that discards, and a place for what is kept: FA605. */
void
exec_usage(struct exec *exec, const char *name, const value *args,
           uint32_t count)
{
    int64_t n;
    if (strcmp(name, "fa_frame_retain") != 0 || count != 4 ||
        value_at(&exec->values, args[3])->kind != VALUE_ADDRESS)
        return;
    value policy = setting(exec, args[3], "policy");
    value slot = setting(exec, args[3], "slot");
    if (!state_number(exec->state, &exec->values, policy, &n) || n != 0 ||
        value_at(&exec->values, slot)->kind == VALUE_INT)
        return;
    verdict_add(exec->reports, exec->program, exec->state, 605, exec_here(exec),
                NULL, 0, "a block is retained under a policy that discards it");
}
