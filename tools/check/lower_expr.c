/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Expressions. Each gives a register; what cannot be expressed gives one that
 * is unknown, after its parts were lowered for what they do.
 */
#include "check/lower.h"

#include <string.h>

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

static void
set_type(struct lowering *lo, clang_type type)
{
    /* It may append names, which moves nothing of the instructions. */
    uint8_t kind = lower_type(lo, type);
    lo->module->insns[lo->module->insn_count - 1].type = kind;
}

bool
lower_last_expression(struct lowering *lo, clang_cursor cursor,
                      clang_cursor *out)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    bool is_found = false;
    for (uint32_t i = kids.count; i-- > 0 && !is_found;)
        if (is_expression(lower_kid(lo, kids, i))) {
            *out = lower_kid(lo, kids, i);
            is_found = true;
        }
    lower_drop(lo, kids);
    return is_found;
}

clang_cursor
lower_strip(struct lowering *lo, clang_cursor cursor)
{
    for (;;) {
        if (cursor.kind != CLANG_PAREN && cursor.kind != CLANG_UNEXPOSED_EXPR &&
            cursor.kind != CLANG_CAST)
            return cursor;
        clang_cursor inner;
        if (!lower_last_expression(lo, cursor, &inner))
            return cursor;
        cursor = inner;
    }
}

static int32_t
load(struct lowering *lo, clang_cursor at, int32_t address, clang_type type)
{
    if (lower_is_array(lo, type) ||
        lo->clang->getCanonicalType(type).kind == CLANG_TYPE_FUNCTION)
        return address;
    int32_t dst = lower_value(lo, IR_LOAD, at, address, -1);
    set_type(lo, type);
    return dst;
}

static void
store(struct lowering *lo, clang_cursor at, int32_t address, int32_t value)
{
    struct ir_insn *insn = lower_emit(lo, IR_STORE, at);
    insn->a = address;
    insn->b = value;
}

static int32_t
unknown(struct lowering *lo, clang_cursor at)
{
    int32_t dst = lower_value(lo, IR_HAVOC, at, -1, -1);
    set_type(lo, type_of(lo, at));
    return dst;
}

static int32_t
evaluate(struct lowering *lo, clang_cursor cursor)
{
    void *result = lo->clang->Cursor_Evaluate(cursor);
    if (result == NULL)
        return unknown(lo, cursor);
    bool is_int = lo->clang->EvalResult_getKind(result) == 1;
    long long value = is_int ? lo->clang->EvalResult_getAsLongLong(result) : 0;
    lo->clang->EvalResult_dispose(result);
    return is_int ? lower_constant(lo, cursor, value) : unknown(lo, cursor);
}

static int32_t
named(struct lowering *lo, clang_cursor at, enum ir_op op, uint32_t name)
{
    return lower_value(lo, op, at, (int32_t)name, -1);
}

/* The address of a variable, or of a function the function. */
static int32_t
reference(struct lowering *lo, clang_cursor at)
{
    clang_cursor decl = lo->clang->getCursorReferenced(at);
    if (decl.kind == CLANG_FUNCTION_DECL || decl.kind == CLANG_METHOD)
        return named(lo, at, IR_FUNC, lower_symbol(lo, decl));
    if (decl.kind != CLANG_VAR_DECL && decl.kind != CLANG_PARM_DECL)
        return unknown(lo, at);
    int32_t var = lower_local(lo, decl);
    if (var < 0)
        return named(lo, at, IR_GLOBAL, lower_symbol(lo, decl));
    int32_t address = lower_value(lo, IR_VAR, at, var, -1);
    if (lo->clang->getCanonicalType(type_of(lo, decl)).kind !=
        CLANG_TYPE_REFERENCE)
        return address;
    int32_t dst = lower_value(lo, IR_LOAD, at, address, -1);
    set_type(lo, type_of(lo, decl));
    return dst;
}

