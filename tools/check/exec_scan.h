/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the instructions of a function show without being run.
 */
#ifndef CHECK_EXEC_SCAN_H
#define CHECK_EXEC_SCAN_H

#include "check/exec.h"

/* All of it, for one function. */
void exec_scan(struct exec *exec, const struct function *function);
/* exec_physics.c: FA903 and FA915. */
void exec_scan_physics(struct exec *exec, const struct function *function,
                       uint32_t at);
/* exec_tags.c */
void exec_scan_tags(struct exec *exec, const struct function *function,
                    uint32_t at);
void exec_tag_made(struct exec *exec, struct object *object);
void exec_tag_freed(struct exec *exec, const struct object *object);
/* exec_usage.c: a call of fa_frame_retain(). */
void exec_usage(struct exec *exec, const char *name, const value *args,
                uint32_t count);

/* The instruction that gives a register its value, before another one. */
const struct ir_insn *scan_maker(const struct function *function,
                                 uint32_t before, int32_t reg);
/* "": it is no call, or by a pointer. */
const char *scan_called(const struct exec *exec, const struct ir_insn *insn);
bool scan_is_argument(const struct function *function,
                      const struct ir_insn *insn, int32_t reg);
/* Whether it needs what is in a register. */
bool scan_uses(const struct function *function, const struct ir_insn *insn,
               int32_t reg);
bool scan_is_any(const char *name, const char *const *list);
void scan_report(struct exec *exec, const struct function *function,
                 const struct ir_insn *insn, unsigned number,
                 const char *message);

#endif
