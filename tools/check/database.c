/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The list of units.
 *
 * Build systems compile a file several times, for instance with and without
 * -fPIC. Of units that do not differ but in options that are left out, only
 * the first stays.
 */
#include "check/database.h"

#include "check/command.h"
#include "check/path.h"
#include "check/text.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

typedef TEXT_VEC(struct check_unit) units_vec;

bool
database_is_source(const char *file)
{
    static const char *const ends[] = {".c",   ".cc", ".cpp", ".cxx",
                                       ".c++", ".C",  ".cp",  ".i",
                                       ".ii",  ".m",  ".mm"};
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
        if (text_ends(file, ends[i]))
            return true;
    return false;
}

static bool
is_same(const struct check_unit *a, const struct check_unit *b)
{
    if (strcmp(a->file, b->file) != 0 ||
        strcmp(a->directory, b->directory) != 0)
        return false;
    size_t i = 0;
    while (a->args[i] != NULL && b->args[i] != NULL &&
           strcmp(a->args[i], b->args[i]) == 0)
        i++;
    return a->args[i] == NULL && b->args[i] == NULL;
}

static int
compare_units(const void *a, const void *b)
{
    const struct check_unit *const *one = a, *const *two = b;
    int by_file = strcmp((*one)->file, (*two)->file);
    return by_file != 0 ? by_file : *one < *two ? -1 : *one > *two;
}

/* Looks for equals among units of one file, not among all pairs. */
static void
finish(const units_vec *all, struct database *database)
{
    struct check_unit **sorted = text_alloc(all->count, sizeof(*sorted));
    units_vec kept = TEXT_VEC_INIT;
    for (size_t i = 0; i < all->count; i++)
        sorted[i] = &all->items[i];
    qsort(sorted, all->count, sizeof(*sorted), compare_units);
    size_t first = 0;
    for (size_t i = 0; i < all->count; i++) {
        if (kept.count > first &&
            strcmp(kept.items[first].file, sorted[i]->file) != 0)
            first = kept.count;
        size_t k = first;
        while (k < kept.count && !is_same(&kept.items[k], sorted[i]))
            k++;
        if (k == kept.count)
            text_push(&kept, *sorted[i]);
    }
    database->units = kept.items;
    database->count = kept.count;
}

static void
add_unit(units_vec *units, const char *file, const char *directory,
         const struct command_words *words)
{
    struct command_words args;
    command_clean(words->items, words->count, file, directory, &args);
    struct check_unit unit = {file, directory, args.items};
    text_push(units, unit);
}

static bool
read_words(const json_t *entry, struct command_words *out)
{
    const json_t *list = json_object_get(entry, "arguments");
    const char *command = json_string_value(json_object_get(entry, "command"));
    if (!json_is_array(list)) {
        if (command != NULL)
            command_split(command, out);
        return command != NULL;
    }
    text_list words = TEXT_VEC_INIT;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *word = json_string_value(json_array_get(list, i));
        if (word == NULL)
            return false;
        text_push(&words, text_copy(word));
    }
    out->items = words.items;
    out->count = words.count;
    return true;
}

/* NULL, or what is wrong with the entry. */
static const char *
add_entry(struct database *database, units_vec *units, const json_t *entry,
          const char *folder)
{
    if (!json_is_object(entry))
        return "is not an object";
    const char *file = json_string_value(json_object_get(entry, "file"));
    const char *directory =
        json_string_value(json_object_get(entry, "directory"));
    struct command_words words;
    if (file == NULL || file[0] == '\0')
        return "has no \"file\"";
    if (directory == NULL)
        return "has no \"directory\"";
    if (!read_words(entry, &words))
        return "has neither \"arguments\" nor \"command\"";
    directory = path_absolute(folder, directory);
    if (!database_is_source(file)) {
        database->left_out++;
        return NULL;
    }
    add_unit(units, path_absolute(directory, file), directory, &words);
    return NULL;
}

