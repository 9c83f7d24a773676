/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * For people: what is wrong, the line, the path that leads there, the cure.
 */
#include "check/path.h"
#include "check/source.h"
#include "check/write.h"

#include <string.h>

enum { LINE_MAX_BYTES = 200 };

struct paint {
    const char *error, *warning, *hint, *bold, *dim, *mark, *plain;
};

static const struct paint no_paint = {"", "", "", "", "", "", ""};
static const struct paint colors = {"\033[1;31m", "\033[1;33m", "\033[1;36m",
                                    "\033[1m",    "\033[2m",    "\033[1;32m",
                                    "\033[0m"};

static void
print_place(FILE *out, const struct check_place *at)
{
    fputs(path_relative(path_folder(), at->file), out);
    if (at->line > 0)
        fprintf(out, ":%u", at->line);
    if (at->line > 0 && at->column > 0)
        fprintf(out, ":%u", at->column);
}

/* A source must not be able to steer the terminal. */
static void
print_safely(FILE *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        putc((c < 0x20 && c != '\t') || c == 0x7f ? '?' : c, out);
    }
}

/* The same width as the text before it: tabs stay, and what goes on with a
 * character of several bytes has none. */
static void
print_blank(FILE *out, const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] == '\t')
            putc('\t', out);
        else if (((unsigned char)text[i] & 0xc0) != 0x80)
            putc(' ', out);
}

static void
print_line(FILE *out, const struct check_place *at, const struct paint *paint)
{
    const struct source *source = at->line > 0 ? source_open(at->file) : NULL;
    size_t size;
    if (source == NULL || at->line > source->line_count)
        return;
    const char *text = source_line(source, at->line, &size);
    fprintf(out, "%s%6u |%s ", paint->dim, at->line, paint->plain);
    print_safely(out, text, size > LINE_MAX_BYTES ? LINE_MAX_BYTES : size);
    fputs(size > LINE_MAX_BYTES ? "...\n" : "\n", out);
    if (at->column == 0 || at->column > size + 1 || at->column > LINE_MAX_BYTES)
        return;
    fprintf(out, "%s       |%s ", paint->dim, paint->plain);
    print_blank(out, text, at->column - 1);
    fprintf(out, "%s^%s\n", paint->mark, paint->plain);
}

static void
print_words(FILE *out, const char *text)
{
    print_safely(out, text, strlen(text));
}

static const char *
level_paint(enum check_level level, const struct paint *paint)
{
    return level == CHECK_ERROR     ? paint->error
           : level == CHECK_WARNING ? paint->warning
                                    : paint->hint;
}

static void
print_finding(FILE *out, const struct check_finding *finding,
              const struct paint *paint)
{
    fputs(paint->bold, out);
    print_place(out, &finding->at);
    fprintf(out, ": %s%s:%s %s", level_paint(finding->level, paint),
            check_level_name(finding->level), paint->plain, paint->bold);
    print_words(out, finding->message);
    fprintf(out, "%s [FA%03u]\n", paint->plain, finding->code->number);
    print_line(out, &finding->at, paint);
    for (size_t i = 0; i < finding->note_count; i++) {
        fputs("  ", out);
        print_place(out, &finding->notes[i].at);
        fputs(": note: ", out);
        print_words(out, finding->notes[i].text);
        putc('\n', out);
        print_line(out, &finding->notes[i].at, paint);
    }
    fprintf(out, "  %shelp:%s %s%s\n\n", paint->mark, paint->plain,
            report_cure(finding),
            finding->fix.file != NULL ? " (--fix does it)" : "");
}

static void
print_stale(FILE *out, const struct report *report)
{
    for (size_t i = 0; i < report->stale_count; i++) {
        const struct stale_entry *entry = &report->stale[i];
        fprintf(out, "%s: %s in %s is in the baseline, and gone\n", entry->file,
                entry->code,
                entry->function[0] != '\0' ? entry->function : "the file");
    }
    if (report->stale_count > 0)
        fputs("Take them out with framealloc baseline --update.\n\n", out);
}

void
write_text(const struct report *report, FILE *out)
{
    const struct paint *paint = report->is_colored ? &colors : &no_paint;
    for (size_t i = 0; i < report->count; i++)
        if (report->findings[i].mark == CHECK_FRESH)
            print_finding(out, &report->findings[i], paint);
    print_stale(out, report);
    fputs(report_summary(report), out);
}

/* One line each, as compilers write them, for editors. */
void
write_compact(const struct report *report, FILE *out)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (finding->mark != CHECK_FRESH)
            continue;
        print_place(out, &finding->at);
        fprintf(out, ": %s: ", check_level_name(finding->level));
        print_words(out, finding->message);
        fprintf(out, " [FA%03u]\n", finding->code->number);
    }
    fputs(report_summary(report), out);
}
