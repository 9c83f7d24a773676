/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The command line: a table tells where each option goes. Our own, because
 * getopt cannot say what the option might have been.
 */
#include "check/options.h"

#include "check/write.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind {
    FLAG,     /* bool */
    TEXT,     /* const char * */
    MAYBE,    /* the same; "" without a value, which needs a "=" */
    NUMBER,   /* unsigned, from least to most */
    LIST,     /* text_list, separated by commas */
    CODES,    /* the same, and each is a code */
    SEVERITY, /* enum check_level */
    LEVEL,    /* a change of level; value: which */
    CATEGORY, /* value: which */
    FORMAT,
    OUTPUT,
    FIX,
    COLOR
};

struct spec {
    const char *name;
    char letter;
    enum kind kind;
    size_t offset;
    unsigned value;       /* of LEVEL and CATEGORY; the least NUMBER */
    unsigned most;        /* NUMBER */
    const char *argument; /* for help */
    const char *help;     /* NULL: in the group's line */
};

#define AT(member) offsetof(struct settings, member)

static const struct spec specs[] = {
    {"build", 'p', TEXT, AT(build), 0, 0, "DIR",
     "folder with compile_commands.json, or that file"},
    {"exclude", 'e', LIST, AT(exclude), 0, 0, "GLOB",
     "leave out files; may be given several times"},
    {"dirtymem", 0, CATEGORY, 0, CHECK_DIRTYMEM, 0, NULL,
     "lifetimes: use after the frame, escapes, pairing"},
    {"threading", 0, CATEGORY, 0, CHECK_THREADING, 0, NULL,
     "memory and threads"},
    {"budgets", 0, CATEGORY, 0, CHECK_BUDGETS, 0, NULL, "sizes and limits"},
    {"async-safety", 0, CATEGORY, 0, CHECK_ASYNC, 0, NULL,
     "work that runs later"},
    {"architecture", 0, CATEGORY, 0, CHECK_ARCHITECTURE, 0, NULL,
     "tags and modules"},
    {"gpu", 0, CATEGORY, 0, CHECK_GPU, 0, NULL, "memory of graphics devices"},
    {"physics", 0, CATEGORY, 0, CHECK_PHYSICS, 0, NULL, "stepping of worlds"},
    {"usage", 0, CATEGORY, 0, CHECK_USAGE, 0, NULL,
     "how the interface is called"},
    {"all", 'a', CATEGORY, 0, CHECK_CATEGORIES, 0, NULL,
     "all of these, as without any of them"},
    {"only", 0, CODES, AT(only), 0, 0, "CODE,...", "report these only"},
    {"skip", 0, CODES, AT(skip), 0, 0, "CODE,...", "do not report these"},
    {"deny", 'D', LEVEL, 0, CHECK_ERROR, 0, "WHAT",
     "make a code or a category an error"},
    {"warn", 0, LEVEL, 0, CHECK_WARNING, 0, "WHAT", "the same, a warning"},
    {"allow", 'A', LEVEL, 0, CHECK_OFF, 0, "WHAT", "turn it off"},
    {"deny-warnings", 'W', FLAG, AT(deny_warnings), 0, 0, NULL,
     "make all warnings errors"},
    {"min-severity", 0, SEVERITY, AT(min_severity), 0, 0, "LEVEL",
     "report from hint, warning or error on"},
    {"fail-on", 0, SEVERITY, AT(fail_on), 0, 0, "LEVEL",
     "exit status 1 from this level on; error by default"},
    {"baseline", 0, MAYBE, AT(baseline), 0, 0, "FILE",
     "count only what is not in .fa-baseline.json"},
    {"profile", 0, TEXT, AT(profile), 0, 0, "FILE",
     "a snapshot or recording: FA203, FA301 and FA602 speak where it shows "
     "cost"},
    {"format", 'f', FORMAT, 0, 0, 0, "FORMAT", "of standard output"},
    {"output", 'o', OUTPUT, 0, 0, 0, "FORMAT:FILE",
     "write a file; may be given several times"},
    {"color", 0, COLOR, AT(color), 0, 0, "WHEN", "auto, always or never"},
    {"fix", 0, FIX, 0, 0, 0, "WHAT",
     "edit the sources: what has a fix, or =suppress"},
    {"dry-run", 0, FLAG, AT(is_dry_run), 0, 0, NULL,
     "with --fix: print a diff instead"},
    {"jobs", 'j', NUMBER, AT(jobs), 1, 1024, "N", "processes"},
    {"cache", 0, TEXT, AT(cache), 0, 0, "DIR",
     "where results are kept; none: nowhere"},
    {"libclang", 0, TEXT, AT(libclang), 0, 0, "PATH", "the library to load"},
    {"frame-lag", 0, NUMBER, AT(frame_lag), 0, 7, "N",
     "frames that memory stays readable after its own"},
    {"steps", 0, NUMBER, AT(steps), 1, INT_MAX, "N", "most work per function"},
    {"config", 0, TEXT, AT(config), 0, 0, "FILE",
     "instead of the .fa.toml of this folder or one above"},
    {"no-config", 0, FLAG, AT(no_config), 0, 0, NULL, "no .fa.toml"},
    {"update", 0, FLAG, AT(is_update), 0, 0, NULL,
     "baseline: take out what is gone"},
    {"accept-new", 0, FLAG, AT(is_accepting), 0, 0, NULL,
     "baseline: and put in what is new"},
    {"verbose", 'v', FLAG, AT(is_chatty), 0, 0, NULL, "say more"},
    {"help", 'h', FLAG, AT(wants_help), 0, 0, NULL, "print this text"},
    {"version", 0, FLAG, AT(wants_version), 0, 0, NULL, "print the version"},
};
enum { SPECS = sizeof(specs) / sizeof(specs[0]) };

