/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The table of formats, and the files they go to.
 */
#include "check/write.h"

#include <errno.h>
#include <string.h>

static const struct check_writer writers[] = {
    {"text", write_text, true},
    {"compact", write_compact, true},
    {"json", write_json, false},
    {"jsonl", write_jsonl, false},
    {"sarif", write_sarif, false},
    {"junit", write_junit, false},
    {"checkstyle", write_checkstyle, false},
    {"codeclimate", write_codeclimate, false},
    {"github", write_github, false},
    {"html", write_html, false},
};
enum { WRITERS = sizeof(writers) / sizeof(writers[0]) };

const struct check_writer *
check_writer_find(const char *name)
{
    if (strcmp(name, "terminal") == 0)
        name = "text";
    for (size_t i = 0; i < WRITERS; i++)
        if (strcmp(writers[i].name, name) == 0)
            return &writers[i];
    return NULL;
}

const char *
check_writer_names(void)
{
    fa_string names = TEXT_STRING_INIT;
    for (size_t i = 0; i < WRITERS; i++)
        fa_string_printf(&names, "%s%s", i > 0 ? ", " : "", writers[i].name);
    return text_of(&names);
}

/* A colour in a file would be noise. */
static bool
write_file(const struct report *report, const struct check_output *output)
{
    struct report plain = *report;
    FILE *out = fopen(output->file, "we");
    if (out == NULL)
        return false;
    plain.is_colored = false;
    output->writer->write(&plain, out);
    bool is_bad = ferror(out) != 0;
    return fclose(out) == 0 && !is_bad;
}

bool
check_write(const struct report *report, const struct check_output *output)
{
    errno = 0;
    if (output->file != NULL) {
        if (write_file(report, output))
            return true;
        fprintf(stderr, "framealloc check: %s: %s\n", output->file,
                strerror(errno));
        return false;
    }
    output->writer->write(report, stdout);
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "framealloc check: standard output: %s\n", strerror(errno));
    return false;
}
