/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * What the command line and .fa.toml ask for, in one structure. The command
 * line comes first; the file fills what it left open, and its levels are
 * applied before those of the command line.
 */
#ifndef CHECK_SETTINGS_H
#define CHECK_SETTINGS_H

#include "check/engine.h"
#include "check/text.h"

struct check_writer;

/* A code, or a category when code is NULL, gets a level. */
struct level_change {
    const struct check_code *code;
    enum check_category category;
    enum check_level level;
};
typedef TEXT_VEC(struct level_change) level_changes;

struct check_output {
    const struct check_writer *writer;
    const char *file; /* NULL: standard output */
};

enum check_fix_mode { FIX_NONE, FIX_EDIT, FIX_SUPPRESS };
enum check_color { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

/* What a profile shows to be costly, by code; NULL: it does not. */
struct check_profile {
    const char *hot_loops;     /* FA602 */
    const char *no_bound;      /* FA301 */
    const char *no_budget;     /* FA203 */
    const char *much_promoted; /* FA620 */
};

struct settings {
    /* What is analysed. */
    const char *build; /* a folder or a database; NULL: looked for */
    text_list files;
    char **command; /* behind "--"; NULL: none */
    text_list exclude;

    /* What is reported. */
    unsigned categories;           /* bits; 0: all */
    level_changes file;            /* of .fa.toml */
    level_changes line;            /* of the command line */
    text_list only, skip;          /* codes */
    enum check_level min_severity; /* CHECK_OFF: not set */
    enum check_level fail_on;      /* CHECK_OFF: not set */
    bool deny_warnings;
    bool require_reason;
    const char *baseline;      /* a file; "": the usual one; NULL: none */
    const char *profile;       /* a file */
    struct check_profile cost; /* what it shows */

    /* How. */
    const char *config; /* NULL: looked for */
    bool no_config;
    const char *libclang;
    const char *cache; /* "none": none */
    unsigned jobs, steps, frame_lag;
    bool has_frame_lag;
    TEXT_VEC(struct check_role_line) roles;
    text_list known_tags;
    TEXT_VEC(struct check_module_tag) module_tags;
    bool warn_unknown_tags;
    unsigned loop_allocation_limit;
    unsigned survival_frames;
    double promotion_churn;

    /* What comes out. */
    TEXT_VEC(struct check_output) outputs;
    enum check_fix_mode fix;
    bool is_dry_run;
    bool is_show; /* the subcommand show */
    bool is_chatty;
    enum check_color color;

    /* The subcommand baseline. */
    bool is_update, is_accepting;

    bool wants_help, wants_version;
    const char *root; /* the folder of .fa.toml, or the current one */
};

void settings_init(struct settings *settings);
/* What a code's level is in the end. */
enum check_level settings_level(const struct settings *settings,
                                const struct check_code *code);
/* A code or the name of a category; false: it is neither. */
bool settings_parse_subject(const char *text, struct level_change *out);
const char *settings_baseline(const struct settings *settings);

#endif
