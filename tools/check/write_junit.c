/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * JUnit and Checkstyle, the XML that servers of continuous integration read.
 *
 * In JUnit a finding is a test: failed when it counts, skipped when it is
 * suppressed or known, passed when it is below what fails the run. With no
 * finding there is one test, which passed.
 */
#include "check/emit.h"
#include "check/path.h"
#include "check/write.h"

#include <string.h>

static bool
is_error(const struct check_finding *finding)
{
    return finding->code->number == 91;
}

static bool
is_failure(const struct report *report, const struct check_finding *finding)
{
    return finding->mark == CHECK_FRESH && !is_error(finding) &&
           finding->level >= report->fail_from;
}

static void
put_attribute(FILE *out, const char *name, const char *value)
{
    fprintf(out, " %s=\"", name);
    emit_xml(out, value);
    putc('"', out);
}

static void
put_path(FILE *out, const struct report *report,
         const struct check_finding *finding)
{
    for (size_t i = 0; i < finding->note_count; i++) {
        const struct check_note *note = &finding->notes[i];
        emit_xml(out, path_relative(report->root, note->at.file));
        fprintf(out, ":%u: ", note->at.line);
        emit_xml(out, note->text);
        putc('\n', out);
    }
    emit_xml(out, report_cure(finding));
}

static void
put_result(FILE *out, const struct report *report,
           const struct check_finding *finding)
{
    const char *code = text_format("FA%03u", finding->code->number);
    const char *element = is_error(finding)             ? "error"
                          : is_failure(report, finding) ? "failure"
                                                        : NULL;
    if (finding->mark != CHECK_FRESH) {
        fputs("<skipped", out);
        put_attribute(out, "message", report_mark_name(finding->mark));
        fputs("/>", out);
        return;
    }
    fprintf(out, "<%s", element == NULL ? "system-out" : element);
    if (element != NULL) {
        put_attribute(out, "type", code);
        put_attribute(out, "message", finding->message);
    }
    putc('>', out);
    if (element == NULL) {
        emit_xml(out, finding->message);
        putc('\n', out);
    }
    put_path(out, report, finding);
    fprintf(out, "</%s>", element == NULL ? "system-out" : element);
}

static void
put_case(FILE *out, const struct report *report,
         const struct check_finding *finding)
{
    const char *file = path_relative(report->root, finding->at.file);
    fputs("    <testcase", out);
    put_attribute(out, "classname", file);
    put_attribute(out, "name",
                  text_format("FA%03u line %u column %u", finding->code->number,
                              finding->at.line, finding->at.column));
    put_attribute(out, "file", file);
    putc('>', out);
    put_result(out, report, finding);
    fputs("</testcase>\n", out);
}

void
write_junit(const struct report *report, FILE *out)
{
    size_t failures = 0, errors = 0, skipped = 0;
    for (size_t i = 0; i < report->count; i++) {
        failures += is_failure(report, &report->findings[i]);
        errors += is_error(&report->findings[i]);
        skipped += report->findings[i].mark != CHECK_FRESH;
    }
    fprintf(out,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
            "  <testsuite name=\"framealloc check\" tests=\"%zu\" "
            "failures=\"%zu\" errors=\"%zu\" skipped=\"%zu\">\n",
            report->count > 0 ? report->count : 1, failures, errors, skipped);
    for (size_t i = 0; i < report->count; i++)
        put_case(out, report, &report->findings[i]);
    if (report->count == 0)
        fprintf(out,
                "    <testcase classname=\"framealloc check\" name=\"%zu "
                "functions\"/>\n",
                report->results->functions);
    fputs("  </testsuite>\n</testsuites>\n", out);
}

static void
put_error(FILE *out, const struct check_finding *finding)
{
    fputs("    <error", out);
    if (finding->at.line > 0)
        put_attribute(out, "line", text_format("%u", finding->at.line));
    if (finding->at.column > 0)
        put_attribute(out, "column", text_format("%u", finding->at.column));
    put_attribute(out, "severity",
                  finding->level == CHECK_HINT
                      ? "info"
                      : check_level_name(finding->level));
    put_attribute(
        out, "message",
        text_format("%s; %s", finding->message, report_cure(finding)));
    put_attribute(out, "source",
                  text_format("framealloc.FA%03u", finding->code->number));
    fputs("/>\n", out);
}

void
write_checkstyle(const struct report *report, FILE *out)
{
    const char *file = NULL;
    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<checkstyle version=\"4.3\">\n",
          out);
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (finding->mark != CHECK_FRESH)
            continue;
        if (file == NULL || strcmp(file, finding->at.file) != 0) {
            if (file != NULL)
                fputs("  </file>\n", out);
            file = finding->at.file;
            fputs("  <file", out);
            put_attribute(out, "name", path_relative(report->root, file));
            fputs(">\n", out);
        }
        put_error(out, finding);
    }
    if (file != NULL)
        fputs("  </file>\n", out);
    fputs("</checkstyle>\n", out);
}
