/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc snapshot: the command line, and the files.
 *
 * Each file is checked before anything is done with it, so that what shows and
 * compares need not.
 */
#include "snapshot.h"

#include "snapshot_main.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TROUBLE 2

static const char help_text[] =
    "Usage: framealloc snapshot show FILE...\n"
    "       framealloc snapshot diff BEFORE AFTER\n"
    "       framealloc snapshot validate FILE...\n"
    "\n"
    "  show       print snapshots as tables\n"
    "  diff       print what has changed; the exit status is 1 if anything "
    "has\n"
    "  validate   check snapshots against version 1 of the format; the exit\n"
    "             status is 1 if one is invalid\n"
    "\n"
    "A program writes snapshots after fa_snapshot_set(); see fa_snapshot(3).\n";

/* NULL, with a message, when it cannot be read or is invalid. */
static json_t *
load(const char *file)
{
    json_error_t error;
    json_t *root = json_load_file(file, JSON_REJECT_DUPLICATES, &error);
    if (root == NULL) {
        if (error.line > 0)
            fprintf(stderr, "%s:%d:%d: %s\n", file, error.line, error.column,
                    error.text);
        else
            fprintf(stderr, "framealloc snapshot: %s\n", error.text);
        return NULL;
    }
    if (snapshot_is_valid(file, root))
        return root;
    json_decref(root);
    return NULL;
}

static int
show_files(int count, char **files)
{
    int status = EXIT_SUCCESS;
    for (int i = 0; i < count; i++) {
        json_t *root = load(files[i]);
        if (root == NULL) {
            status = TROUBLE;
            continue;
        }
        snapshot_show(files[i], root);
        json_decref(root);
    }
    return status;
}

static int
validate_files(int count, char **files)
{
    int status = EXIT_SUCCESS;
    for (int i = 0; i < count; i++) {
        json_t *root = load(files[i]);
        if (root == NULL)
            status = EXIT_FAILURE;
        else
            printf("%s: valid\n", files[i]);
        json_decref(root);
    }
    return status;
}

static int
diff_files(char **files)
{
    int status = TROUBLE;
    json_t *before = load(files[0]), *after = load(files[1]);
    if (before != NULL && after != NULL)
        status = snapshot_diff(before, after) ? EXIT_FAILURE : EXIT_SUCCESS;
    json_decref(before);
    json_decref(after);
    return status;
}

static int
refuse(const char *why, const char *what)
{
    fprintf(stderr,
            "framealloc snapshot: %s%s. Try framealloc snapshot --help.\n", why,
            what);
    return TROUBLE;
}

static int
run(int count, char **argv)
{
    const char *verb = count > 0 ? argv[0] : NULL;
    if (verb == NULL)
        return refuse("show, diff or validate is missing", "");
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return fputs(help_text, stdout) < 0 ? TROUBLE : EXIT_SUCCESS;
    bool is_diff = strcmp(verb, "diff") == 0;
    if (!is_diff && strcmp(verb, "show") != 0 && strcmp(verb, "validate") != 0)
        return refuse("there is no ", verb);
    if (is_diff && count != 3)
        return refuse("diff takes two files", "");
    if (count < 2)
        return refuse("no file is given", "");
    if (is_diff)
        return diff_files(argv + 1);
    return verb[0] == 's' ? show_files(count - 1, argv + 1)
                          : validate_files(count - 1, argv + 1);
}

int
snapshot_main(int argc, char **argv)
{
    int status = run(argc - 1, argv + 1);
    return fflush(stdout) != 0 || ferror(stdout) ? TROUBLE : status;
}
