/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc doctor: the report, as text and as JSON.
 */
#include "doctor.h"

#include <framealloc/framealloc.h>

#include <string.h>

static const char *const level_names[] = {"fine", "warning", "failure"};

/* Words in lines of at most 78 columns that begin with so many blanks. */
static void
print_wrapped(const char *text, int indent)
{
    int column = 0;
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (column == 0)
            column = printf("%*s%.*s", indent, "", length, text);
        else if (column + 1 + length > 78)
            column = printf("\n%*s%.*s", indent, "", length, text) - 1;
        else
            column += printf(" %.*s", length, text);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void
print_facts(const struct doctor *doctor)
{
    static const char marks[] = " !X";
    const char *topic = "";
    for (unsigned i = 0; i < doctor->count; i++) {
        const struct doctor_fact *fact = &doctor->fact[i];
        if (strcmp(topic, fact->topic) != 0)
            printf("%s%s\n", i == 0 ? "" : "\n", fact->topic);
        topic = fact->topic;
        printf("%c %-18s %s\n", marks[fact->level], fact->name, fact->value);
    }
}

static unsigned
print_advice(const struct doctor *doctor, enum doctor_level level,
             const char *title)
{
    unsigned count = 0;
    for (unsigned i = 0; i < doctor->count; i++) {
        const struct doctor_fact *fact = &doctor->fact[i];
        if (fact->level != level)
            continue;
        if (count++ == 0)
            printf("\n%s\n", title);
        printf("  %s, %s:\n", fact->topic, fact->name);
        print_wrapped(fact->advice, 4);
    }
    return count;
}

bool
doctor_print_text(const struct doctor *doctor)
{
    print_facts(doctor);
    unsigned count =
        print_advice(doctor, DOCTOR_FAILURE, "X  This will not work:") +
        print_advice(doctor, DOCTOR_WARNING, "!  To know:");
    if (count == 0)
        printf("\nAll is fine.\n");
    return fflush(stdout) == 0;
}

static void
print_string(const char *name, const char *text)
{
    printf("\"%s\": \"", name);
    for (const unsigned char *p = (const unsigned char *)text; *p != '\0'; p++)
        if (*p == '"' || *p == '\\')
            printf("\\%c", *p);
        else if (*p < ' ')
            printf("\\u%04x", *p);
        else
            putchar(*p);
    putchar('"');
}

static void
print_fact(const struct doctor_fact *fact)
{
    printf("{");
    print_string("topic", fact->topic);
    printf(", ");
    print_string("name", fact->name);
    printf(", ");
    print_string("level", level_names[fact->level]);
    printf(",\n     ");
    print_string("value", fact->value);
    printf(",\n     ");
    print_string("advice", fact->advice);
    printf("}");
}

bool
doctor_print_json(const struct doctor *doctor)
{
    printf("{\n  ");
    print_string("framealloc", fa_version_string());
    printf(",\n  ");
    print_string("worst", level_names[doctor_worst(doctor)]);
    printf(",\n  \"facts\": [");
    for (unsigned i = 0; i < doctor->count; i++) {
        printf("%s\n    ", i == 0 ? "" : ",");
        print_fact(&doctor->fact[i]);
    }
    printf("\n  ]\n}\n");
    return fflush(stdout) == 0;
}
