/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The program `framealloc`: finds the subcommand and hands over to it.
 */
#include "doctor.h"
#include "replay.h"
#include "snapshot_main.h"

#include <framealloc/framealloc.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char help_text[] =
    "Usage: framealloc COMMAND [OPTION]...\n"
    "\n"
    "  replay TRACE   replay a recorded game's frames on libframealloc and on\n"
    "                 malloc, and compare\n"
    "  gpu-demo       stream vertices through a Vulkan device, and compare\n"
    "  physics-demo   step 1,000 bodies with events in frame memory, and "
    "compare\n"
    "  doctor         look at library, system and environment, and tell what "
    "to do\n"
    "  snapshot       show, compare and check snapshots of a program's memory\n"
    "\n"
    "  check          find mistakes with memory before the program runs\n"
    "  explain CODE   tell what a finding means, with examples\n"
    "  list           list what check can find\n"
    "  show FILE      check one file, and show what can be fixed\n"
    "  init           write a commented .fa.toml\n"
    "  baseline       accept the findings of today\n"
    "\n"
    "  --help         print this text; framealloc COMMAND --help tells more\n"
    "  --version      print the version of the library\n";

static int
print_text(const char *text)
{
    return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE
                                                          : EXIT_SUCCESS;
}

static int
print_version(void)
{
    printf("framealloc %s\n", fa_version_string());
    return fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int
refuse(const char *command)
{
    if (command == NULL)
        fprintf(stderr, "framealloc: no command is given. ");
    else
        fprintf(stderr, "framealloc: there is no command \"%s\". ", command);
    fprintf(stderr, "Try framealloc replay TRACE, or framealloc --help.\n");
    return 2;
}

/* Becomes the program of that name: the one beside this program in a build
 * tree, or the installed one. */
static int
become(const char *name, char **argv, const char *why_not)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 128);
    char *slash = length > 0 ? memrchr(path, '/', (size_t)length) : NULL;
    if (slash != NULL) {
        sprintf(slash + 1, "%.100s", name);
        execv(path, argv);
    }
    snprintf(path, sizeof(path), "%s/%s", FA_LIBEXEC_DIR, name);
    execv(path, argv);
    fprintf(stderr, "framealloc: %s: %s. This build may be without %s.\n", path,
            strerror(errno), why_not);
    return EXIT_FAILURE;
}

/* The subcommands of framealloc-check. */
static bool
is_of_check(const char *command)
{
    static const char *const names[] = {"check", "explain", "list",
                                        "show",  "init",    "baseline"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(command, names[i]) == 0)
            return true;
    return false;
}

int
main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : NULL;

    if (command == NULL)
        return refuse(NULL);
    if (strcmp(command, "--help") == 0 || strcmp(command, "-h") == 0)
        return print_text(help_text);
    if (strcmp(command, "--version") == 0)
        return print_version();
    if (strcmp(command, "replay") == 0)
        return replay_main(argc - 1, argv + 1);
    if (strcmp(command, "gpu-demo") == 0)
        return become("framealloc-gpu-demo", argv + 1,
                      "the GPU module: configure --enable-gpu");
    if (strcmp(command, "physics-demo") == 0)
        return become("framealloc-physics-demo", argv + 1,
                      "the physics module: configure --enable-physics");
    if (is_of_check(command))
        return become("framealloc-check", argv + 1,
                      "jansson, which the analyser reads JSON with");
    if (strcmp(command, "snapshot") == 0)
        return snapshot_main(argc - 1, argv + 1);
    if (strcmp(command, "doctor") == 0)
        return doctor_main(argc - 1, argv + 1);
    if (strcmp(command, DOCTOR_CHILD_NAME) == 0)
        return doctor_child_main();
    if (strcmp(command, REPLAY_CHILD_NAME) == 0)
        return replay_child_main(argc - 1, argv + 1);
    return refuse(command);
}
