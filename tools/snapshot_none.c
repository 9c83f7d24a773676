/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* SPDX-FileCopyrightText: The libframealloc authors */
/*
 * framealloc snapshot in a build without jansson.
 */
#include "snapshot_main.h"

#include <stdio.h>

int
snapshot_main(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    fprintf(stderr, "framealloc snapshot: this build cannot read JSON; install "
                    "jansson (Debian: libjansson-dev) and configure again.\n");
    return 2;
}
