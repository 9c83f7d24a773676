/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the syntax tree says about names, types and places; and operators,
 * which libclang tells from version 17 only. Before, they are read from the
 * source: in front of the right operand, or at the start of a unary
 * expression. An assignment is known by its left side, which is not converted
 * to a value.
 */
#include "check/lower.h"

#include "check/memory.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

uint32_t
lower_name(struct lowering *lo, clang_cursor cursor)
{
    clang_string text = lo->clang->getCursorSpelling(cursor);
    uint32_t name = ir_name(lo->module, lo->clang->getCString(text));
    lo->clang->disposeString(text);
    return name;
}

struct lower_file *
lower_file_of(struct lowering *lo, void *file)
{
    for (uint32_t i = lo->file_count; i-- > 0;)
        if (lo->files[i].file == file)
            return &lo->files[i];
    ir_grow((void **)&lo->files, &lo->files_room, lo->file_count,
            sizeof(*lo->files));
    struct lower_file *entry = &lo->files[lo->file_count++];
    clang_string text = lo->clang->getFileName(file);
    const char *path = lo->clang->getCString(text);
    entry->file = file;
    entry->index = ir_file(lo->module, path == NULL ? "?" : path);
    lo->clang->disposeString(text);
    return entry;
}

uint32_t
lower_place(struct lowering *lo, clang_location location, uint32_t *line,
            uint32_t *column, uint32_t *offset)
{
    void *file = NULL;
    unsigned at = 0;
    lo->clang->getExpansionLocation(location, &file, line, column, &at);
    if (offset != NULL)
        *offset = at;
    return file == NULL ? 0 : lower_file_of(lo, file)->index;
}

/* Static functions of two files may have one name. */
uint32_t
lower_symbol(struct lowering *lo, clang_cursor cursor)
{
    uint32_t name = lower_name(lo, cursor);
    clang_cursor parent = lo->clang->getCursorSemanticParent(cursor);
    char text[1024];
    if (parent.kind == CLANG_STRUCT_DECL || parent.kind == CLANG_CLASS_DECL ||
        parent.kind == CLANG_NAMESPACE || parent.kind == CLANG_CLASS_TEMPLATE) {
        uint32_t outer = lower_name(lo, parent);
        snprintf(text, sizeof(text), "%s::%s", lo->module->text + outer,
                 lo->module->text + name);
        return ir_name(lo->module, text);
    }
    bool is_static_local = parent.kind == CLANG_FUNCTION_DECL &&
                           cursor.kind == CLANG_VAR_DECL &&
                           lo->clang->Cursor_getStorageClass(cursor) == 3;
    if (lo->clang->getCursorLinkage(cursor) != 2 && !is_static_local)
        return name;
    uint32_t line, column;
    uint32_t file = lower_place(lo, lo->clang->getCursorLocation(cursor), &line,
                                &column, NULL);
    snprintf(text, sizeof(text), "%.700s:%u:%s",
             lo->module->text + lo->module->files[file],
             is_static_local ? line : 0, lo->module->text + name);
    return ir_name(lo->module, text);
}

bool
lower_is_array(const struct lowering *lo, clang_type type)
{
    int kind = lo->clang->getCanonicalType(type).kind;
    return kind >= CLANG_TYPE_ARRAY && kind <= CLANG_TYPE_VARIABLE_ARRAY + 1 &&
           kind != 113;
}

bool
lower_is_record(const struct lowering *lo, clang_type type)
{
    return lo->clang->getCanonicalType(type).kind == CLANG_TYPE_RECORD;
}

bool
lower_is_pointer(const struct lowering *lo, clang_type type)
{
    int kind = lo->clang->getCanonicalType(type).kind;
    return kind == CLANG_TYPE_POINTER || kind == CLANG_TYPE_REFERENCE;
}

static uint8_t
pointer_type(struct lowering *lo, clang_type pointee)
{
    static const struct {
        const char *name;
        uint8_t type;
    } known[] = {{"fa_allocator", IR_TYPE_ALLOCATOR},
                 {"fa_ctx", IR_TYPE_CTX},
                 {"fa_frame", IR_TYPE_FRAME}};
    if (lo->clang->getCanonicalType(pointee).kind != CLANG_TYPE_RECORD)
        return IR_TYPE_POINTER;
    uint32_t name = lower_name(lo, lo->clang->getTypeDeclaration(pointee));
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(lo->module->text + name, known[i].name) == 0)
            return known[i].type;
    return IR_TYPE_POINTER;
}

