/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The part of libclang's C interface that is used, declared here because it is
 * loaded at run time: nothing of LLVM is needed to build, and one program
 * works with all versions from 14. Types and numbers are those of its ABI,
 * which is stable; functions are members of struct clang.
 */
#ifndef CHECK_CLANG_H
#define CHECK_CLANG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct clang_cursor {
    int kind;
    int data_of_kind;
    const void *data[3];
} clang_cursor;

typedef struct clang_type {
    int kind;
    void *data[2];
} clang_type;

typedef struct clang_string {
    const void *data;
    unsigned flags;
} clang_string;

typedef struct clang_location {
    const void *data[2];
    unsigned number;
} clang_location;

typedef struct clang_range {
    const void *data[2];
    unsigned begin, end;
} clang_range;

typedef struct clang_unsaved {
    const char *name, *text;
    unsigned long size;
} clang_unsaved;

enum { /* kinds of cursors */
       CLANG_STRUCT_DECL = 2,
       CLANG_UNION_DECL = 3,
       CLANG_CLASS_DECL = 4,
       CLANG_FIELD_DECL = 6,
       CLANG_ENUM_CONSTANT = 7,
       CLANG_FUNCTION_DECL = 8,
       CLANG_VAR_DECL = 9,
       CLANG_PARM_DECL = 10,
       CLANG_METHOD = 21,
       CLANG_NAMESPACE = 22,
       CLANG_LINKAGE_SPEC = 23,
       CLANG_CONSTRUCTOR = 24,
       CLANG_DESTRUCTOR = 25,
       CLANG_CONVERSION = 26,
       CLANG_FUNCTION_TEMPLATE = 30,
       CLANG_CLASS_TEMPLATE = 31,
       CLANG_TYPE_REF = 43,
       CLANG_MEMBER_REF = 47,
       CLANG_LABEL_REF = 48,
       CLANG_UNEXPOSED_EXPR = 100,
       CLANG_DECL_REF = 101,
       CLANG_MEMBER = 102,
       CLANG_CALL = 103,
       CLANG_INT_LITERAL = 106,
       CLANG_FLOAT_LITERAL = 107,
       CLANG_STRING_LITERAL = 109,
       CLANG_CHAR_LITERAL = 110,
       CLANG_PAREN = 111,
       CLANG_UNARY = 112,
       CLANG_SUBSCRIPT = 113,
       CLANG_BINARY = 114,
       CLANG_COMPOUND_ASSIGN = 115,
       CLANG_CONDITIONAL = 116,
       CLANG_CAST = 117,
       CLANG_COMPOUND_LITERAL = 118,
       CLANG_INIT_LIST = 119,
       CLANG_STATEMENT_EXPR = 121,
       CLANG_GENERIC = 122,
       CLANG_STATIC_CAST = 124,
       CLANG_FUNCTIONAL_CAST = 128,
       CLANG_BOOL_LITERAL = 130,
       CLANG_NULLPTR = 131,
       CLANG_THIS = 132,
       CLANG_THROW = 133,
       CLANG_NEW = 134,
       CLANG_DELETE = 135,
       CLANG_SIZEOF = 136,
       CLANG_LAMBDA = 144,
       CLANG_LABEL = 201,
       CLANG_COMPOUND = 202,
       CLANG_CASE = 203,
       CLANG_DEFAULT = 204,
       CLANG_IF = 205,
       CLANG_SWITCH = 206,
       CLANG_WHILE = 207,
       CLANG_DO = 208,
       CLANG_FOR = 209,
       CLANG_GOTO = 210,
       CLANG_INDIRECT_GOTO = 211,
       CLANG_CONTINUE = 212,
       CLANG_BREAK = 213,
       CLANG_RETURN = 214,
       CLANG_ASM = 215,
       CLANG_CATCH = 223,
       CLANG_TRY = 224,
       CLANG_FOR_RANGE = 225,
       CLANG_NULL_STATEMENT = 230,
       CLANG_DECL_STATEMENT = 231,
       CLANG_UNEXPOSED_ATTR = 400,
       CLANG_ANNOTATION = 406
};

enum { /* kinds of types */
       CLANG_TYPE_VOID = 2,
       CLANG_TYPE_BOOL = 3,
       CLANG_TYPE_LAST_INT = 20,
       CLANG_TYPE_LAST_FLOAT = 24,
       CLANG_TYPE_POINTER = 101,
       CLANG_TYPE_REFERENCE = 103,
       CLANG_TYPE_RECORD = 105,
       CLANG_TYPE_ENUM = 106,
       CLANG_TYPE_FUNCTION = 111,
       CLANG_TYPE_ARRAY = 112,
       CLANG_TYPE_OPEN_ARRAY = 114,
       CLANG_TYPE_VARIABLE_ARRAY = 115
};