struct parse {
    struct settings *settings;
    const char *command;
};

FA_PRINTF(2, 3)
static bool
refuse(const struct parse *parse, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "framealloc %s: ", parse->command);
    vfprintf(stderr, format, args);
    fprintf(stderr, ". Try framealloc %s --help.\n", parse->command);
    va_end(args);
    return false;
}

static void *
place(const struct parse *parse, const struct spec *spec)
{
    return (char *)parse->settings + spec->offset;
}

static bool
set_number(const struct parse *parse, const struct spec *spec,
           const char *value)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || errno != 0 ||
        n < spec->value || n > spec->most)
        return refuse(parse, "--%s: \"%s\" is not a number from %u to %u",
                      spec->name, value, spec->value, spec->most);
    *(unsigned *)place(parse, spec) = (unsigned)n;
    if (spec->offset == AT(frame_lag))
        parse->settings->has_frame_lag = true;
    return true;
}

static bool
add_list(const struct parse *parse, const struct spec *spec, const char *value)
{
    text_list *list = place(parse, spec);
    while (*value != '\0') {
        size_t size = strcspn(value, ",");
        const char *item = text_copy_bytes(value, size);
        if (spec->kind == CODES && check_code_parse(item) == NULL)
            return refuse(parse, "--%s: there is no code \"%s\"", spec->name,
                          item);
        text_push(list, item);
        value += size + (value[size] == ',');
    }
    return true;
}

static bool
set_severity(const struct parse *parse, const struct spec *spec,
             const char *value)
{
    enum check_level *level = place(parse, spec);
    if (check_level_parse(value, level) && *level != CHECK_OFF)
        return true;
    return refuse(parse, "--%s: \"%s\" is not hint, warning or error",
                  spec->name, value);
}

static bool
add_level(const struct parse *parse, const struct spec *spec, const char *value)
{
    struct level_change change = {.level = (enum check_level)spec->value};
    if (!settings_parse_subject(value, &change))
        return refuse(parse, "--%s: there is no code or category \"%s\"",
                      spec->name, value);
    text_push(&parse->settings->line, change);
    return true;
}

static bool
add_output(const struct parse *parse, const char *format, const char *file)
{
    struct check_output output = {check_writer_find(format), file};
    if (output.writer == NULL)
        return refuse(parse, "there is no format \"%s\"; there are %s", format,
                      check_writer_names());
    text_push(&parse->settings->outputs, output);
    return true;
}

static bool
add_output_file(const struct parse *parse, const char *value)
{
    const char *colon = strchr(value, ':');
    if (colon == NULL || colon[1] == '\0')
        return refuse(parse, "--output: \"%s\" is not FORMAT:FILE", value);
    return add_output(parse, text_copy_bytes(value, (size_t)(colon - value)),
                      strcmp(colon, ":-") == 0 ? NULL : colon + 1);
}

/* One of a list of words. */
static bool
set_word(const struct parse *parse, const struct spec *spec, const char *value)
{
    static const char *const colors[] = {"auto", "always", "never"};
    struct settings *settings = parse->settings;
    if (spec->kind == FIX && value[0] == '\0') {
        settings->fix = FIX_EDIT;
        return true;
    }
    if (spec->kind == FIX && strcmp(value, "suppress") == 0) {
        settings->fix = FIX_SUPPRESS;
        return true;
    }
    for (int i = 0; spec->kind == COLOR && i < 3; i++)
        if (strcmp(value, colors[i]) == 0) {
            settings->color = (enum check_color)i;
            return true;
        }
    return refuse(parse, "--%s does not know \"%s\"", spec->name, value);
}

static bool
apply(const struct parse *parse, const struct spec *spec, const char *value)
{
    switch (spec->kind) {
    case FLAG:
        *(bool *)place(parse, spec) = true;
        return true;
    case TEXT:
    case MAYBE:
        *(const char **)place(parse, spec) = value;
        return true;
    case NUMBER:
        return set_number(parse, spec, value);
    case LIST:
    case CODES:
        return add_list(parse, spec, value);
    case SEVERITY:
        return set_severity(parse, spec, value);
    case LEVEL:
        return add_level(parse, spec, value);
    case CATEGORY:
        parse->settings->categories |=
            spec->value == CHECK_CATEGORIES ? ~0u : 1u << spec->value;
        return true;
    case FORMAT:
        return add_output(parse, value, NULL);
    case OUTPUT:
        return add_output_file(parse, value);
    case FIX:
    case COLOR:
        return set_word(parse, spec, value);
    }
    return false;
}

