/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The subcommands. argv[0] is the name; the result is the exit status.
 */
#ifndef CHECK_COMMANDS_H
#define CHECK_COMMANDS_H

int check_main(int argc, char **argv);
int baseline_main(int argc, char **argv);
int show_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int list_main(int argc, char **argv);
int init_main(int argc, char **argv);

#endif
