/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * cJSON on framealloc: the trees of a frame die with it, unfreed.
 *
 * cJSON has functions like malloc() and free(), without a pointer of ours, so
 * each of them looks up the calling thread's context.
 *
 *     hooks_cjson [libc|heap|frame [rounds]]
 *
 * With an argument it does nothing but the work, to be measured.
 */
#include <framealloc.h>

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 20
#define ITEMS  200

static fa_allocator *allocator;
static const fa_hooks *hooks; /* NULL: libc. */

static void *
alloc(size_t size)
{
    return hooks->alloc(fa_ctx_current(allocator), size);
}

static void
release(void *block)
{
    hooks->free(fa_ctx_current(allocator), block);
}

static char *
write_text(void)
{
    static char text[ITEMS * 80];
    size_t at = (size_t)sprintf(text, "[");
    for (int i = 0; i < ITEMS; i++)
        at += (size_t)sprintf(text + at,
                              "%s{\"name\":\"item %d\",\"count\":%d,"
                              "\"at\":[%d,%d]}",
                              i == 0 ? "" : ",", i, i * 3, i, -i);
    strcpy(text + at, "]");
    return text;
}

/* Parses, adds up, and prints again; -1 when anything is wrong. */
static long
use_text(const char *text, bool is_freeing)
{
    long sum = 0;
    cJSON *all = cJSON_Parse(text), *item;
    if (all == NULL)
        return -1;
    cJSON_ArrayForEach(item, all) sum +=
        (long)cJSON_GetObjectItem(item, "count")->valuedouble;
    char *printed = cJSON_PrintUnformatted(all);
    if (printed == NULL || strcmp(printed, text) != 0)
        sum = -1;
    if (is_freeing) {
        cJSON_free(printed);
        cJSON_Delete(all);
    }
    return sum;
}

static bool
run(const char *kind, int rounds)
{
    cJSON_Hooks functions = {alloc, release};
    bool is_libc = strcmp(kind, "libc") == 0;
    bool is_frame = strcmp(kind, "frame") == 0;
    bool ok = is_libc || is_frame || strcmp(kind, "heap") == 0;
    hooks = fa_hooks_for(is_frame ? FA_INTENT_FRAME : FA_INTENT_HEAP);
    cJSON_InitHooks(is_libc ? NULL : &functions);
    const char *text = write_text();
    for (int i = 0; i < rounds && ok; i++) {
        fa_begin_frame(allocator);
        ok = use_text(text, !is_frame) == 3L * ITEMS * (ITEMS - 1) / 2;
        fa_end_frame(allocator);
    }
    cJSON_InitHooks(NULL);
    return ok;
}

int
main(int argc, char **argv)
{
    if (fa_allocator_create(NULL, &allocator) != FA_OK)
        return 1;
    bool ok = true;
    if (argc > 1) {
        ok = run(argv[1], argc > 2 ? atoi(argv[2]) : ROUNDS);
    } else {
        ok = run("libc", ROUNDS) && run("heap", ROUNDS) && run("frame", ROUNDS);
        printf("%d rounds of %d items in each kind of memory: %s\n", ROUNDS,
               ITEMS, ok ? "all the same" : "wrong");
    }
    fa_allocator_destroy(allocator);
    return ok ? 0 : 1;
}