static int32_t
member_address(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor base;
    int32_t object;
    if (lower_last_expression(lo, cursor, &base)) {
        object = lower_is_pointer(lo, type_of(lo, base))
                     ? lower_expr(lo, base)
                     : lower_address(lo, base);
    } else {
        object = lo->this_var < 0
                     ? unknown(lo, cursor)
                     : lower_value(lo, IR_VAR, cursor, lo->this_var, -1);
        if (lo->this_var >= 0)
            object = lower_value(lo, IR_LOAD, cursor, object, -1);
    }
    uint32_t name = lower_name(lo, cursor);
    /* Members of an unnamed struct or union look like those around it. */
    if (name == 0)
        return object;
    return lower_value(lo, IR_FIELD, cursor, object, (int32_t)name);
}

static int32_t
element_address(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count != 2) {
        lower_drop(lo, kids);
        return unknown(lo, cursor);
    }
    int32_t base = lower_expr(lo, lower_kid(lo, kids, 0));
    int32_t index = lower_expr(lo, lower_kid(lo, kids, 1));
    lower_drop(lo, kids);
    return lower_value(lo, IR_INDEX, cursor, base, index);
}

/* Something that has a value but no place: it gets one. */
static int32_t
temporary(struct lowering *lo, clang_cursor cursor)
{
    int32_t value = lower_expr(lo, cursor);
    clang_cursor none = {0, 0, {NULL, NULL, NULL}};
    int32_t var = lower_new_var(lo, none, type_of(lo, cursor));
    int32_t address = lower_value(lo, IR_VAR, cursor, var, -1);
    store(lo, cursor, address, value);
    return address;
}

/* A short text is kept, for names. */
static int32_t
literal_text(struct lowering *lo, clang_cursor cursor)
{
    char text[64];
    clang_string spelling = lo->clang->getCursorSpelling(cursor);
    const char *quoted = lo->clang->getCString(spelling);
    size_t size = quoted == NULL ? 0 : strlen(quoted);
    uint32_t name = 0;
    if (size > 2 && size < sizeof(text) && quoted[0] == '"') {
        memcpy(text, quoted + 1, size - 2);
        text[size - 2] = '\0';
        name = ir_name(lo->module, text);
    }
    lo->clang->disposeString(spelling);
    return lower_value(lo, IR_STRING, cursor, (int32_t)name, -1);
}

static int32_t
literal_address(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor none = {0, 0, {NULL, NULL, NULL}};
    clang_cursor init;
    int32_t var = lower_new_var(lo, none, type_of(lo, cursor));
    lower_emit(lo, IR_DECLARE, cursor)->a = var;
    int32_t address = lower_value(lo, IR_VAR, cursor, var, -1);
    if (lower_last_expression(lo, cursor, &init))
        lower_initialize(lo, cursor, address, type_of(lo, cursor), init);
    return address;
}

static int32_t
unary_address(struct lowering *lo, clang_cursor cursor)
{
    char op[4];
    bool is_prefix;
    clang_cursor inner;
    lower_unary_operator(lo, cursor, op, &is_prefix);
    if (!lower_last_expression(lo, cursor, &inner))
        return unknown(lo, cursor);
    if (op[0] == '*')
        return lower_expr(lo, inner);
    if (op[0] == '_')
        return lower_address(lo, inner);
    return temporary(lo, cursor);
}

int32_t
lower_address(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor inner;
    switch (cursor.kind) {
    case CLANG_DECL_REF:
        return reference(lo, cursor);
    case CLANG_MEMBER:
        return member_address(lo, cursor);
    case CLANG_SUBSCRIPT:
        return element_address(lo, cursor);
    case CLANG_UNARY:
        return unary_address(lo, cursor);
    case CLANG_COMPOUND_LITERAL:
        return literal_address(lo, cursor);
    case CLANG_STRING_LITERAL:
        return literal_text(lo, cursor);
    case CLANG_PAREN:
    case CLANG_UNEXPOSED_EXPR:
        if (lower_last_expression(lo, cursor, &inner))
            return lower_address(lo, inner);
        return unknown(lo, cursor);
    case CLANG_THIS:
        return unknown(lo, cursor);
    default:
        return temporary(lo, cursor);
    }
}

