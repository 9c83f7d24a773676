/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Linking. A function that several files have, as an inline function of a
 * header, is taken once.
 */
#include "check/program.h"

#include "check/memory.h"

#include <string.h>

static uint32_t
hash_text(const char *text)
{
    uint32_t hash = 2166136261u;
    while (*text != '\0')
        hash = (hash ^ (unsigned char)*text++) * 16777619u;
    return hash;
}

static uint32_t *
find_slot(const struct program *program, const char *text)
{
    for (uint32_t i = hash_text(text);; i++) {
        uint32_t *slot = &program->slots[i & (program->slot_count - 1)];
        if (*slot == 0 || strcmp(program->symbols[*slot].text, text) == 0)
            return slot;
    }
}

static void
grow_slots(struct program *program)
{
    check_free(program->slots);
    program->slot_count *= 2;
    program->slots = check_zalloc(program->slot_count, sizeof(uint32_t));
    for (uint32_t i = 1; i < program->symbol_count; i++)
        *find_slot(program, program->symbols[i].text) = i;
}

uint32_t
program_symbol(struct program *program, const char *text)
{
    if (*text == '\0')
        return 0;
    uint32_t *slot = find_slot(program, text);
    if (*slot != 0)
        return *slot;
    ir_grow((void **)&program->symbols, &program->symbols_room,
            program->symbol_count, sizeof(*program->symbols));
    uint32_t symbol = *slot = program->symbol_count++;
    program->symbols[symbol].text = check_strdup(text);
    if (program->symbol_count * 2 > program->slot_count)
        grow_slots(program);
    return symbol;
}

const char *
program_text(const struct program *program, uint32_t symbol)
{
    const char *text = program->symbols[symbol].text;
    return text == NULL ? "" : text;
}

const char *
program_plain(const char *text)
{
    /* "file:line:name" of static ones; "class::name" stays whole. */
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || colon[-1] == ':')
        return text;
    return colon + 1;
}

/* Offsets of one module become symbols, each once. */
struct renaming {
    struct program *program;
    const struct ir_module *module;
    uint32_t *known; /* hash by offset: pairs */
    uint32_t size;
};

static uint32_t
rename_one(struct renaming *renaming, uint32_t offset)
{
    if (offset == 0)
        return 0;
    for (uint32_t i = offset * 2654435761u;; i++) {
        uint32_t *pair = &renaming->known[2 * (i & (renaming->size - 1))];
        if (pair[0] == offset)
            return pair[1];
        if (pair[0] != 0)
            continue;
        pair[0] = offset;
        return pair[1] = program_symbol(renaming->program,
                                        renaming->module->text + offset);
    }
}

static void
rename_insns(struct renaming *renaming, struct ir_module *module)
{
    for (uint32_t i = 0; i < module->insn_count; i++) {
        struct ir_insn *insn = &module->insns[i];
        switch (insn->op) {
        case IR_GLOBAL:
        case IR_FUNC:
        case IR_STRING:
        case IR_CALL:
            insn->a = (int32_t)rename_one(renaming, (uint32_t)insn->a);
            break;
        case IR_FIELD:
        case IR_CLEANUP:
            insn->b = (int32_t)rename_one(renaming, (uint32_t)insn->b);
            break;
        default:
            break;
        }
    }
}

static void
take_objects(struct renaming *renaming, const struct ir_module *module)
{
    for (uint32_t i = 0; i < module->object_count; i++) {
        const struct ir_object *object = &module->objects[i];
        uint32_t symbol = rename_one(renaming, object->name);
        struct symbol *entry = &renaming->program->symbols[symbol];
        entry->is_object = true;
        entry->is_written |= object->is_written;
        if (object->is_defined && object->has_value) {
            entry->has_value = true;
            entry->value = object->value;
        }
    }
}

static void
rename_var(struct renaming *renaming, struct ir_var *var)
{
    var->name = rename_one(renaming, var->name);
    var->type_name = rename_one(renaming, var->type_name);
}

