/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Functions as the executor runs them: flat lists of instructions on
 * registers, made once from the syntax tree of a translation unit. All
 * references are indexes, so a module is written to a pipe or to the cache as
 * it lies.
 */
#ifndef CHECK_IR_H
#define CHECK_IR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum ir_op {
    IR_NOP,
    IR_CONST,   /* dst = imm */
    IR_HAVOC,   /* dst = something unknown */
    IR_STRING,  /* dst = address of a string literal; its text is name a */
    IR_VAR,     /* dst = address of local variable a */
    IR_GLOBAL,  /* dst = address of the object with name a */
    IR_FUNC,    /* dst = function with name a */
    IR_FIELD,   /* dst = address of field b in what register a points to */
    IR_INDEX,   /* dst = register a plus register b elements */
    IR_LOAD,    /* dst = what register a points to */
    IR_STORE,   /* what register a points to = register b */
    IR_ZERO,    /* what register a points to = zeros */
    IR_MOVE,    /* dst = register a */
    IR_NOT,     /* dst = !a */
    IR_BINARY,  /* dst = a sub b */
    IR_CALL,    /* dst = name a, or register b when a is 0, of arguments
                 * [imm, imm + c) of the module */
    IR_BRANCH,  /* to b when register a is true, else to c; of a loop imm
                 * tells whether b leads out of it */
    IR_JUMP,    /* to b */
    IR_RETURN,  /* register a, or nothing: -1 */
    IR_DECLARE, /* local variable a begins a new life */
    IR_CLEANUP, /* local variable a goes out of sight; name b cleans up */
    IR_END      /* a path that does not come back; imm: it is thrown */
};

enum ir_binary {
    IR_UNKNOWN,
    IR_ADD,
    IR_SUB,
    IR_MUL,
    IR_DIV,
    IR_REM,
    IR_AND,
    IR_OR,
    IR_XOR,
    IR_SHL,
    IR_SHR,
    IR_EQ,
    IR_NE,
    IR_LT,
    IR_GT,
    IR_LE,
    IR_GE
};

/* What a register holds, as far as it matters. */
enum ir_type {
    IR_TYPE_OTHER,
    IR_TYPE_POINTER,
    IR_TYPE_RECORD,
    IR_TYPE_ALLOCATOR, /* pointers to our own */
    IR_TYPE_CTX,
    IR_TYPE_FRAME
};

enum {                   /* flags of instructions */
       IR_LOOP = 1,      /* a branch that decides about another round */
       IR_DISCARDED = 2, /* a call whose result is not looked at */
       IR_IN_LOOP = 4,   /* inside of a loop */
       IR_MACRO = 8      /* written by a macro */
};

struct ir_insn {
    uint8_t op, sub, type, flags;
    uint16_t file; /* in the module's files */
    uint16_t column;
    uint32_t line;
    int32_t dst, a, b, c;
    int64_t imm;
};

struct ir_var {
    uint32_t name;
    uint32_t type_name; /* of a record */
    uint8_t type;
    uint8_t is_param;
    uint8_t is_record;
    uint8_t unused;
};

enum {                      /* flags of functions */
       IR_STATIC = 1,       /* of this file only */
       IR_THREAD_ENTRY = 2, /* annotated so */
       IR_CALLBACK = 4,
       IR_CXX_SKIPPED = 8 /* has parts that are not modelled */
};

struct ir_function {
    uint32_t name; /* with the file, when it is static */
    uint32_t plain_name;
    uint32_t first_insn, insn_count;
    uint32_t first_var, var_count;
    uint32_t param_count;
    uint32_t register_count;
    uint32_t flags;
    uint32_t line, column, file;
};

/* An object of static lifetime. */
struct ir_object {
    uint32_t name;
    uint8_t is_const;   /* cannot be written */
    uint8_t is_defined; /* with the value below; else only declared */
    uint8_t is_written; /* written, or its address is taken, in this unit */
    uint8_t has_value;
    int64_t value;
};

/* A declaration with roles. */
struct ir_annotation {
    uint32_t function;
    uint32_t roles;
};

/* Found while lowering: code, place and text. */
struct ir_remark {
    uint32_t number;
    uint32_t file, line, column;
    uint32_t function;
    uint32_t message;
    uint32_t fix_file, fix_offset, fix_length, fix_text; /* text 0: none */
};

/* A file that the unit was made of. */
struct ir_include {
    uint32_t path, unused;
    uint64_t hash; /* of its content, in the cache */
};

#define IR_TABLES(X)                                       \
    X(struct ir_function, functions, function_count)       \
    X(struct ir_insn, insns, insn_count)                   \
    X(struct ir_var, vars, var_count)                      \
    X(int32_t, args, arg_count)                            \
    X(struct ir_object, objects, object_count)             \
    X(struct ir_annotation, annotations, annotation_count) \
    X(struct ir_remark, remarks, remark_count)             \
    X(uint32_t, files, file_count)                         \
    X(struct ir_include, includes, include_count)          \
    X(char, text, text_size)

/* What one translation unit has. Strings are offsets into text, which begins
 * with an empty one. */
struct ir_module {
#define IR_MEMBER_(type, name, count) \
    type *name;                       \
    uint32_t count, name##_room;
    IR_TABLES(IR_MEMBER_)
#undef IR_MEMBER_
    uint32_t bodies;        /* functions with bodies, outside system headers */
    uint32_t skipped_cxx;   /* of them, with parts that are not modelled */
    uint32_t failed;        /* offset of the compiler's message, or 0 */
    struct ir_names *names; /* while it is made */
};

void ir_module_begin(struct ir_module *module);
void ir_module_free(struct ir_module *module);

/* The offset of a string; the same for the same text. */
uint32_t ir_name(struct ir_module *module, const char *text);
uint32_t ir_file(struct ir_module *module, const char *path);

/* Appends one zeroed entry. */
#define IR_APPEND(module, name, count)                         \
    (ir_grow((void **)&(module)->name, &(module)->name##_room, \
             (module)->count, sizeof(*(module)->name)),        \
     &(module)->name[(module)->count++])
void ir_grow(void **list, uint32_t *room, uint32_t count, size_t size);

/* False: cannot be written or read, or is not a module of this version. */
bool ir_module_write(const struct ir_module *module, FILE *file);
bool ir_module_read(struct ir_module *module, FILE *file);

#endif
