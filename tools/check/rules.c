/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Rules that look at instructions one by one: results that nobody looks at,
 * old names, threads that end the frame, events that are never read, and
 * spaces that are changed in the middle of a step.
 */
#include "check/rules.h"

#include "check/memory.h"

#include <framealloc/remote.h>

#include <stdio.h>
#include <string.h>

struct rules {
    struct program *program;
    const struct check_request *request;
    struct verdict_list *reports;
    const struct function *function;
};

static void
report(const struct rules *rules, unsigned number, const struct ir_insn *insn,
       const char *message)
{
    const struct function *function = rules->function;
    verdict_plain(rules->reports, number,
                  program_text(rules->program, function->files[insn->file]),
                  insn->line, insn->column,
                  program_text(rules->program, function->plain_name), message);
}

static const char *
callee(const struct rules *rules, const struct ir_insn *insn)
{
    return program_plain(program_text(rules->program, (uint32_t)insn->a));
}

/* The instruction that made a register's value, before instruction at. */
static const struct ir_insn *
maker(const struct function *function, uint32_t at, int32_t reg)
{
    for (uint32_t i = at; i-- > 0;)
        if (function->insns[i].dst == reg)
            return &function->insns[i];
    return NULL;
}

static const struct ir_insn *
argument(const struct function *function, uint32_t at, int n)
{
    const struct ir_insn *call = &function->insns[at];
    if (n > call->c)
        return NULL;
    return maker(function, at, function->args[call->imm + n - 1]);
}

static bool
gives_memory(const struct roles *roles)
{
    return roles_find(roles, ROLE_FRAME) != NULL ||
           roles_find(roles, ROLE_POOL) != NULL ||
           roles_find(roles, ROLE_HEAP) != NULL ||
           roles_find(roles, ROLE_TASK) != NULL;
}

/* A result that goes into a variable that nobody looks at. */
static bool
is_unread(const struct rules *rules, const struct ir_insn *call)
{
    const struct function *function = rules->function;
    const struct ir_insn *end = function->insns + function->insn_count;
    const struct ir_insn *store = call + 1;
    if (store >= end || store->op != IR_STORE || store->b != call->dst)
        return false;
    const struct ir_insn *var =
        maker(function, (uint32_t)(store - function->insns), store->a);
    if (var == NULL || var->op != IR_VAR)
        return false;
    for (const struct ir_insn *insn = function->insns; insn + 2 < end; insn++)
        if (insn->op == IR_VAR && insn->a == var->a && insn[1].op == IR_LOAD &&
            insn[1].a == insn->dst &&
            (insn[2].a == insn[1].dst || insn[2].b == insn[1].dst ||
             insn[2].op == IR_CONST || insn[2].op == IR_VAR))
            if (insn[2].op != IR_VAR)
                return false;
    return true;
}

static void
check_discarded(const struct rules *rules, const struct ir_insn *insn)
{
    const struct roles *roles =
        program_roles(rules->program, (uint32_t)insn->a);
    char text[256];
    bool is_discarded = (insn->flags & IR_DISCARDED) != 0;
    bool is_budget = strncmp(callee(rules, insn), "fa_budget_", 10) == 0;
    if (!is_discarded && !(is_budget && is_unread(rules, insn)))
        return;
    if (is_discarded && gives_memory(roles) &&
        roles_find(roles, ROLE_REALLOCS) == NULL) {
        snprintf(text, sizeof(text), "the memory of %.100s() is not kept",
                 callee(rules, insn));
        report(rules, 101, insn, text);
    }
    if (strcmp(callee(rules, insn), "fa_budget_set") == 0 ||
        strcmp(callee(rules, insn), "fa_budget_read") == 0) {
        snprintf(text, sizeof(text), "the status of %.100s() is ignored",
                 callee(rules, insn));
        report(rules, 302, insn, text);
    }
}

static void
check_renamed(const struct rules *rules, const struct ir_insn *insn)
{
    char text[256];
    const struct role *role = roles_find(
        program_roles(rules->program, (uint32_t)insn->a), ROLE_RENAMED);
    if (role == NULL)
        return;
    snprintf(text, sizeof(text), "%.100s() is now called %.100s()",
             callee(rules, insn), role->name);
    uint32_t before = rules->reports->count;
    report(rules, 104, insn, text);
    if (rules->reports->count > before)
        verdict_fix(rules->reports, strlen(callee(rules, insn)), role->name);
}

/* Whether a function ends frames of others, and waits for nobody before. */
static const struct ir_insn *
ends_frame(const struct rules *rules, const struct function *function)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_CALL || insn->a <= 0)
            continue;
        const struct roles *roles =
            program_roles(rules->program, (uint32_t)insn->a);
        if (roles_find(roles, ROLE_JOINS) != NULL ||
            strstr(program_text(rules->program, (uint32_t)insn->a),
                   "barrier") != NULL)
            return NULL;
        if (strcmp(callee(rules, insn), "fa_end_frame") == 0)
            return insn;
    }
    return NULL;
}

