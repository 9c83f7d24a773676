/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * A call of a function with roles.
 */
#ifndef CHECK_EXEC_ROLE_H
#define CHECK_EXEC_ROLE_H

#include "check/exec.h"

struct call {
    const struct roles *roles;
    uint32_t symbol;
    const value *args;
    uint32_t count;
    uint8_t type;
    value result;
};

/* Argument n, or VALUE_NONE. */
value call_argument(const struct call *call, int n);
/* The same, or what it points to. */
value call_deref_argument(struct exec *exec, const struct call *call, int n,
                          bool is_out);
bool call_is_null(struct exec *exec, value v);
/* The result, for n 0, or what argument n points to becomes v. */
void call_set_out(struct exec *exec, struct call *call, int n, bool is_out,
                  value v);
void call_memory(struct exec *exec, struct call *call, const struct role *role);

#endif
