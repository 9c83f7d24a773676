/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Edits of sources.
 *
 * The diff is made of the edits themselves: each is a block of lines that go
 * and lines that come, and blocks that are near share a hunk.
 */
#include "check/fix.h"

#include "check/path.h"
#include "check/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CONTEXT = 3 };

static int
compare(const void *one, const void *two)
{
    const struct check_fix *a = one, *b = two;
    int order = strcmp(a->file, b->file);
    if (order == 0)
        order = a->offset < b->offset ? -1 : a->offset > b->offset;
    if (order == 0)
        order = a->length < b->length ? -1 : a->length > b->length;
    return order != 0 ? order : strcmp(a->text, b->text);
}

static bool
is_possible(const struct check_fix *fix, const fixes_vec *out)
{
    const struct source *source = source_open(fix->file);
    if (source == NULL || fix->offset > source->size ||
        fix->length > source->size - fix->offset)
        return false;
    if (out->count == 0)
        return true;
    const struct check_fix *last = &out->items[out->count - 1];
    return strcmp(last->file, fix->file) != 0 ||
           fix->offset > last->offset + last->length ||
           (fix->offset == last->offset + last->length && last->length > 0);
}

static void
sort_out(fixes_vec *all, fixes_vec *out)
{
    if (all->count > 0)
        qsort(all->items, all->count, sizeof(*all->items), compare);
    for (size_t i = 0; i < all->count; i++)
        if (is_possible(&all->items[i], out))
            text_push(out, all->items[i]);
}

/* Whether the line goes on from the one before it, as in a macro: a line of
 * its own cannot stand between them. */
static bool
is_continued(const struct source *source, unsigned line)
{
    size_t size;
    const char *text = source_line(source, line - 1, &size);
    return line > 1 && size > 0 && text[size - 1] == '\\';
}

static bool
is_named(const struct report *report, size_t first, size_t i)
{
    for (size_t k = first; k < i; k++)
        if (report->findings[k].code == report->findings[i].code)
            return true;
    return false;
}

static bool
wants_comment(const struct check_finding *finding)
{
    return finding->mark == CHECK_FRESH && finding->at.line > 0 &&
           finding->code->category != CHECK_STATUS;
}

/* One comment for all findings of a line, from the first on. */
static void
add_comment(const struct report *report, size_t first, fixes_vec *out)
{
    const struct check_place *at = &report->findings[first].at;
    const struct source *source = source_open(at->file);
    size_t size;
    if (source == NULL || at->line > source->line_count ||
        is_continued(source, at->line))
        return;
    const char *line = source_line(source, at->line, &size);
    size_t indent = strspn(line, " \t");
    fa_string text = TEXT_STRING_INIT;
    fa_string_append_bytes(&text, line, indent < size ? indent : size);
    const char *before = "/* fa-ignore: ";
    for (size_t i = first; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (strcmp(finding->at.file, at->file) != 0 ||
            finding->at.line != at->line)
            break;
        if (!wants_comment(finding) || is_named(report, first, i))
            continue;
        fa_string_printf(&text, "%sFA%03u", before, finding->code->number);
        before = ", ";
    }
    fa_string_append(&text, " not reviewed */\n");
    struct check_fix fix = {at->file, source->starts[at->line - 1], 0,
                            text_of(&text)};
    text_push(out, fix);
}

void
fix_collect(const struct report *report, enum check_fix_mode mode,
            fixes_vec *out)
{
    fixes_vec all = TEXT_VEC_INIT;
    for (size_t i = 0; i < report->count; i++) {
        const struct check_finding *finding = &report->findings[i];
        if (mode == FIX_SUPPRESS && wants_comment(finding))
            add_comment(report, i, &all);
        else if (mode == FIX_EDIT && finding->mark == CHECK_FRESH &&
                 finding->fix.file != NULL)
            text_push(&all, finding->fix);
    }
    sort_out(&all, out);
}

/* Lines [first, end) of the old text, from 0, become new ones. */
struct block {
    size_t first, end;
    const char *text; /* the new lines */
    size_t lines;     /* in it */
};

static size_t
line_of(const struct source *source, size_t offset)
{
    size_t line = 0;
    while (line + 1 < source->line_count && source->starts[line + 1] <= offset)
        line++;
    return line;
}

static size_t
start_of(const struct source *source, size_t line)
{
    return line < source->line_count ? source->starts[line] : source->size;
}

static size_t
count_lines(const char *text)
{
    size_t count = 0;
    for (; *text != '\0'; count++) {
        const char *end = strchr(text, '\n');
        text = end == NULL ? text + strlen(text) : end + 1;
    }
    return count;
}

/* The block of fixes [i, *next): lines that follow each other are one. */
static struct block
make_block(const struct source *source, const fixes_vec *fixes, size_t i,
           size_t stop, size_t *next)
{
    const struct check_fix *fix = &fixes->items[i];
    struct block block = {.first = line_of(source, fix->offset)};
    bool is_line = fix->length == 0 && text_ends(fix->text, "\n") &&
                   fix->offset == start_of(source, block.first);
    fa_string text = TEXT_STRING_INIT;
    size_t at = start_of(source, block.first);
    block.end = block.first;
    do {
        fix = &fixes->items[i];
        fa_string_append_bytes(&text, source->text + at, fix->offset - at);
        fa_string_append(&text, fix->text);
        at = fix->offset + fix->length;
        if (!is_line)
            block.end = line_of(source, at > fix->offset ? at - 1 : at) + 1;
        i++;
    } while (i < stop && !is_line &&
             line_of(source, fixes->items[i].offset) <= block.end);
    size_t end = start_of(source, block.end);
    if (end > at)
        fa_string_append_bytes(&text, source->text + at, end - at);
    block.text = text_of(&text);
    block.lines = count_lines(block.text);
    *next = i;
    return block;
}

