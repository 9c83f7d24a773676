/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * The subcommand snapshot, with or without a library for JSON.
 */
#ifndef FRAMEALLOC_TOOLS_SNAPSHOT_MAIN_H
#define FRAMEALLOC_TOOLS_SNAPSHOT_MAIN_H

/* argv[0] is "snapshot"; the result is the exit status. */
int snapshot_main(int argc, char **argv);

#endif
