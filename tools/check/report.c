/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * From results to what is written.
 */
#include "check/report.h"

#include "check/path.h"
#include "check/profile.h"

#include <stdlib.h>
#include <string.h>

/* The array grows by doubling: it is full at each power of two. */
static struct check_finding *
add_place(struct report *report)
{
    size_t n = report->count;
    if (n == 0 || (n & (n - 1)) == 0) {
        struct check_finding *larger =
            text_alloc(n == 0 ? 1 : 2 * n, sizeof(*larger));
        if (n > 0)
            memcpy(larger, report->findings, n * sizeof(*larger));
        report->findings = larger;
    }
    return &report->findings[report->count++];
}

static bool
is_excluded(const struct settings *settings, const char *file)
{
    const char *path = path_relative(settings->root, file);
    for (size_t i = 0; i < settings->exclude.count; i++)
        if (path_matches(settings->exclude.items[i], path))
            return true;
    return false;
}

void
report_add(struct report *report, const struct settings *settings,
           const struct check_finding *finding)
{
    enum check_level level = settings_level(settings, finding->code);
    if (level == CHECK_OFF || is_excluded(settings, finding->at.file))
        return;
    struct check_finding *copy = add_place(report);
    *copy = *finding;
    copy->level = level;
    const char *cost = profile_cost(&settings->cost, copy->code->number);
    if (cost != NULL)
        copy->message = text_format("%s: %s", copy->message, cost);
    if (copy->function == NULL)
        copy->function = "";
}

void
report_collect(struct report *report, const struct settings *settings,
               const struct check_results *results)
{
    memset(report, 0, sizeof(*report));
    report->results = results;
    report->root = settings->root;
    report->fail_from =
        settings->fail_on == CHECK_OFF ? CHECK_ERROR : settings->fail_on;
    for (size_t i = 0; i < results->finding_count; i++)
        report_add(report, settings, &results->findings[i]);
    for (size_t i = 0; i < results->trouble_count; i++) {
        const struct check_trouble *trouble = &results->troubles[i];
        struct check_finding finding = {
            .code = check_code_find(91),
            .at = {trouble->file, 0, 0},
            .function = "",
            .message =
                text_format("the file was not analysed: %s", trouble->text)};
        report_add(report, settings, &finding);
    }
}

static int
compare_numbers(unsigned a, unsigned b)
{
    return a < b ? -1 : a > b;
}

static int
compare(const void *one, const void *two)
{
    const struct check_finding *a = one, *b = two;
    int order = strcmp(a->at.file, b->at.file);
    if (order == 0)
        order = compare_numbers(a->at.line, b->at.line);
    if (order == 0)
        order = compare_numbers(a->at.column, b->at.column);
    if (order == 0)
        order = compare_numbers(a->code->number, b->code->number);
    if (order == 0)
        order = strcmp(a->message, b->message);
    if (order == 0)
        order = strcmp(a->function, b->function);
    return order != 0 ? order
                      : compare_numbers((unsigned)a->note_count,
                                        (unsigned)b->note_count);
}

static bool
is_twice(const struct check_finding *a, const struct check_finding *b)
{
    return strcmp(a->at.file, b->at.file) == 0 && a->at.line == b->at.line &&
           a->at.column == b->at.column && a->code == b->code &&
           strcmp(a->message, b->message) == 0;
}

/* A function of a header is found in each unit. */
void
report_sort(struct report *report)
{
    size_t kept = 0;
    if (report->count > 0)
        qsort(report->findings, report->count, sizeof(*report->findings),
              compare);
    for (size_t i = 0; i < report->count; i++)
        if (kept == 0 ||
            !is_twice(&report->findings[kept - 1], &report->findings[i]))
            report->findings[kept++] = report->findings[i];
    report->count = kept;
}

void
report_finish(struct report *report, const struct settings *settings)
{
    size_t kept = 0;
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (finding->level < settings->min_severity)
            continue;
        report->suppressed += finding->mark == CHECK_SUPPRESSED;
        report->baselined += finding->mark == CHECK_BASELINED;
        report->fresh[finding->level] += finding->mark == CHECK_FRESH;
        report->findings[kept++] = *finding;
    }
    report->count = kept;
}

int
report_status(const struct report *report)
{
    const struct check_results *results = report->results;
    if (results->units_failed > 0 || results->relevant == 0)
        return 3;
    for (int level = report->fail_from; level <= CHECK_ERROR; level++)
        if (report->fresh[level] > 0)
            return 1;
    return 0;
}

static const char *
plural(size_t n)
{
    return n == 1 ? "" : "s";
}

char *
report_summary(const struct report *report)
{
    const struct check_results *r = report->results;
    const size_t *n = report->fresh;
    fa_string out = TEXT_STRING_INIT;
    fa_string_printf(&out,
                     "%zu error%s, %zu warning%s, %zu hint%s; %zu suppressed, ",
                     n[CHECK_ERROR], plural(n[CHECK_ERROR]), n[CHECK_WARNING],
                     plural(n[CHECK_WARNING]), n[CHECK_HINT],
                     plural(n[CHECK_HINT]), report->suppressed);
    fa_string_printf(&out, "%zu in the baseline", report->baselined);
    if (report->has_baseline)
        fa_string_printf(&out, ", %zu stale", report->stale_count);
    fa_string_printf(&out,
                     ".\n%zu unit%s (%zu cached, %zu failed), %zu function%s: "
                     "%zu relevant, %zu over budget",
                     r->units, plural(r->units), r->units_cached,
                     r->units_failed, r->functions, plural(r->functions),
                     r->relevant, r->over_budget);
    if (r->skipped_cxx > 0)
        fa_string_printf(&out, ", %zu of C++ skipped", r->skipped_cxx);
    fa_string_append(&out, ".\n");
    return text_of(&out);
}

const char *
report_cure(const struct check_finding *finding)
{
    return finding->cure != NULL ? finding->cure : finding->code->cure;
}

const char *
report_mark_name(enum check_mark mark)
{
    static const char *const names[] = {"new", "suppressed", "baselined"};
    return names[mark];
}
