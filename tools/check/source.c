/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Source files, in a list with the last one used in front.
 */
#include "check/source.h"

#include "check/text.h"

#include <string.h>

struct entry {
    struct source source; /* text NULL: it cannot be read */
    struct entry *next;
};

static struct entry *entries;

static void
find_lines(struct source *source)
{
    TEXT_VEC(size_t) starts = TEXT_VEC_INIT;
    size_t at = 0;
    while (at < source->size) {
        text_push(&starts, at);
        const char *end = memchr(source->text + at, '\n', source->size - at);
        at = end == NULL ? source->size : (size_t)(end - source->text) + 1;
    }
    source->starts = starts.items;
    source->line_count = starts.count;
}

static struct entry *
read_entry(const char *file)
{
    struct entry *entry = text_alloc(1, sizeof(*entry));
    entry->source.file = text_copy(file);
    entry->source.text = text_read_file(file, &entry->source.size);
    if (entry->source.text != NULL)
        find_lines(&entry->source);
    return entry;
}

const struct source *
source_open(const char *file)
{
    struct entry **link = &entries;
    while (*link != NULL && strcmp((*link)->source.file, file) != 0)
        link = &(*link)->next;
    struct entry *entry = *link;
    if (entry == NULL)
        entry = read_entry(file);
    else
        *link = entry->next;
    entry->next = entries;
    /* fa-ignore: FA601 the frame lasts as long as the program */
    entries = entry;
    return entry->source.text == NULL ? NULL : &entry->source;
}

const char *
source_line(const struct source *source, unsigned line, size_t *size)
{
    *size = 0;
    if (line == 0 || line > source->line_count)
        return "";
    const char *start = source->text + source->starts[line - 1];
    const char *end = source->text + source->size;
    const char *stop = memchr(start, '\n', (size_t)(end - start));
    if (stop == NULL)
        stop = end;
    if (stop > start && stop[-1] == '\r')
        stop--;
    *size = (size_t)(stop - start);
    return start;
}

void
source_reset(void)
{
    entries = NULL;
}
