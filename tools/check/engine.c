/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Jobs. Units are lowered by processes of their own, which write modules to
 * files that are also the cache; then the program is linked, and functions are
 * run, again by several processes, which write findings to pipes.
 */
#include "check/engine.h"

#include "check/clang.h"
#include "check/exec.h"
#include "check/lower.h"
#include "check/memory.h"
#include "check/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
trouble(struct check_results *results, const char *file, const char *text)
{
    results->troubles =
        check_realloc(results->troubles, (results->trouble_count + 1) *
                                             sizeof(*results->troubles));
    results->troubles[results->trouble_count++] =
        (struct check_trouble){check_strdup(file), check_strdup(text)};
}

static int
compare(const void *a, const void *b)
{
    const struct check_finding *x = a, *y = b;
    int order = strcmp(x->at.file, y->at.file);
    if (order != 0)
        return order;
    if (x->at.line != y->at.line)
        return x->at.line < y->at.line ? -1 : 1;
    if (x->at.column != y->at.column)
        return x->at.column < y->at.column ? -1 : 1;
    return x->code->number < y->code->number   ? -1
           : x->code->number > y->code->number ? 1
                                               : 0;
}

int
check_analyse(const struct check_request *request,
              struct check_results *results)
{
    struct clang clang;
    struct program program;
    struct verdict_list reports = {NULL, 0, 0};
    struct exec exec;
    memset(results, 0, sizeof(*results));
    if (!clang_open(&clang, request->libclang))
        return 2;
    struct ir_module *modules =
        check_zalloc(request->unit_count, sizeof(*modules));
    results->units = request->unit_count;
    for (size_t i = 0; i < request->unit_count; i++) {
        lower_unit(&clang, &request->units[i], &modules[i]);
        results->functions += modules[i].bodies;
        results->skipped_cxx += modules[i].skipped_cxx;
        if (modules[i].failed != 0) {
            trouble(results, request->units[i].file,
                    modules[i].text + modules[i].failed);
            results->units_failed++;
        }
    }
    program_link(&program, modules, request->unit_count, request->roles,
                 request->role_count);
    program.request = request;
    exec_begin(&exec, &program, &reports);
    for (size_t i = 0; i < program.function_count; i++) {
        if (!program.functions[i].is_relevant)
            continue;
        results->relevant++;
        if (!exec_run(&exec, &program.functions[i]))
            results->over_budget++;
    }
    exec_end(&exec);
    qsort(reports.findings, reports.count, sizeof(*reports.findings), compare);
    results->findings = reports.findings;
    results->finding_count = reports.count;
    clang_close(&clang);
    return 0;
}

void
check_results_free(struct check_results *results)
{
    for (size_t i = 0; i < results->trouble_count; i++) {
        check_free((char *)results->troubles[i].file);
        check_free((char *)results->troubles[i].text);
    }
    check_free(results->troubles);
    check_free(results->findings);
}
