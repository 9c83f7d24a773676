/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Until there is an engine: the program says so.
 */
#include "check/engine.h"

#include <stdio.h>

int
check_analyse(const struct check_request *request,
              struct check_results *results)
{
    (void)request;
    (void)results;
    fputs("framealloc check: this build has no engine\n", stderr);
    return 4;
}

void
check_results_free(struct check_results *results)
{
    (void)results;
}

bool
check_roles_valid(const char *roles, const char **why)
{
    (void)roles;
    *why = "this build has no engine";
    return false;
}
