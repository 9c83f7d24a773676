/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * .fa.toml: a table tells where each key goes. A key that is not in it is an
 * error, because a level that is misspelled and passed over looks like one
 * that is obeyed.
 */
#include "check/config.h"

#include "check/path.h"
#include "check/toml.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { EXTENDS_MAX = 8 };

struct reader {
    struct settings *settings;
    const char *file;
    unsigned depth;
};

typedef bool take_fn(struct reader *reader, const struct toml *value);

enum kind { TEXT, PATH, LIST, FLAG, NUMBER, REAL, SEVERITY, TABLE };

struct key {
    const char *section, *name;
    enum kind kind;
    size_t offset;
    unsigned most; /* NUMBER */
    take_fn *take; /* TABLE: of each member */
};

static take_fn take_level, take_role, take_renamed, take_module;

#define AT(member) offsetof(struct settings, member)

static const struct key keys[] = {
    {"", "global", TABLE, 0, 0, NULL},
    {"", "lints", TABLE, 0, 0, NULL},
    {"", "tags", TABLE, 0, 0, NULL},
    {"", "thresholds", TABLE, 0, 0, NULL},
    {"", "limits", TABLE, 0, 0, NULL},
    {"", "roles", TABLE, 0, 0, take_role},
    {"", "renamed", TABLE, 0, 0, take_renamed},
    {"global", "min_severity", SEVERITY, AT(min_severity), 0, NULL},
    {"global", "fail_on", SEVERITY, AT(fail_on), 0, NULL},
    {"global", "deny_warnings", FLAG, AT(deny_warnings), 0, NULL},
    {"global", "require_reason", FLAG, AT(require_reason), 0, NULL},
    {"global", "exclude", LIST, AT(exclude), 0, NULL},
    {"global", "build", PATH, AT(build), 0, NULL},
    {"global", "baseline", PATH, AT(baseline), 0, NULL},
    {"global", "cache", PATH, AT(cache), 0, NULL},
    {"global", "libclang", PATH, AT(libclang), 0, NULL},
    {"global", "jobs", NUMBER, AT(jobs), 1024, NULL},
    {"lints", "disabled", LIST, AT(skip), 0, NULL},
    {"lints", "levels", TABLE, 0, 0, take_level},
    {"tags", "known_tags", LIST, AT(known_tags), 0, NULL},
    {"tags", "module_tags", TABLE, 0, 0, take_module},
    {"tags", "warn_unknown_tags", FLAG, AT(warn_unknown_tags), 0, NULL},
    {"thresholds", "loop_allocation_limit", NUMBER, AT(loop_allocation_limit),
     1000000, NULL},
    {"thresholds", "frame_survival_frames", NUMBER, AT(survival_frames),
     1000000, NULL},
    {"thresholds", "promotion_churn_rate", REAL, AT(promotion_churn), 0, NULL},
    {"limits", "steps", NUMBER, AT(steps), 0x7fffffff, NULL},
    {"limits", "frame_lag", NUMBER, AT(frame_lag), 7, NULL},
};
enum { KEYS = sizeof(keys) / sizeof(keys[0]) };

static bool
refuse(const struct reader *reader, const struct toml *at, const char *text)
{
    fprintf(stderr, "%s:%u:%u: %s\n", reader->file, at->line, at->column, text);
    return false;
}

static bool
has_type(const struct reader *reader, const struct toml *value,
         enum toml_type type)
{
    if (value->type == type)
        return true;
    return refuse(reader, value,
                  text_format("\"%s\" must be %s",
                              value->key == NULL ? "it" : value->key,
                              toml_type_name(type)));
}

/* FA606 = "deny", also by category. */
static bool
take_level(struct reader *reader, const struct toml *value)
{
    struct level_change change = {0};
    if (!settings_parse_subject(value->key, &change))
        return refuse(
            reader, value,
            text_format("there is no code or category \"%s\"", value->key));
    if (!has_type(reader, value, TOML_STRING))
        return false;
    if (!check_level_parse(value->string, &change.level))
        return refuse(reader, value,
                      text_format("\"%s\" is not off, hint, warning or error, "
                                  "nor allow, warn or deny",
                                  value->string));
    text_push(&reader->settings->file, change);
    return true;
}

static bool
add_role(struct reader *reader, const struct toml *value, const char *roles)
{
    const char *why = NULL;
    struct check_role_line line = {value->key, roles};
    if (!check_roles_valid(roles, &why))
        return refuse(reader, value, text_format("%s: %s", value->key, why));
    text_push(&reader->settings->roles, line);
    return true;
}

static bool
take_role(struct reader *reader, const struct toml *value)
{
    return has_type(reader, value, TOML_STRING) &&
           add_role(reader, value, value->string);
}

