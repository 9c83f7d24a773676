/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Comments that keep findings quiet.
 *
 * The scanner knows comments, strings, characters and raw strings; a comment
 * within a macro is one, too. Comments behind code cover their line, others
 * the next line that is no such comment.
 */
#include "check/suppress.h"

#include "check/source.h"

#include <ctype.h>
#include <string.h>

struct scanner {
    const char *p, *end; /* there is a NUL at the end */
    const char *line_start;
    unsigned line;
    suppressions *out;
};

static const char prefix[] = "fa-ignore";

static void
step(struct scanner *scanner)
{
    if (*scanner->p++ == '\n') {
        scanner->line++;
        scanner->line_start = scanner->p;
    }
}

static bool
is_blank_between(const char *from, const char *to)
{
    while (from < to && (*from == ' ' || *from == '\t'))
        from++;
    return from == to;
}

static const char *
skip_blanks(const char *p, const char *end)
{
    while (p < end && isspace((unsigned char)*p))
        p++;
    return p;
}

/* FA606, FA609: the codes from p on; what is behind them is returned. */
static const char *
read_codes(const char *p, const char *end, struct suppression *out)
{
    for (;;) {
        const char *word = skip_blanks(p, end);
        const char *stop = word;
        while (stop < end && isalnum((unsigned char)*stop))
            stop++;
        size_t size = (size_t)(stop - word);
        if (size < 3 || strncmp(word, "FA", 2) != 0 ||
            !isdigit((unsigned char)word[2]))
            return word;
        const char *name = text_copy_bytes(word, size);
        const struct check_code *code = check_code_parse(name);
        if (code == NULL)
            out->problem = text_format("there is no code \"%s\"", name);
        else if (out->code_count == SUPPRESS_CODES)
            out->problem = "the comment names too many codes";
        else
            out->codes[out->code_count++] = code;
        p = stop < end && *stop == ',' ? stop + 1 : stop;
    }
}

static const char *
read_reason(const char *p, const char *end)
{
    while (p < end && (isspace((unsigned char)*p) || strchr(":-*", *p) != NULL))
        p++;
    while (end > p && isspace((unsigned char)end[-1]))
        end--;
    return text_copy_bytes(p, (size_t)(end - p));
}

static void
end_block(struct scanner *scanner, struct suppression *end)
{
    suppressions *all = scanner->out;
    for (size_t i = all->count; i-- > 0;)
        if (all->items[i].is_open) {
            all->items[i].is_open = false;
            all->items[i].last = end->line;
            return;
        }
    end->problem = "fa-ignore-end has no fa-ignore-begin";
    text_push(all, *end);
}

/* The comment's words, from behind "fa-ignore". */
static void
read_directive(struct scanner *scanner, const char *p, const char *end,
               struct suppression out)
{
    const char *stop = p;
    while (stop < end && (isalpha((unsigned char)*stop) || *stop == '-'))
        stop++;
    const char *kind = text_copy_bytes(p, (size_t)(stop - p));
    if (strcmp(kind, "-end") == 0) {
        end_block(scanner, &out);
        return;
    }
    if (strcmp(kind, "-begin") == 0) {
        out.is_open = true;
        out.last = 0;
    } else if (strcmp(kind, "-file") == 0) {
        out.first = 0;
        out.last = ~0u;
    } else if (kind[0] != '\0') {
        out.problem = text_format("there is no \"fa-ignore%s\"", kind);
    }
    if (stop < end && *stop == ':')
        stop++;
    const char *rest = read_codes(stop, end, &out);
    out.reason = read_reason(rest, end);
    if (out.code_count == 0 && out.problem == NULL)
        out.problem = "the comment names no code";
    text_push(scanner->out, out);
}

/* A comment from its "/" on to the end; line is where it begins. */
static void
read_comment(struct scanner *scanner, const char *start, unsigned line,
             const char *line_start)
{
    const char *p = start + 2, *end = scanner->p;
    if (start[1] == '*' && end - p >= 2 && memcmp(end - 2, "*/", 2) == 0)
        end -= 2;
    while (p < end && (isspace((unsigned char)*p) || strchr("*/!<", *p)))
        p++;
    size_t size = sizeof(prefix) - 1;
    if ((size_t)(end - p) < size || memcmp(p, prefix, size) != 0)
        return;
    struct suppression out = {.line = line,
                              .column = (unsigned)(start - line_start) + 1,
                              .first = scanner->line,
                              .last = scanner->line,
                              .reason = "",
                              .is_alone = is_blank_between(line_start, start)};
    read_directive(scanner, p + size, end, out);
}

static void
scan_comment(struct scanner *scanner)
{
    const char *start = scanner->p, *line_start = scanner->line_start;
    unsigned line = scanner->line;
    bool is_line = start[1] == '/';
    scanner->p += 2;
    while (scanner->p < scanner->end) {
        const char *p = scanner->p;
        if (is_line && *p == '\n' && p[-1] != '\\')
            break;
        if (!is_line && p[0] == '*' && p[1] == '/') {
            scanner->p += 2;
            break;
        }
        step(scanner);
    }
    read_comment(scanner, start, line, line_start);
}

/* A string or character; a line's end ends it, unless it is escaped. */
static void
scan_quoted(struct scanner *scanner)
{
    char quote = *scanner->p;
    scanner->p++;
    while (scanner->p < scanner->end && *scanner->p != quote) {
        if (*scanner->p == '\n')
            return;
        if (*scanner->p == '\\' && scanner->p + 1 < scanner->end)
            step(scanner);
        step(scanner);
    }
    if (scanner->p < scanner->end)
        scanner->p++;
}

