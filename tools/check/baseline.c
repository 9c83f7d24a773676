/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The baseline: fingerprints, the file, and framealloc baseline.
 */
#include "check/baseline.h"

#include "check/check.h"
#include "check/commands.h"
#include "check/emit.h"
#include "check/options.h"
#include "check/path.h"
#include "check/source.h"
#include "check/write.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BASELINE_VERSION = 1 };

static void
hash_text(struct text_hash *hash, const char *text)
{
    text_hash_add(hash, text, strlen(text) + 1);
}

/* Without blanks at the ends, and with single ones. */
static void
hash_line(struct text_hash *hash, const char *line, size_t size)
{
    bool has_blank = false, has_text = false;
    for (size_t i = 0; i < size; i++) {
        if (line[i] == ' ' || line[i] == '\t') {
            has_blank = has_text;
            continue;
        }
        if (has_blank)
            text_hash_add(hash, " ", 1);
        text_hash_add(hash, &line[i], 1);
        has_blank = false;
        has_text = true;
    }
}

static struct text_hash
hash_finding(const struct check_finding *finding)
{
    struct text_hash hash = TEXT_HASH_INIT;
    const struct source *source =
        finding->at.line > 0 ? source_open(finding->at.file) : NULL;
    size_t size = 0;
    hash_text(&hash, text_format("FA%03u", finding->code->number));
    hash_text(&hash, finding->function);
    if (source == NULL) {
        hash_text(&hash, finding->message);
        return hash;
    }
    const char *line = source_line(source, finding->at.line, &size);
    hash_line(&hash, line, size);
    return hash;
}

struct slot {
    struct text_hash hash;
    size_t index;
};

static int
compare_slots(const void *one, const void *two)
{
    const struct slot *a = one, *b = two;
    int order = memcmp(&a->hash, &b->hash, sizeof(a->hash));
    return order != 0 ? order : a->index < b->index ? -1 : a->index > b->index;
}

void
baseline_fingerprint(struct report *report)
{
    struct slot *slots = text_alloc(report->count, sizeof(*slots));
    unsigned ordinal = 0;
    for (size_t i = 0; i < report->count; i++)
        slots[i] = (struct slot){hash_finding(&report->findings[i]), i};
    if (report->count > 0)
        qsort(slots, report->count, sizeof(*slots), compare_slots);
    for (size_t i = 0; i < report->count; i++) {
        struct text_hash hash = slots[i].hash;
        bool is_same =
            i > 0 && memcmp(&slots[i - 1].hash, &hash, sizeof(hash)) == 0;
        ordinal = is_same ? ordinal + 1 : 0;
        hash_text(&hash, text_format("%u", ordinal));
        text_hash_print(&hash, report->findings[slots[i].index].fingerprint);
    }
}

static bool
refuse(const char *file, const char *text)
{
    fprintf(stderr, "framealloc check: %s: %s\n", file, text);
    return false;
}

static const char *
member(const json_t *entry, const char *key)
{
    const char *value = json_string_value(json_object_get(entry, key));
    return value == NULL ? "" : text_copy(value);
}

static void
match_entry(struct report *report, const json_t *entry,
            struct stale_entry *stale, bool is_all)
{
    const char *fingerprint = member(entry, "fingerprint");
    for (size_t i = 0; i < report->count; i++) {
        struct check_finding *finding = &report->findings[i];
        if (strcmp(finding->fingerprint, fingerprint) != 0)
            continue;
        if (finding->mark == CHECK_FRESH)
            finding->mark = CHECK_BASELINED;
        return;
    }
    if (is_all)
        stale[report->stale_count++] =
            (struct stale_entry){member(entry, "code"), member(entry, "file"),
                                 member(entry, "function"), fingerprint};
}

static bool
match_all(struct report *report, const char *file, const json_t *root,
          bool is_all)
{
    const json_t *entries = json_object_get(root, "findings");
    json_int_t version = json_integer_value(json_object_get(root, "version"));
    if (version != BASELINE_VERSION || !json_is_array(entries))
        return refuse(file, "is no baseline of version 1");
    size_t count = json_array_size(entries);
    struct stale_entry *stale = text_alloc(count, sizeof(*stale));
    for (size_t i = 0; i < count; i++)
        match_entry(report, json_array_get(entries, i), stale, is_all);
    report->stale = stale;
    report->has_baseline = true;
    return true;
}

