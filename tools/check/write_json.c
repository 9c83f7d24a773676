/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Our own JSON: one document, or one object per line. Version 1; members may
 * be added, none changes its meaning.
 */
#include "check/emit.h"
#include "check/path.h"
#include "check/write.h"

#include <framealloc/version.h>

static void
put_place(struct emit *emit, const struct check_place *at)
{
    emit_string(emit, "file", path_relative(path_folder(), at->file));
    emit_number(emit, "line", at->line);
    emit_number(emit, "column", at->column);
}

static void
put_notes(struct emit *emit, const struct check_finding *finding)
{
    emit_array(emit, "notes");
    for (size_t i = 0; i < finding->note_count; i++) {
        emit_object(emit, NULL);
        put_place(emit, &finding->notes[i].at);
        emit_string(emit, "message", finding->notes[i].text);
        emit_close(emit);
    }
    emit_close(emit);
}

static void
put_fix(struct emit *emit, const struct check_fix *fix)
{
    if (fix->file == NULL)
        return;
    emit_object(emit, "fix");
    emit_string(emit, "file", path_relative(path_folder(), fix->file));
    emit_number(emit, "offset", fix->offset);
    emit_number(emit, "length", fix->length);
    emit_string(emit, "text", fix->text);
    emit_close(emit);
}

static void
put_finding(struct emit *emit, const struct check_finding *finding,
            const char *type)
{
    emit_object(emit, NULL);
    if (type != NULL)
        emit_string(emit, "type", type);
    emit_string(emit, "code", text_format("FA%03u", finding->code->number));
    emit_string(emit, "level", check_level_name(finding->level));
    emit_string(emit, "category", check_category_name(finding->code->category));
    put_place(emit, &finding->at);
    emit_string(emit, "function", finding->function);
    emit_string(emit, "message", finding->message);
    emit_string(emit, "cure", report_cure(finding));
    put_notes(emit, finding);
    put_fix(emit, &finding->fix);
    emit_string(emit, "status", report_mark_name(finding->mark));
    if (finding->reason != NULL)
        emit_string(emit, "reason", finding->reason);
    emit_string(emit, "fingerprint", finding->fingerprint);
    emit_close(emit);
}

static void
put_sums(struct emit *emit, const struct report *report)
{
    const struct check_results *results = report->results;
    emit_number(emit, "errors", report->fresh[CHECK_ERROR]);
    emit_number(emit, "warnings", report->fresh[CHECK_WARNING]);
    emit_number(emit, "hints", report->fresh[CHECK_HINT]);
    emit_number(emit, "suppressed", report->suppressed);
    emit_number(emit, "baselined", report->baselined);
    emit_number(emit, "stale", report->stale_count);
    emit_number(emit, "units", results->units);
    emit_number(emit, "units_cached", results->units_cached);
    emit_number(emit, "units_failed", results->units_failed);
    emit_number(emit, "functions", results->functions);
    emit_number(emit, "relevant", results->relevant);
    emit_number(emit, "over_budget", results->over_budget);
    emit_number(emit, "skipped_cxx", results->skipped_cxx);
}

static void
put_stale(struct emit *emit, const struct report *report)
{
    emit_array(emit, "stale");
    for (size_t i = 0; i < report->stale_count; i++) {
        const struct stale_entry *entry = &report->stale[i];
        emit_object(emit, NULL);
        emit_string(emit, "code", entry->code);
        emit_string(emit, "file", entry->file);
        emit_string(emit, "function", entry->function);
        emit_string(emit, "fingerprint", entry->fingerprint);
        emit_close(emit);
    }
    emit_close(emit);
}

void
write_json(const struct report *report, FILE *out)
{
    struct emit emit = {.out = out};
    emit_object(&emit, NULL);
    emit_number(&emit, "version", 1);
    emit_string(&emit, "tool", "framealloc check");
    emit_string(&emit, "tool_version", FA_VERSION);
    emit_array(&emit, "findings");
    for (size_t i = 0; i < report->count; i++)
        put_finding(&emit, &report->findings[i], NULL);
    emit_close(&emit);
    put_stale(&emit, report);
    emit_object(&emit, "summary");
    put_sums(&emit, report);
    emit_close(&emit);
    emit_close(&emit);
}

void
write_jsonl(const struct report *report, FILE *out)
{
    struct emit emit = {.out = out, .is_flat = true};
    for (size_t i = 0; i < report->count; i++)
        put_finding(&emit, &report->findings[i], "finding");
    emit_object(&emit, NULL);
    emit_string(&emit, "type", "summary");
    emit_number(&emit, "version", 1);
    put_sums(&emit, report);
    emit_close(&emit);
}
