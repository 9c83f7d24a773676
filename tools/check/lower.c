/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A translation unit as a whole: it is parsed, and its functions, objects and
 * annotated prototypes are taken up. Of system headers only prototypes count.
 */
#include "check/lower.h"

#include "check/memory.h"
#include "check/resource.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char annotation_prefix[] = "fa:";

static bool
is_system(const struct lowering *lo, clang_cursor cursor)
{
    return lo->clang->Location_isInSystemHeader(
               lo->clang->getCursorLocation(cursor)) != 0;
}

/* "fa:" annotations of a declaration become its roles. */
static void
take_annotations(struct lowering *lo, clang_cursor decl)
{
    struct lower_kids kids = lower_kids(lo, decl);
    for (uint32_t i = 0; i < kids.count; i++) {
        if (lower_kid(lo, kids, i).kind != CLANG_ANNOTATION)
            continue;
        uint32_t text = lower_name(lo, lower_kid(lo, kids, i));
        const char *roles = lo->module->text + text;
        if (strncmp(roles, annotation_prefix, 3) != 0)
            continue;
        uint32_t function = lower_symbol(lo, decl);
        struct ir_annotation *entry =
            IR_APPEND(lo->module, annotations, annotation_count);
        entry->function = function;
        entry->roles = text + 3;
    }
    lower_drop(lo, kids);
}

static void
begin_function(struct lowering *lo)
{
    IR_APPEND(lo->module, functions, function_count);
    lo->function = lo->module->function_count - 1;
    lo->first_insn = lo->module->insn_count;
    lo->first_var = lo->module->var_count;
    lo->registers = 0;
    lo->flags = 0;
    lo->local_count = lo->label_count = lo->goto_count = 0;
    lo->cleanup_count = lo->case_count = 0;
    lo->default_label = -1;
    lo->target = (struct lower_target){-1, -1, 0};
    lo->loop_depth = 0;
    lo->this_var = -1;
}

/* Labels become places of instructions. */
static void
resolve_labels(struct lowering *lo)
{
    struct ir_insn *insns = lo->module->insns + lo->first_insn;
    int32_t count = (int32_t)(lo->module->insn_count - lo->first_insn);
    for (int32_t i = 0; i < count; i++) {
        if (insns[i].op != IR_JUMP && insns[i].op != IR_BRANCH)
            continue;
        insns[i].b =
            lo->labels[insns[i].b] < 0 ? count - 1 : lo->labels[insns[i].b];
        if (insns[i].op == IR_BRANCH)
            insns[i].c =
                lo->labels[insns[i].c] < 0 ? count - 1 : lo->labels[insns[i].c];
    }
}

static void
end_function(struct lowering *lo, clang_cursor decl, uint32_t params)
{
    lower_emit(lo, IR_RETURN, decl)->imm = 1; /* without a statement */
    resolve_labels(lo);
    uint32_t name = lower_symbol(lo, decl), plain = lower_name(lo, decl);
    uint32_t line, column;
    uint32_t file = lower_place(lo, lo->clang->getCursorLocation(decl), &line,
                                &column, NULL);
    struct ir_function *function = &lo->module->functions[lo->function];
    function->name = name;
    function->plain_name = plain;
    function->first_insn = lo->first_insn;
    function->insn_count = lo->module->insn_count - lo->first_insn;
    function->first_var = lo->first_var;
    function->var_count = lo->module->var_count - lo->first_var;
    function->param_count = params;
    function->register_count = (uint32_t)lo->registers;
    function->line = line;
    function->column = column;
    function->file = file;
    if (lo->clang->getCursorLinkage(decl) == 2)
        lo->flags |= IR_STATIC;
    function->flags = lo->flags;
    if ((lo->flags & IR_CXX_SKIPPED) != 0)
        lo->module->skipped_cxx++;
}

static uint32_t
take_params(struct lowering *lo, clang_cursor decl)
{
    uint32_t count = 0;
    bool has_object = (decl.kind == CLANG_METHOD &&
                       lo->clang->Cursor_getStorageClass(decl) != 3) ||
                      decl.kind == CLANG_CONSTRUCTOR ||
                      decl.kind == CLANG_DESTRUCTOR;
    if (has_object) {
        clang_cursor none = {0, 0, {NULL, NULL, NULL}};
        clang_type type = lo->clang->getCursorType(decl);
        lo->this_var = lower_new_var(lo, none, type);
        lo->module->vars[lo->module->var_count - 1].is_param = 1;
        lo->module->vars[lo->module->var_count - 1].name =
            ir_name(lo->module, "this");
        count++;
    }
    int n = lo->clang->Cursor_getNumArguments(decl);
    for (int i = 0; i < n; i++) {
        clang_cursor param = lo->clang->Cursor_getArgument(decl, (unsigned)i);
        lower_new_var(lo, param, lo->clang->getCursorType(param));
        lo->module->vars[lo->module->var_count - 1].is_param = 1;
        count++;
    }
    return count;
}