uint8_t
lower_type(struct lowering *lo, clang_type type)
{
    clang_type real = lo->clang->getCanonicalType(type);
    if (real.kind == CLANG_TYPE_RECORD)
        return IR_TYPE_RECORD;
    if (real.kind == CLANG_TYPE_POINTER || real.kind == CLANG_TYPE_REFERENCE)
        return pointer_type(lo, lo->clang->getPointeeType(real));
    return IR_TYPE_OTHER;
}

/* The text of a file, or NULL. */
static const char *
text_of(struct lowering *lo, void *file, size_t *size)
{
    if (file == NULL)
        return NULL;
    struct lower_file *entry = lower_file_of(lo, file);
    if (entry->text == NULL)
        entry->text = lo->clang->getFileContents(lo->unit, file, &entry->size);
    *size = entry->size;
    return entry->text;
}

/* Backward over blanks and line joins. Comments are rare here. */
static size_t
skip_back(const char *text, size_t at)
{
    while (at > 0 &&
           (isspace((unsigned char)text[at - 1]) || text[at - 1] == '\\'))
        at--;
    if (at >= 2 && text[at - 1] == '/' && text[at - 2] == '*') {
        size_t begin = at - 2;
        while (begin >= 2 &&
               !(text[begin - 2] == '/' && text[begin - 1] == '*'))
            begin--;
        return begin >= 2 ? skip_back(text, begin - 2) : at;
    }
    return at;
}

static bool
operator_before(struct lowering *lo, void *file, unsigned offset, char out[4])
{
    static const char *const all[] = {"<<", ">>", "<=", ">=", "==", "!=", "&&",
                                      "||", "=",  "<",  ">",  "+",  "-",  "*",
                                      "/",  "%",  "&",  "|",  "^",  ","};
    size_t size;
    const char *text = text_of(lo, file, &size);
    out[0] = '\0';
    if (text == NULL || offset > size)
        return false;
    size_t end = skip_back(text, offset);
    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        size_t length = strlen(all[i]);
        if (end >= length && memcmp(text + end - length, all[i], length) == 0) {
            strcpy(out, all[i]);
            return true;
        }
    }
    return false;
}

static void
operator_of_number(int kind, char out[4])
{
    static const char *const names[] = {
        "",  "",   "",   "*",  "/",  "%", "+", "-", "<<", ">>", "", "<",
        ">", "<=", ">=", "==", "!=", "&", "^", "|", "&&", "||", "="};
    const int last = (int)(sizeof(names) / sizeof(*names)) - 1;
    bool is_listed = kind > 0 && kind <= last;
    strcpy(out, is_listed ? names[kind] : kind == 33 ? "," : "");
}

static bool
is_plain_place(struct lowering *lo, clang_cursor left)
{
    clang_cursor cursor = left;
    while (cursor.kind == CLANG_PAREN) {
        struct lower_kids kids = lower_kids(lo, cursor);
        clang_cursor inner = kids.count == 1 ? lower_kid(lo, kids, 0) : cursor;
        lower_drop(lo, kids);
        if (inner.kind == CLANG_PAREN && kids.count != 1)
            return false;
        cursor = inner;
    }
    if (cursor.kind == CLANG_DECL_REF)
        return lo->clang->getCursorReferenced(cursor).kind !=
               CLANG_ENUM_CONSTANT;
    if (cursor.kind == CLANG_UNARY) {
        char op[4];
        bool is_prefix;
        lower_unary_operator(lo, cursor, op, &is_prefix);
        return op[0] == '*';
    }
    return cursor.kind == CLANG_MEMBER || cursor.kind == CLANG_SUBSCRIPT;
}