bool
baseline_apply(struct report *report, const char *file, bool is_all)
{
    size_t size;
    json_error_t error;
    const char *text = text_read_file(file, &size);
    if (text == NULL && errno == ENOENT)
        return refuse(file, "there is no baseline; framealloc baseline "
                            "writes it");
    if (text == NULL)
        return refuse(file, strerror(errno));
    json_t *root = json_loadb(text, size, 0, &error);
    if (root == NULL) {
        fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column,
                error.text);
        return false;
    }
    bool is_read = match_all(report, file, root, is_all);
    json_decref(root);
    return is_read;
}

static bool
is_kept(const struct check_finding *finding)
{
    return finding->mark != CHECK_SUPPRESSED && finding->code->number != 91;
}

static void
put_all(const struct report *report, FILE *out)
{
    struct emit emit = {.out = out};
    emit_object(&emit, NULL);
    emit_number(&emit, "version", BASELINE_VERSION);
    emit_array(&emit, "findings");
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (!is_kept(finding))
            continue;
        emit_object(&emit, NULL);
        emit_string(&emit, "code",
                    text_format("FA%03u", finding->code->number));
        emit_string(&emit, "file",
                    path_relative(report->root, finding->at.file));
        emit_string(&emit, "function", finding->function);
        emit_string(&emit, "fingerprint", finding->fingerprint);
        emit_close(&emit);
    }
    emit_close(&emit);
    emit_close(&emit);
}

/* Beside the old one first, so that no failure leaves half a file. */
bool
baseline_write(const struct report *report, const char *file)
{
    const char *fresh = text_format("%s.new", file);
    FILE *out = fopen(fresh, "we");
    if (out == NULL)
        return refuse(fresh, strerror(errno));
    put_all(report, out);
    bool is_bad = ferror(out) != 0;
    if (fclose(out) == 0 && !is_bad && rename(fresh, file) == 0)
        return true;
    int error = errno;
    unlink(fresh);
    return refuse(file, strerror(error));
}

static int
update(struct report *report, const struct settings *settings, const char *file)
{
    size_t fresh = 0;
    for (size_t i = 0; i < report->count; i++)
        fresh += report->findings[i].mark == CHECK_FRESH &&
                 is_kept(&report->findings[i]);
    if (settings->is_update && fresh > 0 && !settings->is_accepting) {
        write_compact(report, stdout);
        fprintf(stderr,
                "framealloc baseline: %zu new: cure them, or accept them with "
                "--accept-new; %s stays as it was\n",
                fresh, path_relative(path_folder(), file));
        return 1;
    }
    if (!baseline_write(report, file))
        return 2;
    printf("%s: %zu new, %zu kept, %zu gone\n",
           path_relative(path_folder(), file), fresh, report->baselined,
           report->stale_count);
    return fflush(stdout) == 0 ? 0 : 4;
}

static int
make_baseline(struct settings *settings, const char *file)
{
    struct database database;
    struct check_results results;
    struct report report;
    settings->baseline = settings->is_update ? file : NULL;
    int status = check_read_units(settings, &database);
    if (status == 0)
        status = check_analyse_units(settings, &database, &results);
    if (status != 0)
        return status;
    status = check_report(&report, settings, &database, &results);
    if (status == 0 && report_status(&report) == 3) {
        write_compact(&report, stderr);
        fputs("framealloc baseline: not all was analysed\n", stderr);
        status = 3;
    }
    if (status == 0)
        status = update(&report, settings, file);
    check_results_free(&results);
    return status;
}

int
baseline_main(int argc, char **argv)
{
    struct settings settings;
    int status = check_settings(argc, argv, &settings);
    if (status >= 0)
        return status;
    const char *file = settings_baseline(&settings);
    if (settings.files.count > 0 && settings.command == NULL) {
        fputs("framealloc baseline: a baseline is of the whole project; name "
              "no files\n",
              stderr);
        return 2;
    }
    bool exists = access(file, F_OK) == 0;
    if (exists && !settings.is_update) {
        fprintf(stderr,
                "framealloc baseline: %s is there; --update changes it\n",
                path_relative(path_folder(), file));
        return 2;
    }
    return make_baseline(&settings, file);
}
