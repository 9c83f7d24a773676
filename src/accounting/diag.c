/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The registry of diagnostics and their delivery.
 *
 * The default sink writes one line to stderr, at most once per number and
 * frame, so that a misuse in a loop does not drown the program's own output.
 * A sink of the program gets every message.
 */
#include "accounting/diag.h"

#include "os/thread.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct entry {
    uint32_t number;
    fa_severity severity;
    const char *text;
    const char *cure;
};

static const struct entry registry[] = {
#define FAI_ENTRY(number, severity, text, cure) \
    {number, FA_SEVERITY_##severity, text, cure},
    FA_DIAG_LIST(FAI_ENTRY)
#undef FAI_ENTRY
};

static const struct entry *
find_entry(uint32_t number)
{
    for (size_t i = 0; i < FAI_COUNT(registry); i++)
        if (registry[i].number == number)
            return &registry[i];
    return NULL;
}

const char *
fa_diag_text(uint32_t number)
{
    const struct entry *entry = find_entry(number);
    return entry == NULL ? NULL : entry->text;
}

const char *
fa_diag_cure(uint32_t number)
{
    const struct entry *entry = find_entry(number);
    return entry == NULL ? NULL : entry->cure;
}

static const char *
severity_name(fa_severity severity)
{
    static const char *const names[] = {"hint", "warning", "error"};
    return names[severity];
}

/* " [thread main, context 1, tag physics]", or nothing. */
static void
write_who(const fa_diag *diag, bool is_verbose, char *out, size_t size)
{
    out[0] = '\0';
    if (is_verbose)
        snprintf(out, size, " [thread %s, context %llu \"%s\", tag \"%s\"]",
                 diag->thread_name, (unsigned long long)diag->ctx,
                 diag->ctx_name, diag->tag_name);
}

static void
print_line(const fa_diag *diag, bool is_verbose)
{
    char who[160];
    write_who(diag, is_verbose, who, sizeof(who));
    char line[FAI_DETAIL_MAX + 544];
    int n =
        snprintf(line, sizeof(line) - 1,
                 "framealloc: FA%03u: %s: %s%s%s (frame %llu)%s. %s.",
                 (unsigned)diag->number, severity_name(diag->severity),
                 diag->text, diag->detail[0] == '\0' ? "" : ": ", diag->detail,
                 (unsigned long long)diag->frame, who, diag->cure);
    size_t length = n < 0 ? 0 : FAI_MIN((size_t)n, sizeof(line) - 2);
    line[length] = '\n';
    ssize_t ignored = write(STDERR_FILENO, line, length + 1);
    (void)ignored;
}

static bool
may_print(struct fai_reporter *reporter, size_t index, uint64_t frame)
{
    /* Two threads may print the same line once each; that is harmless. */
    return fai_exchange(&reporter->printed[index], frame + 1) != frame + 1;
}

bool
fai_report_suppress(struct fai_reporter *reporter, uint32_t number,
                    bool is_suppressed)
{
    const struct entry *entry = find_entry(number);
    if (entry == NULL)
        return false;
    fai_store(&reporter->is_suppressed[entry - registry], is_suppressed);
    return true;
}

void
fai_report_forget(struct fai_reporter *reporter)
{
    fai_store(&reporter->printed[FAI_DIAG_311], 0);
    fai_store(&reporter->printed[FAI_DIAG_312], 0);
    fai_store(&reporter->printed[FAI_DIAG_313], 0);
}

static bool
must_abort(const struct fai_reporter *reporter, fa_severity severity)
{
    fa_on_misuse on_misuse = fai_load(&reporter->on_misuse);
    return (on_misuse == FA_ON_MISUSE_ABORT_ERROR &&
            severity >= FA_SEVERITY_ERROR) ||
           (on_misuse == FA_ON_MISUSE_ABORT_WARNING &&
            severity >= FA_SEVERITY_WARNING);
}

/* Switches act at the next message; no pairing is needed. */
static void
deliver(struct fai_reporter *reporter, const fa_diag *diag, size_t index)
{
    bool is_verbose = fai_load(&reporter->is_verbose);
    if (fai_load(&reporter->is_suppressed[index]))
        return;
    if (reporter->sink != NULL)
        reporter->sink(reporter->user, diag);
    else if (is_verbose || (diag->severity > FA_SEVERITY_HINT &&
                            may_print(reporter, index, diag->frame)))
        print_line(diag, is_verbose);
    if (must_abort(reporter, diag->severity))
        abort();
}

void
fai_report_list(struct fai_reporter *reporter, uint32_t number,
                const void *address, const char *format, va_list args)
{
    int saved = errno;
    const struct entry *entry = find_entry(number);
    char detail[FAI_DETAIL_MAX];
    if (entry == NULL)
        return;
    vsnprintf(detail, sizeof(detail), format, args);
    uint64_t word = reporter->word == NULL ? 0 : fai_load(reporter->word);
    char thread[FAI_THREAD_NAME];
    fai_thread_name(thread);
    fa_diag diag = {sizeof(diag), number,      entry->severity,
                    entry->text,  entry->cure, detail,
                    address,      word >> 1,   0,
                    "",           "",          thread};
    if (reporter->describe != NULL)
        reporter->describe(reporter, &diag);
    deliver(reporter, &diag, (size_t)(entry - registry));
    errno = saved;
}

void
fai_report(struct fai_reporter *reporter, uint32_t number, const void *address,
           const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fai_report_list(reporter, number, address, format, args);
    va_end(args);
}
