/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc check, from the command line to the exit status.
 */
#include "check/check.h"

#include "check/baseline.h"
#include "check/commands.h"
#include "check/config.h"
#include "check/fix.h"
#include "check/options.h"
#include "check/path.h"
#include "check/profile.h"
#include "check/suppress.h"
#include "check/write.h"

#include <framealloc/version.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char database_name[] = "compile_commands.json";

static bool
is_folder(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

/* NULL: there is none in the usual places. */
static const char *
find_database(const struct settings *settings)
{
    static const char *const folders[] = {".", "build", "_build", "builddir"};
    if (settings->build != NULL)
        return is_folder(settings->build)
                   ? path_join(settings->build, database_name)
                   : settings->build;
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
        const char *folder = path_absolute(settings->root, folders[i]);
        const char *file = path_join(folder, database_name);
        if (access(file, F_OK) == 0)
            return path_relative(path_folder(), file);
    }
    return NULL;
}

static bool
are_readable(const text_list *files)
{
    for (size_t i = 0; i < files->count; i++) {
        int error = access(files->items[i], R_OK) != 0 ? errno
                    : is_folder(files->items[i])       ? EISDIR
                                                       : 0;
        if (error == 0)
            continue;
        fprintf(stderr, "framealloc check: %s: %s\n", files->items[i],
                strerror(error));
        return false;
    }
    return true;
}

static bool
read_units(const struct settings *settings, struct database *database)
{
    const text_list *files = &settings->files;
    if (settings->command != NULL && files->count > 0)
        return are_readable(files) &&
               database_from_files(database, files->items, files->count,
                                   settings->command);
    if (settings->command != NULL)
        return database_from_command(database, settings->command);
    const char *file = find_database(settings);
    if (file == NULL) {
        fprintf(stderr,
                "framealloc check: there is no %s here; name its folder with "
                "-p, or give the compiler's flags behind \"--\"\n",
                database_name);
        return false;
    }
    return database_read(database, file) &&
           (files->count == 0 ||
            database_restrict(database, files->items, files->count));
}

/* "" when there is no place for one. */
static const char *
cache_folder(const struct settings *settings)
{
    if (settings->cache != NULL)
        return strcmp(settings->cache, "none") == 0 ? "" : settings->cache;
    const char *base = getenv("XDG_CACHE_HOME");
    if (base != NULL && base[0] == '/')
        return path_join(base, "framealloc/check");
    const char *home = getenv("HOME");
    return home != NULL && home[0] == '/'
               ? path_join(home, ".cache/framealloc/check")
               : "";
}

static unsigned
job_count(const struct settings *settings)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return settings->jobs > 0 ? settings->jobs : n > 0 ? (unsigned)n : 1;
}

int
check_analyse_units(const struct settings *settings,
                    const struct database *database,
                    struct check_results *results)
{
    const char *cache = cache_folder(settings);
    struct check_request request = {.units = database->units,
                                    .unit_count = database->count,
                                    .roles = settings->roles.items,
                                    .role_count = settings->roles.count,
                                    .libclang = settings->libclang,
                                    .cache = cache[0] != '\0' ? cache : NULL,
                                    .jobs = job_count(settings),
                                    .steps = settings->steps,
                                    .frame_lag = settings->frame_lag,
                                    .is_chatty = settings->is_chatty ||
                                                 isatty(STDERR_FILENO),
                                    .root = settings->root};
    request.known_tags = settings->known_tags.items;
    request.known_tag_count = settings->known_tags.count;
    request.module_tags = settings->module_tags.items;
    request.module_tag_count = settings->module_tags.count;
    memset(results, 0, sizeof(*results));
    return check_analyse(&request, results);
}

int
check_read_units(const struct settings *settings, struct database *database)
{
    if (!read_units(settings, database))
        return 2;
    database_exclude(database, settings->exclude.items, settings->exclude.count,
                     settings->root);
    if (database->count > 0)
        return 0;
    fputs("framealloc check: nothing to analyse: there are no files of C or "
          "C++\n",
          stderr);
    return 3;
}

static bool
wants_color(const struct settings *settings)
{
    const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");
    if (settings->color != COLOR_AUTO)
        return settings->color == COLOR_ALWAYS;
    return isatty(STDOUT_FILENO) && (no_color == NULL || *no_color == '\0') &&
           term != NULL && strcmp(term, "dumb") != 0;
}

