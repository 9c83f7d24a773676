/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Statements. Variables with a clean-up function are cleaned on every way out
 * of their block but goto.
 */
#include "check/lower.h"

#include <string.h>

static bool
is_expression(clang_cursor cursor)
{
    return cursor.kind >= CLANG_UNEXPOSED_EXPR && cursor.kind < 200;
}

/* The object that a static variable in a function is. */
static void
declare_static(struct lowering *lo, clang_cursor decl)
{
    uint32_t name = lower_symbol(lo, decl);
    struct ir_object *object = IR_APPEND(lo->module, objects, object_count);
    object->name = name;
    object->is_written = 1;
    object->is_defined = 1;
}

static void
push_cleanup(struct lowering *lo, int32_t var, uint32_t function)
{
    ir_grow((void **)&lo->cleanups, &lo->cleanups_room, lo->cleanup_count,
            sizeof(*lo->cleanups));
    lo->cleanups[lo->cleanup_count++] = (struct lower_cleanup){var, function};
}

/* An object of a class: constructed here, destroyed at the end of its block. */
static void
declare_object(struct lowering *lo, clang_cursor decl, int32_t var)
{
    clang_type type = lo->clang->getCursorType(decl);
    clang_cursor init = lo->clang->Cursor_getVarDeclInitializer(decl);
    int32_t address = lower_value(lo, IR_VAR, decl, var, -1);
    clang_cursor bare = is_expression(init) ? lower_strip(lo, init) : init;
    if (bare.kind == CLANG_CALL &&
        lo->clang->getCursorReferenced(bare).kind == CLANG_CONSTRUCTOR)
        lower_construct(lo, bare, address);
    else if (is_expression(init))
        lower_initialize(lo, decl, address, type, init);
    uint32_t destructor = lower_destructor(lo, type);
    if (destructor != 0)
        push_cleanup(lo, var, destructor);
    uint32_t function = lower_cleanup_function(lo, decl, type);
    if (function != 0)
        push_cleanup(lo, var, function);
}

static void
declare(struct lowering *lo, clang_cursor decl)
{
    clang_type type = lo->clang->getCursorType(decl);
    int storage = lo->clang->Cursor_getStorageClass(decl);
    if (storage == 2) /* extern */
        return;
    if (storage == 3) {
        declare_static(lo, decl);
        return;
    }
    int32_t var = lower_new_var(lo, decl, type);
    lower_emit(lo, IR_DECLARE, decl)->a = var;
    if (lo->is_cxx && lower_is_record(lo, type)) {
        declare_object(lo, decl, var);
        return;
    }
    clang_cursor init = lo->clang->Cursor_getVarDeclInitializer(decl);
    if (is_expression(init)) {
        int32_t address = lower_value(lo, IR_VAR, decl, var, -1);
        lower_initialize(lo, decl, address, type, init);
    }
    uint32_t function = lower_cleanup_function(lo, decl, type);
    if (function != 0)
        push_cleanup(lo, var, function);
}

/* Cleans what came into sight after the first count. */
void
lower_clean(struct lowering *lo, clang_cursor at, uint32_t count)
{
    for (uint32_t i = lo->cleanup_count; i-- > count;) {
        struct ir_insn *insn = lower_emit(lo, IR_CLEANUP, at);
        insn->a = lo->cleanups[i].var;
        insn->b = (int32_t)lo->cleanups[i].function;
    }
}

static void
expression(struct lowering *lo, clang_cursor cursor)
{
    uint32_t before = lo->module->insn_count;
    int32_t value = lower_expr(lo, cursor);
    uint32_t last = lo->module->insn_count - 1;
    if (lo->module->insn_count == before)
        return;
    struct ir_insn *insn = &lo->module->insns[last];
    if (insn->op == IR_CALL && insn->dst == value)
        insn->flags |= IR_DISCARDED;
}

void
lower_compound(struct lowering *lo, clang_cursor cursor, int32_t *last_value)
{
    uint32_t cleanups = lo->cleanup_count;
    uint32_t locals = lo->local_count;
    struct lower_kids kids = lower_kids(lo, cursor);
    for (uint32_t i = 0; i < kids.count; i++) {
        clang_cursor kid = lower_kid(lo, kids, i);
        if (last_value != NULL && i + 1 == kids.count && is_expression(kid))
            *last_value = lower_expr(lo, kid);
        else
            lower_statement(lo, kid);
    }
    lower_drop(lo, kids);
    lower_clean(lo, cursor, cleanups);
    lo->cleanup_count = cleanups;
    lo->local_count = locals;
}