static void
check_thread(const struct rules *rules, uint32_t at)
{
    const struct ir_insn *insn = &rules->function->insns[at];
    const struct role *role = roles_find(
        program_roles(rules->program, (uint32_t)insn->a), ROLE_THREAD);
    if (role == NULL)
        return;
    const struct ir_insn *entry = argument(rules->function, at, role->a);
    if (entry == NULL || entry->op != IR_FUNC)
        return;
    const struct function *started = rules->program->symbols[entry->a].function;
    if (started == NULL || !started->is_many ||
        ends_frame(rules, started) == NULL)
        return;
    char text[256];
    snprintf(text, sizeof(text),
             "several threads run %.100s(), and each ends the frame",
             program_text(rules->program, started->plain_name));
    report(rules, 205, insn, text);
}

/* Reads of a local variable, other than as the argument of call at. */
static bool
is_read(const struct function *function, int32_t var, uint32_t at)
{
    const struct ir_insn *call = &function->insns[at];
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_VAR || insn->a != var)
            continue;
        bool is_argument = false;
        for (int32_t k = 0; i < at && k < call->c; k++)
            is_argument |= function->args[call->imm + k] == insn->dst;
        const struct ir_insn *next =
            i + 1 < function->insn_count ? insn + 1 : NULL;
        bool is_load =
            next != NULL && next->op == IR_LOAD && next->a == insn->dst;
        if (is_load || (!is_argument && next != NULL && next->op != IR_STORE &&
                        next->op != IR_ZERO && next->op != IR_CONST))
            return true;
    }
    return false;
}

static void
check_events(const struct rules *rules, uint32_t at)
{
    const struct ir_insn *insn = &rules->function->insns[at];
    if (strcmp(callee(rules, insn), "fa_physics_step") != 0)
        return;
    const struct ir_insn *out = argument(rules->function, at, 3);
    if (out == NULL || out->op != IR_VAR ||
        is_read(rules->function, out->a, at))
        return;
    report(rules, 903, insn, "the events of this step are never read");
}

static const char *const changes[] = {"cpSpaceAddShape",
                                      "cpSpaceAddBody",
                                      "cpSpaceAddConstraint",
                                      "cpSpaceRemoveShape",
                                      "cpSpaceRemoveBody",
                                      "cpSpaceRemoveConstraint",
                                      "cpBodySleep",
                                      "cpBodySleepWithGroup",
                                      "cpSpaceReindexShape",
                                      "cpSpaceReindexStatic",
                                      "cpSpaceReindexShapesForBody"};

/* A function that Chipmunk calls in the middle of a step. */
static void
check_step_callback(const struct rules *rules, const struct function *function)
{
    struct rules inner = *rules;
    inner.function = function;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_CALL || insn->a <= 0)
            continue;
        for (size_t k = 0; k < sizeof(changes) / sizeof(*changes); k++) {
            char text[256];
            if (strcmp(callee(&inner, insn), changes[k]) != 0)
                continue;
            snprintf(text, sizeof(text),
                     "%s() in a callback of a step changes the space",
                     changes[k]);
            report(&inner, 915, insn, text);
        }
    }
}

static void
check_store(const struct rules *rules, uint32_t at)
{
    static const char *const slots[] = {"beginFunc", "preSolveFunc",
                                        "postSolveFunc", "separateFunc",
                                        "pair_filter"};
    const struct ir_insn *insn = &rules->function->insns[at];
    const struct ir_insn *field = maker(rules->function, at, insn->a);
    const struct ir_insn *what = maker(rules->function, at, insn->b);
    if (field == NULL || what == NULL || field->op != IR_FIELD ||
        what->op != IR_FUNC)
        return;
    const char *name = program_text(rules->program, (uint32_t)field->b);
    const struct function *function = rules->program->symbols[what->a].function;
    for (size_t i = 0; i < sizeof(slots) / sizeof(*slots); i++)
        if (function != NULL && strcmp(name, slots[i]) == 0)
            check_step_callback(rules, function);
}

static bool
is_known_tag(const struct check_request *request, const char *tag)
{
    for (size_t i = 0; i < request->known_tag_count; i++)
        if (strcmp(request->known_tags[i], tag) == 0)
            return true;
    return false;
}

static void
check_tag(const struct rules *rules, uint32_t at)
{
    const struct ir_insn *insn = &rules->function->insns[at];
    char text[256];
    if (rules->request->known_tag_count == 0 ||
        strcmp(callee(rules, insn), "fa_tag_register") != 0)
        return;
    const struct ir_insn *name = argument(rules->function, at, 2);
    if (name == NULL || name->op != IR_STRING || name->a <= 0)
        return;
    const char *tag = program_text(rules->program, (uint32_t)name->a);
    if (is_known_tag(rules->request, tag))
        return;
    snprintf(text, sizeof(text), "there is no tag \"%.100s\" in the list", tag);
    report(rules, 802, insn, text);
}

