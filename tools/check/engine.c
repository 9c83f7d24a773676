/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The analysis as a whole. Units are lowered by processes of their own, so
 * that a compiler that crashes takes one unit with it; then the program is
 * linked, and its functions are run, again by several processes. Findings are
 * sorted at the end: the number of processes does not show.
 */
#include "check/engine.h"

#include "check/clang.h"
#include "check/crew.h"
#include "check/exec.h"
#include "check/memory.h"
#include "check/program.h"
#include "check/rules.h"
#include "check/store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

static void
count_units(const struct check_request *request,
            const struct ir_module *modules, struct check_results *results)
{
    results->units = request->unit_count;
    for (size_t i = 0; i < request->unit_count; i++) {
        results->functions += modules[i].bodies;
        results->skipped_cxx += modules[i].skipped_cxx;
        if (modules[i].failed == 0)
            continue;
        trouble(results, request->units[i].file,
                modules[i].text + modules[i].failed);
        results->units_failed++;
    }
}

struct running {
    struct program *program;
    const struct check_request *request;
    unsigned first, step; /* which of the relevant functions */
};

/* Runs a share of the functions and writes what it found. */
static void
run_share(void *user, FILE *out)
{
    struct running *running = user;
    struct verdict_list found = {NULL, 0, 0};
    struct exec exec;
    uint32_t over = 0;
    exec_begin(&exec, running->program, &found);
    exec.request = running->request;
    exec.frame_lag = running->request->frame_lag;
    if (running->request->steps != 0)
        exec.max_steps = running->request->steps;
    unsigned n = 0;
    for (size_t i = 0; i < running->program->function_count; i++) {
        const struct function *function = &running->program->functions[i];
        if (!function->is_relevant || n++ % running->step != running->first ||
            exec_run(&exec, function))
            continue;
        over++;
        verdict_plain(&found, 93,
                      program_text(running->program, function->file),
                      function->line, function->column,
                      program_text(running->program, function->plain_name),
                      "not all ways through this function were followed");
    }
    exec_end(&exec);
    verdict_write(&found, over, out);
    verdict_free(&found);
}

static void
run_functions(struct program *program, const struct check_request *request,
              struct verdict_list *found, struct check_results *results)
{
    unsigned jobs = request->jobs == 0 ? 1 : request->jobs;
    struct running *running = check_zalloc(jobs, sizeof(*running));
    struct crew_job *list = check_zalloc(jobs, sizeof(*list));
    for (size_t i = 0; i < program->function_count; i++)
        results->relevant += program->functions[i].is_relevant;
    for (unsigned i = 0; i < jobs; i++) {
        running[i] = (struct running){program, request, i, jobs};
        list[i] = (struct crew_job){run_share, &running[i], NULL};
    }
    crew_run(list, jobs, jobs);
    for (unsigned i = 0; i < jobs; i++) {
        uint32_t over = 0;
        if (list[i].out == NULL || !verdict_read(found, &over, list[i].out))
            trouble(results, "the analysis",
                    "a process of the analysis ended before its time");
        results->over_budget += over;
        if (list[i].out != NULL)
            fclose(list[i].out);
    }
    check_free(list);
    check_free(running);
}

int
check_analyse(const struct check_request *request,
              struct check_results *results)
{
    struct clang clang;
    struct program program;
    struct verdict_list found = {NULL, 0, 0};
    memset(results, 0, sizeof(*results));
    if (!clang_open(&clang, request->libclang))
        return 2;
    struct ir_module *modules =
        check_zalloc(request->unit_count, sizeof(*modules));
    results->units_cached = store_lower(&clang, request, modules);
    count_units(request, modules, results);
    program_link(&program, modules, request->unit_count, request->roles,
                 request->role_count);
    rules_run(&program, request, &found);
    run_functions(&program, request, &found, results);
    if (found.count != 0)
        qsort(found.findings, found.count, sizeof(*found.findings), compare);
    results->findings = found.findings;
    results->finding_count = found.count;
    program_free(&program);
    check_free(modules);
    clang_close(&clang);
    return 0;
}

void
check_results_free(struct check_results *results)
{
    struct verdict_list found = {results->findings,
                                 (uint32_t)results->finding_count, 0};
    for (size_t i = 0; i < results->trouble_count; i++) {
        check_free((char *)results->troubles[i].file);
        check_free((char *)results->troubles[i].text);
    }
    check_free(results->troubles);
    verdict_free(&found);
}
