/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The command line of `framealloc check`.
 */
#ifndef CHECK_OPTIONS_H
#define CHECK_OPTIONS_H

#include "check/settings.h"

/* argv[0] is the subcommand. False with a message on stderr: usage. */
bool options_parse(int argc, char **argv, struct settings *settings);
void options_print_help(void);

#endif