/* R"x( ... )x": the parser is at the quote. False: it is none. */
static bool
scan_raw(struct scanner *scanner)
{
    const char *start = scanner->p + 1;
    size_t size = strcspn(start, "( )\\\t\n\"");
    if (start[size] != '(' || size > 16)
        return false;
    const char *close = text_format(")%.*s\"", (int)size, start);
    const char *found = strstr(start + size, close);
    const char *stop = found == NULL ? scanner->end : found + strlen(close);
    while (scanner->p < stop)
        step(scanner);
    return true;
}

static void
scan_token(struct scanner *scanner, const char *text)
{
    const char *p = scanner->p;
    char before = p > text ? p[-1] : ' ';
    if (*p == '/' && (p[1] == '/' || p[1] == '*'))
        scan_comment(scanner);
    else if (*p == '"' && before == 'R' && scan_raw(scanner))
        return;
    /* 1'000 is a number; u'x' is a character all the same. */
    else if (*p == '"' || (*p == '\'' && !isxdigit((unsigned char)before)))
        scan_quoted(scanner);
    else
        step(scanner);
}

/* Comments that stand alone cover the next line that is none of them. */
static void
extend_alone(suppressions *all)
{
    for (size_t i = all->count; i-- > 0;) {
        struct suppression *one = &all->items[i];
        if (one->is_open) {
            one->is_open = false;
            one->last = ~0u;
            one->problem = one->problem != NULL
                               ? one->problem
                               : "fa-ignore-begin has no fa-ignore-end";
        }
        if (!one->is_alone || one->first != one->last)
            continue;
        one->last++;
        const struct suppression *next =
            i + 1 < all->count ? &all->items[i + 1] : NULL;
        if (next != NULL && next->is_alone && next->line == one->last &&
            next->last != ~0u)
            one->last = next->last;
    }
}

void
suppress_scan(const char *text, size_t size, suppressions *out)
{
    struct scanner scanner = {text, text + size, text, 1, out};
    while (scanner.p < scanner.end)
        scan_token(&scanner, text);
    extend_alone(out);
}

static bool
covers(const struct suppression *one, const struct check_finding *finding)
{
    if (one->problem != NULL || finding->at.line < one->first ||
        finding->at.line > one->last)
        return false;
    for (size_t i = 0; i < one->code_count; i++)
        if (one->codes[i] == finding->code)
            return true;
    return false;
}

static void
mark(struct report *report, const char *file, suppressions *all)
{
    for (size_t i = 0; i < report->count; i++) {
        struct check_finding *finding = &report->findings[i];
        if (strcmp(finding->at.file, file) != 0 || finding->code->number == 91)
            continue;
        for (size_t k = 0; k < all->count; k++)
            if (covers(&all->items[k], finding)) {
                all->items[k].is_used = true;
                finding->mark = CHECK_SUPPRESSED;
                finding->reason = all->items[k].reason;
            }
    }
}

/* One that names a code which is off may be of use another time. */
static bool
is_asked(const struct settings *settings, const struct suppression *one)
{
    for (size_t i = 0; i < one->code_count; i++)
        if (settings_level(settings, one->codes[i]) == CHECK_OFF)
            return false;
    return true;
}

static const char *
complaint(const struct settings *settings, const struct suppression *one)
{
    if (one->problem != NULL)
        return one->problem;
    if (one->is_used || !is_asked(settings, one))
        return NULL;
    return text_format("nothing here is FA%03u%s", one->codes[0]->number,
                       one->code_count > 1 ? ", or another of the codes" : "");
}

static void
apply_file(struct report *report, const struct settings *settings,
           const char *file)
{
    const struct source *source = source_open(file);
    if (source == NULL || strstr(source->text, prefix) == NULL)
        return;
    suppressions all = TEXT_VEC_INIT;
    suppress_scan(source->text, source->size, &all);
    for (size_t i = 0; i < all.count; i++)
        if (settings->require_reason && all.items[i].reason[0] == '\0' &&
            all.items[i].problem == NULL)
            all.items[i].problem = "the comment gives no reason";
    mark(report, file, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct suppression *one = &all.items[i];
        struct check_finding finding = {.code = check_code_find(92),
                                        .at = {file, one->line, one->column},
                                        .function = "",
                                        .message = complaint(settings, one)};
        if (finding.message != NULL)
            report_add(report, settings, &finding);
    }
}

static bool
is_trouble(const struct report *report, const char *file)
{
    for (size_t i = 0; i < report->results->trouble_count; i++)
        if (strcmp(report->results->troubles[i].file, file) == 0)
            return true;
    return false;
}

void
suppress_apply(struct report *report, const struct settings *settings,
               const text_list *files)
{
    const char *last = "";
    report_sort(report);
    size_t count = report->count;
    for (size_t i = 0; i < files->count; i++)
        if (!is_trouble(report, files->items[i]))
            apply_file(report, settings, files->items[i]);
    /* Headers: findings are sorted by file. */
    for (size_t i = 0; i < count; i++) {
        const char *file = report->findings[i].at.file;
        bool is_done = strcmp(file, last) == 0;
        last = file;
        for (size_t k = 0; k < files->count && !is_done; k++)
            is_done = strcmp(files->items[k], file) == 0;
        if (!is_done)
            apply_file(report, settings, file);
    }
    report_sort(report);
}
