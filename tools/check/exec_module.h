/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the modules for GPU memory and physics ask of their callers. What is
 * known of a slice or a world is kept as members of it that no program can
 * name, so that it is copied, forgotten and told apart by path with it.
 */
#ifndef CHECK_EXEC_MODULE_H
#define CHECK_EXEC_MODULE_H

#include "check/exec.h"

/* What is known by that name, or -1. */
int64_t module_known(struct exec *exec, place p, const char *name);
void module_note(struct exec *exec, place p, const char *name, int64_t n);

/* Before a call. True: that was all of it, and *result is what it returns. */
bool exec_gpu(struct exec *exec, const char *name, const value *args,
              uint32_t count, value *result);
void exec_gpu_use(struct exec *exec, place p);
void exec_gpu_exit(struct exec *exec, value result);
bool exec_physics(struct exec *exec, const char *name, const value *args,
                  uint32_t count, value *result);

#endif
