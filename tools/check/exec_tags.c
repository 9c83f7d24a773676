/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Tags: FA801 on paths, FA802 and FA803 in instructions. Names are those of
 * literals; others are not known.
 */
#include "check/exec_scan.h"

#include <fnmatch.h>
#include <string.h>

/* The tag on top, where one context has tags; else VALUE_NONE. */
static value
current_tag(const struct state *state)
{
    const struct tag_depth *tags = state->tags;
    if (state->tag_count != 1 || tags->depth < 1 || tags->depth > 4)
        return VALUE_NONE;
    return tags->stack[tags->depth - 1];
}

void
exec_tag_made(struct exec *exec, struct object *object)
{
    object->tag = current_tag(exec->state);
}

void
exec_tag_freed(struct exec *exec, const struct object *object)
{
    value tag = current_tag(exec->state);
    if (tag == VALUE_NONE || object->tag == VALUE_NONE || tag == object->tag)
        return;
    const struct verdict_note notes[] = {
        {object->made, "it is allocated here"},
        {exec->state->tags->pushed, "another tag is pushed here"}};
    verdict_add(exec->reports, exec->program, exec->state, 801, exec_here(exec),
                notes, 2, "a block is freed under another tag");
}

/* The name that a call of fa_tag_register() has as literal, in quotes. */
static const char *
registered(const struct exec *exec, const struct function *function,
           const struct ir_insn *call)
{
    if (strcmp(scan_called(exec, call), "fa_tag_register") != 0 || call->c != 2)
        return NULL;
    const struct ir_insn *text =
        scan_maker(function, (uint32_t)(call - function->insns),
                   function->args[call->imm + 1]);
    return text != NULL && text->op == IR_STRING && text->a > 0
               ? program_text(exec->program, (uint32_t)text->a)
               : NULL;
}

static bool
is_quoted(const char *quoted, const char *name)
{
    size_t size = strlen(name);
    return quoted[0] == '"' && strncmp(quoted + 1, name, size) == 0 &&
           strcmp(quoted + 1 + size, "\"") == 0;
}

static void
check_known(struct exec *exec, const struct function *function,
            const struct ir_insn *call)
{
    const struct check_request *request = exec->program->request;
    const char *name = registered(exec, function, call);
    if (name == NULL || request->known_tag_count == 0)
        return;
    for (size_t i = 0; i < request->known_tag_count; i++)
        if (is_quoted(name, request->known_tags[i]))
            return;
    scan_report(exec, function, call, 802,
                "a tag is registered that is not among those configured");
}

/* The call that a value comes from, by way of a variable, too. */
static const struct ir_insn *
source_of(const struct function *function, uint32_t at, int32_t reg)
{
    const struct ir_insn *insn = scan_maker(function, at, reg);
    if (insn == NULL || insn->op != IR_LOAD)
        return insn;
    const struct ir_insn *var = scan_maker(function, at, insn->a);
    if (var == NULL || var->op != IR_VAR)
        return NULL;
    for (uint32_t i = at; i-- > 0;) {
        const struct ir_insn *store = &function->insns[i];
        const struct ir_insn *target =
            store->op == IR_STORE ? scan_maker(function, i, store->a) : NULL;
        if (target != NULL && target->op == IR_VAR && target->a == var->a)
            return scan_maker(function, i, store->b);
    }
    return NULL;
}

static bool
is_in_module(const char *file, const char *root, const char *module)
{
    size_t size = root != NULL ? strlen(root) : 0;
    if (size > 0 && strncmp(file, root, size) == 0 && file[size] == '/')
        file += size + 1;
    size = strlen(module);
    return (strncmp(file, module, size) == 0 && file[size] == '/') ||
           fnmatch(module, file, 0) == 0;
}

static void
check_module(struct exec *exec, const struct function *function, uint32_t at)
{
    const struct check_request *request = exec->program->request;
    const struct ir_insn *push = &function->insns[at];
    if (strcmp(scan_called(exec, push), "fa_tag_push") != 0 || push->c != 2)
        return;
    const struct ir_insn *source =
        source_of(function, at, function->args[push->imm + 1]);
    const char *name =
        source != NULL ? registered(exec, function, source) : NULL;
    const char *file = program_text(exec->program, function->files[push->file]);
    bool is_known = false;
    for (size_t i = 0; name != NULL && i < request->module_tag_count; i++) {
        const struct check_module_tag *pair = &request->module_tags[i];
        if (!is_in_module(file, request->root, pair->module))
            continue;
        if (is_quoted(name, pair->tag))
            return;
        is_known = true;
    }
    if (is_known)
        scan_report(exec, function, push, 803,
                    "a tag of another module is pushed");
}

void
exec_scan_tags(struct exec *exec, const struct function *function, uint32_t at)
{
    const struct ir_insn *insn = &function->insns[at];
    if (insn->op != IR_CALL || exec->program->request == NULL)
        return;
    check_known(exec, function, insn);
    check_module(exec, function, at);
}
