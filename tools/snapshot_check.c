/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * Checks a snapshot against version 1 of the format: the rules of
 * doc/snapshot.schema.json as tables. tests/snapshot.sh compares the verdicts
 * of both where a validator for schemas is installed.
 *
 * Members that no rule names are passed over: version 1 may get more of them.
 */
#include "snapshot.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum type {
    INTEGER, /* At least 0. */
    POSITIVE,
    NUMBER, /* At least 0. */
    STRING,
    BOOLEAN,
    VERSION,
    DATE,
    CODE, /* "FA510". */
    KIND, /* Of memory. */
    OBJECT,
    LIST,     /* Of objects. */
    CODE_LIST /* Of strings. */
};

enum {
    MAY_MISS = 1, /* The first version did not have it. */
    MAY_BE_NULL = 2
};

struct rule {
    const char *name; /* NULL: no more. */
    enum type type;
    int flags;
    const struct rule *members; /* Of an object, or each in a list. */
};

static const struct rule summary_rules[] = {
    {"frame_bytes", INTEGER, 0, NULL},
    {"pool_bytes", INTEGER, 0, NULL},
    {"heap_bytes", INTEGER, 0, NULL},
    {"total_bytes", INTEGER, 0, NULL},
    {"peak_bytes", INTEGER, 0, NULL},
    {"scratch_bytes", INTEGER, MAY_MISS, NULL},
    {"group_bytes", INTEGER, MAY_MISS, NULL},
    {"cache_bytes", INTEGER, MAY_MISS, NULL},
    {"reserved_bytes", INTEGER, MAY_MISS, NULL},
    {"frame_peak_bytes", INTEGER, MAY_MISS, NULL},
    {"frame_count", INTEGER, MAY_MISS | MAY_BE_NULL, NULL},
    {"spills", INTEGER, MAY_MISS, NULL},
    {"budget_refusals", INTEGER, MAY_MISS, NULL},
    {"system_refusals", INTEGER, MAY_MISS, NULL},
    {"age_frames", INTEGER, MAY_MISS, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule budget_rules[] = {{"limit", POSITIVE, 0, NULL},
                                           {"used", INTEGER, 0, NULL},
                                           {"percent", NUMBER, 0, NULL},
                                           {NULL, INTEGER, 0, NULL}};

static const struct rule thread_rules[] = {
    {"id", STRING, 0, NULL},
    {"name", STRING, 0, NULL},
    {"frame_bytes", INTEGER, 0, NULL},
    {"pool_bytes", INTEGER, 0, NULL},
    {"heap_bytes", INTEGER, 0, NULL},
    {"total_bytes", INTEGER, MAY_MISS, NULL},
    {"peak_bytes", INTEGER, 0, NULL},
    {"is_idle", BOOLEAN, MAY_MISS, NULL},
    {"queue_depth", INTEGER, MAY_MISS, NULL},
    {"budget", OBJECT, MAY_BE_NULL, budget_rules},
    {NULL, INTEGER, 0, NULL}};

static const struct rule tag_rules[] = {
    {"path", STRING, 0, NULL},
    {"thread", STRING, MAY_BE_NULL, NULL},
    {"alloc_kind", KIND, 0, NULL},
    {"alloc_count", INTEGER, MAY_BE_NULL, NULL},
    {"free_count", INTEGER, MAY_MISS | MAY_BE_NULL, NULL},
    {"bytes", INTEGER, 0, NULL},
    {"avg_lifetime_frames", NUMBER, MAY_BE_NULL, NULL},
    {"promotion_rate", NUMBER, MAY_BE_NULL, NULL},
    {"diagnostics", CODE_LIST, 0, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule promotion_rules[] = {
    {"to_pool", INTEGER, 0, NULL},
    {"to_heap", INTEGER, 0, NULL},
    {"to_scratch", INTEGER, MAY_MISS, NULL},
    {"blocks", INTEGER, MAY_MISS, NULL},
    {"failed", INTEGER, 0, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule transfer_rules[] = {
    {"pending", INTEGER, 0, NULL},
    {"completed_this_frame", INTEGER, MAY_BE_NULL, NULL},
    {"sent", INTEGER, MAY_MISS, NULL},
    {"received", INTEGER, MAY_MISS, NULL},
    {"dropped", INTEGER, MAY_MISS, NULL},
    {"bytes", INTEGER, MAY_MISS, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule deferred_rules[] = {
    {"queue_depth", INTEGER, 0, NULL},
    {"processed_this_frame", INTEGER, MAY_BE_NULL, NULL},
    {"processed", INTEGER, MAY_MISS, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule diagnostic_rules[] = {
    {"code", CODE, 0, NULL},
    {"tag", STRING, MAY_BE_NULL, NULL},
    {"message", STRING, 0, NULL},
    {"observed", NUMBER, MAY_MISS, NULL},
    {"threshold", INTEGER, MAY_MISS, NULL},
    {NULL, INTEGER, 0, NULL}};

static const struct rule snapshot_rules[] = {
    {"version", VERSION, 0, NULL},
    {"timestamp", DATE, 0, NULL},
    {"frame", INTEGER, 0, NULL},
    {"duration_us", INTEGER, MAY_BE_NULL, NULL},
    {"summary", OBJECT, 0, summary_rules},
    {"threads", LIST, 0, thread_rules},
    {"tags", LIST, 0, tag_rules},
    {"promotions", OBJECT, 0, promotion_rules},
    {"transfers", OBJECT, 0, transfer_rules},
    {"deferred", OBJECT, 0, deferred_rules},
    {"diagnostics", LIST, 0, diagnostic_rules},
    {NULL, INTEGER, 0, NULL}};

/* --- one value --- */

/* The text has this shape: 0 is a digit, all else is itself. */
static bool
has_shape(json_t *value, const char *shape)
{
    const char *s = json_string_value(value);
    if (s == NULL || json_string_length(value) != strlen(shape))
        return false;
    for (; *shape != '\0'; s++, shape++)
        if (*shape == '0' ? !isdigit((unsigned char)*s) : *s != *shape)
            return false;
    return true;
}

static bool
is_kind(json_t *value)
{
    static const char *const kinds[] = {"frame", "pool", "heap", "scratch"};
    const char *s = json_string_value(value);
    for (size_t i = 0; s != NULL && i < 4; i++)
        if (strcmp(s, kinds[i]) == 0)
            return true;
    return false;
}

/* NULL when the value is of the type; else what it should be. */
static const char *
complaint(json_t *value, enum type type)
{
    switch (type) {
    case INTEGER:
        return json_is_integer(value) && json_integer_value(value) >= 0
                   ? NULL
                   : "an integer, at least 0";
    case POSITIVE:
        return json_is_integer(value) && json_integer_value(value) > 0
                   ? NULL
                   : "an integer, at least 1";
    case NUMBER:
        return json_is_number(value) && json_number_value(value) >= 0
                   ? NULL
                   : "a number, at least 0";
    case STRING:
        return json_is_string(value) ? NULL : "a string";
    case BOOLEAN:
        return json_is_boolean(value) ? NULL : "true or false";
    case VERSION:
        return json_is_integer(value) && json_integer_value(value) == 1
                   ? NULL
                   : "1, the version of the format that is known here";
    case DATE:
        return has_shape(value, "0000-00-00T00:00:00Z")
                   ? NULL
                   : "a date as 2026-03-01T00:00:00Z";
    case CODE:
        return has_shape(value, "FA000") ? NULL : "a number as FA510";
    case KIND:
        return is_kind(value) ? NULL : "frame, pool, heap or scratch";
    case OBJECT:
        return json_is_object(value) ? NULL : "an object";
    case LIST:
    case CODE_LIST:
        return json_is_array(value) ? NULL : "a list";
    }
    return "of a known type";
}

/* --- all of them --- */

struct check {
    const char *file;
    char path[128];
};

static bool check_object(struct check *check, json_t *object,
                         const struct rule *rules);

/* Appends to the path; returns its old length. */
static size_t __attribute__((__format__(__printf__, 2, 3)))
enter(struct check *check, const char *format, ...)
{
    size_t length = strlen(check->path);
    va_list args;
    va_start(args, format);
    vsnprintf(check->path + length, sizeof(check->path) - length, format, args);
    va_end(args);
    return length;
}

static bool
fail(const struct check *check, const char *wanted)
{
    fprintf(stderr, "%s: %s: must be %s\n", check->file, check->path, wanted);
    return false;
}

static bool
check_list(struct check *check, json_t *list, const struct rule *rule)
{
    size_t i;
    json_t *value;
    json_array_foreach(list, i, value)
    {
        size_t length = enter(check, "[%zu]", i);
        enum type type = rule->type == LIST ? OBJECT : CODE;
        const char *wanted = complaint(value, type);
        if (wanted != NULL)
            return fail(check, wanted);
        if (type == OBJECT && !check_object(check, value, rule->members))
            return false;
        check->path[length] = '\0';
    }
    return true;
}

static bool
check_value(struct check *check, json_t *value, const struct rule *rule)
{
    if (json_is_null(value) && (rule->flags & MAY_BE_NULL) != 0)
        return true;
    const char *wanted = complaint(value, rule->type);
    if (wanted != NULL)
        return fail(check, wanted);
    if (rule->type == OBJECT)
        return check_object(check, value, rule->members);
    return rule->type < LIST || check_list(check, value, rule);
}

static bool
check_object(struct check *check, json_t *object, const struct rule *rules)
{
    for (const struct rule *rule = rules; rule->name != NULL; rule++) {
        json_t *value = json_object_get(object, rule->name);
        size_t length = enter(check, ".%s", rule->name);
        if (value == NULL && (rule->flags & MAY_MISS) == 0)
            return fail(check, "there");
        if (value != NULL && !check_value(check, value, rule))
            return false;
        check->path[length] = '\0';
    }
    return true;
}

bool
snapshot_is_valid(const char *file, json_t *root)
{
    struct check check = {file, "$"};
    if (!json_is_object(root))
        return fail(&check, "an object");
    return check_object(&check, root, snapshot_rules);
}