static enum ir_binary
binary_of(const char *op)
{
    static const struct {
        const char *text;
        enum ir_binary binary;
    } all[] = {{"+", IR_ADD},  {"-", IR_SUB},  {"*", IR_MUL}, {"/", IR_DIV},
               {"%", IR_REM},  {"&", IR_AND},  {"|", IR_OR},  {"^", IR_XOR},
               {"<<", IR_SHL}, {">>", IR_SHR}, {"==", IR_EQ}, {"!=", IR_NE},
               {"<", IR_LT},   {">", IR_GT},   {"<=", IR_LE}, {">=", IR_GE}};
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++)
        if (strcmp(all[i].text, op) == 0)
            return all[i].binary;
    return IR_UNKNOWN;
}

static int32_t
arithmetic(struct lowering *lo, clang_cursor at, const char *op, int32_t a,
           int32_t b)
{
    bool is_pointer = lower_is_pointer(lo, type_of(lo, at));
    if (is_pointer && op[0] == '-' && b >= 0)
        b = lower_value(lo, IR_HAVOC, at, -1, -1);
    if (is_pointer && (op[0] == '+' || op[0] == '-'))
        return lower_value(lo, IR_INDEX, at, a, b);
    int32_t dst = lower_value(lo, IR_BINARY, at, a, b);
    lo->module->insns[lo->module->insn_count - 1].sub = (uint8_t)binary_of(op);
    return dst;
}

/* 0 or 1 from a condition. */
static int32_t
truth(struct lowering *lo, clang_cursor cursor)
{
    int32_t yes = lower_label(lo), no = lower_label(lo), end = lower_label(lo);
    int32_t dst = lower_register(lo);
    lower_condition(lo, cursor, yes, no);
    for (int64_t value = 1; value >= 0; value--) {
        lower_here(lo, value ? yes : no);
        struct ir_insn *insn = lower_emit(lo, IR_CONST, cursor);
        insn->dst = dst;
        insn->imm = value;
        if (value)
            lower_jump(lo, cursor, end);
    }
    lower_here(lo, end);
    return dst;
}

static int32_t
assign(struct lowering *lo, clang_cursor cursor, clang_cursor left,
       clang_cursor right)
{
    lo->assigned = type_of(lo, left);
    int32_t value = lower_expr(lo, right);
    lo->assigned.kind = 0;
    int32_t address = lower_address(lo, left);
    store(lo, cursor, address, value);
    return value;
}

static int32_t
binary(struct lowering *lo, clang_cursor cursor)
{
    char op[4];
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count != 2) {
        lower_drop(lo, kids);
        return unknown(lo, cursor);
    }
    clang_cursor left = lower_kid(lo, kids, 0), right = lower_kid(lo, kids, 1);
    lower_drop(lo, kids);
    lower_binary_operator(lo, cursor, left, right, op);
    if (strcmp(op, "=") == 0)
        return assign(lo, cursor, left, right);
    if (strcmp(op, "&&") == 0 || strcmp(op, "||") == 0)
        return truth(lo, cursor);
    int32_t a = lower_expr(lo, left), b = lower_expr(lo, right);
    return strcmp(op, ",") == 0 ? b : arithmetic(lo, cursor, op, a, b);
}

static int32_t
compound_assign(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count != 2) {
        lower_drop(lo, kids);
        return unknown(lo, cursor);
    }
    clang_cursor left = lower_kid(lo, kids, 0), right = lower_kid(lo, kids, 1);
    lower_drop(lo, kids);
    int32_t b = lower_expr(lo, right);
    int32_t address = lower_address(lo, left);
    int32_t a = load(lo, cursor, address, type_of(lo, left));
    (void)b;
    int32_t value = lower_is_pointer(lo, type_of(lo, cursor))
                        ? lower_value(lo, IR_INDEX, cursor, a, b)
                        : lower_value(lo, IR_HAVOC, cursor, -1, -1);
    store(lo, cursor, address, value);
    return value;
}

