/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * C++: objects that are constructed, placed and destroyed.
 */
#include "check/lower.h"

#include <string.h>

enum { MAX_ARGS = 64 };

static bool
is_expression(clang_cursor cursor)
{
    return cursor.kind >= CLANG_UNEXPOSED_EXPR && cursor.kind < 200;
}

static clang_type
type_of(const struct lowering *lo, clang_cursor cursor)
{
    return lo->clang->getCursorType(cursor);
}

void
lower_construct(struct lowering *lo, clang_cursor call, int32_t object)
{
    int32_t list[MAX_ARGS + 1] = {object};
    uint32_t count = 1;
    int n = lo->clang->Cursor_getNumArguments(call);
    for (int i = 0; i < n && count < MAX_ARGS; i++)
        list[count++] =
            lower_expr(lo, lo->clang->Cursor_getArgument(call, (unsigned)i));
    uint32_t name = lower_symbol(lo, lo->clang->getCursorReferenced(call));
    uint32_t first = lo->module->arg_count;
    for (uint32_t i = 0; i < count; i++)
        *IR_APPEND(lo->module, args, arg_count) = list[i];
    lower_value(lo, IR_CALL, call, (int32_t)name, -1);
    struct ir_insn *insn = &lo->module->insns[lo->module->insn_count - 1];
    insn->imm = first;
    insn->c = (int32_t)count;
}

uint32_t
lower_destructor(struct lowering *lo, clang_type type)
{
    clang_cursor decl =
        lo->clang->getTypeDeclaration(lo->clang->getCanonicalType(type));
    uint32_t name = 0;
    struct lower_kids kids = lower_kids(lo, decl);
    for (uint32_t i = 0; i < kids.count; i++)
        if (lower_kid(lo, kids, i).kind == CLANG_DESTRUCTOR)
            name = lower_symbol(lo, lower_kid(lo, kids, i));
    lower_drop(lo, kids);
    return name;
}

struct destroyed {
    struct lowering *lo;
    int depth;
    bool is;
};

static bool needs_destructor(struct lowering *lo, clang_type type, int depth);

static int
look_at_field(clang_cursor field, void *user)
{
    struct destroyed *destroyed = user;
    destroyed->is = needs_destructor(destroyed->lo,
                                     destroyed->lo->clang->getCursorType(field),
                                     destroyed->depth + 1);
    return !destroyed->is;
}

/* Of the standard library those that own memory; their declarations are not
 * always there as a whole. */
static bool
is_owning(const char *name)
{
    static const char *const names[] = {
        "basic_string",  "vector",        "deque",    "list",
        "map",           "set",           "multimap", "multiset",
        "unique_ptr",    "shared_ptr",    "weak_ptr", "function",
        "unordered_map", "unordered_set", "optional", "variant"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool
needs_destructor(struct lowering *lo, clang_type type, int depth)
{
    if (!lower_is_record(lo, type) || depth > 3)
        return false;
    if (lower_destructor(lo, type) != 0)
        return true;
    clang_cursor decl =
        lo->clang->getTypeDeclaration(lo->clang->getCanonicalType(type));
    uint32_t name = lower_name(lo, decl);
    if (is_owning(lo->module->text + name))
        return true;
    struct destroyed destroyed = {lo, depth, false};
    lo->clang->Type_visitFields(lo->clang->getCanonicalType(type),
                                look_at_field, &destroyed);
    return destroyed.is;
}

bool
lower_needs_destructor(struct lowering *lo, clang_type type)
{
    return needs_destructor(lo, type, 0);
}

/* The address in "new (address) T": an expression before the type. */
static bool
find_placement(struct lowering *lo, clang_cursor cursor, clang_cursor *out)
{
    bool is_found = false;
    struct lower_kids kids = lower_kids(lo, cursor);
    for (uint32_t i = 0; i < kids.count; i++) {
        clang_cursor kid = lower_kid(lo, kids, i);
        if (kid.kind == CLANG_TYPE_REF)
            break;
        clang_cursor bare = lower_strip(lo, kid);
        if (is_expression(kid) && bare.kind != CLANG_CALL &&
            lower_is_pointer(lo, type_of(lo, bare))) {
            *out = kid;
            is_found = true;
            break;
        }
    }
    lower_drop(lo, kids);
    return is_found;
}

static int32_t
placed(struct lowering *lo, clang_cursor cursor, clang_cursor at)
{
    int32_t address = lower_expr(lo, at);
    clang_type type = lo->clang->getPointeeType(type_of(lo, cursor));
    if (!lower_needs_destructor(lo, type))
        return address;
    uint32_t name = ir_name(lo->module, "fa:placed");
    *IR_APPEND(lo->module, args, arg_count) = address;
    lower_value(lo, IR_CALL, cursor, (int32_t)name, -1);
    struct ir_insn *insn = &lo->module->insns[lo->module->insn_count - 1];
    insn->imm = lo->module->arg_count - 1;
    insn->c = 1;
    return address;
}

int32_t
lower_new_or_delete(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor inner;
    bool is_delete = cursor.kind == CLANG_DELETE;
    int32_t arg = -1;
    if (is_delete && lower_last_expression(lo, cursor, &inner))
        arg = lower_expr(lo, inner);
    uint32_t first = lo->module->arg_count;
    if (arg >= 0)
        *IR_APPEND(lo->module, args, arg_count) = arg;
    if (!is_delete && find_placement(lo, cursor, &inner))
        return placed(lo, cursor, inner);
    uint32_t name = ir_name(lo->module, is_delete ? "delete" : "new");
    int32_t dst = lower_value(lo, IR_CALL, cursor, (int32_t)name, -1);
    struct ir_insn *insn = &lo->module->insns[lo->module->insn_count - 1];
    insn->imm = first;
    insn->c = arg >= 0 ? 1 : 0;
    return dst;
}