static void
lower_if(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    int32_t yes = lower_label(lo), no = lower_label(lo), end = lower_label(lo);
    uint32_t first = 0;
    while (first < kids.count && !is_expression(lower_kid(lo, kids, first))) {
        lower_statement(lo, lower_kid(lo, kids, first));
        first++;
    }
    if (first + 1 < kids.count) {
        lower_condition(lo, lower_kid(lo, kids, first), yes, no);
        lower_here(lo, yes);
        lower_statement(lo, lower_kid(lo, kids, first + 1));
        lower_jump(lo, cursor, end);
        lower_here(lo, no);
        if (first + 2 < kids.count)
            lower_statement(lo, lower_kid(lo, kids, first + 2));
        lower_here(lo, end);
    }
    lower_drop(lo, kids);
}

/* The branches that were made since first decide about another round; imm
 * tells whether b leads out, or c. */
static void
mark_loop(struct lowering *lo, uint32_t first, int32_t body, int32_t end)
{
    for (uint32_t i = first; i < lo->module->insn_count; i++) {
        struct ir_insn *insn = &lo->module->insns[i];
        if (insn->op != IR_BRANCH)
            continue;
        insn->flags |= IR_LOOP;
        insn->imm = insn->b == end || insn->c == body;
    }
}

struct loop {
    struct lower_target outer;
    int32_t head, body, next, end;
};

static void
begin_loop(struct lowering *lo, struct loop *loop)
{
    loop->outer = lo->target;
    loop->head = lower_label(lo);
    loop->body = lower_label(lo);
    loop->next = lower_label(lo);
    loop->end = lower_label(lo);
    lo->target =
        (struct lower_target){loop->end, loop->next, lo->cleanup_count};
    lo->loop_depth++;
}

static void
end_loop(struct lowering *lo, struct loop *loop)
{
    lo->target = loop->outer;
    lo->loop_depth--;
    lower_here(lo, loop->end);
}

static void
test_loop(struct lowering *lo, struct loop *loop, clang_cursor condition)
{
    uint32_t first = lo->module->insn_count;
    lower_condition(lo, condition, loop->body, loop->end);
    mark_loop(lo, first, loop->body, loop->end);
}

static void
lower_while(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    struct loop loop;
    if (kids.count >= 2) {
        begin_loop(lo, &loop);
        lower_here(lo, loop.head);
        lower_here(lo, loop.next);
        test_loop(lo, &loop, lower_kid(lo, kids, kids.count - 2));
        lower_here(lo, loop.body);
        lower_statement(lo, lower_kid(lo, kids, kids.count - 1));
        lower_jump(lo, cursor, loop.head);
        end_loop(lo, &loop);
    }
    lower_drop(lo, kids);
}

static void
lower_do(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    struct loop loop;
    if (kids.count >= 2) {
        begin_loop(lo, &loop);
        lower_here(lo, loop.body);
        lower_statement(lo, lower_kid(lo, kids, 0));
        lower_here(lo, loop.next);
        test_loop(lo, &loop, lower_kid(lo, kids, 1));
        end_loop(lo, &loop);
    }
    lower_drop(lo, kids);
}

struct for_parts {
    bool has[3]; /* init, condition, step */
    clang_cursor part[3], body;
};

/* Offsets of the two semicolons of "for (;;)". */
static bool
find_semicolons(struct lowering *lo, clang_cursor cursor, unsigned out[2])
{
    void *file = NULL;
    unsigned line, column, at, found = 0;
    lo->clang->getExpansionLocation(lo->clang->getCursorLocation(cursor), &file,
                                    &line, &column, &at);
    if (file == NULL)
        return false;
    struct lower_file *entry = lower_file_of(lo, file);
    if (entry->text == NULL)
        entry->text = lo->clang->getFileContents(lo->unit, file, &entry->size);
    if (entry->text == NULL || at + 3 > entry->size ||
        memcmp(entry->text + at, "for", 3) != 0)
        return false;
    int depth = 0;
    for (size_t i = at + 3; i < entry->size && found < 2; i++) {
        char c = entry->text[i];
        depth += c == '(' ? 1 : c == ')' ? -1 : 0;
        if (c == ';' && depth == 1)
            out[found++] = (unsigned)i;
        if (c == ')' && depth == 0)
            break;
    }
    return found == 2;
}

/* Which part an entry is, when some are left out. */
static int
part_of(struct lowering *lo, clang_cursor kid, const unsigned *semicolons)
{
    uint32_t line, column, offset;
    lower_place(lo, lo->clang->getRangeStart(lo->clang->getCursorExtent(kid)),
                &line, &column, &offset);
    return offset < semicolons[0] ? 0 : offset < semicolons[1] ? 1 : 2;
}

