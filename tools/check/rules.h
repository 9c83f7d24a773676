/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What can be said of functions without running them.
 */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include "check/verdict.h"

void rules_run(struct program *program, const struct check_request *request,
               struct verdict_list *reports);

#endif