/* Of a macro the source shows only the call; types tell the commonest. */
static void
guess_binary(struct lowering *lo, clang_cursor cursor, clang_cursor left,
             clang_cursor right, char out[4])
{
    clang_type from = lo->clang->getCursorType(left);
    bool is_void = lo->clang->getCanonicalType(from).kind == CLANG_TYPE_VOID;
    bool is_pointer = lower_is_pointer(lo, from);
    bool is_right_pointer =
        lower_is_pointer(lo, lo->clang->getCursorType(right));
    bool is_result_pointer =
        lower_is_pointer(lo, lo->clang->getCursorType(cursor));
    if (is_void || (is_pointer && !is_right_pointer && !is_result_pointer))
        strcpy(out, ",");
    else if (is_pointer && is_right_pointer && !is_result_pointer)
        strcpy(out, "!=");
}

/* Where both operands are of one macro's expansion, the operator is, too. */
static bool
read_binary(struct lowering *lo, clang_cursor left, clang_cursor right,
            char out[4])
{
    void *file = NULL, *spelled = NULL;
    unsigned line, column, from, to, offset;
    clang_location begin =
        lo->clang->getRangeStart(lo->clang->getCursorExtent(left));
    clang_location start =
        lo->clang->getRangeStart(lo->clang->getCursorExtent(right));
    lo->clang->getExpansionLocation(begin, &file, &line, &column, &from);
    lo->clang->getExpansionLocation(start, &file, &line, &column, &to);
    lo->clang->getSpellingLocation(start, &spelled, &line, &column, &offset);
    if (from == to && offset == to) {
        out[0] = '\0';
        return false;
    }
    return operator_before(lo, spelled, offset, out) ||
           (from != to && operator_before(lo, file, to, out));
}

void
lower_binary_operator(struct lowering *lo, clang_cursor cursor,
                      clang_cursor left, clang_cursor right, char out[4])
{
    if (lo->clang->getCursorBinaryOperatorKind != NULL) {
        operator_of_number(lo->clang->getCursorBinaryOperatorKind(cursor), out);
        return;
    }
    if (!lo->is_cxx && is_plain_place(lo, left)) {
        strcpy(out, "=");
        return;
    }
    if (!read_binary(lo, left, right, out))
        guess_binary(lo, cursor, left, right, out);
}

/* The operator in front, where the source shows one. */
static bool
read_prefix(struct lowering *lo, clang_cursor cursor, char out[4],
            bool *is_prefix)
{
    void *file = NULL;
    unsigned line, column, offset;
    size_t size;
    lo->clang->getSpellingLocation(
        lo->clang->getRangeStart(lo->clang->getCursorExtent(cursor)), &file,
        &line, &column, &offset);
    const char *text = text_of(lo, file, &size);
    *is_prefix = false;
    if (text == NULL || offset + 13 >= size)
        return false;
    char c = text[offset];
    if (strncmp(text + offset, "__extension__", 13) == 0)
        c = '_';
    else if (strchr("&*+-~!", c) == NULL)
        return false;
    bool is_double = (c == '+' || c == '-') && text[offset + 1] == c;
    snprintf(out, 4, "%c%s", c, !is_double ? "" : c == '+' ? "+" : "-");
    *is_prefix = true;
    return true;
}

static bool
read_postfix(struct lowering *lo, clang_cursor cursor, char out[4])
{
    void *file = NULL;
    unsigned line, column, offset;
    size_t size;
    lo->clang->getSpellingLocation(
        lo->clang->getRangeEnd(lo->clang->getCursorExtent(cursor)), &file,
        &line, &column, &offset);
    const char *text = text_of(lo, file, &size);
    if (text == NULL || offset < 2 || offset > size)
        return false;
    if (memcmp(text + offset - 2, "--", 2) != 0 &&
        memcmp(text + offset - 2, "++", 2) != 0)
        return false;
    snprintf(out, 4, "%.2s", text + offset - 2);
    return true;
}

/* Of a macro the source shows only the call. What is not converted to a value
 * is stepped or its address is taken; else types tell. */
