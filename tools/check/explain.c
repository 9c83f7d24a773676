/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc explain and list: what the codes mean.
 */
#include "check/code.h"
#include "check/commands.h"
#include "check/examples.h"
#include "check/text.h"

#include <stdio.h>
#include <string.h>

static int
finish(void)
{
    return fflush(stdout) == 0 ? 0 : 4;
}

static void
print_text(const char *heading, const char *text)
{
    if (text[0] != '\0')
        printf("\n%s%s", heading, text);
}

static void
print_example(const struct check_code *code)
{
    const struct check_example *example = check_examples;
    while (example->number != 0 && example->number != code->number)
        example++;
    if (example->number == 0)
        return;
    print_text("", example->text);
    print_text("", example->both);
    print_text("/* bad */\n\n", example->bad);
    print_text("/* good */\n\n", example->good);
}

static void
print_code(const struct check_code *code)
{
    printf("FA%03u: %s\n\n", code->number, code->title);
    printf("  Level     %s\n", check_level_name(code->level));
    printf("  Category  %s\n", check_category_name(code->category));
    printf("  Cure      %s\n", code->cure);
    print_example(code);
}

int
explain_main(int argc, char **argv)
{
    if (argc < 2 || argv[1][0] == '-') {
        fputs("Usage: framealloc explain CODE...\n",
              argc > 1 && strcmp(argv[1], "--help") == 0 ? stdout : stderr);
        return argc > 1 && strcmp(argv[1], "--help") == 0 ? 0 : 2;
    }
    for (int i = 1; i < argc; i++) {
        const struct check_code *code = check_code_parse(argv[i]);
        if (code == NULL) {
            fprintf(stderr,
                    "framealloc explain: there is no code \"%s\"; framealloc "
                    "list prints all\n",
                    argv[i]);
            return 2;
        }
        if (i > 1)
            putchar('\n');
        print_code(code);
    }
    return finish();
}

/* The category, CHECK_CATEGORIES for all, or -1. */
static int
read_category(int argc, char **argv)
{
    if (argc < 2)
        return CHECK_CATEGORIES;
    const char *name = argv[argc - 1];
    if (text_starts(name, "--category="))
        name += strlen("--category=");
    for (int i = 0; i < CHECK_CATEGORIES; i++)
        if (strcmp(name, check_category_name((enum check_category)i)) == 0)
            return i;
    fprintf(stderr, "framealloc list: there is no category \"%s\"; there are",
            name);
    for (int i = 0; i < CHECK_CATEGORIES; i++)
        fprintf(stderr, " %s", check_category_name((enum check_category)i));
    fputc('\n', stderr);
    return -1;
}

int
list_main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--help") == 0) {
        puts("Usage: framealloc list [--category CATEGORY]");
        return finish();
    }
    int category = read_category(argc, argv);
    if (category < 0)
        return 2;
    const struct check_code *code;
    for (size_t i = 0; (code = check_code_at(i)) != NULL; i++)
        if (category == CHECK_CATEGORIES || (int)code->category == category)
            printf("FA%03u  %-7s  %-12s  %s\n", code->number,
                   check_level_name(code->level),
                   check_category_name(code->category), code->title);
    return finish();
}
