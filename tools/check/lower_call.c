/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Calls, conditions and initialisers.
 */
#include "check/lower.h"

#include <string.h>

static bool
is_expression(clang_cursor cursor)
{
    return cursor.kind >= CLANG_UNEXPOSED_EXPR && cursor.kind < 200;
}

/* The value of __builtin_expect() is its first argument. */
static bool
is_expect(struct lowering *lo, clang_cursor call)
{
    clang_cursor callee = lo->clang->getCursorReferenced(call);
    if (callee.kind != CLANG_FUNCTION_DECL)
        return false;
    clang_string text = lo->clang->getCursorSpelling(callee);
    const char *name = lo->clang->getCString(text);
    bool is = name != NULL && strcmp(name, "__builtin_expect") == 0;
    lo->clang->disposeString(text);
    return is && lo->clang->Cursor_getNumArguments(call) == 2;
}

/* What is called: a name, or a register for a pointer. */
static uint32_t
callee_of(struct lowering *lo, clang_cursor cursor, int32_t *pointer)
{
    clang_cursor callee = lo->clang->getCursorReferenced(cursor);
    *pointer = -1;
    if (callee.kind == CLANG_FUNCTION_DECL || callee.kind == CLANG_METHOD ||
        callee.kind == CLANG_CONSTRUCTOR || callee.kind == CLANG_CONVERSION)
        return lower_symbol(lo, callee);
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count > 0 && is_expression(lower_kid(lo, kids, 0)))
        *pointer = lower_expr(lo, lower_kid(lo, kids, 0));
    lower_drop(lo, kids);
    return 0;
}

/* A method's object is its first argument. */
static void
add_object(struct lowering *lo, clang_cursor cursor, int32_t *list,
           uint32_t *count)
{
    clang_cursor callee = lo->clang->getCursorReferenced(cursor);
    if (callee.kind != CLANG_METHOD)
        return;
    struct lower_kids kids = lower_kids(lo, cursor);
    clang_cursor member =
        kids.count > 0 ? lower_strip(lo, lower_kid(lo, kids, 0)) : cursor;
    lower_drop(lo, kids);
    if (member.kind != CLANG_MEMBER)
        return;
    kids = lower_kids(lo, member);
    if (kids.count > 0 && is_expression(lower_kid(lo, kids, 0))) {
        clang_cursor object = lower_kid(lo, kids, 0);
        bool is_pointer =
            lower_is_pointer(lo, lo->clang->getCursorType(object));
        list[(*count)++] =
            is_pointer ? lower_expr(lo, object) : lower_address(lo, object);
    }
    lower_drop(lo, kids);
}

enum { MAX_ARGS = 64 };

int32_t
lower_call(struct lowering *lo, clang_cursor cursor)
{
    int32_t list[MAX_ARGS + 1], pointer;
    uint32_t count = 0;
    int n = lo->clang->Cursor_getNumArguments(cursor);
    if (!lo->is_cxx && is_expect(lo, cursor))
        return lower_expr(lo, lo->clang->Cursor_getArgument(cursor, 0));
    uint32_t name = callee_of(lo, cursor, &pointer);
    if (lo->is_cxx)
        add_object(lo, cursor, list, &count);
    for (int i = 0; i < n && count < MAX_ARGS; i++)
        list[count++] =
            lower_expr(lo, lo->clang->Cursor_getArgument(cursor, (unsigned)i));
    uint32_t first = lo->module->arg_count;
    for (uint32_t i = 0; i < count; i++)
        *IR_APPEND(lo->module, args, arg_count) = list[i];
    int32_t dst = lower_value(lo, IR_CALL, cursor, (int32_t)name, pointer);
    uint8_t type = lower_type(lo, lo->clang->getCursorType(cursor));
    struct ir_insn *insn = &lo->module->insns[lo->module->insn_count - 1];
    insn->imm = first;
    insn->c = (int32_t)count;
    insn->type = type;
    if (name != 0)
        syntax_call(lo, cursor, lo->module->text + name);
    return dst;
}

/* Operands of && or ||; false: it is something else. */
static bool
split(struct lowering *lo, clang_cursor cursor, char op[4], clang_cursor out[2])
{
    if (cursor.kind != CLANG_BINARY)
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is_binary = kids.count == 2;
    for (uint32_t i = 0; i < 2 && is_binary; i++)
        out[i] = lower_kid(lo, kids, i);
    lower_drop(lo, kids);
    if (!is_binary)
        return false;
    lower_binary_operator(lo, cursor, out[0], out[1], op);
    return strcmp(op, "&&") == 0 || strcmp(op, "||") == 0;
}

static bool
is_not(struct lowering *lo, clang_cursor cursor, clang_cursor *inner)
{
    char op[4];
    bool is_prefix;
    if (cursor.kind != CLANG_UNARY)
        return false;
    lower_unary_operator(lo, cursor, op, &is_prefix);
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is = op[0] == '!' && kids.count == 1;
    if (is)
        *inner = lower_kid(lo, kids, 0);
    lower_drop(lo, kids);
    return is;
}

