/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * SARIF 2.1.0: rules for all codes, paths as code flows, suppressions, and
 * the state against the baseline. What is gone from it stays in as "absent",
 * so that alerts close instead of vanishing.
 */
#include "check/emit.h"
#include "check/path.h"
#include "check/source.h"
#include "check/write.h"

#include <framealloc/version.h>

#include <string.h>

static const char schema[] =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/"
    "sarif-schema-2.1.0.json";

static const char *
level_name(enum check_level level)
{
    return level == CHECK_ERROR     ? "error"
           : level == CHECK_WARNING ? "warning"
           : level == CHECK_HINT    ? "note"
                                    : "none";
}

static void
put_text(struct emit *emit, const char *key, const char *text)
{
    emit_object(emit, key);
    emit_string(emit, "text", text);
    emit_close(emit);
}

static const char *
encode(const char *path)
{
    fa_string out = TEXT_STRING_INIT;
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789-._~/";
    for (; *path != '\0'; path++)
        if (strchr(plain, *path) != NULL)
            fa_string_append_bytes(&out, path, 1);
        else
            fa_string_printf(&out, "%%%02X", (unsigned char)*path);
    return text_of(&out);
}

/* Columns of SARIF are characters, ours are bytes. */
static unsigned
character_column(const struct check_place *at)
{
    const struct source *source = source_open(at->file);
    size_t size = 0;
    unsigned column = 1;
    if (source == NULL)
        return at->column;
    const char *line = source_line(source, at->line, &size);
    for (size_t i = 0; i + 1 < at->column && i < size; i++)
        column += ((unsigned char)line[i] & 0xc0) != 0x80;
    return column;
}

static void
put_place(struct emit *emit, const struct report *report,
          const struct check_place *at)
{
    const char *path = path_relative(report->root, at->file);
    emit_object(emit, "physicalLocation");
    emit_object(emit, "artifactLocation");
    emit_string(
        emit, "uri",
        text_format("%s%s", path[0] == '/' ? "file://" : "", encode(path)));
    if (path[0] != '/')
        emit_string(emit, "uriBaseId", "SRCROOT");
    emit_close(emit);
    if (at->line > 0) {
        emit_object(emit, "region");
        emit_number(emit, "startLine", at->line);
        if (at->column > 0)
            emit_number(emit, "startColumn", character_column(at));
        emit_close(emit);
    }
    emit_close(emit);
}

static void
put_location(struct emit *emit, const struct report *report,
             const struct check_place *at, const char *function,
             const char *message)
{
    put_place(emit, report, at);
    if (function != NULL && function[0] != '\0') {
        emit_array(emit, "logicalLocations");
        emit_object(emit, NULL);
        emit_string(emit, "name", function);
        emit_string(emit, "kind", "function");
        emit_close(emit);
        emit_close(emit);
    }
    if (message != NULL)
        put_text(emit, "message", message);
}

static void
put_step(struct emit *emit, const struct report *report,
         const struct check_place *at, const char *message)
{
    emit_object(emit, NULL);
    emit_object(emit, "location");
    put_location(emit, report, at, NULL, message);
    emit_close(emit);
    emit_close(emit);
}

/* The steps, and the finding itself as the last. */
static void
put_flow(struct emit *emit, const struct report *report,
         const struct check_finding *finding)
{
    if (finding->note_count == 0)
        return;
    emit_array(emit, "codeFlows");
    emit_object(emit, NULL);
    emit_array(emit, "threadFlows");
    emit_object(emit, NULL);
    emit_array(emit, "locations");
    for (size_t i = 0; i < finding->note_count; i++)
        put_step(emit, report, &finding->notes[i].at, finding->notes[i].text);
    put_step(emit, report, &finding->at, finding->message);
    for (int i = 0; i < 5; i++)
        emit_close(emit);
}

static void
put_rules(struct emit *emit)
{
    const struct check_code *code;
    emit_array(emit, "rules");
    for (size_t i = 0; (code = check_code_at(i)) != NULL; i++) {
        emit_object(emit, NULL);
        emit_string(emit, "id", text_format("FA%03u", code->number));
        put_text(emit, "shortDescription", code->title);
        put_text(emit, "help", code->cure);
        emit_object(emit, "defaultConfiguration");
        emit_bool(emit, "enabled", code->level != CHECK_OFF);
        emit_string(
            emit, "level",
            level_name(code->level == CHECK_OFF ? CHECK_HINT : code->level));
        emit_close(emit);
        emit_object(emit, "properties");
        emit_string(emit, "category", check_category_name(code->category));
        emit_close(emit);
        emit_close(emit);
    }
    emit_close(emit);
}

static uint64_t
rule_index(const struct check_code *wanted)
{
    size_t i = 0;
    while (check_code_at(i) != wanted)
        i++;
    return i;
}