static bool
sort_for(struct lowering *lo, clang_cursor cursor, struct for_parts *parts)
{
    unsigned semicolons[2];
    memset(parts, 0, sizeof(*parts));
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is_read = kids.count == 4 || find_semicolons(lo, cursor, semicolons);
    for (uint32_t i = 0; i + 1 < kids.count && i < 3; i++) {
        clang_cursor kid = lower_kid(lo, kids, i);
        int part = kids.count == 4 ? (int)i
                   : is_read       ? part_of(lo, kid, semicolons)
                   : kid.kind == CLANG_DECL_STATEMENT ? 0
                                                      : 1 + (int)(i == 2);
        parts->has[part] = true;
        parts->part[part] = kid;
    }
    if (kids.count > 0)
        parts->body = lower_kid(lo, kids, kids.count - 1);
    lower_drop(lo, kids);
    return kids.count > 0;
}

static void
lower_for(struct lowering *lo, clang_cursor cursor)
{
    struct for_parts parts;
    struct loop loop;
    uint32_t cleanups = lo->cleanup_count, locals = lo->local_count;
    if (!sort_for(lo, cursor, &parts))
        return;
    if (parts.has[0])
        lower_statement(lo, parts.part[0]);
    begin_loop(lo, &loop);
    lower_here(lo, loop.head);
    if (parts.has[1])
        test_loop(lo, &loop, parts.part[1]);
    lower_here(lo, loop.body);
    lower_statement(lo, parts.body);
    lower_here(lo, loop.next);
    if (parts.has[2])
        lower_expr(lo, parts.part[2]);
    lower_jump(lo, cursor, loop.head);
    end_loop(lo, &loop);
    lower_clean(lo, cursor, cleanups);
    lo->cleanup_count = cleanups;
    lo->local_count = locals;
}

/* for (x : range) {}: any number of rounds with an unknown x. */
static void
lower_for_range(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    struct loop loop;
    if (kids.count >= 1) {
        begin_loop(lo, &loop);
        lower_here(lo, loop.head);
        lower_here(lo, loop.next);
        int32_t more = lower_value(lo, IR_HAVOC, cursor, -1, -1);
        lower_branch(lo, cursor, more, loop.body, loop.end);
        mark_loop(lo, lo->module->insn_count - 1, loop.body, loop.end);
        lower_here(lo, loop.body);
        for (uint32_t i = 0; i + 1 < kids.count; i++)
            if (lower_kid(lo, kids, i).kind == CLANG_VAR_DECL)
                lower_new_var(lo, lower_kid(lo, kids, i),
                              lo->clang->getCursorType(lower_kid(lo, kids, i)));
        lower_statement(lo, lower_kid(lo, kids, kids.count - 1));
        lower_jump(lo, cursor, loop.head);
        end_loop(lo, &loop);
    }
    lower_drop(lo, kids);
}

/* Compares with each case in turn, behind the body that names them. */
static void
dispatch(struct lowering *lo, clang_cursor at, int32_t value, uint32_t first,
         int32_t otherwise)
{
    for (uint32_t i = first; i < lo->case_count; i++) {
        int32_t next = lower_label(lo), is;
        if (lo->cases[i].is_known) {
            int32_t wanted = lower_constant(lo, at, lo->cases[i].value);
            is = lower_value(lo, IR_BINARY, at, value, wanted);
            lo->module->insns[lo->module->insn_count - 1].sub = IR_EQ;
        } else {
            is = lower_value(lo, IR_HAVOC, at, -1, -1);
        }
        lower_branch(lo, at, is, lo->cases[i].label, next);
        lower_here(lo, next);
    }
    lower_jump(lo, at, otherwise);
}

static void
lower_switch(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count < 2) {
        lower_drop(lo, kids);
        return;
    }
    clang_cursor test = lower_kid(lo, kids, kids.count - 2);
    clang_cursor body = lower_kid(lo, kids, kids.count - 1);
    lower_drop(lo, kids);
    struct lower_target outer = lo->target;
    int32_t outer_default = lo->default_label, end = lower_label(lo);
    int32_t choose = lower_label(lo);
    uint32_t first = lo->case_count;
    int32_t value = lower_expr(lo, test);
    lo->target.on_break = end;
    lo->target.cleanups = lo->cleanup_count;
    lo->default_label = -1;
    lower_jump(lo, cursor, choose);
    lower_statement(lo, body);
    lower_jump(lo, cursor, end);
    lower_here(lo, choose);
    dispatch(lo, cursor, value, first,
             lo->default_label >= 0 ? lo->default_label : end);
    lower_here(lo, end);
    lo->case_count = first;
    lo->default_label = outer_default;
    lo->target = outer;
}