void
lower_condition(struct lowering *lo, clang_cursor cursor, int32_t yes,
                int32_t no)
{
    char op[4];
    clang_cursor parts[2], bare = lower_strip(lo, cursor);
    while (bare.kind == CLANG_CALL && !lo->is_cxx && is_expect(lo, bare))
        bare = lower_strip(lo, lo->clang->Cursor_getArgument(bare, 0));
    if (is_not(lo, bare, &parts[0])) {
        lower_condition(lo, parts[0], no, yes);
        return;
    }
    if (!split(lo, bare, op, parts)) {
        lower_branch(lo, cursor, lower_expr(lo, cursor), yes, no);
        return;
    }
    int32_t middle = lower_label(lo);
    if (op[0] == '&')
        lower_condition(lo, parts[0], middle, no);
    else
        lower_condition(lo, parts[0], yes, middle);
    lower_here(lo, middle);
    lower_condition(lo, parts[1], yes, no);
}

struct fields {
    struct lowering *lo;
    uint32_t wanted, seen;
    uint32_t name;
    clang_type type;
};

static int
find_field(clang_cursor cursor, void *user)
{
    struct fields *fields = user;
    if (fields->seen++ != fields->wanted)
        return 1;
    fields->name = lower_name(fields->lo, cursor);
    fields->type = fields->lo->clang->getCursorType(cursor);
    return 0;
}

/* The member that entry i of a list is for, when it is not named. */
static int32_t
positional(struct lowering *lo, clang_cursor at, int32_t address,
           clang_type type, uint32_t i, clang_type *member)
{
    if (lower_is_record(lo, type)) {
        struct fields fields = {lo, i, 0, 0, type};
        lo->clang->Type_visitFields(lo->clang->getCanonicalType(type),
                                    find_field, &fields);
        *member = fields.type;
        if (fields.name == 0)
            return address;
        return lower_value(lo, IR_FIELD, at, address, (int32_t)fields.name);
    }
    *member = lo->clang->getArrayElementType(lo->clang->getCanonicalType(type));
    return lower_value(lo, IR_INDEX, at, address,
                       lower_constant(lo, at, (int64_t)i));
}

/* ".name = value": the member's name and type, and the value. */
static bool
designated(struct lowering *lo, clang_cursor entry, uint32_t *name,
           clang_type *type, clang_cursor *value)
{
    if (entry.kind != CLANG_UNEXPOSED_EXPR)
        return false;
    struct lower_kids kids = lower_kids(lo, entry);
    bool is =
        kids.count >= 2 && lower_kid(lo, kids, 0).kind == CLANG_MEMBER_REF;
    if (is) {
        *name = lower_name(lo, lower_kid(lo, kids, 0));
        *type = lo->clang->getCursorType(lower_kid(lo, kids, 0));
        *value = lower_kid(lo, kids, kids.count - 1);
    }
    lower_drop(lo, kids);
    return is;
}

static void
initialize_list(struct lowering *lo, clang_cursor at, int32_t address,
                clang_type type, clang_cursor list)
{
    struct ir_insn *insn = lower_emit(lo, IR_ZERO, at);
    insn->a = address;
    struct lower_kids kids = lower_kids(lo, list);
    for (uint32_t i = 0; i < kids.count && i < 64; i++) {
        clang_cursor entry = lower_kid(lo, kids, i), value = entry;
        clang_type member = type;
        uint32_t name = 0;
        int32_t place;
        if (!is_expression(entry))
            continue;
        if (designated(lo, entry, &name, &member, &value))
            place = lower_value(lo, IR_FIELD, at, address, (int32_t)name);
        else
            place = positional(lo, at, address, type, i, &member);
        lower_initialize(lo, at, place, member, value);
    }
    lower_drop(lo, kids);
}

void
lower_initialize(struct lowering *lo, clang_cursor at, int32_t address,
                 clang_type type, clang_cursor init)
{
    clang_cursor bare = init;
    if (lower_is_record(lo, type) || lower_is_array(lo, type))
        bare = lower_strip(lo, init);
    if (bare.kind == CLANG_INIT_LIST &&
        (lower_is_record(lo, type) || lower_is_array(lo, type))) {
        initialize_list(lo, at, address, type, bare);
        return;
    }
    if (bare.kind == CLANG_STRING_LITERAL && lower_is_array(lo, type)) {
        lower_emit(lo, IR_ZERO, at)->a = address;
        return;
    }
    lo->assigned = type;
    int32_t value = lower_expr(lo, init);
    lo->assigned.kind = 0;
    struct ir_insn *insn = lower_emit(lo, IR_STORE, at);
    insn->a = address;
    insn->b = value;
}