static int32_t
step(struct lowering *lo, clang_cursor cursor, clang_cursor inner,
     const char *op, bool is_prefix)
{
    int32_t address = lower_address(lo, inner);
    int32_t old = load(lo, cursor, address, type_of(lo, inner));
    int32_t one = lower_constant(lo, cursor, 1);
    char sign[2] = {op[0], '\0'};
    int32_t value = arithmetic(lo, cursor, sign, old, one);
    store(lo, cursor, address, value);
    return is_prefix ? value : old;
}

static int32_t
unary(struct lowering *lo, clang_cursor cursor)
{
    char op[4];
    bool is_prefix;
    clang_cursor inner;
    lower_unary_operator(lo, cursor, op, &is_prefix);
    if (!lower_last_expression(lo, cursor, &inner))
        return unknown(lo, cursor);
    if (op[1] != '\0')
        return step(lo, cursor, inner, op, is_prefix);
    switch (op[0]) {
    case '&':
        return lower_address(lo, inner);
    case '*':
        return load(lo, cursor, lower_expr(lo, inner), type_of(lo, cursor));
    case '!':
        return lower_value(lo, IR_NOT, cursor, lower_expr(lo, inner), -1);
    case '-': {
        int32_t zero = lower_constant(lo, cursor, 0);
        return arithmetic(lo, cursor, "-", zero, lower_expr(lo, inner));
    }
    case '~':
        lower_expr(lo, inner);
        return unknown(lo, cursor);
    default:
        return lower_expr(lo, inner);
    }
}

static int32_t
conditional(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    if (kids.count < 2 || kids.count > 3) {
        lower_drop(lo, kids);
        return unknown(lo, cursor);
    }
    clang_cursor test = lower_kid(lo, kids, 0);
    clang_cursor arms[2] = {lower_kid(lo, kids, kids.count - 2),
                            lower_kid(lo, kids, kids.count - 1)};
    lower_drop(lo, kids);
    int32_t labels[2] = {lower_label(lo), lower_label(lo)};
    int32_t end = lower_label(lo), dst = lower_register(lo);
    lower_condition(lo, test, labels[0], labels[1]);
    for (int i = 0; i < 2; i++) {
        lower_here(lo, labels[i]);
        int32_t value = lower_expr(lo, arms[i]);
        struct ir_insn *insn = lower_emit(lo, IR_MOVE, cursor);
        insn->dst = dst;
        insn->a = value;
        if (i == 0)
            lower_jump(lo, cursor, end);
    }
    lower_here(lo, end);
    return dst;
}

/* An atomic operation or the like: as a call that nothing is known of. */
static int32_t
lower_parts(struct lowering *lo, clang_cursor cursor)
{
    int32_t list[8];
    uint32_t count = 0;
    struct lower_kids kids = lower_kids(lo, cursor);
    for (uint32_t i = 0; i < kids.count && count < 8; i++)
        if (is_expression(lower_kid(lo, kids, i)))
            list[count++] = lower_expr(lo, lower_kid(lo, kids, i));
    lower_drop(lo, kids);
    uint32_t first = lo->module->arg_count;
    for (uint32_t i = 0; i < count; i++)
        *IR_APPEND(lo->module, args, arg_count) = list[i];
    uint32_t name = ir_name(lo->module, "an operation");
    int32_t dst = lower_value(lo, IR_CALL, cursor, (int32_t)name, -1);
    struct ir_insn *insn = &lo->module->insns[lo->module->insn_count - 1];
    insn->imm = first;
    insn->c = (int32_t)count;
    return dst;
}

static int32_t
wrapped(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    uint32_t count = kids.count;
    clang_cursor only = count == 1 ? lower_kid(lo, kids, 0) : cursor;
    lower_drop(lo, kids);
    if (count == 1 && is_expression(only))
        return lower_expr(lo, only);
    return count > 1 ? lower_parts(lo, cursor) : unknown(lo, cursor);
}

static int32_t
casted(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor inner;
    if (!lower_last_expression(lo, cursor, &inner))
        return unknown(lo, cursor);
    if (lo->clang->getCanonicalType(type_of(lo, cursor)).kind ==
            CLANG_TYPE_VOID ||
        inner.kind != CLANG_INIT_LIST)
        return lower_expr(lo, inner);
    return unknown(lo, cursor);
}