static void
put_suppressions(struct emit *emit, const struct check_finding *finding)
{
    if (finding->mark != CHECK_SUPPRESSED)
        return;
    emit_array(emit, "suppressions");
    emit_object(emit, NULL);
    emit_string(emit, "kind", "inSource");
    if (finding->reason != NULL && finding->reason[0] != '\0')
        emit_string(emit, "justification", finding->reason);
    emit_close(emit);
    emit_close(emit);
}

static void
put_fingerprint(struct emit *emit, const char *fingerprint)
{
    if (fingerprint[0] == '\0')
        return;
    emit_object(emit, "partialFingerprints");
    emit_string(emit, "framealloc/v1", fingerprint);
    emit_close(emit);
}

static void
put_result(struct emit *emit, const struct report *report,
           const struct check_finding *finding)
{
    emit_object(emit, NULL);
    emit_string(emit, "ruleId", text_format("FA%03u", finding->code->number));
    emit_number(emit, "ruleIndex", rule_index(finding->code));
    emit_string(emit, "level", level_name(finding->level));
    put_text(emit, "message",
             text_format("%s; %s", finding->message, report_cure(finding)));
    emit_array(emit, "locations");
    emit_object(emit, NULL);
    put_location(emit, report, &finding->at, finding->function, NULL);
    emit_close(emit);
    emit_close(emit);
    put_flow(emit, report, finding);
    put_fingerprint(emit, finding->fingerprint);
    if (report->has_baseline)
        emit_string(emit, "baselineState",
                    finding->mark == CHECK_BASELINED ? "unchanged" : "new");
    put_suppressions(emit, finding);
    emit_close(emit);
}

static void
put_absent(struct emit *emit, const struct report *report,
           const struct stale_entry *entry)
{
    struct check_place at = {path_absolute(report->root, entry->file), 0, 0};
    const struct check_code *code = check_code_parse(entry->code);
    if (code == NULL)
        return;
    emit_object(emit, NULL);
    emit_string(emit, "ruleId", entry->code);
    emit_number(emit, "ruleIndex", rule_index(code));
    put_text(emit, "message", code->title);
    emit_array(emit, "locations");
    emit_object(emit, NULL);
    put_location(emit, report, &at, entry->function, NULL);
    emit_close(emit);
    emit_close(emit);
    put_fingerprint(emit, entry->fingerprint);
    emit_string(emit, "baselineState", "absent");
    emit_close(emit);
}

static void
put_invocation(struct emit *emit, const struct report *report)
{
    const struct check_results *results = report->results;
    emit_array(emit, "invocations");
    emit_object(emit, NULL);
    emit_bool(emit, "executionSuccessful", results->units_failed == 0);
    emit_array(emit, "toolExecutionNotifications");
    for (size_t i = 0; i < results->trouble_count; i++) {
        struct check_place at = {results->troubles[i].file, 0, 0};
        emit_object(emit, NULL);
        emit_string(emit, "level", "error");
        put_text(emit, "message", results->troubles[i].text);
        emit_array(emit, "locations");
        emit_object(emit, NULL);
        put_place(emit, report, &at);
        emit_close(emit);
        emit_close(emit);
        emit_close(emit);
    }
    emit_close(emit);
    emit_close(emit);
    emit_close(emit);
}

static void
put_sums(struct emit *emit, const struct check_results *results)
{
    emit_object(emit, "properties");
    emit_number(emit, "units", results->units);
    emit_number(emit, "unitsFailed", results->units_failed);
    emit_number(emit, "functions", results->functions);
    emit_number(emit, "relevant", results->relevant);
    emit_number(emit, "overBudget", results->over_budget);
    emit_close(emit);
}

static void
put_run(struct emit *emit, const struct report *report)
{
    emit_object(emit, "tool");
    emit_object(emit, "driver");
    emit_string(emit, "name", "framealloc check");
    emit_string(emit, "version", FA_VERSION);
    put_rules(emit);
    emit_close(emit);
    emit_close(emit);
    emit_string(emit, "columnKind", "unicodeCodePoints");
    emit_object(emit, "originalUriBaseIds");
    emit_object(emit, "SRCROOT");
    emit_string(emit, "uri", text_format("file://%s/", encode(report->root)));
    emit_close(emit);
    emit_close(emit);
    put_invocation(emit, report);
    emit_array(emit, "results");
    for (size_t i = 0; i < report->count; i++)
        put_result(emit, report, &report->findings[i]);
    for (size_t i = 0; i < report->stale_count; i++)
        put_absent(emit, report, &report->stale[i]);
    emit_close(emit);
    put_sums(emit, report->results);
}

void
write_sarif(const struct report *report, FILE *out)
{
    struct emit emit = {.out = out};
    emit_object(&emit, NULL);
    emit_string(&emit, "$schema", schema);
    emit_string(&emit, "version", "2.1.0");
    emit_array(&emit, "runs");
    emit_object(&emit, NULL);
    put_run(&emit, report);
    emit_close(&emit);
    emit_close(&emit);
    emit_close(&emit);
}
