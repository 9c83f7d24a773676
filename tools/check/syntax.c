/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What a call shows without being run: FA102 and FA103. An instruction that
 * does nothing has the number.
 */
#include "check/lower.h"

#include <string.h>

/* Where a function has the size; products are for those with an array call. */
static const struct {
    const char *name;
    uint32_t size; /* from 0 */
    bool has_array;
} sized[] = {
    {"fa_frame_alloc", 1, true},        {"fa_frame_zalloc", 1, true},
    {"fa_frame_alloc_array", 2, false}, {"fa_frame_zalloc_array", 2, false},
    {"fa_heap_alloc", 1, false},        {"fa_alloc", 1, false},
    {"fa_rc_alloc", 1, false},          {"fa_rc_zalloc", 1, false},
    {"fa_task_alloc", 2, false},        {"fa_task_zalloc", 3, false},
};

static bool
find_size(struct lowering *lo, clang_cursor call, const char *name,
          bool for_product, clang_cursor *out)
{
    for (size_t i = 0; i < sizeof(sized) / sizeof(*sized); i++) {
        if (strcmp(name, sized[i].name) != 0)
            continue;
        if ((for_product && !sized[i].has_array) ||
            lo->clang->Cursor_getNumArguments(call) <= (int)sized[i].size)
            return false;
        *out =
            lower_strip(lo, lo->clang->Cursor_getArgument(call, sized[i].size));
        return true;
    }
    return false;
}

static void
remark(struct lowering *lo, clang_cursor at, int number)
{
    lower_emit(lo, IR_NOP, at)->imm = number;
}

static bool
is_constant(struct lowering *lo, clang_cursor cursor)
{
    void *result = lo->clang->Cursor_Evaluate(cursor);
    bool is = result != NULL && lo->clang->EvalResult_getKind(result) == 1;
    if (result != NULL)
        lo->clang->EvalResult_dispose(result);
    return is;
}

/* A product of a size and of what the program finds out. */
static bool
is_product(struct lowering *lo, clang_cursor cursor)
{
    char op[4];
    if (cursor.kind != CLANG_BINARY)
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is = kids.count == 2;
    clang_cursor left = cursor, right = cursor;
    if (is) {
        left = lower_kid(lo, kids, 0);
        right = lower_kid(lo, kids, 1);
    }
    lower_drop(lo, kids);
    if (!is)
        return false;
    lower_binary_operator(lo, cursor, left, right, op);
    bool has_size = lower_strip(lo, left).kind == CLANG_SIZEOF ||
                    lower_strip(lo, right).kind == CLANG_SIZEOF;
    return strcmp(op, "*") == 0 && has_size && !is_constant(lo, cursor);
}

void
syntax_call(struct lowering *lo, clang_cursor call, const char *name)
{
    clang_cursor size;
    if (find_size(lo, call, name, true, &size) && is_product(lo, size))
        remark(lo, call, 102);
}

static bool
is_same_type(struct lowering *lo, clang_type a, clang_type b)
{
    clang_string text_a =
        lo->clang->getTypeSpelling(lo->clang->getCanonicalType(a));
    clang_string text_b =
        lo->clang->getTypeSpelling(lo->clang->getCanonicalType(b));
    const char *name_a = lo->clang->getCString(text_a);
    const char *name_b = lo->clang->getCString(text_b);
    bool is = name_a != NULL && name_b != NULL && strcmp(name_a, name_b) == 0;
    lo->clang->disposeString(text_a);
    lo->clang->disposeString(text_b);
    return is;
}

/* sizeof(p), where p is of the type that the memory is given to. */
static bool
is_size_of(struct lowering *lo, clang_cursor cursor, clang_type target)
{
    if (cursor.kind != CLANG_SIZEOF)
        return false;
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is = false;
    for (uint32_t i = 0; i < kids.count && !is; i++)
        is = is_same_type(lo, lo->clang->getCursorType(lower_kid(lo, kids, i)),
                          target);
    lower_drop(lo, kids);
    return is;
}

void
syntax_store(struct lowering *lo, clang_type target, clang_cursor value)
{
    clang_cursor call = lower_strip(lo, value), size;
    if (call.kind != CLANG_CALL || !lower_is_pointer(lo, target))
        return;
    clang_string text = lo->clang->getCursorSpelling(call);
    const char *name = lo->clang->getCString(text);
    bool is_wrong = name != NULL && find_size(lo, call, name, false, &size) &&
                    is_size_of(lo, size, target);
    lo->clang->disposeString(text);
    if (is_wrong)
        remark(lo, call, 103);
}