typedef int (*clang_visitor)(clang_cursor cursor, clang_cursor parent,
                             void *user);
typedef void (*clang_includer)(void *file, clang_location *stack,
                               unsigned depth, void *user);
typedef int (*clang_field_visitor)(clang_cursor cursor, void *user);

/* X(result, name, parameters); the functions that all versions have. */
#define CLANG_FUNCTIONS(X)                                                   \
    X(clang_string, getClangVersion, (void))                                 \
    X(const char *, getCString, (clang_string))                              \
    X(void, disposeString, (clang_string))                                   \
    X(void *, createIndex, (int, int))                                       \
    X(void, disposeIndex, (void *))                                          \
    X(int, parseTranslationUnit2,                                            \
      (void *, const char *, const char *const *, int, clang_unsaved *,      \
       unsigned, unsigned, void **))                                         \
    X(void, disposeTranslationUnit, (void *))                                \
    X(clang_cursor, getTranslationUnitCursor, (void *))                      \
    X(unsigned, getNumDiagnostics, (void *))                                 \
    X(void *, getDiagnostic, (void *, unsigned))                             \
    X(int, getDiagnosticSeverity, (void *))                                  \
    X(clang_string, formatDiagnostic, (void *, unsigned))                    \
    X(void, disposeDiagnostic, (void *))                                     \
    X(unsigned, visitChildren, (clang_cursor, clang_visitor, void *))        \
    X(clang_string, getCursorSpelling, (clang_cursor))                       \
    X(clang_cursor, getCursorReferenced, (clang_cursor))                     \
    X(clang_cursor, getCursorDefinition, (clang_cursor))                     \
    X(clang_cursor, getCursorSemanticParent, (clang_cursor))                 \
    X(clang_type, getCursorType, (clang_cursor))                             \
    X(clang_type, getCursorResultType, (clang_cursor))                       \
    X(clang_type, getCanonicalType, (clang_type))                            \
    X(clang_type, getPointeeType, (clang_type))                              \
    X(clang_type, getArrayElementType, (clang_type))                         \
    X(clang_cursor, getTypeDeclaration, (clang_type))                        \
    X(clang_string, getTypeSpelling, (clang_type))                           \
    X(unsigned, isConstQualifiedType, (clang_type))                          \
    X(unsigned, Type_visitFields, (clang_type, clang_field_visitor, void *)) \
    X(int, getCursorLinkage, (clang_cursor))                                 \
    X(int, Cursor_getStorageClass, (clang_cursor))                           \
    X(clang_cursor, Cursor_getVarDeclInitializer, (clang_cursor))            \
    X(int, Cursor_getNumArguments, (clang_cursor))                           \
    X(clang_cursor, Cursor_getArgument, (clang_cursor, unsigned))            \
    X(int, getCursorAvailability, (clang_cursor))                            \
    X(unsigned, isCursorDefinition, (clang_cursor))                          \
    X(long long, getEnumConstantDeclValue, (clang_cursor))                   \
    X(void *, Cursor_Evaluate, (clang_cursor))                               \
    X(int, EvalResult_getKind, (void *))                                     \
    X(long long, EvalResult_getAsLongLong, (void *))                         \
    X(void, EvalResult_dispose, (void *))                                    \
    X(clang_location, getCursorLocation, (clang_cursor))                     \
    X(clang_range, getCursorExtent, (clang_cursor))                          \
    X(clang_location, getRangeStart, (clang_range))                          \
    X(clang_location, getRangeEnd, (clang_range))                            \
    X(void, getExpansionLocation,                                            \
      (clang_location, void **, unsigned *, unsigned *, unsigned *))         \
    X(void, getSpellingLocation,                                             \
      (clang_location, void **, unsigned *, unsigned *, unsigned *))         \
    X(int, Location_isInSystemHeader, (clang_location))                      \
    X(void, getInclusions, (void *, clang_includer, void *))                 \
    X(clang_string, getFileName, (void *))                                   \
    X(const char *, getFileContents, (void *, void *, size_t *))

/* From version 17. */
#define CLANG_OPTIONAL(X)                               \
    X(int, getCursorBinaryOperatorKind, (clang_cursor)) \
    X(int, getCursorUnaryOperatorKind, (clang_cursor))

struct clang {
    void *library;
#define CLANG_MEMBER_(result, name, parameters) result(*name) parameters;
    CLANG_FUNCTIONS(CLANG_MEMBER_)
    CLANG_OPTIONAL(CLANG_MEMBER_)
#undef CLANG_MEMBER_
    char version[64];
};

/* False: none can be loaded; a message is on stderr. path NULL: the names that
 * distributions use, newest first. */
bool clang_open(struct clang *clang, const char *path);
void clang_close(struct clang *clang);

#endif