static bool
take_renamed(struct reader *reader, const struct toml *value)
{
    return has_type(reader, value, TOML_STRING) &&
           add_role(reader, value, text_format("renamed(%s)", value->string));
}

static bool
add_module(struct reader *reader, const struct toml *module,
           const struct toml *tag)
{
    struct check_module_tag pair = {module->key, tag->string};
    if (!has_type(reader, tag, TOML_STRING))
        return false;
    text_push(&reader->settings->module_tags, pair);
    return true;
}

/* "src/physics" = "physics", or a list of tags. */
static bool
take_module(struct reader *reader, const struct toml *value)
{
    if (value->type == TOML_STRING)
        return add_module(reader, value, value);
    if (!has_type(reader, value, TOML_ARRAY))
        return false;
    for (const struct toml *tag = value->first; tag != NULL; tag = tag->next)
        if (!add_module(reader, value, tag))
            return false;
    return true;
}

static bool
take_list(struct reader *reader, const struct key *key,
          const struct toml *value, text_list *list)
{
    if (!has_type(reader, value, TOML_ARRAY))
        return false;
    for (const struct toml *item = value->first; item != NULL;
         item = item->next) {
        if (!has_type(reader, item, TOML_STRING))
            return false;
        if (key->offset == AT(skip) && check_code_parse(item->string) == NULL)
            return refuse(reader, item,
                          text_format("there is no code \"%s\"", item->string));
        text_push(list, item->string);
    }
    return true;
}

/* Relative to the file, but for the word none. */
static const char *
path_beside(const struct reader *reader, const char *path)
{
    const char *folder =
        path_parent(path_absolute(path_folder(), reader->file));
    return strcmp(path, "none") == 0 ? path : path_absolute(folder, path);
}

static bool
take_number(struct reader *reader, const struct key *key,
            const struct toml *value, unsigned *place)
{
    if (!has_type(reader, value, TOML_INTEGER))
        return false;
    if (value->integer < 0 || value->integer > key->most)
        return refuse(
            reader, value,
            text_format("\"%s\" must be from 0 to %u", key->name, key->most));
    *place = (unsigned)value->integer;
    if (key->offset == AT(frame_lag))
        reader->settings->has_frame_lag = true;
    return true;
}

static bool
take_severity(struct reader *reader, const struct toml *value,
              enum check_level *place)
{
    if (!has_type(reader, value, TOML_STRING))
        return false;
    if (check_level_parse(value->string, place) && *place != CHECK_OFF)
        return true;
    return refuse(
        reader, value,
        text_format("\"%s\" is not hint, warning or error", value->string));
}

static bool
take_real(struct reader *reader, const struct toml *value, double *place)
{
    if (value->type != TOML_INTEGER && !has_type(reader, value, TOML_FLOAT))
        return false;
    *place = value->number;
    return true;
}

static bool take_table(struct reader *reader, const struct toml *table,
                       const char *section);

static bool
take_members(struct reader *reader, const struct key *key,
             const struct toml *table)
{
    if (!has_type(reader, table, TOML_TABLE))
        return false;
    if (key->take == NULL)
        return take_table(reader, table, key->name);
    for (const struct toml *value = table->first; value != NULL;
         value = value->next)
        if (!key->take(reader, value))
            return false;
    return true;
}

static bool
take_value(struct reader *reader, const struct key *key,
           const struct toml *value)
{
    void *place = (char *)reader->settings + key->offset;
    switch (key->kind) {
    case TEXT:
    case PATH:
        if (!has_type(reader, value, TOML_STRING))
            return false;
        *(const char **)place = key->kind == TEXT
                                    ? value->string
                                    : path_beside(reader, value->string);
        return true;
    case LIST:
        return take_list(reader, key, value, place);
    case FLAG:
        if (!has_type(reader, value, TOML_BOOL))
            return false;
        *(bool *)place = value->integer != 0;
        return true;
    case NUMBER:
        return take_number(reader, key, value, place);
    case REAL:
        return take_real(reader, value, place);
    case SEVERITY:
        return take_severity(reader, value, place);
    case TABLE:
        return take_members(reader, key, value);
    }
    return false;
}

static bool
refuse_key(const struct reader *reader, const struct toml *value,
           const char *section)
{
    const char *names[KEYS + 1] = {"extends"};
    size_t count = section[0] == '\0';
    for (size_t i = 0; i < KEYS; i++)
        if (strcmp(keys[i].section, section) == 0)
            names[count++] = keys[i].name;
    const char *near = text_nearest(value->key, names, count);
    fa_string out = TEXT_STRING_INIT;
    fa_string_printf(&out, "there is no key \"%s\"", value->key);
    if (section[0] != '\0')
        fa_string_printf(&out, " in [%s]", section);
    if (near != NULL)
        fa_string_printf(&out, "; did you mean \"%s\"?", near);
    return refuse(reader, value, text_of(&out));
}