/* A retention is described and never passed on. */
static void
check_policy(const struct rules *rules, uint32_t at)
{
    const struct function *function = rules->function;
    const struct ir_insn *store = &function->insns[at];
    const struct ir_insn *field = maker(function, at, store->a);
    if (field == NULL || field->op != IR_FIELD ||
        strcmp(program_text(rules->program, (uint32_t)field->b), "policy") != 0)
        return;
    const struct ir_insn *var =
        maker(function, (uint32_t)(field - function->insns), field->a);
    if (var == NULL || var->op != IR_VAR ||
        strcmp(program_text(rules->program, function->vars[var->a].type_name),
               "fa_retain") != 0)
        return;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_VAR || insn->a != var->a)
            continue;
        const struct ir_insn *next = insn + 1;
        if (next->op != IR_FIELD && next->op != IR_ZERO)
            return;
    }
    report(rules, 604, store, "this retention policy is never used");
}

/* Whether a thread of the program frees what others may have allocated. */
static bool
has_freeing_thread(const struct rules *rules)
{
    const struct program *program = rules->program;
    for (size_t i = 0; i < program->function_count; i++) {
        const struct function *function = &program->functions[i];
        for (uint32_t k = 0;
             function->is_thread_entry && k < function->insn_count; k++) {
            const struct ir_insn *insn = &function->insns[k];
            const struct roles *roles =
                insn->op == IR_CALL && insn->a > 0
                    ? program_roles(rules->program, (uint32_t)insn->a)
                    : NULL;
            if (roles_find(roles, ROLE_FREES_ANY) != NULL ||
                roles_find(roles, ROLE_FREES_POOL) != NULL)
                return true;
        }
    }
    return false;
}

/* A member of a local structure that is set to a number, or -1. */
static int64_t
set_member(const struct rules *rules, int32_t var, const char *name)
{
    const struct function *function = rules->function;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *store = &function->insns[i];
        if (store->op != IR_STORE)
            continue;
        const struct ir_insn *field = maker(function, i, store->a);
        const struct ir_insn *what = maker(function, i, store->b);
        if (field == NULL || what == NULL || field->op != IR_FIELD ||
            strcmp(program_text(rules->program, (uint32_t)field->b), name) != 0)
            continue;
        const struct ir_insn *owner =
            maker(function, (uint32_t)(field - function->insns), field->a);
        if (owner == NULL || owner->op != IR_VAR || owner->a != var)
            continue;
        if (what->op != IR_CONST)
            return 1;
        if (what->imm != 0)
            return what->imm;
    }
    return -1;
}

/* The drain is by hand, and nothing bounds what waits for it. */
static void
check_queue(const struct rules *rules, uint32_t at)
{
    const struct ir_insn *insn = &rules->function->insns[at];
    if (strcmp(callee(rules, insn), "fa_allocator_create") != 0)
        return;
    const struct ir_insn *config = argument(rules->function, at, 1);
    if (config == NULL || config->op != IR_VAR ||
        set_member(rules, config->a, "drain") != FA_DRAIN_EXPLICIT ||
        set_member(rules, config->a, "queue_capacity") >= 0 ||
        !has_freeing_thread(rules))
        return;
    report(rules, 204, insn,
           "threads free into a queue that has no bound and is drained by "
           "hand");
}

static void
look_at(const struct rules *rules, uint32_t at)
{
    const struct ir_insn *insn = &rules->function->insns[at];
    if (insn->op == IR_STORE) {
        check_store(rules, at);
        check_policy(rules, at);
    }
    if (insn->op != IR_CALL || insn->a <= 0)
        return;
    check_discarded(rules, insn);
    check_renamed(rules, insn);
    check_thread(rules, at);
    check_events(rules, at);
    check_tag(rules, at);
    check_queue(rules, at);
}

/* Roles that name a parameter which the function does not have. */
static void
check_roles(const struct program *program)
{
    for (size_t i = 0; i < program->function_count; i++) {
        const struct function *function = &program->functions[i];
        const struct roles *roles = program->symbols[function->name].roles;
        for (size_t k = 0; roles != NULL && k < roles->count; k++) {
            int most = roles->list[k].a > roles->list[k].b ? roles->list[k].a
                                                           : roles->list[k].b;
            if (most > (int)function->param_count)
                fprintf(stderr,
                        "framealloc check: a role of %s() names parameter "
                        "%d, and the function has %u. Correct it in [roles] "
                        "or at the prototype.\n",
                        program_text(program, function->plain_name), most,
                        function->param_count);
        }
    }
}

static void
take_remarks(struct program *program, struct verdict_list *reports)
{
    for (size_t m = 0; m < program->module_count; m++) {
        const struct ir_module *module = &program->modules[m];
        for (uint32_t i = 0; i < module->remark_count; i++) {
            const struct ir_remark *remark = &module->remarks[i];
            verdict_plain(
                reports, remark->number,
                program_text(program, module->files[remark->file]),
                remark->line, remark->column,
                program_plain(program_text(program, remark->function)),
                program_text(program, remark->message));
        }
    }
}

void
rules_run(struct program *program, const struct check_request *request,
          struct verdict_list *reports)
{
    struct rules rules = {program, request, reports, NULL};
    check_roles(program);
    take_remarks(program, reports);
    for (size_t i = 0; i < program->function_count; i++) {
        rules.function = &program->functions[i];
        for (uint32_t k = 0; k < rules.function->insn_count; k++)
            look_at(&rules, k);
    }
}
