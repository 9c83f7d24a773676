/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the pages of a merge request show: Code Climate's JSON, which GitLab
 * reads, and the commands of GitHub's workflows.
 */
#include "check/emit.h"
#include "check/path.h"
#include "check/write.h"

#include <string.h>

static const char *
severity(enum check_level level)
{
    return level == CHECK_ERROR     ? "critical"
           : level == CHECK_WARNING ? "major"
                                    : "minor";
}

static void
put_issue(struct emit *emit, const struct report *report,
          const struct check_finding *finding)
{
    emit_object(emit, NULL);
    emit_string(emit, "type", "issue");
    emit_string(emit, "check_name",
                text_format("FA%03u", finding->code->number));
    emit_string(emit, "description",
                text_format("%s; %s", finding->message, report_cure(finding)));
    emit_array(emit, "categories");
    emit_string(emit, NULL, "Bug Risk");
    emit_close(emit);
    emit_string(emit, "severity", severity(finding->level));
    emit_string(emit, "fingerprint", finding->fingerprint);
    emit_object(emit, "location");
    emit_string(emit, "path", path_relative(report->root, finding->at.file));
    emit_object(emit, "lines");
    emit_number(emit, "begin", finding->at.line > 0 ? finding->at.line : 1);
    emit_close(emit);
    emit_close(emit);
    emit_close(emit);
}

void
write_codeclimate(const struct report *report, FILE *out)
{
    struct emit emit = {.out = out};
    emit_array(&emit, NULL);
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].mark == CHECK_FRESH)
            put_issue(&emit, report, &report->findings[i]);
    emit_close(&emit);
}

/* Properties end at commas and colons, messages at line ends. */
static void
put_escaped(FILE *out, const char *text, const char *special)
{
    for (; *text != '\0'; text++)
        if (strchr(special, *text) != NULL)
            fprintf(out, "%%%02X", (unsigned char)*text);
        else
            putc(*text, out);
}

void
write_github(const struct report *report, FILE *out)
{
    static const char *const names[] = {"notice", "notice", "warning", "error"};
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (finding->mark != CHECK_FRESH)
            continue;
        fprintf(out, "::%s file=", names[finding->level]);
        put_escaped(out, path_relative(report->root, finding->at.file),
                    "%\r\n:,");
        if (finding->at.line > 0)
            fprintf(out, ",line=%u", finding->at.line);
        if (finding->at.line > 0 && finding->at.column > 0)
            fprintf(out, ",col=%u", finding->at.column);
        fprintf(out, ",title=FA%03u::", finding->code->number);
        put_escaped(out, finding->message, "%\r\n");
        fputs("; ", out);
        put_escaped(out, report_cure(finding), "%\r\n");
        putc('\n', out);
    }
}
