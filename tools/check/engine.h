/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The analysis as a whole: from a list of commands to findings.
 */
#ifndef CHECK_ENGINE_H
#define CHECK_ENGINE_H

#include "check/finding.h"

/* How one file is compiled. */
struct check_unit {
    const char *file;      /* absolute */
    const char *directory; /* where the command runs; absolute */
    const char *const
        *args; /* without compiler, file and -o; NULL at the end */
};

/* One line of [roles]: what a function does, in the words of role.h. */
struct check_role_line {
    const char *function;
    const char *roles;
};

/* One pair of module_tags: whose tag it is. */
struct check_module_tag {
    const char *module; /* a folder or a pattern, relative to root */
    const char *tag;
};

struct check_request {
    const struct check_unit *units;
    size_t unit_count;
    const struct check_role_line *roles;
    size_t role_count;
    const char *libclang; /* a path; NULL: the usual names */
    const char *cache;    /* a folder; NULL: none */
    unsigned jobs;        /* processes; at least 1 */
    unsigned steps;       /* most steps per function; 0: as built */
    unsigned frame_lag;   /* frames that memory stays readable */
    bool is_chatty;       /* progress on stderr */

    /* FA801 to FA803; without any, there is nothing to compare with. */
    const char *const *known_tags;
    size_t known_tag_count;
    const struct check_module_tag *module_tags;
    size_t module_tag_count;
    const char *root; /* the project's folder; absolute */
};

/* 0, or the exit status with a message on stderr: 2 no libclang or roles that
 * cannot be read, 4 internal. Units that fail are in the results. Suppressing,
 * levels and baselines come after it. */
int check_analyse(const struct check_request *request,
                  struct check_results *results);
void check_results_free(struct check_results *results);

/* Whether a role list can be read; else *why tells. */
bool check_roles_valid(const char *roles, const char **why);

#endif
