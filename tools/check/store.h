/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Lowered units: from the cache, or made and put there.
 */
#ifndef CHECK_STORE_H
#define CHECK_STORE_H

#include "check/clang.h"
#include "check/engine.h"
#include "check/ir.h"

/* Fills a module for each unit; how many came from the cache. */
size_t store_lower(const struct clang *clang,
                   const struct check_request *request,
                   struct ir_module *modules);

#endif
