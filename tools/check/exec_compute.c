/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Arithmetic and comparisons of values, known or not.
 */
#include "check/exec.h"

static value
fold(struct exec *exec, enum ir_binary op, value a, value b)
{
    int64_t x, y;
    if (!state_number(exec->state, &exec->values, a, &x) ||
        !state_number(exec->state, &exec->values, b, &y))
        return VALUE_NONE;
    uint64_t ux = (uint64_t)x, uy = (uint64_t)y;
    switch (op) {
    case IR_ADD:
        return value_int(&exec->values, (int64_t)(ux + uy));
    case IR_SUB:
        return value_int(&exec->values, (int64_t)(ux - uy));
    case IR_MUL:
        return value_int(&exec->values, (int64_t)(ux * uy));
    case IR_AND:
        return value_int(&exec->values, x & y);
    case IR_OR:
        return value_int(&exec->values, x | y);
    case IR_XOR:
        return value_int(&exec->values, x ^ y);
    case IR_SHL:
        return y < 0 || y > 62 ? VALUE_NONE
                               : value_int(&exec->values, (int64_t)(ux << uy));
    case IR_SHR:
        return y < 0 || y > 62 || x < 0 ? VALUE_NONE
                                        : value_int(&exec->values, x >> y);
    case IR_EQ:
        return value_int(&exec->values, x == y);
    case IR_LT:
        return value_int(&exec->values, x < y);
    case IR_REM:
        return y <= 0 || x < 0 ? VALUE_NONE : value_int(&exec->values, x % y);
    case IR_DIV:
        return y <= 0 || x < 0 ? VALUE_NONE : value_int(&exec->values, x / y);
    default:
        return VALUE_NONE;
    }
}

/* Comparisons are brought to ==, < and ! of them. */
value
exec_compute(struct exec *exec, enum ir_binary op, value a, value b)
{
    int64_t n;
    switch (op) {
    case IR_UNKNOWN:
        return exec_fresh(exec);
    case IR_NE:
        return value_not(&exec->values, exec_compute(exec, IR_EQ, a, b));
    case IR_GT:
        return exec_compute(exec, IR_LT, b, a);
    case IR_GE:
        return value_not(&exec->values, exec_compute(exec, IR_LT, a, b));
    case IR_LE:
        return value_not(&exec->values, exec_compute(exec, IR_LT, b, a));
    default:
        break;
    }
    if (op == IR_EQ && value_is_int(&exec->values, a, &n)) {
        value swap = a;
        a = b;
        b = swap;
    }
    /* Bits of an address: who has them can make a pointer again. */
    if (op != IR_EQ && op != IR_LT) {
        exec_escape(exec, a);
        exec_escape(exec, b);
    }
    value known = fold(exec, op, a, b);
    if (known != VALUE_NONE)
        return known;
    if (op == IR_EQ && state_number(exec->state, &exec->values, b, &n) &&
        n == 0) {
        int truth = state_truth(exec->state, &exec->values, a);
        if (truth >= 0)
            return value_int(&exec->values, !truth);
    }
    return value_make(&exec->values, VALUE_BINARY, a, b, op);
}
