/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * From the syntax tree of a translation unit to its module.
 */
#ifndef CHECK_LOWER_H
#define CHECK_LOWER_H

#include "check/clang.h"
#include "check/engine.h"
#include "check/ir.h"

/* Parses the unit and fills the module; failed tells of an unreadable unit. */
void lower_unit(const struct clang *clang, const struct check_unit *unit,
                struct ir_module *module);

/* The rest is shared by the files that lower. */

enum { LOWER_LABELS = 4096 };

struct lower_file {
    void *file;
    uint32_t index;
    const char *text;
    size_t size;
};

struct lower_local {
    const void *decl;
    int32_t var;
};

/* Where break and continue go, and how many variables with a clean-up were in
 * sight there. */
struct lower_target {
    int32_t on_break, on_continue; /* labels; -1: not here */
    uint32_t cleanups;
};

struct lower_cleanup {
    int32_t var;
    uint32_t function; /* name */
};

struct lower_case {
    int64_t value;
    bool is_known;
    int32_t label;
};

struct lower_label {
    uint32_t name;
    int32_t label;
};

struct lowering {
    const struct clang *clang;
    void *unit;
    struct ir_module *module;
    bool is_cxx;
    const char *directory;

    clang_cursor *kids; /* a stack of children */
    uint32_t kid_count, kids_room;
    struct lower_file *files;
    uint32_t file_count, files_room;

    /* Of the function at hand. */
    uint32_t function; /* index */
    uint32_t function_name;
    uint32_t first_insn, first_var;
    int32_t registers;
    uint32_t flags;
    struct lower_local *locals;
    uint32_t local_count, locals_room;
    int32_t *labels; /* instruction of each label */
    uint32_t label_count, labels_room;
    struct lower_label *gotos;
    uint32_t goto_count, gotos_room;
    struct lower_cleanup *cleanups;
    uint32_t cleanup_count, cleanups_room;
    struct lower_case *cases;
    uint32_t case_count, cases_room;
    int32_t default_label; /* of the innermost switch; -1: none */
    struct lower_target target;
    uint32_t loop_depth;
    clang_type
        assigned; /* what the call at hand is assigned to; kind 0: none */
    int32_t this_var;
};

/* Children of a cursor: kids[first, first + count) until lower_drop(). */
struct lower_kids {
    uint32_t first, count;
};
struct lower_kids lower_kids(struct lowering *lowering, clang_cursor cursor);
void lower_drop(struct lowering *lowering, struct lower_kids kids);
clang_cursor lower_kid(const struct lowering *lowering, struct lower_kids kids,
                       uint32_t i);

/* lower_type.c: names, types, places and operators. */
uint32_t lower_name(struct lowering *lowering, clang_cursor cursor);
uint32_t lower_symbol(struct lowering *lowering, clang_cursor cursor);
uint8_t lower_type(struct lowering *lowering, clang_type type);
bool lower_is_array(const struct lowering *lowering, clang_type type);
bool lower_is_record(const struct lowering *lowering, clang_type type);
bool lower_is_pointer(const struct lowering *lowering, clang_type type);
uint32_t lower_place(struct lowering *lowering, clang_location location,
                     uint32_t *line, uint32_t *column, uint32_t *offset);
struct lower_file *lower_file_of(struct lowering *lowering, void *file);
/* The operator as text, "" when unknown; is_prefix tells ++x from x++. */
void lower_binary_operator(struct lowering *lowering, clang_cursor cursor,
                           clang_cursor left, clang_cursor right, char out[4]);
void lower_unary_operator(struct lowering *lowering, clang_cursor cursor,
                          char out[4], bool *is_prefix);
uint32_t lower_cleanup_function(struct lowering *lowering, clang_cursor var,
                                clang_type type);

/* lower_insn.c: instructions and labels. */
struct ir_insn *lower_emit(struct lowering *lowering, enum ir_op op,
                           clang_cursor at);
int32_t lower_register(struct lowering *lowering);
int32_t lower_value(struct lowering *lowering, enum ir_op op, clang_cursor at,
                    int32_t a, int32_t b);
int32_t lower_constant(struct lowering *lowering, clang_cursor at,
                       int64_t value);
int32_t lower_label(struct lowering *lowering);
void lower_here(struct lowering *lowering, int32_t label);
void lower_jump(struct lowering *lowering, clang_cursor at, int32_t label);
void lower_branch(struct lowering *lowering, clang_cursor at, int32_t value,
                  int32_t yes, int32_t no);
int32_t lower_local(struct lowering *lowering, clang_cursor decl);
int32_t lower_new_var(struct lowering *lowering, clang_cursor decl,
                      clang_type type);

/* lower_expr.c: the value of an expression, its address, or its truth. */
int32_t lower_expr(struct lowering *lowering, clang_cursor cursor);
int32_t lower_address(struct lowering *lowering, clang_cursor cursor);
void lower_condition(struct lowering *lowering, clang_cursor cursor,
                     int32_t yes, int32_t no);
void lower_initialize(struct lowering *lowering, clang_cursor at,
                      int32_t address, clang_type type, clang_cursor init);
int32_t lower_call(struct lowering *lowering, clang_cursor cursor);
/* The last child that is an expression; false: there is none. */
bool lower_last_expression(struct lowering *lowering, clang_cursor cursor,
                           clang_cursor *out);
/* lower_cxx.c: "new" and "delete", and a constructor's call for the object at an address. */
int32_t lower_new_or_delete(struct lowering *lowering, clang_cursor cursor);
void lower_construct(struct lowering *lowering, clang_cursor call,
                     int32_t object);
/* The name of the destructor that a class declares, or 0. */
uint32_t lower_destructor(struct lowering *lowering, clang_type type);
/* Whether a class has something to do at the end of its objects. */
bool lower_needs_destructor(struct lowering *lowering, clang_type type);
/* Parentheses and implicit casts taken off. */
clang_cursor lower_strip(struct lowering *lowering, clang_cursor cursor);

/* lower_statement.c */
void lower_statement(struct lowering *lowering, clang_cursor cursor);
/* Cleans variables that came into sight after the first count. */
void lower_clean(struct lowering *lowering, clang_cursor at, uint32_t count);
void lower_compound(struct lowering *lowering, clang_cursor cursor,
                    int32_t *last_value);

/* syntax.c: what a call shows without running it. */
void syntax_call(struct lowering *lowering, clang_cursor call,
                 const char *name);

#endif