/* "member(value)" in front of a constructor's body. */
static void
take_initializers(struct lowering *lo, clang_cursor decl)
{
    struct lower_kids kids = lower_kids(lo, decl);
    for (uint32_t i = 0; i + 1 < kids.count; i++) {
        clang_cursor member = lower_kid(lo, kids, i);
        clang_cursor init = lower_kid(lo, kids, i + 1);
        if (member.kind != CLANG_MEMBER_REF ||
            init.kind < CLANG_UNEXPOSED_EXPR || init.kind >= 200)
            continue;
        uint32_t name = lower_name(lo, member);
        int32_t object = lower_value(lo, IR_VAR, member, lo->this_var, -1);
        object = lower_value(lo, IR_LOAD, member, object, -1);
        int32_t place =
            lower_value(lo, IR_FIELD, member, object, (int32_t)name);
        lower_initialize(lo, member, place, lo->clang->getCursorType(member),
                         init);
    }
    lower_drop(lo, kids);
}

static void
take_function(struct lowering *lo, clang_cursor decl)
{
    take_annotations(lo, decl);
    if (!lo->clang->isCursorDefinition(decl) || is_system(lo, decl))
        return;
    struct lower_kids kids = lower_kids(lo, decl);
    clang_cursor body =
        kids.count > 0 ? lower_kid(lo, kids, kids.count - 1) : decl;
    lower_drop(lo, kids);
    if (body.kind == CLANG_TRY)
        lo->module->skipped_cxx++;
    if (body.kind != CLANG_COMPOUND)
        return;
    lo->module->bodies++;
    begin_function(lo);
    lo->function_name = lower_symbol(lo, decl);
    uint32_t params = take_params(lo, decl);
    if (decl.kind == CLANG_CONSTRUCTOR)
        take_initializers(lo, decl);
    lower_compound(lo, body, NULL);
    end_function(lo, decl, params);
}

static bool
read_value(struct lowering *lo, clang_cursor init, int64_t *value)
{
    void *result = lo->clang->Cursor_Evaluate(init);
    if (result == NULL)
        return false;
    bool is_int = lo->clang->EvalResult_getKind(result) == 1;
    if (is_int)
        *value = lo->clang->EvalResult_getAsLongLong(result);
    lo->clang->EvalResult_dispose(result);
    return is_int;
}

static void
take_object(struct lowering *lo, clang_cursor decl)
{
    if (is_system(lo, decl))
        return;
    uint32_t name = lower_symbol(lo, decl);
    clang_type type = lo->clang->getCursorType(decl);
    struct ir_object object = {name, 0, 0, 0, 0, 0};
    clang_cursor init = lo->clang->Cursor_getVarDeclInitializer(decl);
    bool has_init = init.kind >= CLANG_UNEXPOSED_EXPR && init.kind < 200;
    bool is_extern = lo->clang->Cursor_getStorageClass(decl) == 2;
    object.is_const = lo->clang->isConstQualifiedType(type) != 0;
    object.is_defined = has_init || !is_extern;
    bool is_scalar = !lower_is_record(lo, type) && !lower_is_array(lo, type);
    if (has_init && is_scalar)
        object.has_value = read_value(lo, init, &object.value);
    else if (!has_init && !is_extern && is_scalar)
        object.has_value = 1;
    *IR_APPEND(lo->module, objects, object_count) = object;
}

static int
take_declaration(clang_cursor cursor, clang_cursor parent, void *user)
{
    struct lowering *lo = user;
    (void)parent;
    switch (cursor.kind) {
    case CLANG_FUNCTION_DECL:
    case CLANG_METHOD:
    case CLANG_CONSTRUCTOR:
    case CLANG_DESTRUCTOR:
        take_function(lo, cursor);
        return 1;
    case CLANG_VAR_DECL:
        take_object(lo, cursor);
        return 1;
    case CLANG_NAMESPACE:
    case CLANG_LINKAGE_SPEC:
    case CLANG_CLASS_DECL:
    case CLANG_STRUCT_DECL:
    case CLANG_UNEXPOSED_EXPR:
        return lo->is_cxx || cursor.kind == CLANG_LINKAGE_SPEC ? 2 : 1;
    case CLANG_FUNCTION_TEMPLATE:
    case CLANG_CLASS_TEMPLATE:
        if (!is_system(lo, cursor))
            lo->module->skipped_cxx++;
        return 1;
    default:
        return 1;
    }
}

