/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The registry of the analyser's codes.
 *
 * The table is constant but for texts of the library, which are asked for
 * when an entry is first handed out.
 */
#include "check/code.h"

#include "check/codes.h"

#include <framealloc/diag.h>

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ENTRY(number, level, category, title, cure) \
    {number, CHECK_##level, CHECK_##category, title, cure},

static struct check_code table[] = {CHECK_CODE_LIST(ENTRY)};

static const char *const level_names[] = {"off", "hint", "warning", "error"};
static const char *const category_names[CHECK_CATEGORIES] = {
    "status",   "usage",        "threading",    "budgets", "gpu",
    "dirtymem", "async-safety", "architecture", "physics"};

static const struct check_code *
fill(struct check_code *code)
{
    if (code->title == NULL)
        code->title = fa_diag_text(code->number);
    if (code->cure == NULL)
        code->cure = fa_diag_cure(code->number);
    return code;
}

const struct check_code *
check_code_at(size_t index)
{
    return index < sizeof(table) / sizeof(table[0]) ? fill(&table[index])
                                                    : NULL;
}

const struct check_code *
check_code_find(unsigned number)
{
    for (size_t i = 0; check_code_at(i) != NULL; i++)
        if (table[i].number == number)
            return &table[i];
    return NULL;
}

const struct check_code *
check_code_parse(const char *text)
{
    if (strncasecmp(text, "FA", 2) == 0)
        text += 2;
    if (strlen(text) != 3 || strspn(text, "0123456789") != 3)
        return NULL;
    return check_code_find((unsigned)strtoul(text, NULL, 10));
}

const char *
check_level_name(enum check_level level)
{
    return level_names[level];
}

int
check_level_parse(const char *text, enum check_level *out)
{
    static const struct {
        const char *name;
        enum check_level level;
    } names[] = {{"off", CHECK_OFF},      {"allow", CHECK_OFF},
                 {"hint", CHECK_HINT},    {"warning", CHECK_WARNING},
                 {"warn", CHECK_WARNING}, {"error", CHECK_ERROR},
                 {"deny", CHECK_ERROR}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i].name) == 0) {
            *out = names[i].level;
            return 1;
        }
    return 0;
}

const char *
check_category_name(enum check_category category)
{
    return category_names[category];
}
