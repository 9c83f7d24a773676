/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fuzzer of what the analyser's front end reads. The first byte says what the
 * rest is: c .fa.toml, s a source with suppressions, d a compilation
 * database, w a command line, g a pattern and a path.
 *
 * With libFuzzer:  clang -DFA_LIBFUZZER -fsanitize=fuzzer,address ...
 * Without it, the program runs the files that are given as arguments once.
 */
#include "check/command.h"
#include "check/config.h"
#include "check/database.h"
#include "check/path.h"
#include "check/suppress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *said;

static void
check(bool is_kept, const char *promise)
{
    if (is_kept)
        return;
    fprintf(said, "fuzz_front: not kept: %s\n", promise);
    fflush(said);
    abort();
}

static void
try_config(const char *text, size_t size)
{
    struct settings settings;
    /* It would read whatever files the input names. */
    if (strstr(text, "extends") != NULL)
        return;
    settings_init(&settings);
    config_parse(&settings, "fuzz.toml", text, size);
    check(settings.jobs <= 1024, "jobs are in their range");
    check(settings.frame_lag <= 7, "the lag is in its range");
    for (size_t i = 0; check_code_at(i) != NULL; i++)
        check(settings_level(&settings, check_code_at(i)) <= CHECK_ERROR,
              "a level is one");
}

static void
try_suppressions(const char *text, size_t size)
{
    suppressions all = TEXT_VEC_INIT;
    unsigned lines = 1, before = 0;
    for (size_t i = 0; i < size; i++)
        lines += text[i] == '\n';
    suppress_scan(text, size, &all);
    for (size_t i = 0; i < all.count; i++) {
        const struct suppression *one = &all.items[i];
        check(one->line >= 1 && one->line <= lines, "a line of the text");
        check(one->line >= before, "comments come in order");
        check(one->problem != NULL || one->code_count > 0, "it names a code");
        check(one->problem != NULL || one->first <= one->last, "a range");
        check(one->reason != NULL, "a reason, if only an empty one");
        before = one->line;
    }
}

static void
try_database(const char *text, size_t size)
{
    struct database database;
    if (memchr(text, '@', size) != NULL ||
        !database_parse(&database, "/fuzz/compile_commands.json", text, size))
        return;
    for (size_t i = 0; i < database.count; i++) {
        const struct check_unit *unit = &database.units[i];
        check(unit->file[0] == '/', "a file is absolute");
        check(unit->directory[0] == '/', "a folder is absolute");
        check(strstr(unit->file, "/../") == NULL, "a file is normalised");
        for (const char *const *arg = unit->args; *arg != NULL; arg++)
            check(strcmp(*arg, unit->file) != 0 || arg > unit->args,
                  "a file is no argument");
    }
}

static void
try_command(const char *text)
{
    struct command_words words, clean;
    if (strchr(text, '@') != NULL)
        return;
    command_split(text, &words);
    check(words.items[words.count] == NULL, "words have an end");
    command_clean(words.items, words.count, "/a/b.c", "/a", &clean);
    check(clean.items[clean.count] == NULL, "arguments have an end");
    check(clean.count <= words.count + 2, "only two words are added");
}

static void
try_pattern(const char *text, size_t size)
{
    const char *path = memchr(text, '\n', size);
    if (path == NULL || size > 200)
        return;
    const char *pattern = text_copy_bytes(text, (size_t)(path - text));
    path_matches(pattern, path + 1);
    const char *whole = path_absolute("/x", path + 1);
    check(whole[0] == '/', "an absolute path");
    check(path_matches("**", whole + 1), "two stars match all");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (said == NULL) {
        said = stderr;
        stderr = fopen("/dev/null", "we");
    }
    if (size == 0)
        return 0;
    const char *text = text_copy_bytes((const char *)data + 1, size - 1);
    if (data[0] == 'c')
        try_config(text, size - 1);
    else if (data[0] == 's')
        try_suppressions(text, size - 1);
    else if (data[0] == 'd')
        try_database(text, size - 1);
    else if (data[0] == 'w')
        try_command(text);
    else if (data[0] == 'g')
        try_pattern(text, size - 1);
    text_reset();
    return 0;
}

/* libFuzzer has a main of its own. */
#ifndef FA_LIBFUZZER
#    include "standalone.h"
#endif
