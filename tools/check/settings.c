/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The level of each code: that of the registry, changed by .fa.toml, then by
 * the command line. What is not asked for is off; status never is.
 */
#include "check/settings.h"

#include "check/path.h"
#include "check/profile.h"

#include <string.h>

void
settings_init(struct settings *settings)
{
    memset(settings, 0, sizeof(*settings));
    settings->files = (text_list)TEXT_VEC_INIT;
    settings->exclude = settings->files;
    settings->only = settings->files;
    settings->skip = settings->files;
    settings->known_tags = settings->files;
    settings->file.base = settings->files.base;
    settings->line.base = settings->files.base;
    settings->roles.base = settings->files.base;
    settings->module_tags.base = settings->files.base;
    settings->outputs.base = settings->files.base;
    settings->loop_allocation_limit = 100;
    settings->survival_frames = 60;
    settings->promotion_churn = 0.5;
    settings->root = path_folder();
}

bool
settings_parse_subject(const char *text, struct level_change *out)
{
    out->code = check_code_parse(text);
    if (out->code != NULL)
        return true;
    for (int i = CHECK_STATUS + 1; i < CHECK_CATEGORIES; i++)
        if (strcmp(text, check_category_name((enum check_category)i)) == 0) {
            out->category = (enum check_category)i;
            return true;
        }
    return false;
}

static bool
is_listed(const text_list *list, const struct check_code *code)
{
    for (size_t i = 0; i < list->count; i++)
        if (check_code_parse(list->items[i]) == code)
            return true;
    return false;
}

static enum check_level
apply(const level_changes *changes, const struct check_code *code,
      enum check_level level)
{
    for (size_t i = 0; i < changes->count; i++) {
        const struct level_change *change = &changes->items[i];
        if (change->code == code ||
            (change->code == NULL && change->category == code->category))
            level = change->level;
    }
    return level;
}

static bool
is_selected(const struct settings *settings, const struct check_code *code)
{
    if (is_listed(&settings->skip, code))
        return false;
    if (settings->only.count > 0)
        return is_listed(&settings->only, code);
    return settings->categories == 0 ||
           (settings->categories >> code->category & 1) != 0;
}

/* A code that is asked for by its number speaks, even if it is off by
 * default. */
enum check_level
settings_level(const struct settings *settings, const struct check_code *code)
{
    enum check_level level = code->level;
    if (profile_cost(&settings->cost, code->number) != NULL)
        level = CHECK_WARNING;
    if (code->number == 802 && settings->warn_unknown_tags)
        level = CHECK_WARNING;
    level = apply(&settings->file, code, level);
    level = apply(&settings->line, code, level);
    if (level == CHECK_OFF && is_listed(&settings->only, code))
        level = CHECK_WARNING;
    if (level == CHECK_WARNING && settings->deny_warnings)
        level = CHECK_ERROR;
    if (code->category == CHECK_STATUS || is_selected(settings, code))
        return level;
    return CHECK_OFF;
}

const char *
settings_baseline(const struct settings *settings)
{
    if (settings->baseline != NULL && settings->baseline[0] != '\0')
        return settings->baseline;
    return path_join(settings->root, ".fa-baseline.json");
}