static bool
read_entries(struct database *database, const char *file, const json_t *root)
{
    units_vec units = TEXT_VEC_INIT;
    const char *folder = path_parent(path_absolute(path_folder(), file));
    for (size_t i = 0; i < json_array_size(root); i++) {
        const char *why =
            add_entry(database, &units, json_array_get(root, i), folder);
        if (why == NULL)
            continue;
        fprintf(stderr, "framealloc check: %s: entry %zu %s\n", file, i + 1,
                why);
        return false;
    }
    finish(&units, database);
    return true;
}

bool
database_parse(struct database *database, const char *file, const char *text,
               size_t size)
{
    json_error_t error;
    json_t *root = json_loadb(text, size, 0, &error);
    *database = (struct database){0};
    if (root == NULL) {
        fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column,
                error.text);
        return false;
    }
    bool is_read = json_is_array(root);
    if (is_read)
        is_read = read_entries(database, file, root);
    else
        fprintf(stderr, "framealloc check: %s: is not a list of commands\n",
                file);
    json_decref(root);
    return is_read;
}

bool
database_read(struct database *database, const char *file)
{
    size_t size;
    const char *text = text_read_file(file, &size);
    if (text != NULL)
        return database_parse(database, file, text, size);
    fprintf(stderr, "framealloc check: %s: %s\n", file, strerror(errno));
    return false;
}

bool
database_from_files(struct database *database, const char *const *files,
                    size_t count, char *const *flags)
{
    units_vec units = TEXT_VEC_INIT;
    text_list words = TEXT_VEC_INIT;
    text_push(&words, "cc");
    for (; *flags != NULL; flags++)
        text_push(&words, *flags);
    struct command_words command = {words.items, words.count};
    *database = (struct database){0};
    for (size_t i = 0; i < count; i++)
        add_unit(&units, path_absolute(path_folder(), files[i]), path_folder(),
                 &command);
    finish(&units, database);
    return true;
}

/* The sources stay in the command of each other; they must not. */
bool
database_from_command(struct database *database, char *const *words)
{
    text_list files = TEXT_VEC_INIT, rest = TEXT_VEC_INIT;
    units_vec units = TEXT_VEC_INIT;
    for (; *words != NULL; words++) {
        if ((*words)[0] != '-' && rest.count > 0 && database_is_source(*words))
            text_push(&files, *words);
        else
            text_push(&rest, *words);
    }
    struct command_words command = {rest.items, rest.count};
    *database = (struct database){0};
    for (size_t i = 0; i < files.count; i++)
        add_unit(&units, path_absolute(path_folder(), files.items[i]),
                 path_folder(), &command);
    finish(&units, database);
    return true;
}

static bool
is_meant(const struct check_unit *unit, const char *name)
{
    if (path_is_pattern(name))
        return path_matches(name, path_relative(path_folder(), unit->file));
    const char *path = path_absolute(path_folder(), name);
    size_t size = strlen(path);
    return strncmp(unit->file, path, size) == 0 &&
           (unit->file[size] == '\0' || unit->file[size] == '/' ||
            strcmp(path, "/") == 0);
}

bool
database_restrict(struct database *database, const char *const *names,
                  size_t count)
{
    size_t kept = 0;
    bool *is_used = text_alloc(count, sizeof(*is_used));
    for (size_t i = 0; i < database->count; i++) {
        bool is_kept = false;
        for (size_t k = 0; k < count; k++)
            if (is_meant(&database->units[i], names[k]))
                is_kept = is_used[k] = true;
        if (is_kept)
            database->units[kept++] = database->units[i];
    }
    database->count = kept;
    for (size_t k = 0; k < count; k++)
        if (!is_used[k]) {
            fprintf(stderr,
                    "framealloc check: %s: the compilation database has no "
                    "command for it\n",
                    names[k]);
            return false;
        }
    return true;
}

void
database_exclude(struct database *database, const char *const *patterns,
                 size_t count, const char *root)
{
    size_t kept = 0;
    for (size_t i = 0; i < database->count; i++) {
        size_t k = 0;
        const char *path = path_relative(root, database->units[i].file);
        while (k < count && !path_matches(patterns[k], path))
            k++;
        if (k == count)
            database->units[kept++] = database->units[i];
    }
    database->count = kept;
}
