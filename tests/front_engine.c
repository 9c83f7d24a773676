/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * An engine for the tests of the analyser's front end: it finds what the
 * sources tell it to.
 *
 *     @606 `p` is used       a finding on this line
 *     @note 3 allocated here a step of its path, on line 3
 *     @trouble text          the unit cannot be analysed
 *
 * A line that begins with a name and "(" is a function. With FRONT_ENGINE
 * set, units and figures of the request go to standard error.
 */
#include "check/engine.h"
#include "check/source.h"
#include "check/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef TEXT_VEC(struct check_finding) findings_vec;

struct scan {
    struct check_results *results;
    const struct source *source;
    findings_vec *findings;
    const char *function;
};

static struct check_finding *
last(struct scan *scan)
{
    return &scan->findings->items[scan->findings->count - 1];
}

/* Where "use(" stands, else where the line begins. */
static unsigned
column_of(const char *line)
{
    const char *use = strstr(line, "use(");
    return (unsigned)(use != NULL ? (size_t)(use - line)
                                  : strspn(line, " \t")) +
           1;
}

static bool
add_finding(struct scan *scan, unsigned line, const char *start,
            const char *text)
{
    char *message;
    struct check_finding finding = {
        .code = check_code_find((unsigned)strtoul(text, &message, 10)),
        .at = {scan->source->file, line, column_of(start)},
        .function = scan->function,
        .message = text_copy(message + strspn(message, " "))};
    if (finding.code == NULL)
        return false;
    text_push(scan->findings, finding);
    return true;
}

static void
add_note(struct scan *scan, const char *text)
{
    struct check_finding *finding = last(scan);
    char *rest;
    struct check_note note = {
        .at = {scan->source->file, (unsigned)strtoul(text, &rest, 10), 1}};
    note.text = text_copy(rest + strspn(rest, " "));
    struct check_note *notes =
        text_alloc(finding->note_count + 1, sizeof(*notes));
    if (finding->note_count > 0)
        memcpy(notes, finding->notes, finding->note_count * sizeof(*notes));
    notes[finding->note_count++] = note;
    finding->notes = notes;
}

/* FRONT_FIX="OLD NEW": what FA104 would change on its line. */
static void
add_fix(struct scan *scan, const char *start)
{
    const char *text = getenv("FRONT_FIX");
    if (text == NULL || last(scan)->code->number != 104)
        return;
    const char *space = strchr(text, ' ');
    const char *old = text_copy_bytes(text, (size_t)(space - text));
    const char *found = strstr(start, old);
    last(scan)->fix = (struct check_fix){scan->source->file,
                                         (size_t)(found - scan->source->text),
                                         strlen(old), text_copy(space + 1)};
}

/* False: the unit is given up. */
static bool
scan_line(struct scan *scan, unsigned number)
{
    size_t size;
    const char *start = source_line(scan->source, number, &size);
    const char *line = text_copy_bytes(start, size);
    size_t name = strspn(line, "abcdefghijklmnopqrstuvwxyz_0123456789");
    if (name > 0 && line[name] == '(') {
        scan->function = text_copy_bytes(line, name);
        scan->results->functions++;
        scan->results->relevant++;
    }
    char *end = strstr(line, " */");
    if (end != NULL)
        *end = '\0';
    const char *at = strchr(line, '@');
    if (at == NULL)
        return true;
    if (text_starts(at, "@trouble "))
        return false;
    if (text_starts(at, "@note "))
        add_note(scan, at + 6);
    else if (add_finding(scan, number, line, at + 1))
        add_fix(scan, start);
    return true;
}

static void
print_request(const struct check_request *request)
{
    fprintf(stderr, "jobs %u steps %u lag %u cache %s libclang %s\n",
            request->jobs, request->steps, request->frame_lag,
            request->cache == NULL ? "none" : request->cache,
            request->libclang == NULL ? "any" : request->libclang);
    for (size_t i = 0; i < request->role_count; i++)
        fprintf(stderr, "role %s = %s\n", request->roles[i].function,
                request->roles[i].roles);
    for (size_t i = 0; i < request->known_tag_count; i++)
        fprintf(stderr, "tag %s\n", request->known_tags[i]);
    for (size_t i = 0; i < request->module_tag_count; i++)
        fprintf(stderr, "tag %s of %s\n", request->module_tags[i].tag,
                request->module_tags[i].module);
    for (size_t i = 0; i < request->unit_count; i++) {
        fprintf(stderr, "unit %s:", request->units[i].file);
        for (const char *const *arg = request->units[i].args; *arg != NULL;
             arg++)
            fprintf(stderr, " [%s]", *arg);
        fputc('\n', stderr);
    }
}

static void
scan_unit(const struct check_unit *unit, struct check_results *results,
          findings_vec *findings)
{
    struct scan scan = {results, source_open(unit->file), findings, ""};
    bool is_good = scan.source != NULL;
    for (unsigned i = 1; is_good && i <= scan.source->line_count; i++)
        is_good = scan_line(&scan, i);
    results->units++;
    if (is_good)
        return;
    struct check_trouble *troubles =
        text_alloc(results->trouble_count + 1, sizeof(*troubles));
    if (results->trouble_count > 0)
        memcpy(troubles, results->troubles,
               results->trouble_count * sizeof(*troubles));
    troubles[results->trouble_count++] =
        (struct check_trouble){unit->file, "it says so"};
    results->troubles = troubles;
    results->units_failed++;
}

int
check_analyse(const struct check_request *request,
              struct check_results *results)
{
    findings_vec findings = TEXT_VEC_INIT;
    if (getenv("FRONT_ENGINE") != NULL)
        print_request(request);
    if (request->libclang != NULL) {
        fprintf(stderr, "framealloc check: %s: there is no libclang\n",
                request->libclang);
        return 2;
    }
    for (size_t i = 0; i < request->unit_count; i++)
        scan_unit(&request->units[i], results, &findings);
    results->findings = findings.items;
    results->finding_count = findings.count;
    return 0;
}

void
check_results_free(struct check_results *results)
{
    memset(results, 0, sizeof(*results));
}

bool
check_roles_valid(const char *roles, const char **why)
{
    *why = "it is not a role";
    return strchr(roles, '(') != NULL || strcmp(roles, "malloc") == 0;
}