/* Objects whose address goes anywhere but into a load may be written. */
static void
find_writes(struct ir_module *module)
{
    for (uint32_t f = 0; f < module->function_count; f++) {
        struct ir_function *function = &module->functions[f];
        struct ir_insn *insns = module->insns + function->first_insn;
        uint32_t *owner =
            check_zalloc(function->register_count + 1, sizeof(*owner));
        for (uint32_t i = 0; i < function->insn_count; i++) {
            struct ir_insn *insn = &insns[i];
            if (insn->op == IR_GLOBAL) {
                owner[insn->dst] = (uint32_t)insn->a;
                continue;
            }
            bool is_load = insn->op == IR_LOAD;
            int32_t used[2] = {is_load ? -1 : insn->a, insn->b};
            for (int k = 0; k < 2; k++) {
                bool is_register =
                    used[k] >= 0 &&
                    used[k] < (int32_t)function->register_count &&
                    (insn->op == IR_STORE || insn->op == IR_ZERO ||
                     insn->op == IR_FIELD || insn->op == IR_INDEX ||
                     insn->op == IR_MOVE || insn->op == IR_RETURN);
                if (is_register && !(k == 1 && insn->op == IR_FIELD) &&
                    owner[used[k]] != 0)
                    IR_APPEND(module, objects, object_count)
                        ->name = owner[used[k]],
           module->objects[module->object_count - 1].is_written = 1;
            }
            if (insn->op != IR_CALL)
                continue;
            for (int32_t k = 0; k < insn->c; k++) {
                uint32_t name = owner[module->args[insn->imm + k]];
                if (name == 0)
                    continue;
                struct ir_object *object =
                    IR_APPEND(module, objects, object_count);
                object->name = name;
                object->is_written = 1;
            }
        }
        check_free(owner);
    }
}

/* The first error, or NULL. */
static char *
first_error(const struct lowering *lo)
{
    unsigned count = lo->clang->getNumDiagnostics(lo->unit);
    char *text = NULL;
    for (unsigned i = 0; i < count && text == NULL; i++) {
        void *diagnostic = lo->clang->getDiagnostic(lo->unit, i);
        if (lo->clang->getDiagnosticSeverity(diagnostic) >= 3) {
            clang_string line = lo->clang->formatDiagnostic(diagnostic, 1 | 2);
            text = check_strdup(lo->clang->getCString(line));
            lo->clang->disposeString(line);
        }
        lo->clang->disposeDiagnostic(diagnostic);
    }
    return text;
}

static void
take_include(void *file, clang_location *stack, unsigned depth, void *user)
{
    struct lowering *lo = user;
    (void)stack;
    (void)depth;
    clang_string text = lo->clang->getFileName(file);
    const char *path = lo->clang->getCString(text);
    char *whole = path == NULL || path[0] == '/'
                      ? check_strdup(path == NULL ? "" : path)
                      : check_printf("%s/%s", lo->directory, path);
    uint32_t name = ir_name(lo->module, whole);
    IR_APPEND(lo->module, includes, include_count)->path = name;
    check_free(whole);
    lo->clang->disposeString(text);
}

static void
forget(struct lowering *lo)
{
    check_free(lo->kids);
    check_free(lo->files);
    check_free(lo->locals);
    check_free(lo->labels);
    check_free(lo->gotos);
    check_free(lo->cleanups);
    check_free(lo->cases);
}

static bool
is_cxx_file(const char *file)
{
    const char *dot = strrchr(file, '.');
    return dot != NULL &&
           (strcmp(dot, ".cc") == 0 || strcmp(dot, ".cpp") == 0 ||
            strcmp(dot, ".cxx") == 0 || strcmp(dot, ".C") == 0 ||
            strcmp(dot, ".hpp") == 0);
}

static int
parse(struct lowering *lo, void *index, const struct check_unit *unit)
{
    const char *args[1024];
    int count = 0;
    args[count++] = "-DFRAMEALLOC_CHECK";
    args[count++] = "-w";
    /* What older C allows, and compilers warned of only. */
    args[count++] = "-Wno-error=implicit-function-declaration";
    args[count++] = "-Wno-error=implicit-int";
    args[count++] = "-Wno-error=int-conversion";
    args[count++] = "-Wno-error=incompatible-function-pointer-types";
    args[count++] = "-ferror-limit=5";
    const char *resource = check_resource_flag(lo->clang);
    for (size_t i = 0; unit->args[i] != NULL && count < 1020; i++)
        args[count++] = unit->args[i];
    if (resource != NULL)
        args[count++] = resource;
    int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = chdir(unit->directory) != 0;
    if (!error)
        error = lo->clang->parseTranslationUnit2(index, unit->file, args, count,
                                                 NULL, 0, 0, &lo->unit);
    if (before >= 0) {
        if (fchdir(before) != 0)
            error = 1;
        close(before);
    }
    return error;
}

void
lower_unit(const struct clang *clang, const struct check_unit *unit,
           struct ir_module *module)
{
    struct lowering lo;
    memset(&lo, 0, sizeof(lo));
    lo.clang = clang;
    lo.module = module;
    lo.directory = unit->directory;
    lo.is_cxx = is_cxx_file(unit->file);
    ir_module_begin(module);
    void *index = clang->createIndex(0, 0);
    char *error = NULL;
    if (parse(&lo, index, unit) != 0)
        error = check_printf("%s: the compiler cannot read it with the flags "
                             "that are given",
                             unit->file);
    else
        error = first_error(&lo);
    if (error != NULL)
        module->failed = ir_name(module, error);
    check_free(error);
    if (lo.unit != NULL) {
        clang->visitChildren(clang->getTranslationUnitCursor(lo.unit),
                             take_declaration, &lo);
        find_writes(module);
        clang->getInclusions(lo.unit, take_include, &lo);
        clang->disposeTranslationUnit(lo.unit);
    }
    clang->disposeIndex(index);
    forget(&lo);
}