static void
rename_module(struct program *program, struct ir_module *module)
{
    struct renaming renaming = {program, module, NULL, 1024};
    while (renaming.size < module->text_size / 4)
        renaming.size *= 2;
    renaming.known = check_zalloc(2 * (size_t)renaming.size, sizeof(uint32_t));
    rename_insns(&renaming, module);
    take_objects(&renaming, module);
    for (uint32_t i = 0; i < module->var_count; i++)
        rename_var(&renaming, &module->vars[i]);
    for (uint32_t i = 0; i < module->file_count; i++)
        module->files[i] = rename_one(&renaming, module->files[i]);
    for (uint32_t i = 0; i < module->function_count; i++) {
        struct ir_function *function = &module->functions[i];
        function->name = rename_one(&renaming, function->name);
        function->plain_name = rename_one(&renaming, function->plain_name);
    }
    for (uint32_t i = 0; i < module->annotation_count; i++) {
        struct ir_annotation *entry = &module->annotations[i];
        entry->function = rename_one(&renaming, entry->function);
        entry->roles = rename_one(&renaming, entry->roles);
    }
    for (uint32_t i = 0; i < module->remark_count; i++) {
        struct ir_remark *remark = &module->remarks[i];
        remark->function = rename_one(&renaming, remark->function);
        remark->message = rename_one(&renaming, remark->message);
        remark->fix_text = rename_one(&renaming, remark->fix_text);
    }
    check_free(renaming.known);
}

static char *
keep_text(void *user, const char *text, size_t size)
{
    (void)user;
    return check_strndup(text, size);
}

static bool
has_role(const struct roles *roles, const struct role *role)
{
    for (size_t i = 0; i < roles->count; i++)
        if (roles->list[i].verb == role->verb && roles->list[i].a == role->a &&
            roles->list[i].b == role->b)
            return true;
    return false;
}

/* Each file that includes a header says the same again. */
static void
add_roles(struct program *program, uint32_t symbol, const char *text)
{
    struct roles parsed;
    const char *why;
    struct symbol *entry = &program->symbols[symbol];
    if (!roles_parse(text, &parsed, &why, keep_text, NULL))
        return;
    if (entry->roles == NULL)
        entry->roles = check_zalloc(1, sizeof(*entry->roles));
    for (size_t i = 0; i < parsed.count; i++)
        if (entry->roles->count < ROLE_MAX &&
            !has_role(entry->roles, &parsed.list[i]))
            entry->roles->list[entry->roles->count++] = parsed.list[i];
}

static void
annotate(struct program *program, const struct ir_module *module)
{
    for (uint32_t i = 0; i < module->annotation_count; i++)
        add_roles(program, module->annotations[i].function,
                  program_text(program, module->annotations[i].roles));
}

/* Own table and configuration add to what headers say; the configuration
 * stands in for the table. */
static void
look_up_roles(struct program *program, uint32_t symbol)
{
    struct symbol *entry = &program->symbols[symbol];
    const char *plain = program_plain(entry->text);
    bool is_configured = false;
    bool is_annotated = entry->roles != NULL;
    for (size_t i = 0; i < program->role_count; i++)
        if (strcmp(program->role_lines[i].function, plain) == 0 ||
            strcmp(program->role_lines[i].function, entry->text) == 0) {
            add_roles(program, symbol, program->role_lines[i].roles);
            is_configured = entry->is_configured = true;
        }
    const char *built_in = roles_built_in(entry->text);
    if (!is_configured && !is_annotated && built_in != NULL)
        add_roles(program, symbol, built_in);
}

const struct roles *
program_roles(struct program *program, uint32_t symbol)
{
    if (symbol == 0)
        return NULL;
    return program->symbols[symbol].roles;
}

static void
take_functions(struct program *program, struct ir_module *module,
               uint32_t *number)
{
    for (uint32_t i = 0; i < module->function_count; i++) {
        const struct ir_function *from = &module->functions[i];
        struct symbol *symbol = &program->symbols[from->name];
        if (symbol->function != NULL)
            continue;
        struct function *function =
            &program->functions[program->function_count++];
        function->name = from->name;
        function->plain_name = from->plain_name;
        function->file = module->files[from->file];
        function->insns = module->insns + from->first_insn;
        function->vars = module->vars + from->first_var;
        function->args = module->args;
        function->insn_count = from->insn_count;
        function->var_count = from->var_count;
        function->param_count = from->param_count;
        function->register_count = from->register_count;
        function->flags = from->flags;
        function->line = from->line;
        function->column = from->column;
        function->first_number = *number;
        function->files = module->files;
        *number += from->insn_count;
        symbol->function = function;
    }
}

static bool
is_lifetime_role(enum role_verb verb)
{
    return verb != ROLE_MALLOC && verb != ROLE_FREES_MALLOC &&
           verb != ROLE_BORROWS && verb != ROLE_NORETURN &&
           verb != ROLE_COPIES && verb != ROLE_JOINS && verb != ROLE_NONE &&
           verb != ROLE_SUSPENDS;
}

static bool
touches_lifetimes(const struct roles *roles)
{
    for (size_t i = 0; roles != NULL && i < roles->count; i++)
        if (is_lifetime_role(roles->list[i].verb))
            return true;
    return false;
}

