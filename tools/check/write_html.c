/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * One page that needs nothing else: no script, no font, no picture. Light or
 * dark as the reader's system is.
 */
#include "check/emit.h"
#include "check/path.h"
#include "check/source.h"
#include "check/write.h"

#include <string.h>

enum { LINES_AROUND = 2 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<title>framealloc check</title>\n<style>\n"
    ":root { color-scheme: light dark; --text: #1b1f24; --back: #fff;\n"
    "  --soft: #57606a; --box: #f3f5f7; --line: #d6dbe0; --error: #b3261e;\n"
    "  --warning: #8a5a00; --hint: #0b5fa5; }\n"
    "@media (prefers-color-scheme: dark) { :root { --text: #e3e7eb;\n"
    "  --back: #14171a; --soft: #9aa4ae; --box: #1d2125; --line: #343a40;\n"
    "  --error: #ff8a80; --warning: #f0c060; --hint: #7cc0ff; } }\n"
    "body { font: 16px/1.5 system-ui, sans-serif; color: var(--text);\n"
    "  background: var(--back); max-width: 60rem; margin: 2rem auto;\n"
    "  padding: 0 1rem; }\n"
    "table { border-collapse: collapse; } td, th { text-align: left;\n"
    "  padding: .2rem 1rem .2rem 0; border-bottom: 1px solid var(--line); }\n"
    "pre { background: var(--box); padding: .6rem .8rem; overflow-x: auto;\n"
    "  font-size: .85rem; margin: .4rem 0; } mark { background: none;\n"
    "  color: inherit; font-weight: bold; }\n"
    "article { border-top: 1px solid var(--line); padding: .8rem 0; }\n"
    "h2 { font-size: 1.1rem; margin: 0; } .soft { color: var(--soft); }\n"
    ".error { color: var(--error); } .warning { color: var(--warning); }\n"
    ".hint { color: var(--hint); } ol { padding-left: 1.2rem; }\n"
    "@media print { body { max-width: none; } }\n"
    "</style>\n</head>\n<body>\n<h1>framealloc check</h1>\n";

static void
put_source(FILE *out, const struct check_place *at)
{
    const struct source *source = at->line > 0 ? source_open(at->file) : NULL;
    if (source == NULL)
        return;
    unsigned from = at->line > LINES_AROUND ? at->line - LINES_AROUND : 1;
    fputs("<pre>", out);
    for (unsigned i = from; i <= at->line + LINES_AROUND; i++) {
        size_t size;
        const char *line = source_line(source, i, &size);
        if (i > source->line_count)
            break;
        fprintf(out, "%s%5u  ", i == at->line ? "<mark>" : "", i);
        emit_xml_bytes(out, line, size);
        fputs(i == at->line ? "</mark>\n" : "\n", out);
    }
    fputs("</pre>\n", out);
}

static void
put_place(FILE *out, const struct report *report, const struct check_place *at)
{
    emit_xml(out, path_relative(report->root, at->file));
    if (at->line > 0)
        fprintf(out, ":%u", at->line);
}

static void
put_notes(FILE *out, const struct report *report,
          const struct check_finding *finding)
{
    if (finding->note_count == 0)
        return;
    fputs("<ol>\n", out);
    for (size_t i = 0; i < finding->note_count; i++) {
        const struct check_note *note = &finding->notes[i];
        fputs("<li>", out);
        emit_xml(out, note->text);
        fputs(" <span class=\"soft\">", out);
        put_place(out, report, &note->at);
        fputs("</span>\n", out);
        put_source(out, &note->at);
        fputs("</li>\n", out);
    }
    fputs("</ol>\n", out);
}

static void
put_finding(FILE *out, const struct report *report,
            const struct check_finding *finding)
{
    const char *level = check_level_name(finding->level);
    fprintf(out, "<article>\n<h2><span class=\"%s\">%s FA%03u</span> ", level,
            level, finding->code->number);
    emit_xml(out, finding->message);
    fputs("</h2>\n<p class=\"soft\">", out);
    put_place(out, report, &finding->at);
    if (finding->function[0] != '\0') {
        fputs(" in ", out);
        emit_xml(out, finding->function);
    }
    if (finding->mark != CHECK_FRESH)
        fprintf(out, " (%s)", report_mark_name(finding->mark));
    fputs("</p>\n", out);
    put_source(out, &finding->at);
    put_notes(out, report, finding);
    fputs("<p>", out);
    emit_xml(out, report_cure(finding));
    fputs("</p>\n</article>\n", out);
}

/* How often each code is there. */
static void
put_counts(FILE *out, const struct report *report)
{
    const struct check_code *code;
    fputs("<table>\n<tr><th>Code</th><th>Count</th><th>What</th></tr>\n", out);
    for (size_t i = 0; (code = check_code_at(i)) != NULL; i++) {
        size_t count = 0;
        for (size_t k = 0; k < report->count; k++)
            count += report->findings[k].code == code &&
                     report->findings[k].mark == CHECK_FRESH;
        if (count == 0)
            continue;
        fprintf(out, "<tr><td>FA%03u</td><td>%zu</td><td>", code->number,
                count);
        emit_xml(out, code->title);
        fputs("</td></tr>\n", out);
    }
    fputs("</table>\n", out);
}

void
write_html(const struct report *report, FILE *out)
{
    const char *summary = report_summary(report);
    size_t first = strcspn(summary, "\n");
    fputs(head, out);
    fputs("<p>", out);
    emit_xml_bytes(out, summary, first);
    fputs("<br>", out);
    emit_xml_bytes(out, summary + first + 1,
                   strcspn(summary + first + 1, "\n"));
    fputs("</p>\n", out);
    put_counts(out, report);
    for (size_t i = 0; i < report->count; i++)
        put_finding(out, report, &report->findings[i]);
    fputs("</body>\n</html>\n", out);
}