static bool
take_table(struct reader *reader, const struct toml *table, const char *section)
{
    for (const struct toml *value = table->first; value != NULL;
         value = value->next) {
        struct level_change change;
        const struct key *key = keys;
        while (key < keys + KEYS && (strcmp(key->section, section) != 0 ||
                                     strcmp(key->name, value->key) != 0))
            key++;
        if (key < keys + KEYS) {
            if (!take_value(reader, key, value))
                return false;
        } else if (strcmp(section, "lints") == 0 &&
                   settings_parse_subject(value->key, &change)) {
            if (!take_level(reader, value))
                return false;
        } else if (section[0] != '\0' || strcmp(value->key, "extends") != 0) {
            return refuse_key(reader, value, section);
        }
    }
    return true;
}

static bool read_file(struct reader *reader, const struct toml *at);

/* Files that this one is based on come first, so that it has the last word. */
static bool
extend(struct reader *reader, const struct toml *value)
{
    struct reader base = {reader->settings, NULL, reader->depth + 1};
    if (value->type == TOML_ARRAY) {
        for (value = value->first; value != NULL; value = value->next)
            if (!extend(reader, value))
                return false;
        return true;
    }
    if (!has_type(reader, value, TOML_STRING))
        return false;
    if (base.depth > EXTENDS_MAX)
        return refuse(reader, value, "files extend each other too deeply");
    base.file =
        path_relative(path_folder(), path_beside(reader, value->string));
    size_t size;
    if (text_read_file(base.file, &size) == NULL)
        return refuse(reader, value,
                      text_format("%s: %s", base.file, strerror(errno)));
    return read_file(&base, value);
}

static bool
parse_with(struct reader *reader, const char *text, size_t size)
{
    struct toml_error error = {0};
    const struct toml *root = toml_parse(text, size, &error);
    if (root == NULL) {
        fprintf(stderr, "%s:%u:%u: %s\n", reader->file, error.line,
                error.column, error.text);
        return false;
    }
    const struct toml *bases = toml_find(root, "extends");
    return (bases == NULL || extend(reader, bases)) &&
           take_table(reader, root, "");
}

static bool
read_file(struct reader *reader, const struct toml *at)
{
    size_t size;
    const char *text = text_read_file(reader->file, &size);
    if (text != NULL)
        return parse_with(reader, text, size);
    (void)at;
    fprintf(stderr, "framealloc check: %s: %s\n", reader->file,
            strerror(errno));
    return false;
}

bool
config_parse(struct settings *settings, const char *file, const char *text,
             size_t size)
{
    struct reader reader = {settings, file, 0};
    return parse_with(&reader, text, size);
}

/* NULL: no folder from here up has one. */
static const char *
find_file(void)
{
    const char *folder = path_folder();
    for (;;) {
        const char *file = path_join(folder, ".fa.toml");
        if (access(file, F_OK) == 0)
            return file;
        if (strcmp(folder, "/") == 0)
            return NULL;
        folder = path_parent(folder);
    }
}

/* The command line's word stays; lists are one behind the other. */
static void
merge(struct settings *line, const struct settings *file)
{
#define KEEP(member)   \
    if (!line->member) \
    line->member = file->member
    KEEP(min_severity);
    KEEP(fail_on);
    KEEP(deny_warnings);
    KEEP(build);
    KEEP(baseline);
    KEEP(cache);
    KEEP(libclang);
    KEEP(jobs);
    KEEP(steps);
#undef KEEP
    if (!line->has_frame_lag)
        line->frame_lag = file->frame_lag;
    for (size_t i = 0; i < file->exclude.count; i++)
        text_push(&line->exclude, file->exclude.items[i]);
    for (size_t i = 0; i < file->skip.count; i++)
        text_push(&line->skip, file->skip.items[i]);
    line->file = file->file;
    line->roles = file->roles;
    line->known_tags = file->known_tags;
    line->module_tags = file->module_tags;
    line->require_reason = file->require_reason;
    line->warn_unknown_tags = file->warn_unknown_tags;
    line->loop_allocation_limit = file->loop_allocation_limit;
    line->survival_frames = file->survival_frames;
    line->promotion_churn = file->promotion_churn;
}

bool
config_load(struct settings *settings)
{
    struct settings from_file;
    const char *file = settings->config;
    if (settings->no_config)
        return true;
    if (file == NULL)
        file = find_file();
    if (file == NULL)
        return true;
    struct reader reader = {&from_file, path_relative(path_folder(), file), 0};
    settings_init(&from_file);
    if (!read_file(&reader, NULL))
        return false;
    merge(settings, &from_file);
    settings->root = path_parent(path_absolute(path_folder(), file));
    return true;
}