/* A function that is handed to another thread, or to later. */
static void
mark_handed(struct program *program, const struct function *function,
            uint32_t call, int32_t reg, bool is_thread)
{
    for (uint32_t i = call; i-- > 0;) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->dst != reg)
            continue;
        if (insn->op != IR_FUNC)
            return;
        struct function *handed = program->symbols[insn->a].function;
        if (handed == NULL)
            return;
        handed->is_many |= handed->is_thread_entry ||
                           (function->insns[call].flags & IR_IN_LOOP) != 0;
        handed->is_thread_entry |= is_thread;
        handed->is_callback |= !is_thread;
        return;
    }
}

static void
look_at_call(struct program *program, struct function *function, uint32_t at)
{
    const struct ir_insn *insn = &function->insns[at];
    const struct roles *roles = program_roles(program, (uint32_t)insn->a);
    struct function *callee = program->symbols[insn->a].function;
    if (callee != NULL && callee != function)
        callee->has_caller = true;
    if (touches_lifetimes(roles) || program->symbols[insn->a].is_configured ||
        strncmp(program_text(program, (uint32_t)insn->a), "fa_", 3) == 0)
        function->is_relevant = true;
    for (size_t i = 0; roles != NULL && i < roles->count; i++) {
        const struct role *role = &roles->list[i];
        bool is_thread = role->verb == ROLE_THREAD;
        if ((is_thread || role->verb == ROLE_ASYNC) && role->a >= 1 &&
            role->a <= insn->c)
            mark_handed(program, function, at,
                        function->args[insn->imm + role->a - 1], is_thread);
    }
}

static void
look_at_function(struct program *program, struct function *function)
{
    const struct roles *own = program_roles(program, function->name);
    if (roles_find(own, ROLE_THREAD_ENTRY) != NULL)
        function->is_thread_entry = true;
    if (roles_find(own, ROLE_ASYNC_CALLBACK) != NULL)
        function->is_callback = true;
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op == IR_CALL && insn->a > 0)
            look_at_call(program, function, i);
        if (insn->op == IR_CLEANUP &&
            touches_lifetimes(program_roles(program, (uint32_t)insn->b)))
            function->is_relevant = true;
        if (insn->op == IR_RETURN && insn->imm == 0 &&
            insn->line > function->last_return)
            function->last_return = insn->line;
    }
}

static bool
calls_relevant(const struct program *program, const struct function *function)
{
    for (uint32_t i = 0; i < function->insn_count; i++) {
        const struct ir_insn *insn = &function->insns[i];
        if (insn->op != IR_CALL && insn->op != IR_FUNC)
            continue;
        if (insn->a <= 0)
            continue;
        const struct function *callee = program->symbols[insn->a].function;
        if (callee != NULL && callee->is_relevant)
            return true;
    }
    return false;
}

static void
find_relevant(struct program *program)
{
    bool is_changed = true;
    while (is_changed) {
        is_changed = false;
        for (size_t i = program->function_count; i-- > 0;) {
            struct function *function = &program->functions[i];
            if (!function->is_relevant && calls_relevant(program, function))
                function->is_relevant = is_changed = true;
        }
    }
}

void
program_link(struct program *program, struct ir_module *modules, size_t count,
             const struct check_role_line *lines, size_t line_count)
{
    size_t functions = 0;
    uint32_t number = 0;
    memset(program, 0, sizeof(*program));
    program->modules = modules;
    program->module_count = count;
    program->role_lines = lines;
    program->role_count = line_count;
    program->slot_count = 4096;
    program->slots = check_zalloc(program->slot_count, sizeof(uint32_t));
    ir_grow((void **)&program->symbols, &program->symbols_room, 0,
            sizeof(*program->symbols));
    program->symbols[0].text = check_strdup("");
    program->symbol_count = 1;
    for (size_t i = 0; i < count; i++) {
        rename_module(program, &modules[i]);
        functions += modules[i].function_count;
    }
    program->functions = check_zalloc(functions, sizeof(*program->functions));
    for (size_t i = 0; i < count; i++) {
        take_functions(program, &modules[i], &number);
        annotate(program, &modules[i]);
    }
    for (uint32_t i = 1; i < program->symbol_count; i++)
        look_up_roles(program, i);
    for (size_t i = 0; i < program->function_count; i++)
        look_at_function(program, &program->functions[i]);
    find_relevant(program);
}

void
program_free(struct program *program)
{
    for (uint32_t i = 0; i < program->symbol_count; i++) {
        check_free((char *)program->symbols[i].text);
        check_free(program->symbols[i].roles);
    }
    check_free(program->symbols);
    check_free(program->slots);
    check_free(program->functions);
    for (size_t i = 0; i < program->module_count; i++)
        ir_module_free(&program->modules[i]);
}