static void
guess_unary(struct lowering *lo, clang_cursor cursor, char out[4],
            bool *is_prefix)
{
    struct lower_kids kids = lower_kids(lo, cursor);
    clang_cursor inner = kids.count > 0 ? lower_kid(lo, kids, 0) : cursor;
    lower_drop(lo, kids);
    clang_type type = lo->clang->getCursorType(cursor);
    clang_type inner_type = lo->clang->getCursorType(inner);
    bool is_pointer = lower_is_pointer(lo, type);
    *is_prefix = true;
    if (kids.count > 0 && is_plain_place(lo, inner)) {
        clang_type pointee = lo->clang->getCanonicalType(
            lo->clang->getPointeeType(lo->clang->getCanonicalType(type)));
        bool is_address =
            is_pointer &&
            pointee.data[0] == lo->clang->getCanonicalType(inner_type).data[0];
        strcpy(out, is_address ? "&" : "++");
        *is_prefix = is_address;
        return;
    }
    bool is_deref =
        lower_is_pointer(lo, inner_type) &&
        lo->clang->getCanonicalType(type).kind ==
            lo->clang->getCanonicalType(lo->clang->getPointeeType(inner_type))
                .kind;
    strcpy(out, is_deref ? "*" : "!");
}

void
lower_unary_operator(struct lowering *lo, clang_cursor cursor, char out[4],
                     bool *is_prefix)
{
    static const char *const names[] = {"",  "++", "--", "++", "--", "&",
                                        "*", "+",  "-",  "~",  "!"};
    if (lo->clang->getCursorUnaryOperatorKind != NULL) {
        int kind = lo->clang->getCursorUnaryOperatorKind(cursor);
        bool is_known =
            kind > 0 && (size_t)kind < sizeof(names) / sizeof(*names);
        strcpy(out, is_known ? names[kind] : "_");
        *is_prefix = kind > 2;
        return;
    }
    if (!read_prefix(lo, cursor, out, is_prefix) &&
        !read_postfix(lo, cursor, out))
        guess_unary(lo, cursor, out, is_prefix);
}

/* Reads "cleanup(NAME)" behind the place of the attribute. */
static uint32_t
read_cleanup(struct lowering *lo, clang_cursor attribute)
{
    void *file = NULL;
    unsigned line, column, offset;
    size_t size;
    char name[256];
    lo->clang->getSpellingLocation(lo->clang->getCursorLocation(attribute),
                                   &file, &line, &column, &offset);
    const char *text = text_of(lo, file, &size);
    if (text == NULL || offset >= size ||
        sscanf(text + offset, " %*[_cleanup] ( %255[A-Za-z0-9_]", name) != 1)
        return 0;
    return ir_name(lo->module, name);
}

/* In a macro, older versions show the call only; of our own scopes the type
 * tells. */
static uint32_t
known_cleanup(struct lowering *lo, clang_type type)
{
    static const char *const known[][2] = {
        {"fa_phase_scope", "fa_phase_end_scope"},
        {"fa_scratch_scope", "fa_scratch_end_scope"},
        {"fa_frame_guard", "fa_frame_guard_end"},
        {"fa_frame_scope", "fa_frame_end_scope"}};
    uint32_t name = lower_name(lo, lo->clang->getTypeDeclaration(type));
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
        if (strcmp(lo->module->text + name, known[i][0]) == 0)
            return ir_name(lo->module, known[i][1]);
    return 0;
}

/* "fa:scope(0)" at a variable: its arena ends with it. */
static bool
is_guard(struct lowering *lo, clang_cursor attribute)
{
    uint32_t name = lower_name(lo, attribute);
    return strcmp(lo->module->text + name, "fa:scope(0)") == 0;
}

uint32_t
lower_cleanup_function(struct lowering *lo, clang_cursor var, clang_type type)
{
    uint32_t name = 0;
    bool has_attribute = false;
    struct lower_kids kids = lower_kids(lo, var);
    for (uint32_t i = 0; i < kids.count; i++) {
        clang_cursor kid = lower_kid(lo, kids, i);
        has_attribute |= kid.kind == CLANG_UNEXPOSED_ATTR;
        if (kid.kind == CLANG_UNEXPOSED_ATTR && name == 0)
            name = read_cleanup(lo, kid);
        if (kid.kind == CLANG_ANNOTATION && is_guard(lo, kid))
            name = ir_name(lo->module, "fa:scope");
    }
    lower_drop(lo, kids);
    uint32_t known = has_attribute ? known_cleanup(lo, type) : 0;
    return known != 0 ? known : name;
}