static int32_t
declared_value(struct lowering *lo, clang_cursor cursor)
{
    clang_cursor decl = lo->clang->getCursorReferenced(cursor);
    if (decl.kind == CLANG_ENUM_CONSTANT)
        return lower_constant(lo, cursor,
                              lo->clang->getEnumConstantDeclValue(decl));
    int32_t address = reference(lo, cursor);
    if (decl.kind != CLANG_VAR_DECL && decl.kind != CLANG_PARM_DECL)
        return address;
    return load(lo, cursor, address, type_of(lo, cursor));
}

static int32_t
statement_value(struct lowering *lo, clang_cursor cursor)
{
    int32_t value = -1;
    struct lower_kids kids = lower_kids(lo, cursor);
    clang_cursor body = kids.count == 1 ? lower_kid(lo, kids, 0) : cursor;
    lower_drop(lo, kids);
    if (kids.count == 1)
        lower_compound(lo, body, &value);
    return value >= 0 ? value : unknown(lo, cursor);
}

/* Parts are lowered for what they do. */
static int32_t
unmodelled(struct lowering *lo, clang_cursor cursor)
{
    if (cursor.kind == CLANG_LAMBDA || cursor.kind == CLANG_THROW)
        lo->flags |= IR_CXX_SKIPPED;
    if (cursor.kind == CLANG_LAMBDA)
        return unknown(lo, cursor);
    struct lower_kids kids = lower_kids(lo, cursor);
    for (uint32_t i = 0; i < kids.count; i++)
        if (is_expression(lower_kid(lo, kids, i)))
            lower_expr(lo, lower_kid(lo, kids, i));
    lower_drop(lo, kids);
    if (cursor.kind == CLANG_THROW) {
        lower_clean(lo, cursor, 0);
        lower_emit(lo, IR_END, cursor)->imm = 1;
    }
    return unknown(lo, cursor);
}

int32_t
lower_expr(struct lowering *lo, clang_cursor cursor)
{
    switch (cursor.kind) {
    case CLANG_PAREN:
    case CLANG_UNEXPOSED_EXPR:
        return wrapped(lo, cursor);
    case CLANG_CAST:
    case CLANG_STATIC_CAST:
    case CLANG_STATIC_CAST + 1:
    case CLANG_STATIC_CAST + 2:
    case CLANG_STATIC_CAST + 3:
    case CLANG_FUNCTIONAL_CAST:
        return casted(lo, cursor);
    case CLANG_DECL_REF:
        return declared_value(lo, cursor);
    case CLANG_MEMBER:
        return load(lo, cursor, member_address(lo, cursor),
                    type_of(lo, cursor));
    case CLANG_SUBSCRIPT:
        return load(lo, cursor, element_address(lo, cursor),
                    type_of(lo, cursor));
    case CLANG_COMPOUND_LITERAL:
        return load(lo, cursor, literal_address(lo, cursor),
                    type_of(lo, cursor));
    case CLANG_STRING_LITERAL:
        return literal_text(lo, cursor);
    case CLANG_INT_LITERAL:
    case CLANG_CHAR_LITERAL:
    case CLANG_BOOL_LITERAL:
    case CLANG_SIZEOF:
        return evaluate(lo, cursor);
    case CLANG_NULLPTR:
        return lower_constant(lo, cursor, 0);
    case CLANG_UNARY:
        return unary(lo, cursor);
    case CLANG_BINARY:
        return binary(lo, cursor);
    case CLANG_COMPOUND_ASSIGN:
        return compound_assign(lo, cursor);
    case CLANG_CONDITIONAL:
        return conditional(lo, cursor);
    case CLANG_CALL:
        return lower_call(lo, cursor);
    case CLANG_STATEMENT_EXPR:
        return statement_value(lo, cursor);
    case CLANG_NEW:
    case CLANG_DELETE:
        return lower_new_or_delete(lo, cursor);
    default:
        return unmodelled(lo, cursor);
    }
}
