/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the text of a call shows: a product of a sizeof that is passed as a
 * size (FA102), and the size of a pointer variable (FA103).
 */
#include "check/lower.h"

#include <stdio.h>
#include <string.h>

static bool
is_expression(clang_cursor cursor)
{
    return cursor.kind >= CLANG_UNEXPOSED_EXPR && cursor.kind < 200;
}

static void
remark(struct lowering *lo, clang_cursor at, unsigned number,
       const char *message)
{
    uint32_t line, column, text = ir_name(lo->module, message);
    uint32_t file =
        lower_place(lo, lo->clang->getCursorLocation(at), &line, &column, NULL);
    struct ir_remark *entry = IR_APPEND(lo->module, remarks, remark_count);
    entry->number = number;
    entry->file = file;
    entry->line = line;
    entry->column = column;
    entry->message = text;
    entry->function = lo->function_name;
}

/* The variable that a sizeof is of, when it is one; its type is a pointer. */
static bool
is_size_of_pointer(struct lowering *lo, clang_cursor cursor)
{
    if (cursor.kind != CLANG_SIZEOF)
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    clang_cursor inner = kids.count == 1 ? lower_kid(lo, kids, 0) : cursor;
    lower_drop(lo, kids);
    if (kids.count != 1)
        return false;
    while (inner.kind == CLANG_PAREN) {
        kids = lower_kids(lo, inner);
        clang_cursor next = kids.count == 1 ? lower_kid(lo, kids, 0) : inner;
        lower_drop(lo, kids);
        if (kids.count != 1)
            return false;
        inner = next;
    }
    return (inner.kind == CLANG_DECL_REF || inner.kind == CLANG_MEMBER) &&
           lower_is_pointer(lo, lo->clang->getCursorType(inner));
}

static bool
is_product_of_size(struct lowering *lo, clang_cursor cursor)
{
    char op[4];
    if (cursor.kind != CLANG_BINARY)
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count != 2) {
        lower_drop(lo, kids);
        return false;
    }
    clang_cursor left = lower_kid(lo, kids, 0), right = lower_kid(lo, kids, 1);
    lower_drop(lo, kids);
    lower_binary_operator(lo, cursor, left, right, op);
    left = lower_strip(lo, left);
    right = lower_strip(lo, right);
    if (op[0] != '*')
        return false;
    clang_cursor other = left.kind == CLANG_SIZEOF ? right : left;
    return (left.kind == CLANG_SIZEOF || right.kind == CLANG_SIZEOF) &&
           other.kind != CLANG_INT_LITERAL && other.kind != CLANG_SIZEOF;
}

/* Functions that take a size in bytes as their second argument. */
static bool
takes_size(const char *name)
{
    static const char *const names[] = {"fa_frame_alloc", "fa_frame_zalloc",
                                        "fa_heap_alloc",  "fa_alloc",
                                        "fa_rc_alloc",    "fa_rc_zalloc"};
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

/* The type of the operand of a sizeof that is a pointer. */
static bool
pointer_operand(struct lowering *lo, clang_cursor cursor, clang_type *out)
{
    if (!is_size_of_pointer(lo, cursor))
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    *out = lo->clang->getCursorType(lower_kid(lo, kids, 0));
    lower_drop(lo, kids);
    return true;
}

/* An array call whose size is that of a pointer, for what holds no pointers. */
static void
array_call(struct lowering *lo, clang_cursor call, const char *name)
{
    clang_type operand;
    char text[256];
    bool is_array = strcmp(name, "fa_frame_alloc_array") == 0 ||
                    strcmp(name, "fa_frame_zalloc_array") == 0;
    if (!is_array || lo->assigned.kind == 0 ||
        lo->clang->Cursor_getNumArguments(call) < 3 ||
        !lower_is_pointer(lo, lo->assigned))
        return;
    clang_cursor size = lower_strip(lo, lo->clang->Cursor_getArgument(call, 2));
    if (!pointer_operand(lo, size, &operand))
        return;
    clang_type held =
        lo->clang->getPointeeType(lo->clang->getCanonicalType(lo->assigned));
    if (lower_is_pointer(lo, held) ||
        lo->clang->getCanonicalType(held).kind == CLANG_TYPE_VOID)
        return;
    snprintf(text, sizeof(text), "%s() gets the size of a pointer", name);
    remark(lo, size, 103, text);
}

void
syntax_call(struct lowering *lo, clang_cursor call, const char *name)
{
    char text[256], function[100];
    snprintf(function, sizeof(function), "%s", name);
    array_call(lo, call, function);
    if (!takes_size(function) || lo->clang->Cursor_getNumArguments(call) < 2)
        return;
    clang_cursor size = lower_strip(lo, lo->clang->Cursor_getArgument(call, 1));
    if (!is_expression(size))
        return;
    bool is_frame = strncmp(function, "fa_frame_", 9) == 0;
    if (is_frame && is_product_of_size(lo, size)) {
        snprintf(text, sizeof(text),
                 "%s() gets a product that may wrap; %s_array() checks it",
                 function, function);
        remark(lo, size, 102, text);
    }
    if (is_size_of_pointer(lo, size)) {
        snprintf(text, sizeof(text), "%s() gets the size of a pointer",
                 function);
        remark(lo, call, 103, text);
    }
}