static void
print_lines(FILE *out, char sign, const char *text, size_t size)
{
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t length = (size_t)((stop == NULL ? end : stop + 1) - text);
        putc(sign, out);
        fwrite(text, 1, length, out);
        if (stop == NULL)
            fputs("\n\\ No newline at end of file\n", out);
        text += length;
    }
}

static void
print_old(FILE *out, char sign, const struct source *source, size_t from,
          size_t to)
{
    print_lines(out, sign, source->text + start_of(source, from),
                start_of(source, to) - start_of(source, from));
}

static size_t
least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks [0, count), with lines around them; moved: by how many lines the new
 * text was longer before it. */
static void
print_hunk(FILE *out, const struct source *source, const struct block *blocks,
           size_t count, long moved)
{
    size_t from = blocks[0].first - least(blocks[0].first, CONTEXT);
    size_t to = least(blocks[count - 1].end + CONTEXT, source->line_count);
    size_t lines = to - from, at = from;
    for (size_t i = 0; i < count; i++)
        lines += blocks[i].lines - (blocks[i].end - blocks[i].first);
    fprintf(out, "@@ -%zu,%zu +%ld,%zu @@\n", from + (to > from), to - from,
            (long)(from + (lines > 0)) + moved, lines);
    for (size_t i = 0; i < count; i++) {
        print_old(out, ' ', source, at, blocks[i].first);
        print_old(out, '-', source, blocks[i].first, blocks[i].end);
        print_lines(out, '+', blocks[i].text, strlen(blocks[i].text));
        at = blocks[i].end;
    }
    print_old(out, ' ', source, at, to);
}

static size_t
end_of_file(const fixes_vec *fixes, size_t i)
{
    size_t end = i + 1;
    while (end < fixes->count &&
           strcmp(fixes->items[end].file, fixes->items[i].file) == 0)
        end++;
    return end;
}

static void
print_file(const struct report *report, const fixes_vec *fixes, size_t i,
           size_t stop, FILE *out)
{
    const struct source *source = source_open(fixes->items[i].file);
    const char *path = path_relative(report->root, source->file);
    TEXT_VEC(struct block) blocks = TEXT_VEC_INIT;
    long moved = 0;
    while (i < stop)
        text_push(&blocks, make_block(source, fixes, i, stop, &i));
    fprintf(out, "--- a/%s\n+++ b/%s\n", path, path);
    for (size_t first = 0; first < blocks.count;) {
        size_t end = first + 1;
        while (end < blocks.count &&
               blocks.items[end].first <=
                   blocks.items[end - 1].end + 2 * CONTEXT)
            end++;
        print_hunk(out, source, &blocks.items[first], end - first, moved);
        for (; first < end; first++)
            moved +=
                (long)blocks.items[first].lines -
                (long)(blocks.items[first].end - blocks.items[first].first);
    }
}

void
fix_print(const struct report *report, const fixes_vec *fixes, FILE *out)
{
    for (size_t i = 0; i < fixes->count;) {
        size_t stop = end_of_file(fixes, i);
        print_file(report, fixes, i, stop, out);
        i = stop;
    }
}

static char *
edited(const struct source *source, const fixes_vec *fixes, size_t i,
       size_t stop, size_t *size)
{
    fa_string text = TEXT_STRING_INIT;
    size_t at = 0;
    for (; i < stop; i++) {
        const struct check_fix *fix = &fixes->items[i];
        fa_string_append_bytes(&text, source->text + at, fix->offset - at);
        fa_string_append(&text, fix->text);
        at = fix->offset + fix->length;
    }
    fa_string_append_bytes(&text, source->text + at, source->size - at);
    *size = text.count;
    return text_of(&text);
}

/* A new file in place of the old one, with its mode. */
static bool
replace(const char *file, const char *text, size_t size)
{
    const char *fresh = text_format("%s.fa-new", file);
    struct stat info;
    FILE *out = stat(file, &info) == 0 ? fopen(fresh, "wxe") : NULL;
    if (out == NULL)
        return false;
    bool is_good = fwrite(text, 1, size, out) == size &&
                   fchmod(fileno(out), info.st_mode & 07777) == 0;
    is_good &= fclose(out) == 0;
    if (is_good && rename(fresh, file) == 0)
        return true;
    int error = errno;
    unlink(fresh);
    errno = error;
    return false;
}

bool
fix_apply(const fixes_vec *fixes)
{
    size_t files = 0;
    for (size_t i = 0; i < fixes->count; files++) {
        size_t stop = end_of_file(fixes, i), size;
        const struct source *source = source_open(fixes->items[i].file);
        const char *text = edited(source, fixes, i, stop, &size);
        if (!replace(source->file, text, size)) {
            fprintf(stderr, "framealloc check: %s: %s\n", source->file,
                    strerror(errno));
            return false;
        }
        i = stop;
    }
    fprintf(stderr, "framealloc check: %zu edit%s in %zu file%s\n",
            fixes->count, fixes->count == 1 ? "" : "s", files,
            files == 1 ? "" : "s");
    source_reset();
    return true;
}
