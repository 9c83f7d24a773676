/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Instructions, registers, labels and local variables of the function that is
 * being lowered.
 */
#include "check/lower.h"

#include "check/memory.h"

static int
keep_kid(clang_cursor cursor, clang_cursor parent, void *user)
{
    struct lowering *lo = user;
    (void)parent;
    ir_grow((void **)&lo->kids, &lo->kids_room, lo->kid_count,
            sizeof(*lo->kids));
    lo->kids[lo->kid_count++] = cursor;
    return 1; /* go on beside it */
}

struct lower_kids
lower_kids(struct lowering *lo, clang_cursor cursor)
{
    struct lower_kids kids = {lo->kid_count, 0};
    lo->clang->visitChildren(cursor, keep_kid, lo);
    kids.count = lo->kid_count - kids.first;
    return kids;
}

void
lower_drop(struct lowering *lo, struct lower_kids kids)
{
    lo->kid_count = kids.first;
}

clang_cursor
lower_kid(const struct lowering *lo, struct lower_kids kids, uint32_t i)
{
    return lo->kids[kids.first + i];
}

struct ir_insn *
lower_emit(struct lowering *lo, enum ir_op op, clang_cursor at)
{
    struct ir_insn *insn = IR_APPEND(lo->module, insns, insn_count);
    uint32_t line, column;
    insn->op = (uint8_t)op;
    insn->dst = -1;
    insn->a = insn->b = -1;
    insn->file = (uint16_t)lower_place(lo, lo->clang->getCursorLocation(at),
                                       &line, &column, NULL);
    insn->line = line;
    insn->column = (uint16_t)(column > 65535 ? 65535 : column);
    if (lo->loop_depth != 0)
        insn->flags |= IR_IN_LOOP;
    return insn;
}

int32_t
lower_register(struct lowering *lo)
{
    return lo->registers++;
}

int32_t
lower_value(struct lowering *lo, enum ir_op op, clang_cursor at, int32_t a,
            int32_t b)
{
    int32_t dst = lower_register(lo);
    struct ir_insn *insn = lower_emit(lo, op, at);
    insn->dst = dst;
    insn->a = a;
    insn->b = b;
    return dst;
}

int32_t
lower_constant(struct lowering *lo, clang_cursor at, int64_t value)
{
    int32_t dst = lower_value(lo, IR_CONST, at, -1, -1);
    lo->module->insns[lo->module->insn_count - 1].imm = value;
    return dst;
}

int32_t
lower_label(struct lowering *lo)
{
    ir_grow((void **)&lo->labels, &lo->labels_room, lo->label_count,
            sizeof(*lo->labels));
    lo->labels[lo->label_count] = -1;
    return (int32_t)lo->label_count++;
}

void
lower_here(struct lowering *lo, int32_t label)
{
    lo->labels[label] = (int32_t)(lo->module->insn_count - lo->first_insn);
}

void
lower_jump(struct lowering *lo, clang_cursor at, int32_t label)
{
    lower_emit(lo, IR_JUMP, at)->b = label;
}

void
lower_branch(struct lowering *lo, clang_cursor at, int32_t value, int32_t yes,
             int32_t no)
{
    struct ir_insn *insn = lower_emit(lo, IR_BRANCH, at);
    insn->a = value;
    insn->b = yes;
    insn->c = no;
}

int32_t
lower_local(struct lowering *lo, clang_cursor decl)
{
    for (uint32_t i = lo->local_count; i-- > 0;)
        if (lo->locals[i].decl == decl.data[0])
            return lo->locals[i].var;
    return -1;
}

int32_t
lower_new_var(struct lowering *lo, clang_cursor decl, clang_type type)
{
    struct ir_var *var = IR_APPEND(lo->module, vars, var_count);
    int32_t index = (int32_t)(lo->module->var_count - 1 - lo->first_var);
    var->type = lower_type(lo, type);
    var->is_record = lower_is_record(lo, type);
    uint32_t type_name =
        lower_is_record(lo, type)
            ? lower_name(lo, lo->clang->getTypeDeclaration(
                                 lo->clang->getCanonicalType(type)))
            : 0;
    lo->module->vars[lo->module->var_count - 1].type_name = type_name;
    uint32_t name = lower_name(lo, decl);
    lo->module->vars[lo->module->var_count - 1].name = name;
    ir_grow((void **)&lo->locals, &lo->locals_room, lo->local_count,
            sizeof(*lo->locals));
    lo->locals[lo->local_count++] = (struct lower_local){decl.data[0], index};
    return index;
}