static bool
has_standard_output(const struct settings *settings)
{
    for (size_t i = 0; i < settings->outputs.count; i++)
        if (settings->outputs.items[i].file == NULL)
            return true;
    return false;
}

/* Formats for programs have the sums on standard error, too. */
static bool
write_all(struct report *report, struct settings *settings)
{
    bool is_told = false;
    report->is_colored = wants_color(settings);
    if (!has_standard_output(settings)) {
        struct check_output text = {check_writer_find("text"), NULL};
        text_push(&settings->outputs, text);
    }
    for (size_t i = 0; i < settings->outputs.count; i++) {
        const struct check_output *output = &settings->outputs.items[i];
        if (!check_write(report, output))
            return false;
        is_told |= output->file == NULL && output->writer->has_summary;
    }
    if (!is_told)
        fputs(report_summary(report), stderr);
    return true;
}

/* A dry run prints the diff in place of the report; show behind it. */
static bool
finish(struct report *report, struct settings *settings)
{
    fixes_vec fixes = TEXT_VEC_INIT;
    bool is_diff = settings->fix != FIX_NONE && settings->is_dry_run;
    if (settings->fix != FIX_NONE)
        fix_collect(report, settings->fix, &fixes);
    if (is_diff && !settings->is_show) {
        fix_print(report, &fixes, stdout);
        fputs(report_summary(report), stderr);
        return fflush(stdout) == 0;
    }
    if (!write_all(report, settings))
        return false;
    if (is_diff)
        fix_print(report, &fixes, stdout);
    else if (settings->fix != FIX_NONE)
        return fix_apply(&fixes);
    return fflush(stdout) == 0;
}

static void
tell_nothing(const struct check_results *results)
{
    if (results->functions == 0)
        fputs("framealloc check: nothing was analysed: no unit has a function "
              "with a body\n",
              stderr);
    else if (results->relevant == 0)
        fputs("framealloc check: no function uses framealloc, or one of "
              "[roles]\n",
              stderr);
}

static int
check_with(struct settings *settings)
{
    struct database database;
    struct check_results results;
    struct report report;
    int status = check_read_units(settings, &database);
    if (status != 0)
        return status;
    status = check_analyse_units(settings, &database, &results);
    if (status != 0)
        return status;
    status = check_report(&report, settings, &database, &results);
    if (status == 0 && !finish(&report, settings))
        status = 2;
    if (status == 0) {
        tell_nothing(&results);
        status = report_status(&report);
    }
    check_results_free(&results);
    return status;
}

/* Files of units that were analysed. */
static text_list
unit_files(const struct database *database)
{
    text_list files = TEXT_VEC_INIT;
    for (size_t i = 0; i < database->count; i++)
        if (i == 0 ||
            strcmp(database->units[i].file, database->units[i - 1].file) != 0)
            text_push(&files, database->units[i].file);
    return files;
}

int
check_report(struct report *report, const struct settings *settings,
             const struct database *database,
             const struct check_results *results)
{
    text_list files = unit_files(database);
    report_collect(report, settings, results);
    suppress_apply(report, settings, &files);
    baseline_fingerprint(report);
    if (settings->baseline != NULL &&
        !baseline_apply(report, settings_baseline(settings),
                        settings->files.count == 0))
        return 2;
    report_finish(report, settings);
    return 0;
}

int
check_settings(int argc, char **argv, struct settings *settings)
{
    settings_init(settings);
    if (!options_parse(argc, argv, settings))
        return 2;
    if (settings->wants_help)
        options_print_help();
    else if (settings->wants_version)
        printf("framealloc check %s\n", FA_VERSION);
    else
        return config_load(settings) &&
                       (settings->profile == NULL || profile_read(settings))
                   ? -1
                   : 2;
    return fflush(stdout) == 0 ? 0 : 4;
}

int
check_main(int argc, char **argv)
{
    struct settings settings;
    int status = check_settings(argc, argv, &settings);
    return status >= 0 ? status : check_with(&settings);
}

int
show_main(int argc, char **argv)
{
    struct settings settings;
    int status = check_settings(argc, argv, &settings);
    if (status >= 0)
        return status;
    if (settings.files.count == 0 && settings.command == NULL) {
        fputs("Usage: framealloc show FILE [OPTION]...\n", stderr);
        return 2;
    }
    settings.fix = FIX_EDIT;
    settings.is_dry_run = settings.is_show = true;
    return check_with(&settings);
}
