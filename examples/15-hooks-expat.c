/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Expat on framealloc: a parser that lives for a frame, in the frame.
 *
 * Expat has functions like malloc(), realloc() and free(), without a pointer
 * of ours, so each of them looks up the calling thread's context.
 *
 *     hooks_expat [libc|heap|frame [rounds]]
 *
 * With an argument it does nothing but the work, to be measured.
 */
#include <framealloc.h>

#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 20
#define ITEMS  200

static fa_allocator *allocator;
static const fa_hooks *hooks;

static void *
alloc(size_t size)
{
    return hooks->alloc(fa_ctx_current(allocator), size);
}

static void *
resize(void *block, size_t size)
{
    return hooks->realloc(fa_ctx_current(allocator), block, size);
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
    size_t at = (size_t)sprintf(text, "<all>");
    for (int i = 0; i < ITEMS; i++)
        at += (size_t)sprintf(text + at,
                              "<item%d name=\"item %d\" count=\"%d\">text"
                              "</item%d>",
                              i % 50, i, i * 3, i % 50);
    strcpy(text + at, "</all>");
    return text;
}

static void XMLCALL
take_element(void *user, const XML_Char *name, const XML_Char **attribute)
{
    (void)name;
    for (; attribute[0] != NULL; attribute += 2)
        if (strcmp(attribute[0], "count") == 0)
            *(long *)user += atol(attribute[1]);
}

/* The sum of the counts; -1 when anything is wrong. */
static long
use_text(const char *text, const XML_Memory_Handling_Suite *functions,
         bool is_freeing)
{
    long sum = 0;
    XML_Parser parser = XML_ParserCreate_MM(NULL, functions, NULL);
    if (parser == NULL)
        return -1;
    XML_SetUserData(parser, &sum);
    XML_SetElementHandler(parser, take_element, NULL);
    if (XML_Parse(parser, text, (int)strlen(text), 1) != XML_STATUS_OK)
        sum = -1;
    if (is_freeing)
        XML_ParserFree(parser);
    return sum;
}

static bool
run(const char *kind, int rounds)
{
    const XML_Memory_Handling_Suite functions = {alloc, resize, release};
    bool is_libc = strcmp(kind, "libc") == 0;
    bool is_frame = strcmp(kind, "frame") == 0;
    bool ok = is_libc || is_frame || strcmp(kind, "heap") == 0;
    hooks = fa_hooks_for(is_frame ? FA_INTENT_FRAME : FA_INTENT_HEAP);
    const char *text = write_text();
    for (int i = 0; i < rounds && ok; i++) {
        fa_begin_frame(allocator);
        ok = use_text(text, is_libc ? NULL : &functions, !is_frame) ==
             3L * ITEMS * (ITEMS - 1) / 2;
        fa_end_frame(allocator);
    }
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
