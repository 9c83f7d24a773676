/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Fuzzer of FRAMEALLOC_OPTIONS: the parser keeps its promises for every text,
 * and an allocator can be made whatever the environment says.
 *
 * With libFuzzer:  clang -DFA_LIBFUZZER -fsanitize=fuzzer,address ...
 * Without it, the program runs the files that are given as arguments once.
 */
#include "context/options.h"
#include "os/fault.h"

#include <framealloc/framealloc.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool is_kept, const char *promise)
{
    if (is_kept)
        return;
    fprintf(stderr, "fuzz_options: not kept: %s\n", promise);
    abort();
}

/* The text that is parsed, and what was said about it. */
struct said {
    const char *text;
    const char *last;
    size_t count;
};

static void
hear(void *user, uint32_t number, const char *item, size_t length)
{
    struct said *said = user;
    check(number == 11 || number == 12, "the number is 11 or 12");
    check(length > 0 && item >= said->text &&
              item + length <= said->text + strlen(said->text),
          "the item is a part of the text");
    check(item > said->last || said->count == 0, "items come in order");
    check(memchr(item, ',', length) == NULL, "an item is one item");
    said->last = item;
    said->count++;
}

static void
check_values(const struct fai_options *options)
{
    check(options->guard >= -1 && options->guard <= 3, "guard");
    check(options->strict >= -1 && options->strict <= 2, "strict");
    check(options->counts >= -1 && options->counts <= 1, "counts");
    check(options->report >= -1 && options->report <= 1, "report");
    check(options->huge >= -1 && options->huge <= 2, "huge");
    check(options->trim >= -1 && options->trim <= UINT32_MAX, "trim");
    check(options->quarantine >= -1 && options->quarantine <= 16, "quarantine");
    check(options->guard_max >= -1 && options->guard_max <= 1 << 20,
          "guard_max");
    check(options->sample >= -1 && options->sample <= 1000000, "sample");
    check(options->fail >= -1, "fail");
}

static void
ignore(void *user, const fa_diag *diag)
{
    (void)user;
    (void)diag;
}

static void
make_allocator(const char *text)
{
    fa_allocator_config config = FA_ALLOCATOR_CONFIG_INIT;
    fa_allocator *allocator;
    config.diag = ignore;
    /* Strict modes end the process, as they should. */
    config.on_misuse = FA_ON_MISUSE_REPORT;
    setenv("FRAMEALLOC_OPTIONS", text, 1);
    fa_status status = fa_allocator_create(&config, &allocator);
    check(status == FA_OK || status == FA_ERR_NOMEM, "a status that fits");
    fai_fault_arm(0, false);
    if (status != FA_OK)
        return;
    fa_frame *frame = fa_begin_frame(allocator);
    check(fa_frame_alloc(frame, 100, 16) != NULL, "it works");
    fa_end_frame(allocator);
    fa_allocator_destroy(allocator);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fai_options options;
    char *text = malloc(size + 1);
    if (text == NULL)
        return 0;
    memcpy(text, data, size);
    text[size] = '\0';
    struct said said = {text, NULL, 0};
    fai_options_parse(text, &options, hear, &said);
    check_values(&options);
    make_allocator(text);
    free(text);
    return 0;
}

/* libFuzzer has a main of its own. */
#ifndef FA_LIBFUZZER
#    include "standalone.h"
#endif
