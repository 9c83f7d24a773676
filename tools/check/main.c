/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc-check: what `framealloc` becomes for the subcommands of the
 * analyser. Its argv[0] is the subcommand; started by its own name, it is
 * check.
 */
#include "check/commands.h"

#include <stddef.h>
#include <string.h>

int
main(int argc, char **argv)
{
    static const struct {
        const char *name;
        int (*run)(int argc, char **argv);
    } commands[] = {{"check", check_main}, {"baseline", baseline_main},
                    {"show", show_main},   {"explain", explain_main},
                    {"list", list_main},   {"init", init_main}};
    static char check[] = "check";

    for (int start = 0; start < 2 && start < argc; start++)
        for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
            if (strcmp(argv[start], commands[i].name) == 0)
                return commands[i].run(argc - start, argv + start);
    if (argc > 0)
        argv[0] = check;
    return check_main(argc, argv);
}