static void
lower_case(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count >= 2) {
        ir_grow((void **)&lo->cases, &lo->cases_room, lo->case_count,
                sizeof(*lo->cases));
        struct lower_case *entry = &lo->cases[lo->case_count++];
        void *result = lo->clang->Cursor_Evaluate(lower_kid(lo, kids, 0));
        entry->is_known = result != NULL && kids.count == 2 &&
                          lo->clang->EvalResult_getKind(result) == 1;
        if (entry->is_known)
            entry->value = lo->clang->EvalResult_getAsLongLong(result);
        if (result != NULL)
            lo->clang->EvalResult_dispose(result);
        entry->label = lower_label(lo);
        lower_here(lo, entry->label);
        lower_statement(lo, lower_kid(lo, kids, kids.count - 1));
    }
    lower_drop(lo, kids);
}

static void
lower_only_kid(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count > 0)
        lower_statement(lo, lower_kid(lo, kids, kids.count - 1));
    lower_drop(lo, kids);
}

static int32_t
goto_label(struct lowering *lo, uint32_t name)
{
    for (uint32_t i = 0; i < lo->goto_count; i++)
        if (lo->gotos[i].name == name)
            return lo->gotos[i].label;
    ir_grow((void **)&lo->gotos, &lo->gotos_room, lo->goto_count,
            sizeof(*lo->gotos));
    int32_t label = lower_label(lo);
    lo->gotos[lo->goto_count++] = (struct lower_label){name, label};
    return label;
}

static void
lower_goto(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count == 1)
        lower_jump(lo, cursor,
                   goto_label(lo, lower_name(lo, lower_kid(lo, kids, 0))));
    lower_drop(lo, kids);
}

static void
lower_return(struct lowering *lo, clang_cursor cursor)
{
    int32_t value = -1;
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count > 0 && is_expression(lower_kid(lo, kids, 0)))
        value = lower_expr(lo, lower_kid(lo, kids, 0));
    lower_drop(lo, kids);
    lower_clean(lo, cursor, 0);
    lower_emit(lo, IR_RETURN, cursor)->a = value;
}

static void
leave(struct lowering *lo, clang_cursor cursor, int32_t label)
{
    lower_clean(lo, cursor, lo->target.cleanups);
    if (label >= 0)
        lower_jump(lo, cursor, label);
}

static void
lower_try(struct lowering *lo, clang_cursor cursor)
{
    lo->flags |= IR_CXX_SKIPPED;
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count > 0)
        lower_statement(lo, lower_kid(lo, kids, 0));
    lower_drop(lo, kids);
}

static void
lower_declarations(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    for (uint32_t i = 0; i < kids.count; i++)
        if (lower_kid(lo, kids, i).kind == CLANG_VAR_DECL)
            declare(lo, lower_kid(lo, kids, i));
    lower_drop(lo, kids);
}

/* Statements with statements in them. */
static void
lower_compounded(struct lowering *lo, clang_cursor cursor)
{
    switch (cursor.kind) {
    case CLANG_IF:
        lower_if(lo, cursor);
        break;
    case CLANG_WHILE:
        lower_while(lo, cursor);
        break;
    case CLANG_DO:
        lower_do(lo, cursor);
        break;
    case CLANG_FOR:
        lower_for(lo, cursor);
        break;
    case CLANG_FOR_RANGE:
        lower_for_range(lo, cursor);
        break;
    case CLANG_SWITCH:
        lower_switch(lo, cursor);
        break;
    case CLANG_TRY:
        lower_try(lo, cursor);
        break;
    default:
        break;
    }
}

void
lower_statement(struct lowering *lo, clang_cursor cursor)
{
    switch (cursor.kind) {
    case CLANG_COMPOUND:
        lower_compound(lo, cursor, NULL);
        break;
    case CLANG_DECL_STATEMENT:
        lower_declarations(lo, cursor);
        break;
    case CLANG_VAR_DECL:
        declare(lo, cursor);
        break;
    case CLANG_CASE:
        lower_case(lo, cursor);
        break;
    case CLANG_DEFAULT:
        lo->default_label = lower_label(lo);
        lower_here(lo, lo->default_label);
        lower_only_kid(lo, cursor);
        break;
    case CLANG_LABEL:
        lower_here(lo, goto_label(lo, lower_name(lo, cursor)));
        lower_only_kid(lo, cursor);
        break;
    case CLANG_GOTO:
        lower_goto(lo, cursor);
        break;
    case CLANG_BREAK:
        leave(lo, cursor, lo->target.on_break);
        break;
    case CLANG_CONTINUE:
        leave(lo, cursor, lo->target.on_continue);
        break;
    case CLANG_RETURN:
        lower_return(lo, cursor);
        break;
    default:
        if (is_expression(cursor))
            expression(lo, cursor);
        else
            lower_compounded(lo, cursor);
    }
}
