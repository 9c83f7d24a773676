/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * All modules as one program: names are joined, calls find their functions
 * across files, roles are attached to names, and functions that have nothing
 * to do with them are put aside.
 */
#ifndef CHECK_PROGRAM_H
#define CHECK_PROGRAM_H

#include "check/engine.h"
#include "check/ir.h"
#include "check/role.h"

struct function {
    uint32_t name, plain_name; /* symbols */
    uint32_t file;             /* symbol */
    struct ir_insn *insns;     /* names in them are symbols */
    const struct ir_var *vars;
    const int32_t *args;
    uint32_t insn_count, var_count, param_count, register_count;
    uint32_t flags; /* IR_STATIC ... */
    uint32_t line, column;
    uint32_t first_number; /* of its first instruction, in the program */
    const uint32_t *files; /* symbols, by ir_insn.file */
    uint32_t last_return;  /* the line of the last one */
    bool is_relevant;      /* touches roles, itself or by calls */
    bool has_caller;       /* in the program */
    bool is_thread_entry, is_callback;
    bool is_many; /* a thread entry that several threads run */
};

struct symbol {
    const char *text;
    struct function *function; /* with that name, or NULL */
    struct roles *roles;       /* or NULL */
    bool is_configured;        /* the roles are the program's own */
    bool has_value;            /* an object that nothing writes */
    bool is_object, is_written;
    int64_t value;
};

struct program {
    struct ir_module *modules;
    size_t module_count;
    struct symbol *symbols; /* 0 is the empty one */
    uint32_t symbol_count, symbols_room;
    uint32_t *slots; /* hash table of symbols */
    uint32_t slot_count;
    struct function *functions;
    size_t function_count;
    const struct check_role_line *role_lines;
    size_t role_count;
};

/* Takes the modules over. */
void program_link(struct program *program, struct ir_module *modules,
                  size_t count, const struct check_role_line *lines,
                  size_t line_count);
void program_free(struct program *program);

uint32_t program_symbol(struct program *program, const char *text);
const char *program_text(const struct program *program, uint32_t symbol);
/* The roles of what has that name, or NULL. */
const struct roles *program_roles(struct program *program, uint32_t symbol);
/* The name without the file in front of it. */
const char *program_plain(const char *text);

#endif