static bool
takes_value(const struct spec *spec)
{
    return spec->kind != FLAG && spec->kind != CATEGORY &&
           spec->kind != MAYBE && spec->kind != FIX;
}

static bool
refuse_option(const struct parse *parse, const char *name)
{
    const char *names[SPECS];
    for (size_t i = 0; i < SPECS; i++)
        names[i] = specs[i].name;
    const char *near = text_nearest(name, names, SPECS);
    if (near == NULL)
        return refuse(parse, "there is no option \"--%s\"", name);
    return refuse(parse, "there is no option \"--%s\"; did you mean \"--%s\"?",
                  name, near);
}

/* --name, --name=value, --name value. */
static bool
parse_long(const struct parse *parse, const char *word, char ***rest)
{
    size_t size = strcspn(word, "=");
    const char *name = text_copy_bytes(word, size);
    const struct spec *spec = specs;
    while (spec < specs + SPECS && strcmp(spec->name, name) != 0)
        spec++;
    if (spec == specs + SPECS)
        return refuse_option(parse, name);
    bool is_flag = spec->kind == FLAG || spec->kind == CATEGORY;
    if (word[size] == '=' && is_flag)
        return refuse(parse, "--%s takes no value", name);
    if (word[size] == '=')
        return apply(parse, spec, word + size + 1);
    if (!takes_value(spec))
        return apply(parse, spec, "");
    if (**rest == NULL)
        return refuse(parse, "--%s needs a value: %s", name, spec->argument);
    return apply(parse, spec, *(*rest)++);
}

/* -x, -xVALUE, -x VALUE, and flags together. */
static bool
parse_short(const struct parse *parse, const char *word, char ***rest)
{
    for (; *word != '\0'; word++) {
        const struct spec *spec = specs;
        while (spec < specs + SPECS && spec->letter != *word)
            spec++;
        if (spec == specs + SPECS)
            return refuse(parse, "there is no option \"-%c\"", *word);
        if (takes_value(spec)) {
            if (word[1] != '\0')
                return apply(parse, spec, word + 1);
            if (**rest == NULL)
                return refuse(parse, "-%c needs a value: %s", *word,
                              spec->argument);
            return apply(parse, spec, *(*rest)++);
        }
        if (!apply(parse, spec, ""))
            return false;
    }
    return true;
}

bool
options_parse(int argc, char **argv, struct settings *settings)
{
    struct parse parse = {settings, argv[0]};
    char **rest = argv + (argc > 0);
    while (*rest != NULL) {
        const char *word = *rest++;
        if (strcmp(word, "--") == 0) {
            settings->command = rest;
            return true;
        }
        bool is_read = true;
        if (word[0] == '-' && word[1] == '-')
            is_read = parse_long(&parse, word + 2, &rest);
        else if (word[0] == '-' && word[1] != '\0')
            is_read = parse_short(&parse, word + 1, &rest);
        else
            text_push(&settings->files, word);
        if (!is_read)
            return false;
    }
    return true;
}

static void
print_option(const struct spec *spec)
{
    char left[64];
    const char *argument = spec->argument == NULL ? "" : spec->argument;
    const char *sign = spec->argument == NULL ? ""
                       : takes_value(spec)    ? " "
                                              : "[=";
    snprintf(left, sizeof(left), "  %c%c%s --%s%s%s%s",
             spec->letter ? '-' : ' ', spec->letter ? spec->letter : ' ',
             spec->letter ? "," : " ", spec->name, sign, argument,
             sign[0] == '[' ? "]" : "");
    printf("%-28s %s\n", left, spec->help);
}

void
options_print_help(void)
{
    puts("Usage: framealloc check [OPTION]... [FILE]...\n"
         "       framealloc check [OPTION]... FILE... -- FLAG...\n"
         "       framealloc check [OPTION]... -- COMPILER ARGUMENT...\n"
         "       framealloc baseline [--update [--accept-new]] [OPTION]...\n"
         "       framealloc show FILE [OPTION]...\n"
         "       framealloc explain CODE | list | init\n"
         "\n"
         "Finds mistakes with the memory of frames before the program runs.\n"
         "Without -p, compile_commands.json is looked for here and in build,\n"
         "_build and builddir. A FILE is a file, a folder or a pattern.\n");
    for (size_t i = 0; i < SPECS; i++)
        print_option(&specs[i]);
    printf("\nFormats: %s.\n", check_writer_names());
    puts("Exit status: 0 nothing found, 1 findings, 2 wrong usage or no\n"
         "libclang, 3 files that were not analysed, 4 out of memory or time.");
}
